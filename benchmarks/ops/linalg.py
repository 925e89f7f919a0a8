"""Decompositions, systems, products and einsum of tnp against NumPy's, both with as many threads as they like."""

from __future__ import annotations

import tnp

import numpy as np
from benchmarks.timing import Row, compare, show

N = 1000


def rows() -> list[Row]:
    """Matrices of 1000, stacks of small ones, single small ones."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((N, N))
    h = a @ a.T + N * np.eye(N)
    b = rng.standard_normal((N, 1))
    small, vector = np.eye(3) + 0.1, np.ones(3)
    stack = np.tile(small, (10_000, 1, 1))
    single = rng.standard_normal((2048, 2048)).astype(np.float32)
    wide = rng.standard_normal((1024, 1024))
    cases = [
        ("cholesky 1000", "cholesky", (h,), 1.05),
        ("solve 1000", "solve", (a, b), 1.05),
        ("inv 1000", "inv", (a,), 1.05),
        ("svd 1000", "svd", (a,), 1.05),
        ("svdvals 1000", "svdvals", (a,), 1.05),
        ("eigh 1000", "eigh", (h,), 1.05),
        ("eigvalsh 1000", "eigvalsh", (h,), 1.05),
        ("qr 1000", "qr", (a,), 1.05),
        ("matmul float64 1024", "matmul", (wide, wide), 1.05),
        ("matmul float32 2048", "matmul", (single, single), 1.05),
        ("solve 3", "solve", (small, vector), 1.0),
        ("det 3", "det", (small,), 1.0),
        ("norm 3", "norm", (vector,), 1.0),
        ("inv 10000 of 3", "inv", (stack,), 1.0),
    ]
    out = []
    for title, name, arrays, target in cases:
        ours, theirs = (getattr(m.linalg, name) for m in (tnp, np))
        mine = [tnp.asarray(x) for x in arrays]
        out.append(
            compare(
                title,
                lambda f=ours, x=mine: f(*x),
                "NumPy",
                lambda f=theirs, x=arrays: f(*x),
                target,
            )
        )
    return out


def main() -> None:
    """Prints the table."""
    show("Linear algebra against NumPy", rows())


if __name__ == "__main__":
    main()
