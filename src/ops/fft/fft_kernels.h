// The transforms of ducc0, built once per instruction set (fft.ducc.cpp). Strides are counted in elements.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tnp {

inline constexpr int kMaxFftDims = 64;

// How a single long row is transformed as a matrix; no rows where it is not.
struct LongRowSplit {
  std::int64_t rows = 0, columns = 0;

  static constexpr std::int64_t kMostLanes = 16;
  // Rows are in groups of up to so many, the last of which may be incomplete.
  std::int64_t workspace() const { return (rows + kMostLanes) * columns; }
};

// out = scale * transform of `in` over `axes`, distinct ones. `shape` is that of the complex array for c2c and that of
// the real one otherwise, whose last axis in `axes` the complex array has n / 2 + 1 elements of. No size is 0.
struct FftArgs {
  int ndim, num_axes;
  const std::int64_t* shape;
  const std::int64_t *in_strides, *out_strides;
  const std::int64_t* axes;
  const void* in;
  void* out;
  bool forward;
  double scale;
  int threads;
  bool packed_row;  // a single row, which is transformed, without gaps on either side
  LongRowSplit long_row = {};
  void* workspace = nullptr;
};

struct FftKernels {
  void (*c2c)(const FftArgs&);
  void (*r2c)(const FftArgs&);
  void (*c2r)(const FftArgs&);
};

namespace baseline {
extern const FftKernels fft_kernels[2];  // float, double
}
namespace avx2 {
extern const FftKernels fft_kernels[2];
}
namespace avx512 {
extern const FftKernels fft_kernels[2];
}

// For ducc0: calls f(context, 0) … f(context, n - 1) on the threads of the pool.
void fft_parallel(std::size_t n, void (*f)(void* context, std::size_t i), void* context);

}  // namespace tnp
