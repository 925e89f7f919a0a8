// The elements of text arrays in memory, each a std::string_view.
#pragma once

#include <span>
#include <string_view>

#include "base/view.h"
#include "tnp/text.h"

namespace tnp {

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

}  // namespace tnp
