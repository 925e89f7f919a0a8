// Host functions that are made of tnp's operations, and so have gradients.
#pragma once

#include "ir/host_function.h"
#include "ir/variable.h"
#include "tnp/control.h"

namespace tnp {

// f as a host function with gradients of any order: the gradient runs f again, under a tape. The last arguments are the
// values of `variables`, which f finds when it reads those.
std::shared_ptr<HostFunction> differentiable_host_function(ArraysFunction f, std::string name,
                                                           std::vector<VariableRef> variables = {});

}  // namespace tnp
