#include "array_api/peek.h"

#include <cmath>
#include <cstdint>
#include <limits>

namespace tnp::array_api {

namespace {

bool lies_open(const Array& x) { return x.state() == State::concrete && x.is_contiguous(); }

template <class T>
const T* elements(const Array& x) {
  return reinterpret_cast<const T*>(x.data());
}

template <class T>
bool finite(const T* p, std::int64_t n) {
  bool all = true;
  for (std::int64_t i = 0; i < n; ++i) all &= std::abs(p[i]) <= std::numeric_limits<T>::max();
  return all;
}

template <class T>
bool negative(const Array& x) {
  const T* p = elements<T>(x);
  bool any = false;
  for (std::int64_t i = 0; i < x.size(); ++i) any |= p[i] < 0;
  return any;
}

template <class T>
bool greater(const Array& x, const Array& y) {
  const T *p = elements<T>(x), *q = elements<T>(y);
  bool any = false;
  for (std::int64_t i = 0; i < x.size(); ++i) any |= p[i] > q[i];
  return any;
}

}  // namespace

std::optional<bool> all_finite(const Array& x) {
  if (!lies_open(x)) return std::nullopt;
  const std::int64_t n = is_complex(x.dtype()) ? 2 * x.size() : x.size();
  if (real_of(x.dtype()) == DType::float32) return finite(elements<float>(x), n);
  return finite(elements<double>(x), n);
}

std::optional<bool> any_negative(const Array& x) {
  if (!lies_open(x)) return std::nullopt;
  switch (x.dtype()) {
    case DType::int8:
      return negative<std::int8_t>(x);
    case DType::int16:
      return negative<std::int16_t>(x);
    case DType::int32:
      return negative<std::int32_t>(x);
    case DType::int64:
      return negative<std::int64_t>(x);
    default:
      return std::nullopt;
  }
}

std::optional<bool> any_greater(const Array& x, const Array& y) {
  if (!lies_open(x) || !lies_open(y) || x.dtype() != y.dtype() || x.shape() != y.shape()) return std::nullopt;
  switch (x.dtype()) {
#define TNP_CASE(NAME, T) \
  case DType::NAME:       \
    return greater<T>(x, y);
    TNP_CASE(int8, std::int8_t)
    TNP_CASE(int16, std::int16_t)
    TNP_CASE(int32, std::int32_t)
    TNP_CASE(int64, std::int64_t)
    TNP_CASE(uint8, std::uint8_t)
    TNP_CASE(uint16, std::uint16_t)
    TNP_CASE(uint32, std::uint32_t)
    TNP_CASE(uint64, std::uint64_t)
    TNP_CASE(float32, float)
    TNP_CASE(float64, double)
#undef TNP_CASE
    default:
      return std::nullopt;
  }
}

}  // namespace tnp::array_api
