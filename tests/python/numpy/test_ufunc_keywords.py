"""Ufuncs as objects and their keywords: types, casts, signatures, axes of functions of matrices; errors of misuse."""

from __future__ import annotations

import inspect
import itertools
import warnings
from typing import Any

import pytest
import tnp
from tnp import _core

import numpy as np

from .oracle import check, outcome, sample

UFUNCS = sorted(n for n, f in _core.ufuncs.items() if isinstance(getattr(np, n, None), np.ufunc))
NO_TYPES_OF_OURS = set("OGgmMqQ")  # objects, long doubles, times, and a second name of int64
DTYPES = ["bool", "int8", "uint8", "int32", "int64", "uint64", "float16", "float32", "float64", "complex64"]
CASTINGS = ["no", "equiv", "safe", "same_kind", "unsafe"]
ODD = {"float_power", "power", "pow", "ldexp"}


def check_types(run: Any) -> None:
    """Types of the results, or that there is an error of NumPy's class."""
    expected, got = outcome(run, np), outcome(run, tnp)
    if isinstance(expected, Exception):
        assert isinstance(got, Exception), (expected, got)
        for c in (TypeError, OverflowError, ValueError):
            if isinstance(expected, c):
                assert isinstance(got, c), (expected, got)
        return
    if isinstance(got, Exception):
        raise got
    for g, e in zip(*(r if isinstance(r, tuple) else (r,) for r in (got, expected)), strict=True):
        assert g.dtype == e.dtype, (g.dtype, e.dtype)
        assert g.shape == e.shape


@pytest.mark.parametrize("name", UFUNCS)
def test_attributes(name: str) -> None:
    """The numbers of arguments, the loops, the signature."""
    ours, theirs = getattr(tnp, name), getattr(np, name)
    assert isinstance(ours, tnp.ufunc)
    for a in ("nin", "nout", "nargs", "identity", "signature", "__name__"):
        assert getattr(ours, a) == getattr(theirs, a), a
    assert ours.ntypes == len(ours.types)
    parameters = inspect.signature(ours).parameters
    assert list(parameters) == list(inspect.signature(theirs).parameters)
    wanted = {t for t in theirs.types if not set(t) & NO_TYPES_OF_OURS}
    more = {t for t in ours.types if "E" not in t} - wanted
    assert wanted - set(ours.types) <= MISSING_LOOPS.get(name, set())
    assert more <= MORE_LOOPS.get(name, set())


MISSING_LOOPS: dict[str, set[str]] = {}
MORE_LOOPS: dict[str, set[str]] = {}


def test_all_of_numpys() -> None:
    """Each ufunc of NumPy's main namespace is one here; there are no times for isnat."""
    theirs = {n for n in dir(np) if isinstance(getattr(np, n), np.ufunc)}
    assert theirs - set(UFUNCS) == {"isnat"}


def arguments(name: str, dtype: str) -> list[Any]:
    """One array for each input; vectors and matrices where the function wants them."""
    f = getattr(np, name)
    if f.signature:
        return [sample((2, 2), dtype, 1), sample((2, 2), dtype, 2)]
    second = "int8" if name == "ldexp" else dtype
    return [np.abs(sample((3,), d, i)) + np.ones((), d) for i, d in enumerate([dtype, second][: f.nin])]


@pytest.mark.parametrize("name", UFUNCS)
def test_dtype(name: str) -> None:
    """Every pair of an input's type and one that is asked for."""
    for a, b in itertools.product(DTYPES, DTYPES):
        x = arguments(name, a)
        check_types(lambda m, x=x, b=b: getattr(m, name)(*map(m.asarray, x), dtype=b))


@pytest.mark.parametrize("name", UFUNCS)
@pytest.mark.parametrize("casting", CASTINGS)
def test_casting(name: str, casting: str) -> None:
    """With and without a type that is asked for."""
    for a in DTYPES:
        x = arguments(name, a)
        check_types(lambda m, x=x: getattr(m, name)(*map(m.asarray, x), casting=casting))
        if getattr(np, name).nin == 2:
            y = [x[0], arguments(name, "float32")[1]]
            check_types(lambda m, y=y: getattr(m, name)(*map(m.asarray, y), casting=casting))
        for b in ("int8", "float32", "complex128"):
            check_types(lambda m, x=x, b=b: getattr(m, name)(*map(m.asarray, x), dtype=b, casting=casting))


