"""The public names of tnp that the documentation describes: taken from the package, listed nowhere."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

# Classes whose methods have pages of their own, by the name of the attribute that holds them.
CLASSES = ["ndarray", "ufunc", "Variable", "GradientTape", "Function", "Graph", "ArraySpec"]
RANDOM_CLASSES = ["Generator", "BitGenerator", "SeedSequence"]
# What modules hold because of how they are written.
NOT_OURS = {"annotations", "Any"}


@dataclass
class Name:
    """A public name: `tnp.linalg.inv` has the namespace "linalg" and the key "linalg.inv"."""

    namespace: str
    key: str
    value: Any

    @property
    def full(self) -> str:
        return f"tnp.{self.key}"


def is_public(name: str, value: Any) -> bool:
    return not name.startswith("_") and name not in NOT_OURS and not inspect.ismodule(value)


def members(namespace: str, holder: Any, prefix: str) -> list[Name]:
    """The public names of a module or class, in order."""
    found = []
    for name in sorted(dir(holder), key=str.lower):
        value = inspect.getattr_static(holder, name) if inspect.isclass(holder) else getattr(holder, name)
        if is_public(name, value):
            found.append(Name(namespace, prefix + name, value))
    return found


def public_names() -> list[Name]:
    """All names, namespace by namespace."""
    import tnp

    names = [n for n in members("tnp", tnp, "") if n.key != "array_api"]
    for module in ("linalg", "fft", "random"):
        names += members(module, getattr(tnp, module), f"{module}.")
    for cls in CLASSES:
        names += members(cls, getattr(tnp, cls), f"{cls}.")
    names += members("ndarray", type(tnp.zeros(1).at[0]), "ndarray.at.")
    for cls in RANDOM_CLASSES:
        names += members("random", getattr(tnp.random, cls), f"random.{cls}.")
    return names


def strict_names() -> list[Name]:
    """The names of the strict namespace."""
    import tnp.array_api as strict

    names = members("array_api", strict, "array_api.")
    for module in ("linalg", "fft"):
        names += members("array_api", getattr(strict, module), f"array_api.{module}.")
    return names
