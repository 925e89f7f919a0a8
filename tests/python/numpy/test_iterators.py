"""Iterators over indices and elements, against NumPy's: eager ones, in traced functions, misuse."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import tnp

import numpy as np

X = np.arange(12.0).reshape(3, 4)
Y = np.array([[1], [2], [3]])


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_plain(v) for v in value)
    return np.asarray(value).tolist() if hasattr(value, "dtype") else value


CASES: list[Any] = [
    lambda m, x, y: list(m.ndindex(2, 3)),
    lambda m, x, y: list(m.ndindex((2, 3))),
    lambda m, x, y: list(m.ndindex((3,))),
    lambda m, x, y: list(m.ndindex()),
    lambda m, x, y: list(m.ndindex(2, 0, 3)),
    lambda m, x, y: list(m.ndindex(0)),
    lambda m, x, y: list(m.ndenumerate(x)),
    lambda m, x, y: list(m.ndenumerate(x.T)),
    lambda m, x, y: list(m.ndenumerate(x[::-1, ::2])),
    lambda m, x, y: list(m.ndenumerate(5.0)),
    lambda m, x, y: list(m.ndenumerate(m.zeros((2, 0)))),
    lambda m, x, y: list(m.ndenumerate([[1, 2], [3, 4]])),
    lambda m, x, y: list(x.flat),
    lambda m, x, y: list(x.T.flat),
    lambda m, x, y: [x.flat[5], x.flat[-1], len(x.flat), x.flat[2:5], x.flat[[1, 3]]],
    lambda m, x, y: [(lambda it: (next(it), it.index, it.coords, next(it)))(x.flat)],
    lambda m, x, y: list(m.broadcast(x, y)),
    lambda m, x, y: list(m.broadcast(y, 2.0, x)),
    lambda m, x, y: [(b.shape, b.size, b.nd, b.ndim, b.numiter, b.index) for b in [m.broadcast(x, y)]],
    lambda m, x, y: [[list(i) for i in m.broadcast(x, y).iters]],
    lambda m, x, y: [(lambda b: (next(b), next(b), b.index, b.reset(), b.index, next(b)))(m.broadcast(x, y))],
    lambda m, x, y: list(m.nditer(x)),
    lambda m, x, y: list(m.nditer(x, order="F")),
    lambda m, x, y: list(m.nditer([x, y])),
    lambda m, x, y: list(m.nditer([x, None], op_flags=[["readonly"], ["readonly"]])) if m is tnp else 1 / 0,
    lambda m, x, y: list(m.nditer(3.0)),
    lambda m, x, y: list(m.nditer([1, 2, 3])),
    lambda m, x, y: list(m.nditer([x, y], flags=["external_loop", "buffered"])),
    lambda m, x, y: list(m.nditer(x, flags=["external_loop", "buffered"], order="F")),
    lambda m, x, y: list(m.nditer(x, op_dtypes="f4", flags=["buffered"], casting="same_kind")),
    lambda m, x, y: list(m.nditer(x, op_dtypes=["f4"], flags=["buffered"])),
    lambda m, x, y: list(m.nditer([x, y], flags=["common_dtype", "buffered"])),
    lambda m, x, y: list(m.nditer([x, y[:, 0]], op_axes=[[0, 1], [0, -1]])),
    lambda m, x, y: list(m.nditer([x], op_axes=[[1, 0]], order="C")),
    lambda m, x, y: list(m.nditer(y, itershape=(3, 2), op_axes=[[0, 1]])),
    lambda m, x, y: list(m.nditer(m.zeros((0, 2)))),
    lambda m, x, y: list(m.nditer(m.zeros((0, 2)), flags=["zerosize_ok"])),
    lambda m, x, y: list(m.nditer(x, flags=["multi_index", "external_loop"])),
    lambda m, x, y: list(m.nditer(x, flags=["nonsense"])),
    lambda m, x, y: list(m.nditer([x, m.zeros(5)])),
    lambda m, x, y: m.nditer(x).index,
    lambda m, x, y: m.nditer(x).multi_index,
    lambda m, x, y: list(m.ndindex(-1)),
    lambda m, x, y: list(m.ndindex(1.5)),
    lambda m, x, y: m.ndenumerate(),
    lambda m, x, y: m.broadcast(m.ones(2), m.ones(3)),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_as_numpy(case: int) -> None:
    """The same values, or the same class of error."""

    def outcome(m: Any) -> Any:
        try:
            return [_plain(v) for v in CASES[case](m, m.asarray(X), m.asarray(Y))]
        except Exception as error:
            return type(error)

    ours, theirs = outcome(tnp), outcome(np)
    if theirs is ZeroDivisionError:
        assert ours is TypeError  # nothing can be allocated
    else:
        assert ours == theirs


def test_attributes() -> None:
    """What an nditer knows of itself."""
    for m in (tnp, np):
        it = m.nditer([m.asarray(X), m.asarray(Y)], flags=["multi_index"])
        assert (it.ndim, it.nop, it.itersize, it.shape, len(it), it.has_multi_index, it.has_index) == (
            2, 2, 12, (3, 4), 2, True, False,
        )  # fmt: skip
        assert not it.finished and it.iterindex == 0 and it.multi_index == (0, 0)
        assert [v.shape for v in it.itviews] == [(3, 4), (3, 4)]
        assert [str(d) for d in it.dtypes] == ["float64", "int64"]
        it.iternext()
        other = copy.copy(it)
        assert it.multi_index == other.multi_index == (0, 1)
        assert float(it[0]) == 1.0 and int(it[1]) == 1 and len(it[0:2]) == 2
        it.iterindex = 7
        assert it.multi_index == (1, 3) and float(it.value[0]) == 7.0 and other.iterindex == 1
        with pytest.raises(IndexError):
            it.iterindex = 100
        it.reset()
        assert it.iterindex == 0
        while it.iternext():
            pass
        assert it.finished
        with pytest.raises(ValueError):
            _ = it.value
        with m.nditer(m.asarray(X)) as scope:
            assert float(next(scope)) == 0.0
        scope.close()


def test_nothing_is_written() -> None:
    """Elements can not be assigned, and no operand can be written to."""
    x = tnp.asarray(X)
    with pytest.raises(TypeError, match="immutable"):
        x.flat[0] = 1.0
    for flags in (["readwrite"], [["writeonly"]]):
        with pytest.raises(TypeError, match="immutable"):
            tnp.nditer(x, op_flags=flags)


def test_traced() -> None:
    """Arrays of known size in traced functions, and gradients through elements."""

    @tnp.function
    def f(x: Any) -> Any:
        total = 0.0
        for (i, j), v in tnp.ndenumerate(x):
            total = total + v * (i + 2 * j)
        for v in x.flat:
            total = total + v
        for a, b in tnp.nditer([x, x]):
            total = total + a * b
        return total

    x = X[:2, :2]
    expected = sum(v * (i + 2 * j) for (i, j), v in np.ndenumerate(x)) + x.sum() + (x * x).sum()
    assert float(f(tnp.asarray(x))) == pytest.approx(expected)
    y = tnp.asarray(x)
    with tnp.GradientTape() as tape:
        tape.watch(y)
        total = 0.0
        for v in y.flat:
            total = total + v * v
    assert np.allclose(np.asarray(tape.gradient(total, y)), 2 * x)


def test_text() -> None:
    """Text arrays, whose elements are no numbers."""
    x = tnp.asarray(["ab", "c"])
    assert [v.item() for v in x.flat] == ["ab", "c"]
    assert [(i, v.item()) for i, v in tnp.ndenumerate(x)] == [((0,), "ab"), ((1,), "c")]
    assert [v.item() for v in tnp.nditer(x)] == ["ab", "c"]


def test_frozen_types() -> None:
    """The classes are known by name, and their instances by class."""
    x = tnp.asarray(X)
    assert isinstance(x.flat, tnp.flatiter) and isinstance(tnp.nditer(x), tnp.nditer)
    assert isinstance(tnp.ndindex(2), tnp.ndindex) and isinstance(tnp.broadcast(x, x), tnp.broadcast)
    assert iter(x.flat).base is x
    with pytest.raises(TypeError):
        tnp.flatiter()
