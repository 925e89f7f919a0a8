// Native code for a fused group: what the rest of the compiler knows of code generation.
#pragma once

#include <memory>

#include "compiler/fused_group.h"
#include "runtime/cpu_features.h"

namespace tnp::compiler {

// A compiled row function. Operands are the outputs, then the inputs, contiguous but for the scalars it was compiled
// for; n must be a multiple of `lanes`; context and strides are not looked at.
struct CompiledKernel {
  RowFunction function = nullptr;
  int lanes = 0;
  double compile_ms = 0;
  std::shared_ptr<void> code;  // keeps the memory mapped
};

// Throws RuntimeError where code cannot be made (a system that forbids executable memory).
CompiledKernel compile_kernel(const FusedGroup& group, const OperandMask& scalars, Isa isa);

// What compile_kernel hands to the code generator, as text, for a curious developer: "ir" before and "opt" after the
// passes, or "asm".
std::string kernel_text(const FusedGroup& group, const OperandMask& scalars, Isa isa, std::string_view stage);

// Roughly how long compile_kernel takes, in milliseconds.
double estimated_compile_ms(const FusedGroup& group);

}  // namespace tnp::compiler
