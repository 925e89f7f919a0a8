"""Sorting and searching against NumPy: types, lengths around those of vectors, NaN in every place, long rows, errors."""

from __future__ import annotations

import ml_dtypes
import pytest
import tnp

import numpy as np

from ..isas import ISAS, run_program
from .oracle import DTYPES, check, sample

LENGTHS = [0, 1, 2, 7, 8, 12, 13, 16, 17, 64, 100, 127, 128, 129, 255, 256, 257, 300, 1000, 5000, 20000, 70000, 140000]


def numbers(n: int, dtype: str, distinct: int | None, seed: int = 0) -> np.ndarray:
    """Of all sizes, or few distinct ones; with NaN, infinities and both zeros."""
    rng = np.random.default_rng(seed)
    d = np.dtype(dtype)
    if d.kind == "b":
        return rng.integers(0, 2, n).astype(bool)
    if d.kind in "iu":
        low, high = np.iinfo(d).min, np.iinfo(d).max
        if distinct is not None:
            low, high = max(low, -distinct), min(high, distinct)
        return rng.integers(low, high, n, dtype=d, endpoint=True)
    real = [rng.standard_normal(n) * 10 if distinct is None else rng.integers(-distinct, distinct, n) for _ in range(2)]
    with np.errstate(all="ignore"):
        x = (real[0] + 1j * real[1] if d.kind == "c" else real[0]).astype(d)
    if n > 3:
        x[[0, 1, 2]] = -0.0, np.inf, -np.inf
        places = rng.integers(0, n, (2, 1 + n // 10))
        x[places[0]] = np.nan
        if d.kind == "c":
            x[places[0]] = complex(np.nan, 1)
            x[places[1]] = complex(2, np.nan)
    return x


def equal(ours: object, theirs: np.ndarray) -> None:
    """The same type, shape and elements; NaN are alike."""
    mine = np.asarray(ours)
    assert mine.dtype == theirs.dtype
    np.testing.assert_array_equal(mine, theirs)


def check_orders(x: np.ndarray, seed: int = 0) -> None:
    """All that sorts, on one vector."""
    t = tnp.asarray(x)
    # Not NumPy's default: it leaves float16 with NaN out of order.
    ordered = np.sort(x, kind="stable")
    equal(tnp.sort(t), ordered)
    equal(tnp.argsort(t), np.argsort(x, kind="stable"))
    if not x.size:
        return
    ranks = np.random.default_rng(seed).integers(-x.size, x.size, 3)
    parted = np.asarray(tnp.partition(t, ranks))
    np.testing.assert_array_equal(parted[ranks], ordered[ranks])
    np.testing.assert_array_equal(np.sort(parted, kind="stable"), ordered)
    if x.dtype.kind in "iuf":
        r = int(ranks[0]) % x.size
        with np.errstate(all="ignore"):
            assert not (parted[:r] > parted[r]).any() and not (parted[r:] < parted[r]).any()
    for side in ("left", "right"):
        equal(tnp.searchsorted(tnp.asarray(ordered), t[::3], side), np.searchsorted(ordered, x[::3], side))


@pytest.mark.parametrize("dtype", [*DTYPES, "int16", "uint32"])
def test_vectors(dtype: str) -> None:
    """Lengths around those of vectors, networks and ways; few and many distinct numbers."""
    for n in LENGTHS:
        for distinct in (3, 1000, None):
            check_orders(numbers(n, dtype, distinct, n))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_anywhere(dtype: str) -> None:
    """One NaN in each place."""
    for n in (1, 2, 5, 8, 13, 31, 33, 64):
        for place in range(n):
            x = np.random.default_rng(place).standard_normal(n).astype(dtype)
            x[place] = -np.nan if place % 2 else np.nan
            equal(tnp.sort(x), np.sort(x, kind="stable"))
            equal(tnp.argsort(x), np.argsort(x, kind="stable"))


def test_bfloat16() -> None:
    """Through float32, which has the same order."""
    for n in (5, 100, 30000):
        x = numbers(n, "float32", None).astype(ml_dtypes.bfloat16)
        wide = x.astype(np.float32)
        assert tnp.sort(tnp.asarray(x)).dtype == x.dtype
        np.testing.assert_array_equal(np.asarray(tnp.sort(tnp.asarray(x))).astype(np.float32), np.sort(wide))
        equal(tnp.argsort(tnp.asarray(x)), np.argsort(wide, kind="stable"))


def test_patterns() -> None:
    """Rows that are hard on quicksorts: sorted, reversed, constant, sawtooth, equal but for the low bits."""
    n = 200_000
    i = np.arange(n)
    patterns = [i, -i, np.zeros(n, int), i % 7, np.minimum(i, n - i), i ^ 1, np.where(i % 10, 0, i), i * 2**20]
    for x in patterns:
        for dtype in ("int64", "float64", "int32"):
            y = x.astype(dtype)
            equal(tnp.sort(y), np.sort(y))
            equal(tnp.argsort(y), np.argsort(y, kind="stable"))
    # More bits differ than there is room for beside the index.
    low = np.random.default_rng(0).integers(0, 50, n) + (np.random.default_rng(1).integers(0, 3, n) << 61)
    equal(tnp.argsort(low), np.argsort(low, kind="stable"))
    for span in (50, 2**40, 2**62):
        signed = np.random.default_rng(3).integers(-span, span, n)
        equal(tnp.argsort(signed), np.argsort(signed, kind="stable"))
    few = np.random.default_rng(2).standard_normal(20)[i % 20]
    equal(tnp.argsort(few), np.argsort(few, kind="stable"))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, None])
