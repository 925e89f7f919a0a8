"""Expressions of converted code: comprehensions, `in`, chains of comparisons, texts; `assert`, `raise` and `print`."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from . import _autograph as _ag
from . import _core

_local: Any = _ag._local  # lists: whether a TracedList was made; raised, handlers: see explicit()
_functions, _ufuncs = _core.functions, _core.ufuncs


# --- lists of a length that only a run knows


class TracedList:
    """The list that a comprehension over traced rows makes: the rows of an array."""

    def __init__(self, values: Any) -> None:
        self.values = values
        _local.lists = True

    def __len__(self) -> int:
        size: int = operator.index(self.values.shape[0])
        return size

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def __getitem__(self, key: Any) -> Any:
        return TracedList(self.values[key]) if isinstance(key, slice) else self.values[key]

    def __add__(self, other: Any) -> Any:
        _refuse_list("+")

    __radd__ = __mul__ = __rmul__ = __eq__ = __lt__ = __gt__ = __add__
    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _refuse_list(f".{name}")


def list_of(values: Any) -> Any:
    """The rows of a traced array as a list."""
    size = values.shape[0]
    of_size = isinstance(size, int) or _core.is_made_of_sizes(size)
    if of_size and getattr(_local, "unroll", False):
        return list(values)
    _local.loops = getattr(_local, "loops", False) or of_size
    return TracedList(values)


def _refuse_list(what: str) -> None:
    raise _core.TracerError(
        f"{what} of a list whose length depends on traced values: use tnp.asarray of the comprehension, and tnp's "
        "functions, or tnp.map and masks"
    )


def plain(x: Any) -> Any:
    """A leaf of a function's result."""
    if isinstance(x, TracedList):
        _refuse_list("the function's result can not be made")
    return x


def comprehension(iterated: Any, row: Callable[[Any], Any], nested: bool) -> Any:
    """[element for item in iterated if condition], where row(item) gives both as functions; the condition may be None.

    nested: the elements are such lists themselves, of which one is to be made.
    """
    from . import _autograph_loops as loops

    rows = loops._rows_of(iterated)
    if rows is None:
        return _python_list(iterated, row, nested)
    of_size = isinstance(rows.length, (int, _core.Dim)) or _core.is_made_of_sizes(rows.length)
    if of_size and getattr(_local, "unroll", False):
        loops._fix(rows.length)
        return _python_list(iterated, row, nested)
    _local.loops = getattr(_local, "loops", False) or of_size
    try:
        return _mapped(rows, row, nested)
    except Exception:
        if of_size:
            loops._fix(rows.length)  # item by item, then
        raise


def generator(iterated: Any, row: Callable[[Any], Any], nested: bool) -> Any:
    """The same for (element for item in iterated if condition)."""
    from . import _autograph_loops as loops

    return _lazily(iterated, row, nested) if loops._rows_of(iterated) is None else comprehension(iterated, row, nested)


def _lazily(iterated: Any, row: Callable[[Any], Any], nested: bool) -> Iterator[Any]:
    for item in iterated:
        condition, element = row(item)
        if condition is not None:
            holds = condition()
            if _core.is_traced(holds) and not _core.is_made_of_sizes(holds):
                raise _core.TracerError(
                    "the condition of a generator expression depends on a traced array: write a list comprehension, "
                    "or tnp.where"
                )
            if not holds:
                continue
        if nested:
            yield from element()
        else:
            yield element()


def _python_list(iterated: Iterable[Any], row: Callable[[Any], Any], nested: bool) -> Any:
    out, conditions = [], []
    for item in iterated:
        condition, element = row(item)
        holds = True if condition is None else condition()
        if _core.is_traced(holds):
            out.append(_only_if(holds, element))
        elif holds:
            out.append(element())
        else:
            continue
        conditions.append(holds)
    if nested:
        if not any(_core.is_traced(h) for h in conditions):
            if not any(isinstance(x, TracedList) for x in out):
                return [*itertools.chain.from_iterable(out)]
            return TracedList(
                _functions["concatenate"]([_inner(x, True) for x in out if isinstance(x, TracedList) or x])
            )
        raise _core.TracerError(
            "a comprehension with several loops has a condition that depends on a traced array: use a mask"
        )
    if not any(_core.is_traced(h) for h in conditions):
        return out
    mask = _functions["stack"]([_functions["asarray"](h) for h in conditions])
    return TracedList(_functions["stack"]([_functions["asarray"](_one_array(x)) for x in out])[mask])


def _only_if(holds: Any, element: Callable[[], Any]) -> Any:
    """The element where the condition holds, anything else."""
    state: list[Any] = [_ag.UndefinedReturnValue()]

    def put(values: tuple[Any, ...]) -> None:
        state[0] = values[0]

    _ag.if_stmt(holds, lambda: put((element(),)), lambda: None, lambda: (state[0],), put, ("an element",), 1)
    return state[0]


