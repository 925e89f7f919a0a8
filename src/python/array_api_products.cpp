// Products: functions of the namespace, and of its extension of linear algebra.
#include "python/array_api_arguments.h"

namespace tnp::python {

namespace {

Axes axis_list(const Value& axes) {
  Axes out;
  if (!PySequence_Check(axes.ptr()) || PyUnicode_Check(axes.ptr())) {
    throw TypeError("tensordot: axes must be an int or a tuple of two sequences");
  }
  for (nb::handle each : nb::borrow<nb::iterable>(axes.handle())) {
    out.push_back(strict_int("tensordot: axes", each.ptr()));
  }
  return out;
}

nb::object product(StrictCall& call, const Arguments& args) {
  const Array &a = call.array(args.values[0], "x1"), &b = call.array(args.values[1], "x2");
  return call.wrap(array_api::matmul(a, b));
}

nb::object transposed(StrictCall& call, const Arguments& args) {
  return call.wrap(array_api::matrix_transpose(call.array(args.values[0])));
}

nb::object contraction(StrictCall& call, const Arguments& args) {
  const auto [x1, x2, axes] = take<3>(args);
  const Array &a = call.array(x1, "x1"), &b = call.array(x2, "x2");
  if (axes.ptr() == nullptr || !PyTuple_Check(axes.ptr())) {
    return call.wrap(array_api::tensordot(a, b, call.int_or("axes", axes, 2)));
  }
  if (PyTuple_GET_SIZE(axes.ptr()) != 2) throw ValueError("tensordot: axes must be an int or a tuple of two sequences");
  return call.wrap(array_api::tensordot(
      a, b, {axis_list(PyTuple_GET_ITEM(axes.ptr(), 0)), axis_list(PyTuple_GET_ITEM(axes.ptr(), 1))}));
}

nb::object dot(StrictCall& call, const Arguments& args) {
  const auto [x1, x2, axis] = take<3>(args);
  const Array &a = call.array(x1, "x1"), &b = call.array(x2, "x2");
  return call.wrap(array_api::vecdot(a, b, call.int_or("axis", axis, -1)));
}

namespace plain {
#define TNP_PRODUCT(NAME, SIGNATURE, BODY, DOC) \
  TNP_STANDARD(NAME, k2021, SIGNATURE, DOC) { return BODY(call, args); }
#define TNP_PRODUCTS                                                                                     \
  TNP_PRODUCT(matmul, "(x1, x2, /)", product, "The matrix product.")                                     \
  TNP_PRODUCT(matrix_transpose, "(x, /)", transposed, "The last two axes exchanged.")                    \
  TNP_PRODUCT(tensordot, "(x1, x2, /, *, axes=2)", contraction, "The product summed over axes of both.") \
  TNP_PRODUCT(vecdot, "(x1, x2, /, *, axis=-1)", dot, "The product of vectors along an axis; the first is conjugated.")
TNP_PRODUCTS
#undef TNP_PRODUCT
}  // namespace plain

namespace extension {
#define TNP_PRODUCT(NAME, SIGNATURE, BODY, DOC) \
  TNP_STANDARD_OF(kStandard | kLinalg, linalg, NAME, k2021, SIGNATURE, DOC) { return BODY(call, args); }
TNP_PRODUCTS
#undef TNP_PRODUCT
#undef TNP_PRODUCTS
}  // namespace extension

}  // namespace

}  // namespace tnp::python
