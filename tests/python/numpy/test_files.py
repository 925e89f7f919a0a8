"""save, savez, load: what NumPy writes and reads, and files that are none."""

import io
import zipfile

import ml_dtypes
import pytest
import tnp

import numpy as np

DTYPES = [
    "bool",
    *(f"{s}int{b}" for s in ("", "u") for b in (8, 16, 32, 64)),
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
SHAPES = [(), (0,), (3,), (2, 3), (2, 0, 4), (1, 2, 3, 4)]


def arrays():
    rng = np.random.default_rng(0)
    for dtype in DTYPES:
        for shape in SHAPES:
            yield (rng.integers(0, 2, shape) if dtype == "bool" else rng.normal(0, 20, shape)).astype(dtype)


def test_files_are_numpys(tmp_path):
    for x in arrays():
        ours, theirs = io.BytesIO(), io.BytesIO()
        tnp.save(ours, tnp.asarray(x))
        np.save(theirs, x)
        assert ours.getvalue() == theirs.getvalue()
        theirs.seek(0)
        back = tnp.load(theirs)
        assert isinstance(back, tnp.ndarray) and back.dtype == x.dtype and back.shape == x.shape
        assert np.array_equal(np.asarray(back), x)
    big = np.arange(3 << 20, dtype=np.float64).reshape(3, -1)
    tnp.save(tmp_path / "big", big.T)
    np.testing.assert_array_equal(np.load(tmp_path / "big.npy"), big.T)
    np.testing.assert_array_equal(np.asarray(tnp.load(str(tmp_path / "big.npy"))), big.T)


@pytest.mark.parametrize("dtype", [">f8", ">i2", ">c8", ">u4", "<f4", "|b1"])
def test_orders(dtype):
    x = np.asfortranarray(np.arange(12).reshape(3, 4).astype(dtype))
    for version in ((1, 0), (2, 0), (3, 0)):
        f = io.BytesIO()
        np.lib.format.write_array(f, x, version)
        f.seek(0)
        y = tnp.load(f)
        assert y.dtype == x.dtype.newbyteorder("=")
        np.testing.assert_array_equal(np.asarray(y), x)


def test_several_in_a_file():
    f = io.BytesIO()
    for i in range(3):
        tnp.save(f, tnp.full((i,), i))
    f.seek(0)
    assert [tnp.load(f).shape for _ in range(3)] == [(0,), (1,), (2,)]
    with pytest.raises(EOFError):
        tnp.load(f)


def test_bfloat16(tmp_path):
    x = np.arange(5).astype(ml_dtypes.bfloat16)
    tnp.save(tmp_path / "x.npy", tnp.asarray(x))
    assert np.array_equal(np.load(tmp_path / "x.npy").view(ml_dtypes.bfloat16), x)
    for mode in (None, "r"):
        y = tnp.load(tmp_path / "x.npy", mmap_mode=mode)
        assert y.dtype == tnp.bfloat16 and np.array_equal(np.asarray(y), x)


@pytest.mark.parametrize("save", ["savez", "savez_compressed"])
def test_archives(save, tmp_path):
    a, b = np.arange(5), np.ones((2, 3), np.float32)
    getattr(tnp, save)(tmp_path / "x", a, tnp.asarray(b), c=b.T)
    with np.load(tmp_path / "x.npz") as z:
        assert z.files == ["c", "arr_0", "arr_1"] or set(z.files) == {"c", "arr_0", "arr_1"}
        np.testing.assert_array_equal(z["c"], b.T)
    getattr(np, save)(tmp_path / "y.npz", a, b=b)
    with tnp.load(tmp_path / "y.npz") as z:
        assert set(z.files) == {"arr_0", "b"} and len(z) == 2 and "b" in z and "q" not in z
        assert z["b"].dtype == np.float32 and np.array_equal(np.asarray(z["arr_0"]), a)
        assert {k: v.shape for k, v in z.items()} == {"arr_0": (5,), "b": (2, 3)}
        with pytest.raises(KeyError):
            z["q"]
    with pytest.raises(ValueError):
        z["b"]
    f = io.BytesIO()
    getattr(tnp, save)(f, a=a)
    f.seek(0)
    assert np.array_equal(np.asarray(tnp.load(f)["a"]), a)
    with pytest.raises(ValueError):
        getattr(tnp, save)(io.BytesIO(), a, arr_0=a)


def test_memory_maps(tmp_path):
    for x in (np.arange(12.0).reshape(3, 4), np.asfortranarray(np.arange(12).reshape(3, 4)), np.zeros((0, 2))):
        np.save(tmp_path / "x.npy", x)
        for mode in ("r", "c"):
            y = tnp.load(tmp_path / "x.npy", mmap_mode=mode)
            np.testing.assert_array_equal(np.asarray(y + 1), x + 1)
    for mode in ("r+", "w+", "x"):
        with pytest.raises(ValueError):
            tnp.load(tmp_path / "x.npy", mmap_mode=mode)


def header(text, version=b"\x01\x00"):
    text = text.encode()
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version[0] == 1 else 4, "little") + text


