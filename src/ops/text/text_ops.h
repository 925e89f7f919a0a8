// What the parts of the text operations share.
#pragma once

#include <span>
#include <string_view>

#include "base/view.h"
#include "ir/opdef.h"
#include "tnp/text.h"

namespace tnp {

// NumPy pads elements with NULs: those at the end do not count. UTF-8 sorts as its characters do.
inline std::string_view significant(std::string_view s) {
  while (!s.empty() && s.back() == '\0') s.remove_suffix(1);
  return s;
}

// The elements in row-major order.
class TextElements {
 public:
  explicit TextElements(const Array& x);  // throws TypeError for what is no text
  std::size_t size() const { return elements_.size(); }
  std::string_view operator[](std::size_t i) const { return elements_[i]; }
  const std::string_view* begin() const { return elements_.data(); }
  const std::string_view* end() const { return elements_.data() + elements_.size(); }

 private:
  Array handles_;
  std::span<const std::string_view> elements_;
};

// Where the elements lie, each a std::string_view, as memory of numbers of that size. Throws TypeError for what is no
// text.
StridedView text_handles(const Array& x);

// Text of x's type whose elements are parts of the elements of x, and live in the same memory.
Array text_of_parts(const Array& x, const Shape& shape, std::span<const std::string_view> elements);

// Operations that look at the order of elements (sort, search, …) or whether they are empty; absent for others.
Array ordered_text(const Call& call);

}  // namespace tnp
