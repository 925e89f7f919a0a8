"""Reductions against NumPy: types, axes, keywords, errors."""

from __future__ import annotations

import pytest
import tnp
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy as np

from .oracle import DTYPES, FLOATS, check, sample, tolerance

SUMS = ["sum", "prod", "mean", "var", "std", "nansum", "nanprod", "nanmean", "nanvar", "nanstd"]
EXTREMES = ["min", "max", "amin", "amax", "nanmin", "nanmax"]
TRUTHS = ["all", "any", "count_nonzero"]
ARGS = ["argmin", "argmax", "nanargmin", "nanargmax"]


@pytest.mark.parametrize("name", SUMS + EXTREMES + TRUTHS)
@pytest.mark.parametrize(
    "axis",
    [2, -3, (0, 0), (0, -2), 1.0, "a", (0, 5)],
)
def test_wrong_axes(name: str, axis: object) -> None:
    """The errors are NumPy's."""
    x = sample((3, 4), "float64")
    check(lambda m: getattr(m, name)(m.asarray(x), axis=axis))


@pytest.mark.parametrize("name", EXTREMES[:4] + ARGS)
def test_nothing_to_choose_from(name: str) -> None:
    """ValueError over no elements, no error where no result is asked for."""
    for shape, axis in [((0, 3), 0), ((0, 3), 1), ((0,), None), ((3, 0), 1)]:
        check(lambda m, s=shape, a=axis: getattr(m, name)(m.zeros(s), axis=a))


@pytest.mark.parametrize("name", ["sum", "mean", "max", "any", "argmax", "std", "prod"])
def test_out_is_refused(name: str) -> None:
    """Arrays do not change."""
    with pytest.raises(TypeError, match="immutable"):
        getattr(tnp, name)(tnp.ones(3), out=np.zeros(()))
    with pytest.raises(TypeError, match="immutable"):
        getattr(tnp.ones(3), name)(out=np.zeros(()))


def test_wrong_calls() -> None:
    """Missing, surplus and unknown arguments; masks without a start; two corrections."""
    for call in (
        lambda m: m.sum(),
        lambda m: m.sum(m.ones(3), 0, None, None, False, 0, True, 1),
        lambda m: m.sum(m.ones(3), axes=0),
        lambda m: m.sum(m.ones(3), 0, axis=0),
        lambda m: m.max(m.ones(3), where=[True, False, True]),
        lambda m: m.var(m.ones(3), ddof=1, correction=1),
        lambda m: m.max(m.asarray([1], dtype="int8"), initial=300),
        lambda m: m.average([1.0, 2.0], weights=[1.0, -1.0]),
        lambda m: m.average([1.0, 2.0], weights=[1.0]),
        lambda m: m.nanargmax([np.nan, np.nan]),
        lambda m: m.argmax(m.ones((2, 2)), axis=(0, 1)),
        lambda m: m.sum(m.ones(3), initial=[1, 2]),
    ):
        check(call)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SUMS + EXTREMES + TRUTHS)
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (), (2, 0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes(name: str, dtype: str, axis: object, keepdims: bool) -> None:
    """Every reduction over every kind of axis."""
    if name in ("prod", "nanprod") and dtype.startswith("complex"):
        pytest.skip("the order of products of complex numbers differs")
    x = sample((2, 3, 4), dtype)
    check(lambda m: getattr(m, name)(m.asarray(x), axis=axis, keepdims=keepdims), tolerance(dtype) * 20)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ARGS)
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_arg(name: str, dtype: str, axis: int | None, keepdims: bool) -> None:
    """The first of equal elements."""
    x = sample((3, 5, 2), dtype)
    check(lambda m: getattr(m, name)(m.asarray(x), axis=axis, keepdims=keepdims))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("result", ["bool", "int8", "int64", "float32", "float64", "complex128"])
@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var"])
def test_dtype(name: str, dtype: str, result: str) -> None:
    """Accumulated in another type."""
    if dtype.startswith("complex") and not result.startswith("complex"):
        pytest.skip("the imaginary part is lost with a warning")
    if name == "var" and result in ("bool", "int8", "int64"):
        pytest.skip("NumPy truncates between its steps")
    x = sample((3, 4), dtype)
    if result in ("bool", "int8", "int64"):
        x = np.abs(x)
    check(lambda m: getattr(m, name)(m.asarray(x), axis=0, dtype=result), tolerance(dtype) * 20)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sum", "prod", "min", "max"])
