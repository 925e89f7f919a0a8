"""Operators against array-api-strict: arrays, Python scalars, in place; and what only this class promises."""

import operator
import warnings

import array_api_strict as ref
import pytest
import tnp
from tnp import array_api as xp

import numpy as np

DTYPES = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
SCALARS = [True, 0, 1, -1, 3, 300, 2**40, 2**63, 2**64, 1.5, float("nan"), 1j]
OPERATORS = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and_",
    "or_",
    "xor",
    "lshift",
    "rshift",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
]
IN_PLACE = [
    "iadd",
    "isub",
    "imul",
    "itruediv",
    "ifloordiv",
    "imod",
    "ipow",
    "imatmul",
    "iand",
    "ior",
    "ixor",
    "ilshift",
    "irshift",
]
UNARY = ["neg", "pos", "abs", "invert"]

# Where array-api-strict does otherwise, and the clause that decides.
#   Shifts by negative counts: "operators give what their functions give", and those are defined for counts >= 0 only.
NEGATIVE_COUNTS = {"lshift", "rshift", "ilshift", "irshift"}
#   Order beside a complex scalar: __lt__(self, other: Union[int, float, array]) has no complex operand.
ORDER = {"lt", "le", "gt", "ge"}


def elements(dtype, second=False):
    """A square matrix that all operators can be tried on."""
    v = np.array([[3, 1], [2, 5]])
    if dtype == "bool":
        return v > 2
    if dtype[:3] == "int" and not second:
        v = v * np.array([[-1, 1], [1, -1]])
    return v.astype(dtype)


def outcome(module, f, *args):
    """The error's class, or the result's data type and values; and the first argument afterwards."""
    made = [module.asarray(a.copy()) if isinstance(a, np.ndarray) else a for a in args]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = f(*made)
        except Exception as error:
            return type(error), np.array(made[0])
    return repr(result.dtype).rpartition(".")[2], np.array(result)


def compare(name, f, *args):
    """The same outcome in both namespaces."""
    (expected, theirs), (got, ours) = outcome(ref, f, *args), outcome(xp, f, *args)
    what = f"{name} {[getattr(a, 'dtype', a) for a in args]}: {got}, array-api-strict {expected}"
    assert isinstance(expected, type) == isinstance(got, type), what
    if isinstance(got, type):
        assert issubclass(got, expected) or issubclass(expected, got) or name.endswith("matmul"), what
    else:
        assert got == expected, what
        assert np.allclose(ours, theirs, rtol=1e-5, equal_nan=True), what


def negative_count(name, *args):
    """A shift by a negative count, which the reference lets through."""
    return name in NEGATIVE_COUNTS and any(isinstance(a, int) and a < 0 for a in args[1:])


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("first", DTYPES)
def test_arrays(name, first):
    """Two arrays."""
    for second in DTYPES:
        compare(name, getattr(operator, name), elements(first), elements(second, second=True))


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_scalars(name, dtype):
    """An array and a Python scalar, in both orders."""
    f = getattr(operator, name)
    x = abs(elements(dtype))
    for s in SCALARS:
        if negative_count(name, x, s) or (name in ORDER and s == 1j):
            with pytest.raises((ValueError, TypeError, OverflowError)):
                f(xp.asarray(x), s)
        else:
            compare(name, f, x, s)
        if not (name in ORDER and s == 1j):
            compare(name, lambda a, s=s: f(s, a), x)


@pytest.mark.parametrize("name", IN_PLACE)
@pytest.mark.parametrize("first", DTYPES)
def test_in_place(name, first):
    """In place: the same object, or an error and the array as it was."""
    f = getattr(operator, name)
    for second in DTYPES:
        compare(name, f, abs(elements(first)), elements(second, second=True))
        x = xp.asarray(elements(first))
        before = np.array(x)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert f(x, xp.asarray(elements(second, second=True))) is x
        except (TypeError, ValueError, OverflowError):
            assert (np.array(x) == before).all()
    for s in SCALARS:
        if not negative_count(name, x, s):
            compare(name, f, abs(elements(first)), s)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", DTYPES)
def test_unary(name, dtype):
    """-x, +x, abs(x), ~x."""
    compare(name, getattr(operator, name), elements(dtype))


def test_in_place_shape():
    """The right operand must broadcast to the left one's shape."""
    x = xp.zeros((3, 1))
    with pytest.raises(ValueError, match="shape"):
        x += xp.ones((3, 4))
    assert x.shape == (3, 1)
    x += xp.ones((1, 1))
    assert bool(xp.all(x == 1))
    with pytest.raises(ValueError, match="shape"):
        x += xp.ones((2, 3, 1))


def test_aliases_see_changes():
    """In-place operators and assignment change the object; other objects keep their elements."""
    x = xp.arange(6.0)
    same, copied, row = x, xp.asarray(x, copy=True), x[:3]
    x += 1
    x[0] = 10.0
    assert same is x
    assert np.array(same).tolist() == [10, 2, 3, 4, 5, 6]
    assert np.array(copied).tolist() == [0, 1, 2, 3, 4, 5]
    assert np.array(row).tolist() == [0, 1, 2]


def test_exported_memory_does_not_change():
    """What NumPy was shown stays as it was."""
    x = xp.arange(4.0)
    shown = np.asarray(x)
    x += 1
    x[0] = 9.0
    assert shown.tolist() == [0, 1, 2, 3]


