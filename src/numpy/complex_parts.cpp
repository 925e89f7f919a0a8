#include "tnp/complex_parts.h"

#include <complex>
#include <limits>

#include "ir/observer.h"
#include "numpy/blocks.h"
#include "numpy/from_parts.h"
#include "tnp/operators.h"
#include "tnp/primitives.h"
#include "tnp/reductions.h"

namespace tnp {

namespace {

bool lie_in_memory(const Array& x) { return x.state() == State::concrete && active_observers == nullptr; }

// `offset` bytes into each element.
Array parts_at(const Array& x, std::int64_t offset) {
  return Array::view_of(x.node()->buffer, x.data() + offset, real_of(x.dtype()), x.shape(), x.strides());
}

}  // namespace

Array real_part(const Array& x) {
  if (!is_complex(x.dtype())) return x;
  return lie_in_memory(x) ? parts_at(x, 0) : real(x);
}

Array imaginary_part(const Array& x) {
  if (!is_complex(x.dtype())) return zeros(x.shape(), x.dtype());
  return lie_in_memory(x) ? parts_at(x, x.itemsize() / 2) : imag(x);
}

Array from_parts(const Array& re, const Array& im) {
  const auto only_imaginary = [](double v) { return Scalar(std::complex<double>(0, v)); };
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const Array finite = multiply(im, only_imaginary(1));
  const Array rest = where(isnan(im), only_imaginary(nan).to_array(finite.dtype()),
                           where(im > 0, only_imaginary(infinity), only_imaginary(-infinity)));
  return add(re, where(isfinite(im), finite, astype(rest, finite.dtype())));
}

Array real_if_close(const Array& x, double tol) {
  if (!is_complex(x.dtype())) return x;
  const double bound = tol > 1 ? tol * (x.dtype() == DType::complex64 ? 0x1p-23 : 0x1p-52) : tol;
  const Array close = by_blocks({x}, [bound](std::span<const Array> in) { return absolute(imag(in[0])) < bound; });
  return all(close).item<bool>() ? real_part(x) : x;
}

}  // namespace tnp
