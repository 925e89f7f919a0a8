// Sorting, searching and sets: the standard's limits, then NumPy's functions of the same meaning.
#include "tnp/sorting.h"

#include "tnp/array_api.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"

namespace tnp::array_api {

namespace {

// A scalar beside an array, in its type.
Array beside(const char* function, const Array& x, const Operand& y) {
  if (y.is_array()) return y.array();
  const DType dtype = scalar_dtype(function, x.dtype(), y.scalar().kind);
  if (dtype != x.dtype()) check_category(function, dtype, Category::real_numeric);
  return y.scalar().to_array(dtype);
}

}  // namespace

Array sort(const Array& x, std::int64_t axis, bool descending) {
  check_category("sort", x.dtype(), Category::real_numeric);
  return tnp::sort(x, axis, descending);
}

Array argsort(const Array& x, std::int64_t axis, bool descending) {
  check_category("argsort", x.dtype(), Category::real_numeric);
  return tnp::argsort(x, axis, descending);
}

Array searchsorted(const Array& x, const Operand& values, bool right, const Array& sorter) {
  check_category("searchsorted", x.dtype(), Category::real_numeric);
  const Array v = beside("searchsorted", x, values);
  check_category("searchsorted", v.dtype(), Category::real_numeric);
  promote("searchsorted", x.dtype(), v.dtype());
  if (x.ndim() != 1) {
    throw ValueError("searchsorted: the standard wants a vector as x1, not an array of shape " + x.shape().str());
  }
  if (sorter) check_category("searchsorted: sorter", sorter.dtype(), Category::integer);
  return tnp::searchsorted(x, v, right, sorter);
}

Unique unique(const char* function, const Array& x, bool indices, bool inverse, bool counts) {
  require_data_dependent_shapes(function);
  check_category(function, x.dtype(), Category::all);
  UniqueOptions o;
  o.equal_nan = false;
  o.index = indices;
  o.inverse = inverse;
  o.counts = counts;
  tnp::Unique u = tnp::unique(x, o);
  if (inverse && u.inverse.shape() != x.shape()) u.inverse = tnp::reshape(u.inverse, x.shape());
  return {u.values, u.index, u.inverse, u.counts};
}

Array isin(const Operand& x, const Operand& y, bool invert) {
  if (!x.is_array() && !y.is_array()) {
    throw TypeError("isin: one of the arguments must be an array: write asarray(x) for a scalar");
  }
  const Array& array = x.is_array() ? x.array() : y.array();
  check_category("isin", array.dtype(), Category::integer);
  const Array a = beside("isin", array, x), b = beside("isin", array, y);
  check_category("isin", a.dtype(), Category::integer);
  check_category("isin", b.dtype(), Category::integer);
  const DType common = promote("isin", a.dtype(), b.dtype());
  return tnp::isin(tnp::astype(a, common), tnp::astype(b, common), invert);
}

}  // namespace tnp::array_api
