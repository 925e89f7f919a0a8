"""Native loops: rows computed one by one, rows that nobody wants, what branches write into; the bits of plain Python."""

import os
import subprocess
import sys
import time

import pytest
import tnp

import numpy as np

from ..isas import ISAS, run_tests_natively


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    np.testing.assert_array_equal(a, b)
    if a.dtype.kind == "f":
        number = ~np.isnan(a)
        np.testing.assert_array_equal(np.signbit(a[number]), np.signbit(b[number]))


def agree(step, steps, *start):
    """A fori_loop, compiled, gives what Python's own gives."""
    start = tuple(tnp.asarray(x) for x in start)
    want = start
    with np.errstate(all="ignore"):
        for i in range(steps):
            want = step(tnp.asarray(i), want)
    f = tnp.function(lambda *c: tnp.fori_loop(0, steps, step, c))
    for _ in range(2):
        got = f(*start)
    for a, b in zip(got, want, strict=True):
        same(a, b)


def data(shape, dtype="float64", seed=0):
    return (np.random.default_rng(seed).standard_normal(shape) * 3).astype(dtype)


# --- rows one by one


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [4, 9, 12, 20, 33, 40, 42, 43, 50])
def test_pairs(n, dtype):
    def step(i, c):
        x, v = c
        d = x[None, :, :] - x[:, None, :]
        r = tnp.sum(d * d, axis=-1) + x.dtype.type(0.1)
        v = v + tnp.sum(d / (r * tnp.sqrt(r))[:, :, None], axis=1) * x.dtype.type(1e-3)
        return x + v * x.dtype.type(1e-3), v

    agree(step, 40, data((n, 3), dtype), np.zeros((n, 3), dtype))


@pytest.mark.parametrize("shape", [(16, 16), (30, 64), (5, 100), (7, 129), (3, 200), (24, 24), (64, 25), (9, 5, 25)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_softmax_and_norm(shape, dtype):
    def step(i, c):
        (x,) = c
        e = tnp.exp(x - tnp.max(x, axis=-1, keepdims=True))
        y = e / tnp.sum(e, axis=-1, keepdims=True) + x
        mean = tnp.mean(y, axis=-1, keepdims=True)
        d = y - mean
        return (d / tnp.sqrt(tnp.mean(d * d, axis=-1, keepdims=True) + x.dtype.type(0.5)),)

    agree(step, 30, data(shape, dtype))


@pytest.mark.parametrize("axis", [0, 1, 2, (1, 2), (0, 1), (0, 2), None])
def test_reductions_of_what_is_computed(axis):
    """Along the rows' axis, and others; several readers; integers and truth values."""

    def step(i, c):
        x, y, n = c
        p = x * y[None, None, :] - i
        s = tnp.sum(p, axis=axis, keepdims=True) + tnp.max(p + 1, axis=axis, keepdims=True)
        q = (x * 7).astype("int64") % 5
        n = n + tnp.sum(q, axis=axis, keepdims=True) + tnp.any(q > 3, axis=axis, keepdims=True)
        return x * 0.5 + s * 1e-3, y + tnp.sum(p * p, axis=(0, 1)) * 1e-5, n

    x = data((6, 7, 9))
    agree(step, 30, x, data(9), np.zeros(np.sum(x, axis=axis, keepdims=True).shape, "int64"))


def test_rows_of_views():
    """The order of a sum depends on how the elements lie in memory."""

    def step(i, c):
        x, y = c
        t = tnp.transpose(x)
        s = tnp.sum(t, axis=-1, keepdims=True) + tnp.sum(t * t, axis=-1, keepdims=True)
        r = tnp.sum(y[::-1] * x, axis=1) + tnp.sum(x[:, ::-1] + 1, axis=1)
        return x * 0.99 + s * 1e-5, y + r[:, None] * 1e-5

    agree(step, 40, data((30, 30)), data((30, 30), seed=1))


def test_rows_in_inner_loops_and_branches():
    def step(i, c):
        x, y = c

        def inner(j, y):
            e = x * y + j
            return y + (tnp.sum(e * e, axis=1) * 1e-6)[:, None]

        y = tnp.fori_loop(0, 3, inner, y)
        y = tnp.cond(i % 2 == 0, lambda: y + tnp.max(x * y, axis=1)[:, None] * 1e-3, lambda: y)
        return x + tnp.mean(tnp.tanh(y), axis=0), y

    agree(step, 30, data((20, 30)), data((20, 30), seed=1))


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200, 1e-308, 1e308])
@pytest.mark.parametrize("divisor", ["array", "element"])
def test_quotients(scale, divisor):
    """Many numbers by few: every kind of number, and the signs of zeros."""
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308]
    rng = np.random.default_rng(0)

    for some_special in (False, True):
        with np.errstate(over="ignore"):
            x = rng.standard_normal((16, 5)) * scale
            d = rng.standard_normal(16) * rng.choice([1.0, scale])
        x[3, 2], x[4, 1] = 0.0, -0.0
        if some_special:
            x.ravel()[: len(special)] = special
            d[: len(special)] = special

        def step(i, c):
            x, d, _, n = c
            by = d[:, None] if divisor == "array" else d[i % 16]
            n = n + tnp.sum(1 / (x / by) < 0)
            return x * 1.0000001, d * 1.0000003, x / by, n

        agree(step, 60, x, d, x, 0)


