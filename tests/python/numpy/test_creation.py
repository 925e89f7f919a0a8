"""Creation functions against NumPy."""

from __future__ import annotations

import pytest
import tnp
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy as np

from .oracle import DTYPES, check, sample


@pytest.mark.parametrize("name", ["zeros", "ones"])
@pytest.mark.parametrize("shape", [-1, (2, -3), 1.5, "a", (1, 2.0), (2**40, 2**40), None])
def test_wrong_shapes(name: str, shape: object) -> None:
    """The errors are NumPy's."""
    check(lambda m: getattr(m, name)(shape))


def test_wrong_arguments() -> None:
    """Types, orders, values that do not fit, ragged lists."""
    for call in (
        lambda m: m.zeros(3, dtype="no"),
        lambda m: m.zeros(3, order="X"),
        lambda m: m.zeros(3, device="gpu"),
        lambda m: m.full(3, 300, dtype="int8"),
        lambda m: m.full((2, 3), [1, 2]),
        lambda m: m.array([[1], [2, 3]]),
        lambda m: m.array([300], dtype="uint8"),
        lambda m: m.array([1, 2], copy=False),
        lambda m: m.arange(),
        lambda m: m.arange(0, np.nan),
        lambda m: m.arange(1e30),
        lambda m: m.arange(3, dtype="bool"),
        lambda m: m.linspace(0, 1, -1),
        lambda m: m.linspace(0, 1, 2.5),
        lambda m: m.geomspace(0, 1),
        lambda m: m.eye(-1),
        lambda m: m.meshgrid([1], indexing="zz"),
        lambda m: m.array(1, ndmin=65),
        lambda m: m.frombuffer(b"123", dtype="int16"),
        lambda m: m.frombuffer(b"1234", dtype="int16", count=3),
        lambda m: m.fromiter([1, 2], "int8", count=3),
        lambda m: m.asarray(),
    ):
        check(call)
    for step in (0, 0.0, np.float32(0)):
        with pytest.raises(ZeroDivisionError, match="step"):
            tnp.arange(0, 1, step)


@pytest.mark.parametrize("dtype", [*DTYPES, None, float, int, bool, complex])
@pytest.mark.parametrize("shape", [(), 3, (2, 3), [0, 2], (1, 1, 1)])
def test_constants(dtype: object, shape: object) -> None:
    """zeros, ones, full and those like them."""
    check(lambda m: m.zeros(shape, dtype))
    check(lambda m: m.ones(shape, dtype=dtype))
    check(lambda m: m.full(shape, 1, dtype))
    check(lambda m: m.full(shape, True, dtype))
    x = sample((2, 2), "int16")
    check(lambda m: m.zeros_like(m.asarray(x), dtype))
    check(lambda m: m.ones_like(m.asarray(x), dtype, shape=shape))
    check(lambda m: m.full_like(m.asarray(x), 2.5, dtype))


def test_full_values() -> None:
    """Rows, and the types that values have."""
    for value in (1, 1.5, 1j, True, [1, 2, 3], np.int8(3), np.float32(2), 2**63):
        check(lambda m, v=value: m.full((2, 3), v))


RANGES = [
    (5,),
    (0,),
    (-3,),
    (2, 7),
    (7, 2),
    (2, 17, 3),
    (17, 2, -4),
    (0.0, 1.0, 0.1),
    (1, 2, 0.3),
    (5.5,),
    (-1.5, 4.5),
    (10, 0, -2.5),
    (True,),
    (np.int8(3),),
    (np.float32(3),),
    (np.uint8(1), np.uint8(200), np.uint8(50)),
    (0, 5, np.float16(1)),
    (2**62, 2**62 + 3),
    (0.5, 5, 0.7),
]


@pytest.mark.parametrize("bounds", RANGES)
@pytest.mark.parametrize("dtype", [None, "int8", "int64", "uint16", "float16", "float32", "float64", "complex64"])
def test_arange(bounds: tuple[object, ...], dtype: str | None) -> None:
    """Length, type and values."""
    if dtype in ("int8", "uint16", "float16") and any(abs(complex(b)) > 1e6 for b in bounds):
        return
    if dtype == "uint16" and any(complex(b).real < 0 for b in bounds):
        return
    check(lambda m: m.arange(*bounds, dtype=dtype))


@settings(deadline=None)
@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-7, 7).filter(bool))
def test_arange_of_integers(start: int, stop: int, step: int) -> None:
    """As Python's range."""
    assert tnp.arange(start, stop, step).tolist() == list(range(start, stop, step))


@settings(deadline=None)
@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.25, 7))
def test_arange_of_floats(start: float, stop: float, step: float) -> None:
    """NumPy's rule of lengths, and its rounding."""
    check(lambda m: m.arange(start, stop, step))


