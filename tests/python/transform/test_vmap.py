"""vectorized_map and vmap against plain loops."""

import warnings

import pytest
import tnp

import numpy as np


def loop(f, *xs):
    rows = [f(*(tnp.asarray(x[i]) for x in xs)) for i in range(len(xs[0]))]
    return np.stack([np.asarray(r) for r in rows])


def both(f):
    return pytest.mark.parametrize("run", [lambda g: g, tnp.function], ids=["eager", "traced"])(f)


# --- errors


def test_refusals():
    with pytest.raises(IndexError, match="0-d"):
        tnp.vectorized_map(lambda x: x, tnp.asarray(1.0))
    with pytest.raises(ValueError, match="equal or 1"):
        tnp.vectorized_map(lambda p: p[0] + p[1], (tnp.ones(3), tnp.ones(2)))
    with pytest.raises(ValueError, match="at least one"):
        tnp.vectorized_map(lambda p: p, ())
    with pytest.raises(ValueError, match="equally long"):
        tnp.vmap(lambda x, y: x + y)(tnp.ones(3), tnp.ones(2))
    with pytest.raises(ValueError, match="all None"):
        tnp.vmap(lambda x: x, in_axes=None)(tnp.ones(3))
    with pytest.raises(ValueError, match="entries"):
        tnp.vmap(lambda x: x, in_axes=(0, 0))(tnp.ones(3))
    with pytest.raises(ValueError, match="out_axes"):
        tnp.vmap(lambda x: x, out_axes=None)(tnp.ones(3))
    with pytest.raises(TypeError, match="in_axes"):
        tnp.vmap(lambda x: x, in_axes="0")(tnp.ones(3))
    with pytest.raises(ValueError):
        tnp.vmap(lambda x: x, in_axes=2)(tnp.ones(3))


def test_no_fallback():
    x = tnp.asarray([[1.0, 0.0], [0.0, 2.0]])
    with pytest.raises(ValueError, match="numpy_function|effect"):
        tnp.vectorized_map(lambda r: tnp.numpy_function(np.sin, [r], float), x, fallback_to_while_loop=False)
    with pytest.raises(ValueError, match="no vectorization"):
        tnp.vectorized_map(lambda r: tnp.nonzero(r)[0], x, fallback_to_while_loop=False)


def test_python_decisions_are_refused():
    with pytest.raises(TypeError):
        tnp.vectorized_map(lambda x: x if x > 0 else -x, tnp.ones(3))


# --- values

X = np.random.default_rng(1).normal(size=(4, 3))
FUNCTIONS = {
    "elementwise": lambda x: tnp.sin(x) * 2.0 + x**2,
    "reduce": lambda x: tnp.sum(x) - tnp.max(x),
    "flip": lambda x: tnp.flip(x),
    "index": lambda x: x[::-1] * x[0],
    "gather": lambda x: x[tnp.asarray([2, 0, 1, 0])],
    "matmul": lambda x: tnp.outer(x, x) @ x,
    "where": lambda x: tnp.where(x > 0, x, 0.0),
    "concatenate": lambda x: tnp.concatenate([x, tnp.ones(2), x]),
    "constant": lambda x: tnp.arange(3.0),
    "cond": lambda x: tnp.cond(x[0] > 0, lambda: x * 2.0, lambda: x - 1.0),
    "unbatched cond": lambda x: tnp.cond(tnp.sum(tnp.asarray([1.0])) > 0, lambda: x * 2.0, lambda: x - 1.0),
    "switch": lambda x: tnp.switch(tnp.argmax(x), [lambda: x, lambda: x * 2.0, lambda: x * 3.0]),
    "fori": lambda x: tnp.fori_loop(0, 4, lambda i, s: s * x + i, x),
    "while": lambda x: tnp.while_loop(lambda i, s: tnp.sum(s) < 50.0, lambda i, s: (i + 1, s * 2.0 + 1.0), (0, x))[1],
    "scan": lambda x: tnp.scan(lambda c, r: (c + r, c * r), tnp.asarray(0.0), x)[1],
    "scan constants": lambda x: tnp.scan(lambda c, r: (c + r, c * r), x, tnp.ones((2, 3)))[1],
}


@both
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(run, name):
    f = FUNCTIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = run(lambda x: tnp.vectorized_map(f, x, fallback_to_while_loop=False))(tnp.asarray(X))
    np.testing.assert_allclose(np.asarray(out), loop(f, X), rtol=1e-12)


@both
def test_structures(run):
    f = lambda p: {"sum": p["a"] + p["b"][0], "none": None, "pair": (p["a"], 1.0)}
    out = run(lambda a, b: tnp.vectorized_map(f, {"a": a, "b": [b]}))(tnp.asarray(X), tnp.asarray(X[:1]))
    np.testing.assert_allclose(np.asarray(out["sum"]), X + X[:1])
    assert out["none"] is None
    np.testing.assert_array_equal(np.asarray(out["pair"][1]), np.ones(4))


