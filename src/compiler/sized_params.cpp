#include "compiler/sized_params.h"

#include "ir/param_dims.h"

namespace tnp::compiler {

struct SizedParams::Copy {
  std::shared_ptr<Params> params;
  std::vector<Dim*> places;
};

SizedParams::SizedParams(ParamsRef params, const SizeTable& table) : params_(std::move(params)), table_(table) {
  const std::shared_ptr<Params> copy = params_->clone();
  visit_symbolic_dims(*copy, [&](Dim& d) {
    places_.push_back(table.find(d));
    known_ = known_ && places_.back() >= 0;
  });
}

SizedParams::~SizedParams() { delete spare_.load(); }

SizedParams::Use::Use(const SizedParams& all, std::int64_t* sizes)
    : copy_(all.spare_.exchange(nullptr, std::memory_order_acquire)), all_(all) {
  if (copy_ == nullptr) {
    auto made = std::make_unique<Copy>();
    made->params = all.params_->clone();
    visit_symbolic_dims(*made->params, [&](Dim& d) { made->places.push_back(&d); });
    copy_ = made.release();
  }
  try {
    for (std::size_t i = 0; i < copy_->places.size(); ++i) *copy_->places[i] = all.table_.value(all.places_[i], sizes);
  } catch (...) {
    delete copy_;
    throw;
  }
}

SizedParams::Use::~Use() { delete all_.spare_.exchange(copy_, std::memory_order_acq_rel); }

const Params& SizedParams::Use::params() const { return *copy_->params; }

}  // namespace tnp::compiler