def _one_array(x: Any) -> Any:
    if not _ag._is_array(x) and not _ag._is_number(x) and not isinstance(x, _core.Dim):
        raise _core.TracerError(
            f"the elements of a comprehension over traced rows must be arrays or numbers, not {type(x).__name__}: use "
            "tnp.map, which takes any structure"
        )
    return x


def _mapped(rows: Any, row: Callable[[Any], Any], nested: bool) -> Any:
    filtered: list[bool] = []

    def one(item: Any) -> Any:
        condition, element = row(rows.at(item) if rows.arrays is None else item)
        filtered[:] = [condition is not None]
        if condition is None:
            return _inner(element(), nested)
        holds = condition()
        value = _only_if(holds, element) if _core.is_traced(holds) else element()
        if nested:
            _refuse_list("a condition around the inner loop")
        return _functions["asarray"](holds, "bool"), _one_array(value)

    xs = _functions["arange"](rows.length) if rows.arrays is None else rows.arrays
    out = _core.map(one, xs)
    if filtered[0]:
        mask, out = out
        out = out[mask]
    return TracedList(out.reshape((-1, *out.shape[2:])) if nested else out)


def _inner(value: Any, nested: bool) -> Any:
    if not nested:
        return _one_array(value)
    if isinstance(value, TracedList):
        return value.values
    return _functions["stack"]([_functions["asarray"](_one_array(x)) for x in value])


# --- comparisons


def in_(a: Any, b: Any) -> Any:
    """a in b"""
    if isinstance(b, TracedList):
        b = b.values
    if _ag._is_array(b) and (_core.is_traced(a) or _core.is_traced(b)):
        return _functions["any"](_ufuncs["equal"](b, a))
    if isinstance(b, (list, tuple)):
        if not _core.is_traced(a) and not any(_core.is_traced(x) for x in b):
            return a in b
        return _in_items(a, b)
    if not _core.is_traced(a):
        return a in b.python() if hasattr(b, "is_range") else a in b
    if isinstance(b, range) or hasattr(b, "is_range"):
        first, last = (b.start, b.stop) if isinstance(b.step, int) and b.step > 0 else (b.stop + 1, b.start + 1)
        inside = _ufuncs["logical_and"](a >= first, a < last)
        return inside if b.step in (1, -1) else _ufuncs["logical_and"](inside, (a - b.start) % b.step == 0)
    return a in b


def _in_items(a: Any, items: Iterable[Any]) -> Any:
    found: Any = False
    for x in items:
        if x is a:
            return True
        same = x == a
        if same is NotImplemented or same is False:
            continue
        if not _core.is_traced(same):
            if same:
                return True
            continue
        found = same if found is False else _ufuncs["logical_or"](found, same)
    return found


def not_in(a: Any, b: Any) -> Any:
    """a not in b"""
    return _ag.not_(in_(a, b))


def _of_sizes(a: Any, b: Any) -> bool:
    """Whether these are shapes of one rank, some of whose sizes only the run tells."""
    if type(a) is not tuple or type(b) is not tuple or len(a) != len(b):
        return False
    return any(isinstance(x, _core.Dim) or isinstance(y, _core.Dim) for x, y in zip(a, b, strict=True))


def eq(a: Any, b: Any) -> Any:
    """a == b"""
    if not _of_sizes(a, b):
        return a == b
    same: Any = True
    for x, y in zip(a, b, strict=True):
        each = x == y
        if not _core.is_traced(each):
            if not each:
                return False
            continue
        same = each if same is True else _ufuncs["logical_and"](same, each)
    return same


def ne(a: Any, b: Any) -> Any:
    """a != b"""
    return _ag.not_(eq(a, b)) if _of_sizes(a, b) else a != b


def chain(is_plain: bool, left: Any, *rest: Any) -> Any:
    """left op b op c …: the operators' names, then functions that give b, c, …"""
    n = len(rest) // 2
    operators, values = rest[:n], rest[n:]

    def compare(i: int, left: Any) -> Any:
        right = values[i]()
        name = operators[i]
        compared = {"in_": in_, "not_in": not_in, "eq": eq, "ne": ne}.get(name) or getattr(operator, name)
        result = compared(left, right)
        if i == n - 1:
            return result
        return _ag.and_(lambda: result, lambda: compare(i + 1, right), is_plain)

    return compare(0, left)


def is_sequence(x: Any, length: int) -> bool:
    """Whether a pattern of so many elements may match."""
    return isinstance(x, Sequence) and not isinstance(x, (str, bytes, bytearray)) and len(x) == length


# --- texts


class Text(str):
    """A text with traced values in it, which are put in when the program runs."""

    parts: tuple[Any, ...]

    def __add__(self, other: Any) -> Any:
        return text(*self.parts, *_parts_of(other)) if isinstance(other, str) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return text(*_parts_of(other), *self.parts) if isinstance(other, str) else NotImplemented


def _parts_of(x: str) -> tuple[Any, ...]:
    return x.parts if isinstance(x, Text) else (x,)


def text(*parts: Any) -> str:
    """An f-string: texts, and triples of a value, a conversion and a format."""
    made = _filled(parts, iter(()))
    if not any(_core.is_traced(p[0]) for p in parts if isinstance(p, tuple)):
        return made
    shown = Text(made)
    shown.parts = parts
    return shown


