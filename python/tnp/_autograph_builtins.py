"""Python's builtins in converted code: what range, zip, any, sum, … are of traced values."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

from . import _autograph as _ag
from . import _core
from ._autograph_loops import Rows, _rows_of
from ._autograph_values import Text, TracedList, comprehension, list_of, print_


class SymbolicRange:
    """range() of sizes or traced numbers."""

    def __init__(self, *bounds: Any) -> None:
        start, stop, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1) if len(bounds) == 2 else bounds
        for b in (start, stop, step):
            if _ag._is_array(b) and (b.ndim != 0 or b.dtype.kind not in "iu"):
                raise TypeError(f"range: an integer is needed, got {b.dtype}{b.shape}")
        self.start, self.stop, self.step = start, stop, step

    is_range = True

    def python(self) -> range:
        """The range of numbers, where the sizes are fixed."""
        with _ag._unconverted():
            return range(*(operator.index(b) for b in (self.start, self.stop, self.step)))

    def __iter__(self) -> Iterator[int]:
        return iter(self.python())

    def __len__(self) -> int:
        return len(self.python())

    def rows(self) -> Rows:
        start, stop, step = self.start, self.stop, self.step
        if isinstance(step, int):
            if step == 0:
                raise ValueError("range() arg 3 must not be zero")
            length = (stop - start + step - 1) // step if step > 0 else (start - stop - step - 1) // -step
        else:
            _ag.check(step != 0, ValueError, lambda: "range() arg 3 must not be zero")
            length = (stop - start + step - _core.ufuncs["sign"](step)) // step
        return Rows(length, lambda i: start + i * step if not (_is(start, 0) and _is(step, 1)) else i)


def _is(x: Any, value: int) -> bool:
    return isinstance(x, int) and x == value


class Together:
    """zip() or enumerate() with something traced in it."""

    def __init__(self, parts: tuple[Any, ...], python: Callable[[], Any]) -> None:
        self.parts, self.python = parts, python

    def __iter__(self) -> Iterator[Any]:
        return iter(self.python())

    def rows(self) -> Rows:
        rows = [_rows_of(p) or _fixed_rows(p) for p in self.parts]
        length = rows[0].length
        for r in rows[1:]:
            length = _least(length, r.length)
        return Rows(length, lambda i: tuple(r.at(i) for r in rows))


def _fixed_rows(x: Any) -> Rows:
    if isinstance(x, _Count):
        return Rows(None, lambda i: i + x.start)
    values = _core.functions["asarray"](list(x) if not hasattr(x, "shape") else x)
    return Rows(values.shape[0], lambda i: values[i])


class _Count:
    def __init__(self, start: Any) -> None:
        self.start = start


def _least(a: Any, b: Any) -> Any:
    if a is None or b is None or a is b:
        return b if a is None else a
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    return _core.ufuncs["minimum"](a, b)


def _any_traced(values: Any) -> bool:
    return any(_core.is_traced(v) for v in values)


def _range(*bounds: Any) -> Any:
    return SymbolicRange(*bounds) if _any_traced(bounds) else range(*bounds)


def _len(x: Any) -> Any:
    if isinstance(x, TracedList):
        x = x.values
    if isinstance(x, Text):  # the length of a number that is not known: its size is fixed
        for part in x.parts:
            if isinstance(part, tuple) and isinstance(part[0], _core.Dim):
                int(part[0])
            elif isinstance(part, tuple) and _core.is_traced(part[0]) and _core.is_made_of_sizes(part[0]):
                with _ag._unconverted():
                    bool(part[0])
    if not _core.is_traced(x) or isinstance(x, (_core.Dim, _ag.STRICT)):
        return len(x)
    if len(x.shape) == 0:
        raise TypeError("len() of unsized object")
    return x.shape[0]


def _goes_over(x: Any) -> bool:
    return isinstance(x, (SymbolicRange, Together, TracedList)) or _rows_of(x) is not None


def _zip(*parts: Any, strict: bool = False) -> Any:
    if strict or not any(_goes_over(p) for p in parts):
        return zip(*parts, strict=strict)
    return Together(parts, lambda: zip(*parts, strict=False))


def _enumerate(x: Any, start: Any = 0) -> Any:
    if not _goes_over(x):
        return enumerate(x, start)
    return Together((_Count(start), x), lambda: enumerate(x, start))


def _converter(python: type, dtype: str) -> Callable[..., Any]:
    def convert(*args: Any, **kwargs: Any) -> Any:
        x: Any = _ag.bare(args[0]) if len(args) == 1 and not kwargs else None
        if isinstance(x, _core.Dim) and python is float:
            return x * 1.0
        if _ag._is_array(x) and _core.is_traced(x) and x.ndim == 0:
            number = _core.functions["astype"](x, dtype)
            return number if x is args[0] else _core.set_weak(_core.alias(number))
        return python(*args, **kwargs)

    return convert


def _extreme(python: Callable[..., Any], ufunc: str) -> Callable[..., Any]:
    def choose(*args: Any, **kwargs: Any) -> Any:
        values: Any = args
        if len(args) == 1:
            if not kwargs and (rows := _traced_rows(args[0])) is not None and rows.ndim == 1:
                return _core.functions[python.__name__](rows)
            values = args[0] if isinstance(args[0], (list, tuple)) else ()
        if kwargs or not _any_traced(values):
            return python(*args, **kwargs)
        result = values[0]
        for x in values[1:]:
            result = _extreme_of_two(result, x, ufunc)
        return result

    return choose


def _extreme_of_two(a: Any, b: Any, ufunc: str) -> Any:
    for x, y in ((a, b), (b, a)):
        if isinstance(x, _core.Dim) and type(y) in (int, _core.Dim):
            return x._least(y) if ufunc == "minimum" else x._largest(y)
    result = _core.ufuncs[ufunc](a, b)
    weak = all(_ag._is_number(x) or isinstance(x, _core.Dim) or _core.is_weak(x) for x in (a, b))
    return _core.set_weak(_core.alias(result)) if weak else result


def _traced_rows(x: Any) -> Any:
    """The array whose rows a traced array or list is; None for what Python goes over itself."""
    if isinstance(x, TracedList):
        return x.values
    return x if _ag._is_array(x) and _core.is_traced(x) and x.ndim > 0 else None


def _reduced(python: Callable[..., Any], ufunc: str, decided: bool) -> Callable[..., Any]:
    """any() and all(): `decided` is what ends them early."""

    def reduce(*args: Any) -> Any:
        if len(args) != 1:
            return python(*args)
        if (rows := _traced_rows(args[0])) is not None and rows.ndim == 1:
            return _core.functions[python.__name__](rows)
        result: Any = not decided
        for x in args[0]:
            if not _core.is_traced(x):
                if bool(x) == decided:
                    return decided
            else:
                x = _ag._truth(x)
                result = x if isinstance(result, bool) else _core.ufuncs[ufunc](result, x)
        return result

    return reduce


def _sum(x: Any, /, start: Any = 0) -> Any:
    if not _goes_over(x):
        return sum(x, start)
    if (rows := _traced_rows(x)) is None:
        rows = comprehension(x, lambda item: (None, lambda: item), False).values
    dtype = _core.functions["result_type"](rows.dtype, *_ag._weakly(start, _ag._is_number(start)))
    zero = _core.functions["broadcast_to"](_core.functions["asarray"](start, dtype), rows.shape[1:])
    return _core.scan(lambda total, row: (total + row, ()), zero, rows)[0]


def _sorted(x: Any, /, **options: Any) -> Any:
    rows = _traced_rows(x)
    if rows is None and isinstance(x, (list, tuple)) and _any_traced(x):
        rows = _core.functions["stack"]([_core.functions["asarray"](v) for v in x])
    if rows is None or rows.ndim != 1 or options.get("key") is not None:
        return sorted(x, **options)
    rows = _core.functions["sort"](rows)
    rows = rows[::-1] if options.get("reverse") else rows
    return list_of(rows)


def _reversed(x: Any) -> Any:
    rows = _traced_rows(x) if _goes_over(x) else None
    return reversed(x) if rows is None else list_of(rows[::-1])


def _list(*args: Any) -> Any:
    if len(args) == 1 and isinstance(args[0], TracedList):
        return args[0]
    if len(args) == 1 and isinstance(args[0], SymbolicRange):
        return comprehension(args[0], lambda item: (None, lambda: item), False)
    return list(*args)


def _filter(f: Any, x: Any) -> Any:
    if not _goes_over(x) and _traced_rows(x) is None and not (isinstance(x, (list, tuple)) and _any_traced(x)):
        return filter(_callable(f), x)
    return comprehension(x, lambda item: (lambda: _ag.converted_call(f, (item,)) if f else item, lambda: item), False)


def _map(f: Any, *xs: Any) -> Any:
    if len(xs) == 1 and _goes_over(xs[0]):
        return comprehension(xs[0], lambda item: (None, lambda: _ag.converted_call(f, (item,))), False)
    return map(_callable(f), *xs)


def _callable(f: Any) -> Any:
    return next(_ag._each((f,)))


def _of_number(python: Callable[..., Any], function: str, dtype: str | None = None) -> Callable[..., Any]:
    """One of `math`'s functions, which give Python's numbers."""

    def compute(*args: Any) -> Any:
        if not any(isinstance(x, _core.Dim) or (_is_single(x) and _core.is_traced(x)) for x in args):
            return python(*args)
        if not all(isinstance(x, (int, float, _core.Dim)) or _is_single(x) for x in args):
            return python(*args)
        result = (_core.ufuncs.get(function) or _core.functions[function])(*(_as_float(x) for x in args))
        return _core.set_weak(_core.alias(_core.functions["astype"](result, dtype) if dtype else result))

    return compute


def _is_single(x: Any) -> bool:
    return _ag._is_array(x) and x.ndim == 0 and x.dtype.kind in "biuf"


def _as_float(x: Any) -> Any:
    return _core.functions["astype"](x, "float64") if _is_single(x) else x * 1.0


def _log(x: Any, *base: Any) -> Any:
    if not base:
        return _PLAIN_LOG(x)
    return _PLAIN_LOG(x) / _PLAIN_LOG(*base) if any(_core.is_traced(v) for v in (x, *base)) else math.log(x, *base)


_PLAIN_LOG = _of_number(math.log, "log")
_SAME_IN_MATH = (
    "sqrt cbrt exp exp2 expm1 log1p log2 log10 sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh hypot atan2 "
    "copysign fmod degrees radians"
)
_MATH: dict[Any, Callable[..., Any]] = {
    getattr(math, name): _of_number(getattr(math, name), name) for name in _SAME_IN_MATH.split() if hasattr(math, name)
}
_MATH |= {
    math.fabs: _of_number(math.fabs, "absolute"),
    math.pow: _of_number(math.pow, "power"),
    math.floor: _of_number(math.floor, "floor", "int64"),
    math.ceil: _of_number(math.ceil, "ceil", "int64"),
    math.trunc: _of_number(math.trunc, "trunc", "int64"),
    math.isnan: _of_number(math.isnan, "isnan"),
    math.isinf: _of_number(math.isinf, "isinf"),
    math.isfinite: _of_number(math.isfinite, "isfinite"),
    math.log: _log,
}

BUILTINS: dict[Any, Callable[..., Any]] = {
    builtins.range: _range,
    builtins.len: _len,
    builtins.zip: _zip,
    builtins.enumerate: _enumerate,
    builtins.int: _converter(int, "int64"),
    builtins.float: _converter(float, "float64"),
    builtins.bool: _converter(bool, "bool"),
    builtins.complex: _converter(complex, "complex128"),
    builtins.min: _extreme(min, "minimum"),
    builtins.max: _extreme(max, "maximum"),
    builtins.any: _reduced(any, "logical_or", True),
    builtins.all: _reduced(all, "logical_and", False),
    builtins.sum: _sum,
    builtins.sorted: _sorted,
    builtins.reversed: _reversed,
    builtins.list: _list,
    builtins.filter: _filter,
    builtins.map: _map,
    builtins.print: print_,
    **_MATH,
}
