#include "compiler/nest/nest.h"

#include <algorithm>
#include <utility>

#include "tnp/error.h"

namespace tnp::compiler {

namespace {

using Kind = NestStatement::Kind;

constexpr const char* kKindNames[] = {"compute", "fold",    "join", "load", "store",  "locate", "assign",
                                      "advance", "address", "call", "loop", "branch", "refuse"};
constexpr const char* kFoldNames[] = {"none", "sum", "prod", "min", "max", "dot", "argmax", "argmin"};

std::size_t hash_of(const std::vector<NestStatement>& block) {
  std::size_t h = block.size();
  const auto mix = [&](std::size_t v) { h = (h ^ v) * 0x9e3779b97f4a7c15u + (h >> 29); };
  for (const NestStatement& s : block) {
    mix(static_cast<std::size_t>(s.kind));
    for (int v : s.to) mix(static_cast<std::size_t>(v));
    for (int v : s.from) mix(static_cast<std::size_t>(v) + 1000);
    mix(static_cast<std::size_t>(s.extent + 2));
    mix(static_cast<std::size_t>(s.step + 2));
    mix(static_cast<std::size_t>(s.callee + 2));
    for (int e : s.extents) mix(static_cast<std::size_t>(e) + 2000);
    for (const std::vector<int>& strides : s.strides) {
      for (int v : strides) mix(static_cast<std::size_t>(v + 3000));
    }
    for (const std::vector<int>& positions : s.positions) {
      for (int v : positions) mix(static_cast<std::size_t>(v + 4000));
    }
    for (int k : s.ahead) mix(static_cast<std::size_t>(k) + 5000);
    for (int p : s.points) mix(static_cast<std::size_t>(p + 6000));
    mix(static_cast<std::size_t>(s.boxes) * 1000 + static_cast<std::size_t>(s.record));
    for (int p : s.offsets) mix(static_cast<std::size_t>(p + 7000));
    for (const std::vector<int>& bases : s.bases) {
      for (int v : bases) mix(static_cast<std::size_t>(v) + 8000);
    }
    mix(static_cast<std::size_t>(s.fold) * 8 + static_cast<std::size_t>(s.order));
    mix(s.group.hash());
    mix(hash_of(s.head));
    mix(hash_of(s.body));
    mix(hash_of(s.otherwise));
  }
  return h;
}

int cycles_of(const std::vector<NestStatement>& block) {
  int total = 0;
  for (const NestStatement& s : block)
    total += (s.kind == Kind::compute ? s.group.cycles() : 1) + cycles_of(s.head) + cycles_of(s.body) +
             cycles_of(s.otherwise);
  return total;
}

void print(const Nest& nest, const std::vector<NestStatement>& block, int indent, std::string& out) {
  const auto list = [&](const std::vector<int>& variables) {
    std::string s;
    for (int v : variables) {
      const NestVariable& variable = nest.variables[static_cast<std::size_t>(v)];
      s += (s.empty() ? "" : ", ") +
           std::string(variable.pointer        ? "p"
                       : variable.elements > 1 ? "a"
                                               : "e") +
           std::to_string(v);
    }
    return s;
  };
  const std::string space(static_cast<std::size_t>(indent), ' ');
  for (const NestStatement& s : block) {
    out += space + list(s.to) + (s.to.empty() ? "" : " = ") + kKindNames[static_cast<int>(s.kind)] + "(" +
           list(s.from) + ")";
    if (s.extent != kNone) out += " extent n" + std::to_string(s.extent);
    const bool number = s.kind == Kind::branch || s.kind == Kind::compute;
    if (s.step != kNone) out += (number ? " number " : " step n") + std::to_string(s.step);
    for (int e : s.extents) out += " over n" + std::to_string(e);
    if (s.callee != kNone) out += " callee " + std::to_string(s.callee);
    for (int k : s.ahead) out += " ahead " + std::to_string(k);
    if (s.fold != Fold::none) out += std::string(" ") + kFoldNames[static_cast<int>(s.fold)];
    for (int p : s.points) out += " point " + std::to_string(p);
    if (s.boxes > 0) out += " boxes " + std::to_string(s.boxes);
    out += "\n";
    if (s.kind == Kind::compute) out += s.group.str();
    if (!s.head.empty()) {
      out += space + " while\n";
      print(nest, s.head, indent + 2, out);
      out += space + " do\n";
    }
    print(nest, s.body, indent + 2, out);
    if (s.otherwise.empty()) continue;
    out += space + " otherwise\n";
    print(nest, s.otherwise, indent + 2, out);
  }
}

class Verifier {
 public:
  explicit Verifier(const Nest& nest) : nest_(nest), set_(nest.variables.size(), false) {}

