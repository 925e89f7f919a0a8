#include "python/text.h"

#include <algorithm>

#include "ops/text/handles.h"
#include "python/arguments.h"
#include "python/interchange.h"
#include "python/numpy_memory.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

constexpr int kMaxDepth = 64;

// Collects the leaves of nested sequences while all are text of one kind.
struct Leaves {
  Shape shape;
  std::vector<std::string> values;
  DType dtype = DType::object;
  bool settled = false;

  bool visit(PyObject* o, int depth) {
    if (PyUnicode_Check(o) || PyBytes_Check(o)) return leaf(o, depth);
    if ((!PyList_Check(o) && !PyTuple_Check(o)) || depth >= kMaxDepth) return false;
    nb::object fast = nb::steal(PySequence_Fast(o, ""));
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(fast.ptr());
    if (depth < shape.ndim() ? shape[depth] != n : settled) return false;
    if (depth == shape.ndim()) shape.push_back(n);
    for (Py_ssize_t i = 0; i < n; ++i) {
      if (!visit(PySequence_Fast_GET_ITEM(fast.ptr(), i), depth + 1)) return false;
    }
    return true;
  }

 private:
  bool leaf(PyObject* o, int depth) {
    const DType kind = PyUnicode_Check(o) ? DType::unicode : DType::string;
    if (depth != shape.ndim() || (dtype != DType::object && dtype != kind)) return false;
    settled = true;
    dtype = kind;
    if (kind == DType::string) {
      values.emplace_back(PyBytes_AS_STRING(o), static_cast<std::size_t>(PyBytes_GET_SIZE(o)));
      return true;
    }
    Py_ssize_t size = 0;
    const char* utf8 = PyUnicode_AsUTF8AndSize(o, &size);
    if (utf8 == nullptr) throw nb::python_error();  // a lone surrogate
    values.emplace_back(utf8, static_cast<std::size_t>(size));
    return true;
  }
};

std::optional<Array> from_numpy_text(PyObject* o) {
  const nb::handle h(o);
  const char kind = numpy_array(o)->descr->kind;
  if (kind != 'S' && kind != 'U' && kind != 'O' && kind != 'T') return std::nullopt;
  nb::object flat = h.attr("ravel")().attr("tolist")();
  Leaves leaves;
  const Shape shape = shape_of(nb::object(h.attr("shape")));
  if (!leaves.visit(flat.ptr(), 0)) return std::nullopt;
  if (leaves.values.empty()) {
    if (kind == 'O') return std::nullopt;
    leaves.dtype = kind == 'S' ? DType::string : DType::unicode;
  }
  return text_array(leaves.dtype, shape, leaves.values);
}

nb::object python_text(DType dtype, const std::byte* at) {
  const std::string_view s = *reinterpret_cast<const std::string_view*>(at);
  PyObject* o = dtype == DType::string ? PyBytes_FromStringAndSize(s.data(), std::ssize(s))
                                       : PyUnicode_DecodeUTF8(s.data(), std::ssize(s), "strict");
  if (o == nullptr) throw nb::python_error();
  return nb::steal(o);
}

nb::object nested(DType dtype, const StridedView& x, const std::byte* at, int axis) {
  if (axis == x.ndim) return python_text(dtype, at);
  nb::object out = nb::steal(PyList_New(x.shape[axis]));
  if (!out.is_valid()) throw nb::python_error();
  for (std::int64_t i = 0; i < x.shape[axis]; ++i, at += x.strides[axis])
    PyList_SET_ITEM(out.ptr(), i, nested(dtype, x, at, axis + 1).release().ptr());
  return out;
}

TNP_FUNCTION(_floats_of, kFunction, "(words)",
             "The numbers that a list of words tells, as Python's float reads them.") {
  PyObject* words = args.values[0];
  if (!PyList_Check(words)) throw TypeError("a list is needed");
  const Py_ssize_t n = PyList_GET_SIZE(words);
  Array out = Array::empty(DType::float64, {n});
  auto* to = reinterpret_cast<double*>(out.data());
  for (Py_ssize_t i = 0; i < n; ++i) {
    const nb::object number = nb::steal(PyFloat_FromString(PyList_GET_ITEM(words, i)));
    if (!number.is_valid()) throw nb::python_error();
    to[i] = PyFloat_AS_DOUBLE(number.ptr());
  }
  return to_python(out);
}

}  // namespace

std::optional<Array> text_of(PyObject* o) {
  if (is_numpy_array(o)) return from_numpy_text(o);
  Leaves leaves;
  if (!leaves.visit(o, 0) || leaves.dtype == DType::object) return std::nullopt;
  return text_array(leaves.dtype, leaves.shape, leaves.values);
}

nb::object text_elements(const Array& x) {
  const StridedView handles = text_handles(x);
  return nested(x.dtype(), handles, static_cast<const std::byte*>(handles.data), 0);
}

nb::object text_element(DType dtype, const void* at) { return python_text(dtype, static_cast<const std::byte*>(at)); }

nb::object text_to_numpy(const Array& x) {
  nb::list flat;
  for (const std::string_view& s : TextElements(x)) flat.append(text_element(x.dtype(), &s));
  const char* type = text_ends_in_nul(x) ? "O" : x.dtype() == DType::string ? "S" : "U";
  nb::object out = nb::module_::import_("numpy").attr("array")(flat, nb::str(type));
  return out.attr("reshape")(shape_object(x.shape()));
}

bool text_ends_in_nul(const Array& x) {
  const TextElements elements(x);
  return std::any_of(elements.begin(), elements.end(), [](std::string_view s) { return s.ends_with('\0'); });
}

std::string text_type(const Array& x) {
  if (text_ends_in_nul(x)) return "object";
  std::size_t width = 1;
  for (const std::string_view s : TextElements(x)) {
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    const auto count = x.dtype() == DType::string ? s.size() : s.size() - std::ranges::count_if(s, continues);
    width = std::max<std::size_t>(width, count);
  }
  return (x.dtype() == DType::string ? "'|S" : "'<U") + std::to_string(width) + "'";
}

}  // namespace tnp::python
