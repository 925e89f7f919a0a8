"""Slices of what is computed element by element are taken before it is computed."""

from __future__ import annotations

import pytest
import tnp

import numpy as np

RNG = np.random.default_rng(5)


def array(*shape: int, dtype: str = "f8") -> tnp.ndarray:
    return tnp.asarray((RNG.standard_normal(shape) * 4).astype(dtype))


PROGRAMS = {
    "row": lambda x, y, c: (tnp.exp(x) * 2)[0],
    "last": lambda x, y, c: tnp.where(x > 0, tnp.sqrt(tnp.abs(x)), x)[-1, -1],
    "some": lambda x, y, c: (tnp.exp(x) * y + x[0])[:3, ::2],
    "column": lambda x, y, c: (x * c + y)[:, -1],
    "backwards": lambda x, y, c: (x * c + y)[::-3, 1:2],
    "none": lambda x, y, c: (x * c + y)[5:5],
    "shared": lambda x, y, c: (lambda e: (e * e + 1 / e + e * c)[1])(tnp.exp(x)),
    "others": lambda x, y, c: (lambda e: (e[0], e.sum()))(tnp.exp(x)),
    "twice": lambda x, y, c: (lambda e: (e[0], e[-1]))(tnp.exp(x)),
    "result": lambda x, y, c: (lambda e: (e, e[0]))(tnp.exp(x)),
    "of slices": lambda x, y, c: (tnp.exp(x[1:] - x[:-1]) * 2)[2],
    "chain": lambda x, y, c: tnp.sqrt(((x * 2)[:4] + 1) ** 2)[0, :2],
    "transposed": lambda x, y, c: (tnp.exp(x).T * 2)[0],
    "cast": lambda x, y, c: (x * 3).astype("int16")[2],
    "repeated": lambda x, y, c: (tnp.broadcast_to(y, x.shape) * x)[1],
    "only repeated": lambda x, y, c: (y * c)[0],
    "of numbers": lambda x, y, c: (tnp.zeros_like(x) + 3)[0],
    "middle": lambda x, y, c: (x * 2)[x.shape[0] // 2],
    "conflict": lambda x, y, c: (lambda e: (e + e.T)[0])(tnp.exp(x[:6, :6])),
    "new axis": lambda x, y, c: (x[:, None, :] - x[None, :, :])[0],
    "undone": lambda x, y, c: (-(-x)[:3], ~(~(x > y))[:, :2], x * c + y),
    "mean": lambda x, y, c: (x - x.mean(axis=1, keepdims=True))[0],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    f = PROGRAMS[name]
    compiled = tnp.function(f)
    for rows, columns in ((8, 6), (700, 600), (9, 7), (9, 7), (9, 7)):
        x, y, c = array(rows, columns), array(columns), array(rows, 1)
        with tnp.errstate(all="ignore"):
            expected, given = f(x, y, c), compiled(x, y, c)
        for a, b in zip(*(v if isinstance(v, tuple) else (v,) for v in (expected, given)), strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape
            assert np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)


@pytest.mark.parametrize("function", ["grad", "vmap"])
def test_transformed(function: str) -> None:
    x = array(6, 9)
    f = {"grad": tnp.grad(lambda x: (tnp.exp(x) * x)[0].sum()), "vmap": tnp.vmap(lambda x: (tnp.exp(x) * x)[0])}[
        function
    ]
    assert np.array_equal(np.asarray(f(x)), np.asarray(tnp.function(f)(x)))


def test_few_are_computed() -> None:
    text = str(tnp.function(lambda x, c: (tnp.exp(x) * c + 1)[0]).graph(array(5, 4), array(5, 4)))
    assert "exp" in text
    for f in (lambda x: (tnp.exp(x) * 2 + 1)[0], lambda x: tnp.exp(x.T)[:, 0]):
        g = tnp.function(f)
        x = array(1500, 1500)
        g(x)
        best = min(_seconds(g, x) for _ in range(20))
        whole = min(_seconds(tnp.exp, x) for _ in range(5))
        assert best < whole / 3


def _seconds(f, x) -> float:
    import time

    begin = time.perf_counter()
    f(x)
    return time.perf_counter() - begin


def test_errors_stay() -> None:
    f = tnp.function(lambda x: (x * 2)[3])
    assert f(array(4, 2)).shape == (2,)
    for shape in ((3, 2), (0, 2)):
        with pytest.raises(IndexError) as eager:
            (array(*shape) * 2)[3]
        with pytest.raises(IndexError) as compiled:
            f(array(*shape))
        assert str(eager.value).split(":")[-1] == str(compiled.value).split(":")[-1]
    with pytest.raises(ValueError, match="broadcast"):
        tnp.function(lambda x, y: (x * y)[0])(array(4, 2), array(3, 2))
    with pytest.raises(ValueError, match="negative"):
        tnp.function(lambda x, n: (x**n)[0])(tnp.arange(4), tnp.asarray([1, 1, 1, -1]))


def test_unknown_rank_and_sizes() -> None:
    f = tnp.function(lambda x: (tnp.exp(x) + 1)[0], input_signature=[tnp.ArraySpec(None, "float64")])
    g = tnp.function(lambda x: (tnp.exp(x) + 1)[0], input_signature=[tnp.ArraySpec((None, 3), "float64")])
    for shape in ((3, 3), (1, 3), (5, 3)):
        x = array(*shape)
        assert np.array_equal(np.asarray(f(x)), np.asarray((tnp.exp(x) + 1)[0]))
        assert np.array_equal(np.asarray(g(x)), np.asarray((tnp.exp(x) + 1)[0]))
    h = tnp.function(lambda x: (x[x > 0] * 2)[:2])
    for n in (3, 50):
        x = array(n)
        assert np.array_equal(np.asarray(h(x)), np.asarray((x[x > 0] * 2)[:2]))
