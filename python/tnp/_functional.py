"""Control flow, host functions and vectorising: the decorators around the bindings."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from . import _core
from ._core import cond, fori_loop, map, py_function, scan, switch, vectorized_map, while_loop
from ._specs import ArraySpec, TensorSpec

__all__ = [
    "ArraySpec",
    "TensorSpec",
    "cond",
    "fori_loop",
    "map",
    "numpy_function",
    "py_function",
    "scan",
    "switch",
    "vectorized_map",
    "vmap",
    "while_loop",
]


def numpy_function(
    func: Callable[..., Any] | None = None,
    inp: Sequence[Any] | None = None,
    Tout: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """func(*inp), a Python function of NumPy arrays, as one operation of a traced function.

    func: gets read-only NumPy views of the arrays. Without it, a decorator is returned, whose function takes the arrays.
    inp: a list of arrays.
    Tout: the dtype (or ArraySpec) of the result, or a list of them; an empty list for a function run for its effect.
    stateful: every call runs, in program order; without, calls may be merged, computed once, or dropped.
    """
    if func is not None:
        return _core._numpy_function(func, inp, Tout, stateful, name)
    if Tout is None:
        raise TypeError("numpy_function: as a decorator it needs Tout, by name")
    if inp is not None:
        raise TypeError(
            "numpy_function: as a decorator it takes no inp: the decorated function's arguments are the inputs"
        )

    def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(f)
        def wrapper(*args: Any) -> Any:
            return _core._numpy_function(f, args, Tout, stateful, name)

        return wrapper

    return decorate


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0, fallback: bool = True) -> Callable[..., Any]:
    """f for all examples at once: a function of arrays that have one axis more than those f takes.

    in_axes: for each argument the axis along which the examples lie, or None for an argument that is the same for all;
        nested like the arguments. Keyword arguments have the examples along axis 0.
    out_axes: where the results get that axis; None for a result that is the same for all.
    fallback: whether what can not be done for all at once may be done one by one, with a warning.
    """
    if not callable(f):
        raise TypeError(f"vmap: f must be callable, got {type(f).__name__!r}")

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        axes = in_axes
        if isinstance(axes, (tuple, list)) and len(axes) != len(args):
            raise ValueError(f"vmap: in_axes has {len(axes)} entries for {len(args)} arguments")
        return _core._vmap_call(f, axes, out_axes, fallback, args, kwargs)

    return wrapper
