// The typed text form of a graph, and the graph that a text describes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ir/graph.h"

namespace tnp {

// The graph with all that it holds. Captured arrays appear as "const 0", "const 1", …: their values are not in the
// text, but for numbers. Throws TypeError where the graph calls a host function, which no text describes.
std::string graph_text(const Graph& graph);

// The graph that `text` describes; `constants` are what it captured. Throws ValueError, with the line, for what is no
// such text, and whatever the operations' own checks throw.
std::shared_ptr<const Graph> graph_from_text(std::string_view text, const Arrays& constants);

// Makes the parameters of an operation that has no samples to take them from. `graphs`: how many the text gives.
using ParamsFactory = std::shared_ptr<Params> (*)(std::size_t graphs);
struct RegisterParams {
  RegisterParams(const char* op, ParamsFactory make);
};

// Of operations with one kind of parameters.
template <class P>
std::shared_ptr<Params> default_params(std::size_t) {
  return std::make_shared<P>();
}

}  // namespace tnp
