"""Every function of NumPy's surface on a few arguments, right and wrong ones, gives what NumPy gives."""

from __future__ import annotations

import csv
import inspect
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tnp

import numpy as np

from .oracle import sample

SURFACE = Path(__file__).parents[2] / "data" / "surface_names.csv"
A = {
    "f5": sample((5,), "float64"), "i23": sample((2, 3), "int64"), "f33": sample((3, 3), "float32", 3),
    "b23": sample((2, 3), "bool"), "c22": sample((2, 2), "complex128"), "u4": sample((4,), "uint8"),
    "h234": sample((2, 3, 4), "float16"), "e03": np.zeros((0, 3)), "s": np.array(2.5), "si": np.array(3),
}  # fmt: skip
ARGUMENTS: list[tuple[Any, ...]] = [
    *((x,) for x in A.values()), ([1, 2, 3],), ([[1, 2], [3, 4]],), (3,), (2.5,), ([],), (), (A["f33"], A["f33"]),
    (A["i23"], 2), (A["f5"], 1), (A["f5"], A["f5"]), (A["u4"], A["i23"]), (2, A["f33"]), (A["i23"], [0, 1]),
    ([A["f33"], A["f33"]],), (A["f33"], A["f33"], 2), (A["i23"], (1, 0)), (A["f5"], -1),
]  # fmt: skip
KEYWORDS: dict[str, list[Any]] = {
    "axis": [0, -1, None, 5], "keepdims": [True], "dtype": ["float32"], "k": [1, -1], "mode": ["wrap", "full"],
    "ddof": [1], "decimals": [1], "offset": [1], "equal_nan": [True], "bins": [3], "ord": [1], "endpoint": [False],
    "n": [2], "return_index": [True], "method": ["lower"], "right": [True], "invert": [True], "norm": ["ortho"],
}  # fmt: skip

# What makes no sense to call so, writes, prints, or differs for a reason that stands in docs/differences.toml.
LEFT_OUT = {
    "save", "savez", "savez_compressed", "savetxt", "load", "loadtxt", "genfromtxt", "fromfile", "fromregex", "tofile",
    "dump", "dumps", "seterr", "geterr", "seterrcall", "geterrcall", "set_printoptions", "get_printoptions", "empty",
    "empty_like", "copyto", "place", "put", "putmask", "put_along_axis", "fill_diagonal", "sort", "partition", "fill",
    "resize", "setflags", "setfield", "getfield", "byteswap", "view", "to_device", "nested_iters", "from_dlpack",
    "argpartition", "unique_values", "asfortranarray", "histogram", "histogram_bin_edges", "frompyfunc", "einsum_path",
    "experimental_enable_numpy_behavior", "shares_memory", "may_share_memory", "array_repr", "array_str", "typename",
    "array2string", "set_string_function", "isfortran", "block",
}  # fmt: skip
REASONS = {
    "common_type": "gives a dtype, as all types are", "min_scalar_type": "likewise", "result_type": "likewise",
    "real": "numbers become arrays", "imag": "likewise", "isreal": "likewise", "iscomplex": "likewise",
    "trim_zeros": "likewise", "nan_to_num": "likewise", "cond": "of singular matrices it is noise", "pinv": "likewise",
    "inv": "likewise", "tensorinv": "likewise", "svd": "vectors have other signs", "eig": "likewise",
    "eigh": "likewise", "qr": "likewise", "lstsq": "of singular matrices it is noise", "interp": "of unsorted points",
    "searchsorted": "of unsorted arrays", "digitize": "likewise", "unwrap": "of bytes NumPy's steps overflow",
    "poly": "of float16 NumPy computes in float64", "ifft": "of float16 NumPy rounds the factor", "ifftn": "likewise",
    "ifft2": "likewise", "irfft": "likewise", "irfftn": "likewise", "irfft2": "likewise", "ihfft": "likewise",
    "hfft": "likewise", "fft": "likewise", "fftn": "likewise", "fft2": "likewise", "rfft": "likewise",
    "rfft2": "likewise", "rfftn": "likewise", "argsort": "NumPy's default leaves the order of equal elements open",
    "union1d": "numbers are arrays beside arrays", "setxor1d": "likewise", "polyval": "takes one polynomial",
    "ix_": "of nothing it gives integers", "nanpercentile": "of nothing", "nanquantile": "of nothing",
    "conj": "takes no `out`", "conjugate": "likewise", "tri": "sizes are integers", "diag_indices": "likewise",
    "tril_indices": "likewise", "triu_indices": "likewise", "roll": "likewise",
    "nanvar": "of float16 NumPy's mean is rounded", "polydiv": "of booleans", "matrix_power": "of integers that overflow",
}  # fmt: skip


