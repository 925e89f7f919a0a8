"""The dtype objects: tnp's own, equal to NumPy's and accepted wherever NumPy takes a dtype."""

from __future__ import annotations

from typing import Any, Self

import numpy as _np

from . import _core

_COUNT = 18
_Text = str  # the class below has an attribute of that name


class dtype:
    """The type of an array's elements.

    Objects of this class are made once, one for each type; ``dtype(spec)`` gives the one that a name, a Python type or
    a NumPy dtype means.
    """

    __slots__ = ("_numpy", "itemsize", "kind", "name", "num", "str")

    num: int
    name: _Text
    kind: _Text
    itemsize: int
    str: _Text
    _numpy: _np.dtype[Any] | None

    def __new__(cls, spec: Any = float) -> dtype:
        """The dtype that `spec` means; TypeError if it means none."""
        if isinstance(spec, cls):
            return spec
        return DTYPES[_core.dtype_number(spec)]

    @property
    def numpy_dtype(self) -> _np.dtype[Any]:
        """NumPy's dtype of the same elements; ml_dtypes' for bfloat16."""
        if self._numpy is None:
            self._numpy = _make_numpy(self.name)
        return self._numpy

    # NumPy takes an object with a `dtype` attribute for that dtype.
    dtype = numpy_dtype

    @property
    def type(self) -> Any:
        """NumPy's scalar type of the elements."""
        return self.numpy_dtype.type

    @property
    def char(self) -> _Text:
        """NumPy's one-letter code."""
        return self.numpy_dtype.char

    @property
    def alignment(self) -> int:
        """Bytes to which elements are aligned."""
        return self.numpy_dtype.alignment

    @property
    def byteorder(self) -> _Text:
        """'=' (native), or '|' where there is no order."""
        return "|" if self.itemsize <= 1 else "="

    @property
    def base(self) -> Self:
        """The dtype itself, as none has a shape."""
        return self

    @property
    def descr(self) -> list[tuple[_Text, _Text]]:
        """The one field of no name that the array interface describes."""
        return [("", self.str)]

    def newbyteorder(self, new_order: _Text = "S", /) -> Self:
        """The dtype itself for this machine's order of bytes; there are none of the other order (ValueError)."""
        order = new_order[:1].upper()
        if order not in "S<>=|LBNI" or not order:
            raise ValueError(f"{new_order!r} is an unrecognized byteorder")
        if order in "S>B" and self.itemsize > 1:
            raise ValueError(f"newbyteorder: tnp has no {self.name} of the other byte order: use x.byteswap()")
        return self

    def __instancecheck__(self, x: object) -> bool:
        """Whether `x` is one element of this type: isinstance(x[0], tnp.float32)."""
        return getattr(x, "shape", None) == () and self == getattr(x, "dtype", None)

    isnative = True
    isbuiltin = 1
    isalignedstruct = False
    flags = 0
    metadata = None
    fields = None
    names = None
    shape = ()
    ndim = 0
    subdtype = None
    hasobject = False

    def __call__(self, value: Any = 0) -> Any:
        """An array of this type: ``tnp.float32(3)`` is 0-d."""
        return _core.asarray(value, self)

    def __eq__(self, other: object) -> bool:
        """Whether `other` (a dtype, NumPy's too, a name, a Python type) means the same type."""
        if isinstance(other, dtype):
            return self is other
        if other is None:
            return False
        try:
            return self.num == _core.dtype_number(other)
        except TypeError:
            return False

    def __hash__(self) -> int:
        """As NumPy's dtype, which is equal."""
        return hash(self.numpy_dtype)

    def __repr__(self) -> _Text:
        """dtype('float64')."""
        return f"dtype('{self.name}')"

    def __str__(self) -> _Text:
        """The name."""
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by name."""
        return (dtype, (self.name,))


def _make_numpy(name: str) -> _np.dtype[Any]:
    if name == "bfloat16":
        import ml_dtypes

        return _np.dtype(ml_dtypes.bfloat16)
    if name == "string_":
        return _np.dtype("S")
    if name == "unicode_":
        return _np.dtype("U")
    return _np.dtype(name)


def _make(number: int) -> dtype:
    d = object.__new__(dtype)
    name, code, kind, itemsize = _core.dtype_info(number)
    d.num, d.name, d.str, d.kind, d.itemsize = number, name, code, kind, itemsize
    d._numpy = None
    return d


DTYPES: list[dtype] = [_make(i) for i in range(_COUNT)]
_core.register_dtypes(DTYPES)
dtype.__new__ = _core._new_dtype  # type: ignore[method-assign]  # the same, quicker
