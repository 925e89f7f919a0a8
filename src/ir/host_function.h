// A function of the host language that a graph calls.
#pragma once

#include <string>

#include "tnp/array.h"

namespace tnp {

class HostFunction {
 public:
  virtual ~HostFunction() = default;
  // May throw anything; it reaches the caller of the graph unchanged.
  virtual Arrays call(const Arrays& arguments) = 0;
  virtual std::string name() const = 0;
};

}  // namespace tnp
