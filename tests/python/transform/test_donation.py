"""Arguments that the caller gives up: their memory is that of a result, or they stay as they are."""

import threading

import pytest
import tnp

import numpy as np

N = 100_000


def address(x):
    return x.__array_interface__["data"][0]


def array(n=N):
    return tnp.asarray(np.arange(float(n))) + 0.0  # of its own memory


@pytest.mark.parametrize("keywords", [{"donate_argnums": 0}, {"donate_argnames": "x"}, {"donate_argnums": (-2,)}])
def test_a_result_takes_the_memory(keywords):
    step = tnp.function(lambda x, y: x * 2 + y, **keywords)
    y = tnp.ones(N)
    for _ in range(3):
        x = array()
        at = address(x)
        z = step(x, y)
        assert address(z) == at
        np.testing.assert_array_equal(np.asarray(z), np.arange(N) * 2.0 + 1)
        np.testing.assert_array_equal(np.asarray(y), 1)


def test_by_keyword_and_in_a_structure():
    f = tnp.function(lambda state, *, k: ({"a": state["a"] + k, "b": state["b"] * 2}), donate_argnames=["state", "k"])
    state = {"a": array(), "b": array()}
    at = {address(x) for x in state.values()}
    k = array()
    new = f(state=state, k=k)
    assert address(new["b"]) in at
    np.testing.assert_array_equal(np.asarray(new["a"]), np.arange(N) * 2.0)
    for x in (state["a"], state["b"], k):
        with pytest.raises(RuntimeError, match="donated"):
            x + 1


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x + 1,
        tnp.sum,
        np.asarray,
        repr,
        float,
        lambda x: x[1:],
        lambda x: x.at[0].set(1.0),
        memoryview,
        lambda x: tnp.function(lambda y: y + 1)(x),
        lambda x: tnp.function(lambda y: y + 1, donate_argnums=0)(x),
        lambda x: tnp.grad(lambda y: tnp.sum(y * y))(x),
        lambda x: tnp.vmap(lambda y: y * 2)(x),
        lambda x: x.__dlpack__(),
        lambda x: tnp.matmul(x, x),
        lambda x: x == x,
        lambda x: x.tolist(),
        lambda x: x.T + 1,
        lambda x: tnp.reshape(x, (2, -1)),
    ],
)
@pytest.mark.parametrize("n", [4, N])
def test_using_it_afterwards_raises(use, n):
    f = tnp.function(lambda x: tnp.sum(x) + x, donate_argnums=0)
    x = array(n)
    f(x)
    assert x.shape == (n,)
    assert x.dtype == tnp.float64
    with pytest.raises(RuntimeError, match="donated"):
        use(x)


def test_what_something_else_holds_stays_valid():
    f = tnp.function(lambda x: x * 2, donate_argnums=0)
    for hold in (lambda x: x[1:], lambda x: np.asarray(x), memoryview, lambda x: x.reshape(-1, 2)):
        x = array()
        held = hold(x)
        y = f(x)
        np.testing.assert_array_equal(np.asarray(x), np.arange(N))
        np.testing.assert_array_equal(np.asarray(y), np.arange(N) * 2.0)
        assert held is not None
    theirs = np.arange(float(N))
    f(tnp.asarray(theirs))
    np.testing.assert_array_equal(theirs, np.arange(N))
    theirs.flags.writeable = False
    f(tnp.asarray(theirs))
    np.testing.assert_array_equal(theirs, np.arange(N))
    np.testing.assert_array_equal(np.asarray(f(theirs)), np.arange(N) * 2.0)
    np.testing.assert_array_equal(theirs, np.arange(N))


def test_an_array_passed_twice_stays_valid():
    f = tnp.function(lambda x, y: (x * 2, y + 1), donate_argnums=(0, 1))
    x = array()
    a, b = f(x, x)
    np.testing.assert_array_equal(np.asarray(a), np.arange(N) * 2.0)
    np.testing.assert_array_equal(np.asarray(b), np.arange(N) + 1.0)
    np.testing.assert_array_equal(np.asarray(x), np.arange(N))


def test_arguments_that_are_not_donated_are_never_overwritten():
    f = tnp.function(lambda x, y, z: (x + y, y * 2, z, y), donate_argnums=0)
    y, z = array(), array()
    for _ in range(3):
        got = f(array(), y, z)
        np.testing.assert_array_equal(np.asarray(y), np.arange(N))
        np.testing.assert_array_equal(np.asarray(z), np.arange(N))
        np.testing.assert_array_equal(np.asarray(got[1]), np.arange(N) * 2.0)


def test_results_that_are_arguments_and_unused_arguments():
    f = tnp.function(lambda x, y: (x, x, x + 1), donate_argnums=(0, 1))
    x = array()
    a, b, c = f(x, array(7))
    for r, want in ((a, 0), (b, 0), (c, 1)):
        np.testing.assert_array_equal(np.asarray(r), np.arange(N) + float(want))


def test_under_tapes_traces_and_batches_nothing_is_given_up():
    f = tnp.function(lambda x: x * x, donate_argnums=0)
    x = array()
    np.testing.assert_array_equal(np.asarray(tnp.grad(lambda v: tnp.sum(f(v)))(x)), np.arange(N) * 2.0)
    np.testing.assert_array_equal(np.asarray(tnp.function(lambda v: f(v) + v)(x)), np.arange(N) ** 2.0 + np.arange(N))
    np.testing.assert_array_equal(np.asarray(tnp.vmap(f)(x)), np.arange(N) ** 2.0)
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = tnp.sum(f(x))
    np.testing.assert_array_equal(np.asarray(tape.gradient(y, x)), np.arange(N) * 2.0)
    np.testing.assert_array_equal(np.asarray(x), np.arange(N))


def test_large_reductions_updates_and_loops():
    x = array()
    f = tnp.function(lambda x: tnp.fori_loop(0, 5, lambda i, y: y.at[i].set(0.5), x) + tnp.var(x), donate_argnums=0)
    want = np.asarray(tnp.function(lambda x: tnp.fori_loop(0, 5, lambda i, y: y.at[i].set(0.5), x) + tnp.var(x))(x))
    for _ in range(2):
        np.testing.assert_array_equal(np.asarray(f(array())), want)
    update = tnp.function(lambda x: x.at[3].set(9.0), donate_argnums=0)
    at = address(x)
    assert address(update(x)) == at


def test_many_threads_with_arrays_of_their_own():
    f = tnp.function(lambda x: x * 2 + 1, donate_argnums=0)
    wrong = []

    def run():
        x = array()
        for _ in range(20):
            x = f(x)
        if not (np.asarray(x) == np.arange(N) * 2.0**20 + 2.0**20 - 1).all():
            wrong.append(1)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_misuse():
    with pytest.raises(ValueError, match="donate_argnums"):
        tnp.function(lambda x: x, donate_argnums=3)
    with pytest.raises(ValueError, match="donate_argnames"):
        tnp.function(lambda x: x, donate_argnames="y")


def test_the_gradient_of_a_large_call_of_a_function():
    f = tnp.function(lambda x: x * x)
    got = tnp.grad(lambda v: tnp.sum(f(v)))(array())
    np.testing.assert_array_equal(np.asarray(got), np.arange(N) * 2.0)
