"""What converted control flow calls: Python's own meaning for Python values, the graph's for traced arrays.

`if` becomes a cond, `while` and `for` become loops of the graph when what they depend on is traced. The variables that
a branch or body may change are its results: `get_state` and `set_state`, made by the conversion, read and write them.
"""

from __future__ import annotations

import functools
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

from . import _core

STRICT: Any = _core.array_api.Array
_local: Any = threading.local()  # negated: pairs (not a, a) of the last negations of traced values


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


class PossiblyUndefined:
    """The value of a variable, attribute or element that a branch or a loop of the graph gives it, and whether it ran."""

    __slots__ = ("given", "name", "value")

    def __init__(self, name: str, value: Any, given: Any) -> None:
        self.name, self.value, self.given = name, value, given

    def read(self) -> Any:
        error, text = self._error()
        check(self.given, error, lambda: text)
        return self.value

    def _error(self) -> tuple[type[Exception], str]:
        if self.name.endswith("]"):
            return KeyError, f"{self.name}: what assigns it did not run"
        if "." in self.name:
            return AttributeError, f"{self.name} has no value: what assigns it did not run"
        return UnboundLocalError, f"cannot access local variable '{self.name}': what assigns it did not run"

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{self.name} is set on one way only, and which is taken depends on a traced array: set it before"
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    __array__ = __bool__ = __iter__ = __len__ = __getitem__ = __eq__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __hash__ = None  # type: ignore[assignment]


def ld(v: Any) -> Any:
    """The value of a variable."""
    if type(v) is Undefined or type(v) is PossiblyUndefined:
        return v.read()
    return v


def is_undefined(v: Any) -> bool:
    """Whether a variable has no value."""
    return type(v) is Undefined


def ldu(load: Callable[[], Any], name: str) -> Any:
    """The value of an attribute or element, which need not be there."""
    try:
        return load()
    except (KeyError, AttributeError, NameError, IndexError):
        return Undefined(name)


# --- calls


def returned(function_name: str, value: Any, did_return: Any) -> Any:
    """The result of a function, given whether a return statement was met."""
    value = ld(value)
    if isinstance(value, UndefinedReturnValue):
        return None
    if did_return is not True and _core.is_traced(did_return):
        raise TypeError(
            f"{function_name}() returns a value on some ways through it and none on others, and which way is "
            "taken depends on a traced array: end it with a return of the same structure"
        )
    return value if did_return else None


def keywords(**given: Any) -> dict[str, Any]:
    """Arguments by name, of which no two have one name."""
    return given


def converted_call(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> Any:
    """f(*args, **kwargs), converted where it is the user's."""
    kwargs = kwargs or {}
    if isinstance(f, types.FunctionType):
        return (_converted(f) or f)(*args, **kwargs) if not _is_ours(f) else f(*_each(args), **kwargs)
    if isinstance(f, types.MethodType):
        inner = f.__func__
        made = _converted(inner) if isinstance(inner, types.FunctionType) else None
        return made(f.__self__, *args, **kwargs) if made else f(*args, **kwargs)
    if isinstance(f, functools.partial):
        return converted_call(f.func, (*f.args, *args), {**f.keywords, **kwargs})
    if isinstance(f, (types.BuiltinFunctionType, type)):
        try:
            overload = _BUILTINS.get(f)
        except TypeError:
            overload = None
        if overload is not None:
            return overload(*args, **kwargs)
        if not (getattr(f, "__module__", None) or "").startswith("tnp"):
            return f(*args, **kwargs)
        return f(*_each(args), **{k: _array_of(v) for k, v in kwargs.items()})
    if type(f).__module__.startswith("tnp"):
        return f(*_each(args), **{k: _array_of(v) for k, v in kwargs.items()})
    if _local.__dict__.get("lists"):
        args, kwargs = tuple(_array_of(a) for a in args), {k: _array_of(v) for k, v in kwargs.items()}
    call = type(f).__call__
    made = _converted(call) if isinstance(call, types.FunctionType) else None
    return made(f, *args, **kwargs) if made else f(*args, **kwargs)


def user_function(f: Any) -> Any:
    """f, for one of tnp's own functions that was made of it: converted while a converted body runs."""
    return next(_each((f,))) if "unroll" in _local.__dict__ else f


def _run(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], unroll: bool) -> Any:
    """A traced function's body. unroll: see `for_stmt`."""
    saved = _local.__dict__.copy()
    _local.unroll, _local.loops = unroll, False
    try:
        return _outside(converted_call(f, args, kwargs))
    finally:
        loops = _local.loops
        _local.__dict__.clear()
        _local.__dict__.update(saved)
        _local.last_loops = loops


def _outside(result: Any) -> Any:
    """A function's result, which may hold no list of a length that only a run knows."""
    if not _local.__dict__.get("lists"):
        return result
    leaves, tree = _core.tree_flatten(result)
    return tree.unflatten([plain(x) for x in leaves])


