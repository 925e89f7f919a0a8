"""DLPack in both directions."""

import gc

import dlpack_producer as dl
import pytest
import tnp

import numpy as np

DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip


def address(x):
    return np.asarray(x).__array_interface__["data"][0]


# --- import


def test_read_only_memory_is_shared_and_deleted_once():
    p = dl.Producer((2, 3))
    x = tnp.from_dlpack(p)
    assert p.asked == [{"max_version": (1, 0)}]
    assert address(x) == p.managed.tensor.data
    np.testing.assert_array_equal(x, [[0, 1, 2], [3, 4, 5]])
    y = x + 1
    view = np.asarray(x)
    del x
    gc.collect()
    assert p.deleted == 0
    np.testing.assert_array_equal(view, [[0, 1, 2], [3, 4, 5]])
    del view
    assert p.deleted == 1
    np.testing.assert_array_equal(y, [[1, 2, 3], [4, 5, 6]])


def test_writable_memory_is_copied():
    p = dl.Producer(flags=0)
    x = tnp.from_dlpack(p)
    assert p.deleted == 1
    p.memory[0] = 100
    np.testing.assert_array_equal(x, [0, 1, 2, 3])


def test_writable_memory_is_shared_when_asked_for():
    p = dl.Producer(flags=0)
    x = tnp.from_dlpack(p, copy=False)
    assert address(x) == p.managed.tensor.data
    del x
    assert p.deleted == 1


def test_copy_true_copies_read_only_memory():
    p = dl.Producer()
    x = tnp.from_dlpack(p, copy=True)
    assert p.deleted == 1
    assert address(x) != p.managed.tensor.data


def test_a_copy_made_for_us_is_shared():
    p = dl.Producer(flags=dl.IS_COPIED)
    x = tnp.from_dlpack(p)
    assert address(x) == p.managed.tensor.data


def test_legacy_capsules_are_copied_as_nobody_says_who_writes():
    p = dl.Producer(version=None)
    x = tnp.from_dlpack(p)
    assert p.deleted == 1
    np.testing.assert_array_equal(x, [0, 1, 2, 3])
    p = dl.Producer(version=None)
    x = tnp.from_dlpack(p, copy=False)
    assert address(x) == p.managed.tensor.data
    del x
    assert p.deleted == 1


def test_producers_that_do_not_know_max_version():
    class Old(dl.Producer):
        def __dlpack__(self):
            return self.capsule()

    np.testing.assert_array_equal(tnp.from_dlpack(Old(version=None)), [0, 1, 2, 3])


def test_a_capsule_is_consumed_once():
    p = dl.Producer()
    capsule = p.capsule()
    x = tnp.from_dlpack(capsule)
    assert dl.capsule_name(capsule) == b"used_dltensor_versioned"
    with pytest.raises(ValueError, match="consumed only once"):
        tnp.from_dlpack(capsule)
    del x
    assert p.deleted == 1


def test_strides_and_offset():
    strides = (dl.c_int64 * 2)(-1, 2)
    p = dl.Producer((6,))
    t = p.managed.tensor
    t.ndim, t.byte_offset = 2, 8
    t.shape, t.strides = (dl.c_int64 * 2)(2, 3), strides
    np.testing.assert_array_equal(tnp.from_dlpack(p), [[1, 3, 5], [0, 2, 4]])


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2)])
def test_scalars_and_empty_tensors(shape):
    p = dl.Producer(shape)
    x = tnp.from_dlpack(p)
    assert x.shape == shape
    del x
    assert p.deleted == 1


def test_empty_tensor_without_memory():
    p = dl.Producer((0,), data=None)
    assert tnp.from_dlpack(p).shape == (0,)


