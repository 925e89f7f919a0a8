// Distinct elements and sets.
#include "python/arguments.h"
#include "tnp/error.h"
#include "tnp/sorting.h"

namespace tnp::python {

namespace {

TNP_FUNCTION(unique, kFunction,
             "(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True, "
             "sorted=True)",
             "The distinct elements in order, or the distinct parts along an axis; where each is first, where each "
             "element is among them, how often each is there.") {
  const auto [ar, return_index, return_inverse, return_counts, axis, equal_nan] = take<6>(args);
  UniqueOptions o{axis.axis(), equal_nan.flag(true), return_index.flag(), return_inverse.flag(), return_counts.flag()};
  const Unique u = unique(ar.array(), o);
  if (!o.index && !o.inverse && !o.counts) return to_python(u.values);
  nb::list out;
  out.append(to_python(u.values));
  for (const Array* x : {&u.index, &u.inverse, &u.counts}) {
    if (*x) out.append(to_python(*x));
  }
  return nb::tuple(out);
}

// The standard's functions give named tuples; NaN are distinct.
class ResultTuple {
 public:
  constexpr ResultTuple(const char* name, const char* fields) : name_(name), fields_(fields) {}
  nb::object operator()(std::initializer_list<Array> values) {
    if (type_ == nullptr) {
      nb::object make = nb::module_::import_("collections").attr("namedtuple");
      type_ = make(name_, fields_, nb::arg("module") = "tnp").release().ptr();
    }
    nb::list list;
    for (const Array& x : values) list.append(to_python(x));
    return nb::handle(type_).attr("_make")(list);
  }

 private:
  const char *name_, *fields_;
  PyObject* type_ = nullptr;  // kept for ever
};

Unique distinct(const Value& x, bool index, bool inverse, bool counts) {
  return unique(x.array(), {{}, false, index, inverse, counts});
}
TNP_FUNCTION(unique_all, kFunction, "(x)", "The distinct elements with their first indices, the inverse and counts.") {
  static ResultTuple result("UniqueAllResult", "values indices inverse_indices counts");
  const Unique u = distinct(take<1>(args)[0], true, true, true);
  return result({u.values, u.index, u.inverse, u.counts});
}
TNP_FUNCTION(unique_counts, kFunction, "(x)", "The distinct elements and how often each is there.") {
  static ResultTuple result("UniqueCountsResult", "values counts");
  const Unique u = distinct(take<1>(args)[0], false, false, true);
  return result({u.values, u.counts});
}
TNP_FUNCTION(unique_inverse, kFunction, "(x)", "The distinct elements and where each element of x is among them.") {
  static ResultTuple result("UniqueInverseResult", "values inverse_indices");
  const Unique u = distinct(take<1>(args)[0], false, true, false);
  return result({u.values, u.inverse});
}
TNP_FUNCTION(unique_values, kFunction, "(x)", "The distinct elements.") {
  return to_python(distinct(take<1>(args)[0], false, false, false).values);
}

TNP_FUNCTION(union1d, kFunction, "(ar1, ar2)", "The distinct elements of both, in order.") {
  const auto [ar1, ar2] = take<2>(args);
  return to_python(union1d(ar1.array(), ar2.array()));
}
TNP_FUNCTION(intersect1d, kFunction, "(ar1, ar2, assume_unique=False, return_indices=False)",
             "The distinct elements that both have, in order, and where they are first.") {
  const auto [ar1, ar2, assume_unique, return_indices] = take<4>(args);
  const Intersection r = intersect1d(ar1.array(), ar2.array(), assume_unique.flag(), return_indices.flag());
  if (!return_indices.flag()) return to_python(r.values);
  return nb::make_tuple(to_python(r.values), to_python(r.x_index), to_python(r.y_index));
}
TNP_FUNCTION(setdiff1d, kFunction, "(ar1, ar2, assume_unique=False)",
             "The distinct elements of ar1 that ar2 has not.") {
  const auto [ar1, ar2, assume_unique] = take<3>(args);
  return to_python(setdiff1d(ar1.array(), ar2.array(), assume_unique.flag()));
}
TNP_FUNCTION(setxor1d, kFunction, "(ar1, ar2, assume_unique=False)",
             "The distinct elements that only one of them has.") {
  const auto [ar1, ar2, assume_unique] = take<3>(args);
  return to_python(setxor1d(ar1.array(), ar2.array(), assume_unique.flag()));
}
TNP_FUNCTION(isin, kFunction, "(element, test_elements, assume_unique=False, invert=False, *, kind=None)",
             "Where elements are among the test elements.") {
  const auto [element, test_elements, assume_unique, invert, kind] = take<5>(args);
  const Array x = element.array(), y = test_elements.array();
  const std::string k = kind.text("");
  if (!k.empty() && k != "sort" && k != "table")
    throw ValueError("Invalid kind: '" + k + "'. Please use None, 'sort' or 'table'.");
  if (k == "table" && (is_inexact(x.dtype()) || is_inexact(y.dtype()))) {
    throw ValueError(
        "The 'table' method is only supported for boolean or integer arrays. Please select 'sort' or None for kind.");
  }
  return to_python(isin(x, y, invert.flag()));
}

}  // namespace

}  // namespace tnp::python
