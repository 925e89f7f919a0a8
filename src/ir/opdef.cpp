#include "ir/opdef.h"

#include <map>
#include <string_view>
#include <unordered_map>

#include "tnp/error.h"

namespace tnp {

const NoParams kNoParams;

namespace {
// Function-local, since records register from static initialisers of any order.
std::map<std::string_view, const OpDef*>& registry() {
  static auto* r = new std::map<std::string_view, const OpDef*>;
  return *r;
}
// For look-ups by name, which functions that are given names do at each call.
std::unordered_map<std::string_view, const OpDef*>& index() {
  static auto* r = new std::unordered_map<std::string_view, const OpDef*>;
  return *r;
}
}  // namespace

RegisterOp::RegisterOp(const OpDef& op) {
  if (!registry().emplace(op.name, &op).second) {
    throw std::logic_error(std::string("two operations are called ") + op.name);
  }
  index().emplace(op.name, &op);
}

const std::vector<const OpDef*>& all_ops() {
  static const auto* ops = [] {
    auto* v = new std::vector<const OpDef*>;
    for (const auto& [_, op] : registry()) v->push_back(op);
    return v;
  }();
  return *ops;
}

const OpDef* find_op(std::string_view name) {
  const auto it = index().find(name);
  return it == index().end() ? nullptr : it->second;
}

std::vector<std::string> check_registry() {
  std::vector<std::string> empty;
  for (const OpDef* op : all_ops()) {
    const auto check = [&](bool is_empty, const char* slot) {
      if (is_empty) empty.push_back(std::string(op->name) + ": " + slot);
    };
    check(op->doc == nullptr || *op->doc == 0, "doc");
    check(op->family == nullptr, "family");
    check(op->infer.empty(), "infer");
    check(op->infer_dtype.empty(), "infer_dtype");
    check(op->execute.empty(), "execute");
    check(op->vjp.empty(), "vjp");
    check(op->batch.empty(), "batch");
    check(op->samples.empty(), "samples");
    check(op->samples && op->oracle == nullptr, "oracle");
  }
  return empty;
}

}  // namespace tnp
