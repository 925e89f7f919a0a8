// Compiled code is kept: in memory for the process, and in files for later processes of the same user.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tnp {

struct KernelCacheInfo {
  // In memory. Functions keep the kernels that they use, whatever becomes of these.
  std::size_t size = 0, limit = 0;
  std::uint64_t hits = 0, misses = 0;
  // In files.
  std::string directory;  // empty: none
  std::uint64_t files = 0, file_bytes = 0, file_limit = 0;
  // Of this process: kernels found in files and not found; files written; files that were no good, and were removed.
  std::uint64_t file_hits = 0, file_misses = 0, stored = 0, rejected = 0;
};

KernelCacheInfo kernel_cache_info();

// Where code is kept in files: a folder "kernels" in `directory`, which nobody but the user may be able to write to.
// Empty, or a limit of 0 bytes: nowhere. At first it is what the environment says: TNP_CACHE_DIR, else
// $XDG_CACHE_HOME/tnp, else ~/.cache/tnp; TNP_CACHE_LIMIT bytes, else 256 MiB. A directory that cannot be used is no
// error.
void set_kernel_cache(const std::string& directory, std::uint64_t limit = std::uint64_t{256} << 20);

// Forgets the kernels in memory; with `files`, removes those in the directory, too.
void clear_kernel_cache(bool files = false);

}  // namespace tnp
