"""Objects to index with: grids, concatenations, index expressions; iterators over indices and elements."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import _core
from ._core import flatiter

if TYPE_CHECKING:
    from . import ndarray
    from .typing import ArrayLike, Casting, DTypeLike, Order, ShapeLike

__all__ = [
    "broadcast",
    "c_",
    "flatiter",
    "index_exp",
    "mgrid",
    "ndenumerate",
    "ndindex",
    "nditer",
    "nested_iters",
    "ogrid",
    "r_",
    "s_",
]

_functions = _core.functions
_R = TypeVar("_R")


def _span(key: slice) -> tuple[Any, Any, int, list[Any]]:
    """Start, step and count of a slice whose imaginary step is a count; and the numbers that decide the type."""
    start, stop, step = key.start, key.stop, key.step
    start = 0 if start is None else start
    step = 1 if step is None else step
    if isinstance(step, complex):
        count = int(abs(step))
        width = (stop - start) / (count - 1) if count > 1 else float(stop - start)
        return start, width, count, [start, stop, 1.0]
    return start, step, max(0, math.ceil((stop - start) / step)), [start, stop, step]


class _Grid(Generic[_R]):
    """``mgrid[0:3, 0:1:5j]``: the coordinates of each point; a step that is imaginary is a number of points."""

    def __init__(self, sparse: bool) -> None:
        self.sparse = sparse

    def __getitem__(self, key: slice | tuple[slice, ...]) -> _R:
        """Coordinates: stacked, or one array an axis if sparse."""
        coordinates: Any = self._coordinates(key)
        return coordinates

    def _coordinates(self, key: slice | tuple[slice, ...]) -> Any:
        if not isinstance(key, tuple):
            start, step, count, numbers = _span(key)
            if isinstance(key.step, complex):
                return _functions["arange"](count) * float(step) + start
            return _functions["arange"](start, key.stop, step, dtype=_functions["result_type"](*numbers))
        spans = [_span(k) for k in key]
        dtype = _functions["result_type"](0, *(n for s in spans for n in s[3]))
        shape = [count for _, _, count, _ in spans]
        axes = []
        for k, (start, step, count, _) in enumerate(spans):
            line = _functions["arange"](count).astype(dtype) * step + start
            axes.append(line.astype(dtype).reshape([count if i == k else 1 for i in range(len(spans))]))
        if self.sparse:
            return tuple(axes)
        if not axes:
            return _functions["zeros"]((0,), dtype)
        return _functions["stack"]([_functions["broadcast_to"](a, shape) for a in axes])


mgrid: _Grid[ndarray] = _Grid(sparse=False)
ogrid: _Grid[Any] = _Grid(sparse=True)  # a tuple, or one array


class _Concatenator:
    """``r_[1:4, 0, x]``: slices, numbers and arrays joined along an axis."""

    def __init__(self, axis: int, ndim: int, first: int) -> None:
        self.axis, self.ndim, self.first = axis, ndim, first

    def __getitem__(self, key: str | slice | ArrayLike | tuple[str | slice | ArrayLike, ...]) -> ndarray:
        """All parts joined. A first part such as '0,2,-1' says the axis, the least number of dimensions, and where those of the parts go."""
        parts: list[Any] = list(key) if isinstance(key, tuple) else [key]
        axis, ndim, first = self.axis, self.ndim, self.first
        if parts and isinstance(parts[0], str):
            axis, ndim, first = self._directive(parts.pop(0))
        votes: list[Any] = []
        arrays = []
        for part in parts:
            if isinstance(part, str):
                raise ValueError("special directives must be the first entry.")
            if isinstance(part, slice):
                start, step, count, _ = _span(part)
                line = (
                    _functions["linspace"](start, part.stop, count)
                    if isinstance(part.step, complex)
                    else _functions["arange"](start, part.stop, step)
                )
                arrays.append(self._raised(line, ndim, first))
                votes.append(line)
            else:
                x = _core.asarray(part)
                arrays.append(self._raised(x, ndim, first))
                votes.append(part if isinstance(part, (bool, int, float, complex)) else x)
        if not arrays:
            raise ValueError("need at least one array to concatenate")
        dtype = _functions["result_type"](*votes)
        return _functions["concatenate"]([a.astype(dtype) for a in arrays], axis=axis)

    def _directive(self, text: str) -> tuple[int, int, int]:
        if text in ("r", "c"):
            raise ValueError(f"the directive {text!r} asks for a matrix, which tnp has not")
        try:
            numbers = [int(part) for part in text.split(",")]
        except ValueError as error:
            raise ValueError(f"unknown special directive {text!r}") from error
        return tuple(numbers + [self.axis, self.ndim, self.first][len(numbers) :])[:3]  # type: ignore[return-value]

    @staticmethod
    def _raised(x: Any, ndim: int, first: int) -> Any:
        missing = ndim - x.ndim
        if missing <= 0:
            return x
        own = x.ndim
        x = x.reshape((1,) * missing + x.shape)
        if first == -1:
            return x
        at = first if first >= 0 else first + missing + 1
        order = list(range(missing))
        return x.transpose(order[:at] + list(range(missing, missing + own)) + order[at:])


r_ = _Concatenator(0, 1, -1)
c_ = _Concatenator(-1, 2, 0)


class _IndexExpression:
    """``s_[1:3, ...]``: the key itself."""

    def __getitem__(self, key: Any) -> Any:
        """The key."""
        return key


class _IndexTuple:
    """``index_exp[1:3, ...]``: the key as a tuple."""

    def __getitem__(self, key: Any) -> Any:
        """The key, as a tuple."""
        return key if isinstance(key, tuple) else (key,)


index_exp = _IndexTuple()
s_ = _IndexExpression()


if TYPE_CHECKING:

    class ndindex:
        def __init__(self, *shape: ShapeLike) -> None: ...
        def __iter__(self) -> ndindex: ...
        def __next__(self) -> tuple[int, ...]: ...

    class ndenumerate:
        def __init__(self, arr: ArrayLike) -> None: ...
        def __iter__(self) -> ndenumerate: ...
        def __next__(self) -> tuple[tuple[int, ...], ndarray]: ...

    class broadcast:
        shape: tuple[int, ...]
        ndim: int
        nd: int
        size: int
        numiter: int
        index: int
        iters: tuple[flatiter, ...]

        def __init__(self, *arrays: ArrayLike) -> None: ...
        def __iter__(self) -> Iterator[tuple[ndarray, ...]]: ...
        def __next__(self) -> tuple[ndarray, ...]: ...
        def reset(self) -> None: ...

    class nditer:
        iterindex: int
        finished: bool
        iterationneedsapi: bool
        has_delayed_bufalloc: bool
        has_multi_index: bool
        has_index: bool
        multi_index: tuple[int, ...]
        index: int
        value: Any
        itersize: int
        ndim: int
        nop: int
        shape: tuple[int, ...]
        operands: tuple[ndarray, ...]
        itviews: tuple[ndarray, ...]
        dtypes: tuple[Any, ...]

        def __init__(
            self,
            op: ArrayLike | Sequence[ArrayLike],
            flags: Sequence[str] | None = None,
            op_flags: Sequence[str] | Sequence[Sequence[str]] | None = None,
            op_dtypes: DTypeLike | Sequence[DTypeLike | None] | None = None,
            order: Order = "K",
            casting: Casting = "safe",
            op_axes: Sequence[Sequence[int | None] | None] | None = None,
            itershape: Sequence[int] | None = None,
            buffersize: int = 0,
        ) -> None: ...
        def __iter__(self) -> nditer: ...
        def __next__(self) -> Any: ...
        def __getitem__(self, key: Any) -> Any: ...
        def __len__(self) -> int: ...
        def iternext(self) -> bool: ...
        def reset(self) -> None: ...
        def copy(self) -> nditer: ...
        def __copy__(self) -> nditer: ...
        def close(self) -> None: ...
        def __enter__(self) -> nditer: ...
        def __exit__(self, *exc: object) -> None: ...

    def nested_iters(
        op: ArrayLike | Sequence[ArrayLike],
        axes: Sequence[Sequence[int]],
        flags: Sequence[str] | None = None,
        op_flags: Sequence[str] | Sequence[Sequence[str]] | None = None,
        op_dtypes: DTypeLike | Sequence[DTypeLike | None] | None = None,
        order: Order = "K",
        casting: Casting = "safe",
        buffersize: int = 0,
    ) -> tuple[nditer, ...]: ...

else:
    broadcast, ndenumerate, ndindex, nditer = _core.broadcast, _core.ndenumerate, _core.ndindex, _core.nditer
    nested_iters = _functions["nested_iters"]