@pytest.mark.parametrize("name", ["add", "less", "sqrt", "absolute", "divmod", "modf", "matmul", "vecdot", "hypot"])
def test_signatures(name: str) -> None:
    """Each loop by its letters, by its types, and by a part of them."""
    f = getattr(np, name)
    for letters in (t for t in f.types if not set(t) & NO_TYPES_OF_OURS):
        types = tuple(letters.replace("->", ""))
        for a in ("int8", "float32", "complex64"):
            x = arguments(name, a)
            for s in (letters, types, (types[0],) + (None,) * (len(types) - 1), (None,) * f.nin + types[f.nin :]):
                check_types(lambda m, x=x, s=s: getattr(m, name)(*map(m.asarray, x), signature=s))
            check_types(lambda m, x=x, s=letters: getattr(m, name)(*map(m.asarray, x), sig=s, casting="unsafe"))


A, B, C = np.array([1, 2], "i1"), np.array([1, 2], "f4"), np.array([1.5, 2])
NUMBERS: list[tuple[str, str]] = [
    ("add", "1, 2.5, dtype='int64'"), ("add", "1, 2, dtype='uint8'"), ("add", "300, 1, dtype='int8'"),
    ("add", "A, 300, dtype='int8'"), ("add", "A, 300, dtype='f2'"), ("add", "C, 2, dtype='int8'"),
    ("add", "C, 2, dtype='int8', casting='unsafe'"), ("add", "A, 2.7, dtype='int8', casting='unsafe'"),
    ("add", "B, 2.0, casting='no'"), ("add", "B, 2, casting='no'"), ("add", "A, 2.0, casting='no'"),
    ("add", "1, 2.0, casting='no'"), ("add", "A, 2.0, casting='safe'"), ("sqrt", "4, dtype='f4'"),
    ("less", "1, 2, dtype=bool"), ("less", "1, 2, dtype=float"), ("abs", "1j, dtype='f8'"), ("divmod", "7, 2"),
    ("divmod", "7, 2, dtype='f4'"), ("divmod", "7.5, 2, dtype=int"), ("modf", "2.5, dtype='f4'"), ("modf", "3"),
    ("modf", "2.5, None"), ("modf", "2.5, None, None"), ("modf", "2.5, None, None, None"), ("modf", "2.5, out=None"),
    ("modf", "2.5, out=(None, None)"), ("frexp", "2.5, dtype='f4'"), ("frexp", "2.5, signature='f->fi'"),
    ("ldexp", "2.5, 3"), ("ldexp", "2.5, 3.0"), ("ldexp", "A, A"), ("ldexp", "B, True"), ("ldexp", "2.5, A"),
    ("ldexp", "2, A"), ("ldexp", "B, 2"), ("ldexp", "B, C"), ("ldexp", "2.5, 3, dtype='f4'"),
    ("add", "1, 2, None"), ("add", "1, 2, out=None"), ("add", "1, 2, out=(None,)"), ("add", "1, 2, None, None"),
    ("add", "1"), ("add", ""), ("add", "1, 2, out=(None, None)"), ("add", "1, 2, bad=1"), ("add", "1, 2, axis=1"),
    ("add", "1, 2, keepdims=True"), ("add", "1, 2, axes=[0, 0]"), ("matmul", "C, C, where=True"),
    ("add", "1, 2, order='X'"), ("add", "1, 2, order=None"), ("add", "1, 2, order='F'"), ("add", "1, 2, order=1"),
    ("add", "1, 2, subok=1"), ("add", "1, 2, subok=None"), ("add", "1, 2, subok=False"), ("add", "1, 2, casting='x'"),
    ("add", "1, 2, casting=None"), ("add", "1, 2, casting=1"), ("add", "1, 2, dtype='nope'"),
    ("add", "1, 2, dtype='U1'"), ("add", "1, 2, dtype=None"), ("add", "1, 2, signature='d'"),
    ("add", "1, 2, signature=('d',)"), ("add", "1, 2, signature=('f', 'd')"), ("add", "1, 2, signature='dd'"),
    ("add", "1, 2, signature=('f', 'd', None)"), ("add", "1, 2, signature='dd->dd'"), ("add", "1, 2, signature=3"),
    ("add", "1, 2, signature='xx->x'"), ("add", "1, 2, sig='dd->d', signature='dd->d'"), ("add", "1, 2, sig='ff->f'"),
    ("add", "1, 2, dtype='d', signature='dd->d'"), ("add", "1, 2, signature=None"), ("add", "A, C, signature='ll->l'"),
    ("divide", "1, 0.0, where=False"), ("divide", "1, 2, dtype=int"), ("matmul", "C, C, dtype='int8'"),
    ("matmul", "C, C, dtype='int8', casting='unsafe'"), ("matmul", "[True], [True], dtype='i1'"),
    ("vecdot", "C, C, dtype='c8'"), ("vecdot", "C, C, signature='FF->F'"), ("vecdot", "C, C, bad=1"), ("matmul", "C, 2"),
    ("divmod.reduce", "[1, 2]"), ("modf.reduce", "[1, 2]"), ("divmod.accumulate", "[1, 2]"),
    ("ldexp.accumulate", "[1.0, 2]"), ("ldexp.reduceat", "[1, 2], [0]"), ("divmod.outer", "[1, 2], [3, 4]"),
    ("ldexp.outer", "[1, 2], [3, 4]"), ("frexp.at", "A, [0]"), ("divmod.at", "A, [0], 1"), ("modf.at", "C, [0]"),
    ("matmul.reduce", "[1, 2]"), ("matmul.accumulate", "[1, 2]"), ("matmul.outer", "[1, 2], [1]"),
    ("matmul.at", "A, [0], 1"), ("modf.outer", "[1], [2]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), NUMBERS)
def test_calls(name: str, text: str) -> None:
    """Weak numbers, what stands for outputs, misuse."""

    def run(m: Any) -> Any:
        f = m
        for part in name.split("."):
            f = getattr(f, part)
        arrays = {k: m.asarray(v) for k, v in (("A", A), ("B", B), ("C", C))}
        return eval(f"f({text})", {"f": f}, arrays)

    check(run, 1e-6)
    expected, got = outcome(run, np), outcome(run, tnp)
    if isinstance(expected, RuntimeError):
        assert isinstance(got, RuntimeError)


def test_numpys_classes_of_errors() -> None:
    """What code catches by NumPy's private names, with their attributes."""
    from numpy._core._exceptions import UFuncTypeError, _UFuncInputCastingError

    with pytest.raises(_UFuncInputCastingError, match=r"Cannot cast ufunc 'add' input 1 from dtype\('float64'\)") as e:
        tnp.add(1, 2.5, dtype="int64")
    assert (e.value.ufunc, e.value.casting, e.value.in_i) == (tnp.add, "same_kind", 1)
    assert (e.value.from_, e.value.to) == (tnp.float64, tnp.int64)
    assert issubclass(_UFuncInputCastingError, UFuncTypeError)
    with pytest.raises(TypeError, match="divide"):
        tnp.divide(1, 2, dtype=int)
    with pytest.raises(TypeError, match="immutable"):
        tnp.add(1, 2, tnp.zeros(()))
    with pytest.raises(TypeError, match="immutable"):
        tnp.modf(1.5, out=(None, tnp.zeros(())))


@pytest.mark.parametrize("name", ["divide", "log", "arctanh", "reciprocal", "remainder", "log1p", "sqrt", "power"])
def test_where_leaves_out_warnings(name: str) -> None:
    """What `where` excludes is not computed; what it includes is, with its warning."""
    bad = {"sqrt": -1.0, "log1p": -1.0, "arctanh": 1.0}.get(name, 0.0)
    x = tnp.asarray([bad, 0.25])
    args = (x,) if getattr(tnp, name).nin == 1 else (1.0, x)
    args = (x, -1.0) if name == "power" else args
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = getattr(tnp, name)(*args, where=[False, True])
        assert y[1] == getattr(tnp, name)(*(a[1] if a is x else a for a in args))
    with pytest.warns(RuntimeWarning):
        getattr(tnp, name)(*args, where=[True, False])


@pytest.mark.parametrize("compiled", [False, True])
def test_in_traced_functions(compiled: bool) -> None:
    """Keywords work there, too."""
    x = tnp.asarray([1.5, -2.5, 3.0])

    def f(x: Any) -> Any:
        return (
            tnp.add(x, 1, dtype="float32"), *tnp.modf(x, where=[True, False, True]), tnp.ldexp(x, 2),
            tnp.vecdot(x, x, keepdims=True), *tnp.divmod(x, 2, signature="ff->ff"),
        )  # fmt: skip

    got = (tnp.function(f) if compiled else f)(x)
    n = np.asarray(x)
    wanted = (
        np.add(n, 1, dtype="float32"), [0.5, 0, 0], [1, 0, 3], np.ldexp(n, 2), np.vecdot(n, n, keepdims=True),
        *np.divmod(n, 2, signature="ff->ff"),
    )  # fmt: skip
    for g, w in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(np.asarray(g), w)
    with pytest.raises(TypeError):
        (tnp.function(f) if compiled else f)(x * 1j)


AXES = [
    {}, {"axis": 0}, {"axis": -1}, {"axis": 1}, {"axis": 3}, {"axis": -4}, {"keepdims": True}, {"keepdims": 1},
    {"axis": 0, "keepdims": True}, {"axis": -2, "keepdims": True}, {"axes": [0, 0]}, {"axes": [0, 0], "keepdims": True},
    {"axes": [0, 0, 1], "keepdims": True}, {"axes": [0, 0, ()]}, {"axes": [0, 0, 0]}, {"axes": [0]},
    {"axes": [(0,), (1,)]}, {"axes": [0, 0], "axis": 0}, {"axes": [1, 2]}, {"axes": ["a", 0]}, {"axis": 1.5},
    {"axes": [(0, 1), (0, 1), (0, 1)]}, {"axes": [(1, 2), (0, 1), (-1, -2)]}, {"axes": [(0, 2), (0, 2), (0, 2)]},
    {"axes": [(0, 1), 0, 0]}, {"axes": [(0, 1), (1,), (0,)]}, {"axes": [0, (0, 1), 0]}, {"axes": [(1,), (2, 1), (2,)]},
    {"axes": [(0, 0), (0, 1), (0, 1)]}, {"axes": [(0, 1, 2), (0, 1), (0, 1)]}, {"axes": [(0, 1), (0, 1)]},
    {"axes": [(0, 1), (0, 1), (5, 1)]}, {"axes": [0, 0, ()], "keepdims": True},
]  # fmt: skip


@pytest.mark.parametrize("kwargs", AXES, ids=repr)
@pytest.mark.parametrize("name", ["matmul", "vecdot", "matvec", "vecmat"])
@pytest.mark.parametrize("shapes", [((3, 3, 3), (3, 3, 3)), ((3, 3), (3,)), ((3,), (3, 3)), ((3,), (3,))])
def test_axes(name: str, shapes: Any, kwargs: dict[str, Any]) -> None:
    """Of functions of vectors and matrices, for equal sizes and all that is wrong."""
    x, y = (sample(s, "complex128", i) for i, s in enumerate(shapes))
    check(lambda m: getattr(m, name)(m.asarray(x), m.asarray(y), **kwargs), 1e-12)
    check(lambda m: getattr(m, name)(m.asarray(x), 2))
    with pytest.raises(TypeError, match="list"):
        getattr(tnp, name)(x, y, axes=3)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("matmul", {"axes": [(0, 1), (2, 1), (0, 2)]}), ("matmul", {"axes": [(-1, 0), (0, 1), (1, 0)]}),
        ("matvec", {"axes": [(0, 2), 0, 1]}), ("vecmat", {"axes": [0, (0, 2), 0]}), ("vecdot", {"axis": 1}),
        ("vecdot", {"axes": [1, 2]}), ("vecdot", {"axes": [1, 2, 0], "keepdims": True}),
    ],
)  # fmt: skip
def test_axes_of_different_sizes(name: str, kwargs: dict[str, Any]) -> None:
    """Batches of matrices along other axes than the last."""
    for s, t in itertools.product([(2, 3, 4), (4, 3, 2), (3, 2, 4)], repeat=2):
        check(lambda m, s=s, t=t: getattr(m, name)(m.ones(s), m.ones(t), **kwargs))


def test_resolve_dtypes() -> None:
    """The types of a call without arrays."""
    i1, f4 = np.dtype("i1"), np.dtype("f4")
    for name, args, kwargs in (
        ("add", (i1, f4, None), {}), ("add", (i1, float, None), {}), ("add", (f4, float, None), {}),
        ("sqrt", (int, None), {}), ("divmod", (i1, int, None, None), {}), ("add", (i1, f4, None), {"casting": "no"}),
        ("add", (i1, f4), {}), ("add", (i1, f4, None), {"signature": "dd->d"}), ("matmul", (i1, f4, None), {}),
        ("add", (None, i1, None), {}), ("add", (None, i1, None), {"reduction": True}),
        ("sqrt", (None, i1), {"reduction": True}),
    ):  # fmt: skip
        theirs, ours = (
            outcome(lambda f, a=args, k=kwargs: f.resolve_dtypes(a, **k), getattr(m, name)) for m in (np, tnp)
        )
        if isinstance(theirs, Exception):
            assert isinstance(ours, TypeError if isinstance(theirs, TypeError) else ValueError), (name, args, theirs)
        else:
            assert ours == theirs, (name, args)
