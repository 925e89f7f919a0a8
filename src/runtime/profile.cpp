#include "runtime/profile.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <utility>
#include <vector>

#include "tnp/error.h"

namespace tnp {

namespace detail {
constinit std::atomic<bool> profiling{false};
constinit std::atomic<bool> compiled_long{false};
}  // namespace detail

namespace {

constexpr std::size_t kMaxEvents = 4 << 20;  // some 400 MiB; later ones are counted only

struct Event {
  const char* category;
  std::string name;
  std::int64_t start, duration, bytes;  // ns
  long thread;
};

struct Profile {
  std::mutex mutex;
  std::vector<Event> events;
  std::uint64_t dropped = 0;
  std::int64_t start = 0;
};

Profile& profile() {
  static auto* p = new Profile;  // outlives every thread
  return *p;
}

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// The thread that forked has another number in the child.
long thread_number() {
  thread_local pid_t process = 0;
  thread_local long number = 0;
  if (const pid_t now = getpid(); now != process) {
    process = now;
    number = syscall(SYS_gettid);
  }
  return number;
}

// What the system calls a thread that still runs.
std::string thread_name(long thread) {
  if (thread == getpid()) return "main thread";
  std::string name;
  if (std::FILE* file = std::fopen(("/proc/self/task/" + std::to_string(thread) + "/comm").c_str(), "r")) {
    char line[64];
    if (std::fgets(line, sizeof line, file)) name = line;
    std::fclose(file);
  }
  while (!name.empty() && name.back() == '\n') name.pop_back();
  const bool readable = std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return name.empty() || !readable ? "thread" : name;
}

void write_text(std::string& out, const std::string& text) {
  out += '"';
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", byte);
      out += code;
    } else {
      out += c;
    }
  }
  out += '"';
}

// Microseconds with all digits of the clock.
void write_time(std::string& out, std::int64_t ns) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%lld.%03lld", static_cast<long long>(ns / 1000),
                static_cast<long long>(ns % 1000));
  out += digits;
}

void write_event(std::string& out, const Event& e, const std::string& process, std::int64_t origin) {
  out += R"({"ph":"X","pid":)" + process + R"(,"tid":)" + std::to_string(e.thread) + R"(,"cat":")" + e.category +
         R"(","name":)";
  write_text(out, e.name);
  out += R"(,"ts":)";
  write_time(out, std::max<std::int64_t>(0, e.start - origin));
  out += R"(,"dur":)";
  write_time(out, e.duration);
  if (e.bytes > 0) out += R"(,"args":{"bytes":)" + std::to_string(e.bytes) + "}";
  out += "}";
}

std::string as_json(const std::vector<Event>& events, std::int64_t origin, std::uint64_t dropped) {
  const std::string process = std::to_string(getpid());
  std::string out = R"({"displayTimeUnit":"ns","otherData":{"dropped":)" + std::to_string(dropped) +
                    R"(},"traceEvents":[)"
                    "\n" +
                    R"({"ph":"M","pid":)" + process + R"(,"name":"process_name","args":{"name":"tnp"}})";
  std::set<long> threads;
  for (const Event& e : events) threads.insert(e.thread);
  for (const long thread : threads) {
    out +=
        ",\n"
        R"({"ph":"M","pid":)" +
        process + R"(,"tid":)" + std::to_string(thread) + R"(,"name":"thread_name","args":{"name":)";
    write_text(out, thread_name(thread));
    out += "}}";
  }
  for (const Event& e : events) {
    out += ",\n";
    write_event(out, e, process, origin);
  }
  return out + "\n]}\n";
}

}  // namespace

void start_profile() {
  Profile& p = profile();
  const std::lock_guard lock(p.mutex);
  if (is_profiling()) throw RuntimeError("profile: one is in progress, and there is one at a time");
  p.events.clear();
  p.dropped = 0;
  p.start = now();
  detail::profiling.store(true, std::memory_order_relaxed);
}

std::string stop_profile() {
  Profile& p = profile();
  std::vector<Event> events;
  std::int64_t origin = 0;
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(p.mutex);
    if (!is_profiling()) throw RuntimeError("profile: none is in progress");
    detail::profiling.store(false, std::memory_order_relaxed);
    events.swap(p.events);
    origin = p.start;
    dropped = p.dropped;
  }
  // What surrounds comes before what is inside.
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.start != b.start ? a.start < b.start : a.duration > b.duration;
  });
  return as_json(events, origin, dropped);
}

void ProfileSpan::begin(const char* category, const char* name) {
  category_ = category;
  name_ = name;
  start_ = now();
}

void ProfileSpan::end() noexcept {
  const std::int64_t duration = now() - start_;
  const std::unique_ptr<const std::string> long_name(long_name_);
  Profile& p = profile();
  const std::lock_guard lock(p.mutex);
  if (!is_profiling() || start_ < p.start) return;  // of a profile that has ended
  try {
    if (p.events.size() < kMaxEvents) {
      p.events.push_back(
          {category_, name_ ? std::string(name_) : *long_name, start_, duration, bytes_, thread_number()});
      return;
    }
  } catch (const std::bad_alloc&) {
  }
  ++p.dropped;
}

// --- compilations that take long

namespace {

std::atomic<std::int64_t> g_long_ns{1'000'000'000};
std::mutex g_notice_mutex;
std::string g_notice;

}  // namespace

CompilationSpan::CompilationSpan(const char* what) : span_("compilation", what), what_(what), start_(now()) {}

CompilationSpan::~CompilationSpan() {
  const std::int64_t took = now() - start_;
  if (took < g_long_ns.load(std::memory_order_relaxed)) return;
  char text[160];
  std::snprintf(text, sizeof text, "compiling %s took %.1f s; it is kept for later calls", what_,
                1e-9 * static_cast<double>(took));
  const std::lock_guard lock(g_notice_mutex);
  try {
    g_notice = text;
    detail::compiled_long.store(true, std::memory_order_relaxed);
  } catch (const std::bad_alloc&) {
  }
}

void set_long_compilation(double seconds) {
  g_long_ns.store(static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e9) * 1e9), std::memory_order_relaxed);
}

namespace detail {

std::optional<std::string> take_long_compilation() {
  const std::lock_guard lock(g_notice_mutex);
  compiled_long.store(false, std::memory_order_relaxed);
  if (g_notice.empty()) return std::nullopt;
  return std::exchange(g_notice, {});
}

}  // namespace detail

}  // namespace tnp
