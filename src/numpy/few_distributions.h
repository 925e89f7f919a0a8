// NumPy's distributions of few numbers, as FewNumbers draws them. A parameter that is absent is 0 (a location) or 1 (a
// scale).
#pragma once

#include "numpy/short_vector.h"
#include "ops/random/few_numbers.h"

namespace tnp {

static_assert(FewNumbers::kMost <= ShortVector::kMost);

#define TNP_FEW1(NAME) ShortVector NAME(FewNumbers& numbers, const ShortVector& a);
#define TNP_FEW2(NAME) ShortVector NAME(FewNumbers& numbers, const ShortVector& a, const ShortVector& b);
#define TNP_FEW3(NAME) \
  ShortVector NAME(FewNumbers& numbers, const ShortVector& a, const ShortVector& b, const ShortVector& c);
TNP_FEW2(random_normal)
TNP_FEW1(random_exponential)
TNP_FEW2(random_gamma)
TNP_FEW2(random_laplace)
TNP_FEW2(random_logistic)
TNP_FEW2(random_gumbel)
TNP_FEW2(random_lognormal)
TNP_FEW1(random_rayleigh)
TNP_FEW1(random_weibull)
TNP_FEW1(random_pareto)
TNP_FEW1(random_power)
TNP_FEW3(random_triangular)
TNP_FEW2(random_wald)
TNP_FEW1(random_chisquare)
TNP_FEW2(random_f)
TNP_FEW3(random_noncentral_f)
TNP_FEW1(random_student)
TNP_FEW2(random_vonmises)
#undef TNP_FEW1
#undef TNP_FEW2
#undef TNP_FEW3
ShortVector random_uniform(FewNumbers& numbers, const ShortVector& low, const ShortVector& high, bool ordered);
ShortVector random_cauchy(FewNumbers& numbers);

}  // namespace tnp
