// Integer powers: what the kernels cannot refuse themselves.
#include "ops/elementwise/power_check.h"

#include <atomic>

#include "ops/elementwise/loop.h"
#include "tnp/error.h"

namespace tnp {

namespace {

template <class T>
bool has_negative(const Array& x) {
  std::atomic<bool> found{false};
  const LoopOperand operand{x.data(), x.strides()};
  const auto row = [](void* context, std::byte* const* operands, const std::int64_t* strides, std::int64_t n) {
    T least = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const T element = *reinterpret_cast<const T*>(operands[0] + i * strides[0]);
      least = element < least ? element : least;
    }
    if (least < 0) static_cast<std::atomic<bool>*>(context)->store(true, std::memory_order_relaxed);
  };
  run_loop(x.shape(), {&operand, 1}, 65536, row, &found);
  return found;
}

bool any_negative(const Array& x) {
  switch (x.dtype()) {
    case DType::int8:
      return has_negative<std::int8_t>(x);
    case DType::int16:
      return has_negative<std::int16_t>(x);
    case DType::int32:
      return has_negative<std::int32_t>(x);
    case DType::int64:
      return has_negative<std::int64_t>(x);
    default:
      return false;
  }
}

}  // namespace

void refuse_negative_exponents(std::span<const Array> in, DType loop) {
  if (!is_integer(loop) || !any_negative(in[1])) return;
  if (in[0].shape().num_elements() == 0) return;  // no element of the result needs one
  throw ValueError("Integers to negative integer powers are not allowed.");
}

}  // namespace tnp
