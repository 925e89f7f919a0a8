"""The decorator that makes traced functions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from . import _autograph, _core
from ._core import Function

_core.set_autograph(_autograph)


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
    autograph: whether Python's control flow (if, while, for, break, continue, return, and, or, not, assert, print) becomes
        that of the program where it depends on traced arrays. Without, it raises an error that names tnp.cond and
        tnp.while_loop.
    """
    if func is None:
        return functools.partial(function, input_signature=input_signature, autograph=autograph, name=name)
    if not callable(func):
        raise TypeError(f"function: expected a callable, got '{type(func).__name__}'")
    compiled = Function(func, name, autograph)
    functools.update_wrapper(compiled, func)
    if input_signature is not None:
        compiled.set_input_signature(list(input_signature))
    return compiled
