// Elementwise functions and operators: the rules, then the primitive.
#include "tnp/elementwise.h"

#include <cmath>
#include <limits>

#include "array_api/peek.h"
#include "ir/observer.h"
#include "ir/opdef.h"
#include "ops/elementwise/family.h"
#include "ops/elementwise/fp_status.h"
#include "ops/shape/ownership.h"
#include "tnp/array_api.h"
#include "tnp/error.h"
#include "tnp/numeric.h"
#include "tnp/reductions.h"

namespace tnp::array_api {

namespace {

const OpDef& operation(FunctionId id) {
  static const std::vector<const OpDef*> ops = [] {
    std::vector<const OpDef*> v;
    for (const Function& each : kElementwise) {
      v.push_back(find_op(each.operation));
      if (v.back() == nullptr) throw RuntimeError(std::string("no operation is called ") + each.operation);
    }
    return v;
  }();
  return *ops[id];
}

[[noreturn]] void refuse_negative(const Function& f) {
  throw ValueError(std::string(f.name) +
                   ": the standard defines shifts by counts that are not negative only: write the "
                   "shift the other way for the others, where(…)");
}

void check_counts(const Function& f, const Array& y) {
  if (!is_signed_integer(y.dtype()) || y.state() == State::symbolic || y.size() == 0) return;
  if (const std::optional<bool> negative = any_negative(y)) {
    if (*negative) refuse_negative(f);
    return;
  }
  Axes axes;
  for (int i = 0; i < y.ndim(); ++i) axes.push_back(i);
  const Array least = y.ndim() == 0 ? y : reduce_min(y, axes, false);
  if (least.item<std::int64_t>() < 0) refuse_negative(f);
}

void check_count(const Function& f, const Scalar& y) {
  const auto* count = std::get_if<std::int64_t>(&y.value);
  if (count != nullptr && *count < 0) refuse_negative(f);
}

Array scalar_array(const Function& f, DType beside, const Scalar& s) {
  check_category(f.name, beside, f.category);
  const DType dtype = scalar_dtype(f.name, beside, s.kind);
  check_category(f.name, dtype, f.category);
  return s.to_array(dtype);
}

void check_arrays(const Function& f, const Array& x, const Array& y) {
  if (x.dtype() == y.dtype() && contains(f.category, x.dtype())) return;
  check_category(f.name, x.dtype(), f.category);
  check_category(f.name, y.dtype(), f.category);
  promote(f.name, x.dtype(), y.dtype());
}

void check_update(const char* what, const Array& x, DType dtype, const Shape& shape) {
  if (dtype != x.dtype()) {
    throw TypeError(std::string(what) + ": the result would have the type " + std::string(dtype_name(dtype)) +
                    ", and the standard does not let an in-place operator change the left operand's, " +
                    std::string(dtype_name(x.dtype())) + ": write x = x op y");
  }
  if (shape != x.shape() && shape.is_static() && x.shape().is_static()) {
    throw ValueError(std::string(what) + ": the result would have the shape " + shape.str() +
                     ", and the standard does not let an in-place operator change the left operand's, " +
                     x.shape().str() + ": write x = x op y");
  }
}

}  // namespace

namespace {

// The standard's quotients of infinities are those of division; NumPy's are those of Python's //.
constexpr FunctionId kFloorDivide = function_named("floor_divide");

bool may_be_infinite(const Array& x) {
  if (x.is_symbolic()) return true;
  if (const std::optional<bool> finite = all_finite(x)) return !*finite;
  return !tnp::all(tnp::isfinite(x)).item<bool>();
}

Array floor_divide_in(const Array* in, std::uint64_t donated) {
  const Array &x = in[0], &y = in[1];
  const OpDef& op = operation(kFloorDivide);
  if (!is_floating(x.dtype()) || (!may_be_infinite(x) && !may_be_infinite(y))) {
    return apply_elementwise_donated(op, {in, 2}, donated);
  }
  // What is exceptional about the quotient is so about the division.
  const unsigned flags = fp_flags_seen.load(std::memory_order_relaxed);
  const Array finite = apply_elementwise_donated(op, {in, 2}, 0);
  fp_flags_seen.store(flags, std::memory_order_relaxed);
  return tnp::where(logical_or(isinf(x), isinf(y)), divide(x, y), finite);
}

Array constant(std::complex<double> value, DType dtype) { return Scalar(value).to_array(dtype); }

// sign: a number with a NaN part has the sign NaN, also where the other part is infinite.
Array complex_sign(const Array& x, const Array& sign) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return tnp::where(isnan(x), constant({nan, nan}, x.dtype()), sign);
}

// expm1: -1 at minus infinity, whatever the angle; the real part of its zeros is +0.
Array complex_expm1(const Array& x, const Array& result) {
  const Array re = real(x), im = imag(x);
  const Array lost = logical_and(logical_and(isinf(re), less(re, 0)), logical_not(isfinite(im)));
  const Array bounded = tnp::where(lost, constant(-1, x.dtype()), result);
  const Array zero = constant(0, x.dtype());
  return tnp::where(equal(x, 0), tnp::where(signbit(im), conjugate(zero), zero), bounded);
}

// The same in the memory of an eager result.
template <class T>
void repair_signs(const std::complex<T>* x, std::complex<T>* out, std::int64_t n) {
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  for (std::int64_t i = 0; i < n; ++i) {
    if (std::isnan(x[i].real()) || std::isnan(x[i].imag())) out[i] = {nan, nan};
  }
}

template <class T>
void repair_expm1(const std::complex<T>* x, std::complex<T>* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T re = x[i].real(), im = x[i].imag();
    if (re == 0 && im == 0) out[i] = {0, im};
    if (re == -std::numeric_limits<T>::infinity() && !std::isfinite(im)) out[i] = {-1, 0};
  }
}

