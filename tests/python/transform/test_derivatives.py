"""Forward mode, jacobians, hessians, gradients of one's own, recomputation: against finite differences."""

import pytest
import tnp

import numpy as np

RNG = np.random.default_rng(0)
A = RNG.normal(size=(3, 3))


def same(a, b, tolerance=1e-6):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=tolerance, atol=tolerance)


FUNCTIONS = {
    "sin": (lambda x: tnp.sin(x) * x, (3,)),
    "matmul": (lambda x: A @ x + tnp.exp(-x), (3,)),
    "sum": (lambda x: tnp.sum(x**3), (4,)),
    "rows": (lambda x: tnp.sum(x * x, axis=1), (2, 3)),
    "gather": (lambda x: x[np.array([2, 0, 0])] ** 2, (3,)),
    "logsumexp": (lambda x: tnp.log(tnp.sum(tnp.exp(x))), (3,)),
    "reshape": (lambda x: (x.reshape(3, 2) @ x).T, (2, 3)),
    "scan": (lambda x: tnp.scan(lambda c, r: (c * 0.5 + r**2, tnp.sin(c)), x[0] * 0, x)[1], (3,)),
    "cond": (lambda x: tnp.cond(x[0] > 100, lambda: x, lambda: x**2), (3,)),
    "while": (lambda x: tnp.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), (0, x))[1], (3,)),
}


def numeric_jacobian(f, x, eps=1e-6):
    columns = []
    for i in range(x.size):
        d = np.zeros_like(x).reshape(-1)
        d[i] = eps
        d = d.reshape(x.shape)
        columns.append((np.asarray(f(tnp.asarray(x + d))) - np.asarray(f(tnp.asarray(x - d)))) / (2 * eps))
    return np.stack(columns, axis=-1).reshape(columns[0].shape + x.shape)


@pytest.mark.parametrize("compiled", [False, True, "around", "both"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_jacobian_and_jvp(name, compiled):
    f, shape = FUNCTIONS[name]
    x, v = RNG.normal(size=shape), RNG.normal(size=shape)
    inner = tnp.function(f) if compiled in (True, "both") else f
    outer = tnp.function if compiled in ("around", "both") else (lambda g: g)
    want = numeric_jacobian(f, x)
    same(outer(tnp.jacobian(inner))(tnp.asarray(x)), want)
    y, dy = outer(lambda x, v: tnp.jvp(inner, (x,), (v,)))(tnp.asarray(x), tnp.asarray(v))
    same(y, f(tnp.asarray(x)))
    same(dy, np.tensordot(want, v, axes=x.ndim))


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", ["sin", "matmul", "rows", "logsumexp", "gather"])
def test_hessian(name, compiled):
    f, shape = FUNCTIONS[name]
    x = RNG.normal(size=shape)

    def scalar(x):
        return tnp.sum(f(x) ** 2)

    got = (tnp.function(tnp.hessian(scalar)) if compiled else tnp.hessian(scalar))(tnp.asarray(x))
    same(got, numeric_jacobian(tnp.grad(scalar), x), 1e-5)


def test_structures():
    def f(p, y):
        return {"a": p["w"] * y, "b": (tnp.sum(p["w"]),)}

    p, y = {"w": tnp.asarray([1.0, 2.0])}, tnp.asarray([3.0, 4.0])
    j = tnp.jacobian(f)(p, y)
    same(j["a"]["w"], np.diag([3.0, 4.0])), same(j["b"][0]["w"], [1, 1])
    j = tnp.jacobian(f, argnums=(0, 1))(p, y)
    same(j["a"][1], np.diag([1.0, 2.0])), same(j["b"][0][1], [0, 0])
    out, tangent = tnp.jvp(f, (p, y), ({"w": tnp.ones(2)}, tnp.zeros(2)))
    same(tangent["a"], [3, 4]), same(tangent["b"][0], 2), same(out["a"], [3, 8])
    _, pull, aux = tnp.vjp(lambda x: (x * 2, "aux"), y, has_aux=True)
    assert aux == "aux" and pull(tnp.ones(2))[0].tolist() == [2, 2]
    same(tnp.jvp(lambda x: (x**2, "aux"), (y,), (tnp.ones(2),), has_aux=True)[1], [6, 8])


def test_jvp_of_integers_and_complex():
    _, dy = tnp.jvp(lambda x: (tnp.floor(x).astype(int), x), (tnp.asarray([1.5]),), (tnp.asarray([2.0]),))
    assert dy[0].tolist() == [0] and dy[1].tolist() == [2.0]
    _, dz = tnp.jvp(lambda z: z * z, (tnp.asarray(3 + 4j),), (tnp.asarray(1 + 0j),))
    assert complex(dz) == 6 + 8j
    assert float(tnp.jvp(lambda x: x * 3, (tnp.asarray(1.0),), (1.0,))[1]) == 3.0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: tnp.jvp(tnp.sin, (tnp.asarray(1.0),), ()), TypeError),
        (lambda: tnp.jvp(tnp.sin, (tnp.asarray(1.0),), (tnp.ones(2),)), TypeError),
        (lambda: tnp.jvp(tnp.sin, tnp.asarray(1.0), tnp.asarray(1.0)), TypeError),
        (lambda: tnp.jvp(tnp.abs, (tnp.asarray(1),), (tnp.asarray(1),)), TypeError),
        (lambda: tnp.jacobian(tnp.sin)(tnp.asarray(1)), TypeError),
        (lambda: tnp.jacobian(tnp.sin, argnums=2)(tnp.asarray(1.0)), ValueError),
    ],
)
def test_misuse(call, error):
    with pytest.raises(error):
        call()


