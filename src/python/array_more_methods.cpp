// Methods of ndarray that NumPy's or TensorFlow's arrays have: bytes, files, and those that would change the array.
#include "base/dim.h"
#include "python/arguments.h"
#include "python/numpy_memory.h"
#include "tnp/error.h"
#include "tnp/text.h"

namespace tnp::python {

namespace {

// --- bytes

TNP_FUNCTION(getfield, kMethod, "(self, /, dtype, offset=0)",
             "Elements of another type that begin some bytes into each element.") {
  const auto [self, dtype, offset] = take<3>(args);
  const Array& x = array_of(self.ptr());
  const DType to = *dtype.dtype();
  const std::int64_t at = offset.integer(0);
  if (itemsize(to) == 0 || itemsize(to) > x.itemsize()) {
    throw ValueError("getfield: elements of type " + std::string(name(to)) + " do not fit into those of type " +
                     std::string(name(x.dtype())));
  }
  if (at < 0 || at + itemsize(to) > x.itemsize()) {
    throw ValueError("Need 0 <= offset <= " + std::to_string(x.itemsize() - itemsize(to)) +
                     " for requested type but received offset = " + std::to_string(at));
  }
  std::byte* data = x.data();
  const nb::object field = to_python(Array::view_of(x.node()->buffer, data + at, to, x.shape(), x.strides()));
  return has_other_byte_order(dtype.ptr()) ? field.attr("byteswap")() : field;
}

template <class T, class F>
void swap_each(T* p, std::int64_t n, F&& swapped) {
  for (std::int64_t i = 0; i < n; ++i) p[i] = swapped(p[i]);
}

TNP_FUNCTION(byteswap, kMethod, "(self, /, inplace=False)", "The bytes of each element in reverse order.") {
  const auto [self, inplace] = take<2>(args);
  if (inplace.flag()) throw TypeError("byteswap: tnp arrays are immutable: use the result without inplace=True");
  const Array x = copy(array_of(self.ptr()));
  std::byte* data = x.data();  // throws for text, which has no size
  const std::int64_t size = is_complex(x.dtype()) ? x.itemsize() / 2 : x.itemsize();
  const std::int64_t count = x.size() * x.itemsize() / size;
  switch (size) {
    case 2:
      swap_each(reinterpret_cast<std::uint16_t*>(data), count, [](std::uint16_t v) { return __builtin_bswap16(v); });
      break;
    case 4:
      swap_each(reinterpret_cast<std::uint32_t*>(data), count, [](std::uint32_t v) { return __builtin_bswap32(v); });
      break;
    case 8:
      swap_each(reinterpret_cast<std::uint64_t*>(data), count, [](std::uint64_t v) { return __builtin_bswap64(v); });
      break;
    default:
      break;
  }
  return to_python(x);
}

TNP_FUNCTION(tofile, kMethod, "(self, /, fid, sep='', format='%s')",
             "Writes the elements into a file, by name or open: their bytes, or text with sep between.") {
  const auto [self, fid, sep, format] = take<4>(args);
  const bool own = !nb::hasattr(fid.handle(), "write");
  nb::object file = own ? nb::module_::import_("builtins").attr("open")(fid.handle(), "wb") : nb::borrow(fid.handle());
  const std::string between = sep.text("");
  nb::object data;
  if (between.empty()) {
    data = self.handle().attr("tobytes")();
  } else {
    nb::list words;
    const std::string pattern = format.text("%s");
    for (nb::handle element : nb::iter(self.handle().attr("ravel")().attr("tolist")())) {
      nb::object text = pattern == "%s" ? nb::object(nb::str(element))
                                        : nb::object(nb::str(pattern.c_str()) % nb::make_tuple(element));
      words.append(text);
    }
    data = nb::str(between.c_str()).attr("join")(words).attr("encode")("latin1");
  }
  file.attr("write")(data);
  if (own) file.attr("close")();
  return nb::none();
}

// --- what would change the array

[[noreturn]] void immutable(const char* method, const char* instead) {
  throw TypeError(std::string("tnp arrays are immutable: ") + method + "() cannot change one; use " + instead +
                  ", or a tnp.Variable");
}
TNP_FUNCTION(fill, kMethod, "(self, /, value)", "Refused: arrays do not change.") {
  immutable("fill", "tnp.full_like(x, value) or x.at[...].set(value)");
}
TNP_FUNCTION(put, kMethod, "(self, indices, values, /, mode='raise')", "Refused: arrays do not change.") {
  immutable("put", "tnp.put(x, indices, values) or x.at[indices].set(values)");
}
TNP_FUNCTION(resize, kMethod, "(self, /, *new_shape, refcheck=True)", "Refused: arrays do not change.") {
  immutable("resize", "tnp.resize(x, new_shape) or x.at[...].set(…)");
}
TNP_FUNCTION(setfield, kMethod, "(self, val, /, dtype, offset=0)", "Refused: arrays do not change.") {
  immutable("setfield", "x.at[...].set(…)");
}
TNP_FUNCTION(setflags, kMethod, "(self, /, *, write=None, align=None, uic=None)",
             "Nothing but what holds already can be asked for.") {
  const auto [self, write, align, uic] = take<4>(args);
  if (write.flag()) throw ValueError("cannot set WRITEABLE flag to True of this array: tnp arrays are immutable");
  if (uic.flag()) throw ValueError("cannot set WRITEBACKIFCOPY flag to True");
  if (align.given() && !align.flag()) throw ValueError("cannot set ALIGNED flag to False: the elements are aligned");
  return nb::none();
}

// --- TensorFlow's

TNP_FUNCTION(__nonzero__, kMethod, "(self)", "bool(x).") {
  const int truth = PyObject_IsTrue(args.values[0]);
  if (truth < 0) throw nb::python_error();
  return nb::bool_(truth != 0);
}
TNP_FUNCTION(get_shape, kMethod, "(self)", "The shape.") { return shape_object(array_of(args.values[0]).shape()); }
TNP_FUNCTION(set_shape, kMethod, "(self, shape)", "ValueError unless the array has this shape; None is any size.") {
  const auto [self, shape] = take<2>(args);
  const Shape& own = array_of(self.ptr()).shape();
  nb::object wanted = nb::steal(PySequence_Tuple(shape.ptr()));
  if (!wanted.is_valid()) throw nb::python_error();
  const auto n = static_cast<int>(nb::len(wanted));
  bool fits = !own.rank_known() || n == own.ndim();
  for (int i = 0; own.rank_known() && fits && i < n; ++i) {
    nb::object size = wanted[i];
    if (size.is_none() || is_symbolic(own[i])) continue;
    const Dim d = dim_of(size);
    fits = is_symbolic(d) || d == own[i];
  }
  if (!fits) {
    throw ValueError("set_shape: an array of shape " + own.str() + " can not have the shape " +
                     nb::cast<std::string>(nb::str(shape.handle())));
  }
  return nb::none();
}
TNP_FUNCTION(eval, kMethod, "(self, feed_dict=None, session=None)", "The elements as a NumPy array.") {
  const auto [self, feed_dict, session] = take<3>(args);
  if (feed_dict.given() || session.given()) {
    throw ValueError("eval: there are no sessions, and nothing to be fed: call a tnp.function with its arguments");
  }
  return nb::module_::import_("numpy").attr("array")(self.handle());
}

// An array as a key of dicts: equal if it is the same object.
struct Reference {
  nb::object array;
};
TNP_FUNCTION(ref, kMethod, "(self)", "A hashable reference; ref.deref() is the array.") {
  return nb::cast(Reference{nb::borrow(nb::handle(args.values[0]))});
}
TNP_FUNCTION(experimental_ref, kMethod, "(self)", "A hashable reference; ref.deref() is the array.") {
  return ref_body(args);
}

}  // namespace

void bind_reference(nb::module_& m) {
  auto cls =
      nb::class_<Reference>(m, "Reference", "A reference to an array: hashable, equal if it is to the same one.");
  cls.attr("__module__") = "tnp";
  cls.def("deref", [](const Reference& r) { return r.array; });
  cls.def("__hash__", [](const Reference& r) {
    return static_cast<Py_hash_t>(reinterpret_cast<std::intptr_t>(r.array.ptr()) >> 4);
  });
  cls.def(
      "__eq__",
      [](const Reference& r, nb::handle other) {
        return nb::isinstance<Reference>(other) && nb::cast<const Reference&>(other).array.is(r.array);
      },
      nb::arg("other").none());
  // What NumPy's own exports of the same memory have.
  nb::handle type(reinterpret_cast<PyObject*>(array_type()));
  nb::object property = nb::module_::import_("builtins").attr("property");
  const auto exported = [&](const char* name, const char* doc) {
    nb::object get = nb::cpp_function([name](nb::handle self) -> nb::object {
      // The memory of a copy, or of a view of another type, would not live as long as the array does.
      const DType dtype = array_of(self.ptr()).dtype();
      if (is_text(dtype) || dtype == DType::bfloat16)
        throw AttributeError(std::string(name) + ": there is none for elements of dtype " +
                             std::string(info(dtype).name));
      // It holds the array, and asks it for no more than its shape and strides.
      static PyObject* make = nb::object(nb::module_::import_("numpy._core._internal").attr("_ctypes")).release().ptr();
      const auto address = reinterpret_cast<std::uintptr_t>(array_of(self.ptr()).data());
      return nb::handle(make)(self, address);
    });
    type.attr(name) = property(get, nb::none(), nb::none(), doc);
  };
  exported("ctypes", "The memory for ctypes, read-only.");
}

}  // namespace tnp::python
