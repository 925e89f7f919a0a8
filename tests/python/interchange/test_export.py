"""The buffer protocol, __array__ and __array_interface__ of tnp's arrays."""

import ctypes
import gc
import hashlib
import io
import pickle
import struct

import ml_dtypes
import pytest
import tnp

import numpy as np

FORMATS = {
    "bool": "?", "int8": "b", "int16": "h", "int32": "i", "int64": "l", "uint8": "B", "uint16": "H", "uint32": "I",
    "uint64": "L", "float16": "e", "float32": "f", "float64": "d", "complex64": "Zf", "complex128": "Zd",
}  # fmt: skip


def traced_error(use):
    """What `use` of a symbolic array raises."""
    caught = []

    def body(x):
        try:
            use(x)
        except BaseException as e:
            caught.append(e)
        return x

    tnp._core.Function(body, "body")(tnp.asarray([1.0, 2.0]))
    return caught[0]


# --- buffer protocol


@pytest.mark.parametrize("dtype", FORMATS)
def test_memoryview(dtype):
    a = np.arange(6).reshape(2, 3).astype(dtype)
    m = memoryview(tnp.asarray(a))
    assert (m.format, m.readonly, m.shape, m.strides) == (FORMATS[dtype], True, a.shape, a.strides)
    assert m.nbytes == a.nbytes
    assert m.tobytes() == a.tobytes()


def test_writing_is_refused():
    x = tnp.asarray([1.0, 2.0])
    with pytest.raises(TypeError, match="read-write"):
        io.BytesIO(b"ab").readinto(x)
    with pytest.raises(TypeError, match="not writable"):
        (ctypes.c_double * 2).from_buffer(x)
    with pytest.raises(TypeError):
        memoryview(x)[0] = 1.0
    with pytest.raises((BufferError, TypeError)):
        struct.pack_into("d", x, 0, 1.0)
    with pytest.raises((BufferError, ValueError, TypeError)):
        np.frombuffer(x)[0] = 1
    np.testing.assert_array_equal(np.asarray(x), [1, 2])


def test_layouts():
    x = tnp.asarray(np.arange(6.0).reshape(2, 3).T, copy=False)
    assert memoryview(x).strides == (8, 24)
    assert not memoryview(x).c_contiguous
    assert memoryview(x).f_contiguous
    assert memoryview(x).tolist() == [[0, 3], [1, 4], [2, 5]]
    with pytest.raises(BufferError, match="contiguous"):
        hashlib.sha256(x)
    assert hashlib.sha256(tnp.asarray([1.0])).digest() == hashlib.sha256(struct.pack("d", 1.0)).digest()
    backwards = tnp.asarray(np.arange(4.0)[::-1], copy=False)
    assert memoryview(backwards).tolist() == [3, 2, 1, 0]


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,) * 64])
def test_shapes(shape):
    x = tnp.asarray(np.zeros(shape))
    assert memoryview(x).shape == shape
    assert np.asarray(x).shape == shape


def test_bfloat16_has_no_format():
    x = tnp.asarray([1.0, 2.0], dtype="bfloat16")
    with pytest.raises(BufferError, match="bfloat16"):
        memoryview(x)
    assert hashlib.sha256(x).digest() == hashlib.sha256(np.asarray(x).tobytes()).digest()


def test_exports_hold_the_array():
    x = tnp.asarray(np.arange(1000.0))
    m = memoryview(x)
    del x
    gc.collect()
    others = [tnp.asarray(np.full(1000, -1.0)) for _ in range(20)]
    assert m[999] == 999
    assert len(others) == 20


def test_exported_memory_is_not_overwritten():
    x = tnp.asarray(np.arange(1 << 17, dtype="float64"))
    views = [np.asarray(x), np.from_dlpack(x), memoryview(x)]
    y = x + 1.0
    x = x + 1.0
    x += 1.0
    for view in views:
        assert view[5] == 5
    assert float(np.asarray(y)[5]) == 6


# --- __array__


@pytest.mark.parametrize("dtype", FORMATS)
def test_asarray_is_a_read_only_view(dtype):
    x = tnp.asarray(np.arange(4).astype(dtype))
    for a in (np.asarray(x), np.array(x, copy=False), x.__array__(), np.asanyarray(x), np.asarray(x, dtype=dtype)):
        assert a.dtype == dtype
        assert not a.flags.writeable
        assert np.shares_memory(a, np.asarray(x))
        with pytest.raises(ValueError):
            a[0] = 1
        with pytest.raises(ValueError):
            a.flags.writeable = True


