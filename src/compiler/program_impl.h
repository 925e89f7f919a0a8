// What a program consists of, for the files that make and run it.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "compiler/memory_plan.h"
#include "compiler/native_steps.h"
#include "compiler/overwriting.h"
#include "compiler/program.h"
#include "compiler/sized_params.h"
#include "compiler/tile_group.h"

namespace tnp::compiler {

inline bool contains(const std::vector<int>& all, int i) { return std::find(all.begin(), all.end(), i) != all.end(); }

// Where a size that parameters refer to is read: as soon as the value is there.
struct SizeSource {
  int axis;
  int index;  // among the run's sizes
};

struct Step {
  const GraphNode* node = nullptr;                  // a call …
  std::shared_ptr<FusedKernel> kernel;              // … or a fused group
  std::shared_ptr<const TileGroup> tiles;           // … or several, run part by part
  std::shared_ptr<const FusedReduction> reduction;  // … or a fused group and reductions of what it computes
  bool is_group() const { return tiles || reduction; }
  std::vector<int> nodes;
  StepPlan plan;
  bool symbolic_params = false;
  std::shared_ptr<const SizedParams> sized;       // the parameters, if so
  int part = -1;                                  // of complex numbers, which it is a view of: `complex_part`
  std::uint64_t taken = 0;                        // inputs whose memory it takes although a Variable holds them
  std::vector<std::pair<int, SizeSource>> sizes;  // by output
};

// What an input must be; -1: of any rank. Sizes that are the same symbolic dimension must agree.
struct InputCheck {
  DType dtype;
  int ndim;
};
struct SizeCheck {
  int input, axis;
  std::int64_t fixed;  // -1: as another's
  int other_input = 0, other_axis = 0;
};

// The real (0) or imaginary (1) parts, where they lie.
Array part_of_complex(const Array& x, int part);

// The steps for one pattern of sizes. Which sizes are equal decides what can be fused: arguments of an elementwise
// function have sizes of their own when it is traced, and mostly one size when it runs.
struct Program::Plan {
  std::vector<std::uint8_t> pattern;
  std::vector<std::int64_t> sizes;  // of the inputs, of a plan for these alone
  bool usable = false;              // of a plan for certain sizes: it has steps of its own
  bool exact = false;               // no size is worked out in a run
  Graph graph;
  MemoryPlan memory;
  Overwriting overwriting;
  std::vector<Step> steps;
  std::vector<std::pair<int, SizeSource>> input_sizes;  // by input; of captured arrays, too, that a call was folded to
  std::unique_ptr<NativeSteps> native;  // for small arrays of these sizes: all steps at once, when that has paid
  mutable std::atomic<bool> is_native{false};
  mutable std::atomic<std::int64_t> spent_ns{0};  // step by step, roughly
  Plan* next = nullptr;
};

struct Program::Impl {
  Graph graph;
  CompileOptions options;
  int num_given = 0;  // inputs that a run is given; folded constants follow
  int num_inputs = 0;
  std::vector<InputCheck> input_checks;
  std::vector<SizeCheck> checks;
  SizeTable sizes;                                        // of the parameters
  std::map<std::pair<const void*, int>, int> size_index;  // (node, axis) of a leaf whose array is known: among `sizes`
  struct FreeSize {
    Dim dim;
    int input, axis;
  };
  std::vector<FreeSize> free_sizes;  // symbolic sizes of the inputs, each once

  mutable std::mutex mutex;  // plans and `unfolded` are made under it
  mutable std::atomic<Plan*> plans{nullptr};
  mutable std::atomic<int> num_plans{0};
  // Plans for certain sizes of large arrays, with steps run part by part; without steps if there is nothing to gain.
  bool may_tile = false;
  bool may_be_native = false;
  bool symbolic_params = false;  // sizes in them are worked out in each run of a plan for all sizes
  mutable std::atomic<std::size_t> last_sizes{0};
  mutable std::atomic<int> repeats{0};
  mutable std::atomic<Plan*> exact_plans{nullptr};
  mutable std::atomic<int> num_exact_plans{0};

  // For runs with other captured arrays than the graph's: the same graph, nothing folded.
  std::vector<int> folded;  // inputs whose values the graph was simplified with, or is for certain sizes
  std::shared_ptr<const Graph> source;
  mutable std::shared_ptr<Program> unfolded;

  mutable std::vector<std::unique_ptr<PreparedCall>> prepared;
  static constexpr std::size_t kMostReady = 4;
  mutable std::atomic<const PreparedCall*> ready[kMostReady] = {};  // of `prepared`, for run_prepared
  mutable std::atomic<unsigned> short_runs{0};

  ~Impl();
  void index_sizes();
  void make_checks();
  Plan* make_plan(const std::uint8_t* pattern) const;
  void add_steps(Plan& plan, std::vector<Unit> units) const;
  const Plan* plan_for(std::span<const Array> inputs) const;
  const Plan* exact_plan_for(std::span<const Array> inputs) const;
  const Plan* find_exact_plan(std::span<const Array> inputs) const;
  bool copies_owned(const Plan& plan, const std::vector<Unit>& units) const;
  Arrays constants() const;
  bool comes_again(const std::vector<std::int64_t>& sizes) const;
  Plan* make_exact_plan(std::span<const Array> inputs, std::vector<std::int64_t> sizes, bool large) const;
  const Plan* any_plan() const;
  const Program* for_inputs(std::span<const Array> inputs) const;

  PreparedOperand operand(const Plan& plan, int place, std::span<const Array> inputs) const;
  PreparedOperands operands(const Plan& plan, const std::vector<int>& places, std::span<const Array> inputs) const;
  const Plan* settled_plan(std::span<const Array> inputs) const;
  std::unique_ptr<PreparedCall> prepare_views(const Plan& plan, const MemoryPlan& memory,
                                              std::span<const Array> inputs) const;
  std::unique_ptr<PreparedCall> prepare_step(const Plan& plan, const MemoryPlan& memory,
                                             std::span<const Array> inputs) const;
  std::unique_ptr<PreparedCall> prepare_steps(const Plan& plan, const MemoryPlan& memory,
                                              std::span<const Array> inputs) const;
  bool updates_in_place(const Plan& plan, std::span<const Array> inputs) const;
  std::unique_ptr<PreparedCall> make_prepared(const Program& program, const Plan& plan, std::span<const Array> inputs,
                                              bool large) const;
  bool works_on_large(const Plan& plan, std::span<const Array> inputs) const;
  bool is_made_later(const Plan& plan, const Step& step, const std::vector<int>& places,
                     std::span<const Array> inputs) const;

  struct Run;
  bool run_native(const Plan& plan, std::span<const Array> inputs, std::span<Array> results) const;
  void check_inputs(std::span<const Array> inputs) const;
  [[noreturn]] void refuse(int input, const Array& x) const;
  void run_call(const Step& step, Run& run) const;
  void run_fused(const Step& step, Run& run) const;
  void run_group(const Step& step, Run& run) const;
  void claim(Run& run, VariableClaims& claims) const;
  [[noreturn]] void shapes_do_not_fit(const Step& step, Run& run) const;
};

}  // namespace tnp::compiler
