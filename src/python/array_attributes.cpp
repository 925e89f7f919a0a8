// ndarray's constructor and attributes.
#include "base/dim.h"
#include "python/arguments.h"
#include "python/array_slots.h"
#include "python/dtype_class.h"
#include "python/iterator_type.h"
#include "python/same_object.h"
#include "tnp/complex_parts.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

// The elements of a buffer: typed memory is cast, bare bytes are taken for elements of the type.
Array from_buffer(nb::handle buffer, nb::handle dtype, DType type, const std::optional<Shape>& shape) {
  if (PyBytes_Check(buffer.ptr()) || PyByteArray_Check(buffer.ptr())) {
    nb::object flat = nb::module_::import_("tnp._core").attr("frombuffer")(buffer, dtype);
    return array_of(flat.ptr());
  }
  const bool acceptable =
      is_array(buffer.ptr()) || PyObject_CheckBuffer(buffer.ptr()) || PyObject_HasAttrString(buffer.ptr(), "__array__");
  if (!acceptable) {
    throw ValueError(std::string("ndarray: an object of type '") + Py_TYPE(buffer.ptr())->tp_name +
                     "' is no buffer and no array");
  }
  const Array x = as_array(buffer.ptr(), {type, std::nullopt});
  return shape && x.ndim() == 1 && x.shape() != *shape ? ravel(x) : x;
}

void construct(Array* self, nb::handle shape, nb::handle dtype, nb::handle buffer) {
  const DType type = dtype.is_none() ? default_dtype(WeakKind::floating) : dtype_of(dtype);
  if (!is_numeric(type)) throw TypeError("ndarray: arrays of dtype " + std::string(name(type)) + " can not be made");
  if (buffer.is_none()) {
    if (shape.is_none()) throw TypeError("ndarray: a shape is needed where there is no buffer");
    new (self) Array(zeros(shape_of(shape), type));
    return;
  }
  std::optional<Shape> wanted;
  if (!shape.is_none()) wanted = shape_of(shape);
  const Array x = from_buffer(buffer, dtype, type, wanted);
  if (wanted && x.shape() != *wanted) {
    if (!x.shape().is_static() || !wanted->is_static() || x.size() != wanted->num_elements() || x.ndim() != 1) {
      throw ValueError("ndarray: a buffer of shape " + x.shape().str() + " does not have the shape " + wanted->str());
    }
    new (self) Array(reshape(x, *wanted));
    return;
  }
  new (self) Array(x);
}

// --- flags

struct Flags {
  bool c_contiguous, f_contiguous, owndata;
};

Flags flags_of(const Array& x) {
  x.data();
  return {x.is_contiguous(), x.ndim() < 2 ? x.is_contiguous() : permute_dims(x).is_contiguous(), true};
}

bool flag_named(const Flags& f, const std::string& name) {
  if (name == "C_CONTIGUOUS" || name == "C" || name == "CONTIGUOUS") return f.c_contiguous;
  if (name == "F_CONTIGUOUS" || name == "F" || name == "FORTRAN") return f.f_contiguous;
  if (name == "OWNDATA" || name == "O") return f.owndata;
  if (name == "ALIGNED" || name == "A") return true;
  if (name == "WRITEABLE" || name == "W" || name == "WRITEBACKIFCOPY" || name == "X") return false;
  if (name == "FNC") return f.f_contiguous && !f.c_contiguous;
  if (name == "FORC") return f.f_contiguous || f.c_contiguous;
  if (name == "BEHAVED" || name == "B" || name == "CARRAY" || name == "CA" || name == "FARRAY" || name == "FA")
    return false;
  throw KeyError("Unknown flag");
}

using FlagsType = IteratorType<Flags>;

// The flag of a getter, by its name in capitals.
PyObject* get_flag(PyObject* self, void* name) {
  return iterator_call(
      [&] { return PyBool_FromLong(flag_named(FlagsType::of(self), static_cast<const char*>(name))); });
}
template <bool Flags::* F>
PyObject* get_member(PyObject* self, void*) {
  return PyBool_FromLong(FlagsType::of(self).*F);
}
PyObject* get_false(PyObject*, void*) { Py_RETURN_FALSE; }
PyObject* get_true(PyObject*, void*) { Py_RETURN_TRUE; }

