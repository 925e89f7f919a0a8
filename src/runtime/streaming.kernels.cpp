// Stores past the caches, of whole registers.
#include <cstddef>
#include <cstring>

#include "base/vector_memory.h"

namespace tnp::TNP_ISA {

void stream_copy(std::byte* to, const std::byte* from, std::size_t bytes) {
  using Bytes = Vec<signed char, kRegisterBytes>;
  const std::size_t whole = bytes & ~std::size_t{4 * kRegisterBytes - 1};
  for (std::size_t i = 0; i < whole; i += 4 * kRegisterBytes) {
    for (std::size_t j = i; j < i + 4 * kRegisterBytes; j += kRegisterBytes) {
      __builtin_nontemporal_store(load_vector<Bytes>(from + j), reinterpret_cast<Bytes*>(to + j));
    }
  }
  std::memcpy(to + whole, from + whole, bytes - whole);
}

}  // namespace tnp::TNP_ISA
