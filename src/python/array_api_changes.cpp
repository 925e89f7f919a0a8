#include "python/array_api_changes.h"

#include <algorithm>

#include "ir/trace.h"
#include "python/array_api.h"
#include "python/pytree.h"
#include "tnp/error.h"

namespace tnp::python {

// Code in a traced function runs once, however often the function is called, and that in a branch or the body of a loop
// however often these run: objects from outside keep their values.
void check_may_change(const char* what, PyObject* array) {
  if (current_trace == nullptr || strict_of(array).made_in >= current_trace->id()) [[likely]]
    return;
  if (current_trace->parent() != nullptr) {
    throw TracerError(std::string(what) +
                      ": the array was made outside of the branch or the loop of the graph in which it would change: "
                      "write x = where(…) or x = x + y, which make another one, or make the array inside");
  }
  throw TracerError(std::string(what) +
                    ": the array was made outside of the traced function, which runs when it is traced and not at each "
                    "call: give it as an argument, which then changes at each call, or keep the state in a "
                    "tnp.Variable");
}

namespace {

std::vector<nb::object> strict_arrays(nb::handle arguments) {
  std::vector<nb::object> leaves, out;
  std::vector<StrictLeaf> strict;
  PyTree::flatten(arguments, leaves, &strict);
  for (StrictLeaf& s : strict) out.push_back(std::move(s.array));
  return out;
}

}  // namespace

StrictArguments::StrictArguments(nb::handle arguments) : objects_(strict_arrays(arguments)) {
  for (const nb::object& o : objects_) before_.push_back(strict_array_of(o.ptr()));
}

std::vector<std::size_t> StrictArguments::changed(Arrays& values) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    const Array& now = strict_array_of(objects_[i].ptr());
    if (now.node() == before_[i].node()) continue;
    out.push_back(i);
    values.push_back(now);
  }
  return out;
}

void change_arguments(nb::handle arguments, std::span<const std::size_t> which, std::span<const Array> values) {
  const std::vector<nb::object> objects = strict_arrays(arguments);
  for (const std::size_t i : which) {
    const nb::object& o = objects[i];
    if (std::count_if(objects.begin(), objects.end(), [&](const nb::object& other) { return other.is(o); }) > 1) {
      throw ValueError(
          "function: an array that the function changes was given twice, and it was traced for two arrays: give a "
          "copy, asarray(x, copy=True), as one of them");
    }
    check_may_change("function", o.ptr());
  }
  for (std::size_t k = 0; k < which.size(); ++k) strict_array_of(objects[which[k]].ptr()) = values[k];
}

}  // namespace tnp::python
