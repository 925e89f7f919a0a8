// NumPy's distributions that are functions of uniform, normal and gamma variables: their parameters can be
// differentiated. A parameter that is absent is 0 (a location) or 1 (a scale).
//
// A distribution is one function `draw`, of a Source that says what numbers and parameters are: arrays (ManyNumbers)
// or, where few numbers have single parameters, numbers on the stack (ShortNumbers). Both give the same bits.
#include "numpy/blocks.h"
#include "numpy/few_distributions.h"
#include "ops/random/parameter.h"
#include "ops/sort/direct.h"
#include "tnp/error.h"
#include "tnp/numpy.h"
#include "tnp/random.h"

namespace tnp {

namespace {

constexpr double kPi = 3.141592653589793238462643383279502884;

// --- sources

// Parameters and numbers are arrays.
class ManyNumbers {
 public:
  using Numbers = Array;
  ManyNumbers(Generator& g, const Size& size, DType dtype) : generator_(g), size_(size), dtype_(dtype) {}

  Array typed(const Array& x) const { return x ? astype(x, dtype_) : x; }
  Array checked(const Array& x, ParameterRule rule, const char* problem) const {
    return x ? checked_parameter(typed(x), rule, problem) : x;
  }

  // To what all parameters have: before the first numbers are drawn.
  template <class... P>
  void broadcast(const P&... parameters) {
    Arrays given;
    for (const Array* p : std::initializer_list<const Array*>{&parameters...}) {
      if (*p) given.push_back(*p);
    }
    shape_ = random_shape(given, size_);
  }

  Array uniform() { return random_uniform(generator_, shape_, dtype_); }
  Array normal() { return random_normal(generator_, shape_, dtype_); }
  Array gamma(const Array& a) { return random_gamma(generator_, a, shape_, dtype_); }
  Array noncentral_chisquare(const Array& df, const Array& nonc) {
    return random_noncentral_chisquare(generator_, df, nonc, shape_, dtype_);
  }
  Array vonmises(const Array& kappa) { return random_vonmises(generator_, kappa, shape_, dtype_); }

  // f of numbers that were drawn: block by block in their own memory where the parameters are single numbers.
  template <class F, class... P>
  Array mapped(F&& f, Array x, const P&... parameters) const {
    if (!(is_single(parameters) && ...)) return f(x);
    return by_blocks_in_place(std::move(x), {}, [&](std::span<const Array> in) { return f(in[0]); });
  }
  template <class F, class... P>
  Array mapped_pairs(F&& f, Array x, const Array& y, const P&... parameters) const {
    if (!(is_single(parameters) && ...)) return f(x, y);
    return by_blocks_in_place(std::move(x), {y}, [&](std::span<const Array> in) { return f(in[0], in[1]); });
  }

 private:
  static bool is_single(const Array& p) { return computes_directly({&p}) && (!p || p.ndim() == 0); }

  Generator& generator_;
  const Size& size_;
  DType dtype_;
  Shape shape_;
};

// Parameters are single numbers, and of the numbers there are few.
class ShortNumbers {
 public:
  using Numbers = ShortVector;
  explicit ShortNumbers(FewNumbers& numbers) : numbers_(numbers) {}

  const ShortVector& typed(const ShortVector& x) const { return x; }
  const ShortVector& checked(const ShortVector& x, ParameterRule rule, const char* problem) const {
    if (x) check_parameter(*x.values(), rule, problem);
    return x;
  }
  void broadcast(const auto&...) const {}

  ShortVector uniform() {
    return drawn([&](double* out) { random_uniform(numbers_, out); });
  }
  ShortVector normal() {
    return drawn([&](double* out) { random_normal(numbers_, out); });
  }
  ShortVector gamma(const ShortVector& a) {
    return drawn([&](double* out) { random_gamma(numbers_, out, *a.values()); });
  }
  ShortVector noncentral_chisquare(const ShortVector& df, const ShortVector& nonc) {
    return drawn([&](double* out) { random_noncentral_chisquare(numbers_, out, *df.values(), *nonc.values()); });
  }
  ShortVector vonmises(const ShortVector& kappa) {
    return drawn([&](double* out) { random_vonmises(numbers_, out, *kappa.values()); });
  }

