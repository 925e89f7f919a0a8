// Loops of so few iterations, known beforehand, that they are no loops: their bodies, one after the other.
#pragma once

#include <optional>

#include "transform/control/loop.h"

namespace tnp {

// The loop's variables at its end, computed without a loop. Nothing for loops that go over arrays, that have effects,
// whose end only a run tells, or that are long.
std::optional<Arrays> unrolled(const LoopParts& loop);

}  // namespace tnp
