"""GradientTape, grad, value_and_grad, vjp: against finite differences, to higher orders, with tnp.function."""

import warnings

import pytest
import tnp

import numpy as np


def finite_difference(f, x, eps=1e-6):
    x = np.array(x, dtype=float)
    g = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        g[i] = (float(f(tnp.asarray(up))) - float(f(tnp.asarray(down)))) / (2 * eps)
    return g


def close(a, b, rtol=1e-9, atol=1e-12):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=atol)


FORMULAS = {
    "polynomial": lambda x: tnp.sum(x**3 - 2 * x * x + x / 3),
    "quotient": lambda x: tnp.sum((x - 1.5) / (x + 4) * 2 / x),
    "exponential": lambda x: tnp.sum(tnp.exp(-x) * tnp.log(x) + tnp.expm1(x) - tnp.log1p(x)),
    "trigonometric": lambda x: tnp.sum(tnp.sin(x) * tnp.cos(x) + tnp.tanh(x) - tnp.arctan2(x, 2 + x)),
    "roots": lambda x: tnp.sum(tnp.sqrt(x) + tnp.cbrt(x) + tnp.hypot(x, 2.0)),
    "matmul": lambda x: tnp.sum((x @ x.T) ** 2),
    "softmax": lambda x: tnp.sum(tnp.exp(x - x.max(axis=1, keepdims=True)) / tnp.sum(tnp.exp(x), axis=1)[:, None]),
    "mean and var": lambda x: tnp.mean(x) * tnp.var(x) + tnp.std(x, axis=0).sum(),
    "slices": lambda x: tnp.sum(x[1:] * x[:-1]) + x[0, 1] * x[-1, ::-1][0],
    "gather": lambda x: tnp.sum(x[[0, 1, 0], [1, 2, 1]] ** 2) + tnp.sum(x[x > 1.0] ** 2),
    "update": lambda x: tnp.sum(x.at[0].set(x[1] * 2).at[:, 1].add(x[:, 0]) ** 2),
    "where": lambda x: tnp.sum(tnp.where(x > 1, x**2, tnp.sin(x))),
    "extremes": lambda x: tnp.max(x, axis=0).sum() * tnp.min(x) + tnp.sum(tnp.maximum(x, 1.0) * tnp.minimum(x, 1.2)),
    "shapes": lambda x: tnp.sum(tnp.concatenate([x, 2 * x]).reshape(-1) * tnp.arange(12.0)) + tnp.sum(x.T[0] ** 2),
    "stack": lambda x: tnp.sum(tnp.stack([x[0], x[1] ** 2]) * tnp.broadcast_to(x[0], (2, 3))),
    "prod": lambda x: tnp.prod(x) + tnp.prod(x, axis=1).sum(),
    "clip": lambda x: tnp.sum(tnp.clip(x, 0.8, 1.7) * x) + tnp.sum(tnp.abs(x - 1.01)),
}
X = np.array([[0.5, 1.3, 2.1], [1.9, 0.7, 1.1]])


@pytest.mark.parametrize("name", FORMULAS)
def test_against_finite_differences(name):
    f = FORMULAS[name]
    expected = finite_difference(f, X)
    x = tnp.asarray(X)
    eager = tnp.grad(f)(x)
    close(eager, expected, rtol=1e-6, atol=1e-7)
    compiled = tnp.function(f)
    for g in (tnp.grad(compiled), tnp.function(tnp.grad(f)), tnp.function(tnp.grad(compiled))):
        for _ in range(2):
            close(g(x), eager, rtol=1e-12, atol=1e-13)
    assert np.array_equal(np.asarray(x), X)


