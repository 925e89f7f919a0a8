// What each elementwise operation of floating-point numbers should give, and how far from the correctly rounded value
// its result may be. Used by tests/cpp/elementwise_accuracy_test.cpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

namespace accuracy {

using LD = long double;

// A floating-point format by its bits, which are kept in 64.
struct Format {
  int bytes;
  int mantissa_bits;
  int bias;

  int min_exponent() const { return 1 - bias - mantissa_bits; }  // of the least subnormal number
  std::uint64_t sign() const { return std::uint64_t{1} << (8 * bytes - 1); }
  std::uint64_t infinity() const { return sign() - (std::uint64_t{1} << mantissa_bits); }

  LD value(std::uint64_t bits) const {
    const std::uint64_t magnitude = bits & (sign() - 1);
    LD x;
    if (magnitude >= infinity()) {
      x = magnitude == infinity() ? HUGE_VALL : std::nanl("");
    } else {
      const auto exponent = static_cast<int>(magnitude >> mantissa_bits);
      std::uint64_t mantissa = magnitude & ((std::uint64_t{1} << mantissa_bits) - 1);
      if (exponent > 0) mantissa |= std::uint64_t{1} << mantissa_bits;
      x = std::ldexp(static_cast<LD>(mantissa), std::max(exponent, 1) - 1 + min_exponent());
    }
    return (bits & sign()) != 0 ? -x : x;
  }

  // Rounded to nearest, ties to even.
  std::uint64_t round(LD x) const {
    const std::uint64_t flag = std::signbit(x) ? sign() : 0;
    if (std::isnan(x)) return infinity() + 1;
    if (std::isinf(x)) return infinity() | flag;
    if (x == 0) return flag;
    int exponent = 0;
    std::frexp(x, &exponent);
    const int last = std::max(exponent - 1 - mantissa_bits, min_exponent());
    const auto units = static_cast<std::uint64_t>(std::nearbyint(std::ldexp(std::fabs(x), -last)));
    // The implied bit, and a carry out of the mantissa, count the exponent up.
    const auto above = static_cast<std::uint64_t>(last - min_exponent());
    if (above > 2 * static_cast<std::uint64_t>(bias)) return infinity() | flag;
    return std::min((above << mantissa_bits) + units, infinity()) | flag;
  }

  bool is_nan(std::uint64_t bits) const { return (bits & (sign() - 1)) > infinity(); }

  // Numbers in order, neighbours 1 apart; both zeros are 0.
  std::int64_t ordinal(std::uint64_t bits) const {
    const auto magnitude = static_cast<std::int64_t>(bits & (sign() - 1));
    return (bits & sign()) != 0 ? -magnitude : magnitude;
  }
  std::uint64_t at_ordinal(std::int64_t n) const {
    return n < 0 ? static_cast<std::uint64_t>(-n) | sign() : static_cast<std::uint64_t>(n);
  }
  LD next(LD x, LD y) const {
    if (std::isnan(x) || std::isnan(y)) return x + y;
    if (x == y) return y;
    const std::int64_t n = ordinal(round(x)) + (y > x ? 1 : -1);
    const LD moved = value(at_ordinal(n));
    return moved == 0 ? std::copysign(LD(0), x) : moved;
  }
};

inline constexpr Format kFloat16{2, 10, 15}, kBfloat16{2, 7, 127}, kFloat32{4, 23, 127}, kFloat64{8, 52, 1023};

struct Reference {
  std::string_view name;
  int steps;  // representable numbers between the result and the correctly rounded value
  LD (*in_long_double)(LD x, LD y, LD z) = nullptr;
  float (*in_float)(float x, float y, float z) = nullptr;
  double (*in_double)(double x, double y, double z) = nullptr;
  LD (*in_format)(const Format& format, LD x, LD y, LD z) = nullptr;
  bool whole_second = false;  // the second input is a whole number
  bool cancels = false;       // a difference that underflows: zero's sign is open

  std::uint64_t operator()(const Format& format, LD x, LD y, LD z) const {
    if (in_format != nullptr) return format.round(in_format(format, x, y, z));
    if (in_long_double != nullptr) return format.round(in_long_double(x, y, z));
    // Half precision computes in float32, whose second rounding does no harm to these.
    if (format.bytes < 8) {
      return format.round(in_float(static_cast<float>(x), static_cast<float>(y), static_cast<float>(z)));
    }
    return format.round(in_double(static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)));
  }
  int limit(const Format& format) const { return format.bytes == 2 ? std::min(steps, 1) : steps; }
};

