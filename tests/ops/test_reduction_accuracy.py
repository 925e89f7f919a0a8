"""Sums and what is made of them, against exact arithmetic: at least as accurate as NumPy's pairwise sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest
import tnp

import numpy as np

TRIALS = 6


def exact_sum(x: np.ndarray) -> float:
    """The sum of float64 or narrower numbers, rounded once."""
    return math.fsum(x.ravel().tolist())


def exact_dot(x: np.ndarray, y: np.ndarray) -> float:
    """Products of float32 are exact in float64; those of float64 have two parts."""
    a, b = x.astype(np.longdouble), y.astype(np.longdouble)
    product = a * b
    if x.dtype == np.float32:
        return math.fsum(product.astype(np.float64).tolist())
    high = product.astype(np.float64)
    return math.fsum([*high.tolist(), *(product - high).astype(np.float64).tolist()])


def exact_prod(x: np.ndarray) -> float:
    """The product in extended precision."""
    return float(np.prod(x.astype(np.longdouble)))


def exact_var(x: np.ndarray) -> float:
    """The mean square of the distances from the exact mean."""
    mean = Fraction(exact_sum(x)) / x.size
    high, low = float(mean), float(mean - Fraction(float(mean)))
    d = x.astype(np.longdouble) - np.longdouble(high) - np.longdouble(low)
    return math.fsum((d * d).astype(np.float64).tolist()) / x.size


# A function of tnp or NumPy, and the exact result.
CASES: dict[str, tuple[Callable, Callable[[np.ndarray], float]]] = {
    "sum": (lambda xp, x: xp.sum(x), exact_sum),
    "sum of columns": (lambda xp, x: xp.sum(x.reshape(-1, 8), axis=0)[3], lambda x: exact_sum(x.reshape(-1, 8)[:, 3])),
    "sum of rows": (lambda xp, x: xp.sum(x.reshape(4, -1), axis=1)[2], lambda x: exact_sum(x.reshape(4, -1)[2])),
    "sum of every other": (lambda xp, x: xp.sum(x[::2]), lambda x: exact_sum(x[::2])),
    "sum of a transposed": (lambda xp, x: xp.sum(x.reshape(64, -1).T), exact_sum),
    "sum where": (lambda xp, x: xp.sum(x, where=x > 0), lambda x: exact_sum(x[x > 0])),
    "nansum": (lambda xp, x: xp.nansum(x), exact_sum),
    "mean": (lambda xp, x: xp.mean(x), lambda x: exact_sum(x) / x.size),
    "average": (lambda xp, x: xp.average(x), lambda x: exact_sum(x) / x.size),
    "var": (lambda xp, x: xp.var(x), exact_var),
    "std": (lambda xp, x: xp.std(x), lambda x: math.sqrt(exact_var(x))),
    "nanstd": (lambda xp, x: xp.nanstd(x), lambda x: math.sqrt(exact_var(x))),
    "cumsum": (lambda xp, x: xp.cumsum(x)[-1], exact_sum),
    "dot": (lambda xp, x: xp.dot(x, x[::-1]), lambda x: exact_dot(x, x[::-1])),
    "einsum": (lambda xp, x: xp.einsum("i,i->", x, x[::-1]), lambda x: exact_dot(x, x[::-1])),
    "vecdot": (lambda xp, x: xp.vecdot(x, x[::-1]), lambda x: exact_dot(x, x[::-1])),
    "norm": (lambda xp, x: xp.linalg.norm(x), lambda x: math.sqrt(exact_dot(x, x))),
    "trapezoid": (lambda xp, x: xp.trapezoid(x), lambda x: math.fsum([*x.tolist(), -0.5 * x[0], -0.5 * x[-1]])),
}
DATA: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "positive": lambda rng, n: rng.random(n) + 0.5,
    "far from 0": lambda rng, n: rng.standard_normal(n) + 1000,
    "of all sizes": lambda rng, n: rng.standard_normal(n) * np.exp2(rng.integers(-40, 40, n)),
}


def errors(case: str, data: str, dtype: str, n: int) -> tuple[float, float]:
    """The root of the mean square error of tnp's results and of NumPy's, relative to the sum of the terms' sizes."""
    f, exact = CASES[case]
    total = [0.0, 0.0]
    for seed in range(TRIALS):
        x = DATA[data](np.random.default_rng(seed), n).astype(dtype)
        want = exact(x)
        terms = abs(exact(np.abs(x))) if "var" not in case and "std" not in case else abs(want)
        for i, (xp, array) in enumerate(((tnp, tnp.asarray(x)), (np, x))):
            total[i] += ((float(f(xp, array)) - want) / terms) ** 2
    resolution = float(np.finfo(dtype).eps)
    return math.sqrt(total[0] / TRIALS) / resolution, math.sqrt(total[1] / TRIALS) / resolution


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("case", CASES)
def test_as_accurate_as_numpy(case, data, dtype):
    """On average: the errors of one sum are chance."""
    for n in (960, 12288):
        ours, theirs = errors(case, data, dtype, n)
        # A variance is made in one pass; a pairwise sum of as many terms may be wrong by 11 units.
        chance = 2 if "var" in case or "std" in case else 0.75
        assert ours <= 1.5 * theirs + chance, f"{n}: {ours:.3g} against {theirs:.3g}"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products(dtype):
    """Each multiplication rounds once, whatever the order."""
    x = (1 + np.random.default_rng(0).uniform(-1e-3, 1e-3, 20000)).astype(dtype)
    want = exact_prod(x)
    ours, theirs = (abs(float(xp.prod(a)) - want) for xp, a in ((tnp, tnp.asarray(x)), (np, x)))
    assert ours <= 1.5 * theirs + 100 * np.finfo(dtype).eps * abs(want)


def test_half_precision_sums_as_numpy_does():
    """In float32, rounded at the end."""
    x = np.random.default_rng(0).random(5000).astype(np.float16)
    assert float(tnp.sum(tnp.asarray(x))) == pytest.approx(exact_sum(x), rel=2**-11)
    assert float(tnp.mean(tnp.asarray(x))) == pytest.approx(exact_sum(x) / 5000, rel=2**-11)


def test_complex_sums():
    """Each part as a sum of its own."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(100_000) + 1j * rng.standard_normal(100_000)
    got = complex(tnp.sum(tnp.asarray(x)))
    assert abs(got.real - exact_sum(x.real)) < 1e-11
    assert abs(got.imag - exact_sum(x.imag)) < 1e-11
