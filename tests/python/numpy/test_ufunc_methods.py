"""reduce, accumulate, reduceat, outer, at of every function of two arguments; attributes; exact comparisons; powers."""

from __future__ import annotations

import operator
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import tnp
from tnp import _core

import numpy as np

from .oracle import check, outcome, same, sample, tolerance

BINARY = sorted(n for n, f in _core.ufuncs.items() if f.nin == 2 and f.nout == 1 and not f.signature and hasattr(np, n))
REDUCIBLE = [n for n in BINARY if n != "ldexp"]  # its arguments are of two kinds
TYPES = ["bool", "int32", "uint8", "float32", "float64"]


# NumPy's own vector loops of these read what they have written: np.arctan2.reduce(x[:3]) is arctan2(x[0], x[2]).
WRONG_IN_NUMPY = {"arctan2", "atan2", "power", "pow"}


def _tolerance(name: str, dtype: str) -> float:
    """Of several steps; functions of bytes compute in float16."""
    if dtype in ("bool", "uint8") and getattr(np, name)(np.uint8(1), np.uint8(1)).dtype == np.float16:
        return 0.05
    return 20 * tolerance(dtype)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", REDUCIBLE)
def test_reduce(name: str, dtype: str) -> None:
    """Axes, what stays, the start; the class of the error where there is no such reduction."""
    x = sample((3, 4, 2), dtype, 5)
    rtol = _tolerance(name, dtype)
    for kwargs in ({}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": (0, 2)}, {"axis": None}, {"axis": 3}):
        check(lambda m, k=kwargs: getattr(m, name).reduce(m.asarray(x), **k), rtol)
    check(lambda m: getattr(m, name).reduce(m.asarray(x[:0])), rtol)
    check(lambda m: getattr(m, name).reduce(m.asarray(x), initial=m.asarray(1, dtype=dtype)), rtol)
    check(lambda m: getattr(m, name).reduce(m.asarray(x[0, 0, 0])), rtol)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", REDUCIBLE)
def test_accumulate_and_reduceat(name: str, dtype: str) -> None:
    """Along each axis; over runs, empty ones too."""
    if name in WRONG_IN_NUMPY and dtype not in ("bool", "uint8"):
        pytest.skip("NumPy's result is wrong")
    x = sample((5, 7), dtype, 6)
    rtol = _tolerance(name, dtype)
    for axis in (0, 1, -1, 2):
        check(lambda m, a=axis: getattr(m, name).accumulate(m.asarray(x), axis=a), rtol)
        check(lambda m, a=axis: getattr(m, name).reduceat(m.asarray(x), [0, 3, 1, 4], axis=a), rtol)
    check(lambda m: getattr(m, name).reduceat(m.asarray(x), [0, 5]))
    check(lambda m: getattr(m, name).reduceat(m.asarray(x), [-1]))
    check(lambda m: getattr(m, name).accumulate(m.asarray(x[0, 0])))


@pytest.mark.parametrize("name", BINARY)
def test_outer(name: str) -> None:
    """Of all pairs."""
    x, y = sample((3,), "int32", 1) % 5, sample((2, 2), "int32", 2) % 5
    check(lambda m: getattr(m, name).outer(m.asarray(x), m.asarray(y)), 1e-12)
    if getattr(np, name)(1, 1).dtype != bool:
        check(lambda m: getattr(m, name).outer(m.asarray(x), m.asarray(y), dtype="float64"), 1e-12)


def _at(m: Any, name: str, x: np.ndarray, *args: Any) -> Any:
    """What NumPy changes in place, tnp returns."""
    if m is tnp:
        return getattr(tnp, name).at(tnp.asarray(x), *args)
    y = x.copy()
    getattr(np, name).at(y, *args)
    return y


@pytest.mark.parametrize("name", BINARY)
def test_at(name: str) -> None:
    """Each time an index names a place counts."""
    for dtype in ("int32", "float64"):
        x = sample((6,), dtype, 3)
        check(lambda m, x=x: _at(m, name, x, [0, 2, 0, 5, 0], 2), 1e-12)
        check(lambda m, x=x: _at(m, name, x, slice(1, 4), [1, 2, 3]), 1e-12)
    check(lambda m: _at(m, name, sample((3, 4), "float64"), ([0, 2, 0], [1, 1, 1]), [1.0, 2.0, 3.0]), 1e-12)
    check(lambda m: _at(m, name, sample((3,), "int64"), [0], 1.5), 1e-12)
    check(lambda m: _at(m, name, sample((3,), "int64"), [7], 1), 1e-12)


def test_at_with_one_argument() -> None:
    """negative.at twice is nothing."""
    for indices in ([0, 1], [0, 0, 2], slice(None), ([0],)):
        check(lambda m, i=indices: _at(m, "negative", sample((4,), "float64"), i))
    check(lambda m: _at(m, "negative", sample((4,), "float64"), [0], 1))
    check(lambda m: _at(m, "add", sample((4,), "float64"), [0]))
    check(lambda m: m.negative.reduce([1, 2]))
    check(lambda m: m.negative.outer([1, 2], [3]))


def test_reduce_keywords() -> None:
    """dtype, where, initial, out."""
    x = sample((4, 5), "float64")
    mask = x > 0
    for name in ("add", "multiply", "maximum", "minimum", "logical_or", "hypot", "subtract"):
        check(lambda m, n=name: getattr(m, n).reduce(m.asarray(x), where=m.asarray(mask)), 1e-12)
        check(lambda m, n=name: getattr(m, n).reduce(m.asarray(x), where=m.asarray(mask), initial=1.0), 1e-12)
    for dtype in ("float32", "int8", "complex128"):
        check(lambda m, d=dtype: m.add.reduce(m.asarray(x), axis=None, dtype=d), 1e-6)
        check(lambda m, d=dtype: m.multiply.accumulate(m.asarray(x), 1, d), 1e-5)
    for call in (tnp.add.reduce, tnp.add.accumulate, lambda a, out: tnp.add.reduceat(a, [0], out=out)):
        with pytest.raises(TypeError, match="immutable"):
            call(tnp.ones(3), out=np.zeros(3))
    assert tnp.bitwise_and.reduce(tnp.asarray([], dtype="int64")).item() == -1


@pytest.mark.parametrize(
    "f",
    [
        lambda m, x: m.add.reduce(x),
        lambda m, x: m.maximum.accumulate(x),
        lambda m, x: m.hypot.reduce(x),
        lambda m, x: m.subtract.accumulate(x),
        lambda m, x: m.multiply.outer(x, x),
        lambda m, x: m.add.reduceat(x, [0, 2]),
    ],
)
def test_in_traced_functions(f: Callable) -> None:
    """The same, for several sizes."""
    traced = tnp.function(lambda x: f(tnp, x))
    for n in (4, 7, 3):
        x = sample((n,), "float64", n)
        same(traced(tnp.asarray(x)), f(np, x), 1e-12)


@pytest.mark.parametrize("name", REDUCIBLE)
def test_reduceat_at_indices_that_a_run_is_given(name: str) -> None:
    """To the bit what eager calls give, and their errors."""
    ufunc = getattr(tnp, name)
    for dtype in ("bool", "int32", "float64"):
        x = tnp.asarray(sample((5, 7), dtype, 6))
        for axis in (0, 1):
            traced = tnp.function(lambda x, i, a=axis: ufunc.reduceat(x, i, a))
            for index in ([0, 3, 1, 4], [2], [], [4, 4], [9], [-1]):
                i = tnp.asarray(np.array(index, dtype="int64"))
                got = outcome(lambda f, x=x, i=i: f(x, i), traced)
                expected = outcome(lambda f, x=x, i=i, a=axis: f.reduceat(x, i, a), ufunc)
                if isinstance(got, TypeError):  # of types, which the trace tells before places
                    assert isinstance(expected, (TypeError, IndexError))
                elif isinstance(expected, Exception):
                    assert (type(got), str(got)) == (type(expected), str(expected))
                else:
                    assert got.dtype == expected.dtype
                    assert np.asarray(got).tobytes() == np.asarray(expected).tobytes()
            assert traced.cache_info()["traced"] <= 1


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "minimum"])
def test_derivatives_and_batches_of_reduceat_at_traced_indices(name: str, axis: int) -> None:
    """As those at indices that are known."""
    ufunc = getattr(tnp, name)
    x, i = tnp.asarray(sample((5, 7), "float64", 3)), tnp.asarray([0, 3, 1, 4])

    def loss(x: Any, i: Any) -> Any:
        return (ufunc.reduceat(x, i, axis) ** 2).sum()

    expected = np.asarray(tnp.grad(lambda x: loss(x, [0, 3, 1, 4]))(x))
    same(tnp.function(lambda x, i: tnp.grad(lambda x: loss(x, i))(x))(x, i), expected, 1e-12)
    xs = tnp.asarray(sample((3, 5, 7), "float64", 4))
    got = tnp.function(lambda xs, i: tnp.vmap(lambda x: ufunc.reduceat(x, i, axis))(xs))(xs, i)
    same(got, np.stack([np.asarray(ufunc.reduceat(x, i, axis)) for x in xs]), 1e-12)


