"""Slices whose place a loop's counter decides: the bits of eager execution, whatever is cut off at the ends."""

import os
import subprocess
import sys

import pytest
import tnp

import numpy as np

ALWAYS = os.environ.get("TNP_JIT") == "always"


def turns(first, last):
    """A loop where the bounds are traced, and Python's where they are numbers."""
    return range(first, last)


def sums(x, first, last):
    s = tnp.zeros((), x.dtype)
    for i in turns(first, last):
        s = s + x[8 * i : 8 * i + 8].sum()
    return s


def moved(x, first, last):
    y = x
    for i in turns(first, last):
        y = y.at[i : i + 3].set(y[i + 1 : i + 4][:1] * 2)
    return y


def added(x, first, last):
    y = x
    for i in turns(first, last):
        y = y.at[i - 1 : i + 3].add(1).at[2 * i : 2 * i + 2].multiply(2)
    return y


def of_a_share(x, first, last):
    k = x.shape[0] // 4
    s = tnp.zeros((), x.dtype)
    for i in turns(first, last):
        s = s * 2 + x[i : i + k].max(initial=-5)
    return s


def empty(x, first, last):
    s = tnp.zeros((), x.dtype)
    for i in turns(first, last):
        s = s + x[i:i].sum() + x[i + 2 : i + 1].sum() + x[i : 2 * i - i + 1].sum()
    return s


def every_other(x, first, last):
    s = tnp.zeros((), x.dtype)
    for i in turns(first, last):
        s = s + (x[i : i + 6 : 2].sum() - x[i + 5 : i : -1].sum())
    return s


def unlike(x, first, last):
    s = tnp.zeros((), x.dtype)
    for i in turns(first, last):
        s = s + x[i : 2 * i].sum() - x[: i + 1].sum() + x[i:].sum()
    return s


def of_a_table(x, first, last):
    t = tnp.reshape(x[: 5 * (x.shape[0] // 5)], (5, -1))
    u = t * 0
    for i in turns(first, last):
        u = u.at[1:4, i : i + 2].add(t[1:4, i + 1 : i + 2]).at[::2, i : i + 1].set(t[i % 5, i : i + 1])
    return u


def blocks(x, first, last):
    t = tnp.reshape(x[: 4 * (x.shape[0] // 4)], (-1, 4))
    s = tnp.zeros((2, 2), x.dtype)
    for i in turns(first, last):
        for j in range(2):
            s = s + t[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
    return s


PROGRAMS = {f.__name__: f for f in (sums, moved, added, of_a_share, empty, every_other, unlike, of_a_table)}
BOUNDS = [(0, 1), (0, 4), (0, 40), (2, 2), (-3, 2), (-60, -20), (-45, 60), (1, 3)]


def data(n, dtype="float64"):
    return tnp.asarray((np.random.default_rng(n).standard_normal(n) * 9).astype(dtype))


def bits(x):
    return (x.dtype, x.shape, np.asarray(x).tobytes())


@pytest.mark.parametrize("size", [1, 7, 40, 300])
@pytest.mark.parametrize("name", PROGRAMS)
def test_same_as_eager(name, size):
    program = PROGRAMS[name]
    traced = tnp.function(program)
    x = data(size)
    for first, last in BOUNDS:
        try:
            expected = program(x, first, last)
        except (ValueError, IndexError) as e:
            for _ in range(2):
                with pytest.raises(type(e)):
                    traced(x, tnp.asarray(first), tnp.asarray(last))
            continue
        for _ in range(3):
            assert bits(traced(x, tnp.asarray(first), tnp.asarray(last))) == bits(expected), (first, last)
    assert bits(x) == bits(data(size))


@pytest.mark.parametrize("dtype", ["bool", "int8", "float32", "complex128", "bfloat16"])
def test_types(dtype):
    traced = tnp.function(moved)
    x = data(60).astype(dtype)
    for last in (5, 57, 59):
        assert bits(traced(x, tnp.asarray(0), tnp.asarray(last))) == bits(moved(x, 0, last))


def moving(x, first, last):
    y = x * 0
    for i in turns(first, last):
        y = y.at[i % 1000].add(x[i : i + 5].sum() + i)
    return y


def now_and_then(x, first, last):
    y = x
    for i in turns(first, last):
        j = i % 70 - 3
        y = y.at[j : j + 4].add(1)
    return y


@pytest.mark.parametrize("program", [moving, now_and_then, added, sums])
@pytest.mark.parametrize("last", [995, 998, 1040])
def test_cut_off_in_some_turns(program, last):
    traced = tnp.function(program)
    x = data(1000)
    kept = bits(x)
    expected = bits(program(x, 0, last))
    for _ in range(6):
        assert bits(traced(x, tnp.asarray(0), tnp.asarray(last))) == expected
    assert bits(x) == kept


def test_errors_behind_slices():
    @tnp.function
    def f(x, n):
        y = x
        for i in range(n):
            y = y.at[i : i + 2].set(y[i + 2])
        return y

    x = data(500)
    for _ in range(6):
        f(x, tnp.asarray(498))
        with pytest.raises(IndexError, match="index 500 is out of bounds for axis 0 with size 500"):
            f(x, tnp.asarray(499))


def test_loops_inside_of_loops():
    traced = tnp.function(blocks)
    for n in (4, 40, 400):
        x = data(n)
        last = n // 8
        assert bits(traced(x, tnp.asarray(0), tnp.asarray(last))) == bits(blocks(x, 0, last))
        with pytest.raises(ValueError, match="broadcast"):
            traced(x, tnp.asarray(0), tnp.asarray(n))


def test_counters_of_other_types():
    @tnp.function
    def f(x, i):
        return tnp.while_loop(lambda i, s: i < 50, lambda i, s: (i + 1, s + x[i : i + 4].sum()), (i, x[0]))[1]

    x = data(60)
    expected = f(x, tnp.asarray(0))
    for dtype in ("int8", "int32", "uint8", "int64"):
        assert bits(f(x, tnp.asarray(0, dtype=dtype))) == bits(expected)


def test_gradients():
    x = data(40)
    f = tnp.function(lambda x: sums(x * x, tnp.asarray(0), tnp.asarray(9)))
    assert np.allclose(tnp.grad(f)(x), 2 * np.asarray(x))


@pytest.mark.skipif(ALWAYS, reason="small enough to be told by time elsewhere")
def test_loops_are_native(tmp_path):
    traced = tnp.function(sums)
    x = data(8000)
    for _ in range(60):
        traced(x, tnp.asarray(0), tnp.asarray(1000))
    with tnp.profile(tmp_path / "trace.json"):
        traced(x, tnp.asarray(0), tnp.asarray(1000))
    text = (tmp_path / "trace.json").read_text()
    assert "native loop" in text and "extent" not in text


@pytest.mark.skipif(ALWAYS, reason="this is the other process")
def test_with_code_at_once():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    env = {**os.environ, "TNP_JIT": "always", "TNP_VERIFY": "1"}
    out = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert out.returncode == 0, out.stdout[-4000:]
