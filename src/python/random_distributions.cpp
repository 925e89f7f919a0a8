// NumPy's distributions as methods of Generator and RandomState.
#include <tuple>

#include "base/default_dtype.h"
#include "numpy/few_distributions.h"
#include "python/elements.h"
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

// --- the short way: few numbers whose parameters are Python's

// How many numbers are to be drawn, where the short way can draw them; else 0.
std::int64_t few(Generator& g, const Size& size, DType dtype) {
  return dtype == DType::float64 && g.is_direct() ? FewNumbers::count_of(size) : 0;
}

bool number_of(const Value& v, double& out) {
  if (PyFloat_CheckExact(v.ptr())) return out = PyFloat_AS_DOUBLE(v.ptr()), true;
  std::int64_t i;
  return small_int(v.ptr(), i) && (out = static_cast<double>(i), true);
}
bool number_of(const Value& v, std::int64_t& out) { return small_int(v.ptr(), out); }
// Absent where the argument was left out.
bool number_of(const Value& v, ShortVector& out) {
  double x;
  if (v.ptr() == nullptr) return true;
  return number_of(v, x) && (out = ShortVector(x), true);
}

template <class T>
nb::object few_numbers(const T* values, const Size& size) {
  if (!size) return nb::steal(wrap_number(*values));
  return to_python(Array::copy_of(values, std::is_same_v<T, double> ? DType::float64 : DType::int64, *size));
}

// A function of the library with its overloads: of arrays, and of few numbers.
#define TNP_OVERLOADS(NAME) [](auto&&... x) { return NAME(std::forward<decltype(x)>(x)...); }

// `f` takes a generator, parameters, a size and a type; or few numbers and ShortVectors.
template <std::size_t N, class F>
nb::object drawn(const Value& self, const std::array<Value, N>& parameters, const Value& given, DType type, F f) {
  Generator& g = stream_of(self).stream;
  const Size size = size_of(given);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    if (const std::int64_t count = few(g, size, type)) {
      std::array<ShortVector, N> p;
      FewNumbers numbers(g, count);
      if ((number_of(parameters[I], p[I]) && ...)) return few_numbers(f(numbers, p[I]...).values(), size);
    }
    return to_python(f(g, parameter_if_given(parameters[I], type)..., size, type));
  }(std::make_index_sequence<N>());
}
// The arguments are N parameters and a size.
template <std::size_t N, class F>
nb::object draw(const Arguments& args, F f) {
  std::array<Value, N> parameters;
  std::copy_n(args.values + 1, N, parameters.begin());
  return drawn(args.values[0], parameters, args.values[N + 1], default_float(), f);
}

// Of the samplers that are primitives: numbers of type Result, parameters of types T.
template <class Result, class... T, class F>
nb::object sample(const Arguments& args, F f) {
  constexpr std::size_t kCount = sizeof...(T);
  constexpr bool kFloating = std::is_same_v<Result, double>;
  const auto values = take<kCount + 2>(args);
  Generator& g = stream_of(values[0]).stream;
  const DType type = default_float();
  const Size size = size_of(values[kCount + 1]);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    if (const std::int64_t count = few(g, size, type)) {
      std::tuple<T...> p;
      FewNumbers numbers(g, count);
      if ((number_of(values[1 + I], std::get<I>(p)) && ...)) {
        Result out[FewNumbers::kMost];
        f(numbers, out, std::get<I>(p)...);
        return few_numbers(out, size);
      }
    }
    const Array in[] = {parameter(values[1 + I], std::is_same_v<T, double> ? DType::float64 : DType::int64)...};
    return to_python(f(g, in[I]..., random_shape(in, size), kFloating ? type : DType::int64));
  }(std::make_index_sequence<kCount>());
}

