"""A DLPack producer made by hand, which counts what is done with it."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p, py_object

KDL_CPU, KDL_CUDA = 1, 2
KDL_INT, KDL_UINT, KDL_FLOAT, KDL_BFLOAT, KDL_COMPLEX, KDL_BOOL = 0, 1, 2, 4, 5, 6
READ_ONLY, IS_COPIED = 1, 2


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", c_void_p),
        ("device_type", c_int32),
        ("device_id", c_int32),
        ("ndim", c_int32),
        ("code", c_uint8),
        ("bits", c_uint8),
        ("lanes", c_uint16),
        ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
        ("byte_offset", c_uint64),
    ]


class Legacy(ctypes.Structure):
    _fields_ = [("tensor", Tensor), ("manager", c_void_p), ("deleter", c_void_p)]


class Versioned(ctypes.Structure):
    _fields_ = [
        ("major", c_uint32),
        ("minor", c_uint32),
        ("manager", c_void_p),
        ("deleter", c_void_p),
        ("flags", c_uint64),
        ("tensor", Tensor),
    ]


Deleter = ctypes.CFUNCTYPE(None, c_void_p)
_api = ctypes.pythonapi
_api.PyCapsule_New.restype = py_object
_api.PyCapsule_New.argtypes = [c_void_p, c_char_p, c_void_p]
_api.PyCapsule_GetName.restype = c_char_p
_api.PyCapsule_GetName.argtypes = [py_object]
_api.PyCapsule_GetPointer.restype = c_void_p
_api.PyCapsule_GetPointer.argtypes = [py_object, c_char_p]
_api.PyCapsule_SetName.argtypes = [py_object, c_char_p]


def capsule_name(capsule):
    """The name that says whether a capsule has been consumed."""
    return _api.PyCapsule_GetName(capsule)


def versioned_tensor(capsule):
    """The structure in a capsule of version 1."""
    return Versioned.from_address(_api.PyCapsule_GetPointer(capsule, b"dltensor_versioned"))


def take(capsule):
    """The structure of a capsule of version 1, which from now on is the caller's to delete."""
    tensor = versioned_tensor(capsule)
    _taken.append(b"used_dltensor_versioned")
    _api.PyCapsule_SetName(capsule, _taken[-1])
    return tensor


_taken = []  # capsules do not copy their names


class Producer:
    """The doubles 0, 1, … in memory of its own; `deleted` counts the calls of the deleter."""

    def __init__(self, shape=(4,), *, version=(1, 0), flags=READ_ONLY, device=(KDL_CPU, 0), **tensor):
        size = 1
        for n in shape:
            size *= max(n, 0)
        self.memory = (ctypes.c_double * max(size, 1))(*range(size))
        self.shape = (c_int64 * max(len(shape), 1))(*shape)
        self.device = device
        self.deleted = 0
        self.asked = []
        self.deleter = Deleter(self._delete)
        self.managed = Legacy() if version is None else Versioned()
        if version is not None:
            self.managed.major, self.managed.minor = version
            self.managed.flags = flags
        self.managed.deleter = ctypes.cast(self.deleter, c_void_p)
        t = self.managed.tensor
        t.data = ctypes.addressof(self.memory)
        t.device_type, t.device_id = device
        t.ndim = len(shape)
        t.code, t.bits, t.lanes = KDL_FLOAT, 64, 1
        t.shape = self.shape
        for name, value in tensor.items():
            setattr(t, name, value)
        self.name = b"dltensor" if version is None else b"dltensor_versioned"

    def _delete(self, _):
        self.deleted += 1

    def capsule(self):
        return _api.PyCapsule_New(ctypes.addressof(self.managed), self.name, None)

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **keywords):
        self.asked.append(keywords)
        return self.capsule()
