#include "compiler/codegen/bitcode.h"

extern "C" {
extern const char tnp_bitcode_nofma_begin[];
extern const char tnp_bitcode_nofma_end[];
extern const char tnp_bitcode_fma_begin[];
extern const char tnp_bitcode_fma_end[];
}

namespace tnp::compiler {

std::span<const char> bitcode(bool fma) noexcept {
  return fma ? std::span<const char>(tnp_bitcode_fma_begin, tnp_bitcode_fma_end)
             : std::span<const char>(tnp_bitcode_nofma_begin, tnp_bitcode_nofma_end);
}

}  // namespace tnp::compiler
