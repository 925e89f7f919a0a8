#include "ir/graph_text.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>

#include "ir/host_function.h"
#include "ir/scalar.h"
#include "ir/some_params.h"
#include "ir/trace.h"
#include "tnp/error.h"

namespace tnp {

namespace {

std::map<std::string, ParamsFactory, std::less<>>& factories() {
  static auto* map = new std::map<std::string, ParamsFactory, std::less<>>;
  return *map;
}

// --- writing

// `complete`: refuse what the parser could not give back.
struct Style {
  std::string indent;
  bool outermost, complete;
};
void write_graph(std::string& out, const Graph& g, const Style& style);

std::string double_text(double v) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.17g", v);
  return buffer;
}

class Writer final : public ParamVisitor {
 public:
  Writer(std::string& out, const Style& style) : out_(out), style_(style) {}
  void operator()(const char* n, bool& v) override { add(n, v ? "True" : "False"); }
  void operator()(const char* n, std::int64_t& v) override { add(n, std::to_string(v)); }
  void operator()(const char* n, double& v) override { add(n, double_text(v)); }
  void operator()(const char* n, DType& v) override { add(n, std::string(name(v))); }
  void operator()(const char* n, std::string& v) override {
    std::string quoted = "'";
    for (char c : v) {
      if (c == '\'' || c == '\\') quoted += '\\';
      quoted += c;
    }
    add(n, quoted + "'");
  }
  void operator()(const char* n, Shape& v) override { add(n, v.str()); }
  void operator()(const char* n, Axes& v) override {
    add(n, list(v, [](std::int64_t i) { return std::to_string(i); }));
  }
  void operator()(const char* n, std::vector<DType>& v) override {
    add(n, list(v, [](DType d) { return std::string(name(d)); }));
  }
  void operator()(const char* n, std::vector<Shape>& v) override {
    add(n, list(v, [](const Shape& s) { return s.str(); }));
  }
  void operator()(const char* n, GraphRef& v) override {
    std::string text = "None";
    if (v) {
      text.clear();
      write_graph(text, *v, {style_.indent + "    ", false, style_.complete});
    }
    add(n, text);
  }
  void operator()(const char* n, HostRef& v) override {
    const std::string called = v ? v->name() : "None";
    if (style_.complete)
      throw TypeError("a function that calls the host function " + called + " can not be written as text");
    add(n, "host(" + called + ")");
  }
  bool any = false;

 private:
  template <class List, class F>
  static std::string list(const List& values, F&& each) {
    std::string s = "[";
    for (const auto& x : values) s += (s.size() > 1 ? ", " : "") + each(x);
    return s + "]";
  }
  void add(const char* n, const std::string& v) {
    out_ += std::string(any ? ", " : " {") + n + "=" + v;
    any = true;
  }
  std::string& out_;
  const Style& style_;
};

// Composed functions (ir/composed.h) rely on what those who call them have checked. So a call of one is written with a
// number that tells that it still is what was recorded; 0: it is another operation.
class Seal final : public SomeParams {
 public:
  static std::uint32_t of(const Graph& g, const GraphNode& node) {
    if (node.op->family != std::string_view("composed")) return 0;
    Seal s;
    s.mix(node.op->name);
    for (int v : node.inputs) {
      const GraphValue& value = g.values[static_cast<std::size_t>(v)];
      s.mix(name(value.dtype));
      s.mix(std::to_string(value.shape.rank_known() ? value.shape.ndim() : -1));
    }
    node.params->clone()->visit(s);
    return s.hash_ | 1;
  }

 private:
  using SomeParams::operator();
  void operator()(const char*, Axes& numbers) override {
    // Sizes have other names when they are read.
    for (std::int64_t n : numbers) mix(is_symbolic(n) ? "size" : std::to_string(n));
  }
  void mix(std::string_view text) {
    for (char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 16777619u;
    hash_ = (hash_ ^ 0x100) * 16777619u;
  }
  std::uint32_t hash_ = 2166136261u;
};

// Whether what parameters call axes are some, of arrays of `most` dimensions: shape rules rely on it.
class AxesCheck final : public SomeParams {
 public:
  static bool fits(const Graph& g, const GraphNode& node) {
    AxesCheck check;
    for (const auto* values : {&node.inputs, &node.outputs}) {
      for (int v : *values) {
        const Shape& shape = g.values[static_cast<std::size_t>(v)].shape;
        check.most_ = std::max(check.most_, shape.rank_known() ? shape.ndim() : 64);
      }
    }
    node.params->clone()->visit(check);
    return check.fits_;
  }