  ShortVector mapped(auto&& f, const ShortVector& x, const auto&...) const { return f(x); }
  ShortVector mapped_pairs(auto&& f, const ShortVector& x, const ShortVector& y, const auto&...) const {
    return f(x, y);
  }

 private:
  ShortVector drawn(auto&& draw) {
    ShortVector out = ShortVector::unset(numbers_.count());
    draw(out.values());
    return out;
  }

  FewNumbers& numbers_;
};

bool is_number(const Array& p) {
  return !p || (p.state() == State::concrete && p.dtype() == DType::float64 && p.shape().ndim() == 0);
}
ShortVector number(const Array& p) { return p ? ShortVector(*p.data_as<double>()) : ShortVector(); }

// A distribution's numbers, from the source that goes with its parameters.
template <class Distribution, class... P>
Array numbers_of(const Distribution& d, Generator& g, const Size& size, DType dtype, const P&... parameters) {
  const std::int64_t count = FewNumbers::count_of(size);
  if (count > 0 && dtype == DType::float64 && (is_number(parameters) && ...) && g.is_direct()) {
    FewNumbers few(g, count);
    ShortNumbers source(few);
    const ShortVector x = d.draw(source, number(parameters)...);
    return Array::copy_of(x.values(), DType::float64, size.value_or(Shape{}));
  }
  ManyNumbers source(g, size, dtype);
  return d.draw(source, parameters...);
}
template <class Distribution, class... P>
ShortVector few_of(const Distribution& d, FewNumbers& few, const P&... parameters) {
  ShortNumbers source(few);
  return d.draw(source, parameters...);
}

// --- what several distributions have in common

constexpr ParameterRule kNonNegative = ParameterRule::non_negative, kPositive = ParameterRule::positive;

template <class P>
P placed(const P& z, const P& loc, const P& scale) {
  const P scaled = scale ? multiply(z, scale) : z;
  return loc ? add(scaled, loc) : scaled;
}

// f of numbers drawn, times a scale, plus a location.
template <class S, class P = typename S::Numbers>
P located(S& s, const P& given, const P& scale, auto&& draw, auto&& f) {
  s.broadcast(given, scale);
  const P loc = s.typed(given);
  return s.mapped([&](const P& x) { return placed<P>(f(x), loc, scale); }, draw(), loc, scale);
}
// The same of numbers in [0, 1).
template <class S, class P = typename S::Numbers>
P located_uniform(S& s, const P& loc, const P& scale, auto&& f) {
  return located(s, loc, scale, [&] { return s.uniform(); }, f);
}

// Of numbers in [0, 1).
struct StandardExponential {
  auto operator()(const auto& u) const { return negative(log1p(negative(u))); }
};
constexpr StandardExponential standard_exponential;

// In (0, 1): 0 becomes half of the next smallest.
Array opened(const Array& u) { return maximum(u, Scalar(u.dtype() == DType::float32 ? 0x1p-25 : 0x1p-54)); }
ShortVector opened(const ShortVector& u) { return maximum(u, Scalar(0x1p-54)); }

Array half_of(const Array& x) {
  const bool single = x.ndim() == 0 && x.dtype() == DType::float64 && computes_directly({&x});
  return single ? Array(0.5 * x.item<double>()) : multiply(x, Scalar(0.5));
}
ShortVector half_of(const ShortVector& x) { return multiply(x, Scalar(0.5)); }

// Of a parameter that has been checked.
template <class S, class P = typename S::Numbers>
P chisquare(S& s, const P& df) {
  return s.mapped([](const P& x) { return multiply(x, Scalar(2.0)); }, s.gamma(half_of(df)));
}

// --- functions of a uniform or a normal variable

template <class S>
using NumbersOf = typename S::Numbers;

struct Normal {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& loc, const P& given) {
    const P scale = s.checked(given, kNonNegative, "normal: scale < 0");
    return located(s, loc, scale, [&] { return s.normal(); }, [](const P& z) { return z; });
  }
};

struct Uniform {
  bool ordered;
  template <class S, class P = NumbersOf<S>>
  P draw(S& s, const P& low, const P& high) const {
    const P from = s.typed(low);
    P width = s.checked(subtract(s.typed(high), from), ParameterRule::finite,
                        "uniform: high - low range exceeds valid bounds");
    if (ordered) width = s.checked(width, kNonNegative, "uniform: high - low < 0");
    return located_uniform(s, from, width, [](const P& u) { return u; });
  }
};

struct Exponential {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& given) {
    const P scale = s.checked(given, kNonNegative, "exponential: scale < 0");
    return located_uniform(s, P(), scale, standard_exponential);
  }
};

