"""How results lie in memory: as NumPy's, eager and compiled."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
import tnp

import numpy as np

Array = np.ndarray
RNG = np.random.default_rng(7)
X = RNG.standard_normal((3, 5, 4))
Y = RNG.standard_normal((3, 5, 4))
VIEWS: dict[str, Callable] = {
    "rows": lambda x: x,
    "transposed": lambda x: x.T,
    "turned": lambda x: x.transpose(1, 2, 0),
    "backwards": lambda x: x.transpose(2, 0, 1)[::-1],
    "every second": lambda x: x[:, ::2].transpose(2, 1, 0),
    "size one": lambda x: x.T[:, :1],
    "matrix": lambda x: x[0].T,
    "column": lambda x: x[0].T[:, :1],
    "vector": lambda x: x[0].T[0],
    "empty": lambda x: x.T[:0],
}
SINGLE: dict[str, Callable] = {
    "exp": lambda m, x: m.exp(x),
    "negative": lambda m, x: -x,
    "weak": lambda m, x: x * 2 + 1,
    "isnan": lambda m, x: m.isnan(x),
    "astype": lambda m, x: x.astype("f4"),
    "mixed": lambda m, x: x.astype("f4") + x,
    "half": lambda m, x: x.astype("f2") * x.astype("f2"),
    "where": lambda m, x: m.where(x > 0, x, 0.0),
    "clip": lambda m, x: m.clip(x, -0.5, 0.5),
    "self": lambda m, x: x + x,
    "chain": lambda m, x: (x + x) * x - x,
}
ORDERS: dict[str, Callable] = {
    "copy": lambda m, x: m.copy(x),
    "method": lambda m, x: x.copy(),
    "copy F": lambda m, x: m.copy(x, order="F"),
    "copy A": lambda m, x: m.copy(x, order="A"),
    "copy C": lambda m, x: m.copy(x, order="C"),
    "method F": lambda m, x: x.copy("F"),
    "astype C": lambda m, x: x.astype("f4", order="C"),
    "astype F": lambda m, x: x.astype("f4", order="F"),
    "same type F": lambda m, x: x.astype("f8", order="F"),
    "array F": lambda m, x: m.array(x, order="F"),
    "array C": lambda m, x: m.array(x, order="C"),
    "asarray F": lambda m, x: m.asarray(x, order="F"),
    "asfortranarray": lambda m, x: m.asfortranarray(x),
    "ascontiguousarray": lambda m, x: m.ascontiguousarray(x),
    "require F": lambda m, x: m.require(x, requirements="F"),
    "zeros_like": lambda m, x: m.zeros_like(x),
    "full_like": lambda m, x: m.full_like(x, 2, dtype="i4"),
    "ufunc C": lambda m, x: m.add(x, x, order="C"),
    "ufunc F": lambda m, x: m.add(x, x, order="F"),
    "ufunc A": lambda m, x: m.exp(x, order="A"),
    "ufunc K": lambda m, x: m.exp(x, order="K"),
}


def same(theirs: Array, ours: object) -> None:
    got = np.asarray(ours)
    assert got.dtype == theirs.dtype
    np.testing.assert_allclose(got, theirs, rtol=1e-3 if theirs.dtype == np.float16 else 1e-6)
    if theirs.size > 1:  # steps along axes of size 1 mean nothing
        steps = [[s for n, s in zip(a.shape, a.strides, strict=True) if n > 1] for a in (theirs, got)]
        assert steps[0] == steps[1]
    if theirs.size:
        assert ours.flags.c_contiguous == theirs.flags.c_contiguous  # type: ignore[attr-defined]
        assert ours.flags.f_contiguous == theirs.flags.f_contiguous  # type: ignore[attr-defined]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("f", SINGLE)
def test_one_operand(f: str, view: str) -> None:
    v, g = VIEWS[view], SINGLE[f]
    want, x = g(np, v(X)), v(tnp.asarray(X))
    same(want, g(tnp, x))
    same(want, tnp.function(lambda a: g(tnp, a))(x))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("f", ORDERS)
def test_asked_for(f: str, view: str) -> None:
    same(ORDERS[f](np, VIEWS[view](X)), ORDERS[f](tnp, VIEWS[view](tnp.asarray(X))))


PAIRS: dict[str, Callable] = {
    "both": lambda x, y: (x.T, y.T),
    "they differ": lambda x, y: (x.T, y.reshape(4, 5, 3)),
    "row": lambda x, y: (x.T, y[:, 0, 0]),
    "column": lambda x, y: (x.T, y[0, :, :1]),
    "rank 0": lambda x, y: (x.transpose(1, 0, 2), y[0, 0, 0]),
    "one of rank 3": lambda x, y: (x.T, y[:1, :1, :1]),
    "both repeated": lambda x, y: (x.T[:, :, :1], y[0].T[:1]),
    "matrix in stack": lambda x, y: (x.transpose(1, 2, 0), y[:, 0].T),
    "other type": lambda x, y: (x.T, y.astype("f4").T),
    "half of each": lambda x, y: (x[:, 1:3].T, y[:, 3:].T),
}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("f", ["add", "less", "arctan2", "maximum"])
def test_two_operands(f: str, pair: str) -> None:
    theirs, ours = PAIRS[pair](X, Y), PAIRS[pair](tnp.asarray(X), tnp.asarray(Y))
    want = getattr(np, f)(*theirs)
    same(want, getattr(tnp, f)(*ours))
    same(want, tnp.function(lambda a, b: getattr(tnp, f)(a, b))(*ours))


def consumers(m: ModuleType, x: Array, y: Array) -> list:
    """What reads arrays that have just been computed, and may have thought them row-major."""
    s, i = x + y, (m.abs(x) * 2).astype("i8") % 4
    return [
        s.sum(axis=0), s.mean(), m.sort(s, axis=1), m.argmax(s, axis=0), m.cumsum(s, axis=-1), s.reshape(-1), s.ravel(),
        s.flatten(), m.concatenate((s, -s)), s[::-1, 1:], s[i > 1], m.take_along_axis(s, i % 4, axis=0), m.nonzero(i)[0],
        m.matmul(s[:, :, 0], s[:, :, 1].T), m.bincount(i.ravel()), m.unique(i), m.searchsorted(m.sort(s[0, 0]), s),
        m.linalg.norm(s), m.fft.fft(s), m.where(i)[1], m.repeat(s, 2, axis=1), m.packbits(i > 1, axis=1), m.median(s),
        m.histogram(s)[0], m.interp(s, [-1.0, 1.0], [0.0, 2.0]), m.einsum("ijk->kj", s), m.flip(s), m.tril(s), m.diff(s),
        m.isclose(s, y), m.percentile(s, 30, axis=1), m.digitize(s, [-1.0, 0.0, 1.0]), m.choose(i % 2, (s, y)),
        m.frexp(s)[1], m.modf(s)[0], m.add.reduce(s), m.roll(s, 3), m.pad(s, 1),
        m.asarray(s.tolist()), m.frombuffer(s.tobytes()), m.round(s, 1), m.angle(s + 1j), m.real(s + 1j), m.var(s, axis=1),
    ]  # fmt: skip


def test_consumers() -> None:
    want = consumers(np, X.T, Y.T)
    x, y = tnp.asarray(X).T, tnp.asarray(Y).T
    for k, (a, b) in enumerate(zip(want, consumers(tnp, x, y), strict=True)):
        np.testing.assert_allclose(np.asarray(b), a, rtol=1e-12, atol=1e-12, err_msg=str(k))


def test_a_temporary_is_written_over() -> None:
    """Values only: that the memory of a temporary may be taken must not show."""
    x, y = tnp.asarray(X), tnp.asarray(Y)
    s = x.T + y.T
    kept = s * 1
    t = (x.T + y.T) * 2 - (s + 1)
    np.testing.assert_array_equal(np.asarray(s), np.asarray(kept))
    np.testing.assert_array_equal(np.asarray(t), (X.T + Y.T) * 2 - ((X.T + Y.T) + 1))


def test_derivatives() -> None:
    f = lambda x: (tnp.sin(x.T) * x.T).sum()
    np.testing.assert_allclose(np.asarray(tnp.grad(f)(tnp.asarray(X))), np.cos(X) * X + np.sin(X), rtol=1e-12)


@pytest.mark.parametrize("order", ["Z", "", "KK"])
def test_errors(order: str) -> None:
    x = tnp.asarray(X)
    for call in (tnp.copy, tnp.asarray, tnp.array, tnp.exp, lambda y, order: y.copy(order), tnp.zeros_like):
        with pytest.raises(ValueError, match="order"):
            call(x, order=order)
