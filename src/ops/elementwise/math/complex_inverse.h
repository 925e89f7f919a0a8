// The complex inverse functions of one argument in double precision, after Hull, Fairgrieve and Tang, "Implementing the
// complex arcsine and arccosine functions using exception handling" (1997): each works for every argument, the branch
// cuts and the extremes included.
#pragma once

#include "ops/elementwise/math/hyperbolic.h"
#include "ops/elementwise/math/power.h"
#include "ops/elementwise/math/trigonometric.h"

namespace tnp::TNP_ISA::math {

template <class V>
struct Complex {
  V re;
  V im;
};

namespace detail {

template <class V>
TNP_INLINE mask_t<V> not_finite(V x) {
  const auto exponent = splat<uint_t<V>>(float_of<V>::exponent_mask);
  return (bits_of(x) & exponent) == exponent;
}
// Masks combined without a branch, also where they are bool.
template <class M>
TNP_INLINE M either(M a, M b) {
  return static_cast<M>(a | b);
}
template <class M>
TNP_INLINE M both(M a, M b) {
  return static_cast<M>(a & b);
}

// f(z) in each lane, in double.
template <class V>
TNP_INLINE Complex<V> map_lanes(Complex<V> z, Complex<double> (*f)(Complex<double>)) {
  Complex<V> result;
  for (int i = 0; i < lanes_v<V>; ++i) {
    const Complex<double> w = f({static_cast<double>(get_lane(z.re, i)), static_cast<double>(get_lane(z.im, i))});
    set_lane(result.re, i, static_cast<lane_t<V>>(w.re));
    set_lane(result.im, i, static_cast<lane_t<V>>(w.im));
  }
  return result;
}

inline constexpr double half_pi = 0x1.921fb54442d18p+0;
inline constexpr double half_pi_rest = 0x1.1a62633145c07p-54;
inline constexpr double log_2 = 0x1.62e42fefa39efp-1;
inline constexpr double double_epsilon = 0x1p-52;
inline constexpr double large_inverse_argument = 0x1p52;

// (hypot(a, b) - b) / 2 without cancellation.
inline double half_excess(double a, double b, double hypotenuse) {
  if (b < 0) return (hypotenuse - b) / 2;
  if (b == 0) return a / 2;
  return a * a / (hypotenuse + b) / 2;
}

// log|z| for a large z; the scale keeps the modulus finite.
inline double log_modulus_large(double re, double im) {
  const bool huge = abs_value(re) > 0x1p1020 || abs_value(im) > 0x1p1020;
  const double scale = huge ? 0.0625 : 1.0;
  return math::log(hypot(re * scale, im * scale)) + (huge ? 4 * log_2 : 0.0);
}

// The ingredients of arcsinh(x + i y) for x, y >= 0: its real part, and sin of its imaginary part either directly or as
// the tangent numerator / denominator.
struct HullParts {
  double real;
  bool sine_is_usable;
  double sine;
  double numerator;
  double denominator;
};

inline double hull_real(double x, double y, double r, double s, double a) {
  if (a >= 10) return math::log(a + math::sqrt(a * a - 1));
  if (y == 1 && x < double_epsilon * double_epsilon / 128) return math::sqrt(x);
  if (x >= double_epsilon * abs_value(y - 1)) {
    const double a_minus_1 = half_excess(x, 1 + y, r) + half_excess(x, 1 - y, s);
    return math::log1p(a_minus_1 + math::sqrt(a_minus_1 * (a + 1)));
  }
  if (y < 1) return x / math::sqrt((1 - y) * (1 + y));
  return math::log1p((y - 1) + math::sqrt((y - 1) * (y + 1)));
}

inline HullParts hull_parts(double x, double y) {
  const double r = hypot(x, y + 1), s = hypot(x, y - 1);
  double a = (r + s) / 2;
  if (a < 1) a = 1;
  HullParts parts{hull_real(x, y, r, s, a), false, 0, y, 0};
  if (y < 0x1p-509) {
    // y / a would underflow.
    parts.denominator = a * (2 / double_epsilon);
    parts.numerator = y * (2 / double_epsilon);
    return parts;
  }
  const double sine = y / a;
  if (sine <= 0.6417) {
    parts.sine_is_usable = true;
    parts.sine = sine;
  } else if (y == 1 && x < double_epsilon / 128) {
    parts.denominator = math::sqrt(x) * math::sqrt((a + y) / 2);
  } else if (x >= double_epsilon * abs_value(y - 1)) {
    const double a_minus_y = half_excess(x, y + 1, r) + half_excess(x, y - 1, s);
    parts.denominator = math::sqrt(a_minus_y * (a + y));
  } else if (y > 1) {
    constexpr double scale = 4 / double_epsilon / double_epsilon;
    parts.denominator = x * scale * y / math::sqrt((y + 1) * (y - 1));
    parts.numerator = y * scale;
  } else {
    parts.denominator = math::sqrt((1 - y) * (1 + y));
  }
  return parts;
}

[[gnu::noinline]] inline Complex<double> arcsinh_lane(Complex<double> z) {
  const double x = abs_value(z.re), y = abs_value(z.im);
  if (is_nan(x) || is_nan(y)) {
    if (is_inf(x)) return {z.re, z.im + z.im};
    if (is_inf(y)) return {z.im, z.re + z.re};
    if (y == 0) return {z.re + z.re, z.im};
    return {Float<double>::nan, Float<double>::nan};
  }
  if (x > large_inverse_argument || y > large_inverse_argument) {
    return {copysign(log_modulus_large(x, y) + log_2, z.re), copysign(arctan2(y, x), z.im)};
  }
  if (x < 0x1p-27 && y < 0x1p-27) return z;
  const HullParts parts = hull_parts(x, y);
  const double imaginary =
      parts.sine_is_usable ? math::arcsin(parts.sine) : arctan2(parts.numerator, parts.denominator);
  return {copysign(parts.real, z.re), copysign(imaginary, z.im)};
}

[[gnu::noinline]] inline Complex<double> arccos_lane(Complex<double> z) {
  const double x = abs_value(z.re), y = abs_value(z.im);
  const bool left = signbit(z.re);
  if (is_nan(x) || is_nan(y)) {
    if (is_inf(x)) return {z.im + z.im, -Float<double>::infinity};
    if (is_inf(y)) return {z.re + z.re, -z.im};
    if (x == 0) return {half_pi, z.im + z.im};
    return {Float<double>::nan, Float<double>::nan};
  }
  if (x > large_inverse_argument || y > large_inverse_argument) {
    const double imaginary = log_modulus_large(x, y) + log_2;
    return {arctan2(y, z.re), copysign(imaginary, -z.im)};
  }
  if (x == 1 && y == 0 && !left) return {0, -z.im};
  if (x < 0x1p-27 && y < 0x1p-27) return {half_pi - (z.re - half_pi_rest), -z.im};
  const HullParts parts = hull_parts(y, x);
  double real = 0;
  if (parts.sine_is_usable) {
    real = math::arccos(left ? -parts.sine : parts.sine);
  } else {
    real = arctan2(parts.denominator, left ? -parts.numerator : parts.numerator);
  }
  return {real, copysign(parts.real, -z.im)};
}

[[gnu::noinline]] inline Complex<double> arccosh_lane(Complex<double> z) {
  const Complex<double> w = arccos_lane(z);
  if (is_nan(w.re)) return {is_nan(w.im) ? w.im : abs_value(w.im), w.re};
  if (is_nan(w.im)) return {w.im, w.re};
  return {abs_value(w.im), copysign(w.re, z.im)};
}

// Re(1 / (x + i y)).
inline double reciprocal_real(double x, double y) {
  if (is_inf(x) || is_inf(y)) return copysign(0.0, x);
  // Scaled, as the sum may overflow.
  constexpr double scale = 0.0625;
  x *= scale;
  y *= scale;
  if (abs_value(x) >= abs_value(y)) return 1 / (x + y * (y / x)) * scale;
  const double ratio = x / y;
  return ratio / (x * ratio + y) * scale;
}

[[gnu::noinline]] inline Complex<double> arctanh_lane(Complex<double> z) {
  const double x = abs_value(z.re), y = abs_value(z.im);
  if (y == 0 && x <= 1) return {math::arctanh(z.re), z.im};
  if (x == 0) return {z.re, math::arctan(z.im)};
  if (is_nan(x) || is_nan(y)) {
    if (is_inf(x)) return {copysign(0.0, z.re), z.im + z.im};
    if (is_inf(y)) return {copysign(0.0, z.re), copysign(half_pi, z.im)};
    return {Float<double>::nan, Float<double>::nan};
  }
  if (x > large_inverse_argument || y > large_inverse_argument) {
    return {reciprocal_real(z.re, z.im), copysign(half_pi, z.im)};
  }
  if (x < 0x1p-27 && y < 0x1p-27) return z;
  const double y_square = y < 0x1p-511 ? 0.0 : y * y;
  const bool at_pole = x == 1 && y < double_epsilon;
  const double real = at_pole ? (log_2 - math::log(y)) / 2 : math::log1p(4 * x / ((x - 1) * (x - 1) + y_square)) / 4;
  double angle = 0;
  if (x == 1) {
    angle = arctan2(2.0, -y);
  } else {
    const double along = (1 - x) * (1 + x);
    angle = arctan2(2 * y, y < double_epsilon ? along : along - y * y);
  }
  return {copysign(real, z.re), copysign(angle / 2, z.im)};
}

}  // namespace detail
}  // namespace tnp::TNP_ISA::math
