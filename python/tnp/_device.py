"""Devices: where new arrays live. This build knows the CPU."""

from __future__ import annotations

import re
from types import TracebackType

_NAME = re.compile(r"(?:/(?:physical_)?device:)?(CPU|GPU)(?::(\d+))?", re.IGNORECASE)


def devices() -> list[str]:
    """The names of the devices that arrays can live on."""
    return ["CPU:0"]


class device:
    """A scope that places new arrays: ``with tnp.device("CPU:0"): …``.

    ValueError for a name that is none, RuntimeError for a device that this machine or build does not have.
    """

    def __init__(self, name: str) -> None:
        match = _NAME.fullmatch(str(name))
        if match is None:
            raise ValueError(f"device: '{name}' is not the name of a device, such as 'CPU:0'")
        self.name = f"{match[1].upper()}:{match[2] or 0}"
        if self.name not in devices():
            raise RuntimeError(f"device: there is no device '{self.name}'; there are {', '.join(devices())}")

    def __enter__(self) -> device:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def __repr__(self) -> str:
        return f"tnp.device('{self.name}')"
