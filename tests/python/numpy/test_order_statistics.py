"""Medians and quantiles against NumPy: methods, axes, types, NaN, weights, errors; eager and compiled."""

from __future__ import annotations

import warnings

import pytest
import tnp

import numpy as np

from .oracle import check, same, sample

METHODS = [
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
]
AXES = [(None, False), (0, False), (1, True), (-1, False), ((0, 2), True), ((2, 1), False), (None, True)]
NAMES = ["median", "nanmedian"]
TOLERANCE = {"float16": 2e-3, "float32": 1e-6}


def with_nan(x: np.ndarray) -> np.ndarray:
    """NaN in some places, and all over one row."""
    if x.dtype.kind in "fc":
        x = x.copy()
        x.reshape(-1)[[1, 7]] = np.nan
        x[0, 0] = np.nan
    return x


@pytest.mark.parametrize("dtype", ["bool", "int32", "uint8", "float16", "float32", "float64", "complex128"])
@pytest.mark.parametrize("name", NAMES)
def test_medians(name: str, dtype: str) -> None:
    """Axes, odd and even numbers, NaN."""
    for shape in [(3, 4, 5), (2, 3, 4)]:
        for x in (sample(shape, dtype), with_nan(sample(shape, dtype))):
            for axis, keepdims in AXES:
                rtol = TOLERANCE.get(dtype, 1e-14)
                check(lambda m, x=x, a=axis, k=keepdims: getattr(m, name)(m.asarray(x), axis=a, keepdims=k), rtol)
            f = tnp.function(lambda v: getattr(tnp, name)(v, axis=1))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                same(f(tnp.asarray(x)), getattr(np, name)(x, axis=1), TOLERANCE.get(dtype, 1e-14))


@pytest.mark.parametrize("method", METHODS)
def test_methods(method: str) -> None:
    """Every definition, at and between elements, for short and longer rows."""
    q = np.linspace(0, 1, 23)
    for n in (1, 2, 3, 4, 7, 10, 23):
        for dtype in ("int64", "float64", "float32"):
            x = sample((n, 2), dtype, n)
            for axis in (0, 1, None):
                check(lambda m, x=x, a=axis: m.quantile(m.asarray(x), q, axis=a, method=method), 1e-14)
            check(lambda m, x=x: m.percentile(m.asarray(x), 30, axis=0, method=method, keepdims=True), 1e-6)
            y = x.astype("float64")
            y[0, 0] = np.nan
            check(lambda m, y=y: m.nanquantile(m.asarray(y), q, axis=0, method=method), 1e-14)
            check(lambda m, y=y: m.quantile(m.asarray(y), q, axis=0, method=method), 1e-14)
        f = tnp.function(lambda v: tnp.quantile(v, tnp.asarray(q), axis=0, method=method))
        x = sample((n, 2), "float64", n)
        same(f(tnp.asarray(x)), np.quantile(x, q, axis=0, method=method), 1e-14)


@pytest.mark.parametrize("name", ["quantile", "percentile", "nanquantile", "nanpercentile"])
def test_axes(name: str) -> None:
    """Tuples of axes, shapes of q, keepdims."""
    # Where it passes over NaN, NumPy takes the type of the first row's result for all.
    for dtype in ("int16", "float64") if "nan" in name else ("int16", "float32", "float64"):
        for x in (sample((3, 4, 5), dtype), with_nan(sample((3, 4, 5), dtype))):
            # NumPy puts the second axis of q behind the others where it passes over NaN.
            for q in (0.5, 1, [0.25, 1], [], *([[[0.1, 0.2, 0.3]]] if "nan" not in name else [])):
                for axis, keepdims in AXES:
                    rtol = 1e-6 if dtype == "float32" else 1e-14
                    check(
                        lambda m, x=x, q=q, a=axis, k=keepdims: getattr(m, name)(m.asarray(x), q, axis=a, keepdims=k),
                        rtol,
                    )


def test_types() -> None:
    """Of plain and other q."""
    for dtype in ("float16", "float32", "int8", "float64"):
        x = sample((7,), dtype)
        for q in (0.3, 0, 1, True):
            check(lambda m, x=x, q=q: m.quantile(m.asarray(x), q), 1e-3)
        for q in ([0.3], [0, 1]):
            check(lambda m, x=x, q=q: m.quantile(m.asarray(x), q), 1e-3)
        for q in (np.float32(0.3), np.array(0.3), np.array([0.3], "float32")):
            check(lambda m, x=x, q=q: m.quantile(m.asarray(x), m.asarray(q)), 1e-3)


