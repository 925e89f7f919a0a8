"""What Python's part in floating-point exceptions is: to raise, call, print or log; a scope with other print options."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:
    from .typing import ErrorMode

    def geterr() -> dict[str, ErrorMode]: ...
    def seterr(
        all: ErrorMode | None = None,
        divide: ErrorMode | None = None,
        over: ErrorMode | None = None,
        under: ErrorMode | None = None,
        invalid: ErrorMode | None = None,
    ) -> dict[str, ErrorMode]: ...
    def geterrcall() -> Any: ...
    def seterrcall(func: Any) -> Any: ...

    class errstate:
        def __init__(
            self,
            *,
            call: Any = None,
            all: ErrorMode | None = None,
            divide: ErrorMode | None = None,
            over: ErrorMode | None = None,
            under: ErrorMode | None = None,
            invalid: ErrorMode | None = None,
        ) -> None: ...
        def __enter__(self) -> None: ...
        def __exit__(self, *exc: object) -> None: ...
        def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]: ...

else:
    errstate = _core.errstate
    geterr, seterr, geterrcall, seterrcall = (
        _core.functions[name] for name in ("geterr", "seterr", "geterrcall", "seterrcall")
    )


def decorated(scope: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function inside an errstate."""

    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        with scope:
            return function(*args, **kwargs)

    return inner


def report(mode: str, call: Any, operation: str, kind: str, flag: int) -> None:
    """Called after an operation that raised a floating-point exception, where that neither warns nor is ignored."""
    text = f"{kind} encountered in {operation}"
    if mode == "raise":
        raise FloatingPointError(text)
    if mode == "print":
        print(f"Warning: {text}")
    elif mode == "call" and callable(call):
        call(kind, flag)
    elif mode == "log" and call is not None:
        call.write(f"Warning: {text}\n")


@contextlib.contextmanager
def printoptions(*args: Any, **kwargs: Any) -> Iterator[dict[str, Any]]:
    """A scope with other print options."""
    get: Callable[[], dict[str, Any]] = _core.get_printoptions
    saved = get()
    try:
        _core.set_printoptions(*args, **kwargs)
        yield get()
    finally:
        _core.set_printoptions(**saved)
