// DLPack both ways: capsules of version 1 and of before, made of arrays and made into arrays.
#include "python/dlpack.h"

#include <bit>
#include <cstring>
#include <memory>

#include "python/interchange.h"
#include "python/numpy_memory.h"
#include "runtime/allocator.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp::python {

namespace {

using namespace dlpack;

// --- export

DataType data_type(DType d) {
  const auto bits = static_cast<std::uint8_t>(8 * itemsize(d));
  if (is_bool(d)) return {kBool, 8, 1};
  if (is_signed_integer(d)) return {kInt, bits, 1};
  if (is_unsigned_integer(d)) return {kUInt, bits, 1};
  if (d == DType::bfloat16) return {kBfloat, 16, 1};
  if (is_floating(d)) return {kFloat, bits, 1};
  if (is_complex(d)) return {kComplex, bits, 1};
  throw BufferError("__dlpack__: DLPack has no type for elements of dtype " + std::string(name(d)));
}

// The array lives as long as the tensor that shows its memory. Whoever deletes it needs no GIL.
template <class Managed>
struct Exported {
  Managed managed{};
  Array x;
  Strides strides;  // elements

  static void* operator new(std::size_t bytes) { return node_alloc(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { node_free(memory, bytes); }
};

template <class Managed>
void delete_exported(Managed* managed) {
  delete static_cast<Exported<Managed>*>(managed->manager);
}

template <class Managed>
void delete_capsule(PyObject* capsule) {
  if (PyCapsule_GetName(capsule) != kName<Managed>) return;  // somebody has taken it over
  auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, kName<Managed>));
  if (managed->deleter != nullptr) managed->deleter(managed);
}

bool strides_in_elements(const Array& x, Strides& out) {
  out = x.strides();
  const auto size = static_cast<std::uint64_t>(x.itemsize());  // a power of two
  const int bits = std::countr_zero(size);
  for (std::int64_t& s : out) {
    if ((static_cast<std::uint64_t>(s) & (size - 1)) != 0) return false;
    s >>= bits;
  }
  return true;
}

template <class Managed>
nb::object capsule_of(const Array& x, const Strides& strides, std::uint64_t flags) {
  auto exported = std::make_unique<Exported<Managed>>();
  exported->x = x;
  exported->strides = strides;
  Managed& m = exported->managed;
  if constexpr (std::is_same_v<Managed, ManagedTensorVersioned>) {
    m.version = {kMajor, kMinor};
    m.flags = flags;
  }
  m.manager = exported.get();
  m.deleter = &delete_exported<Managed>;
  m.tensor = {x.data(),
              {kCPU, 0},
              x.ndim(),
              data_type(x.dtype()),
              const_cast<std::int64_t*>(x.shape().data()),
              exported->strides.data(),
              0};
  PyObject* capsule = PyCapsule_New(&m, kName<Managed>, &delete_capsule<Managed>);
  if (capsule == nullptr) throw nb::python_error();
  exported.release();
  return nb::steal(capsule);
}

// --- import

DType dtype_of_dlpack(const DataType& t) {
  const auto by_size = [&](DType smallest) {
    const int log = t.bits == 8 ? 0 : t.bits == 16 ? 1 : t.bits == 32 ? 2 : t.bits == 64 ? 3 : -1;
    return log < 0 ? DType::object : static_cast<DType>(static_cast<int>(smallest) + log);
  };
  DType d = DType::object;
  if (t.lanes == 1) {
    if (t.code == kInt) d = by_size(DType::int8);
    if (t.code == kUInt) d = by_size(DType::uint8);
    if (t.code == kFloat)
      d = t.bits == 16 ? DType::float16 : t.bits == 32 ? DType::float32 : t.bits == 64 ? DType::float64 : d;
    if (t.code == kBfloat && t.bits == 16) d = DType::bfloat16;
    if (t.code == kComplex) d = t.bits == 64 ? DType::complex64 : t.bits == 128 ? DType::complex128 : d;
    if (t.code == kBool && t.bits == 8) d = DType::bool_;
  }
  if (d == DType::object) {
    throw BufferError("from_dlpack: elements of DLPack type code " + std::to_string(t.code) + ", " +
                      std::to_string(t.bits) + " bits, " + std::to_string(t.lanes) + " lanes are not supported");
  }
  return d;
}

void check_device(std::int64_t type) {
  if (type == kCPU || type == kCUDAHost || type == kCUDAManaged) return;
  throw BufferError("from_dlpack: memory of device type " + std::to_string(type) +
                    " can not be read: copy it to the CPU first");
}

ForeignMemory memory_of(const Tensor& t) {
  check_device(t.device.type);
  if (t.ndim < 0 || t.ndim > kMaxDims)
    throw BufferError("from_dlpack: " + std::to_string(t.ndim) + " dimensions are not supported");
  ForeignMemory m;
  m.dtype = dtype_of_dlpack(t.dtype);
  if (t.ndim > 0) {
    m.shape =
        Shape(SmallVec<std::int64_t, 5>(std::span<const std::int64_t>(t.shape, static_cast<std::size_t>(t.ndim))));
    check_shape(m.shape, itemsize(m.dtype));
  }
  if (t.strides == nullptr) {
    m.strides = contiguous_strides(m.shape, itemsize(m.dtype));
  } else {
    for (int i = 0; i < t.ndim; ++i) m.strides.push_back(t.strides[i] * itemsize(m.dtype));
  }
  if (t.data == nullptr && m.shape.num_elements() != 0) throw BufferError("from_dlpack: the tensor has no memory");
  m.data = static_cast<std::byte*>(t.data) + t.byte_offset;
  return m;
}

template <class Managed>
void delete_imported(void* managed) {
  auto* m = static_cast<Managed*>(managed);
  if (m->deleter != nullptr) m->deleter(m);
}

// The tensor is taken over only once nothing can go wrong with it any more; before that it is still the capsule's.
template <class Managed>
Array take(PyObject* capsule, bool immutable, CopyPolicy copy) {
  auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, kName<Managed>));
  if (managed == nullptr) throw nb::python_error();
  bool fresh = false;
  if constexpr (std::is_same_v<Managed, ManagedTensorVersioned>) {
    if (managed->version.major != kMajor) {
      throw BufferError("from_dlpack: DLPack version " + std::to_string(managed->version.major) + "." +
                        std::to_string(managed->version.minor) + " is not supported");
    }
    immutable = immutable || (managed->flags & kReadOnly) != 0;
    fresh = (managed->flags & kIsCopied) != 0;  // nobody else has it
  }
  ForeignMemory memory = memory_of(managed->tensor);
  memory.read_only = immutable || fresh;
  if (!will_share(memory, copy, "from_dlpack")) {
    Array x = copied(memory);
    if (PyCapsule_SetName(capsule, kUsedName<Managed>) != 0) throw nb::python_error();
    delete_imported<Managed>(managed);
    return x;
  }
  if (PyCapsule_SetName(capsule, kUsedName<Managed>) != 0) throw nb::python_error();
  return shared(memory, &delete_imported<Managed>, managed);
}

