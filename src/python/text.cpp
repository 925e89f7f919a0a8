#include "python/text.h"

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

nb::object python_text(DType dtype, std::string_view s) {
  PyObject* o = dtype == DType::string ? PyBytes_FromStringAndSize(s.data(), std::ssize(s))
                                       : PyUnicode_DecodeUTF8(s.data(), std::ssize(s), "strict");
  if (o == nullptr) throw nb::python_error();
  return nb::steal(o);
}

nb::object nested(const Array& x, const std::vector<std::string_view>& values, std::size_t& at, int axis) {
  if (axis == x.ndim()) return python_text(x.dtype(), values[at++]);
  nb::list out;
  for (std::int64_t i = 0; i < x.shape()[axis]; ++i) out.append(nested(x, values, at, axis + 1));
  return out;
}

}  // namespace

std::optional<Array> text_of(PyObject* o) {
  if (is_numpy_array(o)) return from_numpy_text(o);
  Leaves leaves;
  if (!leaves.visit(o, 0) || leaves.dtype == DType::object) return std::nullopt;
  return text_array(leaves.dtype, leaves.shape, leaves.values);
}

nb::object text_elements(const Array& x) {
  std::size_t at = 0;
  return nested(x, text_values(x), at, 0);
}

nb::object text_element(const Array& x, std::int64_t flat) {
  return python_text(x.dtype(), text_values(x).at(static_cast<std::size_t>(flat)));
}

nb::object text_to_numpy(const Array& x) {
  const std::vector<std::string_view> values = text_values(x);
  nb::list flat;
  bool nul = false;
  for (const std::string_view s : values) {
    flat.append(python_text(x.dtype(), s));
    nul = nul || (!s.empty() && s.back() == '\0');
  }
  const char* type = nul ? "O" : x.dtype() == DType::string ? "S" : "U";
  nb::object out = nb::module_::import_("numpy").attr("array")(flat, nb::str(type));
  return out.attr("reshape")(shape_object(x.shape()));
}

}  // namespace tnp::python