  std::string run() {
    for (int v : nest_.arguments) {
      if (v < 0 || v >= static_cast<int>(set_.size())) return "an argument that is no variable";
      if (!pointer(v)) return "argument " + std::to_string(v) + " is not a pointer";
      set_[static_cast<std::size_t>(v)] = true;
    }
    block(nest_.statements);
    return wrong_;
  }

 private:
  bool pointer(int v) const { return nest_.variables[static_cast<std::size_t>(v)].pointer; }
  DType dtype(int v) const { return nest_.variables[static_cast<std::size_t>(v)].dtype; }
  void need(bool ok, const NestStatement& s, const char* what) {
    if (!ok && wrong_.empty()) wrong_ = std::string(kKindNames[static_cast<int>(s.kind)]) + ": " + what;
  }
  bool parameter(int p) const { return p >= 0 && p < nest_.num_parameters; }

  void read(const NestStatement& s, int v) {
    const bool known = v >= 0 && v < static_cast<int>(set_.size());
    need(known && set_[static_cast<std::size_t>(v)], s, "reads a variable that is not set");
  }
  void write(const NestStatement& s, int v) {
    const bool known = v >= 0 && v < static_cast<int>(set_.size());
    need(known, s, "writes what is no variable");
    if (known) set_[static_cast<std::size_t>(v)] = true;
  }

  int elements(int v) const { return nest_.variables[static_cast<std::size_t>(v)].elements; }

  // A place in memory for each element of `held`, or none for any.
  bool apart(const NestStatement& s, int held) const {
    return s.positions.empty() || (s.positions.size() == 1 && std::ssize(s.positions[0]) == elements(held));
  }

  // `from[k]` holds what is read, `count` elements of it.
  void positions(const NestStatement& s, std::size_t k, int count) {
    static const std::vector<int> none;
    const std::vector<int>& places = k < s.positions.size() ? s.positions[k] : none;
    const int size = elements(s.from[k]);
    if (places.empty()) return need(size == 1 || size == count, s, "an input of another size");
    need(static_cast<int>(places.size()) == count, s, "positions for another number of elements");
    for (int p : places) need(p >= 0 && p < size, s, "a position outside");
  }

  void compute(const NestStatement& s) {
    need(s.from.size() == s.group.inputs.size() && s.to.size() == s.group.outputs.size(), s,
         "the group has other operands");
    if (!wrong_.empty()) return;
    const int count = s.to.empty() ? 1 : elements(s.to[0]);
    for (std::size_t k = 0; k < s.from.size(); ++k) {
      need(dtype(s.from[k]) == s.group.inputs[k], s, "an input of another type");
      need(!pointer(s.from[k]) || !s.extents.empty(), s, "a pointer where there is one element");
      need(s.extents.empty() || elements(s.from[k]) == 1, s, "a small array where there are rows");
      if (s.extents.empty()) positions(s, k, count);
    }
    for (std::size_t k = 0; k < s.to.size(); ++k) {
      need(dtype(s.to[k]) == s.group.dtype(s.group.outputs[k]), s, "an output of another type");
      need(pointer(s.to[k]) == !s.extents.empty(), s, "an output of the wrong kind");
      need(elements(s.to[k]) == count, s, "outputs of different sizes");
      // A row is written where the pointer points to, which must be known.
      if (pointer(s.to[k])) read(s, s.to[k]);
    }
    if (s.step != kNone) short_rows(s);
    if (s.step == kNone && s.fold != Fold::none) {
      const bool counted = s.positions.size() == 1 && s.positions[0].size() == 1 && s.positions[0][0] > 0;
      need(counted && s.order == FoldOrder::columns && s.extents.size() == 2, s, "columns");
    }
    if (!s.points.empty() && wrong_.empty()) {
      const bool sum = s.fold == Fold::sum && s.step == kNone && s.points.size() == s.from.size();
      need(sum && s.strides.size() >= s.from.size() && pair_symmetry(s.group, pair_operands(s)), s, "pairs");
    }
    if (s.boxes > 0) boxes(s);
    for (int e : s.extents) need(parameter(e), s, "no such parameter");
    need(s.extents.empty() || s.strides.size() == s.from.size() + s.to.size(), s, "strides for other operands");
    for (const std::vector<int>& strides : s.strides) {
      need(strides.size() == s.extents.size(), s, "strides for other loops");
      for (std::size_t d = 0; d < strides.size(); ++d) {
        const bool apart = d + 1 == strides.size() && strides[d] <= kUnit && elements_apart(strides[d]) <= kMostApart;
        need(strides[d] == kNone || parameter(strides[d]) || apart, s, "no such stride");
      }
    }
    for (int k : s.ahead) {
      const bool unit = k >= 0 && k < static_cast<int>(s.strides.size()) && !s.extents.empty() &&
                        s.strides[static_cast<std::size_t>(k)].back() == kUnit;
      need(unit, s, "an operand that cannot be fetched ahead");
    }
  }