 private:
  using SomeParams::operator();
  void operator()(const char* n, std::int64_t& axis) override {
    if (std::string_view(n) == "axis") see(axis);
  }
  void operator()(const char* n, Axes& axes) override {
    if (std::string_view(n) != "axes") return;
    Axes seen;
    for (std::int64_t a : axes) {
      see(a);
      fits_ = fits_ && std::find(seen.begin(), seen.end(), a) == seen.end();
      seen.push_back(a);
    }
  }
  void see(std::int64_t axis) { fits_ = fits_ && axis >= 0 && axis < most_; }

  int most_ = 0;
  bool fits_ = true;
};

// A captured number; empty for other arrays.
std::string number_text(const Array& x) {
  if (x.is_symbolic() || x.ndim() != 0 || (!is_bool(x.dtype()) && !is_integer(x.dtype()) && !is_floating(x.dtype())))
    return "";
  return std::visit(
      [](auto v) -> std::string {
        using T = decltype(v);
        if constexpr (std::is_same_v<T, bool>) {
          return v ? "True" : "False";
        } else if constexpr (std::is_same_v<T, double>) {
          return double_text(v);
        } else if constexpr (std::is_integral_v<T>) {
          return std::to_string(v);
        } else {
          return "";
        }
      },
      load_scalar(x.dtype(), x.data()).value);
}

void write_graph(std::string& out, const Graph& g, const Style& style) {
  const std::string& indent = style.indent;
  const auto typed = [&](int v) {
    return "%" + std::to_string(v) + ": " + std::string(name(g.values[v].dtype)) + g.values[v].shape.str();
  };
  const auto plain = [](const std::vector<int>& ids) {
    std::string s;
    for (int v : ids) s += (s.empty() ? "%" : ", %") + std::to_string(v);
    return s;
  };
  if (!style.outermost && style.complete && !g.captured.empty())
    throw TypeError("an inner graph that captures arrays can not be written as text");
  out += "graph(";
  for (std::size_t i = 0; i < g.inputs.size(); ++i) {
    out += (i ? ", " : "") + typed(g.inputs[i]);
    const auto args = static_cast<std::size_t>(g.num_args());
    if (i < args) continue;
    const std::string number = number_text(g.captured[i - args]);
    out += " = " + (number.empty() ? "const " + std::to_string(i - args) : number);
  }
  out += ") {\n";
  for (const GraphNode& node : g.nodes) {
    out += indent + "  ";
    for (std::size_t j = 0; j < node.outputs.size(); ++j) out += (j ? ", " : "") + typed(node.outputs[j]);
    if (!node.outputs.empty()) out += " = ";
    out += std::string(node.op->name) + "(" + plain(node.inputs) + ")";
    Writer writer(out, style);
    const_cast<Params&>(*node.params).visit(writer);
    if (const std::uint32_t seal = Seal::of(g, node))
      out += std::string(writer.any ? ", " : " {") + "seal=" + std::to_string(seal) + "}";
    else if (writer.any)
      out += "}";
    if (!node.location.empty()) out += "  # " + node.location;
    out += "\n";
  }
  out += indent + "  return " + plain(g.outputs) + "\n" + indent + "}";
}

// --- reading

// Sizes belong to values by address; those of a text get numbers that no address has.
const void* fresh_owner() {
  static std::atomic<std::uintptr_t> next{1};
  return reinterpret_cast<const void*>((std::uintptr_t{1} << 62) + 16 * next++);
}

constexpr int kMaxDepth = 200;
constexpr Dim kLeastSize = -(Dim{1} << 31);  // a start below zero; handles of sizes lie below

// What a text gives for a captured array: its number among the constants, or the value of a 0-d one.
struct Constant {
  std::size_t index = 0;
  std::optional<Scalar> number;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), dims_(DimTable::create()) {}

