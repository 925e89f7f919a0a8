#include "ops/shape/ownership.h"

#include "runtime/allocator.h"

namespace tnp {

bool is_only_holder(const Array& x) {
  const detail::Node* node = x.node();
  return node->state == State::concrete && node->refs.load(std::memory_order_relaxed) == 1 && node->buffer->unique();
}

}  // namespace tnp
