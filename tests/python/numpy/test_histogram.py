"""Histograms, counts, interpolation, covariance and trimming against NumPy, eager and compiled."""

from __future__ import annotations

import pytest
import tnp

import numpy as np

from .oracle import check, same, sample

ESTIMATORS = ["auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt"]


def data(n: int, dtype: str = "float64", seed: int = 0) -> np.ndarray:
    """Bell-shaped numbers."""
    x = np.random.default_rng(seed).standard_normal(n) * 10
    return (np.abs(x) if dtype.startswith("u") else x).astype(dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8", "uint8", "float16"])
def test_histogram(dtype: str) -> None:
    """Numbers of bins, edges, ranges, densities, weights."""
    rtol = {"float32": 1e-6, "float16": 1e-3}.get(dtype, 1e-14)
    for n in (1, 2, 50, 1000):
        x = data(n, dtype)
        w = np.random.default_rng(1).integers(0, 9, n)
        for options in (
            {},
            {"bins": 1},
            {"bins": 37},
            {"bins": [-20, -3, 0, 1, 10]},
            {"bins": [0.0]},
            {"bins": [1, 1, 2, 2]},
            {"bins": 5, "range": (-3, 4.5)},
            {"bins": 4, "range": (2, 2)},
            {"bins": [-20, 0, 40], "density": True},
            {"bins": 3, "density": True},
        ):
            if dtype == "float16" and "bins" not in options:
                continue
            check(lambda m, x=x, o=options: m.histogram(m.asarray(x), **o), rtol)
            check(
                lambda m, x=x, o=options: m.histogram_bin_edges(
                    m.asarray(x), **{k: v for k, v in o.items() if k != "density"}
                ),
                rtol,
            )
            for weights in (w, w * 0.25, w.astype("float32")):
                check(lambda m, x=x, o=options, v=weights: m.histogram(m.asarray(x), weights=m.asarray(v), **o), rtol)
            if n > 2 and dtype in ("float64", "int64"):
                f = tnp.function(lambda v, o=options: tnp.histogram(v, **o))
                same(f(tnp.asarray(x)), np.histogram(x, **options), 1e-14)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_estimators(estimator: str) -> None:
    """The width of bins from the data."""
    for n in (0, 1, 2, 3, 200, 1001):
        for dtype in ("float64", "int64"):
            x = data(n, dtype)
            check(lambda m, x=x: m.histogram_bin_edges(m.asarray(x), estimator), 1e-13)
            check(lambda m, x=x: m.histogram(m.asarray(x), estimator, range=(-5, 7)), 1e-13)
    check(lambda m: m.histogram([3, 3, 3], estimator))
    if estimator != "stone":
        x = data(300)
        same(tnp.function(lambda v: tnp.histogram(v, estimator))(tnp.asarray(x)), np.histogram(x, estimator), 1e-13)


def test_large() -> None:
    """Counted by several threads; what lies on edges."""
    x = np.random.default_rng(0).integers(0, 1000, 300_000) / 10
    for bins in (10, 100, 1000, np.arange(0, 101, 10)):
        check(lambda m, b=bins: m.histogram(m.asarray(x), b))
    y = np.where(x == 5, np.nan, x)
    check(lambda m: m.histogram(m.asarray(y), 100, range=(0, 99.9)))
    check(lambda m: m.histogram(m.asarray(y), np.arange(0, 100, 7.5)))


def test_several_dimensions() -> None:
    """Grids of cells."""
    p = np.stack([data(200), data(200, seed=1), data(200, seed=2)], 1)
    w = np.abs(data(200, seed=3))
    for options in ({}, {"bins": 4}, {"bins": (2, 3, 4)}, {"bins": [[-20, 0, 20], 5, [-1, 1]]}, {"density": True}):
        check(lambda m, o=options: m.histogramdd(m.asarray(p), **o), 1e-13)
        check(lambda m, o=options: m.histogramdd(m.asarray(p), weights=m.asarray(w), **o), 1e-12)
    check(lambda m: m.histogramdd(m.asarray(p), 3, range=[(-5, 5), (-4, 4), (0, 9)]), 1e-13)
    check(lambda m: m.histogram2d(m.asarray(p[:, 0]), m.asarray(p[:, 1])), 1e-13)
    check(lambda m: m.histogram2d(m.asarray(p[:, 0]), m.asarray(p[:, 1]), [3, 5], density=True), 1e-13)
    check(lambda m: m.histogram2d(m.asarray(p[:, 0]), m.asarray(p[:, 1]), [-10, 0, 4, 10]), 1e-13)
    check(lambda m: m.histogram2d(m.asarray(p[:, 0]), m.asarray(p[:, 1]), [[-10, 0, 4], 3], [[-1, 1], [-2, 2]]), 1e-13)
    f = tnp.function(lambda v: tnp.histogram2d(v[:, 0], v[:, 1], 4))
    same(f(tnp.asarray(p)), np.histogram2d(p[:, 0], p[:, 1], 4), 1e-13)


@pytest.mark.parametrize("dtype", ["int64", "int8", "uint16", "bool"])
def test_bincount(dtype: str) -> None:
    """Counts and sums of weights; compiled, where their number is known only by running."""
    for n in (0, 1, 30, 5000):
        x = np.random.default_rng(n).integers(0, 2 if dtype == "bool" else 90, n).astype(dtype)
        w = data(n)
        for minlength in (0, 5, 200):
            check(lambda m, x=x, k=minlength: m.bincount(m.asarray(x), minlength=k))
            check(lambda m, x=x, w=w, k=minlength: m.bincount(m.asarray(x), m.asarray(w), k), 1e-10)
            f = tnp.function(lambda v, k=minlength: tnp.bincount(v, minlength=k))
            same(f(tnp.asarray(x)), np.bincount(x, minlength=minlength), 0)


def test_interp() -> None:
    """Inside, outside, on the points; NaN, infinities, periods, complex values."""
    xp, fp = np.array([1.0, 2, 2, 4, 7]), np.array([3.0, -1, 5, 5, 2])
    x = np.concatenate([np.linspace(0, 8, 41), [np.nan, np.inf, -np.inf]])
    for options in ({}, {"left": 9.0}, {"left": -1, "right": np.nan}, {"period": 5}, {"period": -2.5, "left": 1}):
        check(lambda m, o=options: m.interp(m.asarray(x), m.asarray(xp), m.asarray(fp), **o), 1e-14)
        check(lambda m, o=options: m.interp(m.asarray(x), m.asarray(xp), m.asarray(fp * (1 + 2j)), **o), 1e-14)
        f = tnp.function(lambda v, o=options: tnp.interp(v, xp, fp, **o))
        same(f(tnp.asarray(x)), np.interp(x, xp, fp, **options), 1e-14)
    for n in (1, 2, 100):
        points = np.sort(data(n))
        check(lambda m, p=points, n=n: m.interp(m.asarray(data(50, seed=4)), m.asarray(p), m.asarray(data(n))), 1e-12)
    check(lambda m: m.interp([0.0, 1, 2], [0.0, 1, 2], [np.inf, 0, np.inf]))
    check(lambda m: m.interp([0.5, 1.5], [0.0, 1, 2], [np.inf, np.inf, 0]))
    check(lambda m: m.interp(1.5, [1, 2], [1, 2]))


@pytest.mark.parametrize("n", [1, 8, 1000, 100_001])
def test_interp_bits(n: int) -> None:
    """The bits of NumPy's values, for x in order and in none, with points that coincide."""
    points = np.sort(np.r_[data(40, seed=1), 0.0, 0.0, 0.0])
    values = data(43, seed=2)
    for x in (data(n), np.sort(data(n)), np.sort(np.r_[points, points])[:n], np.append(np.sort(data(n)), np.nan)):
        same(tnp.interp(tnp.asarray(x), points, values), np.interp(x, points, values), 0)


@pytest.mark.parametrize("n", [9, 200_000])
def test_bincount_of_many(n: int) -> None:
    """Few and many counters, elements in reverse, weights in order; the largest number is refused."""
    for high in (3, 90_000):
        x = np.random.default_rng(n).integers(0, high, n)
        same(tnp.bincount(tnp.asarray(x)[::-1]), np.bincount(x), 0)
        same(tnp.bincount(tnp.asarray(x), data(n)), np.bincount(x, data(n)), 0)
    with pytest.raises(ValueError):
        tnp.bincount(tnp.asarray([2**63 - 1]))


def test_interp_gradient() -> None:
    """Slopes, and the shares of the points."""
    x, fp = tnp.asarray([0.25, 1.5]), tnp.asarray([0.0, 2.0, 10.0])
    with tnp.GradientTape() as tape:
        tape.watch([x, fp])
        y = tnp.interp(x, tnp.asarray([0.0, 1.0, 2.0]), fp)
    dx, df = tape.gradient(y, [x, fp])
    np.testing.assert_allclose(dx, [2, 8])
    np.testing.assert_allclose(df, [0.75, 0.75, 0.5])


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "complex128"])
def test_covariance(dtype: str) -> None:
    """Variables in rows and columns, weights, degrees of freedom."""
    x, y = sample((4, 6), dtype), sample((2, 6), dtype, 1)
    f, a = np.array([1, 2, 0, 3, 1, 1]), np.array([0.5, 1, 2, 0, 1, 1])
    for options in (
        {},
        {"bias": True},
        {"ddof": 0},
        {"ddof": 2},
        {"rowvar": False},
        {"fweights": f},
        {"aweights": a},
        {"fweights": f, "aweights": a},
        {"aweights": a, "ddof": 0},
        {"dtype": "complex64" if dtype == "complex128" else "float32"},
    ):
        check(
            lambda m, o=options: m.cov(m.asarray(x[:, :4] if "rowvar" in o else x), **o),
            1e-5 if "dtype" in options else 1e-12,
        )
    check(lambda m: m.cov(m.asarray(x), m.asarray(y)), 1e-12)
    check(lambda m: m.cov(m.asarray(x[0]), m.asarray(y[0])), 1e-12)
    check(lambda m: m.cov(m.asarray(x[0])), 1e-12)
    check(lambda m: m.corrcoef(m.asarray(x)), 1e-12)
    check(lambda m: m.corrcoef(m.asarray(x), m.asarray(y), rowvar=True), 1e-12)
    check(lambda m: m.corrcoef(m.asarray(x[0])), 1e-12)
    same(tnp.function(tnp.cov)(tnp.asarray(x)), np.cov(x), 1e-12)
    same(tnp.function(tnp.corrcoef)(tnp.asarray(x)), np.corrcoef(x), 1e-12)


