#include "compiler/nest/nest.h"

#include <algorithm>

#include "tnp/error.h"

namespace tnp::compiler {

namespace {

using Kind = NestStatement::Kind;

constexpr const char* kKindNames[] = {"compute", "load", "store", "assign", "advance", "address", "call", "loop"};

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
    mix(s.group.hash());
    mix(hash_of(s.head));
    mix(hash_of(s.body));
  }
  return h;
}

int cycles_of(const std::vector<NestStatement>& block) {
  int total = 0;
  for (const NestStatement& s : block)
    total += (s.kind == Kind::compute ? s.group.cycles() : 1) + cycles_of(s.head) + cycles_of(s.body);
  return total;
}

void print(const Nest& nest, const std::vector<NestStatement>& block, int indent, std::string& out) {
  const auto list = [&](const std::vector<int>& variables) {
    std::string s;
    for (int v : variables)
      s += (s.empty() ? "" : ", ") + std::string(nest.variables[static_cast<std::size_t>(v)].pointer ? "p" : "e") +
           std::to_string(v);
    return s;
  };
  const std::string space(static_cast<std::size_t>(indent), ' ');
  for (const NestStatement& s : block) {
    out += space + list(s.to) + (s.to.empty() ? "" : " = ") + kKindNames[static_cast<int>(s.kind)] + "(" +
           list(s.from) + ")";
    if (s.extent != kNone) out += " extent n" + std::to_string(s.extent);
    if (s.step != kNone) out += " step n" + std::to_string(s.step);
    for (int e : s.extents) out += " over n" + std::to_string(e);
    if (s.callee != kNone) out += " callee " + std::to_string(s.callee);
    out += "\n";
    if (s.kind == Kind::compute) out += s.group.str();
    if (!s.head.empty()) {
      out += space + " while\n";
      print(nest, s.head, indent + 2, out);
      out += space + " do\n";
    }
    print(nest, s.body, indent + 2, out);
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

  void compute(const NestStatement& s) {
    need(s.from.size() == s.group.inputs.size() && s.to.size() == s.group.outputs.size(), s,
         "the group has other operands");
    if (!wrong_.empty()) return;
    for (std::size_t k = 0; k < s.from.size(); ++k) {
      need(dtype(s.from[k]) == s.group.inputs[k], s, "an input of another type");
      need(!pointer(s.from[k]) || !s.extents.empty(), s, "a pointer where there is one element");
    }
    for (std::size_t k = 0; k < s.to.size(); ++k) {
      need(dtype(s.to[k]) == s.group.dtype(s.group.outputs[k]), s, "an output of another type");
      need(pointer(s.to[k]) == !s.extents.empty(), s, "an output of the wrong kind");
      // A row is written where the pointer points to, which must be known.
      if (pointer(s.to[k])) read(s, s.to[k]);
    }
    for (int e : s.extents) need(parameter(e), s, "no such parameter");
    need(s.extents.empty() || s.strides.size() == s.from.size() + s.to.size(), s, "strides for other operands");
    for (const std::vector<int>& strides : s.strides) {
      need(strides.size() == s.extents.size(), s, "strides for other loops");
      for (std::size_t d = 0; d < strides.size(); ++d) {
        const bool last = d + 1 == strides.size();
        need(strides[d] == kNone || parameter(strides[d]) || (last && strides[d] == kUnit), s, "no such stride");
      }
    }
  }

  void statement(const NestStatement& s) {
    const auto shape = [&](std::size_t to, std::size_t from) {
      need(s.to.size() == to && s.from.size() == from, s, "the wrong number of operands");
    };
    if (s.kind == Kind::loop) {
      need((s.from.size() == 1) != (s.extent != kNone), s, "neither a condition nor a count, or both");
      const std::vector<bool> before = set_;
      block(s.head);
      for (int v : s.from) {
        read(s, v);
        need(wrong_.empty() && !pointer(v) && dtype(v) == DType::bool_, s, "the condition is not a truth value");
      }
      const std::vector<bool> after = set_;
      block(s.body);
      set_ = s.head.empty() ? before : after;  // the body may never run
      return;
    }
    for (int v : s.from) read(s, v);
    if (s.kind == Kind::compute) compute(s);
    if (s.kind == Kind::load)
      shape(1, 1), need(wrong_.empty() && pointer(s.from[0]) && !pointer(s.to[0]), s, "operands");
    if (s.kind == Kind::store) {
      shape(1, 1);
      read(s, s.to.empty() ? kNone : s.to[0]);
      need(wrong_.empty() && !pointer(s.from[0]) && pointer(s.to[0]), s, "operands");
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
               is_integer(dtype(s.from[1])) && parameter(s.step) && parameter(s.extent),
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
