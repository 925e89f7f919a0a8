"""The dtype objects: tnp's own, equal to NumPy's and accepted wherever NumPy takes a dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as _np

from . import _core

_COUNT = 18
_Text = str  # the class below has an attribute of that name

if TYPE_CHECKING:
    from . import ndarray
    from .typing import ArrayLike, DTypeLike

    class _Base:
        def __new__(cls, spec: DTypeLike = float) -> Self: ...
        def __call__(self, value: ArrayLike = 0) -> ndarray: ...
        def __eq__(self, other: object) -> bool: ...
        def __hash__(self) -> int: ...

else:
    _Base = _core.DTypeBase


class dtype(_Base):
    """The type of an array's elements.

    Objects of this class are made once, one for each type; ``dtype(spec)`` gives the one that a name, a Python type or
    a NumPy dtype means. An object is equal to whatever means its type; called with a value, it makes an array of it:
    ``tnp.float32(3)`` is 0-d.
    """

    # NumPy takes an object with a `dtype` attribute for that dtype.
    __slots__ = (
        "alignment",
        "byteorder",
        "char",
        "dtype",
        "itemsize",
        "kind",
        "name",
        "num",
        "numpy_dtype",
        "str",
        "type",
    )

    num: int
    name: _Text
    kind: _Text
    itemsize: int
    str: _Text
    byteorder: _Text  # '=' (native), or '|' where there is no order
    numpy_dtype: _np.dtype[Any]  # NumPy's of the same elements; ml_dtypes' for bfloat16
    dtype: _np.dtype[Any]
    type: Any  # NumPy's scalar type of the elements
    char: _Text  # NumPy's one-letter code
    alignment: int

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

    def __repr__(self) -> _Text:
        """dtype('float64')."""
        return f"dtype('{self.name}')"

    def __str__(self) -> _Text:
        """The name."""
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by name."""
        return (dtype, (self.name,))


class _Bfloat16(dtype):
    """ml_dtypes, which has NumPy's dtype of this one, is loaded when that is asked for."""

    __slots__ = ()


def _later(name: _Text) -> property:
    slot: Any = vars(dtype)[name]

    def get(self: dtype) -> Any:
        try:
            return slot.__get__(self)
        except AttributeError:
            import ml_dtypes

            _fill(self, _np.dtype(ml_dtypes.bfloat16))
            return slot.__get__(self)

    return property(get)


def _fill(d: dtype, numpy_dtype: _np.dtype[Any]) -> None:
    for name, value in (
        ("numpy_dtype", numpy_dtype),
        ("dtype", numpy_dtype),
        ("type", numpy_dtype.type),
        ("char", numpy_dtype.char),
        ("alignment", numpy_dtype.alignment),
    ):
        vars(dtype)[name].__set__(d, value)


for _name in ("numpy_dtype", "dtype", "type", "char", "alignment"):
    setattr(_Bfloat16, _name, _later(_name))


def _make(number: int) -> dtype:
    name, code, kind, itemsize = _core.dtype_info(number)
    new: Any = _Base.__new__
    d: dtype = new(_Bfloat16 if name == "bfloat16" else dtype, number)
    d.num, d.name, d.str, d.kind, d.itemsize = number, name, code, kind, itemsize
    d.byteorder = "|" if itemsize <= 1 else "="
    if name != "bfloat16":
        _fill(d, _np.dtype({"string_": "S", "unicode_": "U"}.get(name, name)))
    return d


DTYPES: list[dtype] = [_make(i) for i in range(_COUNT)]
_core.register_dtypes(DTYPES)
