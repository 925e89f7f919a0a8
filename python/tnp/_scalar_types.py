"""NumPy's further names of types and constants."""

from __future__ import annotations

from ._core import asarray as _asarray
from ._dtypes import DTYPES as _DTYPES

_BY_NAME = {d.name: d for d in _DTYPES}

# C's names, as on every 64-bit Linux.
byte, ubyte = _BY_NAME["int8"], _BY_NAME["uint8"]
short, ushort = _BY_NAME["int16"], _BY_NAME["uint16"]
intc, uintc = _BY_NAME["int32"], _BY_NAME["uint32"]
int_ = intp = long = longlong = _BY_NAME["int64"]
uint = uintp = ulong = ulonglong = _BY_NAME["uint64"]
half, single, double = _BY_NAME["float16"], _BY_NAME["float32"], _BY_NAME["float64"]
csingle, cdouble = _BY_NAME["complex64"], _BY_NAME["complex128"]
float_, complex_ = double, cdouble
bytes_, str_, object_ = _DTYPES[15], _DTYPES[16], _DTYPES[17]

True_, False_ = _asarray(True), _asarray(False)

__all__ = [
    "False_",
    "True_",
    "byte",
    "bytes_",
    "cdouble",
    "complex_",
    "csingle",
    "double",
    "float_",
    "half",
    "int_",
    "intc",
    "intp",
    "long",
    "longlong",
    "object_",
    "short",
    "single",
    "str_",
    "ubyte",
    "uint",
    "uintc",
    "uintp",
    "ulong",
    "ulonglong",
    "ushort",
]
