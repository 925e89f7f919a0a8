"""Programs over large arrays that are rolled, joined, padded and sliced: the bits of eager execution."""

import pytest
import tnp
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy as np

from ..isas import ISAS, run_tests_natively

# Of 2 ** 18 elements and more, which are run part by part, and of half of that, once their sizes come again.
SHAPES = [(600, 500), (2, 140_001), (140_001, 2), (300_000,), (70, 61, 70), (1, 300_000), (1, 530, 500), (4099, 65)]
SHAPES += [(300, 450), (133, 11, 103)]


def same(got, want):
    got, want = (x if isinstance(x, tuple) else (x,) for x in (got, want))
    for a, b in zip(got, want, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_array_equal(a, b)


def data(shape, dtype="float64", seed=0):
    return tnp.asarray((np.random.default_rng(seed).standard_normal(shape) * 9).astype(dtype))


def check(f, *x):
    compiled = tnp.function(f)
    want = f(*x)
    for _ in range(2 if x[0].size >= 1 << 18 else 4):
        same(compiled(*x), want)


def laplace(x):
    return tnp.roll(x, 1, 0) + tnp.roll(x, -1, 0) + tnp.roll(x, 1, 1) + tnp.roll(x, -1, 1) - 4 * x


def several_steps(x, y):
    for _ in range(4):
        x, y = laplace(x) * 0.1 + y, x - tnp.roll(y, 1, 0) * 0.5
    return x, y


def shallow(h, u):
    u = tnp.where(h > 0, u - 0.1 * (tnp.roll(h, -1, 1) - h), 0.0)
    flux = u * (h + tnp.roll(h, -1, 0))
    return h - (flux - tnp.roll(flux, 1, 1) + tnp.roll(flux, 2, 0)), u, tnp.sum(flux, axis=1)


def flux_of_rows(x, y):
    """Two values of one kernel, of which one is an output and the other's rows are read again."""
    a, b = x * y, x + y
    return tnp.roll(a, 1, 0) - a + tnp.roll(a, -2, 0), b


PROGRAMS = {
    "laplace": lambda x, y: laplace(x),
    "several steps": several_steps,
    "shallow": shallow,
    "rows of several values": flux_of_rows,
    "joined rows": lambda x, y: tnp.concatenate([x[1:], y[:1]], 0) - x,
    "joined columns": lambda x, y: tnp.concatenate([x[:, 200:], y[:, :200]], 1) * x,
    "halves": lambda x, y: tnp.roll(x, 300, 0) - tnp.roll(y, 250, 1),
    "padded": lambda x, y: tnp.pad(x, ((2, 1), (1, 2)))[1:-2, 2:-1] - y,
    "padded by ones": lambda x, y: tnp.pad(x, 1, constant_values=1)[2:, 2:] + y * tnp.pad(y, 1)[:-2, :-2],
    "set": lambda x, y: x.at[1:-1, 1:-1].set(y[:-2, 2:]) * y + x,
    "set twice": lambda x, y: x.at[:3].set(y[5:8]).at[:, 4:].set(y[:, :-4]) - y,
    "only zeros": lambda x, y: tnp.zeros_like(x).at[40:-40].set(y[80:]) * 2,
    "wide edges": lambda x, y: tnp.pad(x, 50)[:-100, :-100] * 2 + tnp.pad(y, 40, constant_values=3)[:-80, 80:],
    "zeros": lambda x, y: tnp.zeros_like(x).at[5:-5].set(y[10:]) + x,
    "broadcast row": lambda x, y: x + tnp.roll(x[0], 3) * tnp.roll(y, 3, 1),
    "broadcast column": lambda x, y: x - tnp.roll(y[:, :1], 7, 0) + tnp.roll(x, 1, 0),
    "reductions": lambda x, y: tnp.sum(tnp.roll(x, 1, 0) * y, axis=1) + tnp.max(tnp.roll(y, 1, 0) - x, axis=1),
    "reduced rows": lambda x, y: tnp.roll(x, 1, 0) / tnp.sum(tnp.roll(x, 1, 0) ** 2 + y, axis=1, keepdims=True),
    "reduced columns": lambda x, y: tnp.sum(tnp.roll(x * y, 1, 0) - x, axis=0),
    "all": lambda x, y: tnp.sum(tnp.roll(x, 1, 1) * x),
    "rolled is a result": lambda x, y: (tnp.roll(x, 1, 0), tnp.roll(x, 1, 0) + y),
    "flipped": lambda x, y: tnp.concatenate([x[::-1][:10], x[10:]], 0) - y + tnp.roll(y[:, ::-1], 2, 1),
    "flipped halfway": lambda x, y: tnp.roll((x * 2)[::-1], 2, 0) + x * 2,
    "every second": lambda x, y: tnp.concatenate([x[::2], y[1::2]], 0) * y,
    "transposed": lambda x, y: laplace(x.T) - tnp.roll(y.T, 5, 0),
    "both": lambda x, y: tnp.roll(x, (3, -4), (0, 1)) - y,
    "over all": lambda x, y: tnp.roll(x, 12345) - y,
    "far": lambda x, y: tnp.roll(x, 10**9 + 1, 0) + tnp.roll(y, -(10**9), 1) + x,
    "stacked": lambda x, y: tnp.stack([x, y, x]) * 2 - tnp.stack([y, y, x]),
    "gradient and more": lambda x, y: tnp.sqrt(tnp.gradient(x)[0] ** 2 + tnp.gradient(x, axis=1) ** 2) * y,
    "computed parts": lambda x, y: tnp.concatenate([x[:3] * y[0], x[3:-4] - y[4:-3], tnp.exp(y[:4])]) * y + x,
    "computed columns": lambda x, y: (
        tnp.concatenate([x[:, :1] * 2, x[:, 2:] - x[:, :-2], y[:, -1:] + y[:1, :1]], 1) + y
    ),
    "computed in parts": lambda x, y: (
        tnp.concatenate([x[:99] * y[:99], tnp.concatenate([x[99:300] / 3, y[300:]])])[::-1]
        - tnp.concatenate([(x + 1)[:, 7:], x[:, :7] * 2.5], 1)
    ),
    "computed and kept": lambda x, y: (tnp.concatenate([x[:9], (x * y)[9:]]) - y, tnp.sum(x * y, axis=0)),
    "computed by steps": lambda x, y: laplace(tnp.concatenate([x[:1] * 2, y[1:] * x[1:]]) * y),
    "gradient": lambda x, y: tuple(tnp.gradient(x * y)),
    "derivative": lambda x, y: tnp.grad(lambda z: tnp.sum(laplace(z) ** 2))(x),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name):
    check(PROGRAMS[name], data((600, 500)), data((600, 500), seed=1))
    check(PROGRAMS[name], data((310, 460)), data((310, 460), seed=1))


@pytest.mark.parametrize("dtype", ["float32", "int8", "bool", "complex128", "float16", "uint64"])
def test_types(dtype):
    x = data((600, 500), "complex64").astype(dtype) if dtype == "complex128" else data((600, 500), dtype)
    check(lambda x: tnp.roll(x, 1, 0) + tnp.roll(x, -1, 1) * x, x)
    check(lambda x, y: tnp.where(tnp.roll(y, 1, 1) > 0, tnp.roll(x, 1, 1), x) + tnp.roll(y, 2, 0), x, data((600, 500)))


@pytest.mark.parametrize("name", ["laplace", "several steps", "shallow", "padded", "set", "reductions"])
def test_arrays_with_gaps(name):
    """Sources that lie otherwise than in row-major order, or with gaps."""
    wide, x = data((610, 1010)), data((600, 500), seed=1)
    check(PROGRAMS[name], wide[5:-5, 3:-7:2], x)
    check(PROGRAMS[name], x, tnp.asarray(np.asfortranarray(np.asarray(x) * 2)))
    check(PROGRAMS[name], data((500, 600)).T, wide[5:-5, 1003:503:-1])
    check(PROGRAMS[name], tnp.broadcast_to(data((500,)), (600, 500)), x)


def steps_of(f, *x):
    compiled = tnp.function(f)
    compiled(*x)
    return compiled.steps(*x)


def test_operands_are_read_in_pieces():
    x, y = data((600, 500)), data((600, 500), seed=1)
    for f, boxes in ((laplace, "in 9 boxes"), (lambda x: tnp.concatenate([x[1:], x[:1]]) - x, "in 2 boxes")):
        steps = steps_of(f, x)
        assert boxes in steps
        assert "concatenate" not in steps
    steps = steps_of(several_steps, x, y)
    assert steps.count("boxes") == 5
    assert steps.count("tiled") == 1
    assert steps.count("kept") == 4


def test_sizes_and_shifts_of_a_run():
    """One function for many sizes and shifts, few of them large."""
    f = tnp.function(lambda x, shift: tnp.roll(x, shift, 0) * 2 - tnp.roll(x, 1, 1) + tnp.pad(x, 1)[2:, 2:])
    for rows, columns in [(600, 500), (2, 150_000), (0, 5), (1, 1), (2, 2), (601, 500), (3, 1), (1, 0), (599, 502)] * 2:
        x = data((rows, columns))
        for shift in (1, -1, 0, 599, 10_000):
            want = tnp.roll(x, shift, 0) * 2 - tnp.roll(x, 1, 1) + tnp.pad(x, 1)[2:, 2:]
            same(f(x, shift), want)


def test_variables_and_donated_arrays():
    """What is read at other places is not written over."""
    x, y = data((600, 500)), data((600, 500), seed=1)
    state = tnp.Variable(x)

    @tnp.function
    def step(y):
        state.assign(state + 0.1 * laplace(state) + y)
        return tnp.sum(tnp.roll(y, 1, 0))

    for _ in range(4):
        step(y)
        x = x + 0.1 * laplace(x) + y
        same(tnp.asarray(state), x)
    f = tnp.function(lambda x, y: laplace(x) + y, donate_argnums=(0, 1))
    for _ in range(3):
        same(f(x * 1, y * 1), laplace(x) + y)


@st.composite
def rearranged(draw, shape, depth=2):
    """A function that rearranges an array of `shape`, giving one of the same shape."""
    axis = draw(st.integers(0, len(shape) - 1))
    n = shape[axis]
    some = st.sampled_from([0, 1, -1, 2, 3, -5, n - 1, n // 2, n, n + 1, -2 * n - 1])
    kind = draw(
        st.sampled_from(["roll", "join", "pad", "flip", "set", "same", "scale"] if depth else ["same", "scale"])
    )
    if kind in ("same", "scale"):
        return (lambda x, y: x) if kind == "same" else (lambda x, y: x * 3 - y)
    inner = draw(rearranged(shape, depth - 1))
    at = (slice(None),) * axis
    if kind == "roll":
        shift = draw(some)
        return lambda x, y: tnp.roll(inner(x, y), shift, axis)
    if kind == "join":
        cut = min(abs(draw(some)), n)
        return lambda x, y: tnp.concatenate([inner(x, y)[(*at, slice(cut, None))], y[(*at, slice(None, cut))]], axis)
    if kind == "flip":
        return lambda x, y: tnp.flip(inner(x, y), axis)
    before, after = draw(st.integers(0, min(n, 3))), draw(st.integers(0, min(n, 3)))
    widths = [(before, after) if i == axis else (0, 0) for i in range(len(shape))]
    inside = slice(before, n - after) if before + after <= n else slice(0, 0)
    if kind == "pad":
        value = draw(st.sampled_from([0, 1.5]))
        part = (*at, slice(after, n + after))
        return lambda x, y: tnp.pad(inner(x, y), widths, constant_values=value)[part]
    return lambda x, y: y.at[(*at, inside)].set(inner(x, y)[(*at, inside)])


@st.composite
def programs(draw):
    """Sums of rearranged arrays, rearranged again, and reduced."""
    shape = draw(st.sampled_from(SHAPES))
    first = [draw(rearranged(shape)) for _ in range(draw(st.integers(1, 3)))]
    second = [draw(rearranged(shape)) for _ in range(draw(st.integers(0, 2)))]
    axis = draw(st.sampled_from([None, *range(len(shape))]))

    def f(x, y):
        z = x * 0.5
        for g in first:
            z = z + g(x, y) * 0.25
        w = y
        for g in second:
            w = w - g(z, y) * z
        results = (z, w)
        return results if axis is None else (*results, tnp.max(w * 2 - x, axis=axis))

    return shape, f


@settings(max_examples=30, deadline=None)
@given(programs())
def test_random_programs(program):
    shape, f = program
    check(f, data(shape), data(shape, seed=1))


@pytest.mark.parametrize("isa", ISAS)
def test_isas(isa):
    run_tests_natively(isa, __file__, "test_programs and (laplace or shallow or row or set or flipped)")