@pytest.mark.parametrize("seed", range(3))
def test_quotients_of_random_bits(seed):
    bits = np.random.default_rng(seed).integers(0, 2**52, (2, 400, 100), "uint64") | np.uint64(1023 << 52)
    x, d = bits.view("float64")
    x[0, :50] = np.nextafter(d[0, 0], 2) * np.arange(50)
    tried = tnp.function(lambda x, d: tnp.scan(lambda c, r: (c, r[0] / r[1][0]), (), (x, d))[1])
    for _ in range(2):
        got = tried(tnp.asarray(x), tnp.asarray(d))
    same(got, x / d[:, :1])


# --- components, each a matrix


def pair_sums(x, y, w, mass):
    """Of points x and y: sums over pairs, with all that a region may consist of."""
    d = x[None, :, :] - y[:, None, :]
    r = tnp.sum(d * d, axis=-1)
    s = r + 0.25 + w[0]
    f = d / (s * tnp.sqrt(s))[:, :, None] * mass[None, :, None]
    g = tnp.maximum(f, d * (1 / s)[:, :, None]) + w[: x.shape[1]]
    return tnp.sum(f, axis=1), tnp.sum(g, axis=1, keepdims=True)[:, 0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("components", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("n", "m"),
    [
        (33, 33),
        (16, 9),
        (17, 64),
        (64, 64),
        (40, 65),
        (15, 33),
        (8, 32),
        (20, 8),
        (100, 100),
        (16, 255),
        (17, 256),
        (20, 129),
    ],
)
def test_pairs_of_points(n, m, components, dtype):
    """Sizes at which matrices are made, and beyond; a last vector of one lane, of some, and of all."""

    def step(i, c):
        x, y, w, mass, _ = c
        f, g = pair_sums(x, y, w, mass)
        return x * x.dtype.type(0.999), y + f * y.dtype.type(1e-3), w, mass, g

    x, y = data((m, components), dtype), data((n, components), dtype, seed=1)
    agree(step, 20, x, y, np.abs(data(5, dtype)), np.abs(data(m, dtype)), y)


@pytest.mark.parametrize("divisor", ["positive", "any"])
@pytest.mark.parametrize("n", [33, 40])
def test_pairs_of_special_points(n, divisor):
    """Infinities, NaN, subnormal and huge numbers, both zeros, divided by one number for all components."""
    special = [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        np.nan,
        5e-324,
        -5e-324,
        2.3e-308,
        1.7e308,
        1e-155,
        1e155,
        2.0**-255,
        2.0**256,
    ]
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, 3)) * 2.0 ** rng.integers(-8, 8, (n, 3))
    w = np.abs(rng.standard_normal((n, 1))) * 2.0 ** rng.integers(-8, 8, (n, 1))
    s = rng.standard_normal((n, 1))
    x[5] = 0.0

    def step(i, c):
        x, w, s, _, negative = c
        d = x[None, :, :] * x[:, None, :]
        by = tnp.sum(d * d, axis=-1) * 0.0 + w
        q = d * s / (tnp.abs(by) if divisor == "positive" else by)[:, :, None]
        negative = negative + tnp.sum(tnp.signbit(q) + 1.0, axis=1)
        return x * 1.0000001, w * 1.0000003, s, tnp.sum(q, axis=1), negative

    for value in special:
        for k in (9, n - 1):
            for changed in ("w", "s", "both"):
                v, t = w.copy(), s.copy()
                if changed != "s":
                    v[k] = value
                if changed != "w":
                    t[k - 3] = value
                agree(step, 3, x, v, t, x, x * 0)


