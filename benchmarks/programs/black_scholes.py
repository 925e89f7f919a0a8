"""Black-Scholes prices of 16M options in float64, compiled, against Dr.Jit and JAX: steady state and first call."""

from __future__ import annotations

import subprocess
import sys
import time

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


def steady() -> list[Row]:
    """16M options."""
    import drjit
    import jax
    import tnp

    drjit.set_thread_count(2)
    jax.config.update("jax_enable_x64", True)
    data = inputs()
    f = tnp.function(lambda s, k, t: prices(tnp, _where_cdf, s, k, t, RATE, VOLATILITY))
    ours = [tnp.asarray(a) for a in data]
    rows = []

    from drjit.llvm import Float64

    class Names:
        sqrt, log, exp, abs = drjit.sqrt, drjit.log, drjit.exp, drjit.abs

        @staticmethod
        def where(c, a, b):
            return drjit.select(c, a, b)

    theirs = [Float64(a) for a in data]

    def dr() -> None:
        out = prices(Names, _where_cdf, *theirs, RATE, VOLATILITY)
        drjit.eval(*out)
        drjit.sync_thread()

    rows.append(compare("Black-Scholes 16M float64", lambda: f(*ours), "Dr.Jit", dr, 1.3, seconds=4))
    g = jax.jit(lambda s, k, t: prices(jax.numpy, _where_cdf, s, k, t, RATE, VOLATILITY))
    arrays = [jax.numpy.asarray(a) for a in data]
    rows.append(
        compare(
            "Black-Scholes 16M float64",
            lambda: f(*ours),
            "JAX",
            lambda: jax.block_until_ready(g(*arrays)),
            None,
            seconds=4,
        )
    )
    rows.append(
        compare(
            "Black-Scholes 16M float64",
            lambda: f(*ours),
            "NumPy",
            lambda: prices(np, _where_cdf, *data, RATE, VOLATILITY),
            None,
            seconds=4,
        )
    )
    return rows


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


def first_call() -> Row:
    """Tracing, compiling and running once, each in a new process."""

    def once(which: str) -> float:
        return min(
            float(
                subprocess.run([sys.executable, "-c", FIRST, which], capture_output=True, text=True, check=True).stdout
            )
            for _ in range(3)
        )

    return Row("first call, 64K options", "JAX", once("tnp"), once("jax"), 0.3)


def main() -> None:
    """Prints all of it."""
    start = time.perf_counter()
    show("Black-Scholes", [*steady(), first_call()])
    print(f"\n({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
