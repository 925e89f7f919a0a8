// Which symbolic sizes are equal.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/dim.h"

namespace tnp::compiler {

// What is assumed of symbolic sizes: of each leaf, another leaf that is as large (the first of its kind, or itself),
// or 1.
using SizePattern = std::map<Dim, Dim>;

// Symbolic sizes by what they come to: two of one number are equal in every run that fits the pattern and in which no
// operation fails. Broadcasting is associative, commutative and idempotent, 1 is neutral, and any other fixed size
// wins.
class SizeClasses {
 public:
  explicit SizeClasses(const SizePattern& pattern) : pattern_(pattern) {}

  std::int64_t of(Dim d);
  std::vector<std::int64_t> of(const Shape& shape);

 private:
  using Key = std::vector<std::int64_t>;

  std::int64_t compute(Dim d);
  std::int64_t intern(const Key& key);

  const SizePattern& pattern_;
  std::map<Dim, std::int64_t> known_;
  std::map<Key, std::int64_t> numbers_;  // negative
  std::map<std::int64_t, std::set<std::int64_t>> broadcasts_;
};

}  // namespace tnp::compiler
