"""What the namespace says of itself."""

from __future__ import annotations

from typing import Any

from .._core import array_api as _core


class _Info:
    """Devices, data types and capabilities of the namespace."""

    def capabilities(self) -> dict[str, Any]:
        """What is optional, and whether it is there."""
        return _core._info_capabilities()

    def default_device(self) -> Any:
        """The device of arrays that are made without device=."""
        return _core._info_default_device()

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """The data types of arrays that are made without dtype=, by kind."""
        return _core._info_default_dtypes(device)

    def devices(self) -> tuple[Any, ...]:
        """All devices."""
        return _core._info_devices()

    def dtypes(self, *, device: Any = None, kind: str | tuple[str, ...] | None = None) -> dict[str, Any]:
        """The data types of a device, by name."""
        return _core._info_dtypes(device, kind)


def __array_namespace_info__() -> _Info:
    """What the namespace offers: data types, devices, capabilities."""
    _core._require_info()
    return _Info()