PyObject* flag_of_key(PyObject* self, PyObject* key) {
  return iterator_call([&] {
    if (!PyUnicode_Check(key)) throw KeyError("Unknown flag");
    return PyBool_FromLong(flag_named(FlagsType::of(self), Value(key).text("")));
  });
}

PyObject* flags_repr(PyObject* self) {
  return iterator_call([&] {
    std::string s;
    for (const char* name : {"C_CONTIGUOUS", "F_CONTIGUOUS", "OWNDATA", "WRITEABLE", "ALIGNED", "WRITEBACKIFCOPY"}) {
      s += std::string("  ") + name + " : " + (flag_named(FlagsType::of(self), name) ? "True" : "False") + "\n";
    }
    return PyUnicode_FromString(s.c_str());
  });
}

void bind_flags(nb::module_& m) {
  const auto name = [](const char* text) { return const_cast<char*>(text); };
  static PyGetSetDef attributes[] = {
      {"c_contiguous", get_member<&Flags::c_contiguous>, nullptr, nullptr, nullptr},
      {"contiguous", get_member<&Flags::c_contiguous>, nullptr, nullptr, nullptr},
      {"f_contiguous", get_member<&Flags::f_contiguous>, nullptr, nullptr, nullptr},
      {"owndata", get_member<&Flags::owndata>, nullptr, nullptr, nullptr},
      {"aligned", get_true, nullptr, nullptr, nullptr},
      {"writeable", get_false, nullptr, nullptr, nullptr},
      {"writebackifcopy", get_false, nullptr, nullptr, nullptr},
      {"fnc", get_flag, nullptr, nullptr, name("FNC")},
      {"forc", get_flag, nullptr, nullptr, name("FORC")},
      {"behaved", get_false, nullptr, nullptr, nullptr},
      {"carray", get_false, nullptr, nullptr, nullptr},
      {"farray", get_false, nullptr, nullptr, nullptr},
      {nullptr, nullptr, nullptr, nullptr, nullptr},
  };
  m.attr("flagsobj") = FlagsType::define("tnp.flagsobj", "How an array lies in memory.", nullptr,
                                         {{Py_tp_getset, attributes},
                                          {Py_mp_subscript, reinterpret_cast<void*>(flag_of_key)},
                                          {Py_tp_repr, reinterpret_cast<void*>(flags_repr)}});
}

// --- attributes: getters of the interpreter's own kind, as nanobind's take longer than what they look up

Array matrix_transposed(const Array& x) {
  if (x.ndim() < 2) throw ValueError("matrix transpose with ndim < 2 is undefined");
  return matrix_transpose(x);
}

// Sizes are mostly small: those are at hand.
constexpr std::int64_t kNumbers = 257;
PyObject* g_numbers[kNumbers];

PyObject* number(std::int64_t i) { return i >= 0 && i < kNumbers ? Py_NewRef(g_numbers[i]) : PyLong_FromSsize_t(i); }
std::int64_t g_itemsizes[kDTypeCount];

// The number of elements, times `each`.
PyObject* size_number(const Array& x, std::int64_t each) {
  if (x.state() == State::concrete) return number(x.shape().num_elements() * each);
  const Dim d = dim_mul(x.size(), each);
  return is_symbolic(d) ? dim_object(d).release().ptr() : number(d);
}

// Throws TracerError where the number of axes is not known.
void check_rank(const Array& x) {
  if (!x.shape().rank_known()) x.ndim();
}

PyObject* tuple_of(const std::int64_t* numbers, int count) {
  PyObject* out = PyTuple_New(count);
  for (int i = 0; out != nullptr && i < count; ++i) PyTuple_SET_ITEM(out, i, number(numbers[i]));
  return out;
}

PyObject* sizes_object(const Array& x) {
  check_rank(x);
  const Shape& shape = x.shape();
  if (x.state() == State::symbolic) return shape_object(shape).release().ptr();
  return tuple_of(shape.data(), shape.ndim());
}

PyObject* strides_object(const Array& x) { return tuple_of(x.strides().data(), x.strides().size()); }

// One object for each of the four: they say nothing else.
nb::object flags_object(const Array& x) {
  static PyObject* made[4] = {};
  const Flags f = flags_of(x);
  PyObject*& object = made[(f.c_contiguous ? 2 : 0) + (f.f_contiguous ? 1 : 0)];
  if (object == nullptr) object = FlagsType::make(f).release().ptr();
  return nb::borrow(object);
}

