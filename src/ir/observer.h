// What gradient tapes hook into: after each primitive with a watched input, every active observer is told.
#pragma once

#include <vector>

#include "ir/opdef.h"

namespace tnp {

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void observe(const Call& call, std::span<const Array> outputs) = 0;
};

// The observers of this thread, innermost last. Empty nearly always: `apply` tests only that.
// (initial-exec: read without a call, as the library's thread-local memory is static in any case)
extern thread_local constinit std::vector<Observer*>* active_observers __attribute__((tls_model("initial-exec")));
void push_observer(Observer* observer);
void pop_observer(Observer* observer);

// No observer that is active now hears what this thread does while one of these lives.
class ObserversPaused {
 public:
  ObserversPaused();
  ~ObserversPaused();
  ObserversPaused(const ObserversPaused&) = delete;

 private:
  std::vector<Observer*> saved_;
};

}  // namespace tnp
