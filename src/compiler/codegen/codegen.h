// Native code for a fused group: what the rest of the compiler knows of code generation.
#pragma once

#include <memory>

#include "compiler/fused_group.h"
#include "compiler/nest/nest.h"
#include "runtime/cpu_features.h"

namespace tnp::compiler {

// Bytes from one scalar to the next, where a kernel finds them.
inline constexpr int kScalarBytes = 16;

// A compiled row function. Operands are the outputs, then the inputs, all contiguous; the scalars that it was compiled
// for lie at `context`, in order, and their operands are not looked at. n must be a multiple of `lanes`.
struct CompiledKernel {
  RowFunction function = nullptr;
  int lanes = 0;
  double compile_ms = 0;
  std::shared_ptr<void> code;  // keeps the memory mapped
};

// Throws RuntimeError where code cannot be made (a system that forbids executable memory). Code is looked for in files
// first, and kept there (code_cache.h).
CompiledKernel compile_kernel(const FusedGroup& group, const OperandMask& scalars, Isa isa);

// Code of an earlier process, if there is some: a fraction of the time that compiling takes.
std::optional<CompiledKernel> stored_kernel(const FusedGroup& group, const OperandMask& scalars, Isa isa);

// What compile_kernel hands to the code generator, as text, for a curious developer: "ir" before and "opt" after the
// passes, or "asm".
std::string kernel_text(const FusedGroup& group, const OperandMask& scalars, Isa isa, std::string_view stage);

struct CompiledNest {
  NestFunction function = nullptr;
  double compile_ms = 0;
  std::shared_ptr<void> code;
};

// As compile_kernel and kernel_text.
CompiledNest compile_nest(const Nest& nest, Isa isa);
std::optional<CompiledNest> stored_nest(const Nest& nest, Isa isa);
std::string nest_text(const Nest& nest, Isa isa, std::string_view stage);

// Roughly how long compile_kernel takes, in milliseconds.
double estimated_compile_ms(const FusedGroup& group);

}  // namespace tnp::compiler
