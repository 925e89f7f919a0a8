// A mutable cell that holds an array: tnp.Variable, and the state of random generators.
#pragma once

#include <mutex>
#include <span>
#include <string>

#include "ir/trace.h"

namespace tnp {

class Variable : public std::enable_shared_from_this<Variable> {
 public:
  Variable(const Array& value, std::string name, bool trainable = true);

  // Its value now; while tracing, what stands for it at this point of the program.
  Array read();
  // Throws ValueError where shape or dtype differ from the variable's.
  void assign(const Array& value);

  // The stored value, whatever is being traced.
  Array stored() const;
  void store(const Array& value);
  Array take();  // the stored value, leaving none: so that an update can happen in place
  // Lets f write to the memory of the stored value, row-major; false if somebody else holds that.
  template <class F>
  bool rewrite(F&& f) {
    std::scoped_lock lock(mutex_);
    std::byte* memory = memory_alone();
    if (memory != nullptr) f(memory);
    return memory != nullptr;
  }

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  const std::string& name() const { return name_; }
  bool trainable() const { return trainable_; }

 private:
  friend class VariableClaims;
  std::byte* memory_alone() const;

  mutable std::mutex mutex_;
  Array value_;
  DType dtype_;
  Shape shape_;
  std::string name_;
  bool trainable_;
};

// While it lives, this thread finds these values in place of the stored ones; what it assigns meanwhile replaces them.
class VariableValues {
 public:
  explicit VariableValues(std::vector<std::pair<VariableRef, Array>> values);
  ~VariableValues();
  VariableValues(const VariableValues&) = delete;
  static Array* find(const Variable* variable);  // null if there is none

 private:
  std::vector<std::pair<VariableRef, Array>> values_;
  VariableValues* outer_;
};

// What a run of a compiled function may do with the Variables that it assigns: write over the array that one stores,
// where nobody but the Variable and the run holds it. From `claim` on no other thread can look at these Variables.
class VariableClaims {
 public:
  // `variables` are the arguments of a program from number `first` on.
  VariableClaims(std::span<const VariableRef> variables, std::span<const VariableRef> assigned, int first)
      : variables_(variables), assigned_(assigned), first_(first) {}
  ~VariableClaims();
  VariableClaims(const VariableClaims&) = delete;

  // Whether the arrays of all these arguments may be written over; if not, everything stays as it is.
  bool claim(std::span<const std::pair<int, const Array*>> which);
  bool holds(const Array& x) const;  // whether it is one that may be written over
  // What the Variables are to store at the end.
  void store(std::span<const Array> values);

 private:
  void unlock();

  std::span<const VariableRef> variables_, assigned_;
  int first_;
  bool claimed_ = false;
  std::vector<const detail::Node*> nodes_;  // of the arrays that may be written over
  std::vector<Array> old_;  // released when the Variables are unlocked: releasing memory may run anybody's code
};

// Told of each read of a trainable variable, so that tapes can watch it.
extern thread_local constinit void (*variable_read_hook)(const VariableRef&, const Array& value);

}  // namespace tnp
