// Where values live while a program runs, and for how long.
#pragma once

#include "compiler/fuse.h"

namespace tnp::compiler {

// A place: an input of the program (its arguments, then captured arrays) by number, or a slot after those.
struct StepPlan {
  std::vector<int> inputs;          // places
  std::vector<int> outputs;         // places; -1: nobody reads it
  std::vector<int> frees;           // places of slots whose value was read for the last time
  std::uint64_t donated = 0;        // inputs (a bit each) that the step reads last: their memory may be taken
  std::vector<std::int16_t> reuse;  // fused: for each output, the input whose memory it may take, or -1
};

struct MemoryPlan {
  std::vector<StepPlan> steps;
  std::vector<int> results;  // places of the program's outputs
  int num_inputs = 0, num_slots = 0;
  std::vector<int> owned;  // inputs that begin in slots: the first of these in slot 0, …
};

// The inputs `owned` are the run's own: their memory may be taken after their last use.
MemoryPlan plan_memory(const Graph& graph, const std::vector<Unit>& units, std::vector<int> owned = {});

// Checks a plan by going through it: every step reads the values that its unit does, no slot is written while its value
// is still read, nothing is given up twice or too early. Returns what is wrong, or nothing.
std::string verify(const Graph& graph, const std::vector<Unit>& units, const MemoryPlan& plan);

// The same steps where nothing is the run's own: inputs are read where they are.
MemoryPlan without_owned(MemoryPlan plan);

}  // namespace tnp::compiler
