// Functions of two results: quotient and remainder, fraction and whole part, mantissa and exponent.
#include "ops/elementwise/one_pass.h"
#include "tnp/calculus.h"
#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

void check_real(const Array& x, const char* what) {
  if (is_complex(x.dtype())) {
    throw TypeError("ufunc '" + std::string(what) +
                    "' not supported for the input types: " + std::string(name(x.dtype())));
  }
}

// x in the float type that functions of it give: of a width that fits its integers.
Array as_floating(const Array& x) {
  if (is_floating(x.dtype())) return x;
  const int bytes = itemsize(x.dtype());
  return astype(x, bytes == 1 ? DType::float16 : bytes == 2 ? DType::float32 : DType::float64);
}

}  // namespace

Pair divmod(const Operand& x, const Operand& y) { return {floor_divide(x, y), remainder(x, y)}; }

Pair modf(const Array& given) {
  check_real(given, "modf");
  const Array x = as_floating(given), whole = trunc(x);
  return {copysign(where(isinf(x), 0, x - whole), x), whole};
}

Pair frexp(const Array& x) {
  check_real(x, "frexp");
  if (const auto [mantissas, exponents] = mantissas_and_exponents(x); mantissas) return {mantissas, exponents};
  return {mantissa(x), astype(exponent(x), DType::int32)};
}

Array ldexp(const Array& x, const Array& e) {
  check_real(x, "ldexp");
  if (!can_cast(e.dtype(), DType::int64, Casting::safe)) {
    throw TypeError("ufunc 'ldexp' not supported for the input types: " + std::string(name(x.dtype())) + ", " +
                    std::string(name(e.dtype())));
  }
  // The exponent becomes a number of x's type: one that is bounded, beyond which the result is 0 or infinity anyway.
  const Array m = as_floating(x);
  if (itemsize(m.dtype()) > 2) return scale_exponent(m, astype(e, m.dtype()));  // which holds them all
  const Array bounded = minimum(maximum(astype(e, DType::int64), -5000), 5000);
  return scale_exponent(m, astype(bounded, m.dtype()));
}

}  // namespace tnp