  std::shared_ptr<Graph> whole(std::vector<Constant>& constants) {
    auto g = graph(&constants);
    skip();
    if (at_ != text_.size()) fail("nothing may follow the graph");
    return g;
  }

 private:
  friend class ParamReader;

  [[noreturn]] void fail(const std::string& what) const {
    const auto line =
        1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size())), '\n');
    throw ValueError("graph: line " + std::to_string(line) + ": " + what);
  }

  void skip() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        ++at_;
      } else {
        return;
      }
    }
  }
  void skip_line() {
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
  }
  bool accept(std::string_view token) {
    skip();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail("'" + std::string(token) + "' is expected");
  }
  std::string word() {
    skip();
    const std::size_t begin = at_;
    const auto part = [](char c) {
      return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    while (at_ < text_.size() && part(text_[at_])) ++at_;
    if (begin == at_) fail("a name is expected");
    return std::string(text_.substr(begin, at_ - begin));
  }
  std::int64_t integer() {
    skip();
    std::int64_t v = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), v);
    if (error != std::errc()) fail("an integer is expected");
    at_ = static_cast<std::size_t>(end - text_.data());
    return v;
  }
  double number() {
    skip();
    const std::string rest(text_.substr(at_, 64));
    char* end = nullptr;
    const double v = std::strtod(rest.c_str(), &end);
    if (end == rest.c_str()) fail("a number is expected");
    at_ += static_cast<std::size_t>(end - rest.c_str());
    return v;
  }
  std::string quoted() {
    expect("'");
    std::string s;
    while (at_ < text_.size() && text_[at_] != '\'') {
      if (text_[at_] == '\\') ++at_;
      if (at_ < text_.size()) s += text_[at_++];
    }
    expect("'");
    return s;
  }
  DType dtype() {
    const std::string n = word();
    for (int i = 0; i < kDTypeCount; ++i) {
      if (name(static_cast<DType>(i)) == n) return static_cast<DType>(i);
    }
    fail("there is no dtype '" + n + "'");
  }

  // --- sizes

  Dim known_or_fresh(const std::string& leaf, const void* owner, int axis) {
    const auto it = leaves_.find(leaf);
    if (it != leaves_.end()) return it->second;
    const Dim d = dims_->leaf(owner ? owner : fresh_owner(), axis);
    leaves_.emplace(leaf, d);
    return d;
  }
  // `owner`: the value whose size along `axis` a name stands for that is met here first.
  Dim size(const void* owner, int axis, int depth = 0) {
    if (depth > kMaxDepth) fail("a size is nested too deeply");
    skip();
    if (at_ < text_.size() && (text_[at_] == '-' || (text_[at_] >= '0' && text_[at_] <= '9'))) {
      const std::int64_t v = integer();
      if (v < kLeastSize) fail("a size is out of range");
      return v;
    }
    if (accept("(")) {
      const Dim a = size(nullptr, 0, depth + 1);
      Dim (*op)(Dim, Dim) = accept("+")    ? dim_add
                            : accept("-")  ? dim_sub
                            : accept("*")  ? dim_mul
                            : accept("//") ? dim_floor_div
                            : accept("%")  ? dim_mod
                                           : nullptr;
      if (op == nullptr) fail("an operator is expected");
      const Dim b = size(nullptr, 0, depth + 1);
      expect(")");
      if ((op == dim_floor_div || op == dim_mod) && b == 0) fail("a size is divided by zero");
      return op(a, b);
    }
    const std::string n = word();
    if (n == "min" || n == "max" || n == "broadcast") {
      expect("(");
      const Dim a = size(nullptr, 0, depth + 1);
      expect(",");
      const Dim b = size(nullptr, 0, depth + 1);
      expect(")");
      return n == "min" ? dim_min(a, b) : n == "max" ? dim_max(a, b) : dim_broadcast(a, b);
    }
    if (n.size() < 2 || n[0] != 'n') fail("a size is expected, not '" + n + "'");
    return known_or_fresh(n, owner, axis);
  }
  Shape shape(const void* owner = nullptr) {
    expect("(");
    if (accept("...")) {
      expect(")");
      return Shape::unknown_rank();
    }
    Shape s;
    while (!accept(")")) {
      s.push_back(size(owner, s.ndim()));
      if (s.ndim() > 64) fail("an array has at most 64 dimensions");
      if (!accept(",")) {
        expect(")");
        break;
      }
    }
    return s;
  }

  // --- values and graphs

  struct Scope {
    std::shared_ptr<Graph> graph = std::make_shared<Graph>();
    std::map<std::int64_t, int> numbers;  // of the text → of the graph
  };

  void refuse_negative(const Shape& sizes) const {
    if (!sizes.rank_known()) return;
    for (Dim d : sizes) {
      if (d < 0 && d >= kLeastSize) fail("a size is below zero");
    }
  }

  int use(const Scope& s) {
    expect("%");
    const std::int64_t n = integer();
    const auto it = s.numbers.find(n);
    if (it == s.numbers.end()) fail("%" + std::to_string(n) + " is not computed before");
    return it->second;
  }
  int define(Scope& s) {
    expect("%");
    const std::int64_t n = integer();
    expect(":");
    GraphValue value;
    value.dtype = dtype();
    const void* owner = fresh_owner();
    value.shape = shape(owner);
    refuse_negative(value.shape);
    const int id = static_cast<int>(s.graph->values.size());
    if (!s.numbers.emplace(n, id).second) fail("%" + std::to_string(n) + " is defined twice");
    s.graph->leaf_values[owner] = id;
    if (value.shape.rank_known()) {
      for (int axis = 0; axis < value.shape.ndim(); ++axis) {
        if (!is_symbolic(value.shape[axis])) continue;
        const DimExpr e = dim_expr(value.shape[axis]);
        if (e.kind == DimExpr::Kind::leaf && e.axis == axis) s.graph->leaf_values.emplace(e.node, id);
      }
    }
    s.graph->values.push_back(value);
    return id;
  }

  Constant constant(DType dtype) {
    if (accept("const")) return {static_cast<std::size_t>(integer()), std::nullopt};
    if (is_bool(dtype)) {
      const std::string w = word();
      if (w != "True" && w != "False") fail("True or False is expected");
      return {0, Scalar(w == "True")};
    }
    if (is_floating(dtype)) return {0, Scalar(number())};
    if (!is_integer(dtype)) fail("'const' is expected");
    skip();
    if (peek("-")) return {0, Scalar(integer())};
    std::uint64_t v = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), v);
    if (error != std::errc()) fail("an integer is expected");
    at_ = static_cast<std::size_t>(end - text_.data());
    return {0, Scalar(v)};
  }

  std::shared_ptr<Graph> graph(std::vector<Constant>* constants) {
    if (++depth_ > kMaxDepth) fail("graphs are nested too deeply");
    Scope s;
    s.graph->dims = dims_;
    expect("graph");
    expect("(");
    while (!accept(")")) {
      s.graph->inputs.push_back(define(s));
      if (accept("=")) {
        if (constants == nullptr) fail("an inner graph has no constants");
        constants->push_back(constant(s.graph->values[static_cast<std::size_t>(s.graph->inputs.back())].dtype));
      } else if (constants != nullptr && !constants->empty()) {
        fail("constants come last");
      }
      if (!accept(",")) {
        expect(")");
        break;
      }
    }
    expect("{");
    while (!accept("return")) node(s);
    if (!peek("}")) {
      do s.graph->outputs.push_back(use(s));
      while (accept(","));
    }
    expect("}");
    --depth_;
    const std::string wrong = verify(*s.graph);
    if (!wrong.empty()) fail(wrong);
    return s.graph;
  }
  bool peek(std::string_view token) {
    skip();
    return text_.substr(at_, token.size()) == token;
  }

  void node(Scope& s);
  ParamsRef params(const OpDef& op, std::int64_t& seal);
  // Past one value of a parameter, whatever it is.
  void skip_value() {
    int open = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\'') {
        quoted();
        --at_;
        continue;
      }
      if (c == '#') skip();
      if (c == '(' || c == '[' || c == '{') ++open;
      if (c == ')' || c == ']' || c == '}') {
        if (open == 0) return;
        --open;
      }
      if (c == ',' && open == 0) return;
    }
    fail("a parameter does not end");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::shared_ptr<DimTable> dims_;
  std::map<std::string, Dim> leaves_;
};

