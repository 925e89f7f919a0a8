"""Reductions of what a fused group computes, in one pass: the bits of eager execution."""

from __future__ import annotations

import json

import pytest
import tnp

import numpy as np

RNG = np.random.default_rng(3)


def data(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    x = RNG.standard_normal(shape) * 3
    if dtype in ("c8", "c16"):
        x = x + 1j * RNG.standard_normal(shape)
    if dtype == "?":
        return x > 0
    return (np.abs(x) if dtype[0] == "u" else x).astype(dtype)


def leaves(x) -> list:
    return [x] if isinstance(x, tnp.ndarray) else [y for part in x for y in leaves(part)]


def same(f, *arrays) -> None:
    """Eager and compiled give the same bits, in every one of some calls."""
    compiled = tnp.function(f)
    with tnp.errstate(all="ignore"):
        eager = f(*arrays)
        for _ in range(3):
            for a, b in zip(leaves(eager), leaves(compiled(*arrays)), strict=True):
                assert a.dtype == b.dtype and a.shape == b.shape
                assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def is_one_pass(f, tmp_path, *arrays) -> bool:
    compiled = tnp.function(f)
    for _ in range(4):
        compiled(*arrays)
    with tnp.profile(str(tmp_path / "trace.json")):
        compiled(*arrays)
    events = json.loads((tmp_path / "trace.json").read_text())
    events = events["traceEvents"] if isinstance(events, dict) else events
    return any(e.get("name") == "computed and reduced" for e in events)


REDUCTIONS = {
    "sum": lambda x, **k: tnp.sum(x, **k),
    "mean": lambda x, **k: tnp.mean(x, **k),
    "prod": lambda x, **k: tnp.prod(x, **k),
    "max": lambda x, **k: tnp.max(x, **k),
    "min": lambda x, **k: tnp.min(x, **k),
    "any": lambda x, **k: tnp.any(x, **k),
    "all": lambda x, **k: tnp.all(x, **k),
    "both": lambda x, **k: (tnp.sum(x, **k), tnp.max(x, **k)),
}


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i1", "i4", "u8", "?", "c8", "c16"])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_types(name: str, dtype: str) -> None:
    x = tnp.asarray(data((512, 600), dtype))

    for axis, keepdims in ((None, False), (1, False), (-1, True), ((0, 1), True), (0, False)):

        def f(x, axis=axis, keepdims=keepdims):
            y = x & (x == x) if dtype == "?" else x * x - x
            return REDUCTIONS[name](y, axis=axis, keepdims=keepdims)

        same(f, x)


@pytest.mark.parametrize("n", [1, 3, 31, 32, 255, 256, 257, 512, 1000, 2047, 2049, 4097, 66_000, 132_000, 263_000])
def test_lengths_of_rows(n: int) -> None:
    x = data((-(-300_000 // n), n), "f8")
    x[0, n // 2] = np.nan
    x = tnp.asarray(x)
    for dtype in ("float64", "float32", "int16"):
        same(lambda x: ((x + 1).sum(axis=1), tnp.minimum(x, 1).max(axis=1)), x.astype(dtype))
        same(lambda x: (tnp.abs(x).sum(), (x < 1).sum(), (x < 1).sum(axis=1), (-x).min()), x.astype(dtype))


def test_operands() -> None:
    x, y = tnp.asarray(data((600, 700), "f8")), tnp.asarray(data((600, 700), "f8"))
    row, column = x[0], x[:, :1]
    same(lambda x, y: ((x - y) ** 2).mean(), x, y)
    same(lambda x, c: ((x - c) ** 2).sum(axis=1), x, column)
    same(lambda x, r: (x * r).sum(axis=1), x, row)
    same(lambda c, r: (c * r).sum(axis=1), column, row)
    same(lambda c, r: tnp.abs(c - r).max(), column, row)
    same(lambda x: (x[1:-1, 1:-1] - x[2:, 1:-1]).sum(), x)
    same(lambda x: (x[:, 1:] * x[:, :-1]).sum(axis=1), x)
    same(lambda x: (x[::2, ::-1] * 2 - 1).sum(axis=-1), x)
    same(lambda x: (x.T * 2 - 1).sum(axis=-1), x)
    same(lambda x: (x.T * 2 - 1).sum(), x)
    same(lambda x, y: (x.T * y.T - 1).sum(axis=-1), x, y)
    same(lambda x, y: (x * y - 1).sum(), x.T, y.T)
    same(lambda x, y: (x * y - 1).sum(), x[::2], y[::2])
    same(lambda x, y: (x * y - 1).sum(axis=1), x[:, ::2], y[:, ::2])
    same(lambda x: (x.reshape(10, 60, 700) * 2 - 1).sum(axis=(1, 2)), x)
    same(lambda x: (x.reshape(10, 60, 700) * 2 - 1).sum(axis=(0, 2)), x)
    same(lambda x, y: ((x * y).sum(), (x * x).sum(), (y * y).sum()), x, y)
    same(lambda x, y: ((x * y).sum(axis=1), (x * x).sum(axis=0), (y * y).sum()), x, y)
    same(lambda x: (x + 1).sum(dtype="float32"), x)
    same(lambda x: (tnp.full((600, 700), 2.0) * x).sum(), x)


def test_programs() -> None:
    x = tnp.asarray(data((600, 700), "f8"))
    same(lambda x: x / tnp.sqrt((x * x).sum()), x)
    same(lambda x: x / tnp.sqrt((x * x).sum(axis=1, keepdims=True)), x)
    same(lambda x: tnp.exp(x - x.max(axis=1, keepdims=True)).sum(axis=1), x)
    same(lambda x: (x - x.mean()) / x.std(), x)
    same(tnp.grad(lambda x: ((x - 1) ** 2).mean()), x)
    same(tnp.vmap(lambda x: (x * x).sum() - (x < 0).sum()), x)


def test_sizes() -> None:
    """Of nothing, and those of which a run decides."""
    f = tnp.function(lambda x: (x * x).max(axis=1))
    for shape in ((700, 600), (600, 700), (0, 700), (700, 0), (1, 400_000), (400_000, 1)):
        x = tnp.asarray(data(shape, "f8"))
        if shape[1]:
            assert np.array_equal(np.asarray(f(x)), (np.asarray(x) ** 2).max(axis=1))
        else:
            with pytest.raises(ValueError, match="zero-size"):
                f(x)


def test_it_is_one_pass(tmp_path) -> None:
    x = tnp.asarray(data((600, 700), "f8"))
    assert is_one_pass(lambda x: ((x + 1) ** 2).sum(), tmp_path, x)
    assert is_one_pass(lambda x: tnp.clip(x, -1, 1).max(axis=1), tmp_path, x)
    assert is_one_pass(lambda x: x / tnp.sqrt((x * x).sum(axis=1, keepdims=True)), tmp_path, x)
    assert not is_one_pass(lambda x: tnp.sort(x, axis=1).sum(axis=1), tmp_path, x)


def test_threads() -> None:
    x = tnp.asarray(data((1000, 1000), "f8"))
    f = tnp.function(lambda x: ((x * x).sum(), (x * x - 1).sum(axis=1)))
    with tnp.threads(1):
        one = [np.asarray(y).tobytes() for y in f(x)]
    with tnp.threads(2):
        assert one == [np.asarray(y).tobytes() for y in f(x)]


@pytest.mark.parametrize("n", [1, 2, 5, 7, 8, 9, 30, 64, 65])
def test_many_rows_of_few(n: int, tmp_path) -> None:
    """Points against edges."""
    p, q, r = tnp.asarray(data((2, 50_000), "f8")), tnp.asarray(data((n,), "f8")), tnp.asarray(data((n,), "f4"))
    pairs = tnp.asarray(data((50_000, 2), "f4"))

    def inside(p, q, r):
        x, y = p[0][:, None], p[1][:, None]
        hits = ((q > y) != (r > y)) & (x < (q - r) * (y - q) / (r + 0.1) + q)
        return hits.sum(axis=1) % 2 == 1, hits.any(axis=1), hits.all(axis=-1, keepdims=True), hits.sum(axis=1)

    same(inside, p, q, r)
    for op in REDUCTIONS.values():
        same(lambda p, q, op=op: op(p[0][:, None] * q - p[1][:, None], axis=1), p, q)
        same(lambda p, q, op=op: op(p[0][:, None] * q - p[1][:, None], axis=1), p.astype("f4"), r)
        same(lambda p, q, op=op: op((p[0][:, None] * q).astype("f2"), axis=1), p, q)
        same(lambda p, q, op=op: op(p[:, 0][:, None] * q, axis=1, keepdims=True), pairs, q)
        same(lambda p, q, op=op: op((p[0][:, None] * q).astype("i2"), axis=1), p, q)
        same(lambda p, q, op=op: op(p[:, :, None] - q, axis=2), p, q)
        same(lambda p, q, op=op: op(p[0][:, None] * q, axis=0), p, q)
    if n == 7:
        assert is_one_pass(lambda p, q: (p[0][:, None] * q).sum(axis=1), tmp_path, p, q)
