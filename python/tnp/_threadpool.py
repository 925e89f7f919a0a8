"""Lets threadpoolctl see and limit tnp's threads.

BLAS runs on tnp's pool, one thread a call, so that a limit on "blas" is a limit on the pool.
"""

from __future__ import annotations

from . import _core

try:
    from threadpoolctl import LibController, register  # type: ignore[import-untyped]
except ImportError:  # not installed: nobody will ask
    pass
else:

    class _Controller(LibController):  # type: ignore[misc, unused-ignore]
        user_api = "blas"
        internal_api = "tnp"
        filename_prefixes = ("libtnp",)

        def get_num_threads(self) -> int:
            return _core.get_num_threads()

        def set_num_threads(self, num_threads: int) -> None:
            _core.set_num_threads(num_threads)

        def get_version(self) -> str:
            from . import __version__

            return __version__

    register(_Controller)
