// A graph made runnable: a list of steps, each a call of a primitive or a fused group of elementwise ones.
#pragma once

#include <memory>
#include <string>

#include "compiler/fused_kernel.h"
#include "compiler/prepared_call.h"
#include "ir/graph.h"

namespace tnp {
class VariableClaims;
}

namespace tnp::compiler {

struct CompileOptions {
  JitMode jit = default_jit_mode();
  bool simplify = true;
  bool fold = true;  // compute what depends on captured arrays alone
  bool fuse = true;
  bool own_arguments = false;  // the memory of arguments that run_owned alone holds may be taken
  std::vector<int>
      variables{};      // arguments that Variables hold, which are assigned: so may theirs, where it is claimed
  bool verify = false;  // check the graph after each pass (as TNP_VERIFY=1 does)
};

struct ProgramFacts {
  int steps = 0;
  int fused_groups = 0;      // steps that are fused groups
  int operations = 0;        // of the simplified graph
  int fused_operations = 0;  // of them, those in fused groups
  int compiled_kernels = 0;  // native code that exists now for the groups
};

// May be run by several threads at the same time, and by what it runs itself.
class Program {
 public:
  ~Program();
  Program(const Program&) = delete;

  // `inputs` are the arguments, then the captured arrays of the graph, all concrete or pending. Throws what the
  // operations throw, and ValueError or TypeError where an input is not of the type, rank or fixed size that the graph
  // was traced for.
  Arrays run(std::span<const Array> inputs) const;
  // The same, into `num_results` arrays.
  void run_to(std::span<const Array> inputs, std::span<Array> results) const;
  std::size_t num_results() const;
  // The same; with `own_arguments` the memory of arguments that nobody else holds may be taken.
  Arrays run_owned(Arrays inputs, VariableClaims* claims = nullptr) const;
  // The same; of `inputs` some are left as they were, and some are gone.
  void run_owned_to(std::span<Array> inputs, std::span<Array> results, VariableClaims* claims = nullptr) const;
  // What remains of a run with arguments like these, once it is known how such runs go; null before, and where it would
  // be no quicker. `inputs` as in `run`. It lives as long as the program. `large`: whether large arrays are known to be
  // worked on; then also whether inputs or the sizes in the plan say so. What is large is prepared as views alone.
  const PreparedCall* prepare(std::span<const Array> inputs, bool& large) const;
  // The same as run_owned_to, where most calls are with few small arrays that look like the last ones: what is prepared
  // for those is looked for first, and prepared after some runs.
  void run_short(std::span<Array> inputs, std::span<Array> results) const;
  // Its first half: false, with nothing done, where nothing is prepared for arrays like these.
  bool run_prepared(std::span<const Array> inputs, std::span<Array> results) const;
  // Whether a run may write over the array of this argument, a Variable's.
  bool overwrites(int input) const;

  // Of the plan made last; one without assumptions on sizes if the program has not run.
  std::string str() const;  // the steps
  ProgramFacts facts() const;
  const Graph& graph() const;  // as simplified
  // For each argument, whether it may lie in memory that others write to once a run is over, or meanwhile (lending.h).
  std::vector<bool> may_be_lent() const;

 private:
  friend std::shared_ptr<Program> compile(std::shared_ptr<const Graph>, const CompileOptions&);
  struct Impl;
  struct Plan;
  class PreparedPlan;
  void run_on(std::span<const Array> inputs, Array* owned, std::span<Array> results,
              VariableClaims* claims = nullptr) const;
  void run_steps(const Plan& plan, std::span<const Array> inputs, Array* owned, std::span<Array> results,
                 VariableClaims* claims) const;
  explicit Program(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Captured arrays that are concrete are taken for constants. A run that is given others in their place is right, too,
// but the first such run compiles again.
std::shared_ptr<Program> compile(std::shared_ptr<const Graph> graph, const CompileOptions& options = {});

}  // namespace tnp::compiler