@pytest.mark.parametrize(
    "bounds", [(0, 1), (3, -2), (0.5, 0.5), (1j, 2), ([0, 1], [1, 3]), (np.float32(0), np.float32(1)), (0, 1e-320)]
)
@pytest.mark.parametrize(
    "keywords", [{}, {"num": 0}, {"num": 1}, {"num": 7}, {"endpoint": False}, {"dtype": int}, {"dtype": "float32"}]
)
def test_linspace(bounds: tuple[object, object], keywords: dict[str, object]) -> None:
    """Ends, steps, types."""
    if keywords.get("dtype") and bounds[0] == 1j:
        return
    check(lambda m: m.linspace(*bounds, **keywords), 1e-15)
    check(lambda m: m.linspace(*bounds, retstep=True, **keywords), 1e-15)


def test_spaced_along_axes() -> None:
    """A new axis elsewhere; powers."""
    check(lambda m: m.linspace([0, 1], [1, 3], 4, axis=1), 1e-15)
    check(lambda m: m.linspace([0, 1], [1, 3], 4, axis=-1), 1e-15)
    check(lambda m: m.logspace(0, 2, 5), 1e-14)
    check(lambda m: m.logspace(0, 2, 5, base=2, dtype=int), 1e-14)
    check(lambda m: m.geomspace(1, 1000, 4), 1e-14)
    check(lambda m: m.geomspace(-1, -1000, 4), 1e-14)
    check(lambda m: m.geomspace(1, 256, 9, dtype=int), 1e-14)


@pytest.mark.parametrize("k", [-4, -1, 0, 2, 5])
def test_matrices(k: int) -> None:
    """Diagonals."""
    x = sample((2, 3, 4), "int32")
    for call in (
        lambda m: m.eye(3, k=k),
        lambda m: m.eye(3, 5, k, dtype="int8"),
        lambda m: m.tri(3, 4, k),
        lambda m: m.tril(m.asarray(x), k),
        lambda m: m.triu(m.asarray(x), k),
        lambda m: m.triu(m.asarray(x[0, 0]), k),
        lambda m: m.identity(3),
        lambda m: m.eye(0),
        lambda m: m.tril(m.full((3, 3), np.nan), k),
    ):
        check(call)


def test_grids() -> None:
    """Coordinates."""
    for call in (
        lambda m: m.meshgrid([1, 2, 3], [4.0, 5.0]),
        lambda m: m.meshgrid([1, 2, 3], [4.0, 5.0], indexing="ij"),
        lambda m: m.meshgrid([1, 2, 3], [4.0, 5.0], [1], sparse=True),
        lambda m: m.meshgrid([1, 2]),
        lambda m: m.meshgrid(),
        lambda m: m.indices((2, 3)),
        lambda m: m.indices((2, 3), dtype="float32", sparse=True),
    ):
        check(call)


def test_array_of_things() -> None:
    """Numbers, lists, NumPy's arrays and scalars, buffers, iterators."""
    for call in (
        lambda m: m.array([[1, 2], [3, 4]]),
        lambda m: m.array([1, 2.5, True]),
        lambda m: m.array([]),
        lambda m: m.array([1, 2], dtype="float32", ndmin=3),
        lambda m: m.array(np.arange(6).reshape(2, 3).T),
        lambda m: m.array([np.float32(1), np.float32(2)]),
        lambda m: m.array(5),
        lambda m: m.array([1.7, -1.7], dtype=int),
        lambda m: m.array(range(3)),
        lambda m: m.array([[], []]),
        lambda m: m.frombuffer(b"\x01\x02\x03\x04", dtype="int16", offset=2),
        lambda m: m.fromiter((i * i for i in range(4)), "float64"),
        lambda m: m.fromiter(iter(range(10)), "int8", count=4),
        lambda m: m.ascontiguousarray(3),
    ):
        check(call)


def test_default_float() -> None:
    """Arrays that nobody gave a type."""
    assert tnp.zeros(2).dtype == "float64"
    assert tnp.linspace(0, 1, 3).dtype == "float64"


@pytest.mark.parametrize("dtype", [None, "float32", "float16", "int32"])
@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_arange_of_numpys_scalars(kind: str, dtype: str | None) -> None:
    """The second element and the length are computed in the bounds' types."""
    f = np.dtype(kind).type
    for bounds in (
        (f(0), 1, 0.1), (0, f(1), 0.1), (0, 1, f(0.1)), (f(0.5), f(7), f(0.3)), (f(3),), (f(2), 8), (f(1), f(1)),
        (f(3), f(1), f(-0.7)), (f(0), 1, 2),
    ):  # fmt: skip
        check(lambda m, b=bounds: m.arange(*b, dtype=dtype))
        check(lambda m, b=bounds: m.arange(*(m.asarray(v) for v in b), dtype=dtype))
