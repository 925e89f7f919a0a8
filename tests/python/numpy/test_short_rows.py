"""Arrays of short rows with operands that are repeated along an axis, or have gaps: many rows go through the kernels at once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import tnp

import numpy as np

SHAPES = [
    (5, 3),
    (40, 1, 7),
    (1000, 10),
    (333, 64),
    (70, 65),
    (9, 256),
    (9, 257),
    (12, 5, 6),
    (7, 2, 3, 4),
    (2000, 2),
    (3, 100),
]


def operands(shape: tuple[int, ...], dtype: str) -> dict[str, np.ndarray]:
    """Operands that broadcast to the shape."""
    rng = np.random.default_rng(0)

    def some(*sizes: int) -> np.ndarray:
        return rng.integers(1, 9, sizes).astype(dtype)

    wide = some(*shape[:-1], 2 * shape[-1])
    return {
        "whole": some(*shape),
        "row": some(shape[-1]),
        "column": some(*shape[:-1], 1),
        "first": some(shape[0], *(1 for _ in shape[1:])),
        "middle": some(*shape[1:-1], 1) if len(shape) > 2 else some(1),
        "gaps": wide[..., : shape[-1]],
        "steps": wide[..., ::2],
        "backwards": some(*shape)[..., ::-1],
        "number": some(),
    }


@pytest.mark.parametrize("dtype", ["float64", "float32", "int8", "complex128", "float16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_operands(shape: tuple[int, ...], dtype: str) -> None:
    """Each with each, eager and compiled, of one type and of two."""
    arrays = operands(shape, dtype)
    ours = {
        "gaps": tnp.asarray(np.concatenate((arrays["gaps"], arrays["gaps"]), axis=-1))[..., : shape[-1]],
        "steps": tnp.asarray(np.repeat(arrays["steps"], 2, axis=-1))[..., ::2],
        "backwards": tnp.asarray(arrays["backwards"][..., ::-1])[..., ::-1],
    }
    compiled = tnp.function(lambda x, y: x - y)
    for a, x in arrays.items():
        mine = ours.get(a, tnp.asarray(x))
        for b, y in arrays.items():
            other = ours.get(b, tnp.asarray(y))
            np.testing.assert_array_equal(np.asarray(mine - other), x - y, err_msg=f"{a} {b}")
            if a in ("whole", "gaps"):
                np.testing.assert_array_equal(np.asarray(compiled(mine, other)), x - y, err_msg=f"{a} {b}")
        if dtype != "complex128":
            mixed = np.arange(1, shape[-1] + 1, dtype="float32")
            np.testing.assert_array_equal(np.asarray(mine * tnp.asarray(mixed)), x * mixed, err_msg=a)
            np.testing.assert_array_equal(np.asarray(mine > tnp.asarray(mixed)), x > mixed, err_msg=a)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "complex64", "float16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_fused(shape: tuple[int, ...], dtype: str) -> None:
    """Several operations, of types of different width, with two results: the bits of eager execution."""
    arrays = {name: tnp.asarray(x) for name, x in operands(shape, dtype).items()}

    def program(x: tnp.ndarray, y: tnp.ndarray, z: tnp.ndarray) -> tuple[tnp.ndarray, tnp.ndarray]:
        return (x - y) * z + x, abs(x * y) > abs(z)

    compiled = tnp.function(program)
    for x, y, z in (
        ("whole", "row", "column"),
        ("whole", "first", "number"),
        ("whole", "middle", "gaps"),
        ("row", "column", "row"),
    ):
        three = [arrays[name] for name in (x, y, z)]
        for _ in range(3):
            for got, expected in zip(compiled(*three), program(*three), strict=True):
                assert got.dtype == expected.dtype
                np.testing.assert_array_equal(np.asarray(got), np.asarray(expected), err_msg=f"{x} {y} {z}")


@pytest.mark.skipif(os.environ.get("TNP_JIT") == "always", reason="this is that run")
def test_native_code() -> None:
    """The same where code is made at once."""
    command = [sys.executable, "-m", "pytest", "-q", __file__, "-k", "fused or threads", "-p", "no:cacheprovider"]
    done = subprocess.run(command, env=os.environ | {"TNP_JIT": "always"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_large_on_threads() -> None:
    """Parts of threads begin at whole rows."""
    x, row = np.random.default_rng(0).random((100_001, 11)), np.arange(11.0)
    column = x[:, :1].copy()
    a = tnp.asarray(x)
    np.testing.assert_array_equal(np.asarray(a / tnp.asarray(row + 1)), x / (row + 1))
    np.testing.assert_array_equal(
        np.asarray(tnp.where(a > tnp.asarray(column), a, tnp.asarray(row))), np.where(x > column, x, row)
    )


def test_exceptions() -> None:
    """A division by zero in a row that is repeated is told as NumPy tells it."""
    x, row = np.ones((50, 4)), np.array([1.0, 0.0, 2.0, 3.0])
    with pytest.raises(FloatingPointError), tnp.errstate(divide="raise"):
        tnp.asarray(x) / tnp.asarray(row)