  void boxes(const NestStatement& s) {
    const std::size_t operands = s.from.size() + s.to.size();
    need(!s.extents.empty() && s.step == kNone && s.fold == Fold::none && s.ahead.empty(), s, "boxes of another kind");
    need(s.offsets.size() == operands && s.bases.size() == operands, s, "not the boxes of every operand");
    const int later = (s.boxes - 1) * s.record;
    need(later >= 0, s, "no parameters for every box");
    for (int e : s.extents) need(parameter(e + later), s, "no such parameter of a box");
    for (const std::vector<int>& strides : s.strides) {
      for (int p : strides) need(p < 0 || parameter(p + later), s, "no such parameter of a box");
    }
    for (std::size_t k = 0; wrong_.empty() && k < operands; ++k) {
      const int v = k < s.from.size() ? s.from[k] : s.to[k - s.from.size()];
      need(s.offsets[k] == kNone ? !pointer(v) : parameter(s.offsets[k] + later), s, "a box begins nowhere");
      need(s.bases[k].empty() || static_cast<int>(s.bases[k].size()) == s.boxes, s, "not every box of an operand");
      for (int base : s.bases[k]) {
        read(s, base);
        need(wrong_.empty() && pointer(base) && pointer(v) && dtype(base) == dtype(v), s, "a box of another kind");
      }
    }
  }

  void short_rows(const NestStatement& s) {
    need(s.step > 1 && s.extents.size() > 1, s, "short rows of another kind");
    if (s.fold != Fold::none && s.order == FoldOrder::columns) {
      const bool counted = s.positions.size() == 1 && s.positions[0].size() == 1 && s.positions[0][0] > 0;
      return need(s.group.ops.empty() && s.to.size() == 1 && counted, s, "columns");
    }
    need(s.positions.size() == s.from.size() + s.to.size(), s, "not the layout of every operand");
    for (std::size_t k = 0; wrong_.empty() && k < s.positions.size(); ++k) {
      need(s.positions[k].size() == 1, s, "no layout");
      if (!wrong_.empty() || k < s.from.size()) continue;
      const ShortRows result = s.fold == Fold::none ? ShortRows::packed : ShortRows::of_row;
      need(s.positions[k][0] == static_cast<int>(result), s, "a result that lies otherwise");
    }
    need(s.fold == Fold::none || s.to.size() == 1, s, "several folds");
  }

  void fold(const NestStatement& s) {
    need(s.fold != Fold::none && s.to.size() == 1 && s.from.size() == (s.fold == Fold::dot ? 2 : 1), s, "operands");
    if (!wrong_.empty()) return;
    need(!pointer(s.to[0]) && !s.positions.empty(), s, "operands");
    if (!wrong_.empty()) return;
    const auto count = s.positions[0].size(), results = static_cast<std::size_t>(elements(s.to[0]));
    need(count > 0 && count % results == 0, s, "elements that cannot be divided among the results");
    for (std::size_t k = 0; wrong_.empty() && k < s.from.size(); ++k) {
      const bool fits = s.fold < Fold::argmax ? dtype(s.from[k]) == dtype(s.to[0]) : dtype(s.to[0]) == DType::int64;
      need(!pointer(s.from[k]) && fits, s, "an input of another type");
      positions(s, k, static_cast<int>(count));
    }
  }

  void join(const NestStatement& s) {
    need(s.to.size() == 1 && s.positions.size() == 1, s, "operands");
    if (!wrong_.empty()) return;
    int size = 0;
    for (int v : s.from) {
      need(!pointer(v) && dtype(v) == dtype(s.to[0]), s, "an input of another type");
      size += elements(v);
    }
    need(!pointer(s.to[0]) && static_cast<int>(s.positions[0].size()) == elements(s.to[0]), s, "positions");
    for (int p : s.positions[0]) need(p >= 0 && p < size, s, "a position outside");
  }

  void loop(const NestStatement& s) {
    need(!s.from.empty() || s.extent != kNone, s, "neither a condition nor a count");
    need(s.from.size() <= 1 && s.to.size() <= 1, s, "operands");
    need(s.extent == kNone || parameter(s.extent), s, "no such parameter");
    need(parameter(s.step), s, "no cycles");
    const std::vector<bool> before = set_;
    block(s.head);
    for (int v : s.from) {
      read(s, v);
      need(wrong_.empty() && !pointer(v) && dtype(v) == DType::bool_, s, "the condition is not a truth value");
    }
    const std::vector<bool> after = set_;
    block(s.body);
    set_ = s.extent != kNone ? before : after;  // the body may never run
    for (int v : s.to) {
      write(s, v);
      need(wrong_.empty() && !pointer(v) && dtype(v) == DType::int64, s, "the count is no integer");
    }
  }

