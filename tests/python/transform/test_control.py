"""cond, switch, while_loop, fori_loop, scan and map: eager and traced, against plain Python."""

import _thread
import threading
import time

import pytest
import tnp

import numpy as np


def both(f):
    """f as it is, and traced."""
    return pytest.mark.parametrize("run", [lambda g: g, tnp.function], ids=["eager", "traced"])(f)


def gradient(f, *args):
    xs = [tnp.asarray(a) for a in args]
    with tnp.GradientTape() as tape:
        for x in xs:
            tape.watch(x)
        y = f(*xs)
    return [None if g is None else np.asarray(g) for g in tape.gradient(y, xs)]


def finite_difference(f, x, eps=1e-6):
    x = np.asarray(x, dtype=float)
    g = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        g[i] = (float(np.sum(np.asarray(f(tnp.asarray(up))))) - float(np.sum(np.asarray(f(tnp.asarray(down)))))) / (
            2 * eps
        )
    return g


# --- errors


def test_cond_refuses_what_can_not_agree():
    def dtypes(x):
        return tnp.cond(x[0] > 0, lambda: x, lambda: tnp.asarray([1, 2, 3]))

    def ranks(x):
        return tnp.cond(x[0] > 0, lambda: x, lambda: x[0])

    def structures(x):
        return tnp.cond(x[0] > 0, lambda: (x, x), lambda: x)

    x = tnp.asarray([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match=r"float64.*true_fn.*int64.*false_fn"):
        tnp.function(dtypes)(x)
    with pytest.raises(ValueError, match="numbers of dimensions"):
        tnp.function(ranks)(x)
    with pytest.raises(TypeError, match="structure"):
        tnp.function(structures)(x)


@both
def test_predicate_must_be_scalar(run):
    f = run(lambda x: tnp.cond(x > 0, lambda: x, lambda: -x))
    with pytest.raises(ValueError, match="scalar"):
        f(tnp.asarray([1.0, 2.0]))


def test_callables_are_checked():
    with pytest.raises(TypeError, match="true_fn"):
        tnp.cond(True, 3, lambda: 4)
    with pytest.raises(TypeError, match="body"):
        tnp.while_loop(lambda i: i < 3, None, (0,))


@both
def test_while_loop_keeps_dtype_and_rank(run):
    x = tnp.asarray(1)
    with pytest.raises(TypeError, match=r"loop variable 0 \(\[0\]\) is int64.*float64"):
        run(lambda x: tnp.while_loop(lambda i: i < 3, lambda i: i + 0.5, (x,)))(x)
    with pytest.raises(ValueError, match="number of dimensions"):
        run(lambda x: tnp.while_loop(lambda i: tnp.sum(i) < 3, lambda i: tnp.stack([i, i]), (x,)))(x)
    with pytest.raises(TypeError, match="structure"):
        run(lambda x: tnp.while_loop(lambda i, j: i < 3, lambda i, j: (i,), (x, x)))(x)
    with pytest.raises(ValueError, match="scalar"):
        run(lambda x: tnp.while_loop(lambda i: i < tnp.asarray([3, 4]), lambda i: i + 1, (x,)))(x)


@both
def test_one_structure_as_loop_variables(run):
    x = tnp.asarray(1)
    assert int(run(lambda x: tnp.while_loop(lambda i: i < 3, lambda i: i + 1, x))(x)) == 3
    step = lambda s: {"x": s["x"] * 2, "k": (s["k"][0] + 1,)}
    out = run(lambda x: tnp.while_loop(lambda s: s["x"] < 100, step, {"x": x, "k": (0,)}))(x)
    assert int(out["x"]) == 128 and int(out["k"][0]) == 7
    out = run(lambda x: tnp.while_loop(lambda s: True, step, {"x": x, "k": (0,)}, maximum_iterations=4))(x)
    assert int(out["x"]) == 16 and int(out["k"][0]) == 4
    with pytest.raises(TypeError, match="structure"):
        run(lambda x: tnp.while_loop(lambda i: i < 3, lambda i: (i + 1,), x))(x)


@both
def test_errors_of_bodies_arrive(run):
    class Mine(Exception):
        pass

    def body(i):
        raise Mine("here")

    with pytest.raises(Mine, match="here"):
        run(lambda x: tnp.while_loop(lambda i: i < 3, body, (x,)))(tnp.asarray(0))


@both
def test_switch_out_of_range(run):
    f = run(lambda i: tnp.switch(i, [lambda: tnp.asarray(1), lambda: tnp.asarray(2)]))
    for i in (-1, 2):
        with pytest.raises(IndexError, match="2 branches"):
            f(tnp.asarray(i))
    with pytest.raises(TypeError, match="integer"):
        f(tnp.asarray(1.0))


@both
def test_scan_refuses(run):
    with pytest.raises(TypeError, match="pair"):
        run(lambda x: tnp.scan(lambda c, r: c, 0.0, x))(tnp.ones(3))
    with pytest.raises(ValueError, match="equally long"):
        run(lambda x: tnp.scan(lambda c, r: (c, c), 0.0, (x, tnp.ones(4))))(tnp.ones(3))
    with pytest.raises(ValueError, match="xs or length"):
        tnp.scan(lambda c, r: (c, c), 0.0)
    with pytest.raises(ValueError, match="0-d"):
        tnp.map(lambda x: x, tnp.asarray(1.0))


# --- values


@both
def test_cond(run):
    def f(x):
        return tnp.cond(tnp.sum(x) > 0, lambda a: {"y": a * 2.0, "z": None}, lambda a: {"y": a - 1.0, "z": None}, x)

    g = run(f)
    for x in ([1.0, 2.0], [-1.0, -2.0]):
        out = g(tnp.asarray(x))
        expected = np.multiply(x, 2) if sum(x) > 0 else np.subtract(x, 1)
        np.testing.assert_array_equal(np.asarray(out["y"]), expected)
        assert out["z"] is None


@both
def test_cond_only_runs_the_chosen_branch(run):
    ran = []
    f = run(
        lambda x: tnp.cond(
            x > 0,
            lambda: tnp.numpy_function(lambda v: ran.append("t") or v, [x], float),
            lambda: tnp.numpy_function(lambda v: ran.append("f") or v, [x], float),
        )
    )
    f(tnp.asarray(1.0))
    f(tnp.asarray(-1.0))
    assert ran == ["t", "f"]


@both
def test_branches_may_differ_in_size(run):
    f = run(lambda x: tnp.cond(x[0] > 0, lambda: x[:2], lambda: x) * 2.0)
    np.testing.assert_array_equal(np.asarray(f(tnp.asarray([1.0, 2.0, 3.0]))), [2, 4])
    np.testing.assert_array_equal(np.asarray(f(tnp.asarray([-1.0, 2.0, 3.0]))), [-2, 4, 6])


@both
def test_switch(run):
    f = run(lambda i, x: tnp.switch(i, [lambda v: v + 1, lambda v: v * 2, lambda v: v * v], x))
    for i in range(3):
        expected = [3.0 + 1, 3.0 * 2, 3.0 * 3][i]
        assert float(f(tnp.asarray(i), tnp.asarray(3.0))) == expected


@both
def test_while_loop(run):
    def f(n):
        return tnp.while_loop(lambda i, s: i < n, lambda i, s: [i + 1, s + i * i], [0, 0])

    for n in (0, 1, 10):
        out = run(f)(tnp.asarray(n))
        assert isinstance(out, list)
        assert [int(v) for v in out] == [n, sum(i * i for i in range(n))]


@both
def test_while_loop_sizes_may_change(run):
    def f(n):
        return tnp.while_loop(
            lambda i, x: i < n, lambda i, x: (i + 1, tnp.concatenate([x, x[-1:] * 2])), (0, tnp.ones(1))
        )

    _, x = run(f)(tnp.asarray(5))
    np.testing.assert_array_equal(np.asarray(x), 2.0 ** np.arange(6))


@both
def test_nested_loops_and_conditions(run):
    def f(n):
        def outer(i, total):
            inner = tnp.fori_loop(0, i, lambda j, s: s + tnp.cond(j % 2 == 0, lambda: j, lambda: -j), tnp.asarray(0))
            return i + 1, total + inner

        return tnp.while_loop(lambda i, t: i < n, outer, (0, 0))[1]

    expected = sum(j if j % 2 == 0 else -j for i in range(7) for j in range(i))
    assert int(run(f)(tnp.asarray(7))) == expected


@both
def test_scan(run):
    x = np.arange(12.0).reshape(4, 3)

    def f(x):
        return tnp.scan(lambda c, r: (c + r, {"sum": tnp.sum(c), "row": r * 2}), tnp.zeros(3), x)

    last, ys = run(f)(tnp.asarray(x))
    sums = np.concatenate([np.zeros((1, 3)), np.cumsum(x, axis=0)])
    np.testing.assert_array_equal(np.asarray(last), sums[-1])
    np.testing.assert_array_equal(np.asarray(ys["sum"]), sums[:-1].sum(axis=1))
    np.testing.assert_array_equal(np.asarray(ys["row"]), x * 2)


@both
def test_scan_reverse_length_and_empty(run):
    last, ys = run(lambda x: tnp.scan(lambda c, r: (c * 2 + r, c), tnp.asarray(0.0), x, reverse=True))(
        tnp.asarray([1.0, 2.0, 3.0])
    )
    assert float(last) == ((0 * 2 + 3) * 2 + 2) * 2 + 1
    np.testing.assert_array_equal(np.asarray(ys), [8.0, 3.0, 0.0])
    last, ys = run(lambda c: tnp.scan(lambda c, _: (c + 1, c), c, None, length=4))(tnp.asarray(5))
    assert int(last) == 9 and np.asarray(ys).tolist() == [5, 6, 7, 8]
    last, ys = run(lambda x: tnp.scan(lambda c, r: (c + 1, r * 2.0), tnp.asarray(0), x))(tnp.zeros((0, 3)))
    assert int(last) == 0 and ys.shape == (0, 3)


@both
def test_map(run):
    x = np.arange(6.0).reshape(3, 2)
    out = run(lambda x: tnp.map(lambda p: p["a"] * tnp.sum(p["b"]), {"a": x, "b": x + 1}))(tnp.asarray(x))
    np.testing.assert_allclose(np.asarray(out), np.stack([r * (r + 1).sum() for r in x]))


# --- variables


@both
def test_variables_assigned_in_branches(run):
    v, w = tnp.Variable(1.0), tnp.Variable(10.0)

    def f(x):
        v.assign(v.read() + 1.0)
        y = tnp.cond(x > 0, lambda: (v.assign(v.read() * 2.0), w.read())[1], lambda: (w.assign(x), v.read())[1])
        return y + v.read() + w.read()

    assert float(run(f)(tnp.asarray(3.0))) == 10 + 4 + 10
    assert (float(v.read()), float(w.read())) == (4, 10)
    assert float(run(f)(tnp.asarray(-3.0))) == 5 + 5 - 3
    assert (float(v.read()), float(w.read())) == (5, -3)


@both
def test_variables_assigned_in_loops(run):
    v = tnp.Variable(1.0)

    def f(n):
        def body(i, s):
            v.assign(v.read() * 2.0)
            return i + 1, s + v.read()

        s = tnp.while_loop(lambda i, s: (i < n) & (v.read() < 100.0), body, (0, 0.0))[1]
        return s + v.read()

    assert float(run(f)(tnp.asarray(5))) == 2 + 4 + 8 + 16 + 32 + 32
    assert float(v.read()) == 32
    assert float(run(f)(tnp.asarray(50))) == 64 + 128 + 128


# --- gradients


@both
def test_gradient_of_cond(run):
    f = run(lambda x, y: tnp.cond(tnp.sum(x) > 0, lambda: x * x * y, lambda: tnp.sin(x)))
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    gx, gy = gradient(f, x, y)
    np.testing.assert_allclose(gx, 2 * x * y)
    np.testing.assert_allclose(gy, x * x)
    gx, gy = gradient(f, -x, y)
    np.testing.assert_allclose(gx, np.cos(-x))
    assert gy is None or not np.any(gy)


@both
def test_gradient_of_while_loop(run):
    def f(x, a):
        return tnp.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, tnp.sin(s) * a + s * x), (0, x))[1]

    g = run(f)
    x, a = np.array([0.3, 0.7]), np.array([1.1, 0.4])
    gx, ga = gradient(g, x, a)
    np.testing.assert_allclose(gx, finite_difference(lambda v: f(v, tnp.asarray(a)), x), rtol=1e-6)
    np.testing.assert_allclose(ga, finite_difference(lambda v: f(tnp.asarray(x), v), a), rtol=1e-6)


