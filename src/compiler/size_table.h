// The sizes that parameters of a program's calls refer to, each once, after those that it is made of: a run works them
// out as far as it comes, and none of them twice.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "base/dim.h"

namespace tnp::compiler {

class SizeTable {
 public:
  // The numbers of a run start as a copy of `numbers()`, into which it writes those of the leaves that it meets.
  static constexpr std::int64_t kOpen = INT64_MIN;

  // Takes in a size and all that it is made of.
  int add(Dim d);
  // Where a size stands; -1: nowhere.
  int find(Dim d) const;
  const std::vector<std::int64_t>& numbers() const { return numbers_; }
  // The size that stands there. Throws RuntimeError if it depends on a leaf that has no number.
  std::int64_t value(int at, std::int64_t* numbers) const {
    const std::int64_t known = numbers[at];
    return known != kOpen ? known : work_out(at, numbers);
  }
  // Calls `visit` for every leaf that was taken in, with where it stands.
  void for_each_leaf(const std::function<void(const DimExpr&, int)>& visit) const;

 private:
  struct Term {
    DimExpr expr;  // of a leaf or an operation
    int a, b;      // where its operands stand
  };
  std::int64_t work_out(int at, std::int64_t* numbers) const;

  std::vector<Term> terms_;
  std::vector<std::int64_t> numbers_;
  std::unordered_map<Dim, int> places_;
};

}  // namespace tnp::compiler
