"""Programs over small arrays whose steps are one piece of native code: the bits of eager execution."""

import os
import subprocess
import sys

import pytest
import tnp

import numpy as np

ALWAYS = os.environ.get("TNP_JIT") == "always"
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def stencil(u):
    c = u[1:-1, 1:-1]
    return u.at[1:-1, 1:-1].set(c + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * c))


def softmax(x):
    e = tnp.exp(x - tnp.max(x, axis=1, keepdims=True))
    return e / tnp.sum(e, axis=1, keepdims=True)


PROGRAMS = {
    "stencil": stencil,
    "four stencils": lambda x: stencil(stencil(stencil(stencil(x)))),
    "softmax": softmax,
    "columns": lambda x: softmax(x.T).T,
    "reversed": lambda x: x[::-1, ::-2] * 2 + 1,
    "pad": lambda x: tnp.pad(x * 2, ((1, 2), (3, 0))) + 1,
    "roll": lambda x: tnp.roll(x, 3, 1) - tnp.roll(x, -1, 0),
    "concatenate": lambda x: tnp.concatenate([x * 2, x[:2], x - 1]) * 3,
    "stack": lambda x: tnp.stack([x, x + 1, x[::-1]], axis=1).sum(axis=1),
    "where": lambda x: tnp.where(x[1:] > x[:-1], x[1:], 0),
    "sums": lambda x: (x.sum(), x.sum(axis=0), x.mean(axis=1), x.max(), x.min(axis=0)),
    "same results": lambda x: (lambda y: (x, y, y, y.T, y[0]))(x[::-1] * 2),
    "reshape": lambda x: (x * 2).reshape(-1)[3:-3] + 1,
    "transposed": lambda x: (x.T * 2).reshape(-1) + 1,
    "updates": lambda x: x.at[0].set(7).at[:, 1].add(x[:, 0]),
    "a row": lambda x: x[-1] * x[0] + x[:, :1],
    "casts": lambda x: tnp.concatenate([x.astype("float64"), (x > 0).astype("float64")]) + 1,
    "products": lambda x: (x @ x.T) * 2 + x[0, 0],
    "gather": lambda x: x[tnp.asarray([2, 0, 1, -1])] * 2 + x[:4],
    "argmax": lambda x: tnp.argmax(x, axis=1) + tnp.argmin(x),
    "any": lambda x: tnp.any(x > 1, axis=0) & ~tnp.all(x > 0, axis=0),
    "var": lambda x: (x - x.mean(axis=0)) / (x.std(axis=0) + 1),
    "cumsum": lambda x: tnp.cumsum(x, axis=1) * 2 + x[:1],
}


def data(dtype, shape):
    return tnp.asarray((np.random.default_rng(0).standard_normal(shape) * 3).astype(dtype))


def as_tuple(x):
    return x if isinstance(x, tuple) else (x,)


def same(compiled, f, *x, runs=6):
    want = as_tuple(f(*x))
    for _ in range(runs):
        for a, b in zip(as_tuple(compiled(*x)), want, strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("shape", [(8, 8), (5, 7), (33, 130)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "uint8", "complex64"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name, dtype, shape):
    f = PROGRAMS[name]
    x = data("float32", shape).astype("int32").astype(dtype) if dtype == "uint8" else data(dtype, shape)
    try:
        f(x)
    except (TypeError, ValueError):
        pytest.skip("not of this type")
    compiled = tnp.function(f)
    same(compiled, f, x)
    same(compiled, f, x + 1)
    if ALWAYS and name in ("stencil", "softmax", "pad", "roll", "where") and dtype != "complex64":
        assert "native code for all steps" in compiled.steps(x)


def test_strided_and_pending_inputs():
    f = PROGRAMS["roll"]
    compiled = tnp.function(f)
    x = data("float32", (40, 60))
    for view in (x.T, x[::2, ::-3], x[:, 5], (x + 1)[3:]):
        if view.ndim == 2:
            same(compiled, f, view)


def test_several_sizes_and_inputs():
    def f(x, y, s):
        return tnp.concatenate([x * s, y[1:]]) + x[:1], s

    compiled = tnp.function(f)
    for n in (3, 4, 5, 17, 3, 4):
        same(compiled, f, data("float32", (n, 4)), data("float32", (n + 1, 4)), tnp.asarray(2.0, dtype="float32"))


def test_inputs_stay_what_they_were():
    x = data("float64", (10, 10))
    before = np.asarray(x).copy()
    compiled = tnp.function(lambda x: x.at[2:4].set(x[:2] * 2).at[0, 0].set(-1))
    for _ in range(6):
        result = compiled(x)
        np.testing.assert_array_equal(np.asarray(x), before)
        result = result.at[:].set(0)


def test_errors_are_those_of_the_steps():
    def f(x, i):
        return x[i] * 2 + x[0]

    compiled = tnp.function(f)
    x = data("float32", (6, 5))
    for i in (0, -1, 5):
        same(compiled, f, x, tnp.asarray(i))
    with pytest.raises(IndexError, match="index 6 is out of bounds for axis 0 with size 6"):
        compiled(x, tnp.asarray(6))
    same(compiled, f, x, tnp.asarray(2))


def test_variables_and_other_threads():
    from concurrent.futures import ThreadPoolExecutor

    total = tnp.Variable(tnp.zeros(6))

    @tnp.function
    def f(x):
        total.assign_add(x[::-1] * 2)
        return tnp.roll(x, 1) + total[:1]

    for _ in range(6):
        f(tnp.ones(6))
    np.testing.assert_array_equal(np.asarray(total), np.full(6, 12.0))
    g, x = tnp.function(softmax), data("float32", (20, 20))
    want = np.asarray(softmax(x))
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: [np.asarray(g(x)) for _ in range(50)], range(4)):
            assert all(np.array_equal(a, want) for a in got)


@pytest.mark.skipif(ALWAYS, reason="this is the inner run")
def test_all_of_it_with_code_made_at_once():
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", __file__]
    chosen = ["-k", "float32 or int32 or strided or sizes or stay or errors or variables"]
    run = subprocess.run(
        [*command, *chosen], env={**os.environ, "TNP_JIT": "always"}, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stdout[-3000:]


def test_it_happens_by_itself():
    f = tnp.function(lambda x: tnp.roll(tnp.roll(x, 1), 2) * 2 + x[:1])
    x = data("float32", (50,))
    for _ in range(30000):
        f(x)
    same(f, lambda x: tnp.roll(tnp.roll(x, 1), 2) * 2 + x[:1], x)
    if os.environ.get("TNP_JIT", "automatic") != "never":
        assert "native code for all steps" in f.steps(x)
