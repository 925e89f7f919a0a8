// The functions of trigonometric.h and hyperbolic.h with their references, domains and the error that each may have.
// Used by the sweep (millions of arguments) and by the unit test (thousands).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "ops/elementwise/math/hyperbolic.h"
#include "ops/elementwise/math/trigonometric.h"

namespace accuracy {

namespace isa = tnp::TNP_ISA;
inline constexpr int kLanes = 8;

struct Range {
  double low;
  double high;
};

template <class T>
struct Case {
  const char* name;
  void (*vector)(const T* x, T* y);  // kLanes at once
  T (*scalar)(T x);
  long double (*reference)(long double x);
  double limit;  // in ULP
  std::vector<Range> ranges;
};

// What one sweep found.
struct Worst {
  double ulp = 0;
  double argument = 0;
  double value = 0;
  std::string failure;  // a lane that differs from the scalar, a wrong zero, infinity or NaN
};

// The distance of y from the exact value in units of T's last place there.
template <class T>
double ulp_error(T y, long double exact) {
  if (std::isnan(exact) || std::isnan(y)) return std::isnan(exact) && std::isnan(y) ? 0 : HUGE_VAL;
  const T rounded = static_cast<T>(exact);
  if (std::isinf(rounded) || std::isinf(y)) {
    if (rounded == y) return 0;
    // Next to the overflow threshold one side may be the largest finite number.
    const long double largest = std::numeric_limits<T>::max();
    const bool near = std::fabs(exact) < 2 * largest && std::signbit(y) == std::signbit(rounded);
    if (!near) return HUGE_VAL;
  }
  if (y == 0 && exact == 0) return std::signbit(y) == std::signbit(exact) ? 0 : HUGE_VAL;
  int exponent = 0;
  std::frexp(exact, &exponent);
  exponent = std::max(exponent, std::numeric_limits<T>::min_exponent);
  exponent = std::min(exponent, std::numeric_limits<T>::max_exponent);
  const long double bounded = std::isinf(y) ? std::copysign(std::ldexp(1.0L, std::numeric_limits<T>::max_exponent), y)
                                            : static_cast<long double>(y);
  return static_cast<double>(std::fabs(std::ldexp(bounded - exact, std::numeric_limits<T>::digits - exponent)));
}

template <class T>
bool same_bits(T a, T b) {
  return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof(T)) == 0;
}

// Values that every function must survive, of either sign.
template <class T>
std::vector<T> special_arguments() {
  using L = std::numeric_limits<T>;
  std::vector<T> values = {T(0),
                           L::denorm_min(),
                           3 * L::denorm_min(),
                           L::min() / 2,
                           L::min(),
                           T(1e-30),
                           L::epsilon(),
                           T(0.25),
                           T(0.5),
                           T(0.75),
                           T(1),
                           T(2),
                           T(M_PI_2),
                           T(M_PI),
                           T(3),
                           T(10),
                           T(1e6),
                           T(1e9),
                           T(1e30),
                           L::max() / 2,
                           L::max(),
                           L::infinity(),
                           L::quiet_NaN(),
                           T(100)};
  for (const T v : {T(0.5), T(1), T(2)}) {
    values.push_back(std::nextafter(v, T(0)));
    values.push_back(std::nextafter(v, T(9)));
  }
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) values.push_back(-values[i]);
  while (values.size() % kLanes != 0) values.push_back(T(0));
  return values;
}

template <class T>
void check(const Case<T>& c, const std::vector<T>& arguments, Worst& worst) {
  for (std::size_t i = 0; i + kLanes <= arguments.size(); i += kLanes) {
    T y[kLanes];
    c.vector(arguments.data() + i, y);
    for (int k = 0; k < kLanes; ++k) {
      const T x = arguments[i + k];
      if (!same_bits(c.scalar(x), y[k])) {
        worst.failure = "lane differs from scalar at " + std::to_string(x);
      }
      const double error = ulp_error(y[k], c.reference(static_cast<long double>(x)));
      if (error > worst.ulp) worst = {error, double(x), double(y[k]), worst.failure};
    }
  }
}

