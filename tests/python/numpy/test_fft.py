"""tnp.fft against numpy.fft: values, precision, shapes, errors; gradients and batches."""

from __future__ import annotations

import warnings

import pytest
import tnp

import numpy as np

from ..isas import ISAS, run_program

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2"]
REAL = {"rfft", "ihfft", "rfftn", "rfft2"}
TYPES = ["bool", "int8", "int64", "uint16", "float16", "float32", "float64", "complex64", "complex128"]
NORMS = [None, "backward", "ortho", "forward"]


def signal(shape, dtype, seed=0):
    """Random numbers of this type."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, shape)
    if dtype.startswith("complex"):
        x = x + 1j * rng.uniform(-3, 3, shape)
    if dtype.startswith("uint") or dtype == "bool":
        x = np.abs(x)
    return x.astype(dtype)


def check(name, x, **keywords):
    """Eager and in a compiled function."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = getattr(np.fft, name)(x, **keywords)
    f = lambda a: getattr(tnp.fft, name)(a, **keywords)
    single = expected.dtype.itemsize // (2 if expected.dtype.kind == "c" else 1) < 8
    size = max(1.0, float(np.max(np.abs(expected.astype("complex128")), initial=0)))
    # NumPy rounds the factor 1 / n to float16, too.
    tolerance = (
        2e-2 if expected.dtype == np.float16 else 1e-3 if x.dtype == np.float16 else 1e-5 if single else 1e-13
    ) * size
    for got in (f(tnp.asarray(x)), tnp.function(f)(tnp.asarray(x))):
        assert got.dtype == expected.dtype and got.shape == expected.shape
        np.testing.assert_allclose(np.asarray(got), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ONE)
def test_one_axis(name, dtype):
    """Lengths even, odd, prime, cut and filled up; axes and norms."""
    if name in REAL and dtype.startswith("complex"):
        with pytest.raises(TypeError):
            getattr(tnp.fft, name)(tnp.ones(4, dtype))
        return
    for n in (2, 5, 12, 31, 64):
        check(name, signal((n,), dtype))
    x = signal((3, 8, 2), dtype)
    for n in (None, 1, 5, 8, 11):
        for axis in (1, -1, 0):
            if n is None and axis == -1 and name in ("irfft", "hfft"):
                continue
            check(name, x, n=n, axis=axis)
    for norm in NORMS:
        check(name, x, axis=1, norm=norm)
    check(name, x[:, ::-2, :].transpose(2, 0, 1))
    check(name, np.zeros((0, 4), dtype))


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("name", SEVERAL)
def test_several_axes(name, dtype):
    """Sizes, orders of axes, an axis twice, norms."""
    if name in REAL and dtype.startswith("complex"):
        with pytest.raises(TypeError):
            getattr(tnp.fft, name)(tnp.ones((4, 4), dtype))
        return
    x = signal((4, 3, 6), dtype)
    for norm in NORMS:
        check(name, x, norm=norm)
    for axes in ((0, 1), (2, 0), (-1, 1), (1, 1), (0, 2, 0)):
        if name.startswith("irfft") and len(set(axes)) < len(axes):
            continue
        check(name, x, axes=axes)
    check(name, x, s=(5, 4), axes=(0, 2))
    check(name, x, s=(2, -1), axes=(2, 0))
    check(name, x, s=(4, 9), axes=(1, 2), norm="ortho")
    if name.endswith("n"):
        check(name, x, s=(4, 9))
        check(name, signal((2, 3, 4, 5), dtype))
        check(name, x, axes=(1,))


def test_no_axes():
    """Give the array itself."""
    x = signal((2, 3), "float64")
    assert tnp.fft.fftn(x, axes=()).dtype == np.fft.fftn(x, axes=()).dtype
    with pytest.raises(IndexError):
        tnp.fft.rfftn(x, axes=())


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 10])
def test_frequencies_and_shifts(n):
    """As NumPy's."""
    for name in ("fftfreq", "rfftfreq"):
        for d in (1.0, 0.1, 3):
            np.testing.assert_allclose(
                np.asarray(getattr(tnp.fft, name)(n, d)), getattr(np.fft, name)(n, d), rtol=1e-15
            )
    x = np.arange(2 * n * 3).reshape(2, n, 3)
    for name in ("fftshift", "ifftshift"):
        for axes in (None, 1, (0, 1), (-1,)):
            ours = tnp.function(lambda a, name=name, axes=axes: getattr(tnp.fft, name)(a, axes))(x)
            np.testing.assert_array_equal(np.asarray(ours), getattr(np.fft, name)(x, axes))
            np.testing.assert_array_equal(np.asarray(getattr(tnp.fft, name)(x, axes)), getattr(np.fft, name)(x, axes))


