// A graph for inputs of certain sizes.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ir/graph.h"

namespace tnp::compiler {

// The graph with every size a number, for inputs of these shapes. Nothing if sizes are a matter of data, or if the
// shapes do not fit (running the graph says how). `inner`: so are the graphs of its loops and conditions, where they
// can be.
std::optional<Graph> specialize(const Graph& graph, std::span<const Shape> inputs, bool inner = false);

// The same with `inner`, where slices that a loop's counter decides are `windows` (nest/windows.h), for native code
// alone.
std::optional<Graph> specialize_with_windows(const Graph& graph, std::span<const Shape> inputs);

// The graph, simplified, with the sizes that these shapes tell as numbers, those of data as they were, and what they
// and known inputs decide computed: it becomes further captured arrays. `known`: an array for each input whose value
// may be relied on, absent for the others. Nothing if calls have effects or the shapes do not fit.
std::optional<Graph> specialize_and_fold(const Graph& graph, std::span<const Shape> inputs,
                                         std::span<const Array> known);
// The captured arrays, by number among the inputs, that calls would be computed from if sizes were known.
std::vector<int> foldable_with_sizes(const Graph& graph);

}  // namespace tnp::compiler