  void branch(const NestStatement& s) {
    need(s.from.size() == 1 && s.to.empty(), s, "operands");
    for (int v : s.from) {
      read(s, v);
      need(wrong_.empty() && !pointer(v) && elements(v) == 1 && (is_integer(dtype(v)) || dtype(v) == DType::bool_), s,
           "the choice is no integer");
    }
    const std::vector<bool> before = set_;
    block(s.body);
    std::vector<bool> after = std::exchange(set_, before);
    block(s.otherwise);
    for (std::size_t v = 0; v < after.size(); ++v) set_[v] = set_[v] && after[v];
  }

  void statement(const NestStatement& s) {
    const auto shape = [&](std::size_t to, std::size_t from) {
      need(s.to.size() == to && s.from.size() == from, s, "the wrong number of operands");
    };
    if (s.kind == Kind::loop) return loop(s);
    if (s.kind == Kind::branch) return branch(s);
    if (s.kind == Kind::refuse) {
      shape(0, 1);
      need(wrong_.empty() && !pointer(s.from[0]) && is_integer(dtype(s.from[0])) && s.step > 0, s, "operands");
      set_.assign(set_.size(), true);  // nothing comes after it
    }
    for (int v : s.from) {
      if (s.kind == Kind::locate) write(s, v);  // it may be for this that it is located
      read(s, v);
    }
    if (!wrong_.empty()) return;
    if (s.kind == Kind::compute) compute(s);
    if (s.kind == Kind::fold) fold(s);
    if (s.kind == Kind::join) join(s);
    if (s.kind == Kind::load) {
      shape(1, 1);
      need(wrong_.empty() && pointer(s.from[0]) && !pointer(s.to[0]) && apart(s, s.to[0]), s, "operands");
    }
    if (s.kind == Kind::store) {
      shape(1, 1);
      read(s, s.to.empty() ? kNone : s.to[0]);
      need(wrong_.empty() && !pointer(s.from[0]) && pointer(s.to[0]) && apart(s, s.from[0]), s, "operands");
    }
    if (s.kind == Kind::locate) {
      shape(1, 1);
      need(wrong_.empty() && !pointer(s.from[0]) && pointer(s.to[0]) && parameter(s.step), s, "operands");
    }
    if (s.kind == Kind::assign) {
      shape(s.from.size(), s.from.size());
      for (std::size_t i = 0; wrong_.empty() && i < s.to.size(); ++i)
        need(nest_.variables[static_cast<std::size_t>(s.to[i])] == nest_.variables[static_cast<std::size_t>(s.from[i])],
             s, "variables of different types");
    }
    if (s.kind == Kind::advance) {
      shape(1, 1);
      need(wrong_.empty() && pointer(s.to[0]) && pointer(s.from[0]) && parameter(s.step), s, "operands");
    }
    if (s.kind == Kind::address) {
      shape(1, 2);
      need(wrong_.empty() && pointer(s.to[0]) && pointer(s.from[0]) && !pointer(s.from[1]) &&
               is_integer(dtype(s.from[1])) && (s.step == kUnit || parameter(s.step)) && parameter(s.extent),
           s, "operands");
    }
    if (s.kind == Kind::call) {
      need(s.callee >= 0, s, "no callee");
      for (int v : s.to) {
        if (wrong_.empty() && pointer(v)) read(s, v);
      }
    }
    for (int v : s.to) write(s, v);
  }

  void block(const std::vector<NestStatement>& statements) {
    for (const NestStatement& s : statements) {
      if (!wrong_.empty()) return;
      statement(s);
    }
  }

  const Nest& nest_;
  std::vector<bool> set_;
  std::string wrong_;
};

}  // namespace

std::vector<PairOperand> pair_operands(const NestStatement& s) {
  std::vector<PairOperand> out;
  for (std::size_t k = 0; k < s.from.size(); ++k) {
    using Of = PairOperand::Of;
    const bool along_rows = s.strides[k].back() != kNone;
    // One for all pairs has numbers of its own.
    out.push_back(s.points[k] == kNone ? PairOperand{Of::all, static_cast<int>(k)}
                                       : PairOperand{along_rows ? Of::columns : Of::rows, s.points[k]});
  }
  return out;
}

std::size_t Nest::hash() const { return hash_of(statements) * 31 + variables.size(); }

int Nest::cycles() const { return cycles_of(statements); }

std::string Nest::str() const {
  std::string out =
      "nest: " + std::to_string(arguments.size()) + " arguments, " + std::to_string(num_parameters) + " parameters\n";
  print(*this, statements, 2, out);
  return out;
}

std::string verify(const Nest& nest) { return Verifier(nest).run(); }

}  // namespace tnp::compiler
