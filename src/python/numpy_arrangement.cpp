// Elements put in, left out and repeated; arrays of blocks; bits.
#include "base/dim.h"
#include "python/arguments.h"
#include "tnp/arrangement.h"
#include "tnp/error.h"
#include "tnp/nested_blocks.h"

namespace tnp::python {

namespace {

// The number that a size stands for: a function that is being traced is traced again with it fixed.
std::int64_t known(std::int64_t size) { return Value(dim_object(size).ptr()).integer(); }

Places places_of(const Value& obj, const Array& x, const Value& axis, bool inserting) {
  const std::int64_t size = axis.given() ? x.shape()[normalize_axis(*axis.axis(), x.ndim())] : x.size();
  Places p;
  if (PyLong_Check(obj.ptr()) && !PyBool_Check(obj.ptr())) {
    p.index = obj.integer();
    return p;
  }
  if (PySlice_Check(obj.ptr())) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(obj.ptr(), &start, &stop, &step) != 0) throw nb::python_error();
    p.kind = Places::Kind::range;
    p.count = PySlice_AdjustIndices(known(size), &start, &stop, step);
    p.start = start;
    p.step = step;
    return p;
  }
  p.array = obj.array();
  if (p.array.ndim() == 0 && is_integer(p.array.dtype())) {
    p.index = obj.integer();
    return p;
  }
  p.kind = Places::Kind::many;
  if (is_symbolic(size) && (inserting || !is_bool(p.array.dtype()))) known(size);
  return p;
}

TNP_FUNCTION(insert, kFunction, "(arr, obj, values, axis=None)", "A copy with values before places of an axis.") {
  const auto [arr, obj, values, axis] = take<4>(args);
  const Array x = arr.array();
  const Places places = places_of(obj, x, axis, true);
  return to_python(insert(x, places, as_array(values.ptr(), {x.dtype(), std::nullopt}), axis.axis()));
}
TNP_FUNCTION(delete, kFunction, "(arr, obj, axis=None)", "A copy without places of an axis.") {
  const auto [arr, obj, axis] = take<3>(args);
  const Array x = arr.array();
  return to_python(delete_at(x, places_of(obj, x, axis, false), axis.axis()));
}
TNP_FUNCTION(resize, kFunction, "(a, new_shape)", "The elements in another shape, repeated where there are too few.") {
  const auto [a, new_shape] = take<2>(args);
  return to_python(resize(a.array(), new_shape.shape()));
}
bool is_little(const Value& bitorder) {
  const std::string order = bitorder.text("big");
  if (order != "big" && order != "little") throw ValueError("'order' must be either 'little' or 'big'");
  return order == "little";
}
TNP_FUNCTION(packbits, kFunction, "(a, /, axis=None, bitorder='big')", "Truth values as the bits of bytes.") {
  const auto [a, axis, bitorder] = take<3>(args);
  return to_python(packbits(a.array(), axis.axis(), is_little(bitorder)));
}
TNP_FUNCTION(unpackbits, kFunction, "(a, /, axis=None, count=None, bitorder='big')", "The bits of bytes.") {
  const auto [a, axis, count, bitorder] = take<4>(args);
  const Array x = a.array();
  return to_python(
      unpackbits(x, axis.axis(), count.given() ? std::optional(count.integer()) : std::nullopt, is_little(bitorder)));
}

// --- blocks

// How deep the lists are, and how many dimensions the arrays in them have at most.
struct Nesting {
  int depth = 0, ndim = 0;
};
Nesting read_blocks(PyObject* o, NestedBlock& block) {
  if (PyTuple_Check(o)) {
    throw TypeError("block: a tuple is no list: only lists can be used to arrange blocks");
  }
  if (!PyList_Check(o)) {
    block.array = as_array(o);
    return {0, block.array.ndim()};
  }
  if (PyList_GET_SIZE(o) == 0) throw ValueError("block: a list of blocks cannot be empty");
  Nesting out{-1, 0};
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(o); ++i) {
    const Nesting inner = read_blocks(PyList_GET_ITEM(o, i), block.parts.emplace_back());
    if (out.depth >= 0 && inner.depth + 1 != out.depth) throw ValueError("block: list depths are mismatched");
    out = {inner.depth + 1, std::max(out.ndim, inner.ndim)};
  }
  return out;
}

TNP_FUNCTION(block, kFunction, "(arrays)", "An array of blocks given as nested lists, the innermost side by side.") {
  NestedBlock all;
  const Nesting nesting = read_blocks(args.values[0], all);
  return to_python(join_nested(all, nesting.depth, std::max(nesting.depth, nesting.ndim)));
}

}  // namespace

}  // namespace tnp::python
