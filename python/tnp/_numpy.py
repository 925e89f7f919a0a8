"""The names of the NumPy API that are not ufuncs or dtypes, from the extension and from the modules beside this one."""

from __future__ import annotations

from . import _core
from ._errstate import errstate, geterr, geterrcall, printoptions, seterr, seterrcall
from ._types import (
    character,
    complexfloating,
    finfo,
    flexible,
    floating,
    generic,
    iinfo,
    inexact,
    integer,
    isdtype,
    isscalar,
    issubdtype,
    number,
    signedinteger,
    unsignedinteger,
)

newaxis = None
pi = 3.141592653589793
e = 2.718281828459045
inf = float("inf")
nan = float("nan")
euler_gamma = 0.5772156649015329
little_endian = True

_functions = {name: f for name, f in _core.functions.items() if not name.startswith("_") and name not in ("pad",)}
globals().update(_functions)

__all__ = [
    "character",
    "complexfloating",
    "e",
    "errstate",
    "euler_gamma",
    "finfo",
    "flexible",
    "floating",
    "generic",
    "geterr",
    "geterrcall",
    "iinfo",
    "inexact",
    "inf",
    "integer",
    "isdtype",
    "isscalar",
    "issubdtype",
    "little_endian",
    "nan",
    "newaxis",
    "number",
    "pi",
    "printoptions",
    "seterr",
    "seterrcall",
    "signedinteger",
    "unsignedinteger",
]
__all__ += list(_functions)
