// while_loop, fori_loop, scan and map.
#include <algorithm>

#include "base/dim.h"
#include "base/interrupt.h"
#include "tnp/control.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/operators.h"
#include "tnp/primitives.h"
#include "transform/control/loop.h"
#include "transform/control/unroll.h"

namespace tnp {

namespace {

std::string type_str(DType dtype, const Shape& shape) { return std::string(name(dtype)) + shape.str(); }

// Refuses a body whose carry k does not keep type and rank.
void check_carry(const char* what, std::size_t k, DType from, const Shape& from_shape, DType to,
                 const Shape& to_shape) {
  const bool ranks_differ = from_shape.rank_known() && to_shape.rank_known() && from_shape.ndim() != to_shape.ndim();
  if (from == to && !ranks_differ) return;
  const std::string message = std::string(what) + ": loop variable " + std::to_string(k) + LeafNames::of(k) + " is " +
                              type_str(from, from_shape) + " before an iteration and " + type_str(to, to_shape) +
                              " after it: ";
  if (from != to) throw TypeError(message + "its dtype must stay (use astype)");
  throw ValueError(message + "its number of dimensions must stay");
}

void check_count(const char* what, std::size_t expected, std::size_t got) {
  if (expected == got) return;
  throw ValueError(std::string(what) + ": the body must give as many arrays as there are loop variables, " +
                   std::to_string(expected) + ", but gives " + std::to_string(got));
}

void check_predicate(const char* what, DType dtype, const Shape& shape) {
  if (shape.rank_known() && shape.ndim() != 0) {
    throw ValueError(std::string(what) + ": the condition must give a scalar, not " + type_str(dtype, shape));
  }
}

Array truth(const char* what, const Array& pred) {
  check_predicate(what, pred.dtype(), pred.shape());
  return pred.dtype() == DType::bool_ ? pred : astype(pred, DType::bool_);
}

// x[i], for i a number.
Array row(const Array& x, std::int64_t i) {
  std::vector<SliceSpec> axes{{i, 1, 1}};
  Shape shape;
  for (int d = 1; d < x.ndim(); ++d) {
    axes.push_back({0, 1, x.shape()[d]});
    shape.push_back(x.shape()[d]);
  }
  return reshape(slice(x, axes), shape);
}

using Condition = std::function<Array(const Arrays&)>;
// Takes the carries and the rows; gives the next carries and what is collected.
using Body = ArraysFunction;

// Traces condition and body until the loop's variables are known: which Variables it assigns, and which sizes change.
class TracedLoop {
 public:
  TracedLoop(const char* what, const Condition& condition, const Body& body, const Arrays& init, const Arrays& scanned)
      : what_(what), condition_(condition), body_(body), given_(init.size()) {
    loop_.carries = init;
    loop_.scanned = scanned;
    loop_.has_condition = condition != nullptr;
    for (const Array& x : init) shapes_.push_back(x.shape());
  }

  Arrays run(bool reverse) {
    while (!trace()) {
    }
    loop_.reverse = reverse;
    std::optional<Arrays> few = unrolled(loop_);
    Arrays out = few ? std::move(*few) : apply_loop(loop_);
    const std::size_t num_variables = carried_.size();
    for (std::size_t i = 0; i < num_variables; ++i) carried_[i].first->assign(out[given_ + i]);
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(given_),
              out.begin() + static_cast<std::ptrdiff_t>(given_ + num_variables));
    return out;
  }

 private:
  ArraySpecs specs() const {
    ArraySpecs s;
    for (std::size_t k = 0; k < loop_.carries.size(); ++k) s.push(loop_.carries[k].dtype(), shapes_[k]);
    return s;
  }

  // False if it must be traced again.
  bool trace() {
    ArraySpecs s = specs();
    const auto first = [](const Arrays& args, std::size_t n) {
      return Arrays(args.begin(), args.begin() + static_cast<std::ptrdiff_t>(n));
    };
    if (condition_) {
      loop_.condition = trace_subgraph(
          s, [&](const Arrays& args) { return Arrays{truth(what_, condition_(first(args, given_)))}; }, carried_);
      if (loop_.condition.assigned.size() > carried_.size()) {
        throw ValueError(std::string(what_) + ": the condition may not assign a Variable ('" +
                         loop_.condition.assigned.back()->name() + "')");
      }
      loop_.condition.graph->outputs.resize(1);
    }
    for (const Array& x : loop_.scanned) {
      Shape shape = x.shape();
      shape.erase(0);
      s.push(x.dtype(), shape);
    }
    const std::size_t num_carries = loop_.carries.size();
    loop_.body = trace_subgraph(
        s,
        [&](const Arrays& args) {
          Arrays in = first(args, given_);
          in.insert(in.end(), args.begin() + static_cast<std::ptrdiff_t>(num_carries), args.end());
          return body_(in);
        },
        carried_);
    const auto results = static_cast<std::size_t>(loop_.body.num_results);
    if (results < given_ || (loop_.scanned.empty() && results > given_)) check_count(what_, given_, results);
    if (add_variables()) return false;
    order_outputs();
    return sizes_settled();
  }