def test_imported_memory_does_not_change():
    """Memory that is shared by copy=False is never written to."""
    a = np.arange(4.0)
    a.flags.writeable = False
    x = xp.asarray(a, copy=False)
    x += 1
    x[0] = 9.0
    assert a.tolist() == [0, 1, 2, 3]
    assert np.array(x).tolist() == [9, 2, 3, 4]


def test_in_place_uses_its_memory():
    """An array that nobody shares is written in place."""
    x = xp.zeros(1000)
    address = np.asarray(x).__array_interface__["data"][0]
    x += 1
    x[3] = 5.0
    x[10:20] = xp.ones(10)
    assert np.asarray(x).__array_interface__["data"][0] == address
    assert float(xp.sum(x)) == 1004


@pytest.mark.parametrize("foreign", [np.ones(3), tnp.ones(3), np.float64(1), np.int64(1), [1.0, 2, 3], None, "a"])
@pytest.mark.parametrize("name", OPERATORS)
def test_foreign_operands(name, foreign):
    """Only arrays of the namespace and Python's own numbers; == too."""
    f = getattr(operator, name)
    x = xp.ones(3)
    with pytest.raises(TypeError):
        f(x, foreign)
    if name == "mod" and isinstance(foreign, str):
        return  # formatting
    with pytest.raises(TypeError):
        f(foreign, x)


def test_huge_integers_beside_floats():
    """An int of any size is a number for floating-point arrays."""
    x = xp.ones(2) * 2**100
    assert float(x[0]) == 2.0**100
    with pytest.raises(OverflowError):
        xp.ones(2) * 10**400


def test_messages_name_the_rule():
    """Errors say what to write."""
    for call, text in [
        (lambda: xp.ones((2, 2))[0], r"x\[idx, ...\]"),
        (lambda: xp.ones(2) + xp.asarray([1, 2]), "astype"),
        (lambda: xp.asarray([1, 2]) + 1.5, "astype"),
        (lambda: xp.sin(xp.asarray([1, 2])), "astype"),
        (lambda: xp.sin([1.0]), "asarray"),
        (lambda: xp.ones((2, 2, 2)).T, "mT"),
        (lambda: xp.sum(xp.ones((2, 2)), axis=[0, 1]), "tuple"),
        (lambda: xp.reshape(xp.ones(4), 4), r"\(n,\)"),
        (lambda: xp.reshape(xp.ones((2, 3)).T, (6,), copy=False), "copy=None"),
        (lambda: xp.roll(xp.ones(3), xp.asarray(1)), r"int\(x\)"),
        (lambda: xp.tile(xp.ones(3), 2), r"\(n,\)"),
        (lambda: xp.stack(np.ones((2, 2))), "unstack"),
        (lambda: xp.take(xp.ones(3), xp.asarray([0.0])), "astype"),
        (lambda: xp.take(xp.ones(3), xp.asarray([[0]])), "reshape"),
        (lambda: xp.full(3, xp.asarray(1.0)), r"float\(x\)"),
        (lambda: xp.clip(xp.ones(2), 2.0, 1.0), "minimum"),
        (lambda: xp.clip(xp.asarray([1]), 0.5), "astype"),
        (lambda: xp.asarray([1]) << -1, "the other way"),
        (lambda: complex(xp.ones(2)), r"x\[i, …\]"),
        (lambda: xp.squeeze(xp.ones((1, 2)), None), r"squeeze\(x, \("),
        (lambda: xp.ones(3)[0:5], "clip it"),
        (lambda: xp.ones((2, 2))[xp.asarray([0]), ...], "take"),
        (lambda: xp.meshgrid(xp.ones((2, 2))), "reshape"),
        (lambda: xp.nonzero(xp.asarray(1)), "reshape"),
        (lambda: operator.setitem(xp.ones(2), xp.asarray([0]), 1.0), "mask"),
        (lambda: xp.ones(2) + xp.ones(2, device=xp.Device("device1")), "to_device"),
    ]:
        with pytest.raises((TypeError, IndexError, ValueError), match=text):
            call()


@pytest.mark.parametrize("exponent", [2, 2.0, -1, -1.0, 0.5, 1, 0, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128", "int8", "uint16", "int64"])
def test_powers_of_python_numbers(dtype, exponent):
    """x ** 2 and the like are pow of an array of that number: result, type, and in place."""
    real = dtype.startswith("float")
    values = [-2.0, -0.0, 0.0, 3.0, np.inf, -np.inf, np.nan] if real else [1, 2, 3, 5]
    x = xp.asarray(values, dtype=getattr(xp, dtype))
    integers = np.dtype(dtype).kind in "iu"
    if integers and isinstance(exponent, float):
        with pytest.raises(TypeError):
            x**exponent
        return
    if integers and exponent == -1:
        with pytest.raises((ValueError, OverflowError)):
            x**exponent
        return
    expected = np.asarray(xp.pow(x, xp.full_like(x, exponent)))
    at_once = xp.asarray(x, copy=True)
    at_once **= exponent
    for got in (x**exponent, xp.pow(x, exponent), at_once):
        assert got.dtype == x.dtype
        np.testing.assert_allclose(np.asarray(got), expected, rtol=4 * np.finfo(np.float32).eps)
        if real:
            assert np.array_equal(np.signbit(np.asarray(got)), np.signbit(expected))
