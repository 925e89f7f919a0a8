#include "ir/give_up.h"

#include <utility>

#include "ir/expr.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "runtime/allocator.h"
#include "tnp/error.h"

namespace tnp {

namespace {

// What is left of an array whose memory was given up: shape and type, and this in place of a value.
const OpDef& given_up_op() {
  static const OpDef op = [] {
    OpDef d{};
    d.name = "given_up";
    d.doc = "An array without a value.";
    d.family = "control";
    d.num_inputs = 0;
    d.execute = +[](const Call&, std::span<Array>) {
      throw RuntimeError(
          "the array was donated to a compiled function (donate_argnums, donate_argnames), which took its memory: it "
          "has "
          "no value any more");
    };
    return d;
  }();
  return op;
}

}  // namespace

void give_up(Array& x) {
  detail::Node* node = x.node();
  if (current_trace != nullptr || active_observers != nullptr || node->state != State::concrete) return;
  if (node->refs.load(std::memory_order_acquire) != 2 || !node->buffer->unique() || !x.is_contiguous()) return;
  auto* expr = new Expr;
  expr->op = &given_up_op();
  expr->params = std::make_shared<const NoParams>();
  Array taken = Array::view_of(node->buffer, node->data, node->dtype, node->shape, node->strides);
  node->state = State::pending;
  node->expr = expr;
  std::exchange(node->buffer, nullptr)->release();
  node->data = nullptr;
  x = std::move(taken);
}

}  // namespace tnp
