"""Native loops that fill a matrix column by column and multiply it with its own rows: zeros to the right are left out,
but only where nothing else can be there; the bits of plain Python."""

import pytest
import tnp

import numpy as np

from ..isas import ISAS, run_tests_natively
from .test_native_rows import data, same


def filled(start, first=0, by=1, steps=None, row=lambda k: k, add=False):
    """Turns like those of a Cholesky factorisation on what `start` makes of a matrix, compiled and not."""

    def program(loop, a):
        n = a.shape[0]
        i = tnp.arange(n)

        def step(k, factor):
            c = a[:, k] - factor @ factor[row(k)]
            column = tnp.where(i >= k, c / tnp.sqrt(tnp.abs(c[k]) + 1), 0)
            return factor.at[:, k].add(column) if add else factor.at[:, k].set(column)

        return loop(first, n if steps is None else steps, by, step, start(a))

    def compiled_loop(begin, end, by, step, factor):
        return tnp.while_loop(lambda k, c: k < end, lambda k, c: (k + by, step(k, c)), (tnp.asarray(begin), factor))[1]

    def plain_loop(begin, end, by, step, factor):
        for k in range(begin, end, by):
            factor = step(tnp.asarray(k), factor)
        return factor

    return lambda a: program(compiled_loop, a), lambda a: program(plain_loop, a)


def agree(a, *args, **kwargs):
    compiled, plain = filled(*args, **kwargs)
    a = tnp.asarray(a)
    with np.errstate(all="ignore"):
        want = plain(a)
    f = tnp.function(compiled)
    for _ in range(3):
        same(f(a), want)


def symmetric(n, dtype="float64"):
    a = data((n, n), dtype)
    return a @ a.T + n * np.eye(n, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [23, 64, 101, 150])
def test_of_zeros(n, dtype):
    agree(symmetric(n, dtype), lambda a: a * 0)
    agree(symmetric(n, dtype), lambda a: a * -0.0)


@pytest.mark.parametrize("n", [40, 96])
def test_not_of_zeros(n):
    agree(symmetric(n), lambda a: a * 0 + 1)
    agree(symmetric(n), lambda a: tnp.triu(a, 20))
    agree(symmetric(n), lambda a: (a * 0).at[n - 1, n - 1].set(1e-300))


@pytest.mark.parametrize("special", [np.nan, np.inf])
def test_what_is_no_number_is_seen(special):
    a = symmetric(70)
    agree(a, lambda x: (x * 0).at[60, 66].set(special))
    a[50, 60] = special
    agree(a, lambda x: x * 0)


def test_columns_from_a_number_on():
    agree(symmetric(80), lambda a: tnp.tril(a) * (tnp.arange(80) < 30), first=30)
    agree(symmetric(80), lambda a: tnp.tril(a) * (tnp.arange(80) < 31), first=30)
    agree(symmetric(80), lambda a: a * 0, first=3, by=5)


def test_columns_from_the_end():
    agree(symmetric(80), lambda a: a * 0, first=-80, steps=0)
    agree(symmetric(80), lambda a: a * 0, first=-40, steps=30)
    agree(symmetric(80), lambda a: a * 0, steps=1)


def test_other_rows_and_sums():
    agree(symmetric(80), lambda a: a * 0, row=lambda k: k // 2)
    agree(symmetric(80), lambda a: a * 0, row=lambda k: 79 - k)
    agree(symmetric(80), lambda a: a * 0, add=True)


def test_many_matrices_one_after_the_other():
    """The loop is inside of one that scans matrices."""
    compiled, plain = filled(lambda a: a * 0)
    many = np.stack([symmetric(n=40) + k for k in range(30)])
    many[7, 20, 20] = np.nan
    many = tnp.asarray(many)
    f = tnp.function(lambda x: tnp.map(compiled, x))
    with np.errstate(all="ignore"):
        want = [plain(a) for a in many]
    for _ in range(2):
        for got, a in zip(f(many), want, strict=True):
            same(got, a)


def test_a_counter_that_jumps_back():
    """Columns right of the counter are filled then."""

    def program(loop, a):
        i = tnp.arange(a.shape[0])

        def step(t, k, factor):
            column = tnp.where(i >= k, a[:, k] - factor @ factor[k] / 100, 0)
            return t + 1, (k + 7) % 50, factor.at[:, k].set(column)

        return loop(step, (tnp.asarray(0), tnp.asarray(0), a * 0))

    def plain(step, c):
        for _ in range(120):
            c = step(*c)
        return c[2]

    a = tnp.asarray(symmetric(50))
    f = tnp.function(lambda a: program(lambda step, c: tnp.while_loop(lambda t, k, x: t < 120, step, c)[2], a))
    for _ in range(2):
        same(f(a), program(plain, a))


@pytest.mark.parametrize("isa", ISAS)
def test_from_the_start(isa):
    """This file again, in a process where every loop is native at once."""
    run_tests_natively(isa, __file__, "" if isa == "avx512" else "zeros or number")
