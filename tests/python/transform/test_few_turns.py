"""Loops of so few turns, known when they are traced, that they become straight code: the same results and errors."""

import pytest
import tnp

import numpy as np

TURNS = [0, 1, 2, 3, 4, 5]
X = np.linspace(-2, 2, 9)


def text(f, *args):
    return str(f.graph(*args))


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("n", [1, 9])
def test_the_bits_of_python_loops(turns, n):
    def loop(x):
        return tnp.fori_loop(0, turns, lambda i, c: tnp.sin(c) * (i + 1) + x.sum(), x)

    def again(x):
        return tnp.while_loop(
            lambda i, c: i < 2 * turns, lambda i, c: (i + 2, tnp.sort(c * 2 + i)), (tnp.asarray(0), x)
        )[1]

    x = tnp.asarray(X[:n])
    expected = x
    for i in range(turns):
        expected = tnp.sin(expected) * (i + 1) + x.sum()
    f, g = tnp.function(loop), tnp.function(again)
    assert ("loop" in text(f, x)) == (turns > 3) == ("loop" in text(g, x))
    sorted_ = x
    for i in range(turns):
        sorted_ = tnp.sort(sorted_ * 2 + 2 * i)
    for _ in range(12):
        assert np.asarray(f(x)).tobytes() == np.asarray(expected).tobytes()
        assert np.asarray(g(x)).tobytes() == np.asarray(sorted_).tobytes()


@pytest.mark.parametrize("turns", TURNS)
def test_sizes_that_change(turns):
    f = tnp.function(lambda x: tnp.fori_loop(0, turns, lambda i, c: tnp.concatenate([c, c[:1]]), x))
    for n in (1, 5, 5, 5, 5, 2):
        x = tnp.asarray(X[:n])
        assert f(x).tolist() == [*X[:n].tolist(), *[X[0]] * turns]


@pytest.mark.parametrize("turns", TURNS)
def test_variables_are_assigned(turns):
    v = tnp.Variable(1.0)

    @tnp.function
    def f(x):
        def body(i, c):
            v.assign_add(c)
            return c * v

        return tnp.fori_loop(0, turns, body, x)

    total = tnp.asarray(0.5)
    value, expected = 1.0, 0.5
    for _ in range(turns):
        value += expected
        expected *= value
    assert f(total).item() == expected and np.asarray(v).item() == value


@pytest.mark.parametrize("turns", TURNS)
def test_gradients_and_batches(turns):
    def loop(x):
        return tnp.fori_loop(0, turns, lambda i, c: tnp.sin(c) * c, x)

    def plain(x):
        for _ in range(turns):
            x = tnp.sin(x) * x
        return x

    x = tnp.asarray(X)
    got, expected = (tnp.function(tnp.grad(lambda x, f=f: f(x).sum()))(x) for f in (loop, plain))
    np.testing.assert_allclose(np.asarray(got), np.asarray(expected), rtol=1e-14)
    xs = tnp.stack([x, x * 2])
    np.testing.assert_array_equal(np.asarray(tnp.function(tnp.vmap(loop))(xs)), np.asarray(plain(xs)))


def test_loops_in_loops():
    def loop(x):
        return tnp.fori_loop(0, 3, lambda i, c: tnp.fori_loop(0, i + 1, lambda j, d: d + i * j, c), x)

    expected = X.copy()
    for i in range(3):
        for j in range(i + 1):
            expected = expected + i * j
    np.testing.assert_array_equal(np.asarray(tnp.function(loop)(tnp.asarray(X))), expected)


def test_what_only_a_run_tells_stays_a_loop():
    f = tnp.function(lambda x, n: tnp.fori_loop(0, n, lambda i, c: c + 1, x))
    for n in range(6):
        assert f(tnp.asarray(0.0), tnp.asarray(n)).item() == n
    g = tnp.function(lambda x: tnp.while_loop(lambda c: c < 3, lambda c: c + 1, (x,))[0])
    for x in (0.0, 2.5, 7.0):
        assert g(tnp.asarray(x)).item() == max(x, x + np.ceil(3 - x))
    assert "loop" in text(g, tnp.asarray(0.0))


def test_errors_are_those_of_loops():
    x = tnp.asarray(X)
    with pytest.raises(TypeError, match="dtype must stay"):
        tnp.function(lambda x: tnp.fori_loop(0, 1, lambda i, c: c > 0, x))(x)
    with pytest.raises(ValueError, match="number of dimensions must stay"):
        tnp.function(lambda x: tnp.fori_loop(0, 0, lambda i, c: c[0], x))(x)
    with pytest.raises(IndexError):
        tnp.function(lambda x: tnp.fori_loop(0, 2, lambda i, c: c + x[i + 8], x))(x)
