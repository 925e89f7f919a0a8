// NumPy's distributions that are functions of uniform, normal and gamma variables: their parameters can be
// differentiated. A parameter that is absent is 0 (a location) or 1 (a scale).
#include "numpy/blocks.h"
#include "numpy/short_vector.h"
#include "ops/random/parameter.h"
#include "ops/shape/ownership.h"
#include "ops/sort/direct.h"
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

// Of the numbers drawn, arrays or (few) a ShortVector: `A`.
template <class A>
A placed(const A& z, const Array& loc, const Array& scale) {
  const A scaled = scale ? multiply(z, scale) : z;
  return loc ? add(scaled, loc) : scaled;
}

// Whether few fresh numbers, and single parameters, are all that a formula is of.
bool is_short(const Array& drawn, std::initializer_list<Array> parameters) {
  if (drawn.dtype() != DType::float64 || !is_only_holder(drawn) || !drawn.is_contiguous()) return false;
  const std::int64_t n = drawn.shape().num_elements();
  for (const Array& p : parameters) {
    if (p && (p.dtype() != DType::float64 || p.ndim() > 0 || !computes_directly({&p}))) return false;
  }
  return n > 0 && n <= ShortVector::kMost && computes_directly({&drawn});
}
Array stored(Array drawn, const ShortVector& values) {
  std::copy_n(values.values(), values.size(), reinterpret_cast<double*>(drawn.data()));
  return drawn;
}

// f of numbers that are drawn, placed: block by block in their own memory where the parameters are single numbers.
template <class F>
Array transformed(Array drawn, std::initializer_list<Array> parameters, F&& f) {
  if (is_short(drawn, parameters)) return stored(drawn, f(ShortVector(drawn)));
  bool single = true;
  for (const Array& p : parameters) single = single && computes_directly({&p}) && (!p || p.ndim() == 0);
  if (!single) return f(drawn);
  return by_blocks_in_place(std::move(drawn), {}, [&](std::span<const Array> in) { return f(in[0]); });
}
template <class F>
Array transformed(Array drawn, const Array& given_loc, const Array& scale, F&& f) {
  const Array loc = given_loc ? astype(given_loc, drawn.dtype()) : given_loc;
  return transformed(std::move(drawn), {loc, scale}, [&](const auto& x) { return placed(f(x), loc, scale); });
}

// Of numbers in [0, 1).
struct StandardExponential {
  auto operator()(const auto& u) const { return negative(log1p(negative(u))); }
};
constexpr StandardExponential standard_exponential;

// In (0, 1): 0 becomes half of the next smallest.
Array opened(const Array& u) { return maximum(u, Scalar(u.dtype() == DType::float32 ? 0x1p-25 : 0x1p-54)); }
ShortVector opened(const ShortVector& u) { return maximum(u, Scalar(0x1p-54)); }

}  // namespace

Array random_normal(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "normal: scale < 0");
  return transformed(random_normal(g, shape_for({loc, s}, size), dtype), loc, s, [](const auto& z) { return z; });
}

Array random_uniform(Generator& g, const Array& low, const Array& high, const Size& size, DType dtype, bool ordered) {
  const Array from = astype(low, dtype);
  Array width = checked_parameter(subtract(astype(high, dtype), from), ParameterRule::finite,
                                  "uniform: high - low range exceeds valid bounds");
  if (ordered) width = checked_parameter(width, ParameterRule::non_negative, "uniform: high - low < 0");
  return transformed(random_uniform(g, shape_for({from, width}, size), dtype), from, width,
                     [](const auto& u) { return u; });
}

Array random_exponential(Generator& g, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "exponential: scale < 0");
  return transformed(random_uniform(g, shape_for({s}, size), dtype), {}, s, standard_exponential);
}

Array random_gamma(Generator& g, const Array& a, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "gamma: scale < 0");
  return transformed(random_gamma(g, a, shape_for({a, s}, size), dtype), {}, s, [](const auto& x) { return x; });
}

Array random_laplace(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "laplace: scale < 0");
  return transformed(random_uniform(g, shape_for({loc, s}, size), dtype), loc, s, [](const auto& drawn) {
    const auto u = opened(drawn);
    const auto left = less(u, Scalar(0.5));
    const auto tail = log(multiply(Scalar(2.0), minimum(u, subtract(Scalar(1.0), u))));
    return where(left, tail, negative(tail));
  });
}

Array random_logistic(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "logistic: scale < 0");
  return transformed(random_uniform(g, shape_for({loc, s}, size), dtype), loc, s, [](const auto& drawn) {
    const auto u = opened(drawn);
    return log(divide(u, subtract(Scalar(1.0), u)));
  });
}

