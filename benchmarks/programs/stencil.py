"""5- and 9-point stencils written with slices, of 1 and 4 steps, compiled, against JAX."""

from __future__ import annotations

import time

import numpy as np
from benchmarks.timing import Row, compare, show

N = 4096


def five(u):
    """One step of diffusion."""
    c = u[1:-1, 1:-1]
    return u.at[1:-1, 1:-1].set(c + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * c))


def nine(u):
    """With the corners."""
    c = u[1:-1, 1:-1]
    edges = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2]
    corners = u[2:, 2:] + u[2:, :-2] + u[:-2, 2:] + u[:-2, :-2]
    return u.at[1:-1, 1:-1].set(c + 0.05 * (4 * edges + corners - 20 * c))


def steps(f, count):
    """`count` of them, one after the other."""

    def run(u):
        for _ in range(count):
            u = f(u)
        return u

    return run


def against(name, f, data) -> Row:
    """One program, ours and theirs."""
    import jax
    import tnp

    ours, theirs = tnp.asarray(data), jax.numpy.asarray(data)
    mine, peer = tnp.function(f), jax.jit(f)
    return compare(name, lambda: mine(ours), "JAX", lambda: jax.block_until_ready(peer(theirs)), 0.5, seconds=2)


def main() -> None:
    """Prints all of it."""
    start = time.perf_counter()
    rows: list[Row] = []
    for n in (N, 64):
        data = np.random.default_rng(0).random((n, n), dtype=np.float32)
        for f in (five, nine):
            for count in (1, 4):
                rows.append(against(f"{f.__name__} points, {count} steps, {n} x {n}", steps(f, count), data))
    show("Stencils, float32", rows)
    print(f"\n({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
