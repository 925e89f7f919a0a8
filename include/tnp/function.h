// tnp::function: a C++ function of arrays, traced once for each types and ranks of its arguments and then run as a
// compiled program; and Variables, the mutable cells that such functions may read and assign.
//
//   auto f = tnp::function([](const Array& x, const Array& y) { return x * y + x; });
//   Array z = f(x, y);
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "tnp/array.h"

namespace tnp {

class Variable;
using VariableRef = std::shared_ptr<Variable>;

// A cell with this value; its dtype and shape stay. Inside a traced function reads and writes happen in program order.
VariableRef make_variable(const Array& value, std::string name = "Variable");
Array read(const VariableRef& variable);
void assign(const VariableRef& variable, const Array& value);  // throws ValueError where shape or dtype differ

// A function from arrays to arrays with its traces.
class CompiledFunction {
 public:
  explicit CompiledFunction(std::function<Arrays(const Arrays&)> body);
  Arrays operator()(const Arrays& arguments) const;
  std::string graph(const Arrays& arguments) const;  // the traced graph, as text
  int num_traces() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

namespace detail {

template <class F, std::size_t... I>
Arrays call_with(const F& f, const Arrays& in, std::index_sequence<I...>) {
  auto out = f(in[I]...);
  if constexpr (std::is_same_v<decltype(out), Array>) {
    return {std::move(out)};
  } else {
    return out;
  }
}

}  // namespace detail

// What tnp::function returns for a callable of arrays that gives an array or Arrays.
template <class F>
class Function {
 public:
  explicit Function(F f) : f_(std::make_shared<F>(std::move(f))) {}

  template <class... A>
  auto operator()(const A&... arguments) const {
    constexpr std::size_t n = sizeof...(A);
    if (!compiled_) {
      compiled_ = std::make_shared<CompiledFunction>(
          [f = f_](const Arrays& in) { return detail::call_with(*f, in, std::make_index_sequence<n>()); });
    }
    Arrays out = (*compiled_)({arguments...});
    if constexpr (std::is_same_v<decltype((*f_)(arguments...)), Array>) {
      return std::move(out[0]);
    } else {
      return out;
    }
  }

 private:
  std::shared_ptr<F> f_;
  mutable std::shared_ptr<CompiledFunction> compiled_;
};

template <class F>
Function<F> function(F f) {
  return Function<F>(std::move(f));
}

}  // namespace tnp
