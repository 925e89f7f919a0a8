// The methods of tnp.ufunc besides its call.
#include "base/dim.h"
#include "ops/elementwise/family.h"
#include "python/arguments.h"
#include "python/elementwise_call.h"
#include "python/indexing.h"
#include "python/ufuncs.h"
#include "tnp/error.h"
#include "tnp/ufuncs.h"

namespace tnp::python {

namespace {

const char* name_of(const Value& ufunc) { return ufunc_op(ufunc.ptr()).name; }

// The number that a size stands for: a function that is being traced is traced again with it fixed.
void fix_size(const Array& x, std::int64_t axis) {
  if (x.ndim() == 0 || axis < -x.ndim() || axis >= x.ndim()) return;
  (void)Value(dim_object(x.shape()[normalize_axis(axis, x.ndim())]).ptr()).integer();
}

// What the primitives do needs no sizes.
bool has_primitive(std::string_view name) {
  for (const char* p : {"add", "multiply", "maximum", "minimum", "logical_and", "logical_or"}) {
    if (name == p) return true;
  }
  return false;
}

TNP_FUNCTION(reduce, 0u, "(self, array, /, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True)",
             "All elements along axes combined by the function; axis=None: all elements.") {
  const auto [self, array, axis, dtype, out, keepdims, initial, where] = take<8>(args);
  const Array x = array.array();
  Reduction o;
  if (axis.ptr() == nullptr) {
    o.axis = Axes{0};
  } else {
    o.axis = axis.axes();
  }
  o.dtype = dtype.dtype();
  o.keepdims = keepdims.flag();
  o.initial = initial.array_if_given();
  o.where = where.mask();
  if (x.is_symbolic() && !has_primitive(name_of(self))) {
    for (int i = 0; i < x.ndim(); ++i) fix_size(x, i);
  }
  return to_python(ufunc_reduce(name_of(self), x, o));
}

TNP_FUNCTION(accumulate, 0u, "(self, array, /, axis=0, dtype=None, out=None)",
             "Each element combined with all before it along an axis.") {
  const auto [self, array, axis, dtype] = take<4>(args);
  const Array x = array.array();
  if (!has_primitive(name_of(self))) fix_size(x, axis.integer(0));
  return to_python(ufunc_accumulate(name_of(self), x, axis.integer(0), dtype.dtype()));
}

TNP_FUNCTION(reduceat, 0u, "(self, array, /, indices, axis=0, dtype=None, out=None)",
             "The elements from each index up to the next one combined.") {
  const auto [self, array, indices, axis, dtype] = take<5>(args);
  const Array x = array.array();
  fix_size(x, axis.integer(0));
  return to_python(ufunc_reduceat(name_of(self), x, indices.array(), axis.integer(0), dtype.dtype()));
}

TNP_FUNCTION(at, 0u, "(self, a, indices, b=None, /)",
             "A copy of a with the function applied at indices, once for each time that one names a place.") {
  const auto [self, a, indices, b] = take<4>(args);
  const Array x = a.array();
  const std::vector<IndexItem> items = parse_index(indices.ptr());
  Scalar weak(false);
  Array values = b.given() && !scalar_of(b.ptr(), weak) ? b.array() : Array();
  if (b.given() && !values) values = weak.to_array(promote(x.dtype(), weak.kind));
  return to_python(ufunc_at(name_of(self), x, items, values));
}

PyObject* outer(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {
  try {
    if (ufunc_op(self).num_inputs != 2) throw ValueError("outer product only supported for binary functions");
    if (nargs != 2) {
      throw TypeError("outer() takes exactly 2 positional arguments (" + std::to_string(nargs) + " given)");
    }
    Array x = Value(args[0]).array();
    const Array y = Value(args[1]).array();
    Shape shape = x.shape();
    for (int i = 0; i < y.ndim(); ++i) shape.push_back(1);
    x = reshape(x, shape);
    nb::object first = to_python(x), second = to_python(y);
    std::vector<PyObject*> all{first.ptr(), second.ptr()};
    for (Py_ssize_t i = 0; names != nullptr && i < PyTuple_GET_SIZE(names); ++i) all.push_back(args[nargs + i]);
    return PyObject_Vectorcall(self, all.data(), 2, names);
  } catch (...) {
    set_error_from_current_exception();
    return nullptr;
  }
}

template <class F>
PyCFunction as_c(F* f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(f));
}

}  // namespace

PyMethodDef* ufunc_methods() {
  constexpr int kFlags = METH_FASTCALL | METH_KEYWORDS;
  static PyMethodDef methods[] = {
      {"reduce", as_c(reduce_method), kFlags,
       "reduce($self, array, /, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True)\n--\n\n"
       "All elements along axes combined by the function; axis=None: all elements."},
      {"accumulate", as_c(accumulate_method), kFlags,
       "accumulate($self, array, /, axis=0, dtype=None, out=None)\n--\n\n"
       "Each element combined with all before it along an axis."},
      {"reduceat", as_c(reduceat_method), kFlags,
       "reduceat($self, array, /, indices, axis=0, dtype=None, out=None)\n--\n\n"
       "The elements from each index up to the next one combined; alone where the next is not greater."},
      {"outer", as_c(outer), kFlags,
       "outer($self, A, B, /, **kwargs)\n--\n\nThe function of all pairs of elements of A and of B."},
      {"at", as_c(at_method), kFlags,
       "at($self, a, indices, b=None, /)\n--\n\n"
       "A copy of a with the function applied at indices, once for each time that one names a place."},
      {"__reduce__", [](PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__name__"); }, METH_NOARGS,
       nullptr},  // pickled by name
      {nullptr, nullptr, 0, nullptr},
  };
  return methods;
}

nb::list ufunc_types(const OpDef& op) {
  // NumPy's letters in its order; bfloat16 has ml_dtypes' one.
  static constexpr struct {
    DType type;
    char letter;
  } kLetters[] = {{DType::bool_, '?'},   {DType::int8, 'b'},      {DType::uint8, 'B'},     {DType::int16, 'h'},
                  {DType::uint16, 'H'},  {DType::int32, 'i'},     {DType::uint32, 'I'},    {DType::int64, 'l'},
                  {DType::uint64, 'L'},  {DType::float16, 'e'},   {DType::bfloat16, 'E'},  {DType::float32, 'f'},
                  {DType::float64, 'd'}, {DType::complex64, 'F'}, {DType::complex128, 'D'}};
  const auto letter = [](DType d) {
    for (const auto& l : kLetters) {
      if (l.type == d) return l.letter;
    }
    return '?';
  };
  nb::list out;
  for (const auto& l : kLetters) {
    if (!contains(op.elementwise->types, l.type)) continue;
    std::string text(static_cast<std::size_t>(op.num_inputs), l.letter);
    text += "->";
    text += letter(result_dtype(*op.elementwise, l.type));
    out.append(nb::str(text.c_str()));
  }
  return out;
}

nb::object ufunc_identity_object(const OpDef& op) {
  const std::optional<Scalar> identity = ufunc_identity(op.name);
  if (!identity) return nb::none();
  const Array x = identity->to_array();
  return nb::steal(python_element(x.dtype(), x.data()));
}

}  // namespace tnp::python
