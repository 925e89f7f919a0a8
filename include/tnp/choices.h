// Choices between arrays, and updated copies where a condition holds.
#pragma once

#include <optional>

#include "tnp/array.h"
#include "tnp/indexing.h"

namespace tnp {

// The type of arrays and weak scalars together.
DType type_of_choices(std::span<const Operand* const> choices);

// The first choice whose condition is true, else `otherwise`; in the common type.
Array select(std::span<const Array> conditions, std::span<const Operand* const> choices, const Operand& otherwise);
// choices[a] at each place, all broadcast together. Throws ValueError for an index out of range.
Array choose(const Array& a, std::span<const Array> choices, TakeMode mode = TakeMode::raise);

// Copies of x with values where the mask is true: one after the other, and again from the first where there are too
// few (`place`); at the same place, and again from the first likewise (`putmask`); broadcast (`copyto`).
Array place(const Array& x, const Array& mask, const Array& values);
Array putmask(const Array& x, const Array& mask, const Array& values);
Array copyto(const Array& x, const Array& source, Casting casting = Casting::same_kind, const Array& where = {});

// Arrays that index the open mesh of these vectors; masks stand for the places where they are true.
Arrays ix_(std::span<const Array> vectors);
// Indices in the flat array of an index for each axis, and back. Throw ValueError for an index out of range.
Array ravel_multi_index(std::span<const Array> indices, const Shape& shape, std::span<const TakeMode> modes,
                        bool column_major = false);
Arrays unravel_index(const Array& indices, const Shape& shape, bool column_major = false);

}  // namespace tnp