  // Variables that the body assigns become loop variables.
  bool add_variables() {
    bool added = false;
    for (const VariableRef& v : loop_.body.assigned) {
      if (std::any_of(carried_.begin(), carried_.end(), [&](const auto& c) { return c.first == v; })) continue;
      carried_.emplace_back(v, static_cast<int>(loop_.carries.size()));
      loop_.carries.push_back(v->read());
      shapes_.push_back(v->shape());
      added = true;
    }
    return added;
  }

  // Carries, variables, collected; the trace gives the variables last.
  void order_outputs() {
    std::vector<int>& out = loop_.body.graph->outputs;
    std::rotate(out.begin() + static_cast<std::ptrdiff_t>(given_), out.begin() + loop_.body.num_results, out.end());
  }

  bool sizes_settled() {
    bool settled = true;
    const Graph& g = *loop_.body.graph;
    for (std::size_t k = 0; k < loop_.carries.size(); ++k) {
      const GraphValue &from = g.values[static_cast<std::size_t>(g.inputs[k])],
                       &to = g.values[static_cast<std::size_t>(g.outputs[k])];
      check_carry(what_, k, from.dtype, from.shape, to.dtype, to.shape);
      if (from.shape.rank_known() != to.shape.rank_known()) {
        settled = settled && !from.shape.rank_known();
        shapes_[k] = Shape::unknown_rank();
        continue;
      }
      for (int d = 0; d < from.shape.ndim(); ++d) {
        if (from.shape[d] == to.shape[d] || shapes_[k][d] == -1) continue;
        shapes_[k][d] = -1;
        settled = false;
      }
    }
    return settled;
  }

  const char* what_;
  const Condition& condition_;
  const Body& body_;
  std::size_t given_;
  std::vector<Shape> shapes_;  // of the carries: -1 where the size changes
  std::vector<std::pair<VariableRef, int>> carried_;
  LoopParts loop_;
};

void interrupt_point() {
  if (interrupt_hook) interrupt_hook();
}

void check_same_carries(const char* what, const Arrays& before, const Arrays& after) {
  for (std::size_t k = 0; k < before.size(); ++k) {
    check_carry(what, k, before[k].dtype(), before[k].shape(), after[k].dtype(), after[k].shape());
  }
}

std::int64_t common_length(const Arrays& xs, const ScanOptions& options, const char* what) {
  std::optional<std::int64_t> length = options.length;
  constexpr std::int64_t kLastSymbolic = -(std::int64_t{1} << 31);  // the handles of sizes lie below
  if (length && *length < 0 && *length > kLastSymbolic)
    throw ValueError(std::string(what) + ": length must not be negative");
  for (const Array& x : xs) {
    if (x.ndim() == 0) throw ValueError(std::string(what) + ": a 0-d array has no rows to go over");
    const std::int64_t n = x.shape()[0];
    if (length && *length != n && !is_symbolic(*length) && !is_symbolic(n)) {
      throw ValueError(std::string(what) + ": the arrays to go over must be equally long, but are " +
                       std::to_string(*length) + " and " + std::to_string(n));
    }
    if (!length || is_symbolic(*length)) length = n;
  }
  if (!length) throw ValueError(std::string(what) + ": give xs or length");
  return *length;
}

Array stack(const Arrays& rows) {
  Arrays with_axis;
  for (const Array& x : rows) {
    if (x.shape() != rows[0].shape()) {
      throw ValueError("the results to stack must have one shape, but have " + rows[0].shape().str() + " and " +
                       x.shape().str());
    }
    if (x.dtype() != rows[0].dtype()) {
      throw TypeError("the results to stack must have one dtype, but have " + std::string(name(rows[0].dtype())) +
                      " and " + std::string(name(x.dtype())));
    }
    Shape shape = x.shape();
    shape.insert(0, 1);
    with_axis.push_back(reshape(x, shape));
  }
  return concatenate(with_axis, 0);
}

}  // namespace

