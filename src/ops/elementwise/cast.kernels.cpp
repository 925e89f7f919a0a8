// Conversion of contiguous blocks: a loop over vectors for each pair of element types.
//
// Pairs that do the same to the bits share a loop: a wrapping integer conversion does not depend on the signedness of
// its result, nor, unless it widens, on that of its source; complex to complex is twice as many real numbers.
#include "base/convert.h"
#include "base/vector_memory.h"
#include "ops/elementwise/cast_kernels.h"

namespace tnp::TNP_ISA {
namespace {

template <int Bytes>
void copy_elements(const void* in, void* out, int64_t n) {
  __builtin_memmove(out, in, static_cast<std::size_t>(n) * Bytes);
}

template <class To, class From>
void cast_loop(const void* in, void* out, int64_t n) {
  using S = storage_t<From>;
  using D = storage_t<To>;
  constexpr int kWidest = sizeof(S) > sizeof(D) ? sizeof(S) : sizeof(D);
  constexpr int N = kRegisterBytes / (kWidest < 2 ? 2 : kWidest);
  const S* src = static_cast<const S*>(in);
  D* dst = static_cast<D*>(out);
  int64_t i = 0;
  for (; i + N <= n; i += N) store_vec<D, N>(dst + i, convert_element<To, From>(load_vec<S, N>(src + i)));
#pragma clang loop vectorize(disable) unroll(disable)
  for (; i < n; i++) dst[i] = convert_element<To, From>(src[i]);
}

// The element type whose loop gives the same bits.
template <class E>
using unsigned_t = typename detail::IntOf<sizeof(E)>::utype;

template <class To, class From>
constexpr CastKernel real_kernel() {
  if constexpr (std::is_same_v<To, From>) {
    return &copy_elements<sizeof(To)>;
  } else if constexpr (std::is_integral_v<To> && std::is_integral_v<From>) {
    if constexpr (sizeof(To) == sizeof(From)) {
      return &copy_elements<sizeof(To)>;
    } else if constexpr (sizeof(To) < sizeof(From)) {
      return &cast_loop<unsigned_t<To>, unsigned_t<From>>;
    } else {
      return &cast_loop<unsigned_t<To>, From>;
    }
  } else if constexpr (std::is_same_v<To, boolean> && std::is_integral_v<From>) {
    return &cast_loop<boolean, unsigned_t<From>>;
  } else if constexpr (std::is_same_v<From, boolean> && std::is_integral_v<To>) {
    return &cast_loop<unsigned_t<To>, boolean>;
  } else if constexpr (std::is_integral_v<To> && sizeof(To) < 4) {
    return &cast_loop<unsigned_t<To>, From>;
  } else {
    return &cast_loop<To, From>;
  }
}

constexpr int kRealCount = static_cast<int>(DType::float64) + 1;
struct RealTable {
  CastKernel kernels[kRealCount][kRealCount];  // [from][to]
};

template <int From, int To>
constexpr void fill_table(RealTable& table) {
  table.kernels[From][To] = real_kernel<element_t<DType(To)>, element_t<DType(From)>>();
  if constexpr (To + 1 < kRealCount) {
    fill_table<From, To + 1>(table);
  } else if constexpr (From + 1 < kRealCount) {
    fill_table<From + 1, 0>(table);
  }
}

constexpr RealTable make_table() {
  RealTable table{};
  fill_table<0, 0>(table);
  return table;
}
// Constant-initialised: code of this instruction set must not run at load time.
constexpr RealTable kTable = make_table();

constexpr int64_t kBlock = 512;

// out[2 i], out[2 i + 1] = in[i], 0
template <class T>
void interleave_zeros(const T* in, T* out, int64_t n) {
  constexpr int N = kRegisterBytes / sizeof(T);
  int64_t i = 0;
  for (; i + N <= n; i += N) {
    const Vec<T, N> v = load_vec<T, N>(in + i);
    Vec<T, 2 * N> pairs = Vec<T, 2 * N>(0);
    pairs.even = v;
    store_vec<T, 2 * N>(out + 2 * i, pairs);
  }
  for (; i < n; i++) {
    out[2 * i] = in[i];
    out[2 * i + 1] = 0;
  }
}

template <class T>
void take_real_parts(const T* in, T* out, int64_t n) {
  constexpr int N = kRegisterBytes / sizeof(T);
  int64_t i = 0;
  for (; i + N <= n; i += N) store_vec<T, N>(out + i, load_vec<T, 2 * N>(in + 2 * i).even);
  for (; i < n; i++) out[i] = in[2 * i];
}

// Through a block of the complex type's real part, which the real kernel makes or takes.
template <class T, int From, int To>
void real_to_complex(const void* in, void* out, int64_t n) {
  T block[kBlock];
  const auto* src = static_cast<const storage_t<element_t<DType(From)>>*>(in);
  T* dst = static_cast<T*>(out);
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t count = n - begin < kBlock ? n - begin : kBlock;
    kTable.kernels[From][To](src + begin, block, count);
    interleave_zeros(block, dst + 2 * begin, count);
  }
}
template <class T, int From, int To>
void complex_to_real(const void* in, void* out, int64_t n) {
  T block[kBlock];
  const T* src = static_cast<const T*>(in);
  auto* dst = static_cast<storage_t<element_t<DType(To)>>*>(out);
  if constexpr (From == To) return take_real_parts(src, dst, n);
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t count = n - begin < kBlock ? n - begin : kBlock;
    take_real_parts(src + 2 * begin, block, count);
    kTable.kernels[From][To](block, dst + begin, count);
  }
}
template <class T>
void complex_to_boolean(const void* in, void* out, int64_t n) {
  const T* src = static_cast<const T*>(in);
  uint8_t* dst = static_cast<uint8_t*>(out);
  for (int64_t i = 0; i < n; i++) dst[i] = (src[2 * i] != 0) | (src[2 * i + 1] != 0);
}

