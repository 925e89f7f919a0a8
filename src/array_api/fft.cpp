// The extension of Fourier transforms: the standard's limits, then numpy.fft's function of the same meaning.
#include "tnp/fft.h"

#include "tnp/array_api.h"
#include "tnp/error.h"

namespace tnp::array_api::fft {

namespace {

namespace of_numpy = tnp::fft;

void check_frequencies(const char* function, DType dtype) {
  if (contains(Category::real_floating, dtype)) return;
  throw ValueError(std::string(function) + ": dtype must be float32 or float64, not " + std::string(dtype_name(dtype)));
}

Array spacing_array(double spacing, DType dtype) { return Scalar(spacing).to_array(dtype); }

}  // namespace

#define TNP_TRANSFORM(NAME, CATEGORY)                                                                   \
  Array NAME(const Array& x, std::optional<std::int64_t> n, std::int64_t axis, std::string_view norm) { \
    check_category(#NAME, x.dtype(), Category::CATEGORY);                                               \
    return of_numpy::NAME(x, n, axis, of_numpy::norm_from_name(norm));                                  \
  }
TNP_TRANSFORM(fft, complex_floating)
TNP_TRANSFORM(ifft, complex_floating)
TNP_TRANSFORM(rfft, real_floating)
TNP_TRANSFORM(irfft, complex_floating)
TNP_TRANSFORM(hfft, complex_floating)
TNP_TRANSFORM(ihfft, real_floating)
#undef TNP_TRANSFORM

#define TNP_TRANSFORM(NAME, CATEGORY)                                                                              \
  Array NAME(const Array& x, const std::optional<Shape>& sizes, const AxisArgument& axes, std::string_view norm) { \
    check_category(#NAME, x.dtype(), Category::CATEGORY);                                                          \
    return of_numpy::NAME(x, {sizes, axes}, of_numpy::norm_from_name(norm));                                       \
  }
TNP_TRANSFORM(fftn, complex_floating)
TNP_TRANSFORM(ifftn, complex_floating)
TNP_TRANSFORM(rfftn, real_floating)
TNP_TRANSFORM(irfftn, complex_floating)
#undef TNP_TRANSFORM

Array fftfreq(std::int64_t n, double spacing, DType dtype) {
  check_frequencies("fftfreq", dtype);
  return tnp::astype(of_numpy::fftfreq(n, spacing_array(spacing, DType::float64)), dtype);
}

Array rfftfreq(std::int64_t n, double spacing, DType dtype) {
  check_frequencies("rfftfreq", dtype);
  return tnp::astype(of_numpy::rfftfreq(n, spacing_array(spacing, DType::float64)), dtype);
}

Array fftshift(const Array& x, const AxisArgument& axes) {
  check_category("fftshift", x.dtype(), Category::floating);
  return of_numpy::fftshift(x, axes);
}

Array ifftshift(const Array& x, const AxisArgument& axes) {
  check_category("ifftshift", x.dtype(), Category::floating);
  return of_numpy::ifftshift(x, axes);
}

}  // namespace tnp::array_api::fft
