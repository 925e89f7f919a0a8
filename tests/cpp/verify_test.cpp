// The verifiers of graphs and memory plans: what is broken on purpose is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "compiler/fuse.h"
#include "compiler/memory_plan.h"
#include "ir/graph.h"
#include "ir/graph_text.h"

namespace tnp::compiler {
namespace {

Graph sample() {
  const std::shared_ptr<const Graph> g = graph_from_text(R"(graph(%0: float64(n0,), %1: float64(n0,)) {
  %2: float64(n0,) = multiply(%0, %1)
  %3: float64() = reduce_sum(%2) {axes=[0], keepdims=False, dtype=float64}
  %4: float64(n0,) = exp(%2)
  %5: float64() = reduce_sum(%4) {axes=[0], keepdims=False, dtype=float64}
  %6: float64() = add(%3, %5)
  %7: float64(n0,) = add(%4, %6)
  return %7, %3
})",
                                                         {});
  return *g;
}

TEST(VerifyGraph, AcceptsWhatIsRight) { EXPECT_EQ(verify(sample()), ""); }

TEST(VerifyGraph, RefusesWhatIsBroken) {
  struct Case {
    const char* what;
    std::function<void(Graph&)> harm;
    const char* message;
  };
  const Case cases[] = {
      {"another type",
       [](Graph& g) { g.values[static_cast<std::size_t>(g.nodes[0].outputs[0])].dtype = DType::float32; },
       "multiply gives float64"},
      {"another rank", [](Graph& g) { g.values[static_cast<std::size_t>(g.nodes[1].outputs[0])].shape = Shape{3}; },
       "reduce_sum gives"},
      {"an order that reads too early", [](Graph& g) { std::swap(g.nodes[0], g.nodes[2]); }, "before it is computed"},
      {"a cycle", [](Graph& g) { g.nodes[0].inputs[0] = g.nodes[2].outputs[0]; }, "before it is computed"},
      {"a value that nobody computes", [](Graph& g) { g.nodes[2].inputs[0] = 1000; }, "before it is computed"},
      {"a number below zero", [](Graph& g) { g.nodes[2].inputs[0] = -1; }, "before it is computed"},
      {"two of one number", [](Graph& g) { g.nodes[2].outputs[0] = g.nodes[0].outputs[0]; }, "again"},
      {"an input that is computed", [](Graph& g) { g.nodes[2].outputs[0] = g.inputs[0]; }, "again"},
      {"an input twice", [](Graph& g) { g.inputs[1] = g.inputs[0]; }, "repeated"},
      {"a result that there is not", [](Graph& g) { g.outputs[0] = 1000; }, "not computed"},
      {"fewer operands", [](Graph& g) { g.nodes[0].inputs.pop_back(); }, "instead of 2"},
      {"more operands", [](Graph& g) { g.nodes[2].inputs.push_back(g.inputs[0]); }, "instead of 1"},
      {"more results",
       [](Graph& g) {
         g.values.push_back(g.values[0]);
         g.nodes[2].outputs.push_back(static_cast<int>(g.values.size()) - 1);
       },
       "gives 1 results instead of 2"},
      {"no results",
       [](Graph& g) {
         g.nodes[5].outputs.clear();
         g.outputs.erase(g.outputs.begin());
       },
       "instead of 0"},
      {"a node that is gone", [](Graph& g) { g.nodes.erase(g.nodes.begin()); }, "before it is computed"},
      {"more captured arrays than inputs", [](Graph& g) { g.captured.resize(5); }, "captured"},
      {"a captured array of another type", [](Graph& g) { g.captured = {Array(true)}; }, "captured array 0"},
  };
  for (const Case& c : cases) {
    Graph g = sample();
    c.harm(g);
    const std::string wrong = verify(g);
    EXPECT_NE(wrong.find(c.message), std::string::npos) << c.what << ": '" << wrong << "'";
  }
}

struct Planned {
  Graph graph = sample();
  std::vector<Unit> units = partition(graph);
  MemoryPlan plan = plan_memory(graph, units);
};