MISUSE = {
    "empty": lambda m: m.fft.fft(m.zeros(0)),
    "n of 0": lambda m: m.fft.fft(m.ones(3), n=0),
    "negative n": lambda m: m.fft.rfft(m.ones(3), n=-2),
    "axis": lambda m: m.fft.fft(m.ones(3), axis=1),
    "scalar": lambda m: m.fft.fft(3.0),
    "irfft of one": lambda m: m.fft.irfft(m.ones(1)),
    "lengths": lambda m: m.fft.fftn(m.ones((2, 3)), s=(2,), axes=(0, 1)),
    "norm": lambda m: m.fft.fft(m.ones(3), norm="x"),
    "one-dimensional": lambda m: m.fft.fft2(m.ones(3)),
    "fractional n": lambda m: m.fft.fft(m.ones(3), n=2.0),
    "fractional count": lambda m: m.fft.fftfreq(3.5),
    "count of 0": lambda m: m.fft.fftfreq(0),
    "negative count": lambda m: m.fft.fftfreq(-4),
    "spacing of 0": lambda m: m.fft.rfftfreq(4, 0),
    "axes number": lambda m: m.fft.fftn(m.ones((2, 2)), axes=1),
}


@pytest.mark.parametrize("name", MISUSE)
def test_misuse(name):
    """The same class of error."""
    with pytest.raises(Exception) as expected:
        MISUSE[name](np)
    with pytest.raises(expected.type):
        MISUSE[name](tnp)


def test_long_transforms_on_threads():
    """One long transform, many short ones, two dimensions: on one thread and two the same."""
    line, rows = signal((1 << 18,), "complex128"), signal((300, 257), "complex64")
    for x, f in ((line, "fft"), (line[:196613], "ifft"), (rows, "fft"), (rows, "fft2"), (rows.real, "rfft2")):
        with tnp.threads(1):
            one = np.asarray(getattr(tnp.fft, f)(x))
        with tnp.threads(2):
            two = np.asarray(getattr(tnp.fft, f)(x))
        np.testing.assert_array_equal(one, two)
        np.testing.assert_allclose(
            two,
            getattr(np.fft, f)(x),
            rtol=0,
            atol=(1e-5 if x.dtype == "complex64" or x.dtype == "float32" else 1e-12) * np.abs(two).max(),
        )


# What the matrix that a long row is taken for has: sides that vectors divide and others, a side of many more, none at all.
LONG = [1 << 15, 1 << 16, 3 * 5 * 7 * 11 * 64, 100_000, 3**10, 5**7, 11**5, 2**13 * 7, 32_771, 2 * 32_771]
LONG_CHILD = """
import numpy as np, tnp
rng = np.random.default_rng(0)
for n in LENGTHS:
    for dtype, most in (("complex64", 6e-7), ("complex128", 1.5e-15)):
        x = (rng.uniform(-3, 3, n) + 1j * rng.uniform(-3, 3, n)).astype(dtype)
        for f, a in (("fft", x), ("ifft", x), ("rfft", x.real), ("ihfft", x.real), ("irfft", x[: n // 2 + 1])):
            got, expected = np.asarray(getattr(tnp.fft, f)(tnp.asarray(a))), getattr(np.fft, f)(a)
            assert got.dtype == expected.dtype and got.shape == expected.shape
            error = np.linalg.norm(got - expected) / np.linalg.norm(expected)
            assert error < most, (n, dtype, f, error)
"""


@pytest.mark.parametrize("isa", ISAS)
def test_long_rows(isa):
    """Against NumPy's, whose errors are as large."""
    run_program(isa, LONG_CHILD.replace("LENGTHS", str(LONG)))


def test_gradient_and_vmap():
    """By Parseval's theorem; over symbolic sizes too."""
    x = signal((3, 8), "float64")
    f = lambda a: tnp.sum(tnp.abs(tnp.fft.rfft(a, norm="ortho")) ** 2)
    for g in (tnp.grad(f), tnp.grad(tnp.function(f))):
        y = np.fft.rfft(x, norm="ortho")
        weights = np.ones(5)
        expected = 2 * np.fft.irfft(y * np.where((np.arange(5) > 0) & (np.arange(5) < 4), 0.5, 1.0), 8, norm="ortho")
        np.testing.assert_allclose(np.asarray(g(tnp.asarray(x))), expected, rtol=1e-12, atol=1e-12)
    h = lambda a: tnp.sum(tnp.fft.irfft(tnp.fft.fft(a, n=5)[..., :3], n=4) * tnp.arange(4.0))
    step = 1e-6
    numeric = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        numeric[i] = (float(h(tnp.asarray(up))) - float(h(tnp.asarray(down)))) / (2 * step)
    np.testing.assert_allclose(np.asarray(tnp.grad(tnp.function(h))(tnp.asarray(x))), numeric, rtol=1e-6, atol=1e-7)
    rows = tnp.vmap(lambda a: tnp.fft.irfft(tnp.fft.rfft(a)))(tnp.asarray(x))
    np.testing.assert_allclose(np.asarray(rows), x, rtol=1e-12, atol=1e-12)
