// The sub-graphs of control flow: traced inside of whatever is being traced, with all that they use from outside as
// inputs.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "ir/variable.h"

namespace tnp {

struct ArraySpecs {
  std::vector<DType> dtypes;
  std::vector<Shape> shapes;  // -1: a size that the graph does not know
  void push(DType dtype, const Shape& shape) {
    dtypes.push_back(dtype);
    shapes.push_back(shape);
  }
  void push(const Array& x) { push(x.dtype(), x.shape()); }
  std::size_t size() const { return dtypes.size(); }
};

struct SubGraph {
  std::shared_ptr<Graph> graph;  // inputs: the arguments, then what is in `captured`; nothing is captured by itself
  Arrays captured;
  // Read by the body, and where in `captured` the value is that they had at the start.
  std::vector<std::pair<VariableRef, std::size_t>> read;
  // Assigned by the body; their new values are the last outputs, in this order.
  std::vector<VariableRef> assigned;
  int num_results = 0;  // outputs before those
};

// Traces `body`. `carried`: variables whose value at the start is an argument, and which count as assigned.
SubGraph trace_subgraph(const ArraySpecs& arguments, const std::function<Arrays(const Arrays&)>& body,
                        std::span<const std::pair<VariableRef, int>> carried = {});

// Makes what any of the graphs captures inputs of all of them, in one order, which is returned.
Arrays unify_captured(std::span<SubGraph> graphs);

// Adds an output that is input `x`, which becomes captured if it is not.
void add_captured_output(SubGraph& g, const Array& x);

// Refuses an inner graph that is absent, or does not take inputs of these types and ranks (-1: unknown).
struct InnerInput {
  DType dtype;
  int ndim;
};
void check_inner_graph(const char* op, const char* name, const GraphRef& graph, std::span<const InnerInput> inputs);
// An input of a call, of which an inner graph is given an element of the first `axes` axes.
InnerInput inner_input(const char* op, const Array& x, int axes = 0);

// Whether running the graph does more than give its outputs.
bool has_effects(const Graph& graph);

// Drops what no output needs, effects included.
void remove_unused(Graph& graph);

// A size of one of the graph's values, which may be symbolic in the surrounding trace, from the sizes of its inputs;
// kDataDependent if it is not a matter of those. `input_size(i, axis)` gives them, or kDataDependent for one that
// varies.
Dim size_for_inputs(const Graph& graph, Dim d, const std::function<Dim(int, int)>& input_size);

// What the leaves of loop variables and of branches' results are called in errors, on this thread, while it lives: set
// by whoever has them in structures.
class LeafNames {
 public:
  explicit LeafNames(std::function<std::string(std::size_t)> name);
  ~LeafNames();
  LeafNames(const LeafNames&) = delete;
  static std::string of(std::size_t leaf);  // " (['key'])", or nothing

 private:
  std::function<std::string(std::size_t)> name_;
  LeafNames* outer_;
};

}  // namespace tnp
