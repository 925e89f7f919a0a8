"""Black-Scholes prices in float64, compiled, against Dr.Jit, JAX and NumPy: 16M and 4,096 options, a new size, first calls."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
from benchmarks.timing import Row, compare, show

N = 1 << 24


def prices(xp, cdf, spot, strike, years, rate, volatility):
    """Calls and puts."""
    root = volatility * xp.sqrt(years)
    d1 = (xp.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / root
    d2 = d1 - root
    discounted = strike * xp.exp(-rate * years)
    call = spot * cdf(xp, d1) - discounted * cdf(xp, d2)
    return call, call - spot + discounted


def cdf(xp, x):
    """The normal distribution function by Abramowitz and Stegun 26.2.17, without branches but one."""
    k = 1.0 / (1.0 + 0.2316419 * xp.abs(x))
    tail = k * (0.319381530 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
    tail = 0.3989422804014327 * xp.exp(-0.5 * x * x) * tail
    return tail, 1.0 - tail


def _where_cdf(xp, x):
    low, high = cdf(xp, x)
    return xp.where(x < 0, low, high)


def inputs(n: int = N) -> list[np.ndarray]:
    """Spots, strikes, years."""
    rng = np.random.default_rng(0)
    return [rng.uniform(10, 50, n), rng.uniform(10, 50, n), rng.uniform(0.1, 2, n)]


RATE, VOLATILITY = 0.02, 0.3


def peers(data: list[np.ndarray]) -> dict[str, Callable[[], object]]:
    """The same prices by others, each a call that ends when the results are there."""
    import drjit
    import jax
    from drjit.llvm import Float64

    drjit.set_thread_count(2)
    jax.config.update("jax_enable_x64", True)

    class Names:
        sqrt, log, exp, abs = drjit.sqrt, drjit.log, drjit.exp, drjit.abs

        @staticmethod
        def where(c, a, b):
            return drjit.select(c, a, b)

    theirs = [Float64(a) for a in data]
    frozen = drjit.freeze(lambda s, k, t: prices(Names, _where_cdf, s, k, t, RATE, VOLATILITY))

    def dr(f: Callable[..., tuple[object, ...]]) -> None:
        out = f(*theirs)
        drjit.eval(*out)
        drjit.sync_thread()

    g = jax.jit(lambda s, k, t: prices(jax.numpy, _where_cdf, s, k, t, RATE, VOLATILITY))
    arrays = [jax.numpy.asarray(a) for a in data]
    return {
        "Dr.Jit": lambda: dr(lambda s, k, t: prices(Names, _where_cdf, s, k, t, RATE, VOLATILITY)),
        "Dr.Jit, frozen": lambda: dr(frozen),
        "JAX": lambda: jax.block_until_ready(g(*arrays)),
        "NumPy": lambda: prices(np, _where_cdf, *data, RATE, VOLATILITY),
    }


def steady(n: int, targets: dict[str, float], seconds: float) -> list[Row]:
    """`n` options."""
    import tnp

    data = inputs(n)
    f = tnp.function(lambda s, k, t: prices(tnp, _where_cdf, s, k, t, RATE, VOLATILITY))
    ours = [tnp.asarray(a) for a in data]
    for _ in range(200 if n < 1 << 20 else 3):  # until it is compiled
        f(*ours)
    title = f"{n >> 20}M" if n >= 1 << 20 else f"{n:,}"
    return [
        compare(f"{title} options", lambda: f(*ours), name, peer, targets.get(name), seconds=seconds)
        for name, peer in peers(data).items()
    ]


def new_size() -> Row:
    """The first call with a size that was not met before, against JAX's, which compiles again."""
    import jax
    import tnp

    f = tnp.function(lambda s, k, t: prices(tnp, _where_cdf, s, k, t, RATE, VOLATILITY))
    g = jax.jit(lambda s, k, t: prices(jax.numpy, _where_cdf, s, k, t, RATE, VOLATILITY))
    best = [float("inf"), float("inf")]
    for i in range(12):
        data = inputs(1000 + i)
        ours, theirs = [tnp.asarray(a) for a in data], [jax.numpy.asarray(a) for a in data]
        for k, call in enumerate((lambda o=ours: f(*o), lambda t=theirs: jax.block_until_ready(g(*t)))):
            start = time.perf_counter()
            call()
            best[k] = min(best[k], time.perf_counter() - start)
    return Row("a new size, first call", "JAX", best[0], best[1], 3e-4 / best[1])


FIRST = """
import sys, time, numpy as np
from benchmarks.programs import black_scholes as b
data = b.inputs(1 << 16)
if sys.argv[1] == "tnp":
    import tnp
    arrays = [tnp.asarray(a) for a in data]
    tnp.function(lambda x: x + 1)(arrays[0])
    start = time.perf_counter()
    f = tnp.function(lambda s, k, t: b.prices(tnp, b._where_cdf, s, k, t, b.RATE, b.VOLATILITY))
    np.asarray(f(*arrays)[0])
else:
    import jax
    jax.config.update("jax_enable_x64", True)
    arrays = [jax.numpy.asarray(a) for a in data]
    jax.block_until_ready(jax.jit(lambda x: x + 1)(arrays[0]))
    start = time.perf_counter()
    f = jax.jit(lambda s, k, t: b.prices(jax.numpy, b._where_cdf, s, k, t, b.RATE, b.VOLATILITY))
    jax.block_until_ready(f(*arrays))
print(time.perf_counter() - start)
"""


def first_calls() -> list[Row]:
    """Tracing, compiling and running once, each in a new process: without kept code, and with that of an earlier one."""

    def once(which: str, folder: str) -> float:
        def run() -> float:
            command = [sys.executable, "-c", FIRST, which]
            env = os.environ | {"TNP_CACHE_DIR": folder, "TNP_JIT": "always"}
            return float(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout)

        return min(run() for _ in range(3 if not folder else 4))

    theirs = once("jax", "")
    with tempfile.TemporaryDirectory() as folder:
        return [
            Row("first call, 64K options", "JAX", once("tnp", ""), theirs, 0.3),
            Row("first call, code of an earlier one", "JAX", once("tnp", folder), theirs, None),
        ]


def main() -> None:
    """Prints all of it."""
    start = time.perf_counter()
    bound = dict.fromkeys(("Dr.Jit", "Dr.Jit, frozen", "JAX", "NumPy"), 0.5)
    rows = [*steady(N, {"Dr.Jit": 1.05}, 4), *steady(4096, bound, 1), new_size(), *first_calls()]
    show("Black-Scholes", rows)
    print(f"\n({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
