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


@pytest.mark.parametrize("dtype", [None, "float32", "int64", "complex64"])
@pytest.mark.parametrize("endpoint", [True, False])
def test_linspace_with_a_traced_number(dtype, endpoint):
    f = tnp.function(lambda a, n: tnp.linspace(a, 3, n, endpoint=endpoint, dtype=dtype, retstep=True))
    g = tnp.function(lambda x: tnp.linspace(x[0], x[-1], x.shape[0], endpoint=endpoint, dtype=dtype))
    for n in (5, 2, 1, 0, 50):
        got, step = f(tnp.asarray(-1.5), tnp.asarray(n))
        want, wanted_step = np.linspace(-1.5, 3, n, endpoint=endpoint, dtype=dtype, retstep=True)
        assert got.dtype == want.dtype and got.shape == want.shape
        np.testing.assert_array_equal(np.asarray(got), want)
        np.testing.assert_array_equal(np.asarray(step), wanted_step)
        if n > 0:
            x = tnp.arange(n) * 0.3 - 1
            want = np.linspace(float(x[0]), float(x[-1]), n, endpoint=endpoint, dtype=dtype)
            np.testing.assert_array_equal(np.asarray(g(x)), want)
    assert f.cache_info()["traced"] == 1 and g.cache_info()["traced"] == 1
    several = tnp.function(lambda a, n: tnp.linspace(a, a * 2, n, axis=1))
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(np.asarray(several(x, tnp.asarray(4))), np.linspace(x, x * 2, 4, axis=1))
    with pytest.raises(ValueError, match="negative"):
        f(tnp.asarray(0.0), tnp.asarray(-1))


def test_errors_of_indices_in_traced_functions():
    a, choices = np.array([0, 2, 1]), [np.arange(3), np.arange(3) * 10, np.arange(3) * 100]
    f = tnp.function(lambda a: tnp.choose(a, [tnp.asarray(c) for c in choices]))
    np.testing.assert_array_equal(np.asarray(f(a)), np.choose(a, choices))
    g = tnp.function(lambda i, j: tnp.ravel_multi_index((i, j), (3, 4)))
    assert int(g(tnp.asarray(2), tnp.asarray(3))) == 11
    h = tnp.function(lambda i: tnp.unravel_index(i, (3, 4)))
    assert [int(v) for v in h(tnp.asarray(11))] == [2, 3]
    for call in (
        lambda: f(a + 1),
        lambda: f(a - 1),
        lambda: g(tnp.asarray(3), tnp.asarray(0)),
        lambda: h(tnp.asarray(12)),
    ):
        with pytest.raises(ValueError):
            call()
    each = tnp.vmap(lambda a: tnp.choose(a, [tnp.asarray(c) for c in choices]))
    np.testing.assert_array_equal(np.asarray(each(np.stack([a, a]))), np.stack([np.choose(a, choices)] * 2))
    weights = tnp.asarray([1.0, 2.0, 3.0])
    grad = tnp.grad(tnp.function(lambda w: tnp.sum(tnp.choose(a, [w, w * 2, w * 3]))))
    np.testing.assert_allclose(np.asarray(grad(weights)), [1.0, 3.0, 2.0])


NEGATIVE_NUMBERS = {
    "m + -1": lambda m: m + -1,
    "-1 + m": lambda m: -1 + m,
    "m - -1": lambda m: m - -1,
    "-3 - m": lambda m: -3 - m,
    "m * -1": lambda m: m * -1,
    "-2 * m": lambda m: -2 * m,
    "m // -3": lambda m: m // -3,
    "-9 // m": lambda m: -9 // m,
    "m % -3": lambda m: m % -3,
    "-3 % m": lambda m: -3 % m,
    "-m + -m": lambda m: -m + -m,
    "m - 30": lambda m: m - 30,
}


@pytest.mark.parametrize("case", NEGATIVE_NUMBERS)
def test_sizes_and_numbers_below_zero(case: str) -> None:
    compute = NEGATIVE_NUMBERS[case]

    def program(x):
        k = compute(x.shape[0])
        return x * k, x[k:], x[:k], tnp.arange(k, k + 3), tnp.zeros(k * k)

    f = tnp.function(program)
    for n in (4, 7, 1):
        x = tnp.arange(n * 2.0).reshape(n, 2)
        for got, want in zip(f(x), program(x), strict=True):
            np.testing.assert_array_equal(np.asarray(got), np.asarray(want))


def test_sizes_of_what_is_computed_beforehand():
    """Once the sizes are known, `few` is a constant; its size is a term of one that only data tell."""

    def program(x):
        i = tnp.arange(x.shape[0])
        few = tnp.compress(i > 0, i)
        some = tnp.nonzero(x > 0)[0]
        return few, tnp.full(tnp.concatenate([few, some]).shape, 7), tnp.arange(some.shape[0] - few.shape[0], 5)

    f = tnp.function(program)
    x = tnp.asarray([1.0, -1, 2, 3, -5])
    for _ in range(12):
        for got, want in zip(f(x), program(x), strict=True):
            same(got, want)


def outcome(f, x):
    try:
        return f(x)
    except Exception as e:
        return type(e), str(e)


@pytest.mark.parametrize("index", [2, 0, -1, -3])
def test_errors_of_fixed_places(index):
    """The number of the rest is below zero where the place is not there: nothing may be written with it."""
    for take in (lambda x: tnp.delete(x, index), lambda x: x[index] * 2, lambda x: x.at[index].set(9.0)):
        f = tnp.function(take)
        for n in (5, 1, 0, 2, 3, 2, 2, 2, 4):
            x = tnp.arange(n) * 1.0
            got, want = outcome(f, x), outcome(take, x)
            if isinstance(want, tuple):
                assert got == want
            else:
                same(got, want)
        assert f.cache_info()["traced"] == 1


def test_the_sizes_of_many_steps_are_worked_out_once():
    def step(u):
        c = u[1:-1, 1:-1]
        return tnp.pad(c + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * c), 1)

    def steps(u):
        for _ in range(12):
            u = step(u)
        return u

    compiled = tnp.function(steps)  # each step's sizes name those of the last one several times: 4 ** 12 as a tree
    for n in (20, 21, 20, 20):
        x = tnp.asarray(np.random.default_rng(n).random((n, n)))
        np.testing.assert_array_equal(np.asarray(compiled(x)), np.asarray(steps(x)))


def test_a_chain_of_sizes_that_data_tell():
    def chain(x):
        for i in range(100):
            x = tnp.concatenate([x[x > -3 + i * 0.01], x[:2], x[-1:]])
            if i % 10 == 0:
                x = tnp.concatenate([x, x])[: x.size + 1]
        return x, x.reshape(-1, 1), tnp.arange(x.size)

    f = tnp.function(chain)
    rng = np.random.default_rng(0)
    for n in (8, 8, 8, 8, 8, 8, 8, 8, 8, 3, 64, 1, 8):
        x = tnp.asarray(rng.standard_normal(n))
        for got, expected in zip(f(x), chain(x), strict=True):
            assert np.array_equal(np.asarray(got), np.asarray(expected))
