"""The cost of a call on 8 float64, against NumPy; of a small compiled function, against jax.jit; of importing."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import tnp

import numpy as np
from benchmarks.timing import Row, compare, compare_statements, show

SMALL_CALLS = [
    ("x + y", 0.5),
    ("x * 2.0", 0.5),
    ("m @ m", 0.5),  # 4 x 4
    ("xp.exp(x)", 0.6),
    ("x.sum()", 0.2),
    ("xp.sum(x)", 0.2),
    ("x.reshape(2, 4)", 0.4),
    ("xp.reshape(x, (2, 4))", 0.4),
    ("xp.where(c, x, y)", 0.4),
    ("x[1:5]", 1.5),
    ("x[3]", None),
    ("x.mean()", None),
    ("x < y", None),
    ("xp.array(a)", None),
]


def small_calls() -> list[Row]:
    """Operators, functions and methods on arrays of 8 float64."""
    a, m = np.arange(8.0), np.arange(16.0).reshape(4, 4)

    def names(xp: ModuleType) -> dict[str, object]:
        arrays = {"x": a, "y": a + 1, "m": m, "c": a > 3}
        return {"xp": xp, "a": a, **{k: xp.array(v) for k, v in arrays.items()}}

    ours, theirs = names(tnp), names(np)
    return [compare_statements(s, s, ours, "NumPy", theirs, target, seconds=0.4) for s, target in SMALL_CALLS]


def compiled_call() -> list[Row]:
    """A call of a compiled x * y + x."""
    import jax

    jax.config.update("jax_enable_x64", True)
    x, y = tnp.arange(8.0), tnp.arange(8.0)
    f = tnp.function(lambda x, y: x * y + x)
    g = jax.jit(lambda x, y: x * y + x)
    u, v = jax.numpy.arange(8.0), jax.numpy.arange(8.0)
    return [compare("compiled x * y + x", lambda: f(x, y), "jax.jit", lambda: g(u, v).block_until_ready(), 0.3)]


def import_time() -> None:
    """Prints what importing tnp adds to importing NumPy."""
    script = "import time, numpy\nt = time.perf_counter()\nimport tnp\nprint(time.perf_counter() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    print(f"\nimporting tnp beyond NumPy: {min(times):.3f} s (target 0.15 s)")


def main() -> None:
    """Prints all of it."""
    show("Calls on 8 float64", small_calls() + compiled_call())
    import_time()


if __name__ == "__main__":
    main()
