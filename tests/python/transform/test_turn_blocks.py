"""Loops over a matrix of which several turns are computed in one pass: the bits of plain Python, whatever the bounds, the
rows that turns read, the types and the sizes."""

import time

import pytest
import tnp

import numpy as np

from ..isas import ISAS, run_tests_natively
from .test_native_rows import same


def agree(program, *arrays):
    """`program(loop, *arrays)` compiled and by Python's own loop."""

    def compiled_loop(begin, end, step, by, start):
        return tnp.while_loop(lambda k, c: k < end, lambda k, c: (k + by, step(k, c)), (tnp.asarray(begin), start))[1]

    def plain_loop(begin, end, step, by, start):
        for k in range(begin, end, by):
            start = step(tnp.asarray(k), start)
        return start

    arrays = [tnp.asarray(x) for x in arrays]
    with np.errstate(all="ignore"):
        want = program(plain_loop, *arrays)
    f = tnp.function(lambda *x: program(compiled_loop, *x))
    with np.errstate(all="ignore"):
        for _ in range(2):
            got = f(*arrays)
    if not isinstance(want, tuple):
        got, want = (got,), (want,)
    for a, b in zip(got, want, strict=True):
        same(a, b)


def matrix(rows, columns=None, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, columns or rows)) * 30
    return (x + 40 * np.eye(rows, columns or rows)).astype(dtype)


def shortest(row=lambda k: k, column=lambda k: k, begin=0, end=None, by=1):
    """Ways by way of a node that a turn chooses."""

    def program(loop, d, *more):
        def step(k, d):
            return tnp.minimum(d, d[:, column(k, *more)][:, None] + d[row(k, *more)][None, :])

        return loop(begin, d.shape[0] if end is None else end, step, by, d)

    return program


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 64, 72, 73, 74, 79, 80, 81, 101, 128, 150])
def test_sizes(n):
    agree(shortest(), matrix(n))


@pytest.mark.parametrize(
    "begin, end, by", [(3, 90, 1), (0, 5, 1), (0, 8, 1), (2, 11, 1), (9, 9, 1), (0, 90, 3), (7, 88, 7)]
)
def test_bounds(begin, end, by):
    agree(shortest(begin=begin, end=end, by=by), matrix(90))


