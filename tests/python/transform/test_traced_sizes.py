"""Traced numbers as sizes and bounds; sizes that depend on data, inside compiled code."""

import pytest
import tnp

import numpy as np

X = np.arange(10.0)


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype and a.shape == b.shape, (a, b)
    np.testing.assert_array_equal(a, b)


SLICES = [
    lambda x, n: x[:n],
    lambda x, n: x[n:],
    lambda x, n: x[n::2],
    lambda x, n: x[::-1][:n],
    lambda x, n: x[n : n + 3],
    lambda x, n: x[n - 2 :],
    lambda x, n: x[: n * 2 - 5] * 2,
    lambda x, n: x.reshape(5, 2)[:n, 1],
    lambda x, n: tnp.sum(x[:n]) + x[:n].size,
]


@pytest.mark.parametrize("number", range(len(SLICES)))
def test_slices(number):
    formula = SLICES[number]
    f = tnp.function(lambda x, n: formula(x, n))
    for n in (0, 3, 10, 12, -1, -4, -11):
        same(f(X, tnp.asarray(n)), formula(X, n) if number != 8 else X[:n].sum() + X[:n].size)
    assert f.cache_info()["traces"] == 1


SIZES = [
    lambda n: tnp.arange(n) * 2,
    lambda n: tnp.zeros(n),
    lambda n: tnp.ones((2, n)) + 1,
    lambda n: tnp.full((n, n), 3.0).sum(axis=0),
    lambda n: tnp.zeros((n, 2)).T,
]


@pytest.mark.parametrize("formula", SIZES)
def test_sizes(formula):
    f = tnp.function(formula)
    for n in (3, 0, 5):
        same(f(tnp.asarray(n)), formula(n))
    assert f.cache_info()["traces"] == 1
    if formula is SIZES[0]:
        same(f(tnp.asarray(-1)), formula(-1))
        return
    with pytest.raises(ValueError, match="negative"):
        f(tnp.asarray(-1))


DATA = [
    lambda x: x[x > 2],
    lambda x: tnp.sum(x[x > 2] * 2) + x[x > 2].shape[0],
    lambda x: tnp.nonzero(x > 3)[0] * 2,
    lambda x: tnp.where(x > 4)[0],
    lambda x: tnp.compress(x > 1, x),
    lambda x: tnp.repeat(x, 2)[x.shape[0] :],
    lambda x: x[: tnp.sum(x > 3)],
    lambda x: tnp.zeros(tnp.sum(x > 3)) + 1,
    lambda x: tnp.cumsum(x[x % 2 == 0]),
    lambda x: tnp.concatenate([x[x > 5], x[x <= 5]]),
    lambda x: x[x > 5][::-1].reshape(-1, 1) @ tnp.ones((1, 2)),
]


@pytest.mark.parametrize("number", range(len(DATA)))
def test_sizes_of_data(number):
    f = tnp.function(DATA[number])
    for x in (X, X[:7], X[::-1] - 3, X[:1], X[:0]):
        same(f(x), DATA[number](tnp.asarray(x)))
    assert f.cache_info()["traces"] == 1
