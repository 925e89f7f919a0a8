#include "ir/scalar.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "tnp/error.h"

namespace tnp {

namespace {

template <class T>
void put(void* out, T value) {
  std::memcpy(out, &value, sizeof value);
}

template <class T>
T get(const void* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

std::uint16_t to_bfloat16(double value) {
  // To float with round-to-odd first, so that the second rounding cannot double-round.
  float f = static_cast<float>(value);
  std::uint32_t bits = __builtin_bit_cast(std::uint32_t, f);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  if (static_cast<double>(f) != value && !std::isinf(f)) {
    if (std::fabs(static_cast<double>(f)) > std::fabs(value)) --bits;
    bits |= 1;
  }
  bits += 0x7fff + ((bits >> 16) & 1);
  return static_cast<std::uint16_t>(bits >> 16);
}

[[noreturn]] void out_of_bounds(const std::string& value, DType dtype) {
  throw OverflowError("Python integer " + value + " out of bounds for " + std::string(name(dtype)));
}

template <class T>
void put_integer(const Scalar& s, DType dtype, void* out) {
  if (const auto* u = std::get_if<std::uint64_t>(&s.value)) {
    if (*u > static_cast<std::uint64_t>(std::numeric_limits<T>::max())) out_of_bounds(std::to_string(*u), dtype);
    return put(out, static_cast<T>(*u));
  }
  if (const auto* d = std::get_if<double>(&s.value)) return put(out, static_cast<T>(static_cast<std::int64_t>(*d)));
  const std::int64_t v =
      std::holds_alternative<bool>(s.value) ? std::get<bool>(s.value) : std::get<std::int64_t>(s.value);
  const bool fits = std::is_signed_v<T> ? v >= static_cast<std::int64_t>(std::numeric_limits<T>::min()) &&
                                              v <= static_cast<std::int64_t>(std::numeric_limits<T>::max())
                                        : v >= 0 && static_cast<std::uint64_t>(v) <=
                                                        static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  if (!fits) out_of_bounds(std::to_string(v), dtype);
  put(out, static_cast<T>(v));
}

std::complex<double> as_complex(const Scalar& s) {
  return std::visit(
      [](auto v) -> std::complex<double> {
        if constexpr (std::is_same_v<decltype(v), std::complex<double>>) {
          return v;
        } else {
          return {static_cast<double>(v), 0.0};
        }
      },
      s.value);
}

}  // namespace

void store_scalar(const Scalar& s, DType dtype, void* out) {
  const std::complex<double> z = as_complex(s);
  if (s.kind == WeakKind::complex && !is_complex(dtype) && !is_bool(dtype)) {
    throw TypeError("a complex number can not be converted to " + std::string(name(dtype)));
  }
  switch (dtype) {
    case DType::bool_:
      return put(out, static_cast<std::uint8_t>(z != 0.0));
    case DType::int8:
      return put_integer<std::int8_t>(s, dtype, out);
    case DType::int16:
      return put_integer<std::int16_t>(s, dtype, out);
    case DType::int32:
      return put_integer<std::int32_t>(s, dtype, out);
    case DType::int64:
      return put_integer<std::int64_t>(s, dtype, out);
    case DType::uint8:
      return put_integer<std::uint8_t>(s, dtype, out);
    case DType::uint16:
      return put_integer<std::uint16_t>(s, dtype, out);
    case DType::uint32:
      return put_integer<std::uint32_t>(s, dtype, out);
    case DType::uint64:
      return put_integer<std::uint64_t>(s, dtype, out);
    case DType::float16:
      return put(out, static_cast<_Float16>(z.real()));
    case DType::bfloat16:
      return put(out, to_bfloat16(z.real()));
    case DType::float32:
      return put(out, static_cast<float>(z.real()));
    case DType::float64:
      return put(out, z.real());
    case DType::complex64:
      return put(out, std::complex<float>(z));
    case DType::complex128:
      return put(out, z);
    default:
      throw TypeError("no number can be converted to " + std::string(name(dtype)));
  }
}

Scalar load_scalar(DType dtype, const void* data) {
  switch (dtype) {
    case DType::bool_:
      return Scalar(get<std::uint8_t>(data) != 0);
    case DType::int8:
      return Scalar(static_cast<std::int64_t>(get<std::int8_t>(data)));
    case DType::int16:
      return Scalar(static_cast<std::int64_t>(get<std::int16_t>(data)));
    case DType::int32:
      return Scalar(static_cast<std::int64_t>(get<std::int32_t>(data)));
    case DType::int64:
      return Scalar(get<std::int64_t>(data));
    case DType::uint8:
      return Scalar(static_cast<std::int64_t>(get<std::uint8_t>(data)));
    case DType::uint16:
      return Scalar(static_cast<std::int64_t>(get<std::uint16_t>(data)));
    case DType::uint32:
      return Scalar(static_cast<std::int64_t>(get<std::uint32_t>(data)));
    case DType::uint64:
      return Scalar(get<std::uint64_t>(data));
    case DType::float16:
      return Scalar(static_cast<double>(get<_Float16>(data)));
    case DType::bfloat16:
      return Scalar(
          static_cast<double>(__builtin_bit_cast(float, static_cast<std::uint32_t>(get<std::uint16_t>(data)) << 16)));
    case DType::float32:
      return Scalar(static_cast<double>(get<float>(data)));
    case DType::float64:
      return Scalar(get<double>(data));
    case DType::complex64:
      return Scalar(std::complex<double>(get<std::complex<float>>(data)));
    case DType::complex128:
      return Scalar(get<std::complex<double>>(data));
    default:
      throw TypeError("an element of type " + std::string(name(dtype)) + " is no number");
  }
}

}  // namespace tnp
