"""inspect.signature, and so help() and editors, can read every function and method."""

from __future__ import annotations

import inspect
import types

import pytest
import tnp

BUILTIN = (types.BuiltinFunctionType, types.FunctionType, types.MethodDescriptorType)


def callables() -> list[tuple[str, object]]:
    """All functions of the name spaces and methods of arrays."""
    out = []
    for place in (tnp, tnp.linalg, tnp.fft, tnp.array_api, tnp.array_api.linalg, tnp.array_api.fft, tnp.ndarray):
        for name in dir(place):
            f = getattr(place, name, None)  # some names say that there is nothing
            if isinstance(f, BUILTIN):
                out.append((f"{place.__name__}.{name}", f))
    return out


@pytest.mark.parametrize(("name", "f"), callables(), ids=lambda v: v if isinstance(v, str) else "")
def test_signature_is_readable(name: str, f: object) -> None:
    """A method's first parameter is the array."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except ValueError as e:
        if name.endswith(("__init_subclass__", "__subclasshook__")):
            pytest.skip("of Python's own object")
        raise AssertionError(name) from e
    if isinstance(f, types.MethodDescriptorType):
        assert parameters[0].kind is inspect.Parameter.POSITIONAL_ONLY


def test_methods_whose_arguments_are_positional() -> None:
    """As they are called, so they are shown."""
    assert str(inspect.signature(tnp.ndarray.dot)) == "(self, other, /, out=None)"
    assert str(inspect.signature(tnp.ndarray.put)) == "(self, indices, values, /, mode='raise')"
