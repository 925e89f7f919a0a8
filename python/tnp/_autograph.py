"""What converted control flow calls: Python's own meaning for Python values, the graph's for traced arrays.

`if` becomes a cond, `while` and `for` become loops of the graph when what they depend on is traced. The variables that
a branch or body may change are its results: `get_state` and `set_state`, made by the conversion, read and write them.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

from . import _conversion, _core

_local = threading.local()  # negated: pairs (not a, a) of the last negations of traced values


# --- names


class Undefined:
    """What a variable holds that has no value yet."""

    __slots__ = ("reason", "symbol_name")

    def __init__(self, symbol_name: str, reason: str = "") -> None:
        self.symbol_name = symbol_name
        self.reason = reason

    def read(self) -> Any:
        raise UnboundLocalError(
            f"cannot access local variable '{self.symbol_name}': {self.reason or 'it has no value'}"
        )


class UndefinedReturnValue:
    """The result of a function that has not returned yet."""


class _PossiblyUndefined:
    """The value of a variable that a loop of the graph defines, if it runs at all."""

    __slots__ = ("name", "ran", "value")

    def __init__(self, name: str, value: Any, ran: Any) -> None:
        self.name, self.value, self.ran = name, value, ran

    def read(self) -> Any:
        name = self.name
        _check(self.ran, UnboundLocalError, lambda: f"cannot access local variable '{name}': its loop never ran")
        return self.value


def ld(v: Any) -> Any:
    """The value of a variable."""
    if type(v) is Undefined or type(v) is _PossiblyUndefined:
        return v.read()
    return v


def ldu(load: Callable[[], Any], name: str) -> Any:
    """The value of an attribute or element, which need not be there."""
    try:
        return load()
    except (KeyError, AttributeError, NameError, IndexError):
        return Undefined(name)


# --- calls

Feature = types.SimpleNamespace(ASSERT_STATEMENTS=None, BUILTIN_FUNCTIONS=None)
STD = None


def ConversionOptions(**options: Any) -> None:
    """Converted code names the options of its conversion; there is nothing to choose."""


class FunctionScope:
    """Around the body of a converted function."""

    def __init__(self, function_name: str, scope_name: str, options: Any) -> None:
        self.function_name, self.name = function_name, scope_name

    def __enter__(self) -> FunctionScope:
        return self

    def __exit__(self, *exception: Any) -> None:
        pass

    def ret(self, value: Any, did_return: Any) -> Any:
        """The result, given whether a return statement was met."""
        if isinstance(value, UndefinedReturnValue):
            return None
        if did_return is not True and _core.is_traced(did_return):
            raise TypeError(
                f"{self.function_name}() returns a value on some ways through it and none on others, and which way is "
                "taken depends on a traced array: end it with a return of the same structure"
            )
        return value


def with_function_scope(thunk: Callable[[Any], Any], scope_name: str, options: Any) -> Any:
    """A lambda's body."""
    with FunctionScope("lambda", scope_name, options) as scope:
        return thunk(scope)


def autograph_artifact(entity: Any, extras: Any = None) -> Any:
    """Marks a function inside of a converted one."""
    return entity


def converted_call(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None, scope: Any = None) -> Any:
    """f(*args, **kwargs), converted where it is the user's."""
    kwargs = kwargs or {}
    if isinstance(f, types.FunctionType):
        return (_converted(f) or f)(*args, **kwargs) if not _is_ours(f) else f(*_each(args), **kwargs)
    if isinstance(f, types.MethodType):
        inner = f.__func__
        made = _converted(inner) if isinstance(inner, types.FunctionType) else None
        return made(f.__self__, *args, **kwargs) if made else f(*args, **kwargs)
    if isinstance(f, functools.partial):
        return converted_call(f.func, (*f.args, *args), {**f.keywords, **kwargs}, scope)
    if isinstance(f, (types.BuiltinFunctionType, type)):
        try:
            overload = _BUILTINS.get(f)
        except TypeError:
            overload = None
        if overload is not None:
            return overload(*args, **kwargs)
        if f in _NEED_FRAME:
            return _in_frame(f, args, scope)
        return f(*(_each(args) if getattr(f, "__module__", None) == "tnp._core" else args), **kwargs)
    if type(f).__module__.startswith("tnp"):
        return f(*_each(args), **kwargs)
    call = type(f).__call__
    made = _converted(call) if isinstance(call, types.FunctionType) else None
    return made(f, *args, **kwargs) if made else f(*args, **kwargs)


