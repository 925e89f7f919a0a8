"""Every elementwise function against array-api-strict, over all pairs of data types and over Python scalars."""

import warnings

import array_api_strict as ref
import pytest
from tnp import _core
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
UNARY = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "bitwise_invert",
    "ceil",
    "conj",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "floor",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "log",
    "log10",
    "log1p",
    "log2",
    "logical_not",
    "negative",
    "positive",
    "real",
    "reciprocal",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "trunc",
]
BINARY = [
    "add",
    "atan2",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "copysign",
    "divide",
    "equal",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "less",
    "less_equal",
    "logaddexp",
    "logical_and",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "nextafter",
    "not_equal",
    "pow",
    "remainder",
    "subtract",
]
SCALARS = [True, False, 0, 1, -1, 2, 300, 2**31, 2**63, 2**64, -(2**63) - 1, 1.5, -0.0, float("inf"), float("nan"), 1j]

# Where array-api-strict does otherwise, and what decides.
#   Order and a complex scalar: "x2: Union[array, int, float]" of less, maximum, … has no complex number.
ORDER = {"less", "less_equal", "greater", "greater_equal", "maximum", "minimum"}
#   The sign of a complex infinity: "the result is computed according to the rules of complex number division", whose
#   results for infinite parts are "implementation dependent". Powers of complex infinities are so too.
INFINITE = {"sign", "pow"}
#   The sign of a zero that maximum and minimum choose among zeros: "implementation-defined".
UNSIGNED_ZEROS = {"maximum", "minimum"}
#   Infinities: "the specification prefers floor division to match floor(divide(x1, x2))"; NumPy's are Python's.
FLOORED = {"floor_divide"}


def values(dtype, count=6):
    """Elements that every function of the type can be tried on."""
    if dtype == "bool":
        return np.array([True, False, True, True, False, False][:count])
    if dtype.startswith("uint"):
        return np.array([0, 1, 2, 3, 5, 7][:count], dtype)
    if dtype.startswith("int"):
        return np.array([-3, 1, 2, 3, 5, -7][:count], dtype)
    real = np.array([-1.5, 0.5, 2.0, np.inf, -0.0, np.nan][:count])
    v = real.astype(dtype)
    if dtype.startswith("complex"):
        v.imag = real[::-1]
    return v


def counts(dtype):
    """Second arguments that shifts and powers of integers take."""
    v = values(dtype)
    return abs(v) if dtype.startswith("int") else v


