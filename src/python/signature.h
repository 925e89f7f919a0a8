// What the arguments of a call to a traced function are to its traces: arrays, and a key for everything else.
#pragma once

#include <functional>

#include "ir/variable.h"
#include "python/pytree.h"

namespace tnp::python {

// A leaf that is traced: an array, NumPy's too.
bool is_traced_leaf(nb::handle leaf);
// An object that is equal to nothing but itself: what is known of it need not keep it alive.
bool is_compared_by_identity(nb::handle leaf);
// Whether an object of this type is an argument by its identity: no array, no container.
bool is_instance(PyObject* o);
// The same for the instance of a method, which may compare in any way.
bool is_owner(PyObject* o);

// An argument that the user has declared to be static.
struct PyStatic {
  nb::object value;
};
inline nb::object static_value(const nb::object& leaf) {
  return nb::isinstance<PyStatic>(leaf) ? nb::cast<PyStatic&>(leaf).value : leaf;
}

// What arguments a trace serves: for each array its type and its rank, and for what is no array an object that
// compares.
struct Signature {
  std::vector<std::uint16_t> arrays;
  nb::object statics;  // absent where all arguments are arrays in a row
  nb::object owner;    // a weak reference to the instance before them, whose method is called
  // The Variables whose addresses are in the key: none is reused while it is known here.
  std::vector<std::weak_ptr<Variable>> variables;
  std::vector<nb::object> weak;  // weak references in the key

  bool operator==(const Signature& other) const;
  // Whether no call can have this signature any more, as an object in its key is gone.
  bool is_dead() const;
};

// How the arguments of signature b differ from those of a, in words.
std::string difference(const Signature& a, const Signature& b);

// What an array is in a signature: its type and its rank.
inline std::uint16_t array_code(DType dtype, int ndim) {
  return static_cast<std::uint16_t>(static_cast<int>(dtype) << 8 | ndim);
}

// One call's arguments, sorted into arrays (traced) and the rest (part of the signature).
struct Arguments {
  Arrays arrays;
  Signature signature;
};

// Any nesting of containers; `tree` puts the call together again for tracing.
struct Flattened {
  PyTree tree;
  std::vector<nb::object> leaves;
  std::vector<bool> traced;
};

// The short way of a call whose arguments are arrays in a row, after an object known by its identity (a method's
// instance) if there is one; false if one is not. is_method: whether the first argument is such an instance.
bool plain_arguments(nb::handle args, nb::handle kwargs, bool is_method, Arguments& out);
Flattened flatten_arguments(nb::handle args, nb::handle kwargs);
// owner: the instance among the arguments whose method is called, or null. parameters: names for errors.
void general_arguments(const Flattened& f, nb::handle owner,
                       const std::function<std::vector<std::string>()>& parameters, Arguments& out);

// The arguments that a function was promised: `input_signature`.
class InputSignature {
 public:
  explicit InputSignature(nb::handle specs);
  // Arguments in which NumPy arrays, numbers and lists of them are cast to the specs' types; a tnp array must have
  // them. The first `lead` arguments (an instance) and those that `is_static` tells have no specs.
  nb::object check(nb::handle args, std::size_t lead, const std::function<bool(std::size_t)>& is_static) const;
  std::size_t num_arrays() const { return specs_.size(); }
  std::size_t num_arguments() const { return arguments_.size(); }
  // What a trace may take for granted of array i: sizes; -1 where they are free; the same number below -1 where two are
  // one.
  Shape traced_shape(std::size_t i, int ndim) const;

 private:
  struct Spec {
    DType dtype;
    bool any_rank;
    Shape shape;  // -1: any size; -2 - i: the size that names_[i] stands for
  };
  Spec spec_of(nb::handle spec);
  // The sizes that names stand for in a call, and the arguments that told.
  struct Named {
    std::vector<std::int64_t> sizes;
    std::vector<std::string> told_by;
  };
  Array checked(nb::handle o, const Spec& spec, Named& named, const std::string& what) const;
  bool fits(const Array& x, const Spec& spec, const std::string& what, Named& named, std::string& why) const;
  std::string describe(const Spec& spec) const;

  std::vector<PyTree> arguments_;  // whose leaves are specs_, in order
  std::vector<Spec> specs_;
  std::vector<std::string> names_;
};

}  // namespace tnp::python