def _made_loops() -> bool:
    """Whether the last run of a body made loops over sizes part of the graph."""
    return getattr(_local, "last_loops", False)


def _conversion() -> Any:
    """The converter, loaded when control flow first needs it: most programs have none."""
    from . import _conversion

    return _conversion


def _is_ours(f: types.FunctionType) -> bool:
    return f.__module__ is not None and f.__module__.partition(".")[0] == "tnp"


def _converted(f: types.FunctionType) -> types.FunctionType | None:
    if hasattr(f, "__wrapped__") and _is_ours(f):
        return None
    return _conversion().converted(f)


def _array_of(x: Any) -> Any:
    return x.values if isinstance(x, TracedList) else x


def _each(args: tuple[Any, ...]) -> Iterator[Any]:
    """The arguments of one of tnp's own functions: those that are the user's functions converted, lists as arrays."""
    for a in args:
        if isinstance(a, (list, tuple)) and a and all(isinstance(x, types.FunctionType) for x in a):
            yield type(a)(_converted(x) or x for x in a)
        elif isinstance(a, types.FunctionType):
            yield _converted(a) or a
        else:
            yield _array_of(a)


# --- conditions


def bare(x: Any) -> Any:
    """The plain array in one of the strict namespace; other values as they are."""
    return _core.tree_flatten(x)[0][0] if type(x) is STRICT else x


def _strictly(x: Any, compute: Callable[[Any], Any]) -> Any:
    """What is computed of the plain array in one of the strict namespace, as an array of that."""
    leaves, tree = _core.tree_flatten(x)
    return tree.unflatten([compute(leaves[0])])


def _truth(x: Any) -> Any:
    """A traced value as a predicate."""
    x = bare(x)
    return _core.functions["astype"](x, "bool") if getattr(x, "dtype", None) != "bool" else x


def not_(a: Any) -> Any:
    """not a"""
    if not _core.is_traced(a):
        return not a
    if type(a) is STRICT:
        return _strictly(a, not_)
    result = _core.ufuncs["logical_not"](a)
    negated = _local.__dict__.setdefault("negated", [])
    negated.append((result, a))
    del negated[:-32]
    return result


def always(value: Any) -> Callable[[], Any]:
    """The value as the function that gives it."""
    return lambda: value


def and_(a: Callable[[], Any], b: Callable[[], Any], is_plain: bool = False) -> Any:
    """a() and b(), where b is evaluated only if a holds. is_plain: b can neither fail nor take long."""
    x = a()
    if not _core.is_traced(x):
        return x and b()
    if type(x) is STRICT:
        return _strictly(x, lambda x: and_(lambda: x, lambda: bare(b()), is_plain))
    if is_plain:
        y = b()
        if not isinstance(y, bool) and (not _is_predicate(x) or not _is_predicate(y)):
            return _core.cond(x, lambda: y, lambda: x)
        return _core.ufuncs["logical_and"](x, y)
    return _core.cond(x, lambda: _as_predicate(b(), x), lambda: _as_predicate(x, x))


def or_(a: Callable[[], Any], b: Callable[[], Any], is_plain: bool = False) -> Any:
    """a() or b(), where b is evaluated only if a does not hold."""
    x = a()
    if not _core.is_traced(x):
        return x or b()
    if type(x) is STRICT:
        return _strictly(x, lambda x: or_(lambda: x, lambda: bare(b()), is_plain))
    if is_plain:
        y = b()
        if not isinstance(y, bool) and (not _is_predicate(x) or not _is_predicate(y)):
            return _core.cond(x, lambda: x, lambda: y)
        return _core.ufuncs["logical_or"](x, y)
    return _core.cond(x, lambda: _as_predicate(x, x), lambda: _as_predicate(b(), x))


def _is_predicate(x: Any) -> bool:
    return getattr(x, "dtype", None) == "bool" and x.ndim == 0


