"""What NumPy does at the edges: warnings, signs of zeros, lists that stay lists, nothing at all."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import tnp

import numpy as np

from .oracle import check, sample


def warned(run: Any, module: Any) -> list[str]:
    """The kinds of floating-point warnings, without where they came from."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        run(module)
    return sorted({str(w.message).split(" encountered")[0] for w in seen if w.category is RuntimeWarning})


INF, NAN = np.inf, np.nan
VALUES = [
    0,
    1,
    -1,
    1j,
    -1j,
    1000,
    -1000,
    1000 + 1j,
    1e308 + 1e308j,
    1e-308j,
    0.5 + 0.25j,
    complex(INF, 1),
    complex(NAN, 1),
]
FUNCTIONS = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh",
             "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh"]  # fmt: skip


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_warnings_of_complex_functions(name: str, dtype: str) -> None:
    """Overflow, poles and invalid results of finite numbers."""
    for v in VALUES:
        with np.errstate(all="ignore"):
            x = np.array([v] * 5).astype(dtype)
        got, wanted = (warned(lambda m, x=x: getattr(m, name)(m.asarray(x)), m) for m in (tnp, np))
        if np.isfinite(x).all():
            assert bool(got) == bool(wanted), (v, got, wanted)
            assert set(got) & set(wanted) or not wanted, (v, got, wanted)


@pytest.mark.parametrize("exponent", [-1, 1j, 0, 2, 1e300, 0.5])
def test_warnings_of_complex_powers(exponent: complex) -> None:
    """Zero to powers that have no value."""
    for base in (0j, 1j, 1e200j):
        got, wanted = (warned(lambda m, b=base: m.power(m.asarray([b]), exponent), m) for m in (tnp, np))
        assert bool(got) == bool(wanted), (base, exponent, got, wanted)


def test_warnings_of_covariances() -> None:
    """Of no degrees of freedom, with weights too."""
    for call in (
        lambda m: m.cov([1.0]), lambda m: m.cov([1.0, 2.0], ddof=2), lambda m: m.cov([[1.0], [2.0]]),
        lambda m: m.cov([1, 2, 3]), lambda m: m.cov([1, 2, 3], fweights=[1, 0, 0]), lambda m: m.corrcoef([1.0]),
        lambda m: m.cov([[1.0, 2.0]], rowvar=False), lambda m: m.cov([1, 2, 3], aweights=[1.0, 0, 0]),
        lambda m: m.cov([1, 2, 3], aweights=[1.0, 2, 3]), lambda m: m.corrcoef([1.0, 2.0], [3.0, 5.0]),
    ):  # fmt: skip
        got, wanted = warned(call, tnp), warned(call, np)
        assert ("Degrees of freedom <= 0 for slice" in got) == ("Degrees of freedom <= 0 for slice" in wanted)
        with np.errstate(all="ignore"), tnp.errstate(all="ignore"):
            check(call, 1e-12)


def test_trim_zeros() -> None:
    """A list or tuple stays one, with its own elements."""
    for values in ([0, 1, 2, 0], (0, 1, 0), [0.0, 0.0], [], [1, 2], [0, 1.5, True, 0], [0, 0, 3]):
        for trim in ("fb", "f", "b", "F", "bf", "x", ""):
            check(lambda m, v=values, t=trim: m.trim_zeros(v, t))
            check(lambda m, v=values, t=trim: m.trim_zeros(m.asarray(v), t))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8])
def test_signs_of_zeros_of_ihfft(n: int) -> None:
    """To the bit where the input is zero."""
    for x in (np.zeros(n), np.ones(n), np.arange(n) * 1.0):
        ours, theirs = np.asarray(tnp.fft.ihfft(tnp.asarray(x))), np.fft.ihfft(x)
        np.testing.assert_allclose(ours, theirs, atol=1e-14)
        np.testing.assert_array_equal(np.signbit(ours.imag[[0]]), np.signbit(theirs.imag[[0]]))


def test_bincount_of_nothing() -> None:
    """A list is of no type; an array has one."""
    for x in ([], (), np.array([]), np.array([], "f4"), np.array([], bool), np.array([], "i1"), np.array([], complex)):
        check(lambda m, x=x: m.bincount(x if isinstance(x, (list, tuple)) else m.asarray(x)))
        check(lambda m, x=x: m.bincount(x if isinstance(x, (list, tuple)) else m.asarray(x), minlength=3))


@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_quantiles_at_matrices(name: str) -> None:
    """The axes of q come first."""
    x = sample((2, 3, 4), "float64")
    q = np.array([[0.1, 0.2, 0.3, 0.4, 0.5], [0.4, 0.5, 0.6, 0.7, 0.8]])
    if name == "nanquantile":
        x[0, 1, 2] = np.nan
    for kwargs in ({}, {"axis": 1}, {"axis": 0, "keepdims": True}, {"axis": -1}, {"axis": (0, 2)}):
        if name == "nanquantile" and kwargs.get("axis") == (0, 2):
            assert getattr(tnp, name)(x, q, **kwargs).shape == (2, 5, 3)  # NumPy moves one axis of q only
            continue
        check(lambda m, k=kwargs: getattr(m, name)(m.asarray(x), m.asarray(q), **k), 1e-12)


def test_what_is_no_index_and_no_size() -> None:
    """Wrong ranks and nothings are errors, whatever is done with them."""
    x = tnp.ones((2, 3))
    for call, error in (
        (lambda: x.item(None), TypeError),
        (lambda: tnp.polyadd(x, [1.0]), ValueError),
        (lambda: tnp.polysub([1.0, 2, 3], x), ValueError),
        (lambda: tnp.full_like(x, tnp.ones(3), shape=(-1, 3)), ValueError),
        (lambda: tnp.full((-1,), tnp.ones(3)), ValueError),
        (lambda: tnp.asarray(["a"]).byteswap(), TypeError),
        (lambda: tnp.zeros(tnp.asarray([2.5, 1.0])), TypeError),
        (lambda: tnp.zeros(tnp.asarray([-1])), ValueError),
    ):
        with pytest.raises(error):
            call()


def test_bounds_keep_their_types() -> None:
    """A Python number beside an array or scalar of NumPy is weak."""
    f, i = np.float32(1), np.array([1, 2], "i2")
    for start, stop in ((f, 2), (0, f), (f, f), (i, 5), (f, 2.5), (np.float16(1), 3), (f, np.float64(3)), (1, 2j)):
        for name in ("linspace", "logspace", "geomspace"):
            if start != 0 if np.ndim(start) == 0 else True:
                check(lambda m, n=name, a=start, b=stop: getattr(m, n)(a, b, 4), 2e-3)
        check(lambda m, a=start, b=stop: m.linspace(a, b, 4, dtype="float32"), 1e-3)
        check(lambda m, a=start, b=stop: m.logspace(a, b, 4, base=2), 2e-3)
        check(lambda m, a=start, b=stop: m.logspace(a, b, 4, base=np.float64(2)), 2e-3)
