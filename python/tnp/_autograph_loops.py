"""Converted `while` and `for`, and the builtins that go with them."""

from __future__ import annotations

import contextlib
import functools
import operator
from collections.abc import Callable
from typing import Any

from . import _autograph as _ag
from . import _autograph_objects as _objects
from . import _core
from ._autograph_lists import GrowingList, Grows, each_grows, with_last

_MAX_UNROLLED = 16  # rows of a traced array of known size that a `for` goes over one by one
_MAX_TURNS = 2000  # and where it can not be part of the graph


class _Again(Exception):
    """The loop's variables are known better now: trace it again."""


class _More(Exception):
    """The body changes more than the loop's variables."""


class _Carry:
    """The variables of a loop, as a list of arrays and back.

    A Python number is an array of its own type from the first iteration on, or of that which the body makes of it. What
    is no array or number must stay what it is. A variable that may have no value (`late`) goes through the loop as a pair
    of its value and whether it has one.
    """

    def __init__(self, what: str, names: tuple[str, ...], init: tuple[Any, ...]) -> None:
        self.what, self.names = what, names
        self.is_return = [isinstance(v, _ag.UndefinedReturnValue) for v in init]
        self.promoted: dict[int, dict[int, Any]] = {}  # types that Python numbers turn out to take
        self.numbers: set[tuple[int, int]] = set()  # leaves that began as such
        self.typed: set[tuple[int, int]] = set()  # and those of them that the body has given a type
        self.values = [(v.value, v.given) if type(v) is _ag.PossiblyUndefined else v for v in init]
        self.late: set[int] = {k for k, v in enumerate(init) if type(v) is _ag.PossiblyUndefined}
        self.plan()

    def plan(self) -> None:
        self.trees: list[Any] = []
        self.leaves: list[list[Any]] = []
        self.carried: list[list[int]] = []
        for k, value in enumerate(self.values):
            if _is_missing(value):
                self.trees.append(None)
                self.leaves.append([])
                self.carried.append([])
                continue
            leaves, tree = _core.tree_flatten(value)
            self.trees.append(tree)
            self.leaves.append(leaves)
            self.carried.append([i for i, x in enumerate(leaves) if _is_carried(x)])
            self.numbers |= {(k, i) for i, x in enumerate(leaves) if _ag._is_number(x) or _core.is_weak(x)}
        self.numbers -= self.typed

    def start(self) -> list[Any]:
        return [leaves[i] for leaves, carried in zip(self.leaves, self.carried, strict=True) for i in carried]

    def build(self, arrays: Any) -> tuple[Any, ...]:
        arrays = iter(arrays)
        out = []
        for k, tree in enumerate(self.trees):
            if tree is None:
                out.append(self.values[k])
                continue
            leaves = list(self.leaves[k])
            for i in self.carried[k]:
                leaves[i] = next(arrays)
                if (k, i) in self.numbers:
                    _core.set_weak(leaves[i])
            value = tree.unflatten(leaves)
            late = k in self.late and not self.is_return[k]
            out.append(_ag.PossiblyUndefined(self.names[k], *value) if late else value)
        return tuple(out)

    def take(self, state: tuple[Any, ...], before: list[Any]) -> list[Any]:
        """The carried leaves after an iteration. Raises _Again if the plan was wrong."""
        arrays = iter(before)
        out: list[Any] = []
        changed = False
        for k, value in enumerate(state):
            if _is_missing(value):
                if self.trees[k] is not None:
                    self.refuse(k, "has no value after an iteration")
                continue
            if self.trees[k] is None or (k not in self.late and type(value) is _ag.PossiblyUndefined):
                changed = self.define(k, value) or changed
                continue
            if k in self.late and not self.is_return[k]:
                value = _pair(value)
            leaves, tree = _core.tree_flatten(value)
            if tree.key != self.trees[k].key:
                if (k, 0) in self.numbers and len(self.leaves[k]) == 1 and type(value) is _ag.STRICT:
                    # What began as a Python number becomes an array of the strict namespace.
                    next(arrays)
                    self.trees[k] = tree
                    self.numbers.discard((k, 0))
                    self.typed.add((k, 0))
                    self.promoted.setdefault(k, {})[0] = leaves[0].dtype
                    changed = True
                    continue
                was = _shown(self.trees[k], self.leaves[k])
                grows = isinstance(value, list) and isinstance(self.values[k], list)
                self.refuse(
                    k,
                    f"is {was} before an iteration and {_shown(tree, leaves)} after it: its structure must stay",
                    _core.TracerError if grows else TypeError,
                )
            for i, (old, new) in enumerate(zip(self.leaves[k], leaves, strict=True)):
                if i in self.carried[k]:
                    out.append(self.leaf(k, i, old, next(arrays), new))
                    changed = changed or out[-1] is None
                elif new is not old and not (type(new) is type(old) and _ag._comparable(old) and new == old):
                    self.refuse(k, f"is {old!r} before an iteration and {_ag._text(new)} after it")
        if changed:
            self.plan_again()
        return out

    def define(self, k: int, value: Any) -> bool:
        """Has a variable that had no value carried. False if that can not be: its value is for the loop's own trace."""
        if self.is_return[k]:
            first = value
        elif self.trees[k] is not None:
            first = (self.values[k], True)  # an iteration may leave it without
        else:
            first = _pair(value)
        leaves, tree = _core.tree_flatten(first)
        if not leaves or not all(_is_carried(x) for x in leaves):
            return False
        if self.trees[k] is None:
            self.values[k] = tree.unflatten([_blank(x) for x in leaves])
        else:
            self.values[k] = first
        self.late.add(k)
        return True

    def leaf(self, k: int, i: int, first: Any, before: Any, new: Any) -> Any:
        """The leaf after an iteration in the type before it; None if that has to change."""
        if not _is_carried(new):
            self.refuse(k, f"is an array before an iteration and {new!r} after it")
        if not _ag._is_number(new) and not isinstance(new, _core.Dim) and new.ndim != before.ndim:
            self.refuse(
                k,
                f"is {before.dtype}{before.shape} before an iteration and {new.dtype}{new.shape} after it: its number "
                "of dimensions must stay",
                ValueError,
            )
        weak = _ag._is_number(new) or isinstance(new, _core.Dim) or _core.is_weak(new)
        wanted = _core.functions["result_type"](*_ag._weakly(before, (k, i) in self.numbers), *_ag._weakly(new, weak))
        if (k, i) in self.numbers and not weak:
            # What began as a Python number takes the type that the body gives it, and is an array from then on.
            self.numbers.discard((k, i))
            self.typed.add((k, i))
            self.promoted.setdefault(k, {})[i] = wanted
            return None
        if wanted != before.dtype:
            if (k, i) in self.numbers:
                self.promoted.setdefault(k, {})[i] = wanted
                return None
            self.refuse(
                k, f"is {before.dtype} before an iteration and {wanted} after it: its dtype must stay (use astype)"
            )
        return _ag._cast(new, before.dtype)

    def plan_again(self) -> None:
        for k, leaves in self.promoted.items():
            old = list(self.leaves[k])
            for i, dtype in leaves.items():
                old[i] = _ag._cast(old[i], dtype)
            self.values[k] = self.trees[k].unflatten(old)
        self.promoted = {}
        self.plan()
        raise _Again

    def refuse(self, k: int, why: str, error: type[Exception] = TypeError) -> None:
        name = self.names[k]
        shown = name if " " in name else f"the loop variable '{name}'"
        raise error(f"{self.what}: {shown} {why}")

    def finish(self, arrays: list[Any]) -> tuple[Any, ...]:
        """The variables after the loop."""
        return self.build(arrays)