// Half of the arguments are uniform in each range, half have uniform exponents within it; the special ones come first.
template <class T>
Worst sweep(const Case<T>& c, int count, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  Worst worst;
  check(c, special_arguments<T>(), worst);
  constexpr int kBlock = 1024;
  std::vector<T> block(kBlock);
  for (const Range& range : c.ranges) {
    std::uniform_real_distribution<double> uniform(0, 1);
    const double largest = std::max(std::fabs(range.low), std::fabs(range.high));
    // Down to tiny numbers for the ranges that reach to the largest ones.
    const double smallest = largest > 1e30 ? 1e-30 : largest * 1e-6;
    for (int done = 0; done < count; done += kBlock) {
      for (T& x : block) {
        const double u = uniform(random);
        double value = range.low + u * range.high - u * range.low;
        if ((random() & 1) != 0) {
          value = smallest * std::pow(largest / smallest, u);
          if (range.low < 0 && (random() & 1) != 0) value = -value;
          if (value < range.low || value > range.high) value = range.low;
        }
        x = static_cast<T>(value);
      }
      check(c, block, worst);
    }
  }
  return worst;
}

// A function of one argument as a pair of a vector and a scalar kernel.
#define TNP_ACCURACY_CASE(function, reference, limit, ...)              \
  Case<T> {                                                             \
    #function,                                                          \
        [](const T* x, T* y) {                                          \
          isa::Vec<T, kLanes> v;                                        \
          std::memcpy(&v, x, sizeof v);                                 \
          v = isa::math::function(v);                                   \
          std::memcpy(y, &v, sizeof v);                                 \
        },                                                              \
        [](T x) { return isa::math::function(x); }, reference, limit, { \
      __VA_ARGS__                                                       \
    }                                                                   \
  }

template <class T>
std::vector<Case<T>> cases() {
  using LD = long double;
  const double huge = std::numeric_limits<T>::max();
  // Cody–Waite's parts are subtracted with more roundings where there is no fused multiply-add.
  const double half_turn = TNP_FMA ? 1.75 : 2.5;
  return {
      TNP_ACCURACY_CASE(sin, [](LD x) { return std::sin(x); }, half_turn, {-1, 1}, {-8, 8}, {-1e5, 1e5}, {-2e9, 2e9},
                        {-huge, huge}),
      TNP_ACCURACY_CASE(cos, [](LD x) { return std::cos(x); }, half_turn, {-1, 1}, {-8, 8}, {-1e5, 1e5}, {-2e9, 2e9},
                        {-huge, huge}),
      TNP_ACCURACY_CASE(tan, [](LD x) { return std::tan(x); }, 2.5, {-1, 1}, {-8, 8}, {-1e5, 1e5}, {-2e9, 2e9},
                        {-huge, huge}),
      TNP_ACCURACY_CASE(arcsin, [](LD x) { return std::asin(x); }, 1.5, {-1, 1}, {-1.01, 1.01}),
      TNP_ACCURACY_CASE(arccos, [](LD x) { return std::acos(x); }, 1.5, {-1, 1}, {-1.01, 1.01}, {0.9, 1}),
      TNP_ACCURACY_CASE(arctan, [](LD x) { return std::atan(x); }, 2, {-1, 1}, {-8, 8}, {-1e5, 1e5}, {-huge, huge}),
      TNP_ACCURACY_CASE(sinh, [](LD x) { return std::sinh(x); }, 2, {-1, 1}, {-10, 10}, {-720, 720}),
      TNP_ACCURACY_CASE(cosh, [](LD x) { return std::cosh(x); }, 2, {-1, 1}, {-10, 10}, {-720, 720}),
      TNP_ACCURACY_CASE(tanh, [](LD x) { return std::tanh(x); }, 2.75, {-0.5, 0.5}, {-1, 1}, {-25, 25}),
      TNP_ACCURACY_CASE(arcsinh, [](LD x) { return std::asinh(x); }, 2, {-1, 1}, {-10, 10}, {-1e5, 1e5}, {-huge, huge}),
      TNP_ACCURACY_CASE(arccosh, [](LD x) { return std::acosh(x); }, 2, {0, 2}, {1, 1.001}, {1, 10}, {1, 1e5},
                        {0, huge}),
      TNP_ACCURACY_CASE(arctanh, [](LD x) { return std::atanh(x); }, 2.5, {-0.3, 0.3}, {-1, 1}, {0.99, 1}, {-2, 2}),
  };
}

}  // namespace accuracy