def functions() -> list[tuple[str, str]]:
    """Names with the place where they are."""
    rows = csv.DictReader(SURFACE.open())
    names = {(r["namespace"], r["name"]) for r in rows if r["kind"] in ("function", "method")}
    for place in ("linalg", "fft"):
        names |= {(f"numpy.{place}", n) for n in dir(getattr(np, place)) if hasattr(getattr(tnp, place), n)}
    return sorted(
        (p, n) for p, n in names
        if not n.startswith("_") and "." not in n and n not in LEFT_OUT and n not in REASONS and resolve(p, n, np)
        and not isinstance(resolve(p, n, tnp), type)
    )  # fmt: skip


def resolve(place: str, name: str, module: Any) -> Any:
    """The function, of a module or a method; None if there is none."""
    owner = module.ndarray if place == "ndarray" else getattr(module, place.removeprefix("numpy").strip("."), module)
    found = getattr(owner, name, None)
    return found if callable(found) else None


def calls(f: Any) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Arguments, and keywords that the function has."""
    for args in ARGUMENTS:
        yield args, {}
    parameters = inspect.signature(f).parameters
    for name in KEYWORDS.keys() & parameters.keys():
        for value in KEYWORDS[name]:
            for key in ("f33", "i23", "h234"):
                yield (A[key],), {name: value}


def converted(value: Any, module: Any) -> Any:
    """With arrays of this module."""
    if isinstance(value, np.ndarray):
        return module.asarray(value.copy())
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        return [module.asarray(v) for v in value]
    return value


def same(got: Any, wanted: Any) -> None:
    """Types, shapes, values."""
    if isinstance(wanted, (list, tuple)):
        assert isinstance(got, (list, tuple)) and len(got) == len(wanted)
        for g, w in zip(got, wanted, strict=True):
            same(g, w)
    elif isinstance(wanted, (np.ndarray, np.generic)):
        assert isinstance(got, tnp.ndarray), type(got)
        assert (got.dtype, got.shape) == (wanted.dtype, wanted.shape)
        rtol = {"f2": 2e-2, "f4": 1e-4, "c8": 1e-4}.get(wanted.dtype.str[1:], 1e-9)
        np.testing.assert_allclose(np.asarray(got), wanted, rtol=rtol, atol=rtol)
    else:
        assert type(got) is type(wanted), (got, wanted)


@pytest.mark.parametrize(("place", "name"), functions(), ids=str)
def test_as_numpy(place: str, name: str) -> None:
    """What NumPy does, tnp does; what NumPy refuses, it may do better, but does not crash on."""
    theirs, ours = resolve(place, name, np), resolve(place, name, tnp)
    for args, kwargs in calls(ours):
        with warnings.catch_warnings(), np.errstate(all="ignore"), tnp.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                wanted = theirs(*(converted(a, np) for a in args), **kwargs)
            except Exception:
                wanted = None
            try:
                got = ours(*(converted(a, tnp) for a in args), **kwargs)
            except (TypeError, ValueError, IndexError, RuntimeError, ZeroDivisionError, KeyError, OverflowError) as e:
                refused = (
                    wanted is None
                    or "immutable" in str(e)
                    or getattr(getattr(wanted, "dtype", None), "kind", "") == "O"
                )
                assert refused, f"{name}{args} {kwargs}: {e!r}, NumPy {wanted!r}"
                continue
        if wanted is None or getattr(getattr(wanted, "dtype", None), "kind", "") == "O":
            continue
        try:
            same(got, wanted)
        except AssertionError as e:
            raise AssertionError(f"{name}{args} {kwargs}: {e}") from None
