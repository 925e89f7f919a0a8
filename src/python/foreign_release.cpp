#include "python/foreign_release.h"

#include <Python.h>

#include <atomic>
#include <new>

namespace tnp::python {

namespace {

struct Waiting {
  void (*release)(void*);
  void* context;
  Waiting* next;
};
std::atomic<Waiting*> g_waiting{nullptr};

bool holds_gil() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  PyThreadState* current = PyThreadState_GetUnchecked();
#else
  PyThreadState* current = _PyThreadState_UncheckedGet();
#endif
  return current != nullptr && current == PyGILState_GetThisThreadState();
}

int release_waiting(void*) {
  Waiting* all = g_waiting.exchange(nullptr, std::memory_order_acquire);
  while (all != nullptr) {
    Waiting* one = all;
    all = all->next;
    one->release(one->context);
    delete one;
  }
  return 0;
}

}  // namespace

void release_with_gil(void (*release)(void*), void* context) noexcept {
  if (!Py_IsInitialized()) return;
  if (holds_gil()) {
    // A release may run any Python code, and the surrounding code may be on its way out with an error.
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    release(context);
    if (g_waiting.load(std::memory_order_relaxed) != nullptr) release_waiting(nullptr);
    PyErr_Restore(type, value, traceback);
    return;
  }
  auto* one = new (std::nothrow) Waiting{release, context, nullptr};
  if (one == nullptr) return;
  one->next = g_waiting.load(std::memory_order_relaxed);
  while (!g_waiting.compare_exchange_weak(one->next, one, std::memory_order_release, std::memory_order_relaxed)) {
  }
  // One call serves all that wait. Where the interpreter's list of calls is full the next release takes this one along.
  if (one->next == nullptr) Py_AddPendingCall(&release_waiting, nullptr);
}

}  // namespace tnp::python
