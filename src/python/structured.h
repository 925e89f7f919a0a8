// Python functions of nested structures, as functions of lists of arrays.
#pragma once

#include "python/pytree.h"

namespace tnp::python {

// A leaf of a structure as an array: anything array-like, the value of a Variable, a size.
Array leaf_array(nb::handle leaf, const char* what);
Arrays leaf_arrays(std::span<const nb::object> leaves, const char* what);
std::vector<nb::object> to_objects(const Arrays& xs);

// f(*args); throws what it raises.
nb::object call_python(nb::handle f, nb::handle args_tuple);

// The structure that results must all have; the first ones settle it.
class ResultStructure {
 public:
  // The type of a number that came before is known only now: all must be taken again.
  struct TakeAgain {};

  explicit ResultStructure(const char* what) : what_(what) {}
  // That of `init`, whose arrays are given. Python numbers take their types.
  ResultStructure(const char* what, PyTree tree, std::string from, const Arrays& init);
  // The leaves of `result`, which `from` gave. Throws TypeError where its structure differs.
  Arrays take(nb::handle result, const std::string& from);
  // The same for one of several branches: where one gives a Python number and another an array, the number takes the
  // array's type. Throws TakeAgain.
  Arrays take_branch(nb::handle result, const std::string& from);
  void restart() {
    known_ = false;
    leaves_.clear();
  }
  nb::object build(const Arrays& leaves) const { return tree_.unflatten(to_objects(leaves)); }
  const PyTree& tree() const { return tree_; }
  std::string path_of(std::size_t leaf) const;  // for errors

 private:
  struct Leaf {
    DType dtype;
    bool number;  // Python's
  };
  std::vector<nb::object> leaves_of(nb::handle result, const std::string& from);
  Array take_leaf(nb::handle leaf, std::size_t k);
  Array take_branch_leaf(nb::handle leaf, std::size_t k);

  const char* what_;
  PyTree tree_;
  std::string from_;
  bool known_ = false;
  std::vector<Leaf> leaves_;
  std::vector<std::optional<DType>> number_types_;
};

void bind_control(nb::module_& m);
void bind_host(nb::module_& m);
void bind_vmap(nb::module_& m);

}  // namespace tnp::python
