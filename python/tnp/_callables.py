"""Functions that call Python functions: on elements, rows, indices."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as _np

from . import _core
from ._functional import vmap

if TYPE_CHECKING:
    from . import ndarray
    from .typing import ArrayLike, DTypeLike, IntegerLike, PadMode, ShapeLike

__all__ = ["apply_along_axis", "apply_over_axes", "fromfunction", "frompyfunc", "pad", "piecewise", "vectorize"]

_functions = _core.functions
_R = TypeVar("_R")
_is_symbolic, _are_floats = _functions["_is_symbolic"], _functions["_are_floats"]
_NUMBERS = frozenset((bool, int, float, complex))


def _symbolic(x: Any) -> bool:
    """Whether the elements are not known, as a function is being traced."""
    return isinstance(x, _core.ndarray) and _core.functions["_is_symbolic"](x)


def fromfunction(
    function: Callable[..., _R],
    shape: ShapeLike,
    *,
    dtype: DTypeLike = float,
    like: ArrayLike | None = None,
    **kwargs: Any,
) -> _R:
    """What the function gives of the indices along each axis of an array of this shape."""
    return function(*_functions["indices"](shape, dtype=dtype), **kwargs)


def apply_along_axis(func1d: Callable[..., ArrayLike], axis: int, arr: ArrayLike, *args: Any, **kwargs: Any) -> ndarray:
    """The function's results of each row along an axis, in place of that axis."""
    x = _core.asarray(arr)
    axis = _normalized(axis, x.ndim)
    rows = _functions["moveaxis"](x, axis, -1)
    outer = rows.shape[:-1]
    if _symbolic(x):
        flat = rows.reshape((-1, rows.shape[-1]))
        results = vmap(lambda row: _core.asarray(func1d(row, *args, **kwargs)))(flat)
    else:
        flat = rows.reshape((-1, rows.shape[-1])) if x.size else rows
        if any(n == 0 for n in outer):
            raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
        if x.size == 0:
            flat = _functions["zeros"]((_product(outer), 0), x.dtype)
        results = _functions["stack"]([_core.asarray(func1d(row, *args, **kwargs)) for row in flat])
    inner = results.shape[1:]
    results = results.reshape(tuple(outer) + tuple(inner))
    k = len(inner)
    return _functions["moveaxis"](results, list(range(-k, 0)), list(range(axis, axis + k))) if k else results


def _product(shape: Any) -> int:
    return functools.reduce(lambda a, b: a * b, shape, 1)


