"""Converted `while` and `for`, and the builtins that go with them."""

from __future__ import annotations

import builtins
import functools
import operator
from collections.abc import Callable, Iterator
from typing import Any

from . import _autograph as _ag
from . import _core

_MAX_UNROLLED = 16  # rows of a traced array of known size that a `for` goes over one by one


class _Again(Exception):
    """The loop's variables are known better now: trace it again."""


class _Carry:
    """The variables of a loop, as a list of arrays and back.

    A Python number is an array of its own type from the first iteration on, or of that which the body makes of it. What
    is no array or number must stay what it is.
    """

    def __init__(self, what: str, names: tuple[str, ...], init: tuple[Any, ...]) -> None:
        self.what, self.names = what, names
        self.is_return = [isinstance(v, _ag.UndefinedReturnValue) for v in init]
        self.promoted: dict[int, dict[int, Any]] = {}  # types that Python numbers turn out to take
        self.numbers: set[tuple[int, int]] = set()  # leaves that began as such
        self.typed: set[tuple[int, int]] = set()  # and those of them that the body has given a type
        self.values = [_ag.ld(v) if not isinstance(v, _ag.Undefined) else v for v in init]
        self.late: set[int] = set()  # variables that the loop defines
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
            out.append(tree.unflatten(leaves))
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
            leaves, tree = _core.tree_flatten(_ag.ld(value))
            if self.trees[k] is None:
                if not leaves or not all(_is_carried(x) for x in leaves):
                    continue  # known in the loop's own trace only
                self.values[k] = tree.unflatten([_blank(x) for x in leaves])
                self.late.add(k)
                changed = True
                continue
            if tree.key != self.trees[k].key:
                self.refuse(k, "changes its structure")
            for i, (old, new) in enumerate(zip(self.leaves[k], leaves, strict=True)):
                if i in self.carried[k]:
                    out.append(self.leaf(k, i, old, next(arrays), new))
                    changed = changed or out[-1] is None
                elif new is not old and not (type(new) is type(old) and _ag._comparable(old) and new == old):
                    self.refuse(k, f"is {old!r} before an iteration and {_ag._text(new)} after it")
        if changed:
            self.plan_again()
        return out

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
        raise error(f"{self.what}: the loop variable '{self.names[k]}' {why}")

    def finish(self, arrays: list[Any], ran: Any) -> tuple[Any, ...]:
        """The variables after the loop."""
        out = list(self.build(arrays))
        for k in self.late:
            if not self.is_return[k]:
                out[k] = _ag._PossiblyUndefined(self.names[k], out[k], ran)
        return tuple(out)


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
    options: dict[str, Any],
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
        set_state(_traced_while("while", test, body, get_state, set_state, names, init))
    except Exception:
        set_state(init)
        if _core.is_made_of_sizes(holds):
            with _ag._unconverted():
                bool(holds)
        raise


def _traced_while(
    what: str, test: Any, body: Any, get_state: Any, set_state: Any, names: tuple[str, ...], init: tuple[Any, ...]
) -> tuple[Any, ...]:
    carry = _Carry(what, names, init)

    def condition(turn: Any, *arrays: Any) -> Any:
        set_state(carry.build(arrays))
        holds = test()
        return _ag._truth(holds) if _core.is_traced(holds) else bool(holds)

    def step(turn: Any, *arrays: Any) -> tuple[Any, ...]:
        set_state(carry.build(arrays))
        body()
        return (True, *carry.take(get_state(), list(arrays)))

    while True:
        try:
            ran, *out = _core.while_loop(condition, step, (False, *carry.start()))
        except _Again:
            continue
        return carry.finish(out, ran)


# --- for


class Rows:
    """What a `for` of the graph goes over: `length` turns; turn i gives `at(i)`."""

    def __init__(self, length: Any, at: Callable[[Any], Any], arrays: Any = None) -> None:
        self.length, self.at = length, at
        self.arrays = arrays  # a structure of arrays whose rows are the turns, if there is one


class _SymbolicRange:
    """range() of sizes or traced numbers."""

    def __init__(self, *bounds: Any) -> None:
        start, stop, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1) if len(bounds) == 2 else bounds
        for b in (start, stop, step):
            if _ag._is_array(b) and (b.ndim != 0 or b.dtype.kind not in "iu"):
                raise TypeError(f"range: an integer is needed, got {b.dtype}{b.shape}")
        self.start, self.stop, self.step = start, stop, step

    def __iter__(self) -> Iterator[int]:
        with _ag._unconverted():
            return iter(range(*(operator.index(b) for b in (self.start, self.stop, self.step))))

    def __len__(self) -> int:
        with _ag._unconverted():
            return len(range(*(operator.index(b) for b in (self.start, self.stop, self.step))))

    def rows(self) -> Rows:
        start, stop, step = self.start, self.stop, self.step
        if isinstance(step, int):
            if step == 0:
                raise ValueError("range() arg 3 must not be zero")
            length = (stop - start + step - 1) // step if step > 0 else (start - stop - step - 1) // -step
        else:
            length = (stop - start + step - _core.ufuncs["sign"](step)) // step
        return Rows(length, lambda i: start + i * step if not (_is(start, 0) and _is(step, 1)) else i)