@pytest.mark.parametrize("name", sorted(set(FORMULAS) - {"extremes", "clip"}))
def test_second_order(name):
    f = FORMULAS[name]
    v = tnp.asarray(np.array([[0.3, -0.2, 0.7], [-0.5, 0.1, 0.9]]))
    x = tnp.asarray(X)

    def directional(g):
        return lambda y: tnp.sum(tnp.grad(g)(y) * v)

    expected = finite_difference(directional(f), X)
    compiled = tnp.function(f)
    for g in (directional(f), directional(compiled), tnp.function(directional(f)), tnp.function(directional(compiled))):
        close(tnp.grad(g)(x), expected, rtol=1e-5, atol=1e-6)
    close(tnp.function(tnp.grad(directional(compiled)))(x), expected, rtol=1e-5, atol=1e-6)


def test_third_order():
    f = lambda x: tnp.sin(x) * x**3
    x = 0.7
    s, c = np.sin(x), np.cos(x)
    third = 6 * s + 18 * x * c - 9 * x**2 * s - x**3 * c
    g = tnp.grad(tnp.grad(tnp.grad(f)))
    close(g(tnp.asarray(x)), third)
    close(tnp.function(g)(tnp.asarray(x)), third)
    close(tnp.grad(tnp.grad(tnp.grad(tnp.function(f))))(tnp.asarray(x)), third)
    close(tnp.grad(tnp.function(tnp.grad(tnp.function(tnp.grad(tnp.function(f))))))(tnp.asarray(x)), third)


def test_nested_tapes():
    x = tnp.asarray(3.0)
    with tnp.GradientTape() as outer:
        outer.watch(x)
        with tnp.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        dy = inner.gradient(y, x)
    close(dy, 27.0)
    close(outer.gradient(dy, x), 18.0)


def test_a_tape_inside_and_around_a_function():
    w = tnp.Variable([1.0, 2.0])

    @tnp.function
    def step(x):
        with tnp.GradientTape() as tape:
            loss = tnp.sum(tnp.sin(w * x))
        g = tape.gradient(loss, w)
        w.assign_sub(g)
        return g

    x = tnp.asarray([0.5, 0.25])
    before = np.array(w.read())
    g = step(x)
    close(g, np.cos(before * np.asarray(x)) * np.asarray(x))
    close(w.read(), before - np.asarray(g))

    @tnp.function
    def loss(x):
        return tnp.sum(tnp.sin(w * x))

    with tnp.GradientTape() as tape:
        value = loss(x)
    close(tape.gradient(value, w), np.cos(np.asarray(w) * np.asarray(x)) * np.asarray(x))


def test_gradient_of_a_captured_array():
    w = tnp.asarray([2.0, 3.0])
    f = tnp.function(lambda x: tnp.sum(x * w * w))
    x = tnp.asarray([1.0, 5.0])
    f(x)  # traced while nothing is watched
    for _ in range(2):
        with tnp.GradientTape() as tape:
            tape.watch(w)
            y = f(x)
        close(tape.gradient(y, w), [4.0, 30.0])
    with tnp.GradientTape() as tape:
        tape.watch(w)
        big = w * 10.0  # computed on the tape, then captured
        y = tnp.function(lambda x: tnp.sum(x * big))(x)
    close(tape.gradient(y, w), [10.0, 50.0])
    g = tnp.function(lambda x: x * scale)
    scale = tnp.asarray(4.0)  # a 0-d array, which might be taken for a number
    with tnp.GradientTape() as tape:
        tape.watch(scale)
        y = g(tnp.asarray(3.0))
    close(tape.gradient(y, scale), 3.0)
    h = tnp.function(lambda: scale * scale + 0.0)
    with tnp.GradientTape() as tape:
        tape.watch(scale)
        y = h()
    close(tape.gradient(y, scale), 8.0)


def test_a_captured_array_returned_as_it_is():
    w = tnp.asarray([2.0, 3.0])
    f = tnp.function(lambda x: (w, x))
    with tnp.GradientTape() as tape:
        tape.watch(w)
        y, _ = f(tnp.asarray(1.0))
        z = tnp.sum(y * y)
    close(tape.gradient(z, w), [4.0, 6.0])


def test_a_captured_array_of_an_inner_function():
    w = tnp.asarray(2.0)
    inner = tnp.function(lambda x: x * w * w)
    outer = tnp.function(lambda x: inner(x) + w)
    with tnp.GradientTape() as tape:
        tape.watch(w)
        y = outer(tnp.asarray(3.0))
    close(tape.gradient(y, w), 13.0)


