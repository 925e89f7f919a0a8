// A traced body that asks for the number of a symbolic size is traced again with that size fixed.
#pragma once

#include <string>

#include "python/python.h"
#include "transform/function.h"

namespace tnp::python {

// Thrown into the body. No Exception, so that no handler of the user's stops it.
PyObject* needs_size_error() noexcept;

// What the body of this thread asked for last, and on which of the user's lines.
struct AskedSize {
  NeedsSize size;
  std::string at;
};
const AskedSize& asked_size() noexcept;

// Notes the size and throws.
[[noreturn]] void ask_for_size(std::int64_t dim);

// The same for each size of x that is one of an argument.
void ask_for_sizes_of(const Array& x);

// The same for the size along one axis, which may be out of range.
void ask_for_size_along(const Array& x, std::int64_t axis);

// Has sizes and values made of sizes ask, and symbolic arrays remember the user's line.
void install_size_hooks();

}  // namespace tnp::python
