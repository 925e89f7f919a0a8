"""Programs of the kind that ocean models run: several fields, masks, tridiagonal systems; 1M and 4,096 cells, float64."""

from __future__ import annotations

import time

import numpy as np
from benchmarks.timing import Row, compare, show

try:
    import numba
except ImportError:
    numba = None


def shallow_water(xp, h, u, v, mask):
    """One step of the shallow water equations on a periodic grid with land."""
    g, dt, dx, f = 9.81, 1e-3, 1.0, 1e-2
    hx = (xp.roll(h, -1, 1) - h) / dx
    hy = (xp.roll(h, -1, 0) - h) / dx
    u_new = xp.where(mask, u + dt * (f * v - g * hx), 0.0)
    v_new = xp.where(mask, v - dt * (f * u + g * hy), 0.0)
    flux_x = u_new * 0.5 * (h + xp.roll(h, -1, 1))
    flux_y = v_new * 0.5 * (h + xp.roll(h, -1, 0))
    h_new = h - dt / dx * (flux_x - xp.roll(flux_x, 1, 1) + flux_y - xp.roll(flux_y, 1, 0))
    return xp.where(mask, h_new, h), u_new, v_new


def advection(xp, t, u, v, mask):
    """A tracer with upstream differences, slices inside and an unchanged edge."""
    c, uc, vc = t[1:-1, 1:-1], u[1:-1, 1:-1], v[1:-1, 1:-1]
    west, east = c - t[1:-1, :-2], t[1:-1, 2:] - c
    south, north = c - t[:-2, 1:-1], t[2:, 1:-1] - c
    flux = xp.where(uc > 0, uc * west, uc * east) + xp.where(vc > 0, vc * south, vc * north)
    diffusion = 0.01 * (east - west + north - south)
    new = xp.where(mask[1:-1, 1:-1], c + 0.1 * (diffusion - flux), c)
    return xp.pad(new, 1)


def tridiagonal(xp, scan, a, b, c, d):
    """Thomas' algorithm along the last axis, for all columns at once."""
    rows = [x.T for x in (a, b, c, d)]

    def forward(carry, row):
        cp, dp = carry
        a, b, c, d = row
        denominator = b - a * cp
        new = (c / denominator, (d - a * dp) / denominator)
        return new, new

    zero = xp.zeros_like(rows[0][0])
    _, (cp, dp) = scan(forward, (zero, zero), tuple(rows))

    def backward(x, row):
        cp, dp = row
        x = dp - cp * x
        return x, x

    _, solution = scan(backward, zero, (cp, dp), reverse=True)
    return solution.T


def tridiagonal_numba():
    """The same, as loops."""

    @numba.njit(parallel=True, fastmath=False)
    def solve(a, b, c, d):
        m, n = a.shape
        x = np.empty_like(d)
        for i in numba.prange(m):
            cp, dp = np.empty(n), np.empty(n)
            cp[0], dp[0] = c[i, 0] / b[i, 0], d[i, 0] / b[i, 0]
            for k in range(1, n):
                denominator = b[i, k] - a[i, k] * cp[k - 1]
                cp[k] = c[i, k] / denominator
                dp[k] = (d[i, k] - a[i, k] * dp[k - 1]) / denominator
            x[i, n - 1] = dp[n - 1]
            for k in range(n - 2, -1, -1):
                x[i, k] = dp[k] - cp[k] * x[i, k + 1]
        return x

    return solve


def fields(shape, count, seed=0):
    """So many fields, and a mask with a tenth of land."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) * 0.1 + (1 if i == 0 else 0) for i in range(count)], rng.random(shape) > 0.1


def systems(shape, seed=0):
    """Well-conditioned tridiagonal systems along the last axis."""
    rng = np.random.default_rng(seed)
    a, c, d = (rng.random(shape) for _ in range(3))
    return [a, 3 + rng.random(shape), c, d]


def against_jax(name, program, data, target, scans=False) -> Row:
    """One program, ours and theirs."""
    import jax
    import tnp

    def ours(*x):
        return program(tnp, tnp.scan, *x) if scans else program(tnp, *x)

    def theirs(*x):
        return program(jax.numpy, jax.lax.scan, *x) if scans else program(jax.numpy, *x)

    mine, peer = tnp.function(ours), jax.jit(theirs)
    a, b = [tnp.asarray(x) for x in data], [jax.numpy.asarray(x) for x in data]
    for got, want in zip(*(r if isinstance(r, tuple) else (r,) for r in (mine(*a), peer(*b))), strict=True):
        np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=1e-9, atol=1e-12)
    return compare(name, lambda: mine(*a), "JAX", lambda: jax.block_until_ready(peer(*b)), target, seconds=1.5)


def main() -> None:
    """Prints all of it."""
    import jax

    jax.config.update("jax_enable_x64", True)
    start = time.perf_counter()
    rows: list[Row] = []
    for n, target in ((1024, 0.7), (64, 0.3)):
        (h, u, v), mask = fields((n, n), 3)
        rows.append(against_jax(f"shallow water, {n} x {n}", shallow_water, [h, u, v, mask], target))
        rows.append(against_jax(f"advection, {n} x {n}", advection, [h, u, v, mask], target))
    for shape, target in (((16384, 64), 0.7), ((128, 32), 0.3)):
        data = systems(shape)
        name = f"tridiagonal, {shape[0]} x {shape[1]}"
        rows.append(against_jax(name, tridiagonal, data, target, scans=True))
        if numba is not None:
            import tnp

            mine, peer = tnp.function(lambda *x: tridiagonal(tnp, tnp.scan, *x)), tridiagonal_numba()
            arrays = [tnp.asarray(x) for x in data]
            rows.append(compare(name, lambda: mine(*arrays), "numba", lambda: peer(*data), target, seconds=1.5))  # noqa: B023
    show("Ocean models, float64", rows)
    print(f"\n({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
