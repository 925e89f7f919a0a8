#include "tnp/ranges.h"

#include <cmath>

#include "ir/scalar.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"
#include "tnp/operators.h"
#include "tnp/primitives.h"

namespace tnp {

namespace {

double number(const Array& x) { return astype(x, DType::float64).item<double>(); }
Array array_of(const Operand& x) { return x.is_array() ? x.array() : x.scalar().to_array(); }

// (stop - start) / step; the difference of two Python numbers is as weak as they are.
double steps_between(const Operand& start, const Operand& stop, const Operand& step) {
  const Array difference = subtract(stop, start);
  if (start.is_array() || stop.is_array()) return number(divide(difference, step));
  const Scalar weak = load_scalar(difference.dtype(), difference.data());
  return number(divide(weak, step));
}

}  // namespace

Array arange_of(const Operand& start, const Operand& stop, const Operand& step, DType type) {
  if (number(array_of(step)) == 0) throw ZeroDivisionError("arange: division by zero, as the step is zero");
  const double count = std::ceil(steps_between(start, stop, step));
  if (std::isnan(count)) throw ValueError("arange: cannot compute length");
  if (count > 9e18) throw ValueError("Maximum allowed size exceeded");
  if (count <= 0) return zeros({0}, type);
  const std::int64_t n = static_cast<std::int64_t>(count);
  const Array first = astype(array_of(start), type), next = astype(add(start, step), type);
  if (n == 1) return reshape(first, {1});
  // The first two elements are rounded to the type, and the others continue them.
  const DType work = itemsize(type) == 2 && is_floating(type) ? DType::float32 : type;
  return astype(iota(n, work) * (astype(next, work) - astype(first, work)) + astype(first, work), type);
}

}  // namespace tnp
