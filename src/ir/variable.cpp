#include "ir/variable.h"

#include <algorithm>

#include "runtime/allocator.h"
#include "tnp/error.h"

namespace tnp {

thread_local constinit void (*variable_read_hook)(const VariableRef&, const Array&) = nullptr;

Variable::Variable(const Array& value, std::string name, bool trainable)
    : value_(value), dtype_(value.dtype()), shape_(value.shape()), name_(std::move(name)), trainable_(trainable) {
  if (value.is_symbolic()) throw ValueError("a Variable can not be made from a symbolic array: make it before tracing");
}

namespace {
thread_local constinit VariableValues* t_values = nullptr;
}  // namespace

VariableValues::VariableValues(std::vector<std::pair<VariableRef, Array>> values)
    : values_(std::move(values)), outer_(t_values) {
  t_values = this;
}

VariableValues::~VariableValues() { t_values = outer_; }

Array* VariableValues::find(const Variable* variable) {
  for (VariableValues* v = t_values; v != nullptr; v = v->outer_) {
    for (auto& [own, value] : v->values_) {
      if (own.get() == variable) return &value;
    }
  }
  return nullptr;
}

// Nobody waits for a lock while holding others, so threads that claim the same Variables cannot wait for each other.
bool VariableClaims::claim(std::span<const std::pair<int, const Array*>> which) {
  if (t_values != nullptr || claimed_) return claimed_;
  for (std::size_t i = 0; i < assigned_.size(); ++i) {
    if (assigned_[i]->mutex_.try_lock()) continue;
    for (std::size_t j = 0; j < i; ++j) assigned_[j]->mutex_.unlock();
    return false;
  }
  claimed_ = true;
  const bool free = std::all_of(which.begin(), which.end(), [&](const auto& w) {
    const Variable& variable = *variables_[static_cast<std::size_t>(w.first - first_)];
    const detail::Node* node = w.second->node();
    nodes_.push_back(node);
    return variable.value_.node() == node && node->state == State::concrete &&
           node->refs.load(std::memory_order_acquire) == 2 && node->buffer->unique() && w.second->is_contiguous();
  });
  if (!free) unlock();
  return free;
}

void VariableClaims::unlock() {
  for (const VariableRef& v : assigned_) v->mutex_.unlock();
  claimed_ = false;
}

VariableClaims::~VariableClaims() {
  if (claimed_) unlock();
}

bool VariableClaims::holds(const Array& x) const {
  return claimed_ && std::find(nodes_.begin(), nodes_.end(), x.node()) != nodes_.end();
}

void VariableClaims::store(std::span<const Array> values) {
  for (std::size_t i = 0; i < assigned_.size(); ++i) {
    if (!claimed_) {
      assigned_[i]->assign(values[i]);
      continue;
    }
    check_usable(values[i]);
    old_.push_back(values[i]);
    std::swap(assigned_[i]->value_, old_.back());
  }
}

Array Variable::read() {
  Array value;
  if (current_trace) {
    value = current_trace->read(shared_from_this());
  } else if (const Array* given = t_values ? VariableValues::find(this) : nullptr) {
    value = *given;
  } else {
    value = stored();
  }
  if (variable_read_hook) variable_read_hook(shared_from_this(), value);
  return value;
}

void Variable::assign(const Array& value) {
  if (value.dtype() != dtype_) {
    throw ValueError("assign: the variable '" + name_ + "' has dtype " + std::string(tnp::name(dtype_)) +
                     ", the value has dtype " + std::string(tnp::name(value.dtype())));
  }
  Shape common;
  const bool fits = value.shape().is_static()
                        ? value.shape() == shape_
                        : !value.shape().rank_known() ||
                              (value.ndim() == shape_.ndim() && try_broadcast(value.shape(), shape_, common));
  if (!fits) {
    throw ValueError("assign: the variable '" + name_ + "' has shape " + shape_.str() + ", the value has shape " +
                     value.shape().str());
  }
  if (current_trace) {
    current_trace->assign(shared_from_this(), value);
  } else {
    store(value);
    if (Array* given = t_values ? VariableValues::find(this) : nullptr) *given = value;
  }
}

Array Variable::stored() const {
  std::scoped_lock lock(mutex_);
  return value_;
}

void Variable::store(const Array& value) {
  check_usable(value);
  if (value.shape() != shape_) {
    throw ValueError("assign: the variable '" + name_ + "' has shape " + shape_.str() + ", the value has shape " +
                     value.shape().str());
  }
  Array old = value;
  std::scoped_lock lock(mutex_);
  std::swap(value_, old);
}

std::byte* Variable::memory_alone() const {
  const detail::Node* node = value_.node();
  const bool alone = node->state == State::concrete && node->refs.load(std::memory_order_acquire) == 1 &&
                     node->buffer->unique() && value_.is_contiguous();
  return alone ? node->data : nullptr;
}

Array Variable::take() {
  std::scoped_lock lock(mutex_);
  return std::move(value_);
}

}  // namespace tnp
