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
  explicit NativeLoop(LoopSpec loop) : loop_(std::move(loop)) { find_counter(); }

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
    std::function<void(std::int64_t rows)> collected;  // so many of them are there now
    void (*poll)() = nullptr;                          // throws to stop the loop
    // How the loop ran so far, since this was last asked: for how long, and in how many iterations.
    std::int64_t spent_ns = 0, iterations = 0;
  };

  enum class Outcome : std::uint8_t {
    finished,  // the loop has run to its end
    not_yet,   // making code would take longer than it spares, as far as is known; or all iterations have run that come
               // before one without a native form
    never,  // there is no native form for these shapes, or an iteration would raise an error: carries are as they were.
            // Where their memory was taken, as nobody else held it, the error is raised at once
  };
  Outcome run(const State& state, JitMode mode);
  // The loop has ended in the general way, after fewer iterations than it is asked after: loops that are short, but run
  // often, are worth code too.
  void ran(const State& state);

 private:
  struct Version;
  struct Instance;
  // Absent where there is none yet, and making one would cost more than the loop has taken so far.
  std::shared_ptr<Instance> instance_for(const State& state, double loop_ns);
  Version& choose_version(Instance& instance, double total_ns, JitMode mode);
  void lower(Version& version, const Instance& instance, JitMode mode);
  static bool worth_code(Version& version, Isa isa, double total_ns, JitMode mode);
  // `left`: so many iterations, if that is known.
  static Outcome run_code(const Version& version, const State& state, std::int64_t left);
  std::int64_t iterations_left(const State& state) const;
  void find_counter();

  const LoopSpec loop_;
  // A condition that compares a counter with something that stays: inputs of the body, or -1.
  int counter_ = -1, limit_ = -1, step_ = -1;
  std::mutex mutex_;
  std::map<std::vector<std::int64_t>, std::shared_ptr<Instance>> instances_;  // by shapes
  std::atomic<std::int64_t> spent_ns_{0}, native_ns_{0};
  std::atomic<int> lowered_{0};
};

}  // namespace tnp::compiler
