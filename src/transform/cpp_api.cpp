// What include/tnp/function.h and gradient.h promise to C++ users.
#include <mutex>

#include "tnp/error.h"
#include "tnp/function.h"
#include "tnp/gradient.h"
#include "tnp/primitives.h"
#include "transform/function.h"
#include "transform/tape.h"

namespace tnp {

VariableRef make_variable(const Array& value, std::string name) {
  return std::make_shared<Variable>(value, std::move(name));
}
Array read(const VariableRef& variable) { return variable->read(); }
void assign(const VariableRef& variable, const Array& value) { variable->assign(value); }

struct CompiledFunction::Impl {
  struct Entry {
    std::vector<ArgumentSpec> specs;
    std::shared_ptr<TracedFunction> traced;
  };
  std::function<Arrays(const Arrays&)> body;
  std::recursive_mutex mutex;  // tracing may call the function itself
  std::vector<Entry> entries;

  std::shared_ptr<TracedFunction> find(const Arrays& arguments) {
    std::scoped_lock lock(mutex);
    const auto serves = [&](const Entry& e) {
      if (e.specs.size() != arguments.size()) return false;
      for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (e.specs[i].dtype != arguments[i].dtype() || e.specs[i].shape.ndim() != arguments[i].ndim()) return false;
      }
      return true;
    };
    for (const Entry& e : entries) {
      if (serves(e)) return e.traced;
    }
    Entry e;
    for (const Array& x : arguments) e.specs.push_back({x.dtype(), Shape(SmallVec<std::int64_t, 5>(x.ndim(), -1))});
    e.traced = std::make_shared<TracedFunction>(trace_function(e.specs, body));
    entries.push_back(e);
    return e.traced;
  }
};

CompiledFunction::CompiledFunction(std::function<Arrays(const Arrays&)> body) : impl_(std::make_shared<Impl>()) {
  impl_->body = std::move(body);
}
Arrays CompiledFunction::operator()(const Arrays& arguments) const { return impl_->find(arguments)->call(arguments); }
std::string CompiledFunction::graph(const Arrays& arguments) const { return impl_->find(arguments)->graph->str(); }
int CompiledFunction::num_traces() const {
  std::scoped_lock lock(impl_->mutex);
  return static_cast<int>(impl_->entries.size());
}

GradientTape::GradientTape(bool persistent, bool watch_accessed_variables)
    : tape_(std::make_unique<Tape>(persistent, watch_accessed_variables)) {
  tape_->start();
}
GradientTape::~GradientTape() = default;
void GradientTape::watch(const Array& x) {
  if (!tape_->watch(x))
    throw TypeError("GradientTape::watch: an array of dtype " + std::string(name(x.dtype())) + " has no gradient");
}
void GradientTape::stop() { tape_->stop(); }
Array GradientTape::gradient(const Array& target, const Array& source) {
  return tape_->gradient({&target, 1}, {&source, 1})[0];
}
Arrays GradientTape::gradient(const Array& target, const Arrays& sources) {
  return tape_->gradient({&target, 1}, sources);
}
Array GradientTape::gradient(const Array& target, const VariableRef& source) {
  const std::vector<Array> values = tape_->values_of(source.get());
  Array total;
  for (const Array& g : tape_->gradient({&target, 1}, values)) total = add_cotangents(total, g);
  return total;
}

std::pair<Array, Arrays> value_and_gradients(const std::function<Array(const Arrays&)>& f, const Arrays& arguments) {
  Tape tape;
  Arrays inputs;
  for (const Array& x : arguments) {
    inputs.push_back(alias(x));
    if (!tape.watch(inputs.back()))
      throw TypeError("grad: arguments must be of a floating or complex dtype, got " + std::string(name(x.dtype())));
  }
  tape.start();
  const Array value = f(inputs);
  tape.stop();
  if (value.ndim() != 0)
    throw TypeError("grad: the function must return a 0-d array, got one of shape " + value.shape().str());
  Arrays gradients = tape.gradient({&value, 1}, inputs);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i]) gradients[i] = zeros(inputs[i].shape(), inputs[i].dtype());
  }
  return {value, gradients};
}

}  // namespace tnp
