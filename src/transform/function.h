// Traced functions: a body run once on symbolic arrays, and its graph run ever after.
#pragma once

#include <functional>

#include "ir/variable.h"

namespace tnp {

namespace compiler {
class Program;
}

struct ArgumentSpec {
  DType dtype;
  Shape shape;  // -1: a size that may differ from call to call; equal numbers below -1: sizes that are equal
};

struct TracedFunction {
  GraphRef graph;                      // inputs: arguments, variables, captured; outputs: results, assigned variables
  std::vector<VariableRef> variables;  // read by the body: inputs after the arguments
  std::vector<VariableRef> assigned;   // the last outputs are their new values
  int num_results = 0;
  bool takes_variables = false;  // a run may write over arrays that Variables hold

  void find_taken(std::size_t num_arguments);

  // Runs it as a call at this point of the program: reads the variables, assigns those that the body assigns.
  Arrays call(std::span<const Array> arguments) const;
  // The same, where the memory of arguments that nobody else holds may be taken.
  Arrays call_owned(Arrays arguments) const;
  // What runs on the arguments and the captured arrays, where these have values, no Variables are in play and neither
  // a trace nor a tape is in progress. It lives as long as the graph.
  const compiler::Program* program() const;

 private:
  Arrays run(Arrays in, bool owned) const;
};

// Thrown through the body when it needs the number of a symbolic size: trace again with these sizes fixed.
struct NeedsSize {
  std::vector<std::pair<int, int>> places;  // argument, axis
  std::size_t depth = 0;                    // of the trace whose arguments they are: 0 is the outermost
};

// Traces `body`. What it throws passes through, with all tracing state restored.
TracedFunction trace_function(std::span<const ArgumentSpec> arguments,
                              const std::function<Arrays(const Arrays&)>& body);

// How many traces of functions are in progress on this thread.
std::size_t trace_depth();

// Which arguments' sizes a symbolic dimension comes from, those of the innermost function that has any; throws
// TracerError if it comes from data.
NeedsSize places_of(std::int64_t dim);

}  // namespace tnp
