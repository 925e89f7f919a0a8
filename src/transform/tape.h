// GradientTape: records what is done with watched arrays, and runs the record backwards.
#pragma once

#include <memory>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ir/observer.h"
#include "ir/variable.h"

namespace tnp {

class Tape final : public Observer {
 public:
  explicit Tape(bool persistent = false, bool watch_accessed_variables = true);
  ~Tape() override;

  // Between these, operations of this thread with a watched input are recorded.
  void start();
  void stop();
  bool recording() const { return recording_; }
  void reset();

  // Returns false for an array that can not have a gradient (integers, booleans).
  bool watch(const Array& x);
  void watch_variable(const VariableRef& variable, const Array& value);
  bool watch_accessed_variables() const { return watch_variables_; }
  // The values that the variable had when it was read, for `gradient`.
  std::vector<Array> values_of(const Variable* variable) const;
  // An object whose array is watched, and which may come to hold another: as a source it is the one that was watched.
  void watch_object(std::shared_ptr<const void> object, const Array& value);
  Array watched_in(const void* object) const;  // absent if it is not watched
  bool knows(const Array& x) const { return watched_.contains(x.node()); }

  // d sum(targets · cotangents) / d sources; a cotangent that is absent is all ones. A source that no target depends on
  // has none (an absent array). Throws RuntimeError at the second call unless the tape is persistent, and TypeError
  // where a source reaches the targets through what a function with a gradient of its own took from outside (with
  // `refused`: notes it there).
  Arrays gradient(std::span<const Array> targets, std::span<const Array> sources,
                  std::span<const Array> cotangents = {}, std::vector<bool>* refused = nullptr);

  void observe(const Call& call, std::span<const Array> outputs) override;

 private:
  struct Record {
    const OpDef* op;
    ParamsRef params;
    Arrays in, out;
  };
  using Cotangents = std::unordered_map<const detail::Node*, Array>;
  using Nodes = std::unordered_set<const detail::Node*>;
  void step_back(const Record& record, Cotangents& cotangents) const;

  // Notes the inputs whose gradient is refused: those of this call, given a cotangent, and what they were made of.
  void spread_refusal(const Record& record, const Cotangents& cotangents, Nodes& refusing) const;

  bool persistent_;
  bool watch_variables_;
  bool recording_ = false;
  std::thread::id thread_;  // that it records on
  bool used_ = false;
  std::vector<Record> records_;
  std::unordered_set<const detail::Node*> watched_;
  Arrays kept_;  // so that no other array takes a watched one's address
  std::vector<std::pair<VariableRef, Array>> variable_reads_;
  std::vector<std::pair<std::shared_ptr<const void>, Array>> objects_;
};

// a + b, either of which may be absent.
Array add_cotangents(const Array& a, const Array& b);

}  // namespace tnp
