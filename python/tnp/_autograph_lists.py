"""Lists that a `for` of the graph adds to: each turn gives rows, and the list becomes an array of all rows.

While a turn is traced, the variable that holds such a list holds a `GrowingList`. It takes new elements, and knows the last
ones before this turn, which the loop carries. All else raises TracerError, and the loop is gone through turn by turn.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from . import _autograph as _ag
from . import _autograph_objects as _objects
from . import _core

_functions = _core.functions


class Grows(Exception):
    """More is known of the lists to which each turn of a loop adds."""


class GrowingList:
    def __init__(self, watch: Any, watched: Any) -> None:
        self.watch, self.name, self.list = watch, watched.name, watched.object
        self.first = list(watched.saved.values())
        self.cell = _objects.cell_of(watch.functions, self.list)
        self.recent: list[Any] = []  # as many of the last elements as are asked for, before this turn
        self.items: list[Any] = []  # of this turn
        self.most = 0  # how many of the last elements are asked for

    # --- what a body may do

    def append(self, x: Any, /) -> None:
        if _ag._local.watches[-1] is not self.watch:
            self._refuse("elements are added in a branch or a loop inside of the loop")
        if not _ag._is_array(x) and not _ag._is_number(x) and not isinstance(x, _core.Dim):
            self._refuse(f"{_ag._text(x)} is added, which is no array or number")
        self.items.append(x)

    def extend(self, values: Iterable[Any], /) -> None:
        for x in values:
            self.append(x)

    def __iadd__(self, values: Iterable[Any]) -> GrowingList:  # type: ignore[misc]
        self.extend(values)
        return self

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, int) or key >= 0:
            self._refuse("it is asked for an element, but for one counted from its end")
        known = self.recent + self.items
        if -key > len(known):
            if -key - len(self.items) > len(self.first):
                self._refuse("there is no such element in the first turn")
            self.most = -key - len(self.items)
            raise Grows
        return known[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse(f".{name} is asked for")

    def __add__(self, _: Any) -> GrowingList:
        self._other()
        return self

    def _other(self, *_: Any, **__: Any) -> Any:
        self._refuse("it is looked at as a whole")

    __len__ = __iter__ = __array__ = __bool__ = __contains__ = __eq__ = __radd__ = __mul__ = __rmul__ = _other
    __lt__ = __gt__ = __setitem__ = __delitem__ = __reversed__ = __str__ = __repr__ = _other
    __hash__ = None  # type: ignore[assignment]

    def _refuse(self, why: str) -> Any:
        raise _core.TracerError(
            f"for: the list '{self.name}' grows in a loop of the graph, and {why}: write a comprehension, use tnp.scan or "
            "tnp.map, or set elements of an array of the final size (x = x.at[i].set(value))"
        )

    # --- the loop

    def last(self) -> list[Any]:
        """The last elements now."""
        return (self.recent + self.items)[-self.most :] if self.most else []

    def begin(self, recent: list[Any]) -> None:
        self.recent, self.items = list(recent), []

    def rows(self) -> list[Any]:
        """What this turn has added."""
        return [_functions["asarray"](x) for x in self.items]

    def finish(self, columns: list[Any]) -> None:
        """The list after the loop, in which `columns` are what all turns have added, in the variable."""
        if not columns:
            return
        values = columns[0]
        if len(columns) > 1:
            if any(c.dtype != values.dtype or c.ndim != values.ndim for c in columns):
                self._refuse("its elements are of several types")
            values = _functions["stack"](columns, axis=1)
            values = values.reshape((-1, *values.shape[2:]))
        if self.first:
            first = [_functions["asarray"](x) for x in self.first]
            for x in first:
                if _core.functions["result_type"](x, values) != values.dtype or x.ndim != values.ndim - 1:
                    self._refuse("its elements are of several types")
            first = [_ag._cast(x, values.dtype) for x in first]
            values = _functions["concatenate"]([_functions["stack"](first), values])
        self.cell.cell_contents = _ag.TracedList(values)


@contextlib.contextmanager
def each_grows(lists: list[GrowingList]) -> Iterator[None]:
    """Has them in their variables."""
    for g in lists:
        g.cell.cell_contents = g
    try:
        yield
    finally:
        for g in lists:
            g.cell.cell_contents = g.list


def with_last(
    lists: list[GrowingList], get_state: Callable[[], tuple[Any, ...]], set_state: Callable[[tuple[Any, ...]], None]
) -> tuple[Any, Any, tuple[str, ...], tuple[Any, ...]]:
    """Functions that read and write a loop's state, in front of which are lists' last elements; their names and first values."""
    asked = [g for g in lists if g.most]

    def get() -> tuple[Any, ...]:
        return (*(g.last() for g in asked), *get_state())

    def put(state: tuple[Any, ...]) -> None:
        for g in lists:
            g.begin([])
        for g, recent in zip(asked, state, strict=False):
            g.begin(recent)
        set_state(state[len(asked) :])

    names = tuple(f"the end of the list '{g.name}'" for g in asked)
    return get, put, names, tuple(g.first[-g.most :] for g in asked)