struct Laplace {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& loc, const P& given) {
    const P scale = s.checked(given, kNonNegative, "laplace: scale < 0");
    return located_uniform(s, loc, scale, [](const P& drawn) {
      const P u = opened(drawn);
      const auto left = less(u, Scalar(0.5));
      const P tail = log(multiply(Scalar(2.0), minimum(u, subtract(Scalar(1.0), u))));
      return where(left, tail, negative(tail));
    });
  }
};

struct Logistic {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& loc, const P& given) {
    const P scale = s.checked(given, kNonNegative, "logistic: scale < 0");
    return located_uniform(s, loc, scale, [](const P& drawn) {
      const P u = opened(drawn);
      return log(divide(u, subtract(Scalar(1.0), u)));
    });
  }
};

struct Gumbel {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& loc, const P& given) {
    const P scale = s.checked(given, kNonNegative, "gumbel: scale < 0");
    return located_uniform(s, loc, scale, [](const P& u) { return negative(log(negative(log(opened(u))))); });
  }
};

struct LogNormal {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& given_mean, const P& given_sigma) {
    const P sigma = s.checked(given_sigma, kNonNegative, "lognormal: sigma < 0");
    const P mean = s.typed(given_mean);
    s.broadcast(mean, sigma);
    return s.mapped([&](const P& z) { return exp(placed(z, mean, sigma)); }, s.normal(), mean, sigma);
  }
};

struct Rayleigh {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& given) {
    const P scale = s.checked(given, kNonNegative, "rayleigh: scale < 0");
    return located_uniform(s, P(), scale,
                           [](const P& u) { return sqrt(multiply(standard_exponential(u), Scalar(2.0))); });
  }
};

struct Weibull {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& a) {
    const P shape = s.checked(a, kNonNegative, "weibull: a < 0");
    s.broadcast(shape);
    const auto flat = equal(shape, Scalar(0.0));  // the limit, 0, is what NumPy gives
    const P exponent = reciprocal(where(flat, Scalar(1.0), shape));
    const auto f = [&](const P& u) { return where(flat, Scalar(0.0), power(standard_exponential(u), exponent)); };
    return s.mapped(f, s.uniform(), shape);
  }
};

struct Pareto {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& a) {
    const P shape = s.checked(a, kPositive, "pareto: a <= 0");
    s.broadcast(shape);
    return s.mapped([&](const P& u) { return expm1(divide(standard_exponential(u), shape)); }, s.uniform(), shape);
  }
};

struct Power {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& a) {
    const P shape = s.checked(a, kPositive, "power: a <= 0");
    s.broadcast(shape);
    const P exponent = reciprocal(shape);
    return s.mapped([&](const P& u) { return power(subtract(Scalar(1.0), u), exponent); }, s.uniform(), shape);
  }
};

struct Cauchy {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s) {
    s.broadcast();
    return s.mapped([](const P& u) { return tan(multiply(subtract(u, Scalar(0.5)), Scalar(kPi))); }, s.uniform());
  }
};

