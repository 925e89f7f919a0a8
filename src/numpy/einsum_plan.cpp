#include "numpy/einsum_plan.h"

#include <algorithm>
#include <limits>

#include "tnp/error.h"

namespace tnp {

LabelSet set_of(const Labels& labels) {
  LabelSet out;
  for (EinsumLabel l : labels) out.set(static_cast<std::size_t>(l));
  return out;
}

double EinsumTerms::size(const LabelSet& labels) const {
  double n = 1;
  for (int l = 0; l < kEinsumLabels; ++l) {
    // A size that is not known yet counts for a middling one.
    if (labels[static_cast<std::size_t>(l)]) n *= is_symbolic(sizes[l]) ? 32 : static_cast<double>(sizes[l]);
  }
  return n;
}

std::string EinsumTerms::text(const Labels& labels) const {
  std::string free;
  for (char c : std::string_view("zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA")) {
    const auto has = [&](const Labels& in) { return std::find(in.begin(), in.end(), c) != in.end(); };
    if (std::none_of(inputs.begin(), inputs.end(), has)) free += c;
  }
  std::string out;
  for (EinsumLabel l : labels) {
    const auto k = static_cast<std::size_t>(l - 128);
    out += l < 128 ? static_cast<char>(l) : k < free.size() ? free[k] : '?';
  }
  return out;
}

// --- subscripts

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// One operand's subscripts: letters, and where among them an ellipsis stands.
struct Term {
  Labels letters;
  int ellipsis = -1;
};

Term parse_term(std::string_view s, std::size_t operand, bool output = false) {
  Term t;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == ' ') continue;
    if (s[i] == '.') {
      if (s.substr(i, 3) != "..." || t.ellipsis >= 0) {
        throw ValueError("einstein sum subscripts string contains a '.' that is not part of an ellipsis ('...') in " +
                         (output ? "the output" : "operand " + std::to_string(operand)));
      }
      t.ellipsis = static_cast<int>(t.letters.size());
      i += 2;
    } else if (is_letter(s[i])) {
      t.letters.push_back(s[i]);
    } else {
      throw ValueError(std::string("invalid subscript '") + s[i] +
                       "' in einstein sum subscripts string, subscripts must be letters");
    }
  }
  return t;
}

// The term with the ellipsis as labels, `count` of them; they are aligned on the right of all `longest`.
Labels expanded(const Term& t, int count, int longest) {
  Labels out;
  for (int i = 0; i <= static_cast<int>(t.letters.size()); ++i) {
    if (i == t.ellipsis) {
      for (int k = longest - count; k < longest; ++k) out.push_back(128 + k);
    }
    if (i < static_cast<int>(t.letters.size())) out.push_back(t.letters[static_cast<std::size_t>(i)]);
  }
  return out;
}

void read_sizes(EinsumTerms& terms, std::span<const Array> operands) {
  LabelSet seen;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    LabelSet own;
    for (std::size_t k = 0; k < terms.inputs[i].size(); ++k) {
      const auto l = static_cast<std::size_t>(terms.inputs[i][k]);
      const Dim d = operands[i].shape()[static_cast<int>(k)];
      Dim& size = terms.sizes[l];
      const bool fits = !seen[l] || size == d || is_symbolic(size) || is_symbolic(d);
      if (own[l] && !fits) {
        throw ValueError("einsum: dimensions in operand " + std::to_string(i) + " for collapsing index '" +
                         terms.text({static_cast<int>(l)}) + "' don't match (" + std::to_string(size) +
                         " != " + std::to_string(d) + ")");
      }
      if (!fits && size != 1 && d != 1) {
        throw ValueError("einsum: operands could not be broadcast together: index '" +
                         terms.text({static_cast<int>(l)}) + "' has size " + std::to_string(size) +
                         " and, in operand " + std::to_string(i) + " of shape " + operands[i].shape().str() + ", " +
                         std::to_string(d));
      }
      if (!seen[l] || size == 1 || (is_symbolic(size) && !is_symbolic(d) && d != 1)) size = d;
      seen.set(l);
      own.set(l);
    }
  }
}

Labels output_labels(const Term& t, const EinsumTerms& terms, int longest) {
  if (t.ellipsis < 0 && longest > 0) {
    throw ValueError(
        "output has more dimensions than subscripts given in einstein sum, but no '...' ellipsis provided to "
        "broadcast the extra dimensions.");
  }
  LabelSet known, seen;
  for (const Labels& in : terms.inputs) known |= set_of(in);
  for (EinsumLabel l : t.letters) {
    if (!seen[static_cast<std::size_t>(l)] && known[static_cast<std::size_t>(l)]) {
      seen.set(static_cast<std::size_t>(l));
      continue;
    }
    const std::string quoted = std::string("'") + static_cast<char>(l) + "'";
    if (seen[static_cast<std::size_t>(l)])
      throw ValueError("einstein sum subscripts string includes output subscript " + quoted + " multiple times");
    throw ValueError("einstein sum subscripts string included output subscript " + quoted +
                     " which never appeared in an input");
  }
  return expanded(t, longest, longest);
}

