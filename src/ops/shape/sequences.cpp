#include "ops/shape/sequences.h"

namespace tnp {

Array continued(const Array& first, const Array& second, std::int64_t n) {
  const auto run = [&]<class T>(T) { return continued(first.item<T>(), second.item<T>(), n, first.dtype()); };
  switch (first.dtype()) {
    case DType::int8:
      return run(std::int8_t{});
    case DType::int16:
      return run(std::int16_t{});
    case DType::int32:
      return run(std::int32_t{});
    case DType::int64:
      return run(std::int64_t{});
    case DType::uint8:
      return run(std::uint8_t{});
    case DType::uint16:
      return run(std::uint16_t{});
    case DType::uint32:
      return run(std::uint32_t{});
    case DType::uint64:
      return run(std::uint64_t{});
    case DType::float32:
      return run(float{});
    case DType::float64:
      return run(double{});
    default:
      return {};
  }
}

}  // namespace tnp
