"""Reductions, products, conditions and loops inside of native loops: the same bits as plain Python."""

import json

import pytest
import tnp
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy as np

from ..isas import ISAS, run_tests_natively

FLOATS = ["float32", "float64"]
REAL = ["bool", "int8", "uint16", "int64", "float16", "float32", "float64"]


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype and a.shape == b.shape
    np.testing.assert_array_equal(a, b)
    if a.dtype.kind in "fc":
        zero = (a == 0) & (b == 0)
        np.testing.assert_array_equal(np.signbit(a.real[zero]), np.signbit(b.real[zero]))


def plain_fori(lower, upper, step, value):
    for i in range(int(lower), int(upper)):
        value = step(tnp.asarray(i), value)
    return value


def plain_while(condition, body, start):
    while bool(condition(*start)):
        start = body(*start)
    return start


def plain_scan(step, carry, xs, reverse=False):
    rows = []
    for x in tuple(xs)[:: -1 if reverse else 1]:
        carry, y = step(carry, x)
        rows.append(y)
    return carry, tnp.stack(rows[:: -1 if reverse else 1])


def plain_cond(pred, yes, no, *args):
    return yes(*args) if bool(pred) else no(*args)


PLAIN = {"fori_loop": plain_fori, "while_loop": plain_while, "scan": plain_scan, "cond": plain_cond}


class Plain:
    """Python's own loops and conditions."""

    fori_loop = staticmethod(plain_fori)
    while_loop = staticmethod(plain_while)
    scan = staticmethod(plain_scan)
    cond = staticmethod(plain_cond)


def agree(program, *args):
    """The program with compiled loops gives what it gives with Python's."""
    args = [tnp.asarray(a) for a in args]
    want = program(Plain, *args)
    f = tnp.function(lambda *a: program(tnp, *a))
    for _ in range(2):
        got = f(*args)
    for a, b in zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]:
        same(a, b)


def data(shape, dtype, seed=0):
    x = np.random.default_rng(seed).standard_normal(shape) * 3
    return x > 0 if dtype == "bool" else x.astype(dtype)


# --- reductions


SHAPES = [
    (1,),
    (2,),
    (7,),
    (8,),
    (19,),
    (33,),
    (100,),
    (5, 3),
    (3, 5),
    (9, 12),
    (17, 2),
    (5, 5, 3),
    (2, 3, 4),
    (40, 7),
    (0, 3),
    (200, 3),
    (11, 13, 2),
    (6, 40, 3),
    (70, 2, 5),
]


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("shape", SHAPES)
def test_reductions(dtype, shape):
    """Along every set of axes, in the library's order."""
    axes = [None, 0, -1] + ([(0, 2), 1] if len(shape) == 3 else [])
    names = ["sum", "prod", "all", "any"] + (["min", "max"] if 0 not in shape else [])

    def program(lib, x):
        def step(i, c):
            y = x * (i + 1).astype(dtype) if dtype != "bool" else x ^ (i == 1)
            return tuple(
                getattr(tnp, name)(y, axis=axis) | (v & (i > 5))
                if v.dtype == bool
                else getattr(tnp, name)(y, axis=axis).astype(v.dtype)
                for v, (name, axis) in zip(c, cases, strict=True)
            )

        cases = [(name, axis) for name in names for axis in axes]
        start = tuple(getattr(tnp, name)(x, axis=axis) for name, axis in cases)
        return lib.fori_loop(0, 2, step, start)

    agree(program, data(shape, dtype))


@pytest.mark.parametrize("dtype", FLOATS)
def test_reductions_of_what_is_no_number(dtype):
    """NaN, infinities and negative zeros."""
    x = np.array([[np.nan, 1, -0.0], [-0.0, np.inf, -0.0], [2, -np.inf, -0.0]] * 4, dtype)

    def program(lib, x):
        def step(i, c):
            y = tnp.roll(x, 1, axis=0) * c[0][0] * 0 + x
            return (
                tnp.sum(-tnp.abs(y * 0), axis=0),
                tnp.min(y, axis=0),
                tnp.max(y, axis=1),
                tnp.sum(y, axis=1),
                tnp.prod(y),
            )

        start = (x[0] * 0 + 1, x[0], x[:, 0], x[:, 0], x[0, 0])
        return lib.fori_loop(0, 3, step, start)

    agree(program, x)