def test_attributes() -> None:
    """As NumPy's, less the types that tnp has not, and with bfloat16."""
    for name in ("add", "sin", "divide", "less", "logical_and", "bitwise_or", "absolute", "power", "isnan", "gcd"):
        ours, theirs = getattr(tnp, name), getattr(np, name)
        assert (ours.nin, ours.nout, ours.nargs, ours.signature) == (theirs.nin, theirs.nout, theirs.nargs, None)
        assert ours.identity == theirs.identity, name
        assert ours.ntypes == len(ours.types)
        known = {t for t in theirs.types if not set(t) & set("gGOmMqQSUV") and len(set(t[: ours.nin])) == 1}
        assert {t for t in ours.types if "E" not in t} == known, name
        assert pickle.loads(pickle.dumps(ours)) is ours


COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("compare", COMPARISONS)
def test_comparisons_of_integers_are_exact(compare: Callable) -> None:
    """Of int64 with uint64, and with Python integers of any size."""
    signed = np.array([-(2**63), -1, 0, 1, 2**53 + 1, 2**63 - 1])
    unsigned = np.array([0, 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1], dtype="uint64")
    check(lambda m: compare(m.asarray(signed)[:, None], m.asarray(unsigned)))
    check(lambda m: compare(m.asarray(unsigned), m.asarray(signed)[:, None]))
    check(lambda m: compare(m.asarray(signed.astype("int8")), m.asarray(unsigned)))
    numbers = [0, -1, 255, 256, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**30, -(10**30)]
    for dtype in ("bool", "int8", "uint8", "int64", "uint64", "float64", "float32"):
        x = sample((5,), dtype)
        for n in numbers:
            if dtype == "bool" and not -(2**63) <= n < 2**63:
                continue  # OverflowError in NumPy; ours is exact there too
            check(lambda m, x=x, n=n: compare(m.asarray(x), n))
            check(lambda m, x=x, n=n: compare(n, m.asarray(x)))
            name = {"eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater"}.get(
                compare.__name__, "greater_equal"
            )
            check(lambda m, x=x, n=n, f=name: getattr(m, f)(m.asarray(x), n))
    traced = tnp.function(lambda a, b: compare(a, b))
    got = traced(tnp.asarray(signed), tnp.asarray(unsigned))
    np.testing.assert_array_equal(np.asarray(got), compare(signed, unsigned))