Array random_gumbel(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "gumbel: scale < 0");
  return transformed(random_uniform(g, shape_for({loc, s}, size), dtype), loc, s,
                     [](const auto& u) { return negative(log(negative(log(opened(u))))); });
}

Array random_lognormal(Generator& g, const Array& mean, const Array& sigma, const Size& size, DType dtype) {
  const Array s = non_negative(sigma, dtype, "lognormal: sigma < 0");
  const Array m = mean ? astype(mean, dtype) : mean;
  return transformed(random_normal(g, shape_for({m, s}, size), dtype), {m, s},
                     [&](const auto& z) { return exp(placed(z, m, s)); });
}

Array random_rayleigh(Generator& g, const Array& scale, const Size& size, DType dtype) {
  const Array s = non_negative(scale, dtype, "rayleigh: scale < 0");
  return transformed(random_uniform(g, shape_for({s}, size), dtype), {}, s,
                     [](const auto& u) { return sqrt(multiply(standard_exponential(u), Scalar(2.0))); });
}

Array random_weibull(Generator& g, const Array& a, const Size& size, DType dtype) {
  const Array shape = non_negative(a, dtype, "weibull: a < 0");
  Array drawn = random_uniform(g, shape_for({shape}, size), dtype);
  if (is_short(drawn, {shape}) && shape.item<double>() != 0) {
    const Scalar exponent(1 / shape.item<double>());
    return stored(drawn, power(standard_exponential(ShortVector(drawn)), exponent));
  }
  const Array flat = equal(shape, Scalar(0.0));  // the limit, 0, is what NumPy gives
  const Array exponent = reciprocal(where(flat, Scalar(1.0), shape));
  return transformed(std::move(drawn), {shape},
                     [&](const auto& u) { return where(flat, Scalar(0.0), power(standard_exponential(u), exponent)); });
}

Array random_pareto(Generator& g, const Array& a, const Size& size, DType dtype) {
  const Array shape = positive_parameter(a, dtype, "pareto: a <= 0");
  return transformed(random_uniform(g, shape_for({shape}, size), dtype), {shape},
                     [&](const auto& u) { return expm1(divide(standard_exponential(u), shape)); });
}

Array random_power(Generator& g, const Array& a, const Size& size, DType dtype) {
  const Array shape = positive_parameter(a, dtype, "power: a <= 0");
  const Array exponent = reciprocal(shape);
  return transformed(random_uniform(g, shape_for({shape}, size), dtype), {shape},
                     [&](const auto& u) { return power(subtract(Scalar(1.0), u), exponent); });
}

Array random_cauchy(Generator& g, const Shape& size, DType dtype) {
  return transformed(random_uniform(g, size, dtype), {},
                     [](const auto& u) { return tan(multiply(subtract(u, Scalar(0.5)), Scalar(kPi))); });
}

Array random_triangular(Generator& g, const Array& left, const Array& mode, const Array& right, const Size& size,
                        DType dtype) {
  const Array from = astype(left, dtype), to = astype(right, dtype), peak = astype(mode, dtype);
  const Array rise = checked_parameter(subtract(peak, from), ParameterRule::non_negative, "triangular: left > mode");
  const Array fall = checked_parameter(subtract(to, peak), ParameterRule::non_negative, "triangular: mode > right");
  const Array width = checked_parameter(subtract(to, from), ParameterRule::positive, "triangular: left == right");
  const Array part = divide(rise, width), left_area = multiply(rise, width), right_area = multiply(fall, width);
  return transformed(random_uniform(g, shape_for({from, peak, to}, size), dtype), {from, peak, to}, [&](const auto& u) {
    const auto rising = less_equal(u, part);
    const auto low = add(from, sqrt(multiply(u, left_area)));
    const auto high = subtract(to, sqrt(multiply(subtract(Scalar(1.0), u), right_area)));
    return where(rising, low, high);
  });
}