def outcome(module, call):
    """What a call gives: the error's class, or the result's data type and values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = call(module)
        except Exception as error:
            return type(error), None
    return repr(result.dtype).rpartition(".")[2], np.array(result)


def same_values(name, a, b):
    """Equal element by element, within the rounding that libraries may differ by; NaN equals NaN, and -0 is not 0."""
    if a.shape != b.shape:
        return False
    if name in INFINITE and a.dtype.kind == "c":
        finite = np.isfinite(a) & np.isfinite(b)
        a, b = a[finite], b[finite]
    if a.dtype.kind not in "fc":
        return bool((a == b).all())
    if name in FLOORED:
        a = np.where((np.isinf(a) & np.isnan(b)) | ((a == 0) & np.signbit(a) & (b == -1)), b, a)
    eps = np.finfo(a.dtype).eps
    if a.dtype.kind == "c":
        return bool(np.allclose(a, b, rtol=16 * eps, atol=4 * eps, equal_nan=True)) or same_parts(a, b, eps)
    signs = (np.signbit(a) == np.signbit(b)) | np.isnan(a) | (a != 0) | (name in UNSIGNED_ZEROS)
    return bool(np.allclose(a, b, rtol=8 * eps, atol=0, equal_nan=True) and signs.all())


def same_parts(a, b, eps):
    """Complex numbers with infinite or NaN parts, part by part."""
    return all(
        np.allclose(p, q, rtol=16 * eps, atol=4 * eps, equal_nan=True) for p, q in ((a.real, b.real), (a.imag, b.imag))
    )


def check(name, call, key):
    """The same outcome in both namespaces."""
    expected, theirs = outcome(ref, call)
    got, ours = outcome(xp, call)
    if name in ORDER and "1j" in key:
        assert got is TypeError
        return
    if isinstance(expected, type) or isinstance(got, type):
        assert isinstance(expected, type) and isinstance(got, type), f"{key}: {got}, array-api-strict {expected}"
        # Which of two mistakes is seen first is nobody's rule.
        both_wrong = name.endswith("shift") and {got, expected} <= {TypeError, ValueError, OverflowError}
        assert got is expected or both_wrong, f"{key}: {got}, array-api-strict {expected}"
        return
    assert got == expected, key
    assert same_values(name, ours, theirs), f"{key}: {ours}, array-api-strict {theirs}"


def test_every_function_is_listed():
    """No function of the table escapes these tests."""
    named = {f for f in dir(_core.array_api) if f in UNARY + BINARY}
    assert named == set(UNARY + BINARY)
    for name in named:
        assert callable(getattr(ref, name))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_unary(name, dtype):
    """One argument of each type."""
    v = values(dtype)
    check(name, lambda m: getattr(m, name)(m.asarray(v)), (name, dtype))


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("first", DTYPES)
def test_binary(name, first):
    """Two arguments, of each pair of types."""
    for second in DTYPES:
        x, y = values(first), counts(second)
        check(name, lambda m, x=x, y=y: getattr(m, name)(m.asarray(x), m.asarray(y)), (name, first, second))


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("dtype", DTYPES)
def test_scalars(name, dtype):
    """An array and a Python scalar, in both orders."""
    for s in SCALARS:
        x = counts(dtype)
        check(name, lambda m, x=x, s=s: getattr(m, name)(m.asarray(x), s), (name, dtype, repr(s)))
        check(name, lambda m, x=x, s=s: getattr(m, name)(s, m.asarray(x)), (name, repr(s), dtype))


@pytest.mark.parametrize("name", BINARY)
def test_two_scalars_and_foreign_objects(name):
    """Neither two scalars, nor what is no array of the namespace, nor keywords."""
    f = getattr(xp, name)
    one = xp.asarray(True) if name.startswith("logical") else xp.asarray([1, 2])
    for bad in ([1, 2], (1, 2), np.array([1, 2]), np.float64(1), np.int64(1), None, "a", object(), {}):
        with pytest.raises(TypeError):
            f(one, bad)
        with pytest.raises(TypeError):
            f(bad, one)
    with pytest.raises(TypeError):
        f(1, 2)
    with pytest.raises(TypeError):
        f(one)
    with pytest.raises(TypeError):
        f(x1=one, x2=one)
    with pytest.raises(TypeError):
        f(one, one, dtype=xp.int64)


def test_shapes():
    """Broadcasting, and its error."""
    x, y = np.ones((3, 1)), np.ones((1, 4))
    check("add", lambda m: m.add(m.asarray(x), m.asarray(y)), ("add", "broadcast"))
    check("add", lambda m: m.add(m.asarray(np.ones(3)), m.asarray(np.ones(4))), ("add", "clash"))
    check("add", lambda m: m.add(m.asarray(np.ones((0, 3))), m.asarray(np.ones(3))), ("add", "empty"))


def special_case(name, *args):
    """A function of Python numbers, as a Python number."""
    return float(getattr(xp, name)(*(xp.asarray(a, dtype=xp.float64) for a in args)))


INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        # floor_divide: "if x1 is finite and x2 is infinite with the same sign, +0; with the other sign, -1 (or -0)".
        ("floor_divide", (1.0, INF), 0.0),
        ("floor_divide", (INF, 1.0), INF),
        ("floor_divide", (INF, INF), NAN),
        ("floor_divide", (0.0, 0.0), NAN),
        ("floor_divide", (0.0, -1.0), -0.0),
        ("floor_divide", (-0.0, 1.0), -0.0),
        ("remainder", (INF, 1.0), NAN),
        ("remainder", (1.0, 0.0), NAN),
        ("remainder", (0.0, -1.0), -0.0),
        ("remainder", (-0.0, 1.0), 0.0),
        ("remainder", (1.0, INF), 1.0),
        ("remainder", (-1.0, INF), INF),
        ("remainder", (1.0, -INF), -INF),
        ("sign", (NAN,), NAN),
        ("sign", (-0.0,), 0.0),
        ("pow", (NAN, 0.0), 1.0),
        ("pow", (1.0, NAN), 1.0),
        ("atan2", (0.0, -0.0), np.pi),
        ("atan2", (-0.0, -0.0), -np.pi),
        ("hypot", (INF, NAN), INF),
        ("maximum", (NAN, 1.0), NAN),
        ("minimum", (1.0, NAN), NAN),
        ("logaddexp", (NAN, 1.0), NAN),
        ("round", (2.5,), 2.0),
        ("round", (-0.5,), -0.0),
        ("ceil", (-0.5,), -0.0),
        ("trunc", (-0.5,), -0.0),
        ("expm1", (-0.0,), -0.0),
        ("log1p", (-1.0,), -INF),
        ("sqrt", (-0.0,), -0.0),
        ("copysign", (1.0, -0.0), -1.0),
        ("reciprocal", (-0.0,), -INF),
    ],
)
def test_special_cases(name, args, expected):
    """The standard's special cases."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = special_case(name, *args)
    assert np.isnan(got) if np.isnan(expected) else (got == expected and np.signbit(got) == np.signbit(expected))
