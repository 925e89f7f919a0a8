#include "compiler/sized_params.h"

#include "ir/param_dims.h"

namespace tnp::compiler {

namespace {
constexpr std::size_t kMostTerms = 32;
constexpr Dim kLeastNumber = -(Dim{1} << 32);  // below lie expressions
}  // namespace

struct SizedParams::Copy {
  std::shared_ptr<Params> params;
  std::vector<Dim*> places;
};

SizedParams::SizedParams(ParamsRef params, const std::function<int(const DimExpr&)>& index)
    : params_(std::move(params)) {
  const std::shared_ptr<Params> copy = params_->clone();
  visit_symbolic_dims(*copy, [&](Dim& d) {
    expressions_.emplace_back();
    add_terms(expressions_.back(), d, index);
    known_ = known_ && expressions_.back().size() <= kMostTerms;
  });
}

SizedParams::~SizedParams() { delete spare_.load(); }

void SizedParams::add_terms(Expression& to, Dim d, const std::function<int(const DimExpr&)>& index) {
  if (to.size() > kMostTerms) return;  // too many, whatever else there is
  if (d >= kLeastNumber) {
    to.push_back({DimExpr::Kind::leaf, true, 0, 0, d});
    return;
  }
  const DimExpr e = dim_expr(d);
  if (e.kind == DimExpr::Kind::leaf) {
    const int i = index(e);
    known_ = known_ && i >= 0;
    to.push_back({e.kind, false, i, 0, 0});
    return;
  }
  add_terms(to, e.a, index);
  const int a = static_cast<int>(to.size()) - 1;
  add_terms(to, e.b, index);
  to.push_back({e.kind, false, a, static_cast<int>(to.size()) - 1, 0});
}

std::int64_t SizedParams::value(const Expression& e, const std::int64_t* sizes) {
  std::int64_t values[kMostTerms];
  for (std::size_t i = 0; i < e.size(); ++i) {
    const Term& t = e[i];
    if (t.is_number || t.kind == DimExpr::Kind::leaf) {
      values[i] = t.is_number ? t.number : sizes[t.a];
      continue;
    }
    values[i] = dim_apply(t.kind, values[t.a], values[t.b]);
  }
  return values[e.size() - 1];
}

SizedParams::Use::Use(const SizedParams& all, const std::int64_t* sizes)
    : copy_(all.spare_.exchange(nullptr, std::memory_order_acquire)), all_(all) {
  if (copy_ == nullptr) {
    auto made = std::make_unique<Copy>();
    made->params = all.params_->clone();
    visit_symbolic_dims(*made->params, [&](Dim& d) { made->places.push_back(&d); });
    copy_ = made.release();
  }
  try {
    for (std::size_t i = 0; i < copy_->places.size(); ++i) *copy_->places[i] = value(all.expressions_[i], sizes);
  } catch (...) {
    delete copy_;
    throw;
  }
}

SizedParams::Use::~Use() { delete all_.spare_.exchange(copy_, std::memory_order_acq_rel); }

const Params& SizedParams::Use::params() const { return *copy_->params; }

}  // namespace tnp::compiler
