"""Control flow, host functions and vectorising: the decorators around the bindings."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, SupportsIndex, TypeVar, overload

from . import _core
from ._autograph import user_function
from ._core import cond, fori_loop, map, py_function, scan, switch, vectorized_map
from ._specs import ArraySpec, TensorSpec

if TYPE_CHECKING:
    from . import ndarray
    from .typing import ArrayLike, DTypeLike, ShapeLike

__all__ = [
    "ArraySpec",
    "TensorSpec",
    "cond",
    "constant",
    "convert_to_tensor",
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

_P = ParamSpec("_P")
_R = TypeVar("_R")
_L = TypeVar("_L", tuple[Any, ...], list[Any])


def constant(
    value: ArrayLike, dtype: DTypeLike | None = None, shape: ShapeLike | None = None, name: str = "Const"
) -> ndarray:
    """An array of the value. shape: that it is brought to; one element is repeated, others must be as many."""
    x = _core.functions["asarray"](value, dtype)
    if shape is None:
        return x
    if x.size == 1:
        return _core.functions["full"](shape, x.reshape(()), x.dtype)
    try:
        return x.reshape(shape)
    except ValueError:
        raise TypeError(f"constant: the value has {x.size} elements, which do not fit the shape {shape}") from None


def convert_to_tensor(
    value: ArrayLike, dtype: DTypeLike | None = None, dtype_hint: DTypeLike | None = None, name: str | None = None
) -> ndarray:
    """An array of the value. dtype_hint: the type to use where the value can be of it."""
    asarray = _core.functions["asarray"]
    if dtype is None and dtype_hint is not None and not isinstance(value, _core.ndarray):
        try:
            return asarray(value, dtype_hint)
        except (TypeError, ValueError, OverflowError):
            return asarray(value)
    if dtype is not None and isinstance(value, _core.ndarray) and value.dtype != dtype:
        raise ValueError(f"convert_to_tensor: the array has dtype {value.dtype}, not {dtype}: use astype")
    return asarray(value, dtype)


@overload
def while_loop(
    cond: Callable[..., ArrayLike],
    body: Callable[..., Any],
    loop_vars: _L,
    shape_invariants: object = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: SupportsIndex | None = None,
    name: str | None = None,
) -> _L: ...
@overload
def while_loop(
    cond: Callable[..., ArrayLike],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: object = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: SupportsIndex | None = None,
    name: str | None = None,
) -> Any: ...
def while_loop(
    cond: Callable[..., ArrayLike],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: object = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: SupportsIndex | None = None,
    name: str | None = None,
) -> Any:
    """loop_vars = body(*loop_vars) for as long as cond(*loop_vars) is true.

    loop_vars is a tuple or list, and is returned as one; an array, dict or other structure is one variable, given to cond and
    body as it is. The arrays keep their dtypes and numbers of dimensions, not
    their sizes. maximum_iterations: after which the loop ends in any case. The other arguments are TensorFlow's; they
    change nothing.
    """
    if maximum_iterations is None:
        return _core.while_loop(cond, body, loop_vars)
    if not isinstance(loop_vars, (tuple, list)):
        alone: Any = while_loop(
            cond, lambda v: (user_function(body)(v),), (loop_vars,), maximum_iterations=maximum_iterations
        )
        return alone[0]
    is_list = isinstance(loop_vars, list)

    def goes_on(turn: Any, *values: Any) -> Any:
        return _core.ufuncs["logical_and"](turn < maximum_iterations, cond(*values))

    def step(turn: Any, *values: Any) -> tuple[Any, ...]:
        result: Any = body(*values)
        return (turn + 1, *(result if isinstance(result, (tuple, list)) else (result,)))

    out: Any = _core.while_loop(goes_on, step, (0, *loop_vars))[1:]
    result: Any = list(out) if is_list else out
    return result


@overload
def numpy_function(
    func: Callable[..., Any],
    inp: Sequence[ArrayLike],
    Tout: DTypeLike | ArraySpec,
    stateful: bool = True,
    name: str | None = None,
) -> ndarray: ...
@overload
def numpy_function(
    func: Callable[..., Any],
    inp: Sequence[ArrayLike],
    Tout: list[Any] | tuple[Any, ...],
    stateful: bool = True,
    name: str | None = None,
) -> list[ndarray]: ...
@overload
def numpy_function(
    func: None = None,
    inp: None = None,
    *,
    Tout: DTypeLike | ArraySpec,
    stateful: bool = True,
    name: str | None = None,
) -> Callable[[Callable[_P, Any]], Callable[_P, ndarray]]: ...
@overload
def numpy_function(
    func: None = None,
    inp: None = None,
    *,
    Tout: list[Any] | tuple[Any, ...],
    stateful: bool = True,
    name: str | None = None,
) -> Callable[[Callable[_P, Any]], Callable[_P, list[ndarray]]]: ...
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


def vmap(f: Callable[_P, _R], in_axes: Any = 0, out_axes: Any = 0, fallback: bool = True) -> Callable[_P, _R]:
    """f for all examples at once: a function of arrays that have one axis more than those f takes.

    in_axes: for each argument the axis along which the examples lie, or None for an argument that is the same for all;
        nested like the arguments. Keyword arguments have the examples along axis 0.
    out_axes: where the results get that axis; None for a result that is the same for all.
    fallback: whether what can not be done for all at once may be done one by one, with a warning.
    """
    if not callable(f):
        raise TypeError(f"vmap: f must be callable, got {type(f).__name__!r}")

    @functools.wraps(f)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        axes = in_axes
        if isinstance(axes, (tuple, list)) and len(axes) != len(args):
            raise ValueError(f"vmap: in_axes has {len(axes)} entries for {len(args)} arguments")
        return _core._vmap_call(user_function(f), axes, out_axes, fallback, args, kwargs)

    return wrapper