@pytest.mark.parametrize("n", [10**30, -(10**30), 10**400])
def test_huge_integers_in_arithmetic(n: int) -> None:
    """They are floats beside floats, and too large beside integers."""
    for f in (operator.add, operator.mul, operator.truediv, operator.pow):
        for dtype in ("float64", "complex128", "int64"):
            check(lambda m, f=f, d=dtype: f(m.ones(3, dtype=d), n))
            check(lambda m, f=f, d=dtype: f(n, m.ones(3, dtype=d)))


@pytest.mark.parametrize("exponent", [2, 2.0, 0.5, -1, -1.0, 1, 0, 3, True])
def test_powers(exponent: float) -> None:
    """Those with functions of their own have NumPy's values."""
    for dtype in ("int32", "float16", "float32", "float64", "complex128"):
        x = sample((7,), dtype, 4)
        check(lambda m, x=x: m.asarray(x) ** exponent, tolerance(dtype) if dtype != "float64" else 0)
    x = np.array([-np.inf, -0.0, 0.0, np.inf, np.nan, 1e200])
    check(lambda m: m.asarray(x) ** exponent)
    f = tnp.function(lambda a: a**exponent)
    np.testing.assert_array_equal(np.asarray(f(tnp.asarray(x))), np.asarray(tnp.asarray(x) ** exponent))


def test_where_keeps_shapes() -> None:
    """Keywords of the call."""
    x = sample((3, 4), "float64")
    got = tnp.sqrt(tnp.asarray(np.abs(x)), where=tnp.asarray(x > 0))
    np.testing.assert_array_equal(np.asarray(got), np.where(x > 0, np.sqrt(np.abs(x)), 0))
    assert isinstance(outcome(lambda m: m.add(1, 2, nonsense=3), tnp), TypeError)
