#include "base/convert.h"
#include "ops/reduce/order.h"
#include "ops/reduce/sums.h"
#include "ops/scan/scan_kernels.h"

namespace tnp::TNP_ISA {
namespace {

struct AddComplex {
  template <class C>
  TNP_INLINE static C apply(C a, C b) {
    return {a.re + b.re, a.im + b.im};
  }
};

// What an element of E is kept in; a Complex is one already.
template <class E>
using kept_t = storage_t<E>;

// One step, on elements or vectors of them. Halves are rounded at each.
template <class Op, class E, class V>
TNP_INLINE V step(V a, V b) {
  if constexpr (is_half<E>) {
    return convert_element<E, float>(Op::apply(convert_element<float, E>(a), convert_element<float, E>(b)));
  } else {
    return Op::apply(a, b);
  }
}

template <class Op, class E, bool Reverse>
TNP_INLINE void scan_row(const kept_t<E>* in, int64_t n, const kept_t<E>* carry, kept_t<E>* out) {
  const int64_t first = Reverse ? n - 1 : 0;
  kept_t<E> total = carry != nullptr ? step<Op, E>(*carry, in[first]) : in[first];
  out[first] = total;
#pragma clang loop vectorize(disable)
  for (int64_t i = 1; i < n; i++) {
    const int64_t k = Reverse ? first - i : i;
    total = step<Op, E>(total, in[k]);
    out[k] = total;
  }
}

template <class Op, class E>
void row(const void* in, int64_t n, const void* carry, bool reverse, void* out) {
  const auto* from = static_cast<const kept_t<E>*>(in);
  const auto* before = static_cast<const kept_t<E>*>(carry);
  auto* to = static_cast<kept_t<E>*>(out);
  if (reverse) return scan_row<Op, E, true>(from, n, before, to);
  scan_row<Op, E, false>(from, n, before, to);
}

// out[c] = before[c] op in[c]
template <class Op, class E>
TNP_INLINE void step_row(const kept_t<E>* before, const kept_t<E>* in, int64_t cols, kept_t<E>* out) {
  using T = kept_t<E>;
  int64_t c = 0;
  if constexpr (std::is_arithmetic_v<T>) {
    constexpr int N = kRegisterBytes / sizeof(T);
    for (; c + N <= cols; c += N) {
      store_vec<T, N>(out + c, step<Op, E>(load_vec<T, N>(before + c), load_vec<T, N>(in + c)));
    }
  }
#pragma clang loop vectorize(disable) unroll(disable)
  for (; c < cols; c++) out[c] = step<Op, E>(before[c], in[c]);
}

template <class Op, class E>
void columns(const void* in, int64_t row_stride, int64_t rows, int64_t cols, bool reverse, void* out) {
  const int64_t step_bytes = reverse ? -row_stride : row_stride, first = reverse ? (rows - 1) * row_stride : 0;
  const char* from = static_cast<const char*>(in) + first;
  char* to = static_cast<char*>(out) + first;
  if (from != to) __builtin_memcpy(to, from, static_cast<std::size_t>(cols) * sizeof(kept_t<E>));
  for (int64_t r = 1; r < rows; r++) {
    const char* before = to;
    from += step_bytes;
    to += step_bytes;
    step_row<Op, E>(reinterpret_cast<const kept_t<E>*>(before), reinterpret_cast<const kept_t<E>*>(from), cols,
                    reinterpret_cast<kept_t<E>*>(to));
  }
}

template <class Op, class E>
constexpr ScanKernels kScanKernels = {&row<Op, E>, &columns<Op, E>};

template <class Op, class ComplexOp>
const ScanKernels* find_unsigned_and_floats(DType type) {
  switch (type) {
    case DType::uint8:
      return &kScanKernels<Op, uint8_t>;
    case DType::uint16:
      return &kScanKernels<Op, uint16_t>;
    case DType::uint32:
      return &kScanKernels<Op, uint32_t>;
    case DType::uint64:
      return &kScanKernels<Op, uint64_t>;
    case DType::float16:
      return &kScanKernels<Op, float16>;
    case DType::bfloat16:
      return &kScanKernels<Op, bfloat16>;
    case DType::float32:
      return &kScanKernels<Op, float>;
    case DType::float64:
      return &kScanKernels<Op, double>;
    case DType::complex64:
      return &kScanKernels<ComplexOp, Complex<float>>;
    case DType::complex128:
      return &kScanKernels<ComplexOp, Complex<double>>;
    default:
      return nullptr;
  }
}

template <class Op>
const ScanKernels* find_signed(DType type) {
  switch (type) {
    case DType::int8:
      return &kScanKernels<Op, int8_t>;
    case DType::int16:
      return &kScanKernels<Op, int16_t>;
    case DType::int32:
      return &kScanKernels<Op, int32_t>;
    case DType::int64:
      return &kScanKernels<Op, int64_t>;
    default:
      return nullptr;
  }
}

template <bool Max>
const ScanKernels* find_extreme_kernels(DType type) {
  if (const ScanKernels* kernels = find_signed<Extreme<Max>>(type)) return kernels;
  return find_unsigned_and_floats<Extreme<Max>, ComplexExtreme<Max>>(type);
}

}  // namespace

const ScanKernels* find_scan_kernels(ScanOp op, DType type) {
  switch (op) {
    case ScanOp::sum:
      return find_unsigned_and_floats<Add<false>, AddComplex>(type);
    case ScanOp::prod:
      return find_unsigned_and_floats<Multiply, MultiplyComplex>(type);
    case ScanOp::min:
      return find_extreme_kernels<false>(type);
    default:
      return find_extreme_kernels<true>(type);
  }
}

}  // namespace tnp::TNP_ISA