@both
def test_gradient_of_scan(run):
    def f(xs, c):
        last, ys = tnp.scan(lambda c, x: (c * x + tnp.sin(c), c * c), c, xs)
        return tnp.sum(last) + tnp.sum(ys * ys)

    g = run(f)
    xs, c = np.random.default_rng(0).normal(size=(4, 2)), np.array([0.5, -0.3])
    gxs, gc = gradient(g, xs, c)
    np.testing.assert_allclose(gxs, finite_difference(lambda v: f(v, tnp.asarray(c)), xs), rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(gc, finite_difference(lambda v: f(tnp.asarray(xs), v), c), rtol=1e-5, atol=1e-8)


@both
def test_second_order(run):
    def f(x):
        y = tnp.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * s * x), (0, x))[1]
        return tnp.cond(y > 0, lambda: y * x, lambda: y)

    def first(x):
        with tnp.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, x)

    g = run(first)
    x = np.array(0.9)  # x ** 15 · x
    assert np.isclose(float(g(tnp.asarray(x))), 16 * x**15)
    (second,) = gradient(g, x)
    np.testing.assert_allclose(second, 240 * x**14)


def test_gradient_within_a_traced_loop():
    @tnp.function
    def descend(x, steps):
        def body(i, x):
            with tnp.GradientTape() as tape:
                tape.watch(x)
                y = tnp.sum((x - 3.0) ** 2)
            return i + 1, x - 0.1 * tape.gradient(y, x)

        return tnp.while_loop(lambda i, x: i < steps, body, (0, x))[1]

    np.testing.assert_allclose(np.asarray(descend(tnp.zeros(2), tnp.asarray(200))), [3, 3])