template <class T>
void repair(bool sign, const Array& x, const Array& out) {
  const auto* from = reinterpret_cast<const std::complex<T>*>(x.data());
  auto* to = reinterpret_cast<std::complex<T>*>(out.data());
  sign ? repair_signs(from, to, x.size()) : repair_expm1(from, to, x.size());
}

bool lies_open(const Array& x) { return x.state() == State::concrete && x.is_contiguous(); }

Array complex_unary(const OpDef& op, bool sign, const Array& x) {
  const Array result = apply_elementwise_donated(op, {&x, 1}, 0);
  if (active_observers != nullptr || !lies_open(x) || !lies_open(result)) {
    return sign ? complex_sign(x, result) : complex_expm1(x, result);
  }
  x.dtype() == DType::complex64 ? repair<float>(sign, x, result) : repair<double>(sign, x, result);
  return result;
}

Array apply_unary(FunctionId id, const Array& x, std::uint64_t donated) {
  constexpr FunctionId kSign = function_named("sign"), kExpm1 = function_named("expm1");
  const OpDef& op = operation(id);
  if ((id == kSign || id == kExpm1) && is_complex(x.dtype())) [[unlikely]] {
    return complex_unary(op, id == kSign, x);
  }
  return apply_elementwise_donated(op, {&x, 1}, donated);
}

Array apply_binary(FunctionId id, const Array* in, std::uint64_t donated) {
  if (id == kFloorDivide) [[unlikely]]
    return floor_divide_in(in, donated);
  return apply_elementwise_donated(operation(id), {in, 2}, donated);
}

constexpr FunctionId kPow = function_named("pow"), kReal = function_named("real");

// x ** 2 and x ** -1 as products and quotients; null for other exponents. A root is no power here: of -0 and -infinity
// it has other results.
const OpDef* power_by(DType base, const Scalar& exponent) {
  static const OpDef *square = find_op("square"), *reciprocal = find_op("reciprocal");
  const auto* integer = std::get_if<std::int64_t>(&exponent.value);
  const auto* number = std::get_if<double>(&exponent.value);
  const bool two = (integer != nullptr && *integer == 2) || (number != nullptr && *number == 2);
  const bool minus_one = (integer != nullptr && *integer == -1) || (number != nullptr && *number == -1);
  if (is_integer(base)) return integer != nullptr && two ? square : nullptr;
  return !is_inexact(base) ? nullptr : two ? square : minus_one ? reciprocal : nullptr;
}

}  // namespace

Array call(FunctionId id, const Array& x, std::uint64_t donated) {
  const Function& f = kElementwise[id];
  check_category(f.name, x.dtype(), f.category);
  if (f.keeps_integers && is_integer(x.dtype())) return x;
  if (id == kReal && !is_complex(x.dtype())) return x;
  return apply_unary(id, x, donated);
}

Array call(FunctionId id, const Operand& x, const Operand& y, std::uint64_t donated) {
  const Function& f = kElementwise[id];
  if (x.is_array() && y.is_array()) {
    check_arrays(f, x.array(), y.array());
    if (f.counts) check_counts(f, y.array());
    const Array in[] = {x.array(), y.array()};
    return apply_binary(id, in, donated);
  }
  if (x.is_array()) {
    if (const OpDef* op = id == kPow ? power_by(x.array().dtype(), y.scalar()) : nullptr) {
      return apply_elementwise_donated(*op, {&x.array(), 1}, donated & 1);
    }
    const Array in[] = {x.array(), scalar_array(f, x.array().dtype(), y.scalar())};
    if (f.counts) check_count(f, y.scalar());
    return apply_binary(id, in, donated);
  }
  if (y.is_array()) {
    const Array in[] = {scalar_array(f, y.array().dtype(), x.scalar()), y.array()};
    if (f.counts) check_counts(f, y.array());
    return apply_binary(id, in, donated);
  }
  throw TypeError(std::string(f.name) + ": one of the arguments must be an array: write asarray(x) for a scalar");
}

void update(FunctionId id, Array& x, const Operand& y) {
  const Function& f = kElementwise[id];
  DType dtype = x.dtype();
  Shape shape = x.shape();
  if (y.is_array()) {
    check_arrays(f, x, y.array());
    dtype = promote(f.name, x.dtype(), y.array().dtype());
    if (shape.rank_known() && y.array().shape().rank_known() && !try_broadcast(x.shape(), y.array().shape(), shape)) {
      throw ValueError(std::string(f.name) + ": operands could not be broadcast together with shapes " +
                       x.shape().str() + " " + y.array().shape().str());
    }
  } else {
    check_category(f.name, x.dtype(), f.category);
    dtype = scalar_dtype(f.name, x.dtype(), y.scalar().kind);
  }
  check_update(f.name, x, dtype, shape);
  const bool donated = is_only_holder(x);
  x = call(id, Operand(x), y, donated ? 1 : 0);
}

void matmul_update(Array& x, const Array& y) {
  Array result = array_api::matmul(x, y);
  check_update("matmul", x, result.dtype(), result.shape());
  x = std::move(result);
}

}  // namespace tnp::array_api
