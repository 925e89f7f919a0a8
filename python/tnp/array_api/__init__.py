"""The Python array API standard, strictly: what it leaves to each library is an error that says how to write it.

Code that runs here uses nothing but the standard. The arrays are tnp's own, so that it can be traced, compiled,
differentiated and vectorised too.
"""

from __future__ import annotations

import inspect as _inspect
import sys as _sys
from typing import Any as _Any

from .._core import array_api as _core
from ._flags import ArrayAPIStrictFlags
from ._flags import Transfer as Transfer
from ._info import __array_namespace_info__

# Not public by their names: the classes of arrays and data types, which only the functions make.
_PRIVATE = {"Array", "DType", "DeviceTransfers"}
_EXTENSIONS = ("linalg", "fft")
_NAMES = [name for name in dir(_core) if name not in _PRIVATE and name not in _EXTENSIONS and name[0] != "_"]
globals().update({name: getattr(_core, name) for name in _NAMES})
_restore = _core._restore  # for pickles
DeviceTransfers = _core.DeviceTransfers  # no name of the standard, nor of array-api-strict: not in __all__
Device.__signature__ = _inspect.Signature(  # type: ignore[name-defined]  # noqa: F821
    [_inspect.Parameter("device", _inspect.Parameter.POSITIONAL_OR_KEYWORD, default="CPU_DEVICE")]
)
for _name in _EXTENSIONS:
    _extension = getattr(_core, _name)
    _extension.__name__ = f"{__name__}.{_name}"
    _extension.__all__ = [name for name in dir(_extension) if name[0] != "_"]
    _sys.modules[_extension.__name__] = _extension

e = 2.718281828459045
inf = float("inf")
nan = float("nan")
newaxis = None
pi = 3.141592653589793

_ALL = [
    *_NAMES,
    *(ArrayAPIStrictFlags.__name__, __array_namespace_info__.__name__),
    *("__array_api_version__", "e", "inf", "nan", "newaxis", "pi"),
]

# What NumPy calls them.
_RENAMED = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "array": "asarray",
    "bool_": "bool",
    "concatenate": "concat",
    "conjugate": "conj",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
    "rint": "round",
    "transpose": "permute_dims",
    "true_divide": "divide",
}


def _take_flags() -> None:
    """The names that the flags decide."""
    flags = _core.get_array_api_strict_flags()
    enabled = flags["enabled_extensions"]
    names = globals()
    for name in _EXTENSIONS:
        names.pop(name, None)
    names.update({name: getattr(_core, name) for name in enabled})
    names["__array_api_version__"] = flags["api_version"]
    names["__all__"] = sorted([*_ALL, *enabled])


_core._on_flags(_take_flags)
_core._flags_from_environment()


def __getattr__(name: str) -> _Any:
    """The error for a name that the namespace has not, with the standard's name for NumPy's."""
    hint = f": the standard calls it {_RENAMED[name]}" if name in _RENAMED else ""
    hint = ": the extension is disabled" if name in _EXTENSIONS else hint
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'{hint}", name=name)


def __dir__() -> list[str]:
    """The public names."""
    return list(globals()["__all__"])