def _run(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], unroll: bool) -> Any:
    """A traced function's body. unroll: see `for_stmt`."""
    saved = _local.__dict__.copy()
    _local.unroll, _local.loops = unroll, False
    try:
        return converted_call(f, args, kwargs)
    finally:
        loops = _local.loops
        _local.__dict__.clear()
        _local.__dict__.update(saved)
        _local.last_loops = loops


def _made_loops() -> bool:
    """Whether the last run of a body made loops over sizes part of the graph."""
    return getattr(_local, "last_loops", False)


def _is_ours(f: types.FunctionType) -> bool:
    return f.__module__ is not None and f.__module__.partition(".")[0] == "tnp"


def _converted(f: types.FunctionType) -> types.FunctionType | None:
    if hasattr(f, "__wrapped__") and _is_ours(f):
        return None
    if inspect.iscoroutinefunction(f) or f.__code__.co_flags & inspect.CO_GENERATOR:
        return None
    return _conversion.converted(f)


def _each(args: tuple[Any, ...]) -> Iterator[Any]:
    """The arguments of one of tnp's own functions, those that are the user's functions converted."""
    for a in args:
        if isinstance(a, (list, tuple)) and a and all(isinstance(x, types.FunctionType) for x in a):
            yield type(a)(_converted(x) or x for x in a)
        else:
            yield (_converted(a) or a) if isinstance(a, types.FunctionType) else a


_NEED_FRAME = (eval, super, globals, locals)


def _in_frame(f: Any, args: tuple[Any, ...], scope: Any) -> Any:
    from malt.operators import py_builtins as malt

    if f is eval:
        return malt.eval_in_original_context(f, args, scope)
    if f is super:
        return malt.super_in_original_context(f, args, scope)
    return (malt.globals_in_original_context if f is globals else malt.locals_in_original_context)(scope)


# --- conditions


def _truth(x: Any) -> Any:
    """A traced value as a predicate."""
    return _core.functions["astype"](x, "bool") if getattr(x, "dtype", None) != "bool" else x


def not_(a: Any) -> Any:
    """not a"""
    if not _core.is_traced(a):
        return not a
    result = _core.ufuncs["logical_not"](a)
    negated = _local.__dict__.setdefault("negated", [])
    negated.append((result, a))
    del negated[:-32]
    return result


def _is_plain(f: Callable[[], Any]) -> bool:
    """Whether evaluating this can neither fail nor take long: no index, no call."""
    import dis

    return not any(i.opname.startswith(("CALL", "BINARY_SUBSCR", "LOAD_ATTR")) for i in dis.get_instructions(f))


def and_(a: Callable[[], Any], b: Callable[[], Any]) -> Any:
    """a() and b(), where b is evaluated only if a holds."""
    x = a()
    if not _core.is_traced(x):
        return x and b()
    if _is_plain(b):
        y = b()
        if not isinstance(y, bool) and (not _is_predicate(x) or not _is_predicate(y)):
            return _core.cond(x, lambda: y, lambda: x)
        return _core.ufuncs["logical_and"](x, y)
    return _core.cond(x, lambda: _as_predicate(b(), x), lambda: _as_predicate(x, x))


def or_(a: Callable[[], Any], b: Callable[[], Any]) -> Any:
    """a() or b(), where b is evaluated only if a does not hold."""
    x = a()
    if not _core.is_traced(x):
        return x or b()
    if _is_plain(b):
        y = b()
        if not isinstance(y, bool) and (not _is_predicate(x) or not _is_predicate(y)):
            return _core.cond(x, lambda: x, lambda: y)
        return _core.ufuncs["logical_or"](x, y)
    return _core.cond(x, lambda: _as_predicate(x, x), lambda: _as_predicate(b(), x))


def _is_predicate(x: Any) -> bool:
    return getattr(x, "dtype", None) == "bool" and x.ndim == 0


def _as_predicate(x: Any, like: Any) -> Any:
    return _truth(x) if _is_predicate(like) and _core.is_traced(x) else x


