"""Loops and branches over single elements: with all that is around them one piece of native code."""

import os
import subprocess
import sys

import pytest
import tnp

import numpy as np

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def gcd(a, b):
    while b != 0:
        a, b = b, a % b
    return a


def fibonacci(n):
    a, b = tnp.asarray(0), tnp.asarray(1)
    for _ in range(n):
        a, b = b, a + b
    return a, b


def newton(x):
    r = x
    while abs(r * r - x) > 1e-9:
        r = 0.5 * (r + x / r)
    return r


def early(x):
    for _ in range(5):
        if x > 10:
            return x
        x = x * 2
    return x


def collatz(n):
    steps = tnp.asarray(0)
    while n != 1:
        if n % 2 == 0:  # noqa: SIM108 - statements are what is tested
            n = n // 2
        else:
            n = 3 * n + 1
        steps = steps + 1
    return steps


def found(x, v):
    """The place of v in sorted x: a loop that reads an array."""
    low, high = tnp.asarray(0), tnp.asarray(x.shape[0])
    while low < high:
        middle = (low + high) // 2
        if x[middle] < v:
            low = middle + 1
        else:
            high = middle
    return low, x.sum()


def triangle(n):
    """Loops inside of loops, and a branch behind them."""
    total = tnp.asarray(0)
    for i in range(n):
        for j in range(i):
            total = total + i * j
    if total > 100:
        total = -total
    return total, total * 2


def horner(c, x):
    y = tnp.zeros((), c.dtype)
    for k in range(c.shape[0]):
        y = y * x + c[k]
    return y


ROWS = np.linspace(-2, 3, 11)
PROGRAMS = [
    (gcd, [(1071, 462), (7, 0), (2**40, 6)]),
    (gcd, [(np.int16(1071), np.int16(462))]),
    (fibonacci, [(0,), (1,), (30,), (-3,)]),
    (newton, [(2.0,), (1e-8,), (float("nan"),)]),
    (newton, [(np.float32(1.0),)]),
    (early, [(1.0,), (11.0,), (-1.0,)]),
    (collatz, [(27,), (1,)]),
    (found, [(ROWS, 0.1), (ROWS, -9.0), (ROWS, 9.0), (ROWS[::-2] * -1, 0.3)]),
    (triangle, [(0,), (4,), (9,)]),
    (horner, [(ROWS, 0.5), (ROWS.astype("float32"), np.float32(0.7)), (np.arange(5), 3)]),
]


@pytest.mark.parametrize("k", range(len(PROGRAMS)))
def test_same_as_eager(k):
    program, calls = PROGRAMS[k]
    traced = tnp.function(program)
    for given in calls:
        by_turns = program in (fibonacci, triangle)  # eager `range` takes numbers
        expected = program(*(given if by_turns else map(tnp.asarray, given)))
        for _ in range(5):
            for out, e in zip(as_tuple(traced(*map(tnp.asarray, given))), as_tuple(expected), strict=True):
                assert out.dtype == e.dtype and np.asarray(out).tobytes() == np.asarray(e).tobytes()


def as_tuple(x):
    return x if isinstance(x, tuple) else (x,)


def test_errors_are_those_of_the_steps():
    @tnp.function
    def chosen(x, n):
        s = tnp.zeros((), x.dtype)
        for i in range(n):
            s = s + x[i]
        return s

    x = tnp.arange(6.0)
    for _ in range(5):
        assert float(chosen(x, tnp.asarray(6))) == 15
        with pytest.raises(IndexError, match="index 6 is out of bounds"):
            chosen(x, tnp.asarray(7))


def test_branches_that_raise():
    @tnp.function
    def choose(i, x):
        return tnp.switch(i, [lambda x: x + 1, lambda x: x * 5], x) - 1

    for _ in range(5):
        assert [float(choose(tnp.asarray(i), tnp.asarray(2.0))) for i in (0, 1)] == [2, 9]
        with pytest.raises(IndexError):
            choose(tnp.asarray(2), tnp.asarray(2.0))


def test_effects_stay(capsys):
    @tnp.function
    def shown(n):
        for i in range(n):
            print(i)
        return n + 1

    for _ in range(4):
        assert int(shown(tnp.asarray(3))) == 4
    assert capsys.readouterr().out.split() == ["0", "1", "2"] * 4


def test_one_call_of_native_code(tmp_path):
    f = tnp.function(newton)
    for _ in range(20_000):
        f(tnp.asarray(9.0))
    with tnp.profile(tmp_path / "trace.json"):
        f(tnp.asarray(2.0))
    assert "native loop" not in (tmp_path / "trace.json").read_text()


INTERRUPTED = """
import os, signal, threading, time
import tnp

def count(n):
    return tnp.while_loop(lambda i: i < n, lambda i: i + 1 + 0 * (i % 7), tnp.asarray(0)) + 0

f = tnp.function(count)
for _ in range(4):
    f(tnp.asarray(3))
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
start = time.monotonic()
try:
    f(tnp.asarray(10**13))
except KeyboardInterrupt:
    assert time.monotonic() - start < 30
    assert int(f(tnp.asarray(5))) == 5
    print("interrupted")
"""


def test_interrupted():
    out = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        env={**os.environ, "TNP_JIT": "always"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert out.stdout.strip() == "interrupted", out.stderr


@pytest.mark.skipif(os.environ.get("TNP_JIT") == "always", reason="this is the other process")
def test_with_code_at_once():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        __file__,
        "-k",
        "eager or raise or errors",
    ]
    out = subprocess.run(
        command,
        env={**os.environ, "TNP_JIT": "always", "TNP_VERIFY": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert out.returncode == 0, out.stdout
