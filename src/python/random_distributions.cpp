// NumPy's distributions as methods of Generator and RandomState.
#include "base/default_dtype.h"
#include "python/random.h"
#include "tnp/error.h"

namespace tnp::python {

Size size_of(const Value& size) {
  if (!size.given()) return std::nullopt;
  return size.shape();
}

Array parameter(const Value& v, DType dtype) {
  PyObject* o = v.ptr();
  if (PyFloat_CheckExact(o) || PyLong_CheckExact(o)) return as_array(o, {dtype, std::nullopt});
  if (o == Py_None) throw TypeError("random: a parameter must be a real number, not NoneType");
  if (PyUnicode_Check(o) || PyBytes_Check(o)) throw ValueError("random: a parameter is text, no number");
  const Array x = as_array(o);
  if (is_complex(x.dtype()) || !is_numeric(x.dtype()))
    throw TypeError("random: a parameter of type " + std::string(name(x.dtype())) + " is no real number");
  return astype(x, dtype);
}

namespace {

constexpr unsigned kBoth = kGenerator | kLegacy;

// The same, absent where the argument was left out: the neutral value, for which there is nothing to do.
Array parameter_if_given(const Value& v, DType dtype) { return v.ptr() ? parameter(v, dtype) : Array(); }

DType float_type(const Value& dtype) { return dtype.given() ? *dtype.dtype() : default_float(); }

using One = Array (*)(Generator&, const Array&, const Size&, DType);
using Two = Array (*)(Generator&, const Array&, const Array&, const Size&, DType);
using Three = Array (*)(Generator&, const Array&, const Array&, const Array&, const Size&, DType);

nb::object draw(const Arguments& args, One f) {
  const auto [self, a, size] = take<3>(args);
  const DType t = default_float();
  return to_python(f(stream_of(self).stream, parameter(a, t), size_of(size), t));
}
nb::object draw(const Arguments& args, Two f) {
  const auto [self, a, b, size] = take<4>(args);
  const DType t = default_float();
  return to_python(f(stream_of(self).stream, parameter(a, t), parameter(b, t), size_of(size), t));
}
nb::object draw(const Arguments& args, Three f) {
  const auto [self, a, b, c, size] = take<5>(args);
  const DType t = default_float();
  return to_python(f(stream_of(self).stream, parameter(a, t), parameter(b, t), parameter(c, t), size_of(size), t));
}
// A location and a scale, which may be left out.
nb::object draw_placed(const Arguments& args, Two f) {
  const auto [self, loc, scale, size] = take<4>(args);
  const DType t = default_float();
  return to_python(
      f(stream_of(self).stream, parameter_if_given(loc, t), parameter_if_given(scale, t), size_of(size), t));
}
nb::object draw_scaled(const Arguments& args, One f) {
  const auto [self, scale, size] = take<3>(args);
  const DType t = default_float();
  return to_python(f(stream_of(self).stream, parameter_if_given(scale, t), size_of(size), t));
}

// Of the samplers that are primitives, with a type of their own.
template <DType T, DType Result>
nb::object sample(const Arguments& args, Array (*f)(Generator&, const Array&, const Shape&, DType)) {
  const auto [self, a, size] = take<3>(args);
  const Array in[] = {parameter(a, T)};
  return to_python(f(stream_of(self).stream, in[0], random_shape(in, size_of(size)),
                     Result == DType::int64 ? Result : default_float()));
}
template <DType T, DType Result, DType First = T>
nb::object sample(const Arguments& args, Array (*f)(Generator&, const Array&, const Array&, const Shape&, DType)) {
  const auto [self, a, b, size] = take<4>(args);
  const Array in[] = {parameter(a, First), parameter(b, T)};
  return to_python(f(stream_of(self).stream, in[0], in[1], random_shape(in, size_of(size)),
                     Result == DType::int64 ? Result : default_float()));
}

constexpr DType kF = DType::float64, kI = DType::int64;

// --- uniform and normal variables

nb::object uniform_numbers(const Value& self, const Value& size, DType dtype) {
  return to_python(random_uniform(stream_of(self).stream, size_of(size).value_or(Shape{}), dtype));
}
TNP_RANDOM(random_generator, "random", kGenerator, "(self, size=None, dtype=None, out=None)",
           "Uniform numbers in [0, 1).") {
  const auto [self, size, dtype] = take<3>(args);
  return uniform_numbers(self, size, float_type(dtype));
}
TNP_RANDOM(random_legacy, "random", kLegacy, "(self, size=None)", "Uniform numbers in [0, 1).") {
  const auto [self, size] = take<2>(args);
  return uniform_numbers(self, size, default_float());
}
TNP_RANDOM(random_sample, "random_sample", kLegacy, "(self, size=None)", "Uniform numbers in [0, 1).") {
  const auto [self, size] = take<2>(args);
  return uniform_numbers(self, size, default_float());
}
TNP_RANDOM(rand, "rand", kLegacy, "(self, *args)", "Uniform numbers in [0, 1) of shape (d0, d1, …).") {
  Shape shape;
  for (PyObject* d : args.rest) shape.push_back(dim_of(d));
  return to_python(random_uniform(stream_of(take<1>(args)[0]).stream, shape, default_float()));
}
TNP_RANDOM(randn, "randn", kLegacy, "(self, *args)", "Standard normal numbers of shape (d0, d1, …).") {
  Shape shape;
  for (PyObject* d : args.rest) shape.push_back(dim_of(d));
  return to_python(random_normal(stream_of(take<1>(args)[0]).stream, shape, default_float()));
}
TNP_RANDOM(standard_normal_generator, "standard_normal", kGenerator, "(self, size=None, dtype=None, out=None)",
           "Standard normal numbers.") {
  const auto [self, size, dtype] = take<3>(args);
  return to_python(random_normal(stream_of(self).stream, size_of(size).value_or(Shape{}), float_type(dtype)));
}
TNP_RANDOM(standard_normal_legacy, "standard_normal", kLegacy, "(self, size=None)", "Standard normal numbers.") {
  const auto [self, size] = take<2>(args);
  return to_python(random_normal(stream_of(self).stream, size_of(size).value_or(Shape{}), default_float()));
}
TNP_RANDOM(uniform, "uniform", kBoth, "(self, low=0.0, high=1.0, size=None)", "Uniform numbers in [low, high).") {
  const auto [self, low, high, size] = take<4>(args);
  if (!low.ptr() && !high.ptr()) return uniform_numbers(self, size, default_float());
  const DType t = default_float();
  const Array from = low.ptr() ? parameter(low, t) : Array(0.0), to = high.ptr() ? parameter(high, t) : Array(1.0);
  PyStream& s = stream_of(self);
  return to_python(random_uniform(s.stream, from, to, size_of(size), t, !s.legacy));
}
TNP_RANDOM(normal, "normal", kBoth, "(self, loc=0.0, scale=1.0, size=None)",
           "Normal numbers of this mean and standard deviation.") {
  return draw_placed(args, &random_normal);
}
TNP_RANDOM(lognormal, "lognormal", kBoth, "(self, mean=0.0, sigma=1.0, size=None)",
           "Numbers whose logarithm is normal.") {
  return draw_placed(args, &random_lognormal);
}

// --- exponentials and their relatives

TNP_RANDOM(exponential, "exponential", kBoth, "(self, scale=1.0, size=None)", "Exponential variables of this mean.") {
  return draw_scaled(args, static_cast<One>(&random_exponential));
}
TNP_RANDOM(standard_exponential_generator, "standard_exponential", kGenerator,
           "(self, size=None, dtype=None, method='zig', out=None)",
           "Exponential variables of mean 1. The method is always inversion, which a counter-based stream needs.") {
  const auto [self, size, dtype] = take<3>(args);
  return to_python(random_exponential(stream_of(self).stream, {}, size_of(size).value_or(Shape{}), float_type(dtype)));
}
TNP_RANDOM(standard_exponential_legacy, "standard_exponential", kLegacy, "(self, size=None)",
           "Exponential variables of mean 1.") {
  const auto [self, size] = take<2>(args);
  return to_python(random_exponential(stream_of(self).stream, {}, size_of(size).value_or(Shape{}), default_float()));
}
TNP_RANDOM(laplace, "laplace", kBoth, "(self, loc=0.0, scale=1.0, size=None)", "Laplace variables.") {
  return draw_placed(args, &random_laplace);
}
TNP_RANDOM(logistic, "logistic", kBoth, "(self, loc=0.0, scale=1.0, size=None)", "Logistic variables.") {
  return draw_placed(args, &random_logistic);
}
TNP_RANDOM(gumbel, "gumbel", kBoth, "(self, loc=0.0, scale=1.0, size=None)", "Gumbel variables.") {
  return draw_placed(args, &random_gumbel);
}
TNP_RANDOM(rayleigh, "rayleigh", kBoth, "(self, scale=1.0, size=None)", "Rayleigh variables.") {
  return draw_scaled(args, &random_rayleigh);
}
TNP_RANDOM(weibull, "weibull", kBoth, "(self, a, size=None)", "Weibull variables of shape a.") {
  return draw(args, static_cast<One>(&random_weibull));
}
TNP_RANDOM(pareto, "pareto", kBoth, "(self, a, size=None)", "Pareto II (Lomax) variables of shape a.") {
  return draw(args, static_cast<One>(&random_pareto));
}
TNP_RANDOM(power, "power", kBoth, "(self, a, size=None)", "Variables in [0, 1] of density a x**(a - 1).") {
  return draw(args, static_cast<One>(&random_power));
}
TNP_RANDOM(standard_cauchy, "standard_cauchy", kBoth, "(self, size=None)", "Cauchy variables.") {
  const auto [self, size] = take<2>(args);
  return to_python(random_cauchy(stream_of(self).stream, size_of(size).value_or(Shape{}), default_float()));
}
TNP_RANDOM(triangular, "triangular", kBoth, "(self, left, mode, right, size=None)",
           "Variables whose density is a triangle.") {
  return draw(args, static_cast<Three>(&random_triangular));
}
TNP_RANDOM(wald, "wald", kBoth, "(self, mean, scale, size=None)", "Wald (inverse Gaussian) variables.") {
  return draw(args, static_cast<Two>(&random_wald));
}
TNP_RANDOM(vonmises, "vonmises", kBoth, "(self, mu, kappa, size=None)", "Von Mises variables in [-π, π).") {
  return draw(args, static_cast<Two>(&random_vonmises));
}

// --- gamma variables and their relatives

TNP_RANDOM(gamma, "gamma", kBoth, "(self, shape, scale=1.0, size=None)", "Gamma variables.") {
  const auto [self, shape, scale, size] = take<4>(args);
  const DType t = default_float();
  return to_python(
      random_gamma(stream_of(self).stream, parameter(shape, t), parameter_if_given(scale, t), size_of(size), t));
}
TNP_RANDOM(standard_gamma_generator, "standard_gamma", kGenerator, "(self, shape, size=None, dtype=None, out=None)",
           "Gamma variables of scale 1.") {
  const auto [self, shape, size, dtype] = take<4>(args);
  return to_python(
      random_gamma(stream_of(self).stream, parameter(shape, kF), Array(), size_of(size), float_type(dtype)));
}
TNP_RANDOM(standard_gamma_legacy, "standard_gamma", kLegacy, "(self, shape, size=None)",
           "Gamma variables of scale 1.") {
  const auto [self, shape, size] = take<3>(args);
  return to_python(random_gamma(stream_of(self).stream, parameter(shape, kF), Array(), size_of(size), default_float()));
}
TNP_RANDOM(beta, "beta", kBoth, "(self, a, b, size=None)", "Beta variables.") {
  return sample<kF, kF>(args, &random_beta);
}
TNP_RANDOM(chisquare, "chisquare", kBoth, "(self, df, size=None)", "Chi-square variables.") {
  return draw(args, static_cast<One>(&random_chisquare));
}
TNP_RANDOM(noncentral_chisquare, "noncentral_chisquare", kBoth, "(self, df, nonc, size=None)",
           "Noncentral chi-square variables.") {
  return sample<kF, kF>(args, &random_noncentral_chisquare);
}
TNP_RANDOM(f, "f", kBoth, "(self, dfnum, dfden, size=None)", "F variables.") {
  return draw(args, static_cast<Two>(&random_f));
}
TNP_RANDOM(noncentral_f, "noncentral_f", kBoth, "(self, dfnum, dfden, nonc, size=None)", "Noncentral F variables.") {
  return draw(args, static_cast<Three>(&random_noncentral_f));
}
TNP_RANDOM(standard_t, "standard_t", kBoth, "(self, df, size=None)", "Student's t variables.") {
  return draw(args, static_cast<One>(&random_student));
}

// --- discrete variables

TNP_RANDOM(poisson, "poisson", kBoth, "(self, lam=1.0, size=None)", "Poisson variables.") {
  const auto [self, lam, size] = take<3>(args);
  const Array in[] = {lam.ptr() ? parameter(lam, kF) : Array(1.0)};
  return to_python(random_poisson(stream_of(self).stream, in[0], random_shape(in, size_of(size))));
}
TNP_RANDOM(binomial, "binomial", kBoth, "(self, n, p, size=None)", "Binomial variables.") {
  return sample<kF, kI, kI>(args, &random_binomial);
}
TNP_RANDOM(negative_binomial, "negative_binomial", kBoth, "(self, n, p, size=None)", "Negative binomial variables.") {
  return sample<kF, kI>(args, &random_negative_binomial);
}
TNP_RANDOM(geometric, "geometric", kBoth, "(self, p, size=None)", "Geometric variables, from 1 on.") {
  return sample<kF, kI>(args, &random_geometric);
}
TNP_RANDOM(zipf, "zipf", kBoth, "(self, a, size=None)", "Zipf variables.") {
  return sample<kF, kI>(args, &random_zipf);
}
TNP_RANDOM(logseries, "logseries", kBoth, "(self, p, size=None)", "Logarithmic variables.") {
  return sample<kF, kI>(args, &random_logseries);
}
TNP_RANDOM(hypergeometric, "hypergeometric", kBoth, "(self, ngood, nbad, nsample, size=None)",
           "How many of a drawn sample are good.") {
  const auto [self, good, bad, drawn, size] = take<5>(args);
  const Array in[] = {parameter(good, kI), parameter(bad, kI), parameter(drawn, kI)};
  return to_python(random_hypergeometric(stream_of(self).stream, in[0], in[1], in[2], random_shape(in, size_of(size))));
}

// --- several variables together

TNP_RANDOM(dirichlet, "dirichlet", kBoth, "(self, alpha, size=None)",
           "Dirichlet variables: the last axis has the sum 1.") {
  const auto [self, alpha, size] = take<3>(args);
  const Array a = parameter(alpha, kF);
  if (a.ndim() != 1) throw ValueError("dirichlet: alpha must be 1-dimensional, got shape " + a.shape().str());
  return to_python(random_dirichlet(stream_of(self).stream, a, size_of(size).value_or(Shape{}), default_float()));
}

// The shape of the rows: `balls` with all axes but the last of `weights`.
Shape row_shape(const Array& balls, const Array& weights, const Value& size) {
  Shape rows = weights.shape();
  rows.erase(rows.ndim() - 1);
  Shape both;
  if (!try_broadcast(balls.shape(), rows, both)) {
    throw ValueError("random: parameters of shapes " + balls.shape().str() + " and " + weights.shape().str() +
                     " can not be broadcast together");
  }
  const Array like[] = {broadcast_to(balls, both)};
  return random_shape(like, size_of(size));
}
TNP_RANDOM(multinomial, "multinomial", kBoth, "(self, n, pvals, size=None)",
           "How often each of k results occurs in n experiments: the last axis.") {
  const auto [self, n, pvals, size] = take<4>(args);
  const Array balls = parameter(n, kI), weights = parameter(pvals, kF);
  if (weights.ndim() < 1) throw ValueError("multinomial: pvals must have at least 1 dimension");
  return to_python(random_multinomial(stream_of(self).stream, balls, weights, row_shape(balls, weights, size)));
}
TNP_RANDOM(multivariate_hypergeometric, "multivariate_hypergeometric", kGenerator,
           "(self, colors, nsample, size=None, method='marginals')",
           "How many of each colour are drawn: the last axis. Both methods give the same distribution, and numbers.") {
  const auto [self, colors, nsample, size, method] = take<5>(args);
  const std::string m = method.text("marginals");
  if (m != "marginals" && m != "count") throw ValueError("method must be \"count\" or \"marginals\".");
  const Array c = parameter(colors, kI), n = parameter(nsample, kI);
  if (c.ndim() != 1) throw ValueError("multivariate_hypergeometric: colors must be a one-dimensional sequence");
  return to_python(random_multivariate_hypergeometric(stream_of(self).stream, c, n, row_shape(n, c, size)));
}

}  // namespace

}  // namespace tnp::python
