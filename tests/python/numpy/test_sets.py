"""Distinct elements and sets against NumPy."""

from __future__ import annotations

import pytest
import tnp

import numpy as np

from .oracle import DTYPES, check, same, sample

RESULTS = [
    {},
    {"return_index": True},
    {"return_inverse": True},
    {"return_counts": True},
    {"return_index": True, "return_inverse": True, "return_counts": True},
    {"return_index": True, "return_inverse": True, "return_counts": True, "equal_nan": False},
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_unique(dtype: str, axis: int | None) -> None:
    """Values, first indices, inverse and counts; eager and compiled, where their number is known only by running."""
    for shape in [(60,), (7, 2), (9, 1, 2), (0,), (0, 3), (3, 0)]:
        if axis == 1 and len(shape) == 1:
            continue
        x = sample(shape, dtype)
        if x.size > 8 and x.dtype.kind in "fc" and axis is None:
            x.reshape(-1)[[3, 5, 8]] = np.nan
        for options in RESULTS:
            check(lambda m, x=x, o=options: m.unique(m.asarray(x), axis=axis, **o))
            f = tnp.function(lambda v, o=options: tnp.unique(v, axis=axis, **o))
            same(f(tnp.asarray(x)), np.unique(x, axis=axis, **options), 0)


@pytest.mark.parametrize("name", ["unique_all", "unique_counts", "unique_inverse", "unique_values"])
def test_named_results(name: str) -> None:
    """Named tuples with NumPy's names; NaN are distinct."""
    for x in (sample((4, 5), "int32"), np.array([2.0, np.nan, 1, np.nan, 1])):
        ours, theirs = getattr(tnp, name)(x), getattr(np, name)(x)
        if name == "unique_values":
            np.testing.assert_array_equal(np.sort(np.asarray(ours)), np.sort(theirs))
            continue
        assert type(ours).__name__ == type(theirs).__name__
        assert ours._fields == theirs._fields
        same(tuple(ours), tuple(theirs), 0)


def test_large() -> None:
    """As many as threads share."""
    x = np.random.default_rng(0).integers(0, 1000, 200_000)
    check(lambda m: m.unique(m.asarray(x), return_index=True, return_inverse=True, return_counts=True))
    check(lambda m: m.isin(m.asarray(x), m.arange(0, 1000, 3)))


@pytest.mark.parametrize("dtypes", [("int64", "int64"), ("int8", "float64"), ("bool", "uint8"), ("float32", "float64")])
@pytest.mark.parametrize("shapes", [((12,), (7,)), ((3, 4), (5,)), ((0,), (4,)), ((4,), (0,)), ((0,), (0,))])
def test_sets(dtypes: tuple[str, str], shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    """Union, intersection, differences, membership; eager and compiled."""
    x, y = sample(shapes[0], dtypes[0]), sample(shapes[1], dtypes[1], 1)
    calls = [
        lambda m, a, b: m.union1d(a, b),
        lambda m, a, b: m.intersect1d(a, b),
        lambda m, a, b: m.intersect1d(a, b, return_indices=True),
        lambda m, a, b: m.setdiff1d(a, b),
        lambda m, a, b: m.setxor1d(a, b),
        lambda m, a, b: m.isin(a, b),
        lambda m, a, b: m.isin(a, b, invert=True),
        lambda m, a, b: m.setdiff1d(a, b, assume_unique=True),
    ]
    for call in calls:
        check(lambda m, call=call: call(m, m.asarray(x), m.asarray(y)))
        same(tnp.function(lambda a, b, call=call: call(tnp, a, b))(tnp.asarray(x), tnp.asarray(y)), call(np, x, y), 0)


@pytest.mark.parametrize(
    "run",
    [
        lambda m: m.unique([1, 2], axis=1),
        lambda m: m.unique(3, return_inverse=True),
        lambda m: m.unique([3, 1, 2], sorted=True),
        lambda m: m.unique([[1, 2], [np.nan, 1], [np.nan, 1]], axis=0),
        lambda m: m.unique([1 + 1j, complex(np.nan, 1), complex(1, np.nan)], return_counts=True),
        lambda m: m.isin([1, 2], [2], kind="foo"),
        lambda m: m.isin([1.0, 2], [2], kind="table"),
        lambda m: m.isin([1, 2], [2], kind="table"),
        lambda m: m.isin(2, [2, 3]),
        lambda m: m.isin([[1.0, np.nan]], [np.nan, 1.0]),
        lambda m: m.isin([-0.0], [0.0]),
        lambda m: m.intersect1d([1, 2, 3], [3, 2], assume_unique=True, return_indices=True),
        lambda m: m.setxor1d([1, 2, 3], [3, 2, 7], assume_unique=True),
        lambda m: m.intersect1d([np.nan, 1], [np.nan, 1]),
        lambda m: m.union1d([np.nan, 1], [np.nan]),
        lambda m: m.setdiff1d([np.nan, 1], [np.nan]),
        lambda m: m.setxor1d([np.nan, 1], [np.nan]),
        lambda m: m.unique(),
        lambda m: m.unique([1], bad=1),
    ],
)
def test_like_numpy(run: object) -> None:
    """Values and types, or the error's class."""
    check(run)
