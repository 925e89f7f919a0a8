"""Single elements and NumPy's scalars beside arrays: the short ways give what the long ones give, and NumPy."""

from __future__ import annotations

import copy
import operator
import pickle
import warnings
import weakref
from typing import Any

import pytest
import tnp

import numpy as np

BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
DIVISIONS = [operator.floordiv, operator.mod]
BITS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
COMPARISONS = [operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge]
FLOATS = [0.0, -0.0, 1.5, -2.0, 7.25, -0.3, 5e-324, 1e308, float("inf"), float("nan")]
INTEGERS = [0, 1, -1, -3, 7, 64, 2**62, -(2**63), 2**63 - 1]


def _outcome(f: Any, *args: Any) -> Any:
    """The value's bits and type, the warnings, or the class of the error."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            value = np.asarray(f(*args))
        except Exception as error:
            # Which of its own subclasses NumPy raises depends on the calls before.
            return next(c for c in type(error).__mro__ if c.__module__ == "builtins")
    return value.dtype, value.tobytes(), [str(w.message).split(" in ")[0] for w in seen]


@pytest.mark.parametrize("op", BINARY + DIVISIONS + BITS + COMPARISONS)
@pytest.mark.parametrize("values", [FLOATS, INTEGERS], ids=["float", "int"])
def test_elements_as_arrays_of_one(op: Any, values: list[Any]) -> None:
    """A 0-d array beside another, or beside a number, gives what an array of one element gives, warnings included."""
    if op is operator.pow:
        values = [*values, *([0.5, 2.0, -1.0] if values is FLOATS else [2, 5, 63])]
    for x in values:
        for y in values:
            long = _outcome(lambda x=x, y=y: op(tnp.asarray([x]), tnp.asarray([y]))[0])
            assert _outcome(op, tnp.asarray(x), tnp.asarray(y)) == long
            assert _outcome(op, tnp.asarray([x])[0], tnp.asarray([y])[0]) == long
            beside = _outcome(lambda x=x, y=y: op(tnp.asarray([x]), y)[0])
            assert _outcome(op, tnp.asarray(x), y) == beside
            beside = _outcome(lambda x=x, y=y: op(x, tnp.asarray([y]))[0])
            assert _outcome(op, x, tnp.asarray(y)) == beside


@pytest.mark.parametrize("op", [operator.neg, abs, operator.pos])
@pytest.mark.parametrize("x", FLOATS + INTEGERS)
def test_signs_of_elements(op: Any, x: Any) -> None:
    """-x and abs(x), of the least integer too."""
    assert _outcome(op, tnp.asarray(x)) == _outcome(lambda: op(tnp.asarray([x]))[0])


@pytest.mark.parametrize(
    "name", ["sin", "sqrt", "floor", "negative", "absolute", "invert", "square", "isnan", "exp", "sign", "spacing"]
)
def test_functions_of_numbers(name: str) -> None:
    """Of Python's and NumPy's numbers: types, values and warnings as of arrays of one element."""
    for x in (2.0, -2.0, 0.0, float("inf"), float("nan"), 3, -3, True, False, np.float32(-1.5), np.float16(2), np.int8(-128),
              np.uint64(3), np.bool_(True), np.complex64(1j), np.int64(-(2**63))):  # fmt: skip
        theirs, ours = _outcome(getattr(np, name), x), _outcome(getattr(tnp, name), x)
        if isinstance(theirs, tuple):
            assert ours[0] == theirs[0] and ours[2] == theirs[2], x
            values = [np.frombuffer(o[1], o[0]) for o in (ours, theirs)]
            assert np.allclose(*values, rtol=1e-3 if ours[0].itemsize == 2 else 1e-6, equal_nan=True)
        else:
            assert isinstance(ours, type) and issubclass(theirs, ours)


@pytest.mark.parametrize("mixture", [(1.5, 2), (2, 1.5), (True, 2), (2, True), (1j, 2), (1.5, 1j)])
def test_mixtures(mixture: tuple[Any, Any]) -> None:
    """Elements and numbers of two types are promoted as NumPy's 0-d arrays, whatever the mode."""
    x, y = mixture
    for op in BINARY[: None if not isinstance(x, bool) else 4] + COMPARISONS[2:4]:
        assert _outcome(op, tnp.asarray(x), y) == _outcome(op, np.array(x), y)
        assert _outcome(op, x, tnp.asarray(y)) == _outcome(op, x, np.array(y))
    with tnp.default_float("float32"):
        assert (tnp.asarray(2, dtype="int64") * 0.5).dtype == "float32"