@pytest.mark.parametrize("layout", ["transposed", "reversed", "strided", "broadcast"])
def test_reductions_of_views(layout):
    def view(y):
        return {
            "transposed": lambda: y.T,
            "reversed": lambda: y[::-1, ::-1],
            "strided": lambda: y[:, ::2],
            "broadcast": lambda: tnp.broadcast_to(y[:, None, :], (9, 2, 10)),
        }[layout]()

    def program(lib, x):
        def step(i, c):
            y = view(x * c[0])
            return (tnp.sum(y) * 1e-3, tnp.sum(y, axis=0) + 0, tnp.sum(y, axis=-1) + 0)

        y = view(x)
        return lib.fori_loop(0, 3, step, (tnp.asarray(1.0), tnp.sum(y, axis=0), tnp.sum(y, axis=-1)))

    agree(program, data((9, 10), "float64"))


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
@pytest.mark.parametrize("last", [2, 3, 7])
@pytest.mark.parametrize("rows", [8, 9, 23])
def test_many_rows_of_a_few_elements(dtype, last, rows):
    """Which are computed several rows at a time: operands for each element, row or place in a row."""

    def program(lib, x, y):
        def step(i, c):
            x, s = c
            d = x[None, :, :] - x[:, None, :] * y
            r = tnp.sum(d * d, axis=-1)
            m = tnp.max(d + i.astype(dtype), axis=-1)[:, :, None]
            t = (d * r[:, :, None] + m * y).astype(dtype)
            return (x + t[0] // 3 if dtype == "int16" else x + t[0] * 1e-3), s + r.astype(dtype) + tnp.prod(
                t, axis=2
            ).astype(dtype) * 0

        return lib.fori_loop(0, 3, step, (x, tnp.zeros((rows, rows), dtype=dtype)))

    agree(program, data((rows, last), dtype), data(last, dtype, 1))


def test_mean_variance_and_softmax():
    def program(lib, x):
        def step(i, x):
            x = (x - tnp.mean(x, axis=-1, keepdims=True)) / (1 + tnp.std(x, axis=-1, keepdims=True))
            e = tnp.exp(x - tnp.max(x, axis=-1, keepdims=True))
            return x + e / tnp.sum(e, axis=-1, keepdims=True)

        return lib.fori_loop(0, 4, step, x)

    for shape in ((3, 5), (2, 40), (20, 20)):
        agree(program, data(shape, "float64"))


# --- products


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float16", "float32", "float64", "complex128"])
@pytest.mark.parametrize(
    "m,k,n", [(1, 1, 1), (3, 3, 3), (4, 4, 1), (1, 4, 4), (8, 7, 5), (1, 60, 1), (9, 9, 1), (2, 0, 2), (30, 30, 30)]
)
def test_products(dtype, m, k, n):
    def program(lib, a, b, c):
        def step(i, c):
            p = a @ b
            return (
                (p + c[0]).astype(dtype),
                c[1] + a.T[:, :1].sum().astype(dtype) if k == 0 else (a[0] @ b[:, 0] + c[1]).astype(dtype),
            )

        return lib.fori_loop(0, 3, step, (c, c[0, 0]))

    agree(program, data((m, k), dtype), data((k, n), dtype, 1), data((m, n), dtype, 2))


def test_products_of_vectors_and_stacks():
    def program(lib, a, v, s):
        def step(i, c):
            v, s, t = c
            return a @ v * 0.3, (s @ a) * 0.2, t + tnp.outer(v, v) + tnp.einsum("ij,j->i", a, v)[:, None] + v @ v

        return lib.fori_loop(0, 5, step, (v, s, a))

    for n in (2, 4, 11):
        agree(program, data((n, n), "float64"), data((n,), "float64", 1), data((3, n, n), "float64", 2))


