"""Compositions that have kernels of their own, against NumPy, in all lengths of a vector's tail and all layouts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tnp

import numpy as np

RNG = np.random.default_rng(11)
SIZES = [0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 1001, 70_000]
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e-45, -1e-310, 1e300]


def same(theirs: np.ndarray, ours: object) -> None:
    got = np.asarray(ours)
    assert got.dtype == theirs.dtype
    np.testing.assert_array_equal(got, theirs)
    if theirs.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(got), np.signbit(theirs))


def numbers(n: int, dtype: str) -> np.ndarray:
    x = RNG.standard_normal(n) * 10.0 ** RNG.integers(-40, 38, n)
    x[: len(SPECIAL)] = SPECIAL[:n]
    return x.astype(dtype)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
@pytest.mark.parametrize("n", SIZES)
def test_parts_of_numbers(n: int, dtype: str) -> None:
    with np.errstate(all="ignore"), tnp.errstate(all="ignore"):
        x = numbers(n, dtype)
        for want, got in zip(np.frexp(x), tnp.frexp(tnp.asarray(x)), strict=True):
            same(want, got)
        if dtype != "f2":
            for decimals in (1, 2, -1, -3, 10, 400, -400):
                same(np.round(x, decimals), tnp.round(tnp.asarray(x), decimals))
            z = x + 1j * np.where(RNG.random(n) > 0.5, x, 0).astype(dtype)
            same(np.iscomplex(z), tnp.iscomplex(tnp.asarray(z)))
            same(np.isreal(z), tnp.isreal(tnp.asarray(z)))


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize("n", SIZES)
def test_bits(n: int, order: str) -> None:
    u = RNG.integers(0, 256, n).astype("u1")
    for flags in (u > 100, u % 3):
        same(np.packbits(flags, bitorder=order), tnp.packbits(tnp.asarray(flags), bitorder=order))
    same(np.unpackbits(u, bitorder=order), tnp.unpackbits(tnp.asarray(u), bitorder=order))


@pytest.mark.parametrize("n", [1, 2, 3, 10, 11, 1000, 1001])
def test_frequencies(n: int) -> None:
    for d in (1.0, 0.37):
        same(np.fft.fftfreq(n, d), tnp.fft.fftfreq(n, d))
        same(np.fft.fftfreq(n, d), tnp.function(lambda d=d: tnp.fft.fftfreq(n, d))())


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "u8", "i4", "u4", "i2", "?", "c16"])
@pytest.mark.parametrize("n", SIZES)
def test_counts(n: int, dtype: str) -> None:
    x = (RNG.standard_normal(n) * 100 * (RNG.random(n) > 0.3)).astype("i4").astype(dtype)
    if dtype == "f8" and n > 8:
        x[:5] = SPECIAL[:5]
    assert int(tnp.count_nonzero(tnp.asarray(x))) == np.count_nonzero(x)


PLACES = [np.arange(0, 9000, 100), np.array([0, 5, 5, 3, 100, 200, 300, 400, 8999]), np.arange(8999, 0, -3)]


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i2"])
@pytest.mark.parametrize("places", PLACES, ids=["alike", "mixed", "single"])
def test_parts_of_one_length(places: np.ndarray, dtype: str) -> None:
    x = (RNG.standard_normal(9000) * 100).astype(dtype)
    for name in ("add", "maximum"):
        got = np.asarray(getattr(tnp, name).reduceat(tnp.asarray(x), places))
        np.testing.assert_allclose(got, getattr(np, name).reduceat(x, places), rtol=1e-5, atol=1e-2)
        alone = [np.asarray(getattr(tnp, name).reduceat(tnp.asarray(x), places[i : i + 2]))[0] for i in range(5)]
        np.testing.assert_array_equal(got[:5], alone)  # as each for itself


@pytest.mark.parametrize("dtype", ["f8", "f4", "i4", "c16", "?"])
@pytest.mark.parametrize("shape", [(1000,), (300_000,), (7, 9), (600, 500)])
def test_areas(shape: tuple[int, ...], dtype: str) -> None:
    y, x = (RNG.standard_normal(shape) * 10).astype(dtype), np.sort(RNG.standard_normal(shape[-1]))
    for f in (
        lambda m, y, x: m.trapezoid(y),
        lambda m, y, x: m.trapezoid(y, x),
        lambda m, y, x: m.trapezoid(y, dx=0.3),
        lambda m, y, x: m.trapezoid(y, axis=0),
    ):
        want, got = f(np, y, x), np.asarray(f(tnp, tnp.asarray(y), tnp.asarray(x)))
        assert got.dtype == want.dtype
        np.testing.assert_allclose(
            got, want, rtol=1e-4 if dtype == "f4" else 1e-9, atol=1e-3 if dtype == "f4" else 1e-9
        )


M = RNG.standard_normal((33, 57)) * 100
LAYOUTS: dict[str, Callable] = {
    "round": lambda m, x: m.round(x.T, 2),
    "mantissa": lambda m, x: m.frexp(x.T)[0],
    "exponent": lambda m, x: m.frexp(x[:, ::2])[1],
    "imaginary": lambda m, x: m.iscomplex(x.T + 1j),
    "columns of bits": lambda m, x: m.packbits(x > 0, axis=0),
    "rows of bits": lambda m, x: m.packbits(x.T > 0, axis=1, bitorder="little"),
    "bytes": lambda m, x: m.unpackbits((x > 0).astype("u1"), axis=0, count=-3),
}


@pytest.mark.parametrize("f", LAYOUTS)
def test_layouts(f: str) -> None:
    g = LAYOUTS[f]
    same(g(np, M), g(tnp, tnp.asarray(M)))
    same(g(np, M), tnp.function(lambda x: g(tnp, x))(tnp.asarray(M)))


def test_exceptions_are_told() -> None:
    with pytest.warns(RuntimeWarning, match="overflow"):
        tnp.round(tnp.asarray([1e300]), 10)
    x = tnp.asarray([0.123, 4.567])
    np.testing.assert_array_equal(np.asarray(tnp.grad(lambda x: tnp.frexp(x)[0].sum())(x)), [8.0, 0.125])
