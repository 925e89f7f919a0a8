"""What happens on floating-point exceptions: warn, raise, call, print or ignore, as NumPy's errstate."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from . import _core

# The processor's flags: MXCSR's bits.
_INVALID, _DIVIDE, _OVERFLOW, _UNDERFLOW = 1, 4, 8, 16
_EXCEPTIONS = (
    (_DIVIDE, "divide", "divide by zero"),
    (_OVERFLOW, "over", "overflow"),
    (_UNDERFLOW, "under", "underflow"),
    (_INVALID, "invalid", "invalid value"),
)
_MODES = ("ignore", "warn", "raise", "call", "print", "log")


class _State(threading.local):
    """Each thread's modes; a new thread starts with the defaults."""

    def __init__(self) -> None:
        self.modes = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
        self.call: Any = None


_state = _State()


def geterr() -> dict[str, str]:
    """The mode of each kind of exception."""
    return dict(_state.modes)


def seterr(
    all: str | None = None,
    divide: str | None = None,
    over: str | None = None,
    under: str | None = None,
    invalid: str | None = None,
) -> dict[str, str]:
    """Sets modes, `all` first; the modes before."""
    old = geterr()
    new = {k: v or all or old[k] for k, v in zip(old, (divide, over, under, invalid), strict=True)}
    for mode in new.values():
        if mode not in _MODES:
            raise ValueError(f"invalid error mode {mode!r}; choose from {', '.join(_MODES)}")
    _set_modes(new)
    return old


def _set_modes(modes: dict[str, str]) -> None:
    # "warn" and "ignore" are dealt with without coming here.
    _core.set_fp_modes("".join({"warn": "w", "ignore": "i"}.get(m, "o") for m in modes.values()))
    _state.modes = modes


def geterrcall() -> Any:
    """The function or log of the modes "call" and "log"."""
    return _state.call


def seterrcall(func: Any) -> Any:
    """Sets the function or log of the modes "call" and "log"; the one before."""
    if func is not None and not callable(func) and not hasattr(func, "write"):
        raise ValueError("Only callable can be used as callback")
    old, _state.call = _state.call, func
    return old


class errstate(contextlib.ContextDecorator):
    """A scope, or a decorator, with other modes: ``with tnp.errstate(divide="ignore"): …``."""

    def __init__(self, *, call: Any = None, **modes: str) -> None:
        """`modes`: all, divide, over, under, invalid."""
        unknown = set(modes) - {"all", "divide", "over", "under", "invalid"}
        if unknown:
            raise TypeError(f"errstate() got an unexpected keyword argument {sorted(unknown)[0]!r}")
        self._modes = modes
        self._call = call
        self._saved: list[tuple[dict[str, str], Any]] = []

    def __enter__(self) -> None:
        """Sets the modes."""
        old_call = geterrcall()
        self._saved.append((seterr(**self._modes), old_call))
        if self._call is not None:
            seterrcall(self._call)

    def __exit__(self, *exc: object) -> None:
        """Restores them."""
        modes, _state.call = self._saved.pop()
        _set_modes(modes)


def _act(mode: str, text: str, kind: str, flags: int) -> None:
    if mode == "raise":
        raise FloatingPointError(text)
    elif mode == "print":
        print(f"Warning: {text}")
    elif mode == "call" and callable(_state.call):
        _state.call(kind, flags)
    elif mode == "log" and _state.call is not None:
        _state.call.write(f"Warning: {text}\n")


def report(operation: str, flags: int) -> None:
    """Called after an operation that raised floating-point exceptions, where that neither warns nor is ignored."""
    for bit, mode, kind in _EXCEPTIONS:
        if flags & bit:
            _act(_state.modes[mode], f"{kind} encountered in {operation}", kind, flags)


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
