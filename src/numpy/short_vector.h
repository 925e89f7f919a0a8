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

  // Of one number, which goes with all others.
  explicit ShortVector(const Scalar& s) : size_(1) {
    const auto* v = std::get_if<double>(&s.value);
    if (v == nullptr) throw ValueError("ShortVector: a float is needed");
    values_[0] = *v;
  }
  explicit ShortVector(double value) : size_(1) { values_[0] = value; }
  ShortVector() : size_(0) {}  // absent, as a default-constructed Array is
  static ShortVector unset(std::int64_t size) {
    ShortVector out;
    out.size_ = size;
    return out;
  }
  ShortVector(const ShortVector& other) : size_(other.size_) { std::copy_n(other.values_, size_, values_); }
  ShortVector& operator=(const ShortVector& other) {
    size_ = other.size_;
    std::copy_n(other.values_, size_, values_);
    return *this;
  }

  explicit operator bool() const { return size_ != 0; }
  std::int64_t size() const { return size_; }
  double* values() { return values_; }
  const double* values() const { return values_; }

 private:
  alignas(64) double values_[kMost];
  std::int64_t size_;
};

// What one of its comparisons gives.
struct ShortMask {
  std::int64_t size;
  bool values[ShortVector::kMost];
};

namespace detail {

inline const ShortVector& short_vector(const ShortVector& x) { return x; }
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

// f of each, where one operation of the processor, correctly rounded, is all that the kernel is, too.
template <class F>
ShortVector each_short(const ShortVector& x, F f) {
  ShortVector out = ShortVector::unset(x.size());
  for (std::int64_t i = 0; i < x.size(); ++i) out.values()[i] = f(x.values()[i]);
  return out;
}
template <class T, class F>
void each_short(T* out, const ShortVector& x, const ShortVector& y, std::int64_t n, F f) {
  const double *a = x.values(), *b = y.values();
  if (x.size() == y.size()) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = f(a[i], b[i]);
  } else if (y.size() == 1) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = f(a[i], b[0]);
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i] = f(a[0], b[i]);
  }
}

}  // namespace detail

#define TNP_SHORT_UNARY(NAME)                                       \
  inline ShortVector NAME(const ShortVector& x) {                   \
    static const BlockKernel kernel = detail::double_kernel(#NAME); \
    ShortVector out = ShortVector::unset(x.size());                 \
    detail::run_short(kernel, out.values(), x, x.size());           \
    return out;                                                     \
  }
#define TNP_SHORT_SIMPLE_UNARY(NAME, EXPRESSION)                       \
  inline ShortVector NAME(const ShortVector& v) {                      \
    return detail::each_short(v, [](double x) { return EXPRESSION; }); \
  }
#define TNP_SHORT_SIMPLE_BINARY(NAME, EXPRESSION)                                                      \
  template <class A, class B>                                                                          \
    requires detail::AnyShort<A, B>                                                                    \
  ShortVector NAME(const A& a, const B& b) {                                                           \
    const ShortVector &v = detail::short_vector(a), &w = detail::short_vector(b);                      \
    ShortVector out = ShortVector::unset(std::max(v.size(), w.size()));                                \
    detail::each_short(out.values(), v, w, out.size(), [](double x, double y) { return EXPRESSION; }); \
    return out;                                                                                        \
  }
#define TNP_SHORT_BINARY(NAME)                                                    \
  template <class A, class B>                                                     \
    requires detail::AnyShort<A, B>                                               \
  ShortVector NAME(const A& a, const B& b) {                                      \
    static const BlockKernel kernel = detail::double_kernel(#NAME);               \
    const ShortVector &x = detail::short_vector(a), &y = detail::short_vector(b); \
    ShortVector out = ShortVector::unset(std::max(x.size(), y.size()));           \
    detail::run_short(kernel, out.values(), x, y, out.size());                    \
    return out;                                                                   \
  }
#define TNP_SHORT_COMPARISON(NAME, EXPRESSION)                                                     \
  template <class A, class B>                                                                      \
    requires detail::AnyShort<A, B>                                                                \
  ShortMask NAME(const A& a, const B& b) {                                                         \
    const ShortVector &v = detail::short_vector(a), &w = detail::short_vector(b);                  \
    ShortMask out{std::max(v.size(), w.size()), {}};                                               \
    detail::each_short(out.values, v, w, out.size, [](double x, double y) { return EXPRESSION; }); \
    return out;                                                                                    \
  }
TNP_SHORT_SIMPLE_UNARY(negative, -x)
TNP_SHORT_SIMPLE_UNARY(reciprocal, 1 / x)
TNP_SHORT_SIMPLE_UNARY(square, x* x)
TNP_SHORT_SIMPLE_UNARY(sqrt, __builtin_sqrt(x))
TNP_SHORT_UNARY(exp)
TNP_SHORT_UNARY(expm1)
TNP_SHORT_UNARY(log)
TNP_SHORT_UNARY(log1p)
TNP_SHORT_UNARY(tan)
TNP_SHORT_SIMPLE_BINARY(add, x + y)
TNP_SHORT_SIMPLE_BINARY(subtract, x - y)
TNP_SHORT_SIMPLE_BINARY(multiply, x* y)
TNP_SHORT_SIMPLE_BINARY(divide, x / y)
TNP_SHORT_SIMPLE_BINARY(minimum, x < y || x != x ? x : y)
TNP_SHORT_SIMPLE_BINARY(maximum, x > y || x != x ? x : y)
TNP_SHORT_BINARY(power)
TNP_SHORT_BINARY(remainder)
TNP_SHORT_COMPARISON(less, x < y)
TNP_SHORT_COMPARISON(less_equal, x <= y)
TNP_SHORT_COMPARISON(equal, x == y)
#undef TNP_SHORT_UNARY
#undef TNP_SHORT_BINARY
#undef TNP_SHORT_SIMPLE_UNARY
#undef TNP_SHORT_SIMPLE_BINARY
#undef TNP_SHORT_COMPARISON

template <class A, class B>
  requires detail::AnyShort<A, B>
ShortVector where(const ShortMask& mask, const A& a, const B& b) {
  const ShortVector &x = detail::short_vector(a), &y = detail::short_vector(b);
  ShortVector out = ShortVector::unset(std::max({mask.size, x.size(), y.size()}));
  const bool each = mask.size > 1, each_x = x.size() > 1, each_y = y.size() > 1;
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.values()[i] = mask.values[each ? i : 0] ? x.values()[each_x ? i : 0] : y.values()[each_y ? i : 0];
  return out;
}

}  // namespace tnp
