"""Choosing, rounding, comparing, products and differences against NumPy."""

from __future__ import annotations

import pytest
import tnp

import numpy as np

from .oracle import DTYPES, check, sample, tolerance

SPECIAL = np.array([0.0, -0.0, 1.5, 2.5, -2.5, np.nan, np.inf, -np.inf, 1e-300, 1e300])
ERRORS = [
    lambda m: m.clip(m.ones(3), 1, 2, min=0),
    lambda m: m.clip(m.asarray([1], dtype="int8"), 300, None),
    lambda m: m.where([True], 1),
    lambda m: m.where([True, False], [1, 2, 3], 0),
    lambda m: m.dot(m.ones(3), m.ones(4)),
    lambda m: m.dot(m.ones((2, 3)), m.ones((2, 3))),
    lambda m: m.inner(m.ones((2, 3)), m.ones((3, 2))),
    lambda m: m.vdot(m.ones(3), m.ones(4)),
    lambda m: m.tensordot(m.ones((2, 3)), m.ones((4, 3))),
    lambda m: m.tensordot(m.ones((2, 3)), m.ones((4, 3)), axes=([0], [5])),
    lambda m: m.matmul(m.ones(3), 2),
    lambda m: m.diff(3),
    lambda m: m.diff(m.ones(3), n=-1),
    lambda m: m.diff(m.ones(3), axis=1),
    lambda m: m.isposinf(m.asarray([1j])),
    lambda m: m.round(m.ones(2), "a"),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_errors(case: int) -> None:
    """The errors are NumPy's."""
    check(ERRORS[case])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "bounds", [(1, 2), (None, 1), (-1, None), (None, None), (2, 1), (0.5, 2), (-300, 300), (0, 2**70)]
)
def test_clip(dtype: str, bounds: tuple[object, object]) -> None:
    """Weak bounds, absent ones, crossed ones."""
    if bounds[1] == 2**70:
        bounds = (0, 2**63)
    x = sample((3, 4), dtype)
    check(lambda m: m.clip(m.asarray(x), *bounds))
    check(lambda m: m.asarray(x).clip(*bounds))
    check(lambda m: m.clip(m.asarray(x), min=bounds[0], max=bounds[1]))


