"""Drawing random numbers against NumPy's Generator: 512K numbers, and calls of 8."""

from __future__ import annotations

import tnp

import numpy as np
from benchmarks.timing import Row, compare, show

N = 1 << 19

CASES = [
    ("random", "g.random(n)", 1),
    ("standard_normal", "g.standard_normal(n)", 1),
    ("integers(100)", "g.integers(0, 100, n)", 1),
    ("integers(2**40)", "g.integers(0, 2**40, n)", 1),
    ("choice(1000)", "g.choice(1000, n)", 1),
    ("choice with p", "g.choice(4, n, p=[0.1, 0.2, 0.3, 0.4])", 1),
    ("permutation", "g.permutation(n)", 1),
    ("exponential", "g.exponential(size=n)", 1),
    ("gamma(2)", "g.gamma(2.0, size=n)", 1),
    ("gamma(0.5)", "g.gamma(0.5, size=n)", 1),
    ("beta(2, 3)", "g.beta(2.0, 3.0, n)", 1),
    ("beta(0.5, 0.5)", "g.beta(0.5, 0.5, n)", 1),
    ("chisquare(2)", "g.chisquare(2, n)", 1),
    ("chisquare(5)", "g.chisquare(5, n)", 1),
    ("f(3, 7)", "g.f(3, 7, n)", 1),
    ("standard_t(5)", "g.standard_t(5, n)", 1),
    ("dirichlet of 4", "g.dirichlet([1.0, 2.0, 3.0, 4.0], n // 4)", 1),
    ("poisson(3)", "g.poisson(3.0, n)", 1),
    ("poisson(100)", "g.poisson(100.0, n)", 1),
    ("binomial(10, 0.3)", "g.binomial(10, 0.3, n)", 1),
    ("binomial(1000, 0.4)", "g.binomial(1000, 0.4, n)", 1),
    ("geometric(0.2)", "g.geometric(0.2, n)", 1),
]


def rows(n: int) -> list[Row]:
    """Each expression with a generator of tnp and with NumPy's."""
    scopes = [{"g": module.random.default_rng(0), "n": n} for module in (tnp, np)]
    out = []
    for name, expression, target in CASES:
        code = compile(expression, name, "eval")
        calls = [lambda c=code, s=scope: eval(c, s) for scope in scopes]
        out.append(compare(name, calls[0], "NumPy", calls[1], target, 0.3))
    return out


def main() -> None:
    """Prints the tables."""
    show("Random numbers, 512K", rows(N))
    show("Random numbers, 8", rows(8))


if __name__ == "__main__":
    main()