namespace detail {

// Exactly rounded by the processor, or not rounded at all.
template <class F>
Reference exact(std::string_view name, F) {
  return {.name = name,
          .steps = 0,
          .in_float = [](float x, float y, float z) -> float { return F{}(x, y, z); },
          .in_double = [](double x, double y, double z) -> double { return F{}(x, y, z); }};
}
template <class F>
Reference close(std::string_view name, int steps, F) {
  return {.name = name, .steps = steps, .in_long_double = [](LD x, LD y, LD z) -> LD { return F{}(x, y, z); }};
}
template <class F>
Reference formatted(std::string_view name, int steps, F) {
  return {.name = name, .steps = steps, .in_format = [](const Format& format, LD x, LD y, LD z) -> LD {
            return F{}(format, x, y, z);
          }};
}

// Arithmetic of 113 bits.
using Quad = __float128;
inline constexpr Quad kLog2 = static_cast<Quad>(0x1.62e42fefa39efp-1) + static_cast<Quad>(0x3.5793c7673007e5ep-57L);

// e**x - 1 for |x| <= 1.
inline Quad expm1(Quad x) {
  constexpr int kHalvings = 8;
  x /= 1 << kHalvings;
  Quad sum = 0;
  for (int n = 18; n > 0; --n) sum = (sum + 1) * x / n;
  for (int i = 0; i < kHalvings; ++i) sum = sum * (sum + 2);
  return sum;
}
// log(1 + x) for |x| <= 1/2, by a step of Newton's.
inline Quad log1p(Quad x) {
  const Quad y = std::log1p(static_cast<LD>(x));
  return y - (expm1(y) - x) / (1 + x);
}

// log_b(b**x + b**y) for the base e**unit. Where that is near 0, the sum less 1 is formed without losing digits.
inline LD log_of_sum(LD x, LD y, Quad unit) {
  if (std::isnan(x) || std::isnan(y)) return x + y;
  const LD larger = std::max(x, y), smaller = std::min(x, y), scale = static_cast<LD>(unit);
  if (larger == smaller) return larger + std::log(2.0L) / scale;
  if (larger < 0 && larger * scale >= -1 && smaller * scale >= -1000) {
    constexpr int kHalvings = 10;
    Quad power = 1 + expm1(unit * smaller / (1 << kHalvings));
    for (int i = 0; i < kHalvings; ++i) power *= power;
    const Quad sum = expm1(unit * larger) + power;
    if (sum > -0.25 && sum < 0.25) return static_cast<LD>(log1p(sum) / unit);
  }
  if (larger <= 0 && larger * scale > -0.1L) {
    return std::log1p(std::expm1(larger * scale) + std::exp(smaller * scale)) / scale;
  }
  return larger + std::log1p(std::exp((smaller - larger) * scale)) / scale;
}

// NumPy's floored quotient, which is rounded as its steps are.
template <class T>
T floored_quotient(T x, T y) {
  const T rest = std::fmod(x, y);
  if (y == 0) return x / y;
  T quotient = (x - rest) / y;
  if (rest != 0 && (y < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(T(0), x / y);
  const T floored = std::floor(quotient);
  return quotient - floored > T(0.5) ? floored + 1 : floored;
}
template <class T>
T signed_remainder(T x, T y) {
  const T rest = std::fmod(x, y);
  if (y == 0) return rest;
  if (rest == 0) return std::copysign(T(0), y);
  return (y < 0) != (rest < 0) ? rest + y : rest;
}
template <class T>
T mantissa(T x) {
  int exponent = 0;
  return std::isfinite(x) ? std::frexp(x, &exponent) : x;
}
template <class T>
T exponent(T x) {
  int n = 0;
  if (std::isfinite(x)) (void)std::frexp(x, &n);
  return static_cast<T>(n);
}
template <class T>
T lesser(T x, T y) {
  return x <= y || x != x ? x : y;
}
// Away from zero; float16's upwards, as NumPy's.
inline LD spacing(const Format& format, LD x) {
  if (!std::isfinite(x)) return std::nanl("");
  const LD start = x + 0.0L;
  return format.next(start, format.bytes == 2 && format.bias == 15 ? HUGE_VALL : std::copysign(HUGE_VALL, start)) -
         start;
}

}  // namespace detail

#define TNP_EXACT(name, expression) \
  detail::exact(name,               \
                []([[maybe_unused]] auto x, [[maybe_unused]] auto y, [[maybe_unused]] auto z) { return expression; })
#define TNP_CLOSE(name, steps, expression) \
  detail::close(name, steps,               \
                []([[maybe_unused]] LD x, [[maybe_unused]] LD y, [[maybe_unused]] LD z) -> LD { return expression; })
#define TNP_FORMATTED(name, steps, expression)                                                              \
  detail::formatted(name, steps,                                                                            \
                    []([[maybe_unused]] const Format& format, [[maybe_unused]] LD x, [[maybe_unused]] LD y, \
                       [[maybe_unused]] LD z) -> LD { return expression; })

inline std::vector<Reference> references() {
  constexpr LD kPi = 3.14159265358979323846264338327950288L;
  std::vector<Reference> all = {
      TNP_EXACT("add", x + y),
      TNP_EXACT("subtract", x - y),
      TNP_EXACT("multiply", x * y),
      TNP_EXACT("multiply_or_zero", x == 0 ? x : x * y),
      TNP_EXACT("divide", x / y),
      TNP_EXACT("negative", -x),
      TNP_EXACT("positive", x),
      TNP_EXACT("square", x * x),
      TNP_EXACT("reciprocal", 1 / x),
      TNP_EXACT("sqrt", std::sqrt(x)),
      TNP_EXACT("absolute", std::fabs(x)),
      TNP_EXACT("fabs", std::fabs(x)),
      TNP_EXACT("conjugate", x),
      TNP_EXACT("real", x),
      TNP_EXACT("imag", decltype(x)(0)),
      TNP_EXACT("sign", x > 0    ? 1
                        : x < 0  ? -1
                        : x == 0 ? 0
                                 : x),
      TNP_EXACT("copysign", std::copysign(x, y)),
      TNP_EXACT("heaviside", x > 0    ? 1
                             : x < 0  ? 0
                             : x == 0 ? y
                                      : x),
      TNP_EXACT("maximum", x >= y || x != x ? x : y),
      TNP_EXACT("minimum", x <= y || x != x ? x : y),
      TNP_EXACT("fmax", x >= y || y != y ? x : y),
      TNP_EXACT("fmin", x <= y || y != y ? x : y),
      TNP_EXACT("where", x != 0 ? y : z),
      TNP_EXACT("clip_between", detail::lesser(x >= y || x != x ? x : y, z)),
      TNP_EXACT("floor", std::floor(x)),
      TNP_EXACT("ceil", std::ceil(x)),
      TNP_EXACT("trunc", std::trunc(x)),
      TNP_EXACT("rint", std::nearbyint(x)),
      TNP_EXACT("fmod", std::fmod(x, y)),
      TNP_CLOSE("exp", 1, std::exp(x)),
      TNP_CLOSE("exp2", 1, std::exp2(x)),
      TNP_CLOSE("expm1", 2, std::expm1(x)),
      TNP_CLOSE("log", 1, std::log(x)),
      TNP_CLOSE("log2", 2, std::log2(x)),
      TNP_CLOSE("log10", 2, std::log10(x)),
      TNP_CLOSE("log1p", 2, std::log1p(x)),
      TNP_CLOSE("cbrt", 1, std::cbrt(x)),
      TNP_CLOSE("power", 1, std::pow(x, y)),
      TNP_CLOSE("float_power", 1, std::pow(x, y)),
      TNP_CLOSE("hypot", 1, std::hypot(x, y)),
      TNP_CLOSE("logaddexp", 4, detail::log_of_sum(x, y, 1)),
      TNP_CLOSE("logaddexp2", 4, detail::log_of_sum(x, y, detail::kLog2)),
      TNP_CLOSE("sin", 3, std::sin(x)),
      TNP_CLOSE("cos", 3, std::cos(x)),
      TNP_CLOSE("tan", 3, std::tan(x)),
      TNP_CLOSE("arcsin", 2, std::asin(x)),
      TNP_CLOSE("arccos", 2, std::acos(x)),
      TNP_CLOSE("arctan", 2, std::atan(x)),
      TNP_CLOSE("arctan2", 2, std::atan2(x, y)),
      TNP_CLOSE("sinh", 2, std::sinh(x)),
      TNP_CLOSE("cosh", 2, std::cosh(x)),
      TNP_CLOSE("tanh", 3, std::tanh(x)),
      TNP_CLOSE("arcsinh", 2, std::asinh(x)),
      TNP_CLOSE("arccosh", 2, std::acosh(x)),
      TNP_CLOSE("arctanh", 3, std::atanh(x)),
      TNP_CLOSE("degrees", 2, x * (180 / kPi)),
      TNP_CLOSE("radians", 2, x * (kPi / 180)),
      TNP_EXACT("floor_divide", detail::floored_quotient(x, y)),
      TNP_EXACT("remainder", detail::signed_remainder(x, y)),
      TNP_EXACT("mantissa", detail::mantissa(x)),
      TNP_EXACT("exponent", detail::exponent(x)),
      TNP_CLOSE("scale_exponent", 0, std::ldexp(x, static_cast<int>(std::clamp(y, -9999.0L, 9999.0L)))),
      TNP_FORMATTED("nextafter", 0, format.next(x, y)),
      TNP_FORMATTED("spacing", 0, detail::spacing(format, x)),
  };
  for (Reference& r : all) {
    r.whole_second = r.name == "scale_exponent";
    r.cancels = r.name.starts_with("logaddexp");
  }
  return all;
}

}  // namespace accuracy