// Michael, Schucany, Haas: Generating random variates using transformations with multiple roots (1976). The roots of
// the quadratic equation are the mean divided and multiplied by the same number, which is found without cancellation.
Array random_wald(Generator& g, const Array& mean, const Array& scale, const Size& size, DType dtype) {
  const Array m = positive_parameter(mean, dtype, "wald: mean <= 0");
  const Array s = positive_parameter(scale, dtype, "wald: scale <= 0");
  const Shape shape = shape_for({m, s}, size);
  const auto root = [](const auto& z, const auto& u, const Array& mu, const Array& lambda) {
    const auto w = divide(multiply(mu, square(z)), multiply(lambda, Scalar(2.0)));
    const auto factor = add(add(w, Scalar(1.0)), sqrt(multiply(w, add(w, Scalar(2.0)))));
    // The smaller root is taken with probability mean / (mean + root).
    const auto smaller = less_equal(multiply(u, add(Scalar(1.0), reciprocal(factor))), Scalar(1.0));
    return multiply(mu, where(smaller, reciprocal(factor), factor));
  };
  Array z = random_normal(g, shape, dtype);
  const Array u = random_uniform(g, shape, dtype);
  if (is_short(z, {m, s})) return stored(z, root(ShortVector(z), ShortVector(u), m, s));
  if (m.ndim() > 0 || s.ndim() > 0 || !computes_directly({&m, &s})) return root(z, u, m, s);
  return by_blocks_in_place(std::move(z), {u}, [&](std::span<const Array> in) { return root(in[0], in[1], m, s); });
}

namespace {

Array half_of(const Array& x) {
  const bool single = x.ndim() == 0 && x.dtype() == DType::float64 && computes_directly({&x});
  return single ? Array(0.5 * x.item<double>()) : multiply(x, Scalar(0.5));
}
// Of a parameter that has been checked.
Array chisquare(Generator& g, const Array& df, const Shape& shape, DType dtype) {
  return transformed(random_gamma(g, half_of(df), shape, dtype), {},
                     [](const auto& x) { return multiply(x, Scalar(2.0)); });
}

}  // namespace

Array random_chisquare(Generator& g, const Array& df, const Size& size, DType dtype) {
  const Array k = positive_parameter(df, dtype, "chisquare: df <= 0");
  return chisquare(g, k, shape_for({k}, size), dtype);
}

namespace {
// (x b) / (y a)
Array ratio(const Array& x, const Array& b, const Array& y, const Array& a) {
  if (is_short(x, {a, b})) return stored(x, divide(multiply(ShortVector(x), b), multiply(ShortVector(y), a)));
  return divide(multiply(x, b), multiply(y, a));
}
}  // namespace

Array random_f(Generator& g, const Array& dfnum, const Array& dfden, const Size& size, DType dtype) {
  const Array a = positive_parameter(dfnum, dtype, "f: dfnum <= 0");
  const Array b = positive_parameter(dfden, dtype, "f: dfden <= 0");
  const Shape shape = shape_for({a, b}, size);
  const Array above = chisquare(g, a, shape, dtype);
  const Array below = chisquare(g, b, shape, dtype);
  return ratio(above, b, below, a);
}

Array random_noncentral_f(Generator& g, const Array& dfnum, const Array& dfden, const Array& nonc, const Size& size,
                          DType dtype) {
  const Array a = positive_parameter(dfnum, dtype, "noncentral_f: dfnum <= 0");
  const Array b = positive_parameter(dfden, dtype, "noncentral_f: dfden <= 0");
  const Array c = non_negative(nonc, dtype, "noncentral_f: nonc < 0");
  const Shape shape = shape_for({a, b, c}, size);
  const Array above = random_noncentral_chisquare(g, a, c, shape, dtype);
  const Array below = chisquare(g, b, shape, dtype);
  return ratio(above, b, below, a);
}

Array random_student(Generator& g, const Array& df, const Size& size, DType dtype) {
  const Array k = positive_parameter(df, dtype, "standard_t: df <= 0");
  const Shape shape = shape_for({k}, size);
  const Array half = half_of(k), width = sqrt(half);
  Array z = random_normal(g, shape, dtype);
  const Array x = random_gamma(g, half, shape, dtype);
  if (is_short(z, {half})) return stored(z, divide(multiply(width, ShortVector(z)), sqrt(ShortVector(x))));
  if (k.ndim() > 0 || !computes_directly({&k})) return divide(multiply(width, z), sqrt(x));
  return by_blocks_in_place(std::move(z), {x},
                            [&](std::span<const Array> in) { return divide(multiply(width, in[0]), sqrt(in[1])); });
}

Array random_vonmises(Generator& g, const Array& mu, const Array& kappa, const Size& size, DType dtype) {
  const Array centre = astype(mu, dtype);
  return transformed(random_vonmises(g, kappa, shape_for({centre, kappa}, size), dtype), {centre}, [&](const auto& x) {
    return subtract(remainder(add(add(x, centre), Scalar(kPi)), Scalar(2 * kPi)), Scalar(kPi));
  });
}

}  // namespace tnp