GOOD = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"
BAD = [
    b"",
    b"\x93",
    b"\x93NUMP",
    b"\x93NUMPY",
    b"\x93NUMPY\x01\x00",
    b"\x93NUMPY\x01\x00\x10",
    b"\x93NUMPY\x09\x00\x10\x00" + b" " * 16,
    b"text that is no array",
    b"PK\x03\x04 no archive",
    header(GOOD),
    header(GOOD) + bytes(15),
    header("{}"),
    header("{'descr': '<f8'}"),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'more': 1}") + bytes(16),
    header("{'descr': '<f8', 'fortran_order': 3, 'shape': (2,)}") + bytes(16),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': 2}") + bytes(16),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}") + bytes(16),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999)}"),
    header("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}") + bytes(16),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)") + bytes(16),
    header("import os"),
    header("'"),
    header(GOOD + "(") + bytes(16),
    header("{'descr': '', 'fortran_order': False, 'shape': (2,)}") + bytes(16),
    header("{'descr': '<', 'fortran_order': False, 'shape': (2,)}") + bytes(16),
    header(GOOD + " " * 20000) + bytes(16),
]


@pytest.mark.parametrize("i", range(len(BAD)))
def test_files_that_are_none(i):
    with pytest.raises(Exception) as theirs:
        np.load(io.BytesIO(BAD[i]))
    expected = theirs.type if issubclass(theirs.type, (ValueError, EOFError, zipfile.BadZipFile)) else ValueError
    with pytest.raises(expected):
        tnp.load(io.BytesIO(BAD[i]))


def test_each_byte_may_be_wrong():
    f = io.BytesIO()
    np.save(f, np.arange(3.0))
    good = f.getvalue()
    rng = np.random.default_rng(0)
    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] = rng.integers(256)
        for data in (bytes(bad), good[:at]):
            try:
                tnp.load(io.BytesIO(data))
            except (ValueError, TypeError, EOFError, zipfile.BadZipFile):
                pass


def test_other_types_and_errors(tmp_path):
    for x in (np.zeros(2, "f8,i4"), np.zeros(2, "M8[s]"), np.zeros(2, np.longdouble)):
        f = io.BytesIO()
        np.save(f, x)
        f.seek(0)
        with pytest.raises(TypeError):
            tnp.load(f)
    f = io.BytesIO()
    np.save(f, np.array([{}], dtype=object))
    f.seek(0)
    with pytest.raises(ValueError):
        tnp.load(f)
    with pytest.raises((ValueError, TypeError)):
        tnp.save(tmp_path / "x.npy", np.array([{}], dtype=object))
    assert not (tmp_path / "x.npy").exists()
    with pytest.raises(FileNotFoundError):
        tnp.load(tmp_path / "nothing.npy")
    with pytest.raises(TypeError):
        tnp.load(3.5)
