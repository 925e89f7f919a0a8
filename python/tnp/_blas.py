"""Tells the library where the OpenBLAS of the scipy-openblas32 package is; it is loaded by the first product that needs it."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from . import _core


def locate() -> None:
    """Names the package's library, unless the environment names one or the package is not there."""
    if os.environ.get("TNP_OPENBLAS"):
        return
    spec = importlib.util.find_spec("scipy_openblas32")
    if spec is None or not spec.submodule_search_locations:
        return
    for folder in spec.submodule_search_locations:
        library = Path(folder, "lib", "libscipy_openblas.so")
        if library.exists():
            _core.set_blas_library(str(library))
            return


locate()
