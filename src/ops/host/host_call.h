// host_call: a function of the host language as an operation.
#pragma once

#include <vector>

#include "ir/host_function.h"
#include "ir/params.h"
#include "ir/variable.h"

namespace tnp {

inline constexpr std::int64_t kAnySize = INT64_MAX;  // in a promised shape: whatever comes

struct HostResults {
  std::vector<DType> dtypes;
  std::vector<Shape> shapes;  // of unknown rank, or with kAnySize
};

// Calls `function` on concrete arguments, or records the call. Stateful: every call runs, in program order.
Arrays host_call(const HostRef& function, const Arrays& arguments, const HostResults& promised, bool stateful);

// Throws TypeError unless result k is what was promised.
void check_host_result(const std::string& function, std::size_t k, const Array& result, DType dtype,
                       const Shape& shape);

}  // namespace tnp
