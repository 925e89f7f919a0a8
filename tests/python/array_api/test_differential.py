"""Every function of whole arrays on every type and pair of types, against array-api-strict: it raises exactly when that
raises, and gives the same type, shape and values otherwise. What differs is listed with the clause that decides.
"""

import inspect
import itertools
import re
import runpy
import warnings
from pathlib import Path

import array_api_strict as ref
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tnp import array_api as xp

import numpy as np

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
DTYPES = ["bool", *INTEGERS, "float32", "float64", "complex64", "complex128"]
MATRIX = np.array([[4, 1, 2], [1, 5, 3], [2, 3, 6]])
VECTOR = np.array([3, 1, 2, 1, 0, 5])

SCALARS = ("True", "1", "-1", "1.5", "1j", "None")
DTYPE_KINDS = ("bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric")

# name: calls of a module m and an array x (a vector v, or a matrix)
UNARY = {
    "vector": {
        **{
            f: f"m.{f}(x)"
            for f in [
                "sum",
                "prod",
                "max",
                "min",
                "mean",
                "std",
                "var",
                "all",
                "any",
                "argmax",
                "argmin",
                "count_nonzero",
                "nonzero",
            ]
        },
        **{
            f: f"m.{f}(x)"
            for f in ["sort", "argsort", "cumulative_sum", "cumulative_prod", "diff", "flip", "unique_values"]
        },
        **{
            f"{f} {k}": f"m.{f}(x).{k}"
            for f, k in (("unique_all", "indices"), ("unique_counts", "counts"), ("unique_inverse", "inverse_indices"))
        },
        "sort descending": "m.sort(x, descending=True)",
        "argsort descending": "m.argsort(x, descending=True)",
        "sum dtype": "m.sum(x, dtype=m.float64)",
        "prod dtype": "m.prod(x, dtype=m.int64)",
        "cumulative_sum initial": "m.cumulative_sum(x, include_initial=True)",
        "cumulative_prod initial": "m.cumulative_prod(x, include_initial=True)",
        "var correction": "m.var(x, correction=1, keepdims=True)",
        "diff n": "m.diff(x, n=2)",
        "clip": "m.clip(x, 1, 3)",
        "clip float": "m.clip(x, 0.5, None)",
        "repeat": "m.repeat(x, 2)",
        "roll": "m.roll(x, 2)",
        "tile": "m.tile(x, (2, 2))",
        "take": "m.take(x, m.asarray([1, 0]))",
        "take_along_axis": "m.take_along_axis(x, m.asarray([1, 0]))",
        "unstack": "m.unstack(x)[0]",
        "reshape": "m.reshape(x, (2, 3))",
        "expand_dims": "m.expand_dims(x, (0, 2))",
        "squeeze": "m.squeeze(m.expand_dims(x, 0), 0)",
        "broadcast_to": "m.broadcast_to(x, (2, 6))",
        "moveaxis": "m.moveaxis(m.reshape(x, (2, 3)), 0, 1)",
        "permute_dims": "m.permute_dims(m.reshape(x, (2, 3)), (1, 0))",
        "zeros_like": "m.zeros_like(x)",
        "ones_like": "m.ones_like(x)",
        "full_like": "m.full_like(x, 1)",
        "full_like float": "m.full_like(x, 1.5)",
        "full_like bool": "m.full_like(x, True)",
        "meshgrid": "m.meshgrid(x, x)[0]",
        "isin": "m.isin(x, x)",
        "isin scalar": "m.isin(x, 1)",
        "searchsorted scalar": "m.searchsorted(m.sort(x), 1)",
        "vector_norm": "m.linalg.vector_norm(x)",
        "vector_norm 1": "m.linalg.vector_norm(x, ord=1, keepdims=True)",
        **{f"astype {d}": f"m.astype(x, m.{d})" for d in DTYPES},
        **{f"asarray {d}": f"m.asarray(x, dtype=m.{d}, copy=True)" for d in ("float64", "complex128")},
        **{
            f: f"m.fft.{f}(x)"
            for f in [
                "fft",
                "ifft",
                "rfft",
                "irfft",
                "hfft",
                "ihfft",
                "fftn",
                "ifftn",
                "rfftn",
                "irfftn",
                "fftshift",
                "ifftshift",
            ]
        },
        "fft n": "m.fft.fft(x, n=4, norm='ortho')",
        "where": "m.where(x, x, x)",
        **{f"{f} dtype": f"m.{f}((2, 3), dtype=x.dtype)" for f in ("zeros", "ones")},
        "empty dtype": "m.ones_like(m.empty((2, 3), dtype=x.dtype))",
        "empty_like": "m.ones_like(m.empty_like(x))",
        "empty_like dtype": "m.zeros_like(m.empty_like(m.ones(2), dtype=x.dtype))",
        **{f"full {v}": f"m.full((2,), {v}, dtype=x.dtype)" for v in SCALARS},
        **{f"full_like {v}": f"m.full_like(x, {v})" for v in SCALARS},
        **{f"asarray of {v}": f"m.asarray({v}, dtype=x.dtype)" for v in SCALARS},
        **{f"result_type {v}": f"m.zeros(1, dtype=m.result_type(x, {v}))" for v in SCALARS},
        **{f"where {v}": f"m.where(m.asarray([True, False] * 3), x, {v})" for v in SCALARS},
        **{f"assigned {v}": f"x.__setitem__(0, {v}) or x" for v in SCALARS},
        "eye dtype": "m.eye(3, 4, k=1, dtype=x.dtype)",
        "arange dtype": "m.arange(1, 9, 2, dtype=x.dtype)",
        "linspace dtype": "m.linspace(0, 6, 4, dtype=x.dtype)",
        "fftfreq dtype": "m.fft.fftfreq(4, dtype=x.dtype)",
        "rfftfreq dtype": "m.fft.rfftfreq(4, dtype=x.dtype)",
        "finfo": "m.asarray(m.finfo(x).eps, dtype=m.finfo(x.dtype).dtype)",
        "iinfo": "m.asarray(m.iinfo(x).max, dtype=m.iinfo(x.dtype).dtype)",
        "from_dlpack": "m.from_dlpack(x)",
        "from_dlpack copy": "m.from_dlpack(np.asarray(x), copy=True)",
        **{f"isdtype {k}": f"m.asarray(m.isdtype(x.dtype, {k!r}))" for k in DTYPE_KINDS},
        "argmax axis": "m.argmax(m.reshape(x, (2, 3)), axis=1, keepdims=True)",
        "iteration": "list(x)[1]",
    },
    "matrix": {
        **{f: f"m.{f}(x)" for f in ["tril", "triu", "matrix_transpose"]},
        "sum axis": "m.sum(x, axis=0)",
        "max axes": "m.max(x, axis=(0, 1), keepdims=True)",
        "T": "x.T",
        "mT": "x.mT",
        **{
            f: f"m.linalg.{f}(x)"
            for f in [
                "cholesky",
                "det",
                "inv",
                "eigvalsh",
                "svdvals",
                "diagonal",
                "trace",
                "matrix_norm",
                "matrix_transpose",
                "pinv",
            ]
        },
        "eigh": "m.linalg.eigh(x).eigenvalues",
        "eig": "m.sort(m.real(m.linalg.eig(x).eigenvalues))",
        "eigvals": "m.sort(m.real(m.linalg.eigvals(x)))",
        "qr": "m.abs(m.linalg.qr(x).R)",
        "svd": "m.linalg.svd(x).S",
        "slogdet": "m.linalg.slogdet(x).logabsdet",
        "matrix_power": "m.linalg.matrix_power(x, 3)",
        "matrix_norm nuc": "m.linalg.matrix_norm(x, ord='nuc')",
        "trace dtype": "m.linalg.trace(x, dtype=m.float64)",
        "cholesky upper": "m.linalg.cholesky(x, upper=True)",
        "matrix_rank": "m.linalg.matrix_rank(x)",
    },
}
BINARY = {
    "vector": {
        "concat": "m.concat([x, y])",
        "stack": "m.stack([x, y])",
        "where": "m.where(m.asarray([True, False, True, True, False, True]), x, y)",
        "vecdot": "m.vecdot(x, y)",
        "tensordot": "m.tensordot(x, y, axes=1)",
        "outer": "m.linalg.outer(x, y)",
        "cross": "m.linalg.cross(x[:3], y[:3])",
        "isin": "m.isin(x, y)",
        "clip": "m.clip(x, y, None)",
        "result_type": "m.zeros(1, dtype=m.result_type(x, y))",
        "can_cast": "m.asarray(m.can_cast(x, y.dtype))",
        "repeat": "m.repeat(x, y)",
        "take": "m.take(x, y)",
        "take_along_axis": "m.take_along_axis(x, y)",
        "searchsorted": "m.searchsorted(m.sort(x), y)",
        "diff": "m.diff(x, prepend=y)",
        "meshgrid": "m.meshgrid(x, y)[1]",
        "getitem": "x[y]",
        "broadcast_arrays": "m.broadcast_arrays(x, y)[1]",
        "broadcast_shapes": "m.zeros(m.broadcast_shapes(x.shape, (2, 1)), dtype=m.result_type(x, y))",
        "astype": "m.astype(x, y.dtype)",
        "asarray": "m.asarray(x, dtype=y.dtype)",
        "zeros_like": "m.zeros_like(x, dtype=y.dtype)",
        "ones_like": "m.ones_like(x, dtype=y.dtype)",
        "full_like": "m.full_like(x, 1, dtype=y.dtype)",
        "sum": "m.sum(x, dtype=y.dtype)",
        "prod": "m.prod(x, dtype=y.dtype)",
        "cumulative_sum": "m.cumulative_sum(x, dtype=y.dtype)",
        "cumulative_prod": "m.cumulative_prod(x, dtype=y.dtype)",
        "assigned": "x.__setitem__(0, y[1]) or x",
        "masked": "x.__setitem__(y, x[0]) or x",
        "getitem pair": "x[(y,)]",
        "isdtype": "m.asarray(m.isdtype(x.dtype, (y.dtype, 'bool')))",
        "clip both": "m.clip(x, y, y)",
        "isin invert": "m.isin(x, y, invert=True)",
    },
    "matrix": {
        "matmul": "m.matmul(x, y)",
        "operator matmul": "x @ y",
        "in place matmul": "x.__imatmul__(y)",
        "linalg.matmul": "m.linalg.matmul(x, y)",
        "linalg.vecdot": "m.linalg.vecdot(x, y)",
        "linalg.tensordot": "m.linalg.tensordot(x, y)",
        "solve": "m.linalg.solve(x, y)",
        "trace": "m.linalg.trace(x, dtype=y.dtype)",
        "pinv": "m.linalg.pinv(x, rtol=y[0, 0])",
        "matrix_rank": "m.linalg.matrix_rank(x, rtol=y[0, 0])",
    },
}

