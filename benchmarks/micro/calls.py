"""The cost of a call on 8 float64, against NumPy; of a small compiled function, against jax.jit; of importing."""

from __future__ import annotations

import subprocess
import sys

import tnp

import numpy as np
from benchmarks.timing import Row, compare, show


def small_calls() -> list[Row]:
    """Operators, functions and methods on arrays of 8 float64."""
    a, b = np.arange(8.0), np.arange(8.0) + 1
    x, y = tnp.asarray(a), tnp.asarray(b)
    m4 = np.arange(16.0).reshape(4, 4)
    n4 = tnp.asarray(m4)
    mask, tmask = a > 3, tnp.asarray(a > 3)
    cases = [
        ("x + y", lambda: x + y, lambda: a + b, 0.5),
        ("x * 2.0", lambda: x * 2.0, lambda: a * 2.0, 0.5),
        ("x @ m (4x4)", lambda: n4 @ n4, lambda: m4 @ m4, 0.5),
        ("exp(x)", lambda: tnp.exp(x), lambda: np.exp(a), 0.6),
        ("x.sum()", lambda: x.sum(), lambda: a.sum(), 0.2),
        ("sum(x)", lambda: tnp.sum(x), lambda: np.sum(a), 0.2),
        ("x.reshape(2, 4)", lambda: x.reshape(2, 4), lambda: a.reshape(2, 4), 0.4),
        ("reshape(x, (2, 4))", lambda: tnp.reshape(x, (2, 4)), lambda: np.reshape(a, (2, 4)), 0.4),
        ("where(c, x, y)", lambda: tnp.where(tmask, x, y), lambda: np.where(mask, a, b), 0.4),
        ("x[1:5]", lambda: x[1:5], lambda: a[1:5], 1.5),
        ("x[3]", lambda: x[3], lambda: a[3], None),
        ("x.mean()", lambda: x.mean(), lambda: a.mean(), None),
        ("x < y", lambda: x < y, lambda: a < b, None),
        ("asarray(numpy)", lambda: tnp.asarray(a), lambda: np.array(a), None),
    ]
    return [compare(name, ours, "NumPy", peer, target) for name, ours, peer, target in cases]


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