# --- tapes


@pytest.mark.parametrize("pfor", [True, False])
@pytest.mark.parametrize("persistent", [True, False])
def test_tape_jacobian(pfor, persistent):
    x = tnp.asarray(RNG.normal(size=(2, 3)))
    v = tnp.Variable(tnp.asarray([1.0, 2.0, 3.0]))
    with tnp.GradientTape(persistent=persistent) as tape:
        tape.watch(x)
        y = tnp.sin(x) @ tnp.reshape(v.read() ** 2, (3, 1))
    jx, jv, other = tape.jacobian(y, [x, v, tnp.ones(2)], experimental_use_pfor=pfor)
    same(jx, numeric_jacobian(lambda x: tnp.sin(x) @ tnp.reshape(v.read() ** 2, (3, 1)), np.asarray(x)))
    same(jv, np.asarray(tnp.sin(x))[:, None, :] * 2 * np.array([1.0, 2.0, 3.0]))
    assert other is None
    if persistent:
        assert tape.jacobian(y, tnp.ones(2), unconnected_gradients="zero").shape == (2, 1, 2)
    else:
        with pytest.raises(RuntimeError):
            tape.jacobian(y, x)


@pytest.mark.parametrize("pfor", [True, False])
def test_batch_jacobian(pfor):
    x = RNG.normal(size=(4, 3))

    def f(x):
        return tnp.stack([x[:, 0] * x[:, 1], tnp.exp(x[:, 2])], axis=1)

    def run(x):
        with tnp.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.batch_jacobian(y, x, experimental_use_pfor=pfor)

    full = numeric_jacobian(f, x)
    want = np.stack([full[b, :, b] for b in range(4)])
    same(run(tnp.asarray(x)), want), same(tnp.function(run)(x), want)
    with tnp.GradientTape() as tape:
        a = tnp.ones(3)
        tape.watch(a)
        b = tnp.sum(a)
    with pytest.raises(ValueError, match="first axis"):
        tape.batch_jacobian(b, a)


# --- gradients of one's own


@tnp.custom_gradient
def clipped(x):
    def gradient(dy):
        return tnp.clip(dy, -1, 1) * 10

    return x * 2, gradient


@tnp.custom_gradient
def logistic(x, scale):
    e = tnp.exp(-x * scale)
    y = 1 / (1 + e)
    return y, lambda dy: (dy * y * y * e * scale, None)


@pytest.mark.parametrize("compiled", [False, True, "inner"])
def test_custom_gradient(compiled):
    def loss(x):
        return tnp.sum(clipped(x) * 5)

    g = tnp.grad(tnp.function(loss) if compiled == "inner" else loss)
    x = tnp.asarray([1.0, 2.0])
    assert (tnp.function(g) if compiled is True else g)(x).tolist() == [10, 10]
    assert clipped(x).tolist() == [2, 4] and tnp.function(clipped)(x).tolist() == [2, 4]
    g2 = tnp.grad(lambda x: tnp.sum(logistic(x, 2.0)))
    same((tnp.function(g2) if compiled else g2)(x), numeric_jacobian(lambda x: tnp.sum(1 / (1 + tnp.exp(-x * 2))), x))
    assert float(tnp.grad(tnp.grad(lambda x: logistic(x, 1.0)))(tnp.asarray(0.3))) == pytest.approx(
        float(tnp.grad(tnp.grad(lambda x: 1 / (1 + tnp.exp(-x))))(tnp.asarray(0.3)))
    )


