#include "transform/host_gradient.h"

#include "tnp/error.h"
#include "tnp/primitives.h"
#include "transform/tape.h"

namespace tnp {

namespace {

// The cotangents of f's inexact arguments, as a function of the arguments and the cotangents of the inexact results.
ArraysFunction gradient_of(ArraysFunction f, std::size_t num_arguments) {
  return [f = std::move(f), num_arguments](const Arrays& in) {
    const auto middle = in.begin() + static_cast<std::ptrdiff_t>(num_arguments);
    const Arrays arguments(in.begin(), middle);
    Arrays sources, targets, cotangents;
    Tape tape(false, false);
    for (const Array& x : arguments) {
      if (tape.watch(x)) sources.push_back(x);
    }
    tape.start();
    const Arrays results = f(arguments);
    tape.stop();
    auto next = middle;
    for (const Array& y : results) {
      if (!is_inexact(y.dtype())) continue;
      if (next == in.end())
        throw RuntimeError("a host function gives more results for its gradient than it did before");
      targets.push_back(y);
      cotangents.push_back(next->ndim() == 0 && y.ndim() > 0 ? broadcast_to(*next, y.shape()) : *next);
      ++next;
    }
    Arrays gradients = tape.gradient(targets, sources, cotangents);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (!gradients[i]) gradients[i] = zeros(sources[i].shape(), sources[i].dtype());
    }
    return gradients;
  };
}

class DifferentiableHostFunction final : public HostFunction {
 public:
  DifferentiableHostFunction(ArraysFunction f, std::string name) : f_(std::move(f)), name_(std::move(name)) {}
  Arrays call(const Arrays& arguments) override { return f_(arguments); }
  std::string name() const override { return name_; }
  std::shared_ptr<HostFunction> gradient(std::size_t num_arguments) override {
    return std::make_shared<DifferentiableHostFunction>(gradient_of(f_, num_arguments), "gradient of " + name_);
  }

 private:
  ArraysFunction f_;
  std::string name_;
};

}  // namespace

std::shared_ptr<HostFunction> differentiable_host_function(ArraysFunction f, std::string name,
                                                           std::vector<VariableRef> variables) {
  if (variables.empty()) return std::make_shared<DifferentiableHostFunction>(std::move(f), std::move(name));
  ArraysFunction with_variables = [f = std::move(f), variables = std::move(variables)](const Arrays& in) {
    const std::size_t num_arguments = in.size() - variables.size();
    std::vector<std::pair<VariableRef, Array>> values;
    for (std::size_t i = 0; i < variables.size(); ++i) values.emplace_back(variables[i], in[num_arguments + i]);
    const VariableValues scope(std::move(values));
    return f(Arrays(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(num_arguments)));
  };
  return std::make_shared<DifferentiableHostFunction>(std::move(with_variables), std::move(name));
}

}  // namespace tnp