// Fills parameters from where their values stand in the text.
class ParamReader final : public ParamVisitor {
 public:
  ParamReader(Reader& r, std::map<std::string, std::size_t> places) : r_(r), places_(std::move(places)) {}
  void operator()(const char* n, bool& v) override {
    if (!go(n)) return;
    const std::string w = r_.word();
    if (w != "True" && w != "False") r_.fail("True or False is expected");
    v = w == "True";
  }
  void operator()(const char* n, std::int64_t& v) override {
    if (go(n)) v = r_.integer();
  }
  void operator()(const char* n, double& v) override {
    if (go(n)) v = r_.number();
  }
  void operator()(const char* n, DType& v) override {
    if (go(n)) v = r_.dtype();
  }
  void operator()(const char* n, std::string& v) override {
    if (go(n)) v = r_.quoted();
  }
  void operator()(const char* n, Shape& v) override {
    if (!go(n)) return;
    v = r_.shape();
    if (std::string_view(n) != "start") r_.refuse_negative(v);
  }
  void operator()(const char* n, Axes& v) override {
    v.clear();
    list(n, [&] { v.push_back(r_.integer()); });
  }
  void operator()(const char* n, std::vector<DType>& v) override {
    v.clear();
    list(n, [&] { v.push_back(r_.dtype()); });
  }
  void operator()(const char* n, std::vector<Shape>& v) override {
    v.clear();
    list(n, [&] { v.push_back(r_.shape()); });
  }
  void operator()(const char* n, GraphRef& v) override {
    if (go(n)) v = r_.accept("None") ? nullptr : r_.graph(nullptr);
  }
  void operator()(const char*, HostRef&) override { r_.fail("host functions are not in texts"); }

