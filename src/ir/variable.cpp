#include "ir/variable.h"

#include "tnp/error.h"

namespace tnp {

thread_local constinit void (*variable_read_hook)(const VariableRef&, const Array&) = nullptr;

Variable::Variable(const Array& value, std::string name, bool trainable)
    : value_(value), dtype_(value.dtype()), shape_(value.shape()), name_(std::move(name)), trainable_(trainable) {
  if (value.is_symbolic()) throw ValueError("a Variable can not be made from a symbolic array: make it before tracing");
}

Array Variable::read() {
  Array value = current_trace ? current_trace->read(shared_from_this()) : stored();
  if (variable_read_hook) variable_read_hook(shared_from_this(), value);
  return value;
}

void Variable::assign(const Array& value) {
  if (value.dtype() != dtype_) {
    throw ValueError("assign: the variable '" + name_ + "' has dtype " + std::string(tnp::name(dtype_)) +
                     ", the value has dtype " + std::string(tnp::name(value.dtype())));
  }
  Shape common;
  const bool fits = value.shape().is_static() ? value.shape() == shape_
                                              : !value.shape().rank_known() || (value.ndim() == shape_.ndim() &&
                                                                                try_broadcast(value.shape(), shape_, common));
  if (!fits) {
    throw ValueError("assign: the variable '" + name_ + "' has shape " + shape_.str() + ", the value has shape " +
                     value.shape().str());
  }
  if (current_trace) {
    current_trace->assign(shared_from_this(), value);
  } else {
    store(value);
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

Array Variable::take() {
  std::scoped_lock lock(mutex_);
  return std::move(value_);
}

}  // namespace tnp