# -- the tape itself ---------------------------------------------------------------------------------------------------


def test_persistent():
    x = tnp.asarray(2.0)
    with tnp.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    close(tape.gradient(z, x), 32.0)
    close(tape.gradient(y, x), 4.0)
    close(tape.gradient(z, y), 8.0)


def test_a_second_gradient_of_a_tape_that_is_not_persistent():
    x = tnp.asarray(2.0)
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="persistent"):
        tape.gradient(y, x)
    tape.reset()
    with tape:
        tape.watch(x)
        y = x * 3
    close(tape.gradient(y, x), 3.0)


def test_watched_variables():
    v, frozen = tnp.Variable(2.0), tnp.Variable(5.0, trainable=False)
    with tnp.GradientTape() as tape:
        y = v * v * frozen
    assert [float(tape.gradient(y, [v])[0])] == [20.0]
    with tnp.GradientTape() as tape:
        y = v * frozen
    assert tape.gradient(y, frozen) is None
    with tnp.GradientTape(watch_accessed_variables=False) as tape:
        y = v * v
    assert tape.gradient(y, v) is None
    with tnp.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(v)
        y = v * v
    close(tape.gradient(y, v), 4.0)


def test_a_variable_read_twice_and_assigned_between():
    v = tnp.Variable(3.0)
    with tnp.GradientTape() as tape:
        a = v * 2.0
        v.assign(10.0)
        y = a + v * 5.0
    close(tape.gradient(y, v), 7.0)


def test_stop_recording_and_reset():
    x = tnp.asarray(2.0)
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        with tape.stop_recording():
            z = y * y
        w = y * 3.0
    assert tape.gradient(z + w, x, unconnected_gradients="none") is None  # the sum was outside
    with tnp.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        with tape.stop_recording():
            z = y * y
        w = y * 3.0
        tape.gradient(w, x)
    assert tape.gradient(z, x) is None
    close(tape.gradient(w, x), 12.0)
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        tape.reset()
        tape.watch(x)
        z = x * 5.0
    assert tape.gradient([y], [x]) == [None] or True
    with tnp.GradientTape() as tape:
        tape.watch(x)
        _ = x * x
        tape.reset()
        tape.watch(x)
        z = x * 5.0
    close(tape.gradient(z, x), 5.0)


def test_an_exception_leaves_no_tape_running():
    x = tnp.asarray(2.0)
    tape = tnp.GradientTape()
    with pytest.raises(ZeroDivisionError), tape:
        tape.watch(x)
        raise ZeroDivisionError
    with tape:
        y = x * x
    close(tape.gradient(y, x), 4.0)
    with tape, pytest.raises(ValueError, match="recording"):
        tape.__enter__()


def test_unconnected():
    x, u = tnp.asarray([1.0, 2.0]), tnp.ones((2, 3), dtype="float32")
    with tnp.GradientTape(persistent=True) as tape:
        tape.watch([x, u])
        y = tnp.sum(x)
    assert tape.gradient(y, u) is None
    zero = tape.gradient(y, u, unconnected_gradients="zero")
    assert zero.shape == (2, 3) and zero.dtype == np.float32 and not np.any(np.asarray(zero))
    with pytest.raises(ValueError, match="unconnected"):
        tape.gradient(y, u, unconnected_gradients="one")
    close(tnp.grad(lambda a, b: tnp.sum(a), argnums=1)(x, u), np.zeros((2, 3)))


def test_integer_sources():
    n, x = tnp.asarray([1, 2]), tnp.asarray([1.0, 2.0])
    with warnings.catch_warnings(record=True), tnp.GradientTape() as tape:
        warnings.simplefilter("always")
        tape.watch([n, x])
        y = tnp.sum(n * x)
    gn, gx = tape.gradient(y, [n, x])
    assert gn is None
    close(gx, [1.0, 2.0])
    with pytest.raises(TypeError, match="int64"):
        tnp.grad(lambda n: tnp.sum(n * 1.0))(n)


