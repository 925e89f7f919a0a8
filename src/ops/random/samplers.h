// Samplers of one element: by rejection, by search, or by a path that depends on the numbers drawn. The checks say what
// is wrong with parameters, as NumPy does, or give null.
//
// Marsaglia, Tsang: A simple method for generating gamma variables (2000). Hörmann: The transformed rejection method
// for generating Poisson random variables (1993); The generation of binomial random variates (1993). Stadlober: The
// ratio of uniforms approach for generating discrete random variates (1990). Devroye: Non-uniform random variate
// generation (1986). Best, Fisher: Efficient simulation of the von Mises distribution (1979). Jöhnk: Erzeugung von
// betaverteilten und gammaverteilten Zufallszahlen (1964). Kemp: Efficient generation of logarithmically distributed
// variables (1981).
#pragma once

#include "ops/random/sub_stream.h"

namespace tnp::samplers {

double gamma(SubStream& s, double shape);
double beta(SubStream& s, double a, double b);
double noncentral_chisquare(SubStream& s, double df, double nonc);
double vonmises_r(double kappa);              // of kappa from 1e-8 to 1e6
double vonmises(SubStream& s, double kappa);  // around 0

std::int64_t poisson(SubStream& s, double lam);
std::int64_t binomial(SubStream& s, std::int64_t n, double p);
std::int64_t negative_binomial(SubStream& s, double n, double p);
std::int64_t geometric(SubStream& s, double p);
std::int64_t hypergeometric(SubStream& s, std::int64_t good, std::int64_t bad, std::int64_t sample);
std::int64_t zipf(SubStream& s, double a);
std::int64_t logseries(SubStream& s, double p);

const char* check_gamma(double shape);
const char* check_beta(double a, double b);
const char* check_noncentral_chisquare(double df, double nonc);
const char* check_vonmises(double kappa);
const char* check_poisson(double lam);
const char* check_binomial(std::int64_t n, double p);
const char* check_negative_binomial(double n, double p);
const char* check_geometric(double p);
const char* check_hypergeometric(std::int64_t good, std::int64_t bad, std::int64_t sample);
const char* check_zipf(double a);
const char* check_logseries(double p);

}  // namespace tnp::samplers
