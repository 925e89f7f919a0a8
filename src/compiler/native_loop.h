// Loops as native code: no allocation, no dispatch in an iteration.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "compiler/fused_kernel.h"
#include "compiler/nest/loop_nest.h"

namespace tnp::compiler {

class NativeLoop {
 public:
  explicit NativeLoop(LoopSpec loop) : loop_(std::move(loop)) {}

  const LoopSpec& loop() const { return loop_; }

  // A loop somewhere on its way. Everything is concrete.
  struct State {
    std::span<Array> carries;
    std::span<const Array> scanned;  // whole arrays
    std::span<const Array> shared;
    std::int64_t next = 0, length = 0;  // rows; of a loop without a condition
    bool reverse = false;
    // Where row `next` and those after it are to be collected, for array j with rows of this shape; null: not possible.
    std::function<std::byte*(int j, const Shape& row, std::int64_t rows)> collect;
    void (*poll)() = nullptr;  // throws to stop the loop
  };

  // Whether native code should take over now, after `spent_ns` in which the loop ran otherwise.
  bool wanted(std::int64_t spent_ns, JitMode mode);
  // Runs the loop to its end. False, with the carries as they were, if it has no native form for these shapes, or if
  // an iteration would raise an error.
  bool run(const State& state);

 private:
  struct Instance;
  std::shared_ptr<Instance> instance_for(const State& state);

  const LoopSpec loop_;
  std::mutex mutex_;
  std::map<std::vector<std::int64_t>, std::shared_ptr<Instance>> instances_;  // by shapes
  std::atomic<std::int64_t> spent_ns_{0};
  std::atomic<bool> compiled_{false};
};

}  // namespace tnp::compiler
