// Memory for the length of a scope.
#pragma once

#include "runtime/allocator.h"

namespace tnp {

class Scratch {
 public:
  explicit Scratch(int64_t bytes) : buffer_(Buffer::allocate(static_cast<size_t>(bytes))) {}
  ~Scratch() { buffer_->release(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  char* data() const { return static_cast<char*>(buffer_->data); }

 private:
  Buffer* buffer_;
};

}  // namespace tnp
