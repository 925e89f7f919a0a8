// Compositions of few numbers: a formula over a ShortVector runs the kernels that arrays go through, one after the
// other on the stack, and gives the same bits. An array for each of its values would cost more than the values.
#pragma once

#include <algorithm>
#include <concepts>

#include "ops/elementwise/family.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"

namespace tnp {

class ShortVector {
 public:
  static constexpr std::int64_t kMost = 64;

  // Of a contiguous float64 array of at most kMost elements; or of one number, which goes with all others.
  explicit ShortVector(const Array& x) : size_(x.shape().num_elements()) {
    std::copy_n(x.data_as<double>(), size_, values_);
  }
  explicit ShortVector(const Scalar& s) : size_(1) {
    const auto* v = std::get_if<double>(&s.value);
    if (v == nullptr) throw ValueError("ShortVector: a float is needed");
    values_[0] = *v;
  }
  explicit ShortVector(std::int64_t size) : size_(size) {}

  std::int64_t size() const { return size_; }
  double* values() { return values_; }
  const double* values() const { return values_; }

 private:
  alignas(64) double values_[kMost];
  std::int64_t size_;
};

// What one of its comparisons gives.
struct ShortMask {
  ShortVector shape;  // for its size
  bool values[ShortVector::kMost];
};

namespace detail {

inline const ShortVector& short_vector(const ShortVector& x) { return x; }
inline ShortVector short_vector(const Array& x) { return ShortVector(x); }
inline ShortVector short_vector(const Scalar& x) { return ShortVector(x); }

inline BlockKernel double_kernel(const char* name) { return block_kernel(*find_op(name)->elementwise, DType::float64); }

inline void run_short(BlockKernel kernel, void* out, const ShortVector& x, std::int64_t n) {
  const void* in[] = {x.values()};
  const std::int32_t step[] = {x.size() == n};
  kernel(out, in, step, n);
}
inline void run_short(BlockKernel kernel, void* out, const ShortVector& x, const ShortVector& y, std::int64_t n) {
  const void* in[] = {x.values(), y.values()};
  const std::int32_t step[] = {x.size() == n, y.size() == n};
  kernel(out, in, step, n);
}

template <class A, class B>
concept AnyShort = std::same_as<A, ShortVector> || std::same_as<B, ShortVector>;

}  // namespace detail

#define TNP_SHORT_UNARY(NAME)                                       \
  inline ShortVector NAME(const ShortVector& x) {                   \
    static const BlockKernel kernel = detail::double_kernel(#NAME); \
    ShortVector out(x.size());                                      \
    detail::run_short(kernel, out.values(), x, x.size());           \
    return out;                                                     \
  }
#define TNP_SHORT_BINARY(NAME)                                                    \
  template <class A, class B>                                                     \
    requires detail::AnyShort<A, B>                                               \
  ShortVector NAME(const A& a, const B& b) {                                      \
    static const BlockKernel kernel = detail::double_kernel(#NAME);               \
    const ShortVector &x = detail::short_vector(a), &y = detail::short_vector(b); \
    ShortVector out(std::max(x.size(), y.size()));                                \
    detail::run_short(kernel, out.values(), x, y, out.size());                    \
    return out;                                                                   \
  }
#define TNP_SHORT_COMPARISON(NAME)                                                \
  template <class A, class B>                                                     \
    requires detail::AnyShort<A, B>                                               \
  ShortMask NAME(const A& a, const B& b) {                                        \
    static const BlockKernel kernel = detail::double_kernel(#NAME);               \
    const ShortVector &x = detail::short_vector(a), &y = detail::short_vector(b); \
    ShortMask out{ShortVector(std::max(x.size(), y.size())), {}};                 \
    detail::run_short(kernel, out.values, x, y, out.shape.size());                \
    return out;                                                                   \
  }
TNP_SHORT_UNARY(negative)
TNP_SHORT_UNARY(reciprocal)
TNP_SHORT_UNARY(square)
TNP_SHORT_UNARY(sqrt)
TNP_SHORT_UNARY(exp)
TNP_SHORT_UNARY(expm1)
TNP_SHORT_UNARY(log)
TNP_SHORT_UNARY(log1p)
TNP_SHORT_UNARY(tan)
TNP_SHORT_BINARY(add)
TNP_SHORT_BINARY(subtract)
TNP_SHORT_BINARY(multiply)
TNP_SHORT_BINARY(divide)
TNP_SHORT_BINARY(power)
TNP_SHORT_BINARY(remainder)
TNP_SHORT_BINARY(minimum)
TNP_SHORT_BINARY(maximum)
TNP_SHORT_COMPARISON(less)
TNP_SHORT_COMPARISON(less_equal)
#undef TNP_SHORT_UNARY
#undef TNP_SHORT_BINARY
#undef TNP_SHORT_COMPARISON

// The same choice for all.
inline ShortVector where(const Array& mask, const Scalar& x, const ShortVector& y) {
  if (!mask.item<bool>()) return y;
  ShortVector out(y.size());
  std::fill_n(out.values(), y.size(), std::get<double>(x.value));
  return out;
}

inline ShortVector where(const ShortMask& mask, const ShortVector& x, const ShortVector& y) {
  ShortVector out(mask.shape.size());
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.values()[i] = mask.values[i] ? x.values()[x.size() == 1 ? 0 : i] : y.values()[y.size() == 1 ? 0 : i];
  return out;
}

}  // namespace tnp
