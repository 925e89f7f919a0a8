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
  explicit ResultStructure(const char* what) : what_(what) {}
  ResultStructure(const char* what, PyTree tree, std::string from) : what_(what), tree_(std::move(tree)), from_(std::move(from)), known_(true) {}
  // The leaves of `result`, which `from` gave. Throws TypeError where its structure differs.
  Arrays take(nb::handle result, const std::string& from);
  nb::object build(const Arrays& leaves) const { return tree_.unflatten(to_objects(leaves)); }
  const PyTree& tree() const { return tree_; }

 private:
  const char* what_;
  PyTree tree_;
  std::string from_;
  bool known_ = false;
};

void bind_control(nb::module_& m);
void bind_host(nb::module_& m);
void bind_vmap(nb::module_& m);

}  // namespace tnp::python
