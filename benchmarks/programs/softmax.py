"""Softmax, layer normalisation and variance of 4096 x 4096 float32 over either axis, compiled, against JAX."""

from __future__ import annotations

import time

import numpy as np
from benchmarks.timing import Row, compare, show

N = 4096


def softmax(xp, x, axis):
    """Written as users write it."""
    e = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return e / xp.sum(e, axis=axis, keepdims=True)


def layer_norm(xp, x, axis):
    """Zero mean, unit variance."""
    return (x - xp.mean(x, axis=axis, keepdims=True)) / xp.sqrt(xp.var(x, axis=axis, keepdims=True) + 1e-5)


def variance(xp, x, axis):
    """As NumPy's."""
    return xp.var(x, axis=axis)


def main() -> None:
    """Prints all of it."""
    import jax
    import tnp

    start = time.perf_counter()
    data = np.random.default_rng(0).random((N, N), dtype=np.float32)
    ours, theirs = tnp.asarray(data), jax.numpy.asarray(data)
    rows: list[Row] = []
    for f in (softmax, layer_norm, variance):
        for axis in (0, 1):
            mine = tnp.function(lambda x, f=f, axis=axis: f(tnp, x, axis))
            peer = jax.jit(lambda x, f=f, axis=axis: f(jax.numpy, x, axis))
            name = f"{f.__name__} over axis {axis}"
            rows.append(
                compare(name, lambda: mine(ours), "JAX", lambda: jax.block_until_ready(peer(theirs)), 0.5, seconds=2)  # noqa: B023
            )
    show(f"Reductions with elementwise operations, {N} x {N} float32", rows)
    print(f"\n({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
