#include "ops/shape/sequences.h"

#include <vector>

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

Arrays triangle_indices(std::int64_t n, std::int64_t k, std::int64_t m, bool lower) {
  const auto before = [&](std::int64_t row) {  // of the diagonal, which lies between -n and m
    return std::clamp<std::int64_t>(row + std::clamp(k, -n, m) + 1, 0, m);
  };
  std::vector<std::int64_t> first(static_cast<std::size_t>(n) + 1, 0);  // how many places lie in the rows above
  for (std::int64_t i = 0; i < n; ++i) {
    const auto row = static_cast<std::size_t>(i);
    first[row + 1] = first[row] + (lower ? before(i) : m - before(i));
  }
  Arrays out{Array::empty(DType::int64, {first.back()}), Array::empty(DType::int64, {first.back()})};
  auto* rows = reinterpret_cast<std::int64_t*>(out[0].data());
  auto* columns = reinterpret_cast<std::int64_t*>(out[1].data());
  parallel_for(n, 1 + (1 << 15) / (m + 1), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t at = first[static_cast<std::size_t>(i)], count = first[static_cast<std::size_t>(i) + 1] - at;
      const std::int64_t column = lower ? 0 : before(i);
      for (std::int64_t j = 0; j < count; ++j) rows[at + j] = i;
      for (std::int64_t j = 0; j < count; ++j) columns[at + j] = column + j;
    }
  });
  return out;
}

}  // namespace tnp
