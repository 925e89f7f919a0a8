"""Arrays from NumPy, buffers, sequences and other libraries' objects: what is shared, what is copied, what is refused."""

import array
import collections
import ctypes
import datetime
import decimal
import enum
import gc
import threading

import ml_dtypes
import pytest
import tnp

import numpy as np

DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip


def frozen(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def shares(x, a):
    return np.shares_memory(np.asarray(x), a)


# --- refused


@pytest.mark.parametrize(
    "value",
    [
        None, {}, {1: 2}, {1, 2}, object(), [None], (i for i in range(3)), int, [int],
        np.array(["2020-01-01"], dtype="M8[D]"),
        np.array([1], dtype="m8[s]"), np.datetime64("2020-01-01"), np.zeros(2, dtype="f4,i4"), np.zeros(2, dtype="f4,i4")[0],
        np.zeros(2, dtype=np.longdouble), np.longdouble(1), np.zeros(2, dtype=np.clongdouble), np.zeros(2, dtype="V3"),
        np.zeros(2, dtype=ml_dtypes.float8_e5m2), np.ma.masked_array([1, 2], mask=[0, 1]), np.array([None]),
        np.array([{}], dtype=object), np.array(object()), decimal.Decimal(1), datetime.date(2020, 1, 1), array.array("u", "ab"),
        memoryview(b"ab").cast("c"), np, lambda: 0,
    ],
    ids=lambda v: str(type(v).__name__),
)  # fmt: skip
def test_refused_with_type_error(value):
    with pytest.raises(TypeError):
        tnp.asarray(value)


@pytest.mark.parametrize(
    "value", [[[1], 2], [1, [2]], [[1, 2], [3]], [[], 1], [np.zeros(2), np.zeros(3)], [np.zeros(2), 1]]
)
def test_ragged(value):
    with pytest.raises(ValueError, match="inhomogeneous"):
        tnp.asarray(value)


def test_recursive_list():
    value = []
    value.append(value)
    with pytest.raises(ValueError, match="64"):
        tnp.asarray(value)


def test_a_list_that_changes_while_it_is_read():
    value = []

    class Clearing:
        def __array__(self, dtype=None, copy=None):
            value.clear()
            gc.collect()
            return np.zeros(())

    value.extend([Clearing(), 1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="changed"):
        tnp.asarray(value)


def test_released_memoryview():
    m = memoryview(bytearray(8))
    m.release()
    with pytest.raises(ValueError):
        tnp.asarray(m)


@pytest.mark.parametrize(
    "value",
    [1, 1.5, [1, 2], (1.0,), np.float64(1), range(3), np.array([1, 2], dtype=object), array.array("d")[:0].tolist()],
)
def test_copy_false_where_a_copy_is_needed(value):
    with pytest.raises(ValueError, match="copy"):
        tnp.asarray(value, copy=False)


def test_copy_false_with_another_dtype_or_byte_order_or_alignment():
    with pytest.raises(ValueError, match="copy"):
        tnp.asarray(np.zeros(3), dtype="float32", copy=False)
    with pytest.raises(ValueError, match="copy"):
        tnp.asarray(tnp.asarray([1.0]), dtype="float32", copy=False)
    with pytest.raises(ValueError, match="byte order"):
        tnp.asarray(np.zeros(3, dtype=">f8"), copy=False)
    with pytest.raises(ValueError, match="aligned"):
        tnp.asarray(np.zeros(17, dtype="u1")[1:].view("f8"), copy=False)


# --- NumPy arrays


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_dtypes(dtype):
    a = np.arange(-3, 3).astype(dtype).reshape(2, 3)
    for copy in (None, True, False):
        x = tnp.asarray(a, copy=copy)
        assert x.dtype == dtype
        assert x.shape == (2, 3)
        assert shares(x, a) == (copy is False)
        np.testing.assert_array_equal(np.asarray(x), a)


def test_c_types_of_the_same_size():
    for dtype, expected in [(np.longlong, "int64"), (np.ulonglong, "uint64"), (np.intc, "int32"), (np.intp, "int64")]:
        assert tnp.asarray(np.zeros(2, dtype=dtype)).dtype == expected


def test_writable_memory_is_copied():
    a = np.arange(4.0)
    x = tnp.asarray(a)
    a[:] = -1
    np.testing.assert_array_equal(x, [0, 1, 2, 3])


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a,
        lambda a: a[::2],
        lambda a: a[::-1],
        lambda a: a.T,
        lambda a: a[1:, :0],
        lambda a: a[..., None],
        lambda a: a[:, ::-2],
        lambda a: np.lib.stride_tricks.sliding_window_view(a, 2, axis=1),
        lambda a: a[2, 3],
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "int8", "complex64", "bool"])
def test_layouts(view, dtype):
    a = np.arange(20).reshape(4, 5).astype(dtype)
    for source, copy in [(a, None), (a, False), (frozen(a), None)]:
        b = np.asarray(view(source))
        x = tnp.asarray(b, copy=copy)
        assert x.shape == b.shape
        np.testing.assert_array_equal(np.asarray(x), b)
        np.testing.assert_array_equal(np.asarray(x == x), np.full(b.shape, True))


