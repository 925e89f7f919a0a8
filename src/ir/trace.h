// Recording a function into a graph.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/dim.h"
#include "ir/graph.h"

namespace tnp {

class Variable;
struct Expr;
using VariableRef = std::shared_ptr<Variable>;

class Trace {
 public:
  Trace();
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  // A symbolic argument. Sizes given as -1 become symbolic dimensions.
  Array add_input(DType dtype, Shape shape);
  Arrays record(const OpDef& op, std::span<const Array> in, const Params& params);
  // The graph of what `outputs` and the effects need. `split`: how many of its nodes were among the first `split_at`
  // recorded ones.
  std::unique_ptr<Graph> finish(std::span<const Array> args, std::span<const Array> outputs, std::size_t split_at = 0,
                                std::size_t* split = nullptr);
  std::size_t num_recorded() const { return recorded_.size(); }

  // The value that a variable has at this point of the traced program.
  Array read(const VariableRef& variable);
  void assign(const VariableRef& variable, const Array& value);
  struct VariableState {
    VariableRef variable;
    Array initial;  // what stands for its value at the start; absent if it was assigned before any read
    Array current;
    bool assigned = false;
  };
  const std::vector<VariableState>& variables() const { return variables_; }

  std::uint64_t id() const { return id_; }
  Trace* parent() const { return parent_; }
  const std::shared_ptr<DimTable>& dims() const { return dims_; }

 private:
  VariableState* find(const Variable* variable);

  std::uint64_t id_;
  Trace* parent_;
  std::shared_ptr<DimTable> dims_;
  Arrays inputs_;
  std::vector<Array> recorded_;  // output 0 of each recorded operation, in program order (keeps all of them alive)
  Arrays keep_alive_;
  std::vector<VariableState> variables_;
};

// The innermost trace that this thread is recording, or null. A Trace records from construction to destruction.
extern thread_local constinit Trace* current_trace __attribute__((tls_model("initial-exec")));

// Computes at once, though a trace is being recorded: for constants.
class TracePaused {
 public:
  TracePaused() : saved_(current_trace) { current_trace = nullptr; }
  ~TracePaused() { current_trace = saved_; }
  TracePaused(const TracePaused&) = delete;

 private:
  Trace* saved_;
};

// Gives the user's current source line; set by the Python layer.
extern std::string (*source_location)();

// Told of a symbolic value that is asked for, before the error; may throw to have its function traced again.
extern void (*symbolic_value_hook)(const Expr& expr);

// Throws TracerError if this thread may not use `x` (its trace has ended).
void check_usable(const Array& x);

}  // namespace tnp
