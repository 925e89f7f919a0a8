// Arrays for the time of a call, on the stack: as many of at most `Most` as are needed are begun and ended.
#pragma once

#include <cstddef>
#include <memory>

#include "tnp/array.h"

namespace tnp {

// The array of a node that somebody else holds.
inline Array array_at(detail::Node* node) {
  Array borrowed = Array::adopt(node), x = borrowed;
  (void)borrowed.release();
  return x;
}

template <std::size_t Most>
class StackArrays {
 public:
  explicit StackArrays(std::size_t count) : count_(count) { std::uninitialized_default_construct_n(all(), count_); }
  ~StackArrays() { std::destroy_n(all(), count_); }
  StackArrays(const StackArrays&) = delete;
  Array* all() { return reinterpret_cast<Array*>(memory_); }

 private:
  std::size_t count_;
  alignas(Array) std::byte memory_[Most * sizeof(Array)];
};

}  // namespace tnp
