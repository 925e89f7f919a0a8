"""Loops with small bodies, compiled, against JAX and NumPy; and what a call and a first call cost."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from benchmarks.timing import Row, compare, show

STEPS = 100_000


def loops() -> list[Row]:
    """Steady state."""
    import jax
    import tnp

    jax.config.update("jax_enable_x64", True)
    rows = []

    def against(name, ours, args, theirs, peer_args, target):
        f, g = tnp.function(ours), jax.jit(theirs)
        rows.append(
            compare(name, lambda: f(*args), "JAX", lambda: jax.block_until_ready(g(*peer_args)), target, seconds=1)
        )

    def harmonic(lib, start):
        return lambda n: lib.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, c[1] + 1.0 / c[0]), start)

    against(
        f"while_loop on scalars, {STEPS}",
        lambda n: tnp.while_loop(
            lambda i, s: i < n, lambda i, s: (i + 1, s + 1.0 / i), (tnp.asarray(1), tnp.asarray(0.0))
        ),
        (tnp.asarray(STEPS),),
        harmonic(jax.lax, (1, 0.0)),
        (STEPS,),
        1.0,
    )
    against(
        f"scan of {STEPS} on 64 float64",
        lambda c: tnp.scan(lambda c, r: (c * 0.5 + 1, ()), c, None, length=STEPS),
        (tnp.ones(64),),
        lambda c: jax.lax.scan(lambda c, r: (c * 0.5 + 1, None), c, None, length=STEPS),
        (jax.numpy.ones(64),),
        0.5,
    )
    against(
        f"scan of {STEPS} rows, all kept",
        lambda c, x: tnp.scan(lambda c, r: (c * 0.5 + r, c), c, x),
        (tnp.ones(64), tnp.ones((STEPS, 64))),
        lambda c, x: jax.lax.scan(lambda c, r: (c * 0.5 + r, c), c, x),
        (jax.numpy.ones(64), jax.numpy.ones((STEPS, 64))),
        0.5,
    )
    against(
        f"recurrence x[i] = f(x[i - 1]), {STEPS}",
        lambda x: tnp.fori_loop(1, STEPS, lambda i, x: x.at[i].set(x[i - 1] * 0.5 + x[i]), x),
        (tnp.ones(STEPS),),
        lambda x: jax.lax.fori_loop(1, STEPS, lambda i, x: x.at[i].set(x[i - 1] * 0.5 + x[i]), x),
        (jax.numpy.ones(STEPS),),
        0.5,
    )
    against("call of x + 1, 4 elements", lambda x: x + 1, (tnp.ones(4),), lambda x: x + 1, (jax.numpy.ones(4),), 0.2)
    return rows


# --- algorithms written as loops over rows: `xp` is tnp, jax.numpy or NumPy, `loop` its fori_loop, `scan` its scan


def floyd_warshall(xp, loop, scan, d):
    """Shortest ways between all pairs."""
    return loop(0, d.shape[0], lambda k, d: xp.minimum(d, d[:, k][:, None] + d[k][None, :]), d)


def lu(xp, loop, scan, a):
    """Elimination without pivots, both factors in one matrix."""
    i = xp.arange(a.shape[0])

    def step(k, a):
        column = xp.where(i > k, a[:, k] / a[k, k], 0.0)
        a = a - column[:, None] * xp.where(i >= k, a[k], 0.0)[None, :]
        return put(a, k, xp.where(i > k, column, a[:, k]))

    return loop(0, a.shape[0], step, a)


def cholesky(xp, loop, scan, a):
    """The lower factor, column by column, with a product in each step."""
    i = xp.arange(a.shape[0])

    def step(k, factor):
        c = a[:, k] - factor @ factor[k]
        return put(factor, k, xp.where(i >= k, c / xp.sqrt(xp.abs(c[k])), 0.0))

    return loop(0, a.shape[0], step, a * 0)


def bodies(xp, loop, scan, x):
    """A thousand steps of bodies that attract each other."""

    def step(_, c):
        x, v = c
        d = x[None, :, :] - x[:, None, :]
        r = xp.sum(d * d, axis=-1) + 0.1
        v = v + 1e-3 * xp.sum(d / (r * xp.sqrt(r))[:, :, None], axis=1)
        return x + 1e-3 * v, v

    return loop(0, 1000, step, (x, x * 0))[0]


def tridiagonal(xp, loop, scan, a, b, c, d):
    """Thomas' algorithm, of one system or of many side by side."""

    def forward(s, row):
        a, b, c, d = row
        by = b - a * s[0]
        s = (c / by, (d - a * s[1]) / by)
        return s, s

    def backward(x, row):
        x = row[1] - row[0] * x
        return x, x

    zero = a[0] * 0
    _, rows = scan(forward, (zero, zero), (a, b, c, d))
    return scan(backward, zero, rows, reverse=True)[1]