def _as_predicate(x: Any, like: Any) -> Any:
    return _truth(x) if _is_predicate(like) and _core.is_traced(x) else x


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
    watch = Watch((body, orelse))
    try:
        with watch:
            result = _traced_if(test, body, orelse, get_state, set_state, names, init, watch)
            while watch.found and len(result) < len(watch.found) + len(init):
                get, put = watch.with_state(get_state, set_state)
                result = _traced_if(test, body, orelse, get, put, (*watch.names(), *names), get(), watch)
        n = len(watch.found)
        watch.put(result[:n])
        set_state(result[n : n + nouts] + init[nouts:])
    except RecursionError:
        watch.restore()
        set_state(init)
        if _core.is_made_of_sizes(test):
            with _unconverted():
                bool(test)
        raise RecursionError(
            "a function calls itself again and again while it is traced: the depth of a recursion can not depend on "
            "traced arrays; use a while loop, or a Python number as the argument that tells the depth"
        ) from None
    except Exception:
        watch.restore()
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
    test: Any,
    body: Any,
    orelse: Any,
    get_state: Any,
    set_state: Any,
    names: tuple[str, ...],
    init: tuple[Any, ...],
    watch: Any,
) -> tuple[Any, ...]:
    predicate = _truth(test)
    implied = (_implied(test, True, init), _implied(test, False, init))
    casts: tuple[dict[int, Any], dict[int, Any]] = ({}, {})  # of each branch's results that began as Python numbers

    def trace(side: int) -> tuple[Any, list[Any]]:
        leaves: list[Any] = []
        state: list[Any] = []

        def run() -> list[Any]:
            set_state(implied[side])
            try:
                (body, orelse)[side]()
            except Exception as error:
                raise_when_run(error)
                state.extend(UndefinedReturnValue() for _ in init)  # nothing comes after it
                watch.restore()
                return []
            after = get_state()
            state.extend(_parts(new, leaves) if new is not old else new for new, old in _pairs(after, init))
            watch.note(set_state, after)
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
    return tuple(_build(value, results, name) for value, name in zip(merged, names, strict=True))


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
    """A value of a branch taken apart: leaves are _Parts or Python values. given: whether there is a value at all."""

    __slots__ = ("given", "leaves", "tree")

    def __init__(self, leaves: list[Any], tree: Any, given: Any = True) -> None:
        self.leaves, self.tree, self.given = leaves, tree, given


def _parts(value: Any, results: list[Any]) -> Any:
    if isinstance(value, (Undefined, UndefinedReturnValue)):
        return value

    def part(leaf: Any) -> Any:
        if not _is_array(leaf) and not isinstance(leaf, _core.Dim):
            return leaf
        results.append(leaf)
        return _Part(len(results) - 1, leaf)

    return _taken_apart(value, part)


def _taken_apart(value: Any, leaf: Callable[[Any], Any]) -> _Structure:
    given: Any = True
    if type(value) is PossiblyUndefined:
        value, given = value.value, leaf(value.given)
    leaves, tree = _core.tree_flatten(value)
    return _Structure([leaf(x) for x in leaves], tree, given)


def _is_array(x: Any) -> bool:
    return isinstance(x, _core.ndarray)


def _is_strict(x: _Structure) -> bool:
    """Whether a structure is an array of the strict namespace, and nothing around it."""
    return len(x.leaves) == 1 and type(x.tree.unflatten([_core.functions["asarray"](0)])) is STRICT


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
                blank = _blank(y)
                blank.given = False
                return self.value(*((blank, b) if x is a else (a, blank)), name)
        for x, y in ((a, b), (b, a)):
            if a.tree.key != b.tree.key and len(x.leaves) == 1 and _is_number(x.leaves[0]) and _is_strict(y):
                x.tree = y.tree  # a number in one branch, an array of the strict namespace in the other
        if a.tree.key != b.tree.key:
            raise TypeError(f"if: {name} has one structure in one branch and another in the other{_shown(a, b)}")
        leaves = [self._leaf(x, y, name) for x, y in zip(a.leaves, b.leaves, strict=True)]
        return _Structure(leaves, a.tree, self._leaf(a.given, b.given, name))

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
    return _taken_apart(value, lambda x: _Outer(x) if _is_array(x) or isinstance(x, _core.Dim) else x)


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


def _build(value: Any, results: list[Any], name: str) -> Any:
    if not isinstance(value, _Structure):
        return value
    leaves = []
    for x in (*value.leaves, value.given):
        leaves.append(results[x.index] if isinstance(x, _Part) else x.array if isinstance(x, _Outer) else x)
    built, given = value.tree.unflatten(leaves[:-1]), leaves[-1]
    return built if given is True else PossiblyUndefined(name, built, given)


class _unconverted:
    """Where a value is asked for though control flow was converted."""

    def __enter__(self) -> None:
        _local.off = getattr(_local, "off", 0) + 1

    def __exit__(self, *exception: Any) -> None:
        _local.off -= 1


def _wants_conversion(what: str, converted: bool, boundary: int) -> bool:
    return not getattr(_local, "off", 0) and _conversion().wants_conversion(what, converted, boundary)


def _why_not_converted() -> str:
    return _conversion().why_not_converted()


from ._autograph_loops import _BUILTINS, for_stmt, while_stmt  # noqa: E402
from ._autograph_objects import Watch  # noqa: E402
from ._autograph_values import (  # noqa: E402
    TracedList,
    assert_stmt,
    chain,
    check,
    comprehension,
    eq,
    explicit,
    generator,
    handlers,
    in_,
    is_sequence,
    ne,
    not_in,
    plain,
    raise_when_run,
    text,
)

__all__ = [
    "assert_stmt",
    "chain",
    "check",
    "comprehension",
    "eq",
    "explicit",
    "for_stmt",
    "generator",
    "handlers",
    "in_",
    "is_sequence",
    "ne",
    "not_in",
    "text",
    "while_stmt",
]
