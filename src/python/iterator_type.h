// Classes of iterators: Python objects around a C++ value. Making one costs no more than its value does, as dead
// objects serve the next ones.
#pragma once

#include <new>
#include <utility>

#include "python/python.h"

namespace tnp::python {

template <class T>
class IteratorType {
  struct Object {
    PyObject_HEAD T value;
  };

 public:
  // `make` is what a call of the class does; null: Python can not make one. The first line of `doc` is the signature.
  static nb::object define(const char* name, const char* doc, vectorcallfunc make, std::vector<PyType_Slot> slots) {
    slots.push_back({Py_tp_dealloc, reinterpret_cast<void*>(&deallocate)});
    slots.push_back({Py_tp_doc, const_cast<char*>(doc)});
    slots.push_back({0, nullptr});
    PyType_Spec spec = {name, static_cast<int>(sizeof(Object)), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots.data()};
    nb::object type = nb::steal(PyType_FromSpec(&spec));
    if (!type.is_valid()) throw nb::python_error();
    type_ = reinterpret_cast<PyTypeObject*>(type.ptr());
    type_->tp_vectorcall = make;
    Py_INCREF(type.ptr());
    return type;
  }

  static nb::object make(T value) {
    Object* o;
    if (count_ > 0) {
      o = spare_[--count_];
      Py_SET_REFCNT(reinterpret_cast<PyObject*>(o), 1);
    } else {
      o = PyObject_New(Object, type_);
      if (o == nullptr) throw nb::python_error();
    }
    new (&o->value) T(std::move(value));
    return nb::steal(reinterpret_cast<PyObject*>(o));
  }

  static T& of(PyObject* self) noexcept { return reinterpret_cast<Object*>(self)->value; }
  static bool is(PyObject* o) noexcept { return Py_TYPE(o) == type_; }

 private:
  static void deallocate(PyObject* self) {
    auto* o = reinterpret_cast<Object*>(self);
    o->value.~T();  // what it frees may run Python code, which may make iterators
    if (count_ < kMost) {
      spare_[count_++] = o;
      return;
    }
    PyObject_Free(self);
    Py_DECREF(reinterpret_cast<PyObject*>(type_));
  }

  static constexpr int kMost = 8;
  static inline PyTypeObject* type_ = nullptr;
  static inline Object* spare_[kMost];
  static inline int count_ = 0;
};

// A slot or method.
template <class F>
PyObject* iterator_call(F&& f) noexcept {
  return guarded([&]() -> PyObject* {
    if constexpr (std::is_same_v<decltype(f()), PyObject*>) {
      return f();
    } else {
      return f().release().ptr();
    }
  });
}

// F: nb::object or PyObject* (T&), as a getter and as a method without arguments.
template <class T, auto F>
PyObject* iterator_getter(PyObject* self, void*) {
  return iterator_call([self] { return F(IteratorType<T>::of(self)); });
}
template <class T, auto F>
PyObject* iterator_method(PyObject* self, PyObject*) {
  return iterator_call([self] { return F(IteratorType<T>::of(self)); });
}
template <class T, auto F>
PyObject* iterator_slot(PyObject* self) {
  return iterator_call([self] { return F(IteratorType<T>::of(self)); });
}

// What a TNP_FUNCTION makes of the arguments, as the call of a class.
template <PyObject* (*Function)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*)>
PyObject* construct_by(PyObject*, PyObject* const* args, std::size_t flagged, PyObject* names) {
  return Function(nullptr, args, PyVectorcall_NARGS(flagged), names);
}

}  // namespace tnp::python
