"""Operations on 16M elements with two threads, against a C loop with OpenMP (libmvec for the maths) and against NumPy."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path

import tnp

import numpy as np
from benchmarks.timing import Row, compare, show

N = 1 << 24
C_SOURCE = """
#include <math.h>
#define LOOP(NAME, T, EXPR) void NAME(const T* restrict x, const T* restrict y, T* restrict out, long n) { \\
  _Pragma("omp parallel for simd schedule(static) num_threads(2)") for (long i = 0; i < n; ++i) out[i] = EXPR; }
LOOP(add_f64, double, x[i] + y[i])
LOOP(exp_f32, float, expf(x[i]))
LOOP(sin_f64, double, sin(x[i]))
"""


def c_library() -> ctypes.CDLL:
    """The C loops, as gcc -O3 vectorises them."""
    folder = Path(tempfile.mkdtemp())
    (folder / "loops.c").write_text(C_SOURCE)
    flags = ["-O3", "-march=native", "-ffast-math", "-fopenmp", "-shared", "-fPIC"]
    subprocess.run(
        ["gcc", *flags, str(folder / "loops.c"), "-o", str(folder / "loops.so"), "-lmvec", "-lm"], check=True
    )
    return ctypes.CDLL(str(folder / "loops.so"))


def against_c() -> list[Row]:
    """The end-to-end targets: memory-bound addition and vectorised maths."""
    library = c_library()
    rng = np.random.default_rng(0)
    rows = []
    cases = [
        ("add float64", "add_f64", np.float64, lambda x, y: x + y, 1.15),
        ("exp float32", "exp_f32", np.float32, lambda x, y: tnp.exp(x), 1.3),
        ("sin float64", "sin_f64", np.float64, lambda x, y: tnp.sin(x), 1.3),
    ]
    for name, symbol, dtype, ours, target in cases:
        a, b = (rng.uniform(-10, 10, N).astype(dtype) for _ in range(2))
        out = np.zeros(N, dtype)
        x, y = tnp.asarray(a), tnp.asarray(b)
        function = getattr(library, symbol)
        pointers = [ctypes.c_void_p(v.ctypes.data) for v in (a, b, out)]
        rows.append(
            compare(
                name,
                lambda o=ours, x=x, y=y: o(x, y),
                "gcc -O3, OpenMP",
                lambda f=function, p=pointers: f(*p, ctypes.c_long(N)),
                target,
                seconds=2,
            )
        )
    return rows


def against_numpy() -> list[Row]:
    """The same and a few more against NumPy."""
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0.1, 10, N), rng.uniform(0.1, 10, N)
    f = a.astype(np.float32)
    x, y, g = tnp.asarray(a), tnp.asarray(b), tnp.asarray(f)
    m, n = rng.standard_normal((1024, 1024)), rng.standard_normal((2048, 2048)).astype(np.float32)
    u, v = tnp.asarray(m), tnp.asarray(n)
    cases = [
        ("add float64", lambda: x + y, lambda: a + b),
        ("exp float32", lambda: tnp.exp(g), lambda: np.exp(f)),
        ("exp float64", lambda: tnp.exp(x), lambda: np.exp(a)),
        ("log float64", lambda: tnp.log(x), lambda: np.log(a)),
        ("sin float64", lambda: tnp.sin(x), lambda: np.sin(a)),
        ("tanh float32", lambda: tnp.tanh(g), lambda: np.tanh(f)),
        ("sum float32", lambda: g.sum(), lambda: f.sum()),
        ("matmul 1024 float64", lambda: u @ u, lambda: m @ m),
        ("matmul 2048 float32", lambda: v @ v, lambda: n @ n),
    ]
    return [compare(name, ours, "NumPy", peer, None, seconds=1.5) for name, ours, peer in cases]


def main() -> None:
    """Prints both tables."""
    show("16M elements against C", against_c())
    show("16M elements against NumPy", against_numpy())


if __name__ == "__main__":
    main()
