#include "tnp/exact_cast.h"

#include "base/casting.h"
#include "tnp/error.h"
#include "tnp/numpy.h"
#include "tnp/text.h"

namespace tnp {

namespace {

// Whether what comes back is what went. Integers wrap both ways, so their signs are looked at, too.
Array same_values(const Array& x, const Array& converted) {
  const Array same = astype(converted, x.dtype()) == x;
  if (is_integer(x.dtype()) && is_integer(converted.dtype()))
    return logical_and(same, (x < Scalar(0)) == (converted < Scalar(0)));
  return is_inexact(x.dtype()) ? logical_or(same, logical_and(isnan(x), isnan(astype(converted, x.dtype())))) : same;
}

}  // namespace

Array astype_same_value(const Array& x, DType to) {
  const auto refuse = [&](const char* why) {
    return std::string("could not cast 'same_value' ") + std::string(name(x.dtype())) + " to " + std::string(name(to)) +
           why;
  };
  if (is_text(x.dtype()) != is_text(to)) refuse_cast(x.dtype(), to, "same_value");
  if (to == x.dtype()) return x;
  if (is_complex(x.dtype()) && !is_complex(to) && !is_bool(to) && !all(imag(x) == 0).item<bool>())
    throw ValueError(refuse(": imag is not 0"));
  const Array out = astype(x, to);
  if (!is_bool(to) && !is_text(to) && !all(same_values(x, out)).item<bool>()) throw ValueError(refuse(""));
  return out;
}

}  // namespace tnp
