"""Functions that are one step of a compiled program, and are made of primitives for gradients and batches."""

import re
import warnings

import pytest
import tnp
from tnp import _core

import numpy as np

RNG = np.random.default_rng(7)


def floats(shape, missing=0.0, dtype=np.float64):
    x = RNG.standard_normal(shape).astype(dtype)
    x[RNG.random(shape) < missing] = np.nan
    return x


NAN_FUNCTIONS = ["nansum", "nanprod", "nanmin", "nanmax", "nanmean", "nanvar", "nanstd"]
NAN_PLACES = ["nanargmin", "nanargmax"]


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype and a.shape == b.shape
    np.testing.assert_array_equal(a, b)


def agree(f, *arrays):
    """Compiled as eager, to the bit, at each of several calls; and for other sizes with the same trace."""
    x = [tnp.asarray(a) for a in arrays]
    h = tnp.function(f)
    expected = f(*x)
    for _ in range(5):
        same(h(*x), expected)
    return expected


@pytest.mark.parametrize("name", NAN_FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.complex128])
@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize(
    ("shape", "keywords"),
    [
        ((8,), {}),
        ((5000,), {}),
        ((40, 300), {"axis": 0}),
        ((40, 300), {"axis": -1, "keepdims": True}),
        ((3, 40, 50), {"axis": (0, 2)}),
    ],
)
def test_nan_reductions(name, dtype, missing, shape, keywords):
    if dtype is np.complex128 and name in ("nanmin", "nanmax"):
        pytest.skip("NumPy orders complex numbers with NaN in another way")
    x = floats(shape, missing, dtype) if dtype is not np.complex128 else floats(shape, missing) + 1j
    got = agree(lambda a: getattr(tnp, name)(a, **keywords), x)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = getattr(np, name)(x, **keywords)
    rtol = {np.float16: 2e-2, np.float32: 2e-4}.get(dtype, 1e-10)
    np.testing.assert_allclose(np.asarray(got), expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", [*NAN_FUNCTIONS, *NAN_PLACES])
def test_nan_reductions_share_tiles(name):
    """Of large arrays, beside other operations."""
    x, y = floats((700, 800), 0.01), floats((700, 800))
    for axis in (0, 1, None):
        agree(lambda a, b, axis=axis: getattr(tnp, name)(a * 2 - b, axis=axis), x, y)
        agree(lambda a, b, axis=axis: getattr(tnp, name)(a * 2 - b, axis=axis), y, y + 1)


@pytest.mark.parametrize("name", NAN_PLACES)
def test_rows_without_numbers(name):
    x = floats((4, 5))
    x[2] = np.nan
    h = tnp.function(lambda a: getattr(tnp, name)(a, axis=1))
    same(h(tnp.asarray(x[:2])), getattr(np, name)(x[:2], axis=1))
    with pytest.raises(ValueError, match="All-NaN"):
        h(tnp.asarray(x))


def test_extremes_of_nothing():
    x = np.full((3, 4000), np.nan)
    x[0, 7] = 1.0
    for name in ("nanmin", "nanmax", "nanmean"):
        got = agree(lambda a, name=name: getattr(tnp, name)(a, axis=1), x)
        np.testing.assert_array_equal(np.isnan(np.asarray(got)), [False, True, True])


@pytest.mark.parametrize("name", [n for n in NAN_FUNCTIONS if n not in ("nanstd",)])
def test_gradients(name):
    x = floats((6, 9), 0.2)

    def f(a):
        return getattr(tnp, name)(a, axis=1).sum()

    same(tnp.function(tnp.grad(f))(tnp.asarray(x)), tnp.grad(f)(tnp.asarray(x)))
    same(tnp.grad(tnp.function(f))(tnp.asarray(x)), tnp.grad(f)(tnp.asarray(x)))


@pytest.mark.parametrize("name", [*NAN_FUNCTIONS, *NAN_PLACES])
def test_batches(name):
    x = floats((5, 3, 7), 0.2)
    x[:, :, 0] = 1
    f = getattr(tnp, name)
    rows = tnp.stack([f(row, axis=1) for row in tnp.asarray(x)])
    for g in (tnp.vmap(lambda a: f(a, axis=1)), tnp.function(tnp.vmap(lambda a: f(a, axis=1)))):
        np.testing.assert_allclose(np.asarray(g(tnp.asarray(x))), np.asarray(rows), rtol=1e-12)


INTEGERS = RNG.integers(0, 50, 3000)
CASES = [
    (lambda k: tnp.bincount(k), [INTEGERS]),
    (lambda k: tnp.bincount(k, minlength=80), [INTEGERS]),
    (lambda k: tnp.count_nonzero(k), [INTEGERS]),
    (lambda k, w: tnp.bincount(k, weights=w), [INTEGERS, floats(3000)]),
    (lambda k, j: tnp.isin(k, j), [INTEGERS, np.arange(0, 40, 3)]),
    (lambda k, j: tnp.isin(k, j, invert=True), [INTEGERS, np.arange(0, 40, 3)]),
    (lambda a, c: tnp.isin(a, c), [floats(300, 0.1), floats(30, 0.1)]),
    (lambda a, e: tnp.digitize(a, e), [floats(3000), np.linspace(-2, 2, 17)]),
    (lambda a, e: tnp.digitize(a, e, right=True), [floats(3000), np.linspace(2, -2, 17)]),
    (lambda b: tnp.packbits(b), [RNG.random(1003) > 0.5]),
    (lambda b: tnp.packbits(b, axis=0, bitorder="little"), [RNG.random((13, 5)) > 0.5]),
    (lambda u: tnp.unpackbits(u), [RNG.integers(0, 256, 100).astype(np.uint8)]),
    (lambda u: tnp.unpackbits(u, axis=0, count=-3), [RNG.integers(0, 256, (4, 5)).astype(np.uint8)]),
    (lambda x, s, c: tnp.interp(x, s, c), [floats(3000, 0.01), np.sort(floats(100)), floats(100)]),
    (lambda x, s, c, r: tnp.interp(x, s, c, right=r), [floats(300), np.sort(floats(10)), floats(10), np.array(9.0)]),
    (
        lambda x, s, c, r: tnp.interp(x, s, c, left=r, right=-r),
        [floats(300), np.sort(floats(10)), floats(10), np.array(9.0)],
    ),
    (lambda a, w: tnp.convolve(a, w), [floats(3000), floats(5)]),
    (lambda a, w: tnp.convolve(a, w, "same"), [floats(3000), floats(5)]),
    (lambda a, w: tnp.correlate(a, w, "valid"), [floats(3000), floats(5)]),
    (lambda a, w: tnp.polymul(a, w), [floats(300), floats(300)]),
    (lambda b, a, c: tnp.choose(b, (a, c)), [RNG.integers(0, 2, 300), floats(300), floats(300)]),
    (lambda b, a: tnp.choose(b, (a, 1.0, 2.0), mode="clip"), [RNG.integers(-3, 5, 300), floats(300)]),
    (lambda a: tnp.trim_zeros(a), [np.concatenate([np.zeros(5), floats(30), np.zeros(9)])]),
    (lambda a: tnp.trim_zeros(a, "f"), [np.concatenate([np.zeros(5), floats(30), np.zeros(9)])]),
    (lambda a: tnp.trim_zeros(a), [np.zeros(9)]),
    (lambda a, w: tnp.histogram(a, 20, (-2, 2), weights=w)[0], [floats(3000), floats(3000)]),
    (lambda a: tnp.resize(a, (7, 9)), [floats((4, 5))]),
    (lambda a: tnp.nonzero(a > 0), [floats(20)]),
    (lambda a: tnp.nonzero(a > 0)[0] + 1, [floats(3000)]),
    (lambda a, v: tnp.fill_diagonal(a, v), [floats((5, 4)), np.array(2.0)]),
    (lambda a: tnp.fill_diagonal(a * 2, 0.5, wrap=True).sum(axis=0), [floats((9, 4))]),
    (lambda a: tnp.fill_diagonal(a, 3), [floats((4, 4, 4))]),
    (lambda a, i: tnp.add.reduceat(a, i), [floats(300), np.array([0, 3, 1, 200])]),
    (lambda a, i: tnp.hypot.reduceat(a, i, axis=1), [floats((30, 40)), np.array([0, 3, 1, 20])]),
    (lambda a: tnp.take(a, tnp.argpartition(a, (3, 2000))), [floats(3000)]),
    (lambda b, a: tnp.compress(b, a), [RNG.random(3000) > 0.5, floats(3000)]),
    (lambda m: tnp.linalg.norm(m), [floats((600, 700))]),
    (lambda m: tnp.linalg.norm(m.T), [floats((600, 700))]),
    (lambda m: m.diagonal(), [floats((30, 40))]),
    (lambda m: tnp.diagonal(m, -2, 2, 0), [floats((6, 5, 4))]),
    (lambda m: tnp.trace(m, 1) + tnp.diag(m, 1), [floats((30, 30))]),
    (lambda a, b: a[b], [floats(3000), RNG.random(3000) > 0.5]),
    (lambda a: a[a > 0].sum(), [floats((30, 40))]),
    (lambda a: tnp.pad(a, 3, mode="edge"), [floats((30, 40))]),
    (lambda a: tnp.pad(a, ((1, 2), (0, 5)), mode="reflect"), [floats((30, 40))]),
    (lambda a: tnp.pad(a, 2, mode="wrap") * 2, [floats(30)]),
    (lambda a: tnp.pad(a, 2, mode="reflect", reflect_type="odd"), [floats((30, 40))]),
    (lambda a: tnp.pad(a, ((0, 4), (3, 0)), mode="symmetric") * 2, [floats((30, 40))]),
    (lambda a: tnp.pad(a, 9, mode="wrap") + 1, [floats((5, 4))]),
    (lambda a, b: tnp.block([[a, b], [b + 1, a]]), [floats((30, 40)), floats((30, 40))]),
    (lambda a, b: tnp.block([[a, b], [a[:1], b[:1].astype(np.float32)]]) * 2, [floats((30, 40)), floats((30, 3))]),
    (lambda a, b: tnp.block([[[a], [b]], [[b], [a]]]), [floats((3, 4)), floats(4)]),
    (lambda a: tnp.block([[a, 1.0], [a * 2, 2.0]]), [floats((1, 40))]),
    (lambda a: tnp.copy(a.T), [floats((30, 40))]),
    (lambda a: tnp.vdot(a, 1j * a), [floats(40000) + 1j]),
    (lambda a: tnp.vdot(a, a), [floats((30, 40)) * 1j]),
]


@pytest.mark.parametrize(("f", "arrays"), CASES)
def test_functions(f, arrays):
    agree(f, *arrays)


def test_every_composed_operation_is_tested_here():
    graphs = [str(tnp.function(f).graph(*map(tnp.asarray, arrays))) for f, arrays in CASES]
    rows = tnp.asarray(floats((3, 4)))
    graphs += [str(tnp.function(getattr(tnp, n)).graph(rows)) for n in NAN_FUNCTIONS + NAN_PLACES]
    recorded = set(re.findall(r"[a-z_0-9]+", " ".join(graphs)))
    composed = {op["name"] for op in _core.operations() if op["family"] == "composed"}
    assert composed - recorded == set()


def test_other_sizes_have_the_same_trace():
    h = tnp.function(lambda a, k: (tnp.nanmean(a, axis=0), tnp.bincount(k), a[a > 0]))
    for n in (5, 9, 4000):
        x, k = floats((n, 3), 0.1), RNG.integers(0, n, n)
        mean, counts, positive = h(tnp.asarray(x), tnp.asarray(k))
        np.testing.assert_allclose(np.asarray(mean), np.nanmean(x, axis=0))
        same(counts, np.bincount(k))
        same(positive, x[x > 0])
    assert h.cache_info()["traces"] == 1


@pytest.mark.parametrize(
    ("f", "arrays", "error"),
    [
        (lambda k: tnp.bincount(k), [np.array([1, -1])], ValueError),
        (lambda k, w: tnp.bincount(k, w), [np.array([1, 1]), np.ones(3)], ValueError),
        (lambda a, e: tnp.digitize(a, e), [np.ones(3), np.array([1.0, 3.0, 2.0])], ValueError),
        (lambda x, s, c: tnp.interp(x, s, c), [np.ones(3), np.ones(3), np.ones(2)], ValueError),
        (lambda x, s, c: tnp.interp(x, s, c), [np.ones(3), np.ones(0), np.ones(0)], ValueError),
        (lambda b, a: tnp.choose(b, (a, a)), [np.array([2, 0]), np.ones(2)], ValueError),
        (lambda a, b: a[b], [np.ones(3), np.array([True, False])], IndexError),
        (lambda a: tnp.pad(a, 2, mode="edge"), [np.ones(0)], ValueError),
    ],
)
def test_errors(f, arrays, error):
    for g in (f, tnp.function(f)):
        with pytest.raises(error):
            g(*[tnp.asarray(a) for a in arrays])


def test_graphs_are_read_back():
    h = tnp.function(lambda a, k: (tnp.nanmean(a, axis=0, keepdims=True), tnp.bincount(k)))
    x, k = tnp.asarray(floats((5, 4))), tnp.asarray(INTEGERS)
    text = str(h.graph(x, k))
    assert "nanmean" in text and "bincount" in text


def test_gradients_of_functions():
    x, s, c = floats(20), np.sort(floats(9)), floats(9)
    for f, arrays in [
        (lambda a, s, c: tnp.interp(a, s, c).sum(), (x, s, c)),
        (lambda a, w: (tnp.convolve(a, w) ** 2).sum(), (x, c)),
        (lambda m: (m.diagonal() ** 2).sum(), (floats((5, 6)),)),
        (lambda a: (a[a > 0] ** 2).sum(), (x,)),
        (lambda a: (tnp.pad(a, 2, mode="reflect") ** 2).sum(), (floats((5, 6)),)),
    ]:
        arrays = [tnp.asarray(a) for a in arrays]
        expected = tnp.grad(f)(*arrays)
        for g in (tnp.function(tnp.grad(f)), tnp.grad(tnp.function(f))):
            np.testing.assert_allclose(np.asarray(g(*arrays)), np.asarray(expected), rtol=1e-12, atol=1e-12)


def test_blocks_of_blocks():
    a, b = (tnp.asarray(floats(shape)) for shape in ((3, 4), (3, 2)))

    def f(a, b):
        return tnp.block([[a, b], [b * 2, a]])

    compiled = tnp.function(f)
    for _ in range(4):
        with pytest.raises(ValueError, match="concatenate"):
            tnp.function(lambda a, b: tnp.block([[a, b], [a, a]]))(a, b)
        same(compiled(a, b), f(a, b))
    assert str(compiled.graph(a, b)).count("concatenate") == 0
    for g in (tnp.grad(lambda a: (f(a, b) ** 2).sum()), tnp.grad(lambda a: (compiled(a, b) ** 2).sum())):
        np.testing.assert_allclose(np.asarray(g(a)), 4 * np.asarray(a), rtol=1e-12)
    rows = tnp.stack([a, a + 1])
    same(tnp.vmap(lambda a: compiled(a, b))(rows), tnp.stack([f(a, b), f(a + 1, b)]))