ROWS = {
    "the last first": lambda k: 89 - k,
    "from the end": lambda k: -1 - k,
    "the next": lambda k: (k + 1) % 90,
    "one of few": lambda k: k % 3,
    "of half": lambda k: k // 2,
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("column", [lambda k: k, *ROWS.values()], ids=["the same", *ROWS])
def test_chosen_rows(row, column):
    agree(shortest(row, column), matrix(90))


def test_a_row_that_stays_and_one_by_an_array():
    agree(shortest(row=lambda k: 5), matrix(90))
    agree(shortest(row=lambda k: 5, column=lambda k: -3), matrix(90))
    order = np.random.default_rng(1).permutation(90)
    agree(shortest(row=lambda k, order: order[k], column=lambda k, order: order[k]), matrix(90), order)
    agree(shortest(row=lambda k, order: order[k], column=lambda k, order: order[-k]), matrix(90), order)


def test_no_numbers():
    d = matrix(96)
    d[3, 50], d[60, 7], d[20, 20], d[10, 11], d[11, 10] = np.nan, np.inf, -np.inf, -0.0, 0.0
    agree(shortest(), d)
    d[:, 40] = np.inf
    d[41, :] = -np.inf
    agree(shortest(), d)


@pytest.mark.parametrize("dtype", ["float32", "int64", "int32", "int8", "uint16", "float16"])
def test_types(dtype):
    agree(shortest(), np.abs(matrix(150, dtype="float64")).astype(dtype))


@pytest.mark.parametrize("shape", [(60, 200), (200, 60), (90, 91)])
def test_rectangles(shape):
    agree(shortest(end=min(shape)), matrix(*shape))


def closure(loop, a):
    """What is reached."""
    return loop(0, a.shape[0], lambda k, a: a | (a[:, k][:, None] & a[k][None, :]), 1, a)


@pytest.mark.parametrize("n", [250, 211])
def test_closure(n):
    rng = np.random.default_rng(0)
    agree(closure, rng.random((n, n)) < 1.5 / n)
    agree(closure, rng.integers(0, 1 << 40, (90, 90)))


def elimination(loop, a):
    """Both factors in one matrix."""
    i = tnp.arange(a.shape[0])

    def step(k, a):
        column = tnp.where(i > k, a[:, k] / a[k, k], 0.0)
        a = a - column[:, None] * tnp.where(i >= k, a[k], 0.0)[None, :]
        return a.at[:, k].set(tnp.where(i > k, column, a[:, k]))

    return loop(0, a.shape[0], step, 1, a)


def gauss_jordan(loop, a):
    """Rows normalised one by one, and set."""
    i = tnp.arange(a.shape[0])

    def step(k, a):
        row = a[k] / a[k, k]
        a = a - tnp.where(i == k, 0.0, a[:, k])[:, None] * row
        return a.at[k].set(row)

    return loop(0, a.shape[0], step, 1, a)


def right_looking(loop, a):
    """Cholesky's factor by updates of rank one, the rows set from one end."""

    def step(k, a):
        column = a[:, k] / tnp.sqrt(tnp.abs(a[k, k]))
        rest = tnp.where(tnp.arange(a.shape[0]) > k, column, 0.0)
        return (a - rest[:, None] * rest[None, :]).at[:, k].set(column)

    return loop(0, a.shape[0], step, 1, a)


def one_element(loop, a):
    """An element of its own in each turn."""
    return loop(0, a.shape[0], lambda k, a: (a * 0.5 + a[k][None, :]).at[k, -k].set(a[-1, k]), 1, a)


def transposed(loop, a):
    """A column as a row, and the other way round."""
    return loop(0, a.shape[0], lambda k, a: tnp.maximum(a * 0.5, a[:, k] + a[k][:, None]), 1, a)


def of_three_axes(loop, a):
    """Several matrices at a time."""
    x = tnp.stack([a, a * 2, -a])
    return loop(0, a.shape[0], lambda k, x: tnp.minimum(x, x[:, :, k, None] + x[:, k, None, :]), 1, x)


def with_keys(loop, a):
    """Indices with `None` in them, and a slice for the row."""
    return loop(0, a.shape[0], lambda k, a: tnp.minimum(a, a[:, k, None] + a[k, None, :]) + a[2:3], 1, a)


@pytest.mark.parametrize("n", [75, 96])
@pytest.mark.parametrize(
    "program",
    [elimination, gauss_jordan, right_looking, one_element, transposed, of_three_axes, with_keys],
    ids=lambda p: p.__name__,
)
def test_programs(program, n):
    agree(program, matrix(n))
    agree(program, matrix(n, dtype="float32", seed=1))


def with_ways(loop, d):
    """The first step of each way beside its length."""
    start = tnp.broadcast_to(tnp.arange(d.shape[0]), d.shape)

    def step(k, c):
        d, first = c
        other = d[:, k][:, None] + d[k][None, :]
        return tnp.minimum(d, other), tnp.where(other < d, first[:, k][:, None], first)

    return loop(0, d.shape[0], step, 1, (d, start))


def beside_other_carries(loop, d):
    """A sum that grows, a counter of its own, a vector."""

    def step(k, c):
        d, total, at, row = c
        d = tnp.minimum(d, d[:, at][:, None] + d[k][None, :])
        return d, total + d[k, at], (at + 7) % 90, row * 0.5 + d[at]

    return loop(0, 90, step, 1, (d, tnp.asarray(0.0), tnp.asarray(3), d[0]))


@pytest.mark.parametrize("program", [with_ways, beside_other_carries], ids=lambda p: p.__name__)
def test_several_carries(program):
    agree(program, matrix(90))


def test_what_has_no_such_form():
    """Sums of all, products, and a condition that looks at the matrix."""
    agree(lambda loop, a: loop(0, 50, lambda k, a: a / tnp.max(tnp.abs(a)) + a[k][None, :], 1, a), matrix(90))
    agree(lambda loop, a: loop(0, 9, lambda k, a: tnp.minimum(a, (a @ a) / 100 + a[k]), 1, a), matrix(90))

    def program(a):
        return tnp.while_loop(
            lambda k, a: (k < 90) & (a[0, 0] < 20000),
            lambda k, a: (k + 1, tnp.maximum(a, a[:, k][:, None] + a[k][None, :])),
            (tnp.asarray(0), a),
        )

    a = tnp.asarray(matrix(90))
    k, want = 0, a
    while k < 90 and want[0, 0] < 20000:
        want = tnp.maximum(want, want[:, k][:, None] + want[k][None, :])
        k += 1
    assert 0 < k < 90
    got = tnp.function(program)(a)
    assert int(got[0]) == k
    same(got[1], want)


@pytest.mark.parametrize("count", [0, 1, 4, 6, 90])
@pytest.mark.parametrize("reverse", [False, True])
def test_scans(count, reverse):
    """Of numbers of rows, and of rows beside them."""
    rng = np.random.default_rng(3)
    order, rows = rng.integers(-90, 90, count), matrix(90)[rng.permutation(90)[:count]]

    def step(d, x):
        k, row = x
        return tnp.minimum(d + 1, d[:, k][:, None] + d[k][None, :] + row), ()

    f = tnp.function(lambda d, *x: tnp.scan(step, d, x, reverse=reverse)[0])
    want = tnp.asarray(matrix(90))
    for i in reversed(range(count)) if reverse else range(count):
        want, _ = step(want, (tnp.asarray(order[i]), tnp.asarray(rows[i])))
    for _ in range(2):
        same(f(tnp.asarray(matrix(90)), tnp.asarray(order), tnp.asarray(rows)), want)


def test_scans_of_matrices():
    """More is read than what turns share."""
    x = np.stack([matrix(60, seed=i) for i in range(11)])

    def step(d, x):
        return tnp.minimum(d, x + d[3]), ()

    want = tnp.asarray(matrix(60))
    for one in x:
        want, _ = step(want, tnp.asarray(one))
    f = tnp.function(lambda d, x: tnp.scan(step, d, x)[0])
    for _ in range(2):
        same(f(tnp.asarray(matrix(60)), tnp.asarray(x)), want)


def test_large():
    """A turn would be worth threads."""
    agree(shortest(begin=3, end=14), matrix(600))


def test_other_counters():
    """Two of them, one that counts down, and a condition on both."""

    def program(a, n):
        return tnp.while_loop(
            lambda i, j, a: (i < n) & (j > 3),
            lambda i, j, a: (i + 1, j - 2, tnp.minimum(a, a[:, i][:, None] + a[j][None, :])),
            (tnp.asarray(0), tnp.asarray(89), a),
        )

    f = tnp.function(program)
    for n in (90, 12, 8, 7, 0):
        a = tnp.asarray(matrix(90))
        got = f(a, tnp.asarray(n))
        i, j = 0, 89
        while i < n and j > 3:
            a = tnp.minimum(a, a[:, i][:, None] + a[j][None, :])
            i, j = i + 1, j - 2
        assert (int(got[0]), int(got[1])) == (i, j)
        same(got[2], a)


@pytest.mark.parametrize("turns", [90, 91, 95, 100])
def test_an_index_out_of_range(turns):
    f = tnp.function(lambda n, d: tnp.fori_loop(0, n, lambda k, d: tnp.minimum(d, d[:, k][:, None] + d[k][None, :]), d))
    d = tnp.asarray(matrix(90))
    f(tnp.asarray(90), d)
    if turns > 90:
        with pytest.raises(IndexError):
            f(tnp.asarray(turns), d)
    g = tnp.function(lambda n, d: tnp.fori_loop(0, n, lambda k, d: (d + d[0]).at[:, k].set(1.0), d))
    g(tnp.asarray(90), d)
    if turns > 90:
        with pytest.raises(IndexError):
            g(tnp.asarray(turns), d)


def test_the_argument_stays():
    d = tnp.asarray(matrix(90))
    before = np.array(d)
    tnp.function(lambda d: shortest()(lambda b, e, s, by, x: tnp.fori_loop(b, e, s, x), d))(d)
    same(d, before)


def test_it_can_be_interrupted():
    import _thread
    import threading

    f = tnp.function(
        lambda n, d: tnp.fori_loop(0, n, lambda k, d: tnp.minimum(d, d[:, k % 200][:, None] + d[k % 200][None, :]), d)
    )
    d = tnp.asarray(matrix(200))
    f(tnp.asarray(400), d)
    sent = []

    def stop():
        time.sleep(0.2)
        sent.append(time.perf_counter())
        _thread.interrupt_main()

    threading.Thread(target=stop).start()
    with pytest.raises(KeyboardInterrupt):
        f(tnp.asarray(10**8), d)
    assert time.perf_counter() - sent[0] < 0.2


@pytest.mark.parametrize("isa", ISAS)
def test_from_the_start(isa):
    """This file again, in a process where every loop is native at once."""
    run_tests_natively(isa, __file__, "" if isa == "avx512" else "bounds or types or carries or scans")