Labels implied_output(const EinsumTerms& terms, int longest) {
  int count[kEinsumLabels] = {};
  for (const Labels& in : terms.inputs) {
    for (EinsumLabel l : in) ++count[static_cast<std::size_t>(l)];
  }
  Labels out;
  for (int k = 0; k < longest; ++k) out.push_back(128 + k);
  for (int l = 0; l < 128; ++l) {
    if (count[static_cast<std::size_t>(l)] == 1) out.push_back(l);
  }
  return out;
}

}  // namespace

EinsumTerms parse_einsum(std::string_view subscripts, std::span<const Array> operands) {
  const std::size_t arrow = subscripts.find_first_of("->");
  const bool explicit_output = arrow != std::string_view::npos;
  if (explicit_output &&
      (subscripts.substr(arrow, 2) != "->" || subscripts.find_first_of("->", arrow + 2) != std::string_view::npos))
    throw ValueError("einstein sum subscript string does not contain proper '->' output specified");
  std::string_view rest = subscripts.substr(0, arrow);
  std::vector<Term> parsed;
  for (;;) {
    const std::size_t comma = rest.find(',');
    parsed.push_back(parse_term(rest.substr(0, comma), parsed.size()));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (parsed.size() != operands.size()) {
    throw ValueError(parsed.size() < operands.size()
                         ? "more operands provided to einstein sum function than specified in the subscripts string"
                         : "fewer operands provided to einstein sum function than specified in the subscripts string");
  }
  EinsumTerms terms;
  std::vector<int> counts;
  int longest = 0;
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    const int extra = operands[i].ndim() - static_cast<int>(parsed[i].letters.size());
    if (extra < 0) {
      throw ValueError("einstein sum subscripts string contains too many subscripts for operand " + std::to_string(i));
    }
    if (extra > 0 && parsed[i].ellipsis < 0) {
      throw ValueError(
          "operand has more dimensions than subscripts given in einstein sum, but no '...' ellipsis "
          "provided to broadcast the extra dimensions: operand " +
          std::to_string(i));
    }
    counts.push_back(extra);
    longest = std::max(longest, extra);
  }
  for (std::size_t i = 0; i < parsed.size(); ++i) terms.inputs.push_back(expanded(parsed[i], counts[i], longest));
  read_sizes(terms, operands);
  terms.output = explicit_output ? output_labels(parse_term(subscripts.substr(arrow + 2), 0, true), terms, longest)
                                 : implied_output(terms, longest);
  return terms;
}

std::string einsum_subscripts(std::span<const std::vector<std::int64_t>> inputs,
                              const std::optional<std::vector<std::int64_t>>& output) {
  std::string out;
  const auto append = [&](const std::vector<std::int64_t>& labels) {
    for (std::int64_t l : labels) {
      if (l < -1 || l >= 52) throw ValueError("einsum: subscript is not within the valid range [0, 52)");
      out += l < 0 ? std::string("...") : std::string(1, static_cast<char>(l < 26 ? 'A' + l : 'a' + (l - 26)));
    }
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (i > 0) out += ',';
    append(inputs[i]);
  }
  if (output) {
    out += "->";
    append(*output);
  }
  return out;
}

// --- the order of the products

namespace {

struct Step {
  LabelSet result, all;
  double cost = 0, size = 0;
};

// What is left of two terms' product when others, and the output, need these labels.
Step step_of(const EinsumTerms& terms, const LabelSet& a, const LabelSet& b, const LabelSet& needed) {
  Step s;
  s.all = a | b;
  s.result = s.all & needed;
  s.size = terms.size(s.result);
  s.cost = terms.size(s.all) * (s.all == s.result ? 1 : 2);
  return s;
}

// The list of terms while it is multiplied out.
struct Pending {
  std::vector<LabelSet> sets;
  LabelSet output;

