"""Profiles: what ran, for how long, as a file that chrome://tracing and ui.perfetto.dev show."""

from __future__ import annotations

import os
from types import TracebackType
from typing import IO

from . import _core

__all__ = ["profile"]


class profile:
    """Writes what runs meanwhile to `path`, as JSON in the Chrome trace format: a context manager, or start() and stop().

    There are the calls of compiled functions, and in them tracing, compilations and the steps of programs (fused kernels,
    calls of operations, steps run part by part, native loops); and operations that are run at once. Each has a name, a
    thread, a start, a duration, and the bytes that it reads and writes. All threads are seen, one profile at a time.

    OSError if the file cannot be written, RuntimeError if another profile is in progress.

    >>> with tnp.profile("trace.json"):
    ...     y = tnp.sum(tnp.ones(3))
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._file: IO[str] | None = None

    def start(self) -> None:
        """Begins; the file is made now, and written in stop()."""
        if _core.is_profiling():
            raise RuntimeError("profile: one is in progress, and there is one at a time")
        file = open(self.path, "w", encoding="utf-8")  # noqa: SIM115
        try:
            _core.start_profile()
        except BaseException:
            file.close()
            raise
        self._file = file

    def stop(self) -> None:
        """Ends, and writes the file."""
        if self._file is None:
            raise RuntimeError("profile: it was not started")
        file, self._file = self._file, None
        with file:
            file.write(_core.stop_profile())

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()
