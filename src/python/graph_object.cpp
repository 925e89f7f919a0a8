// tnp.Graph: a traced function's graph as text, as a drawing, as a function.
#include "python/graph_object.h"

#include "ir/graph_text.h"
#include "tnp/error.h"
#include "transform/call.h"

namespace tnp::python {

void bind_graph(nb::module_& m) {
  m.def(
      "graph_from_text",
      [](const std::string& text, nb::sequence constants) {
        Arrays captured;
        for (nb::handle c : constants) captured.push_back(as_array(c.ptr()));
        return PyGraph{graph_from_text(text, captured)};
      },
      nb::arg("text"), nb::arg("constants") = nb::tuple(),
      "The graph that a text describes; constants: the arrays that it calls const 0, const 1, …");
  auto graph =
      nb::class_<PyGraph>(m, "Graph",
                          "The graph of a traced function: prints as text that graph_from_text reads, and draws "
                          "itself in a notebook.");
  graph.attr("__module__") = "tnp";
  graph.def("__str__", [](const PyGraph& g) { return g.graph->str(); });
  graph.def(
      "text", [](const PyGraph& g) { return graph_text(*g.graph); },
      "What is printed. TypeError where the graph calls a host function, which graph_from_text could not read.");
  graph.def_prop_ro(
      "constants", [](const PyGraph& g) { return to_python(g.graph->captured); },
      "The arrays that the function uses from outside.");
  graph.def(
      "__call__",
      [](const PyGraph& g, nb::args args) {
        Arrays in;
        for (nb::handle a : args) in.push_back(as_array(a.ptr()));
        if (in.size() != static_cast<std::size_t>(g.graph->num_args())) {
          throw TypeError("a graph of " + std::to_string(g.graph->num_args()) + " arguments was called with " +
                          std::to_string(in.size()));
        }
        in.insert(in.end(), g.graph->captured.begin(), g.graph->captured.end());
        return to_python(call_graph(g.graph, in));
      },
      "Its results, as a list.");
  graph.def("__repr__", [](const PyGraph& g) { return g.graph->str(); });
  graph.def("_repr_svg_", [](const PyGraph& g) { return g.graph->svg(); });
  graph.def("svg", [](const PyGraph& g) { return g.graph->svg(); }, "A self-contained SVG drawing.");
  graph.def_prop_ro("num_operations", [](const PyGraph& g) { return g.graph->nodes.size(); });
  graph.def_prop_ro(
      "operations",
      [](const PyGraph& g) {
        nb::list names;
        for (const GraphNode& n : g.graph->nodes) names.append(n.op->name);
        return names;
      },
      "The names of its operations, in order.");
}

}  // namespace tnp::python