# --- running


ENDLESS = {
    "native": lambda x: tnp.while_loop(lambda i: i >= 0, lambda i: (i + 1) % 1000, (x[0].astype("int64"),)),
    "host": lambda x: tnp.while_loop(
        lambda i: i >= 0, lambda i: tnp.numpy_function(lambda k: (k + 1) % 1000, [i], tnp.int64), (0,)
    ),
    "long rows": lambda x: tnp.fori_loop(0, 10**11, lambda i, c: tnp.sin(c) + 1, x[0] + tnp.ones(1 << 20)),
    "nested": lambda x: tnp.fori_loop(0, 10**9, lambda i, c: tnp.fori_loop(0, 10**9, lambda k, y: y * 0.5 + 1, c), x),
    "called": lambda x: tnp.fori_loop(0, 10**11, lambda i, c: tnp.sort(c) + i * 0.0, x),
    "unknown sizes": lambda x: tnp.fori_loop(0, 10**11, lambda i, c: c + c[c > 0.5].sum() * 0, x),
}


@both
@pytest.mark.parametrize("kind", ENDLESS)
def test_loops_can_be_interrupted(run, kind):
    f, x = run(ENDLESS[kind]), tnp.ones(8)
    if run is tnp.function:
        f.graph(x)
    sent = []

    def interrupt():
        sent.append(time.monotonic())
        _thread.interrupt_main()

    timer = threading.Timer(0.1, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        f(x)
    assert time.monotonic() - sent[0] < 0.2


def test_loops_in_threads():
    f = tnp.function(lambda n: tnp.fori_loop(0, n, lambda i, s: s + i, tnp.asarray(0)))
    results = [None] * 4

    def work(k):
        results[k] = int(f(tnp.asarray(1000 + k)))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert results == [sum(range(1000 + k)) for k in range(4)]


def test_gradient_of_a_loop_that_changes_sizes_is_refused():
    @tnp.function
    def f(n, y):
        x = tnp.while_loop(lambda i, x: i < n, lambda i, x: (i + 1, tnp.concatenate([x, x * y])), (0, tnp.ones(1)))[1]
        return tnp.sum(x)

    y = tnp.asarray(2.0)
    with tnp.GradientTape() as tape:
        tape.watch(y)
        z = f(tnp.asarray(3), y)
    assert float(z) == 27
    with pytest.raises(ValueError, match="keep their shapes"):
        tape.gradient(z, y)


def test_numbers_take_the_type_of_the_other_branch():
    f = tnp.function(lambda x: tnp.cond(x > 0, lambda: 0, lambda: x))
    for value in (1.5, -1.5):
        out = f(tnp.asarray(value, dtype=np.float32))
        assert out.dtype == np.float32 and float(out) == min(value, 0)


def test_short_loops_become_native_too(tmp_path):
    @tnp.function
    def root(x):
        return tnp.while_loop(lambda r: tnp.any(tnp.abs(r * r - x) > 1e-9), lambda r: 0.5 * (r + x / r), x)

    for _ in range(20_000):
        root(tnp.asarray([9.0, 4.0]))
    with tnp.profile(tmp_path / "trace.json"):
        assert np.abs(np.asarray(root(tnp.asarray([2.0, 3.0]))) - np.sqrt([2, 3])).max() < 1e-9
    assert "native loop" in (tmp_path / "trace.json").read_text()