@pytest.mark.parametrize(
    "tensor",
    [
        {"code": dl.KDL_FLOAT, "bits": 8},
        {"code": dl.KDL_FLOAT, "bits": 128},
        {"code": dl.KDL_INT, "bits": 4},
        {"code": dl.KDL_INT, "bits": 128},
        {"code": 3},  # an opaque handle
        {"code": 200},
        {"lanes": 4},
        {"lanes": 0},
        {"ndim": 65},
        {"ndim": -1},
        {"data": None},
        {"device_type": dl.KDL_CUDA},
    ],
)
def test_what_is_not_supported_is_refused_and_left_to_its_owner(tensor):
    p = dl.Producer(**tensor)
    capsule = p.capsule()
    with pytest.raises(BufferError):
        tnp.from_dlpack(capsule)
    assert dl.capsule_name(capsule) == b"dltensor_versioned"
    assert p.deleted == 0


def test_negative_and_huge_sizes():
    for shape in [(-1,), (2**62, 2**62)]:
        p = dl.Producer((1,))
        p.managed.tensor.ndim = len(shape)
        p.managed.tensor.shape = (dl.c_int64 * len(shape))(*shape)
        with pytest.raises(ValueError):
            tnp.from_dlpack(p)


def test_other_versions_are_refused():
    with pytest.raises(BufferError, match="version 2"):
        tnp.from_dlpack(dl.Producer(version=(2, 0)))
    assert tnp.from_dlpack(dl.Producer(version=(1, 7))).shape == (4,)


def test_other_devices_are_refused_before_anything_is_asked():
    p = dl.Producer(device=(dl.KDL_CUDA, 0))
    with pytest.raises(BufferError, match="CPU"):
        tnp.from_dlpack(p)
    assert p.asked == []


def test_wrong_arguments():
    with pytest.raises(TypeError, match="__dlpack__"):
        tnp.from_dlpack([1, 2])
    with pytest.raises(TypeError):
        tnp.from_dlpack(dl._api.PyCapsule_New(1, b"something", None))
    with pytest.raises(ValueError, match="device"):
        tnp.from_dlpack(np.zeros(2), device="TPU:0")
    assert tnp.from_dlpack(np.zeros(2), device="CPU:0").shape == (2,)

    class Odd:
        def __dlpack_device__(self):
            return (1, 0)

        def __dlpack__(self, **_):
            return "no capsule"

    with pytest.raises(TypeError, match="capsule"):
        tnp.from_dlpack(Odd())


def test_errors_of_the_producer_arrive_unchanged():
    class Failing(dl.Producer):
        def __dlpack__(self, **_):
            raise RuntimeError("no memory today")

    with pytest.raises(RuntimeError, match="no memory today"):
        tnp.from_dlpack(Failing())


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_both_ways(dtype):
    a = np.arange(6).reshape(2, 3).astype(dtype)
    x = tnp.from_dlpack(a)
    assert x.dtype == dtype
    assert not np.shares_memory(a, np.asarray(x))
    np.testing.assert_array_equal(x, a)
    back = np.from_dlpack(x)
    assert back.dtype == dtype
    assert not back.flags.writeable
    assert np.shares_memory(back, np.asarray(x))
    np.testing.assert_array_equal(back, a)
    copy = np.from_dlpack(x, copy=True)
    assert copy.flags.writeable
    assert not np.shares_memory(copy, back)


def test_read_only_numpy_view_of_writable_memory_is_copied():
    a = np.arange(4.0)
    x = tnp.from_dlpack(np.broadcast_to(a, (2, 4)))
    a[0] = 7
    assert float(np.asarray(x)[0, 0]) == 0


def test_from_dlpack_of_a_tnp_array_is_that_array():
    x = tnp.asarray([1.0, 2.0])
    assert tnp.from_dlpack(x) is x
    y = tnp.from_dlpack(x, copy=True)
    assert address(y) != address(x)


# --- export


def test_device():
    assert tnp.asarray([1]).__dlpack_device__() == (1, 0)


def test_versioned_capsule_is_read_only():
    x = tnp.asarray([1.0, 2.0])
    capsule = x.__dlpack__(max_version=(1, 0))
    t = dl.versioned_tensor(capsule)
    assert (t.major, t.flags) == (1, dl.READ_ONLY)
    assert t.tensor.data == address(x)
    capsule = x.__dlpack__(max_version=(1, 3), copy=True)
    t = dl.versioned_tensor(capsule)
    assert t.flags == dl.IS_COPIED