Array from_capsule(PyObject* capsule, bool immutable, CopyPolicy copy) {
  const char* kind = PyCapsule_GetName(capsule);
  if (kind != nullptr) {
    if (std::strcmp(kind, kName<ManagedTensorVersioned>) == 0)
      return take<ManagedTensorVersioned>(capsule, immutable, copy);
    if (std::strcmp(kind, kName<ManagedTensor>) == 0) return take<ManagedTensor>(capsule, immutable, copy);
    if (std::strncmp(kind, "used_dltensor", 13) == 0) {
      throw ValueError("from_dlpack: this capsule has been used already: a DLPack capsule can be consumed only once");
    }
  }
  throw TypeError(std::string("from_dlpack: a capsule named '") + (kind != nullptr ? kind : "") +
                  "' holds no DLPack tensor");
}

nb::object produce(nb::handle producer) {
  nb::object method = producer.attr("__dlpack__");
  try {
    return method(nb::arg("max_version") = nb::make_tuple(kMajor, kMinor));
  } catch (nb::python_error& e) {
    // Producers of before version 1 do not know the keyword.
    if (!e.matches(PyExc_TypeError)) throw;
  }
  return method();
}

// JAX's arrays can not be written, which the capsules that it makes do not say.
bool is_jax_array(nb::handle o) {
  const std::string module = nb::cast<std::string>(nb::str(nb::getattr(o.type(), "__module__", nb::str(""))));
  return module.rfind("jaxlib", 0) == 0 || module.rfind("jax.", 0) == 0;
}

}  // namespace