def _is(x: Any, value: int) -> bool:
    return isinstance(x, int) and x == value


def _rows_of(x: Any) -> Rows | None:
    """What is traced in `x`, as something to go over; None for what Python goes over itself."""
    if isinstance(x, _SymbolicRange):
        return x.rows()
    if isinstance(x, _Together):
        return x.rows()
    if isinstance(x, _core.Variable):
        x = x.read() if hasattr(x, "read") else x
    if _ag._is_array(x) and _core.is_traced(x):
        if x.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        size = x.shape[0]
        if isinstance(size, int) and (size <= _MAX_UNROLLED or getattr(_ag._local, "unroll", False)):
            return None
        return Rows(size, lambda i: x[i], x)
    return None


class _Together:
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


def for_stmt(
    iterated: Any,
    extra_test: Callable[[], Any] | None,
    body: Callable[[Any], None],
    get_state: Callable[[], tuple[Any, ...]],
    set_state: Callable[[tuple[Any, ...]], None],
    names: tuple[str, ...],
    options: dict[str, Any],
) -> None:
    """for target in iterated: body(target), for as long as extra_test() holds"""
    rows = _rows_of(iterated)
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

    return _traced_while(
        "for", goes_on, step, lambda: (turn[0], *get_state()), put, ("the number of the turn", *names), (0, *init)
    )[1:]


def _traced_scan(
    rows: Rows, body: Any, get_state: Any, set_state: Any, names: Any, init: tuple[Any, ...]
) -> tuple[Any, ...]:
    carry = _Carry("for", names, init)

    def step(arrays: list[Any], row: Any) -> tuple[list[Any], tuple[()]]:
        set_state(carry.build(arrays))
        body(row)
        return carry.take(get_state(), list(arrays)), ()

    while True:
        try:
            out, _ = _core.scan(step, carry.start(), rows.arrays)
        except _Again:
            continue
        return carry.finish(out, _core.ufuncs["greater"](rows.length, 0) if carry.late else True)


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


# --- builtins


def _any_traced(values: Any) -> bool:
    return any(_core.is_traced(v) for v in values)


def _range(*bounds: Any) -> Any:
    return _SymbolicRange(*bounds) if _any_traced(bounds) else range(*bounds)


def _len(x: Any) -> Any:
    if not _core.is_traced(x) or isinstance(x, _core.Dim):
        return len(x)
    if len(x.shape) == 0:
        raise TypeError("len() of unsized object")
    return x.shape[0]


def _goes_over(x: Any) -> bool:
    return isinstance(x, (_SymbolicRange, _Together)) or _rows_of(x) is not None


def _zip(*parts: Any, strict: bool = False) -> Any:
    if strict or not any(_goes_over(p) for p in parts):
        return zip(*parts, strict=strict)
    return _Together(parts, lambda: zip(*parts, strict=False))


def _enumerate(x: Any, start: Any = 0) -> Any:
    if not _goes_over(x):
        return enumerate(x, start)
    return _Together((_Count(start), x), lambda: enumerate(x, start))


def _converter(python: type, dtype: str) -> Callable[..., Any]:
    def convert(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and _ag._is_array(args[0]) and _core.is_traced(args[0]) and args[0].ndim == 0:
            return _core.functions["astype"](args[0], dtype)
        return python(*args, **kwargs)

    return convert


def _extreme(python: Callable[..., Any], ufunc: str) -> Callable[..., Any]:
    def choose(*args: Any, **kwargs: Any) -> Any:
        if len(args) < 2 or kwargs or not _any_traced(args):
            return python(*args, **kwargs)
        result = args[0]
        for x in args[1:]:
            result = _core.ufuncs[ufunc](result, x)
        return result

    return choose


def _reduced(python: Callable[..., Any], name: str) -> Callable[..., Any]:
    def reduce(*args: Any) -> Any:
        if len(args) != 1 or not _ag._is_array(args[0]) or not _core.is_traced(args[0]) or args[0].ndim != 1:
            return python(*args)
        return _core.functions[name](args[0])

    return reduce


_BUILTINS: dict[Any, Callable[..., Any]] = {
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
    builtins.any: _reduced(any, "any"),
    builtins.all: _reduced(all, "all"),
}
