// Writing past the caches. An ordinary store reads the line that it is about to overwrite, and drives others out of the
// caches: of the memory traffic of an addition of large arrays that is a quarter.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tnp {

// Whether results of so many bytes are better written past the caches.
bool streams(std::int64_t bytes);

// The function that copies so, for the instruction set in use. `to` is aligned to 64 bytes. stream_end() is to follow
// on this thread before others may read.
using StreamCopy = void(std::byte* to, const std::byte* from, std::size_t bytes);
StreamCopy* stream_copy();
void stream_end();

inline constexpr std::int64_t kStreamBlock = 4096;  // bytes: stays in the first-level cache beside the inputs

}  // namespace tnp
