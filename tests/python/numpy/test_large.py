"""Elementwise results too large for the caches: written by other stores on some processors, with the same values."""

from __future__ import annotations

import pytest
import tnp

import numpy as np

N = (40 << 20) // 8 + 37  # float64 elements of more than half of any last-level cache of one die
ROWS = 5


def operands() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(3).uniform(-9, 9, N)
    return x, x[::-1].copy()


CASES = {
    "two arrays": lambda xp, x, y: x + y,
    "array and number": lambda xp, x, y: 2.5 * x,
    "views that begin in the middle": lambda xp, x, y: x[3:] - y[:-3],
    "strided": lambda xp, x, y: xp.subtract(x[::-1], y),
    "types": lambda xp, x, y: x + xp.astype(y, "float32") if xp is tnp else x + y.astype("float32"),
    "rows of odd length": lambda xp, x, y: (
        x[: N // ROWS * ROWS].reshape(ROWS, -1) * y[: N // ROWS * ROWS].reshape(ROWS, -1)[:1]
    ),
    "columns": lambda xp, x, y: x[: N // ROWS * ROWS].reshape(-1, ROWS) + y[:ROWS],
    "choice": lambda xp, x, y: xp.where(x > y, x, y),
    "several": lambda xp, x, y: (x + y) * x - 1.0,
}


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("case", CASES)
def test_equals_numpy(case: str, compiled: bool) -> None:
    x, y = operands()
    f = lambda x, y: CASES[case](tnp, x, y)
    got = (tnp.function(f) if compiled else f)(tnp.asarray(x), tnp.asarray(y))
    np.testing.assert_array_equal(np.asarray(got), CASES[case](np, x, y))


def test_a_result_over_its_input() -> None:
    x, y = operands()
    a, b = tnp.asarray(x), tnp.asarray(y)
    got = ((a + b) + b) + b
    np.testing.assert_array_equal(np.asarray(got), ((x + y) + y) + y)
    np.testing.assert_array_equal(np.asarray(a), x)
