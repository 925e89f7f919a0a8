// The bitcode of the scalar maths of every elementwise operation, embedded by the build (cmake/TnpBitcode.cmake).
#pragma once

#include <span>

namespace tnp::compiler {

// An LLVM bitcode module; `fma`: the flavour for targets with a fused multiply-add. Empty if no operation was built in.
std::span<const char> bitcode(bool fma) noexcept;

}  // namespace tnp::compiler
