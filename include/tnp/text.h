// Arrays of text: elements of string_ (bytes) and unicode_ (UTF-8) of any length.
//
// They can be arranged as all arrays (shapes, indices, joining), compared, sorted and searched, concatenated element by
// element and converted, to and from numbers, too. Everything else refuses them with TypeError. They cannot be values
// of a traced function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tnp/array.h"

namespace tnp {

inline bool is_text(DType dtype) noexcept { return dtype == DType::string || dtype == DType::unicode; }

// `values` in row-major order, as many as the shape has elements. Throws ValueError where they are not.
Array text_array(DType dtype, const Shape& shape, const std::vector<std::string>& values);
// The elements in row-major order; they live as long as x does. Throws TypeError for what is no text.
std::vector<std::string_view> text_values(const Array& x);

// The elements in another type, one of both types being text: numbers as Python writes and reads them. Throws
// ValueError for what is no number. (astype does this.)
Array cast_text(const Array& x, DType to);

}  // namespace tnp