  LabelSet needed_without(std::size_t i, std::size_t j) const {
    LabelSet out = output;
    for (std::size_t k = 0; k < sets.size(); ++k) {
      if (k != i && k != j) out |= sets[k];
    }
    return out;
  }
  void replace(std::size_t i, std::size_t j, const LabelSet& result) {
    sets.erase(sets.begin() + static_cast<std::ptrdiff_t>(j));
    sets.erase(sets.begin() + static_cast<std::ptrdiff_t>(i));
    sets.push_back(result);
  }
};

std::vector<std::int64_t> all_of(std::size_t n) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(static_cast<std::int64_t>(i));
  return out;
}

EinsumSteps greedy(const EinsumTerms& terms, Pending pending, double memory_limit) {
  LabelSet everything;
  for (const LabelSet& s : pending.sets) everything |= s;
  const double removes = everything == pending.output ? 0 : 1;
  const double naive = terms.size(everything) * (static_cast<double>(pending.sets.size()) - 1 + removes);
  double spent = 0;
  EinsumSteps steps;
  while (pending.sets.size() > 1) {
    const std::size_t n = pending.sets.size();
    std::size_t best_i = n, best_j = n;
    Step best;
    double best_gain = 0;
    const auto consider = [&](std::size_t i, std::size_t j) {
      const Step s = step_of(terms, pending.sets[i], pending.sets[j], pending.needed_without(i, j));
      if (s.size > memory_limit || spent + s.cost > naive) return;
      const double gain = terms.size(pending.sets[i]) + terms.size(pending.sets[j]) - s.size;
      if (best_i != n && (gain < best_gain || (gain == best_gain && s.cost >= best.cost))) return;
      best = s;
      best_gain = gain;
      best_i = i;
      best_j = j;
    };
    // First those that share a label; the product of the step before comes last among equals.
    for (bool disjoint : {false, true}) {
      if (best_i != n) break;
      for (std::size_t j_from_last = 0; j_from_last < 2; ++j_from_last) {
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t j = i + 1; j < n; ++j) {
            const bool last = !steps.empty() && j == n - 1;
            if (last != (j_from_last == 1)) continue;
            if (disjoint || (pending.sets[i] & pending.sets[j]).any()) consider(i, j);
          }
        }
      }
    }
    if (best_i == n) {
      steps.push_back(all_of(n));
      break;
    }
    steps.push_back({static_cast<std::int64_t>(best_i), static_cast<std::int64_t>(best_j)});
    spent += best.cost;
    pending.replace(best_i, best_j, best.result);
  }
  return steps;
}

// All orders, those given up that are dearer than the best known one.
class Search {
 public:
  Search(const EinsumTerms& terms, double memory_limit) : terms_(terms), limit_(memory_limit) {}
  EinsumSteps best(const Pending& pending) {
    EinsumSteps steps;
    visit(pending, steps, 0);
    return best_cost_ == std::numeric_limits<double>::infinity() ? EinsumSteps{all_of(pending.sets.size())} : best_;
  }

 private:
  void visit(const Pending& pending, EinsumSteps& steps, double cost) {
    if (cost >= best_cost_) return;
    const std::size_t n = pending.sets.size();
    if (n == 1) {
      best_cost_ = cost;
      best_ = steps;
      return;
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i + 1; j < n; ++j) {
        const Step s = step_of(terms_, pending.sets[i], pending.sets[j], pending.needed_without(i, j));
        if (s.size > limit_) continue;
        Pending next = pending;
        next.replace(i, j, s.result);
        steps.push_back({static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)});
        visit(next, steps, cost + s.cost);
        steps.pop_back();
      }
    }
  }
  const EinsumTerms& terms_;
  double limit_;
  double best_cost_ = std::numeric_limits<double>::infinity();
  EinsumSteps best_;
};

}  // namespace

EinsumSteps plan_einsum(const EinsumTerms& terms, const EinsumOptions& options) {
  using Plan = EinsumOptions::Plan;
  if (options.plan == Plan::given) return options.steps;
  const std::size_t n = terms.inputs.size();
  if (options.plan == Plan::none || n <= 2) return {all_of(n)};
  Pending pending{{}, set_of(terms.output)};
  LabelSet everything;
  double largest = terms.size(pending.output);
  for (const Labels& in : terms.inputs) {
    pending.sets.push_back(set_of(in));
    everything |= pending.sets.back();
    largest = std::max(largest, terms.size(pending.sets.back()));
  }
  const bool automatic = options.plan == Plan::automatic;
  if (everything == pending.output && !automatic) return {all_of(n)};
  const double limit = options.memory_limit.value_or(automatic ? std::numeric_limits<double>::infinity() : largest);
  const bool optimal = options.plan == Plan::optimal || (automatic && n <= 4);
  return optimal ? Search(terms, limit).best(pending) : greedy(terms, pending, limit);
}

}  // namespace tnp
