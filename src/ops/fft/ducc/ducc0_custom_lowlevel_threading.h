// What ducc0 asks of whoever brings threads of his own. Its functions of threading.h are in fft.ducc.cpp.
#pragma once

#include <mutex>

namespace DUCC0_NAMESPACE {
namespace detail_threading {

using Mutex = std::mutex;
using LockGuard = std::lock_guard<std::mutex>;
using UniqueLock = std::unique_lock<std::mutex>;

// Only a work list that nothing here uses waits.
struct CondVar {
  template <class Predicate>
  void wait(UniqueLock&, Predicate) {}
  void notify_one() noexcept {}
  void notify_all() noexcept {}
};

}  // namespace detail_threading
}  // namespace DUCC0_NAMESPACE
