#include "base/dim.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "tnp/sizes.h"

namespace tnp {

Length::operator IndexBound() const { return {value_, is_symbolic(value_)}; }

Array Length::array() const { return dim_value(value_, DType::int64); }

Length operator+(Length a, Length b) { return dim_add(a.value_, b.value_); }
Length operator-(Length a, Length b) { return dim_sub(a.value_, b.value_); }
Length operator*(Length a, Length b) { return dim_mul(a.value_, b.value_); }

Length operator/(Length a, Length b) {
  if (b.value_ == 0) throw ValueError("a size is divided by 0");
  return dim_floor_div(a.value_, b.value_);
}

Length operator%(Length a, Length b) {
  if (b.value_ == 0) throw ValueError("the remainder of a size by 0");
  return dim_mod(a.value_, b.value_);
}

}  // namespace tnp