def test_read_only_memory_is_shared():
    a = frozen(np.arange(4.0))
    assert shares(tnp.asarray(a), a)
    assert shares(tnp.asarray(a[1:]), a)
    assert not shares(tnp.asarray(a, copy=True), a)
    b = np.frombuffer(bytes(32))
    assert shares(tnp.asarray(b), b)


def test_read_only_view_of_writable_memory_is_copied():
    a = np.arange(4.0)
    view = a.view()
    view.flags.writeable = False
    wide = np.broadcast_to(a, (2, 4))
    through_memoryview = np.asarray(memoryview(a).toreadonly())
    xs = [tnp.asarray(v) for v in (view, wide, through_memoryview, memoryview(a).toreadonly())]
    a[:] = -1
    for x in xs:
        assert float(np.asarray(x).reshape(-1)[0]) == 0


def test_copy_false_shares_writable_memory():
    a = np.arange(4.0)
    x = tnp.asarray(a, copy=False)
    a[0] = 5
    assert float(np.asarray(x)[0]) == 5


def test_shared_memory_is_never_overwritten_by_a_donation():
    a = frozen(np.arange(1 << 17, dtype="float64"))
    total = tnp.asarray(a) + 1.0 + 2.0
    y = (tnp.asarray(a) * 2.0) - 1.0
    np.testing.assert_array_equal(a, np.arange(1 << 17))
    np.testing.assert_array_equal(total, np.arange(1 << 17) + 3.0)
    np.testing.assert_array_equal(y, np.arange(1 << 17) * 2.0 - 1)


@pytest.mark.parametrize("dtype", [">f8", ">i2", ">u4", ">c16", ">f2"])
def test_foreign_byte_order(dtype):
    a = np.arange(5).astype(dtype)
    for b in (a, a[::2], frozen(a), memoryview(a) if dtype[1] != "c" else a):
        np.testing.assert_array_equal(np.asarray(tnp.asarray(b)), np.asarray(b).astype(dtype[1:]))


def test_unaligned_memory_is_copied():
    raw = np.zeros(65, dtype="u1")
    a = raw[1:].view("f8")
    a[:] = np.arange(8)
    np.testing.assert_array_equal(np.asarray(tnp.asarray(a)), np.arange(8))
    packed = np.zeros(3, dtype=[("a", "u1"), ("b", "f8")])
    packed["b"] = [1, 2, 3]
    np.testing.assert_array_equal(np.asarray(tnp.asarray(packed["b"])), [1, 2, 3])


def test_bfloat16():
    a = np.array([1.5, -2.0, 3.0], dtype=ml_dtypes.bfloat16)
    for b in (a, a[::-1], frozen(a), a[0]):
        x = tnp.asarray(b)
        assert x.dtype == "bfloat16"
        np.testing.assert_array_equal(np.asarray(x).astype("f8"), np.asarray(b).astype("f8"))
    assert shares(tnp.asarray(frozen(a)), a) is False


def test_object_arrays():
    x = tnp.asarray(np.array([1, 2.5, True], dtype=object))
    assert x.dtype == "float64"
    assert tnp.asarray(np.array([1, 2], dtype=object), dtype="int8").dtype == "int8"
    inner = np.empty(2, dtype=object)
    inner[:] = [np.arange(2), np.arange(2)]
    assert tnp.asarray(inner).shape == (2, 2)


def test_numpy_scalars_keep_their_type():
    for dtype in DTYPES:
        assert tnp.asarray(np.ones((), dtype=dtype)[()]).dtype == dtype
    assert tnp.asarray([np.float32(1), np.float32(2)]).dtype == "float32"


def test_subclasses_of_ndarray(tmp_path):
    assert tnp.asarray(np.matrix([[1, 2]])).shape == (1, 2)
    np.save(tmp_path / "a.npy", np.arange(3.0))
    m = np.load(tmp_path / "a.npy", mmap_mode="r")
    x = tnp.asarray(m)
    assert shares(x, m)
    del m
    gc.collect()
    np.testing.assert_array_equal(x, [0, 1, 2])


