// Symbolic dimensions: sizes of arrays inside a traced function, known only when the function runs.
//
// A dimension is an int64: a size if it is not negative, else a handle on an expression in a DimTable. Expressions are
// hash-consed, so equal handles mean equal sizes. Arithmetic on handles builds expressions; on sizes it computes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tnp/shape.h"

namespace tnp {

using Dim = std::int64_t;

inline bool is_symbolic(Dim d) noexcept { return d < 0; }

// In the output shape of a shape rule: a size that the operation's data decides.
inline constexpr Dim kDataDependent = INT64_MIN;

struct DimExpr {
  enum class Kind : std::uint8_t { leaf, add, sub, mul, floor_div, mod, min, max, broadcast };
  Kind kind;
  const void* node = nullptr;  // leaf: the array (node) whose size along `axis` it is
  int axis = 0;
  Dim a = 0, b = 0;
};

// The expressions of one outermost trace and of the traces nested in it.
class DimTable {
 public:
  static std::shared_ptr<DimTable> create();
  ~DimTable();
  DimTable(const DimTable&) = delete;
  DimTable& operator=(const DimTable&) = delete;

  Dim leaf(const void* node, int axis);
  Dim intern(const DimExpr& expr);
  const DimExpr& expr(Dim d) const;
  std::size_t size() const { return exprs_.size(); }

 private:
  explicit DimTable(std::uint32_t id) : id_(id) {}
  std::uint32_t id_;
  std::vector<DimExpr> exprs_;
};

// The table a handle belongs to; null if its trace is gone.
DimTable* dim_table(Dim d);
const DimExpr& dim_expr(Dim d);

Dim dim_add(Dim a, Dim b);
Dim dim_sub(Dim a, Dim b);
Dim dim_mul(Dim a, Dim b);
Dim dim_floor_div(Dim a, Dim b);  // by a size that is not zero
Dim dim_mod(Dim a, Dim b);
Dim dim_min(Dim a, Dim b);
Dim dim_max(Dim a, Dim b);
Dim dim_broadcast(Dim a, Dim b);  // 1 gives way to the other
// One of these operations, of sizes that may be symbolic in another trace than where it was written.
Dim dim_apply(DimExpr::Kind kind, Dim a, Dim b);
Dim dim_product(const Shape& shape);

// Its value, with `leaf` giving the sizes of arrays.
Dim evaluate(Dim d, const std::function<Dim(const DimExpr&)>& leaf);
// Calls `visit` for every leaf that `d` depends on.
void for_each_leaf(Dim d, const std::function<void(const DimExpr&)>& visit);
std::string dim_str(Dim d);

}  // namespace tnp
