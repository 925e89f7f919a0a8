// A function of the host language that a graph calls.
#pragma once

#include <memory>
#include <string>

#include "tnp/array.h"

namespace tnp {

class HostFunction {
 public:
  virtual ~HostFunction() = default;
  // May throw anything; it reaches the caller of the graph unchanged.
  virtual Arrays call(const Arrays& arguments) = 0;
  virtual std::string name() const = 0;
  // What takes the `num_arguments` arguments and then the cotangents of the inexact results, and gives the cotangents
  // of the inexact arguments. A cotangent that is zero may be given as a 0-d array. Throws where there is no such
  // function.
  virtual std::shared_ptr<HostFunction> gradient(std::size_t num_arguments) = 0;
};

}  // namespace tnp