def test_copies_can_be_written():
    x = tnp.asarray([1.0, 2.0])
    for a in (np.array(x), x.__array__(copy=True), np.asarray(x, copy=True)):
        a[0] = 9
    np.testing.assert_array_equal(np.asarray(x), [1, 2])


def test_conversion():
    x = tnp.asarray([1.5, 2.5])
    assert x.__array__(np.int32).tolist() == [1, 2]
    assert x.__array__(dtype="float32").dtype == np.float32
    assert x.__array__(tnp.float32).dtype == np.float32
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="copy=False"):
        x.__array__(np.float32, copy=False)
    with pytest.raises(TypeError):
        x.__array__("nonsense")


def test_bfloat16():
    x = tnp.asarray([1.5, -2.0], dtype="bfloat16")
    a = np.asarray(x)
    assert a.dtype == ml_dtypes.bfloat16
    assert a.astype(float).tolist() == [1.5, -2.0]
    assert not a.flags.writeable
    assert np.shares_memory(a, np.asarray(x))
    assert np.array(x).flags.writeable
    assert np.asarray(x, dtype=np.float32).tolist() == [1.5, -2.0]
    assert not hasattr(x, "__array_interface__")


def test_array_interface():
    x = tnp.asarray(np.arange(6, dtype="int16").reshape(2, 3))
    i = x.__array_interface__
    assert (i["shape"], i["typestr"], i["version"], i["data"][1]) == ((2, 3), "<i2", 3, True)
    only = type("Only", (), {"__array_interface__": property(lambda _: i)})()
    a = np.asarray(only)
    assert not a.flags.writeable
    np.testing.assert_array_equal(a, np.asarray(x))


def test_symbolic_arrays_have_no_memory():
    for use in (
        memoryview,
        np.asarray,
        lambda x: x.__array__(),
        lambda x: x.__dlpack__(),
        np.sin,
        np.from_dlpack,
        lambda x: x.__array_interface__,
    ):
        e = traced_error(use)
        assert isinstance(e, tnp._core.TracerError), use


def test_pickle_of_views():
    x = tnp.asarray(np.arange(4.0))
    assert pickle.loads(pickle.dumps(np.asarray(x))).tolist() == [0, 1, 2, 3]


# --- NumPy's functions


def test_numpy_functions_give_numpy_arrays():
    x = tnp.asarray([0.0, 1.0, 2.0])
    for result, expected in [
        (np.sin(x), np.sin([0.0, 1, 2])),
        (np.add(x, x), [0, 2, 4]),
        (np.add(np.ones(3), x), [1, 2, 3]),
        (np.concatenate([x, x, np.ones(1)]), [0, 1, 2, 0, 1, 2, 1]),
        (np.stack([x, x]), [[0, 1, 2], [0, 1, 2]]),
        (np.where(x, x, 5), [5, 1, 2]),
        (np.multiply.outer(x, x), np.multiply.outer(np.arange(3), np.arange(3))),
        (np.dot(x, x), 5),
        (np.linalg.norm(np.asarray(x)), np.sqrt(5)),
        (np.interp(x, x, x), [0, 1, 2]),
    ]:
        assert isinstance(result, np.ndarray | np.generic), result
        np.testing.assert_allclose(result, expected)


def test_numpy_out_and_indices():
    x = tnp.asarray([2, 0, 1])
    out = np.zeros(3, dtype=int)
    np.add(x, 1, out=out)
    assert out.tolist() == [3, 1, 2]
    a = np.array([10, 20, 30])
    assert a[x].tolist() == [30, 10, 20]
    a[x] = x
    assert a.tolist() == [0, 1, 2]
    with pytest.raises((TypeError, ValueError)):
        np.add(out, 1, out=x)


def test_numpy_testing():
    x = tnp.asarray([1.0, 2.0])
    np.testing.assert_allclose(x, [1, 2])
    np.testing.assert_array_equal(x, x)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(x, [1, 3])


def test_scientific_libraries():
    x = tnp.asarray(np.linspace(0, 1, 11))
    stats = pytest.importorskip("scipy.stats")
    assert stats.norm.cdf(x).shape == (11,)
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    line = pyplot.plot(x, x)[0]
    np.testing.assert_array_equal(line.get_xdata(), np.linspace(0, 1, 11))
    pyplot.close("all")
