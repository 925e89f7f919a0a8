"""The same functions while a function is traced, with sizes that are known only when it runs."""

from __future__ import annotations

import pytest
import tnp

import numpy as np

from .oracle import sample

CASES = [
    lambda m, x: m.sum(x, axis=0),
    lambda m, x: m.mean(x),
    lambda m, x: m.mean(x, axis=1, keepdims=True),
    lambda m, x: m.var(x, axis=0, ddof=1),
    lambda m, x: m.std(x),
    lambda m, x: m.max(x, axis=0, initial=-100),
    lambda m, x: m.argmin(x, axis=1),
    lambda m, x: m.average(x, axis=0),
    lambda m, x: m.reshape(x, (-1,)),
    lambda m, x: m.reshape(x, (4, -1)),
    lambda m, x: m.reshape(x, -1, order="F"),
    lambda m, x: x.reshape(x.shape[1], x.shape[0]),
    lambda m, x: m.ravel(x),
    lambda m, x: x.T,
    lambda m, x: m.concatenate([x, x]),
    lambda m, x: m.stack([x, x], axis=1),
    lambda m, x: m.tile(x, (2, 3)),
    lambda m, x: m.pad(x, ((1, 2), (0, 1)), constant_values=7),
    lambda m, x: m.pad(x, 2, mode="reflect"),
    lambda m, x: m.pad(x, 3, mode="wrap"),
    lambda m, x: m.array_split(x, 3)[0],
    lambda m, x: m.array_split(x, 3)[2],
    lambda m, x: m.split(x, [1, -1])[1],
    lambda m, x: m.tril(x),
    lambda m, x: m.triu(x, 1),
    lambda m, x: m.eye(x.shape[0]),
    lambda m, x: m.arange(x.shape[0]),
    lambda m, x: m.arange(1, x.shape[0], 2),
    lambda m, x: m.arange(x.shape[0], -1, -1),
    lambda m, x: m.zeros((x.shape[0], 2)),
    lambda m, x: m.full_like(x, 3),
    lambda m, x: m.meshgrid(x[0], x[:, 0])[0],
    lambda m, x: m.diff(x, axis=0),
    lambda m, x: m.dot(x, x.T),
    lambda m, x: m.outer(x, x[0]),
    lambda m, x: m.tensordot(x, x, ([0], [0])),
    lambda m, x: m.kron(x, x[0]),
    lambda m, x: m.where(x > 0, x, 0),
    lambda m, x: m.clip(x, -1, 1),
    lambda m, x: m.isclose(x, x),
    lambda m, x: m.broadcast_to(x, (2, *x.shape)),
    lambda m, x: m.nanmean(x, axis=0),
    lambda m, x: m.count_nonzero(x, axis=1),
    lambda m, x: m.vstack([x, x[:1]]),
    lambda m, x: m.trapezoid(x),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_unknown_sizes(case: int) -> None:
    """One trace serves several sizes."""
    f = tnp.function(lambda x: CASES[case](tnp, x), input_signature=[tnp.ArraySpec((None, None), "float64")])
    for shape in [(4, 4), (3, 4), (7, 8)]:
        x = sample(shape, "float64", case)
        got, expected = np.asarray(f(tnp.asarray(x))), CASES[case](np, x)
        assert got.shape == expected.shape
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def test_text_of_a_symbolic_array() -> None:
    """Its type and shape."""
    seen: list[str] = []

    def f(x: tnp.ndarray) -> tnp.ndarray:
        seen.append(repr(x))
        return x

    tnp.function(f, input_signature=[tnp.ArraySpec((None, 3), "float64")])(tnp.ones((2, 3)))
    assert seen[0].startswith("<tnp.ndarray symbolic float64(")
