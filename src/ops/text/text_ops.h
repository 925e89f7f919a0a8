// What the parts of the text operations share.
#pragma once

#include <span>
#include <string_view>

#include "ir/opdef.h"
#include "ops/text/handles.h"
#include "tnp/text.h"

namespace tnp {

// NumPy pads elements with NULs: those at the end do not count. UTF-8 sorts as its characters do.
inline std::string_view significant(std::string_view s) {
  while (!s.empty() && s.back() == '\0') s.remove_suffix(1);
  return s;
}

// Text of x's type whose elements are parts of the elements of x, and live in the same memory.
Array text_of_parts(const Array& x, const Shape& shape, std::span<const std::string_view> elements);

// Operations that look at the order of elements (sort, search, …) or whether they are empty; absent for others.
Array ordered_text(const Call& call);

}  // namespace tnp
