"""Arrays that are put together of others in native code, and computed in their places there: the bits of eager execution."""

import os
import random
import subprocess
import sys

import pytest
import tnp

import numpy as np

ALWAYS = os.environ.get("TNP_JIT") == "always"
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

INSIDE = (slice(1, -1), slice(1, -1))


def around(u):
    return u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]


def inside(u):
    return u[INSIDE] + (around(u) - 4 * u[INSIDE]) * 0.125


def edges(u):
    """Each edge is what lies next to it."""
    for at, of in ((0, 1), (-1, -2)):
        u = u.at[at].set(u[of])
        u = u.at[:, at].set(u[:, of])
    return u


def red_and_black(u):
    for first in (0, 1):
        for row in (0, 1):
            column = (row + first) % 2
            r, c = slice(1 + row, -1, 2), slice(1 + column, -1, 2)
            above, below = slice(row, -2, 2), slice(2 + row, None, 2)
            left, right = slice(column, -2, 2), slice(2 + column, None, 2)
            u = u.at[r, c].set((u[above, c] + u[below, c] + u[r, left] + u[r, right]) * 0.25)
    return u


def two_fields(u):
    v = u * 0.5
    a = u.at[INSIDE].set(inside(u) + v[INSIDE])
    b = v.at[INSIDE].set(inside(v) + u[INSIDE])
    return a - b * 0.25


STEPS = {
    "pad": lambda u: tnp.pad(inside(u), 1),
    "pad first": lambda u: inside(tnp.pad(u, 1)),
    "pads of other values": lambda u: tnp.pad(inside(u), ((2, 0), (0, 2)), constant_values=((3, 4), (5, 6))),
    "wide pad": lambda u: inside(tnp.pad(u[10:], ((11, 1), (1, 1)))),
    "joined": lambda u: tnp.concatenate(
        [u[:1], tnp.concatenate([u[1:-1, :1], inside(u), u[1:-1, -1:]], axis=1), u[-1:]]
    ),
    "joined twice": lambda u: (lambda y: tnp.concatenate([y[:10], y, u * 2])[7 : 7 + len(u)])(u * 0.5 + 1),
    "stacked": lambda u: tnp.stack([u + 1, u * 0.5, u[::-1] - 1])[1] + tnp.stack([u * 2, u - 1], axis=-1)[..., 0],
    "stacked in the middle": lambda u: tnp.stack([u * 0.5, u + 1], axis=1)[:, 1],
    "set": lambda u: u.at[INSIDE].set(inside(u)),
    "set and edges": lambda u: edges(u.at[INSIDE].set(inside(u))),
    "set of a new array": lambda u: (u * 0.5).at[2:, 3:].set(u[2:, 3:] + 1),
    "added": lambda u: u.at[INSIDE].add(around(u) * 0.125),
    "every other": red_and_black,
    "shifted down": lambda u: (u * 0.5).at[1:].set(u[:-1] + 1),
    "shifted over itself": lambda u: (lambda y: y.at[1:].set(y[:-1] + 1).at[:, :-1].set(y[:, 1:]))(u * 0.5),
    "the same twice": lambda u: (lambda y: y.at[1:].set(y[:-1] + 1) - y.at[:-1].set(y[1:] * 2))(u * 0.5),
    "the old and the new": lambda u: (lambda y: y - y.at[3:, 2:].set(y[3:, 2:] * y[:-3, :-2]))(u * 0.5),
    "rows": lambda u: (u * 0.5).at[3].set(u[2] + u[3]).at[4].add(u[5]),
    "a column, then most": lambda u: (lambda y: y.at[:, 2].set(u[:, 1]).at[1:].set(y[1:] * 0.5 + u[:-1]))(u * 0.5),
    "two fields": two_fields,
    "other types": lambda u: tnp.concatenate([u * 0.5, (u[:3] > 0) * 1]).astype(u.dtype)[3:],
    "transposed": lambda u: tnp.pad((u.T * 0.5 + 1)[:, 1:], ((0, 0), (0, 1))).T,
    "spread": lambda u: tnp.zeros_like(u).at[::2, 1::2].set(u[::2, 1::2] * 0.5),
    "of one element": lambda u: u.at[1:-1].set(u[0, 0] * 0.5),
    "broadcast": lambda u: u.at[1:-1].set(u[0] * 0.5 + 1),
    "edges": lambda u: inside(tnp.pad(u, 1, mode="edge")),
    "halos": lambda u: inside(tnp.pad(u, 1, mode="wrap")) + tnp.pad(u, ((0, 2), (3, 0)), mode="reflect")[2:, 3:],
    "blocks": lambda u: tnp.block([[u[:5] * 0.5, u[:5, :1]], [u[5:] + 1, u[5:, :1]]])[:, 1:],
    "part of two": lambda u: (lambda y: tnp.concatenate([y, y[:1] * 2])[1:] + tnp.concatenate([u[:1], y])[1:])(u * 0.5),
    "rolled": lambda u: u + (tnp.roll(u, 1, 0) - tnp.roll(u, -1, 1)) * 0.25,
    "differences": lambda u: u - tnp.diff(u, axis=0, prepend=u[-1:]) * 0.25,
}