INEXACT = {"float32", "float64", "complex64", "complex128"}
NUMBERS = {*INTEGERS, *INEXACT}
REAL_NUMBERS = {*INTEGERS, "float32", "float64"}


def beyond_promotion(taken):
    """Pairs of types that a function takes, and that the standard does not promote."""
    return lambda a, b: a in taken and b in taken and not promotable(a, b)


# Known disagreements, exactly: the types for which there is one, and what the standard says.
TYPES_BEYOND = {
    # full: "dtype: output array data type", astype: "casting a complex floating-point array to a real-valued data type
    # should not be permitted", which holds of numbers too.
    **dict.fromkeys(("full 1j", "full_like 1j"), lambda d: d in REAL_NUMBERS),
    # asarray: "obj: object to be converted to an array. May be a Python scalar, a (possibly nested) sequence of Python
    # scalars, or an object supporting the Python buffer protocol"; None is none of these.
    "asarray of None": lambda d: d == "bool" or d in INEXACT,
    # matrix_rank: "x: … should have a floating-point data type".
    "matrix_rank": lambda d: d not in INEXACT,
}
PAIRS_BEYOND = {
    # "prepend: … should have the same data type as x".
    "diff": lambda a, b: a in NUMBERS and a != b,
    # Type promotion: "mixed-kind type promotion … behavior is unspecified", which holds of values to insert too.
    "searchsorted": beyond_promotion(REAL_NUMBERS),
    # clip: "x and min: … type promotion rules", where uint64 and signed integers have none.
    **dict.fromkeys(("clip", "clip both"), beyond_promotion(INTEGERS)),
    # matmul, vecdot, tensordot, outer, cross: "the returned array must have a data type determined by type promotion".
    **dict.fromkeys(("matmul", "vecdot", "tensordot", "outer", "cross"), beyond_promotion(NUMBERS)),
    **dict.fromkeys(("linalg.matmul", "linalg.vecdot", "linalg.tensordot"), beyond_promotion(NUMBERS)),
    # isin: "invert: … if True, return True where x1 is not in x2"; array-api-strict looks at no invert.
    "isin invert": lambda a, b: a in INTEGERS and b in INTEGERS and promotable(a, b),
    # As above.
    "matrix_rank": lambda a, b: a not in INEXACT,
}