nb::object transposed(nb::handle self) { return same_or_new(self, permute_dims(array_of(self.ptr()))); }
nb::object real_parts(nb::handle self) {
  const Array& x = array_of(self.ptr());
  return is_complex(x.dtype()) ? to_python(real_part(x)) : nb::borrow(self);
}
nb::object imaginary_parts(const Array& x) { return to_python(imaginary_part(x)); }

nb::object device_name() {
  static PyObject* name = PyUnicode_InternFromString("CPU:0");
  return nb::borrow(name);
}

nb::object memory_view(nb::handle self) {
  array_of(self.ptr()).data();
  return nb::steal(PyMemoryView_FromObject(self.ptr()));
}

template <auto F>
PyObject* get(PyObject* self, void*) noexcept {
  try {
    if constexpr (std::is_invocable_r_v<PyObject*, decltype(F), const Array&>) {
      return F(array_of(self));
    } else if constexpr (std::is_invocable_v<decltype(F), const Array&>) {
      return F(array_of(self)).release().ptr();
    } else {
      return F(nb::handle(self)).release().ptr();
    }
  } catch (...) {
    set_error_from_current_exception();
    return nullptr;
  }
}

PyGetSetDef g_attributes[] = {
    {"dtype", get<[](const Array& x) { return Py_NewRef(dtype_objects[static_cast<int>(x.dtype())]); }>, nullptr,
     "The elements' type.", nullptr},
    {"shape", get<sizes_object>, nullptr, "The sizes of the axes.", nullptr},
    {"ndim", get<[](const Array& x) { return check_rank(x), number(x.shape().ndim()); }>, nullptr,
     "How many axes there are.", nullptr},
    {"size", get<[](const Array& x) { return size_number(x, 1); }>, nullptr, "How many elements there are.", nullptr},
    {"itemsize", get<[](const Array& x) { return number(g_itemsizes[static_cast<int>(x.dtype())]); }>, nullptr,
     "Bytes of an element.", nullptr},
    {"nbytes", get<[](const Array& x) { return size_number(x, g_itemsizes[static_cast<int>(x.dtype())]); }>, nullptr,
     "Bytes of all elements.", nullptr},
    {"strides", get<strides_object>, nullptr, "Bytes from an element to the next along each axis.", nullptr},
    {"T", get<transposed>, nullptr, "The axes reversed.", nullptr},
    {"mT", get<[](const Array& x) { return to_python(matrix_transposed(x)); }>, nullptr, "The last two axes exchanged.",
     nullptr},
    {"real", get<real_parts>, nullptr, "The real parts.", nullptr},
    {"imag", get<imaginary_parts>, nullptr, "The imaginary parts.", nullptr},
    {"data", get<memory_view>, nullptr, "The memory, read-only.", nullptr},
    {"base", get<[](nb::handle) { return nb::object(nb::none()); }>, nullptr, "None: memory is shared, not owned.",
     nullptr},
    {"device", get<[](nb::handle) { return device_name(); }>, nullptr, "Where the elements are.", nullptr},
    {"flags", get<flags_object>, nullptr, "How the array lies in memory.", nullptr},
};

}  // namespace

void bind_array_attributes(nb::module_& m) {
  for (std::int64_t i = 0; i < kNumbers; ++i) g_numbers[i] = PyLong_FromLongLong(i);
  for (int d = 0; d < kDTypeCount; ++d) g_itemsizes[d] = itemsize(static_cast<DType>(d));
  bind_reference(m);
  bind_flags(m);
  auto cls = nb::borrow<nb::class_<Array>>(nb::handle(reinterpret_cast<PyObject*>(array_type())));
  cls.def("__init__", &construct, nb::arg("shape").none(), nb::arg("dtype").none() = nb::none(),
          nb::arg("buffer").none() = nb::none());
  cls.def_static("from_tensor", [](nb::handle tensor) { return to_python(as_array(tensor.ptr())); }, nb::arg("tensor"));
  for (PyGetSetDef& attribute : g_attributes)
    cls.attr(attribute.name) = nb::steal(PyDescr_NewGetSet(array_type(), &attribute));
}

}  // namespace tnp::python