def test_trim_zeros() -> None:
    """Of vectors and of every axis; compiled as well."""
    z = np.zeros((5, 6))
    z[1:3, 2:4] = [[1, 0], [0, 2]]
    for x in (np.array([0, 0, 1, 2, 0, 3, 0]), np.zeros(4), np.ones(3), np.zeros(0), z):
        for trim in ("fb", "f", "b", "B"):
            check(lambda m, x=x, t=trim: m.trim_zeros(m.asarray(x), t))
            same(tnp.function(lambda v, t=trim: tnp.trim_zeros(v, t))(tnp.asarray(x)), np.trim_zeros(x, trim), 0)
    for axis in (0, 1, -1, (0, 1), (1,)):
        check(lambda m, a=axis: m.trim_zeros(m.asarray(z), axis=a))


@pytest.mark.parametrize(
    "run",
    [
        lambda m: m.histogram([]),
        lambda m: m.histogram([1, 2], bins=0),
        lambda m: m.histogram([1, 2], bins=2.5),
        lambda m: m.histogram([1, 2], bins=[2, 1]),
        lambda m: m.histogram([1, 2], bins=[[1, 2]]),
        lambda m: m.histogram([1, np.nan]),
        lambda m: m.histogram([1, 2], range=(2, 1)),
        lambda m: m.histogram([1, 2], range=(0, np.inf)),
        lambda m: m.histogram([1, 2], range=(0, 1, 2)),
        lambda m: m.histogram([True, False]),
        lambda m: m.histogram([1, 2], weights=[1]),
        lambda m: m.histogram([1, 2], bins="foo"),
        lambda m: m.histogram([1, 2], bins="auto", weights=[1, 2]),
        lambda m: m.histogram([1, 1 + 1e-17], bins=10),
        lambda m: m.histogram(m.asarray([1.0, 1.0 + 1e-15]), bins=100),
        lambda m: m.histogram2d([1, 2], [1]),
        lambda m: m.histogramdd([[1, 2], [3, 4]], bins=[2]),
        lambda m: m.histogramdd([[1, 2], [3, 4]], bins=2),
        lambda m: m.histogramdd([[1, 2], [3, 4]], bins=0),
        lambda m: m.bincount([1, -1]),
        lambda m: m.bincount([[1]]),
        lambda m: m.bincount(m.asarray([1.0])),
        lambda m: m.bincount([1, 2], weights=[1]),
        lambda m: m.bincount([1], minlength=-1),
        lambda m: m.bincount([1], minlength=None),
        lambda m: m.bincount([1, 1], weights=[1, 2j]),
        lambda m: m.interp(1, [1, 2], [1]),
        lambda m: m.interp(1, [], []),
        lambda m: m.interp(m.asarray([1j]), [1, 2], [1, 2]),
        lambda m: m.interp(1, [1, 2], [1, 2], period=0),
        lambda m: m.interp(1, [[1, 2]], [1, 2]),
        lambda m: m.trim_zeros(m.asarray([0, 1]), "x"),
        lambda m: m.trim_zeros(m.asarray([0, 1]), axis=1),
        lambda m: m.cov([1.0]),
        lambda m: m.cov(3),
        lambda m: m.cov([[[1]]]),
        lambda m: m.cov(m.zeros((0, 3))),
        lambda m: m.cov([1, 2], ddof=1.5),
        lambda m: m.cov([1, 2], fweights=[1.5, 1]),
        lambda m: m.cov([1, 2], fweights=[1, -1]),
        lambda m: m.cov([1, 2], aweights=[1, -1]),
        lambda m: m.cov([1, 2], [1, 2, 3]),
    ],
)
def test_like_numpy(run: object) -> None:
    """Values and types, or the error's class."""
    check(run, 1e-15)