def promotable(a, b):
    """Whether the standard's table has the pair."""
    try:
        ref.result_type(getattr(ref, a), getattr(ref, b))
    except TypeError:
        return False
    return True


def outcome(module, call, *arrays):
    """The class of an error, or type, shape and values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            scope = {"m": module, "np": np, **dict(zip("xy", (module.asarray(a) for a in arrays), strict=False))}
            out = eval(call, scope)
            out = out[0] if isinstance(out, tuple) else out
        except (NameError, SyntaxError):
            raise  # of the call's text
        except Exception as error:
            return error
    return repr(out.dtype).rpartition(".")[2], np.asarray(out)


def compare(name, call, *arrays):
    """Why two namespaces differ, or nothing."""
    ours, theirs = outcome(xp, call, *arrays), outcome(ref, call, *arrays)
    key = (name, *(a.dtype.name for a in arrays))
    if isinstance(ours, Exception) or isinstance(theirs, Exception):
        both = isinstance(ours, Exception) and isinstance(theirs, Exception)
        return "" if both else f"{key}: {ours!r} against {theirs!r}"
    if ours[0] != theirs[0] or ours[1].shape != theirs[1].shape:
        return f"{key}: {ours[0]}{ours[1].shape} against {theirs[0]}{theirs[1].shape}"
    eps = np.finfo(ours[1].dtype).eps if ours[1].dtype.kind in "fc" else 0
    if not np.allclose(ours[1], theirs[1], rtol=1e3 * eps, atol=1e3 * eps, equal_nan=True):
        return f"{key}: {ours[1]} against {theirs[1]}"
    return ""


def data(shape, dtype):
    """Elements of a type."""
    return (VECTOR if shape == "vector" else MATRIX).astype(dtype)


def check_known(differences, beyond, types):
    """Where namespaces differ, and only there, the disagreement is a known one."""
    bad = [d for d, t in zip(differences, types, strict=True) if d and not beyond(*t)]
    assert not bad, bad[:6]
    gone = [t for d, t in zip(differences, types, strict=True) if not d and beyond(*t)]
    assert not gone, f"differences that are none any more: {gone[:6]}"


@pytest.mark.parametrize(("shape", "name"), [(s, n) for s, calls in UNARY.items() for n in calls])
def test_one_array(shape, name):
    """Each type."""
    differences = [compare(name, UNARY[shape][name], data(shape, d)) for d in DTYPES]
    check_known(differences, TYPES_BEYOND.get(name, lambda d: False), [(d,) for d in DTYPES])


@pytest.mark.parametrize(("shape", "name"), [(s, n) for s, calls in BINARY.items() for n in calls])
def test_two_arrays(shape, name):
    """Each pair of types."""
    pairs = list(itertools.product(DTYPES, repeat=2))
    differences = [compare(name, BINARY[shape][name], data(shape, a), data(shape, b)) for a, b in pairs]
    check_known(differences, PAIRS_BEYOND.get(name, lambda a, b: False), pairs)


def test_every_function_is_compared():
    """No function of the namespace escapes: the calls above name it, or it is elementwise and in test_elementwise."""
    calls = [c for table in (UNARY, BINARY) for group in table.values() for c in group.values()]
    elementwise = runpy.run_path(str(Path(__file__).with_name("test_elementwise.py")))
    named = set(re.findall(r"m\.(?:linalg\.|fft\.)?(\w+)", " ".join(calls)))
    for module in (xp, xp.linalg, xp.fft):
        names = {n for n in module.__all__ if inspect.isbuiltin(getattr(module, n))}
        escaped = names - named - set(elementwise["UNARY"] + elementwise["BINARY"])
        assert not {n for n in escaped if not n.endswith("array_api_strict_flags")}


# --- shapes and indices at random

SHAPES = st.lists(st.integers(0, 4), min_size=0, max_size=4).map(tuple)


@st.composite
def arrays_and_indices(draw):
    """A shape and an index of integers, slices, ... and None, good or bad."""
    shape = draw(SHAPES)
    item = st.one_of(
        st.integers(-5, 4),
        st.builds(slice, *(st.none() | st.integers(-6, 6),) * 2, st.none() | st.integers(1, 3) | st.integers(-3, -1)),
        st.just(Ellipsis),
        st.none(),
    )
    index = tuple(draw(st.lists(item, max_size=len(shape) + 2)))
    return shape, index if len(index) != 1 or draw(st.booleans()) else index[0]


def negative_stop(shape, index):
    """Whether a slice goes backwards, where the bounds of its end are the standard's own: -n - 1 … max(0, n - 1)."""
    items = index if isinstance(index, tuple) else (index,)
    return any(isinstance(i, slice) and (i.step or 1) < 0 and i.stop is not None for i in items)


