#include "runtime/file_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

namespace tnp {

namespace {

constexpr std::size_t kMaxFile = std::size_t{64} << 20;
constexpr std::size_t kNameDigits = 32;
constexpr std::string_view kTemporary = "new-";
constexpr std::int64_t kAbandonedSeconds = 600;  // a temporary file that old is nobody's

using Hash = std::array<std::uint64_t, 2>;

// XXH3 (Collet), 128 bits: finds what disks and other programs do to files, not what an attacker would (`is_trusted`).
class Hasher {
 public:
  explicit Hasher(std::uint64_t seed) { XXH3_128bits_reset_withSeed(&state_, seed); }
  void add(const void* data, std::size_t n) { XXH3_128bits_update(&state_, data, n); }
  Hash finish() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(&state_);
    return {hash.low64, hash.high64};
  }

 private:
  XXH3_state_t state_ = {};  // which reset reads
};

// A file: this, the key, the value.
struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t key_bytes;
  std::uint64_t value_bytes;
  Hash checksum;  // of all that is before and after it
};
constexpr char kMagic[8] = {'t', 'n', 'p', 'c', 'a', 'c', 'h', 'e'};
constexpr std::uint32_t kVersion = 1;

Hash checksum_of(const Header& header, std::string_view key, std::string_view value) {
  Hasher hash(1);
  hash.add(&header, offsetof(Header, checksum));
  hash.add(key.data(), key.size());
  hash.add(value.data(), value.size());
  return hash.finish();
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Whether nobody but the user (or root) can have put it there: it will be run.
bool is_trusted(const struct stat& s) {
  return (s.st_uid == ::geteuid() || s.st_uid == 0) && (s.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool make_directories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    if (::mkdir(path.substr(0, end).c_str(), 0700) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
      return false;
    if (end == std::string::npos) return true;
  }
}

// The whole of a file; nothing if it cannot be read, or is no plain file of a sensible size.
std::optional<std::string> read_whole(int fd) {
  struct stat s;
  if (::fstat(fd, &s) != 0 || !S_ISREG(s.st_mode) || !is_trusted(s)) return std::nullopt;
  if (s.st_size < 0 || static_cast<std::uint64_t>(s.st_size) > kMaxFile) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(s.st_size), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

bool write_whole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// The value in a file, if the file is one of ours for this key, to the last bit.
bool take_value(std::string& bytes, std::string_view key) {
  Header header;
  if (bytes.size() < sizeof header) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.version != kVersion) return false;
  const std::string_view rest = std::string_view(bytes).substr(sizeof header);
  if (header.key_bytes != key.size() || rest.size() < key.size() || header.value_bytes != rest.size() - key.size())
    return false;
  if (rest.substr(0, key.size()) != key) return false;
  if (checksum_of(header, key, rest.substr(key.size())) != header.checksum) return false;
  bytes.erase(0, sizeof header + key.size());
  return true;
}

bool is_ours(std::string_view name) {
  if (name.starts_with(kTemporary)) return true;
  return name.size() == kNameDigits && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct Found {
  std::string name;
  std::uint64_t bytes;
  std::int64_t seconds, nanoseconds;  // of the last use
};

// The files of a cache; others that lie in its directory are not looked at.
std::vector<Found> files_in(int directory) {
  std::vector<Found> files;
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);  // with a position of its own
  DIR* stream = copy >= 0 ? ::fdopendir(copy) : nullptr;
  if (stream == nullptr) {
    if (copy >= 0) ::close(copy);
    return files;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> closed(stream, &::closedir);
  while (const dirent* entry = ::readdir(stream)) {
    struct stat s;
    if (!is_ours(entry->d_name)) continue;
    if (::fstatat(directory, entry->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0) continue;  // another process removed it
    files.push_back({entry->d_name, static_cast<std::uint64_t>(std::max<off_t>(s.st_size, 0)), s.st_mtim.tv_sec,
                     s.st_mtim.tv_nsec});
  }
  return files;
}

std::string hex(const Hash& hash) {
  constexpr char digits[] = "0123456789abcdef";
  std::string s;
  for (const std::uint64_t h : hash) {
    for (int shift = 60; shift >= 0; shift -= 4) s += digits[h >> shift & 15];
  }
  return s;
}

}  // namespace

std::string FileCache::name_of(std::string_view key) {
  Hasher hash(2);
  hash.add(key.data(), key.size());
  return hex(hash.finish());
}

// Opened for each use: a descriptor that is kept may be closed by others, and be another file then.
int FileCache::open_directory(bool make) const {
  const auto open = [&] { return ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); };
  Descriptor fd(open());
  if (!fd && make && make_directories(directory_)) return FileCache::open_directory(false);
  struct stat s;
  if (!fd || ::fstat(fd.get(), &s) != 0 || !is_trusted(s)) return -1;
  return fd.release();
}

std::optional<std::string> FileCache::load(std::string_view key) {
  const auto miss = [&] {
    counts_.misses.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  };
  const Descriptor directory(open_directory(false));
  if (!directory) return miss();
  const std::string name = name_of(key);
  const Descriptor file(::openat(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return miss();
  std::optional<std::string> bytes = read_whole(file.get());
  if (!bytes || !take_value(*bytes, key)) {
    counts_.rejected.fetch_add(1, std::memory_order_relaxed);
    ::unlinkat(directory.get(), name.c_str(), 0);
    return miss();
  }
  const timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  ::futimens(file.get(), now);  // used last; where that may not be written, nothing is evicted either
  counts_.hits.fetch_add(1, std::memory_order_relaxed);
  return bytes;
}

void FileCache::store(std::string_view key, std::string_view value) noexcept try {
  Header header{};
  const std::uint64_t total = sizeof header + key.size() + value.size();
  if (total > kMaxFile || total > limit_ / 4) return;
  const Descriptor directory(open_directory(true));
  if (!directory) return;
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.key_bytes = static_cast<std::uint32_t>(key.size());
  header.value_bytes = value.size();
  header.checksum = checksum_of(header, key, value);
  Hash random;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) return;
  const std::string temporary = std::string(kTemporary) + hex(random);
  const Descriptor file(
      ::openat(directory.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return;
  const bool written = write_whole(file.get(), {reinterpret_cast<const char*>(&header), sizeof header}) &&
                       write_whole(file.get(), key) && write_whole(file.get(), value);
  if (!written || ::renameat(directory.get(), temporary.c_str(), directory.get(), name_of(key).c_str()) != 0) {
    ::unlinkat(directory.get(), temporary.c_str(), 0);
    return;
  }
  counts_.stores.fetch_add(1, std::memory_order_relaxed);
  // Other processes store, too: the directory is looked through when this one has added some part of the bound.
  const std::uint64_t before = unseen_.load(std::memory_order_relaxed);
  const std::uint64_t unseen = before == UINT64_MAX ? before : before + total;
  unseen_.store(unseen, std::memory_order_relaxed);
  if (unseen > limit_ / 64) evict(directory.get());
} catch (...) {  // no memory
}

// Removes what was used longest ago until there is some room below the bound, for what others store meanwhile.
void FileCache::evict(int directory) noexcept try {
  unseen_.store(0, std::memory_order_relaxed);
  std::vector<Found> files = files_in(directory);
  const std::int64_t now = ::time(nullptr);
  std::uint64_t total = 0;
  for (const Found& f : files) {
    if (f.name.starts_with(kTemporary) && f.seconds < now - kAbandonedSeconds) {
      ::unlinkat(directory, f.name.c_str(), 0);
    } else {
      total += f.bytes;
    }
  }
  if (total <= limit_ - limit_ / 8) return;
  std::sort(files.begin(), files.end(), [](const Found& a, const Found& b) {
    return std::pair(a.seconds, a.nanoseconds) < std::pair(b.seconds, b.nanoseconds);
  });
  for (const Found& f : files) {
    if (total <= limit_ - limit_ / 4) return;
    if (f.name.starts_with(kTemporary)) continue;
    ::unlinkat(directory, f.name.c_str(), 0);
    total -= std::min(total, f.bytes);
  }
} catch (...) {
}

void FileCache::reject(std::string_view key) noexcept try {
  counts_.rejected.fetch_add(1, std::memory_order_relaxed);
  const Descriptor directory(open_directory(false));
  if (directory) ::unlinkat(directory.get(), name_of(key).c_str(), 0);
} catch (...) {
}

void FileCache::clear() noexcept try {
  const Descriptor directory(open_directory(false));
  if (!directory) return;
  for (const Found& f : files_in(directory.get())) ::unlinkat(directory.get(), f.name.c_str(), 0);
} catch (...) {
}

FileCache::Usage FileCache::usage() const noexcept try {
  Usage usage;
  const Descriptor directory(open_directory(false));
  if (!directory) return usage;
  for (const Found& f : files_in(directory.get())) {
    ++usage.files;
    usage.bytes += f.bytes;
  }
  return usage;
} catch (...) {
  return {};
}

}  // namespace tnp
