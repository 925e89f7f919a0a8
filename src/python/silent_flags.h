// For functions that, as NumPy's, do not warn of what happens on the way.
#pragma once

#include "ops/elementwise/fp_status.h"

namespace tnp::python {

// Forgets the floating-point exceptions of what happens meanwhile, as NumPy's errstate(all="ignore").
class SilentFlags {
 public:
  SilentFlags() : before_(fp_flags_seen.load(std::memory_order_relaxed)) {}
  ~SilentFlags() { fp_flags_seen.store(before_, std::memory_order_relaxed); }
  SilentFlags(const SilentFlags&) = delete;

 private:
  unsigned before_;
};

}  // namespace tnp::python