def data(dtype, shape):
    x = np.random.default_rng(0).standard_normal(shape) * 3
    return tnp.asarray((x + 1j * x[::-1] if dtype == "complex64" else x).astype(dtype))


def same(got, want):
    got, want = (x if isinstance(x, tuple) else (x,) for x in (got, want))
    for a, b in zip(got, want, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def compare(f, *arguments, runs=5):
    compiled, want = tnp.function(f), f(*arguments)
    for _ in range(runs):
        same(compiled(*arguments), want)


def check_step(step, x):
    compare(step, x)
    if step(x).shape != x.shape:
        return
    compare(lambda u: step(step(step(u))), x)
    compare(lambda u: (step(u), step(step(u)), u), x)
    compare(lambda u: tnp.fori_loop(0, 7, lambda _, u: step(u), u), x, runs=3)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "complex64"])
@pytest.mark.parametrize("name", STEPS)
def test_steps(name, dtype):
    def step(u):
        return STEPS[name](u).astype(u.dtype)

    for shape in ((17, 17), (16, 40)):
        x = data(dtype, shape)
        check_step(step, x)
        if ALWAYS and dtype == "float64" and name in ("pad", "joined", "set and edges", "every other"):
            compiled = tnp.function(step)
            for _ in range(5):
                compiled(x)
            assert "native code for all steps" in compiled.steps(x)


def test_rows_of_a_scan():
    def turn(u, _):
        u = edges(u.at[INSIDE].set(inside(u)))
        return u, tnp.pad(u[2:] * 0.5, ((1, 1), (0, 0)))

    x = data("float64", (12, 18))
    compare(lambda u: tnp.scan(turn, u, length=5), x, runs=3)


def test_branches():
    def f(u):
        return tnp.cond(u[0, 0] > 0, lambda u: tnp.pad(inside(u), 1), lambda u: edges(u.at[INSIDE].set(inside(u))), u)

    for sign in (1, -1):
        x = tnp.abs(data("float64", (14, 17))) * sign
        compare(f, x)
        compare(lambda u: tnp.fori_loop(0, 4, lambda _, u: f(u), u), x, runs=3)


def part(rng, n):
    start = rng.randrange(n)
    return slice(start, rng.randrange(start + 1, n + 1), rng.choice((1, 1, 1, 2, 3)))


def random_program(seed, shape):
    """Updates, joins and sums of parts of what there is; any of it may be read later, or be a result."""
    rng = random.Random(seed)
    steps = []
    for _ in range(rng.randrange(3, 12)):
        kind = rng.choice(("set", "set", "set", "row", "pad", "joined", "sum", "shifted"))
        steps.append((kind, rng.random(), rng.random(), tuple(part(rng, n) for n in shape), rng.random() < 0.5))
    chosen = [rng.random() for _ in range(3)]

    def step(values, kind, p, q, slices, latest):
        x = values[-1] if latest else values[int(p * len(values))]
        y = values[int(q * len(values))]
        if kind == "set":
            count = tuple(len(range(*s.indices(n))) for s, n in zip(slices, shape, strict=True))
            moved = tuple(
                slice(int(q * (n - c + 1)), int(q * (n - c + 1)) + c) for c, n in zip(count, shape, strict=True)
            )
            update = (x if p < 0.5 else y)[moved]
            return x.at[slices].set(update if p < 0.2 else update * 0.5 + y[slices])
        if kind == "row":
            return x.at[int(q * shape[0])].set(y[int(p * shape[0])] + 1)
        if kind == "pad":
            return tnp.pad((x + y)[1:, 2:] * 0.5, ((0, 1), (1, 1)))
        if kind == "joined":
            k = 1 + int(p * (shape[0] - 2))
            return tnp.concatenate([x[:k] * 0.5, y[k:] if q < 0.5 else y[k:] + x[k:]])
        if kind == "shifted":
            return x.at[1:].set(x[:-1] * 0.5 + y[1:])
        return x * 0.5 - y[::-1]

    def program(u):
        values = [u, u * 0.5]
        for s in steps:
            values.append(step(values, *s))
        return (values[-1], *(values[int(c * len(values))] for c in chosen))

    return program


@pytest.mark.parametrize("seed", [*range(40), 1791])
def test_random_programs(seed):
    shape = ((13, 14), (12, 23))[seed % 2]
    f = random_program(seed, shape)
    x = data("float64", shape)
    compare(f, x, runs=4)
    if seed % 3 == 0:
        compare(lambda u: tnp.fori_loop(0, 3, lambda _, u: f(u)[0], u), x, runs=2)
        compare(lambda u: tnp.scan(lambda u, _: f(u)[:2], u, length=3), x, runs=2)


@pytest.mark.skipif(ALWAYS, reason="this is that run")
def test_with_code_from_the_start():
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", __file__]
    run = subprocess.run(
        [*command, "-k", "float64 or int32 or not test_steps"],
        env={**os.environ, "TNP_JIT": "always"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout[-3000:]