def _shown(tree: Any, leaves: list[Any]) -> str:
    """A structure in words: None, an array's type, or containers of those."""
    marks = [_Text(_ag._text(x)) for x in leaves]
    text = str(tree.unflatten(marks))
    return text if len(text) < 200 else text[:200] + "…"


class _Text(str):
    """A text that is shown without quotes."""

    __repr__ = str.__str__


def _pair(value: Any) -> tuple[Any, Any]:
    return (value.value, value.given) if type(value) is _ag.PossiblyUndefined else (value, True)


def _is_missing(x: Any) -> bool:
    return isinstance(x, (_ag.Undefined, _ag.UndefinedReturnValue))


def _is_carried(x: Any) -> bool:
    return _ag._is_array(x) or _ag._is_number(x) or isinstance(x, _core.Dim)


def _blank(x: Any) -> Any:
    if _ag._is_array(x):
        return _ag._zeros(x)
    return type(x)(0) if _ag._is_number(x) else 0


def while_stmt(
    test: Callable[[], Any],
    body: Callable[[], None],
    get_state: Callable[[], tuple[Any, ...]],
    set_state: Callable[[tuple[Any, ...]], None],
    names: tuple[str, ...],
) -> None:
    """while test(): body()"""
    holds = test()
    while not _core.is_traced(holds):
        if not holds:
            return
        body()
        holds = test()
    init = get_state()
    try:
        watch = _objects.Watch((body, test))
        set_state(_traced_while("while", test, body, get_state, set_state, names, init, watch))
    except Exception:
        set_state(init)
        if _core.is_made_of_sizes(holds):
            with _ag._unconverted():
                bool(holds)
        raise


