// Strict arrays that a traced function changes: the caller's objects change, as in an eager call.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "python/python.h"

namespace tnp::python {

// The strict arrays of a structure of arguments, and what they hold at first.
class StrictArguments {
 public:
  explicit StrictArguments(nb::handle arguments);
  // Which of them, by number, hold another array by now; `values` gets these arrays too.
  std::vector<std::size_t> changed(Arrays& values) const;

 private:
  std::vector<nb::object> objects_;
  Arrays before_;
};

// Puts these arrays into the objects of a call's arguments. Throws ValueError where one of them was given twice, as the
// function was traced for two arrays, and TracerError where it may not change.
void change_arguments(nb::handle arguments, std::span<const std::size_t> which, std::span<const Array> values);

}  // namespace tnp::python
