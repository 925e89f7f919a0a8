"""Calls that few make give what NumPy gives: mixed types, masks, infinities, numbers beyond 64 bits."""

from __future__ import annotations

import copy
import itertools
import pickle
import warnings
from typing import Any

import pytest
import tnp

import numpy as np

X = np.array([3.0, -1.0, 2.0, 5.0])
I2 = np.array([3, -4])
MASK = np.array([True, False, True, True])
# Some expressions over `np`, with what stands above in them.
CALLS = [
    "np.greater(X, 1, where=MASK)", "np.isnan(X, where=MASK)", "np.logical_and(X, X, where=MASK)",
    "np.sum(X, where=[1, 0, 0, 1])", "np.sum(np.ones(1), where=MASK)", "np.max(np.ones(3), where=np.ones((2, 3), bool), initial=0)",
    "np.mean(X, where=np.array([1, 0, 1, 1]))", "np.add(X, 1, where=np.array([1, 0, 1, 1]))", "np.sum(X, where=np.array(1))",
    "np.add.reduce(X, where=np.array([1.0, 0, 1, 1]))", "np.all(X, where=np.ones(4, 'int8'))",
    "np.hypot.reduce(np.zeros(0), initial=256)", "np.logaddexp.reduce(np.zeros((0, 3)), initial=3)",
    "np.logical_xor.reduce(np.zeros(0), initial=7)", "np.hypot.reduce(np.ones((0, 2)), axis=None, initial=3)",
    "np.hypot.reduce([-3.0])", "np.gcd.reduce([[-3, 2]])", "np.gcd.reduce([-4, 6], initial=-8)", "np.lcm.reduce([-3])",
    "np.subtract.reduce(np.zeros((0, 2)))", "np.add.accumulate(np.ones((2, 2)), axis=None)", "np.add.accumulate([1, 2], axis=None)",
    "np.round(np.array([complex(-np.inf, 0), complex(1.234, np.nan), 5.678j]), 2)",
    "np.nan_to_num(np.array([complex(np.inf, -np.inf), 1j]), posinf=np.inf)",
    "np.vander(np.array([complex(-np.inf, -1), 2]))", "np.vander(np.array([complex(np.inf, 1)]), 1)", "np.vander([2, 3], 4, increasing=True)",
    "np.polyval(np.array([[1, 2], [3, 4]]), 2)", "np.polyval(np.ones((3, 2)), np.array([1.0, 2]))",
    "np.piecewise(np.arange(9).reshape(3, 3), [np.array([False, True, True])], [lambda v: v * 2, 7])",
    "np.piecewise(np.ones((1, 3)), [MASK], [1, 2])",
    "np.log10(2**63)", "np.sqrt(2**64 - 1)", "np.negative(2**63)", "np.isnan(2**63)", "np.floor(2**63)", "np.abs(2**63)",
    "np.concatenate([MASK, X], casting='equiv')", "np.hstack([MASK, X], casting='no')", "np.concatenate([X, X], casting='no')",
    "np.stack([X, MASK], casting='safe')", "np.broadcast_shapes((3, -1), (1,))", "np.broadcast_shapes((3, 1), 4)",
    "np.linspace(np.array([1], 'float32'), np.array([2], 'int8'), 3)", "np.linspace(np.float32([1]), 2j, 3)",
    "np.linspace(np.int8([1]), np.int16([4]), 3)", "np.linspace(np.float32([1]), np.float64([2]), 3)",
    "np.geomspace(1e300, np.float32(2), 3)", "np.geomspace(1.0, np.float32(8), 4)",
    "np.trapezoid([1, 2, 3], x=[[0, 1, 2], [0, 2, 4]])", "np.trapezoid(np.ones((3, 2)), x=[0, 1, 2], axis=0)",
    "np.tri(3, k=2**63 - 1)", "np.triu(np.ones((2, 2)), 2**63 - 1)", "np.eye(3, k=2**62)",
    "np.result_type(2**63, 'float32')", "np.result_type(2**63)", "np.choose([0, 1, 0], [np.array([3, 5, 0], 'int8'), 2])",
    "np.choose([0, 1], [1.5, np.array([1, 2], 'float32')])", "np.choose([0, 1], [1, 2.5])",
]  # fmt: skip


