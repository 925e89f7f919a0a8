"""Functions that take another way for large arrays than for small ones, or than for traced ones."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
import tnp

import numpy as np

RNG = np.random.default_rng(5)
A = RNG.standard_normal(70_001)
K = RNG.integers(-50, 200, 70_001)
M = RNG.standard_normal((260, 270))
Z = A[:70_000:2] + 1j * A[1:70_000:2]
STARTS = np.sort(RNG.integers(0, A.size, 900))

EXACT: dict[str, Callable[[ModuleType], object]] = {
    "arange of integers": lambda m: m.arange(-5, 300_000, 7),
    "arange of bytes": lambda m: m.arange(0, 100, 1, dtype="int8"),
    "arange of floats": lambda m: m.arange(0.25, 9000, 0.125),
    "arange of float32": lambda m: m.arange(40_000, dtype="float32"),
    "linspace": lambda m: m.linspace(-1, 3, 50_000),
    "linspace without the end": lambda m: m.linspace(2, -1, 50_001, endpoint=False),
    "linspace of integers": lambda m: m.linspace(0, 1000, 5001, dtype="int64"),
    "eye": lambda m: [m.eye(300, 301, k) for k in (-300, -299, -1, 0, 2, 300, 301)],
    "diag": lambda m: [m.diag(m.asarray(A[:300]), k) for k in (-3, 0, 5)],
    "triangles": lambda m: [f(n, k, w) for f in (m.tril_indices, m.triu_indices) for n, k, w in TRIANGLES],
    "resize": lambda m: [m.resize(m.asarray(A[:1000]), s) for s in ((3, 700), (9001,), 10, (2, 2000))],
    "tiny resize": lambda m: m.resize(m.asarray([1.5, 2.5]), 30_001),
    "block": lambda m: m.block([[m.asarray(M), m.asarray(M[:, :3])], [m.asarray(M[:7] > 0), m.zeros((7, 3), "int8")]]),
    "block of rows": lambda m: m.block([[[m.asarray(A)], [m.asarray(K)]]]),
    "isreal": lambda m: [m.isreal(m.asarray(x)) for x in (A, Z, Z.real + 0j)],
    "iscomplex": lambda m: [m.iscomplex(m.asarray(x)) for x in (A, Z, Z.real + 0j)],
    "parts": lambda m: [f(m.asarray(x)) for f in (m.real, m.imag) for x in (A, Z, Z[::-3])],
    "real_if_close": lambda m: [m.real_if_close(m.asarray(x)) for x in (Z, Z.real + 1e-14j)],
    "frexp": lambda m: m.frexp(m.asarray(A)),
    "ediff1d": lambda m: m.ediff1d(m.asarray(A)),
    "isin": lambda m: [m.isin(m.asarray(K.astype(t)), m.asarray(K[:40:3])) for t in ("int64", "int16", "uint8")],
    "repeat": lambda m: m.repeat(m.asarray(A), m.asarray(np.arange(A.size) % 7)),
    "compress": lambda m: m.compress(m.asarray(K > 3), m.asarray(A)),
    "extract": lambda m: m.extract(m.asarray(M > 0), m.asarray(M)),
    "gcd": lambda m: [m.gcd(m.asarray(K.astype(t)), m.asarray(K[::-1].astype(t))) for t in ("int64", "int16", "uint8")],
    "gcd at the ends": lambda m: m.gcd(m.asarray([0, -(2**63), 2**62, -(2**63)]), m.asarray([0, 6, -(2**63), 0])),
    "rotated copies": lambda m: [m.copy(m.rot90(m.asarray(x), k)) for x in (M, M.astype("float32")) for k in (1, 2, 3)],
    "transposed operands": lambda m: [m.asarray(x).T + m.asarray(y).reshape(x.T.shape) for x, y in TRANSPOSED],
    "maximum.reduceat": lambda m: m.maximum.reduceat(m.asarray(A), STARTS),
    "add.reduceat of integers": lambda m: m.add.reduceat(m.asarray(K), STARTS),
    "add.reduceat backwards": lambda m: m.add.reduceat(m.asarray(K)[::-1], STARTS[::-1].copy()),
    "logical_and.reduceat": lambda m: m.logical_and.reduceat(m.asarray(K > 0), STARTS),
    "argmax of rows": lambda m: m.argmax(m.asarray(M), 1),
}
TRIANGLES = [
    (200, 0, 200),
    (200, -3, 150),
    (150, 5, 200),
    (100, -200, 100),
    (100, 200, 100),
    (90, -90, 90),
    (90, 90, 90),
]
TRANSPOSED = [(M, M), (M.astype("int8"), M), (M[:, ::2], M[:, ::2]), (M.reshape(26, 270, 10), M)]


@pytest.mark.parametrize("name", EXACT)
def test_exact(name: str) -> None:
    """Values and types."""
    got, expected = EXACT[name](tnp), EXACT[name](np)
    lists = isinstance(expected, list | tuple)
    for g, e in zip(got, expected, strict=True) if lists else [(got, expected)]:
        for x, y in zip(g, e, strict=True) if isinstance(e, tuple) else [(g, e)]:
            assert np.asarray(x).dtype == y.dtype
            np.testing.assert_array_equal(np.asarray(x), y)


@pytest.mark.parametrize("mode", ["edge", "wrap", "symmetric", "reflect"])
@pytest.mark.parametrize("widths", [3, ((0, 5), (7, 0)), ((600, 2), (1, 900))])
def test_pad(mode: str, widths: object) -> None:
    """Also by more than there is."""
    np.testing.assert_array_equal(np.asarray(tnp.pad(tnp.asarray(M), widths, mode=mode)), np.pad(M, widths, mode=mode))


@pytest.mark.parametrize("weights", [np.arange(A.size) % 9, RNG.random(A.size), A + 1j, A.astype("float32")])
@pytest.mark.parametrize("bins", [10, 20_000, np.linspace(-3, 3, 50) ** 3])
def test_histogram_of_weights(bins: object, weights: np.ndarray) -> None:
    """Uniform and given bins, few and many."""
    for x in (A, A.astype("float32"), K):
        got = tnp.histogram(tnp.asarray(x), bins, weights=tnp.asarray(weights))
        expected = np.histogram(x, bins, weights=weights)
        assert np.asarray(got[0]).dtype == expected[0].dtype
        # NumPy's sums of float32 in given bins are differences of sums of all that lies before.
        rtol, atol = (1e-4, 0.1) if weights.dtype == "f4" else (1e-9, 1e-7)
        np.testing.assert_allclose(np.asarray(got[0]), expected[0], rtol, atol)


def test_sums_of_weights_do_not_depend_on_threads() -> None:
    """Bit by bit."""
    x, w = tnp.asarray(A), tnp.asarray(A * 1e5)
    with tnp.threads(1):
        one = np.asarray(tnp.histogram(x, 12, weights=w)[0])
    with tnp.threads(2):
        np.testing.assert_array_equal(np.asarray(tnp.histogram(x, 12, weights=w)[0]), one)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [8192, 8194, 10_002, 65_536, 2 * 8209])
def test_long_transforms_of_real_numbers(n: int, dtype: str) -> None:
    """Halves of even length, odd and even, and both directions."""
    x = A[:n].astype(dtype)
    scale, bound = np.sqrt(n) * 5, 1e-6 if dtype == "float32" else 1e-15
    for f, norm in (("rfft", None), ("rfft", "ortho"), ("ihfft", None)):
        got = np.asarray(getattr(tnp.fft, f)(tnp.asarray(x), norm=norm))
        expected = getattr(np.fft, f)(x.astype(float), norm=norm)
        size = scale / {("rfft", None): 1, ("rfft", "ortho"): np.sqrt(n), ("ihfft", None): n}[f, norm]
        assert np.abs(got - expected).max() <= bound * size
        assert got[0].imag == 0 and got[-1].imag == 0


@pytest.mark.parametrize("rank", [0, -1, 5000, -70_001])
def test_argpartition(rank: int) -> None:
    """What is before the rank is not greater, what is behind it not less."""
    for x in (A, K, np.where(K > 190, np.nan, A)):
        order = np.asarray(tnp.argpartition(tnp.asarray(x), rank))
        assert np.array_equal(np.sort(order), np.arange(x.size))
        place = rank % x.size
        at = x[order]
        key = np.where(np.isnan(at), np.inf, at)
        assert key[:place].max(initial=-np.inf) <= key[place] <= key[place:].min()


def test_polyfit_of_many() -> None:
    """Coefficients, with weights and several right-hand sides."""
    y = np.stack([A, A**2 + 3], 1)
    for kw in ({}, {"w": np.abs(A) + 1}):
        ours = {k: tnp.asarray(v) for k, v in kw.items()}
        np.testing.assert_allclose(
            np.asarray(tnp.polyfit(tnp.asarray(A), tnp.asarray(y), 3, **ours)), np.polyfit(A, y, 3, **kw), atol=1e-9
        )


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_norms_of_layouts_are_the_same_compiled(dtype: str) -> None:
    for x in (Z[:1200].reshape(30, 40), Z[:30_000].reshape(5, 60, 100), Z[:34_000].reshape(170, 200)[::-1, ::2]):
        a = x.astype(dtype) if dtype.startswith("c") else x.real.astype(dtype)
        for view in (lambda v: v, lambda v: v.T, lambda v: (v.T + 1) * 2, lambda v: tnp.moveaxis(v, 0, -1) + 1):

            def norm(v: tnp.ndarray, view: Callable[[tnp.ndarray], tnp.ndarray] = view) -> tnp.ndarray:
                return tnp.linalg.norm(view(v))

            got = norm(tnp.asarray(a))
            assert got == tnp.function(norm)(tnp.asarray(a))
            expected = np.linalg.norm(np.asarray(view(tnp.asarray(a))))
            np.testing.assert_allclose(np.asarray(got), expected, rtol=1e-6 if a.dtype.char in "fF" else 1e-13)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_products_with_conjugates_have_the_bits_of_written_ones(dtype: str) -> None:
    z = tnp.asarray(Z.astype(dtype))
    for x, y in ((z[:n:s], z[::-1][:n:s]) for n in (1, 40, 48, 49, 64, 5000, 35_000) for s in (1, 2)):
        expected = tnp.matmul(tnp.conj(x), y)
        assert tnp.vdot(x, y) == expected
        assert tnp.vecdot(x, y) == expected
        assert tnp.function(tnp.vdot)(x, y) == expected
    x, y = z[:30_000].reshape(3, 1, 100, 100), z[-20_000:].reshape(2, 100, 100)
    for axis in (-1, -2):
        got = tnp.vecdot(x, y, axis=axis)
        assert np.array_equal(np.asarray(got), np.asarray(tnp.function(tnp.vecdot)(x, y, axis=axis)))
        expected = np.vecdot(np.asarray(x), np.asarray(y), axis=axis)
        np.testing.assert_allclose(np.asarray(got), expected, rtol=0, atol=1e-3 if dtype == "complex64" else 1e-11)
    assert tnp.vecdot(z[:0].reshape(0, 100)[:, :70], z[:70]).shape == (0,)


def test_copies_to_memory_a_little_behind_are_whole() -> None:
    for dtype, n in (("float32", 1000), ("float32", 20_011), ("float64", 270_000), ("uint8", 9001)):
        x = np.arange(n).astype(dtype)
        for shift in (1, 3, 13, -3, -16):
            assert np.array_equal(np.asarray(tnp.roll(tnp.asarray(x), shift)), np.roll(x, shift))
            rows = np.broadcast_to(x, (3, n)).copy()
            assert np.array_equal(np.asarray(tnp.roll(tnp.asarray(rows), shift, axis=1)), np.roll(rows, shift, axis=1))
