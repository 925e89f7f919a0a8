// A traced function as data: values numbered in order of computation, and the primitives that compute them.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/dim.h"
#include "ir/opdef.h"

namespace tnp {

struct GraphValue {
  DType dtype;
  Shape shape;
};

struct GraphNode {
  const OpDef* op;
  ParamsRef params;
  std::vector<int> inputs, outputs;  // value numbers
  std::string location;
};

// What those who run a graph keep beside it: its program, its gradient. A copy of the graph, which may be changed, has
// none of it.
struct Companion {
  Companion() = default;
  Companion(const Companion&) {}
  Companion& operator=(const Companion&) {
    value.reset();
    return *this;
  }
  std::shared_ptr<void> value;
};

struct Graph {
  std::vector<GraphValue> values;
  std::vector<GraphNode> nodes;  // each after those it reads
  std::vector<int> inputs;       // the arguments, then one for each of `captured`
  std::vector<int> outputs;
  Arrays captured;  // what the function uses from outside: concrete arrays, or values of an enclosing trace
  std::shared_ptr<DimTable> dims;
  std::unordered_map<const void*, int> leaf_values;  // dimension leaf → the value whose size it is

  mutable Companion companion;

  int num_args() const { return static_cast<int>(inputs.size() - captured.size()); }
  std::string str() const;  // graph_text of it; host functions by name
  std::string svg() const;  // a self-contained drawing
};

// Checks every invariant of the form; returns what is wrong, or nothing.
std::string verify(const Graph& graph);

// Runs the graph by applying its primitives one by one, in whatever context this thread is (eager, tracing, taping).
// `inputs` are the arguments and the captured arrays.
Arrays replay(const Graph& graph, std::span<const Array> inputs);

// The value of each symbolic dimension of `graph`, given its values so far.
class DimEnvironment {
 public:
  DimEnvironment(const Graph& graph, const Arrays& values) : graph_(graph), values_(values) {}
  Dim operator()(Dim d) const;
  ParamsRef resolve(const ParamsRef& params) const;
  Shape resolve(const Shape& shape) const;

 private:
  const Graph& graph_;
  const Arrays& values_;
};

}  // namespace tnp
