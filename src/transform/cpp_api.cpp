// What include/tnp/function.h and gradient.h promise to C++ users.
#include <algorithm>
#include <map>
#include <mutex>

#include "tnp/error.h"
#include "tnp/function.h"
#include "tnp/gradient.h"
#include "tnp/primitives.h"
#include "transform/call.h"
#include "transform/function.h"
#include "transform/tape.h"

namespace tnp {

VariableRef make_variable(const Array& value, std::string name) {
  return std::make_shared<Variable>(value, std::move(name));
}
Array read(const VariableRef& variable) { return variable->read(); }
void assign(const VariableRef& variable, const Array& value) { variable->assign(value); }

namespace {

constexpr std::size_t kMaxTraces = 256;  // of a function; beyond it the oldest goes

std::string describe(const ArraySpec& spec) {
  std::string text = "dtype " + std::string(name(spec.dtype));
  if (!spec.shape) return text + " and any shape";
  text += " and shape (";
  for (std::size_t d = 0; d < spec.shape->size(); ++d) {
    const ArraySpec::Size& size = (*spec.shape)[d];
    text += d == 0 ? "" : ", ";
    text += !size.name.empty() ? size.name : size.number < 0 ? "any" : std::to_string(size.number);
  }
  if (spec.shape->size() == 1) text += ",";
  return text + ")";
}

// The arguments in the types of the signature. Throws TypeError where one does not fit.
void check_signature(const std::vector<ArraySpec>& signature, Arrays& arguments) {
  if (arguments.size() != signature.size()) {
    throw TypeError("function: the input signature has " + std::to_string(signature.size()) + " arrays, the call has " +
                    std::to_string(arguments.size()));
  }
  std::map<std::string, Dim> named;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const ArraySpec& spec = signature[i];
    Array& x = arguments[i];
    bool fits = x.dtype() == spec.dtype || can_cast(x.dtype(), spec.dtype, Casting::safe);
    if (spec.shape) {
      fits = fits && x.ndim() == static_cast<int>(spec.shape->size());
      for (int d = 0; fits && d < x.ndim(); ++d) {
        const ArraySpec::Size& wanted = (*spec.shape)[static_cast<std::size_t>(d)];
        const Dim size = x.shape()[d];
        fits = wanted.name.empty() ? wanted.number < 0 || wanted.number == size
                                   : named.emplace(wanted.name, size).first->second == size;
      }
    }
    if (!fits) {
      throw TypeError("function: argument " + std::to_string(i) + " of dtype " + std::string(name(x.dtype())) +
                      " and shape " + x.shape().str() + " does not fit the input signature's " + describe(spec));
    }
    if (x.dtype() != spec.dtype) x = astype(x, spec.dtype);
  }
}

// What a trace may take for granted of an argument.
Shape traced_shape(const ArraySpec* spec, int ndim, std::vector<std::string>& names) {
  if (spec == nullptr || !spec->shape) return Shape(SmallVec<std::int64_t, 5>(ndim, -1));
  Shape shape;
  for (const ArraySpec::Size& s : *spec->shape) {
    if (s.name.empty()) {
      shape.push_back(s.number);
      continue;
    }
    const auto it = std::find(names.begin(), names.end(), s.name);
    shape.push_back(-2 - (it - names.begin()));
    if (it == names.end()) names.push_back(s.name);
  }
  return shape;
}

}  // namespace

struct CompiledFunction::Impl {
  struct Entry {
    std::vector<std::pair<DType, int>> types;  // and numbers of dimensions
    std::shared_ptr<TracedFunction> traced;
  };
  std::function<Arrays(const Arrays&)> body;
  FunctionOptions options;
  std::recursive_mutex mutex;  // tracing may call the function itself
  std::vector<Entry> entries;

  std::shared_ptr<TracedFunction> find(Arrays& arguments) {
    if (options.input_signature) check_signature(*options.input_signature, arguments);
    std::scoped_lock lock(mutex);
    const auto serves = [&](const Entry& e) {
      if (e.types.size() != arguments.size()) return false;
      for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (e.types[i].first != arguments[i].dtype() || e.types[i].second != arguments[i].ndim()) return false;
      }
      return true;
    };
    for (const Entry& e : entries) {
      if (serves(e)) return e.traced;
    }
    Entry e;
    std::vector<ArgumentSpec> specs;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const Array& x = arguments[i];
      e.types.emplace_back(x.dtype(), x.ndim());
      const ArraySpec* spec = options.input_signature ? &(*options.input_signature)[i] : nullptr;
      specs.push_back({x.dtype(), traced_shape(spec, x.ndim(), names)});
    }
    e.traced = std::make_shared<TracedFunction>(trace_function(specs, body));
    may_own_arguments(e.traced->graph);
    if (entries.size() >= kMaxTraces) entries.erase(entries.begin());
    entries.push_back(e);
    return e.traced;
  }
};

CompiledFunction::CompiledFunction(std::function<Arrays(const Arrays&)> body, FunctionOptions options)
    : impl_(std::make_shared<Impl>()) {
  impl_->body = std::move(body);
  impl_->options = std::move(options);
}
Arrays CompiledFunction::operator()(Arrays arguments) const {
  const auto traced = impl_->find(arguments);
  return traced->call_owned(std::move(arguments));
}
std::string CompiledFunction::graph(const Arrays& arguments) const {
  Arrays in = arguments;
  return impl_->find(in)->graph->str();
}
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
