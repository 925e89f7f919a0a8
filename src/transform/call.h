// A compiled graph as one operation, so that tapes and outer traces see a call of a traced function.
#pragma once

#include <memory>

#include "ir/graph.h"

namespace tnp {

class VariableClaims;
struct Call;

namespace compiler {
class NativeLoop;
class Program;
struct LoopSpec;
}  // namespace compiler

// Runs the graph on its arguments and captured arrays: compiled when all is concrete; replayed into the outer trace
// otherwise; recorded with what its gradient needs where a tape watches an input.
Arrays call_graph(const GraphRef& graph, std::span<const Array> inputs);

// The same, where the memory of arguments that are held by `inputs` alone may be taken: of a graph that
// `may_own_arguments` was told of before its first call.
Arrays call_graph_owned(const GraphRef& graph, Arrays inputs, VariableClaims* claims = nullptr);
void may_own_arguments(const GraphRef& graph);
// The same of these inputs, the arrays of Variables that the call assigns, where it may claim them.
void may_take_variables(const GraphRef& graph, const std::vector<int>& inputs);

// The compiled form of a graph, made at first use and kept as long as the graph lives.
std::shared_ptr<compiler::Program> program_of(const GraphRef& graph);
// The same of an inner graph, which is run with arguments that may be given up.
std::shared_ptr<compiler::Program> inner_program_of(const GraphRef& graph);
// An input of an operation: where nobody reads it afterwards the only reference to it, so that its memory may be taken.
Array take_input(const Call& call, std::size_t k);
// The native form of a loop, kept as long as its body's graph lives.
std::shared_ptr<compiler::NativeLoop> native_loop_of(const compiler::LoopSpec& loop);

}  // namespace tnp
