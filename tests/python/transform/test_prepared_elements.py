"""Prepared calls of single elements, and the indices of triangles of traced matrices."""

import itertools
import warnings

import pytest
import tnp

import numpy as np

WARM = 20
BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
}
UNARY = {
    "-": lambda a: -a,
    "+": lambda a: +a,
    "abs": abs,
    "+1": lambda a: a + 1,
    "/2": lambda a: a / 2,
    "2-": lambda a: 2 - a,
    "~": lambda a: ~a,
}
VALUES = {
    "float64": [0.0, -0.0, 1.5, -2.5, np.inf, -np.inf, np.nan, 1e308, 5e-324],
    "int64": [0, 1, -1, 3, -7, 63, 64, 2**62, -(2**63)],
    "float32": [0.0, 1.5, np.inf, 3e38],
    "bool": [True, False],
}


def outcome(f, *args):
    """The result's type and bits, or the class of the error."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            out = np.asarray(f(*args))
        except Exception as e:
            return type(e)
    return out.dtype, out.shape, str(out)


@pytest.mark.parametrize(
    "types",
    [("float64",) * 2, ("int64",) * 2, ("float32",) * 2, ("bool",) * 2, ("float64", "int64"), ("int64", "float64")],
)
def test_operators_of_two_elements(types):
    one = [tnp.asarray(1, types[0]), tnp.asarray(1, types[1])]
    for name, operator in BINARY.items():
        f = tnp.function(lambda a, b, operator=operator: operator(a, b))
        if isinstance(outcome(operator, *one), type):
            continue
        for _ in range(WARM):
            f(*one)
        for x, y in itertools.product(VALUES[types[0]], VALUES[types[1]]):
            a, b = tnp.asarray(x, types[0]), tnp.asarray(y, types[1])
            expected = outcome(operator, a, b)
            assert outcome(f, a, b) == expected, (name, x, y)
            assert outcome(f, a, b) == expected, (name, x, y)


@pytest.mark.parametrize("dtype", VALUES)
def test_operators_of_an_element(dtype):
    for name, operator in UNARY.items():
        f = tnp.function(lambda a, operator=operator: operator(a))
        if isinstance(outcome(operator, tnp.asarray(1, dtype)), type):
            continue
        for _ in range(WARM):
            f(tnp.asarray(1, dtype))
        for x in VALUES[dtype]:
            a = tnp.asarray(x, dtype)
            assert outcome(f, a) == outcome(operator, a), (name, x)


def test_prepared_elements_are_seen_by_tapes_and_traces():
    f = tnp.function(lambda a, b: a * b)
    x, y = tnp.asarray(3.0), tnp.asarray(5.0)
    for _ in range(WARM):
        f(x, y)
    assert tnp.grad(f)(x, y) == 5
    assert tnp.function(lambda a: f(a, a) + 1)(x) == 10
    np.testing.assert_array_equal(np.asarray(tnp.vmap(f)(tnp.arange(3.0), tnp.arange(3.0))), [0, 1, 4])
    with tnp.default_float("float32"):
        assert tnp.function(lambda a: a / 2)(tnp.asarray(3)).dtype == "float32"


@pytest.mark.parametrize("shape", [(5,), (4, 3), (3, 0), (2, 3, 4)])
def test_one_element_at_indices_that_are_arrays(shape):
    x = np.arange(float(np.prod(shape))).reshape(shape)
    operands = [x, x[::-1], np.asarray(x, "f4")] + ([x.T.copy().T] if x.ndim > 1 else [])
    for n in range(1, x.ndim + 1):
        f = tnp.function(lambda a, *i: a[i])
        start = [tnp.asarray(0)] * n
        for _ in range(WARM):
            outcome(f, tnp.asarray(x), *start)
        for a in operands:
            ours = (
                tnp.asarray(x)[::-1]
                if a is operands[1]
                else tnp.asarray(np.ascontiguousarray(a.T)).T
                if a is operands[-1]
                else tnp.asarray(a)
            )
            for index in itertools.product((0, 1, -1, 2, -3, 9, -9, 2**62, -(2**63)), repeat=n):
                for _ in range(5):
                    got = outcome(f, ours, *(tnp.asarray(i) for i in index))
                assert got == outcome(lambda *i, a=a: a[i], *index)


SIZES = [(5, 5), (3, 7), (7, 3), (0, 4), (4, 0), (1, 1)]


@pytest.mark.parametrize("name", ["tril_indices_from", "triu_indices_from"])
def test_indices_of_triangles_of_traced_matrices(name):
    for k in (-9, -3, -1, 0, 1, 2, 6, 9):
        f = tnp.function(lambda x, k=k: getattr(tnp, name)(x, k))
        for _ in range(6):
            for shape in SIZES:
                for got, expected in zip(f(tnp.zeros(shape)), getattr(np, name)(np.zeros(shape), k), strict=True):
                    np.testing.assert_array_equal(np.asarray(got), expected)


def test_sizes_of_triangles_are_sizes():
    @tnp.function
    def f(x):
        i, j = tnp.tril_indices_from(x, -1)
        return x[i, j], tnp.zeros(i.shape[0] + 1), x.at[i, j].set(0.0)

    for n, m in SIZES:
        x = np.arange(float(n * m)).reshape(n, m)
        part, zeros, rest = f(tnp.asarray(x))
        np.testing.assert_array_equal(np.asarray(part), x[np.tril_indices_from(x, -1)])
        assert zeros.shape == (part.size + 1,)
        np.testing.assert_array_equal(np.asarray(rest), np.triu(x))
    assert f.cache_info()["traced"] == 1
    total = tnp.vmap(lambda x: x[tnp.tril_indices_from(x)].sum())(tnp.ones((3, 4, 4)))
    np.testing.assert_array_equal(np.asarray(total), [10.0, 10.0, 10.0])


@pytest.mark.parametrize("dtype", ["float64", "int64", "bool", "complex64", "float16"])
@pytest.mark.parametrize("size", [0, 8, 100, 70000])
def test_counts_of_traced_arrays(dtype, size):
    x = (np.arange(size) % 3).astype(dtype)
    f = tnp.function(lambda x: [tnp.count_nonzero(x), tnp.count_nonzero(x * x), tnp.count_nonzero(x[::2])])
    expected = [np.count_nonzero(x), np.count_nonzero(x * x), np.count_nonzero(x[::2])]
    for _ in range(WARM):
        out = f(tnp.asarray(x))
    assert [int(n) for n in out] == expected and all(n.dtype == "int64" and n.shape == () for n in out)
    rows = tnp.vmap(lambda x: tnp.count_nonzero(x))(tnp.asarray(np.stack([x, x])))
    assert rows.tolist() == expected[:1] * 2


def test_diagonals_of_traced_matrices():
    f = tnp.function(lambda x, v: tnp.fill_diagonal(x, v))
    for shape in ((4, 4), (3, 6), (6, 3), (3, 3, 3), (0, 3)):
        for dtype in ("float64", "int32", "complex128"):
            for value in (0.5, np.arange(2) + 1):
                expected = np.ones(shape, dtype)
                np.fill_diagonal(expected, value)
                for _ in range(5):
                    got = f(tnp.ones(shape, dtype), tnp.asarray(value))
                np.testing.assert_array_equal(np.asarray(got), expected)
                assert got.dtype == dtype
    gradient = tnp.grad(lambda v: (tnp.fill_diagonal(tnp.ones((3, 3)), v) ** 2).sum())(tnp.asarray(2.0))
    assert gradient == 12
