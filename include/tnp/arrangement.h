// Elements put in, left out and repeated; bits of bytes.
#pragma once

#include <optional>

#include "tnp/array.h"

namespace tnp {

// What insert and delete take for places: one number, numbers, a mask, or a range.
struct Places {
  enum class Kind : std::uint8_t { one, many, range } kind = Kind::one;
  std::int64_t index = 0;                       // one
  Array array;                                  // many: integers or a mask, one-dimensional and known
  std::int64_t start = 0, step = 1, count = 0;  // range
};

// x with values put in before these places of an axis (of the flat array without one).
Array insert(const Array& x, const Places& places, const Array& values, std::optional<std::int64_t> axis = {});
// x without these places of an axis.
Array delete_at(const Array& x, const Places& places, std::optional<std::int64_t> axis = {});
// The elements in row-major order in another shape, from the first again where there are too few.
Array resize(const Array& x, const Shape& shape);

// Eight truth values a byte along an axis, filled up with zeros; the first is the byte's highest bit or its lowest.
Array packbits(const Array& x, std::optional<std::int64_t> axis = {}, bool little = false);
// Back; `count` of them, or all but -count.
Array unpackbits(const Array& x, std::optional<std::int64_t> axis = {}, std::optional<std::int64_t> count = {},
                 bool little = false);

}  // namespace tnp