 private:
  bool go(const char* n) {
    const auto it = places_.find(n);
    if (it == places_.end()) r_.fail(std::string("the parameter '") + n + "' is missing");
    r_.at_ = it->second;
    return true;
  }
  template <class F>
  void list(const char* n, F&& each) {
    go(n);
    r_.expect("[");
    while (!r_.accept("]")) {
      each();
      if (!r_.accept(",")) {
        r_.expect("]");
        break;
      }
    }
  }
  Reader& r_;
  std::map<std::string, std::size_t> places_;
};

ParamsRef Reader::params(const OpDef& op, std::int64_t& seal) {
  std::map<std::string, std::size_t> places;
  std::size_t graphs = 0;
  if (accept("{")) {
    while (!accept("}")) {
      const std::string n = word();
      expect("=");
      skip();
      graphs += peek("graph") ? 1 : 0;
      if (n == "seal") {
        seal = integer();
      } else {
        places[n] = at_;
        skip_value();
      }
      if (!accept(",")) {
        expect("}");
        break;
      }
    }
  }
  const std::size_t end = at_;
  std::shared_ptr<Params> made;
  if (const auto it = factories().find(op.name); it != factories().end()) {
    made = it->second(graphs);
  } else if (op.samples) {
    const std::vector<Sample> samples = op.samples.get()(op);
    if (!samples.empty() && samples[0].params) made = samples[0].params->clone();
  }
  if (!made) {
    if (!places.empty()) fail("the parameters of '" + std::string(op.name) + "' can not be read");
    made = kNoParams.clone();
  }
  ParamReader reader(*this, std::move(places));
  made->visit(reader);
  at_ = end;
  return made;
}

