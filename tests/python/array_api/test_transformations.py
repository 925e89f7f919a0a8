"""Strict arrays inside traced functions, gradients and vectorising."""

import pytest
import tnp
from tnp import array_api as xp

import numpy as np


def test_function():
    """A traced function takes and gives strict arrays, with in-place operators and assignment inside."""

    @tnp.function
    def f(x, y):
        z = xp.sin(x) + 2 * y
        z += 1
        z[0] = 5.0
        return {"z": z, "sum": xp.sum(z[1:])}

    x, y = xp.arange(4.0), xp.ones(4)
    for _ in range(2):
        out = f(x, y)
        assert type(out["z"]) is type(x)
        expected = np.sin(np.arange(4.0)) + 3
        expected[0] = 5
        assert np.allclose(np.array(out["z"]), expected)
        assert np.allclose(float(out["sum"]), expected[1:].sum())
    assert np.array(x).tolist() == [0, 1, 2, 3]


def test_function_keeps_the_rules():
    """The rules are those of the eager arrays."""
    for body in (
        lambda x: x + xp.asarray(1),
        lambda x: x[0],
        lambda x: xp.sin(xp.astype(x, xp.int64)),
        lambda x: x + True,
    ):
        with pytest.raises((TypeError, IndexError)):
            tnp.function(body)(xp.ones((2, 2)))


def test_function_of_sizes():
    """Sizes inside a traced function are numbers."""

    @tnp.function
    def f(x):
        return xp.reshape(x, (x.shape[0] * x.shape[1],)) / x.shape[0] + xp.zeros(x.size)

    for n in (2, 3):
        x = np.arange(n * 4.0).reshape(n, 4)
        assert np.allclose(np.array(f(xp.asarray(x))), x.reshape(-1) / n)


def test_gradient():
    """A tape follows strict arrays, and gives them."""
    x = xp.asarray([1.0, 2.0, 3.0])
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        y += x
        loss = xp.sum(y[1:])
    g = tape.gradient(loss, x)
    assert type(g) is type(x)
    assert np.allclose(np.array(g), [0, 5, 7])


def test_gradient_through_assignment():
    """What an assignment overwrites has no gradient; what it writes has one."""
    x, v = xp.asarray([1.0, 2.0, 3.0]), xp.asarray(4.0)
    with tnp.GradientTape() as tape:
        tape.watch([x, v])
        y = x * 2
        y[1] = v * v
        loss = xp.sum(y)
    gx, gv = tape.gradient(loss, [x, v])
    assert np.array(gx).tolist() == [2, 0, 2]
    assert float(gv) == 8


def test_vectorized_map():
    """One example of strict arrays, mapped over a batch."""
    x = xp.asarray(np.arange(6.0).reshape(3, 2))
    out = tnp.vectorized_map(lambda row: xp.sum(row * row), x)
    assert type(out) is type(x)
    assert np.array(out).tolist() == [1, 13, 41]


def test_grad():
    """tnp.grad of a function of strict arrays."""
    g = tnp.grad(lambda x: xp.sum(xp.exp(x)))(xp.zeros(3))
    assert np.array(g).tolist() == [1, 1, 1]
