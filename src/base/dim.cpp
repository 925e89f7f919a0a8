#include "base/dim.h"

#include <cstdlib>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "tnp/error.h"

namespace tnp {

namespace {

// Tables by id. Only tracing comes here, so one lock is enough; leaked, as handles may outlive static destruction.
struct Registry {
  std::mutex mutex;
  std::map<std::uint32_t, DimTable*> tables;
  std::uint32_t next = 1;  // not 0: so -1, which stands for "whatever fits", is never a handle
};
Registry& registry() {
  static auto* r = new Registry;
  return *r;
}

Dim encode(std::uint32_t table, std::size_t index) {
  return -static_cast<Dim>((static_cast<std::uint64_t>(table) << 32) | index) - 1;
}
std::uint64_t decode(Dim d) { return static_cast<std::uint64_t>(-(d + 1)); }

[[noreturn]] void too_large() { throw ValueError("Maximum allowed dimension exceeded"); }

Dim apply(DimExpr::Kind kind, Dim a, Dim b) {
  Dim d;
  switch (kind) {
    case DimExpr::Kind::add:
      if (__builtin_add_overflow(a, b, &d)) too_large();
      return d;
    case DimExpr::Kind::sub:
      if (__builtin_sub_overflow(a, b, &d)) too_large();
      return d;
    case DimExpr::Kind::mul:
      if (__builtin_mul_overflow(a, b, &d)) too_large();
      return d;
    case DimExpr::Kind::floor_div: {
      if (b == 0) return 0;
      const Dim q = a / b;
      return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
    }
    case DimExpr::Kind::mod: {
      if (b == 0) return 0;
      const Dim r = a % b;
      return (r != 0 && (r < 0) != (b < 0)) ? r + b : r;
    }
    case DimExpr::Kind::min:
      return a < b ? a : b;
    case DimExpr::Kind::max:
      return a > b ? a : b;
    case DimExpr::Kind::broadcast:
      return a == 1 ? b : a;
    case DimExpr::Kind::leaf:
      break;
  }
  return 0;
}

// A number below zero that comes up on the way, as n - 3 in max(n - 3, 0), lies above all handles.
bool is_handle(Dim d) { return d < -(Dim{1} << 32); }

Dim binary(DimExpr::Kind kind, Dim a, Dim b) {
  if (!is_handle(a) && !is_handle(b)) return apply(kind, a, b);
  DimTable* table = dim_table(is_handle(a) ? a : b);
  if (table == nullptr) throw TracerError("a symbolic dimension was used after its traced function had ended");
  // Expressions hold no numbers below zero, which whoever reads them would take for handles.
  for (Dim* operand : {&a, &b}) {
    if (is_symbolic(*operand) && !is_handle(*operand))
      *operand = table->intern({DimExpr::Kind::sub, nullptr, 0, 0, -*operand});
  }
  const bool commutative = kind == DimExpr::Kind::add || kind == DimExpr::Kind::mul || kind == DimExpr::Kind::min ||
                           kind == DimExpr::Kind::max;
  if (commutative && a > b) std::swap(a, b);
  return table->intern({kind, nullptr, 0, a, b});
}

// A number that an expression is surely not below; INT64_MIN if nothing is known. It looks `depth` operations far:
// sizes of what a program computes step by step are long chains.
constexpr int kDepth = 6;
constexpr Dim kNothing = INT64_MIN, kFar = Dim{1} << 31;

Dim least(Dim d, int depth = kDepth) {
  if (!is_handle(d)) return d;
  const DimExpr e = dim_expr(d);
  if (e.kind == DimExpr::Kind::leaf) return 0;
  if (depth == 0) return kNothing;
  const Dim a = least(e.a, depth - 1), b = least(e.b, depth - 1);
  const bool known = a != kNothing && b != kNothing && std::abs(a) < kFar && std::abs(b) < kFar;
  switch (e.kind) {
    case DimExpr::Kind::max:
      return std::max(a, b);
    case DimExpr::Kind::min:
      return std::min(a, b);
    case DimExpr::Kind::add:
      return known ? a + b : kNothing;
    case DimExpr::Kind::sub:
      return known && !is_handle(e.b) ? a - b : kNothing;
    case DimExpr::Kind::mul:
      return known && a >= 0 && b >= 0 ? a * b : kNothing;
    case DimExpr::Kind::floor_div:
      return known && !is_handle(e.b) && b > 0 && a >= 0 ? a / b : kNothing;
    case DimExpr::Kind::mod:
      return !is_handle(e.b) && b > 0 ? 0 : kNothing;
    case DimExpr::Kind::broadcast:
      return known ? std::min(a, b) : kNothing;
    case DimExpr::Kind::leaf:
      break;
  }
  return kNothing;
}

bool is_kind(Dim d, DimExpr::Kind kind, DimExpr& e) {
  if (!is_handle(d)) return false;
  e = dim_expr(d);
  return e.kind == kind;
}

// d as a sum of something and a number.
std::pair<Dim, Dim> with_number(Dim d) {
  if (!is_handle(d)) return {0, d};
  const DimExpr e = dim_expr(d);
  if (e.kind == DimExpr::Kind::sub && !is_handle(e.b)) return {e.a, -e.b};
  if (e.kind == DimExpr::Kind::add && !is_handle(e.b)) return {e.a, e.b};
  if (e.kind == DimExpr::Kind::add && !is_handle(e.a)) return {e.b, e.a};
  return {d, 0};
}

// max(n - k, 0) + min(n, k): the parts of an array before and after a place.
bool are_parts(Dim rest, Dim part, Dim& whole) {
  DimExpr r, p, s;
  if (!is_kind(rest, DimExpr::Kind::max, r) || !is_kind(part, DimExpr::Kind::min, p)) return false;
  const Dim difference = r.b == 0 ? r.a : r.a == 0 ? r.b : 0;
  if (!is_kind(difference, DimExpr::Kind::sub, s)) return false;
  const bool same = (s.a == p.a && s.b == p.b) || (s.a == p.b && s.b == p.a);
  whole = s.a;
  return same && least(s.a) >= 0 && least(s.b) >= 0;
}

}  // namespace

std::shared_ptr<DimTable> DimTable::create() {
  auto& r = registry();
  std::scoped_lock lock(r.mutex);
  const std::uint32_t id = r.next++ & 0x3fffffff;
  std::shared_ptr<DimTable> table(new DimTable(id));
  r.tables[id] = table.get();
  return table;
}

DimTable::~DimTable() {
  auto& r = registry();
  std::scoped_lock lock(r.mutex);
  r.tables.erase(id_);
}

Dim DimTable::intern(const DimExpr& e) {
  // Linear, as a trace has few distinct sizes.
  for (std::size_t i = 0; i < exprs_.size(); ++i) {
    const DimExpr& o = exprs_[i];
    if (std::tie(o.kind, o.node, o.axis, o.a, o.b) == std::tie(e.kind, e.node, e.axis, e.a, e.b)) return encode(id_, i);
  }
  exprs_.push_back(e);
  return encode(id_, exprs_.size() - 1);
}

Dim DimTable::leaf(const void* node, int axis) { return intern({DimExpr::Kind::leaf, node, axis, 0, 0}); }

const DimExpr& DimTable::expr(Dim d) const { return exprs_[decode(d) & 0xffffffffu]; }

DimTable* dim_table(Dim d) {
  auto& r = registry();
  std::scoped_lock lock(r.mutex);
  auto it = r.tables.find(static_cast<std::uint32_t>(decode(d) >> 32));
  return it == r.tables.end() ? nullptr : it->second;
}

const DimExpr& dim_expr(Dim d) {
  DimTable* table = dim_table(d);
  if (table == nullptr) throw TracerError("a symbolic dimension was used after its traced function had ended");
  return table->expr(d);
}

Dim dim_add(Dim a, Dim b) {
  if (a == 0) return b;
  if (b == 0) return a;
  if (is_symbolic(b) && !is_handle(b)) return dim_sub(a, -b);
  if (is_symbolic(a) && !is_handle(a)) return dim_sub(b, -a);
  if (!is_handle(a) && !is_handle(b)) return apply(DimExpr::Kind::add, a, b);
  DimExpr e;
  if (is_kind(a, DimExpr::Kind::sub, e) && e.b == b) return e.a;
  if (is_kind(b, DimExpr::Kind::sub, e) && e.b == a) return e.a;
  if (Dim whole; are_parts(a, b, whole) || are_parts(b, a, whole)) return whole;
  if (!is_handle(a)) std::swap(a, b);
  if (!is_handle(b)) {
    const auto [rest, number] = with_number(a);
    if (number != 0) return dim_add(rest, number + b);
  }
  return binary(DimExpr::Kind::add, a, b);
}
Dim dim_sub(Dim a, Dim b) {
  if (b == 0) return a;
  if (a == b) return 0;
  if (!is_handle(a) && !is_handle(b)) return apply(DimExpr::Kind::sub, a, b);
  if (!is_handle(b)) {
    const auto [rest, number] = with_number(a);
    if (number != 0 || b < 0) return dim_add(rest, number - b);
  }
  DimExpr e;
  if (is_kind(a, DimExpr::Kind::add, e) && (e.a == b || e.b == b)) return e.a == b ? e.b : e.a;
  if (is_kind(b, DimExpr::Kind::sub, e) && e.a == a) return e.b;
  return binary(DimExpr::Kind::sub, a, b);
}
Dim dim_mul(Dim a, Dim b) {
  if (a == 1 || b == 0) return b;
  if (b == 1 || a == 0) return a;
  return binary(DimExpr::Kind::mul, a, b);
}
Dim dim_floor_div(Dim a, Dim b) {
  if (b == 1) return a;
  // (x * b) / b, which reshape(-1) meets; sizes that do not divide are caught when the reshape runs.
  if (is_handle(a)) {
    const DimExpr& e = dim_expr(a);
    if (e.kind == DimExpr::Kind::mul && e.a == b) return e.b;
    if (e.kind == DimExpr::Kind::mul && e.b == b) return e.a;
    if (a == b) return 1;
  }
  return binary(DimExpr::Kind::floor_div, a, b);
}
Dim dim_mod(Dim a, Dim b) { return binary(DimExpr::Kind::mod, a, b); }
Dim dim_min(Dim a, Dim b) {
  if (a == b) return a;
  if (is_handle(a) && !is_handle(b) && least(a) >= b) return b;
  if (is_handle(b) && !is_handle(a) && least(b) >= a) return a;
  return binary(DimExpr::Kind::min, a, b);
}
Dim dim_max(Dim a, Dim b) {
  if (a == b) return a;
  if (is_handle(a) && !is_handle(b) && least(a) >= b) return a;
  if (is_handle(b) && !is_handle(a) && least(b) >= a) return b;
  return binary(DimExpr::Kind::max, a, b);
}
Dim dim_broadcast(Dim a, Dim b) {
  if (a == b || b == 1) return a;
  if (a == 1) return b;
  if (!is_symbolic(a)) return a;  // a size above 1 decides; the run checks that the other fits
  if (!is_symbolic(b)) return b;
  return binary(DimExpr::Kind::broadcast, a, b);
}
Dim dim_apply(DimExpr::Kind kind, Dim a, Dim b) {
  return kind == DimExpr::Kind::broadcast ? dim_broadcast(a, b) : binary(kind, a, b);
}
Dim dim_product(const Shape& shape) {
  Dim n = 1;
  for (Dim d : shape) n = dim_mul(n, d);
  return n;
}

namespace {

// Each expression is worked out once: what a program computes step by step has sizes that name the ones before several
// times, and spelled out they would grow with each step as trees do.
Dim evaluate(Dim d, const std::function<Dim(const DimExpr&)>& leaf, std::unordered_map<Dim, Dim>& known) {
  if (!is_handle(d)) return d;
  const DimExpr e = dim_expr(d);
  if (e.kind == DimExpr::Kind::leaf) return leaf(e);
  // Where chains meet again, one of them has an expression of two.
  const bool of_two = is_handle(e.a) && is_handle(e.b);
  if (const auto it = of_two ? known.find(d) : known.end(); it != known.end()) return it->second;
  const Dim a = evaluate(e.a, leaf, known), b = evaluate(e.b, leaf, known);
  const Dim value = dim_apply(e.kind, a, b);
  if (of_two) known.emplace(d, value);
  return value;
}

void for_each_leaf(Dim d, const std::function<void(const DimExpr&)>& visit, std::unordered_set<Dim>& seen) {
  if (!is_handle(d)) return;
  const DimExpr e = dim_expr(d);
  const bool leaf = e.kind == DimExpr::Kind::leaf;
  if (!leaf && !is_handle(e.a)) return for_each_leaf(e.b, visit, seen);
  if (!leaf && !is_handle(e.b)) return for_each_leaf(e.a, visit, seen);
  if (!seen.insert(d).second) return;
  if (leaf) return visit(e);
  for_each_leaf(e.a, visit, seen);
  for_each_leaf(e.b, visit, seen);
}

// Of a long one the first so many parts.
std::string spelled(Dim d, int& parts) {
  if (!is_handle(d)) return std::to_string(d);
  DimTable* table = dim_table(d);
  if (table == nullptr) return "?";
  if (--parts < 0) return "...";
  const DimExpr e = table->expr(d);
  const auto join = [&](const char* op) {
    const std::string a = spelled(e.a, parts);
    return "(" + a + op + spelled(e.b, parts) + ")";
  };
  switch (e.kind) {
    case DimExpr::Kind::leaf:
      return "n" + std::to_string(decode(d) & 0xffffffffu);
    case DimExpr::Kind::add:
      return join("+");
    case DimExpr::Kind::sub:
      return join("-");
    case DimExpr::Kind::mul:
      return join("*");
    case DimExpr::Kind::floor_div:
      return join("//");
    case DimExpr::Kind::mod:
      return join("%");
    case DimExpr::Kind::min:
      return "min" + join(",");
    case DimExpr::Kind::max:
      return "max" + join(",");
    case DimExpr::Kind::broadcast:
      return "broadcast" + join(",");
  }
  return "?";
}

}  // namespace

Dim evaluate(Dim d, const std::function<Dim(const DimExpr&)>& leaf) {
  if (!is_handle(d)) return d;
  std::unordered_map<Dim, Dim> known;
  return evaluate(d, leaf, known);
}

void for_each_leaf(Dim d, const std::function<void(const DimExpr&)>& visit) {
  if (!is_handle(d)) return;
  std::unordered_set<Dim> seen;
  for_each_leaf(d, visit, seen);
}

std::string dim_str(Dim d) {
  int parts = 256;
  return spelled(d, parts);
}

}  // namespace tnp
