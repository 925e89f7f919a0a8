// The functions of tnp.array_api on whole arrays: statistics, shapes, choices, products.
#include "python/array_api_arguments.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"
#include "tnp/reductions.h"

namespace tnp::python {

namespace {

// --- statistics

// Of a function with arguments axis and keepdims.
#define TNP_OVER(NAME) \
  array_api::Reduction { strict_axes(NAME ": axis", axis), strict_flag(NAME ": keepdims", keepdims, false) }

#define TNP_SUM(NAME, DOC)                                                             \
  TNP_STANDARD(NAME, k2021, "(x, /, *, axis=None, dtype=None, keepdims=False)", DOC) { \
    const auto [x, axis, dtype, keepdims] = take<4>(args);                             \
    const Array& a = call.array(x);                                                    \
    return call.wrap(array_api::NAME(a, TNP_OVER(#NAME), call.sum_dtype(dtype, a)));   \
  }
TNP_SUM(sum, "The sum over axes.")
TNP_SUM(prod, "The product over axes.")
#undef TNP_SUM

#define TNP_REDUCTION(NAME, DOC)                                           \
  TNP_STANDARD(NAME, k2021, "(x, /, *, axis=None, keepdims=False)", DOC) { \
    const auto [x, axis, keepdims] = take<3>(args);                        \
    return call.wrap(array_api::NAME(call.array(x), TNP_OVER(#NAME)));     \
  }
TNP_REDUCTION(max, "The largest element over axes.")
TNP_REDUCTION(min, "The smallest element over axes.")
TNP_REDUCTION(mean, "The mean over axes.")
#undef TNP_REDUCTION

#define TNP_SPREAD(NAME, DOC)                                                                \
  TNP_STANDARD(NAME, k2021, "(x, /, *, axis=None, correction=0.0, keepdims=False)", DOC) {   \
    const auto [x, axis, correction, keepdims] = take<4>(args);                              \
    return call.wrap(array_api::NAME(call.array(x), TNP_OVER(#NAME), correction.number(0))); \
  }
TNP_SPREAD(std, "The standard deviation over axes; the divisor is the number of elements less correction.")
TNP_SPREAD(var, "The variance over axes; the divisor is the number of elements less correction.")
#undef TNP_SPREAD

#define TNP_EVERY(NAME, SINCE, WRAP, DOC)                                  \
  TNP_STANDARD(NAME, SINCE, "(x, /, *, axis=None, keepdims=False)", DOC) { \
    const auto [x, axis, keepdims] = take<3>(args);                        \
    tnp::Reduction o;                                                      \
    o.axis = strict_axes(#NAME ": axis", axis);                            \
    o.keepdims = strict_flag(#NAME ": keepdims", keepdims, false);         \
    return call.WRAP(tnp::NAME(call.array(x), o));                         \
  }
TNP_EVERY(all, k2021, wrap, "Whether all elements over axes are true.")
TNP_EVERY(any, k2021, wrap, "Whether any element over axes is true.")
TNP_EVERY(count_nonzero, k2024, wrap_indices, "The number of elements over axes that are not zero.")
#undef TNP_EVERY

#define TNP_CUMULATION(NAME, SINCE, DOC)                                                      \
  TNP_STANDARD(NAME, SINCE, "(x, /, *, axis=None, dtype=None, include_initial=False)", DOC) { \
    const auto [x, axis, dtype, initial] = take<4>(args);                                     \
    const Array& a = call.array(x);                                                           \
    const array_api::Cumulation over{strict_axis(#NAME ": axis", axis),                       \
                                     strict_flag(#NAME ": include_initial", initial, false)}; \
    return call.wrap(array_api::NAME(a, over, call.sum_dtype(dtype, a)));                     \
  }
TNP_CUMULATION(cumulative_sum, k2023, "The sums of the elements up to each along an axis.")
TNP_CUMULATION(cumulative_prod, k2024, "The products of the elements up to each along an axis.")
#undef TNP_CUMULATION

#define TNP_ARGUMENT(NAME, DOC)                                                                                   \
  TNP_STANDARD(NAME, k2021, "(x, /, *, axis=None, keepdims=False)", DOC) {                                        \
    const auto [x, axis, keepdims] = take<3>(args);                                                               \
    const Array& a = call.array(x);                                                                               \
    return call.wrap_indices(                                                                                     \
        array_api::NAME(a, strict_axis(#NAME ": axis", axis), strict_flag(#NAME ": keepdims", keepdims, false))); \
  }
TNP_ARGUMENT(argmax, "The index of the largest element along an axis.")
TNP_ARGUMENT(argmin, "The index of the smallest element along an axis.")
#undef TNP_ARGUMENT

TNP_STANDARD(diff, k2024, "(x, /, *, axis=-1, n=1, prepend=None, append=None)", "The n-th differences along an axis.") {
  const auto [x, axis, n, prepend, append] = take<5>(args);
  const Array& a = call.array(x);
  return call.wrap(array_api::diff(a, call.int_or("axis", axis, -1), call.int_or("n", n, 1),
                                   call.array_if_given(prepend, "prepend"), call.array_if_given(append, "append")));
}

// --- shapes

TNP_STANDARD(broadcast_arrays, k2021, "(*arrays)", "The arrays, broadcast to one shape.") {
  return call.sequence(tnp::broadcast_arrays(call.arrays(args.rest)));
}

TNP_STANDARD(broadcast_shapes, k2025, "(*shapes)", "The shape that arrays of these shapes are broadcast to.") {
  std::vector<Shape> shapes;
  for (PyObject* o : args.rest)
    shapes.push_back(strict_shape("broadcast_shapes: each shape", Value(o), Sizes::sequence));
  return shape_object(tnp::broadcast_shapes(shapes));
}

TNP_STANDARD(broadcast_to, k2021, "(x, /, shape)", "The array, broadcast to a shape.") {
  const auto [x, shape] = take<2>(args);
  return call.wrap(tnp::broadcast_to(call.array(x), strict_shape("broadcast_to: shape", shape, Sizes::sequence)));
}

TNP_STANDARD(concat, k2021, "(arrays, /, *, axis=0)", "The arrays, joined along an axis.") {
  const auto [arrays, axis] = take<2>(args);
  const std::optional<std::int64_t> along =
      axis.ptr() ? strict_axis("concat: axis", axis) : std::optional<std::int64_t>(0);
  return call.wrap(array_api::concat(call.sequence(arrays), along));
}

TNP_STANDARD(stack, k2021, "(arrays, /, *, axis=0)", "The arrays, joined along a new axis.") {
  const auto [arrays, axis] = take<2>(args);
  return call.wrap(array_api::stack(call.sequence(arrays), call.int_or("axis", axis, 0)));
}

TNP_STANDARD(unstack, k2023, "(x, /, *, axis=0)", "The rows along an axis, a tuple.") {
  const auto [x, axis] = take<2>(args);
  const Array& a = call.array(x);
  const std::int64_t along = call.int_or("axis", axis, 0);
  call.need_size(a, along);
  return call.tuple(tnp::unstack(a, along));
}

TNP_STANDARD(expand_dims, k2021, "(x, /, axis)", "The array with axes of size 1 added.") {
  const auto [x, axis] = take<2>(args);
  return call.wrap(tnp::expand_dims(call.array(x), strict_ints("expand_dims: axis", axis, true)));
}

TNP_STANDARD(squeeze, k2021, "(x, /, axis)", "The array without these axes of size 1.") {
  const auto [x, axis] = take<2>(args);
  if (!axis.given()) {
    throw ValueError(
        "squeeze: the standard wants axis, as a shape should not depend on which sizes happen to be 1: write "
        "squeeze(x, (…,))");
  }
  return call.wrap(tnp::squeeze(call.array(x), strict_ints("squeeze: axis", axis)));
}

TNP_STANDARD(flip, k2021, "(x, /, *, axis=None)", "The elements in the reverse order along axes.") {
  const auto [x, axis] = take<2>(args);
  const Array& a = call.array(x);
  const std::optional<Axes> axes = strict_axes("flip: axis", axis);
  return call.wrap(axes ? tnp::flip(a, *axes) : tnp::flip(a));
}

TNP_STANDARD(moveaxis, k2023, "(x, source, destination, /)", "The array with axes moved to other places.") {
  const auto [x, source, destination] = take<3>(args);
  return call.wrap(tnp::moveaxis(call.array(x), strict_ints("moveaxis: source", source, true),
                                 strict_ints("moveaxis: destination", destination, true)));
}

TNP_STANDARD(permute_dims, k2021, "(x, /, axes)", "The array with its axes in another order.") {
  const auto [x, axes] = take<2>(args);
  if (axes.ptr() == nullptr || (!PyTuple_Check(axes.ptr()) && !PyList_Check(axes.ptr()))) {
    throw TypeError("permute_dims: axes must be a tuple of ints: write (…,)");
  }
  return call.wrap(tnp::permute_dims(call.array(x), strict_ints("permute_dims: axes", axes, true)));
}

TNP_STANDARD(reshape, k2021, "(x, /, shape, *, copy=None)", "The elements in another shape.") {
  const auto [x, shape, copied] = take<3>(args);
  const Array& a = call.array(x);
  const bool always = copied.given() && strict_flag("reshape: copy", copied, true), never = copied.given() && !always;
  const Array out = tnp::reshape(a, strict_shape("reshape: shape", shape, Sizes::tuple), Order::c);
  if (never && a.state() == State::concrete && out.state() == State::concrete && out.size() > 0 &&
      a.node()->buffer != out.node()->buffer) {
    throw ValueError("reshape: this shape needs a copy, which copy=False forbids: write copy=None, or leave it out");
  }
  return call.wrap(always ? tnp::copy(out) : out);
}

TNP_STANDARD(roll, k2021, "(x, /, shift, *, axis=None)", "The elements, rolled along axes.") {
  const auto [x, shift, axis] = take<3>(args);
  const Array& a = call.array(x);
  Axes shifts = strict_ints("roll: shift", shift);
  const std::optional<Axes> axes = strict_axes("roll: axis", axis);
  if (!axes) {
    if (shifts.size() != 1) throw ValueError("roll: the standard wants an int for shift where there is no axis");
    return call.wrap(tnp::roll(a, shifts[0]));
  }
  while (shifts.size() == 1 && !PyTuple_Check(shift.ptr()) && shifts.size() < axes->size())
    shifts = Axes(axes->size(), shifts[0]);
  if (shifts.size() != axes->size()) throw ValueError("roll: shift and axis must have the same number of elements");
  return call.wrap(tnp::roll(a, shifts, *axes));
}

TNP_STANDARD(tile, k2023, "(x, repetitions, /)", "The array, repeated along its axes.") {
  const auto [x, repetitions] = take<2>(args);
  if (!PyTuple_Check(repetitions.ptr())) throw TypeError("tile: repetitions must be a tuple of ints: write (n,)");
  return call.wrap(tnp::tile(call.array(x), strict_ints("tile: repetitions", repetitions)));
}

TNP_STANDARD(repeat, k2023, "(x, repeats, /, *, axis=None)", "Each element so many times.") {
  const auto [x, repeats, axis] = take<3>(args);
  const Array& a = call.array(x);
  const std::optional<std::int64_t> along = strict_axis("repeat: axis", axis);
  if (is_strict_array(repeats.ptr())) {
    array_api::require_data_dependent_shapes("repeat with an array of repeats");
    return call.wrap(array_api::repeat(a, call.array(repeats, "repeats"), along));
  }
  return call.wrap(tnp::repeat(a, strict_int("repeat: repeats", repeats.ptr()), along));
}

// --- choices

TNP_STANDARD(nonzero, k2021, "(x, /)", "The indices of the elements that are not zero, an array for each axis.") {
  array_api::require_data_dependent_shapes("nonzero");
  const Array& a = call.array(args.values[0]);
  if (a.ndim() == 0)
    throw ValueError("nonzero: the standard wants at least one dimension: write nonzero(reshape(x, (1,)))");
  nb::list out;
  for (const Array& each : tnp::nonzero(a)) out.append(call.wrap_indices(each));
  return nb::tuple(out);
}

TNP_STANDARD(take, k2021, "(x, indices, /, *, axis=None)", "The elements at indices along an axis.") {
  const auto [x, indices, axis] = python::take<3>(args);
  return call.wrap(array_api::take(call.array(x), call.array(indices, "indices"), strict_axis("take: axis", axis)));
}

TNP_STANDARD(take_along_axis, k2024, "(x, indices, /, *, axis=-1)",
             "The elements at indices of their own along an axis.") {
  const auto [x, indices, axis] = python::take<3>(args);
  return call.wrap(
      array_api::take_along_axis(call.array(x), call.array(indices, "indices"), call.int_or("axis", axis, -1)));
}

}  // namespace

}  // namespace tnp::python
