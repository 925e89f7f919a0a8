"""Programs over large arrays, run part by part: the bits of eager execution."""

import pytest
import tnp
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy as np

from ..isas import ISAS, run_tests_natively

ROWS, COLUMNS = 700, 900


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype and a.shape == b.shape
    np.testing.assert_array_equal(a, b)


def data(dtype="float32", shape=(ROWS, COLUMNS)):
    return tnp.asarray((np.random.default_rng(0).standard_normal(shape) * 3).astype(dtype))


def softmax(x, axis):
    e = tnp.exp(x - tnp.max(x, axis=axis, keepdims=True))
    return e / tnp.sum(e, axis=axis, keepdims=True)


def variance(x, axis, keepdims=False):
    """Written out: `tnp.var` has an operation of its own."""
    mean = tnp.mean(x, axis=axis, keepdims=True)
    return tnp.mean(tnp.square(x - mean), axis=axis, keepdims=keepdims)


def normalised(x, axis):
    mean = tnp.mean(x, axis=axis, keepdims=True)
    return (x - mean) / tnp.sqrt(variance(x, axis, keepdims=True) + 1e-5)


def stencil(u):
    new = u[1:-1, 1:-1] + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1])
    return u.at[1:-1, 1:-1].set(new)


def places(n=600):
    return tnp.asarray(np.random.default_rng(1).integers(-n, n, n))


PROGRAMS = {
    "softmax": softmax,
    "normalised": normalised,
    "variance": variance,
    "var": lambda x, axis: tnp.var(x, axis=axis),
    "std": lambda x, axis: (x - 1) / tnp.std(x, axis=axis, ddof=1, keepdims=True),
    "several results": lambda x, axis: (tnp.sum(x * x, axis=axis), tnp.max(tnp.abs(x), axis=axis), x * 2 - x),
    "argmax": lambda x, axis: tnp.argmax(tnp.sin(x) + x, axis=axis),
    "any": lambda x, axis: tnp.any(x * 2 > 6, axis=axis),
    "stencil": lambda x, axis: stencil(stencil(stencil(stencil(x)))),
    "pad": lambda x, axis: tnp.pad(x * 2 + 1, ((1, 2), (3, 0)))[1:, :-1] * 3,
    "concatenate": lambda x, axis: tnp.concatenate([x * 2, -x, x[:5] if axis == 0 else x[:, :5]], axis=axis) + 1,
    "transpose": lambda x, axis: softmax((x * 2).T, axis),
    "gather": lambda x, axis: (
        tnp.take(x * 2, places(), axis=axis) - tnp.take(x, places(), axis=axis).sum(axis=axis, keepdims=True)
    ),
    "take along": lambda x, axis: tnp.take_along_axis(x, tnp.argsort(x, axis=axis), axis=axis) * 2 + 1,
    "pairs": lambda x, axis: tnp.sum((x + 1)[places()[:, None], places() * 0 - 1] * 3, axis=axis),
    "stack": lambda x, axis: tnp.sum(tnp.stack([x * 2, x + 1, -x], axis=axis) * 3, axis=axis),
    "a column": lambda x, axis: tnp.concatenate([x[:, :1] * 2 + 1, x * 3, x[:, -1:] - 1], axis=1) * (1 + axis),
    "columns in place": lambda x, axis: tnp.concatenate([x[:, :1] * 2 + 1, x * 3, x[:, -1:] - 1], axis=1),
    "pairs in place": lambda x, axis: tnp.stack([x * 2, x + 1], axis=2),
    "where": lambda x, axis: tnp.where(x[1:] > 0, x[:-1] * 2, x[1:] - 1) + tnp.roll(x, 3, axis)[1:],
    "reversed": lambda x, axis: tnp.sum((x * 2)[::-1, ::-2] + 1, axis=axis),
    "reshape": lambda x, axis: softmax((x + 1).reshape(ROWS, 30, 30), axis + 1),
    "gradient": lambda x, axis: tnp.grad(lambda y: tnp.sum(tnp.log(tnp.sum(tnp.exp(y * 0.1), axis=axis))))(x),
}


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32"])
def test_program(name, axis, dtype):
    if name == "gradient" and dtype == "int32":
        pytest.skip("no gradient")
    f = PROGRAMS[name]
    x = data(dtype)
    want = f(x, axis)
    compiled = tnp.function(lambda x: f(x, axis))
    for _ in range(2):
        got = compiled(x)
        for a, b in zip(*((v if isinstance(v, tuple) else (v,)) for v in (want, got)), strict=True):
            same(b, a)


