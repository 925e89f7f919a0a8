// The elementwise functions of tnp.array_api: one callable a row of array_api::kElementwise; clip and where.
#include <array>
#include <utility>

#include "python/array_api_arguments.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

using array_api::kElementwise;

void check_scalars(const char* function) {
  if (array_api::flags().version >= array_api::k2024) return;
  throw TypeError(std::string(function) +
                  ": the standard takes Python scalars here since version 2024.12: write asarray(x), or an operator");
}

template <std::size_t I>
PyObject* entry(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  constexpr const array_api::Function& f = kElementwise[I];
  try {
    if (nargs != f.arity) {
      throw TypeError(std::string(f.name) + "() takes " + std::to_string(f.arity) + " positional arguments but " +
                      std::to_string(nargs) + " were given");
    }
    if constexpr (f.since > array_api::k2022) array_api::require_version(f.name, f.since);
    if constexpr (f.arity == 1) {
      return call_strict(I, args[0]);
    } else {
      if (!is_strict_array(args[0]) || !is_strict_array(args[1])) check_scalars(f.name);
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

TNP_STANDARD(clip, k2023, "(x, /, min=None, max=None)", "The elements within bounds, in x's data type.") {
  const auto [x, min, max] = take<3>(args);
  const Array& a = call.array(x);
  const StrictOperand beside("clip", x.ptr());
  for (const Value& bound : {min, max}) {
    if (bound.given() && is_strict_array(bound.ptr())) call.join(strict_device_of(bound.ptr()));
  }
  std::optional<StrictOperand> low, high;
  if (min.given()) low.emplace("clip", min.ptr(), &beside);
  if (max.given()) high.emplace("clip", max.ptr(), &beside);
  const Operand lower = low ? low->operand() : Operand(a), upper = high ? high->operand() : Operand(a);
  return call.wrap(array_api::clip(a, low ? &lower : nullptr, high ? &upper : nullptr));
}

TNP_STANDARD(where, k2021, "(condition, x1, x2, /)", "x1 where the condition is true, else x2.") {
  const auto [condition, x1, x2] = take<3>(args);
  const Array& c = call.array(condition, "condition");
  const bool first = is_strict_array(x1.ptr()), second = is_strict_array(x2.ptr());
  if (first) call.join(strict_device_of(x1.ptr()));
  if (second) call.join(strict_device_of(x2.ptr()));
  if (first && second) return call.wrap(array_api::where(c, strict_array_of(x1.ptr()), strict_array_of(x2.ptr())));
  check_scalars("where");
  const StrictOperand array("where", first ? x1.ptr() : x2.ptr());
  const StrictOperand other("where", first ? x2.ptr() : x1.ptr(), &array);
  return call.wrap(first ? array_api::where(c, array.operand(), other.operand())
                         : array_api::where(c, other.operand(), array.operand()));
}

}  // namespace

void bind_strict_elementwise(nb::module_& m) { bind_all(m, std::make_index_sequence<std::size(kElementwise)>()); }

}  // namespace tnp::python