def test_custom_gradient_in_vmap_and_loops():
    x = tnp.asarray([1.0, 2.0])
    assert tnp.vmap(tnp.grad(lambda a: clipped(a) * 5))(x).tolist() == [10, 10]
    assert tnp.grad(lambda x: tnp.sum(tnp.vmap(clipped)(x) * 5))(x).tolist() == [10, 10]
    looped = tnp.function(tnp.grad(lambda x: tnp.fori_loop(0, 3, lambda i, y: clipped(y), x)))
    assert float(looped(tnp.asarray(1.0))) == 10


def test_custom_gradient_misuse():
    x = tnp.ones(2)
    with pytest.raises(TypeError, match="pair"):
        tnp.custom_gradient(lambda x: x)(x)
    wrong = tnp.custom_gradient(lambda x: (x * 2, lambda dy: (dy, dy)))
    with pytest.raises(ValueError, match="one gradient for each"):
        tnp.grad(lambda x: tnp.sum(wrong(x)))(x)
    shape = tnp.custom_gradient(lambda x: (x * 2, lambda dy: dy[:1]))
    with pytest.raises(ValueError, match="shape"):
        tnp.grad(lambda x: tnp.sum(shape(x)))(x)


# --- recomputation


@pytest.mark.parametrize("compiled", [False, True])
def test_checkpoint(compiled):
    w = tnp.asarray(RNG.normal(size=(3,)))
    v = tnp.Variable(tnp.asarray(2.0))

    def block(x, y):
        return tnp.sin(x * w) * tnp.exp(y["k"]) * v.read()

    def loss(x, y):
        return tnp.sum(tnp.checkpoint(block)(x, y) ** 2)

    x, y = tnp.asarray(RNG.normal(size=(3,))), {"k": tnp.asarray(0.5)}
    wrap = tnp.function if compiled else (lambda f: f)
    got = wrap(tnp.grad(loss, argnums=(0, 1)))(x, y)
    want = tnp.grad(lambda x, y: tnp.sum(block(x, y) ** 2), argnums=(0, 1))(x, y)
    same(got[0], want[0], 1e-12), same(got[1]["k"], want[1]["k"], 1e-12)
    with tnp.GradientTape() as tape:
        tape.watch(w)
        out = loss(x, y)
    grads = tape.gradient(out, [w, v])
    assert grads[0].shape == (3,) and float(grads[1]) == pytest.approx(2 * float(out) / 2.0)
    same(tnp.hessian(lambda x: loss(x, y))(x), tnp.hessian(lambda x: tnp.sum(block(x, y) ** 2))(x), 1e-10)


@pytest.mark.filterwarnings("ignore:vmap")
def test_control_flow_below_a_derivative_that_is_compiled():
    """The function of tnp's that is compiled is not converted, but the user's below it is."""

    def f(x):
        return (x * x).sum() if x.sum() > 0 else inner(x)

    def inner(x):
        while x.sum() < 0:
            x = x + 1
        return x.prod()

    rows = [tnp.asarray([1.0, 2.0]), tnp.asarray([-3.0, 1.0])]
    for made in (tnp.grad, tnp.value_and_grad, tnp.hessian, tnp.jacobian):
        compiled = tnp.function(made(f))
        for x in rows:
            got, want = compiled(x), made(f)(x)
            for g, w in zip(*((v if isinstance(v, tuple) else (v,)) for v in (got, want)), strict=True):
                np.testing.assert_array_equal(np.asarray(g), np.asarray(w))
    for made, of_one in ((tnp.vmap(f), f), (tnp.vmap(tnp.grad(f)), tnp.grad(f))):
        got = tnp.function(made)(tnp.stack(rows))
        np.testing.assert_array_equal(np.asarray(got), [np.asarray(of_one(x)) for x in rows])
    assert [float(tnp.function(tnp.checkpoint(f))(x)) for x in rows] == [float(f(x)) for x in rows]
