"""Compiled functions in files: the typed text of the graph, the arrays that it uses, the structures around it."""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import Any

from . import _core

__all__ = ["export", "graph_from_text", "load_function"]

graph_from_text = _core.graph_from_text

_MAGIC = b"tnp function 1\n"


def export(func: Any, path: str | os.PathLike[str], *args: Any, **kwargs: Any) -> None:
    """Saves the program that `func`, a tnp.function, is for these arguments, for tnp.load_function.

    Sizes stay free. What is no array has its present value in the file, and so have Variables that are read; TypeError for
    functions that assign Variables or call host functions.
    """
    if not isinstance(func, _core.Function):
        raise TypeError(f"export: expected a tnp.function, got '{type(func).__name__}'")
    graph, results, variables, count = func._export(*args, **kwargs)
    leaves, tree = _core.tree_flatten((args, kwargs))
    traced = [i for i, x in enumerate(leaves) if isinstance(x, _core.ndarray) or hasattr(x, "__array__")]
    if len(traced) != count:
        raise TypeError("export: arguments must be arrays, numbers and structures of them")
    numbers: list[Any] = [None] * len(leaves)
    for place, i in enumerate(traced):
        numbers[i] = place
    given = [a if i in traced else _plain(a) for i, a in enumerate(leaves)]
    arrays = [*variables, *graph.constants]
    parts = [_bytes_of(a) for a in arrays]
    header = {
        "name": func.__name__ if hasattr(func, "__name__") else "function",
        "text": graph.text(),
        "arguments": _structure(
            tree.unflatten([_Place(n) if n is not None else given[i] for i, n in enumerate(numbers)])
        ),
        "results": _structure(results),
        "num_arguments": count,
        "num_variables": len(variables),
        "arrays": [
            {"dtype": str(a.dtype), "shape": list(a.shape), "bytes": len(p)} for a, p in zip(arrays, parts, strict=True)
        ],
    }
    text = json.dumps(header).encode()
    body = struct.pack("<Q", len(text)) + text + b"".join(parts)
    temporary = f"{os.fspath(path)}.{os.getpid()}.part"
    with open(temporary, "wb") as file:
        file.write(_MAGIC + struct.pack("<QI", len(body), zlib.crc32(body)) + body)
    os.replace(temporary, path)


class LoadedFunction:
    """A function from a file: called with the arguments that it was saved for, of any sizes."""

    def __init__(self, header: dict[str, Any], arrays: list[Any]) -> None:
        self.__name__ = str(header["name"])
        variables = int(header["num_variables"])
        self._variables, self._count = arrays[:variables], int(header["num_arguments"])
        self.graph = graph_from_text(header["text"], arrays[variables:])
        self._arguments, self._results = header["arguments"], header["results"]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given: list[Any] = [None] * self._count
        _match(self._arguments, [list(args), kwargs], given, self.__name__)
        return _built(self._results, self.graph(*given, *self._variables))

    def __repr__(self) -> str:
        return f"<tnp function '{self.__name__}' from a file>"


def load_function(path: str | os.PathLike[str]) -> LoadedFunction:
    """The function that tnp.export saved. ValueError for a file that is damaged or none of that kind."""
    with open(path, "rb") as file:
        data = file.read()
    head = len(_MAGIC) + 12
    if not data.startswith(_MAGIC) or len(data) < head:
        raise ValueError(f"load_function: {os.fspath(path)!r} is no file of tnp.export")
    size, check = struct.unpack("<QI", data[len(_MAGIC) : head])
    body = data[head:]
    if len(body) != size or zlib.crc32(body) != check:
        raise ValueError(f"load_function: {os.fspath(path)!r} is damaged")
    (length,) = struct.unpack("<Q", body[:8])
    header = json.loads(body[8 : 8 + length])
    arrays, at = [], 8 + length
    for a in header["arrays"]:
        arrays.append(_array_of(body[at : at + a["bytes"]], a["dtype"], a["shape"]))
        at += a["bytes"]
    return LoadedFunction(header, arrays)


def _bytes_of(a: Any) -> bytes:
    import numpy as np

    return np.asarray(a).tobytes()


def _array_of(data: bytes, dtype: str, shape: list[int]) -> Any:
    import numpy as np

    from ._dtypes import dtype as dtype_of

    return _core.functions["asarray"](np.frombuffer(data, np.dtype(dtype_of(dtype))).reshape(shape).copy())


class _Place:
    """Where an array goes."""

    def __init__(self, number: int) -> None:
        self.number = number


def _plain(x: Any) -> Any:
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    raise TypeError(f"export: an argument of type '{type(x).__name__}' can not be saved")


def _structure(x: Any) -> Any:
    """A structure as JSON: tuples of named tuples and dataclasses become tuples and dicts."""
    if isinstance(x, _Place):
        return {"array": x.number}
    if isinstance(x, tuple):
        return {"tuple": [_structure(v) for v in x]}
    if isinstance(x, list):
        return {"list": [_structure(v) for v in x]}
    if isinstance(x, dict):
        if not all(isinstance(k, str) for k in x):
            raise TypeError("export: keys of dicts must be text")
        return {"dict": {k: _structure(v) for k, v in x.items()}}
    if hasattr(type(x), "__dataclass_fields__"):
        return {"dict": {k: _structure(getattr(x, k)) for k in type(x).__dataclass_fields__}}
    return {"value": x}


def _match(wanted: Any, given: Any, out: list[Any], name: str) -> None:
    """Sorts the arrays of a call into their places."""
    ((kind, what),) = wanted.items()
    wrong = TypeError(f"{name}: the arguments have not the structure that the function was saved for")
    if kind == "array":
        out[what] = given
    elif kind == "value":
        if given != what or type(given) is not type(what):
            raise TypeError(f"{name}: was saved for {what!r}, not {given!r}")
    elif kind == "dict":
        given = given if isinstance(given, dict) else getattr(given, "__dict__", None)
        if given is None or set(given) != set(what):
            raise wrong
        for key, part in what.items():
            _match(part, given[key], out, name)
    else:
        if not isinstance(given, (tuple, list)) or len(given) != len(what):
            raise wrong
        for part, value in zip(what, given, strict=True):
            _match(part, value, out, name)


def _built(shape: Any, results: list[Any]) -> Any:
    ((kind, what),) = shape.items()
    if kind == "value":
        return results[what] if isinstance(what, int) else what
    if kind == "dict":
        return {k: _built(v, results) for k, v in what.items()}
    parts = [_built(v, results) for v in what]
    return tuple(parts) if kind == "tuple" else parts
