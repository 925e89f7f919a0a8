"""Shapes, joining, splitting, padding against NumPy."""

from __future__ import annotations

import pytest
import tnp
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy as np

from .oracle import DTYPES, check, sample

X = sample((2, 3, 4), "int32")
M = sample((4, 6), "float64")
ERRORS = [
    lambda m: m.reshape(m.asarray(X), 5),
    lambda m: m.reshape(m.asarray(X), (-1, -1)),
    lambda m: m.reshape(m.asarray(X), (-1, 5)),
    lambda m: m.reshape(m.asarray(X), (-2, 12)),
    lambda m: m.reshape(m.asarray(X), 6.0),
    lambda m: m.reshape(m.asarray(X), (24,), order="Z"),
    lambda m: m.asarray(X).reshape(),
    lambda m: m.asarray(X).reshape(2, 2.5),
    lambda m: m.reshape(m.zeros((0, 3)), (-1, 0)),
    lambda m: m.transpose(m.asarray(X), (0, 1)),
    lambda m: m.transpose(m.asarray(X), (0, 0, 1)),
    lambda m: m.transpose(m.asarray(X), (0, 1, 3)),
    lambda m: m.swapaxes(m.asarray(X), 0, 3),
    lambda m: m.moveaxis(m.asarray(X), (0, 1), (1,)),
    lambda m: m.moveaxis(m.asarray(X), (0, 0), (1, 2)),
    lambda m: m.squeeze(m.asarray(X), 0),
    lambda m: m.squeeze(m.asarray(X), 3),
    lambda m: m.expand_dims(m.asarray(X), 5),
    lambda m: m.expand_dims(m.asarray(X), (0, 0)),
    lambda m: m.broadcast_to(m.asarray(X), (3, 4)),
    lambda m: m.broadcast_to(m.asarray(X), (2, 3, -1)),
    lambda m: m.broadcast_arrays(m.zeros(3), m.zeros(4)),
    lambda m: m.broadcast_shapes((2, 3), (4,)),
    lambda m: m.concatenate([]),
    lambda m: m.concatenate([m.asarray(X), 3]),
    lambda m: m.concatenate([m.asarray(X), m.zeros((2, 3))]),
    lambda m: m.concatenate([m.asarray(X), m.zeros((2, 3, 5))]),
    lambda m: m.concatenate([m.asarray(X)], axis=3),
    lambda m: m.concatenate([m.asarray(M)], dtype=int),
    lambda m: m.concatenate([m.asarray(M)], casting="no way"),
    lambda m: m.concatenate(3),
    lambda m: m.concatenate([1, 2]),
    lambda m: m.stack([]),
    lambda m: m.stack([m.zeros(3), m.zeros(4)]),
    lambda m: m.stack([m.zeros(3)], axis=2),
    lambda m: m.split(m.asarray(M), 5),
    lambda m: m.split(m.asarray(M), 0),
    lambda m: m.split(m.asarray(M), 2, axis=2),
    lambda m: m.array_split(m.asarray(M), 0),
    lambda m: m.vsplit(m.zeros(4), 2),
    lambda m: m.dsplit(m.zeros((4, 4)), 2),
    lambda m: m.hsplit(m.array(1), 2),
    lambda m: m.unstack(m.array(1)),
    lambda m: m.pad(m.asarray(M), -1),
    lambda m: m.pad(m.asarray(M), 1.5),
    lambda m: m.pad(m.asarray(M), ((1, 2), (3, 4), (5, 6))),
    lambda m: m.pad(m.asarray(M), 1, mode="nonsense"),
    lambda m: m.pad(m.zeros((0, 2)), 1, mode="edge"),
    lambda m: m.tile(m.asarray(M), -1),
    lambda m: m.rollaxis(m.asarray(X), 0, 9),
    lambda m: m.matrix_transpose(m.zeros(3)),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_errors(case: int) -> None:
    """The errors are NumPy's."""
    check(ERRORS[case])


CASES = [
    lambda m, x: m.reshape(x, (4, -1)),
    lambda m, x: m.reshape(x, -1),
    lambda m, x: m.reshape(x, (6, 4), order="F"),
    lambda m, x: m.reshape(x.T, (6, 4)),
    lambda m, x: m.reshape(x.T, (3, 8), order="F"),
    lambda m, x: x.reshape(3, 8),
    lambda m, x: x.reshape((3, 8), order="F"),
    lambda m, x: x.reshape([2, -1], copy=True),
    lambda m, x: m.ravel(x),
    lambda m, x: m.ravel(x.T),
    lambda m, x: x.ravel(order="F"),
    lambda m, x: x.T.flatten("F"),
    lambda m, x: m.transpose(x),
    lambda m, x: m.transpose(x, (1, 2, 0)),
    lambda m, x: x.transpose(1, -1, 0),
    lambda m, x: x.transpose(None),
    lambda m, x: x.transpose((2, 0, 1)),
    lambda m, x: x.T,
    lambda m, x: x.mT,
    lambda m, x: m.matrix_transpose(x),
    lambda m, x: m.permute_dims(x, (1, 0, 2)),
    lambda m, x: m.swapaxes(x, 0, -1),
    lambda m, x: x.swapaxes(1, 2),
    lambda m, x: m.moveaxis(x, 0, -1),
    lambda m, x: m.moveaxis(x, (0, 1), (-1, 0)),
    lambda m, x: m.rollaxis(x, 2),
    lambda m, x: m.rollaxis(x, 0, 3),
    lambda m, x: m.squeeze(m.expand_dims(x, (0, -1))),
    lambda m, x: m.squeeze(m.expand_dims(x, (0, -1)), 0),
    lambda m, x: m.expand_dims(x, 1),
    lambda m, x: m.broadcast_to(x, (5, 2, 3, 4)),
    lambda m, x: m.broadcast_arrays(x, x[0], x[:, :1, :1]),
    lambda m, x: m.atleast_1d(x, 3),
    lambda m, x: m.atleast_2d(3),
    lambda m, x: m.atleast_3d(x[0]),
    lambda m, x: m.concatenate([x, x[:, :1]], axis=1),
    lambda m, x: m.concatenate((x, x), axis=None),
    lambda m, x: m.concat([x, m.ones((1, 3, 4))]),
    lambda m, x: m.concatenate([x, x], dtype="complex128"),
    lambda m, x: m.stack([x, x], axis=-1),
    lambda m, x: m.stack([x, x], 1),
    lambda m, x: m.vstack([x[0, 0], x[0]]),
    lambda m, x: m.hstack([x[0, 0], x[0, 1]]),
    lambda m, x: m.hstack([x, x]),
    lambda m, x: m.dstack([x[0], x[1]]),
    lambda m, x: m.column_stack([x[0, 0], x[0, 1]]),
    lambda m, x: m.append(x, [1, 2]),
    lambda m, x: m.append(x, x, axis=1),
    lambda m, x: m.split(x, 2),
    lambda m, x: m.split(x, [1, 3], axis=2),
    lambda m, x: m.split(x, [7, 2, -1], axis=2),
    lambda m, x: m.array_split(x, 3, axis=2),
    lambda m, x: m.array_split(x, 5, axis=1),
    lambda m, x: m.hsplit(x, 3),
    lambda m, x: m.vsplit(x, 2),
    lambda m, x: m.dsplit(x, [1]),
    lambda m, x: m.unstack(x, axis=1),
    lambda m, x: m.tile(x, 2),
    lambda m, x: m.tile(x, (2, 1, 1, 2)),
    lambda m, x: m.tile(x, (2, 0)),
    lambda m, x: m.pad(x, 1),
    lambda m, x: m.pad(x, ((0, 1), (2, 0), (1, 1)), constant_values=3),
    lambda m, x: m.pad(x, (1, 2), constant_values=((1, 2), (3, 4), (5, 6))),
    lambda m, x: m.pad(x, {-1: (1, 2)}),
    lambda m, x: m.pad(x, 2, mode="edge"),
    lambda m, x: m.pad(x, 3, mode="reflect"),
    lambda m, x: m.pad(x, 7, mode="reflect"),
    lambda m, x: m.pad(x, 5, mode="symmetric"),
    lambda m, x: m.pad(x, 9, mode="wrap"),
    lambda m, x: m.pad(x[:, :1], 2, mode="reflect"),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", range(len(CASES)))
def test_results(case: int, dtype: str) -> None:
    """Values, types, lists and tuples."""
    x = sample((2, 3, 4), dtype)
    check(lambda m: CASES[case](m, m.asarray(x)))


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.data())
def test_reshape_any(shape: list[int], data: st.DataObject) -> None:
    """Any order of axes, then any of its shapes, as NumPy copies or views."""
    x = np.arange(int(np.prod(shape))).reshape(shape)
    order = data.draw(st.permutations(range(len(shape))))
    target = data.draw(st.permutations([*shape, 1]))
    letter = data.draw(st.sampled_from("CF"))
    check(lambda m: m.reshape(m.transpose(m.asarray(x), order), target, order=letter))


def test_views_share_memory() -> None:
    """Rearranging moves nothing."""
    x = tnp.arange(24.0).reshape(2, 3, 4)
    assert np.shares_memory(np.asarray(x), np.asarray(x.T))
    assert np.shares_memory(np.asarray(x), np.asarray(x.reshape(6, 4)))
    assert not np.shares_memory(np.asarray(x), np.asarray(x.T.reshape(-1)))


def test_nothing_to_do_gives_the_array_itself():
    """Arrays do not change, so an unchanged one is the same object."""
    x = tnp.asarray([[1.0, 2.0], [3.0, 4.0]])
    for y in (x.squeeze(), x.conj(), x.swapaxes(1, 1), tnp.ascontiguousarray(x)):
        assert y is x
    v = tnp.asarray([1.0, 2.0])
    assert v.ravel() is v and tnp.squeeze(v) is v
    assert tnp.asarray([1j]).conj().tolist() == [-1j]


@pytest.mark.parametrize("shape", [(0,), (7,), (64,), (3, 0), (3, 17), (2, 5, 9)])
def test_packbits_everywhere(shape):
    """Both orders of bits along every axis, eager and traced, and back."""
    x = np.random.default_rng(1).integers(0, 3, shape).astype(np.uint8)
    for order in ("big", "little"):
        for axis in (None, *range(-len(shape), len(shape))):
            expected = np.packbits(x, axis, order)
            traced = tnp.function(lambda v, a=axis, o=order: tnp.packbits(v, a, o))
            for y in (tnp.packbits(tnp.asarray(x), axis, order), traced(tnp.asarray(x))):
                np.testing.assert_array_equal(np.asarray(y), expected, strict=True)
            for count in (None, 5, -1):
                if x.size == 0 and count:
                    continue
                y = tnp.unpackbits(tnp.asarray(x), axis, count, order)
                np.testing.assert_array_equal(np.asarray(y), np.unpackbits(x, axis, count, order), strict=True)
