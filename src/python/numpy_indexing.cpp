// Functions and methods of indexing: take, nonzero, repeat, diagonals, roll, flip and their kin.
#include "base/dim.h"
#include "python/arguments.h"
#include "tnp/error.h"
#include "tnp/indexing.h"

namespace tnp::python {

namespace {

TakeMode take_mode(const Value& mode) {
  const std::string m = mode.text("raise");
  if (m == "raise") return TakeMode::raise;
  if (m == "wrap") return TakeMode::wrap;
  if (m == "clip") return TakeMode::clip;
  throw ValueError("clipmode must be one of 'clip', 'raise', or 'wrap' (got '" + m + "')");
}

TNP_FUNCTION(take, kFunction | kMethod, "(a, indices, axis=None, out=None, mode='raise')",
             "The elements at indices along an axis.") {
  const auto [a, indices, axis, out, mode] = take<5>(args);
  return to_python(take(a.array(), indices.array(), axis.axis(), take_mode(mode)));
}
TNP_FUNCTION(take_along_axis, kFunction, "(arr, indices, axis=-1)",
             "The elements that indices name in each row along an axis.") {
  const auto [arr, indices, axis] = take<3>(args);
  return to_python(
      take_along_axis(arr.array(), indices.array(), axis.ptr() ? axis.axis() : std::optional<std::int64_t>(-1)));
}
TNP_FUNCTION(put_along_axis, kFunction, "(arr, indices, values, axis)",
             "A copy with values at the places take_along_axis reads.") {
  const auto [arr, indices, values, axis] = take<4>(args);
  return to_python(put_along_axis(arr.array(), indices.array(), values.array(), axis.axis()));
}
TNP_FUNCTION(put, kFunction, "(a, ind, v, mode='raise')", "A copy with values at flat indices.") {
  const auto [a, ind, v, mode] = take<4>(args);
  return to_python(put(a.array(), ind.array(), v.array(), take_mode(mode)));
}
TNP_FUNCTION(extract, kFunction, "(condition, arr)", "The elements where a condition is true.") {
  const auto [condition, arr] = take<2>(args);
  return to_python(extract(condition.array(), arr.array()));
}
TNP_FUNCTION(nonzero, kFunction | kMethod, "(a)",
             "The indices of the elements that are not zero, an array for each axis.") {
  const Arrays found = nonzero(take<1>(args)[0].array());
  nb::object all = nb::steal(PyTuple_New(std::ssize(found)));
  if (!all.is_valid()) throw nb::python_error();
  for (std::size_t i = 0; i < found.size(); ++i)
    PyTuple_SET_ITEM(all.ptr(), static_cast<Py_ssize_t>(i), to_python(found[i]).release().ptr());
  return all;
}
TNP_FUNCTION(flatnonzero, kFunction, "(a)", "The flat indices of the elements that are not zero.") {
  return to_python(flatnonzero(take<1>(args)[0].array()));
}
TNP_FUNCTION(argwhere, kFunction, "(a)", "The indices of the elements that are not zero, a row each.") {
  const Array x = take<1>(args)[0].array();
  if (x.ndim() > 0) return to_python(nonzero_indices(astype(x, DType::bool_)));
  // As NumPy: rows of no columns.
  const Array rows = nonzero_indices(atleast_1d(astype(x, DType::bool_)));
  return to_python(zeros({rows.shape()[0], 0}, DType::int64));
}
TNP_FUNCTION(repeat, kFunction | kMethod, "(a, repeats, axis=None)", "Each element several times.") {
  const auto [a, repeats, axis] = take<3>(args);
  if (PyLong_CheckExact(repeats.ptr())) return to_python(repeat(a.array(), repeats.integer(), axis.axis()));
  return to_python(repeat(a.array(), repeats.array(), axis.axis()));
}
TNP_FUNCTION(diagonal, kFunction | kMethod, "(a, offset=0, axis1=0, axis2=1)", "The elements of a diagonal.") {
  const auto [a, offset, axis1, axis2] = take<4>(args);
  return to_python(diagonal(a.array(), offset.integer(0), axis1.integer(0), axis2.integer(1)));
}
TNP_FUNCTION(trace, kFunction | kMethod, "(a, offset=0, axis1=0, axis2=1, dtype=None, out=None)",
             "The sum of a diagonal.") {
  const auto [a, offset, axis1, axis2, dtype] = take<5>(args);
  return to_python(trace(a.array(), offset.integer(0), axis1.integer(0), axis2.integer(1), dtype.dtype()));
}
// Places to move by, which may be sizes.
Axes shifts_of(const Value& shift) {
  bool sizes = nb::isinstance<PyDim>(shift.handle());
  if (PyTuple_Check(shift.ptr()) || PyList_Check(shift.ptr())) {
    for (nb::handle each : nb::borrow<nb::sequence>(shift.handle())) sizes = sizes || nb::isinstance<PyDim>(each);
  }
  if (!sizes) return shift.axes().value_or(Axes{});
  const Shape by = shift.shape();
  return Axes(std::span(by.begin(), by.end()));
}
TNP_FUNCTION(roll, kFunction, "(a, shift, axis=None)",
             "Elements moved along axes; those that leave come in at the other end.") {
  const auto [a, shift, axis] = take<3>(args);
  Axes by = shifts_of(shift);
  if (!axis.given()) {
    std::int64_t total = 0;
    for (std::int64_t s : by) total = dim_add(total, s);
    return to_python(roll(a.array(), total));
  }
  Axes axes = *axis.axes();
  if (by.size() == 1 && axes.size() > 1) by = Axes(axes.size(), by[0]);
  if (axes.size() == 1 && by.size() > 1) axes = Axes(by.size(), axes[0]);
  if (by.size() != axes.size()) throw ValueError("'shift' and 'axis' should be scalars or 1D sequences of one length");
  return to_python(roll(a.array(), by, axes));
}
TNP_FUNCTION(flip, kFunction, "(m, axis=None)", "Elements in reverse order along axes.") {
  const auto [m, axis] = take<2>(args);
  const Array x = m.array();
  return to_python(axis.given() ? flip(x, *axis.axes()) : flip(x));
}
Array flipped(const Array& x, std::int64_t axis, const char* name) {
  if (x.ndim() <= axis) throw ValueError(std::string(name) + ": Input must be >= " + std::to_string(axis + 1) + "-d.");
  return flip(x, Axes{axis});
}
TNP_FUNCTION(flipud, kFunction, "(m)", "The first axis in reverse.") {
  return to_python(flipped(take<1>(args)[0].array(), 0, "flipud"));
}
TNP_FUNCTION(fliplr, kFunction, "(m)", "The second axis in reverse.") {
  return to_python(flipped(take<1>(args)[0].array(), 1, "fliplr"));
}
TNP_FUNCTION(rot90, kFunction, "(m, k=1, axes=(0, 1))", "A plane turned by right angles.") {
  const auto [m, k, axes] = take<3>(args);
  const Array x = m.array();
  const Axes plane = axes.given() ? *axes.axes() : Axes{0, 1};
  if (plane.size() != 2) throw ValueError("len(axes) must be 2.");
  const int a = normalize_axis(plane[0], x.ndim()), b = normalize_axis(plane[1], x.ndim());
  if (a == b) throw ValueError("Axes must be different.");
  const std::int64_t turns = ((k.integer(1) % 4) + 4) % 4;
  if (turns == 0) return to_python(x);
  if (turns == 2) return to_python(flip(flip(x, Axes{a}), Axes{b}));
  return to_python(turns == 1 ? swapaxes(flip(x, Axes{b}), a, b) : flip(swapaxes(x, a, b), Axes{b}));
}
// compress(condition, a) as a function, a.compress(condition) as a method.
TNP_FUNCTION(compress, kFunction, "(condition, a, axis=None, out=None)",
             "The parts along an axis where a condition is true.") {
  const auto [condition, a, axis] = take<3>(args);
  return to_python(compress(condition.array(), a.array(), axis.axis()));
}

}  // namespace

namespace as_methods {

TNP_FUNCTION(compress, kMethod, "(self, /, condition, axis=None, out=None)",
             "The parts along an axis where a condition is true.") {
  const auto [self, condition, axis] = take<3>(args);
  return to_python(tnp::compress(condition.array(), array_of(self.ptr()), axis.axis()));
}

}  // namespace as_methods

}  // namespace tnp::python
