"""take, nonzero, repeat, diagonals, roll, flip against NumPy."""

from __future__ import annotations

import pytest
import tnp

import numpy as np

from .oracle import DTYPES, check, sample

X = sample((3, 4), "int32")
ERRORS = [
    lambda m: m.take(m.asarray(X), 12),
    lambda m: m.take(m.asarray(X), [0, 5], axis=1),
    lambda m: m.take(m.asarray(X), m.asarray([1.5])),
    lambda m: m.take(m.asarray(X), 0, axis=2),
    lambda m: m.take(m.asarray(X), 0, mode="nothing"),
    lambda m: m.repeat(m.asarray(X), -1),
    lambda m: m.repeat(m.asarray(X), [1, 2], axis=0),
    lambda m: m.diagonal(m.ones(3)),
    lambda m: m.diagonal(m.asarray(X), axis1=0, axis2=0),
    lambda m: m.nonzero(m.array(1)),
    lambda m: m.roll(m.asarray(X), 1, axis=2),
    lambda m: m.flip(m.asarray(X), 2),
    lambda m: m.fliplr(m.ones(3)),
    lambda m: m.rot90(m.asarray(X), axes=(0, 0)),
    lambda m: m.compress([True] * 4, m.asarray(X), axis=0),
    lambda m: m.take_along_axis(m.asarray(X), m.asarray([0]), 0),
]
CASES = [
    lambda m, x: m.take(x, [0, -1, 5]),
    lambda m, x: x.take([[0, 1], [2, 0]], axis=0),
    lambda m, x: m.take(x, [7, -9], axis=1, mode="wrap"),
    lambda m, x: m.take(x, [7, -9], axis=1, mode="clip"),
    lambda m, x: m.take_along_axis(x, m.argmax(x.real, axis=1, keepdims=True), 1),
    lambda m, x: m.compress([True, False, True], x, axis=0),
    lambda m, x: x.compress([False, True, True]),
    lambda m, x: m.extract(x == x[0, 0], x),
    lambda m, x: m.nonzero(x),
    lambda m, x: x.nonzero(),
    lambda m, x: m.flatnonzero(x),
    lambda m, x: m.argwhere(x),
    lambda m, x: m.argwhere(x[0, 0]),
    lambda m, x: m.repeat(x, 2),
    lambda m, x: x.repeat([1, 0, 3], axis=0),
    lambda m, x: m.repeat(x, 0, axis=1),
    lambda m, x: m.diagonal(x),
    lambda m, x: x.diagonal(1),
    lambda m, x: m.diagonal(x, -1, 1, 0),
    lambda m, x: m.trace(x) if x.dtype != bool else None,
    lambda m, x: x.trace(1, dtype="complex128"),
    lambda m, x: m.roll(x, 2),
    lambda m, x: m.roll(x, -1, axis=1),
    lambda m, x: m.roll(x, (1, 2), axis=(0, 1)),
    lambda m, x: m.roll(x, 1, axis=(0, 1)),
    lambda m, x: m.flip(x),
    lambda m, x: m.flip(x, (0, -1)),
    lambda m, x: m.flipud(x),
    lambda m, x: m.fliplr(x),
    lambda m, x: m.rot90(x),
    lambda m, x: m.rot90(x, -1),
    lambda m, x: m.rot90(x, 2, axes=(1, 0)),
    lambda m, x: m.rot90(x, 3),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_errors(case: int) -> None:
    """The errors are NumPy's."""
    check(ERRORS[case])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", range(len(CASES)))
def test_results(case: int, dtype: str) -> None:
    """Values, types, tuples."""
    x = sample((3, 4), dtype)
    check(lambda m: CASES[case](m, m.asarray(x)))


def test_updates() -> None:
    """What changes its argument in NumPy gives a copy here."""
    x = np.arange(12.0).reshape(3, 4)
    expected = x.copy()
    np.put(expected, [0, -1], [7, 8])
    assert (np.asarray(tnp.put(x, [0, -1], [7, 8])) == expected).all()
    expected = x.copy()
    np.put_along_axis(expected, np.array([[1], [0], [3]]), 9, 1)
    assert (np.asarray(tnp.put_along_axis(x, np.array([[1], [0], [3]]), 9, 1)) == expected).all()
