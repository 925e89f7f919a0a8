// tnp::function: a C++ function of arrays, traced once for each types and ranks of its arguments and then run as a
// compiled program; and Variables, the mutable cells that such functions may read and assign.
//
//   auto f = tnp::function([](const Array& x, const Array& y) { return x * y + x; });
//   Array z = f(x, y);
//
// Arrays and vectors of arrays are traced. Arguments of other types are part of what a trace is for, by value, and are
// what they are in the function: a number, a choice, a length. An array that is moved into a call may give its memory
// to a result. Decisions and loops that depend on arrays are those of tnp/control.h.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tnp/array.h"

namespace tnp {

class Variable;
using VariableRef = std::shared_ptr<Variable>;

// A cell with this value; its dtype and shape stay. Inside a traced function reads and writes happen in program order.
VariableRef make_variable(const Array& value, std::string name = "Variable");
Array read(const VariableRef& variable);
void assign(const VariableRef& variable, const Array& value);  // throws ValueError where shape or dtype differ

// What is known of an argument: its type and its sizes, where a size may be unknown or an unknown one with a name, of
// which all with that name are one.
struct ArraySpec {
  struct Size {
    Size(int n) : number(n) {}
    Size(std::int64_t n) : number(n) {}
    Size(const char* n) : name(n) {}
    std::int64_t number = -1;
    std::string name;
  };
  static constexpr std::int64_t any = -1;

  DType dtype;
  std::optional<std::vector<Size>> shape;  // absent: any number of dimensions, each with a trace of its own
};

struct FunctionOptions {
  // One for each array: it is cast to the type where that loses nothing; TypeError where it does not fit.
  std::optional<std::vector<ArraySpec>> input_signature;
};

// A function from arrays to arrays with its traces.
class CompiledFunction {
 public:
  explicit CompiledFunction(std::function<Arrays(const Arrays&)> body, FunctionOptions options = {});
  Arrays operator()(Arrays arguments) const;
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

// How an argument is kept in a key: nothing of an array, the length of a vector of arrays, any other value.
template <class T>
struct Argument {
  using Kept = T;
  static const T& kept(const T& x) { return x; }
  static void append(Arrays&, const T&) {}
  static const T& given(const Kept& kept, const Arrays&, std::size_t&) { return kept; }
};
template <>
struct Argument<const char*> : Argument<std::string> {};
template <>
struct Argument<Array> {
  using Kept = std::monostate;
  static Kept kept(const Array&) { return {}; }
  template <class A>
  static void append(Arrays& out, A&& x) {
    out.push_back(std::forward<A>(x));
  }
  static const Array& given(Kept, const Arrays& in, std::size_t& next) { return in[next++]; }
};
template <>
struct Argument<Arrays> {
  using Kept = std::size_t;
  static Kept kept(const Arrays& xs) { return xs.size(); }
  template <class A>
  static void append(Arrays& out, A&& xs) {
    for (auto& x : xs) {
      if constexpr (std::is_lvalue_reference_v<A>) {
        out.push_back(x);
      } else {
        out.push_back(std::move(x));
      }
    }
  }
  static Arrays given(Kept count, const Arrays& in, std::size_t& next) {
    const auto begin = in.begin() + static_cast<std::ptrdiff_t>(next);
    next += count;
    return Arrays(begin, begin + static_cast<std::ptrdiff_t>(count));
  }
};
template <class A>
using ArgumentOf = Argument<std::decay_t<A>>;

inline Arrays leaves(Array x) { return {std::move(x)}; }
inline Arrays leaves(Arrays xs) { return xs; }
template <class... R>
Arrays leaves(std::tuple<R...> xs) {
  return std::apply([](auto&... x) { return Arrays{Array(x)...}; }, xs);
}
inline Arrays leaves(std::pair<Array, Array> xs) { return {xs.first, xs.second}; }

template <class R>
R from_leaves(Arrays out) {
  if constexpr (std::is_same_v<R, Array>) {
    return std::move(out[0]);
  } else if constexpr (std::is_same_v<R, Arrays>) {
    return out;
  } else {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return R(std::move(out[I])...);
    }(std::make_index_sequence<std::tuple_size_v<R>>());
  }
}

// The arguments that are no arrays, of any types.
class AnyKey {
 public:
  virtual ~AnyKey() = default;
  virtual bool equals(const AnyKey& other) const = 0;
};
template <class K>
class Key final : public AnyKey {
 public:
  explicit Key(K k) : value(std::move(k)) {}
  bool equals(const AnyKey& other) const override {
    const auto* same = dynamic_cast<const Key*>(&other);
    return same != nullptr && same->value == value;
  }
  K value;
};

}  // namespace detail