// Without parameters.
template <class F>
nb::object draw_plain(const Value& self, const Value& given, DType dtype, F f) {
  Generator& g = stream_of(self).stream;
  const Size size = size_of(given);
  if (const std::int64_t count = few(g, size, dtype)) {
    FewNumbers numbers(g, count);
    double out[FewNumbers::kMost];
    f(numbers, out);
    return few_numbers(out, size);
  }
  return to_python(f(g, size.value_or(Shape{}), dtype));
}

// --- uniform and normal variables

nb::object uniform_numbers(const Value& self, const Value& size, DType dtype) {
  return draw_plain(self, size, dtype, TNP_OVERLOADS(random_uniform));
}
nb::object normal_numbers(const Value& self, const Value& size, DType dtype) {
  return draw_plain(self, size, dtype, TNP_OVERLOADS(random_normal));
}
// Of mean 1.
nb::object exponential_numbers(const Value& self, const Value& size, DType dtype) {
  return drawn<1>(self, {}, size, dtype, TNP_OVERLOADS(random_exponential));
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
  return normal_numbers(self, size, float_type(dtype));
}
TNP_RANDOM(standard_normal_legacy, "standard_normal", kLegacy, "(self, size=None)", "Standard normal numbers.") {
  const auto [self, size] = take<2>(args);
  return normal_numbers(self, size, default_float());
}
TNP_RANDOM(uniform, "uniform", kBoth, "(self, low=0.0, high=1.0, size=None)", "Uniform numbers in [low, high).") {
  const auto [self, low, high, size] = take<4>(args);
  if (!low.ptr() && !high.ptr()) return uniform_numbers(self, size, default_float());
  const bool ordered = !stream_of(self).legacy;
  Arguments whole = args;
  static PyObject* const ends[] = {PyFloat_FromDouble(0), PyFloat_FromDouble(1)};
  for (int i = 0; i < 2; ++i) {
    if (whole.values[1 + i] == nullptr) whole.values[1 + i] = ends[i];
  }
  return draw<2>(whole, [ordered](auto&&... x) { return random_uniform(std::forward<decltype(x)>(x)..., ordered); });
}
TNP_RANDOM(normal, "normal", kBoth, "(self, loc=0.0, scale=1.0, size=None)",
           "Normal numbers of this mean and standard deviation.") {
  return draw<2>(args, TNP_OVERLOADS(random_normal));
}
TNP_RANDOM(lognormal, "lognormal", kBoth, "(self, mean=0.0, sigma=1.0, size=None)",
           "Numbers whose logarithm is normal.") {
  return draw<2>(args, TNP_OVERLOADS(random_lognormal));
}

// --- exponentials and their relatives

