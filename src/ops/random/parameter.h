// Parameters of distributions that are made of several operations: what the primitives check themselves.
#pragma once

#include "tnp/array.h"

namespace tnp {

enum class ParameterRule : std::uint8_t { non_negative, positive, finite };

// x, if its values obey the rule (a NaN does); else throws ValueError, or OverflowError for what is not finite, which
// says `problem`. Inside a traced function it is checked when the function runs.
Array checked_parameter(const Array& x, ParameterRule rule, const char* problem);
void check_parameter(double x, ParameterRule rule, const char* problem);

}  // namespace tnp