# --- parts


@pytest.mark.parametrize("size", [5, 200])
def test_parts_are_written_and_joined(size):
    def program(lib, x, y):
        def step(i, c):
            x, y = c
            x = x.at[1:-1].set(x[:-2] + x[2:])
            x = x.at[0].set(y[i % size])
            z = tnp.concatenate([x[1:], y[:1]])
            y = tnp.stack([z, y])[i % 2].at[i % size].add(1)
            return x * 0.5, tnp.flip(y)[::-1] + tnp.pad(z[2:], (1, 1))

        return lib.fori_loop(0, 7, step, (x, y))

    agree(program, data(size, "float64"), data(size, "float64", 1))


def test_matrices_are_written_at_places_that_change():
    def program(lib, x):
        def step(i, x):
            x = x.at[:, i % 3].set(x[i % 4])
            x = x.at[i % 3, 1].set(tnp.sum(x[:, 2]))
            return x.at[1:3, ::2].set(x[0:2, 1:3] * 0.5)

        return lib.fori_loop(0, 9, step, x)

    agree(program, data((4, 4), "float64"))


# --- conditions


@pytest.mark.parametrize("shape", [(), (3,), (300,)])
def test_conditions(shape):
    def program(lib, x):
        def step(i, c):
            x, y = c
            x = lib.cond(i % 3 == 0, lambda x: x * 0.5 + y, lambda x: x - 1, x)
            return lib.cond(tnp.sum(x) > 0, lambda: (x, y + tnp.max(x)), lambda: (y * 2, -x))

        return lib.fori_loop(0, 20, step, (x, x + 1))

    agree(program, data(shape, "float64"))


def test_switch():
    branches = [lambda x: x + 1, lambda x: x * x, lambda x: -x]

    def program(lib, n, x):
        def step(i, x):
            if lib is Plain:
                return branches[int(i % 3)](x)
            return tnp.switch(i % 3, branches, x)

        return lib.fori_loop(0, n, step, x)

    agree(program, 20, np.asarray([0.5, 0.25]))
    f = tnp.function(lambda n, x: tnp.fori_loop(0, n, lambda i, x: tnp.switch(i, branches, x), x))
    same(f(tnp.asarray(3), tnp.asarray(2.0)), np.asarray(-9.0))
    with pytest.raises(IndexError):
        f(tnp.asarray(4), tnp.asarray(2.0))


# --- loops in loops


@pytest.mark.parametrize("n", [0, 1, 5])
@pytest.mark.parametrize("shape", [(), (4,), (150,)])
def test_loops_in_loops(n, shape):
    def program(lib, n, x):
        def outer(i, x):
            def inner(j, c):
                y, s = c
                return y * 0.5 + j, s + tnp.sum(y) * i

            y, s = lib.fori_loop(0, i, inner, (x, tnp.asarray(0.0)))
            return y + s * 1e-3

        return lib.fori_loop(0, n, outer, x)

    agree(program, n, data(shape, "float64"))