TNP_RANDOM(exponential, "exponential", kBoth, "(self, scale=1.0, size=None)", "Exponential variables of this mean.") {
  return draw<1>(args, TNP_OVERLOADS(random_exponential));
}
TNP_RANDOM(standard_exponential_generator, "standard_exponential", kGenerator,
           "(self, size=None, dtype=None, method='zig', out=None)",
           "Exponential variables of mean 1. The method is always inversion, which a counter-based stream needs.") {
  const auto [self, size, dtype] = take<3>(args);
  return exponential_numbers(self, size, float_type(dtype));
}
TNP_RANDOM(standard_exponential_legacy, "standard_exponential", kLegacy, "(self, size=None)",
           "Exponential variables of mean 1.") {
  const auto [self, size] = take<2>(args);
  return exponential_numbers(self, size, default_float());
}
TNP_RANDOM(laplace, "laplace", kBoth, "(self, loc=0.0, scale=1.0, size=None)", "Laplace variables.") {
  return draw<2>(args, TNP_OVERLOADS(random_laplace));
}
TNP_RANDOM(logistic, "logistic", kBoth, "(self, loc=0.0, scale=1.0, size=None)", "Logistic variables.") {
  return draw<2>(args, TNP_OVERLOADS(random_logistic));
}
TNP_RANDOM(gumbel, "gumbel", kBoth, "(self, loc=0.0, scale=1.0, size=None)", "Gumbel variables.") {
  return draw<2>(args, TNP_OVERLOADS(random_gumbel));
}
TNP_RANDOM(rayleigh, "rayleigh", kBoth, "(self, scale=1.0, size=None)", "Rayleigh variables.") {
  return draw<1>(args, TNP_OVERLOADS(random_rayleigh));
}
TNP_RANDOM(weibull, "weibull", kBoth, "(self, a, size=None)", "Weibull variables of shape a.") {
  return draw<1>(args, TNP_OVERLOADS(random_weibull));
}
TNP_RANDOM(pareto, "pareto", kBoth, "(self, a, size=None)", "Pareto II (Lomax) variables of shape a.") {
  return draw<1>(args, TNP_OVERLOADS(random_pareto));
}
TNP_RANDOM(power, "power", kBoth, "(self, a, size=None)", "Variables in [0, 1] of density a x**(a - 1).") {
  return draw<1>(args, TNP_OVERLOADS(random_power));
}
TNP_RANDOM(standard_cauchy, "standard_cauchy", kBoth, "(self, size=None)", "Cauchy variables.") {
  return draw<0>(args, TNP_OVERLOADS(random_cauchy));
}
TNP_RANDOM(triangular, "triangular", kBoth, "(self, left, mode, right, size=None)",
           "Variables whose density is a triangle.") {
  return draw<3>(args, TNP_OVERLOADS(random_triangular));
}
TNP_RANDOM(wald, "wald", kBoth, "(self, mean, scale, size=None)", "Wald (inverse Gaussian) variables.") {
  return draw<2>(args, TNP_OVERLOADS(random_wald));
}
TNP_RANDOM(vonmises, "vonmises", kBoth, "(self, mu, kappa, size=None)", "Von Mises variables in [-π, π).") {
  return draw<2>(args, TNP_OVERLOADS(random_vonmises));
}

// --- gamma variables and their relatives

TNP_RANDOM(gamma, "gamma", kBoth, "(self, shape, scale=1.0, size=None)", "Gamma variables.") {
  return draw<2>(args, TNP_OVERLOADS(random_gamma));
}
nb::object standard_gamma(const Value& self, const Value& shape, const Value& given, DType dtype) {
  Generator& g = stream_of(self).stream;
  const Size size = size_of(given);
  double a;
  if (const std::int64_t count = few(g, size, dtype); count > 0 && number_of(shape, a)) {
    FewNumbers numbers(g, count);
    double out[FewNumbers::kMost];
    random_gamma(numbers, out, a);
    return few_numbers(out, size);
  }
  return to_python(random_gamma(g, parameter(shape, DType::float64), Array(), size, dtype));
}
TNP_RANDOM(standard_gamma_generator, "standard_gamma", kGenerator, "(self, shape, size=None, dtype=None, out=None)",
           "Gamma variables of scale 1.") {
  const auto [self, shape, size, dtype] = take<4>(args);
  return standard_gamma(self, shape, size, float_type(dtype));
}
TNP_RANDOM(standard_gamma_legacy, "standard_gamma", kLegacy, "(self, shape, size=None)",
           "Gamma variables of scale 1.") {
  const auto [self, shape, size] = take<3>(args);
  return standard_gamma(self, shape, size, default_float());
}
TNP_RANDOM(beta, "beta", kBoth, "(self, a, b, size=None)", "Beta variables.") {
  return sample<double, double, double>(args, TNP_OVERLOADS(random_beta));
}
TNP_RANDOM(chisquare, "chisquare", kBoth, "(self, df, size=None)", "Chi-square variables.") {
  return draw<1>(args, TNP_OVERLOADS(random_chisquare));
}
TNP_RANDOM(noncentral_chisquare, "noncentral_chisquare", kBoth, "(self, df, nonc, size=None)",
           "Noncentral chi-square variables.") {
  return sample<double, double, double>(args, TNP_OVERLOADS(random_noncentral_chisquare));
}
TNP_RANDOM(f, "f", kBoth, "(self, dfnum, dfden, size=None)", "F variables.") {
  return draw<2>(args, TNP_OVERLOADS(random_f));
}
TNP_RANDOM(noncentral_f, "noncentral_f", kBoth, "(self, dfnum, dfden, nonc, size=None)", "Noncentral F variables.") {
  return draw<3>(args, TNP_OVERLOADS(random_noncentral_f));
}
TNP_RANDOM(standard_t, "standard_t", kBoth, "(self, df, size=None)", "Student's t variables.") {
  return draw<1>(args, TNP_OVERLOADS(random_student));
}