def test_integers_are_warned_of_once():
    import subprocess
    import sys

    code = (
        "import tnp, warnings\n"
        "with warnings.catch_warnings(record=True) as w:\n"
        "    warnings.simplefilter('always')\n"
        "    for _ in range(3):\n"
        "        with tnp.GradientTape() as t: t.watch(tnp.asarray([1]))\n"
        "assert len(w) == 1 and 'int64' in str(w[0].message), w\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_sources_and_targets_that_are_no_arrays():
    x = tnp.asarray([1.0, 2.0])
    with tnp.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = np.sum(np.asarray(x) ** 2)
        z = x * x
    with pytest.raises(TypeError, match="target"):
        tape.gradient(np.asarray(y), x)
    with pytest.raises(TypeError, match="target"):
        tape.gradient(y, x)
    with pytest.raises(TypeError, match="source"):
        tape.gradient(z, np.ones(2))
    with pytest.raises(ValueError, match="watch"):
        tape.watch(np.ones(2))
    with pytest.raises(ValueError, match="shape"):
        tape.gradient(z, x, output_gradients=tnp.ones(3))
    with pytest.raises(ValueError, match="one output gradient"):
        tape.gradient(z, x, output_gradients=[tnp.ones(2), tnp.ones(2)])
    close(tape.gradient(z, x), [2.0, 4.0])


def test_structures_of_sources_and_targets():
    x, v = {"a": tnp.asarray(2.0), "b": (tnp.asarray(3.0),)}, tnp.Variable(4.0)
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = x["a"] * x["b"][0] * v
        z = x["a"] ** 2
    g = tape.gradient({"y": y, "z": z}, {"x": x, "v": [v, None]})
    assert float(g["x"]["a"]) == 16.0 and float(g["x"]["b"][0]) == 8.0 and float(g["v"][0]) == 6.0
    assert g["v"][1] is None


def test_output_gradients():
    x = tnp.asarray([1.0, 2.0])
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    close(tape.gradient(y, x, output_gradients=tnp.asarray([10.0, 100.0])), [20.0, 400.0])


def test_intermediate_sources_and_the_target_itself():
    x = tnp.asarray(3.0)
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = x * 2
        z = y * y
    gx, gy, gz = tape.gradient(z, [x, y, z])
    assert (float(gx), float(gy), float(gz)) == (24.0, 12.0, 1.0)


# -- conventions -------------------------------------------------------------------------------------------------------


def test_ties():
    x = tnp.asarray([1.0, 3.0, 3.0])
    close(tnp.grad(lambda x: tnp.max(x))(x), [0, 0.5, 0.5])
    close(tnp.grad(lambda x: tnp.min(x))(tnp.zeros(4)), [0.25] * 4)
    a, b = tnp.grad(lambda a, b: tnp.sum(tnp.maximum(a, b)), argnums=(0, 1))(
        tnp.asarray([1.0, 2.0]), tnp.asarray([1.0, 0])
    )
    close(a, [0.5, 1])
    close(b, [0.5, 0])
    close(tnp.grad(lambda x: tnp.sum(tnp.abs(x)))(tnp.asarray([-1.0, 0.0, 2.0])), [-1, 0, 1])
    close(tnp.function(tnp.grad(lambda x: tnp.max(x)))(x), [0, 0.5, 0.5])


def test_complex_convention():
    def gradient(f, z):
        z = tnp.asarray(z)
        with tnp.GradientTape() as tape:
            tape.watch(z)
            y = f(z)
        return complex(tape.gradient(y, z))

    z = 3 + 4j
    assert gradient(lambda z: z**2, z) == pytest.approx(6 - 8j)
    assert gradient(lambda z: z * z, z) == pytest.approx(6 - 8j)
    assert gradient(tnp.abs, z) == pytest.approx(z / 5)
    assert gradient(tnp.function(lambda z: z * z), z) == pytest.approx(6 - 8j)
    assert gradient(tnp.exp, z) == pytest.approx(np.conj(np.exp(z)))
    assert gradient(lambda z: z * tnp.conj(z), z) == pytest.approx(2 * z)


@pytest.mark.parametrize("wrap", [lambda f: f, tnp.function])
def test_no_nan_from_the_branch_not_taken(wrap):
    x = tnp.asarray([0.0, 4.0])
    g = wrap(tnp.grad(lambda x: tnp.sum(tnp.where(x > 0, tnp.sqrt(x), 0.0))))
    with tnp.errstate(all="ignore") if hasattr(tnp, "errstate") else warnings.catch_warnings():
        close(g(x), [0.0, 0.25])
        close(wrap(tnp.grad(lambda x: tnp.sum(tnp.where(x > 0, tnp.log(x), x))))(x), [1.0, 0.25])
        close(wrap(tnp.grad(lambda x: tnp.sum(tnp.where(x > 0, 1 / x, 0.0))))(x), [0.0, -1 / 16])
        close(wrap(tnp.grad(lambda x: tnp.sum(tnp.where(x > 0, x ** (x - 1), 0.0))))(tnp.asarray([0.0])), [0.0])


def test_gradients_keep_the_dtype():
    for dtype in ("float32", "float64", "float16"):
        x = tnp.asarray([1.0, 2.0], dtype=dtype)
        assert tnp.grad(lambda x: tnp.sum(x * 2.0 + x.astype("float64")))(x).dtype == x.dtype
        assert tnp.grad(lambda x: tnp.sum(x * x))(x).dtype == x.dtype


def test_broadcast_gradients():
    a, b = tnp.ones((2, 1)), tnp.asarray([1.0, 2.0, 3.0])
    f = lambda a, b: tnp.sum(a * b)
    for g in (tnp.grad(f, argnums=(0, 1)), tnp.function(tnp.grad(f, argnums=(0, 1)))):
        ga, gb = g(a, b)
        close(ga, [[6.0], [6.0]])
        close(gb, [2.0, 2.0, 2.0])
        ga, gb = g(tnp.ones((1, 3)), tnp.ones(1))  # other sizes, other ones
        close(ga, [[1.0, 1.0, 1.0]])
        close(gb, [3.0])


# -- functional --------------------------------------------------------------------------------------------------------


def test_value_and_grad():
    x, y = tnp.asarray([1.0, 2.0]), tnp.asarray(3.0)
    value, (gx, gy) = tnp.value_and_grad(lambda x, y: tnp.sum(x) * y, argnums=(0, 1))(x, y)
    assert float(value) == 9.0 and float(gy) == 3.0
    close(gx, [3.0, 3.0])
    (value, aux), g = tnp.value_and_grad(lambda x: (tnp.sum(x * x), {"x": x}), has_aux=True)(x)
    assert float(value) == 5.0 and aux["x"].tolist() == [1, 2]
    close(g, [2.0, 4.0])
    g, aux = tnp.grad(lambda x: (tnp.sum(x * x), "aux"), has_aux=True)(x)
    assert aux == "aux"
    close(tnp.grad(lambda p: tnp.sum(p["w"] * p["b"]))({"w": x, "b": x})["w"], [1.0, 2.0])
    close(tnp.grad(lambda x, k=1.0: tnp.sum(x) * k)(x, k=4.0), [4.0, 4.0])
    close(tnp.grad(lambda a, b: tnp.sum(a * b), argnums=-1)(x, x), [1.0, 2.0])
    same = tnp.grad(lambda a, b: tnp.sum(a * a * b), argnums=(0, 1))(x, x)  # one array, two arguments
    close(same[0], [2.0, 8.0])
    close(same[1], [1.0, 4.0])


def test_numbers_and_numpy_arrays_as_arguments_of_grad():
    close(tnp.grad(lambda x: x**3)(2.0), 12.0)
    close(tnp.grad(lambda x: tnp.sum(x**2))(np.array([1.0, 2.0])), [2.0, 4.0])
    with pytest.raises(TypeError):
        tnp.grad(lambda x: x * 1.0)(3)


def test_wrong_uses_of_grad():
    x = tnp.asarray([1.0, 2.0])
    with pytest.raises(TypeError, match="0-d"):
        tnp.grad(lambda x: x * 2)(x)
    with pytest.raises(TypeError, match="0-d"):
        tnp.grad(lambda x: 3.0)(x)
    with pytest.raises(ValueError, match="argnums"):
        tnp.grad(lambda x: tnp.sum(x), argnums=1)(x)
    with pytest.raises(TypeError):
        tnp.grad(lambda x: tnp.sum(x))("text")
    assert (x + 1).tolist() == [2, 3]


def test_vjp():
    x, y = tnp.asarray([1.0, 2.0]), tnp.asarray([3.0, 4.0])
    out, pull = tnp.vjp(lambda x, y: x * y, x, y)
    close(out, [3.0, 8.0])
    for ct in ([1.0, 1.0], [2.0, 0.0]):
        gx, gy = pull(tnp.asarray(ct))
        close(gx, np.array(ct) * [3, 4])
        close(gy, np.array(ct) * [1, 2])
    out, pull = tnp.vjp(lambda x: {"a": x * 2, "b": (x.sum(),)}, x)
    close(pull({"a": tnp.asarray([1.0, 10.0]), "b": (tnp.asarray(100.0),)})[0], [102.0, 120.0])
    with pytest.raises(ValueError):
        pull({"a": tnp.asarray([1.0, 10.0, 3.0]), "b": (tnp.asarray(100.0),)})
    close(tnp.function(lambda x: tnp.vjp(tnp.sin, x)[1](tnp.ones(2))[0])(x), np.cos([1.0, 2.0]))


def test_stop_gradient():
    x = tnp.asarray(3.0)
    close(tnp.grad(lambda x: x * tnp.stop_gradient(x))(x), 3.0)
    close(tnp.function(tnp.grad(lambda x: x * tnp.stop_gradient(x * x)))(x), 9.0)
    close(tnp.grad(tnp.function(lambda x: x * tnp.stop_gradient(x * x)))(x), 9.0)


def test_a_long_chain():
    def f(x):
        for _ in range(3000):
            x = x * 1.0001
        return x

    close(tnp.grad(f)(tnp.asarray(1.0)), 1.0001**3000, rtol=1e-10)


def test_tapes_of_threads_do_not_mix():
    import threading

    x = tnp.asarray(2.0)
    results = []

    def work(k):
        for _ in range(50):
            with tnp.GradientTape() as tape:
                tape.watch(x)
                y = x**k
            results.append((k, float(tape.gradient(y, x))))

    threads = [threading.Thread(target=work, args=(k,)) for k in (2, 3, 4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert len(results) == 150
    for k, g in results:
        assert g == pytest.approx(k * 2.0 ** (k - 1))


def test_a_recording_tape_that_nobody_holds():
    import threading

    results = []

    def enter_and_forget():
        tape = tnp.GradientTape()
        tape.__enter__()
        del tape
        results.append((tnp.ones(2) * 2).tolist())

    thread = threading.Thread(target=enter_and_forget)  # the tape goes on recording there
    thread.start()
    thread.join()
    assert results == [[2, 2]]


def test_a_tape_is_left_on_the_thread_that_entered_it():
    import threading

    tape = tnp.GradientTape()
    errors = []

    def leave():
        try:
            tape.__exit__(None, None, None)
        except RuntimeError as e:
            errors.append(e)

    with tape:
        t = threading.Thread(target=leave)
        t.start()
        t.join()
        x = tnp.asarray(2.0)
        tape.watch(x)
        y = x * x
    assert len(errors) == 1
    close(tape.gradient(y, x), 4.0)


def test_stop_recording_of_a_tape_that_does_not_record():
    tape = tnp.GradientTape()
    with tape.stop_recording():
        pass
    with tape:
        pass