def put(a, k, column):
    """`a` with another column k."""
    if hasattr(a, "at"):
        return a.at[:, k].set(column)
    a = a.copy()
    a[:, k] = column
    return a


def python_loop(lower, upper, step, value):
    """A fori_loop of Python's own."""
    for k in range(lower, upper):
        value = step(k, value)
    return value


def algorithms() -> list[Row]:
    """Steady state; NumPy where the loop is one over rows of a matrix."""
    import jax
    import tnp

    import numpy as np

    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(0)
    rows = []

    def against(name, program, args, numpy=True):
        f = tnp.function(lambda *a: program(tnp, tnp.fori_loop, tnp.scan, *a))
        g = jax.jit(lambda *a: program(jax.numpy, jax.lax.fori_loop, jax.lax.scan, *a))
        ours, theirs = [tnp.asarray(x) for x in args], [jax.numpy.asarray(x) for x in args]
        np.testing.assert_allclose(np.asarray(f(*ours)), np.asarray(g(*theirs)), rtol=1e-6, atol=1e-9)
        rows.append(compare(name, lambda: f(*ours), "JAX", lambda: jax.block_until_ready(g(*theirs)), 0.5, seconds=1))
        if numpy:
            rows.append(
                compare(
                    name, lambda: f(*ours), "NumPy", lambda: program(np, python_loop, None, *args), 1.0, seconds=0.5
                )
            )

    for n in (16, 64, 100, 128, 200, 400):
        a = rng.random((n, n)) + 2 * n * np.eye(n)
        a = a + a.T
        against(f"Floyd-Warshall, {n} nodes", floyd_warshall, [a])
        against(f"LU, {n} rows", lu, [a])
        against(f"Cholesky, {n} rows", cholesky, [a])
    for n in (5, 8, 12, 16, 24, 33, 100):
        against(f"n-body of {n}, 1000 steps", bodies, [rng.random((n, 3))])
    for shape in ((1000,), (100_000,), (200, 64)):
        b = rng.random(shape) + 4
        against(f"tridiagonal, {shape}", tridiagonal, [rng.random(shape), b, rng.random(shape), b], numpy=False)
    return rows


FIRST = """
import sys, time, numpy as np
count = int(sys.argv[2])
def f(xp, x, y):
    for i in range(count // 4):
        z = xp.sin(x) * y
        x = z + x * (0.5 + i / 1000)
    return x
data = np.linspace(0, 1, 1 << 12)
if sys.argv[1] == "tnp":
    import tnp as xp
    x = xp.asarray(data)
    xp.function(lambda x: x + 1)(x)
    start = time.perf_counter()
    np.asarray(xp.function(lambda x, y: f(xp, x, y))(x, x))
else:
    import jax, jax.numpy as xp
    jax.config.update("jax_enable_x64", True)
    x = xp.asarray(data)
    jax.block_until_ready(jax.jit(lambda x: x + 1)(x))
    start = time.perf_counter()
    jax.block_until_ready(jax.jit(lambda x, y: f(xp, x, y))(x, x))
print(time.perf_counter() - start)
"""


def first_calls() -> list[Row]:
    """Tracing, compiling and running once, each in a new process."""

    def once(which: str, count: int) -> float:
        command = [sys.executable, "-c", FIRST, which, str(count)]
        env = os.environ | {"TNP_CACHE_DIR": ""}  # no code of earlier processes
        runs = (subprocess.run(command, capture_output=True, text=True, check=True, env=env) for _ in range(3))
        return min(float(run.stdout) for run in runs)

    return [
        Row(f"first call, {count} operations", "JAX", once("tnp", count), once("jax", count), target)
        for count, target in ((10, 0.2), (100, 0.2), (1000, 0.12))
    ]


def main() -> None:
    """Prints all of it."""
    start = time.perf_counter()
    show("Loops and calls", [*loops(), *first_calls()])
    show("Algorithms as loops over rows", algorithms())
    print(f"\n({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
