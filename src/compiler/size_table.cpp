#include "compiler/size_table.h"

#include "tnp/error.h"

namespace tnp::compiler {

namespace {
constexpr Dim kLeastNumber = -(Dim{1} << 32);  // below lie expressions
}  // namespace

int SizeTable::add(Dim d) {
  if (const int at = find(d); at >= 0) return at;
  Term term{{}, -1, -1};
  std::int64_t number = d;
  if (d < kLeastNumber) {
    number = kOpen;
    term.expr = dim_expr(d);
    if (term.expr.kind != DimExpr::Kind::leaf) {
      term.a = add(term.expr.a);
      term.b = add(term.expr.b);
    }
  }
  terms_.push_back(term);
  numbers_.push_back(number);
  return places_.emplace(d, static_cast<int>(terms_.size()) - 1).first->second;
}

int SizeTable::find(Dim d) const {
  const auto it = places_.find(d);
  return it == places_.end() ? -1 : it->second;
}

void SizeTable::for_each_leaf(const std::function<void(const DimExpr&, int)>& visit) const {
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    if (numbers_[i] == kOpen && terms_[i].expr.kind == DimExpr::Kind::leaf) visit(terms_[i].expr, static_cast<int>(i));
  }
}

std::int64_t SizeTable::work_out(int at, std::int64_t* numbers) const {
  const Term& term = terms_[static_cast<std::size_t>(at)];
  if (term.expr.kind == DimExpr::Kind::leaf)
    throw RuntimeError("a size inside a traced function depends on an array that is not known");
  const std::int64_t a = value(term.a, numbers), b = value(term.b, numbers);
  return numbers[at] = dim_apply(term.expr.kind, a, b);
}

}  // namespace tnp::compiler
