"""Types for annotations: what arrays, types, shapes and axes may be given as.

Nothing here is needed to run a program: ``import tnp.typing`` for the names.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, SupportsIndex, TypeAlias, Union, runtime_checkable

import numpy as _np

if TYPE_CHECKING:
    from types import EllipsisType

    from typing_extensions import Buffer

    from ._dtypes import dtype
    from .array_api import _Array as StrictArray

__all__ = [
    "ArrayLike",
    "AxesLike",
    "AxisLike",
    "Casting",
    "DTypeLike",
    "ErrorMode",
    "FileLike",
    "Index",
    "IntegerLike",
    "Mode",
    "Number",
    "Order",
    "PadMode",
    "PercentileMethod",
    "SeedLike",
    "ShapeLike",
    "SortKind",
    "StrictArray",
    "SupportsArray",
    "SupportsDLPack",
    "SupportsDType",
]


@runtime_checkable
class SupportsArray(Protocol):
    """Arrays of tnp and other libraries, Variables, symbolic sizes, NumPy's scalars."""

    def __array__(self) -> Any:
        """NumPy's array of the elements."""


@runtime_checkable
class SupportsDType(Protocol):
    """What has a dtype, which stands for that."""

    @property
    def dtype(self) -> Any:
        """The dtype."""


class SupportsDLPack(Protocol):
    """Arrays that exchange their memory by DLPack."""

    def __dlpack__(self, *, stream: Any = ...) -> Any:
        """The capsule."""

    def __dlpack_device__(self) -> tuple[Any, Any]:
        """The kind of device and its number."""


Number: TypeAlias = bool | int | float | complex
Order: TypeAlias = Literal["C", "F", "A", "K"]
Casting: TypeAlias = Literal["no", "equiv", "safe", "same_kind", "unsafe"]
ErrorMode: TypeAlias = Literal["ignore", "warn", "raise", "call", "print", "log"]
FileLike: TypeAlias = str | os.PathLike[str] | IO[Any]
Mode: TypeAlias = Literal["raise", "wrap", "clip"]
PercentileMethod: TypeAlias = Literal[
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
]
PadMode: TypeAlias = Literal[
    "constant",
    "edge",
    "empty",
    "linear_ramp",
    "maximum",
    "mean",
    "median",
    "minimum",
    "reflect",
    "symmetric",
    "wrap",
]
SortKind: TypeAlias = Literal["quicksort", "mergesort", "heapsort", "stable"]

if TYPE_CHECKING:
    # An array, a number, text, memory, or nested sequences of these.
    ArrayLike: TypeAlias = SupportsArray | Buffer | Number | str | bytes | Sequence["ArrayLike"]
    # Integers, or nested sequences of them.
    IntegerLike: TypeAlias = SupportsArray | SupportsIndex | Sequence["IntegerLike"]
    DTypeLike: TypeAlias = dtype | _np.dtype[Any] | type[Any] | str | SupportsDType
    SeedLike: TypeAlias = IntegerLike
    Index: TypeAlias = (
        SupportsIndex | slice | EllipsisType | SupportsArray | Sequence[SupportsIndex] | Sequence["Index"] | None
    )
else:
    ArrayLike = Union[SupportsArray, Number, str, bytes, Sequence[Any]]  # noqa: UP007
    IntegerLike = Union[SupportsArray, SupportsIndex, Sequence[Any]]  # noqa: UP007
    DTypeLike = Union[_np.dtype, type, str, SupportsDType]  # noqa: UP007
    SeedLike = IntegerLike
    Index = Union[SupportsIndex, slice, type(...), SupportsArray, Sequence[Any], None]  # noqa: UP007

# A size, or a sequence of them: integers, 0-d arrays, symbolic sizes of traced functions.
ShapeLike: TypeAlias = SupportsIndex | Sequence[SupportsIndex]
AxisLike: TypeAlias = SupportsIndex
AxesLike: TypeAlias = SupportsIndex | Sequence[SupportsIndex]


def __getattr__(name: str) -> Any:
    """The class of the strict namespace's arrays, which is loaded when it is asked for."""
    if name == "StrictArray":
        from .array_api import zeros

        return type(zeros(()))
    raise AttributeError(f"module 'tnp.typing' has no attribute {name!r}")