def test_legacy_capsule_without_max_version():
    x = tnp.asarray([1.0, 2.0])
    assert dl.capsule_name(x.__dlpack__()) == b"dltensor"
    assert dl.capsule_name(x.__dlpack__(max_version=(0, 8))) == b"dltensor"


@pytest.mark.parametrize(
    ("keywords", "error"),
    [
        ({"stream": 1}, BufferError),
        ({"dl_device": (2, 0)}, BufferError),
        ({"dl_device": (1, 1)}, BufferError),
        ({"max_version": 1}, TypeError),
        ({"max_version": ()}, TypeError),
        ({"nonsense": 1}, TypeError),
    ],
)
def test_wrong_export(keywords, error):
    with pytest.raises(error):
        tnp.asarray([1.0]).__dlpack__(**keywords)


def test_export_keeps_the_memory():
    x = tnp.asarray(np.arange(1000.0))
    view = np.from_dlpack(x)
    del x
    gc.collect()
    others = [tnp.asarray(np.full(1000, -1.0)) for _ in range(20)]
    np.testing.assert_array_equal(view, np.arange(1000.0))
    assert len(others) == 20


def test_capsule_never_consumed_gives_its_memory_back():
    p = dl.Producer()
    x = tnp.from_dlpack(p)
    capsules = [x.__dlpack__(), x.__dlpack__(max_version=(1, 0))]
    del x
    assert p.deleted == 0
    capsules.pop()
    assert p.deleted == 0
    capsules.pop()
    assert p.deleted == 1


def test_bfloat16_type():
    x = tnp.asarray([1.5, -2.0], dtype="bfloat16")
    capsule = x.__dlpack__(max_version=(1, 0))
    t = dl.versioned_tensor(capsule).tensor
    assert (t.code, t.bits, t.lanes) == (dl.KDL_BFLOAT, 16, 1)
    y = tnp.from_dlpack(capsule)
    assert y.dtype == "bfloat16"
    np.testing.assert_array_equal(np.asarray(y).astype("float64"), [1.5, -2.0])


# --- JAX


def test_jax_both_ways():
    jax = pytest.importorskip("jax")
    j = jax.numpy.arange(6, dtype="float32").reshape(2, 3)
    for x in (tnp.from_dlpack(j), tnp.asarray(j)):
        assert x.dtype == "float32"
        assert address(x) == j.unsafe_buffer_pointer()
    pointer = j.unsafe_buffer_pointer()
    del j
    gc.collect()
    for _ in range(10):
        jax.numpy.full((2, 3), -1.0).block_until_ready()
    np.testing.assert_array_equal(x, [[0, 1, 2], [3, 4, 5]])
    assert address(x) == pointer
    x = tnp.asarray(np.arange(12, dtype="float32").reshape(3, 4))
    for back in (jax.dlpack.from_dlpack(x), jax.numpy.from_dlpack(x)):
        assert back.unsafe_buffer_pointer() == address(x)
    del x
    gc.collect()
    np.testing.assert_array_equal(back, np.arange(12).reshape(3, 4))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int32", "float16", "bfloat16", "float32", "complex64"])
def test_jax_dtypes(dtype):
    jax = pytest.importorskip("jax")
    j = jax.numpy.arange(4).astype(dtype)
    x = tnp.asarray(j)
    assert x.dtype == dtype
    assert tnp.from_dlpack(j).dtype == dtype
    back = jax.numpy.from_dlpack(x)
    assert back.dtype == j.dtype
    assert (back == j).all()


def test_jax_list_and_operators():
    jnp = pytest.importorskip("jax").numpy
    x = tnp.asarray([jnp.asarray([1.0, 2.0]), jnp.asarray([3.0, 4.0])])
    np.testing.assert_array_equal(x, [[1, 2], [3, 4]])
    assert isinstance(x + jnp.ones(2), tnp.ndarray)