@pytest.mark.parametrize("top", [52, 12, 40])
def test_pairs_of_random_bits(top):
    """Quotients of numbers of which the `top` last bits are random, the others set: near 2, rounding is decided late."""
    rng = np.random.default_rng(top)
    bits = np.uint64(2**52 - 2**top) + rng.integers(0, 2**top, (2, 50, 40, 3), "uint64")
    x, w = (bits | np.uint64(1023 << 52)).view("float64")

    def row(c, r):
        x, w = r
        d = x[None, :, :] * tnp.ones((40, 1, 1))
        by = tnp.sum(d * d, axis=-1) * 0.0 + w[None, :, 0] + w[:, None, 1] * 2.0**-60
        return c, tnp.sum(d / by[:, :, None] * 2.0 ** tnp.arange(40)[None, :, None], axis=1)

    got = tnp.function(lambda x, w: tnp.scan(row, (), (x, w))[1])
    d, by = x[:, None], w[:, None, :, 0] + w[:, :, None, 1] * 2.0**-60
    want = [tnp.sum(tnp.asarray(q), axis=1) for q in d / by[..., None] * 2.0 ** np.arange(40)[:, None]]
    for _ in range(2):
        same(got(tnp.asarray(x), tnp.asarray(w)), np.stack([np.asarray(q) for q in want]))


# What a pair gives: with and without a sign that changes when the points change places.
FORCES = {
    "gravity": lambda xp, d, r, w: d / (r * xp.sqrt(r))[:, :, None],
    "attraction": lambda xp, d, r, w: -0.25 * d / (r * xp.sqrt(r))[:, :, None],
    "product": lambda xp, d, r, w: (d * xp.abs(d) + d) * (1 / r)[:, :, None],
    "negative": lambda xp, d, r, w: (-d - d) / (xp.sqrt(r) + 1)[:, :, None],
    "one quotient": lambda xp, d, r, w: d * xp.exp(-r)[:, :, None],
    "over a difference": lambda xp, d, r, w: 1 / d,
    "over a product": lambda xp, d, r, w: d / (d * d[:, :, :1]),
    "even": lambda xp, d, r, w: d * d / r[:, :, None],
    "shifted": lambda xp, d, r, w: (d + 1) / r[:, :, None],
    "weights": lambda xp, d, r, w: w[None, :, None] * d / r[:, :, None],
    "both weights": lambda xp, d, r, w: (w[None, :, None] * w[:, None, None]) * d / r[:, :, None],
    "larger": lambda xp, d, r, w: xp.maximum(d, -d) / r[:, :, None],
    "cube": lambda xp, d, r, w: d / xp.sqrt(r)[:, :, None] ** 3,
    "other way round": lambda xp, d, r, w: xp.copysign(d, r[:, :, None]),
}