def eq(a: Any, b: Any) -> Any:
    """a == b"""
    return a == b


def not_eq(a: Any, b: Any) -> Any:
    """a != b"""
    return a != b


def if_exp(test: Any, if_true: Callable[[], Any], if_false: Callable[[], Any], text: str) -> Any:
    """if_true() if test else if_false()"""
    if not _core.is_traced(test):
        return if_true() if test else if_false()
    state: list[Any] = [None]

    def setter(values: tuple[Any, ...]) -> None:
        state[0] = values[0]

    def run(f: Callable[[], Any]) -> Callable[[], None]:
        return lambda: setter((f(),))

    if_stmt(test, run(if_true), run(if_false), lambda: (state[0],), setter, (f"`{text.strip()}`",), 1)
    return state[0]


def if_stmt(
    test: Any,
    body: Callable[[], Any],
    orelse: Callable[[], Any],
    get_state: Callable[[], tuple[Any, ...]],
    set_state: Callable[[tuple[Any, ...]], None],
    names: tuple[str, ...],
    nouts: int,
) -> None:
    """if test: body() else: orelse()"""
    if not _core.is_traced(test):
        body() if test else orelse()
        return
    init = get_state()
    try:
        set_state(_traced_if(test, body, orelse, get_state, set_state, names, init)[:nouts] + init[nouts:])
    except Exception:
        set_state(init)
        if _core.is_made_of_sizes(test):
            with _unconverted():
                bool(test)  # has the function traced again for this size alone
        raise


class _Part:
    """A traced leaf of a branch's results: number `index` of them."""

    __slots__ = ("array", "index")

    def __init__(self, index: int, array: Any) -> None:
        self.index, self.array = index, array


def _traced_if(
    test: Any, body: Any, orelse: Any, get_state: Any, set_state: Any, names: tuple[str, ...], init: tuple[Any, ...]
) -> tuple[Any, ...]:
    predicate = _truth(test)
    casts: tuple[dict[int, Any], dict[int, Any]] = ({}, {})  # of each branch's results that began as Python numbers

    def trace(side: int) -> tuple[Any, list[Any]]:
        leaves: list[Any] = []
        state: list[Any] = []

        def run() -> list[Any]:
            set_state(_implied(test, side == 0, init))
            (body, orelse)[side]()
            state.extend(_parts(new, leaves) if new is not old else new for new, old in _pairs(get_state(), init))
            return [_cast(x, casts[side][i]) if i in casts[side] else x for i, x in enumerate(leaves)]

        branch = _core.trace_branch(run)
        set_state(init)
        return branch, state

    (first, a), (second, b) = trace(0), trace(1)
    merge = _Merge(casts)
    merged = [merge.value(x, y, name) for x, y, name in zip(a, b, names, strict=True)]
    if casts[0]:
        first, _ = trace(0)
    if casts[1]:
        second, _ = trace(1)
    results = _core.join_branches(predicate, [first, second], merge.chosen)
    for i in merge.weak:
        _core.set_weak(results[i])
    return tuple(_build(value, results) for value in merged)


def _pairs(new: tuple[Any, ...], old: tuple[Any, ...]) -> Iterator[tuple[Any, Any]]:
    return zip(new, old, strict=True)


def _implied(test: Any, holds: bool, state: tuple[Any, ...]) -> tuple[Any, ...]:
    """The state in a branch: what the condition itself says of flags is known there."""
    known = [(test, holds)]
    known += [(a, not holds) for result, a in _local.__dict__.get("negated", ()) if result is test]
    for x, value in known:
        if _is_predicate(x):
            state = tuple(value if s is x else s for s in state)
    return state


class _Structure:
    """A value of a branch taken apart: leaves are _Parts or Python values."""

    __slots__ = ("leaves", "tree")

    def __init__(self, leaves: list[Any], tree: Any) -> None:
        self.leaves, self.tree = leaves, tree


def _parts(value: Any, results: list[Any]) -> Any:
    if isinstance(value, (Undefined, UndefinedReturnValue)):
        return value
    leaves, tree = _core.tree_flatten(ld(value))
    out = []
    for leaf in leaves:
        if _is_array(leaf) or isinstance(leaf, _core.Dim):
            results.append(leaf)
            out.append(_Part(len(results) - 1, leaf))
        else:
            out.append(leaf)
    return _Structure(out, tree)