Array from_dlpack(PyObject* o, CopyPolicy copy) {
  if (PyCapsule_CheckExact(o)) return from_capsule(o, false, copy);
  nb::handle producer(o);
  if (!nb::hasattr(producer, "__dlpack__") || !nb::hasattr(producer, "__dlpack_device__")) {
    throw TypeError("from_dlpack: an object of type '" + std::string(Py_TYPE(o)->tp_name) +
                    "' has no __dlpack__ and __dlpack_device__");
  }
  nb::object device = producer.attr("__dlpack_device__")();
  if (!PyTuple_Check(device.ptr()) || PyTuple_GET_SIZE(device.ptr()) != 2)
    throw TypeError("from_dlpack: __dlpack_device__() gave no pair");
  nb::object type = nb::steal(PyNumber_Index(PyTuple_GET_ITEM(device.ptr(), 0)));
  if (!type.is_valid()) throw nb::python_error();
  check_device(nb::cast<std::int64_t>(type));
  nb::object capsule = produce(producer);
  if (!PyCapsule_CheckExact(capsule.ptr())) throw TypeError("from_dlpack: __dlpack__() gave no capsule");
  // NumPy calls a view read-only whose memory somebody may write through the array that it is a view of.
  if (is_numpy_array(o) && !copy && !is_immutable(o)) copy = true;
  return from_capsule(capsule.ptr(), is_jax_array(producer), copy);
}

nb::object to_dlpack(const Array& x, nb::handle max_version, nb::handle dl_device, CopyPolicy copy) {
  if (!dl_device.is_none() && !dl_device.equal(nb::make_tuple(static_cast<int>(kCPU), 0))) {
    throw BufferError("__dlpack__: this array is on the CPU, device (1, 0), and can not be exported to another device");
  }
  bool versioned = false;
  if (!max_version.is_none()) {
    if (!PyTuple_Check(max_version.ptr()) || PyTuple_GET_SIZE(max_version.ptr()) < 1) {
      throw TypeError("__dlpack__: max_version must be None or a tuple (major, minor)");
    }
    versioned = nb::cast<std::int64_t>(nb::handle(PyTuple_GET_ITEM(max_version.ptr(), 0))) >= kMajor;
  }
  data_type(x.dtype());
  x.data();  // computes a pending array, refuses a symbolic one
  Strides strides;
  const bool expressible = strides_in_elements(x, strides);
  if (!expressible && copy == CopyPolicy(false))
    throw BufferError("__dlpack__: DLPack can not express this array's strides without a copy");
  const bool fresh = copy == CopyPolicy(true) || !expressible;
  const Array y = fresh ? tnp::copy(x) : x;
  y.data();
  if (fresh) strides_in_elements(y, strides);
  // As JAX's, an array is exported without a copy to a consumer of before version 1 too, whom nothing tells not to
  // write.
  return versioned ? capsule_of<ManagedTensorVersioned>(y, strides, fresh ? kIsCopied : kReadOnly)
                   : capsule_of<ManagedTensor>(y, strides, 0);
}

}  // namespace tnp::python
