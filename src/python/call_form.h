// How the arguments of a call look that are more than arrays in a row: numbers, names, containers, the instance of a
// method. Calls of one form are served by one trace, and a form knows where its arrays are.
#pragma once

#include <bitset>
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
    lent_.reset();
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
    return wrap(own(i));
  }
  // The array, in memory that nobody writes to.
  Array own(std::size_t i) const { return lent_[i] ? copy(array(i)) : array(i); }
  // After a run: results that show lent memory, or would yet read it, get memory of their own.
  void settle(std::span<Array> results) const {
    if (lent_.any()) settle_lent(results);
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
  // Of memory whose owner may write to it after the call.
  bool add_lent(Array x) {
    if (count_ == kMost) return false;
    lent_.set(count_);
    return add(std::move(x));
  }

 private:
  void settle_lent(std::span<Array> results) const;
  Array settled(const Array& x) const;

  PyObject* objects_[kMost];  // null: nodes_[i] is held instead
  detail::Node* nodes_[kMost];
  std::size_t count_ = 0;
  std::bitset<kMost> lent_;
};

class CallForm {
 public:
  // How one call looks. `order`: of its arguments, those by name last, in the order that the trace takes them in;
  // `is_static`: for each of these, whether it counts by its value, whatever it is. `owner`: the instance of a method,
  // which counts by its identity, or null. `lent`: for each array, whether it may lie in memory of NumPy's for the time
  // of the call. Null where calls like this can not be told from others by a look alone.
  static std::unique_ptr<const CallForm> make(PyObject* const* given, std::size_t n, PyObject* names,
                                              std::vector<int> order, const std::vector<bool>& is_static,
                                              nb::handle owner, const std::vector<bool>& lent);

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
  // Whether the arrays of a call are others than what it is given.
  bool converts() const { return converts_; }

 private:
  enum class Kind : std::uint8_t {
    array,
    derived,  // an array of a class that is derived from the array class
    numpy,
    numpy_scalar,
    same,
    equal,
    weak,
    slice,
    tuple,
    list,
    dict,
    dataclass,
    strict_array
  };
  // A container comes before what it contains.
  struct Part {
    Kind kind = Kind::array;
    PyTypeObject* type = nullptr;  // which the object is exactly of
    nb::object value;            // that it is or equals; a weak reference to it; a dict's or dataclass's keys; the type
    std::size_t count = 0;       // of what it contains
    unsigned version = 0;        // of a dataclass
    array_api::Device device{};  // of a strict array …
    std::uint64_t flags = 0;     // … and of its namespace
    bool lent = false;           // of an array of NumPy's: its memory serves, and is not copied
  };

  void add(Kind kind, PyTypeObject* type, nb::object value = {}, Py_ssize_t count = 0);
  bool describe(nb::handle o, bool is_static, int depth);
  bool describe_static(nb::handle o);
  bool describe_array(PyObject* o);
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
  std::vector<bool> may_be_lent_;  // by number of the array
  std::size_t num_arrays_ = 0;
  bool converts_ = false;
};

}  // namespace tnp::python
