// Functions with a gradient of their own, and functions whose work the gradient does again.
#pragma once

#include <functional>
#include <utility>

#include "ir/opdef.h"
#include "tnp/control.h"

namespace tnp {

// From cotangents of all results to those of all arguments; absent where there is none.
using PullBack = std::function<Arrays(const Arrays&)>;
using CustomFunction = std::function<std::pair<Arrays, PullBack>(const Arrays&)>;

// The results of f(inputs), whose gradient is what f's second result gives. A gradient with respect to what f takes
// from outside is refused when a tape is asked for it.
Arrays custom_gradient(const Arrays& inputs, const CustomFunction& f);

// Which inputs of a recorded call a function with a gradient of its own has taken from outside of its arguments.
std::vector<int> refused_inputs(const OpDef& op, const Params& params, std::size_t num_inputs);

// f(inputs), of which nothing but the inputs is kept for the gradient: that runs f again.
Arrays checkpoint(const ArraysFunction& f, const Arrays& inputs);

}  // namespace tnp
