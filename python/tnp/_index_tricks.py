"""Objects to index with: grids, concatenations, index expressions; iterators over indices and elements."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from . import _core
from ._core import flatiter

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


class _Grid:
    """``mgrid[0:3, 0:1:5j]``: the coordinates of each point; a step that is imaginary is a number of points."""

    def __init__(self, sparse: bool) -> None:
        self.sparse = sparse

    def __getitem__(self, key: Any) -> Any:
        """Coordinates: stacked, or one array an axis if sparse."""
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


mgrid = _Grid(sparse=False)
ogrid = _Grid(sparse=True)


class _Concatenator:
    """``r_[1:4, 0, x]``: slices, numbers and arrays joined along an axis."""

    def __init__(self, axis: int, ndim: int, first: int) -> None:
        self.axis, self.ndim, self.first = axis, ndim, first

    def __getitem__(self, key: Any) -> Any:
        """All parts joined. A first part such as '0,2,-1' says the axis, the least number of dimensions, and where those of the parts go."""
        parts = list(key) if isinstance(key, tuple) else [key]
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

    def __init__(self, always_tuple: bool) -> None:
        self.always_tuple = always_tuple

    def __getitem__(self, key: Any) -> Any:
        """The key, as a tuple if asked for."""
        return (key,) if self.always_tuple and not isinstance(key, tuple) else key


index_exp = _IndexExpression(always_tuple=True)
s_ = _IndexExpression(always_tuple=False)


class ndindex:
    """Iterates over the indices of an array of this shape, the last the fastest."""

    def __init__(self, *shape: Any) -> None:
        if len(shape) == 1 and not isinstance(shape[0], int):
            shape = tuple(shape[0])
        sizes = list(map(int, shape))
        if sizes and min(sizes) < 0:
            raise ValueError("negative dimensions are not allowed")
        self._indices = itertools.product(*map(range, sizes))

    def __iter__(self) -> ndindex:
        """The iterator itself."""
        return self

    def __next__(self) -> tuple[int, ...]:
        """The next index."""
        return next(self._indices)


class ndenumerate:
    """Iterates over pairs of an index and the element there, a 0-d array."""

    def __init__(self, arr: Any) -> None:
        x = _core.asarray(arr)
        self._pairs = zip(ndindex(x.shape), x.flat, strict=True)

    def __iter__(self) -> ndenumerate:
        """The iterator itself."""
        return self

    def __next__(self) -> tuple[tuple[int, ...], Any]:
        """The next index and element."""
        return next(self._pairs)


class broadcast:
    """Arrays broadcast together: their shape, and tuples of their elements to iterate over."""

    def __init__(self, *arrays: Any) -> None:
        views: list[Any] = list(_functions["broadcast_arrays"](*arrays)) if arrays else []
        self._arrays = views
        self.shape: tuple[int, ...] = tuple(views[0].shape) if views else ()
        self.ndim = self.nd = len(self.shape)
        self.size = math.prod(self.shape)
        self.numiter = len(arrays)
        self.reset()

    def reset(self) -> None:
        """Begins again."""
        self.index = 0
        self.iters = tuple(a.flat for a in self._arrays)
        self._elements = zip(*(a.flat for a in self._arrays), strict=True)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """The iterator itself."""
        return self

    def __next__(self) -> tuple[Any, ...]:
        """The next elements."""
        elements = next(self._elements)
        self.index += 1
        return elements


_FLAGS = {
    "buffered",
    "c_index",
    "common_dtype",
    "copy_if_overlap",
    "delay_bufalloc",
    "external_loop",
    "f_index",
    "grow_inner",
    "growinner",
    "multi_index",
    "ranged",
    "reduce_ok",
    "refs_ok",
    "zerosize_ok",
}


class nditer:
    """Iterates over arrays broadcast together, to read them: tnp's arrays do not change.

    The order is row-major (column-major for order='F'), whatever the order in memory.
    """

    def __init__(
        self,
        op: Any,
        flags: Any = None,
        op_flags: Any = None,
        op_dtypes: Any = None,
        order: str = "K",
        casting: str = "safe",
        op_axes: Any = None,
        itershape: Any = None,
        buffersize: int = 0,
    ) -> None:
        flags = list(flags or [])
        for flag in flags:
            if flag not in _FLAGS:
                raise ValueError(f'Unexpected iterator global flag "{flag}"')
        given = list(op) if isinstance(op, (tuple, list)) else [op]
        _check_readable(given, op_flags)
        arrays = [_core.asarray(a) for a in given]
        if op_axes is not None:
            arrays = [a if axes is None else _with_axes(a, axes) for a, axes in zip(arrays, op_axes, strict=True)]
        dtypes = op_dtypes if isinstance(op_dtypes, (list, tuple)) else [op_dtypes] * len(arrays)
        if "common_dtype" in flags:
            dtypes = [_functions["result_type"](*arrays)] * len(arrays)
        arrays = [a if d is None else _cast(a, d, casting) for a, d in zip(arrays, dtypes, strict=True)]
        self.operands = tuple(arrays)
        views = _functions["broadcast_arrays"](*arrays)
        if itershape is not None:
            shape = [
                n if n >= 0 else m for n, m in zip(itershape, _padded(views[0].shape, len(itershape)), strict=True)
            ]
            views = [_functions["broadcast_to"](v, shape) for v in views]
        self._shape = tuple(views[0].shape)
        self._column_major = order in ("F", "f")
        self._loop = "external_loop" in flags
        self.has_multi_index, self.has_index = "multi_index" in flags, "c_index" in flags or "f_index" in flags
        self._f_index = "f_index" in flags
        if self._loop and (self.has_multi_index or self.has_index):
            raise ValueError("Iterator flag EXTERNAL_LOOP cannot be used if an index or multi-index is being tracked")
        self._flat = [_functions["ravel"](v, order="F" if self._column_major else "C") for v in views]
        self.itersize = math.prod(self._shape)
        if self.itersize == 0 and "zerosize_ok" not in flags:
            raise ValueError("Iteration of zero-sized operands is not enabled")
        self.ndim, self.nop = len(self._shape), len(arrays)
        self.shape = self._shape
        self.itviews = tuple(views)
        self.dtypes = tuple(a.dtype for a in arrays)
        self.has_delayed_bufalloc = False
        self.reset()

    def reset(self) -> None:
        """Begins again."""
        self.iterindex = 0
        self._started = False

    @property
    def finished(self) -> bool:
        """Whether all has been read."""
        return self.iterindex >= self.itersize

    @property
    def iterationneedsapi(self) -> bool:
        """Never: elements are numbers."""
        return False

    @property
    def multi_index(self) -> tuple[int, ...]:
        """Where the iterator is."""
        if not self.has_multi_index:
            raise ValueError("Iterator is not tracking a multi-index")
        return _unravelled(self.iterindex, self._shape, self._column_major)

    @property
    def index(self) -> int:
        """Where the iterator is in the flat array."""
        if not self.has_index:
            raise ValueError("Iterator does not have an index")
        at = _unravelled(self.iterindex, self._shape, self._column_major)
        flat = 0
        for i, n in (
            zip(reversed(at), reversed(self._shape), strict=True)
            if self._f_index
            else zip(at, self._shape, strict=True)
        ):
            flat = flat * n + i
        return flat

    @property
    def value(self) -> Any:
        """The elements there: one, or a tuple; with external_loop all of them."""
        if self.finished:
            raise ValueError("Iterator is past the end")
        found = tuple(f if self._loop else f[self.iterindex] for f in self._flat)
        return found[0] if self.nop == 1 else found

    def iternext(self) -> bool:
        """Goes on; whether there is something."""
        self.iterindex += self.itersize if self._loop else 1
        return not self.finished

    def __iter__(self) -> nditer:
        """The iterator itself."""
        return self

    def __next__(self) -> Any:
        """The next elements."""
        if self._started and not self.finished:
            self.iternext()
        self._started = True
        if self.finished:
            raise StopIteration
        return self.value

    def __getitem__(self, key: Any) -> Any:
        """Of the elements there those of some operands."""
        values = self.value if self.nop > 1 else (self.value,)
        return values[key]

    def __len__(self) -> int:
        """The number of operands."""
        return self.nop

    def copy(self) -> nditer:
        """An iterator at the same place."""
        other = object.__new__(nditer)
        other.__dict__.update(self.__dict__)
        return other

    __copy__ = copy

    def close(self) -> None:
        """Nothing is left to be written back."""

    def __enter__(self) -> nditer:
        """The iterator itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing is left to be written back."""


def _check_readable(given: list[Any], op_flags: Any) -> None:
    per_operand = op_flags or []
    if per_operand and isinstance(per_operand[0], str):
        per_operand = [per_operand] * len(given)
    for flags in per_operand:
        if {"readwrite", "writeonly"} & set(flags):
            raise TypeError(
                "nditer: tnp arrays are immutable: the only access is 'readonly'; use the result of a function"
            )
    if any(a is None for a in given):
        raise TypeError("nditer: there is nothing to allocate, as tnp arrays are immutable")


def _with_axes(a: Any, axes: Any) -> Any:
    own = [x for x in axes if x is not None and x >= 0]
    a = a.transpose(own)
    for k, x in enumerate(axes):
        if x is None or x < 0:
            a = _functions["expand_dims"](a, k)
    return a


def _cast(a: Any, dtype: Any, casting: str) -> Any:
    if not _functions["can_cast"](a.dtype, dtype, casting):
        raise TypeError(
            f"Iterator operand could not be cast from {a.dtype!r} to {dtype!r} according to the rule '{casting}'"
        )
    return a.astype(dtype)


def _padded(shape: Any, n: int) -> tuple[int, ...]:
    return (1,) * (n - len(shape)) + tuple(shape)


def _unravelled(flat: int, shape: tuple[int, ...], column_major: bool) -> tuple[int, ...]:
    out = []
    for n in shape if column_major else reversed(shape):
        out.append(flat % n)
        flat //= n
    return tuple(out if column_major else reversed(out))


class _InnerIterator(nditer):
    """Over some axes of what an outer iterator stands at."""

    def __init__(self, outer: _InnerIterator | None, arrays: Any, axes: list[int], flags: Any, order: str) -> None:
        self._outer, self._all, self._axes = outer, arrays, axes
        self._options = {"flags": flags, "order": order}
        self._place(())

    def _place(self, _: Any) -> None:
        """Over the axes of its own at the place where the outer iterators are."""
        fixed: dict[int, int] = {}
        outer = self._outer
        while outer is not None:
            at = _unravelled(outer.iterindex, outer._shape, outer._column_major)
            fixed.update(zip(outer._axes, at, strict=True))
            outer = outer._outer
        views = []
        for a in self._all:
            key = tuple(fixed.get(k, slice(None) if k in self._axes else 0) for k in range(a.ndim))
            rest = [k for k in range(a.ndim) if k not in fixed and k in self._axes]
            views.append(a[key].transpose([rest.index(k) for k in self._axes]))
        super().__init__(views, **self._options)

    def reset(self) -> None:
        """Begins again."""
        super().reset()

    def __iter__(self) -> _InnerIterator:
        """From the beginning, where the outer iterators are now."""
        self._place(())
        return self


def nested_iters(
    op: Any,
    axes: Any,
    flags: Any = None,
    op_flags: Any = None,
    op_dtypes: Any = None,
    order: str = "K",
    casting: str = "safe",
    buffersize: int = 0,
) -> tuple[nditer, ...]:
    """Iterators over groups of axes, each at the place where those before it are."""
    given = list(op) if isinstance(op, (tuple, list)) else [op]
    _check_readable(given, op_flags)
    arrays = _functions["broadcast_arrays"](*given)
    used = [a for group in axes for a in group]
    if len(set(used)) != len(used):
        raise ValueError("nested_iters: an axis is used more than once")
    if any(not 0 <= a < arrays[0].ndim for a in used):
        raise ValueError("nested_iters: an axis is out of bounds")
    if op_dtypes is not None:
        dtypes = op_dtypes if isinstance(op_dtypes, (list, tuple)) else [op_dtypes] * len(arrays)
        arrays = [a if d is None else _cast(a, d, casting) for a, d in zip(arrays, dtypes, strict=True)]
    out: list[_InnerIterator] = []
    for k, group in enumerate(axes):
        outer_flags = [f for f in flags or [] if f != "external_loop"] if k + 1 < len(axes) else flags
        out.append(_InnerIterator(out[-1] if out else None, arrays, list(group), outer_flags, order))
    return tuple(out)
