// Inputs for tests of the elementwise family: awkward values of each type, and ways to compare and rearrange arrays.
#pragma once

#include <cstring>
#include <limits>
#include <random>

#include "ir/opdef.h"
#include "ops/elementwise/family.h"
#include "tnp/primitives.h"

namespace tnp::elementwise_inputs {

inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

inline std::vector<const OpDef*> elementwise_ops() {
  std::vector<const OpDef*> ops;
  for (const OpDef* op : all_ops()) {
    if (op->elementwise != nullptr) ops.push_back(op);
  }
  return ops;
}

inline std::vector<DType> types_of(const OpDef& op) {
  std::vector<DType> types;
  for (int d = 0; d < kNumericDTypeCount; ++d) {
    if (op.elementwise->loop_for[d] != kNoLoop) types.push_back(static_cast<DType>(d));
  }
  return types;
}

// The element of a type that a number becomes, written to memory.
template <class T>
void put(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

// Numbers of all kinds: the edges first, then ordinary ones.
inline double awkward(std::int64_t i, std::mt19937_64& random) {
  static constexpr double edges[] = {0.0,  -0.0,  1,      -1,     kInf,  -kInf, kNan,    0.5,  -0.5, 2,     3,
                                     -7.5, 1e-40, -1e-45, 5e-324, 1e300, -1e38, 65504.0, 6e-8, 1e5,  -1e16, 710};
  constexpr int count = sizeof edges / sizeof edges[0];
  if (i % 3 == 0) return edges[random() % count];
  return std::uniform_real_distribution<double>(-5, 5)(random);
}

inline Array filled(DType dtype, const Shape& shape, std::uint64_t seed, bool natural) {
  std::mt19937_64 random(seed);
  const std::int64_t n = shape.num_elements();
  if (!is_inexact(dtype)) {
    Array x = Array::empty(dtype, shape);
    for (std::int64_t i = 0; i < n; ++i) {
      std::uint64_t bits = random();
      if (i % 2 == 0) bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(bits % 9) - 4);  // -4 … 4
      if (i % 17 == 0) bits = ~std::uint64_t{0} << (8 * itemsize(dtype) - 1);                      // the least
      if (natural) bits %= 8;
      if (is_bool(dtype)) bits &= 1;
      std::memcpy(x.data() + i * itemsize(dtype), &bits, static_cast<std::size_t>(itemsize(dtype)));
    }
    return x;
  }
  const DType wide = is_complex(dtype) ? DType::complex128 : DType::float64;
  Array x = Array::empty(wide, shape);
  const std::int64_t parts = is_complex(dtype) ? 2 * n : n;
  for (std::int64_t i = 0; i < parts; ++i) put(x.data() + 8 * i, awkward(i, random));
  return astype(x, dtype);
}

// Inputs of one type and shape. Integer exponents are not negative, where the operation refuses those.
inline Arrays inputs(const OpDef& op, DType dtype, const Shape& shape) {
  Arrays in;
  for (int k = 0; k < op.num_inputs; ++k) {
    const bool natural = k == 1 && op.elementwise->check != nullptr;
    in.push_back(
        filled(dtype, shape, static_cast<std::uint64_t>(1000 * k) + static_cast<std::uint64_t>(dtype), natural));
  }
  return in;
}

// Elements start, start + step, … of axis 0.
inline Array part(const Array& x, std::int64_t start, std::int64_t step, std::int64_t count) {
  std::vector<SliceSpec> axes{{start, step, count}};
  for (int d = 1; d < x.ndim(); ++d) axes.push_back({0, 1, x.shape()[d]});
  return slice(x, axes);
}

// The same elements, with others between them in memory.
inline Array with_gaps(const Array& x) {
  Shape wide = x.shape();
  const int last = x.ndim() - 1;
  wide[last] *= 3;
  std::vector<SliceSpec> axes;
  for (int d = 0; d < last; ++d) axes.push_back({0, 1, x.shape()[d]});
  axes.push_back({0, 3, x.shape()[last]});
  return slice(place_slice(zeros(wide, x.dtype()), x, axes), axes);
}

// Bit for bit, but for the payload of NaN.
template <class T>
bool same_floats(const std::byte* x, const std::byte* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    T a, b;
    std::memcpy(&a, x + i * static_cast<std::int64_t>(sizeof a), sizeof a);
    std::memcpy(&b, y + i * static_cast<std::int64_t>(sizeof b), sizeof b);
    if (std::memcmp(&a, &b, sizeof a) != 0 && !(a != a && b != b)) return false;
  }
  return true;
}

inline bool same_elements(const Array& x, const Array& y) {
  if (x.dtype() != y.dtype() || x.shape() != y.shape()) return false;
  if (!x.is_contiguous()) return same_elements(copy(x), y);
  if (!y.is_contiguous()) return same_elements(x, copy(y));
  const std::int64_t n = x.shape().num_elements();
  switch (x.dtype()) {
    case DType::float32:
      return same_floats<float>(x.data(), y.data(), n);
    case DType::complex64:
      return same_floats<float>(x.data(), y.data(), 2 * n);
    case DType::float64:
      return same_floats<double>(x.data(), y.data(), n);
    case DType::complex128:
      return same_floats<double>(x.data(), y.data(), 2 * n);
    case DType::float16:
    case DType::bfloat16:
      return same_elements(astype(x, DType::float32), astype(y, DType::float32));
    default:
      return std::memcmp(x.data(), y.data(), static_cast<std::size_t>(n * itemsize(x.dtype()))) == 0;
  }
}

}  // namespace tnp::elementwise_inputs
