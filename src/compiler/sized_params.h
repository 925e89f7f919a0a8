// Parameters of a call in which sizes stand that a run finds out: written into a copy that is made once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/dim.h"
#include "ir/params.h"

namespace tnp::compiler {

class SizedParams {
 public:
  // `index`: which of a run's sizes this leaf is, or -1.
  SizedParams(ParamsRef params, const std::function<int(const DimExpr&)>& index);
  ~SizedParams();
  SizedParams(const SizedParams&) = delete;

  // Whether every size is one of the run's.
  bool is_known() const { return known_; }

 private:
  struct Copy;

 public:
  // The parameters with a run's sizes; a run in another thread, or within this one, has a copy of its own.
  class Use {
   public:
    Use(const SizedParams& all, const std::int64_t* sizes);
    ~Use();
    Use(const Use&) = delete;
    const Params& params() const;

   private:
    Copy* copy_;
    const SizedParams& all_;
  };

 private:
  // Operands come before what is made of them; the last one is the size.
  struct Term {
    DimExpr::Kind kind;
    bool is_number;
    int a, b;             // terms; a leaf: a is the index of the size
    std::int64_t number;  // if it is one
  };
  using Expression = std::vector<Term>;
  void add_terms(Expression& to, Dim d, const std::function<int(const DimExpr&)>& index);
  static std::int64_t value(const Expression& e, const std::int64_t* sizes);

  ParamsRef params_;
  std::vector<Expression> expressions_;  // in the order of `visit_symbolic_dims`
  bool known_ = true;
  mutable std::atomic<Copy*> spare_{nullptr};
};

}  // namespace tnp::compiler