// What tnp::function returns for a callable that gives an array, Arrays, or a pair or tuple of arrays.
template <class F>
class Function {
 public:
  explicit Function(F f, FunctionOptions options = {})
      : f_(std::make_shared<F>(std::move(f))), options_(std::move(options)), made_(std::make_shared<Made>()) {}

  template <class... A>
  auto operator()(A&&... arguments) const {
    const CompiledFunction compiled = find<A...>(arguments...);
    Arrays in;
    (detail::ArgumentOf<A>::append(in, std::forward<A>(arguments)), ...);
    return detail::from_leaves<Result<A...>>(compiled(std::move(in)));
  }

  // What is traced for these arguments, as text.
  template <class... A>
  std::string graph(A&&... arguments) const {
    Arrays in;
    (detail::ArgumentOf<A>::append(in, arguments), ...);
    return find<A...>(arguments...).graph(in);
  }
  int num_traces() const {
    const std::scoped_lock lock(made_->mutex);
    int n = 0;
    for (const auto& entry : made_->all) n += entry.second.num_traces();
    return n;
  }

 private:
  static constexpr std::size_t kMax = 256;  // keys kept; beyond it the oldest goes

  template <class A>
  using Given = decltype(detail::ArgumentOf<A>::given(std::declval<const typename detail::ArgumentOf<A>::Kept&>(),
                                                      std::declval<const Arrays&>(), std::declval<std::size_t&>()));
  template <class... A>
  using Result = std::decay_t<std::invoke_result_t<const F&, Given<A>...>>;

  template <class... A, class... B>
  CompiledFunction find(const B&... arguments) const {
    using Kept = std::tuple<typename detail::ArgumentOf<A>::Kept...>;
    Kept kept{detail::ArgumentOf<A>::kept(arguments)...};
    const std::scoped_lock lock(made_->mutex);
    for (const auto& [key, compiled] : made_->all) {
      const auto* same = dynamic_cast<const detail::Key<Kept>*>(key.get());
      if (same != nullptr && same->value == kept) return compiled;
    }
    auto body = [f = f_, kept](const Arrays& in) {
      std::size_t next = 0;
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        // Braces: from the first to the last.
        std::tuple<Given<A>...> all{detail::ArgumentOf<A>::given(std::get<I>(kept), in, next)...};
        return detail::leaves(std::apply(*f, all));
      }(std::index_sequence_for<A...>());
    };
    if (made_->all.size() >= kMax) made_->all.erase(made_->all.begin());
    made_->all.emplace_back(std::make_unique<detail::Key<Kept>>(std::move(kept)),
                            CompiledFunction(std::move(body), options_));
    return made_->all.back().second;
  }

  struct Made {
    std::mutex mutex;
    std::vector<std::pair<std::unique_ptr<detail::AnyKey>, CompiledFunction>> all;
  };
  std::shared_ptr<F> f_;
  FunctionOptions options_;
  std::shared_ptr<Made> made_;
};

template <class F>
Function<F> function(F f, FunctionOptions options = {}) {
  return Function<F>(std::move(f), std::move(options));
}

}  // namespace tnp
