# ruff: noqa: B905, B007
"""Lists to which a `for` of the graph adds become arrays of all turns' elements, or the loop is gone through turn by turn."""

import functools

import pytest
import tnp

import numpy as np

COLLECTED, BY_TURNS = {}, {}


def collected(f):
    COLLECTED[f.__name__] = f
    return f


def by_turns(f):
    BY_TURNS[f.__name__] = f
    return f


@collected
def over_rows(xp, x):
    out, s = [], 0.0
    for v in x:
        s = s + v
        out.append(s * 2)
    return xp.stack(out), xp.array(out), len(out), out[-1], out[0], xp.array(out[1:]), xp.array(out[::-1])


@collected
def over_a_range(xp, x):
    out = [x[0]]
    for i in range(1, len(x)):
        out.append(x[i] - x[i - 1])
    return xp.array(out)


@collected
def from_the_last(xp, x):
    xs, ys = [0.0], [1.0]
    for i in range(len(x)):
        xs.append(xs[-1] + 0.1 * ys[-1])
        ys.append(ys[-1] - 0.1 * xs[-1] + x[i])
    return xp.array(xs), xp.array(ys)


@collected
def from_the_last_two(xp, x):
    f = [x[0], x[1]]
    for v in x:
        f.append(f[-1] + 0.5 * f[-2] + v)
    return xp.array(f)


@collected
def several_a_turn(xp, x):
    a, b = [], []
    for v in x:
        a.append(v)
        b.extend([v * v, v])
        a.append(-v)
    return xp.array(a), xp.array(b)


@collected
def over_pairs(xp, x):
    a = []
    for i, (u, v) in enumerate(zip(x, x[::-1])):
        a.append(u * v + i)
    return xp.stack(a)


@collected
def vectors(xp, x):
    a = []
    for v in x:
        a.append(x * v)
    joined = xp.stack(a), xp.vstack(a), xp.concatenate(a), xp.hstack(a), xp.stack(a, axis=1), xp.column_stack(a)
    return (*joined, xp.dstack(a), xp.mean(a, axis=0), xp.concatenate(a, axis=None))


@collected
def matrices(xp, x):
    a = []
    for v in x:
        a.append(x[:, None] * v + x[None, :3])
    return xp.concatenate(a, axis=1), xp.hstack(a), xp.vstack(a), xp.dstack(a), xp.stack(a, 2), xp.column_stack(a)


@collected
def nested(xp, x):
    a = []
    for v in x:
        row = []
        for w in x:
            row.append(v * w)
        a.append(xp.stack(row))
    return xp.stack(a)


@collected
def read_again(xp, x):
    a = []
    for v in x:
        a.append(v * v)
    t = 0.0
    for u, v in zip(a, x):
        t = t + u * v
    return t, sum(a), max(a), sum(a) / len(a)


@collected
def in_a_branch(xp, x):
    if x.sum() > -1000:
        a = []
        for v in x:
            a.append(v * 2)
        r = xp.array(a)
    else:
        r = x
    return r


@collected
def numbers(xp, x):
    a = []
    for v in x:
        a.append(1)
    return xp.array(a), sum(a)


@by_turns
def pairs(xp, x):
    a = []
    for v in x:
        a.append((v, v * v))
    p, q = zip(*a)
    return xp.array(p) + xp.array(q)


@by_turns
def in_place(xp, x):
    a = []
    for v in x:
        a += [v * 2]
    return xp.array(a)


@by_turns
def at_the_front(xp, x):
    a = []
    for v in x:
        a.insert(0, v)
    return xp.array(a)


@by_turns
def known_by_two_names(xp, x):
    a = []
    b = a
    for v in x:
        a.append(v)
    return xp.array(b)


@by_turns
def of_a_dict(xp, x):
    h = {"a": [], "b": []}
    for v in x:
        h["a"].append(v)
        h["b"].append(2 * v)
    return xp.array(h["a"]) + xp.array(h["b"])


@by_turns
def by_a_helper(xp, x):
    def fill(out):
        for v in x:
            out.append(v * 3)

    a = []
    fill(a)
    return xp.array(a)


@by_turns
def added_to_later(xp, x):
    a = []
    for v in x:
        a.append(v)
    a.append(x[0])
    a.reverse()
    return xp.array(a)


@by_turns
def to_one_list(xp, x):
    a = []
    for v in x:
        for w in x:
            a.append(v * w)
    return xp.array(a)


@by_turns
def given_back(xp, x):
    a = []
    for v in x:
        a.append(v * v)
    return a


@by_turns
def by_the_length(xp, x):
    a = [x[0]]
    for v in x:
        a.append(v * len(a) + a[len(a) // 2])
    return xp.array(a)


@by_turns
def of_several_types(xp, x):
    a = []
    for v in x:
        a.append(v)
        a.append(2)
    return xp.array(a)


def compare(f, g, n):
    x = np.random.default_rng(n).standard_normal(n)
    want, got = f(np, x), g(tnp.asarray(x))
    want, got = ([*y] if isinstance(y, (tuple, list)) else [y] for y in (want, got))
    for w, y in zip(want, got, strict=True):
        assert np.asarray(y).dtype == np.asarray(w).dtype
        np.testing.assert_allclose(y, w, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", COLLECTED)
def test_all_turns_are_collected(name):
    g = tnp.function(functools.partial(COLLECTED[name], tnp))
    for n in (20, 33, 5):
        compare(COLLECTED[name], g, n)
    assert g.cache_info()["traces"] == 1, g.explain()


@pytest.mark.parametrize("name", BY_TURNS)
def test_other_loops_are_gone_through_turn_by_turn(name):
    g = tnp.function(functools.partial(BY_TURNS[name], tnp))
    for n in (20, 33):
        compare(BY_TURNS[name], g, n)
    assert g.cache_info()["traces"] == 2


def test_gradients_and_batches():
    def f(x):
        out = [x[0]]
        for v in x[1:]:
            out.append(tnp.sin(out[-1]) + v)
        return tnp.sum(tnp.array(out) ** 2)

    x = np.random.default_rng(0).standard_normal((3, 20))
    want = [tnp.grad(f)(tnp.asarray(v)).tolist() for v in x]
    np.testing.assert_allclose(tnp.function(tnp.grad(f))(tnp.asarray(x[0])), want[0], rtol=1e-12)
    np.testing.assert_allclose(tnp.function(tnp.vmap(tnp.grad(f)))(tnp.asarray(x)), want, rtol=1e-12)


def test_a_list_outside_is_left_alone():
    log = []

    @tnp.function
    def f(x):
        for v in x:
            log.append("traced")
            x = x + v
        return x

    f(tnp.ones(20))
    assert set(log) <= {"traced"}


def test_what_only_a_run_could_know_is_refused():
    @tnp.function
    def f(x):
        out = []
        for v in x:
            if v > 0:
                out.append(v)
        return tnp.array(out)

    with pytest.raises(TypeError, match="the list 'out' has other elements after one branch"):
        f(tnp.ones(20))


def test_recursion_by_sizes():
    @tnp.function
    def total(x):
        n = len(x)
        return x[0] if n == 1 else total(x[: n // 2]) + total(x[n // 2 :])

    def plain(x):
        n = len(x)
        if n <= 2:
            return x.sum()
        return plain(x[::2]) + plain(x[1::2])

    g = tnp.function(plain)
    for n in (8, 13):
        assert float(total(tnp.arange(n))) == float(g(tnp.arange(n))) == n * (n - 1) / 2
