// Operations that nests call on memory, without making arrays of it.
#pragma once

#include "compiler/nest/loop_nest.h"

namespace tnp::compiler {

// Nothing if the operation has no such form for these operands: it is then executed as it is eagerly.
std::function<void(void* const* memory)> direct_call(const LoopNest::Callee& callee);

}  // namespace tnp::compiler
