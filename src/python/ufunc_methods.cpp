// The methods of tnp.ufunc besides its call.
#include <unordered_map>

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

// A function that the method is for; throws NumPy's errors for others.
const char* name_of(const Value& ufunc, const char* method) {
  const UfuncInfo& u = ufunc_info_of(ufunc.ptr());
  const std::string called = method;
  if (u.signature != nullptr && called == "at")
    throw TypeError(u.name + ".at does not support ufunc with non-trivial signature: " + u.name + " has signature " +
                    u.signature + ".");
  if (u.signature != nullptr) throw RuntimeError("Reduction not defined on ufunc with signature");
  if (called == "at" && u.num_outputs != 1) throw ValueError("Only single output ufuncs supported at this time");
  if (called != "at" && u.num_inputs != 2) throw ValueError(called + " only supported for binary functions");
  if (called != "at" && u.num_outputs != 1)
    throw ValueError(called + " only supported for functions returning a single value");
  return u.name.c_str();
}

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
  const char* name = name_of(self, "reduce");
  if (x.is_symbolic() && !has_primitive(name)) {
    for (int i = 0; i < x.ndim(); ++i) fix_size(x, i);
  }
  return to_python(ufunc_reduce(name, x, o));
}

TNP_FUNCTION(accumulate, 0u, "(self, array, /, axis=0, dtype=None, out=None)",
             "Each element combined with all before it along an axis.") {
  const auto [self, array, axis, dtype] = take<4>(args);
  const char* name = name_of(self, "accumulate");
  const Array x = array.array();
  if (axis.ptr() == Py_None && x.ndim() > 1) throw ValueError("accumulate does not allow multiple axes");
  if (!has_primitive(name)) fix_size(x, axis.integer(0));
  return to_python(ufunc_accumulate(name, x, axis.integer(0), dtype.dtype()));
}

TNP_FUNCTION(reduceat, 0u, "(self, array, /, indices, axis=0, dtype=None, out=None)",
             "The elements from each index up to the next one combined.") {
  const auto [self, array, indices, axis, dtype] = take<5>(args);
  const char* name = name_of(self, "reduceat");
  const Array x = array.array();
  fix_size(x, axis.integer(0));
  return to_python(ufunc_reduceat(name, x, indices.array(), axis.integer(0), dtype.dtype()));
}

TNP_FUNCTION(at, 0u, "(self, a, indices, b=None, /)",
             "A copy of a with the function applied at indices, once for each time that one names a place.") {
  const auto [self, a, indices, b] = take<4>(args);
  const char* name = name_of(self, "at");
  const Array x = a.array();
  const std::vector<IndexItem> items = parse_index(indices.ptr());
  Scalar weak(false);
  Array values = b.given() && !scalar_of(b.ptr(), weak) ? b.array() : Array();
  const bool own_types = ufunc_info_of(self.ptr()).op == nullptr;  // ldexp's exponents are integers whatever x is
  if (b.given() && !values) values = own_types ? weak.to_array() : weak.to_array(promote(x.dtype(), weak.kind));
  return to_python(ufunc_at(name, x, items, values));
}

PyObject* outer(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {
  try {
    if (ufunc_info_of(self).signature != nullptr)
      throw TypeError("method outer is not allowed in ufunc with non-trivial signature");
    if (ufunc_info_of(self).num_inputs != 2) throw ValueError("outer product only supported for binary functions");
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

// A type, or Python's int, float or complex for a weak scalar.
UfuncInputType input_type(PyObject* o) {
  if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) return {DType::int64, WeakKind::integer};
  if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) return {DType::float64, WeakKind::floating};
  if (o == reinterpret_cast<PyObject*>(&PyComplex_Type)) return {DType::complex128, WeakKind::complex};
  return {dtype_of(nb::handle(o)), std::nullopt};
}

TNP_FUNCTION(resolve_dtypes, 0u, "(self, dtypes, *, signature=None, casting=None, reduction=False)",
             "The types of inputs and outputs that a call computes in.") {
  const auto [self, dtypes, signature, casting, reduction] = take<5>(args);
  const UfuncInfo& u = ufunc_info_of(self.ptr());
  if (!PyTuple_Check(dtypes.ptr()) || PyTuple_GET_SIZE(dtypes.ptr()) != u.num_arguments())
    throw TypeError("resolve_dtypes: The dtypes must be a tuple of `ufunc.nargs` length.");
  const bool reduces = reduction.flag();
  if (reduces && (u.num_inputs != 2 || u.num_outputs != 1))
    throw ValueError("ufunc is not compatible with reduction operations.");
  UfuncOptions options;
  if (casting.given()) options.casting = casting.casting();
  if (signature.given()) set_ufunc_signature(options, u, signature.ptr());
  std::vector<UfuncInputType> in;
  for (int i = 0; i < u.num_inputs; ++i) {
    PyObject* type = PyTuple_GET_ITEM(dtypes.ptr(), reduces ? 1 : i);
    if (type == Py_None) throw TypeError("All input dtypes must be provided (except the first one in reductions)");
    in.push_back(input_type(type));
    // Sums and products of small integers are wider, as reduce has them.
    const DType d = in.back().dtype;
    if (reduces && (u.name == "add" || u.name == "multiply") && (is_bool(d) || is_integer(d)))
      in.back().dtype = is_unsigned_integer(d) ? DType::uint64 : DType::int64;
  }
  nb::list out;
  for (DType d : ufunc_loop(u, in, options)) out.append(dtype_object(d));
  return nb::tuple(out);
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
      {"resolve_dtypes", as_c(resolve_dtypes_method), kFlags,
       "resolve_dtypes($self, dtypes, *, signature=None, casting=None, reduction=False)\n--\n\n"
       "The types of inputs and outputs that a call computes in."},
      {"__reduce__", [](PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__name__"); }, METH_NOARGS,
       nullptr},  // pickled by name
      {nullptr, nullptr, 0, nullptr},
  };
  return methods;
}

namespace {

nb::list letters_of_loops(const UfuncInfo& ufunc) {
  static constexpr const char* kLetters =
      "?bhilBHILeEfdFD";  // of the types in their order; bfloat16 has ml_dtypes' one
  nb::list out;
  for (const UfuncLoop& loop : ufunc.loops) {
    std::string text;
    for (std::size_t i = 0; i < loop.size(); ++i) {
      if (static_cast<int>(i) == ufunc.num_inputs) text += "->";
      text += kLetters[static_cast<int>(loop[i])];
    }
    out.append(nb::str(text.c_str()));
  }
  return out;
}

}  // namespace

nb::list ufunc_types(const UfuncInfo& ufunc) {
  static auto* known = new std::unordered_map<const UfuncInfo*, nb::list>;  // never freed, as ufuncs are not
  const auto [at, is_new] = known->try_emplace(&ufunc);
  if (is_new) at->second = letters_of_loops(ufunc);
  return nb::steal<nb::list>(PyList_GetSlice(at->second.ptr(), 0, PY_SSIZE_T_MAX));
}

nb::object ufunc_identity_object(const UfuncInfo& ufunc) {
  const std::optional<Scalar> identity = ufunc_identity(ufunc.name);
  if (!identity) return nb::none();
  if (const auto* i = std::get_if<std::int64_t>(&identity->value)) return nb::int_(*i);
  const Array x = identity->to_array();
  return nb::steal(python_element(x.dtype(), x.data()));
}

}  // namespace tnp::python