def _is_array(x: Any) -> bool:
    return isinstance(x, _core.ndarray)


def _is_number(x: Any) -> bool:
    return type(x) in (bool, int, float, complex)


class _Merge:
    """What two branches leave in each variable, as one value."""

    def __init__(self, casts: tuple[dict[int, Any], dict[int, Any]]) -> None:
        self.casts = casts
        self.chosen: tuple[list[Any], list[Any]] = ([], [])
        self.weak: list[int] = []  # results that stand for Python numbers

    def value(self, a: Any, b: Any, name: str) -> Any:
        if a is b:
            return a
        a, b = self._structure(a), self._structure(b)
        for x, y in ((a, b), (b, a)):
            if isinstance(x, UndefinedReturnValue):
                return self.value(*((_blank(y), b) if x is a else (a, _blank(y))), name)
            if isinstance(x, Undefined):
                if isinstance(y, Undefined):
                    return x
                return Undefined(name, "it is assigned in only one branch of an `if` whose condition is traced")
        if a.tree.key != b.tree.key:
            raise TypeError(f"if: {name} has one structure in one branch and another in the other{_shown(a, b)}")
        return _Structure([self._leaf(x, y, name) for x, y in zip(a.leaves, b.leaves, strict=True)], a.tree)

    @staticmethod
    def _structure(x: Any) -> Any:
        return x if isinstance(x, (_Structure, Undefined, UndefinedReturnValue)) else _unchanged(x)

    def _leaf(self, a: Any, b: Any, name: str) -> Any:
        traced = [isinstance(x, (_Part, _Outer)) for x in (a, b)]
        if not any(traced) and type(a) is type(b) and (a is b or (_comparable(a) and a == b)):
            return a
        if not all(t or _is_number(x) for t, x in zip(traced, (a, b), strict=True)):
            raise TypeError(
                f"if: {name} is {_text(a)} in one branch and {_text(b)} in the other; where the condition is traced, "
                "branches may differ in arrays and numbers only"
            )
        dtype = _common_dtype(a, b, name)
        _check_ranks(a, b, name)
        if _is_weak(a) and _is_weak(b):
            self.weak.append(len(self.chosen[0]))
        for side, casts, x in zip(self.chosen, self.casts, (a, b), strict=True):
            if isinstance(x, _Part):
                side.append(x.index)
                if _dtype_of(x) != dtype:
                    casts[x.index] = dtype
            else:
                side.append(_cast(x.array if isinstance(x, _Outer) else x, dtype))
        return _Part(len(self.chosen[0]) - 1, None)


