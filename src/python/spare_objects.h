// The Python objects of dead arrays, for the next ones: nanobind's own allocation enters each object into a table and
// the garbage collector's lists, which takes longer than a small operation. An array holds no Python object that a
// cycle could pass through, so the collector need not see it. The GIL guards this.
#pragma once

#include <utility>

#include "python/python.h"

namespace tnp::python {

// Which dead objects keep their T, for those who can use it again; none unless this is specialised.
template <class T>
struct KeptWhole {
  static bool test(const T&) noexcept { return false; }
};

// For objects that hold a T, of one class and none derived from it.
template <class T>
class SpareObjects {
 public:
  // Takes the class's deallocation over, and begins to keep spare objects, until the interpreter ends. Returns where in
  // an object the T lies.
  static std::ptrdiff_t keep(PyTypeObject* type) {
    type_ = type;
    const nb::object probe = nb::inst_alloc(nb::handle(reinterpret_cast<PyObject*>(type)));
    offset_ = reinterpret_cast<char*>(nb::inst_ptr<T>(probe)) - reinterpret_cast<char*>(probe.ptr());
#if !defined(Py_GIL_DISABLED) && !defined(Py_TRACE_REFS)
    deallocate_ = std::exchange(type->tp_dealloc, &deallocate);
    keep_ = type->tp_weaklistoffset > 0;
    nb::module_::import_("atexit").attr("register")(nb::cpp_function(&drop));
#endif
    return offset_;
  }

  // Of an object of the class itself.
  static T& value(PyObject* o) noexcept { return *reinterpret_cast<T*>(reinterpret_cast<char*>(o) + offset_); }

  static PyObject* wrap(T x) {
    if (count_ > 0) {
      PyObject* spare = spare_[--count_];
      Py_SET_REFCNT(spare, 1);
      value(spare) = std::move(x);
      return spare;
    }
    nb::object o = nb::inst_alloc(nb::handle(reinterpret_cast<PyObject*>(type_)));
    new (nb::inst_ptr<T>(o)) T(std::move(x));
    nb::inst_mark_ready(o);
    return o.release().ptr();
  }

  // A new reference to an object whose T passed the test when the last reference to it went; null if there is none.
  static PyObject* take_whole() noexcept {
    if (whole_count_ == 0) return nullptr;
    PyObject* spare = whole_[--whole_count_];
    Py_SET_REFCNT(spare, 1);
    return spare;
  }

 private:
  static void deallocate(PyObject* o) {
    if (Py_TYPE(o) != type_ || !keep_ || !nb::inst_ready(nb::handle(o))) return deallocate_(o);
    PyObject_GC_UnTrack(o);
    PyObject** weak_references = reinterpret_cast<PyObject**>(reinterpret_cast<char*>(o) + type_->tp_weaklistoffset);
    if (*weak_references != nullptr) PyObject_ClearWeakRefs(o);  // runs Python code, which may make arrays
    if (KeptWhole<T>::test(value(o)) && whole_count_ < kMost) {
      whole_[whole_count_++] = o;
      return;
    }
    if (count_ == kMost) return deallocate_(o);
    // Dropped last: what it frees may run Python code, which may make arrays.
    const T dead = std::move(value(o));
    spare_[count_++] = o;
  }

  static void drop() {
    keep_ = false;
    while (count_ > 0) deallocate_(spare_[--count_]);
    while (whole_count_ > 0) deallocate_(whole_[--whole_count_]);
  }

  static constexpr int kMost = 64;
  static inline PyTypeObject* type_ = nullptr;
  static inline destructor deallocate_ = nullptr;
  static inline std::ptrdiff_t offset_ = 0;  // of the T in an object; the same in all of them
  static inline PyObject* spare_[kMost];
  static inline int count_ = 0;
  static inline PyObject* whole_[kMost];
  static inline int whole_count_ = 0;
  static inline bool keep_ = false;
};

}  // namespace tnp::python
