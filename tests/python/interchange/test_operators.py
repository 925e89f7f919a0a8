"""Operators between NumPy's arrays and scalars and tnp's arrays give tnp arrays, on whichever side they stand."""

import operator

import pytest
import tnp

import numpy as np

BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow]
BITWISE = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
COMPARE = [operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge]
INPLACE = [operator.iadd, operator.isub, operator.imul, operator.itruediv]

A = np.array([1.0, 2.0, 5.0])
B = np.array([2.0, 2.0, 3.0])


def check(op, a, b, expected):
    result = op(a, b)
    assert isinstance(result, tnp.ndarray), type(result)
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(np.asarray(result), expected)


@pytest.mark.parametrize("op", BINARY + COMPARE)
def test_arrays(op):
    check(op, A, tnp.asarray(B), op(A, B))
    check(op, tnp.asarray(A), B, op(A, B))


@pytest.mark.parametrize("op", BITWISE)
def test_integers(op):
    a, b = np.array([5, 6, 7]), np.array([1, 2, 3])
    check(op, a, tnp.asarray(b), op(a, b))
    check(op, tnp.asarray(a), b, op(a, b))


@pytest.mark.parametrize("op", BINARY + COMPARE)
@pytest.mark.parametrize(
    "scalar", [np.float64(2), np.float32(2), np.int8(2), np.uint64(2), np.complex128(2), np.bool_(True)]
)
def test_scalars(op, scalar):
    if isinstance(scalar, np.complex128) and op in (operator.floordiv, operator.mod):
        pytest.skip("no complex division with remainder")
    for x in (np.array([1.0, 2.0, 5.0], dtype="float32"),):
        check(op, scalar, tnp.asarray(x), op(scalar, x))
        check(op, x[1], tnp.asarray(x), op(x[1], x))
        check(op, tnp.asarray(x), scalar, op(x, scalar))


@pytest.mark.parametrize("op", INPLACE)
def test_in_place_rebinds(op):
    a = A.copy()
    result = op(a, tnp.asarray(B))
    assert isinstance(result, tnp.ndarray)
    np.testing.assert_array_equal(a, A)
    x = tnp.asarray(A)
    check(lambda p, q: op(p, q), x, B, op(A.copy(), B))
    np.testing.assert_array_equal(np.asarray(x), A)


def test_matmul():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    check(operator.matmul, a, tnp.asarray(b), a @ b)
    check(operator.matmul, tnp.asarray(a), b, a @ b)


def test_divmod():
    for q, r in (divmod(A, tnp.asarray(B)), divmod(tnp.asarray(A), B)):
        assert isinstance(q, tnp.ndarray)
        np.testing.assert_array_equal(np.asarray(q), A // B)
        np.testing.assert_array_equal(np.asarray(r), A % B)


def test_zero_dimensional_arrays():
    check(operator.add, np.array(1.0), tnp.asarray(2.0), np.array(3.0))
    check(operator.mul, tnp.asarray([1, 2]), np.array(2.5), np.array([2.5, 5.0]))


def test_broadcasting_and_errors():
    check(operator.add, A[:, None], tnp.asarray(B), A[:, None] + B)
    with pytest.raises(ValueError, match="broadcast"):
        np.zeros(2) + tnp.asarray(B)
    with pytest.raises(TypeError):
        np.array(["a"]) + tnp.asarray(["1"][:0] or [1.0])


def test_inside_a_traced_function():
    f = tnp._core.Function(lambda x: A * x + np.float64(1), "f")
    np.testing.assert_array_equal(np.asarray(f(tnp.asarray(B))), A * B + 1)