def bounded(shape, index):
    """Whether array-api-strict looks at all slices: it looks at the wrong axes behind None, and not at all behind ...."""
    items = index if isinstance(index, tuple) else (index,)
    return None not in items and Ellipsis not in items


@settings(max_examples=300, deadline=None)
@given(arrays_and_indices())
def test_indexing(case):
    """Reading and writing."""
    shape, index = case
    if negative_stop(shape, index) or not bounded(shape, index):
        return
    a = np.arange(float(np.prod(shape, dtype=int))).reshape(shape)
    scope = {"I": index}
    for call in ("x[I]", "x.__setitem__(I, 7.0) or x"):
        results = []
        for module in (xp, ref):
            try:
                results.append(np.asarray(eval(call, {"x": module.asarray(a, copy=True), **scope})))
            except (IndexError, ValueError) as error:
                results.append(type(error))
        ours, theirs = results
        if isinstance(ours, type) or isinstance(theirs, type):
            assert isinstance(ours, type) and isinstance(theirs, type), (shape, index, call, ours, theirs)
        else:
            assert np.array_equal(ours, theirs), (shape, index, call)


@settings(max_examples=150, deadline=None)
@given(SHAPES, SHAPES, st.sampled_from(["add", "maximum", "equal"]))
def test_broadcasting(a, b, name):
    """Shapes of two arrays."""
    problem = compare(name, f"m.{name}(x, y)", np.ones(a), np.ones(b))
    assert not problem, problem