def with_points(kind, n, components):
    x = data((n, components), seed=n)
    if kind == "in a plane":
        x[:, -1] = 0
        x[1, 0] = -0.0
    if kind == "some in one place":
        x[n // 2 :] = x[n // 2]
    if kind == "far and near":
        x *= 2.0 ** np.random.default_rng(1).integers(-600, 300, x.shape)
    if kind == "special":
        x[-1], x[n // 2, 0] = np.inf, np.nan
    return x


@pytest.mark.parametrize("points", ["random", "in a plane", "some in one place", "far and near", "special"])
@pytest.mark.parametrize("force", FORCES)
def test_pairs_that_change_sign(force, points):
    """Half of the pairs are computed where that gives the same bits."""
    sizes = [(16, 3, 0.1), (20, 2, 0.0), (23, 4, 0.1), (27, 3, 0.0)]
    n, components, softening = sizes[(len(force) + len(points)) % 4]

    def step(i, c):
        x, w, _ = c
        d = x[None] - x[:, None]
        r = tnp.sum(d * d, axis=-1) + softening
        f = tnp.sum(FORCES[force](tnp, d, r, w), axis=1)
        return x * 1.001, w, f

    x = with_points(points, n, components)
    agree(step, 20, x, np.abs(data(n)), x)


@pytest.mark.parametrize("n", [1, 2, *range(5, 27), 29, 31, 32, 33, 40, 41, 48, 63, 64, 65, 70])
def test_numbers_of_points(n):
    def step(i, c):
        x, v = c
        d = x[:, None] - x[None]
        r = tnp.sqrt(tnp.sum(d * d, axis=-1) + 0.01)
        v = v - tnp.sum(d / (r * r * r)[:, :, None], axis=1) * 1e-3
        return x + v * 1e-3, v

    agree(step, 20, data((n, 3)), np.zeros((n, 3)))


# What a pair of bodies with masses gives: the other way round it is another number, with the same root or divisor.
MASSES = {
    "first": lambda d, r, m: m[None, :, None] * d / (r * tnp.sqrt(r))[:, :, None],
    "last": lambda d, r, m: m[None, :, None] * (d / (r * tnp.sqrt(r))[:, :, None]),
    "divided": lambda d, r, m: d * (m[None] / (r * tnp.sqrt(r)))[:, :, None],
    "both": lambda d, r, m: m[:, None, None] * m[None, :, None] * d / (r * tnp.sqrt(r))[:, :, None],
    "larger": lambda d, r, m: tnp.maximum(d, -d * m[None, :, None]) / r[:, :, None],
    "sign of zero": lambda d, r, m: tnp.copysign(m[None, :, None], d) * tnp.sqrt(r)[:, :, None],
    "one over": lambda d, r, m: 1 / (m[None, :, None] * d) + tnp.sqrt(r)[:, :, None],
}


@pytest.mark.parametrize("points", ["random", "some in one place", "far and near", "special"])
@pytest.mark.parametrize("mass", MASSES)
def test_pairs_with_masses(mass, points):
    n, components, softening = [(16, 3, 0.1), (12, 2, 0.0), (9, 3, 0.1), (21, 3, 0.0), (24, 2, 0.1), (7, 3, 0.0)][
        (len(mass) + len(points)) % 6
    ]

    def step(i, c):
        x, m, _ = c
        d = x[None] - x[:, None]
        r = tnp.sum(d * d, axis=-1) + softening
        return x * 1.001, m, tnp.sum(MASSES[mass](d, r, m), axis=1)

    x = with_points(points, n, components)
    masses = data(n)
    if points == "far and near":
        masses *= 2.0 ** np.random.default_rng(2).integers(-300, 300, n)
    agree(step, 20, x, masses, x)
    masses[n // 2], masses[1] = np.inf, 0.0
    agree(step, 3, x, masses, x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("n", "m"),
    [(7, 7), (16, 16), (20, 33), (100, 9), (255, 8), (256, 8), (6, 70), (5, 8), (40, 40), (24, 24), (90, 90), (6, 300)],
)
def test_sums_over_the_first_points(n, m, dtype):
    def step(i, c):
        x, y, w = c
        d = x[:, None] - y[None]
        r = tnp.sum(d * d, axis=-1) + x.dtype.type(0.1)
        f = tnp.sum(d / (r * tnp.sqrt(r))[:, :, None], axis=0)
        g = tnp.sum(d * w[:, None, None] / r[:, :, None], axis=0)
        return x * x.dtype.type(0.999), y + (f - g) * x.dtype.type(1e-3), w

    agree(step, 20, data((n, 3), dtype), data((m, 3), dtype, seed=1), data(n, dtype))

    def same_points(i, c):
        (x,) = c
        d = x[:, None] - x[None]
        r = tnp.sum(d * d, axis=-1) + x.dtype.type(0.1)
        return (x + tnp.sum(d / (r * tnp.sqrt(r))[:, :, None], axis=0) * x.dtype.type(1e-3),)

    agree(same_points, 20, data((n, 3), dtype))


RUN = """
import numpy as np, tnp
def step(i, c):
    x, v, m = c
    d = x[None] - x[:, None]
    r = tnp.sum(d * d, axis=-1) + 0.1
    v = v + 1e-3 * tnp.sum(m[None, :, None] * d / (r * tnp.sqrt(r))[:, :, None], axis=1)
    return x + 1e-3 * v, v, m
rng = np.random.default_rng(0)
x, m = tnp.asarray(rng.random((19, 3))), tnp.asarray(rng.random(19))
f = tnp.function(lambda *c: tnp.fori_loop(0, 3000, step, c))
print(np.asarray(f(x, x * 0, m)[0]).tobytes().hex())
"""


def test_pairs_in_each_process():
    """The result does not depend on when native code was there."""
    results = set()
    for jit in ("always", "never", None, None):
        env = {k: v for k, v in os.environ.items() if k != "TNP_JIT"} | {"TNP_CACHE_DIR": ""}
        if jit is not None:
            env["TNP_JIT"] = jit
        run = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True, env=env)
        results.add(run.stdout)
    assert len(results) == 1


def test_pairs_that_are_read_elsewhere():
    """What somebody else reads too is not taken apart."""

    def kept(i, c):
        x, d, r = c
        d = x[None] - x[:, None]
        r = tnp.sum(d * d, axis=2)
        return x + tnp.sum(d / (r + 1)[:, :, None], axis=1) * 1e-3, d, r

    def again(i, c):
        x, _ = c
        d = x[None] - x[:, None]
        r = tnp.sum(d * d, axis=2)
        s = tnp.sum(d / (r + 1)[:, :, None], axis=1)
        e = (x + s)[None] * d
        return x + tnp.sum(e, axis=1) * 1e-3 + tnp.sum(r, axis=0)[:, None] * 1e-5, s

    def other_axis(i, c):
        x, _ = c
        d = x[:, None] - x[None]
        f = d / (tnp.sum(tnp.square(d), axis=2) + 1)[:, :, None]
        return x + tnp.sum(f, axis=0) * 1e-3, tnp.sum(f, axis=1)

    def columns(i, c):
        (x,) = c
        d = x.T[None] - x.T[:, None]
        f = d / (tnp.sum(d * d, axis=2) + 1)[:, :, None]
        return (x + tnp.sum(f, axis=1).T * 1e-3,)

    agree(columns, 1, data((3, 30)))
    x = data((30, 3))
    agree(kept, 20, x, np.zeros((30, 30, 3)), np.zeros((30, 30)))
    agree(again, 20, x, x)
    agree(other_axis, 20, x, x)


@pytest.mark.parametrize("depth", [40, 400])
def test_points_of_many_steps(depth):
    """Points made of values that are read several times each: every one is looked at once."""

    def step(i, c):
        x, v = c
        q = x
        for _ in range(depth):
            q = tnp.maximum(q * 0.5, q) - 0.25 * q
        d = q[None, :, :] - q[:, None, :]
        r = tnp.sum(d * d, axis=-1) + 0.1
        v = v + tnp.sum(d / (r * tnp.sqrt(r))[:, :, None], axis=1) * 1e-3
        return x + v * 1e-3, v

    x = data((24, 3))
    start = time.process_time()
    agree(step, 100, x, x * 0)
    assert time.process_time() - start < 30


# --- rows that nobody wants


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [5, 24, 31, 64, 130, 181, 259])
def test_masked_products(n, dtype):
    i = np.arange(n)

    def step(k, c):
        a, f, i = c
        column = a[:, k] - f @ f[k]
        f = f.at[:, k].set(tnp.where(i >= k, column / tnp.sqrt(tnp.abs(column[k])), 0))
        rest = tnp.where(i < k, f @ a[0] - 1, a[k])
        return a, f, i, rest

    a = data((n, n), dtype) + 2 * n * np.eye(n, dtype=dtype)
    a = a + a.T

    def program(a, f, i):
        return tnp.fori_loop(0, n, lambda k, c: step(k, c[:3]), (a, f, i, a[0]))

    want = (tnp.asarray(a), tnp.asarray(a * 0), tnp.asarray(i), None)
    for k in range(n):
        want = step(tnp.asarray(k), want[:3])
    compiled = tnp.function(program)
    for _ in range(2):
        got = compiled(tnp.asarray(a), tnp.asarray(a * 0), tnp.asarray(i))
    for x, y in zip(got, want, strict=True):
        same(x, y)


def test_masked_product_that_is_read_otherwise():
    """By two masks, as a whole, by a negative index."""

    def step(k, c):
        a, x, i, s = c
        y = a @ x
        z = tnp.where(i > k, y, 0) + tnp.where(i < 3, y * 2, 0)
        w = a @ (x + 1)
        s = s + tnp.sum(w) + tnp.where(i > k, w, 1)[-1]
        v = a @ (x - 1)
        return a, tnp.where(i > k, v * v[-k - 1], x) * 1e-3 + z * 1e-3, i, s

    agree(step, 30, data((40, 40)), data(40), np.arange(40), 0.0)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128", "int32"])
def test_rows_times_a_vector(dtype):
    """A row's sum depends on no other row, and on nothing before or behind the row."""
    for n in [*range(2, 40), 63, 64, 65, 100, 127, 130]:
        a, x = data((9, n), dtype), data(n, dtype, 1)
        y = np.asarray(tnp.asarray(a) @ tnp.asarray(x))
        np.testing.assert_allclose(y, a @ x, rtol=1e-5, atol=1e-4 if dtype == "float32" else 1e-11)
        rows = tnp.asarray(a)
        if n > 12:
            same(rows[2:8] @ tnp.asarray(x), y[2:8])
        if np.dtype(dtype).kind == "f":
            for bad in (np.inf, np.nan):
                for at in {0, n // 2, max(0, n - 9), n - 1}:
                    wrong = a.copy()
                    wrong[3, at] = bad
                    got, want = np.asarray(tnp.asarray(wrong) @ tnp.asarray(x)), wrong @ x
                    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
                    np.testing.assert_array_equal(got[np.isinf(want)], want[np.isinf(want)])
        same(tnp.asarray(x) @ tnp.asarray(a).T, y) if n > 12 else None
        z = np.asarray(tnp.asarray(x)[:9] @ tnp.asarray(a)[: len(x[:9])])
        np.testing.assert_allclose(z, x[:9] @ a[: len(x[:9])], rtol=1e-5, atol=1e-4 if dtype == "float32" else 1e-11)


# --- views of what is written


@pytest.mark.parametrize("n", [12, 20, 150])
def test_views_of_what_is_written(n):
    """Read before, after and by what writes; kept as they were; views of views."""
    a = data((n, n))

    def gram_schmidt(k, c):
        q, a = c
        v = a[:, k] - q @ (q.T @ a[:, k])
        return q.at[:, k].set(v / tnp.sqrt(tnp.sum(v * v))), a

    def after(k, c):
        q, s = c
        t = q.T
        new = q.at[k].set(t[k] * 0.5 + 1)
        return new, s + t[0] @ new + t[::-1].T[k] @ t

    def update(k, c):
        q, s = c
        half = q[::-1]
        q = q.at[k].set(half[k]).at[:, k].set(q.T[k] + 1)
        return q.at[1:].set(half[:-1] * 0.5), s + q[0]

    def kept(k, c):
        q, r = c
        return q.at[k].set(q[k] * 0.5 + r[0]), q.T

    agree(gram_schmidt, n, a * 0, a)
    agree(after, n, a * 0.01, a[0] * 0)
    agree(update, n, a * 0.01, a[0] * 0)
    agree(kept, n, a * 0.01, a * 0.01)


# --- where extremes are, and what lies there


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "uint8"])
@pytest.mark.parametrize("shape", [(4, 4), (7, 16), (33, 3), (5, 25), (16, 16), (20, 70), (1, 9)])
def test_places_of_extremes(shape, dtype):
    """The first of those that are alike, or of NaN; read there."""
    x = data(shape, dtype)
    x[0, 1] = x[-1, -1]
    if np.dtype(dtype).kind == "f":
        x[shape[0] // 2, shape[1] // 3] = np.nan
        x[0, 0], x[-1, 0] = 0.0, -0.0

    def step(i, c):
        x, n, y = c
        turned = tnp.concatenate([x[1:], x[:1]])
        down, along = tnp.argmax(turned, axis=0), tnp.argmin(x[::-1].T, axis=0, keepdims=True)
        n = n + down * i + tnp.argmin(x, axis=0) + tnp.sum(along)
        return turned, n + tnp.argmax(x), y + turned[down % len(x)][0] + x[:, 0][along[0] % len(x)][0]

    agree(step, 30, x, np.zeros(shape[1], "int64"), np.zeros(shape[1], dtype))


@pytest.mark.parametrize("n", [5, 100, 200])
def test_elements_at_many_places(n):
    def step(i, c):
        x, y, rows = c
        y = y + x[tnp.maximum(rows - i, -n)] * 0.5
        return x + y[rows], y, (rows * 7 + 3) % n

    agree(step, 30, data(n), data(n, seed=1), np.arange(n))

    def outside(x, rows):
        return tnp.fori_loop(0, 100, lambda i, c: (c[0] + x[c[1]], c[1] + (i == 60)), (x, rows))

    for f in (outside, tnp.function(outside)):
        with pytest.raises(IndexError, match="out of bounds"):
            f(tnp.asarray(data(n)), tnp.asarray(np.arange(n)))


# --- what the turn before wrote


@pytest.mark.parametrize("dtype", ["int32", "float32", "float64", "complex128", "bool"])
def test_recurrences(dtype):
    def step(i, c):
        x, y = c
        x = x.at[i + 1].set(x[i] ^ y[i] if dtype == "bool" else (x[i] * 3 + y[i]).astype(dtype))
        return x, y

    agree(step, 199, (data(200) * 2).astype(dtype), (data(200, seed=1) * 2).astype(dtype))

    def twice(i, c):
        (x,) = c
        x = x.at[i].set(x[i - 1])
        x = x.at[(i * 7) % 150].set(x[i - 2])
        return (x,)

    agree(twice, 200, (data(200) * 2).astype(dtype))

    def wrapped(i, c):
        (x,) = c
        return (x.at[(i * 5) % 200 - 200].set(x[(i * 5 - 5) % 200]),)

    agree(wrapped, 150, (data(200) * 2).astype(dtype))


def test_recurrence_in_an_inner_loop():
    def step(i, c):
        (x,) = c
        x = tnp.fori_loop(1, 20, lambda j, x: x.at[j].set(x[j - 1] * 0.5 + x[j]), x)
        return (x.at[0].set(i * 1.0) * 0.75,)

    agree(step, 30, data(150))


# --- branches


BRANCHES = {
    "swap": (lambda i, x, y: (y, x), lambda i, x, y: (x.at[i].set(5.0), y + 1)),
    "views": (lambda i, x, y: (x[::-1], y), lambda i, x, y: (y, x.at[i].set(5.0))),
    "one twice": (lambda i, x, y: (x, x), lambda i, x, y: (y.at[i].add(1.0), y)),
    "crossed": (lambda i, x, y: (x * 0.5, y + tnp.max(x)), lambda i, x, y: (y * 2, -x)),
    "parts": (
        lambda i, x, y: (x.at[10:20].set(y[20:30]), y[::-1]),
        lambda i, x, y: (tnp.roll(x, 1), y.at[5:7].set(x[1:3])),
    ),
    "both in place": (lambda i, x, y: (x.at[i].set(y[i]), y.at[i].set(x[i])), lambda i, x, y: (x, y)),
    "one array": (lambda i, x, y: (x.at[i].set(1.0), y), lambda i, x, y: (x.at[i].set(x[i - 1] + 1), y)),
}


@pytest.mark.parametrize("name", BRANCHES)
@pytest.mark.parametrize("n", [40, 200])
def test_branches(name, n):
    yes, no = BRANCHES[name]

    def step(i, c):
        return tnp.cond(i % 3 == 0, lambda x, y: yes(i, x, y), lambda x, y: no(i, x, y), *c)

    def old_value_wanted(i, c):
        x, y = step(i, c)
        return x + c[0][i] * 0.5, y - tnp.sum(c[1]) * 1e-3

    start = np.arange(float(n)), np.arange(float(n)) * 2 + 1
    agree(step, 40, *start)
    agree(old_value_wanted, 40, *start)


def test_branches_write_in_place():
    n = 400_000
    f = tnp.function(
        lambda x: tnp.fori_loop(
            1,
            n,
            lambda i, x: tnp.cond(i % 2 == 0, lambda x: x.at[i].set(1.0), lambda x: x.at[i].set(x[i - 1] + 1), x),
            x,
        )
    )
    x = tnp.zeros(n)
    f(x)
    start = time.perf_counter()
    got = np.asarray(f(x))
    assert time.perf_counter() - start < 1  # a copy a turn is some 40 s
    np.testing.assert_array_equal(got[1:], np.where(np.arange(1, n) % 2, np.where(np.arange(1, n) > 1, 2.0, 1.0), 1.0))


@pytest.mark.parametrize("isa", ISAS)
def test_from_the_start(isa):
    """This file again, in a process where every loop is native at once."""
    few = "" if isa == "avx512" else "pairs or vector or masked or recurrences or branches or quotients"
    run_tests_natively(isa, __file__, few)
