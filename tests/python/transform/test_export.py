"""Graphs as text that reads back, functions in files, damaged files."""

import dataclasses

import pytest
import tnp

import numpy as np

X = np.array([1.0, 2.0, 3.0])
W = tnp.asarray(np.arange(6.0).reshape(2, 3))


def loops(x):
    s = tnp.fori_loop(0, x.shape[0], lambda i, s: s + x[i] * 2, 0.0)
    y = tnp.scan(lambda c, r: (c + r, c * r), x[0], x)[1]
    return tnp.cond(s > 3, lambda: y * s, lambda: -y), tnp.while_loop(lambda i: i < s, lambda i: i + 1, (0,))[0]


PROGRAMS = [
    lambda x: tnp.sin(x) * 2 + x.shape[0],
    lambda x: x[x > 1],
    lambda x: (W @ x).astype("float32"),
    lambda x: tnp.concatenate([x[::-1], x[1:]]).reshape(1, -1),
    lambda x: tnp.sum(x[:, None] * x, axis=0, keepdims=True),
    lambda x: tnp.zeros((x.shape[0] * 2 + 1,)) + 0.1,
    lambda x: x.at[0].set(7.0) ** 2,
    loops,
    lambda x: tnp.grad(lambda x: tnp.sum(loops(x)[0]))(x),
    lambda x: tnp.sort(x)[tnp.argmax(x) :],
    lambda x: tnp.linalg.norm(x) + tnp.cumsum(x),
    lambda x: {"a": (x, [x + 1]), "b": None},
]


def same(a, b):
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for k in a:
            same(a[k], b[k])
    elif isinstance(a, (tuple, list)):
        assert type(a) is type(b) and len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif a is None:
        assert b is None
    else:
        a, b = np.asarray(a), np.asarray(b)
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_text_reads_back(number):
    f = tnp.function(PROGRAMS[number])
    graph = f.graph(X)
    again = tnp.graph_from_text(graph.text(), graph.constants)
    once_more = tnp.graph_from_text(again.text(), again.constants)
    assert again.operations == graph.operations and once_more.text() == again.text()
    leaves = tnp._core.tree_flatten(f(X))[0]
    same(list(again(X)), leaves)


@pytest.mark.parametrize(
    "program",
    [
        lambda x: tnp.partition(x, 1),
        lambda x: tnp.median(x),
        lambda x: tnp.percentile(x, [20, 60]),
        lambda x: tnp.histogram(x, bins=3)[0],
        lambda x: tnp.random.default_rng(1).normal(size=x.shape),
        lambda x: tnp.random.default_rng(1).permutation(x),
        lambda x: tnp.random.default_rng(1).choice(x, 2),
        lambda x: tnp.random.default_rng(1).poisson(3, 4) + tnp.random.default_rng(1).integers(0, 9, 4),
    ],
)
def test_parameters_of_operations_without_samples_are_read(program):
    graph = tnp.function(program).graph(X)
    again = tnp.graph_from_text(graph.text(), graph.constants)
    assert again.operations == graph.operations
    lines = [[line.partition("#")[2] for line in str(g.text()).splitlines()] for g in (graph, again)]
    assert lines[0] == lines[1] and any(lines[0])


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_files(number, tmp_path):
    f = tnp.function(PROGRAMS[number])
    path = tmp_path / "f.tnp"
    tnp.export(f, path, X)
    g = tnp.load_function(path)
    for x in (X, -X) if number == 2 else (X, X[:2], -X, np.arange(9.0)):
        same(g(x), f(x))
    if number == 0:
        assert tnp.grad(lambda x: tnp.sum(g(x)))(tnp.asarray(X)).tolist() == (2 * np.cos(X)).tolist()
        same(tnp.function(lambda x: g(x) + 1)(X), f(X) + 1)


@dataclasses.dataclass
class Params:
    w: object
    k: int


def test_structures_values_and_variables(tmp_path):
    v = tnp.Variable([1.0, 2.0, 3.0])
    f = tnp.function(lambda p, mode, *, scale: {"y": p.w * v.read() * p.k * scale, "mode": len(mode)})
    path = tmp_path / "f.tnp"
    tnp.export(f, path, Params(X, 2), "abc", scale=tnp.asarray(2.0))
    g = tnp.load_function(path)
    v.assign([0.0, 0.0, 0.0])
    out = g(Params(X, 2), "abc", scale=3.0)
    assert out["y"].tolist() == [6.0, 24.0, 54.0] and int(out["mode"]) == 3
    with pytest.raises(TypeError, match="saved for"):
        g(Params(X, 3), "abc", scale=3.0)
    with pytest.raises(TypeError):
        g(X)
    with pytest.raises(TypeError):
        g(Params(X.astype(int), 2), "abc", scale=3.0)


def test_what_can_not_be_saved(tmp_path):
    v = tnp.Variable(1.0)
    path = tmp_path / "f.tnp"
    with pytest.raises(TypeError, match="assigns"):
        tnp.export(tnp.function(lambda x: v.assign_add(x)), path, tnp.asarray(1.0))
    with pytest.raises(TypeError, match="host function"):
        tnp.export(tnp.function(lambda x: tnp.numpy_function(np.sin, [x], "float64")), path, X)
    with pytest.raises(TypeError, match="tnp.function"):
        tnp.export(np.sin, path, X)
    assert not path.exists()


def test_damaged_files(tmp_path):
    path = tmp_path / "f.tnp"
    tnp.export(tnp.function(lambda x: W @ x), path, X)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for i in rng.integers(0, len(data), 200):
        bad = bytearray(data)
        bad[i] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(bad))
        with pytest.raises(ValueError, match="damaged|no file"):
            tnp.load_function(path)
    for n in (0, 5, 20, len(data) - 1):
        path.write_bytes(data[:n])
        with pytest.raises(ValueError, match="damaged|no file"):
            tnp.load_function(path)


def test_texts_that_are_none():
    text = tnp.function(loops).graph(X).text()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(300):
        i, j = sorted(int(k) for k in rng.integers(0, len(text), 2))
        for bad in (text[:i] + text[j:], text[:i] + text[i:j] * 2 + text[j:]):
            try:
                tnp.graph_from_text(bad)
            except (ValueError, TypeError, IndexError, RuntimeError, MemoryError, OverflowError):
                refused += 1
    assert refused > 500
    for bad in (
        "",
        "graph",
        "graph() {",
        "graph(%0: float64(2,)) { %1: float64(2,) = nothing(%0) return %1 }",
        "(" * 5000,
    ):
        with pytest.raises(ValueError, match="line"):
            tnp.graph_from_text(bad)
