"""Arrays of one value in traced functions: made in each run, one for each update."""

from __future__ import annotations

import json

import tnp

import numpy as np

N = 400


def same(f, *arrays) -> tnp.ndarray:
    compiled = tnp.function(f)
    expected = f(*arrays)
    for _ in range(4):
        given = compiled(*arrays)
        for a, b in zip(*(v if isinstance(v, tuple) else (v,) for v in (expected, given)), strict=True):
            assert a.dtype == b.dtype and np.array_equal(np.asarray(a), np.asarray(b))
    return compiled


def copied_bytes(f, path, *arrays) -> list[str]:
    """The operations of a run."""
    f(*arrays)
    with tnp.profile(str(path)):
        f(*arrays)
    events = json.loads(path.read_text())["traceEvents"]
    return [e["name"] for e in events if e.get("ph") == "X"]


def test_each_update_has_its_own(tmp_path) -> None:
    v, w = tnp.arange(N, dtype="float64"), tnp.ones(N)
    f = same(lambda v, w: (tnp.diag(v), tnp.diag(w) + 1), v, w)
    assert copied_bytes(f, tmp_path / "t.json", v, w).count("full") == 2
    same(lambda v, w: (lambda z: (z, z.at[0].set(v), z.at[1].set(w)))(tnp.zeros((N, N))), v, w)
    same(lambda v, w: (lambda z: (z.at[0].set(v), z.at[1].set(w), z + 1))(tnp.full((N, N), 3.0)), v, w)


def test_captured(tmp_path) -> None:
    z = tnp.zeros((N, N))
    v = tnp.ones(N)
    same(lambda v: z.at[0].set(v), v)
    assert not np.asarray(z).any()

    def fresh(v):
        z = tnp.zeros((N, N))
        return z.at[0].set(v), z.at[1].set(v * 2), tnp.ones((N, N)) * v

    f = same(fresh, v)
    assert "full" in copied_bytes(f, tmp_path / "t.json", v)
    a, b, _ = f(v)
    assert not np.shares_memory(np.asarray(a), np.asarray(b))


def test_looked_at_while_tracing() -> None:
    def f(v):
        z = tnp.zeros((N, N))
        assert float(z[3, 4]) == 0.0
        y = tnp.ones((N, N))
        return z.at[0].set(v), y.at[1].set(float(y.sum())) + v

    same(f, tnp.ones(N))


def test_gradients_and_loops() -> None:
    v = tnp.arange(N, dtype="float64")

    def f(v):
        return (tnp.zeros((N, N)).at[0].set(v) * 2 + tnp.full((N, N), 2.0)).sum()

    assert np.array_equal(np.asarray(tnp.grad(f)(v)), np.asarray(tnp.function(tnp.grad(f))(v)))
    assert np.array_equal(np.asarray(tnp.grad(tnp.function(f))(v)), np.asarray(tnp.grad(f)(v)))
    same(lambda v: tnp.fori_loop(0, 3, lambda i, c: c.at[i].set(v), tnp.zeros((N, N))), v)
    same(tnp.vmap(lambda x: tnp.zeros((N,)).at[0].set(x)), v)


def test_views_that_are_held() -> None:
    """Which operand's memory a result takes, where a view of one is read later."""

    def f(a, v):
        b = a + tnp.diag(v)
        d = tnp.diagonal(b)
        r = b - tnp.diag(d)
        return r, r @ d / d

    same(f, tnp.asarray(np.random.default_rng(0).standard_normal((N, N))), tnp.ones(N) * 3)