struct Triangular {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& left, const P& mode, const P& right) {
    const P from = s.typed(left), to = s.typed(right), peak = s.typed(mode);
    const P rise = s.checked(subtract(peak, from), kNonNegative, "triangular: left > mode");
    const P fall = s.checked(subtract(to, peak), kNonNegative, "triangular: mode > right");
    const P width = s.checked(subtract(to, from), kPositive, "triangular: left == right");
    const P part = divide(rise, width), left_area = multiply(rise, width), right_area = multiply(fall, width);
    s.broadcast(from, peak, to);
    const auto f = [&](const P& u) {
      const auto rising = less_equal(u, part);
      const P low = add(from, sqrt(multiply(u, left_area)));
      const P high = subtract(to, sqrt(multiply(subtract(Scalar(1.0), u), right_area)));
      return where(rising, low, high);
    };
    return s.mapped(f, s.uniform(), from, peak, to);
  }
};

// --- of several variables

// Michael, Schucany, Haas: Generating random variates using transformations with multiple roots (1976). The roots of
// the quadratic equation are the mean divided and multiplied by the same number, which is found without cancellation.
struct Wald {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& given_mean, const P& given_scale) {
    const P mean = s.checked(given_mean, kPositive, "wald: mean <= 0");
    const P scale = s.checked(given_scale, kPositive, "wald: scale <= 0");
    s.broadcast(mean, scale);
    P z = s.normal();
    const P u = s.uniform();
    const auto root = [&](const P& normal, const P& uniform) {
      const P w = divide(multiply(mean, square(normal)), multiply(scale, Scalar(2.0)));
      const P factor = add(add(w, Scalar(1.0)), sqrt(multiply(w, add(w, Scalar(2.0)))));
      const P inverse = reciprocal(factor);
      // The smaller root is taken with probability mean / (mean + root).
      const auto smaller = less_equal(multiply(uniform, add(Scalar(1.0), inverse)), Scalar(1.0));
      return multiply(mean, where(smaller, inverse, factor));
    };
    return s.mapped_pairs(root, std::move(z), u, mean, scale);
  }
};

struct Gamma {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& a, const P& given) {
    const P scale = s.checked(given, kNonNegative, "gamma: scale < 0");
    s.broadcast(a, scale);
    return s.mapped([&](const P& x) { return placed(x, P(), scale); }, s.gamma(a), scale);
  }
};

struct ChiSquare {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& given) {
    const P df = s.checked(given, kPositive, "chisquare: df <= 0");
    s.broadcast(df);
    return chisquare(s, df);
  }
};

// (x b) / (y a)
template <class S, class P = NumbersOf<S>>
P ratio(S& s, P x, const P& b, const P& y, const P& a) {
  const auto f = [&](const P& above, const P& below) { return divide(multiply(above, b), multiply(below, a)); };
  return s.mapped_pairs(f, std::move(x), y, a, b);
}

struct FRatio {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& dfnum, const P& dfden) {
    const P a = s.checked(dfnum, kPositive, "f: dfnum <= 0"), b = s.checked(dfden, kPositive, "f: dfden <= 0");
    s.broadcast(a, b);
    P above = chisquare(s, a);
    return ratio(s, std::move(above), b, chisquare(s, b), a);
  }
};

struct NoncentralF {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& dfnum, const P& dfden, const P& nonc) {
    const P a = s.checked(dfnum, kPositive, "noncentral_f: dfnum <= 0");
    const P b = s.checked(dfden, kPositive, "noncentral_f: dfden <= 0");
    const P c = s.checked(nonc, kNonNegative, "noncentral_f: nonc < 0");
    s.broadcast(a, b, c);
    P above = s.noncentral_chisquare(a, c);
    return ratio(s, std::move(above), b, chisquare(s, b), a);
  }
};

struct Student {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& given) {
    const P df = s.checked(given, kPositive, "standard_t: df <= 0");
    s.broadcast(df);
    const P half = half_of(df), width = sqrt(half);
    P z = s.normal();
    const P x = s.gamma(half);
    const auto f = [&](const P& normal, const P& gamma) { return divide(multiply(width, normal), sqrt(gamma)); };
    return s.mapped_pairs(f, std::move(z), x, df);
  }
};

