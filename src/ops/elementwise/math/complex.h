// Complex arithmetic and functions over a pair of real values, each a scalar or a vector.
//
// Special values follow C99's Annex G, as NumPy's do; products, quotients and comparisons are NumPy's own formulas.
// The inverse functions and powers go lane by lane (in double) through out-of-line functions; the rest is branch-free.
#pragma once

#include "ops/elementwise/math/complex_inverse.h"

namespace tnp::TNP_ISA::math {

// ---- Arithmetic

template <class V>
TNP_INLINE Complex<V> operator+(Complex<V> a, Complex<V> b) {
  return {a.re + b.re, a.im + b.im};
}
template <class V>
TNP_INLINE Complex<V> operator-(Complex<V> a, Complex<V> b) {
  return {a.re - b.re, a.im - b.im};
}
template <class V>
TNP_INLINE Complex<V> operator-(Complex<V> a) {
  return {-a.re, -a.im};
}
template <class V>
TNP_INLINE Complex<V> operator*(Complex<V> a, Complex<V> b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

// Smith's algorithm: both parts of b are divided by the larger one.
template <class V>
TNP_INLINE Complex<V> operator/(Complex<V> a, Complex<V> b) {
  const V zero = splat<V>(0), one = splat<V>(1);
  const V re_size = abs_value(b.re), im_size = abs_value(b.im);
  const mask_t<V> by_re = re_size >= im_size;
  const mask_t<V> by_zero = (re_size == zero) & (im_size == zero);
  const V larger = select<V>(by_zero, one, select<V>(by_re, b.re, b.im));
  const V ratio = select<V>(by_re, b.im, b.re) / larger;
  const V scale = one / (larger + select<V>(by_re, b.im, b.re) * ratio);
  const V re = select<V>(by_re, a.re + a.im * ratio, a.re * ratio + a.im) * scale;
  const V im = select<V>(by_re, a.im - a.re * ratio, a.im * ratio - a.re) * scale;
  const V divisor = select<V>(by_zero, re_size, one);
  return {select<V>(by_zero, a.re / divisor, re), select<V>(by_zero, a.im / divisor, im)};
}

template <class V>
TNP_INLINE Complex<V> square(Complex<V> a) {
  return {a.re * a.re - a.im * a.im, a.re * a.im + a.im * a.re};
}
template <class V>
TNP_INLINE Complex<V> reciprocal(Complex<V> a) {
  const V one = splat<V>(1);
  const mask_t<V> by_re = abs_value(a.im) <= abs_value(a.re);
  const V larger = select<V>(by_re, a.re, a.im), smaller = select<V>(by_re, a.im, a.re);
  const V ratio = smaller / larger;
  const V divisor = larger + smaller * ratio;
  return {select<V>(by_re, one, ratio) / divisor, select<V>(by_re, -ratio, -one) / divisor};
}
template <class V>
TNP_INLINE Complex<V> conj(Complex<V> a) {
  return {a.re, -a.im};
}
template <class V>
TNP_INLINE V abs(Complex<V> a) {
  return hypot(a.re, a.im);
}
template <class V>
TNP_INLINE V arg(Complex<V> a) {
  return arctan2(a.im, a.re);
}

// ---- Tests and order: by real part, then by imaginary part; a NaN anywhere is no order.

template <class V>
TNP_INLINE mask_t<V> isnan(Complex<V> a) {
  return (a.re != a.re) | (a.im != a.im);
}
template <class V>
TNP_INLINE mask_t<V> isinf(Complex<V> a) {
  return detail::either<mask_t<V>>(is_inf(a.re), is_inf(a.im));
}
template <class V>
TNP_INLINE mask_t<V> isfinite(Complex<V> a) {
  return detail::both<mask_t<V>>(is_finite(a.re), is_finite(a.im));
}
template <class V>
TNP_INLINE mask_t<V> equal(Complex<V> a, Complex<V> b) {
  return (a.re == b.re) & (a.im == b.im);
}
template <class V>
TNP_INLINE mask_t<V> not_equal(Complex<V> a, Complex<V> b) {
  return (a.re != b.re) | (a.im != b.im);
}
template <class V>
TNP_INLINE mask_t<V> less(Complex<V> a, Complex<V> b) {
  return ((a.re < b.re) & (a.im == a.im) & (b.im == b.im)) | ((a.re == b.re) & (a.im < b.im));
}
template <class V>
TNP_INLINE mask_t<V> less_equal(Complex<V> a, Complex<V> b) {
  return ((a.re < b.re) & (a.im == a.im) & (b.im == b.im)) | ((a.re == b.re) & (a.im <= b.im));
}
template <class V>
TNP_INLINE mask_t<V> greater(Complex<V> a, Complex<V> b) {
  return less(b, a);
}
template <class V>
TNP_INLINE mask_t<V> greater_equal(Complex<V> a, Complex<V> b) {
  return less_equal(b, a);
}

template <class V>
TNP_INLINE Complex<V> select_complex(mask_t<V> mask, Complex<V> a, Complex<V> b) {
  return {select<V>(mask, a.re, b.re), select<V>(mask, a.im, b.im)};
}
// The first NaN wins in maximum and minimum, and loses in fmax and fmin.
template <class V>
TNP_INLINE Complex<V> maximum(Complex<V> a, Complex<V> b) {
  return select_complex<V>(detail::either<mask_t<V>>(isnan(a), greater_equal(a, b)), a, b);
}
template <class V>
TNP_INLINE Complex<V> minimum(Complex<V> a, Complex<V> b) {
  return select_complex<V>(detail::either<mask_t<V>>(isnan(a), less_equal(a, b)), a, b);
}
template <class V>
TNP_INLINE Complex<V> fmax(Complex<V> a, Complex<V> b) {
  return select_complex<V>(detail::either<mask_t<V>>(isnan(b), greater_equal(a, b)), a, b);
}
template <class V>
TNP_INLINE Complex<V> fmin(Complex<V> a, Complex<V> b) {
  return select_complex<V>(detail::either<mask_t<V>>(isnan(b), less_equal(a, b)), a, b);
}

// z / |z|, 0 at 0; one infinite part is all that counts, two have no direction.
template <class V>
TNP_INLINE Complex<V> sign(Complex<V> z) {
  const V zero = splat<V>(0), one = splat<V>(1), nan = splat<V>(float_of<V>::nan);
  const V re_size = abs_value(z.re), im_size = abs_value(z.im), limit = splat<V>(float_of<V>::max / 4);
  // A finite number's modulus must not overflow.
  const V scale = select<V>((re_size > limit) | (im_size > limit), splat<V>(0.25), one);
  const V re = z.re * scale, im = z.im * scale;
  const V magnitude = hypot(re, im);
  const mask_t<V> infinite = magnitude == splat<V>(float_of<V>::infinity);
  const mask_t<V> re_inf = is_inf(z.re), im_inf = is_inf(z.im);
  const V divisor = select<V>((magnitude == zero) | infinite, one, magnitude);
  const V re_side = select<V>(im_inf, select<V>(re_inf, nan, zero), copysign(one, z.re));
  const V im_side = select<V>(re_inf, select<V>(im_inf, nan, zero), copysign(one, z.im));
  const V re_part = select<V>(infinite, re_side, re / divisor);
  const V im_part = select<V>(infinite, im_side, im / divisor);
  return {select<V>(magnitude == zero, zero, re_part), select<V>(magnitude == zero, zero, im_part)};
}

// ---- Square root, exponentials, logarithms

template <class V>
TNP_INLINE Complex<V> sqrt(Complex<V> z) {
  // Powers of four move both ends of the range away from overflow and underflow.
  constexpr int bits = (float_of<V>::mantissa_bits + 3) / 2 * 2;
  constexpr auto up = lane_t<V>(1ull << bits);
  const V zero = splat<V>(0), one = splat<V>(1), half = splat<V>(0.5);
  V re = abs_value(z.re), im = abs_value(z.im);
  const V larger = select<V>(re > im, re, im);
  const mask_t<V> big = larger > splat<V>(float_of<V>::max / 8);
  const mask_t<V> small = larger < splat<V>(float_of<V>::min_normal * up);
  const V scale = select<V>(big, splat<V>(0.0625), select<V>(small, splat<V>(up), one));
  const V unscale = select<V>(big, splat<V>(4), select<V>(small, splat<V>(lane_t<V>(1) / (1ull << bits / 2)), one));
  re = re * scale;
  im = im * scale;
  const V t = math::sqrt(half * (re + hypot(re, im)));
  const V other = im / select<V>(t == zero, one, t + t) * unscale;
  const V main = t * unscale;
  const mask_t<V> left = z.re < zero;
  const V inf = splat<V>(float_of<V>::infinity);
  const mask_t<V> im_inf = is_inf(z.im);
  return {select<V>(im_inf, inf, select<V>(left, other, main)),
          copysign(select<V>(im_inf, inf, select<V>(left, main, other)), z.im)};
}

namespace detail {

// half_power^2 (cos y + i sin y) or, where `whole`, half_power (cos y + i sin y): so no overflow comes before its time.
template <class V>
TNP_INLINE Complex<V> cis_scaled(V half_power, mask_t<V> whole, V y) {
  const SinCos<V> t = sincos(y);
  const V second = select<V>(whole, splat<V>(1), half_power);
  return {half_power * t.cos * second, half_power * t.sin * second};
}

// What exp has for the exponent x and the angle y besides its formula's value.
template <class V>
TNP_INLINE Complex<V> exp_special(V x, V y, Complex<V> value) {
  const V zero = splat<V>(0), inf = splat<V>(float_of<V>::infinity);
  value.im = select<V>(y == zero, y, value.im);
  // No angle: 0 stays 0, and an infinity keeps a real part of unknown sign.
  const mask_t<V> no_angle = not_finite(y);
  value.re = select<V>(no_angle & (x == inf), inf, select<V>(no_angle & (x == -inf), zero, value.re));
  value.im = select<V>(no_angle & (x == -inf), copysign(zero, y), value.im);
  return value;
}

// From here on exp(x) is taken as exp(x / 2)^2.
template <class V>
TNP_INLINE V exp_halving() {
  return splat<V>(is_f32<V> ? 85 : 700);
}

}  // namespace detail

template <class V>
TNP_INLINE Complex<V> exp(Complex<V> z) {
  const mask_t<V> whole = z.re < detail::exp_halving<V>();
  const V power = math::exp(select<V>(whole, z.re, splat<V>(0.5) * z.re));
  return detail::exp_special(z.re, z.im, detail::cis_scaled(power, whole, z.im));
}

template <class V>
TNP_INLINE Complex<V> exp2(Complex<V> z) {
  const mask_t<V> whole = z.re < detail::exp_halving<V>();
  const V power = math::exp2(select<V>(whole, z.re, splat<V>(0.5) * z.re));
  const V angle = z.im * splat<V>(0x1.62e42fefa39efp-1);
  return detail::exp_special(z.re, angle, detail::cis_scaled(power, whole, angle));
}

template <class V>
TNP_INLINE Complex<V> expm1(Complex<V> z) {
  const Complex<V> power = math::exp(z);
  const SinCos<V> half_angle = sincos(splat<V>(0.5) * z.im);
  const V versine = splat<V>(2) * half_angle.sin * half_angle.sin;
  const V near = math::expm1(z.re) * math::cos(z.im) - versine;
  // 1 is nothing beside exp(40), and exp(x) cos(y) may be finite where expm1(x) is not.
  return {select<V>(z.re > splat<V>(40), power.re, near), power.im};
}

namespace detail {

// log(1 + t) / 2 where |1 + t| is the square of a modulus, given t = a + b^2 + c^2 (each exact), else the logarithm of
// the modulus.
template <class V>
TNP_INLINE V log_modulus(V a, V b, V c, V modulus, V doublings) {
  const V half = splat<V>(0.5);
  const mask_t<V> bounded = (modulus > half) & (modulus < splat<V>(2));
  const mask_t<V> near = both<mask_t<V>>(bounded, doublings == splat<V>(0));
  b = select<V>(near, b, half);
  c = select<V>(near, c, half);
  const DD<V> p = two_prod(b, b), q = two_prod(c, c);
  const DD<V> first = two_sum(a, p.hi);
  const DD<V> second = two_sum(first.hi, q.hi);
  const V t = second.hi + (first.lo + second.lo + (p.lo + q.lo));
  const V far = math::log(modulus) + doublings * splat<V>(0x1.62e42fefa39efp-1);
  return select<V>(near, half * math::log1p(select<V>(near, t, splat<V>(0))), far);
}

}  // namespace detail

template <class V>
TNP_INLINE Complex<V> log(Complex<V> z) {
  const V re = abs_value(z.re), im = abs_value(z.im);
  const V larger = select<V>(re > im, re, im), smaller = select<V>(re > im, im, re);
  // Neither may the modulus overflow, nor be rounded to a subnormal number.
  constexpr int bits = 2 * float_of<V>::mantissa_bits;
  const mask_t<V> big = larger > splat<V>(float_of<V>::max / 4);
  const mask_t<V> small = larger < splat<V>(float_of<V>::min_normal / float_of<V>::epsilon);
  const V up = splat<V>(lane_t<V>(1) / (float_of<V>::epsilon * float_of<V>::epsilon));
  const V scale = select<V>(big, splat<V>(0.25), select<V>(small, up, splat<V>(1)));
  const V modulus = hypot(larger * scale, smaller * scale);
  const V doublings = select<V>(big, splat<V>(2), select<V>(small, splat<V>(-bits), splat<V>(0)));
  return {detail::log_modulus(splat<V>(-1), larger, smaller, modulus, doublings), arctan2(z.im, z.re)};
}

template <class V>
TNP_INLINE Complex<V> log2(Complex<V> z) {
  const Complex<V> l = math::log(z);
  const V factor = splat<V>(0x1.71547652b82fep+0);
  return {l.re * factor, l.im * factor};
}
template <class V>
TNP_INLINE Complex<V> log10(Complex<V> z) {
  const Complex<V> l = math::log(z);
  const V factor = splat<V>(0x1.bcb7b1526e50ep-2);
  return {l.re * factor, l.im * factor};
}
template <class V>
TNP_INLINE Complex<V> log1p(Complex<V> z) {
  const V re = z.re + splat<V>(1);
  const V limit = splat<V>(float_of<V>::max / 4);
  const V re_size = abs_value(re), im_size = abs_value(z.im);
  const mask_t<V> big = (re_size > limit) | (im_size > limit);
  const V scale = select<V>(big, splat<V>(0.25), splat<V>(1));
  const V modulus = hypot(re * scale, z.im * scale);
  const V doublings = select<V>(big, splat<V>(2), splat<V>(0));
  return {detail::log_modulus(z.re + z.re, z.re, z.im, modulus, doublings), arctan2(z.im, re)};
}

// ---- Hyperbolic and trigonometric functions

template <class V>
TNP_INLINE Complex<V> sinh(Complex<V> z) {
  const V zero = splat<V>(0), inf = splat<V>(float_of<V>::infinity);
  const V magnitude = abs_value(z.re);
  const SinCos<V> t = sincos(z.im);
  const mask_t<V> big = magnitude > detail::exp_halving<V>();
  const V root = math::exp(splat<V>(0.5) * select<V>(big, magnitude, zero));
  const V half = splat<V>(0.5) * root;
  V re = select<V>(big, copysign(half, z.re) * t.cos * root, math::sinh(z.re) * t.cos);
  V im = select<V>(big, half * t.sin * root, math::cosh(z.re) * t.sin);
  im = select<V>(z.im == zero, z.im, im);
  const mask_t<V> no_angle = detail::not_finite(z.im);
  re = select<V>(no_angle & (z.re == zero), z.re, select<V>(no_angle & (magnitude == inf), z.re, re));
  return {re, im};
}

template <class V>
TNP_INLINE Complex<V> cosh(Complex<V> z) {
  const V zero = splat<V>(0), inf = splat<V>(float_of<V>::infinity);
  const V magnitude = abs_value(z.re);
  const SinCos<V> t = sincos(z.im);
  const mask_t<V> big = magnitude > detail::exp_halving<V>();
  const V root = math::exp(splat<V>(0.5) * select<V>(big, magnitude, zero));
  const V half = splat<V>(0.5) * root;
  V re = select<V>(big, half * t.cos * root, math::cosh(z.re) * t.cos);
  V im = select<V>(big, copysign(half, z.re) * t.sin * root, math::sinh(z.re) * t.sin);
  const mask_t<V> no_angle = detail::not_finite(z.im);
  const V no_imaginary = copysign(zero, z.re) * copysign(splat<V>(1), z.im);
  im = select<V>((z.im == zero) | (no_angle & (z.re == zero)), no_imaginary, im);
  re = select<V>(no_angle & (magnitude == inf), inf, re);
  return {re, im};
}

// sinh x cosh x / (sinh^2 x + cos^2 y) + i sin y cos y / (sinh^2 x + cos^2 y).
template <class V>
TNP_INLINE Complex<V> tanh(Complex<V> z) {
  const V zero = splat<V>(0), one = splat<V>(1), limit = splat<V>(22);
  const V magnitude = abs_value(z.re);
  const mask_t<V> far = magnitude > limit;
  const V x = select<V>(far, limit, magnitude);
  const SinCos<V> t = sincos(z.im);
  const V s = math::sinh(x), product = t.sin * t.cos;
  const V divisor = mul_add(s, s, t.cos * t.cos);
  V re = select<V>(far, one, s * math::cosh(x) / divisor);
  V im = select<V>(far, splat<V>(4) * product * math::exp(splat<V>(-2) * magnitude), product / divisor);
  const mask_t<V> no_angle = detail::not_finite(z.im);
  const mask_t<V> infinite = magnitude == splat<V>(float_of<V>::infinity);
  re = select<V>(no_angle & (magnitude == zero), zero, re);
  re = select<V>(no_angle & (magnitude > zero) & (magnitude < splat<V>(float_of<V>::infinity)), t.sin, re);
  im = select<V>((z.im == zero) | (no_angle & infinite), copysign(zero, z.im), im);
  return {copysign(re, z.re), im};
}

// sin z = -i sinh(i z), and so on.
template <class V>
TNP_INLINE Complex<V> sin(Complex<V> z) {
  const Complex<V> w = math::sinh(Complex<V>{-z.im, z.re});
  return {w.im, -w.re};
}
template <class V>
TNP_INLINE Complex<V> cos(Complex<V> z) {
  return math::cosh(Complex<V>{-z.im, z.re});
}
template <class V>
TNP_INLINE Complex<V> tan(Complex<V> z) {
  const Complex<V> w = math::tanh(Complex<V>{-z.im, z.re});
  return {w.im, -w.re};
}

// ---- Inverse functions and powers, lane by lane

template <class V>
TNP_INLINE Complex<V> arcsinh(Complex<V> z) {
  return detail::map_lanes(z, detail::arcsinh_lane);
}
template <class V>
TNP_INLINE Complex<V> arcsin(Complex<V> z) {
  const Complex<V> w = detail::map_lanes(Complex<V>{z.im, z.re}, detail::arcsinh_lane);
  return {w.im, w.re};
}
template <class V>
TNP_INLINE Complex<V> arccos(Complex<V> z) {
  return detail::map_lanes(z, detail::arccos_lane);
}
template <class V>
TNP_INLINE Complex<V> arccosh(Complex<V> z) {
  return detail::map_lanes(z, detail::arccosh_lane);
}
template <class V>
TNP_INLINE Complex<V> arctanh(Complex<V> z) {
  return detail::map_lanes(z, detail::arctanh_lane);
}
template <class V>
TNP_INLINE Complex<V> arctan(Complex<V> z) {
  const Complex<V> w = detail::map_lanes(Complex<V>{z.im, z.re}, detail::arctanh_lane);
  return {w.im, w.re};
}

namespace detail {

// A product of small integer powers, by squaring; `n` is not 0.
template <class T>
inline Complex<T> small_power(Complex<T> base, int n) {
  unsigned left = static_cast<unsigned>(n < 0 ? -n : n);
  Complex<T> result{1, 0};
  for (;;) {
    if ((left & 1) != 0) result = result * base;
    left >>= 1;
    if (left == 0) break;
    base = base * base;
  }
  return n < 0 ? Complex<T>{1, 0} / result : result;
}

// The product by Annex G: an infinite factor gives an infinite product, where the formula gives NaN.
[[gnu::noinline]] inline Complex<double> product_with_infinities(Complex<double> a, Complex<double> b) {
  const Complex<double> product = a * b;
  if (!is_nan(product.re) || !is_nan(product.im)) return product;
  const double zero = 0;
  const auto boxed = [&](Complex<double> z) {
    return Complex<double>{copysign(is_inf(z.re) ? 1.0 : zero, z.re), copysign(is_inf(z.im) ? 1.0 : zero, z.im)};
  };
  const auto without_nan = [&](Complex<double> z) {
    return Complex<double>{is_nan(z.re) ? copysign(zero, z.re) : z.re, is_nan(z.im) ? copysign(zero, z.im) : z.im};
  };
  bool infinite = false;
  if (isinf(a)) {
    a = boxed(a);
    b = without_nan(b);
    infinite = true;
  }
  if (isinf(b)) {
    b = boxed(b);
    a = without_nan(a);
    infinite = true;
  }
  if (!infinite && (is_inf(a.re * b.re) || is_inf(a.im * b.im) || is_inf(a.re * b.im) || is_inf(a.im * b.re))) {
    a = without_nan(a);
    b = without_nan(b);
    infinite = true;
  }
  if (!infinite) return product;
  const Complex<double> finite = a * b;
  return {Float<double>::infinity * finite.re, Float<double>::infinity * finite.im};
}

// NumPy's cases: 0 to a power, small integer powers by multiplication, and exp(b log a).
template <class T>
[[gnu::noinline]] inline Complex<T> pow_lane(Complex<T> a, Complex<T> b) {
  if (b.re == 0 && b.im == 0) return {1, 0};
  if (a.re == 0 && a.im == 0) {
    if (b.re > 0) return {0, 0};
    const T inf = Float<T>::infinity;
    return {inf - inf, inf - inf};
  }
  if (b.im == 0 && b.re > -100 && b.re < 100 && static_cast<T>(static_cast<int>(b.re)) == b.re) {
    const int n = static_cast<int>(b.re);
    if (n == 1) return a;
    if (n == 2) return a * a;
    if (n == 3) return a * (a * a);
    return small_power(a, n);
  }
  const Complex<double> log_a = math::log(Complex<double>{a.re, a.im});
  const Complex<double> power = math::exp(product_with_infinities(Complex<double>{b.re, b.im}, log_a));
  return {static_cast<T>(power.re), static_cast<T>(power.im)};
}

}  // namespace detail

template <class V>
TNP_INLINE Complex<V> pow(Complex<V> a, Complex<V> b) {
  Complex<V> result;
  for (int i = 0; i < lanes_v<V>; ++i) {
    const auto lane = detail::pow_lane(Complex<lane_t<V>>{get_lane(a.re, i), get_lane(a.im, i)},
                                       Complex<lane_t<V>>{get_lane(b.re, i), get_lane(b.im, i)});
    set_lane(result.re, i, lane.re);
    set_lane(result.im, i, lane.im);
  }
  return result;
}

}  // namespace tnp::TNP_ISA::math
