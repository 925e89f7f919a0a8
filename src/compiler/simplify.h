// Passes that make a graph smaller without changing what it gives.
#pragma once

#include "compiler/size_classes.h"
#include "ir/graph.h"

namespace tnp::compiler {

// Each leaves a graph that `verify` accepts. The arguments and captured arrays stay what they were, used or not.

// Identities (a broadcast or a sum to the same shape, a cast to the same type) give way to their input. Which sizes are
// equal depends on `pattern`, too.
void remove_identities(Graph& graph, const SizePattern& pattern = {});
// One of several equal calls stays. Calls with effects are never equal.
void merge_equal(Graph& graph);
// What is computed ahead has at most so many elements.
inline constexpr std::int64_t kMaxFoldedElements = 4096;

// Calls on small captured arrays alone are computed now: their results become further captured arrays. Equal captured
// scalars become one. Gives the inputs (by position) on whose values this relies.
std::vector<int> fold_constants(Graph& graph);
// What neither an output nor an effect nor a size needs goes.
void remove_dead(Graph& graph);

// Whether everything is verified after each pass: the environment variable TNP_VERIFY is 1.
bool always_verifies();

// All of them. With `check` the graph is verified after each, and an error names the pass. Gives what fold_constants
// does.
std::vector<int> simplify(Graph& graph, bool check, bool fold = true);

// Makes a graph smaller by what a pattern of its sizes tells.
void simplify_for(Graph& graph, const SizePattern& pattern);

// The values whose sizes `params` refers to.
void for_each_size_source(const Graph& graph, const Params& params, const std::function<void(int value)>& visit);

}  // namespace tnp::compiler
