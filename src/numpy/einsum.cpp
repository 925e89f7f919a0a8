// einsum: products of two terms at a time, by matmul where something is summed over.
#include "tnp/einsum.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>

#include "numpy/einsum_plan.h"
#include "tnp/error.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"
#include "tnp/operators.h"

namespace tnp {

namespace {

struct Term {
  Array array;
  Labels labels;
};

int place_of(const Labels& labels, EinsumLabel l) {
  return static_cast<int>(std::find(labels.begin(), labels.end(), l) - labels.begin());
}
bool has(const Labels& labels, EinsumLabel l) { return std::find(labels.begin(), labels.end(), l) != labels.end(); }

Term without_repeated(Term t) {
  for (std::size_t i = 0; i < t.labels.size(); ++i) {
    for (std::size_t j = i + 1; j < t.labels.size(); ++j) {
      if (t.labels[i] != t.labels[j]) continue;
      const EinsumLabel l = t.labels[i];
      t.array = diagonal(t.array, 0, static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
      t.labels.erase(t.labels.begin() + static_cast<std::ptrdiff_t>(j));
      t.labels.erase(t.labels.begin() + static_cast<std::ptrdiff_t>(i));
      t.labels.push_back(l);
      return without_repeated(std::move(t));
    }
  }
  return t;
}

// Summed over the labels that are not needed.
Term summed(const Term& t, const LabelSet& needed) {
  Axes axes;
  Labels kept;
  for (std::size_t i = 0; i < t.labels.size(); ++i) {
    if (needed[static_cast<std::size_t>(t.labels[i])]) {
      kept.push_back(t.labels[i]);
    } else {
      axes.push_back(static_cast<std::int64_t>(i));
    }
  }
  if (axes.empty()) return t;
  return {reduce_sum(t.array, axes, false, t.array.dtype()), kept};
}

Array reshaped(const Array& x, const Shape& shape) { return x.shape() == shape ? x : reshape(x, shape); }

// The array with its axes in the order of `labels`, 1 where it has none.
Array arranged(const Term& t, const Labels& labels) {
  if (t.labels == labels) return t.array;
  Axes order;
  Shape shape;
  for (EinsumLabel l : labels) {
    const int at = place_of(t.labels, l);
    const bool there = at < static_cast<int>(t.labels.size());
    if (there) order.push_back(at);
    shape.push_back(there ? t.array.shape()[at] : 1);
  }
  const Array moved = permute_dims(t.array, order);
  return reshaped(moved, shape);
}

// Axes of size 1 where the other term has more elements: they say nothing.
Term without_ones(const Term& t, const Term& other) {
  Axes ones;
  Labels kept;
  for (std::size_t i = 0; i < t.labels.size(); ++i) {
    const int at = place_of(other.labels, t.labels[i]);
    const bool there = at < static_cast<int>(other.labels.size());
    if (there && t.array.shape()[static_cast<int>(i)] == 1 && other.array.shape()[at] != 1) {
      ones.push_back(static_cast<std::int64_t>(i));
    } else {
      kept.push_back(t.labels[i]);
    }
  }
  return ones.empty() ? t : Term{squeeze(t.array, ones), kept};
}

Dim size_of(const Term& t, const Labels& labels) {
  Dim n = 1;
  for (EinsumLabel l : labels) n = dim_mul(n, t.array.shape()[place_of(t.labels, l)]);
  return n;
}

Labels joined(std::initializer_list<Labels> parts) {
  Labels out;
  for (const Labels& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Term product(Term a, Term b, const LabelSet& needed) {
  a = without_ones(a, b);
  b = without_ones(b, a);
  a = summed(a, needed | set_of(b.labels));
  b = summed(b, needed | set_of(a.labels));
  Labels both, contracted, left, right;
  for (EinsumLabel l : a.labels) {
    if (!has(b.labels, l)) {
      left.push_back(l);
    } else {
      (needed[static_cast<std::size_t>(l)] ? both : contracted).push_back(l);
    }
  }
  for (EinsumLabel l : b.labels) {
    if (!has(a.labels, l)) right.push_back(l);
  }
  const Labels result = joined({both, left, right});
  if (contracted.empty()) return {multiply(arranged(a, result), arranged(b, result)), result};
  Shape x, y, shape;
  for (EinsumLabel l : both) {
    x.push_back(a.array.shape()[place_of(a.labels, l)]);
    y.push_back(b.array.shape()[place_of(b.labels, l)]);
    shape.push_back(dim_broadcast(x.back(), y.back()));  // sizes not known yet may turn out to be 1
  }
  x.push_back(size_of(a, left));
  x.push_back(size_of(a, contracted));
  y.push_back(size_of(b, contracted));
  y.push_back(size_of(b, right));
  for (EinsumLabel l : left) shape.push_back(a.array.shape()[place_of(a.labels, l)]);
  for (EinsumLabel l : right) shape.push_back(b.array.shape()[place_of(b.labels, l)]);
  const Array z = matmul(reshaped(arranged(a, joined({both, left, contracted})), x),
                         reshaped(arranged(b, joined({both, contracted, right})), y));
  return {reshaped(z, shape), result};
}

[[noreturn]] void wrong_path(const std::string& why) { throw RuntimeError("Invalid einsum_path is specified: " + why); }

// The terms of a step, taken out of the list.
std::vector<Term> take_terms(std::vector<Term>& terms, const std::vector<std::int64_t>& places) {
  std::vector<std::int64_t> order = places;
  std::sort(order.begin(), order.end());
  std::vector<Term> out;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const std::int64_t i = order[k];
    if (i < 0 || i >= static_cast<std::int64_t>(terms.size()) || (k > 0 && i == order[k - 1]))
      wrong_path("there is no operand " + std::to_string(i));
    out.push_back(terms[static_cast<std::size_t>(i)]);
  }
  for (std::size_t k = order.size(); k-- > 0;) terms.erase(terms.begin() + order[k]);
  if (out.empty()) wrong_path("a step without operands");
  return out;
}

LabelSet needed_by(const std::vector<Term>& terms, LabelSet needed) {
  for (const Term& t : terms) needed |= set_of(t.labels);
  return needed;
}

}  // namespace

namespace {

// What does not depend on the elements.
struct Prepared {
  EinsumTerms terms;
  EinsumSteps steps;
};

Prepared prepared(std::string_view subscripts, std::span<const Array> operands, const EinsumOptions& options) {
  Prepared out{parse_einsum(subscripts, operands), {}};
  EinsumOptions plan = options;
  if (plan.plan == EinsumOptions::Plan::none) plan.plan = EinsumOptions::Plan::automatic;
  out.steps = plan_einsum(out.terms, plan);
  return out;
}

// The last few of each thread: in a loop the same subscripts and shapes come again, and to plan takes longer than to
// multiply small arrays.
class RecentPlans {
 public:
  std::shared_ptr<const Prepared> get(std::string_view subscripts, std::span<const Array> operands) {
    for (const Entry& e : entries_) {
      if (e.plan && e.subscripts == subscripts && same_shapes(e.shapes, operands)) return e.plan;
    }
    auto plan = std::make_shared<const Prepared>(prepared(subscripts, operands, {}));
    Entry& e = entries_[next_++ % kEntries];
    e.subscripts = subscripts;
    e.shapes.clear();
    for (const Array& x : operands) e.shapes.push_back(x.shape());
    return e.plan = std::move(plan);
  }

 private:
  static constexpr std::size_t kEntries = 8;
  struct Entry {
    std::string subscripts;
    std::vector<Shape> shapes;
    std::shared_ptr<const Prepared> plan;
  };

  static bool same_shapes(const std::vector<Shape>& shapes, std::span<const Array> operands) {
    return shapes.size() == operands.size() &&
           std::equal(shapes.begin(), shapes.end(), operands.begin(),
                      [](const Shape& shape, const Array& x) { return shape == x.shape(); });
  }

  std::array<Entry, kEntries> entries_;
  std::size_t next_ = 0;
};

std::shared_ptr<const Prepared> plan_for(std::string_view subscripts, std::span<const Array> operands,
                                         const EinsumOptions& options) {
  const bool is_static =
      std::all_of(operands.begin(), operands.end(), [](const Array& x) { return x.shape().is_static(); });
  const bool usual = options.plan == EinsumOptions::Plan::automatic || options.plan == EinsumOptions::Plan::none;
  if (!is_static || !usual || options.memory_limit)
    return std::make_shared<const Prepared>(prepared(subscripts, operands, options));
  thread_local RecentPlans recent;
  return recent.get(subscripts, operands);
}

}  // namespace

Array einsum(std::string_view subscripts, std::span<const Array> operands, const EinsumOptions& options) {
  if (operands.empty())
    throw ValueError("einsum: must specify the einstein sum subscripts string and at least one operand");
  const std::shared_ptr<const Prepared> plan = plan_for(subscripts, operands, options);
  const EinsumTerms& parsed = plan->terms;
  DType type = options.dtype.value_or(operands[0].dtype());
  for (const Array& x : operands) {
    if (!options.dtype) type = promote(type, x.dtype());
  }
  std::vector<Term> terms;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Array& x = operands[i];
    if (options.dtype && !can_cast(x.dtype(), type, options.casting)) {
      throw TypeError("einsum: operand " + std::to_string(i) + " of dtype " + std::string(name(x.dtype())) +
                      " cannot be cast to " + std::string(name(type)) + " according to the casting rule");
    }
    terms.push_back(without_repeated({x.dtype() == type ? x : astype(x, type), parsed.inputs[i]}));
  }
  const LabelSet output = set_of(parsed.output);
  for (const std::vector<std::int64_t>& step : plan->steps) {
    std::vector<Term> taken = take_terms(terms, step);
    const LabelSet others = needed_by(terms, output);
    while (taken.size() > 1) {
      Term a = std::move(taken[0]), b = std::move(taken[1]);
      taken.erase(taken.begin(), taken.begin() + 2);
      taken.insert(taken.begin(), product(std::move(a), std::move(b), needed_by(taken, others)));
    }
    terms.push_back(summed(taken[0], others));
  }
  if (terms.size() != 1) wrong_path(std::to_string(terms.size() - 1) + " more operands has to be contracted.");
  const Term last = summed(terms[0], output);
  const Array y = arranged(last, parsed.output);
  Shape shape;
  for (EinsumLabel l : parsed.output) shape.push_back(parsed.sizes[static_cast<std::size_t>(l)]);
  return y.shape() == shape || !shape.is_static() ? y : broadcast_to(y, shape);
}

// --- the report of a path

namespace {

std::string printed(const char* format, auto... values) {
  std::string out(256, '\0');
  const int n = std::snprintf(out.data(), out.size(), format, values...);
  if (n >= static_cast<int>(out.size())) {
    out.resize(static_cast<std::size_t>(n) + 1);
    std::snprintf(out.data(), out.size(), format, values...);
  }
  out.resize(static_cast<std::size_t>(n));
  return out;
}

struct Line {
  int scaling;
  std::string current, remaining;
};

struct Report {
  std::vector<Line> lines;
  double cost = 1, largest = 0;
  int scaling = 0;
};

std::string comma_joined(const EinsumTerms& terms, const std::vector<Labels>& list) {
  std::string out;
  for (std::size_t i = 0; i < list.size(); ++i) out += (i == 0 ? "" : ",") + terms.text(list[i]);
  return out;
}

Report report_of(const EinsumTerms& terms, const EinsumSteps& steps) {
  Report r;
  std::vector<Labels> left = terms.inputs;
  const LabelSet output = set_of(terms.output);
  for (std::size_t s = 0; s < steps.size(); ++s) {
    std::vector<std::int64_t> places = steps[s];
    std::sort(places.rbegin(), places.rend());
    std::vector<Labels> taken;
    LabelSet all, needed = output;
    for (std::int64_t i : places) {
      if (i < 0 || i >= static_cast<std::int64_t>(left.size())) wrong_path("there is no operand " + std::to_string(i));
      taken.push_back(left[static_cast<std::size_t>(i)]);
      all |= set_of(taken.back());
      left.erase(left.begin() + i);
    }
    for (const Labels& each : left) needed |= set_of(each);
    const LabelSet result = all & needed;
    Labels named = terms.output;
    if (s + 1 < steps.size()) {
      named.clear();
      for (int l = 0; l < kEinsumLabels; ++l) {
        if (result[static_cast<std::size_t>(l)]) named.push_back(l);
      }
      std::sort(named.begin(), named.end(), [&](int a, int b) {
        const Dim m = terms.sizes[static_cast<std::size_t>(a)], n = terms.sizes[static_cast<std::size_t>(b)];
        return m != n ? m < n : a < b;
      });
    }
    const double factor = std::max(1.0, static_cast<double>(taken.size()) - 1) + (all == result ? 0 : 1);
    r.cost += terms.size(all) * factor;
    r.largest = std::max(r.largest, terms.size(result));
    r.scaling = std::max(r.scaling, static_cast<int>(all.count()));
    left.push_back(named);
    r.lines.push_back({static_cast<int>(all.count()), comma_joined(terms, taken) + "->" + terms.text(named),
                       comma_joined(terms, left) + "->" + terms.text(terms.output)});
  }
  if (left.size() != 1) wrong_path(std::to_string(left.size() - 1) + " more operands has to be contracted.");
  return r;
}

}  // namespace

EinsumPath einsum_path(std::string_view subscripts, std::span<const Array> operands, const EinsumOptions& options) {
  if (operands.empty()) throw ValueError("einsum_path: No input operands");
  const EinsumTerms terms = parse_einsum(subscripts, operands);
  EinsumPath path{plan_einsum(terms, options), {}};
  const Report r = report_of(terms, path.steps);
  LabelSet all;
  std::size_t used = 0;
  for (const Labels& each : terms.inputs) {
    all |= set_of(each);
    used += set_of(each).count();
  }
  const double naive =
      terms.size(all) * (std::max(1.0, static_cast<double>(terms.inputs.size()) - 1) + (used > all.count() ? 1 : 0));
  path.report =
      "  Complete contraction:  " + comma_joined(terms, terms.inputs) + "->" + terms.text(terms.output) + "\n";
  path.report += printed("         Naive scaling:  %d\n", static_cast<int>(all.count()));
  path.report += printed("     Optimized scaling:  %d\n", r.scaling);
  path.report += printed("      Naive FLOP count:  %.3e\n", naive);
  path.report += printed("  Optimized FLOP count:  %.3e\n", r.cost);
  path.report += printed("   Theoretical speedup:  %3.3f\n", naive / r.cost);
  path.report += printed("  Largest intermediate:  %.3e elements\n", r.largest);
  path.report += std::string(74, '-') + "\n";
  path.report += printed("%6s %24s %40s\n", "scaling", "current", "remaining") + std::string(74, '-');
  for (const Line& line : r.lines)
    path.report += printed("\n%4d    %24s %40s", line.scaling, line.current.c_str(), line.remaining.c_str());
  return path;
}

}  // namespace tnp
