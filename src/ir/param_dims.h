// The symbolic dimensions among an operation's parameters, to be written.
#pragma once

#include <functional>

#include "base/dim.h"
#include "ir/params.h"

namespace tnp {

void visit_symbolic_dims(Params& params, const std::function<void(Dim&)>& visit);

}  // namespace tnp
