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


ELEMENTWISE = [
    ("add float64", "a + c", 0.65),
    ("exp float32", "X.exp(f)", 0.35),
    ("exp float64", "X.exp(a)", 0.6),
    ("log float64", "X.log(a)", 0.6),
    ("sin float64", "X.sin(a)", 0.12),
    ("tanh float32", "X.tanh(f)", 0.5),
    ("power float64", "X.power(a, c)", 0.7),
    ("where float32", "X.where(b, f, h)", 0.2),
    ("int32 to float32", "j.astype('float32')", 0.7),
]
ARRANGED = [
    ("sum float32", "X.sum(f)", 0.7),
    ("sum float64, axis 1", "X.sum(m, axis=1)", 0.7),
    ("sum float64, axis 0", "X.sum(m, axis=0)", 1.0),
    ("std float64", "X.std(a)", 0.3),
    ("cumsum float64", "X.cumsum(a)", 0.5),
    ("transposed copy of 4096 x 4096", "m.T.copy()", 0.25),
    ("take 4M of 16M", "X.take(a, i)", 0.8),
    ("boolean mask", "a[b]", 0.4),
    ("random normal", "X.random.default_rng(0).standard_normal(n)", 0.3),
]
PRODUCTS = [
    ("matmul 1024 float64", "w @ w", 1.05),
    ("matmul 2048 float32", "v @ v", 1.05),
    ("products of 8 x 8, float64", "X.matmul(s, s)", 0.5),
    ("products of 8 x 8, float32", "X.matmul(s4, s4)", 0.5),
    ("einsum of a stack of products", "X.einsum('bij,bjk->bik', s, s)", 0.5),
    ("einsum of weighted rows", "X.einsum('ij,ij,j->i', w, w, w[0])", 0.5),
    ("einsum of a chain", "X.einsum('ij,jk,kl->il', q, q, q)", 0.5),
    ("tensordot of small arrays", "X.tensordot(r, r, axes=([0, 1], [1, 0]))", 0.5),
]


def against_numpy(cases: list[tuple[str, str, float]]) -> list[Row]:
    """The same statements with tnp's names (`X` is the namespace) and NumPy's."""
    rng = np.random.default_rng(0)
    theirs = {"n": N, "a": rng.uniform(0.1, 10, N), "c": rng.uniform(0.1, 10, N), "b": rng.random(N) > 0.5}
    theirs |= {"f": theirs["a"].astype(np.float32), "h": theirs["c"].astype(np.float32)}
    theirs |= {"m": theirs["a"].reshape(4096, 4096), "j": rng.integers(0, 1000, N, np.int32)}
    theirs |= {"i": rng.integers(0, N, N // 4), "w": rng.standard_normal((1024, 1024)), "q": rng.random((64, 64))}
    theirs |= {"v": rng.standard_normal((2048, 2048)).astype(np.float32), "r": rng.random((8, 8, 16))}
    theirs |= {"s": rng.random((20_000, 8, 8)), "s4": rng.random((20_000, 8, 8)).astype(np.float32)}
    ours = {k: tnp.asarray(x) if isinstance(x, np.ndarray) else x for k, x in theirs.items()}
    rows = []
    for name, statement, target in cases:
        run = compile(statement, name, "eval")
        mine, peers = {**ours, "X": tnp}, {**theirs, "X": np}
        rows.append(
            compare(
                name,
                lambda run=run, names=mine: eval(run, names),
                "NumPy",
                lambda run=run, names=peers: eval(run, names),
                target,
                seconds=1.5,
            )
        )
    return rows


def main() -> None:
    """Prints the tables."""
    show("16M elements against C", against_c())
    show("16M elements against NumPy, elementwise", against_numpy(ELEMENTWISE))
    show("16M elements against NumPy, reductions and arrangement", against_numpy(ARRANGED))
    show("Products against NumPy", against_numpy(PRODUCTS))


if __name__ == "__main__":
    main()
