// Functions that rearrange, join and split arrays.
#include "base/casting.h"
#include "base/dim.h"
#include "python/arguments.h"
#include "python/asked_size.h"
#include "python/same_object.h"
#include "tnp/error.h"
#include "tnp/joined_rows.h"
#include "tnp/padding.h"

namespace tnp::python {

namespace {

nb::object tuple_of(const Arrays& xs) { return nb::tuple(to_python(xs)); }

TNP_FUNCTION(reshape, kFunction, "(a, /, shape, order='C', *, copy=None)",
             "The same elements in another shape; -1 is whatever fits.") {
  const auto [a, shape, order, copied] = take<4>(args);
  const Array y = reshape(a.array(), shape.shape(), order.order());
  return to_python(copied.flag() ? copy(y) : y);
}
TNP_FUNCTION(ravel, kFunction | kMethod, "(a, order='C')", "The elements in one dimension.") {
  const auto [a, order] = take<2>(args);
  return same_or_new(a.handle(), ravel(a.array(), order.order()));
}
TNP_SHORT_WAY(ravel) {
  if (self == nullptr || !args.empty()) return nullptr;
  return same_or_new(nb::handle(self), ravel(array_of(self))).release().ptr();
}
TNP_FUNCTION(flatten, kFunction | kMethod, "(a, order='C')", "The elements in one dimension.") {
  return ravel_body(args);
}

TNP_FUNCTION(transpose, kFunction, "(a, axes=None)", "The axes in another order, reversed where none is given.") {
  const auto [a, axes] = take<2>(args);
  return to_python(permute_dims(a.array(), axes.axes()));
}
TNP_ALIAS(permute_dims, transpose)
TNP_FUNCTION(matrix_transpose, kFunction, "(x, /)", "The last two axes exchanged.") {
  return to_python(matrix_transpose(take<1>(args)[0].array()));
}
TNP_FUNCTION(swapaxes, kFunction | kMethod, "(a, axis1, axis2)", "Two axes exchanged.") {
  const auto [a, axis1, axis2] = take<3>(args);
  return same_or_new(a.handle(), swapaxes(a.array(), axis1.integer(), axis2.integer()));
}
TNP_FUNCTION(moveaxis, kFunction, "(a, source, destination)", "Axes moved to other places.") {
  const auto [a, source, destination] = take<3>(args);
  return to_python(moveaxis(a.array(), source.axes().value_or(Axes{}), destination.axes().value_or(Axes{})));
}
TNP_FUNCTION(rollaxis, kFunction, "(a, axis, start=0)", "An axis moved to lie before another.") {
  const auto [a, axis, start] = take<3>(args);
  return to_python(rollaxis(a.array(), axis.integer(), start.integer(0)));
}
TNP_FUNCTION(squeeze, kFunction | kMethod, "(a, axis=None)", "Without axes of size one.") {
  const auto [a, axis] = take<2>(args);
  const Array x = a.array();
  if (!axis.given()) ask_for_sizes_of(x);  // which are one decides about the number of axes
  return same_or_new(a.handle(), squeeze(x, axis.axes()));
}
TNP_SHORT_WAY(squeeze) {
  if (self == nullptr || !args.empty()) return nullptr;
  const Shape& shape = array_of(self).shape();
  if (!shape.rank_known()) return nullptr;
  for (std::int64_t d : shape) {
    if (d == 1 || is_symbolic(d)) return nullptr;
  }
  return Py_NewRef(self);
}
TNP_FUNCTION(expand_dims, kFunction, "(a, axis)", "With new axes of size one.") {
  const auto [a, axis] = take<2>(args);
  return to_python(expand_dims(a.array(), axis.axes().value_or(Axes{})));
}

template <Array (*F)(const Array&)>
nb::object at_least(const Arguments& args) {
  if (args.rest.size() == 1) return to_python(F(as_array(args.rest[0])));
  Arrays out;
  for (PyObject* o : args.rest) out.push_back(F(as_array(o)));
  return tuple_of(out);
}
TNP_FUNCTION(atleast_1d, kFunction, "(*arys)", "Arrays with at least one dimension.") {
  return at_least<&atleast_1d>(args);
}
TNP_FUNCTION(atleast_2d, kFunction, "(*arys)", "Arrays with at least two dimensions.") {
  return at_least<&atleast_2d>(args);
}
TNP_FUNCTION(atleast_3d, kFunction, "(*arys)", "Arrays with at least three dimensions.") {
  return at_least<&atleast_3d>(args);
}

// --- broadcasting

TNP_FUNCTION(broadcast_to, kFunction, "(array, shape, subok=False)", "An array repeated to another shape.") {
  const auto [array, shape] = take<2>(args);
  const Shape to = shape.shape();
  for (std::int64_t d : to) {
    if (d < 0 && d > -(std::int64_t{1} << 32)) throw ValueError("all elements of broadcast shape must be non-negative");
  }
  return to_python(broadcast_to(array.array(), to));
}
TNP_FUNCTION(broadcast_arrays, kFunction, "(*args, subok=False)", "Arrays broadcast against each other.") {
  Arrays xs;
  for (PyObject* o : args.rest) xs.push_back(as_array(o));
  return tuple_of(broadcast_arrays(xs));
}
TNP_FUNCTION(broadcast_shapes, kFunction, "(*args)", "The shape that shapes broadcast to.") {
  std::vector<Shape> shapes;
  for (PyObject* o : args.rest) shapes.push_back(Value(o).shape());
  return shape_object(broadcast_shapes(shapes));
}

// --- joining

JoinOptions join_options(const Value& dtype, const Value& casting) { return {0, dtype.dtype(), casting.casting()}; }

// The array whose rows, of which nobody knows how many there are, are to be joined; null for other sequences.
const Array* unknown_rows(const Value& arrays) {
  if (arrays.ptr() == nullptr || !is_array(arrays.ptr())) return nullptr;
  const Array& x = array_of(arrays.ptr());
  return x.is_symbolic() && x.shape().rank_known() && x.ndim() > 0 && is_symbolic(x.shape()[0]) ? &x : nullptr;
}

nb::object joined(Array x, const JoinOptions& options) {
  if (options.dtype) {
    check_cast(x.dtype(), *options.dtype, options.casting);
    x = astype(x, *options.dtype);
  }
  return to_python(x);
}

TNP_FUNCTION(concatenate, kFunction, "(arrays, /, axis=0, out=None, *, dtype=None, casting='same_kind')",
             "Arrays joined along an axis, or flattened and joined.") {
  const auto [arrays, axis, out, dtype, casting] = take<5>(args);
  JoinOptions options = join_options(dtype, casting);
  if (axis.ptr() != nullptr) options.axis = axis.axis();
  if (const Array* rows = unknown_rows(arrays)) return joined(concatenate_rows(*rows, options.axis), options);
  return to_python(concatenate(arrays.arrays(), options));
}
TNP_ALIAS(concat, concatenate)
TNP_FUNCTION(stack, kFunction, "(arrays, axis=0, out=None, *, dtype=None, casting='same_kind')",
             "Arrays joined along a new axis.") {
  const auto [arrays, axis, out, dtype, casting] = take<5>(args);
  if (const Array* rows = unknown_rows(arrays)) {
    return joined(stack_rows(*rows, axis.integer(0)), join_options(dtype, casting));
  }
  return to_python(stack(arrays.arrays(), axis.integer(0), join_options(dtype, casting)));
}
TNP_FUNCTION(vstack, kFunction, "(tup, *, dtype=None, casting='same_kind')", "Arrays as rows one below the other.") {
  const auto [tup, dtype, casting] = take<3>(args);
  if (const Array* rows = unknown_rows(tup)) return joined(vstack_rows(*rows), join_options(dtype, casting));
  return to_python(vstack(tup.arrays(), join_options(dtype, casting)));
}
TNP_FUNCTION(hstack, kFunction, "(tup, *, dtype=None, casting='same_kind')", "Arrays side by side.") {
  const auto [tup, dtype, casting] = take<3>(args);
  if (const Array* rows = unknown_rows(tup)) return joined(hstack_rows(*rows), join_options(dtype, casting));
  return to_python(hstack(tup.arrays(), join_options(dtype, casting)));
}
TNP_FUNCTION(dstack, kFunction, "(tup)", "Arrays joined along the third axis.") {
  const auto [tup] = take<1>(args);
  if (const Array* rows = unknown_rows(tup)) return to_python(dstack_rows(*rows));
  return to_python(dstack(tup.arrays()));
}
TNP_FUNCTION(column_stack, kFunction, "(tup)", "One-dimensional arrays as columns.") {
  const auto [tup] = take<1>(args);
  if (const Array* rows = unknown_rows(tup)) return to_python(column_stack_rows(*rows));
  return to_python(column_stack(tup.arrays()));
}
TNP_FUNCTION(append, kFunction, "(arr, values, axis=None)", "Values after those of an array.") {
  const auto [arr, values, axis] = take<3>(args);
  return to_python(append(arr.array(), values.array(), axis.axis()));
}

// --- splitting

nb::object split_by(const Array& x, const Value& where, std::int64_t axis, bool equal) {
  if (PyIndex_Check(where.ptr()) && !(is_array(where.ptr()) && array_of(where.ptr()).ndim() > 0) &&
      !PySequence_Check(where.ptr())) {
    return to_python(equal ? split(x, where.integer(), axis) : array_split(x, where.integer(), axis));
  }
  Axes boundaries;
  for (nb::handle each : nb::iter(where.handle())) boundaries.push_back(Value(each.ptr()).size());
  return to_python(split_at(x, boundaries, axis));
}

TNP_FUNCTION(split, kFunction, "(ary, indices_or_sections, axis=0)",
             "Parts along an axis: equal ones, or between given places.") {
  const auto [ary, where, axis] = take<3>(args);
  return split_by(ary.array(), where, axis.integer(0), true);
}
TNP_FUNCTION(array_split, kFunction, "(ary, indices_or_sections, axis=0)", "Parts along an axis, as equal as can be.") {
  const auto [ary, where, axis] = take<3>(args);
  return split_by(ary.array(), where, axis.integer(0), false);
}
nb::object split_along(const Arguments& args, int least, int axis, const char* name) {
  const auto [ary, where] = take<2>(args);
  const Array x = ary.array();
  if (x.ndim() < least) {
    throw ValueError(std::string(name) + " only works on arrays of " + std::to_string(least) + " or more dimensions");
  }
  return split_by(x, where, axis, true);
}
TNP_FUNCTION(vsplit, kFunction, "(ary, indices_or_sections)", "Parts along the first axis.") {
  return split_along(args, 2, 0, "vsplit");
}
TNP_FUNCTION(dsplit, kFunction, "(ary, indices_or_sections)", "Parts along the third axis.") {
  return split_along(args, 3, 2, "dsplit");
}
TNP_FUNCTION(hsplit, kFunction, "(ary, indices_or_sections)", "Parts along the second axis, or the only one.") {
  const Array x = take<1>(args)[0].array();
  return split_along(args, 1, x.ndim() > 1 ? 1 : 0, "hsplit");
}
TNP_FUNCTION(unstack, kFunction, "(x, /, *, axis=0)", "The parts along an axis, without it.") {
  const auto [x, axis] = take<2>(args);
  return tuple_of(unstack(x.array(), axis.integer(0)));
}

// --- repeating

TNP_FUNCTION(tile, kFunction, "(A, reps)", "An array repeated along its axes.") {
  const auto [a, reps] = take<2>(args);
  return to_python(tile(a.array(), reps.shape()));
}

// A pair an axis, from one number, one pair, or a pair for each axis.
template <class T, class Read>
std::vector<std::pair<T, T>> pairs(const Value& value, int ndim, Read&& read, const char* what) {
  const auto wrong = [&] {
    return ValueError(std::string("pad: ") + what + " can not be broadcast to shape (" + std::to_string(ndim) + ", 2)");
  };
  const auto is_leaf = [](PyObject* o) { return !PySequence_Check(o) || (is_array(o) && array_of(o).ndim() == 0); };
  std::vector<std::pair<T, T>> out;
  if (is_leaf(value.ptr())) {
    const T both = read(value.ptr());
    return std::vector<std::pair<T, T>>(ndim, {both, both});
  }
  const auto items_of = [](PyObject* o) {
    nb::object items = nb::steal(PySequence_List(o));
    if (!items.is_valid()) throw nb::python_error();
    return nb::list(items);
  };
  const auto pair_of = [&](PyObject* o) -> std::pair<T, T> {
    if (is_leaf(o)) {
      const T both = read(o);
      return {both, both};
    }
    const nb::list each = items_of(o);
    if (nb::len(each) == 1) return {read(nb::handle(each[0]).ptr()), read(nb::handle(each[0]).ptr())};
    if (nb::len(each) != 2) throw wrong();
    return {read(nb::handle(each[0]).ptr()), read(nb::handle(each[1]).ptr())};
  };
  const nb::list items = items_of(value.ptr());
  const int n = static_cast<int>(nb::len(items));
  bool leaves = true;
  for (int i = 0; i < n; ++i) leaves = leaves && is_leaf(nb::handle(items[i]).ptr());
  if (leaves && n == 2) return std::vector<std::pair<T, T>>(ndim, pair_of(items.ptr()));
  if (n != 1 && (n != ndim || leaves)) throw wrong();
  for (int i = 0; i < ndim; ++i) out.push_back(pair_of(nb::handle(items[n == 1 ? 0 : i]).ptr()));
  return out;
}

// `sizes`: widths may be sizes that only a run knows.
std::vector<PadWidth> pad_widths(const Value& width, const Array& x, bool sizes) {
  std::vector<PadWidth> out(x.ndim());
  const auto number = [sizes](PyObject* o) {
    if (PyFloat_Check(o)) throw TypeError("`pad_width` must be of integral type.");
    return sizes && nb::isinstance<PyDim>(nb::handle(o)) ? dim_of(nb::handle(o)) : Value(o).integer();
  };
  if (PyDict_Check(width.ptr())) {
    for (auto [axis, each] : nb::cast<nb::dict>(width.handle())) {
      const auto pair = pairs<std::int64_t>(Value(each.ptr()), 1, number, "pad_width")[0];
      out[normalize_axis(Value(axis.ptr()).integer(), x.ndim())] = {pair.first, pair.second};
    }
    return out;
  }
  const auto list = pairs<std::int64_t>(width, x.ndim(), number, "pad_width");
  for (int i = 0; i < x.ndim(); ++i) out[i] = {list[i].first, list[i].second};
  return out;
}

// A value for each edge, 0 where none are given.
std::vector<PadValues> edge_values(const Value& given, const Array& x, const char* what) {
  const auto value = [&](PyObject* o) { return as_array(o, {x.dtype(), std::nullopt}); };
  const Array zero = astype(Scalar(0).to_array(), x.dtype());
  std::vector<PadValues> values(x.ndim(), PadValues{zero, zero});
  if (!given.given()) return values;
  const auto list = pairs<Array>(given, x.ndim(), value, what);
  for (int i = 0; i < x.ndim(); ++i) values[i] = {list[i].first, list[i].second};
  return values;
}

// How many elements at each edge a statistic is of; -1: all.
std::vector<PadWidth> stat_lengths(const Value& given, const Array& x) {
  std::vector<PadWidth> out(x.ndim(), PadWidth{-1, -1});
  if (!given.given()) return out;
  const auto number = [](PyObject* o) {
    const std::int64_t n = o == Py_None ? -1 : Value(o).integer();
    if (o != Py_None && n < 0) throw ValueError("index can't contain negative values");
    return n;
  };
  const auto list = pairs<std::int64_t>(given, x.ndim(), number, "stat_length");
  for (int i = 0; i < x.ndim(); ++i) out[i] = {list[i].first, list[i].second};
  return out;
}

TNP_FUNCTION(
    pad, kFunction,
    "(array, pad_width, mode='constant', *, constant_values=0, reflect_type='even', stat_length=None, "
    "end_values=0)",
    "An array with elements added at its edges. Modes: constant, empty, edge, linear_ramp, maximum, mean, median, "
    "minimum, reflect, symmetric, wrap.") {
  const auto [array, pad_width, mode, constant_values, reflect_type, stat_length, end_values] = take<7>(args);
  const Array x = array.array();
  const std::string how = mode.text("constant"), type = reflect_type.text("even");
  const std::vector<PadWidth> widths = pad_widths(pad_width, x, how == "constant" || how == "empty");
  if (how == "constant" || how == "empty") {
    const auto values = edge_values(how == "constant" ? constant_values : Value(), x, "constant_values");
    return to_python(pad(x, widths, values));
  }
  static constexpr std::pair<const char*, PadMode> kModes[] = {{"edge", PadMode::edge},
                                                               {"reflect", PadMode::reflect},
                                                               {"symmetric", PadMode::symmetric},
                                                               {"wrap", PadMode::wrap}};
  for (const auto& [name, m] : kModes) {
    if (how == name) return to_python(pad(x, widths, m, type == "odd"));
  }
  if (how == "linear_ramp") return to_python(pad_linear_ramp(x, widths, edge_values(end_values, x, "end_values")));
  static constexpr std::pair<const char*, PadStatistic> kStatistics[] = {{"maximum", PadStatistic::maximum},
                                                                         {"mean", PadStatistic::mean},
                                                                         {"median", PadStatistic::median},
                                                                         {"minimum", PadStatistic::minimum}};
  for (const auto& [name, statistic] : kStatistics) {
    if (how == name) return to_python(pad_statistic(x, widths, statistic, stat_lengths(stat_length, x)));
  }
  throw ValueError("mode '" + how + "' is not supported");
}

}  // namespace

}  // namespace tnp::python
