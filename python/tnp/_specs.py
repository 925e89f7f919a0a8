"""ArraySpec: what is known of an array that is not there yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

from ._dtypes import dtype as _dtype

if TYPE_CHECKING:
    from . import ndarray
    from .typing import DTypeLike


class ArraySpec:
    """A shape and a dtype.

    shape: None (nothing is known), an int, or a sequence whose entries are ints, None (an unknown size) or strings
        (unknown sizes with names; the same name is the same size).
    dtype: anything that stands for a dtype.
    name: what messages call the array.
    """

    __slots__ = ("dtype", "name", "shape")

    def __init__(
        self,
        shape: SupportsIndex | Sequence[SupportsIndex | str | None] | None = None,
        dtype: DTypeLike = float,
        name: str | None = None,
    ) -> None:
        sizes: Any = shape
        if sizes is not None:
            sizes = tuple(sizes) if isinstance(sizes, (tuple, list)) else (sizes,)
            for size in sizes:
                if size is None or isinstance(size, str):
                    continue
                if isinstance(size, bool) or not hasattr(size, "__index__"):
                    raise TypeError(f"ArraySpec: a size must be an int, None or a name, got {size!r}")
                if size.__index__() < 0:
                    raise ValueError(f"ArraySpec: a size must not be negative, got {size!r}")
            sizes = tuple(s if s is None or isinstance(s, str) else s.__index__() for s in sizes)
        self.shape: tuple[int | str | None, ...] | None = sizes
        self.dtype = _dtype(dtype)
        self.name = name

    @classmethod
    def from_array(cls, array: ndarray, name: str | None = None) -> ArraySpec:
        """The specification of an array."""
        return cls(array.shape, array.dtype, name)

    @property
    def ndim(self) -> int | None:
        """The number of dimensions; None where it is not known."""
        return None if self.shape is None else len(self.shape)

    def __repr__(self) -> str:
        name = "" if self.name is None else f", name={self.name!r}"
        return f"ArraySpec(shape={self.shape}, dtype={self.dtype}{name})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ArraySpec):
            return NotImplemented
        return (self.shape, self.dtype, self.name) == (other.shape, other.dtype, other.name)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype, self.name))


TensorSpec = ArraySpec
