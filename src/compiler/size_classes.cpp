#include "compiler/size_classes.h"

namespace tnp::compiler {

std::int64_t SizeClasses::of(Dim d) {
  if (!is_symbolic(d)) return d;
  if (const auto it = known_.find(d); it != known_.end()) return it->second;
  const std::int64_t number = compute(d);
  known_.emplace(d, number);
  return number;
}

std::vector<std::int64_t> SizeClasses::of(const Shape& shape) {
  std::vector<std::int64_t> numbers;
  for (Dim d : shape) numbers.push_back(of(d));
  return numbers;
}

std::int64_t SizeClasses::intern(const Key& key) {
  return numbers_.emplace(key, -1 - static_cast<std::int64_t>(numbers_.size())).first->second;
}

std::int64_t SizeClasses::compute(Dim d) {
  const DimExpr e = dim_expr(d);
  if (e.kind == DimExpr::Kind::leaf) {
    const auto it = pattern_.find(d);
    if (it != pattern_.end() && it->second != d) return of(it->second);
    return intern({0, d});
  }
  if (e.kind != DimExpr::Kind::broadcast) return intern({static_cast<std::int64_t>(e.kind), of(e.a), of(e.b)});
  std::set<std::int64_t> parts;
  for (const std::int64_t side : {of(e.a), of(e.b)}) {
    const auto it = broadcasts_.find(side);
    if (it == broadcasts_.end()) {
      parts.insert(side);
    } else {
      parts.insert(it->second.begin(), it->second.end());
    }
  }
  parts.erase(1);
  if (parts.empty()) return 1;
  if (*parts.rbegin() >= 0) return *parts.rbegin();
  if (parts.size() == 1) return *parts.begin();
  Key key{static_cast<std::int64_t>(e.kind)};
  key.insert(key.end(), parts.begin(), parts.end());
  const std::int64_t number = intern(key);
  broadcasts_[number] = parts;
  return number;
}

}  // namespace tnp::compiler
