"""Programs as users write them: printed by tnp as by NumPy, and functions as compiled as they are eagerly."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tnp

import numpy as np

FILE = Path(__file__).parents[2] / "data" / "programs.txt"
PROGRAMS = dict(part.split("\n", 1) for part in FILE.read_text().split("### ")[1:])


def with_item(x: Any, index: Any, value: Any) -> Any:
    """A copy of x with x[index] = value, which the programs call SET."""
    if isinstance(x, tnp.ndarray):
        return x.at[index].set(value)
    x = x.copy()
    x[index] = value
    return x


def printed(program: str, module: Any) -> list[str]:
    """What the program prints with this module as `np`."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(program, {"np": module, "SET": with_item})
    return out.getvalue().splitlines()


@pytest.mark.parametrize("name", PROGRAMS)
def test_prints_the_same(name: str) -> None:
    assert printed(PROGRAMS[name], tnp) == printed(PROGRAMS[name], np)


def bubble_sort(x: Any) -> Any:
    for _ in range(x.shape[0]):
        for j in range(x.shape[0] - 1):
            if x[j] > x[j + 1]:
                last = x[j]
                x = x.at[j].set(x[j + 1])
                x = x.at[j + 1].set(last)
    return x


def first_negative(x: Any) -> Any:
    for v in x:
        if v < 0:
            return v
        if v > 4:
            break
    return x.sum()


def inverses(x: Any) -> Any:
    total = 0.0
    for i in range(len(x)):
        if x[i] == 0:
            continue
        total = total + 1 / x[i]
    else:
        total = total * 2
    return total


def halved(x: Any) -> Any:
    steps = 0
    while (abs(x) > 1e-3).any():
        x = x / 2
        steps += 1
        if steps > 7:
            break
    return x, steps


def of_sizes_that_data_tell(x: Any) -> Any:
    y = x[x > 0]
    z = tnp.unique(y)
    squares = 0.0
    for v in y:
        squares = squares + v * v
    return y, z, squares, tnp.nonzero(x)[0], tnp.concatenate([y, z]), tnp.cumsum(y), tnp.sort(y)[::-1], y.shape[0]


def grown(x: Any) -> Any:
    while 0 < x.shape[0] < 20:
        x = tnp.concatenate([x, x])
    return x


def collected(x: Any) -> Any:
    rows = []
    for v in x:
        rows.append(v * 2)
    return tnp.stack(rows).sum() if rows else x.sum()


def decided(x: Any) -> Any:
    if (x.sum() > 0 and x.max() > 2) or not x.any():
        return x + 1
    elif 0 < x[0] < 5:
        return x - 1
    return x * 2


def special(x: Any) -> Any:
    return (
        tnp.sign(x), tnp.floor(x), 1 / x, tnp.sqrt(x), tnp.where(x > 0, x, -x), tnp.exp(x), tnp.log(x), x == x, x.max(),
        tnp.nanmax(x), tnp.sort(x), tnp.argsort(x), x.sum(), tnp.clip(x, -1, 1), tnp.round(x, 2), tnp.copysign(1.0, x),
        x % 2.0, x // 1.0, tnp.arctan2(x, x[::-1]), x**0.5, tnp.tanh(x), tnp.signbit(x), tnp.nan_to_num(x),
    )  # fmt: skip


FUNCTIONS: list[Callable[[Any], Any]] = [
    bubble_sort, first_negative, inverses, halved, of_sizes_that_data_tell, grown, collected, decided, special,
]  # fmt: skip
DATA = [
    np.array([3.0, -1, 2, 0, 5]), np.array([1.0, 2, -3]), np.array([2.0]),
    np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 5e-324, 1e308, 2.2e-308, 1.0]),
]  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS)
def test_compiled_as_eager(f: Callable[[Any], Any]) -> None:
    compiled = tnp.function(f)
    for data in DATA:
        x = tnp.asarray(data)
        with tnp.errstate(all="ignore"):
            results = [r if isinstance(r, tuple) else (r,) for r in (compiled(x), f(x))]
        for got, expected in zip(*results, strict=True):
            assert np.shape(got) == np.shape(expected)
            np.testing.assert_array_equal(np.asarray(got), np.asarray(expected))


def test_graphs_deeper_than_the_stack() -> None:
    """A loop over Python numbers is gone through while tracing; what it leaves must go as well."""

    @tnp.function
    def never_ends(x: Any) -> Any:
        for i in range(10**9):
            x = x + 1.0
            if i == 200_000:
                raise KeyError(i)
        return x

    with pytest.raises(KeyError):
        never_ends(tnp.ones(3))
    assert tnp.function(lambda x: x + 1)(tnp.ones(2)).tolist() == [2, 2]


def test_decisions_on_sizes_with_many_paths_to_them() -> None:
    @tnp.function
    def f(x: Any) -> Any:
        size = tnp.ones(x.shape[0]).sum()
        for _ in range(60):
            size = size + size
        return x if size > 3 else -x

    assert f(tnp.ones(2)).tolist() == [1, 1]
