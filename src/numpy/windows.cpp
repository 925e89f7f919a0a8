// Windows, and the Bessel function that one of them is made of.
#include <cmath>
#include <numbers>

#include "base/default_dtype.h"
#include "numpy/blocks.h"
#include "ops/sort/direct.h"
#include "tnp/calculus.h"
#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

// Chebyshev coefficients of exp(-x) i0(x) over 0 … 8 in x / 4 - 1, and of exp(-x) sqrt(x) i0(x) from 8 on in 16 / x -
// 1, computed with 60 digits from the power series.
constexpr double kNear[] = {
    0.6767952744094761,     -0.3046826723431984,     0.17162090152220877,    -0.09490109704804764,
    0.04930528423967071,    -0.02373741480589947,    0.010546460394594998,   -0.004324309995050576,
    0.0016394756169413357,  -0.0005763755745385824,  0.00018850288509584165, -5.754195010082104e-05,
    1.6448448070728896e-05, -4.4167383584587505e-06, 1.1173875391201037e-06, -2.670793853940612e-07,
    6.046995022541919e-08,  -1.300025009986248e-08,  2.6598237246823866e-09, -5.189795601635263e-10,
    9.675809035373237e-11,  -1.726826291441556e-11,  2.95505266312964e-12,   -4.856446783111929e-13,
    7.676185498604936e-14,  -1.1685332877993451e-14, 1.715391285555133e-15,  -2.431279846547955e-16,
    3.3307945188222384e-17, -4.4153416464793395e-18};
constexpr double kFar[] = {
    0.8044904110141088,      0.0033691164782556943,   6.889758346916825e-05,   2.8913705208347567e-06,
    2.0489185894690638e-07,  2.266668990498178e-08,   3.3962320257083865e-09,  4.94060238822497e-10,
    1.1889147107846439e-11,  -3.1499165279632416e-11, -1.3215811840447713e-11, -1.7941785315068062e-12,
    7.180124451383666e-13,   3.8527783827421426e-13,  1.54008621752141e-14,    -4.150569347287222e-14,
    -9.554846698828307e-15,  3.8116806693526224e-15,  1.7725601330565263e-15,  -3.425485619677219e-16,
    -2.8276239805165836e-16, 3.461222867697461e-17,   4.46562142029676e-17,    -4.830504485944178e-18,
    -7.23318048787476e-18};

// c0 / 2 + c1 T1(t) + c2 T2(t) + …, by Clenshaw's recurrence.
Array chebyshev(const Array& t, std::span<const double> coefficients) {
  const Array twice = t * Scalar(2.0);
  Array next = zeros_like(t), after = next;
  for (std::size_t k = coefficients.size(); k-- > 1;) {
    const Array current = twice * next - after + Scalar(coefficients[k]);
    after = next;
    next = current;
  }
  return t * next - after + Scalar(coefficients[0] / 2);
}

// f of first, first + step, … below `points`, as arange gives them.
Array over_range(double first, double points, double step, const std::function<Array(const Array&)>& f) {
  const double n = std::ceil((points - first) / step);
  if (!(n > 1e5 && n < 1e15)) return f(arange(first, points, step, default_float()));
  const Array start = Scalar(first).to_array(default_float());
  const Array delta = Scalar(first + step).to_array(default_float()) - start;
  return by_blocks_of_indices(static_cast<std::int64_t>(n), default_float(),
                              [&](const Array& i) { return f(i * delta + start); });
}
// 1 - M, 3 - M, …, M - 1: what the windows of cosines run over.
Array over_centred(double points, const std::function<Array(const Array&)>& f) {
  return over_range(1 - points, points, 2, f);
}

// Windows of no point and of one.
bool trivial(double points, Array& out) {
  if (points < 1) out = zeros({0}, default_float());
  if (points == 1) out = ones({1}, default_float());
  return points < 1 || points == 1;
}

// a + b cos(pi n / (M - 1)) + c cos(2 pi n / (M - 1))
Array cosines(double points, double a, double b, double c) {
  Array out;
  if (trivial(points, out)) return out;
  return over_centred(points, [&](const Array& n) {
    // In this order the phase at both ends is pi to the bit, and a Hann window's ends are 0.
    const Array phase = n / Scalar(points - 1) * Scalar(std::numbers::pi);
    const Array sum = Scalar(a) + Scalar(b) * cos(phase);
    return c == 0 ? sum : sum + Scalar(c) * cos(Scalar(2.0) * phase);
  });
}

Array i0_of(const Array& given) {
  const Array x = absolute(given);
  const Array is_near = x <= 8.0;
  if (computes_directly({&x}) && all(is_near).item<bool>())
    return exp(x) * chebyshev(x / Scalar(4.0) - Scalar(1.0), kNear);
  const Array near = where(is_near, x, 8.0), far = where(is_near, 8.0, x);
  return where(is_near, exp(near) * chebyshev(near / Scalar(4.0) - Scalar(1.0), kNear),
               exp(far) * chebyshev(Scalar(16.0) / far - Scalar(1.0), kFar) / sqrt(far));
}

}  // namespace

Array i0(const Array& given) {
  if (is_complex(given.dtype())) throw TypeError("i0 not supported for complex values");
  return by_blocks({is_floating(given.dtype()) ? given : astype(given, default_float())},
                   [](std::span<const Array> in) { return i0_of(in[0]); });
}

Array bartlett(double points) {
  Array out;
  if (trivial(points, out)) return out;
  return over_centred(points, [&](const Array& n) {
    const Array x = n / Scalar(points - 1);
    return where(x <= 0, Scalar(1.0) + x, Scalar(1.0) - x);
  });
}
Array blackman(double points) { return cosines(points, 0.42, 0.5, 0.08); }
Array hamming(double points) { return cosines(points, 0.54, 0.46, 0); }
Array hanning(double points) { return cosines(points, 0.5, 0.5, 0); }
Array kaiser(double points, const Array& beta) {
  if (points == 1) return ones({1}, default_float());
  const double middle = (points - 1) / 2;
  const Array b = astype(beta, default_float()), most = i0(b);
  const auto window = [&](const Array& n) {
    const Array ratio = (n - Scalar(middle)) / Scalar(middle);
    return i0(b * sqrt(Scalar(1.0) - ratio * ratio)) / most;
  };
  return b.is_symbolic() || b.ndim() > 0 ? window(arange(0, points, 1, default_float()))
                                         : over_range(0, points, 1, window);
}

}  // namespace tnp