struct VonMises {
  template <class S, class P = NumbersOf<S>>
  static P draw(S& s, const P& mu, const P& kappa) {
    const P centre = s.typed(mu);
    s.broadcast(centre, kappa);
    const auto f = [&](const P& x) {
      return subtract(remainder(add(add(x, centre), Scalar(kPi)), Scalar(2 * kPi)), Scalar(kPi));
    };
    return s.mapped(f, s.vonmises(kappa), centre);
  }
};

}  // namespace

#define TNP_DISTRIBUTION1(NAME, TYPE)                                       \
  Array NAME(Generator& g, const Array& a, const Size& size, DType dtype) { \
    return numbers_of(TYPE(), g, size, dtype, a);                           \
  }                                                                         \
  ShortVector NAME(FewNumbers& few, const ShortVector& a) { return few_of(TYPE(), few, a); }
#define TNP_DISTRIBUTION2(NAME, TYPE)                                                       \
  Array NAME(Generator& g, const Array& a, const Array& b, const Size& size, DType dtype) { \
    return numbers_of(TYPE(), g, size, dtype, a, b);                                        \
  }                                                                                         \
  ShortVector NAME(FewNumbers& few, const ShortVector& a, const ShortVector& b) { return few_of(TYPE(), few, a, b); }
#define TNP_DISTRIBUTION3(NAME, TYPE)                                                                       \
  Array NAME(Generator& g, const Array& a, const Array& b, const Array& c, const Size& size, DType dtype) { \
    return numbers_of(TYPE(), g, size, dtype, a, b, c);                                                     \
  }                                                                                                         \
  ShortVector NAME(FewNumbers& few, const ShortVector& a, const ShortVector& b, const ShortVector& c) {     \
    return few_of(TYPE(), few, a, b, c);                                                                    \
  }
TNP_DISTRIBUTION2(random_normal, Normal)
TNP_DISTRIBUTION1(random_exponential, Exponential)
TNP_DISTRIBUTION2(random_gamma, Gamma)
TNP_DISTRIBUTION2(random_laplace, Laplace)
TNP_DISTRIBUTION2(random_logistic, Logistic)
TNP_DISTRIBUTION2(random_gumbel, Gumbel)
TNP_DISTRIBUTION2(random_lognormal, LogNormal)
TNP_DISTRIBUTION1(random_rayleigh, Rayleigh)
TNP_DISTRIBUTION1(random_weibull, Weibull)
TNP_DISTRIBUTION1(random_pareto, Pareto)
TNP_DISTRIBUTION1(random_power, Power)
TNP_DISTRIBUTION3(random_triangular, Triangular)
TNP_DISTRIBUTION2(random_wald, Wald)
TNP_DISTRIBUTION1(random_chisquare, ChiSquare)
TNP_DISTRIBUTION2(random_f, FRatio)
TNP_DISTRIBUTION3(random_noncentral_f, NoncentralF)
TNP_DISTRIBUTION1(random_student, Student)
TNP_DISTRIBUTION2(random_vonmises, VonMises)
#undef TNP_DISTRIBUTION1
#undef TNP_DISTRIBUTION2
#undef TNP_DISTRIBUTION3

Array random_uniform(Generator& g, const Array& low, const Array& high, const Size& size, DType dtype, bool ordered) {
  return numbers_of(Uniform{ordered}, g, size, dtype, low, high);
}
ShortVector random_uniform(FewNumbers& few, const ShortVector& low, const ShortVector& high, bool ordered) {
  return few_of(Uniform{ordered}, few, low, high);
}
Array random_cauchy(Generator& g, const Size& size, DType dtype) { return numbers_of(Cauchy(), g, size, dtype); }
ShortVector random_cauchy(FewNumbers& few) { return few_of(Cauchy(), few); }

}  // namespace tnp