class _Outer:
    """A traced or concrete array from before the branch."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array


def _unchanged(value: Any) -> _Structure:
    leaves, tree = _core.tree_flatten(ld(value))
    return _Structure([_Outer(x) if _is_array(x) or isinstance(x, _core.Dim) else x for x in leaves], tree)


def _comparable(x: Any) -> bool:
    return isinstance(x, (str, bytes, bool, int, float, complex, type, types.FunctionType, frozenset)) or x is None


def _text(x: Any) -> str:
    if isinstance(x, (_Part, _Outer)):
        x = x.array
        return f"{x.dtype}{x.shape}" if _is_array(x) else "a size"
    return repr(x)


def _shown(a: _Structure, b: _Structure) -> str:
    marks = [x.tree.unflatten(["·"] * len(x.leaves)) for x in (a, b)]
    return f": {marks[0]} and {marks[1]}"


def _dtype_of(x: Any) -> Any:
    return x.array.dtype if _is_array(x.array) else _core.functions["result_type"](int)


def _is_weak(x: Any) -> bool:
    """Whether a leaf is a Python number, or stands for one."""
    return _is_number(x) or not _is_array(x.array) or _core.is_weak(x.array)


def _weakly(x: Any, weak: bool) -> tuple[Any, ...]:
    """What result_type takes for a value: a weak one counts as a Python number."""
    if not weak:
        return (x.dtype,)
    if _is_array(x):
        return ({"b": False, "i": 0, "u": 0, "f": 0.0, "c": 0j}[x.dtype.kind],)
    return (type(x)(0) if _is_number(x) else 0,)


def _common_dtype(a: Any, b: Any, name: str) -> Any:
    """The type of the merged array; a Python number takes that of the array in the other branch."""
    if _is_weak(a) or _is_weak(b):
        values = [(x.array if isinstance(x, (_Part, _Outer)) else x, _is_weak(x)) for x in (a, b)]
        return _core.functions["result_type"](*_weakly(*values[0]), *_weakly(*values[1]))
    if _dtype_of(a) == _dtype_of(b):
        return _dtype_of(a)
    raise TypeError(f"if: {name} is {_text(a)} in one branch and {_text(b)} in the other: use astype")


def _check_ranks(a: Any, b: Any, name: str) -> None:
    ranks = [x.array.ndim if isinstance(x, (_Part, _Outer)) and _is_array(x.array) else 0 for x in (a, b)]
    if ranks[0] != ranks[1]:
        raise ValueError(
            f"if: {name} is {_text(a)} in one branch and {_text(b)} in the other: the numbers of dimensions must agree "
            "(use reshape or broadcast_to)"
        )


def _cast(x: Any, dtype: Any) -> Any:
    if not _is_array(x):
        if isinstance(x, _core.Dim):
            return _core.functions["astype"](_core.functions["asarray"](x), dtype)
        return _core.functions["asarray"](x, dtype)
    return _core.functions["astype"](x, dtype) if x.dtype != dtype else x


def _blank(x: Any) -> Any:
    """Zeros like a value, for where it is never looked at."""
    if not isinstance(x, _Structure):
        return x
    return _Structure([_Outer(_zeros(y.array)) if isinstance(y, (_Part, _Outer)) else y for y in x.leaves], x.tree)


def _zeros(x: Any) -> Any:
    if not _is_array(x):
        return _core.functions["asarray"](0)
    sizes = [d if isinstance(d, int) else 0 for d in x.shape]
    return _core.functions["zeros"](tuple(sizes), x.dtype)


def _build(value: Any, results: list[Any]) -> Any:
    if not isinstance(value, _Structure):
        return value
    leaves = []
    for x in value.leaves:
        leaves.append(results[x.index] if isinstance(x, _Part) else x.array if isinstance(x, _Outer) else x)
    return value.tree.unflatten(leaves)


class _unconverted:
    """Where a value is asked for though control flow was converted."""

    def __enter__(self) -> None:
        _local.off = getattr(_local, "off", 0) + 1

    def __exit__(self, *exception: Any) -> None:
        _local.off -= 1


def _wants_conversion(what: str, converted: bool, boundary: int) -> bool:
    return not getattr(_local, "off", 0) and _conversion.wants_conversion(what, converted, boundary)


def _why_not_converted() -> str:
    return _conversion.why_not_converted()


# --- assert and print


def _check(condition: Any, error: type[Exception], message: Callable[[], Any]) -> None:
    """Raises the error when the program runs and the condition does not hold."""

    def check(holds: Any) -> None:
        if not holds:
            text = message()
            raise error(*(() if text is None else (text,)))

    _core._numpy_function(check, [condition], [], True, "assert")


def assert_stmt(test: Any, message: Callable[[], Any]) -> None:
    """assert test, message()"""
    if not _core.is_traced(test):
        if not test:
            text = message()
            raise AssertionError(*(() if text is None else (text,)))
        return
    if test.ndim != 0:
        test = _core.functions["all"](test)  # with more than one element Python would refuse it
    text = message()
    _check(test, AssertionError, lambda: text)


def _print(*values: Any, **options: Any) -> None:
    leaves, tree = _core.tree_flatten(values)
    places = [i for i, x in enumerate(leaves) if _core.is_traced(x)]
    if not places:
        print(*values, **options)
        return

    def show(*arrays: Any) -> None:
        shown = list(leaves)
        for i, a in zip(places, arrays, strict=True):
            shown[i] = a
        print(*tree.unflatten(shown), **options)

    _core._numpy_function(show, [leaves[i] for i in places], [], True, "print")


from ._autograph_loops import _BUILTINS, for_stmt, while_stmt  # noqa: E402

_BUILTINS[builtins.print] = _print

__all__ = ["for_stmt", "while_stmt"]
