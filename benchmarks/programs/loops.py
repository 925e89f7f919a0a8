"""Loops with small bodies, compiled, against JAX; and what a call and a first call cost."""

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
    print(f"\n({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
