"""Gradients of functions: the decorators over tapes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, TypeVar, overload

from . import _core
from ._autograph import user_function
from ._core import GradientTape, ndarray

__all__ = [
    "checkpoint",
    "custom_gradient",
    "grad",
    "hessian",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vjp",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_A = TypeVar("_A")


def _watched(x: Any) -> Any:
    """A new array for each array in `x`, so that one passed twice has two gradients."""
    return _core.map_leaves(lambda leaf: _core.alias(leaf) if not isinstance(leaf, _core.Variable) else leaf, x)


def _watched_arguments(
    what: str, argnums: int | Sequence[int], args: tuple[Any, ...]
) -> tuple[tuple[int, ...], list[Any]]:
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise ValueError(f"{what}: argnums {n} is out of range for {len(args)} arguments")
    inputs = list(args)
    for n in numbers:
        inputs[n] = _watched(args[n])
        _core.require_inexact(inputs[n])
    return numbers, inputs


def _differentiate(
    func: Callable[..., Any], argnums: int | Sequence[int], has_aux: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Any, Any]:
    numbers, inputs = _watched_arguments("grad", argnums, args)
    with GradientTape() as tape:
        for n in numbers:
            tape.watch(inputs[n])
        out = user_function(func)(*inputs, **kwargs)
        value, aux = out if has_aux else (out, None)
    if not isinstance(value, (ndarray, _core.array_api.Array)) or value.ndim != 0:
        shape = getattr(value, "shape", None)
        raise TypeError(f"grad: the function must return a 0-d array, got {type(value).__name__} of shape {shape}")
    sources = [inputs[n] for n in numbers]
    gradients = tape.gradient(value, sources, unconnected_gradients="zero")
    return value, aux, gradients[0] if isinstance(argnums, int) else tuple(gradients)


def value_and_grad(
    func: Callable[_P, Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[_P, tuple[Any, Any]]:
    """A function that gives what `func` gives and its gradient with respect to the arguments `argnums`.

    The gradient has the structure of the arguments, and is zero where `func` does not depend on them. TypeError if `func`
    does not return a 0-d array, or an argument has no gradient (integers).
    """

    @functools.wraps(func)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> tuple[Any, Any]:
        value, aux, gradients = _differentiate(func, argnums, has_aux, args, kwargs)
        return ((value, aux), gradients) if has_aux else (value, gradients)

    return wrapper


def grad(func: Callable[_P, Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[_P, Any]:
    """A function that gives the gradient of `func` with respect to the arguments `argnums`; see `value_and_grad`."""

    @functools.wraps(func)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> Any:
        _, aux, gradients = _differentiate(func, argnums, has_aux, args, kwargs)
        return (gradients, aux) if has_aux else gradients

    return wrapper


@overload
def vjp(
    func: Callable[..., _R], *primals: Any, has_aux: Literal[False] = False
) -> tuple[_R, Callable[[Any], tuple[Any, ...]]]: ...
@overload
def vjp(
    func: Callable[..., tuple[_R, _A]], *primals: Any, has_aux: Literal[True]
) -> tuple[_R, Callable[[Any], tuple[Any, ...]], _A]: ...
def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """`func(*primals)` and a function from cotangents of its result to a tuple of cotangents of the primals.

    has_aux: `func` returns a pair, whose second part is given as a third result and not differentiated.
    """
    inputs = [_watched(p) for p in primals]
    with GradientTape(persistent=True) as tape:
        for x in inputs:
            tape.watch(x)
        out = func(*inputs)
        out, aux = out if has_aux else (out, None)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        return tuple(tape.gradient(out, inputs, output_gradients=cotangent, unconnected_gradients="zero"))

    return (out, pullback, aux) if has_aux else (out, pullback)


@overload
def jvp(
    func: Callable[..., _R], primals: Sequence[Any], tangents: Sequence[Any], has_aux: Literal[False] = False
) -> tuple[_R, _R]: ...
@overload
def jvp(
    func: Callable[..., tuple[_R, _A]], primals: Sequence[Any], tangents: Sequence[Any], has_aux: Literal[True]
) -> tuple[_R, _R, _A]: ...
def jvp(func: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """`func(*primals)` and its derivative in the direction of the tangents, in the structure of the result.

    primals, tangents: tuples or lists of the same structure. has_aux: as in `vjp`.
    """
    return _core._jvp(func, primals, tangents, has_aux)


def jacobian(func: Callable[_P, Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[_P, Any]:
    """A function that gives the derivative of each element of the result with respect to each element of the arguments.

    For a result of shape s and an argument of shape t it is an array of shape s + t. Structures of results are outside,
    structures of arguments inside. has_aux: as in `vjp`.
    """

    @functools.wraps(func)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> Any:
        numbers, inputs = _watched_arguments("jacobian", argnums, args)
        with GradientTape(persistent=True) as tape:
            for n in numbers:
                tape.watch(inputs[n])
            out = user_function(func)(*inputs, **kwargs)
            out, aux = out if has_aux else (out, None)
        sources = inputs[numbers[0]] if isinstance(argnums, int) else tuple(inputs[n] for n in numbers)
        result = _core.map_leaves(lambda y: tape.jacobian(y, sources, unconnected_gradients="zero"), out)
        return (result, aux) if has_aux else result

    return wrapper


def hessian(func: Callable[_P, Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[_P, Any]:
    """A function that gives the second derivatives of `func`, which returns a 0-d array.

    For an argument of shape t it is an array of shape t + t. has_aux: as in `vjp`.
    """
    return jacobian(grad(func, argnums, has_aux), argnums, has_aux)


def custom_gradient(func: Callable[_P, tuple[_R, Callable[..., Any]]]) -> Callable[_P, _R]:
    """`func` with a gradient of its own.

    `func(*args)` returns a pair: its result, and a function that takes the gradients with respect to the results (one
    argument for each array) and returns those with respect to the arguments: one, or one for each. None stands for zero.
    """

    @functools.wraps(func)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        return _core._custom_gradient(user_function(func), args, kwargs)

    return wrapper


def checkpoint(func: Callable[_P, _R]) -> Callable[_P, _R]:
    """`func`, of whose work nothing is kept for the gradient: that runs it again from its arguments.

    It saves memory and costs time.
    """

    @functools.wraps(func)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        return _core._checkpoint(user_function(func), args, kwargs)

    return wrapper
