"""What is known of types: finfo, iinfo, issubdtype, isdtype, isscalar."""

from __future__ import annotations

import numbers
from typing import Any, ClassVar

import numpy as _np

from ._dtypes import dtype
from ._dtypes import dtype as _dtype

# NumPy's abstract scalar types, which name sets of kinds.
generic = _np.generic
number = _np.number
integer = _np.integer
signedinteger = _np.signedinteger
unsignedinteger = _np.unsignedinteger
inexact = _np.inexact
floating = _np.floating
complexfloating = _np.complexfloating
flexible = _np.flexible
character = _np.character

_KINDS: dict[Any, str] = {
    generic: "biufcSUO",
    number: "iufc",
    integer: "iu",
    signedinteger: "i",
    unsignedinteger: "u",
    inexact: "fc",
    floating: "f",
    complexfloating: "c",
    flexible: "SU",
    character: "SU",
}

_SCALARS = frozenset((bool, int, float, complex, str, bytes))

_STANDARD_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}

# bits: (digits of the significand, bits of the exponent)
_FORMATS = {"float16": (10, 5), "bfloat16": (7, 8), "float32": (23, 8), "float64": (52, 11)}


def issubdtype(arg1: Any, arg2: Any) -> bool:
    """Whether the first type is the second, or of the set that the second names."""
    if arg1.__class__ is dtype and arg2.__class__ is type and (kinds := _KINDS.get(arg2)) is not None:
        return arg1.kind in kinds  # the frequent question
    one = _KINDS.get(arg1) if isinstance(arg1, type) else None
    other = _KINDS.get(arg2) if isinstance(arg2, type) else None
    first = dtype(arg1) if one is None else None
    if other is None:
        return first is not None and first is dtype(arg2)
    return set(first.kind if first is not None else one or ()) <= set(other)


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether a dtype is one of `kind`: a dtype, the standard's name of a kind, or a tuple of these."""
    try:
        d = _dtype(dtype)
    except TypeError as error:
        raise TypeError(f"dtype argument must be a NumPy dtype, but it is a {type(dtype)}.") from error
    kinds = kind if isinstance(kind, tuple) else (kind,)
    found = False
    for k in kinds:
        if isinstance(k, str):
            if k not in _STANDARD_KINDS:
                raise ValueError(f"kind argument is a string, but {k!r} is not a known kind name.")
            found = found or d.kind in _STANDARD_KINDS[k]
        else:
            found = found or issubdtype(d, k)
    return found


def isscalar(element: Any) -> bool:
    """Whether this is a number or text rather than an array."""
    # The frequent types first: whether something is a numbers.Number takes long to find out.
    return element.__class__ in _SCALARS or isinstance(element, (_np.generic, str, bytes, memoryview, numbers.Number))