def _traced_while(
    what: str,
    test: Any,
    body: Any,
    get_state: Any,
    set_state: Any,
    names: tuple[str, ...],
    init: tuple[Any, ...],
    watch: Any,
) -> tuple[Any, ...]:
    carry = _Carry(what, names, init)
    get, put = get_state, set_state

    def condition(turn: Any, *arrays: Any) -> Any:
        put(carry.build(arrays))
        holds = test()
        noted(get())
        return _ag._truth(holds) if _core.is_traced(holds) else bool(holds)

    def step(turn: Any, *arrays: Any) -> tuple[Any, ...]:
        put(carry.build(arrays))
        body()
        state = get()
        noted(state)
        return (True, *carry.take(state, list(arrays)))

    def noted(state: tuple[Any, ...]) -> None:
        more = watch.note(put, state)
        if watch.grown:
            raise Grows
        if more:
            raise _More

    try:
        while True:
            try:
                with watch:
                    _, *out = _core.while_loop(condition, step, (False, *carry.start()))
            except _Again:
                continue
            except _More:
                carry, get, put = _wider(what, watch, get_state, set_state, names, init)
                continue
            return _after(watch, carry, out)
    except BaseException:
        watch.restore()
        raise


def _wider(what: str, watch: Any, get_state: Any, set_state: Any, names: Any, init: Any) -> tuple[Any, Any, Any]:
    """What a loop carries, with what was found to change besides its variables."""
    watch.check_loop(what)
    set_state(init)
    get, put = watch.with_state(get_state, set_state)
    return _Carry(what, (*watch.names(), *names), get()), get, put


def _after(watch: Any, carry: _Carry, out: list[Any]) -> tuple[Any, ...]:
    """The variables after a loop, whose other changes are made."""
    state = carry.finish(out)
    n = len(watch.found)
    watch.restore()
    watch.put(state[:n])
    return state[n:]


# --- for


class Rows:
    """What a `for` of the graph goes over: `length` turns; turn i gives `at(i)`."""

    def __init__(
        self, length: Any, at: Callable[[Any], Any], arrays: Any = None, turn: Callable[[Any], Any] = lambda row: row
    ) -> None:
        self.length, self.at = length, at
        self.arrays, self.turn = arrays, turn  # if there is an array whose rows make the turns: how


def _rows_of(x: Any) -> Rows | None:
    """What is traced in `x`, as something to go over; None for what Python goes over itself."""
    if isinstance(x, _SymbolicRange):
        return x.rows()
    if isinstance(x, _Together):
        return x.rows()
    if isinstance(x, _core.Variable):
        x = x.read() if hasattr(x, "read") else x
    if isinstance(x, _ag.TracedList):
        x = x.values
    if _ag._is_array(x) and _core.is_traced(x):
        if x.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        size = x.shape[0]
        if isinstance(size, int) and size <= (_MAX_TURNS if getattr(_ag._local, "unroll", False) else _MAX_UNROLLED):
            return None
        return Rows(size, lambda i: x[i], x)
    return None


def _strict_rows(x: Any) -> Rows | None:
    """The same of a traced array of the strict namespace, which has rows where it has one dimension."""
    if type(x) is not _ag.STRICT or x.ndim != 1 or (rows := _rows_of(_ag.bare(x))) is None:
        return None
    return Rows(rows.length, lambda i: x[i], x)


def for_stmt(
    iterated: Any,
    extra_test: Callable[[], Any] | None,
    body: Callable[[Any], None],
    get_state: Callable[[], tuple[Any, ...]],
    set_state: Callable[[tuple[Any, ...]], None],
    names: tuple[str, ...],
) -> None:
    """for target in iterated: body(target), for as long as extra_test() holds"""
    rows = _rows_of(iterated) or _strict_rows(iterated)
    if rows is None:
        _python_for(iterated, extra_test, body, get_state, set_state, names)
        return
    if extra_test is not None:
        holds = extra_test()
        if not _core.is_traced(holds) and not holds:
            return
    of_size = isinstance(rows.length, (int, _core.Dim)) or _core.is_made_of_sizes(rows.length)
    if of_size and getattr(_ag._local, "unroll", False):
        _fix(rows.length)
        _python_for(iterated, extra_test, body, get_state, set_state, names)
        return
    _ag._local.loops = getattr(_ag._local, "loops", False) or of_size
    init = get_state()
    try:
        set_state(_traced_for(rows, extra_test, body, get_state, set_state, names, init))
    except Exception:
        set_state(init)
        if of_size:
            _fix(rows.length)  # turn by turn, then
        raise


