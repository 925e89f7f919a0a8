"""Arrays that nobody else can see are written over, in loops and branches too; the copies that remain are explained."""

import pytest
import tnp

import numpy as np

N = 1 << 18  # beyond what native code of single steps is for
BYTES = N * 8


def array(seed=0):
    return tnp.asarray(np.random.default_rng(seed).random(N)) + 0.0


def measure(f, make):
    """The most memory that a call takes beyond its arguments, in arrays, and what it gives."""
    for _ in range(4):  # whatever way it runs in the end
        args = make()
        tnp.clear_cache()
        tnp.reset_peak_memory()
        before = tnp.memory_stats()["peak_in_use"]  # with the few free blocks that other threads keep
        out = f(*args)
        peak = (tnp.memory_stats()["peak_in_use"] - before) / BYTES
    return peak, out


def copies(f):
    return [line.split(": ", 1)[1] for line in f.explain().splitlines() if "copied at" in line]


LOOPS = {
    "set": lambda x: tnp.fori_loop(0, 100, lambda i, y: y.at[i].set(0.5), x),
    "elementwise": lambda x: tnp.fori_loop(0, 10, lambda i, y: y * 1.5 + 1, x),
    "while": lambda x: tnp.while_loop(
        lambda k, y: k < 100, lambda k, y: (k + 1, y.at[k].set(0.5)), (tnp.asarray(0), x)
    )[1],
    "scan": lambda x: tnp.scan(lambda c, i: (c.at[i].add(1.0), c[i]), x, tnp.arange(50))[0],
    "nested": lambda x: tnp.fori_loop(
        0, 10, lambda i, y: tnp.fori_loop(0, 10, lambda j, z: z.at[i * 10 + j].set(0.5), y), x
    ),
    "cond": lambda x: tnp.fori_loop(
        0, 100, lambda i, c: tnp.cond(c[i] > 0.5, lambda y: y.at[i].set(0.0), lambda y: y, c), x
    ),
    "branch": lambda x: tnp.cond(tnp.sum(x) > 0, lambda y: y.at[3].set(1.0), lambda y: y, x),
    "large body": lambda x: tnp.fori_loop(
        0, 20, lambda i, y: y.at[i].set(tnp.sum(y.reshape(512, -1) @ tnp.ones((512, 3)))), x
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_what_a_loop_or_branch_is_given_for_good_is_not_copied(name):
    body = LOOPS[name]
    plain = tnp.function(body)
    x = array()
    want = np.asarray(body(x))
    np.testing.assert_array_equal(np.asarray(plain(x)), want)
    donating = tnp.function(body, donate_argnums=0)
    peak, got = measure(donating, lambda: [array()])
    np.testing.assert_array_equal(np.asarray(got), want)
    assert peak < 0.2
    assert copies(donating) == []
    computed = tnp.function(lambda x: body(x * 0.5))
    peak, got = measure(computed, lambda: [array() * 2])
    np.testing.assert_array_equal(np.asarray(got), want)
    assert peak < 1.2
    assert copies(computed) == []
    # What the caller holds is copied once, and stays as it was.
    peak, got = measure(plain, lambda: [x])
    assert peak < 1.2
    np.testing.assert_array_equal(np.asarray(x), np.asarray(array()))
    assert len(copies(plain)) == 1
    assert "argument 0, which the caller holds" in copies(plain)[0]


def test_carries_that_change_places():
    def body(x, y):
        return tnp.fori_loop(0, 101, lambda i, c: (c[1].at[i].set(0.5), c[0]), (x, y))

    f = tnp.function(body, donate_argnums=(0, 1))
    x, y = array(), array(1)
    want = [np.asarray(a).copy() for a in body(x, y)]
    peak, got = measure(f, lambda: [array(), array(1)])
    for a, b in zip(got, want, strict=False):
        np.testing.assert_array_equal(np.asarray(a), b)
    assert peak < 0.2 and copies(f) == []


def test_one_array_for_two_carries():
    f = tnp.function(
        lambda x: tnp.fori_loop(0, 40, lambda i, c: (c[0].at[i].set(1.0), c[1].at[i].add(2.0)), (x, x)),
        donate_argnums=0,
    )
    want = np.asarray(array())
    for _ in range(3):
        a, b = f(array())
        first, second = want.copy(), want.copy()
        first[:40] = 1
        second[:40] += 2
        np.testing.assert_array_equal(np.asarray(a), first)
        np.testing.assert_array_equal(np.asarray(b), second)
    assert all("given to the operation twice" in c for c in copies(f)) and len(copies(f)) == 2


def test_what_the_loop_reads_besides_stays():
    def body(x):
        y = x * 2
        return tnp.fori_loop(0, 60, lambda i, c: c.at[i].set(y[i + 1] + c[i]), y)

    f = tnp.function(body)
    x = array()
    for _ in range(4):
        np.testing.assert_array_equal(np.asarray(f(x)), np.asarray(body(x)))
    assert len(copies(f)) == 1


@pytest.mark.parametrize("hold", ["view", "numpy", "array", "dlpack"])
def test_what_others_hold_is_not_written_over_by_a_loop(hold):
    f = tnp.function(LOOPS["set"], donate_argnums=0)
    for _ in range(3):
        x = array()
        held = {
            "view": lambda x: x[1:],
            "numpy": lambda x: np.asarray(x),
            "array": lambda x: x + 0.0,
            "dlpack": lambda x: np.from_dlpack(x),
        }[hold](x)
        before = np.asarray(held).copy()
        got = f(x)
        np.testing.assert_array_equal(np.asarray(held), before)
        assert (np.asarray(got)[:100] == 0.5).all()


@pytest.mark.parametrize("n", [40, N])
def test_errors_in_a_loop_that_takes_its_carry(n):
    """The same error whether the loop can begin again or not."""
    body = lambda x, i: tnp.fori_loop(0, 100, lambda k, y: y.at[i + k * 2].set(0.5), x)
    plain, donating = tnp.function(body), tnp.function(body, donate_argnums=0)
    start = tnp.asarray(n - 30)
    make = lambda: tnp.asarray(np.arange(float(n))) + 0.0
    messages = set()
    for f in (plain, donating, body):
        for _ in range(3):
            with pytest.raises(IndexError) as e:
                f(make(), start)
            messages.add(str(e.value))
    assert messages == {f"index {n} is out of bounds for axis 0 with size {n}"}
    low = lambda x, i: tnp.fori_loop(0, 100, lambda k, y: y.at[0, i - k].set(0.5), x.reshape(1, -1))
    for f in (tnp.function(low), tnp.function(low, donate_argnums=0)):
        for _ in range(3):
            with pytest.raises(IndexError, match=f"index -{n + 1} is out of bounds for axis 1 with size {n}"):
                f(make(), tnp.asarray(60 - n))


def test_errors_of_a_switch_in_a_loop_that_takes_its_carry():
    body = lambda x: tnp.fori_loop(
        0, 100, lambda k, y: tnp.switch(k // 30, [lambda z: z.at[k].set(1.0), lambda z: z.at[k].set(2.0)], y), x
    )
    for f in (tnp.function(body), tnp.function(body, donate_argnums=0)):
        for _ in range(3):
            with pytest.raises(IndexError, match="index 2 is out of range for 2 branches"):
                f(array())


def test_readers_come_before_updates():
    """The old value is read by then, whatever the order in the function."""

    def body(x):
        y = x * 2
        z = y.at[3].set(1.0).at[5:9].multiply(2.0)
        return z, tnp.sum(y), y[2] + 1

    f = tnp.function(body)
    x = array()
    peak, got = measure(f, lambda: [x])
    for a, b in zip(got, body(x), strict=False):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-12)
    assert peak < 1.2 and copies(f) == []


def test_reasons():
    y = array(2)
    cases = {
        "is a result as well": lambda x: ((z := x * 2).at[3].set(1.0), z),
        "a view of the array is a result as well": lambda x: ((z := x * 2).at[3].set(1.0), z[1:]),
        "is read later by": lambda x: (z := x * 2).at[3].set(tnp.sum(z)).at[4].set(0.0) * z,
        "one from outside": lambda x: y.at[3].set(x[0]),
        "a view, whose elements": lambda x: (x * 2).reshape(512, -1).T.at[3, 4].set(1.0),
        "every iteration reads": lambda x: tnp.fori_loop(0, 30, lambda i, c: c + tnp.sum(y.at[i].set(c)), x[0]),
        "(in cond)": lambda x: tnp.cond(x[0] > 2, lambda a: a, lambda a: a.at[0].set(1.0), x),
    }
    for text, body in cases.items():
        f = tnp.function(body)
        f(array())
        assert any(text in c for c in copies(f)), (text, f.explain())
