"""Sorting and what builds on it against NumPy: 4M elements with two threads, and calls of 8 elements."""

from __future__ import annotations

from typing import Any

import tnp

import numpy as np
from benchmarks.timing import Row, compare, show

N = 4_000_000


def data(n: int) -> dict[str, np.ndarray]:
    """What the cases name."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(n)
    return {
        "x": x,
        "f": x.astype(np.float32),
        "i": rng.integers(0, max(n // 4, 2), n),
        "s": np.sort(x),
        "q": rng.standard_normal(max(n // 4, 1)),
        "m": x.reshape(-1, min(n, 1000)),
        "e": np.linspace(-5, 5, 101) ** 3,
    }


LARGE = [
    ("sort float64", "np.sort(x)", 0.7),
    ("sort float32", "np.sort(f)", 0.7),
    ("sort int64", "np.sort(i)", 0.7),
    ("sort rows of 1,000", "np.sort(m)", None),
    ("sort columns", "np.sort(m, 0)", None),
    ("argsort float64", "np.argsort(x)", 0.5),
    ("argsort int64", "np.argsort(i)", 0.5),
    ("partition", "np.partition(x, len(x) // 2)", None),
    ("unique float64", "np.unique(x)", 0.7),
    ("unique int64, inverse", "np.unique(i, return_inverse=True)", 0.7),
    ("median", "np.median(x)", 0.5),
    ("percentile", "np.percentile(x, [10, 50, 90])", 0.5),
    ("median of rows", "np.median(m, axis=1)", 0.5),
    ("histogram of 100 bins", "np.histogram(x, 100)", 0.2),
    ("histogram of given edges", "np.histogram(x, e)", None),
    ("searchsorted", "np.searchsorted(s, q)", None),
    ("digitize", "np.digitize(x, e)", None),
    ("bincount", "np.bincount(i)", None),
    ("isin", "np.isin(i, i[:1000])", None),
    ("interp", "np.interp(q, s, s)", None),
]
SMALL = [
    ("sort", "np.sort(x)", 1),
    ("argsort", "np.argsort(x)", 1),
    ("searchsorted", "np.searchsorted(s, x)", 1),
    ("unique", "np.unique(x)", 1),
    ("median", "np.median(x)", 1),
    ("percentile", "np.percentile(x, 50)", 1),
    ("histogram", "np.histogram(x)", 1),
    ("bincount", "np.bincount(i)", None),
    ("interp", "np.interp(x, s, s)", None),
]


def rows(n: int, cases: list[tuple[str, str, float | None]]) -> list[Row]:
    """Each expression with tnp's functions and arrays, and with NumPy's."""
    theirs: dict[str, Any] = data(n)
    ours = {name: tnp.asarray(a) for name, a in theirs.items()}
    out = []
    for name, expression, target in cases:
        code = compile(expression, name, "eval")
        scopes = [{"np": module, **arrays} for module, arrays in ((tnp, ours), (np, theirs))]
        calls = [lambda c=code, s=scope: eval(c, s) for scope in scopes]
        out.append(compare(name, calls[0], "NumPy", calls[1], target))
    return out


def main() -> None:
    """Prints the tables."""
    show("Sorting, 4M elements", rows(N, LARGE))
    show("Sorting, 8 elements", rows(8, SMALL))


if __name__ == "__main__":
    main()
