"""Small functions of types, numbers and namespaces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, SupportsIndex

from . import _core
from ._dtypes import DTYPES as _DTYPES
from ._dtypes import dtype as _dtype

if TYPE_CHECKING:
    from . import ndarray
    from .typing import ArrayLike, DTypeLike

__all__ = [
    "__array_api_version__",
    "__array_namespace_info__",
    "base_repr",
    "binary_repr",
    "iterable",
    "mintypecode",
    "require",
    "typename",
]

__array_api_version__ = "2024.12"

_TYPE_NAMES = {
    "S1": "character",
    "?": "bool",
    "b": "signed char",
    "B": "unsigned char",
    "h": "short",
    "H": "unsigned short",
    "i": "integer",
    "I": "unsigned integer",
    "l": "long integer",
    "L": "unsigned long integer",
    "q": "long long integer",
    "Q": "unsigned long long integer",
    "f": "single precision",
    "d": "double precision",
    "g": "long precision",
    "F": "complex single precision",
    "D": "complex double precision",
    "G": "complex long double precision",
    "S": "string",
    "U": "unicode",
    "V": "void",
    "O": "object",
}
_TYPE_ORDER = "GDFgdfQqLlIiHhBb?"


def typename(char: str) -> str:
    """What the type with this letter is called."""
    return _TYPE_NAMES[char]


def mintypecode(typechars: Iterable[str | ArrayLike], typeset: str = "GDFgdf", default: str = "d") -> str:
    """The letter of the smallest type of a set that all the given ones can be cast to."""
    letters = [t if isinstance(t, str) else _core.asarray(t).dtype.char for t in typechars]
    found = {t for t in letters if t in typeset}
    if not found:
        return default
    if "F" in found and "d" in found:
        return "D"
    return min(found, key=_TYPE_ORDER.index)


def iterable(y: Any) -> bool:
    """Whether iter() takes it."""
    try:
        iter(y)
    except TypeError:
        return False
    return True


def require(
    a: ArrayLike,
    dtype: DTypeLike | None = None,
    requirements: str | Iterable[str] | None = None,
    *,
    like: ArrayLike | None = None,
) -> ndarray:
    """An array with these properties: tnp's are aligned, contiguous where asked for, and never writeable."""
    if not requirements:
        return _core.asarray(a, dtype)
    wanted = set()
    for r in [requirements] if isinstance(requirements, str) else requirements or ():
        name = {
            "C": "C", "C_CONTIGUOUS": "C", "CONTIGUOUS": "C", "F": "F", "F_CONTIGUOUS": "F", "FORTRAN": "F",
            "A": "A", "ALIGNED": "A", "W": "W", "WRITEABLE": "W", "O": "O", "OWNDATA": "O", "E": "E", "ENSUREARRAY": "E",
        }.get(r.upper())  # fmt: skip
        if name is None:
            raise KeyError(r)
        wanted.add(name)
    if {"C", "F"} <= wanted:
        raise ValueError('Cannot specify both "C" and "F" order')
    if "W" in wanted:
        raise ValueError("require: tnp arrays are immutable, so none is WRITEABLE")
    x = _core.asarray(a, dtype=dtype)
    if "F" in wanted and x.ndim > 0:
        x = _core.functions["asfortranarray"](x)
    if ("C" in wanted and not x.flags.c_contiguous) or "O" in wanted:
        return _core.functions["copy"](x, order="C" if "C" in wanted else "K")
    return x


def base_repr(number: SupportsIndex, base: int = 2, padding: int = 0) -> str:
    """A number in another base."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if base > len(digits):
        raise ValueError("Bases greater than 36 not handled in base_repr.")
    if base < 2:
        raise ValueError("Bases less than 2 not handled in base_repr.")
    rest, out = abs(int(number)), ""
    while rest:
        rest, digit = divmod(rest, base)
        out = digits[digit] + out
    out = "0" * padding + out
    return ("-" if int(number) < 0 else "") + (out or "0")


def binary_repr(num: SupportsIndex, width: int | None = None) -> str:
    """A number in base 2; a negative one as its complement of two if a width is given."""
    import operator

    n = operator.index(num)
    if n >= 0:
        text = f"{n:b}"
        if width is not None and len(text) > width:
            raise ValueError(f"Insufficient bit width={width} provided for binwidth={len(text)}")
        return text.zfill(width or 0)
    if width is None:
        return f"-{-n:b}"
    needed = len(f"{-n - 1:b}") + 1 if n != -1 else 1
    if needed > width:
        raise ValueError(f"Insufficient bit width={width} provided for binwidth={needed}")
    return f"{(1 << width) + n:b}".zfill(width)


class __array_namespace_info__:
    """What the array API standard asks a namespace about."""

    __module__ = "tnp"
    _kinds: ClassVar[dict[str, str]] = {
        "bool": "b",
        "signed integer": "i",
        "unsigned integer": "u",
        "integral": "iu",
        "real floating": "f",
        "complex floating": "c",
        "numeric": "iufc",
    }

    def capabilities(self) -> dict[str, Any]:
        """Boolean indexing, results whose sizes depend on data, the greatest number of dimensions."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """Where arrays are made."""
        return "CPU:0"

    def devices(self) -> list[str]:
        """Where arrays can be."""
        return ["CPU:0"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """The types that Python numbers and functions without dtype= give."""
        self._check(device)
        return {
            "real floating": _core.asarray(0.0).dtype,
            "complex floating": _core.asarray(0j).dtype,
            "integral": _dtype("int64"),
            "indexing": _dtype("int64"),
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        """The types of a kind, by name."""
        self._check(device)
        kinds = [kind] if not isinstance(kind, tuple) else list(kind)
        letters = ""
        for k in kinds:
            if k is not None and k not in self._kinds:
                raise ValueError(f"unsupported kind: {k!r}")
            letters += "biufc" if k is None else self._kinds[k]
        # The halves are none of the standard's.
        return {d.name: d for d in _DTYPES if d.kind in letters and d.name not in ("bfloat16", "float16")}

    @staticmethod
    def _check(device: Any) -> None:
        if device not in (None, "cpu", "CPU:0"):
            raise ValueError(f'Device not understood. Only "CPU:0" is allowed, but received: {device!r}')
