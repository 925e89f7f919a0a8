"""How types are promoted and which float is the default: settings of the process, or scopes of a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, overload

from . import _core
from ._dtypes import dtype as _dtype

if TYPE_CHECKING:
    from .typing import DTypeLike

_MODES = ("legacy", "safe", "all")


class Setting:
    """A setting just made for the process; as a context manager it is one of the thread, until the block ends."""

    def __init__(
        self, value: Any, before: Any, set_process: Callable[[Any], Any], exchange: Callable[[Any], Any]
    ) -> None:
        """`exchange` sets the thread's value (None: the process's) and gives the one before."""
        set_process(value)
        self._value, self._before = value, before
        self._set_process, self._exchange = set_process, exchange
        self._outer: list[Any] = []
        self._of_process = True

    def __enter__(self) -> None:
        """Undoes the process's setting and makes the thread's."""
        if self._of_process:
            self._set_process(self._before)
            self._of_process = False
        self._outer.append(self._exchange(self._value))

    def __exit__(self, *exc: object) -> None:
        """Back to what the thread had."""
        self._exchange(self._outer.pop())


class Settings:
    """Several of them."""

    def __init__(self, *settings: Setting) -> None:
        """In the order in which they are made."""
        self._settings = settings

    def __enter__(self) -> None:
        """Makes each one of the thread."""
        for each in self._settings:
            each.__enter__()

    def __exit__(self, *exc: object) -> None:
        """Undoes each."""
        for each in reversed(self._settings):
            each.__exit__()


def _mode_number(mode: str) -> int:
    if mode == "off":
        raise ValueError(
            "promotion mode 'off' would take NumPy's behaviour away, which tnp always has: choose 'legacy', 'safe' or 'all'"
        )
    if mode not in _MODES:
        raise ValueError(f"unknown promotion mode {mode!r}: choose 'legacy', 'safe' or 'all'")
    return _MODES.index(mode)


@overload
def promotion(mode: None = None) -> str: ...
@overload
def promotion(mode: Literal["legacy", "safe", "all"]) -> Setting: ...
def promotion(mode: str | None = None) -> Any:
    """Sets the promotion mode of the process, or of a block: ``with tnp.promotion("all"):``; without one, tells it.

    "legacy" is NumPy's table. "safe" refuses pairs that lose digits or make integers floats of another width. "all" keeps the
    float's width beside integers: int32 and float32 give float32.
    """
    if mode is None:
        return _MODES[_core.promotion_mode()]
    number = _mode_number(mode)
    return Setting(number, _core.process_promotion_mode(), _core.set_promotion_mode, _core.exchange_promotion_mode)


@overload
def default_float(dtype: None = None) -> _dtype: ...
@overload
def default_float(dtype: DTypeLike) -> Setting: ...
def default_float(dtype: DTypeLike | None = None) -> Any:
    """Sets the float that Python floats, `zeros`, `mean` of integers, random functions, … give: float32 or float64.

    Of the process, or of a block: ``with tnp.default_float("float32"):``; without an argument, tells it.
    """
    if dtype is None:
        return _core.default_float()
    d = _dtype(dtype)
    if d.name not in ("float32", "float64"):
        raise ValueError(f"the default float must be float32 or float64, not {d.name}")
    return Setting(d, _core.process_default_float(), _core.set_default_float, _core.exchange_default_float)


def experimental_enable_numpy_behavior(
    prefer_float32: bool = False, dtype_conversion_mode: Literal["legacy", "safe", "all"] = "legacy"
) -> Settings:
    """Chooses the default float and the promotion mode, of the process, or of a block if used with `with`.

    NumPy's behaviour itself is always on. Without arguments it restores the defaults.
    """
    _mode_number(dtype_conversion_mode)
    return Settings(promotion(dtype_conversion_mode), default_float("float32" if prefer_float32 else "float64"))