def _fix(size: Any) -> None:
    """Has the function traced again with this size fixed."""
    if not isinstance(size, int):
        with _ag._unconverted():
            operator.index(size)


def _traced_for(
    rows: Rows, extra_test: Any, body: Any, get_state: Any, set_state: Any, names: Any, init: tuple[Any, ...]
) -> tuple[Any, ...]:
    if rows.arrays is not None and extra_test is None:
        return _traced_scan(rows, body, get_state, set_state, names, init)
    turn: list[Any] = [0]

    def goes_on() -> Any:
        more = turn[0] < rows.length
        if extra_test is None:
            return more
        return _ag.and_(lambda: more, extra_test)

    def step() -> None:
        body(rows.at(turn[0]))
        turn[0] = turn[0] + 1

    def put(state: tuple[Any, ...]) -> None:
        turn[0] = state[0]
        set_state(state[1:])

    def get() -> tuple[Any, ...]:
        return (turn[0], *get_state())

    watch = _objects.Watch((body, extra_test))
    watch.grown = [] if extra_test is None else None
    all_names = ("the number of the turn", *names)
    with contextlib.suppress(Grows):
        return _traced_while("for", goes_on, step, get, put, all_names, (0, *init), watch)[1:]
    set_state(init)
    del watch  # which holds the lists that grow, as none but their variables may do
    return _traced_scan(_numbered(rows), body, get_state, set_state, names, init)


def _numbered(rows: Rows) -> Rows:
    """The same turns, by their numbers."""
    length = rows.length
    turns = _core.functions["arange"](
        max(length, 0) if isinstance(length, int) else _extreme_of_two(length, 0, "maximum")
    )
    return Rows(length, rows.at, turns, lambda i: rows.at(_core.set_weak(_core.alias(i))))


def _traced_scan(
    rows: Rows, body: Any, get_state: Any, set_state: Any, names: Any, init: tuple[Any, ...]
) -> tuple[Any, ...]:
    carry = _Carry("for", names, init)
    watch = _objects.Watch((body,))
    watch.grown = []
    lists: list[GrowingList] = []
    get, put = get_state, set_state

    def step(arrays: list[Any], row: Any) -> tuple[list[Any], list[list[Any]]]:
        put(carry.build(arrays))
        with each_grows(lists):
            body(rows.turn(row))
            state = get()
        if watch.note(put, state):
            raise _More
        if watch.grown:
            raise Grows
        return carry.take(state, list(arrays)), [g.rows() for g in lists]

    try:
        while True:
            try:
                with watch:
                    out, added = _core.scan(step, carry.start(), rows.arrays)
            except _Again:
                continue
            except (_More, Grows):
                lists += [GrowingList(watch, w) for w in watch.grown]
                watch.grown = []
                get, put, more, last = with_last(lists, get_state, set_state)
                carry, get, put = _wider("for", watch, get, put, (*more, *names), (*last, *init))
                continue
            state = _after(watch, carry, out)
            for g, columns in zip(lists, added, strict=True):
                g.finish(columns)
            return state[len(state) - len(init) :]
    except BaseException:
        watch.restore()
        raise


def _python_for(
    iterated: Any, extra_test: Any, body: Any, get_state: Any, set_state: Any, names: tuple[str, ...]
) -> None:
    """Turn by turn. Once a `break` has depended on a traced value, each further turn is an `if`."""
    if extra_test is None:
        for target in iterated:
            body(target)
        return
    items = iter(iterated)
    rest = iterated if isinstance(iterated, range) else None
    holds = extra_test()
    while not _core.is_traced(holds):
        if not holds:
            return
        try:
            target = next(items)
        except StopIteration:
            return
        rest = rest[1:] if rest is not None else None
        body(target)
        holds = extra_test()
    if rest is not None and len(rest) > _MAX_UNROLLED:
        rows = Rows(len(rest), lambda i: i * rest.step + rest.start)
        set_state(_traced_for(rows, extra_test, body, get_state, set_state, names, get_state()))
        return
    for target in items:
        holds = extra_test()
        _ag.if_stmt(holds, functools.partial(body, target), lambda: None, get_state, set_state, names, len(names))


from ._autograph_builtins import BUILTINS as _BUILTINS  # noqa: E402
from ._autograph_builtins import SymbolicRange as _SymbolicRange  # noqa: E402
from ._autograph_builtins import Together as _Together  # noqa: E402
from ._autograph_builtins import _extreme_of_two  # noqa: E402

__all__ = ["_BUILTINS"]
