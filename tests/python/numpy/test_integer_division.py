"""Integers divided by one number and by arrays, where kernels multiply by an inverse or divide doubles, against NumPy."""

from __future__ import annotations

import warnings

import pytest
import tnp

import numpy as np

DTYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
OPERATIONS = ["floor_divide", "remainder", "fmod"]


def edges(dtype: str) -> np.ndarray:
    """The ends of the type, powers of two and their neighbours, small numbers: of either sign."""
    info = np.iinfo(dtype)
    bits = [1 << b for b in range(info.bits)] + [(1 << 51) - 1, 10**9 + 7, 641, 12345]
    numbers = {n + d for b in bits for d in (-1, 0, 1) for n in (b, -b)} | set(range(-12, 13)) | {info.min, info.max}
    return np.array(sorted(n for n in numbers if info.min <= n <= info.max), dtype)


def dividends(dtype: str, divisor: int) -> np.ndarray:
    """Edges, and numbers around multiples of the divisor; the count leaves a vector's tail."""
    rng = np.random.default_rng(abs(divisor) % 1000)
    info = np.iinfo(dtype)
    some = rng.integers(info.min, info.max, 150, dtype=dtype, endpoint=True)
    with np.errstate(all="ignore"):
        multiples = some - some % dtype_number(dtype, divisor or 1)
    return np.concatenate([edges(dtype), some, multiples, multiples + multiples.dtype.type(1)])


def dtype_number(dtype: str, number: int) -> np.generic:
    """The number in that type."""
    return np.array([number], dtype)[0]


def outcome(f: object, *args: object) -> tuple[np.ndarray, set[str]]:
    """The result and the warnings' texts."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        result = np.asarray(f(*args))  # type: ignore[operator]
    return result, {str(w.message).split(" encountered")[0] for w in seen}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_by_one_number(dtype: str, name: str) -> None:
    """Bits and warnings are NumPy's, for each divisor that is an edge of the type."""
    divisors = edges(dtype)
    if len(divisors) > 80:
        divisors = np.concatenate([divisors[::5], edges(dtype)[np.abs(edges(dtype).astype(float)) < 9]])
    for divisor in divisors:
        x = dividends(dtype, int(divisor))
        theirs, their_warnings = outcome(getattr(np, name), x, divisor)
        ours, our_warnings = outcome(getattr(tnp, name), tnp.asarray(x), divisor)
        np.testing.assert_array_equal(ours, theirs, err_msg=f"{name} by {divisor}")
        assert ours.dtype == theirs.dtype
        assert our_warnings == their_warnings, divisor


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_by_an_array(dtype: str, name: str) -> None:
    """Bits and warnings are NumPy's with a divisor for each element: all edges by all edges, and numbers below 2^51."""
    e = edges(dtype)
    x, y = np.repeat(e, len(e)), np.tile(e, len(e))
    small = np.abs(y.astype(float)) < 2.0**50
    for a, b in ((x, y), (x[small] >> 12, y[small]), (x[y != 0], y[y != 0])):
        theirs, their_warnings = outcome(getattr(np, name), a, b)
        ours, our_warnings = outcome(getattr(tnp, name), tnp.asarray(a), tnp.asarray(b))
        np.testing.assert_array_equal(ours, theirs)
        assert our_warnings == their_warnings


@pytest.mark.parametrize("dtype", DTYPES)
def test_compiled(dtype: str) -> None:
    """Compiled functions and divmod give the same, for numbers that are constants of the graph and for such that are not."""
    x = dividends(dtype, 7)

    def both(a: tnp.ndarray, b: tnp.ndarray) -> tuple[tnp.ndarray, ...]:
        return (*tnp.divmod(a, 7), *tnp.divmod(a, b))

    compiled = tnp.function(both)
    for divisor in (3, 64, np.iinfo(dtype).max, np.iinfo(dtype).min or 5):
        with np.errstate(all="ignore"):
            d = dtype_number(dtype, divisor)
            expected = (*np.divmod(x, dtype_number(dtype, 7)), *np.divmod(x, d))
            for result in (compiled(tnp.asarray(x), tnp.asarray(d)), both(tnp.asarray(x), tnp.asarray(d))):
                for ours, theirs in zip(result, expected, strict=True):
                    np.testing.assert_array_equal(np.asarray(ours), theirs)


def test_shapes_of_the_divisor() -> None:
    """A row or a column of divisors, a scalar beside a strided array, and one divisor of a stretched array."""
    x = np.arange(-3000, 3000).reshape(60, 100)
    for y in (np.arange(1, 101), np.arange(1, 61)[:, None], np.array([[7]]), np.array(-7)):
        np.testing.assert_array_equal(np.asarray(tnp.asarray(x) // tnp.asarray(y)), x // y)
        np.testing.assert_array_equal(np.asarray(tnp.asarray(x).T[::2] % 7), x.T[::2] % 7)
    np.testing.assert_array_equal(np.asarray(1000 // tnp.asarray(x[x != 0])), 1000 // x[x != 0])
