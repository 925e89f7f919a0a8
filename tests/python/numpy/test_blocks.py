"""Compositions that large arrays go through block by block: the bits of small ones, whatever the layout."""

from __future__ import annotations

import pytest
import tnp

import numpy as np

N = 300_001
rng = np.random.default_rng(0)
X = rng.standard_normal(N)
Y = X + rng.standard_normal(N) * 1e-6
X[::1000] = np.nan
X[5::1000] = np.inf

FUNCTIONS = {
    "round": lambda x, y: tnp.round(x, 2),
    "sinc": lambda x, y: tnp.sinc(x),
    "i0": lambda x, y: tnp.i0(x),
    "nan_to_num": lambda x, y: tnp.nan_to_num(x, nan=7, posinf=8),
    "isclose": lambda x, y: tnp.isclose(x, y, equal_nan=True),
    "isclose of one": lambda x, y: tnp.isclose(x, 0.5, atol=0.3),
}


def bits(x: tnp.ndarray) -> bytes:
    return np.asarray(x).tobytes()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_blocks_give_the_bits_of_parts(name, dtype):
    """One dimension, in pieces that are computed at once."""
    f = FUNCTIONS[name]
    x, y = tnp.asarray(X.astype(dtype)), tnp.asarray(Y.astype(dtype))
    whole = f(x, y)
    parts = [f(x[i : i + 50_000], y[i : i + 50_000]) for i in range(0, N, 50_000)]
    assert whole.dtype == parts[0].dtype
    assert bits(whole) == b"".join(bits(p) for p in parts)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_layouts(name):
    """Transposed, with steps, broadcast in either direction, with rows longer than a block."""
    f = FUNCTIONS[name]
    x = X[: 420 * 700].reshape(420, 700)
    y = Y[: 420 * 700].reshape(420, 700)
    wide = np.concatenate([x.ravel(), x.ravel()]).reshape(2, -1)
    cases = [
        (x.T, y.T),
        (x[::-1, ::2], y[::-1, ::2]),
        (x, y[:1]),
        (x, y[:, :1]),
        (x[:, :1], y[:1]),
        (x[0], y),
        (wide, wide),
    ]
    for a, b in cases:
        got = f(tnp.asarray(a), tnp.asarray(b))
        a, b = np.broadcast_arrays(a, b) if name == "isclose" else (a, b)
        rows = (
            [f(tnp.asarray(a[i].copy()), tnp.asarray(b[i % len(b)].copy())) for i in range(min(3, len(a)))]
            if a.ndim > 1
            else []
        )
        for i, row in enumerate(rows):
            assert bits(got[i]) == bits(row)


def test_errors_and_watched_arrays():
    """Shapes that do not fit are told as of small arrays; gradients and traced functions see no blocks."""
    with pytest.raises(ValueError, match="broadcast"):
        tnp.isclose(tnp.zeros(200_000), tnp.zeros(200_001))
    x = tnp.asarray(Y)
    with tnp.GradientTape() as tape:
        tape.watch(x)
        total = tnp.sum(tnp.sinc(x))
    np.testing.assert_array_equal(tape.gradient(total, x)[:9], tnp.grad(lambda a: tnp.sum(tnp.sinc(a)))(x[:9]))
    assert bits(tnp.function(tnp.sinc)(x)) == bits(tnp.sinc(x))


@pytest.mark.parametrize("name", ["blackman", "hamming", "hanning", "bartlett", "kaiser"])
def test_windows(name):
    """Long windows, whose numbers come block by block."""
    arguments = (14.0,) if name == "kaiser" else ()
    for n in (150_000, 262_145):
        ours, theirs = getattr(tnp, name)(n, *arguments), getattr(np, name)(n, *arguments)
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-12, atol=1e-14)


DISTRIBUTIONS = {
    "normal": (1.0, 2.0),
    "uniform": (1.0, 3.0),
    "exponential": (2.0,),
    "gamma": (2.0, 3.0),
    "laplace": (0.5, 2.0),
    "logistic": (0.5, 2.0),
    "gumbel": (0.5, 2.0),
    "lognormal": (0.1, 0.5),
    "rayleigh": (2.0,),
    "weibull": (1.5,),
    "pareto": (3.0,),
    "power": (2.0,),
    "triangular": (0.0, 0.5, 2.0),
    "wald": (1.0, 2.0),
    "vonmises": (0.5, 1.0),
    "standard_t": (3.0,),
    "chisquare": (3.0,),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_draws_of_one_parameter_and_of_arrays(name):
    """The same stream whether the parameters are numbers (blocks, in place) or arrays of them."""
    arguments = DISTRIBUTIONS[name]
    one = getattr(tnp.random.default_rng(3), name)(*arguments, N)
    arrays = [tnp.full(1, a) for a in arguments]
    many = getattr(tnp.random.default_rng(3), name)(*arrays, N)
    np.testing.assert_allclose(np.asarray(one), np.asarray(many), rtol=1e-12)