def _normalized(axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        from numpy.exceptions import AxisError

        raise AxisError(axis, ndim)
    return axis % ndim


def apply_over_axes(func: Callable[[ndarray, int], ArrayLike], a: ArrayLike, axes: IntegerLike) -> ndarray:
    """func(a, axis) for one axis after the other; axes that it takes away come back with size 1."""
    x = _core.asarray(a)
    ndim = x.ndim
    several: Any = [axes] if isinstance(axes, int) or getattr(axes, "ndim", 1) == 0 else axes
    for axis in several:
        at = _normalized(int(axis), ndim)
        result = _core.asarray(func(x, at))
        if result.ndim != x.ndim:
            result = _functions["expand_dims"](result, at)
        if result.ndim != x.ndim:
            raise ValueError("function is not returning an array of the correct shape")
        x = result
    return x


# What each mode of pad takes.
_PAD_KEYWORDS = {
    **dict.fromkeys(("edge", "empty", "wrap"), ()),
    **dict.fromkeys(("maximum", "mean", "median", "minimum"), ("stat_length",)),
    **dict.fromkeys(("reflect", "symmetric"), ("reflect_type",)),
    "constant": ("constant_values",),
    "linear_ramp": ("end_values",),
}


def pad(
    array: ArrayLike,
    pad_width: IntegerLike | Mapping[int, int | tuple[int, int]],
    mode: PadMode | Callable[[Any, tuple[int, int], int, dict[str, Any]], ArrayLike | None] = "constant",
    **kwargs: Any,
) -> ndarray:
    """An array with elements added at its edges.

    mode: constant (constant_values=0), linear_ramp (end_values=0), maximum, mean, median, minimum (stat_length=None),
        reflect, symmetric (reflect_type='even'), edge, wrap, empty; or a function, which is called for each row along each
        axis as mode(row, (before, after), axis, kwargs). The row, with zeros at its ends, is a NumPy array: the function
        writes into it, or returns what it is to be.
    """
    if callable(mode):
        return _padded_by(mode, _core.asarray(array), pad_width, kwargs)
    if mode not in _PAD_KEYWORDS:
        raise ValueError(f"mode '{mode}' is not supported")
    if kwargs and (unknown := set(kwargs) - set(_PAD_KEYWORDS[mode])):
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {unknown}")
    return _functions["pad"](array, pad_width, mode, **kwargs)


def _padded_by(function: Callable[..., Any], x: Any, pad_width: Any, kwargs: dict[str, Any]) -> Any:
    padded = _np.array(_functions["pad"](x, pad_width))
    if isinstance(pad_width, dict):
        pairs = _np.zeros((x.ndim, 2), int)
        for axis, each in pad_width.items():
            pairs[axis] = each
    else:
        pairs = _np.broadcast_to(_np.asarray(pad_width), (x.ndim, 2))
    for axis in range(x.ndim):
        rows = _np.moveaxis(padded, axis, -1)
        for index in _np.ndindex(rows.shape[:-1]):
            result = function(rows[index], tuple(pairs[axis].tolist()), axis, kwargs)
            if result is not None:
                rows[index] = result
    return _core.asarray(padded)


def piecewise(
    x: ArrayLike, condlist: ArrayLike, funclist: Sequence[Callable[..., ArrayLike] | ArrayLike], *args: Any, **kw: Any
) -> ndarray:
    """Of several functions, or numbers, that whose condition is true; one more than conditions is for the rest."""
    values = _core.asarray(x)
    parts: Any = condlist
    if not isinstance(condlist, (list, tuple)):
        parts = _core.asarray(condlist)
        parts = [parts] if parts.ndim < 2 and (values.ndim or not parts.ndim) else list(parts)
    elif values.ndim != 0 and not hasattr(parts[0], "__len__"):
        parts = [condlist]
    conditions = [_core.asarray(c).astype(bool) for c in parts]
    n, m = len(conditions), len(funclist)
    if m == n + 1:
        conditions.append(~functools.reduce(lambda a, b: a | b, conditions))
    elif m != n:
        raise ValueError(f"with {n} condition(s), either {n} or {n + 1} functions are expected")
    y = _functions["zeros_like"](values)
    for condition, f in zip(conditions, funclist, strict=True):
        traced = _symbolic(values) or _symbolic(condition)
        if not traced and not callable(f) and condition.ndim > 0:
            y = y.at[condition].set(f)
            continue
        if 0 < condition.ndim < values.ndim and (traced or not callable(f)):  # of the first axes, as an index
            condition = condition.reshape(condition.shape + (1,) * (values.ndim - condition.ndim))
            condition = _functions["broadcast_to"](condition, values.shape)
        if not callable(f):
            y = _functions["copyto"](y, f, "unsafe", condition)
        elif traced:
            y = _functions["where"](condition, _core.asarray(f(values, *args, **kw)).astype(y.dtype), y)
        else:
            chosen = values[condition]
            if chosen.size > 0:
                y = y.at[condition].set(f(chosen, *args, **kw))
    return y


class vectorize:
    """A function of numbers as one of arrays, which it takes element by element.

    Inside a traced function it is called once, on an element that stands for all.
    """

    def __init__(
        self,
        pyfunc: Callable[..., Any] | None = None,
        otypes: str | Iterable[DTypeLike] | None = None,
        doc: str | None = None,
        excluded: Iterable[int | str] | None = None,
        cache: bool = False,
        signature: str | None = None,
    ) -> None:
        if pyfunc is not None and not callable(pyfunc):
            part = "s" if isinstance(pyfunc, str) else ""
            raise TypeError(f"When used as a decorator, only keyword arguments can be given to vectorize{part and ''}")
        self.pyfunc: Any = pyfunc
        self.cache, self.signature = cache, signature
        self.excluded = set(excluded or ())
        self.otypes = self._types(otypes)
        self._core_dims = _parse_signature(signature) if signature is not None else None
        self.__doc__ = doc if doc is not None else getattr(pyfunc, "__doc__", None)
        if pyfunc is not None and hasattr(pyfunc, "__name__"):
            self.__name__ = pyfunc.__name__

    @staticmethod
    def _types(otypes: Any) -> list[Any] | None:
        if otypes is None:
            return None
        try:
            return [_core.asarray(0).dtype.__class__(t) for t in otypes]
        except TypeError as error:
            raise ValueError("Invalid otype specification") from error

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The results of each element; as a decorator with keywords, the function itself."""
        if self.pyfunc is None:
            return vectorize(args[0], self.otypes, self.__doc__, self.excluded, self.cache, self.signature)
        if self._core_dims is None and not kwargs and not self.excluded:
            return self._call_on_elements(self.pyfunc, [_core.asarray(a) for a in args])
        names = [k for k in kwargs if k not in self.excluded]
        places = [i for i in range(len(args)) if i not in self.excluded]

        def call(*values: Any) -> Any:
            positional, named = list(args), dict(kwargs)
            for i, v in zip(places, values, strict=False):
                positional[i] = v
            named.update(zip(names, values[len(places) :], strict=True))
            return self.pyfunc(*positional, **named)

        arrays = [_core.asarray(args[i]) for i in places] + [_core.asarray(kwargs[k]) for k in names]
        if self._core_dims is not None:
            return self._call_with_dims(call, arrays)
        return self._call_on_elements(call, arrays)

    def _call_on_elements(self, call: Callable[..., Any], arrays: list[Any]) -> Any:
        if not arrays:
            return call()
        if len(arrays) == 1 and not _is_symbolic(arrays[0]) and arrays[0].size != 0:
            return self._call_on_array(call, arrays[0])
        views = arrays if len(arrays) == 1 else _functions["broadcast_arrays"](*arrays)
        shape = views[0].shape
        if any(map(_is_symbolic, views)):
            flat = [v.reshape(-1) for v in views]
            out = vmap(lambda *xs: _of_results(call(*xs), self.otypes))(*flat)
            return tuple(o.reshape(shape) for o in out) if isinstance(out, tuple) else out.reshape(shape)
        if views[0].size == 0:
            if self.otypes is None:
                raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
            empty = tuple(_functions["zeros"](shape, t) for t in self.otypes)
            return empty if len(empty) > 1 else empty[0]
        columns = [(v if len(shape) == 1 else v.ravel()).tolist() for v in views]
        # Without otypes NumPy calls the function on the first element once more, to see what it gives.
        if self.otypes is None and not self.cache:
            call(*(c[0] for c in columns))
        return self._of_elements(list(map(call, *columns)), shape)

    def _call_on_array(self, call: Callable[..., Any], x: Any) -> Any:
        shape = x.shape
        column = (x if len(shape) == 1 else x.ravel()).tolist()
        if self.otypes is None and not self.cache:
            call(column[0])  # as above
        return self._of_elements(list(map(call, column)), shape)

    def _of_elements(self, results: list[Any], shape: Any) -> Any:
        if not isinstance(results[0], tuple):
            return self._collected(results, 0, shape)
        return tuple(self._collected([r[k] for r in results], k, shape) for k in range(len(results[0])))

    def _collected(self, values: list[Any], k: int, shape: Any) -> Any:
        if self.otypes is None and _are_floats(values):
            out = _core.asarray(values)
            return out if len(shape) == 1 else out.reshape(shape)
        if not _NUMBERS.issuperset(map(type, values)):
            values = [v.item() if hasattr(v, "item") else v for v in values]
        out = _core.asarray(values)
        # The first result decides the type, as in NumPy.
        dtype = _core.asarray(values[0]).dtype if self.otypes is None else self.otypes[k]
        if out.dtype is not dtype:
            out = out.astype(dtype)
        return out if len(shape) == 1 else out.reshape(shape)

    def _call_with_dims(self, call: Callable[..., Any], arrays: list[Any]) -> Any:
        assert self._core_dims is not None
        inputs, outputs = self._core_dims
        if len(arrays) != len(inputs):
            raise TypeError(f"wrong number of positional arguments: expected {len(inputs)}, got {len(arrays)}")
        sizes: dict[str, int] = {}
        for x, dims in zip(arrays, inputs, strict=True):
            if x.ndim < len(dims):
                raise ValueError(
                    f"{x.ndim}-dimensional argument does not have enough dimensions for all core dimensions {dims!r}"
                )
            for name, n in zip(dims, x.shape[x.ndim - len(dims) :], strict=True):
                if sizes.setdefault(name, n) != n:
                    raise ValueError(f"inconsistent size for core dimension {name!r}: {n} vs {sizes[name]}")
        outer = _functions["broadcast_shapes"](
            *(x.shape[: x.ndim - len(dims)] for x, dims in zip(arrays, inputs, strict=True))
        )
        views = [
            _functions["broadcast_to"](x, tuple(outer) + tuple(x.shape[x.ndim - len(dims) :]))
            for x, dims in zip(arrays, inputs, strict=True)
        ]
        rows = [call(*(v[index] for v in views)) for index in itertools.product(*(range(n) for n in outer))]
        many = len(outputs) > 1
        if not rows:
            if self.otypes is None:
                raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
            empty = [
                _functions["zeros"](tuple(outer) + tuple(sizes[d] for d in dims), t)
                for dims, t in zip(outputs, self.otypes, strict=True)
            ]
            return tuple(empty) if many else empty[0]
        columns = list(zip(*rows, strict=True)) if many else [rows]
        if many and len(columns) != len(outputs):
            raise ValueError(f"wrong number of outputs from pyfunc: expected {len(outputs)}, got {len(columns)}")
        out = []
        for k, (values, dims) in enumerate(zip(columns, outputs, strict=True)):
            parts = [_core.asarray(v) for v in values]
            for p in parts:
                if p.ndim != len(dims) or any(sizes.setdefault(d, n) != n for d, n in zip(dims, p.shape, strict=True)):
                    raise ValueError(f"the result of shape {p.shape} does not have the core dimensions {dims!r}")
            y = _functions["stack"](parts).reshape(tuple(outer) + tuple(parts[0].shape))
            out.append(y if self.otypes is None else y.astype(self.otypes[k]))
        return tuple(out) if many else out[0]


def _of_results(result: Any, otypes: Any) -> Any:
    results = result if isinstance(result, tuple) else (result,)
    arrays = [_core.asarray(r) for r in results]
    if otypes is not None:
        arrays = [a.astype(t) for a, t in zip(arrays, otypes, strict=True)]
    return tuple(arrays) if isinstance(result, tuple) else arrays[0]


def _parse_signature(text: str) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """ "(n),(n)->()" as the names of the inputs' and the outputs' dimensions."""
    one = r"\(\s*(?:\w+\s*(?:,\s*\w+\s*)*)?,?\s*\)"
    if not re.fullmatch(rf"\s*{one}(?:\s*,\s*{one})*\s*->\s*{one}(?:\s*,\s*{one})*\s*", text):
        raise ValueError(f"not a valid gufunc signature: {text}")
    inputs, outputs = ([tuple(re.findall(r"\w+", g)) for g in re.findall(one, side)] for side in text.split("->"))
    return inputs, outputs


_each_once = vectorize(cache=True)  # without a function of its own


class frompyfunc:
    """A Python function of `nin` numbers with `nout` results as one of arrays.

    NumPy's gives arrays of objects; here the results' own types decide.
    """

    def __init__(self, func: Callable[..., Any], /, nin: int, nout: int, **kwargs: Any) -> None:
        if not callable(func):
            raise TypeError("the first argument must be callable")
        if kwargs and set(kwargs) - {"identity"}:
            raise TypeError(
                f"frompyfunc() got an unexpected keyword argument '{next(iter(set(kwargs) - {'identity'}))}'"
            )
        self._call = func
        self.nin, self.nout = nin, nout
        self.identity = kwargs.get("identity") if kwargs else None

    @property
    def nargs(self) -> int:
        """The number of arguments and results."""
        return self.nin + self.nout

    @property
    def __name__(self) -> str:
        return f"{getattr(self._call, '__name__', '?')} (vectorized)"

    def __call__(self, *args: Any) -> Any:
        """The results of each element."""
        if len(args) != self.nin:
            raise TypeError(f"{self.__name__} takes {self.nin} positional arguments but {len(args)} were given")
        return _each_once._call_on_elements(self._call, list(map(_core.asarray, args)))

    def outer(self, a: Any, b: Any) -> Any:
        """The results of all pairs."""
        x, y = _core.asarray(a), _core.asarray(b)
        return self(x.reshape(tuple(x.shape) + (1,) * y.ndim), y)

    def accumulate(self, array: Any, axis: int = 0) -> Any:
        """Each element combined with all before it along an axis."""
        x = _functions["moveaxis"](_core.asarray(array), axis, 0)
        rows = list(itertools.accumulate(x, self.__call__))
        return _functions["moveaxis"](_functions["stack"](rows) if rows else x, 0, axis)

    def reduce(self, array: Any, axis: int = 0) -> Any:
        """All elements along an axis combined."""
        x = list(_functions["moveaxis"](_core.asarray(array), axis, 0))
        if not x and self.identity is None:
            raise ValueError(f"zero-size array to reduction operation {self.__name__} which has no identity")
        return functools.reduce(self.__call__, x) if x else _core.asarray(self.identity)
