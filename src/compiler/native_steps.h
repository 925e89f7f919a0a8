// All steps of a program for small arrays of certain sizes as one call of native code: no allocation and no dispatch
// between them.
#pragma once

#include <functional>
#include <memory>

#include "compiler/codegen/codegen.h"
#include "compiler/nest/loop_nest.h"

namespace tnp::compiler {

// A loop or a condition of which every turn and branch computes single elements, without effects: native steps have it
// among them.
bool is_scalar_control(const GraphNode& node);

class NativeSteps {
 public:
  // Of a graph whose sizes are numbers. Null if it has no such form, or if its arrays are so large that steps on all
  // threads are the better way.
  static std::unique_ptr<NativeSteps> make(const Graph& graph);

  double steps_ns() const { return steps_ns_; }  // roughly, what a run step by step takes
  double compile_ns() const { return compile_ns_; }
  // False where code cannot be made.
  bool compile();

  // `input`: gives the graph's inputs by number, concrete. False, with nothing done, if an operation would raise an
  // error (running the steps says which).
  bool run(const std::function<const Array&(int)>& input, std::span<Array> results) const;

  // The same on memory: of all inputs, without gaps, and of those results that are no inputs.
  bool run_on(std::byte* const* inputs, std::byte* const* results) const;
  struct Output {
    DType dtype;
    Shape shape;
    int input;  // it is this input; -1: it is computed
  };
  const std::vector<Output>& outputs() const { return outputs_; }

 private:
  // What a pointer that the code is given points to.
  struct Memory {
    enum class Kind : std::uint8_t { input, output, scratch } kind;
    int index;
    std::int64_t offset;
  };
  class Lowering;

  LoopNest nest_;
  std::vector<Memory> memory_;
  std::vector<Output> outputs_;
  std::int64_t scratch_bytes_ = 0;
  double steps_ns_ = 0, compile_ns_ = 0;
  std::shared_ptr<const CompiledNest> code_;
};

}  // namespace tnp::compiler
