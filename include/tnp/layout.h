// How the axes of an array lie in memory.
#pragma once

#include "tnp/array.h"

namespace tnp {

// Row-major, column-major, as it is if that is one of the two and else row-major, as it is.
enum class Layout : char { c = 'C', f = 'F', a = 'A', k = 'K' };

// The array with its elements laid out so: itself where they are. Inside a traced function there is no layout.
Array laid_out(const Array& x, Layout layout);

// The same as a copy with memory of its own.
Array copy(const Array& x, Layout layout);

}  // namespace tnp
