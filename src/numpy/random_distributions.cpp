// NumPy's distributions that are functions of uniform, normal and gamma variables: their parameters can be
// differentiated. A parameter that is absent is 0 (a location) or 1 (a scale).
#include "ops/random/parameter.h"
#include "tnp/numpy.h"
#include "tnp/random.h"

namespace tnp {

namespace {

constexpr double kPi = 3.141592653589793238462643383279502884;

Shape shape_for(std::initializer_list<Array> parameters, const Size& size) {
  Arrays given;
  for (const Array& p : parameters) {
    if (p) given.push_back(p);
  }
  return random_shape(given, size);
}

Array non_negative(const Array& x, DType dtype, const char* problem) {
  return x ? checked_parameter(astype(x, dtype), ParameterRule::non_negative, problem) : x;
}
Array positive_parameter(const Array& x, DType dtype, const char* problem) {
  return checked_parameter(astype(x, dtype), ParameterRule::positive, problem);
}

Array placed(const Array& z, const Array& loc, const Array& scale) {
  const Array scaled = scale ? multiply(z, scale) : z;
  return loc ? add(scaled, astype(loc, z.dtype())) : scaled;
}

Array standard_exponential(Generator& g, const Shape& shape, DType dtype) {
  return negative(log1p(negative(random_uniform(g, shape, dtype))));
}

// In (0, 1): 0 becomes half of the next smallest.
Array open_uniform(Generator& g, const Shape& shape, DType dtype) {
  return maximum(random_uniform(g, shape, dtype), Scalar(dtype == DType::float32 ? 0x1p-25 : 0x1p-54));
}

}  // namespace

Array random_normal(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "normal: scale < 0");
  return placed(random_normal(g, shape_for({loc, s}, size), dtype), loc, s);
}

Array random_uniform(Generator& g, const Array& low, const Array& high, const Size& size, DType dtype, bool ordered) {
  const Array from = astype(low, dtype);
  Array width = checked_parameter(subtract(astype(high, dtype), from), ParameterRule::finite,
                                  "uniform: high - low range exceeds valid bounds");
  if (ordered) width = checked_parameter(width, ParameterRule::non_negative, "uniform: high - low < 0");
  return placed(random_uniform(g, shape_for({from, width}, size), dtype), from, width);
}

Array random_exponential(Generator& g, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "exponential: scale < 0");
  return placed(standard_exponential(g, shape_for({s}, size), dtype), {}, s);
}

Array random_gamma(Generator& g, const Array& a, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "gamma: scale < 0");
  return placed(random_gamma(g, a, shape_for({a, s}, size), dtype), {}, s);
}

Array random_laplace(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "laplace: scale < 0");
  const Array u = open_uniform(g, shape_for({loc, s}, size), dtype);
  const Array left = less(u, Scalar(0.5));
  const Array tail = log(multiply(Scalar(2.0), minimum(u, subtract(Scalar(1.0), u))));
  return placed(where(left, tail, negative(tail)), loc, s);
}

Array random_logistic(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "logistic: scale < 0");
  const Array u = open_uniform(g, shape_for({loc, s}, size), dtype);
  return placed(log(divide(u, subtract(Scalar(1.0), u))), loc, s);
}

Array random_gumbel(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "gumbel: scale < 0");
  const Array u = open_uniform(g, shape_for({loc, s}, size), dtype);
  return placed(negative(log(negative(log(u)))), loc, s);
}

Array random_lognormal(Generator& g, const Array& mean, const Array& sigma, const Size& size, DType dtype) {
  const Array s = non_negative(sigma, dtype, "lognormal: sigma < 0");
  return exp(placed(random_normal(g, shape_for({mean, s}, size), dtype), mean, s));
}

Array random_rayleigh(Generator& g, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "rayleigh: scale < 0");
  const Array e = standard_exponential(g, shape_for({s}, size), dtype);
  return placed(sqrt(multiply(e, Scalar(2.0))), {}, s);
}

Array random_weibull(Generator& g, const Array& a, const Size& size, DType dtype) {
  const Array shape = non_negative(a, dtype, "weibull: a < 0");
  const Array e = standard_exponential(g, shape_for({shape}, size), dtype);
  const Array flat = equal(shape, Scalar(0.0));  // the limit, 0, is what NumPy gives
  return where(flat, Scalar(0.0), power(e, reciprocal(where(flat, Scalar(1.0), shape))));
}

Array random_pareto(Generator& g, const Array& a, const Size& size, DType dtype) {
  const Array shape = positive_parameter(a, dtype, "pareto: a <= 0");
  return expm1(divide(standard_exponential(g, shape_for({shape}, size), dtype), shape));
}