Arrays while_loop(const Condition& condition, const ArraysFunction& body, const Arrays& init) {
  if (init.empty()) throw ValueError("while_loop: there must be at least one loop variable");
  if (current_trace != nullptr) return TracedLoop("while_loop", condition, body, init, {}).run(false);
  Arrays carries = init;
  while (*truth("while_loop", condition(carries)).data_as<bool>()) {
    Arrays next = body(carries);
    check_count("while_loop", carries.size(), next.size());
    check_same_carries("while_loop", carries, next);
    carries = std::move(next);
    interrupt_point();
  }
  return carries;
}

Arrays fori_loop(const Array& lower, const Array& upper, const std::function<Arrays(const Array&, const Arrays&)>& body,
                 const Arrays& init) {
  for (const Array* bound : {&lower, &upper}) {
    if (!is_integer(bound->dtype()))
      throw TypeError("fori_loop: the bounds must be integers, not " + type_str(bound->dtype(), bound->shape()));
    if (bound->shape().rank_known() && bound->ndim() != 0) {
      throw ValueError("fori_loop: the bounds must be scalars, not " + type_str(bound->dtype(), bound->shape()));
    }
  }
  const Array end = astype(upper, DType::int64);
  Arrays all{astype(lower, DType::int64)};
  all.insert(all.end(), init.begin(), init.end());
  Arrays out = while_loop([&](const Arrays& c) { return less(c[0], end); },
                          [&](const Arrays& c) {
                            Arrays next{add(c[0], Scalar(1))};
                            const Arrays given = body(c[0], Arrays(c.begin() + 1, c.end()));
                            check_count("fori_loop", c.size() - 1, given.size());
                            check_same_carries("fori_loop", Arrays(c.begin() + 1, c.end()), given);
                            next.insert(next.end(), given.begin(), given.end());
                            return next;
                          },
                          all);
  out.erase(out.begin());
  return out;
}

std::pair<Arrays, Arrays> scan(const std::function<std::pair<Arrays, Arrays>(const Arrays&, const Arrays&)>& f,
                               const Arrays& init, const Arrays& xs, const ScanOptions& options) {
  const std::int64_t length = common_length(xs, options, "scan");
  const std::size_t num_carries = init.size();
  const auto call = [&](const Arrays& carry, const Arrays& x) {
    std::pair<Arrays, Arrays> r = f(carry, x);
    check_count("scan", num_carries, r.first.size());
    return r;
  };
  // Without a single iteration the results' types are known only from a trace.
  if (current_trace != nullptr || length == 0) {
    // Something must say how many iterations there are; a run compares it with the arrays' lengths.
    const auto differs = [&](const Array& x) { return x.shape()[0] != *options.length; };
    const bool counted = xs.empty() || (options.length && std::any_of(xs.begin(), xs.end(), differs));
    Arrays scanned = xs;
    if (counted) scanned.push_back(iota(options.length.value_or(length), DType::int64));
    const Body body = [&](const Arrays& args) {
      const auto middle = args.begin() + static_cast<std::ptrdiff_t>(num_carries);
      std::pair<Arrays, Arrays> r = call(Arrays(args.begin(), middle), Arrays(middle, args.end() - (counted ? 1 : 0)));
      r.first.insert(r.first.end(), r.second.begin(), r.second.end());
      return r.first;
    };
    Arrays out = TracedLoop("scan", nullptr, body, init, scanned).run(options.reverse);
    Arrays ys(out.begin() + static_cast<std::ptrdiff_t>(num_carries), out.end());
    out.resize(num_carries);
    return {out, ys};
  }
  Arrays carry = init;
  std::vector<Arrays> rows;  // of each result
  for (std::int64_t n = 0; n < length; ++n) {
    const std::int64_t i = options.reverse ? length - 1 - n : n;
    Arrays x;
    for (const Array& a : xs) x.push_back(row(a, i));
    auto [next, y] = call(carry, x);
    check_same_carries("scan", carry, next);
    carry = std::move(next);
    rows.resize(y.size());
    for (std::size_t k = 0; k < y.size(); ++k) rows[k].push_back(y[k]);
    interrupt_point();
  }
  Arrays ys;
  for (Arrays& r : rows) {
    if (options.reverse) std::reverse(r.begin(), r.end());
    ys.push_back(stack(r));
  }
  return {carry, ys};
}

Arrays map(const ArraysFunction& f, const Arrays& xs) {
  if (xs.empty()) throw ValueError("map: give at least one array");
  common_length(xs, {}, "map");
  return scan([&](const Arrays&, const Arrays& x) { return std::pair<Arrays, Arrays>({}, f(x)); }, {}, xs).second;
}

}  // namespace tnp