def test_axes(axis: int | None) -> None:
    """Eager and compiled, of views as well."""
    for dtype in ("int8", "float32", "complex128"):
        for x in (sample((7, 8, 9), dtype), sample((9, 8, 7), dtype).T[::-1, ::2], sample((3, 0, 2), dtype)):
            t = tnp.asarray(x)
            sort, argsort = (lambda v: tnp.sort(v, axis)), (lambda v: tnp.argsort(v, axis, stable=True))
            for f in (sort, tnp.function(sort)):
                equal(f(t), np.sort(x, axis))
            for f in (argsort, tnp.function(argsort)):
                equal(f(t), np.argsort(x, axis, kind="stable"))
            if x.size:
                p = np.asarray(tnp.partition(t, [1, -1], axis))
                at = -1 if axis is None else axis
                np.testing.assert_array_equal(p.take([1, -1], at), np.sort(x, axis).take([1, -1], at))


@pytest.mark.parametrize(
    "run",
    [
        lambda m: m.sort(m.asarray(3)),
        lambda m: m.sort(m.asarray(3), axis=None),
        lambda m: m.argsort(m.asarray(3)),
        lambda m: m.argsort(m.asarray(3), axis=None),
        lambda m: m.sort([1, 2], axis=1),
        lambda m: m.sort([2, 1], kind="foo"),
        lambda m: m.sort([2, 1], kind="heapsort"),
        lambda m: m.sort([2, 1], kind="stable", stable=True),
        lambda m: m.sort([2, 1], order="a"),
        lambda m: m.sort([2, 1], stable=None),
        lambda m: m.asarray([2, 1]).argsort(kind="x"),
        lambda m: m.asarray([[2, 1]]).argsort(axis=0),
        lambda m: m.partition([1, 2], 5),
        lambda m: m.partition([1, 2], 1.0),
        lambda m: m.partition([1, 2, 3], True),
        lambda m: m.partition([1, 2, 3], []),
        lambda m: m.partition([1, 2, 3], [[0]]),
        lambda m: m.partition([], 0),
        lambda m: m.partition([3, 1, 2], [0, 1, 2]),
        lambda m: m.partition(m.asarray(3), 0),
        lambda m: m.partition([1, 2], 0, kind="foo"),
        lambda m: m.argpartition([3, 1, 2], [0, 1, 2]),
        lambda m: m.argpartition(m.asarray(3), 0),
        lambda m: m.argpartition([3, 1], 2),
        lambda m: m.searchsorted([1, 2], 1, side="foo"),
        lambda m: m.searchsorted([[1, 2]], 1),
        lambda m: m.searchsorted(1, 1),
        lambda m: m.searchsorted([1, 2], [[1], [3]], side="right"),
        lambda m: m.searchsorted([], [1.0, 2.0]),
        lambda m: m.searchsorted([1, 2], 1.5),
        lambda m: m.searchsorted([2, 1], [1, 3], sorter=[1, 0]),
        lambda m: m.searchsorted([1, 2], 1, sorter=[1.0, 0]),
        lambda m: m.searchsorted([1, 2], 1, sorter=[0, 5]),
        lambda m: m.searchsorted([1, 2], 1, sorter=[0]),
        lambda m: m.asarray([1, 2, 3]).searchsorted(2, side="right"),
        lambda m: m.digitize([0.5, 1, 3, 9], [1, 2, 3]),
        lambda m: m.digitize([0.5, 1, 3, 9], [1, 2, 3], right=True),
        lambda m: m.digitize([0.5, 1, 3, 9], [3, 2, 1]),
        lambda m: m.digitize([0.5, 1, 3, 9], [3, 2, 1], right=True),
        lambda m: m.digitize([0.5, 1], [3, 1, 2]),
        lambda m: m.digitize([0.5, 1], []),
        lambda m: m.digitize([0.5, 1], [1]),
        lambda m: m.digitize([1j], [1.0]),
        lambda m: m.digitize([1.0], [[1.0]]),
        lambda m: m.lexsort([[1, 2], [2, 1]]),
        lambda m: m.lexsort([[2, 1, 2, 1], [1, 1, 0, 0]]),
        lambda m: m.lexsort(([1.5, 2, 0], [1, 1, 1])),
        lambda m: m.lexsort(3),
        lambda m: m.lexsort([]),
        lambda m: m.lexsort([[1, 2], [1, 2, 3]]),
        lambda m: m.lexsort([1, 2, 3]),
        lambda m: m.lexsort(m.reshape(m.arange(12), (2, 2, 3)) % 5, axis=0),
        lambda m: m.lexsort([[1, 2]], axis=3),
        lambda m: m.sort_complex([3, 1, 2]),
        lambda m: m.sort_complex(m.asarray([3, 1, 2], dtype="int8")),
        lambda m: m.sort_complex(m.asarray([[3, 1, 2]], dtype="int32")),
        lambda m: m.sort_complex(m.asarray([3, 1, 2], dtype="float32")),
        lambda m: m.sort_complex(m.asarray([3, 1 + 2j, 1 - 2j], dtype="complex64")),
        lambda m: m.sort_complex(3),
    ],
)
def test_like_numpy(run: object) -> None:
    """Values and types, or the error's class."""
    check(run)


