"""Flags for the length of a with block or of a call."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ContextDecorator
from typing import Any, NamedTuple

from .._core import array_api as _core


class ArrayAPIStrictFlags(ContextDecorator):
    """Sets flags inside a with block, or while a decorated function runs; afterwards they are what they were before."""

    def __init__(
        self,
        *,
        api_version: str | None = None,
        boolean_indexing: bool | None = None,
        data_dependent_shapes: bool | None = None,
        enabled_extensions: Collection[str] | None = None,
    ) -> None:
        """Takes what set_array_api_strict_flags takes."""
        self._changes: dict[str, Any] = {
            "api_version": api_version,
            "boolean_indexing": boolean_indexing,
            "data_dependent_shapes": data_dependent_shapes,
            "enabled_extensions": enabled_extensions,
        }
        self._before = _core._flag_state()

    def _recreate_cm(self) -> ArrayAPIStrictFlags:
        return ArrayAPIStrictFlags(**self._changes)

    def __enter__(self) -> None:
        """Sets the flags."""
        _core.set_array_api_strict_flags(**self._changes)

    def __exit__(self, *_: object) -> None:
        """Sets the flags that were in force when this object was made."""
        _core._restore_flags(self._before)


class Transfer(NamedTuple):
    """Elements that went from one device to another: one record of DeviceTransfers."""

    function: str
    source: Any
    target: Any
    dtype: Any
    shape: tuple[int, ...]
