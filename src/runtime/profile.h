// Spans of time that a profile consists of, and compilations that take long. While nothing is noted, a span costs one
// relaxed load.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "tnp/profile.h"

namespace tnp {

namespace detail {
extern constinit std::atomic<bool> profiling;
}

inline bool is_profiling() { return detail::profiling.load(std::memory_order_relaxed); }

// From its construction to its end. Categories and names given as `const char*` must live forever.
class ProfileSpan {
 public:
  ProfileSpan(const char* category, const char* name) {
    if (is_profiling()) [[unlikely]]
      begin(category, name);
  }
  // A name that is made only where somebody wants it.
  template <class MakeName>
    requires std::is_invocable_r_v<std::string, MakeName>
  ProfileSpan(const char* category, const MakeName& make_name) {
    if (is_profiling()) [[unlikely]] {
      long_name_ = new std::string(make_name());
      begin(category, nullptr);
    }
  }
  ~ProfileSpan() {
    if (category_) [[unlikely]]
      end();
  }
  ProfileSpan(const ProfileSpan&) = delete;
  ProfileSpan& operator=(const ProfileSpan&) = delete;

  bool on() const { return category_ != nullptr; }
  void add_bytes(std::int64_t n) { bytes_ += n; }  // read and written

 private:
  void begin(const char* category, const char* name);
  void end() noexcept;

  const char* category_ = nullptr;
  const char* name_ = nullptr;
  const std::string* long_name_ = nullptr;
  std::int64_t start_ = 0, bytes_ = 0;
};

// A compilation: a span, and a notice if it took longer than the threshold.
class CompilationSpan {
 public:
  explicit CompilationSpan(const char* what);
  ~CompilationSpan();
  CompilationSpan(const CompilationSpan&) = delete;

 private:
  ProfileSpan span_;
  const char* what_;
  std::int64_t start_;
};

namespace detail {
extern constinit std::atomic<bool> compiled_long;
std::optional<std::string> take_long_compilation();
}  // namespace detail

// The last notice of a compilation that took long, once. Told where it is safe to: those who compile hold locks.
inline std::optional<std::string> long_compilation() {
  if (!detail::compiled_long.load(std::memory_order_relaxed)) return std::nullopt;
  return detail::take_long_compilation();
}
void set_long_compilation(double seconds);  // the threshold; 1 at first

}  // namespace tnp