def test_methods_leave_the_array() -> None:
    """Arrays do not change: sort and partition give new ones."""
    x = tnp.asarray([3, 1, 2])
    assert x.sort().tolist() == [1, 2, 3]
    assert x.partition(0)[0] == 1
    assert x.tolist() == [3, 1, 2]
    with pytest.raises(TypeError):
        tnp.asarray([1.0]).searchsorted()


def test_gradients() -> None:
    """What flows back goes to where elements came from; equal ones share it."""
    x = tnp.asarray([[3.0, 1.0, 2.0], [5.0, 5.0, 4.0]])
    w = tnp.asarray([[1.0, 10.0, 100.0], [1.0, 10.0, 100.0]])
    want = [[100.0, 1.0, 10.0], [55.0, 55.0, 1.0]]
    for f in (lambda v: tnp.sum(tnp.sort(v) * w), lambda v: tnp.sum(tnp.partition(v, [0, 1, 2]) * w)):
        with tnp.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        assert tape.gradient(y, x).tolist() == want
        y = tnp.vmap(lambda v, u: tnp.sum(tnp.sort(v) * u))(x, w)
        assert y.tolist() == [321.0, 554.0]


def test_vmap() -> None:
    """Rows of a batch, on their own."""
    x = tnp.asarray(sample((5, 40), "float64"))
    np.testing.assert_array_equal(tnp.vmap(tnp.sort)(x), np.sort(np.asarray(x), 1))
    np.testing.assert_array_equal(tnp.vmap(tnp.argsort)(x), np.argsort(np.asarray(x), 1, kind="stable"))
    rows, v = np.sort(np.asarray(x), 1), sample((5, 3), "float64", 1)
    want = np.stack([np.searchsorted(a, b) for a, b in zip(rows, v, strict=True)])
    np.testing.assert_array_equal(tnp.vmap(tnp.searchsorted)(tnp.asarray(rows), tnp.asarray(v)), want)
    np.testing.assert_array_equal(
        tnp.vmap(lambda b: tnp.searchsorted(tnp.asarray(rows[0]), b))(tnp.asarray(v))[0], want[0]
    )


CHILD = """
from tests.python.numpy.test_sorting import check_orders, numbers
for dtype in ("bool", "int8", "uint16", "int32", "uint32", "float16", "float32", "int64", "uint64", "float64", "complex64"):
    for n in (3, 40, 200, 3000, 70000):
        for distinct in (4, None):
            check_orders(numbers(n, dtype, distinct, n))
import numpy as np, tnp
for dtype in ("float32", "float64"):
    x = np.random.default_rng(0).standard_normal(3001).astype(dtype)
    for bins in (7, 100, [-2, -1, 0, 0.5, 3]):
        np.testing.assert_array_equal(tnp.histogram(x, bins)[0], np.histogram(x, bins)[0])
"""


@pytest.mark.parametrize("isa", ISAS)
def test_instruction_sets(isa: str) -> None:
    """The same results from the kernels of each instruction set."""
    run_program(isa, CHILD)


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "u8", "f2", "f4", "f8", "c16"])
def test_columns_of_few_rows_are_sorted_as_rows_are(dtype: str) -> None:
    rng = np.random.default_rng(3)
    shapes = [((n, m), 0) for n in (2, 3, 5, 16, 17, 31, 63, 64, 65) for m in (3, 4, 17, 300, 1100)]
    for shape, axis in [*shapes, ((3, 50, 7), 1), ((2, 60, 90, 2), 2), ((20, 0), 0), ((0, 20), 0)]:
        x = rng.integers(0, 40, shape).astype(dtype)
        if x.dtype.kind == "f":
            x[x == 3], x[x == 4], x[x == 5] = np.nan, -0.0, np.inf
        got = np.asarray(tnp.sort(tnp.asarray(x), axis=axis))
        rows = tnp.sort(tnp.asarray(np.ascontiguousarray(np.moveaxis(x, axis, -1))), axis=-1)
        assert got.tobytes() == np.ascontiguousarray(np.moveaxis(np.asarray(rows), -1, axis)).tobytes()
        np.testing.assert_array_equal(got, np.sort(x, axis=axis))
