// NumPy's scalars, its classes of them and its dtypes, read without calling NumPy.
#include <algorithm>
#include <array>
#include <cstring>

#include "python/elements.h"
#include "python/numpy_memory.h"

namespace tnp::python {

namespace {

struct ScalarClass {
  PyTypeObject* type;
  DType dtype;
};

// The frequent ones first. C's long long is int64's twin.
constexpr std::pair<const char*, DType> kNames[] = {
    {"float64", DType::float64},     {"int64", DType::int64},     {"bool_", DType::bool_},
    {"float32", DType::float32},     {"int32", DType::int32},     {"complex128", DType::complex128},
    {"uint8", DType::uint8},         {"int8", DType::int8},       {"int16", DType::int16},
    {"uint16", DType::uint16},       {"uint32", DType::uint32},   {"uint64", DType::uint64},
    {"complex64", DType::complex64}, {"float16", DType::float16}, {"longlong", DType::int64},
    {"ulonglong", DType::uint64},
};
using ScalarClasses = std::array<ScalarClass, std::size(kNames)>;

const ScalarClasses& scalar_classes() {
  static const ScalarClasses classes = [] {
    ScalarClasses out;
    const nb::object numpy = nb::module_::import_("numpy");
    for (std::size_t i = 0; i < out.size(); ++i) {
      nb::object type = numpy.attr(kNames[i].first);
      out[i] = {reinterpret_cast<PyTypeObject*>(type.release().ptr()), kNames[i].second};
    }
    return out;
  }();
  return classes;
}

}  // namespace

bool numpy_scalar_class(PyTypeObject* type, DType& out) {
  for (const ScalarClass& c : scalar_classes()) {
    if (c.type == type) return out = c.dtype, true;
  }
  return false;
}

const std::byte* numpy_scalar_data(PyObject* o, DType& out) {
  if (!numpy_scalar_class(Py_TYPE(o), out)) return nullptr;
  return reinterpret_cast<const std::byte*>(o) + sizeof(PyObject);
}

bool numpy_integer(PyObject* o, std::int64_t& out) {
  if (Py_TYPE(o) != scalar_classes()[1].type) return false;
  std::memcpy(&out, reinterpret_cast<const std::byte*>(o) + sizeof(PyObject), sizeof out);
  return true;
}

Array numpy_element(PyObject* o) {
  DType dtype;
  const std::byte* data = numpy_scalar_data(o, dtype);
  return data != nullptr ? element_at(data, dtype) : Array();
}

}  // namespace tnp::python
