"""tnp: NumPy's API on immutable arrays, run at once, compiled, differentiated and vectorised."""

from __future__ import annotations

from . import _core
from ._core import ndarray, ufunc
from ._dtypes import DTYPES as _DTYPES
from ._dtypes import dtype

globals().update(_core.ufuncs)
globals().update({d.name: d for d in _DTYPES})
bool_ = _DTYPES[0]
from ._numpy import *  # noqa: E402, F403  over the ufuncs of the same names