@pytest.mark.parametrize(
    "shape", [(70, 5001), (100_000, 3), (40_000, 17), (3, 200_001), (1, 300_000), (300_000, 1), (9, 170, 331)]
)
def test_shapes(shape):
    x = data("float64", shape)
    for axis in range(len(shape)):
        for f in (softmax, normalised):
            same(tnp.function(lambda x, f=f, axis=axis: f(x, axis))(x), f(x, axis))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "complex64"])
@pytest.mark.parametrize(
    ("shape", "axis"), [((7, 5000), 1), ((7, 5000), 0), ((3, 40, 50), (1, 2)), ((3, 40, 50), (0, 2)), ((9000,), None)]
)
@pytest.mark.parametrize("how", ["whole", "transposed", "strided"])
def test_variances_have_the_same_bits_eager_and_compiled(dtype, shape, axis, how):
    x = data(dtype, shape)
    x = {"whole": x, "transposed": tnp.asarray(np.asarray(x).T.copy()).T, "strided": x[..., ::2]}[how]
    for f in (tnp.var, tnp.std):
        for keywords in ({}, {"ddof": 1, "keepdims": True}):
            want = f(x, axis=axis, **keywords)
            same(tnp.function(lambda x, f=f, k=keywords: f(x, axis=axis, **k))(x), want)
            wide = np.asarray(x).astype("float32") if dtype == "float16" else np.asarray(x)  # NumPy's sum overflows
            reference = getattr(np, f.__name__)(wide, axis=axis, **keywords)
            np.testing.assert_allclose(np.asarray(want), reference, rtol=1e-3 if dtype == "float16" else 1e-5)


def test_the_operation_of_a_variance_is_run_in_parts():
    for axis, shape in ((0, (50, 9000)), (1, (ROWS, COLUMNS))):
        f = tnp.function(lambda x, axis=axis: tnp.var(tnp.exp(x), axis=axis) + tnp.sum(x, axis=axis))
        x = data(shape=shape)
        same(f(x), tnp.var(tnp.exp(x), axis=axis) + tnp.sum(x, axis=axis))
        tiled = f.steps(x).split("tiled", 1)[1]
        assert "squared_deviations" in tiled
        assert "reduce_sum" in tiled


def test_a_gather_shares_tiles():
    x, at = data(shape=(3000, 300)), tnp.asarray(np.random.default_rng(1).integers(0, 3000, 4000))
    f = tnp.function(lambda x, at: tnp.sum(x[at] * 2 + 1, axis=1))
    same(f(x, at), tnp.sum(x[at] * 2 + 1, axis=1))
    assert "gather" in f.steps(x, at).split("tiled", 1)[1]
    with pytest.raises(IndexError, match="index 3000 is out of bounds for axis 0 with size 3000"):
        f(x, at.at[3999].set(3000))


def test_a_view_and_an_input_that_is_strided():
    x = data()[::2, ::-1].T
    for axis in (0, 1):
        same(tnp.function(lambda x, axis=axis: softmax(x, axis))(x), softmax(x, axis))


@pytest.mark.parametrize("shape", [(33, 9091), (100, 4000), (4000, 100), (9, 40_000)])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_sums_of_what_lies_in_another_order(shape, axis, dtype):
    """Parts of such arrays have fewer columns side by side."""
    x = data(dtype, shape[::-1]).T
    for f in (
        lambda x: (tnp.prod(x, axis=axis), tnp.sum(x, axis=axis)),
        lambda x: (x - tnp.mean(x, axis=axis, keepdims=True),),
        lambda x: (tnp.sum(x.T.T * 2, axis=axis), tnp.sum(x, axis=axis)),
    ):
        compiled, want = tnp.function(f), f(x)
        for _ in range(3):
            for a, b in zip(compiled(x), want, strict=True):
                assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def test_many_threads():
    x = data()
    want = normalised(x, 1)
    for n in (1, 2, 3):
        before = tnp.get_num_threads() if hasattr(tnp, "get_num_threads") else None
        if before is None:
            pytest.skip("no setting of threads")
        tnp.set_num_threads(n)
        try:
            same(tnp.function(lambda x: normalised(x, 1))(x), want)
        finally:
            tnp.set_num_threads(before)