def result(expression: str, module: Any, arrays: dict[str, Any]) -> Any:
    """The value, or the class of what is raised."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return eval(expression, {"np": module, **arrays})
        except Exception as e:
            return type(e)


@pytest.mark.parametrize("expression", CALLS)
def test_as_numpy(expression: str) -> None:
    expected = result(expression, np, {"X": X, "MASK": MASK})
    got = result(expression, tnp, {"X": tnp.asarray(X), "MASK": tnp.asarray(MASK)})
    if isinstance(expected, type):
        assert isinstance(got, type) and issubclass(got, expected), got
    elif isinstance(expected, (tuple, np.dtype)):
        assert got == expected
    else:
        keep = np.array([True, False, True, True]) if "where=MASK" in expression and expected.shape == (4,) else ...
        assert np.asarray(got).dtype == expected.dtype and np.shape(got) == np.shape(expected)
        np.testing.assert_allclose(np.asarray(got)[keep], np.asarray(expected)[keep], rtol=1e-12)


@pytest.mark.parametrize(
    "name", ["arctan2", "hypot", "logaddexp", "copysign", "divide", "float_power", "heaviside", "ldexp"]
)
@pytest.mark.parametrize("how", ["eager", "traced", "with keywords"])
def test_two_integer_types_meet_in_a_small_floating_one(name: str, how: str) -> None:
    for a, b in itertools.product(["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float16"], repeat=2):
        x, y = np.array([1, 0], a), np.array([1, 1], b)
        expected = result("np.f(x, y)", type("M", (), {"f": getattr(np, name)}), {"x": x, "y": y})
        f = getattr(tnp, name)
        if how == "traced":
            f = tnp.function(f)
        try:
            got = f(tnp.asarray(x), tnp.asarray(y), **({"casting": "safe"} if how == "with keywords" else {}))
        except TypeError as e:
            got = type(e)
        if isinstance(expected, type):
            assert isinstance(got, type), (a, b)
        else:
            assert np.asarray(got).dtype == expected.dtype, (a, b)
            np.testing.assert_allclose(np.asarray(got), expected, rtol=1e-3)


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("mode", ["full", "same"])
def test_overlaps_of_sizes_that_are_not_known(name: str, mode: str) -> None:
    f = tnp.function(lambda x, y: getattr(tnp, name)(x, y, mode))
    for n, m in itertools.product([1, 2, 3, 4, 7, 8], repeat=2):
        x, y = np.arange(1.0, n + 1), np.arange(2.0, m + 2) ** 2
        got = f(tnp.asarray(x), tnp.asarray(y))
        np.testing.assert_allclose(np.asarray(got), getattr(np, name)(x, y, mode), rtol=1e-12, err_msg=f"{n} {m}")


@pytest.mark.parametrize("name", ["array_equal", "array_equiv"])
def test_equality_of_sizes_that_are_not_known(name: str) -> None:
    f = tnp.function(getattr(tnp, name))
    arrays = [np.zeros(0), np.zeros(1), np.zeros(3), np.ones(3), np.array([0, np.nan, 0])]
    for a, b in itertools.product(arrays, repeat=2):
        assert bool(f(tnp.asarray(a), tnp.asarray(b))) == getattr(np, name)(a, b), (a, b)


def test_axes_of_one_that_are_not_known() -> None:
    f = tnp.function(lambda x: (x.squeeze(), tnp.squeeze(x), tnp.argwhere(x > 0).squeeze()))
    for shape in [(3, 1), (1, 3), (4, 1), (1, 1), (2, 3)]:
        method, function, _ = f(tnp.ones(shape))
        assert method.shape == function.shape == np.squeeze(np.ones(shape)).shape


def test_histograms_of_a_number_of_dimensions_that_is_not_known() -> None:
    x = np.array([[1.0, 2, 3], [2, 3, 4], [1, 1, 1]])
    counts, edges = tnp.function(lambda x: tnp.histogramdd(x, bins=2))(tnp.asarray(x))
    expected, expected_edges = np.histogramdd(x, bins=2)
    np.testing.assert_array_equal(np.asarray(counts), expected)
    np.testing.assert_allclose(np.asarray(edges[2]), expected_edges[2])


def test_unwrap_of_nothing() -> None:
    f = tnp.function(tnp.unwrap)
    for x in (np.zeros(0), np.array([0.0, 7, 14]), np.ones(1)):
        np.testing.assert_allclose(np.asarray(f(tnp.asarray(x))), np.unwrap(x))


@pytest.mark.parametrize(
    "limits", [tnp.finfo("float32"), tnp.finfo(tnp.bfloat16), tnp.finfo("complex128"), tnp.iinfo("uint64")]
)
def test_copies_of_limits(limits: Any) -> None:
    for other in (copy.copy(limits), copy.deepcopy(limits), pickle.loads(pickle.dumps(limits))):
        assert other.dtype == limits.dtype and other.max == limits.max
