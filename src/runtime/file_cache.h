// Bytes in files that processes share: what one has worked out at length, the next one finds.
//
// A cache is a directory of the user's with one file for each key. Files appear by renaming, so a reader sees a whole
// file or none, and takes no lock; the one that was used longest ago goes first when there are too many bytes. Nothing
// that is found is believed unchecked, and nothing that fails is an error: the caller then works it out again.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tnp {

class FileCache {
 public:
  // A directory that is made, with mode 0700, when something is stored first. `limit`: bytes of all files together.
  FileCache(std::string directory, std::uint64_t limit) : directory_(std::move(directory)), limit_(limit) {}
  FileCache(const FileCache&) = delete;

  const std::string& directory() const { return directory_; }
  std::uint64_t limit() const { return limit_; }

  // What was stored under the key last, by whichever process; nothing if there is none that is whole. A file that is
  // not what was written is removed.
  std::optional<std::string> load(std::string_view key);
  void store(std::string_view key, std::string_view value) noexcept;
  // For a value that turned out to be of no use.
  void reject(std::string_view key) noexcept;
  void clear() noexcept;

  struct Usage {
    std::uint64_t files = 0, bytes = 0;
  };
  Usage usage() const noexcept;  // looks at the directory

  struct Counts {  // of this process
    std::atomic<std::uint64_t> hits{0}, misses{0}, stores{0}, rejected{0};
  };
  const Counts& counts() const { return counts_; }

  // 16 bytes that depend on all of `bytes`, as hexadecimal digits: a file's name.
  static std::string name_of(std::string_view key);

 private:
  int open_directory(bool make) const;
  void evict(int directory) noexcept;

  const std::string directory_;
  const std::uint64_t limit_;
  Counts counts_;
  std::atomic<std::uint64_t> unseen_{UINT64_MAX};  // bytes stored since the directory was last looked through
};

}  // namespace tnp
