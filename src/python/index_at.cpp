// x.at[key].set(v) and its like, which return updated copies.
#include <cmath>

#include "python/elementwise_call.h"
#include "python/indexing.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

struct At {
  Array x;
};

struct AtItem {
  Array x;
  std::vector<IndexItem> items;
};

// A Python float as an element of an integer array is refused where it has no integer part, as by NumPy's assignment.
void check_assignable(const Scalar& s, DType dtype) {
  const auto* value = std::get_if<double>(&s.value);
  if (value == nullptr || !is_integer(dtype)) return;
  if (std::isnan(*value)) throw ValueError("cannot convert float NaN to integer");
  if (std::isinf(*value)) throw OverflowError("cannot convert float infinity to integer");
}

// The values of an update: converted from Python straight to the array's type, which assignment casts to anyway.
Array update_values(PyObject* o, DType dtype, UpdateOp op) {
  const bool keeps_type = op == UpdateOp::divide || op == UpdateOp::power;
  if (is_array(o)) return array_of(o);
  if (nb::isinstance<PyDim>(nb::handle(o))) return dim_value(nb::cast<PyDim&>(nb::handle(o)).dim, DType::int64);
  Scalar s(false);
  if (scalar_of(o, s)) {
    if (keeps_type) return s.to_array(promote(dtype, s.kind));
    check_assignable(s, dtype);
    if (is_bool(dtype)) return astype(as_array(o), dtype);
  }
  if (keeps_type || !(PyList_Check(o) || PyTuple_Check(o) || PyNumber_Check(o))) return as_array(o);
  return is_bool(dtype) ? as_array(o) : as_array(o, {dtype, std::nullopt});
}

template <UpdateOp Op>
nb::object update(const AtItem& a, nb::handle values) {
  return to_python(setitem(a.x, a.items, update_values(values.ptr(), a.x.dtype(), Op), Op));
}

nb::object apply(const AtItem& a, const nb::object& f) {
  const nb::object result = f(to_python(getitem(a.x, a.items)));
  return to_python(setitem(a.x, a.items, update_values(result.ptr(), a.x.dtype(), UpdateOp::set)));
}

void bind_at(nb::module_& m, nb::class_<Array>& array) {
  auto at = nb::class_<At>(m, "_At", "x.at: x.at[index] names the elements to update.");
  at.def(
      "__getitem__", [](const At& a, nb::handle key) { return AtItem{a.x, parse_index(key.ptr())}; },
      nb::arg("index").none());
  at.def("__repr__", [](const At&) { return "<tnp.ndarray.at: index it, then .set(v), .add(v), …>"; });
  auto item =
      nb::class_<AtItem>(m, "_AtItem", "x.at[index]: its methods return a copy of x with those elements updated.");
  item.def("get", [](const AtItem& a) { return to_python(getitem(a.x, a.items)); }, "x[index]");
  item.def("set", &update<UpdateOp::set>, nb::arg("values"), "x with x[index] = values");
  item.def("add", &update<UpdateOp::add>, nb::arg("values"),
           "x with x[index] += values; an element named twice is added to twice");
  item.def("subtract", &update<UpdateOp::subtract>, nb::arg("values"), "x with x[index] -= values");
  item.def("multiply", &update<UpdateOp::multiply>, nb::arg("values"), "x with x[index] *= values");
  item.def("mul", &update<UpdateOp::multiply>, nb::arg("values"), "multiply");
  item.def("divide", &update<UpdateOp::divide>, nb::arg("values"), "x with x[index] /= values, in x's type");
  item.def("power", &update<UpdateOp::power>, nb::arg("values"), "x with x[index] **= values");
  item.def("min", &update<UpdateOp::min>, nb::arg("values"), "x with x[index] = minimum(x[index], values)");
  item.def("max", &update<UpdateOp::max>, nb::arg("values"), "x with x[index] = maximum(x[index], values)");
  item.def("apply", &apply, nb::arg("function"), "x with x[index] = function(x[index])");
  item.def("__repr__", [](const AtItem&) { return "<tnp.ndarray.at[…]: .get(), .set(v), .add(v), …>"; });
  array.def_prop_ro(
      "at", [](const Array& x) { return At{x}; },
      "x.at[index].set(v), .add(v), .subtract(v), .multiply(v), .divide(v), .power(v), .min(v), .max(v), "
      ".apply(f): a copy of x with those elements updated; .get(): the elements.");
}

}  // namespace

void bind_indexing(nb::module_& m, nb::class_<Array>& array) {
  bind_at(m, array);
  bind_flat(m, array);
  bind_index_iterators(m);
  bind_nditer(m);
}

}  // namespace tnp::python
