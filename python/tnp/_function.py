"""The decorator that makes traced functions."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from . import _autograph, _core
from ._specs import ArraySpec

if TYPE_CHECKING:
    from . import Function
else:
    from ._core import Function

_P = ParamSpec("_P")
_R = TypeVar("_R")

_core.set_autograph(_autograph)


@overload
def function(
    func: Callable[_P, _R],
    input_signature: Sequence[Any] | ArraySpec | None = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    *,
    static_argnames: str | Sequence[str] | None = None,
    static_argnums: int | Sequence[int] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    donate_argnames: str | Sequence[str] | None = None,
    name: str | None = None,
    **experimental: Any,
) -> Function[_P, _R]: ...
@overload
def function(
    func: None = None,
    input_signature: Sequence[Any] | ArraySpec | None = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    *,
    static_argnames: str | Sequence[str] | None = None,
    static_argnums: int | Sequence[int] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    donate_argnames: str | Sequence[str] | None = None,
    name: str | None = None,
    **experimental: Any,
) -> Callable[[Callable[_P, _R]], Function[_P, _R]]: ...
def function(
    func: Callable[..., Any] | None = None,
    input_signature: Sequence[Any] | ArraySpec | None = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    *,
    static_argnames: str | Sequence[str] | None = None,
    static_argnums: int | Sequence[int] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    donate_argnames: str | Sequence[str] | None = None,
    name: str | None = None,
    **experimental: Any,
) -> Any:
    """`func` compiled: traced once for each structure, types and ranks of its arguments, then run as a program.

    Python code in it runs while it is traced and only then. Arrays are traced whatever their sizes; other arguments are
    part of what a trace is for, by type and value. Also a decorator, with or without arguments.

    input_signature: for each argument that is not static an ArraySpec, or a structure of them; arguments are cast to their
        types, and TypeError is raised for other structures, shapes or counts.
    autograph: whether Python's control flow (if, while, for, break, continue, return, and, or, not, assert, print) becomes
        that of the program where it depends on traced arrays. Without, it raises an error that names tnp.cond and
        tnp.while_loop.
    static_argnames, static_argnums: arguments that are part of what a trace is for, by value, whatever they are; they
        must be hashable.
    donate_argnums, donate_argnames: arguments that the caller gives up, so that results may take their memory. A donated
        array that nothing else holds (no view, tape or other call) has no value afterwards: RuntimeError where it is used.
        One that something else holds stays valid, and is copied as always.
    jit_compile, reduce_retracing, experimental_…: TensorFlow's; programs are always compiled, for all sizes.
    """
    unknown = [key for key in experimental if not key.startswith("experimental_")]
    if unknown:
        raise TypeError(f"function() got an unexpected keyword argument {unknown[0]!r}")
    if func is None:
        return functools.partial(
            function,
            input_signature=input_signature,
            autograph=autograph,
            static_argnames=static_argnames,
            static_argnums=static_argnums,
            donate_argnums=donate_argnums,
            donate_argnames=donate_argnames,
            name=name,
        )
    if not callable(func):
        raise TypeError(f"function: expected a callable, got '{type(func).__name__}'")
    _refuse_generators(func)
    compiled = Function(func, name, autograph)
    functools.update_wrapper(compiled, func)
    if static_argnames is not None or static_argnums is not None:
        compiled.set_statics(*_marked(func, "static", static_argnames, static_argnums))
    if donate_argnames is not None or donate_argnums is not None:
        compiled.set_donated(*_marked(func, "donate", donate_argnames, donate_argnums))
    if input_signature is not None:
        specs = [input_signature] if isinstance(input_signature, ArraySpec) else list(input_signature)
        _check_count(func, specs)
        compiled.set_input_signature(specs)
    return compiled


def _refuse_generators(func: Callable[..., Any]) -> None:
    """The code of these would run after the trace."""
    name = getattr(func, "__qualname__", repr(func))
    if inspect.iscoroutinefunction(func) or inspect.isasyncgenfunction(func):
        raise TypeError(f"function: {name} is an async function: compile the functions that it calls instead")
    if inspect.isgeneratorfunction(func):
        raise TypeError(f"function: {name} is a generator: return a list, or use tnp.map or tnp.scan")


def _defaults(func: Callable[..., Any]) -> dict[str, Any]:
    """The defaults of the arguments that may be given by position."""
    if type(func) is types.FunctionType and not hasattr(func, "__wrapped__"):
        values = func.__defaults__ or ()
        last = func.__code__.co_argcount
        return dict(zip(func.__code__.co_varnames[last - len(values) : last], values, strict=True))
    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):
        return {}
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {p.name: p.default for p in parameters if p.kind in kinds and p.default is not p.empty}


def _positional(func: Callable[..., Any]) -> list[str]:
    """The names of the arguments that may be given by position or by name."""
    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):
        return []
    names = []
    for p in parameters:
        if p.kind is p.POSITIONAL_ONLY:
            names.append("")  # by position only
        elif p.kind is p.POSITIONAL_OR_KEYWORD:
            names.append(p.name)
    return names


def _check_count(func: Callable[..., Any], specs: list[Any]) -> None:
    try:
        parameters = list(inspect.signature(func).parameters.values())
    except (TypeError, ValueError):
        return
    taken = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(specs) > len(taken) and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise TypeError(f"function: the input signature has {len(specs)} arguments, but {func!r} takes {len(taken)}")


def _marked(
    func: Callable[..., Any], kind: str, names: str | Sequence[str] | None, numbers: int | Sequence[int] | None
) -> tuple[list[int], list[str]]:
    """The arguments marked static or donated, by position and by name; each in both ways where the function has a signature."""
    named: list[Any] = [names] if isinstance(names, str) or not isinstance(names, Iterable) else list(names)
    numbered: list[Any] = list(numbers) if isinstance(numbers, Iterable) and not isinstance(numbers, str) else [numbers]
    named, numbered = ([] if given == [None] else given for given in (named, numbered))
    if not all(isinstance(n, str) for n in named):
        raise TypeError(f"function: {kind}_argnames must be a name or names, got {names!r}")
    if not all(isinstance(n, int) for n in numbered):
        raise TypeError(f"function: {kind}_argnums must be an integer or integers, got {numbers!r}")
    try:
        parameters = list(inspect.signature(func).parameters.values())
    except (TypeError, ValueError):
        return numbered, named
    by_name = {p.name: i for i, p in enumerate(parameters)}
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    for n in named:
        if n not in by_name and not open_ended:
            raise ValueError(f"function: {kind}_argnames: {func!r} has no argument {n!r}")
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    for number in numbered:
        if number < -len(positional):
            raise ValueError(f"function: {kind}_argnums: {func!r} has no positional argument {number}")
    numbered = [n + len(positional) if n < 0 else n for n in numbered]
    for number in numbered:
        if number >= len(positional) and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
            raise ValueError(f"function: {kind}_argnums: {func!r} has no positional argument {number}")
    every = named + [positional[n] for n in numbered if n < len(positional)]
    positions = {by_name[n] for n in every if n in positional} | set(numbered)
    return sorted(positions), every
