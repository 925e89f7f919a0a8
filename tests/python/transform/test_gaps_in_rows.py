"""Operands with gaps between the elements of a row in native code: columns of tables, channels, every other element."""

import os
import subprocess
import sys

import pytest
import tnp

import numpy as np

ALWAYS = os.environ.get("TNP_JIT") == "always"
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
TYPES = ["bool", "uint8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128"]
SIZES = (1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 129, 200)


def data(dtype, shape, seed=0):
    x = np.random.default_rng(seed).integers(-3, 4, shape)
    return (x + 1j * x[::-1] if dtype.startswith("complex") else x).astype(dtype)


def same(f, *arrays, runs=3):
    """The bits and types of eager execution."""
    arrays = [tnp.asarray(x) for x in arrays]
    want = [np.asarray(r) for r in f(*arrays)]
    compiled = tnp.function(f)
    for _ in range(runs):
        for got, expected in zip(compiled(*arrays), want, strict=True):
            got = np.asarray(got)
            assert got.dtype == expected.dtype and got.shape == expected.shape
            assert got.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("step", [2, 3, 4, 5, -1, -2, 9])
def test_steps(dtype, step):
    for n in SIZES:
        x, y = data(dtype, (n * abs(step),)), data(dtype, (n,), 1)
        same(lambda x, y: (x[::step] + y, x[::step] * x[::step]), x, y)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("columns", [2, 3, 4, 5])
def test_columns(dtype, columns):
    for n in SIZES:
        x = data(dtype, (n, columns))
        same(lambda x: (x[:, 0] + x[:, 1] * x[:, -1], x[::-1, 0] * x[:, 1]), x)
        same(lambda x: (tnp.stack((x[:, 1] + x[:, 0], x[:, 0] * x[:, -1]), axis=1),), x)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_channels_of_pictures(dtype):
    x = data(dtype, (23, 37, 3))
    same(lambda x: (x[..., 0] * 3 + x[..., 1] * x[..., 2], tnp.where(x[..., 0] > x[..., 2], x[..., 1], 0)), x)
    same(lambda x: (x[:, ::2, 1] + x[:, ::2, 0].astype("float32") / 4,), x)


def test_types_of_different_width():
    for n in SIZES:
        x, y, z = data("uint8", (n, 3)), data("float64", (n, 2)), data("complex64", (2 * n,))
        same(lambda x, y, z: (x[:, 1] * y[:, 0] + 1, z[1::2] * x[:, 2], x[:, 0] > y[:, 1]), x, y, z)


def test_the_last_element_is_the_last_of_its_memory():
    """Nothing is read beyond: the rows end where a page does that may not be read."""
    import ctypes
    import mmap

    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 2 * page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    assert libc.mprotect(address + page, page, 0) == 0
    try:
        for dtype in ("uint8", "float32", "float64"):
            size = np.dtype(dtype).itemsize
            for step in (2, 3, 4, 7):
                for n in (8, 16, 40, 64):
                    count = (n - 1) * step + 1
                    raw = (ctypes.c_char * (count * size)).from_address(address + page - count * size)
                    whole = np.frombuffer(raw, dtype)
                    x = tnp.asarray(whole[::step], copy=False)
                    same(lambda x: (x + x,), x)
    finally:
        libc.mprotect(address + page, page, mmap.PROT_READ | mmap.PROT_WRITE)


def test_many_patterns_of_gaps():
    """More than one kernel has code for."""
    f = tnp.function(lambda x, y: x * 2 + y)
    for step in range(1, 30):
        x, y = data("float64", (5000 * step,)), data("float64", (5000,), 1)
        for _ in range(3):
            assert np.array_equal(f(tnp.asarray(x)[::step], tnp.asarray(y)), x[::step] * 2 + y)


@pytest.mark.skipif(ALWAYS, reason="this is that run")
def test_with_code_from_the_start():
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", __file__]
    run = subprocess.run(
        [*command, "-k", "memory or pictures or width or float32 or uint8"],
        env={**os.environ, "TNP_JIT": "always", "TNP_VERIFY": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout[-3000:]
