// Sorting and searching.
#include "python/arguments.h"
#include "tnp/error.h"
#include "tnp/sorting.h"

namespace tnp::python {

namespace {

// NumPy's axis where None means the flat array and nothing the last one.
std::optional<std::int64_t> sort_axis_of(const Value& axis) {
  return axis.ptr() == nullptr ? std::optional<std::int64_t>(-1) : axis.axis();
}

void refuse_order(const Value& order) {
  if (order.given()) throw ValueError("Cannot specify order when the array has no fields.");
}

// All kinds give the same: the sort is stable as far as it can be told.
void check_sort_kind(const Value& kind, const Value& order, const Value& stable) {
  refuse_order(order);
  if (kind.given() && stable.given()) {
    throw ValueError("`kind` and keyword parameters can't be provided at the same time. Use only one of them.");
  }
  if (stable.given()) stable.flag();
  if (!kind.given()) return;
  const std::string k = kind.text("");
  if (k.empty() || std::string_view("qQhHsSmM").find(k[0]) == std::string_view::npos)
    throw ValueError("sort kind must be one of 'quick', 'heap', or 'stable' (got '" + k + "')");
}

void check_select_kind(const Value& kind, const Value& order) {
  refuse_order(order);
  const std::string k = kind.text("introselect");
  if (k != "introselect") throw ValueError("select kind must be 'introselect' (got '" + k + "')");
}

TNP_FUNCTION(
    sort, kFunction | kMethod, "(a, axis=-1, kind=None, order=None, *, stable=None)",
    "The elements in order along an axis, NaN last. A new array: the method, too, leaves the array as it is.") {
  const auto [a, axis, kind, order, stable] = take<5>(args);
  check_sort_kind(kind, order, stable);
  return to_python(sort(a.array(), sort_axis_of(axis)));
}
TNP_FUNCTION(argsort, kFunction | kMethod, "(a, axis=-1, kind=None, order=None, *, stable=None)",
             "The indices that put the elements in order along an axis; equal ones stay in order.") {
  const auto [a, axis, kind, order, stable] = take<5>(args);
  check_sort_kind(kind, order, stable);
  return to_python(argsort(a.array(), sort_axis_of(axis)));
}

Array ranks_of(const Value& kth) {
  if (PyBool_Check(kth.ptr())) throw ValueError("Booleans unacceptable as partition index");
  return kth.array();
}
TNP_FUNCTION(partition, kFunction | kMethod, "(a, kth, axis=-1, kind='introselect', order=None)",
             "The elements rearranged along an axis so that those of the given ranks are where sorting would put them, "
             "with nothing greater before and nothing less behind them. A new array.") {
  const auto [a, kth, axis, kind, order] = take<5>(args);
  check_select_kind(kind, order);
  return to_python(partition(a.array(), ranks_of(kth), sort_axis_of(axis)));
}
TNP_FUNCTION(argpartition, kFunction | kMethod, "(a, kth, axis=-1, kind='introselect', order=None)",
             "The indices that partition the elements along an axis.") {
  const auto [a, kth, axis, kind, order] = take<5>(args);
  check_select_kind(kind, order);
  return to_python(argpartition(a.array(), ranks_of(kth), sort_axis_of(axis)));
}

TNP_FUNCTION(lexsort, kFunction, "(keys, axis=-1)",
             "The indices that sort by the last key, then by the one before it, …") {
  const auto [keys, axis] = take<2>(args);
  Arrays all;
  if (is_array(keys.ptr()) || !PySequence_Check(keys.ptr())) {
    const Array x = keys.array();
    if (x.ndim() == 0) throw TypeError("need sequence of keys with len > 0 in lexsort");
    all = unstack(x);
  } else {
    all = keys.arrays();
  }
  return to_python(lexsort(all, axis.integer(-1)));
}
TNP_FUNCTION(sort_complex, kFunction, "(a)", "The elements in order, as complex numbers.") {
  return to_python(sort_complex(take<1>(args)[0].array()));
}

TNP_FUNCTION(searchsorted, kFunction | kMethod, "(a, v, side='left', sorter=None)",
             "Where to insert values into a sorted vector so that it stays sorted.") {
  const auto [a, v, side, sorter] = take<4>(args);
  const std::string s = side.text("left");
  if (s != "left" && s != "right") throw ValueError("search side must be 'left' or 'right' (got '" + s + "')");
  return to_python(searchsorted(a.array(), v.array(), s == "right", sorter.array_if_given()));
}
TNP_FUNCTION(digitize, kFunction, "(x, bins, right=False)", "The number of the bin that each value is in.") {
  const auto [x, bins, right] = take<3>(args);
  return to_python(digitize(x.array(), bins.array(), right.flag()));
}

}  // namespace

}  // namespace tnp::python
