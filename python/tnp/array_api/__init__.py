"""The Python array API standard, strictly: what it leaves to each library is an error that says how to write it.

Code that runs here uses nothing but the standard. The arrays are tnp's own, so that it can be traced, compiled,
differentiated and vectorised too.
"""

from __future__ import annotations

from typing import Any as _Any

from .._core import array_api as _core

__array_api_version__ = _core.__array_api_version__

# Not public by their names: the classes of arrays and data types, which only the functions make.
_PRIVATE = {"Array", "DType", "Device"}
_NAMES = [
    name for name in dir(_core) if name not in _PRIVATE and (name[0] != "_" or name == "__array_namespace_info__")
]
globals().update({name: getattr(_core, name) for name in _NAMES})
_device, _restore = _core._device, _core._restore  # for pickles

e = 2.718281828459045
inf = float("inf")
nan = float("nan")
newaxis = None
pi = 3.141592653589793

__all__ = [*_NAMES, "__array_api_version__", "e", "inf", "nan", "newaxis", "pi"]  # noqa: PLE0604

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


def __getattr__(name: str) -> _Any:
    """The error for a name that the namespace has not, with the standard's name for NumPy's."""
    hint = f": the standard calls it {_RENAMED[name]}" if name in _RENAMED else ""
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'{hint}", name=name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
