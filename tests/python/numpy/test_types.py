"""Types, their promotion and limits; floating-point errors."""

from __future__ import annotations

import inspect
import warnings

import pytest
import tnp

import numpy as np

from .oracle import DTYPES, check

VALUES = [True, 1, 1.5, 1j, np.int8(1), np.float32(1), [1, 2], "int16", float, np.dtype("uint8"), np.ones(2, "float16")]


@pytest.mark.parametrize("a", VALUES, ids=repr)
@pytest.mark.parametrize("b", VALUES, ids=repr)
def test_result_type(a: object, b: object) -> None:
    """Weak Python numbers, arrays, types."""
    if isinstance(a, list) or isinstance(b, list):
        a, b = (np.asarray(v) if isinstance(v, list) else v for v in (a, b))
    assert tnp.result_type(a, b) == np.result_type(a, b)


@pytest.mark.parametrize("a", DTYPES)
def test_pairs(a: str) -> None:
    """promote_types and can_cast."""
    for b in DTYPES:
        assert tnp.promote_types(a, b) == np.promote_types(a, b)
        for casting in ["no", "equiv", "safe", "same_kind", "unsafe"]:
            assert tnp.can_cast(a, b, casting) == np.can_cast(a, b, casting), (a, b, casting)


def test_wrong_types() -> None:
    """The errors are NumPy's."""
    for call in (
        lambda m: m.result_type(),
        lambda m: m.can_cast(1, "int8"),
        lambda m: m.can_cast("int8", "int16", "maybe"),
        lambda m: m.promote_types("int8", "x"),
        lambda m: m.finfo("int8"),
        lambda m: m.iinfo("float32"),
        lambda m: m.finfo(1),
        lambda m: m.iinfo(1.5),
        lambda m: m.iinfo(True),
        lambda m: m.isdtype("x1", "bool"),
        lambda m: m.isdtype(m.float32, "floating"),
    ):
        check(call)


@pytest.mark.parametrize("dtype", DTYPES)
def test_limits_and_kinds(dtype: str) -> None:
    """finfo, iinfo, issubdtype, isdtype."""
    if "float" in dtype or "complex" in dtype:
        a, b = tnp.finfo(dtype), np.finfo(dtype)
        for name in [
            "eps",
            "epsneg",
            "max",
            "min",
            "tiny",
            "smallest_normal",
            "smallest_subnormal",
            "bits",
            "precision",
            "resolution",
            "iexp",
            "machep",
            "negep",
            "nmant",
            "nexp",
            "maxexp",
            "minexp",
        ]:
            assert getattr(a, name) == getattr(b, name), name
            assert type(getattr(a, name)) is type(getattr(b, name)), name
        assert a.dtype == b.dtype
        assert (repr(a), str(a)) == (repr(b), str(b))
        x = tnp.ones(3, "float16")
        assert (x + a.eps).dtype == (np.ones(3, "float16") + b.eps).dtype
    elif "int" in dtype:
        a, b = tnp.iinfo(dtype), np.iinfo(dtype)
        assert (a.min, a.max, a.bits, a.kind, a.key) == (b.min, b.max, b.bits, b.kind, b.key)
        assert (repr(a), str(a)) == (repr(b), str(b))
    for kind in [
        "generic",
        "number",
        "integer",
        "signedinteger",
        "unsignedinteger",
        "inexact",
        "floating",
        "complexfloating",
    ]:
        assert tnp.issubdtype(getattr(tnp, dtype, tnp.bool_), getattr(tnp, kind)) == np.issubdtype(
            np.dtype(dtype), getattr(np, kind)
        )
    for kind in [
        "bool",
        "signed integer",
        "unsigned integer",
        "integral",
        "real floating",
        "complex floating",
        "numeric",
    ]:
        assert tnp.isdtype(tnp.dtype(dtype), kind) == np.isdtype(np.dtype(dtype), kind)
    assert tnp.min_scalar_type(np.ones(2, dtype)) == np.min_scalar_type(np.ones(2, dtype))


def test_scalars() -> None:
    """isscalar, min_scalar_type, constants."""
    for value in (1, 1.5, "a", None, [1], np.float32(1)):
        assert tnp.isscalar(value) == np.isscalar(value)
    assert not tnp.isscalar(tnp.array(1))
    for value in (0, 255, 256, -1, -129, 2**40, 1.5, 1e300, 1j, True):
        assert tnp.min_scalar_type(value) == np.min_scalar_type(value), value
    assert (tnp.pi, tnp.e, tnp.inf, tnp.euler_gamma, tnp.newaxis) == (np.pi, np.e, np.inf, np.euler_gamma, None)


def test_warnings_and_errors() -> None:
    """RuntimeWarning in NumPy's words, silence, FloatingPointError."""
    one, zero = tnp.ones(3), tnp.zeros(3)
    with pytest.warns(RuntimeWarning, match="divide by zero encountered in divide"):
        one / zero
    with pytest.warns(RuntimeWarning, match="invalid value encountered in divide"):
        zero / zero
    with pytest.warns(RuntimeWarning, match="overflow encountered in multiply"):
        tnp.full(3, 1e300) * 1e300
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with tnp.errstate(divide="ignore", invalid="ignore"):
            one / zero
            zero / zero
        tnp.isclose(tnp.asarray([np.inf, np.nan]), tnp.asarray([np.inf, 1.0]))
    with tnp.errstate(all="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
        one / zero
    called: list[tuple[str, int]] = []
    with tnp.errstate(divide="call", call=lambda kind, flag: called.append((kind, flag))):
        one / zero
    assert called[0][0] == "divide by zero"
    assert tnp.geterr() == np.geterr()
    with pytest.raises(ValueError):
        tnp.seterr(all="maybe")
    with pytest.warns(RuntimeWarning, match="Mean of empty slice"):
        tnp.mean(tnp.zeros(0))
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        tnp.var(tnp.zeros(1), ddof=1)


def test_signatures() -> None:
    """Functions and methods tell their parameters, NumPy's in NumPy's order."""
    own = {"out": None}
    for name, function in tnp._core.functions.items():
        if name.startswith("_"):
            continue
        parameters = inspect.signature(function).parameters
        try:
            theirs = inspect.signature(getattr(np, name)).parameters
        except (AttributeError, ValueError):
            continue
        positional = [p.name for p in theirs.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        mine = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        if name not in ("arange", "real", "imag", "matmul", "vecdot", "matvec", "vecmat", "can_cast"):
            assert mine == positional, (name, own)
