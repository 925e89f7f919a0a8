"""einops' functions on tnp's arrays: its backend for them, made when einops is imported."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from . import _core


def _add_backend() -> None:
    """Adds the class that einops asks about arrays; it finds its backends among the subclasses of its own class."""
    from einops._backends import AbstractBackend  # type: ignore[import-not-found, unused-ignore]

    f = _core.functions

    class TnpBackend(AbstractBackend):  # type: ignore[misc, unused-ignore]
        framework_name = "tnp"

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, _core.ndarray)

        def from_numpy(self, x: Any) -> Any:
            return _core.asarray(x)

        def to_numpy(self, x: Any) -> Any:
            return x.__array__()

        def arange(self, start: Any, stop: Any) -> Any:
            return f["arange"](start, stop)

        def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
            return f["stack"](tensors)

        def add_axis(self, x: Any, new_position: int) -> Any:
            return f["expand_dims"](x, new_position)

        def tile(self, x: Any, repeats: Any) -> Any:
            return f["tile"](x, repeats)

        def concat(self, tensors: Any, axis: int) -> Any:
            return f["concatenate"](tensors, axis)

        def is_float_type(self, x: Any) -> bool:
            return x.dtype.kind in "fc"

        def einsum(self, pattern: str, *x: Any) -> Any:
            return f["einsum"](pattern, *x)

    _backends.append(TnpBackend)  # a class that nothing holds is no subclass for long


_backends: list[Any] = []


class _AfterImport:
    """Stands among the finders of modules until einops is imported, and adds the backend behind it."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "einops":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            run(module)
            _add_backend()

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def prepare() -> None:
    """At the import of tnp."""
    if "einops" in sys.modules:
        _add_backend()
    else:
        sys.meta_path.insert(0, _AfterImport())
