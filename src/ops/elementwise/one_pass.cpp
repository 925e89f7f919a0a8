#include "ops/elementwise/one_pass.h"

#include <atomic>

#include "ops/elementwise/fp_status.h"
#include "ops/elementwise/one_pass_kernels.h"
#include "ops/shape/layout.h"
#include "ops/sort/direct.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

constexpr PerIsa<const OnePassKernels* (*)(DType)> kFind = TNP_PER_ISA(find_one_pass);
constexpr PerIsa<const BitKernels* (*)()> kFindBits = TNP_PER_ISA(find_bit_kernels);
constexpr PerIsa<CountKernel (*)(DType)> kFindCount = TNP_PER_ISA(find_count_kernel);
constexpr std::int64_t kGrain = 1 << 14;

// x as contiguous memory in the order of its axes in memory, and that order.
struct Run {
  Array x;
  Axes order;
};
Run run_of(const Array& x) {
  if (!computes_directly({&x})) return {};
  if (x.is_contiguous()) return {x, {}};
  const Axes order = memory_order({&x, 1});
  if (order.empty()) return {};
  const Array lying = with_axes_in(x, order);
  return lying.is_contiguous() ? Run{lying, order} : Run{};
}
Array finished(const Array& y, const Axes& order) { return order.empty() ? y : with_axes_back(y, order); }

}  // namespace

Array rounded(const Array& x, double power, bool fractions) {
  const OnePassKernels* kernels = kFind.get()(x.dtype());
  const auto [from, order] = kernels ? run_of(x) : Run{};
  if (!from) return {};
  const Array out = Array::empty(x.dtype(), from.shape());
  const std::int64_t bytes = x.itemsize();
  parallel_for(from.shape().num_elements(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    const FpFlagsOfThread flags(true);
    kernels->round(from.data() + begin * bytes, power, fractions, end - begin, out.data() + begin * bytes);
  });
  return finished(out, order);
}

std::pair<Array, Array> mantissas_and_exponents(const Array& x) {
  const OnePassKernels* kernels = kFind.get()(x.dtype());
  const auto [from, order] = kernels ? run_of(x) : Run{};
  if (!from) return {};
  const Array mantissa = Array::empty(x.dtype(), from.shape()), exponent = Array::empty(DType::int32, from.shape());
  const std::int64_t bytes = x.itemsize();
  parallel_for(from.shape().num_elements(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels->frexp(from.data() + begin * bytes, end - begin, mantissa.data() + begin * bytes,
                   reinterpret_cast<std::int32_t*>(exponent.data()) + begin);
  });
  return {finished(mantissa, order), finished(exponent, order)};
}

Array imaginary_parts_compared(const Array& x, bool zero) {
  const OnePassKernels* kernels = kFind.get()(real_of(x.dtype()));
  const auto [from, order] = kernels ? run_of(x) : Run{};
  if (!from) return {};
  const Array out = Array::empty(DType::bool_, from.shape());
  parallel_for(from.shape().num_elements(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels->second_is(from.data() + begin * x.itemsize(), zero, end - begin,
                       reinterpret_cast<std::uint8_t*>(out.data()) + begin);
  });
  return finished(out, order);
}

std::int64_t number_of_nonzeros(const Array& x) {
  const CountKernel kernel = kFindCount.get()(x.dtype());
  const Array from = kernel ? run_of(x).x : Array();
  if (!from) return -1;
  std::atomic<std::int64_t> total{0};
  const std::byte* data = from.data();
  parallel_for(from.shape().num_elements(), 4 * kGrain, [&](std::int64_t begin, std::int64_t end) {
    total.fetch_add(kernel(data + begin * x.itemsize(), end - begin), std::memory_order_relaxed);
  });
  return total.load();
}

void pack_bits(const std::uint8_t* flags, std::int64_t n, bool little, std::uint8_t* out) {
  kFindBits.get()()->pack(flags, n, little, out);
}

void unpack_bits(const std::uint8_t* bytes, std::int64_t n, bool little, std::uint8_t* out) {
  const BitKernels* kernels = kFindBits.get()();
  parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels->unpack(bytes + begin, end - begin, little, out + 8 * begin);
  });
}

}  // namespace tnp
