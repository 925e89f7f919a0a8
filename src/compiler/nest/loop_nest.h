// A loop of graphs as a nest: the whole loop is then one call of native code.
#pragma once

#include <optional>
#include <span>

#include "compiler/nest/nest.h"
#include "ir/graph.h"

namespace tnp::compiler {

// A loop: graphs over (carries, shared) and (carries, a row of each scanned array, shared), as `transform/control`
// makes them. Without a condition it runs for a number of iterations.
struct LoopSpec {
  GraphRef condition, body;
  int num_carries = 0, num_scanned = 0;
};

// A graph's part that is the same in each iteration: run before the loop, on the graph's inputs.
struct Invariants {
  Graph graph;              // outputs: what the loop reads of it
  std::vector<int> values;  // of the specialized graph, in the order of its outputs
};

// A loop as a nest for arrays of certain shapes. Sizes are in `parameters`, not in the nest.
struct LoopNest {
  // What a pointer that the nest is given points to.
  struct Argument {
    enum class Kind : std::uint8_t {
      carry,      // memory of carry `index`, which may be written
      temporary,  // memory of its own
      scanned,    // the next row of a scanned array
      shared,     // a shared array
      condition,  // what the condition's invariants gave
      body,       // what the body's invariants gave
      collected,  // where the next row of a collected array belongs
    };
    Kind kind;
    int index;
    DType dtype;
    std::int64_t elements;
  };
  // An operation that the nest calls, on memory of these shapes.
  struct Callee {
    struct Operand {
      DType dtype;
      Shape shape;
      Strides strides;
    };
    const OpDef* op;
    ParamsRef params;
    std::vector<Operand> in, out;  // outputs are contiguous
  };
  Nest nest;
  std::vector<Argument> arguments;
  std::vector<Callee> callees;
  std::vector<std::int64_t> parameters;
  int trips = kNone;                // the parameter that says how many iterations, where there is no condition
  std::vector<int> scanned_steps;   // parameters: bytes from row to row of a scanned array, to be set
  std::vector<Shape> carries;       // shapes
  std::vector<int> carry_argument;  // for each carry, the argument that is its memory at the end
  std::vector<Shape> collected;     // shapes of rows
  Invariants condition, body;
  std::int64_t cycles = 0;        // of an iteration, roughly
  std::int64_t short_cycles = 0;  // of them, in loops over short rows
};

// Nothing if the loop has no such form. `inputs`: shapes of the body's inputs.
std::optional<LoopNest> lower_loop(const LoopSpec& loop, std::span<const Shape> inputs);

}  // namespace tnp::compiler
