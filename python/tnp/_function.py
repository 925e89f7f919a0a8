"""Decorators over traced functions and tapes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from . import _core
from ._core import Function, GradientTape, ndarray


def function(
    func: Callable[..., Any] | None = None,
    *,
    input_signature: Sequence[Any] | None = None,
    autograph: bool = True,
    name: str | None = None,
) -> Any:
    """`func` compiled: traced once for each structure, types and ranks of its arguments, then run as a program.

    Python code in it runs while it is traced and only then. Arrays are traced whatever their sizes; other arguments are
    part of what a trace is for, by type and value. Also a decorator, with or without arguments.

    input_signature: ArraySpecs; arguments are cast to their types, and TypeError is raised for other shapes or counts.
    autograph: accepted; Python control flow on traced arrays raises an error that names tnp.cond and tnp.while_loop.
    """
    del autograph
    if func is None:
        return functools.partial(function, input_signature=input_signature, name=name)
    if not callable(func):
        raise TypeError(f"function: expected a callable, got '{type(func).__name__}'")
    compiled = Function(func, name)
    functools.update_wrapper(compiled, func)
    if input_signature is not None:
        compiled.set_input_signature(list(input_signature))
    return compiled


def _watched(x: Any) -> Any:
    """A new array for each array in `x`, so that one passed twice has two gradients."""
    return _core.map_leaves(lambda leaf: _core.alias(leaf) if not isinstance(leaf, _core.Variable) else leaf, x)


def _differentiate(
    func: Callable[..., Any], argnums: int | Sequence[int], has_aux: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Any, Any]:
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise ValueError(f"grad: argnums {n} is out of range for {len(args)} arguments")
    inputs = list(args)
    for n in numbers:
        inputs[n] = _watched(args[n])
        _core.require_inexact(inputs[n])
    with GradientTape() as tape:
        for n in numbers:
            tape.watch(inputs[n])
        out = func(*inputs, **kwargs)
        value, aux = out if has_aux else (out, None)
    if not isinstance(value, (ndarray, _core.array_api.Array)) or value.ndim != 0:
        shape = getattr(value, "shape", None)
        raise TypeError(f"grad: the function must return a 0-d array, got {type(value).__name__} of shape {shape}")
    sources = [inputs[n] for n in numbers]
    gradients = tape.gradient(value, sources, unconnected_gradients="zero")
    return value, aux, gradients[0] if isinstance(argnums, int) else tuple(gradients)


def value_and_grad(
    func: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives what `func` gives and its gradient with respect to the arguments `argnums`.

    The gradient has the structure of the arguments, and is zero where `func` does not depend on them. TypeError if `func`
    does not return a 0-d array, or an argument has no gradient (integers).
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        value, aux, gradients = _differentiate(func, argnums, has_aux, args, kwargs)
        return ((value, aux), gradients) if has_aux else (value, gradients)

    return wrapper


def grad(func: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of `func` with respect to the arguments `argnums`; see `value_and_grad`."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        _, aux, gradients = _differentiate(func, argnums, has_aux, args, kwargs)
        return (gradients, aux) if has_aux else gradients

    return wrapper


def vjp(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """`func(*primals)` and a function from cotangents of its result to cotangents of the primals."""
    inputs = [_watched(p) for p in primals]
    with GradientTape(persistent=True) as tape:
        for x in inputs:
            tape.watch(x)
        out = func(*inputs)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        return tuple(tape.gradient(out, inputs, output_gradients=cotangent, unconnected_gradients="zero"))

    return out, pullback