def test_what_looks_at_an_element_keeps_it() -> None:
    """The memory of a dead element serves the next one, but not while a view, NumPy or a buffer has it."""
    x = tnp.asarray([1.5, 2.5])
    views = [
        lambda e: e[None],
        lambda e: np.asarray(e),
        lambda e: np.asarray(memoryview(e)),
        lambda e: np.from_dlpack(e),
        lambda e: e.reshape(1, 1),
        lambda e: e.view("int64"),
        lambda e: tnp.broadcast_to(e, (2, 3)),
        lambda e: copy.copy(e),
        lambda e: tnp.Variable(e),
        lambda e: e,
    ]
    kept = [view(x[0]) for view in views]
    before = [np.array(k).tobytes() for k in kept]
    for i in range(300):
        del i
        fresh = [x[1], -x[1], x[1] * 3, x[1] > 2, tnp.asarray([7])[0], tnp.asarray([7], dtype="complex128")[0]]
        assert [float(f.real) for f in fresh] == [2.5, -2.5, 7.5, 1.0, 7.0, 7.0]
        assert [f.dtype.name for f in fresh] == ["float64"] * 3 + ["bool", "int64", "complex128"]
        assert all(f.shape == () and f.strides == () and f.flags.c_contiguous for f in fresh)
        del fresh
    assert [np.array(k).tobytes() for k in kept] == before


def test_elements_that_die_in_callbacks() -> None:
    """A weak reference is told once, and what it makes meanwhile is sound."""
    x, told = tnp.asarray([1.5, 2.5]), []
    for i in range(200):
        e = x[0]
        watch = weakref.ref(e, lambda _: told.append(float(x[1] + x[0])))
        del e
        assert watch() is None
        assert len(told) == i + 1
        many = [x[0] for _ in range(100)]
        del many
    assert set(told) == {4.0}


def test_elements_are_recorded() -> None:
    """A tape sees what is done with elements."""
    x = tnp.asarray(3.0)
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = x * x + 2.0 / x - abs(-x)
        z = tnp.asarray([x, y]).sum()
    assert float(tape.gradient(z, x)) == pytest.approx(1 + 2 * 3 - 2 / 9 - 1)


SCALARS = [np.float64(2.5), np.float32(2.5), np.int64(3), np.int32(3), np.uint8(3), np.bool_(True), np.complex128(1j)]


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: s.dtype.name)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8", "bool", "complex64"])
def test_numpy_scalars_beside_arrays(scalar: Any, dtype: str) -> None:
    """On either side, types included."""
    x = np.array([0, 1, 1]).astype(dtype)
    for op in [operator.add, operator.mul, operator.eq, operator.lt]:
        assert _outcome(op, tnp.asarray(x), scalar) == _outcome(op, x, scalar)
        assert _outcome(op, scalar, tnp.asarray(x)) == _outcome(op, scalar, x)


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: s.dtype.name)
def test_arrays_of_numpy_scalars(scalar: Any) -> None:
    """From one, and from lists of them and of others."""
    for value in (scalar, [scalar, scalar], [[scalar], [1]], [1.5, scalar], [scalar, True], (scalar, np.float16(1))):
        assert _outcome(tnp.array, value) == _outcome(np.array, value)
        assert _outcome(lambda v=value: tnp.array(v, dtype="complex128")) == _outcome(
            lambda v=value: np.array(v, dtype="complex128")
        )


@pytest.mark.parametrize("value", [range(5), range(0), range(8, 2, -3), [range(2), range(2)]])
def test_arrays_of_ranges(value: Any) -> None:
    """As NumPy makes them."""
    assert _outcome(tnp.array, value) == _outcome(np.array, value)


def test_types_of_numpy() -> None:
    """NumPy's classes of scalars and its dtypes name tnp's."""
    for name in ("bool", "int8", "uint16", "int64", "float16", "float32", "float64", "complex64", "complex128"):
        d = np.dtype(name)
        assert tnp.dtype(d) is tnp.dtype(d.type) is tnp.dtype(name)
    assert tnp.dtype(np.longlong) is tnp.int64
    with pytest.raises(TypeError):
        tnp.dtype(np.dtype("M8[s]"))


INDICES = [np.int64(1), np.int64(-1), np.int32(1), np.array(1), np.uint8(2)]


@pytest.mark.parametrize("index", INDICES, ids=lambda i: f"{type(i).__name__}{i}")
def test_indices_of_numpy(index: Any) -> None:
    """One, and in a tuple beside slices and others."""
    m = np.arange(12.0).reshape(3, 4)
    x = tnp.asarray(m)
    own = tnp.asarray(int(index))
    for i in (index, own):
        assert _outcome(lambda i=i: x[i]) == _outcome(lambda: m[index])
        assert _outcome(lambda i=i: x[i, i]) == _outcome(lambda: m[index, index])
        assert _outcome(lambda i=i: x[1:, i]) == _outcome(lambda: m[1:, index])
        assert _outcome(lambda i=i: x[i, ..., None]) == _outcome(lambda: m[index, ..., None])
    for key in (np.int64(3), np.int64(-4), tnp.asarray(7)):
        with pytest.raises(IndexError):
            x[key]


def test_zero_d_views() -> None:
    """x[...] and x[None] of a 0-d array."""
    x = tnp.asarray(2.5)
    assert x[...].shape == () and x[None].shape == (1,) and float(x[None][0]) == 2.5
    assert tnp.asarray(["ab"])[0][...].shape == ()