class finfo:
    """The limits of a floating-point type; of a complex one those of its parts.

    `dtype`: a type, or an array or number of it. The limits are NumPy's scalars of the type (ml_dtypes' of bfloat16),
    so arithmetic with them has the types that it has with NumPy's.
    """

    _made: ClassVar[dict[Any, finfo]] = {}

    def __new__(cls, dtype: Any) -> finfo:
        """The one object for this type."""
        # What tells a type by itself: Python's float does not, as its type can be set.
        spec = dtype.__class__
        made = _finfos.get(_dtype(dtype) if spec is type else dtype if spec is _dtype or spec is str else None)
        return _made_once(cls, dtype) if made is None else made

    def _fill(self, d: dtype) -> None:
        name = {"complex64": "float32", "complex128": "float64"}.get(d.name, d.name)
        if name not in _FORMATS:
            raise ValueError(f"data type {d!r} not inexact")
        digits, exponent = _FORMATS[name]
        self.dtype = _type_of(name)
        self.bits = 8 * self.dtype.itemsize
        self.nmant, self.nexp, self.iexp = digits, exponent, exponent
        self.maxexp = 1 << (exponent - 1)
        self.minexp = 2 - self.maxexp
        self.machep, self.negep = -digits, -digits - 1
        self.precision = {"float16": 3, "bfloat16": 2, "float32": 6, "float64": 15}[name]
        number = self.dtype.type
        eps, tiny = 2.0**-digits, 2.0**self.minexp
        self.eps, self.epsneg = number(eps), number(eps / 2)
        self.max = number((2.0 - eps) * 2.0 ** (self.maxexp - 1))
        self.min = -self.max
        self.tiny = self.smallest_normal = number(tiny)
        self.smallest_subnormal = number(tiny * 2.0**-digits)
        self.resolution = number(float(f"1e-{self.precision}"))

    def __reduce__(self) -> tuple[Any, ...]:
        """By the type, also for copies."""
        return finfo, (self.dtype,)

    def __repr__(self) -> str:
        """In one line."""
        low, high = ("-6.55040e+04", "6.55040e+04") if self.dtype.name == "float16" else (self.min, self.max)
        return f"finfo(resolution={self.resolution!s}, min={low!s}, max={high!s}, dtype={self.dtype.name})"

    def __str__(self) -> str:
        """All limits."""
        line = "-" * 63
        return (
            f"Machine parameters for {self.dtype.name}\n{line}\n"
            f"precision = {self.precision}   resolution = {self.resolution!s}\n"
            f"machep = {self.machep}   eps =        {self.eps!s}\n"
            f"negep =  {self.negep}   epsneg =     {self.epsneg!s}\n"
            f"minexp = {self.minexp}   tiny =       {self.tiny!s}\n"
            f"maxexp = {self.maxexp}   max =        {self.max!s}\n"
            f"nexp =   {self.nexp}   min =        -max\n"
            f"smallest_normal = {self.smallest_normal!s}   smallest_subnormal = {self.smallest_subnormal!s}\n{line}\n"
        )


class iinfo:
    """The limits of an integer type.

    `type`: a type, or an array or integer of it.
    """

    _made: ClassVar[dict[Any, iinfo]] = {}

    def __new__(cls, type: Any) -> iinfo:
        """The one object for this type."""
        made = cls._made.get(type) if type.__class__ is _dtype or type.__class__ is str else None
        return _made_once(cls, type) if made is None else made

    def _fill(self, d: dtype) -> None:
        if d.kind not in "iu":
            raise ValueError(f"Invalid integer data type {d.kind!r}.")
        self.dtype, self.kind, self.bits = d, d.kind, 8 * d.itemsize
        self.key = f"{self.kind}{self.bits}"
        self.min = -(1 << (self.bits - 1)) if self.kind == "i" else 0
        self.max = (1 << (self.bits - (self.kind == "i"))) - 1

    def __reduce__(self) -> tuple[Any, ...]:
        """By the type, also for copies."""
        return iinfo, (self.dtype,)

    def __repr__(self) -> str:
        """In one line."""
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype.name})"

    def __str__(self) -> str:
        """Its limits."""
        line = "-" * 63
        return f"Machine parameters for {self.dtype.name}\n{line}\nmin = {self.min}\nmax = {self.max}\n{line}\n"


_finfos = finfo._made


def _made_once(cls: Any, spec: Any) -> Any:
    d = dtype(spec) if spec.__class__ is type else _type_of(spec)
    made = cls._made.get(d)
    if made is None:
        made = object.__new__(cls)
        made._fill(d)
        cls._made[d] = made
    if isinstance(spec, str):
        cls._made[spec] = made
    return made


def _type_of(spec: Any) -> dtype:
    own = getattr(spec, "dtype", None)
    if not isinstance(spec, (dtype, _np.dtype, type)) and own is not None:
        spec = own
    elif isinstance(spec, (bool, int, float, complex)):
        spec = spec.__class__
    return dtype(spec)
