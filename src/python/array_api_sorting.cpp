// Sorting, searching and set functions of tnp.array_api.
#include "python/array_api_arguments.h"

namespace tnp::python {

namespace {

// Any sort is a stable one: `stable` is checked and allows no more.
#define TNP_SORT(NAME, WRAP, DOC)                                                                                 \
  TNP_STANDARD(NAME, k2021, "(x, /, *, axis=-1, descending=False, stable=True)", DOC) {                           \
    const auto [x, axis, descending, stable] = take<4>(args);                                                     \
    const Array& a = call.array(x);                                                                               \
    strict_flag(#NAME ": stable", stable, true);                                                                  \
    return call.WRAP(                                                                                             \
        array_api::NAME(a, call.int_or("axis", axis, -1), strict_flag(#NAME ": descending", descending, false))); \
  }
TNP_SORT(sort, wrap, "The elements in order along an axis.")
TNP_SORT(argsort, wrap_indices, "The indices that sort along an axis; equal elements stay in their order.")
#undef TNP_SORT

TNP_STANDARD(searchsorted, k2023, "(x1, x2, /, *, side='left', sorter=None)",
             "Where to insert x2 into a sorted vector: before equal elements, or behind them.") {
  const auto [x1, x2, side, sorter] = take<4>(args);
  const Array& a = call.array(x1, "x1");
  if (is_strict_array(x2.ptr())) {
    call.join(strict_device_of(x2.ptr()));
  } else if (array_api::flags().version < array_api::k2025) {
    refuse_argument("searchsorted", x2.ptr(), "x2");
  }
  const std::string where = side.text("left");
  if (where != "left" && where != "right") throw ValueError("searchsorted: side must be 'left' or 'right'");
  const StrictOperand array("searchsorted", x1.ptr()), values("searchsorted", x2.ptr(), &array);
  return call.wrap_indices(
      array_api::searchsorted(a, values.operand(), where == "right", call.array_if_given(sorter, "sorter")));
}

// --- sets

using array_api::Unique;

// A class of named tuples, made when it is first needed and kept for ever.
nb::handle result_type(PyObject*& type, const char* name, const char* fields) {
  if (type == nullptr) {
    nb::object make = nb::module_::import_("collections").attr("namedtuple");
    type = make(name, fields, nb::arg("module") = "tnp.array_api").release().ptr();
  }
  return type;
}

TNP_STANDARD(unique_all, k2021, "(x, /)",
             "The distinct elements, where each is first, where each element of x is "
             "among them, and how often each is there.") {
  static PyObject* type = nullptr;
  const Unique u = array_api::unique("unique_all", call.array(args.values[0]), true, true, true);
  return result_type(type, "UniqueAllResult", "values indices inverse_indices counts")(
      call.wrap(u.values), call.wrap_indices(u.indices), call.wrap_indices(u.inverse_indices),
      call.wrap_indices(u.counts));
}

TNP_STANDARD(unique_counts, k2021, "(x, /)", "The distinct elements and how often each is there.") {
  static PyObject* type = nullptr;
  const Unique u = array_api::unique("unique_counts", call.array(args.values[0]), false, false, true);
  return result_type(type, "UniqueCountsResult", "values counts")(call.wrap(u.values), call.wrap_indices(u.counts));
}

TNP_STANDARD(unique_inverse, k2021, "(x, /)", "The distinct elements and where each element of x is among them.") {
  static PyObject* type = nullptr;
  const Unique u = array_api::unique("unique_inverse", call.array(args.values[0]), false, true, false);
  return result_type(type, "UniqueInverseResult", "values inverse_indices")(call.wrap(u.values),
                                                                            call.wrap_indices(u.inverse_indices));
}

TNP_STANDARD(unique_values, k2021, "(x, /)", "The distinct elements.") {
  return call.wrap(array_api::unique("unique_values", call.array(args.values[0]), false, false, false).values);
}

TNP_STANDARD(isin, k2025, "(x1, x2, /, *, invert=False)", "Where elements of x1 are among those of x2.") {
  const auto [x1, x2, invert] = take<3>(args);
  const bool first = is_strict_array(x1.ptr());
  if (first) call.join(strict_device_of(x1.ptr()));
  if (is_strict_array(x2.ptr())) call.join(strict_device_of(x2.ptr()));
  const StrictOperand array("isin", first ? x1.ptr() : x2.ptr());
  const StrictOperand other("isin", first ? x2.ptr() : x1.ptr(), &array);
  const bool negated = strict_flag("isin: invert", invert, false);
  return call.wrap(first ? array_api::isin(array.operand(), other.operand(), negated)
                         : array_api::isin(other.operand(), array.operand(), negated));
}

}  // namespace

}  // namespace tnp::python