def test_iterators() -> None:
    """iter(x): rows; its length hint; the end stays the end; copies go on from the same place."""
    x = tnp.arange(12.0).reshape(3, 4)
    it = iter(x)
    assert operator.length_hint(it) == 3
    assert [r.tolist() for r in it] == x.tolist()
    assert operator.length_hint(it) == 0
    assert list(it) == [] and next(it, None) is None
    it = iter(x[:, 0])
    next(it)
    for other in (copy.copy(it), pickle.loads(pickle.dumps(it))):
        assert [float(v) for v in other] == [4.0, 8.0]
    assert [float(v) for v in it] == [4.0, 8.0]
    nested = [[float(v) for v in row] for row in x]
    assert nested == x.tolist()
    with pytest.raises(TypeError):
        iter(tnp.asarray(1.0))
    assert list(map(bool, tnp.asarray([True, False]))) == [True, False]


def test_numpys_functions_take_arrays() -> None:
    """NumPy's ufuncs still convert tnp's arrays, which have no __array_ufunc__."""
    x = tnp.arange(3.0)
    assert not hasattr(x, "__array_ufunc__")
    assert not hasattr(type(x), "__array_ufunc__")
    with pytest.raises(AttributeError, match="__array_ufunc__"):
        _ = x.__array_ufunc__
    assert isinstance(np.exp(x), np.ndarray)
    assert isinstance(np.arange(3.0) + x, tnp.ndarray)
    assert isinstance(np.float64(1.0) + x, tnp.ndarray)
    a = np.arange(3.0)
    a += x
    assert a.tolist() == [0.0, 2.0, 4.0]


KEYS: list[Any] = [
    [0, 2, 1], [-1, -3], [0, 3], [True, False, True], [], [2**40], np.array([0, 2]), np.array([[0, 1], [2, -1]]),
    np.array([0, 2], dtype=">i8"), np.array([0, 1, 2, 0])[::2], np.array([0, 2], dtype=np.uint8), np.array([], dtype=int),
    np.array([5]), np.zeros(300, dtype=int), [0] * 300, [1.5], [None], ["a"], np.array([True, False, True]), range(2),
]  # fmt: skip


@pytest.mark.parametrize("key", range(len(KEYS)))
@pytest.mark.parametrize("dtype", ["float64", "int8", "complex128", "bool"])
def test_few_indices(key: int, dtype: str) -> None:
    """Lists and arrays of indices, NumPy's and tnp's, of rows of several sizes, as they lie and transposed."""
    index = KEYS[key]
    for shape in ((3,), (3, 2), (3, 0), (2, 3)):
        a = (np.arange(np.prod(shape)) % 5).astype(dtype).reshape(shape)
        if shape[0] == 2:
            a = a.T
        x = tnp.asarray(np.ascontiguousarray(a.T)).T if shape[0] == 2 else tnp.asarray(a)
        assert _outcome(lambda x=x: x[index]) == _outcome(lambda a=a: a[index])
        if isinstance(index, np.ndarray):
            assert _outcome(lambda x=x: x[tnp.asarray(index)]) == _outcome(lambda a=a: a[index])


def test_masked_indices_are_refused() -> None:
    """An index whose mask would be lost."""
    with pytest.raises((TypeError, IndexError)):
        tnp.arange(3.0)[np.ma.masked_array([0, 1], [True, False])]


def test_keywords_of_own_types() -> None:
    """dtype= and casting= that ask for what is there anyway."""
    x, y = tnp.asarray([1.5, 2.5]), tnp.asarray([1, 2])
    for keywords in ({"dtype": "f8"}, {"casting": "no"}, {"casting": "safe"}, {"dtype": "f8", "casting": "no"}):
        for a, b in ((x, x), (x, y), (y, y), (x, 2), (2.0, 1)):
            ours = _outcome(lambda a=a, b=b, k=keywords: tnp.add(a, b, **k))
            n = [np.asarray(v) if isinstance(v, tnp.ndarray) else v for v in (a, b)]
            assert ours == _outcome(lambda n=n, k=keywords: np.add(*n, **k))


@pytest.mark.parametrize("name", ["subtract", "bitwise_or", "divide", "logaddexp", "power", "greater", "hypot"])
@pytest.mark.parametrize("dtype", ["int64", "float64", "float32", "bool", "float16"])
def test_reduce(name: str, dtype: str) -> None:
    """Reductions by functions that are no primitives."""
    for a in (np.array([1, 2, 3, 1]), np.array([5]), np.array([], dtype=int), np.array([7, 0, 3])[::2]):
        a = a.astype(dtype)
        theirs = _outcome(getattr(np, name).reduce, a)
        ours = _outcome(getattr(tnp, name).reduce, tnp.asarray(a))
        if isinstance(theirs, tuple) and isinstance(ours, tuple) and theirs[0].kind == "f":
            assert ours[0] == theirs[0]
            values = [np.frombuffer(o[1], o[0]) for o in (ours, theirs)]
            assert np.allclose(*values, rtol=4 * np.finfo(ours[0]).eps, equal_nan=True)
        elif dtype != "bool" or name not in ("power", "divide"):
            assert ours == theirs
