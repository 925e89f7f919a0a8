"""Runs the same code with NumPy and with tnp and compares values, types and structure, or the error's class."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import tnp

import numpy as np

DTYPES = [
    "bool",
    "int8",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
FLOATS = ["float16", "float32", "float64"]


def sample(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Numbers of both signs, some equal."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-5, 6, shape)
    if dtype.startswith("complex"):
        return np.asarray(x + 1j * rng.integers(-3, 4, shape)).astype(dtype)
    if dtype.startswith("uint"):
        x = np.abs(x)
    y = x * 0.75 if dtype.startswith("float") else x
    return np.asarray(y).astype(dtype)


def outcome(run: Callable[[Any], Any], module: Any) -> Any:
    """What `run` gives, or the exception it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return run(module)
        except Exception as error:
            return error


def same(got: Any, expected: Any, rtol: float) -> None:
    """Asserts that a result of tnp is NumPy's."""
    if isinstance(expected, (list, tuple)):
        assert isinstance(got, type(expected)), (type(got), type(expected))
        assert len(got) == len(expected)
        for g, e in zip(got, expected, strict=True):
            same(g, e, rtol)
        return
    if not isinstance(expected, (np.ndarray, np.generic)):
        assert type(got) is type(expected), (type(got), type(expected))
        assert got == expected or (got != got and expected != expected)
        return
    assert isinstance(got, tnp.ndarray), type(got)
    assert got.dtype == expected.dtype, (got.dtype, expected.dtype)
    assert got.shape == expected.shape, (got.shape, expected.shape)
    np.testing.assert_allclose(np.asarray(got), expected, rtol=rtol, atol=rtol, equal_nan=True)


def check(run: Callable[[Any], Any], rtol: float = 0) -> None:
    """`run` takes the module, numpy or tnp."""
    expected, got = outcome(run, np), outcome(run, tnp)
    if isinstance(expected, Exception):
        assert isinstance(got, Exception), f"NumPy raises {expected!r}, tnp gives {got!r}"
        classes = (ValueError, TypeError, IndexError, OverflowError, ZeroDivisionError)
        for c in classes:
            if isinstance(expected, c):
                assert isinstance(got, c), f"NumPy raises {expected!r}, tnp {got!r}"
        return
    if isinstance(got, Exception):
        raise got
    same(got, expected, rtol)


def tolerance(dtype: str) -> float:
    """Of sums and the like, whose order of additions is not NumPy's."""
    return {"float16": 4e-3, "float32": 1e-5, "complex64": 1e-5}.get(dtype, 1e-12)