@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
def test_initial_and_where(name: str, dtype: str, axis: object) -> None:
    """A start, a mask, and both."""
    x, mask = sample((3, 4), dtype), sample((3, 4), "bool", 1)
    check(lambda m: getattr(m, name)(m.asarray(x), axis=axis, initial=1), tolerance(dtype) * 20)
    check(lambda m: getattr(m, name)(m.asarray(x), axis=axis, initial=1, where=m.asarray(mask)), tolerance(dtype) * 20)
    check(
        lambda m: getattr(m, name)(m.asarray(x), axis=axis, initial=1, where=m.asarray(mask[0])), tolerance(dtype) * 20
    )
    check(lambda m: getattr(m, name)(m.zeros((0, 2), dtype=dtype), axis=axis, initial=1))


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var", "std", "all", "any"])
def test_where(name: str) -> None:
    """A mask alone, also one that leaves nothing."""
    x, mask = sample((3, 4), "float64"), sample((3, 4), "bool", 1)
    mask[1] = False
    check(lambda m: getattr(m, name)(m.asarray(x), axis=1, where=m.asarray(mask)), 1e-12)
    check(lambda m: getattr(m, name)(m.asarray(x), where=False), 1e-12)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", SUMS + EXTREMES + ["argmin", "argmax"])
def test_nan(name: str, dtype: str) -> None:
    """One NaN at each place; a row of nothing else."""
    for at in range(12):
        x = sample((3, 4), dtype)
        x.flat[at] = np.nan
        check(lambda m, x=x: getattr(m, name)(m.asarray(x)), tolerance(dtype) * 20)
        check(lambda m, x=x: getattr(m, name)(m.asarray(x), axis=1), tolerance(dtype) * 20)
    x[0] = np.nan
    check(lambda m: getattr(m, name)(m.asarray(x), axis=1), tolerance(dtype) * 20)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ddof", [0, 1, 2.5, 12, 20])
def test_spread(dtype: str, ddof: float) -> None:
    """Degrees of freedom, a mean that is given, the standard's correction."""
    x = sample((3, 4), dtype)
    check(lambda m: m.var(m.asarray(x), ddof=ddof), tolerance(dtype) * 20)
    check(lambda m: m.std(m.asarray(x), axis=1, correction=ddof), tolerance(dtype) * 20)
    check(
        lambda m: m.var(m.asarray(x), axis=0, mean=m.mean(m.asarray(x), axis=0, keepdims=True)), tolerance(dtype) * 20
    )


def test_large_half_mean() -> None:
    """Halves are accumulated in float32."""
    check(lambda m: m.mean(m.full(1000, 60000.0, dtype="float16")))
    # NumPy's own variance overflows here.
    assert tnp.var(tnp.full(1000, 300.0, dtype="float16")) == 0


def test_methods() -> None:
    """The methods are the functions."""
    x = sample((3, 4), "int32")
    for name in ["sum", "prod", "mean", "var", "std", "min", "max", "all", "any", "argmin", "argmax"]:
        check(lambda m, n=name: getattr(m.asarray(x), n)(), 1e-12)
        check(lambda m, n=name: getattr(m.asarray(x), n)(1), 1e-12)
        check(lambda m, n=name: getattr(m.asarray(x), n)(axis=-1, keepdims=True), 1e-12)


def test_average_and_range() -> None:
    """Weights, and what they sum to."""
    x, w = sample((3, 4), "float64"), np.abs(sample((4,), "float64", 2)) + 1
    for call in (
        lambda m: m.average(m.asarray(x)),
        lambda m: m.average(m.asarray(x), axis=1, weights=m.asarray(w)),
        lambda m: m.average(m.asarray(x), axis=1, weights=m.asarray(w), returned=True),
        lambda m: m.average(m.asarray(x), axis=0, returned=True, keepdims=True),
        lambda m: m.average([1, 2, 3], weights=[3, 1, 0]),
        lambda m: m.ptp(m.asarray(x), axis=0),
        lambda m: m.ptp(m.asarray([-100, 100], dtype="int8")),
    ):
        check(call, 1e-12)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=0, max_size=4),
    st.sampled_from(["sum", "mean", "any", "count_nonzero"]),
    st.data(),
)
def test_any_shape(shape: list[int], name: str, data: st.DataObject) -> None:
    """Shapes with zeros, any set of axes, transposed and stepped arrays."""
    axes = data.draw(st.sets(st.integers(0, max(len(shape) - 1, 0)), max_size=len(shape)))
    x = sample(tuple(shape), "float64").T
    check(lambda m: getattr(m, name)(m.asarray(x), axis=tuple(axes)), 1e-12)


@pytest.mark.parametrize("f", ["max", "min", "argmax", "argmin", "nanmax", "ptp", "subtract.reduce", "fmax.reduce"])
def test_empty_axes_without_identity(f: str) -> None:
    """A reduced axis of size 0 is an error even where there is no result to compute."""

    def shape_of(m, shape, axis):
        function = m
        for part in f.split("."):
            function = getattr(function, part)
        try:
            return function(m.zeros(shape), axis=axis).shape
        except ValueError:
            return ValueError

    for shape in [(0, 0), (0, 2), (2, 0), (0, 0, 2), (2, 0, 0), (0, 2, 0)]:
        for axis in range(len(shape)):
            assert shape_of(tnp, shape, axis) == shape_of(np, shape, axis), (shape, axis)
