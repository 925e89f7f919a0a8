"""Stencils written with slices, pads, joins and rolls, of 1 and more steps, compiled, against JAX."""

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


def diffused(u):
    """What five gives inside."""
    c = u[1:-1, 1:-1]
    return c + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * c)


# One step of diffusion by other ways to write the edge.
EDGES = {
    "set": lambda xp, u: u.at[1:-1, 1:-1].set(diffused(u)),
    "pad": lambda xp, u: xp.pad(diffused(u), 1),
    "halo": lambda xp, u: diffused(xp.pad(u, 1, mode="wrap")),
    "joined": lambda xp, u: xp.concatenate(
        [u[:1], xp.concatenate([u[1:-1, :1], diffused(u), u[1:-1, -1:]], axis=1), u[-1:]]
    ),
    "roll": lambda xp, u: u + 0.1 * (sum(xp.roll(u, s, a) for s in (1, -1) for a in (0, 1)) - 4 * u),
}


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


def edges_against(name, step, data, turns) -> Row:
    """One step, or so many in a loop, ours and theirs."""
    import jax
    import tnp

    def program(xp, loop):
        return (lambda u: loop(0, turns, lambda _, u: step(xp, u), u)) if turns > 1 else (lambda u: step(xp, u))

    ours, theirs = tnp.asarray(data), jax.numpy.asarray(data)
    mine = tnp.function(program(tnp, tnp.fori_loop))
    peer = jax.jit(program(jax.numpy, jax.lax.fori_loop))
    return compare(name, lambda: mine(ours), "JAX", lambda: jax.block_until_ready(peer(theirs)), 0.3, seconds=1)


def main() -> None:
    """Prints all of it."""
    start = time.perf_counter()
    rows: list[Row] = []
    for n in (N, 64):
        data = np.random.default_rng(0).random((n, n), dtype=np.float32)
        for f in (five, nine):
            for count in (1, 4):
                rows.append(against(f"{f.__name__} points, {count} steps, {n} x {n}", steps(f, count), data))
    for name, step in EDGES.items():
        data = np.random.default_rng(0).random((64, 64), dtype=np.float32)
        for turns in (1, 10):
            rows.append(edges_against(f"edges by {name}, {turns} steps, 64 x 64", step, data, turns))
    show("Stencils, float32", rows)
    print(f"\n({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
