// What a traced function costs, and which updates it can not make in place.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "transform/function.h"

namespace tnp {

// Each update of an array (x.at[i].set(v)), and each array that a loop begins with, that is copied first, with the
// user's line and the reason. `donated`: arguments that the caller gives up.
std::vector<std::string> copies_of(const TracedFunction& f, const std::vector<bool>& donated = {});

struct Cost {
  int operations = 0, steps = 0, kernels = 0, fused_operations = 0;
  std::int64_t argument_bytes = 0;
  std::optional<std::int64_t> result_bytes;     // absent where sizes depend on data
  std::optional<std::int64_t> operation_bytes;  // read and written if each operation went through memory
};
Cost cost_of(const TracedFunction& f, const Arrays& arguments);

}  // namespace tnp
