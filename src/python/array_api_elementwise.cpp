// The elementwise functions of tnp.array_api: one callable a row of array_api::kElementwise; clip and where.
#include <array>
#include <utility>

#include "python/arguments.h"
#include "python/array_api.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

using array_api::kElementwise;

template <std::size_t I>
PyObject* entry(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  constexpr const array_api::Function& f = kElementwise[I];
  try {
    if (nargs != f.arity) {
      throw TypeError(std::string(f.name) + "() takes " + std::to_string(f.arity) + " positional arguments but " +
                      std::to_string(nargs) + " were given");
    }
    if constexpr (f.arity == 1) {
      return call_strict(I, args[0]);
    } else {
      return call_strict(I, args[0], args[1]);
    }
  } catch (...) {
    set_error_from_current_exception();
    return nullptr;
  }
}

template <std::size_t I>
void bind_one(nb::module_& m) {
  constexpr const array_api::Function& f = kElementwise[I];
  static const std::string doc = std::string(f.name) + (f.arity == 1 ? "(x, /)" : "(x1, x2, /)") +
                                 "\n--\n\nThe standard's " + f.name + ", for " + array_api::category_name(f.category) +
                                 " data types.";
  static PyMethodDef def = {f.name, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&entry<I>)), METH_FASTCALL,
                            doc.c_str()};
  nb::object module_name = nb::str("tnp.array_api");
  m.attr(f.name) = nb::steal(PyCFunction_NewEx(&def, nullptr, module_name.ptr()));
}

template <std::size_t... I>
void bind_all(nb::module_& m, std::index_sequence<I...>) {
  (bind_one<I>(m), ...);
}

TNP_FUNCTION(clip, kStandard, "(x, /, min=None, max=None)", "The elements within bounds, in x's data type.") {
  const auto [x, min, max] = take<3>(args);
  const Array& a = strict_argument("clip", x.ptr());
  std::optional<StrictOperand> low, high;
  const StrictOperand beside("clip", x.ptr());
  if (min.given()) low.emplace("clip", min.ptr(), &beside);
  if (max.given()) high.emplace("clip", max.ptr(), &beside);
  const auto clipped = [&](const Operand* l, const Operand* h) { return to_strict(array_api::clip(a, l, h)); };
  if (low && high) {
    const Operand l = low->operand(), h = high->operand();
    return clipped(&l, &h);
  }
  const Operand bound = low ? low->operand() : high ? high->operand() : Operand(a);
  return clipped(low ? &bound : nullptr, high ? &bound : nullptr);
}

TNP_FUNCTION(where, kStandard, "(condition, x1, x2, /)", "x1 where the condition is true, else x2.") {
  const auto [condition, x1, x2] = take<3>(args);
  const Array& c = strict_argument("where", condition.ptr(), "condition");
  const bool first = is_strict_array(x1.ptr());
  const StrictOperand array("where", first ? x1.ptr() : x2.ptr());
  const StrictOperand other("where", first ? x2.ptr() : x1.ptr(), &array);
  return to_strict(first ? array_api::where(c, array.operand(), other.operand())
                         : array_api::where(c, other.operand(), array.operand()));
}

}  // namespace

void bind_strict_elementwise(nb::module_& m) { bind_all(m, std::make_index_sequence<std::size(kElementwise)>()); }

}  // namespace tnp::python
