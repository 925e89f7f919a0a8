// Gradients: a tape that records what is done with watched arrays, and tnp::grad over it.
//
//   auto df = tnp::grad([](const Array& x) { return sum(sin(x)); });
//   Array g = df(x);  // cos(x)
#pragma once

#include <memory>
#include <utility>

#include "tnp/array.h"
#include "tnp/function.h"

namespace tnp {

class Tape;

// Records from construction to `stop` or destruction, on its thread.
class GradientTape {
 public:
  explicit GradientTape(bool persistent = false, bool watch_accessed_variables = true);
  ~GradientTape();
  GradientTape(const GradientTape&) = delete;
  GradientTape& operator=(const GradientTape&) = delete;

  void watch(const Array& x);
  void stop();
  // The gradient of the target's sum; an absent array (`!g`) where the target does not depend on the source.
  Array gradient(const Array& target, const Array& source);
  Arrays gradient(const Array& target, const Arrays& sources);
  Array gradient(const Array& target, const VariableRef& source);

 private:
  std::unique_ptr<Tape> tape_;
};

// {f(arguments), gradients}: of the 0-d result with respect to each argument, zeros where it does not depend on one.
// Throws TypeError for arguments without a gradient (integers) and for a result that is not 0-d.
std::pair<Array, Arrays> value_and_gradients(const std::function<Array(const Arrays&)>& f, const Arrays& arguments);

// A function that gives the gradient of f, which returns a 0-d array, with respect to its first argument.
template <class F>
auto grad(F f) {
  return [f = std::move(f)](const auto&... arguments) {
    constexpr std::size_t n = sizeof...(arguments);
    const auto body = [&f](const Arrays& in) { return detail::call_with(f, in, std::make_index_sequence<n>())[0]; };
    return value_and_gradients(body, {arguments...}).second[0];
  };
}

}  // namespace tnp