_CONVERSIONS: dict[int, Callable[[Any], Any]] = {-1: lambda x: x, 115: str, 114: repr, 97: ascii}


def _filled(parts: Iterable[Any], arrays: Iterator[Any]) -> str:
    out = []
    for p in parts:
        if isinstance(p, str):
            out.append(p)
            continue
        value, conversion, spec = p
        value = next(arrays) if value is _LATER else value
        out.append(format(_CONVERSIONS[conversion](value), "" if _core.is_traced(value) else spec))
    return "".join(out)


_LATER = object()  # where an array is put in when the program runs


class _Shown:
    """Values of any structure that are shown when the program runs: their traced arrays, and how to put them in.

    It holds nothing of the trace.
    """

    def __init__(self, values: Any) -> None:
        leaves, self.tree = _core.tree_flatten(values)
        self.arrays: list[Any] = []
        self.leaves = [self._leaf(x) for x in leaves]

    def _leaf(self, x: Any) -> Any:
        if isinstance(x, Text):
            return [p if isinstance(p, str) else (self._leaf(p[0]), *p[1:]) for p in x.parts]
        if isinstance(x, TracedList):
            self.arrays.append(x.values)
            return list
        if _core.is_traced(x):
            self.arrays.append(x)
            return _LATER
        return x

    def filled(self, arrays: Iterable[Any]) -> Any:
        given = iter(arrays)
        out: list[Any] = []
        for x in self.leaves:
            if isinstance(x, list):
                out.append(_filled(x, given))
            elif x is list:
                out.append(list(next(given)))
            else:
                out.append(next(given) if x is _LATER else x)
        return self.tree.unflatten(out)


def print_(*values: Any, **options: Any) -> None:
    """print(), when the program runs."""
    shown = _Shown(values)
    if not shown.arrays:
        print(*values, **options)
        return

    arrays, shown.arrays = shown.arrays, []

    def show(*values: Any) -> None:
        print(*shown.filled(values), **options)

    _core._numpy_function(show, arrays, [], True, "print")


# --- assert and raise


def check(condition: Any, error: type[Exception], message: Callable[[], Any]) -> None:
    """Raises the error when the program runs and the condition does not hold."""

    def look(holds: Any) -> None:
        if not holds:
            text = message()
            raise error(*(() if text is None else (text,)))

    _core._numpy_function(look, [condition], [], True, "assert")


def assert_stmt(test: Any, message: Callable[[], Any]) -> None:
    """assert test, message()"""
    if not _core.is_traced(test):
        if not test:
            text = message()
            raise explicit(AssertionError(*(() if text is None else (text,))))
        return
    _refuse_caught(AssertionError)
    if test.ndim != 0:
        test = _functions["all"](test)  # with more than one element Python would refuse it
    text = message()
    shown = _Shown(() if text is None else (text,))
    arrays, shown.arrays = shown.arrays, []

    def look(holds: Any, *values: Any) -> None:
        if not holds:
            raise AssertionError(*shown.filled(values))

    _core._numpy_function(look, [test, *arrays], [], True, "assert")


def explicit(error: Any) -> Any:
    """What a `raise` statement of converted code raises: where its branch depends on a traced value, a run raises it."""
    if isinstance(error, type) and issubclass(error, BaseException):
        error = error()
    _local.raised = error
    return error


def raise_when_run(error: Exception) -> None:
    """Raises what a traced branch raised when a run takes it, if a `raise` statement did; at once otherwise."""
    if getattr(_local, "raised", None) is not error:
        raise error
    _refuse_caught(type(error))
    kind, shown = type(error), _Shown((error.args, {k: v for k, v in error.__dict__.items() if k != "__notes__"}))

    arrays, shown.arrays = shown.arrays, []

    def fail(*values: Any) -> None:
        args, attributes = shown.filled(values)
        made = kind.__new__(kind, *args)
        made.__dict__.update(attributes)
        raise made

    _core._numpy_function(fail, arrays, [], True, "raise")
    _local.raised = None


class handlers:
    """Around what is in a `try`. types: gives the classes that its handlers catch, None for all."""

    def __init__(self, types: Callable[[], tuple[Any, ...]]) -> None:
        self.types = types

    def __enter__(self) -> None:
        _local.__dict__.setdefault("handlers", []).append(self)

    def __exit__(self, *exception: Any) -> None:
        _local.handlers.pop()

    def catches(self, error: type[BaseException]) -> bool:
        caught = [c for t in self.types() for c in (t if isinstance(t, tuple) else (t or BaseException,))]
        return issubclass(error, tuple(caught))


def _refuse_caught(error: type[BaseException]) -> None:
    if any(h.catches(error) for h in getattr(_local, "handlers", ())):
        raise _core.TracerError(
            f"whether {error.__name__} is raised depends on a traced array, and a handler would catch it: use "
            "tnp.where or an `if` instead of try and except"
        )
