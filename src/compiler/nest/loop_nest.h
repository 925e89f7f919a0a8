// A loop of graphs as a nest: the whole loop is then one call of native code.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "compiler/nest/loop_graph.h"
#include "compiler/nest/nest.h"

namespace tnp::compiler {

// A loop: graphs over (carries, shared) and (carries, a row of each scanned array, shared), as `transform/control`
// makes them. Without a condition it runs for a number of iterations.
struct LoopSpec {
  GraphRef condition, body;
  int num_carries = 0, num_scanned = 0;
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
      count,      // a number: iterations that there were
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
    // Does it without making arrays: memory of the inputs, then of the outputs. May be absent.
    std::function<void(void* const* memory)> direct;
  };
  Nest nest;
  std::vector<Argument> arguments;
  std::vector<Callee> callees;
  std::vector<std::int64_t> parameters;
  int trips = kNone;  // the parameter that says how many iterations, at most where there is a condition
  // Iterations that are computed so many at a time, of a loop whose number is known, and the parameter that says how
  // often; `trips` are those that are left.
  int block_turns = 1, block_trips = kNone;
  int count = kNone;                // the argument where it is written how many there were
  std::vector<int> scanned_steps;   // parameters: bytes from row to row of a scanned array, to be set
  std::vector<Shape> carries;       // shapes
  std::vector<int> carry_argument;  // for each carry, the argument that is its memory at the end
  std::vector<Shape> collected;     // shapes of rows
  Invariants condition, body;
  std::int64_t cycles = 0;                 // of an iteration, roughly
  int most_small_elements = 0;             // an array of more is not held in registers
  std::int64_t small_cost = 0;             // what code small arrays take
  bool may_strip = false, strips = false;  // whether parts may be, and are, computed row by row
  bool may_end_early = false;              // for an error in what an inner loop may never come to
  bool resumes = false;  // with a condition: an iteration may have no native form, those before and after it do
};

// What a nest is made for.
enum class LoopForm : std::uint8_t {
  any_size,      // other sizes of the same ranks have the same nest
  small_arrays,  // those are in registers, and part of the code
  blocks,        // several turns at a time: takes long to compile
};

// Nothing if the loop has no such form. `inputs`: shapes of the body's inputs.
std::optional<LoopNest> lower_loop(const LoopSpec& loop, std::span<const Shape> inputs, LoopForm form);

}  // namespace tnp::compiler
