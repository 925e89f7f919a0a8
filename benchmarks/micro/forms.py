"""The forms in which a compiled function is called: arrays in a row, by name, in containers, with numbers, as a method, …

python benchmarks/run.py micro.forms [word of a form …]

Each form is timed by the processor time of the process, against the same call made eagerly and, where JAX is there and has
the form, by jax.jit.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.util
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import tnp

import numpy as np

jax: Any = importlib.import_module("jax") if importlib.util.find_spec("jax") else None
Calls = dict[str, Callable[[], object]]


@dataclasses.dataclass
class Pair:
    """Two arrays in a container of the user's."""

    a: Any
    b: Any


def forms(xp: Any, compiled: Callable[..., Any]) -> Calls:
    """The calls of functions that `compiled` makes, on arrays of `xp`."""
    x, y = (xp.asarray(np.full(8, k, np.float32)) for k in (1, 2))
    matrix = xp.asarray(np.ones((3, 4), np.float32)).T
    strided = xp.asarray(np.ones(16, np.float32))[::2]
    zero = xp.asarray(1.5)
    own = compiled if xp is tnp or jax is None else functools.partial(compiled, static_argnums=0)

    class Model:
        @own
        def f(self, x: Any) -> Any:
            return x + 1

    model, nested = Model(), {"l": {"w": x, "b": y}}
    one = compiled(lambda x: x + 1)
    product = compiled(lambda x, y: x * y)
    by_name = compiled(lambda x, *, y: x * y)
    static = compiled(lambda x, n: x * n, static_argnums=1)
    first = compiled(lambda t: t[0] * t[1])
    of_dict = compiled(lambda t: t["a"] * t["b"])
    of_pair = compiled(lambda t: t.a * t.b)
    of_nested = compiled(lambda t, x: t["l"]["w"] * x + t["l"]["b"])
    two, named = compiled(lambda x: (x + 1, x * 2)), compiled(lambda x: {"a": x + 1, "b": x * 2})
    pair = compiled(lambda x: Pair(x + 1, x * 2))
    closure = compiled(lambda x: x * y)
    entries, both = {"a": x, "b": y}, Pair(x, y)
    return {
        "one array": lambda: one(x),
        "two arrays": lambda: product(x, y),
        "two 0-d arrays": lambda: product(zero, zero),
        "method": lambda: model.f(x),
        "name": lambda: product(x, y=y),
        "name alone": lambda: by_name(x, y=y),
        "float": lambda: product(x, 2.0),
        "static int": lambda: static(x, 3),
        "tuple": lambda: first((x, y)),
        "dict": lambda: of_dict(entries),
        "dataclass": lambda: of_pair(both),
        "nested": lambda: of_nested(nested, x),
        "tuple result": lambda: two(x),
        "dict result": lambda: named(x),
        "dataclass result": lambda: pair(x),
        "closure": lambda: closure(x),
        "transposed": lambda: one(matrix),
        "strided": lambda: one(strided),
    }


def variables(compiled: Callable[..., Any]) -> Calls:
    """Functions that read and assign Variables."""
    x, v = tnp.asarray(np.ones(8, np.float32)), tnp.Variable(np.ones(8, np.float32))

    class Layer:
        def __init__(self) -> None:
            self.w, self.b = tnp.Variable(np.ones((8, 8), np.float32)), tnp.Variable(np.ones(8, np.float32))

        @compiled
        def f(self, x: Any) -> Any:
            return x @ self.w.read() + self.b

    layer = Layer()
    read, assign, add = (
        compiled(f)
        for f in (lambda x: x * v.read(), lambda x: v.assign(x * 0.5).read(), lambda x: v.assign_add(x).read())
    )
    return {
        "Variable read": lambda: read(x),
        "Variable assigned": lambda: assign(x),
        "Variable added to": lambda: add(x),
        "layer of Variables": lambda: layer.f(x),
    }


def _eager(f: Callable[..., Any], **_: Any) -> Callable[..., Any]:
    return f


def _seconds(f: Callable[[], object] | None, turns: int) -> float:
    if f is None:
        return math.nan
    for _ in range(200):
        f()
    least = math.inf
    for _ in range(12):
        start = time.process_time()
        for _ in range(turns):
            f()
        least = min(least, (time.process_time() - start) / turns)
    return least


def main() -> None:
    """Prints the table."""
    words = [w for w in sys.argv[1:] if not w.startswith("micro.")]
    compiled = forms(tnp, tnp.function) | variables(tnp.function)
    eager = forms(tnp, _eager) | variables(_eager)
    other: Calls = {}
    if jax is not None:
        jax.tree_util.register_dataclass(Pair, data_fields=["a", "b"], meta_fields=[])
        other = forms(jax.numpy, jax.jit)
    print(f"\n| {'call of eight elements, ns':22} | compiled | eager | jax.jit |\n|---|---|---|---|")
    for name, f in compiled.items():
        if words and not any(w in name for w in words):
            continue
        times = (_seconds(f, 2000), _seconds(eager[name], 2000), _seconds(other.get(name), 300))
        print(f"| {name:22} | {times[0] * 1e9:8.0f} | {times[1] * 1e9:5.0f} | {times[2] * 1e9:7.0f} |", flush=True)


if __name__ == "__main__":
    main()