Array random_power(Generator& g, const Array& a, const Size& size, DType dtype) {
  const Array shape = positive_parameter(a, dtype, "power: a <= 0");
  return power(subtract(Scalar(1.0), random_uniform(g, shape_for({shape}, size), dtype)), reciprocal(shape));
}

Array random_cauchy(Generator& g, const Shape& size, DType dtype) {
  return tan(multiply(subtract(random_uniform(g, size, dtype), Scalar(0.5)), Scalar(kPi)));
}

Array random_triangular(Generator& g, const Array& left, const Array& mode, const Array& right, const Size& size,
                        DType dtype) {
  const Array from = astype(left, dtype), to = astype(right, dtype), peak = astype(mode, dtype);
  const Array rise = checked_parameter(subtract(peak, from), ParameterRule::non_negative, "triangular: left > mode");
  const Array fall = checked_parameter(subtract(to, peak), ParameterRule::non_negative, "triangular: mode > right");
  const Array width = checked_parameter(subtract(to, from), ParameterRule::positive, "triangular: left == right");
  const Array u = random_uniform(g, shape_for({from, peak, to}, size), dtype);
  const Array rising = less_equal(u, divide(rise, width));
  const Array low = add(from, sqrt(multiply(u, multiply(rise, width))));
  const Array high = subtract(to, sqrt(multiply(subtract(Scalar(1.0), u), multiply(fall, width))));
  return where(rising, low, high);
}

// Michael, Schucany, Haas: Generating random variates using transformations with multiple roots (1976). The roots of
// the quadratic equation are the mean divided and multiplied by the same number, which is found without cancellation.
Array random_wald(Generator& g, const Array& mean, const Array& scale, const Size& size, DType dtype) {
  const Array m = positive_parameter(mean, dtype, "wald: mean <= 0");
  const Array s = positive_parameter(scale, dtype, "wald: scale <= 0");
  const Shape shape = shape_for({m, s}, size);
  const Array w = divide(multiply(m, square(random_normal(g, shape, dtype))), multiply(s, Scalar(2.0)));
  const Array factor = add(add(w, Scalar(1.0)), sqrt(multiply(w, add(w, Scalar(2.0)))));
  const Array u = random_uniform(g, shape, dtype);
  // The smaller root is taken with probability mean / (mean + root).
  const Array smaller = less_equal(multiply(u, add(Scalar(1.0), reciprocal(factor))), Scalar(1.0));
  return multiply(m, where(smaller, reciprocal(factor), factor));
}

Array random_chisquare(Generator& g, const Array& df, const Size& size, DType dtype) {
  const Array k = positive_parameter(df, dtype, "chisquare: df <= 0");
  const Array half = multiply(k, Scalar(0.5));
  return multiply(random_gamma(g, half, shape_for({k}, size), dtype), Scalar(2.0));
}

Array random_f(Generator& g, const Array& dfnum, const Array& dfden, const Size& size, DType dtype) {
  const Array a = positive_parameter(dfnum, dtype, "f: dfnum <= 0");
  const Array b = positive_parameter(dfden, dtype, "f: dfden <= 0");
  const Shape shape = shape_for({a, b}, size);
  const Array above = random_chisquare(g, a, shape, dtype), below = random_chisquare(g, b, shape, dtype);
  return divide(multiply(above, b), multiply(below, a));
}

Array random_noncentral_f(Generator& g, const Array& dfnum, const Array& dfden, const Array& nonc, const Size& size,
                          DType dtype) {
  const Array a = positive_parameter(dfnum, dtype, "noncentral_f: dfnum <= 0");
  const Array b = positive_parameter(dfden, dtype, "noncentral_f: dfden <= 0");
  const Array c = non_negative(nonc, dtype, "noncentral_f: nonc < 0");
  const Shape shape = shape_for({a, b, c}, size);
  const Array above = random_noncentral_chisquare(g, a, c, shape, dtype), below = random_chisquare(g, b, shape, dtype);
  return divide(multiply(above, b), multiply(below, a));
}

Array random_student(Generator& g, const Array& df, const Size& size, DType dtype) {
  const Array k = positive_parameter(df, dtype, "standard_t: df <= 0");
  const Shape shape = shape_for({k}, size);
  const Array half = multiply(k, Scalar(0.5)), z = random_normal(g, shape, dtype);
  return divide(multiply(sqrt(half), z), sqrt(random_gamma(g, half, shape, dtype)));
}

Array random_vonmises(Generator& g, const Array& mu, const Array& kappa, const Size& size, DType dtype) {
  const Array centre = astype(mu, dtype);
  const Array angle = add(random_vonmises(g, kappa, shape_for({centre, kappa}, size), dtype), centre);
  return subtract(remainder(add(angle, Scalar(kPi)), Scalar(2 * kPi)), Scalar(kPi));
}

}  // namespace tnp