// --- discrete variables

TNP_RANDOM(poisson, "poisson", kBoth, "(self, lam=1.0, size=None)", "Poisson variables.") {
  static PyObject* const one = PyFloat_FromDouble(1);
  Arguments whole = args;
  if (whole.values[1] == nullptr) whole.values[1] = one;
  return sample<std::int64_t, double>(whole, TNP_OVERLOADS(random_poisson));
}
TNP_RANDOM(binomial, "binomial", kBoth, "(self, n, p, size=None)", "Binomial variables.") {
  return sample<std::int64_t, std::int64_t, double>(args, TNP_OVERLOADS(random_binomial));
}
TNP_RANDOM(negative_binomial, "negative_binomial", kBoth, "(self, n, p, size=None)", "Negative binomial variables.") {
  return sample<std::int64_t, double, double>(args, TNP_OVERLOADS(random_negative_binomial));
}
TNP_RANDOM(geometric, "geometric", kBoth, "(self, p, size=None)", "Geometric variables, from 1 on.") {
  return sample<std::int64_t, double>(args, TNP_OVERLOADS(random_geometric));
}
TNP_RANDOM(zipf, "zipf", kBoth, "(self, a, size=None)", "Zipf variables.") {
  return sample<std::int64_t, double>(args, TNP_OVERLOADS(random_zipf));
}
TNP_RANDOM(logseries, "logseries", kBoth, "(self, p, size=None)", "Logarithmic variables.") {
  return sample<std::int64_t, double>(args, TNP_OVERLOADS(random_logseries));
}
TNP_RANDOM(hypergeometric, "hypergeometric", kBoth, "(self, ngood, nbad, nsample, size=None)",
           "How many of a drawn sample are good.") {
  return sample<std::int64_t, std::int64_t, std::int64_t, std::int64_t>(args, TNP_OVERLOADS(random_hypergeometric));
}

// --- several variables together

TNP_RANDOM(dirichlet, "dirichlet", kBoth, "(self, alpha, size=None)",
           "Dirichlet variables: the last axis has the sum 1.") {
  const auto [self, alpha, size] = take<3>(args);
  const Array a = parameter(alpha, DType::float64);
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
  const Array balls = parameter(n, DType::int64), weights = parameter(pvals, DType::float64);
  if (weights.ndim() < 1) throw ValueError("multinomial: pvals must have at least 1 dimension");
  return to_python(random_multinomial(stream_of(self).stream, balls, weights, row_shape(balls, weights, size)));
}
TNP_RANDOM(multivariate_hypergeometric, "multivariate_hypergeometric", kGenerator,
           "(self, colors, nsample, size=None, method='marginals')",
           "How many of each colour are drawn: the last axis. Both methods give the same distribution, and numbers.") {
  const auto [self, colors, nsample, size, method] = take<5>(args);
  const std::string m = method.text("marginals");
  if (m != "marginals" && m != "count") throw ValueError("method must be \"count\" or \"marginals\".");
  const Array c = parameter(colors, DType::int64), n = parameter(nsample, DType::int64);
  if (c.ndim() != 1) throw ValueError("multivariate_hypergeometric: colors must be a one-dimensional sequence");
  return to_python(random_multivariate_hypergeometric(stream_of(self).stream, c, n, row_shape(n, c, size)));
}

}  // namespace

}  // namespace tnp::python
