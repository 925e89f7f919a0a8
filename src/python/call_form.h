// How the arguments of a call look that are more than arrays in a row: numbers, names, containers, the instance of a
// method. Calls of one form are served by one trace, and a form knows where its arrays are.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compiler/program.h"
#include "ir/stack_arrays.h"
#include "python/array_api.h"
#include "python/python.h"

namespace tnp::python {

// The arrays of a call, in the order in which a trace takes them; they stay alive as long as this does.
class CallLeaves {
 public:
  static constexpr std::size_t kMost = compiler::PreparedCall::kMostArguments;

  CallLeaves() = default;
  ~CallLeaves() { clear(); }
  CallLeaves(const CallLeaves&) = delete;
  void clear() {
    while (count_ > 0) {
      if (PyObject* o = objects_[--count_]) {
        Py_DECREF(o);
      } else {
        const Array dead = Array::adopt(nodes_[count_]);
      }
    }
  }

  std::size_t count() const { return count_; }
  detail::Node* const* nodes() const { return nodes_; }
  Array array(std::size_t i) const { return array_at(nodes_[i]); }
  // A new reference to the array's object.
  PyObject* object(std::size_t i) const {
    if (objects_[i] != nullptr) return Py_NewRef(objects_[i]);
    return wrap(array(i));
  }

  // False where there is no room. Of an object of the class itself.
  bool add_object(PyObject* array) {
    if (count_ == kMost) return false;
    objects_[count_] = Py_NewRef(array);
    nodes_[count_++] = array_of(array).node();
    return true;
  }
  bool add(Array x) {
    if (count_ == kMost) return false;
    objects_[count_] = nullptr;
    nodes_[count_++] = x.release();
    return true;
  }

 private:
  PyObject* objects_[kMost];  // null: nodes_[i] is held instead
  detail::Node* nodes_[kMost];
  std::size_t count_ = 0;
};

class CallForm {
 public:
  // How one call looks. `order`: of its arguments, those by name last, in the order that the trace takes them in;
  // `is_static`: for each of these, whether it counts by its value, whatever it is. `owner`: the instance of a method,
  // which counts by its identity, or null. Null where calls like this can not be told from others by a look alone.
  static std::unique_ptr<const CallForm> make(PyObject* const* given, std::size_t n, PyObject* names,
                                              std::vector<int> order, const std::vector<bool>& is_static,
                                              nb::handle owner);

  // Adds the arrays of a call that looks so, whatever types and sizes they have; false, with some of them added, if it
  // looks otherwise. Runs no code of Python's.
  bool match(PyObject* const* given, std::size_t n, PyObject* names, CallLeaves& leaves) const {
    if (n != positional_) return false;
    if (names != names_.ptr() && !same_names(names)) return false;
    const Part* part = parts_.data();
    for (int i : order_) {
      if (!match(given[i], part, leaves)) return false;
    }
    return true;
  }

  int traverse(visitproc visit, void* arg) const;

 private:
  enum class Kind : std::uint8_t { array, same, equal, weak, tuple, list, dict, dataclass, strict_array };
  // A container comes before what it contains.
  struct Part {
    Kind kind = Kind::array;
    PyTypeObject* type = nullptr;  // which the object is exactly of
    nb::object value;            // that it is or equals; a weak reference to it; a dict's or dataclass's keys; the type
    std::size_t count = 0;       // of what it contains
    unsigned version = 0;        // of a dataclass
    array_api::Device device{};  // of a strict array …
    std::uint64_t flags = 0;     // … and of its namespace
  };

  void add(Kind kind, PyTypeObject* type, nb::object value = {}, Py_ssize_t count = 0);
  bool describe(nb::handle o, bool is_static, int depth);
  bool describe_static(nb::handle o);
  void add_weak(nb::handle o);
  bool describe_dataclass(nb::handle o, int depth);
  bool match(PyObject* o, const Part*& part, CallLeaves& leaves) const {
    if (Py_TYPE(o) == part->type && part->kind == Kind::array) {
      ++part;
      return leaves.add_object(o);
    }
    return match_other(o, part, leaves);
  }
  bool match_other(PyObject* o, const Part*& part, CallLeaves& leaves) const;
  bool match_dict(PyObject* o, const Part*& part, CallLeaves& leaves) const;
  bool match_dataclass(PyObject* o, const Part*& part, CallLeaves& leaves) const;
  bool same_names(PyObject* names) const;

  std::size_t positional_ = 0;
  nb::object names_;  // a tuple; absent: none
  std::vector<int> order_;
  std::vector<Part> parts_;
  std::vector<nb::object> types_;  // of dataclasses
};

}  // namespace tnp::python