@settings(max_examples=200, deadline=None)
@given(
    SHAPES,
    st.integers(-5, 4),
    st.booleans(),
    st.sampled_from(["sum", "max", "argmax", "mean", "all", "cumulative_sum", "sort", "flip", "diff"]),
)
def test_axes(shape, axis, keepdims, name):
    """Axes of reductions and scans, within bounds and beyond them."""
    keep = f", keepdims={keepdims}" if name in {"sum", "max", "argmax", "mean", "all"} else ""
    a = np.random.default_rng(0).normal(size=shape)
    if not shape:
        return  # "axis: a valid axis must be an integer on the interval [-N, N)": NumPy reduces 0 dimensions along one
    if 0 in shape and name in {"max", "argmax"}:
        return  # "zero-size arrays: if an axis … has no elements, behavior is implementation-defined"
    problem = compare(name, f"m.{name}(x, axis={axis}{keep})", a)
    assert not problem, (shape, problem)


@settings(max_examples=200, deadline=None)
@given(SHAPES, st.data())
def test_shapes(shape, draw):
    """Functions of shapes."""
    n = len(shape)
    axes = draw.draw(st.permutations(range(n))) if n else []
    call = draw.draw(
        st.sampled_from(
            [
                f"m.permute_dims(x, {tuple(axes)})",
                f"m.reshape(x, {(-1,) if np.prod(shape, dtype=int) else (0,)})",
                f"m.expand_dims(x, {draw.draw(st.integers(-n - 2, n + 1))})",
                f"m.squeeze(x, {draw.draw(st.integers(-n - 1, n))})",
                f"m.roll(x, {draw.draw(st.integers(-9, 9))}, axis={draw.draw(st.integers(-n - 1, n))})",
                f"m.tile(x, {tuple(draw.draw(st.lists(st.integers(0, 3), max_size=3)))})",
                f"m.unstack(x, axis={draw.draw(st.integers(-n - 1, n))})",
                f"m.moveaxis(x, {draw.draw(st.integers(-n - 1, n))}, {draw.draw(st.integers(-n - 1, n))})",
                f"m.concat([x, x], axis={draw.draw(st.integers(-n - 1, n))})",
                f"m.stack([x, x], axis={draw.draw(st.integers(-n - 2, n + 1))})",
            ]
        )
    )
    a = np.arange(float(np.prod(shape, dtype=int))).reshape(shape)
    problem = compare(call, call, a)
    if "squeeze" in call and not n:
        return  # as for reductions
    if "unstack" in call and 0 in shape:
        return  # an empty tuple
    assert not problem, (shape, problem)