def test_a_condition_that_data_decides():
    def program(lib, n):
        def outer(i, c):
            count, _ = lib.while_loop(
                lambda count, k: k != 1,
                lambda count, k: (count + 1, lib.cond(k % 2 == 0, lambda: k // 2, lambda: 3 * k + 1)),
                (tnp.asarray(0), i + 1),
            )
            return tnp.maximum(c, count)

        return lib.fori_loop(0, n, outer, tnp.asarray(0))

    agree(program, 100)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shape", [(1,), (6,), (3, 4), (0, 2), (5, 100)])
def test_scans_in_loops(reverse, shape):
    def program(lib, xs):
        def outer(i, c):
            def step(s, x):
                s = s * 0.5 + x
                return s, s + i

            if lib is Plain and shape[0] == 0:
                return c
            last, rows = lib.scan(step, c[1], c[0], reverse=reverse)
            return rows * 0.25, last

        return lib.fori_loop(0, 4, outer, (xs, xs[0] * 0 if shape[0] else tnp.zeros(shape[1:])))

    agree(program, data(shape, "float64"))


def test_a_matrix_is_worked_on_in_place_by_an_inner_loop():
    def program(lib, a):
        n = a.shape[0]

        def column(k, a):
            def row(i, a):
                factor = tnp.where(i > k, a[i, k] / a[k, k], 0.0)
                return a.at[i].set(a[i] - factor * tnp.where(tnp.arange(n) >= k, a[k], 0.0))

            return lib.fori_loop(0, n, row, a)

        return lib.fori_loop(0, n, column, a)

    for n in (1, 4, 15):
        agree(program, data((n, n), "float64") + 9 * np.eye(n))


def test_old_values_outlive_an_inner_loop():
    def program(lib, x):
        def outer(i, c):
            x, y = c
            z = lib.fori_loop(0, 3, lambda j, v: v.at[j].set(v[j + 1] + 1), x)
            return z * 0.5, x + y

        return lib.fori_loop(0, 4, outer, (x, x))

    for n in (4, 200):
        agree(program, data(n, "float64"))


# --- rows collected by a loop with a condition


@pytest.mark.parametrize("n", [0, 1, 300, 2000])
def test_gradient_of_a_loop_with_a_condition(n):
    def f(x, n):
        return tnp.sum(
            tnp.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, tnp.sin(y) + 0.1 * y), (tnp.asarray(0), x))[1]
        )

    x = tnp.asarray([0.5, 1.0])
    got = tnp.function(tnp.grad(f))(x, tnp.asarray(n))
    y, slope = np.asarray(x), np.ones(2)
    for _ in range(n):
        slope, y = slope * (np.cos(y) + 0.1), np.sin(y) + 0.1 * y
    np.testing.assert_allclose(np.asarray(got), slope, rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
@pytest.mark.parametrize("axis", [0, 1])
def test_best_way_through_states(axis, dtype):
    """Viterbi's algorithm, also where some elements are the same, or NaN."""
    rng = np.random.default_rng(0)
    for n in (5, 13, 16, 17):
        x = np.round(rng.standard_normal((n, n)) * 3).astype(dtype)
        rows = np.round(rng.standard_normal((7, n)) * 3).astype(dtype)
        if dtype != "int32":
            rows[4, 2] = np.nan

        def way(score, row, x=x):
            all_ways = (score[:, None] if axis == 0 else score[None]) + tnp.asarray(x)
            return tnp.max(all_ways, axis=axis) + row, tnp.argmax(all_ways, axis=axis)

        score, kept = rows[0], []
        for row in rows:
            all_ways = (score[:, None] if axis == 0 else score[None]) + x
            kept.append(np.argmax(all_ways, axis=axis))
            score = np.max(all_ways, axis=axis) + row
        f = tnp.function(lambda s, r, way=way: tnp.scan(way, s, r))
        for _ in range(3):
            got, ways = f(tnp.asarray(rows[0]), tnp.asarray(rows))
            np.testing.assert_array_equal(np.asarray(got), score)
            np.testing.assert_array_equal(np.asarray(ways), np.stack(kept))


# --- all together


OPS = ["sum0", "sum1", "max1", "matmul", "row", "set", "cond", "inner", "tanh", "add", "swap", "concat"]


@st.composite
def programs(draw):
    return [
        (draw(st.sampled_from(OPS)), draw(st.integers(0, 30)), draw(st.integers(0, 30)))
        for _ in range(draw(st.integers(1, 6)))
    ]


def apply(lib, name, i, x, y):
    n = x.shape[0]
    return {
        "sum0": lambda: x + tnp.sum(y, axis=0) / n,
        "sum1": lambda: x - tnp.sum(y, axis=1, keepdims=True) / n,
        "max1": lambda: tnp.minimum(x, tnp.max(y, axis=1)),
        "matmul": lambda: x @ y / n,
        "row": lambda: x * y[i % n] + y[:, i % n][:, None],
        "set": lambda: x.at[i % n].set(y[0]).at[:, 0].set(y[:, -1]),
        "cond": lambda: lib.cond(tnp.sum(x) > 0, lambda: y + 1, lambda: x * y),
        "inner": lambda: lib.fori_loop(0, i % 3, lambda m, z: z * 0.5 + y.T, x),
        "tanh": lambda: tnp.tanh(x) + y,
        "add": lambda: x.T + y[::-1],
        "swap": lambda: tnp.where(x > y, y, x),
        "concat": lambda: tnp.concatenate([x[1:], y[:1]]),
    }[name]()


@settings(max_examples=25, deadline=None)
@given(programs(), st.sampled_from(FLOATS), st.sampled_from([1, 3, 6, 14]))
def test_random_bodies(ops, dtype, n):
    def program(lib, a, b):
        def step(i, c):
            values = [*c, c[0] * 0.5]
            for name, j, k in ops:
                r = apply(lib, name, i, values[j % len(values)], values[k % len(values)])
                values.append(tnp.clip(r, -3, 3))
            return values[-1], values[-2]

        return lib.fori_loop(0, 5, step, (a, b))

    agree(program, data((n, n), dtype), data((n, n), dtype, 1))


def spans(f, path):
    with tnp.profile(str(path)):
        f()
    return [e["name"] for e in json.loads(path.read_text())["traceEvents"] if e.get("ph") == "X"]


def test_nothing_is_called_in_an_iteration(tmp_path):
    """Of a small body: the profile shows the loop, and no operation in it."""

    def step(_, c):
        x, v = c
        d = x[None, :, :] - x[:, None, :]
        r = tnp.sum(d * d, axis=-1) + 0.1
        v = v + 1e-3 * tnp.sum(d / (r * tnp.sqrt(r))[:, :, None], axis=1)
        v = tnp.cond(tnp.max(v) > 1e6, lambda: v * 0, lambda: v @ tnp.eye(3))
        return x + v, v

    f = tnp.function(lambda x: tnp.fori_loop(0, 5000, step, (x, x * 0))[0])
    x = tnp.asarray(data((5, 3), "float64"))
    for _ in range(3):
        f(x)
    names = spans(lambda: f(x), tmp_path / "trace.json")
    assert "native loop" in names and len(names) < 12, names


@pytest.mark.parametrize("n", [2, 8, 9, 17, 33])
@pytest.mark.parametrize("dtype", ["int8", "int64", "float64"])
def test_one_lane_of_a_vector(n, dtype):
    """LLVM takes a constant and what a turn gives the next one in the wrong order."""
    x = tnp.arange(1, n + 1, dtype=dtype)
    turns = 30_001 if n == 9 and dtype == "int64" else 9
    f = tnp.function(lambda x: tnp.fori_loop(0, turns, lambda k, c: -c, x))
    np.testing.assert_array_equal(np.asarray(f(x)), -np.asarray(x))
    step = tnp.reciprocal if dtype == "float64" else tnp.negative
    g = tnp.function(
        lambda x: tnp.fori_loop(0, 5, lambda k, s: s + tnp.fori_loop(0, k + 4, lambda j, c: step(c), x)[1], x[0])
    )
    want = x[0]
    for k in range(5):
        want = want + (x if k % 2 == 0 else step(x))[1]
    np.testing.assert_array_equal(np.asarray(g(x)), np.asarray(want))


@pytest.mark.parametrize("isa", ISAS)
def test_native_from_the_start(isa):
    """This file again, in a process where every loop is native at once."""
    few = (
        "not 300 and not 2000" if isa == "avx512" else "random or products or conditions or scans or views or no_number"
    )
    run_tests_natively(isa, __file__, few)