def test_many_dimensions():
    a = np.zeros((1,) * 64)
    assert tnp.asarray(a).shape == a.shape
    assert tnp.asarray(a, copy=False).shape == a.shape


# --- buffers


@pytest.mark.parametrize("code", "bBhHiIlLqQfd")
def test_array_array(code):
    a = array.array(code, [1, 2, 3])
    x = tnp.asarray(a)
    assert x.dtype == np.asarray(a).dtype
    a[0] = 9
    np.testing.assert_array_equal(np.asarray(x), [1, 2, 3])


def test_array_array_shared_is_held():
    a = array.array("d", [1, 2, 3])
    x = tnp.asarray(a, copy=False)
    with pytest.raises(BufferError):
        a.append(4.0)
    del x
    a.append(4.0)


def test_bytearray_and_memoryview():
    b = bytearray(b"\x01\x02\x03\x04")
    assert tnp.asarray(b).dtype == "uint8"
    m = memoryview(b).cast("H")
    np.testing.assert_array_equal(np.asarray(tnp.asarray(m)), np.asarray(m))
    two = memoryview(bytes(range(6))).cast("B", (2, 3))
    np.testing.assert_array_equal(np.asarray(tnp.asarray(two)), [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(np.asarray(tnp.asarray(memoryview(b)[::-1])), [4, 3, 2, 1])
    assert tnp.asarray(memoryview(np.array(2.5))).shape == ()


def test_ctypes():
    c = ((ctypes.c_double * 3) * 2)((1, 2, 3), (4, 5, 6))
    np.testing.assert_array_equal(np.asarray(tnp.asarray(c)), [[1, 2, 3], [4, 5, 6]])


# --- protocols


class WithArray:
    def __init__(self, a):
        self.a = a

    def __array__(self, dtype=None, copy=None):
        return self.a


def test_array_protocol():
    a = np.arange(3.0)
    x = tnp.asarray(WithArray(a))
    assert not shares(x, a)
    assert shares(tnp.asarray(WithArray(a), copy=False), a)

    class Fresh:
        def __array__(self, dtype=None, copy=None):
            self.address = (made := np.arange(5.0)).ctypes.data
            return made

    fresh = Fresh()
    assert np.asarray(tnp.asarray(fresh)).ctypes.data == fresh.address


def test_array_interface():
    class Shown:
        def __init__(self, a):
            self.__array_interface__ = a.__array_interface__
            self.a = a

    a = np.arange(3)
    x = tnp.asarray(type("Shown", (), {"__array_interface__": property(lambda _: a.__array_interface__)})())
    np.testing.assert_array_equal(np.asarray(x), [0, 1, 2])


def test_errors_of_protocols_arrive_unchanged():
    class Failing:
        def __array__(self, dtype=None, copy=None):
            raise KeyError("not today")

    with pytest.raises(KeyError, match="not today"):
        tnp.asarray(Failing())
    with pytest.raises(KeyError, match="not today"):
        tnp.asarray([Failing()])


def test_tensor_like_objects_are_no_sequences():
    class Tensor(WithArray):
        def __len__(self):
            raise AssertionError("asked for its length")

        __getitem__ = __len__

    assert tnp.asarray([Tensor(np.zeros(2)), Tensor(np.ones(2))]).shape == (2, 2)


# --- sequences and numbers


def test_nested_sequences():
    x = tnp.asarray(
        [[1, 2], (3, np.int8(4)), np.array([5, 6]), tnp.asarray([7, 8]), range(9, 11), collections.deque([11, 12])]
    )
    np.testing.assert_array_equal(np.asarray(x), np.arange(1, 13).reshape(6, 2))
    assert tnp.asarray([tnp.asarray(1.0), 2, np.array(3.0)]).dtype == "float64"
    assert tnp.asarray([[], []]).shape == (2, 0)
    assert tnp.asarray([np.zeros((0, 3)), np.zeros((0, 3))]).shape == (2, 0, 3)


def test_subclasses_of_numbers():
    class Colour(enum.IntEnum):
        RED = 3

    class Length(float):
        pass

    assert int(tnp.asarray(Colour.RED)) == 3
    assert tnp.asarray([Colour.RED, 2]).dtype == "int64"
    assert float(tnp.asarray(Length(1.5))) == 1.5


def test_as_input_of_operations_from_many_threads():
    a = frozen(np.arange(1000.0))
    results = [None] * 8

    def work(i):
        total = tnp.asarray(a)
        for _ in range(50):
            total = total + tnp.asarray(a)
        results[i] = np.asarray(total)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for r in results:
        np.testing.assert_array_equal(r, np.arange(1000.0) * 51)
