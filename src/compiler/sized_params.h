// Parameters of a call in which sizes stand that a run finds out: written into a copy that is made once.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "compiler/size_table.h"
#include "ir/params.h"

namespace tnp::compiler {

class SizedParams {
 public:
  // `table` must outlive it.
  SizedParams(ParamsRef params, const SizeTable& table);
  ~SizedParams();
  SizedParams(const SizedParams&) = delete;

  // Whether every size is one of the table's.
  bool is_known() const { return known_; }

 private:
  struct Copy;

 public:
  // The parameters with a run's sizes; a run in another thread, or within this one, has a copy of its own.
  class Use {
   public:
    Use(const SizedParams& all, std::int64_t* sizes);
    ~Use();
    Use(const Use&) = delete;
    const Params& params() const;

   private:
    Copy* copy_;
    const SizedParams& all_;
  };

 private:
  ParamsRef params_;
  const SizeTable& table_;
  std::vector<int> places_;  // in the table, in the order of `visit_symbolic_dims`
  bool known_ = true;
  mutable std::atomic<Copy*> spare_{nullptr};
};

}  // namespace tnp::compiler
