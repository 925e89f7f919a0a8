// Rows of an array, by their numbers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tnp {

// Of an array of `size` rows of `bytes` bytes, all without gaps, those that n indices name; false where one is out of
// bounds. Null: there is no such function for rows of this size.
using TakeRows = bool (*)(const std::byte* from, const std::int64_t* index, std::int64_t size, std::int64_t n,
                          std::byte* to);
TakeRows take_rows_of(std::int64_t bytes);

}  // namespace tnp
