#pragma once

#include <string>

#include "tnp/array.h"

namespace tnp {

// x; ValueError(message) when the run finds a false element in the condition.
Array require(const Array& x, const Array& condition, const std::string& message);

}  // namespace tnp