TEST(VerifyPlan, AcceptsWhatIsRight) {
  const Planned p;
  EXPECT_EQ(verify(p.graph, p.units, p.plan), "");
  const MemoryPlan owned = plan_memory(p.graph, p.units, {0, 1});
  EXPECT_EQ(verify(p.graph, p.units, owned), "");
  EXPECT_EQ(verify(p.graph, p.units, without_owned(owned)), "");
}

// Whatever number of a plan is changed, the verifier sees it, or the plan still is one.
TEST(VerifyPlan, RefusesWhatIsBroken) {
  const Planned p;
  ASSERT_GE(p.plan.steps.size(), 3u);
  int refused = 0;
  const auto try_it = [&](const char* what, const std::function<void(MemoryPlan&)>& harm) {
    MemoryPlan broken = p.plan;
    harm(broken);
    const std::string wrong = verify(p.graph, p.units, broken);
    EXPECT_NE(wrong, "") << what;
    refused += wrong.empty() ? 0 : 1;
  };
  const int last = p.plan.num_inputs + p.plan.num_slots;
  try_it("steps in another order", [](MemoryPlan& m) { std::swap(m.steps.front(), m.steps.back()); });
  try_it("a step fewer", [](MemoryPlan& m) { m.steps.pop_back(); });
  try_it("a result fewer", [](MemoryPlan& m) { m.results.pop_back(); });
  try_it("a result from elsewhere", [](MemoryPlan& m) { m.results[0] = m.results[1]; });
  try_it("a result from nowhere", [&](MemoryPlan& m) { m.results[0] = last; });
  try_it("other inputs", [](MemoryPlan& m) { ++m.num_inputs; });
  try_it("an input given up twice", [](MemoryPlan& m) { m.owned = {0, 0}; });
  try_it("an input given up that is read", [](MemoryPlan& m) { m.owned = {0}; });
  for (std::size_t s = 0; s < p.plan.steps.size(); ++s) {
    const StepPlan& step = p.plan.steps[s];
    for (std::size_t k = 0; k < step.inputs.size(); ++k) {
      try_it("an input from another place", [&](MemoryPlan& m) { m.steps[s].inputs[k] = last; });
      try_it("an input from another place", [&](MemoryPlan& m) { m.steps[s].inputs[k] = -1; });
      if (((step.donated >> k) & 1) == 0)
        try_it("given up, but held or read again", [&](MemoryPlan& m) { m.steps[s].donated |= std::uint64_t{1} << k; });
    }
    for (std::size_t j = 0; j < step.outputs.size(); ++j) {
      try_it("an output nowhere", [&](MemoryPlan& m) { m.steps[s].outputs[j] = -1; });
      try_it("an output in an argument", [&](MemoryPlan& m) { m.steps[s].outputs[j] = 0; });
      try_it("an output beyond all slots", [&](MemoryPlan& m) { m.steps[s].outputs[j] = last; });
    }
    for (std::size_t k = 0; k < step.frees.size(); ++k)
      try_it("freed twice", [&](MemoryPlan& m) { m.steps[s].frees.push_back(m.steps[s].frees[k]); });
    try_it("an argument freed", [&](MemoryPlan& m) { m.steps[s].frees.push_back(0); });
    try_it("inputs fewer", [&](MemoryPlan& m) { m.steps[s].inputs.pop_back(); });
    try_it("memory taken that is not given up", [&](MemoryPlan& m) {
      m.steps[s].donated = 0;
      m.steps[s].reuse = {0};
    });
  }
  // What is still read must not be freed, nor written over.
  for (std::size_t s = 0; s + 1 < p.plan.steps.size(); ++s) {
    for (int place : p.plan.steps[s].outputs) {
      if (place < 0) continue;
      try_it("freed before it is read", [&](MemoryPlan& m) {
        m.steps[s + 1].frees.insert(m.steps[s + 1].frees.begin(), place);
        m.steps[s + 1].frees.push_back(place);
      });
    }
  }
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace tnp::compiler