def test_errors_are_those_of_eager_execution():
    x = data()
    f = tnp.function(lambda x, y: softmax(x + y, 1))
    with pytest.raises(ValueError, match="broadcast"):
        f(x, data(shape=(ROWS, 7)))


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float16", "float32", "float64", "complex128"])
def test_short_rows(dtype):
    """Loops over several dimensions, of operands laid out in every way."""

    def f(x, y, s):
        z = x[:, None] * y[None] + s
        return (
            tnp.where(z != y[0], z, x[:, None]),
            z[::2, 1:, ::-1] * s,
            z.transpose(2, 0, 1) + z.transpose(2, 1, 0) * s,
        )

    rng = np.random.default_rng(0)
    for n, m in ((5, 3), (17, 62), (40, 1), (1, 40), (30, 130), (0, 3), (3, 0)):
        x, y = (tnp.asarray((rng.standard_normal((n, m)) * 3).astype(dtype)) for _ in range(2))
        s = tnp.asarray(np.asarray(2).astype(dtype))
        compiled = tnp.function(f)
        if n == 0:
            continue
        want = f(x, y, s)
        for _ in range(5):
            for a, b in zip(want, compiled(x, y, s), strict=True):
                same(b, a)


@pytest.mark.parametrize("isa", ISAS)
def test_every_instruction_set(isa):
    """This file again, in a process with native code from the first call on."""
    run_tests_natively(isa, __file__, "short_rows or (softmax and float32)")


@st.composite
def programs(draw):
    steps = []
    for _ in range(draw(st.integers(2, 7))):
        kind = draw(st.sampled_from(["unary", "binary", "reduce", "slice", "pad", "roll", "flip"]))
        steps.append((kind, draw(st.integers(0, 9)), draw(st.integers(0, 9)), draw(st.integers(0, 1))))
    return steps


UNARY = [tnp.sin, tnp.exp, tnp.square, tnp.tanh, tnp.negative]
BINARY = [tnp.add, tnp.subtract, tnp.multiply, tnp.maximum]
REDUCE = [tnp.sum, tnp.max, tnp.min, tnp.mean]


