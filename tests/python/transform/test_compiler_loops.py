"""Loops as native code: the same bits as plain Python, whichever way the loop runs."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import tnp
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy as np

LONG = 40_000  # iterations: native code takes over on the way


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype and a.shape == b.shape
    np.testing.assert_array_equal(a, b)


def test_while_on_scalars():
    @tnp.function
    def f(n):
        return tnp.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s + 1.0 / i), (tnp.asarray(1), tnp.asarray(0.0)))

    for n in (0, 1, 17, LONG):
        i, s = 1, np.float64(0)
        while i < n:
            i, s = i + 1, s + 1.0 / i
        got = f(tnp.asarray(n))
        same(got[0], np.asarray(i))
        same(got[1], s)


def test_values_change_places():
    @tnp.function
    def f(n, a, b):
        return tnp.fori_loop(0, n, lambda i, v: (v[1], v[2], v[0] * 1.0 + i), (a, b, a))

    x, y = np.arange(5.0), np.ones(5)
    for n in (1, 2, 3, LONG, LONG + 1):
        v = (x, y, x)
        for i in range(n):
            v = (v[1], v[2], v[0] * 1.0 + i)
        for got, want in zip(f(tnp.asarray(n), tnp.asarray(x), tnp.asarray(y)), v, strict=True):
            same(got, want)


@pytest.mark.parametrize("shape", [(5,), (2, 2), (64,), (9, 9)])
def test_rows_in_place_of_themselves(shape):
    """Carries that become views of themselves: small ones are in registers, where a view has the same variable."""

    def f(n, x, y):
        return tnp.fori_loop(0, n, lambda i, v: (v[0][::-1], v[0].T if v[0].ndim > 1 else v[1][::-1], v[1]), (x, y, x))

    g = tnp.function(f)
    x, y = np.random.default_rng(0).normal(size=(2, *shape))
    for n in (1, 2, 3, LONG + 1):
        v = (x, y, x)
        for _ in range(n):
            v = (v[0][::-1], v[0].T if x.ndim > 1 else v[1][::-1], v[1])
        for got, want in zip(g(tnp.asarray(n), tnp.asarray(x), tnp.asarray(y)), v, strict=True):
            same(got, want)


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint16", "int64", "float16", "float32", "float64", "complex64", "complex128"]
)
@pytest.mark.parametrize("shape", [(), (1,), (3,), (64,), (5, 7), (0,)])
@pytest.mark.parametrize("reverse", [False, True])
def test_scan(dtype, shape, reverse):
    rng = np.random.default_rng(0)
    xs = (rng.standard_normal((LONG // 4, *shape)) * 3).astype(dtype)
    c = np.ones(shape, dtype)

    def step(c, x):
        if dtype == "bool":
            return c ^ x, c & x
        return tnp.where(x > x * 0, c + x, c - x), c * x

    got_c, got_y = tnp.function(lambda c, xs: tnp.scan(step, c, xs, reverse=reverse))(tnp.asarray(c), tnp.asarray(xs))
    want = []
    a = tnp.asarray(c)
    for x in tnp.asarray(xs[:: -1 if reverse else 1])[:2000]:
        a, y = step(a, x)
        want.append(np.asarray(y))
    part = np.asarray(got_y)[::-1][:2000] if reverse else np.asarray(got_y)[:2000]
    same(part, np.stack(want).reshape(part.shape))
    b, _ = tnp.function(lambda c, xs: tnp.scan(step, c, xs))(a, tnp.asarray(xs[::-1][2000:] if reverse else xs[2000:]))
    same(b, got_c)


def test_places():
    @tnp.function
    def f(n, x, out):
        def body(i, out):
            return out.at[i].set(x[i % x.shape[0]] * 2 + out[i - 1])

        return tnp.fori_loop(0, n, body, out)

    x = np.arange(7.0)
    want = np.zeros(LONG)
    for i in range(LONG):
        want[i] = x[i % 7] * 2 + want[i - 1]
    start = tnp.zeros(LONG)
    same(f(tnp.asarray(LONG), tnp.asarray(x), start), want)
    same(start, np.zeros(LONG))  # the loop worked on its own memory
    with pytest.raises(IndexError):
        f(tnp.asarray(LONG + 1), tnp.asarray(x), start)


def test_rows_in_place():
    @tnp.function
    def f(n, m):
        return tnp.fori_loop(0, n, lambda i, m: m.at[i % 4].set(m[(i + 1) % 4] * 0.5 + m[-1] * 0.25), m)

    m = np.arange(20.0).reshape(4, 5)
    want = m.copy()
    for i in range(LONG):
        want[i % 4] = want[(i + 1) % 4] * 0.5 + want[-1] * 0.25
    same(f(tnp.asarray(LONG), tnp.asarray(m)), want)


def test_old_value_is_kept_where_it_is_needed():
    @tnp.function
    def f(n, x):
        def step(x, i):
            new = x.at[i % 3].set(x[(i + 1) % 3] + 1)
            return new, (x, new)

        return tnp.scan(step, x, tnp.arange(n))

    x = np.arange(3.0)
    last, (old, new) = f(LONG, tnp.asarray(x))
    for i in range(LONG):
        same(np.asarray(old)[i], x) if i % 5000 < 3 else None
        y = x.copy()
        y[i % 3] = x[(i + 1) % 3] + 1
        x = y
        same(np.asarray(new)[i], x) if i % 5000 < 3 else None
    same(last, x)


def test_sizes_differ_from_run_to_run():
    f = tnp.function(lambda n, c: tnp.fori_loop(0, n, lambda i, c: c * 0.5 + i, c))
    for size in (64, 1, 3, 65, 4096, 0, 17):
        c = np.ones(size)
        for i in range(3000):
            c = c * 0.5 + i
        same(f(tnp.asarray(3000), tnp.ones(size)), c)


def test_gradient_of_a_native_loop():
    def f(x):
        return tnp.sum(tnp.fori_loop(0, 3000, lambda i, c: c * 0.999 + tnp.sin(c) * 0.001, x))

    x = tnp.asarray([0.5, 1.5])
    got = tnp.function(tnp.grad(f))(x)
    e = 1e-6
    for k in range(2):
        d = tnp.zeros(2).at[k].set(e)
        np.testing.assert_allclose(np.asarray(got)[k], float((f(x + d) - f(x - d)) / (2 * e)), rtol=1e-5)


def floyd_warshall(xp, loop, d):
    """Columns and rows of a carry, broadcast."""
    return loop(0, d.shape[0], lambda k, d: xp.minimum(d, d[:, k][:, None] + d[k][None, :]), d)


def elimination(xp, loop, a):
    """Columns written where they are."""
    i = xp.arange(a.shape[0])

    def step(k, a):
        column = xp.where(i > k, a[:, k] / a[k, k], 0.0)
        a = a - column[:, None] * xp.where(i >= k, a[k], 0.0)[None, :]
        return a.at[:, k].set(xp.where(i > k, column, a[:, k]))

    return loop(0, a.shape[0], step, a)


def cholesky(xp, loop, a):
    """A product in each step."""
    i = xp.arange(a.shape[0])

    def step(k, factor):
        c = a[:, k] - factor @ factor[k]
        return factor.at[:, k].set(xp.where(i >= k, c / xp.sqrt(c[k]), 0.0))

    return loop(0, a.shape[0], step, a * 0)


def bodies(xp, loop, a):
    """Differences of all pairs, and sums over them."""

    def step(_, c):
        x, v = c
        d = x[None, :, :] - x[:, None, :]
        r = xp.sum(d * d, axis=-1) + 0.1
        v = v + 1e-3 * xp.sum(d / (r * xp.sqrt(r))[:, :, None], axis=1)
        return x + v, v

    x = a[:, :3]
    return loop(0, 60, step, (x, x * 0))[0]


@pytest.mark.parametrize("program", [floyd_warshall, elimination, cholesky, bodies])
@pytest.mark.parametrize("n", [1, 4, 33])
def test_programs_over_rows(program, n):
    rng = np.random.default_rng(0)
    a = rng.random((n, n + 2))[:, :n] + np.eye(n) * 2 * n
    a = tnp.asarray(a + a.T)
    if program is bodies:
        a = tnp.asarray(rng.random((n, 3)))

    def plain(lower, upper, step, value):
        for k in range(lower, upper):
            value = step(tnp.asarray(k), value)
        return value

    want = program(tnp, plain, a)
    f = tnp.function(lambda a: program(tnp, tnp.fori_loop, a))
    for _ in range(40 if n > 4 else 3):
        got = f(a)
    same(got, want)


def test_an_error_in_an_iteration():
    f = tnp.function(lambda n, x: tnp.fori_loop(0, n, lambda i, c: c + 2 ** (x - i), x))
    same(f(tnp.asarray(3), tnp.asarray(5)), np.asarray(5 + 32 + 16 + 8))
    with pytest.raises(ValueError, match="negative"):
        f(tnp.asarray(LONG), tnp.asarray(5))


def test_loops_in_loops():
    @tnp.function
    def f(n, m):
        def outer(i, s):
            return s + tnp.fori_loop(0, m, lambda j, t: t + i * j, tnp.asarray(0))

        return tnp.fori_loop(0, n, outer, tnp.asarray(0))

    same(f(tnp.asarray(300), tnp.asarray(200)), np.asarray(sum(range(300)) * sum(range(200))))


UNARY = [tnp.sin, tnp.exp, tnp.negative, tnp.square, tnp.tanh, tnp.floor]
BINARY = [tnp.add, tnp.subtract, tnp.multiply, tnp.minimum, tnp.maximum, tnp.arctan2]


@st.composite
def programs(draw):
    """Operations on a growing list of values, by number; the last ones are the next carries."""
    count = draw(st.integers(2, 8))
    ops = []
    for k in range(count):
        known = k + 4
        if draw(st.booleans()):
            ops.append((draw(st.sampled_from(UNARY)), (draw(st.integers(0, known - 1)),)))
        else:
            ops.append((draw(st.sampled_from(BINARY)), tuple(draw(st.integers(0, known - 1)) for _ in range(2))))
    outs = tuple(draw(st.integers(0, count + 3)) for _ in range(2))
    return ops, outs


@settings(max_examples=40, deadline=None)
@given(programs(), st.sampled_from(["float32", "float64"]), st.sampled_from([(), (3,), (17,), (4, 9)]), st.booleans())
def test_random_bodies(program, dtype, shape, mixed):
    ops, outs = program

    def body(a, b, x, s):
        values = [a, b, x, s]
        for f, which in ops:
            values.append(f(*(values[w] for w in which)))

        def carry(v):
            return tnp.broadcast_to(tnp.tanh(v), shape)

        return carry(values[4 + len(ops) - 1]), carry(values[outs[0]]), values[outs[1]]

    def loop(a, b, xs, s):
        def step(c, x):
            p, q, y = body(*c, x, s)
            return (p, q), y

        return tnp.scan(step, (a, b), xs)

    rng = np.random.default_rng(1)
    a, b = (tnp.asarray(rng.standard_normal(shape), dtype=dtype) for _ in range(2))
    xs = tnp.asarray(rng.standard_normal((40, *(() if mixed else shape))), dtype=dtype)
    s = tnp.asarray(0.75, dtype=dtype)
    (c, d), ys = loop(a, b, xs, s)
    (c2, d2), ys2 = run_always(loop)(a, b, xs, s)
    for want, got in ((c, c2), (d, d2), (ys, ys2)):
        same(got, want)


def run_always(f):
    """The function compiled with native code from the first iteration on, if the process says so (TNP_JIT=always)."""
    return tnp.function(f)


@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
def test_native_from_the_start(isa):
    """This file again, in a process where every loop is native at once."""
    if os.environ.get("TNP_JIT") == "always":
        pytest.skip("is that process")
    probe = "import tnp; print(tnp.sum(tnp.ones(3)))"
    env = {**os.environ, "TNP_ISA": isa, "TNP_JIT": "always", "TNP_VERIFY": "1"}
    if subprocess.run([sys.executable, "-c", probe], env=env, capture_output=True, timeout=60).returncode:
        pytest.skip(f"no {isa} here")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-k",
        "while_on or random or rows_in_place or programs",
        __file__,
    ]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize(
    "run",
    [
        "tnp.while_loop(lambda i: i < n, lambda i: (i + 1,), (tnp.asarray(0),))",
        # In the inner loop of a loop, whose own turns take long.
        "tnp.fori_loop(0, n, lambda i, s: s + tnp.fori_loop(0, n, lambda j, t: t * 0.5 + j, s), tnp.asarray(1.0))",
    ],
)
def test_interrupt(run):
    code = f"""
        import signal, time, tnp
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
        f = tnp.function(lambda n: {run})
        f(tnp.asarray(3000))
        print("ready", flush=True)
        try:
            f(tnp.asarray(10**11))
            print("ended", 0, flush=True)
        except KeyboardInterrupt:
            print("stopped", time.time(), flush=True)
    """
    p = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    try:
        assert p.stdout.readline() == "ready\n"
        time.sleep(0.3)
        at = time.time()
        p.send_signal(signal.SIGINT)
        out, _ = p.communicate(timeout=30)
    finally:
        p.kill()
    word, when = out.split()
    assert word == "stopped" and float(when) - at < 0.2
    assert p.returncode == 0