def test_weights() -> None:
    """The inverted distribution of weights."""
    x, w = sample((4, 6), "float64"), np.abs(sample((4, 6), "float64", 3))
    q = [0.0, 0.1, 0.5, 0.77, 1.0]
    options = {"method": "inverted_cdf"}
    for axis in (0, 1, None, (0, 1)):
        check(lambda m, a=axis: m.quantile(m.asarray(x), q, axis=a, weights=m.asarray(w) + 0.1, **options))
        check(lambda m, a=axis: m.percentile(m.asarray(x), 30.0, axis=a, weights=m.asarray(w) + 0.1, **options))
    check(lambda m: m.quantile(m.asarray(x), q, axis=1, weights=m.asarray([1, 0, 2, 3, 0, 1]), **options))
    y = x.copy()
    y[0, 1] = np.nan
    check(lambda m: m.quantile(m.asarray(y), q, axis=1, weights=m.asarray(w) + 0.1, **options))
    check(lambda m: m.nanquantile(m.asarray(y), q, axis=1, weights=m.asarray(w) + 0.1, **options))


@pytest.mark.parametrize("n", [1000, 65537, 300_001])
def test_large(n: int) -> None:
    """Long rows, which are selected from and not sorted."""
    x = np.random.default_rng(0).standard_normal(n)
    check(lambda m: m.median(m.asarray(x)), 0)
    check(lambda m: m.percentile(m.asarray(x), [0, 1, 50, 99.9, 100]), 1e-15)
    x[5] = np.nan
    check(lambda m: m.median(m.asarray(x)), 0)
    check(lambda m: m.nanmedian(m.asarray(x)), 0)


@pytest.mark.parametrize(
    "run",
    [
        lambda m: m.median(m.asarray([])),
        lambda m: m.median(m.zeros((0, 3)), axis=0),
        lambda m: m.median(m.zeros((0, 3)), axis=1),
        lambda m: m.median(3),
        lambda m: m.median([1, 2], axis=1),
        lambda m: m.median([1, 2], axis=(0, 0)),
        lambda m: m.median([np.inf, np.inf]),
        lambda m: m.median([1e308, 1.7e308, 1.7e308]),
        lambda m: m.nanmedian([np.nan]),
        lambda m: m.nanmedian([]),
        lambda m: m.nanmedian(m.zeros((0, 3)), axis=0),
        lambda m: m.percentile([], 50),
        lambda m: m.percentile([True, False], 50),
        lambda m: m.percentile([True, False, True], 50, method="lower"),
        lambda m: m.percentile([1, 2, 3], 50, method="foo"),
        lambda m: m.percentile([1, 2, 3], 101),
        lambda m: m.quantile([1, 2], 1.5),
        lambda m: m.quantile([1, 2], -0.1),
        lambda m: m.quantile([1, 2], np.nan),
        lambda m: m.quantile([1, 2], [[[0.5]]]),
        lambda m: m.quantile(m.asarray([1 + 1j]), 0.5),
        lambda m: m.quantile([1.0, np.inf, np.inf], [0.5, 0.9]),
        lambda m: m.quantile([1, 2, 3], 0.5, weights=[1, 2, 1]),
        lambda m: m.quantile([1, 2, 3], 0.5, weights=[1, -2, 1], method="inverted_cdf"),
        lambda m: m.quantile([1, 2, 3], 0.5, weights=[0, 0, 0], method="inverted_cdf"),
        lambda m: m.quantile([1, 2, 3], 0.5, weights=[0, 1], method="inverted_cdf"),
        lambda m: m.nanpercentile([], 50),
        lambda m: m.nanquantile([np.nan, np.nan], [0.5, 0.1]),
        lambda m: m.median([1, 2], out=m.asarray(1.0)) if m is tnp else np.add("a", 1),
    ],
)
def test_like_numpy(run: object) -> None:
    """Values and types, or the error's class."""
    check(run, 1e-15)


def test_gradients() -> None:
    """To the elements in the middle; those that are equal share."""
    for values, want in [
        ([3.0, 1, 2], [0, 0, 1.0]),
        ([4.0, 1, 2, 3], [0, 0, 0.5, 0.5]),
        ([2.0, 5, 2, 2], [1 / 3, 0, 1 / 3, 1 / 3]),
    ]:
        x = tnp.asarray(values)
        for f in (tnp.median, tnp.function(tnp.median)):
            with tnp.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            np.testing.assert_allclose(tape.gradient(y, x), want)
    x = tnp.asarray([1.0, 2.0, 4.0])
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = tnp.quantile(x, 0.75)
    np.testing.assert_allclose(tape.gradient(y, x), [0, 0.5, 0.5])


def test_vmap() -> None:
    """Rows of a batch, on their own."""
    x = sample((5, 9), "float64")
    np.testing.assert_array_equal(tnp.vmap(tnp.median)(tnp.asarray(x)), np.median(x, 1))
    np.testing.assert_allclose(tnp.vmap(lambda v: tnp.percentile(v, 30))(tnp.asarray(x)), np.percentile(x, 30, axis=1))