@both
def test_empty_batch(run):
    out = run(lambda x: tnp.vectorized_map(lambda r: tnp.outer(r, r), x))(tnp.zeros((0, 3)))
    assert out.shape == (0, 3, 3)


@both
def test_vmap_axes(run):
    a, b = np.random.default_rng(2).normal(size=(3, 4)), np.random.default_rng(3).normal(size=(3, 2))
    f = run(lambda a, b: tnp.vmap(lambda x, y: tnp.outer(x, y[:, 0]), in_axes=(1, None), out_axes=-1)(a, b))
    expected = np.stack([np.outer(a[:, i], b[:, 0]) for i in range(4)], axis=-1)
    np.testing.assert_allclose(np.asarray(f(tnp.asarray(a), tnp.asarray(b))), expected)
    g = tnp.vmap(lambda d: (d["x"] * 2.0, d["y"]), in_axes=({"x": 0, "y": None},), out_axes=(1, None))
    out = g({"x": tnp.asarray(a), "y": tnp.asarray(5.0)})
    np.testing.assert_allclose(np.asarray(out[0]), 2 * a.T)
    assert float(out[1]) == 5


@both
def test_nested_vmap(run):
    f = run(lambda a, b: tnp.vmap(lambda x: tnp.vmap(lambda y: tnp.sum(x * y))(b))(a))
    a, b = X, X[:2] + 1
    np.testing.assert_allclose(np.asarray(f(tnp.asarray(a), tnp.asarray(b))), a @ b.T)


# --- gradients


@both
@pytest.mark.parametrize("name", ["elementwise", "fori", "scan", "cond"])
def test_gradients_flow(run, name):
    f = FUNCTIONS[name]
    x = tnp.asarray(np.abs(X) + 0.1)

    def grads(g):
        with tnp.GradientTape() as tape:
            tape.watch(x)
            y = tnp.sum(g(x))
        return np.asarray(tape.gradient(y, x))

    batched = grads(run(lambda x: tnp.vectorized_map(f, x)))
    single = grads(lambda x: tnp.stack([f(x[i]) for i in range(4)]))
    np.testing.assert_allclose(batched, single, rtol=1e-10)


@both
def test_gradient_within(run):
    def g(x):
        with tnp.GradientTape() as tape:
            tape.watch(x)
            y = tnp.sum(x * x * x)
        return tape.gradient(y, x)

    out = run(lambda x: tnp.vectorized_map(g, x))(tnp.asarray(X))
    np.testing.assert_allclose(np.asarray(out), 3 * X**2)


# --- falling back


@both
def test_callbacks_fall_back(run):
    calls = []

    def f(x):
        return tnp.numpy_function(lambda v: calls.append(v.shape) or v * 2, [x], tnp.ArraySpec((3,), float)) + 1.0

    with pytest.warns(UserWarning, match="one by one") as record:
        out = run(lambda x: tnp.vectorized_map(f, x))(tnp.asarray(X))
    assert len(record) == 1
    assert calls == [(3,)] * 4
    np.testing.assert_allclose(np.asarray(out), X * 2 + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tnp.vectorized_map(f, tnp.asarray(X), warn=False)


@both
def test_data_dependent_sizes_fall_back(run):
    x = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 4.0]])
    with pytest.warns(UserWarning, match="one by one"):
        out = run(lambda x: tnp.vectorized_map(lambda r: tnp.nonzero(r)[0], x))(tnp.asarray(x))
    assert np.asarray(out).tolist() == [[0, 2], [1, 2]]
    with pytest.raises(ValueError, match="shape"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(lambda x: tnp.vectorized_map(lambda r: tnp.nonzero(r)[0], x))(tnp.asarray([[1.0, 0.0], [1.0, 1.0]]))


@both
def test_variables_are_assigned_for_each_example(run):
    v = tnp.Variable(0.0)

    def f(x):
        v.assign(v.read() + tnp.sum(x))
        return v.read()

    with pytest.warns(UserWarning, match="Variable"):
        out = run(lambda x: tnp.vectorized_map(f, x))(tnp.asarray(X))
    np.testing.assert_allclose(np.asarray(out), np.cumsum(X.sum(axis=1)))
    np.testing.assert_allclose(float(v.read()), X.sum())
    with pytest.raises(ValueError, match="Variable"):
        tnp.vectorized_map(f, tnp.asarray(X), fallback_to_while_loop=False)


@both
def test_fallback_of_an_empty_batch(run):
    f = lambda r: tnp.numpy_function(np.sin, [r], tnp.ArraySpec((3,), float))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = run(lambda x: tnp.vectorized_map(f, x))(tnp.zeros((0, 3)))
    assert out.shape == (0, 3)
