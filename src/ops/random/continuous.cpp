// Samplers of continuous distributions.
#include <limits>
#include <numbers>

#include "ops/random/samplers.h"

namespace tnp::samplers {

namespace {

bool negative(double x) { return std::signbit(x) && !std::isnan(x); }  // -0 too, as NumPy has it

}  // namespace

double gamma(SubStream& s, double shape) {
  if (shape == 0) return 0;
  if (!std::isfinite(shape)) return shape;
  // A smaller shape's variable is one of shape + 1, times a power of a uniform one.
  const double scale = shape < 1 ? std::pow(s.positive(), 1 / shape) : 1;
  const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = s.normal(), v1 = 1 + c * x;
    if (v1 <= 0) continue;
    const double v = v1 * v1 * v1, u = s.positive(), x2 = x * x;
    if (u < 1 - 0.0331 * x2 * x2 || std::log(u) < 0.5 * x2 + d * (1 - v + std::log(v))) return d * v * scale;
  }
}
const char* check_gamma(double shape) { return negative(shape) ? "shape < 0" : nullptr; }

double beta(SubStream& s, double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a > 1 || b > 1) {
    const double x = gamma(s, a), y = gamma(s, b);
    return x / (x + y);
  }
  for (;;) {
    const double u = s.positive(), v = s.positive(), x = std::pow(u, 1 / a), y = std::pow(v, 1 / b);
    if (x + y > 1) continue;
    if (x + y > 0) return x / (x + y);
    // Both powers are too small to represent: their ratio is not.
    const double log_x = std::log(u) / a, log_y = std::log(v) / b;
    return 1 / (1 + std::exp(log_y - log_x));
  }
}
const char* check_beta(double a, double b) { return a <= 0 ? "a <= 0" : b <= 0 ? "b <= 0" : nullptr; }

double noncentral_chisquare(SubStream& s, double df, double nonc) {
  if (std::isnan(df) || std::isnan(nonc)) return std::numeric_limits<double>::quiet_NaN();
  if (nonc == 0) return 2 * gamma(s, df / 2);
  if (df > 1) {
    const double shifted = s.normal() + std::sqrt(nonc);
    return 2 * gamma(s, (df - 1) / 2) + shifted * shifted;
  }
  const double mixed = check_poisson(nonc / 2) ? nonc / 2 : static_cast<double>(poisson(s, nonc / 2));
  return 2 * gamma(s, df / 2 + mixed);
}
const char* check_noncentral_chisquare(double df, double nonc) {
  return df <= 0 ? "df <= 0" : negative(nonc) ? "nonc < 0" : nullptr;
}

double vonmises_r(double kappa) {
  // What the root gives for a small kappa, where it would cancel.
  if (kappa < 1e-5) return 1 / kappa + kappa;
  const double t = 1 + std::sqrt(1 + 4 * kappa * kappa), rho = (t - std::sqrt(2 * t)) / (2 * kappa);
  return (1 + rho * rho) / (2 * rho);
}

double vonmises(SubStream& s, double kappa) {
  constexpr double kPi = std::numbers::pi;
  if (std::isnan(kappa)) return kappa;
  if (kappa < 1e-8) return kPi * (2 * s.uniform() - 1);
  if (kappa > 1e6) {  // a normal variable, wrapped
    const double x = s.normal() / std::sqrt(kappa);
    return x < -kPi ? x + 2 * kPi : x > kPi ? x - 2 * kPi : x;
  }
  const double r = vonmises_r(kappa);
  for (;;) {
    const double z = std::cos(kPi * s.uniform()), w = (1 + r * z) / (r + z), y = kappa * (r - w), v = s.positive();
    if (y * (2 - y) < v && std::log(y / v) + 1 < y) continue;
    const double angle = std::acos(w < -1 ? -1 : w > 1 ? 1 : w);
    return s.uniform() < 0.5 ? -angle : angle;
  }
}
const char* check_vonmises(double kappa) { return negative(kappa) ? "kappa < 0" : nullptr; }

}  // namespace tnp::samplers
