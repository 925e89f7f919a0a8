// A mutable cell that holds an array: tnp.Variable, and the state of random generators.
#pragma once

#include <mutex>
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

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  const std::string& name() const { return name_; }
  bool trainable() const { return trainable_; }

 private:
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

// Told of each read of a trainable variable, so that tapes can watch it.
extern thread_local constinit void (*variable_read_hook)(const VariableRef&, const Array& value);

}  // namespace tnp
