// The rows of one array joined, where their number is not known: what the functions of `joining` do with a list of
// them.
#pragma once

#include <cstdint>
#include <optional>

#include "tnp/array.h"

namespace tnp {

Array stack_rows(const Array& rows, std::int64_t axis);
Array concatenate_rows(const Array& rows, std::optional<std::int64_t> axis);
Array vstack_rows(const Array& rows);
Array hstack_rows(const Array& rows);
Array dstack_rows(const Array& rows);
Array column_stack_rows(const Array& rows);

}  // namespace tnp
