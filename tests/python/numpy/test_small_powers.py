"""Squares, cubes and fourth powers by `power`, which are products: exact to half a unit of the last place."""

from __future__ import annotations

import pytest
import tnp

import numpy as np

SPECIAL = [
    0.0,
    -0.0,
    np.inf,
    -np.inf,
    np.nan,
    1e-200,
    -1e-310,
    1e300,
    -1e120,
    5e-324,
    1.0,
    -1.0,
    1e-20,
    2.0**-20,
    1e30,
    -3.0,
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("exponent", [2, 3, 4])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_rounding(exponent: int, dtype: str) -> None:
    """Against wider numbers, and eager against compiled."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(5000) * 2.0 ** rng.integers(-8, 8, 5000)).astype(dtype)
    y = np.asarray(tnp.power(tnp.asarray(x), exponent))
    exact = x.astype(np.longdouble) ** exponent
    assert np.max(np.abs(y - exact) / np.spacing(np.abs(y))) < 0.502
    compiled = tnp.function(lambda x, y: (tnp.power(x, exponent), x**exponent + 0 * x, x**y))
    for z in compiled(tnp.asarray(x), tnp.asarray(exponent, dtype=dtype)):
        np.testing.assert_array_equal(np.asarray(z), y)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("exponent", [2.0, 3.0, 4.0])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_special_numbers(exponent: float, dtype: str) -> None:
    """Zeros with their signs, infinities, NaN, and what over- and underflows, as NumPy's."""
    x = np.array(SPECIAL).astype(dtype)
    with tnp.errstate(all="ignore"):
        y = np.asarray(tnp.power(tnp.asarray(x), tnp.asarray(exponent, dtype=dtype)))
    expected = np.power(x, np.asarray(exponent, dtype=dtype))
    np.testing.assert_allclose(y, expected, rtol=1e-15 if dtype == "float64" else 1e-3 if dtype == "float16" else 1e-6)
    signed = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(y)[signed], np.signbit(expected)[signed])


def test_neighbours() -> None:
    """A result does not depend on the exponents beside it, nor on the bases."""
    rng = np.random.default_rng(0)
    x = rng.random(1000) * 10
    exponents = rng.choice([2.0, 3.0, 4.0, 1.7, 0.0], 1000)
    x[::7] = 1e300
    with tnp.errstate(all="ignore"):
        y = np.asarray(tnp.power(tnp.asarray(x), tnp.asarray(exponents)))
        for exponent in (2.0, 3.0, 4.0, 1.7, 0.0):
            here = exponents == exponent
            np.testing.assert_array_equal(y[here], np.asarray(tnp.power(tnp.asarray(x), exponent))[here])