def interpret(steps, x):
    """Every value has the shape of x or, of a reduction, one that broadcasts to it."""
    values = [x, x * 0.5]

    def at(i):
        return values[i % len(values)]

    def whole(v):
        return v + values[0] * 0

    for kind, i, j, axis in steps:
        if kind == "unary":
            values.append(UNARY[j % 5](tnp.tanh(at(i))))
        elif kind == "binary":
            values.append(BINARY[j % 4](at(i), at(i + j)))
        elif kind == "reduce":
            values.append(REDUCE[j % 4](whole(at(i)), axis=axis, keepdims=True))
        elif kind == "slice":
            v = whole(at(i))
            middle = v[1:-1] + v[2:] * 0.5 - v[:-2] if axis == 0 else v[:, 1:-1] + v[:, 2:] * 0.5 - v[:, :-2]
            values.append(v.at[1:-1].set(middle) if axis == 0 else v.at[:, 1:-1].set(middle))
        elif kind == "pad":
            v = whole(at(i))
            cut = v[3:-2] * 2 if axis == 0 else v[:, 3:-2] * 2
            values.append(tnp.pad(cut, ((3, 2), (0, 0)) if axis == 0 else ((0, 0), (3, 2))))
        elif kind == "roll":
            v = whole(at(i))
            parts = [v[5:], v[:5]] if axis == 0 else [v[:, 5:], v[:, :5]]
            values.append(tnp.concatenate(parts, axis=axis))
        else:
            v = whole(at(i))
            values.append(v[::-1] if axis == 0 else v[:, ::-1])
    return values[-1], values[len(values) // 2] * 1


@settings(max_examples=40, deadline=None)
@given(programs(), st.sampled_from([(530, 510), (300, 1000), (5000, 60)]))
def test_random_programs(steps, shape):
    x = data("float32", shape)
    want = interpret(steps, x)
    got = tnp.function(lambda x: interpret(steps, x))(x)
    for a, b in zip(want, got, strict=True):
        same(b, a)


@st.composite
def stencils(draw):
    """Steps of stencils: how each reaches its neighbours, and how its result goes into the next field."""
    ndim = draw(st.integers(1, 3))
    steps = []
    for _ in range(draw(st.integers(1, 6))):
        offsets = draw(st.lists(st.tuples(*[st.integers(-2, 2)] * ndim), min_size=1, max_size=5, unique=True))
        kind = draw(st.sampled_from(["at", "pad", "roll", "limit", "two"]))
        steps.append((kind, offsets, draw(st.integers(0, ndim - 1))))
    return ndim, steps


def run_stencils(n, steps, u, v):
    r = 2
    inside = tuple(slice(r, m - r) for m in n)
    for kind, offsets, axis in steps:
        parts = [u[tuple(slice(r + o, m - r + o) for o, m in zip(at, n, strict=True))] for at in offsets]
        c = u[inside]
        new = c * 0.5
        for k, p in enumerate(parts):
            new = new + (p - c) * (0.1 + 0.05 * k)
        if kind == "limit":
            new = tnp.where(v[inside] > 0, tnp.maximum(tnp.minimum(new, parts[0]), -c), c)
        if kind == "roll":
            u = tnp.roll(u, offsets[0][axis] or 1, axis) * 0.25 + v
        elif kind == "pad":
            u = tnp.pad(new, r)
        else:
            u = u.at[inside].set(new)
        if kind == "two":
            v = v - 0.1 * u
    return u, v


@settings(max_examples=40, deadline=None)
@given(stencils(), st.sampled_from(["float32", "float64"]), st.booleans())
def test_random_stencils(program, dtype, long):
    ndim, steps = program
    shapes = {1: [(300_001,), (700_003,)], 2: [(530, 510), (101, 2600)], 3: [(40, 90, 80), (6, 70, 700)]}
    shape = shapes[ndim][long]
    u, v = data(dtype, shape), data(dtype, shape) * 0.5 - 0.25
    want = run_stencils(shape, steps, u, v)
    got = tnp.function(lambda u, v: run_stencils(shape, steps, u, v))(u, v)
    for a, b in zip(want, got, strict=True):
        same(b, a)


def test_what_overlaps_is_kept():
    f = tnp.function(lambda u: stencil(stencil(stencil(u))))
    u = data(shape=(2000, 1000))
    same(f(u), stencil(stencil(stencil(u))))
    assert f.steps(u).count("2 kept") == 2


def test_more_units_than_a_group_takes():
    """What follows a group that is full comes after it."""

    def slope(u):
        x, y, z = u[:, 0], u[:, 1], u[:, 2]
        return tnp.stack((10 * (y - x), x * (28 - z) - y, x * y - z * 2.5), axis=1)

    def f(u):
        for _ in range(2):
            k1 = slope(u)
            k2 = slope(u + 0.005 * k1)
            k3 = slope(u + 0.005 * k2)
            k4 = slope(u + 0.01 * k3)
            u = u + 0.002 * (k1 + 2 * k2 + 2 * k3 + k4)
        return u

    x = tnp.asarray(np.random.default_rng(0).random((1 << 17, 3)))
    compiled = tnp.function(f)
    for _ in range(2):
        assert np.array_equal(compiled(x), f(x))


def test_small_arrays_of_which_large_ones_come():
    """Where their sizes come again."""

    def tree(price):
        v = tnp.maximum(price[:, None] + tnp.arange(33.0) - 100, 0)
        for _ in range(32):
            v = 0.51 * v[:, 1:] + 0.49 * v[:, :-1]
        return v[:, 0]

    def near(x, y):
        d = tnp.abs(x[:, None] - y)
        return (d / (1 + d.sum(axis=1, keepdims=True))).max(axis=1), d.argmin(axis=1)

    rng = np.random.default_rng(0)
    x, y, price = (tnp.asarray(rng.random(n) * 100) for n in (700, 800, 20000))
    for f, arrays in ((tree, (price,)), (near, (x, y))):
        compiled = tnp.function(f)
        want = f(*arrays)
        for _ in range(6):
            got = compiled(*arrays)
            for a, b in zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]:
                same(a, b)
