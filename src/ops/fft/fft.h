// The primitives of Fourier transforms; `tnp/fft.h` has NumPy's functions. Sums are over n, with exp(-2πi jk / n) for a
// forward one; scaled by 1, 1 / √n or 1 / n, n being the product of the sizes of the axes.
#pragma once

#include "tnp/array.h"
#include "tnp/primitives.h"

namespace tnp {

enum class FftScale : std::uint8_t { none, root, full };
struct FftKind {
  bool forward = true;
  FftScale scale = FftScale::none;
};

// Over distinct axes. complex64 or complex128.
Array fft_c2c(const Array& x, AxisList axes, const FftKind& kind);
// float32 or float64: the first half of the last of the axes, n / 2 + 1 elements.
Array fft_r2c(const Array& x, AxisList axes, const FftKind& kind);
// The real array of `n` elements along the last of the axes of which x is the first half.
Array fft_c2r(const Array& x, std::int64_t n, AxisList axes, const FftKind& kind);

}  // namespace tnp
