// The floating-point exceptions of the operations that raise just NumPy's: division by zero, overflow, invalid.
//
// Kernels raise the hardware's sticky flags; each thread's share of a loop collects its own into one word that whoever
// reports warnings (the Python layer, after an eager call) takes.
#pragma once

#include <xmmintrin.h>

#include <atomic>
#include <cstdint>

#include "ops/elementwise/kernel_abi.h"

namespace tnp {

inline constexpr unsigned kFpWatched = kFpInvalid | kFpDivideByZero | kFpOverflow;

// What was raised since it was last taken.
extern constinit std::atomic<unsigned> fp_flags_seen;

inline void note_fp_flags(unsigned raised) {
  if (raised != 0) [[unlikely]]
    fp_flags_seen.fetch_or(raised, std::memory_order_relaxed);
}

class FpFlagsOfThread {
 public:
  explicit FpFlagsOfThread(bool active) : active_(active) {
    if (active_ && (_mm_getcsr() & kFpWatched)) _mm_setcsr(_mm_getcsr() & ~kFpWatched);
  }
  ~FpFlagsOfThread() {
    if (!active_) return;
    note_fp_flags(_mm_getcsr() & kFpWatched);
  }
  FpFlagsOfThread(const FpFlagsOfThread&) = delete;

 private:
  bool active_;
};

}  // namespace tnp
