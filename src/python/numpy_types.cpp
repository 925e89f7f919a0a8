// Functions of types, and the choice where(…).
#include <climits>

#include "base/default_dtype.h"
#include "ir/scalar.h"
#include "python/arguments.h"
#include "python/autograph.h"
#include "python/dtype_class.h"
#include "python/elementwise_call.h"
#include "tnp/complex_parts.h"
#include "tnp/error.h"
#include "tnp/indexing.h"

namespace tnp::python {

namespace {

// What one argument of result_type says: a type, or a Python scalar's kind.
struct TypeVote {
  std::optional<DType> dtype;
  WeakKind weak = WeakKind::boolean;
  bool beyond = false;  // an integer that int64 does not hold
};

bool is_array_like(PyObject* o) {
  if (is_array(o) || PyList_Check(o) || PyTuple_Check(o)) return true;
  if (PyUnicode_Check(o) || is_dtype_object(o)) return false;
  return !PyType_Check(o) && PyObject_HasAttrString(o, "__array__");
}

TypeVote vote_of(PyObject* o) {
  if (is_array(o)) return {array_of(o).dtype()};
  Scalar s(false);
  if (scalar_of(o, s)) {
    return {std::nullopt, s.kind, std::holds_alternative<std::uint64_t>(s.value)};
  }
  if (is_array_like(o)) return {as_array(o).dtype()};
  return {dtype_of(nb::handle(o))};
}

TNP_FUNCTION(_new_dtype, kFunction, "(cls, spec='float')", "The dtype that `spec` means; TypeError if it means none.") {
  PyObject* spec = args.values[1];
  if (spec == nullptr) return dtype_object(default_float());
  if (reinterpret_cast<PyObject*>(Py_TYPE(spec)) == args.values[0]) return nb::borrow(nb::handle(spec));
  return dtype_object(dtype_of(nb::handle(spec)));
}

TNP_FUNCTION(result_type, kFunction, "(*arrays_and_dtypes)",
             "The type of an operation on these; Python numbers are weak.") {
  if (args.rest.empty()) throw ValueError("at least one array or dtype is required");
  std::optional<DType> strong;
  std::optional<WeakKind> weak;
  bool beyond = false;
  for (PyObject* o : args.rest) {
    const TypeVote vote = vote_of(o);
    beyond = beyond || vote.beyond;
    if (vote.dtype) {
      strong = strong ? promote(*strong, *vote.dtype) : *vote.dtype;
    } else if (!weak || vote.weak > *weak) {
      weak = vote.weak;
    }
  }
  if (!strong) return dtype_object(beyond && *weak == WeakKind::integer ? DType::uint64 : default_dtype(*weak));
  return dtype_object(weak ? promote(*strong, *weak) : *strong);
}

TNP_FUNCTION(promote_types, kFunction, "(type1, type2, /)", "The smallest type that both can be cast to safely.") {
  const auto [type1, type2] = take<2>(args);
  return dtype_object(promote(dtype_of(type1.handle()), dtype_of(type2.handle())));
}

TNP_FUNCTION(can_cast, kFunction, "(from_, to, casting='safe')", "Whether a cast is allowed by a casting rule.") {
  const auto [from, to, casting] = take<3>(args);
  Scalar s(false);
  if (scalar_of(from.ptr(), s)) {
    throw TypeError(
        "can_cast() does not support Python ints, floats, and complex because the result used to depend on the value.");
  }
  const DType type = is_array_like(from.ptr()) ? from.array().dtype() : dtype_of(from.handle());
  return nb::bool_(can_cast(type, dtype_of(to.handle()), casting.given() ? casting.casting() : Casting::safe));
}

TNP_FUNCTION(min_scalar_type, kFunction, "(a, /)", "The smallest type that holds a number; of an array its own.") {
  const Value a = take<1>(args)[0];
  const Array x = a.array();
  if (x.ndim() != 0 || is_bool(x.dtype()) || x.is_symbolic()) return dtype_object(x.dtype());
  const Scalar s = load_scalar(x.dtype(), x.data());
  const auto holds = [&](DType d) {
    const Array y = astype(x, d);
    const Scalar t = load_scalar(d, y.data());
    if (is_integer(d)) return s.to_array(DType::float64).item<double>() == t.to_array(DType::float64).item<double>();
    return isfinite(y).item<bool>() || !isfinite(x).item<bool>();
  };
  if (is_integer(x.dtype())) {
    const bool negative = std::holds_alternative<std::int64_t>(s.value) && std::get<std::int64_t>(s.value) < 0;
    const DType first = negative ? DType::int8 : DType::uint8, last = negative ? DType::int64 : DType::uint64;
    for (int d = static_cast<int>(first); d < static_cast<int>(last); ++d) {
      if (holds(static_cast<DType>(d))) return dtype_object(static_cast<DType>(d));
    }
    return dtype_object(last);
  }
  const DType candidates[] = {DType::float16, DType::float32, DType::complex64};
  for (DType d : candidates) {
    if (is_complex(d) == is_complex(x.dtype()) && holds(d)) return dtype_object(d);
  }
  return dtype_object(x.dtype());
}

TNP_FUNCTION(astype, kFunction, "(x, dtype, /, *, copy=True, device=None)", "The elements in another type.") {
  const auto [x, dtype, copied, device] = take<4>(args);
  device.check_device();
  if (!is_array(x.ptr()))
    throw TypeError(std::string("Input should be a tnp array. It is a ") + Py_TYPE(x.ptr())->tp_name + " instead.");
  return to_python(astype(array_of(x.ptr()), dtype_of(dtype.handle())));
}

TNP_FUNCTION(real, kFunction, "(val)", "The real part.") { return to_python(real_part(take<1>(args)[0].array())); }
TNP_FUNCTION(imag, kFunction, "(val)", "The imaginary part.") {
  return to_python(imaginary_part(take<1>(args)[0].array()));
}

TNP_FUNCTION(where, kFunction, "(condition, x=None, y=None, /)",
             "x where the condition is true, else y. The condition alone: the indices of its true elements.") {
  const auto [condition, x, y] = take<3>(args);
  if ((x.ptr() == nullptr) != (y.ptr() == nullptr))
    throw ValueError("either both or neither of x and y should be given");
  if (x.ptr() == nullptr) {
    const Array c = condition.array();
    return nb::tuple(to_python(nonzero(c)));
  }
  PyOperand a, b;
  read_operand(a, x);
  read_operand(b, y);
  if (a.is_array() && b.is_array()) {
    a.weaken(b);
    b.weaken(a);
  }
  return to_python(where_of(condition.array(), operand(a), operand(b)));
}

}  // namespace

}  // namespace tnp::python