def test_clip_by_arrays() -> None:
    """Bounds are broadcast; NaN wins."""
    x = sample((3, 4), "float32")
    check(lambda m: m.clip(m.asarray(x), m.asarray(x[0]), m.asarray([[1.0], [2.0], [np.nan]])))
    check(lambda m: m.clip(m.asarray(SPECIAL), -1, 1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_where(dtype: str) -> None:
    """The condition takes no part in the type; Python numbers are weak."""
    x, y, c = sample((3, 4), dtype), sample((4,), dtype, 1), sample((3, 1), "bool", 2)
    check(lambda m: m.where(m.asarray(c), m.asarray(x), m.asarray(y)))
    check(lambda m: m.where(m.asarray(c), m.asarray(x), 1))
    check(lambda m: m.where(m.asarray(c), 1.5, m.asarray(x)))
    check(lambda m: m.where(m.asarray(x), 1, 0))
    check(lambda m: m.where(m.asarray(x), m.asarray(x[0], dtype="int8"), 0))
    check(lambda m: m.where(m.asarray(c), 1, 2.5))
    check(lambda m: m.where(m.asarray(x)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("decimals", [0, 1, 2, -1, -2])
def test_round(dtype: str, decimals: int) -> None:
    """Halves to even; tens."""
    x = sample((30,), dtype) * (11 if decimals < 0 else 1)
    check(lambda m: m.round(m.asarray(x), decimals), tolerance(dtype))
    check(lambda m: m.asarray(x).round(decimals), tolerance(dtype))
    check(lambda m: m.around(m.asarray(SPECIAL), decimals))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name",
    [
        "real",
        "imag",
        "angle",
        "isreal",
        "iscomplex",
        "isrealobj",
        "iscomplexobj",
        "nan_to_num",
        "sinc",
        "fix",
        "shape",
        "ndim",
        "size",
    ],
)
def test_parts_and_kinds(name: str, dtype: str) -> None:
    """Functions of one array."""
    x = sample((3, 4), dtype)
    if name == "fix" and dtype.startswith("complex"):
        return
    check(
        lambda m: getattr(m, name)(m.asarray(x)),
        max(tolerance(dtype), 4e-3 if dtype.endswith("int8") or dtype == "bool" else 0),
    )


def test_special_values() -> None:
    """NaN and infinities."""
    z = SPECIAL + 1j * SPECIAL[::-1]
    for call in (
        lambda m: m.nan_to_num(m.asarray(SPECIAL)),
        lambda m: m.nan_to_num(m.asarray(SPECIAL.astype("float32"))),
        lambda m: m.nan_to_num(m.asarray(SPECIAL), nan=1, posinf=2, neginf=3),
        lambda m: m.nan_to_num(m.asarray(z)),
        lambda m: m.isposinf(m.asarray(SPECIAL)),
        lambda m: m.isneginf(m.asarray(SPECIAL)),
        lambda m: m.angle(m.asarray([1, -1, 1j]), deg=True),
        lambda m: m.fix(m.asarray(SPECIAL)),
    ):
        check(call, 1e-15)


def test_comparisons() -> None:
    """Tolerances, NaN, shapes; Python's booleans."""
    x = np.array([1.0, 1.0 + 1e-9, np.nan, np.inf, -np.inf, 1e-9])
    y = np.array([1.0, 1.0, np.nan, np.inf, np.inf, 0.0])
    for call in (
        lambda m: m.isclose(m.asarray(x), m.asarray(y)),
        lambda m: m.isclose(m.asarray(x), m.asarray(y), equal_nan=True),
        lambda m: m.isclose(m.asarray(x), m.asarray(y), rtol=0, atol=0),
        lambda m: m.isclose(m.asarray([1, 2]), 1),
        lambda m: m.isclose(m.asarray([1, 2]), m.asarray([1, 3], dtype="int8"), atol=m.asarray([1.0, 1.0])),
        lambda m: m.allclose(m.asarray(x[:2]), m.asarray(y[:2])),
        lambda m: m.allclose(m.asarray(x), m.asarray(y)),
        lambda m: m.array_equal(m.asarray(x), m.asarray(x)),
        lambda m: m.array_equal(m.asarray(x), m.asarray(x), equal_nan=True),
        lambda m: m.array_equal([1, 2], [1, 2, 3]),
        lambda m: m.array_equiv([1, 1], [[1, 1], [1, 1]]),
        lambda m: m.array_equiv([1, 1], [1, 1, 1]),
    ):
        check(call)


@pytest.mark.parametrize("dtype", DTYPES)
def test_products(dtype: str) -> None:
    """Vectors, matrices, stacks."""
    a, b, v, t = sample((3, 4), dtype), sample((4, 5), dtype, 1), sample((4,), dtype, 2), sample((2, 4, 3), dtype, 3)
    for call in (
        lambda m: m.dot(m.asarray(a), m.asarray(b)),
        lambda m: m.dot(m.asarray(a), m.asarray(v)),
        lambda m: m.dot(m.asarray(v), m.asarray(v)),
        lambda m: m.dot(m.asarray(a), 2),
        lambda m: m.dot(m.asarray(a), m.asarray(t)),
        lambda m: m.asarray(a).dot(m.asarray(b)),
        lambda m: m.matmul(m.asarray(a), m.asarray(t)),
        lambda m: m.inner(m.asarray(a), m.asarray(v)),
        lambda m: m.inner(m.asarray(a), m.asarray(a)),
        lambda m: m.outer(m.asarray(v), m.asarray(a)),
        lambda m: m.vdot(m.asarray(a), m.asarray(a)),
        lambda m: m.vecdot(m.asarray(a), m.asarray(v)),
        lambda m: m.vecdot(m.asarray(a), m.asarray(a), axis=0),
        lambda m: m.matvec(m.asarray(a), m.asarray(v)),
        lambda m: m.vecmat(m.asarray(v), m.asarray(b)),
        lambda m: m.tensordot(m.asarray(a), m.asarray(b), 1),
        lambda m: m.tensordot(m.asarray(a), m.asarray(t), ([0, 1], [2, 1])),
        lambda m: m.tensordot(m.asarray(v), m.asarray(v), 0),
        lambda m: m.kron(m.asarray(a), m.asarray(v)),
        lambda m: m.dot(m.zeros((3, 0), dtype=dtype), m.zeros((0, 2), dtype=dtype)),
    ):
        check(call, tolerance(dtype) * 20)


@pytest.mark.parametrize("dtype", DTYPES)
def test_differences(dtype: str) -> None:
    """Orders, axes, edges."""
    x = sample((3, 5), dtype)
    for call in (
        lambda m: m.diff(m.asarray(x)),
        lambda m: m.diff(m.asarray(x), n=2, axis=0),
        lambda m: m.diff(m.asarray(x), n=0),
        lambda m: m.diff(m.asarray(x), n=7),
        lambda m: m.diff(m.asarray(x), prepend=0, append=m.asarray(x[:, :2])),
        lambda m: m.diff(m.zeros((0, 2), dtype=dtype), axis=0),
        lambda m: m.trapezoid(m.asarray(x)),
        lambda m: m.trapezoid(m.asarray(x), dx=0.5, axis=0),
        lambda m: m.trapezoid(m.asarray(x), m.asarray([0.0, 1.0, 3.0, 4.0, 6.0])),
    ):
        if dtype == "bool" and "trapezoid" in call.__code__.co_names:
            continue
        check(call, tolerance(dtype) * 20)
    if dtype != "bool":
        check(lambda m: m.ediff1d(m.asarray(x), to_end=m.asarray(x[0]), to_begin=m.asarray(x[1])))


def test_weak_results_stay() -> None:
    """A Python float does not widen a narrow array."""
    assert tnp.nan_to_num(tnp.ones(2, "float32"), nan=1.5).dtype == "float32"