void Reader::node(Scope& s) {
  GraphNode node;
  // The outputs are defined after the inputs are known.
  skip();
  const std::size_t begin = at_;
  bool has_outputs = peek("%");
  if (has_outputs) {
    int open = 0;
    while (at_ < text_.size() && (open > 0 || text_[at_] != '=')) {
      open += text_[at_] == '(' ? 1 : text_[at_] == ')' ? -1 : 0;
      ++at_;
    }
    expect("=");
  }
  const std::string n = word();
  node.op = find_op(n);
  if (node.op == nullptr) fail("there is no operation '" + n + "'");
  expect("(");
  while (!accept(")")) {
    node.inputs.push_back(use(s));
    if (!accept(",")) {
      expect(")");
      break;
    }
  }
  if (node.op->num_inputs >= 0 && node.inputs.size() != static_cast<std::size_t>(node.op->num_inputs))
    fail(n + " takes " + std::to_string(node.op->num_inputs) + " inputs");
  const std::size_t after_inputs = at_;
  if (has_outputs) {
    at_ = begin;
    do node.outputs.push_back(define(s));
    while (accept(","));
    at_ = after_inputs;
  }
  const std::size_t after_call = at_;
  std::int64_t seal = 0;
  node.params = params(*node.op, seal);
  if (!AxesCheck::fits(*s.graph, node)) fail("'" + n + "' is given axes that there are not, or one twice");
  if (seal != Seal::of(*s.graph, node)) fail("the call of '" + n + "' is not as it was recorded: its seal is another");
  // Looking for parameters goes past a comment.
  const std::size_t next = text_.find_first_not_of(' ', after_call);
  if (next == std::string_view::npos || text_[next] != '{') at_ = after_call;
  while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  if (at_ < text_.size() && text_[at_] == '#') {
    const std::size_t start = text_.substr(at_, 2) == "# " ? at_ + 2 : at_ + 1;
    skip_line();
    if (start < at_) node.location = std::string(text_.substr(start, at_ - start));
  }
  s.graph->nodes.push_back(std::move(node));
}

}  // namespace

RegisterParams::RegisterParams(const char* op, ParamsFactory make) { factories()[op] = make; }

std::string graph_text(const Graph& graph) {
  std::string out;
  write_graph(out, graph, {"", true, true});
  return out + "\n";
}

// The same text for looking at, which also names what a text can not describe.
std::string Graph::str() const {
  std::string out;
  write_graph(out, *this, {"", true, false});
  return out + "\n";
}

std::shared_ptr<const Graph> graph_from_text(std::string_view text, const Arrays& constants) {
  std::vector<Constant> used;
  const std::shared_ptr<Graph> read = Reader(text).whole(used);
  for (const Constant& c : used) {
    const GraphValue& v =
        read->values[static_cast<std::size_t>(read->inputs[read->inputs.size() - used.size() + read->captured.size()])];
    if (!c.number && c.index >= constants.size())
      throw ValueError("graph: constant " + std::to_string(c.index) + " is missing");
    const Array x = c.number ? c.number->to_array(v.dtype) : constants[c.index];
    if (x.dtype() != v.dtype || (v.shape.rank_known() && x.ndim() != v.shape.ndim()))
      throw ValueError("graph: constant " + std::to_string(c.index) + " is not of the type that the text says");
    read->captured.push_back(x);
  }
  // Traced anew, so that every operation checks what it is given.
  Trace trace;
  Arrays arguments;
  std::map<Dim, Dim> sizes;
  for (int i = 0; i < read->num_args(); ++i) {
    const GraphValue& v = read->values[static_cast<std::size_t>(read->inputs[static_cast<std::size_t>(i)])];
    Shape shape = v.shape;
    for (Dim& d : shape) {
      if (!is_symbolic(d)) continue;
      const auto it = sizes.find(d);
      d = it == sizes.end() ? -1 : it->second;
    }
    arguments.push_back(trace.add_input(v.dtype, shape));
    for (int axis = 0; axis < shape.ndim(); ++axis) sizes.emplace(v.shape[axis], arguments.back().shape()[axis]);
  }
  Arrays in = arguments;
  in.insert(in.end(), read->captured.begin(), read->captured.end());
  const Arrays results = replay(*read, in);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const GraphValue& v = read->values[static_cast<std::size_t>(read->outputs[i])];
    if (results[i].dtype() != v.dtype) throw ValueError("graph: a result is not of the type that the text says");
  }
  std::shared_ptr<Graph> traced = trace.finish(arguments, results);
  // The lines are those of the text, not of this call.
  const bool same = std::equal(traced->nodes.begin(), traced->nodes.end(), read->nodes.begin(), read->nodes.end(),
                               [](const GraphNode& a, const GraphNode& b) { return a.op == b.op; });
  for (std::size_t i = 0; i < traced->nodes.size(); ++i) {
    traced->nodes[i].location = same ? read->nodes[i].location : "";
  }
  return traced;
}

}  // namespace tnp
