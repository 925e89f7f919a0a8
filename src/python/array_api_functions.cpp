// The functions of tnp.array_api on whole arrays: statistics, shapes, choices, products.
#include "python/array_api_arguments.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"
#include "tnp/reductions.h"

namespace tnp::python {

namespace {

std::string named(const char* function, const char* argument) { return std::string(function) + ": " + argument; }

array_api::Reduction over(const char* function, const Value& axis, const Value& keepdims) {
  return {strict_axes(named(function, "axis").c_str(), axis),
          strict_flag(named(function, "keepdims").c_str(), keepdims, false)};
}

std::int64_t int_or(const std::string& what, const Value& v, std::int64_t otherwise) {
  return v.ptr() ? strict_int(what.c_str(), v.ptr()) : otherwise;
}

// --- statistics

#define TNP_SUM(NAME, DOC)                                                                 \
  TNP_FUNCTION(NAME, kStandard, "(x, /, *, axis=None, dtype=None, keepdims=False)", DOC) { \
    const auto [x, axis, dtype, keepdims] = take<4>(args);                                 \
    const Array& a = strict_argument(#NAME, x.ptr());                                      \
    const std::optional<DType> d = strict_dtype_if_given(#NAME, dtype.ptr());              \
    return to_strict(array_api::NAME(a, over(#NAME, axis, keepdims), d));                  \
  }
TNP_SUM(sum, "The sum over axes.")
TNP_SUM(prod, "The product over axes.")
#undef TNP_SUM

#define TNP_REDUCTION(NAME, DOC)                                                                     \
  TNP_FUNCTION(NAME, kStandard, "(x, /, *, axis=None, keepdims=False)", DOC) {                       \
    const auto [x, axis, keepdims] = take<3>(args);                                                  \
    return to_strict(array_api::NAME(strict_argument(#NAME, x.ptr()), over(#NAME, axis, keepdims))); \
  }
TNP_REDUCTION(max, "The largest element over axes.")
TNP_REDUCTION(min, "The smallest element over axes.")
TNP_REDUCTION(mean, "The mean over axes.")
#undef TNP_REDUCTION

#define TNP_SPREAD(NAME, DOC)                                                                                 \
  TNP_FUNCTION(NAME, kStandard, "(x, /, *, axis=None, correction=0.0, keepdims=False)", DOC) {                \
    const auto [x, axis, correction, keepdims] = take<4>(args);                                               \
    return to_strict(                                                                                         \
        array_api::NAME(strict_argument(#NAME, x.ptr()), over(#NAME, axis, keepdims), correction.number(0))); \
  }
TNP_SPREAD(std, "The standard deviation over axes; the divisor is the number of elements less correction.")
TNP_SPREAD(var, "The variance over axes; the divisor is the number of elements less correction.")
#undef TNP_SPREAD

#define TNP_EVERY(NAME, DOC)                                                   \
  TNP_FUNCTION(NAME, kStandard, "(x, /, *, axis=None, keepdims=False)", DOC) { \
    const auto [x, axis, keepdims] = take<3>(args);                            \
    tnp::Reduction o;                                                          \
    o.axis = strict_axes(#NAME ": axis", axis);                                \
    o.keepdims = strict_flag(#NAME ": keepdims", keepdims, false);             \
    return to_strict(tnp::NAME(strict_argument(#NAME, x.ptr()), o));           \
  }
TNP_EVERY(all, "Whether all elements over axes are true.")
TNP_EVERY(any, "Whether any element over axes is true.")
TNP_EVERY(count_nonzero, "The number of elements over axes that are not zero.")
#undef TNP_EVERY

#define TNP_ARGUMENT(NAME, DOC)                                                                                   \
  TNP_FUNCTION(NAME, kStandard, "(x, /, *, axis=None, keepdims=False)", DOC) {                                    \
    const auto [x, axis, keepdims] = take<3>(args);                                                               \
    const Array& a = strict_argument(#NAME, x.ptr());                                                             \
    return to_strict(                                                                                             \
        array_api::NAME(a, strict_axis(#NAME ": axis", axis), strict_flag(#NAME ": keepdims", keepdims, false))); \
  }
TNP_ARGUMENT(argmax, "The index of the largest element along an axis.")
TNP_ARGUMENT(argmin, "The index of the smallest element along an axis.")
#undef TNP_ARGUMENT

TNP_FUNCTION(diff, kStandard, "(x, /, *, axis=-1, n=1, prepend=None, append=None)",
             "The n-th differences along an axis.") {
  const auto [x, axis, n, prepend, append] = take<5>(args);
  const auto part = [](const Value& v, const char* which) {
    return v.given() ? strict_argument("diff", v.ptr(), which) : Array();
  };
  return to_strict(array_api::diff(strict_argument("diff", x.ptr()), int_or("diff: axis", axis, -1),
                                   int_or("diff: n", n, 1), part(prepend, "prepend"), part(append, "append")));
}

// --- shapes

TNP_FUNCTION(broadcast_arrays, kStandard, "(*arrays)", "The arrays, broadcast to one shape.") {
  return to_strict_tuple(tnp::broadcast_arrays(strict_arrays("broadcast_arrays", args.rest)));
}

TNP_FUNCTION(broadcast_shapes, kStandard, "(*shapes)", "The shape that arrays of these shapes are broadcast to.") {
  std::vector<Shape> shapes;
  for (PyObject* o : args.rest) shapes.push_back(strict_shape("broadcast_shapes: each shape", Value(o), false));
  return shape_object(tnp::broadcast_shapes(shapes));
}

TNP_FUNCTION(broadcast_to, kStandard, "(x, /, shape)", "The array, broadcast to a shape.") {
  const auto [x, shape] = take<2>(args);
  return to_strict(
      tnp::broadcast_to(strict_argument("broadcast_to", x.ptr()), strict_shape("broadcast_to: shape", shape, false)));
}

TNP_FUNCTION(concat, kStandard, "(arrays, /, *, axis=0)", "The arrays, joined along an axis.") {
  const auto [arrays, axis] = take<2>(args);
  const std::optional<std::int64_t> along =
      axis.ptr() ? strict_axis("concat: axis", axis) : std::optional<std::int64_t>(0);
  return to_strict(array_api::concat(strict_sequence("concat", arrays), along));
}

TNP_FUNCTION(stack, kStandard, "(arrays, /, *, axis=0)", "The arrays, joined along a new axis.") {
  const auto [arrays, axis] = take<2>(args);
  return to_strict(array_api::stack(strict_sequence("stack", arrays), int_or("stack: axis", axis, 0)));
}

TNP_FUNCTION(unstack, kStandard, "(x, /, *, axis=0)", "The rows along an axis, a tuple.") {
  const auto [x, axis] = take<2>(args);
  return to_strict_tuple(tnp::unstack(strict_argument("unstack", x.ptr()), int_or("unstack: axis", axis, 0)));
}

TNP_FUNCTION(expand_dims, kStandard, "(x, /, axis)", "The array with axes of size 1 added.") {
  const auto [x, axis] = take<2>(args);
  return to_strict(tnp::expand_dims(strict_argument("expand_dims", x.ptr()), strict_ints("expand_dims: axis", axis)));
}

TNP_FUNCTION(squeeze, kStandard, "(x, /, axis)", "The array without these axes of size 1.") {
  const auto [x, axis] = take<2>(args);
  if (!axis.given()) {
    throw ValueError("squeeze: the standard wants axis, as a shape should not depend on which sizes happen to be 1");
  }
  return to_strict(tnp::squeeze(strict_argument("squeeze", x.ptr()), strict_ints("squeeze: axis", axis)));
}

TNP_FUNCTION(flip, kStandard, "(x, /, *, axis=None)", "The elements in the reverse order along axes.") {
  const auto [x, axis] = take<2>(args);
  const Array& a = strict_argument("flip", x.ptr());
  const std::optional<Axes> axes = strict_axes("flip: axis", axis);
  return to_strict(axes ? tnp::flip(a, *axes) : tnp::flip(a));
}

TNP_FUNCTION(moveaxis, kStandard, "(x, source, destination, /)", "The array with axes moved to other places.") {
  const auto [x, source, destination] = take<3>(args);
  return to_strict(tnp::moveaxis(strict_argument("moveaxis", x.ptr()), strict_ints("moveaxis: source", source),
                                 strict_ints("moveaxis: destination", destination)));
}

TNP_FUNCTION(permute_dims, kStandard, "(x, /, axes)", "The array with its axes in another order.") {
  const auto [x, axes] = take<2>(args);
  if (axes.ptr() == nullptr || !PyTuple_Check(axes.ptr()))
    throw TypeError("permute_dims: axes must be a tuple of ints");
  return to_strict(
      tnp::permute_dims(strict_argument("permute_dims", x.ptr()), strict_ints("permute_dims: axes", axes)));
}

TNP_FUNCTION(reshape, kStandard, "(x, /, shape, *, copy=None)", "The elements in another shape.") {
  const auto [x, shape, copied] = take<3>(args);
  const Array& a = strict_argument("reshape", x.ptr());
  const bool never = copied.given() && !strict_flag("reshape: copy", copied, true);
  const Array out = tnp::reshape(a, strict_shape("reshape: shape", shape, false), Order::c);
  if (never && a.state() == State::concrete && out.state() == State::concrete && out.size() > 0 &&
      a.node()->buffer != out.node()->buffer) {
    throw ValueError("reshape: this shape needs a copy, which copy=False forbids");
  }
  return to_strict(out);
}

TNP_FUNCTION(roll, kStandard, "(x, /, shift, *, axis=None)", "The elements, rolled along axes.") {
  const auto [x, shift, axis] = take<3>(args);
  const Array& a = strict_argument("roll", x.ptr());
  Axes shifts = strict_ints("roll: shift", shift);
  const std::optional<Axes> axes = strict_axes("roll: axis", axis);
  if (!axes) {
    if (shifts.size() != 1) throw ValueError("roll: the standard wants an int for shift where there is no axis");
    return to_strict(tnp::roll(a, shifts[0]));
  }
  while (shifts.size() == 1 && !PyTuple_Check(shift.ptr()) && shifts.size() < axes->size())
    shifts = Axes(axes->size(), shifts[0]);
  if (shifts.size() != axes->size()) throw ValueError("roll: shift and axis must have the same number of elements");
  return to_strict(tnp::roll(a, shifts, *axes));
}

TNP_FUNCTION(tile, kStandard, "(x, repetitions, /)", "The array, repeated along its axes.") {
  const auto [x, repetitions] = take<2>(args);
  if (!PyTuple_Check(repetitions.ptr())) throw TypeError("tile: repetitions must be a tuple of ints");
  return to_strict(tnp::tile(strict_argument("tile", x.ptr()), strict_ints("tile: repetitions", repetitions)));
}

TNP_FUNCTION(repeat, kStandard, "(x, repeats, /, *, axis=None)", "Each element so many times.") {
  const auto [x, repeats, axis] = take<3>(args);
  const Array& a = strict_argument("repeat", x.ptr());
  const std::optional<std::int64_t> along = strict_axis("repeat: axis", axis);
  if (is_strict_array(repeats.ptr())) return to_strict(array_api::repeat(a, strict_array_of(repeats.ptr()), along));
  return to_strict(tnp::repeat(a, strict_int("repeat: repeats", repeats.ptr()), along));
}

// --- choices

TNP_FUNCTION(nonzero, kStandard, "(x, /)", "The indices of the elements that are not zero, an array for each axis.") {
  const Array& a = strict_argument("nonzero", args.values[0]);
  if (a.ndim() == 0)
    throw ValueError("nonzero: the standard wants at least one dimension: write nonzero(reshape(x, (1,)))");
  return to_strict_tuple(tnp::nonzero(a));
}

TNP_FUNCTION(take, kStandard, "(x, indices, /, *, axis=None)", "The elements at indices along an axis.") {
  const auto [x, indices, axis] = python::take<3>(args);
  return to_strict(array_api::take(strict_argument("take", x.ptr()), strict_argument("take", indices.ptr(), "indices"),
                                   strict_axis("take: axis", axis)));
}

TNP_FUNCTION(take_along_axis, kStandard, "(x, indices, /, *, axis=-1)",
             "The elements at indices of their own along an axis.") {
  const auto [x, indices, axis] = python::take<3>(args);
  return to_strict(array_api::take_along_axis(strict_argument("take_along_axis", x.ptr()),
                                              strict_argument("take_along_axis", indices.ptr(), "indices"),
                                              int_or("take_along_axis: axis", axis, -1)));
}

// --- products

TNP_FUNCTION(matmul, kStandard, "(x1, x2, /)", "The matrix product.") {
  const auto [x1, x2] = python::take<2>(args);
  return to_strict(
      array_api::matmul(strict_argument("matmul", x1.ptr(), "x1"), strict_argument("matmul", x2.ptr(), "x2")));
}

TNP_FUNCTION(matrix_transpose, kStandard, "(x, /)", "The last two axes exchanged.") {
  return to_strict(array_api::matrix_transpose(strict_argument("matrix_transpose", args.values[0])));
}

Axes axis_list(const Value& axes) {
  Axes out;
  if (!PySequence_Check(axes.ptr()) || PyUnicode_Check(axes.ptr()))
    throw TypeError("tensordot: axes must be an int or a tuple of two sequences");
  for (nb::handle each : nb::borrow<nb::iterable>(axes.handle()))
    out.push_back(strict_int("tensordot: axes", each.ptr()));
  return out;
}

TNP_FUNCTION(tensordot, kStandard, "(x1, x2, /, *, axes=2)", "The product summed over axes of both.") {
  const auto [x1, x2, axes] = python::take<3>(args);
  const Array &a = strict_argument("tensordot", x1.ptr(), "x1"), &b = strict_argument("tensordot", x2.ptr(), "x2");
  if (axes.ptr() == nullptr || !PyTuple_Check(axes.ptr()))
    return to_strict(array_api::tensordot(a, b, int_or("tensordot: axes", axes, 2)));
  if (PyTuple_GET_SIZE(axes.ptr()) != 2) throw ValueError("tensordot: axes must be an int or a tuple of two sequences");
  return to_strict(array_api::tensordot(
      a, b, {axis_list(PyTuple_GET_ITEM(axes.ptr(), 0)), axis_list(PyTuple_GET_ITEM(axes.ptr(), 1))}));
}

TNP_FUNCTION(vecdot, kStandard, "(x1, x2, /, *, axis=-1)",
             "The product of vectors along an axis; the first is conjugated.") {
  const auto [x1, x2, axis] = python::take<3>(args);
  return to_strict(array_api::vecdot(strict_argument("vecdot", x1.ptr(), "x1"),
                                     strict_argument("vecdot", x2.ptr(), "x2"), int_or("vecdot: axis", axis, -1)));
}

}  // namespace

}  // namespace tnp::python
