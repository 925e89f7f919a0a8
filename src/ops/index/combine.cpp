#include "ops/index/combine.h"

#include <complex>
#include <cstring>
#include <type_traits>

#include "base/convert.h"
#include "tnp/error.h"

namespace tnp {

namespace {

template <class T>
inline constexpr bool is_complex_v = false;
template <class T>
inline constexpr bool is_complex_v<std::complex<T>> = true;

template <class T>
bool is_nan(T x) {
  if constexpr (is_complex_v<T>) {
    return x.real() != x.real() || x.imag() != x.imag();
  } else {
    return x != x;
  }
}

// NumPy orders complex numbers by the real part first.
template <class T>
bool less_than(T a, T b) {
  if constexpr (is_complex_v<T>) {
    return a.real() < b.real() || (a.real() == b.real() && a.imag() < b.imag());
  } else {
    return a < b;
  }
}

template <ScatterMode M, class T>
T combine(T a, T b) {
  if constexpr (M == ScatterMode::set) {
    return b;
  } else if constexpr (M == ScatterMode::add || M == ScatterMode::multiply) {
    if constexpr (std::is_integral_v<T>) {
      // Unsigned and wide, so that nothing overflows.
      const auto u = static_cast<std::uint64_t>(a), v = static_cast<std::uint64_t>(b);
      return static_cast<T>(M == ScatterMode::add ? u + v : u * v);
    } else if constexpr (is_complex_v<T> && M == ScatterMode::multiply) {
      return T(a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real());
    } else {
      return M == ScatterMode::add ? a + b : a * b;
    }
  } else {
    if (is_nan(a)) return a;
    if (is_nan(b)) return b;
    return (M == ScatterMode::min ? less_than(b, a) : less_than(a, b)) ? b : a;
  }
}

// An element type: how it lies in memory, and what it is computed in.
template <class T>
struct Plain {
  using storage = T;
  template <ScatterMode M>
  static T apply(T a, T b) {
    return combine<M>(a, b);
  }
};
struct Truth {
  using storage = std::uint8_t;
  template <ScatterMode M>
  static std::uint8_t apply(std::uint8_t a, std::uint8_t b) {
    if constexpr (M == ScatterMode::add || M == ScatterMode::max) return (a | b) != 0;
    return a != 0 && b != 0;
  }
};
template <class Half>
struct HalfFloat {
  using storage = std::uint16_t;
  template <ScatterMode M>
  static std::uint16_t apply(std::uint16_t a, std::uint16_t b) {
    const float x = TNP_ISA::convert_element<float, Half>(a), y = TNP_ISA::convert_element<float, Half>(b);
    return TNP_ISA::convert_element<Half, float>(combine<M>(x, y));
  }
};

template <class T>
T load(const void* p) {
  T value;
  std::memcpy(static_cast<void*>(&value), p, sizeof value);
  return value;
}

template <ScatterMode M, class E>
void combine_row(void* to, const void* update, std::int64_t step, std::int64_t n) {
  using T = typename E::storage;
  auto* out = static_cast<std::byte*>(to);
  const auto* in = static_cast<const std::byte*>(update);
  constexpr std::int64_t size = sizeof(T);
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = E::template apply<M>(load<T>(out + i * size), load<T>(in + i * step * size));
    std::memcpy(out + i * size, &value, sizeof value);
  }
}

template <ScatterMode M, class E>
void combine_at(std::byte* to, const std::int64_t* offsets, const void* updates, std::int64_t step, std::int64_t n) {
  using T = typename E::storage;
  const auto* in = static_cast<const std::byte*>(updates);
  constexpr std::int64_t size = sizeof(T);
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = E::template apply<M>(load<T>(to + offsets[i]), load<T>(in + i * step * size));
    std::memcpy(to + offsets[i], &value, sizeof value);
  }
}

template <class E>
CombineKernels of_mode(ScatterMode mode) {
  switch (mode) {
    case ScatterMode::add:
      return {&combine_row<ScatterMode::add, E>, &combine_at<ScatterMode::add, E>};
    case ScatterMode::multiply:
      return {&combine_row<ScatterMode::multiply, E>, &combine_at<ScatterMode::multiply, E>};
    case ScatterMode::min:
      return {&combine_row<ScatterMode::min, E>, &combine_at<ScatterMode::min, E>};
    case ScatterMode::max:
      return {&combine_row<ScatterMode::max, E>, &combine_at<ScatterMode::max, E>};
    case ScatterMode::set:
      break;
  }
  throw RuntimeError("scatter: not a mode that combines");
}

struct Bytes16 {
  std::uint64_t low, high;
};
struct Moved16 {
  using storage = Bytes16;
  template <ScatterMode M>
  static Bytes16 apply(Bytes16, Bytes16 b) {
    return b;
  }
};

template <class E>
CombineKernels setting() {
  return {&combine_row<ScatterMode::set, E>, &combine_at<ScatterMode::set, E>};
}

}  // namespace

CombineKernels combine_kernels(ScatterMode mode, DType dtype) {
  if (mode == ScatterMode::set) {
    switch (itemsize(dtype)) {
      case 1:
        return setting<Plain<std::uint8_t>>();
      case 2:
        return setting<Plain<std::uint16_t>>();
      case 4:
        return setting<Plain<std::uint32_t>>();
      case 8:
        return setting<Plain<std::uint64_t>>();
      default:
        return setting<Moved16>();
    }
  }
  switch (dtype) {
    case DType::bool_:
      return of_mode<Truth>(mode);
    case DType::int8:
      return of_mode<Plain<std::int8_t>>(mode);
    case DType::int16:
      return of_mode<Plain<std::int16_t>>(mode);
    case DType::int32:
      return of_mode<Plain<std::int32_t>>(mode);
    case DType::int64:
      return of_mode<Plain<std::int64_t>>(mode);
    case DType::uint8:
      return of_mode<Plain<std::uint8_t>>(mode);
    case DType::uint16:
      return of_mode<Plain<std::uint16_t>>(mode);
    case DType::uint32:
      return of_mode<Plain<std::uint32_t>>(mode);
    case DType::uint64:
      return of_mode<Plain<std::uint64_t>>(mode);
    case DType::float16:
      return of_mode<HalfFloat<TNP_ISA::float16>>(mode);
    case DType::bfloat16:
      return of_mode<HalfFloat<TNP_ISA::bfloat16>>(mode);
    case DType::float32:
      return of_mode<Plain<float>>(mode);
    case DType::float64:
      return of_mode<Plain<double>>(mode);
    case DType::complex64:
      return of_mode<Plain<std::complex<float>>>(mode);
    case DType::complex128:
      return of_mode<Plain<std::complex<double>>>(mode);
    default:
      throw TypeError("scatter: arrays of type " + std::string(name(dtype)) + " are not supported");
  }
}

}  // namespace tnp