// A complex number is two numbers of the real type.
template <class To, class From>
void complex_to_complex(const void* in, void* out, int64_t n) {
  cast_loop<To, From>(in, out, 2 * n);
}

struct ComplexTable {
  CastKernel from_real[kRealCount][2];
  CastKernel to_real[2][kRealCount];
};

template <int Real>
constexpr void fill_complex_table(ComplexTable& table) {
  constexpr int f32 = static_cast<int>(DType::float32), f64 = static_cast<int>(DType::float64);
  table.from_real[Real][0] = &real_to_complex<float, Real, f32>;
  table.from_real[Real][1] = &real_to_complex<double, Real, f64>;
  table.to_real[0][Real] = &complex_to_real<float, f32, Real>;
  table.to_real[1][Real] = &complex_to_real<double, f64, Real>;
  if constexpr (Real + 1 < kRealCount) fill_complex_table<Real + 1>(table);
}

constexpr ComplexTable make_complex_table() {
  ComplexTable table{};
  fill_complex_table<0>(table);
  table.to_real[0][0] = &complex_to_boolean<float>;
  table.to_real[1][0] = &complex_to_boolean<double>;
  return table;
}
constexpr ComplexTable kComplexTable = make_complex_table();

}  // namespace

CastKernel find_cast_kernel(DType from, DType to) {
  const int f = static_cast<int>(from), t = static_cast<int>(to);
  if (f < kRealCount && t < kRealCount) return kTable.kernels[f][t];
  if (f < kRealCount) return kComplexTable.from_real[f][t - kRealCount];
  if (t < kRealCount) return kComplexTable.to_real[f - kRealCount][t];
  if (f == t) return from == DType::complex64 ? &copy_elements<8> : &copy_elements<16>;
  return from == DType::complex64 ? &complex_to_complex<double, float> : &complex_to_complex<float, double>;
}

}  // namespace tnp::TNP_ISA
