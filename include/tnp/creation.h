// Arrays made of shapes, numbers and ranges.
#pragma once

#include <optional>

#include "tnp/array.h"
#include "tnp/primitives.h"

namespace tnp {

// In the default float type. Sizes may be symbolic inside a traced function.
Array zeros(const Shape& shape);
Array ones(const Shape& shape);
// `value` broadcast to the shape, in `dtype` or its own type.
Array full(const Shape& shape, const Array& value, std::optional<DType> dtype);

// As x, where no other type or shape is given.
Array full_like(const Array& x, const Operand& value, std::optional<DType> dtype = {},
                const std::optional<Shape>& shape = {});
Array zeros_like(const Array& x, std::optional<DType> dtype = {}, const std::optional<Shape>& shape = {});
Array ones_like(const Array& x, std::optional<DType> dtype = {}, const std::optional<Shape>& shape = {});

// start, start + step, … below stop: ceil((stop - start) / step) of them. The type is that of the three together.
// Throws ValueError for a step of 0 or a length that is no number.
Array arange(const Scalar& start, const Scalar& stop, const Scalar& step = 1, std::optional<DType> dtype = {});
inline Array arange(const Scalar& stop) { return arange(0, stop); }
// The same for integers of which some are symbolic sizes. The step is a number.
Array arange_of_sizes(std::int64_t start, std::int64_t stop, std::int64_t step, DType dtype);

struct Spaced {
  Array samples;
  Array step;
};
// `num` numbers from start to stop, evenly spaced along a new `axis`; the step between them is NaN if there is none.
Spaced linspace(const Array& start, const Array& stop, std::int64_t num = 50, bool endpoint = true,
                std::optional<DType> dtype = {}, std::int64_t axis = 0);
Array logspace(const Array& start, const Array& stop, std::int64_t num = 50, bool endpoint = true,
               const Array& base = Array(10.0), std::optional<DType> dtype = {}, std::int64_t axis = 0);
Array geomspace(const Array& start, const Array& stop, std::int64_t num = 50, bool endpoint = true,
                std::optional<DType> dtype = {}, std::int64_t axis = 0);

// Ones on the k-th diagonal of an n × m matrix; ones on and below it.
Array eye(std::int64_t n, std::int64_t m, std::int64_t k, DType dtype);
Array tri(std::int64_t n, std::int64_t m, std::int64_t k, DType dtype);
// x with zeros above, or below, the k-th diagonal of its last two axes.
Array tril(const Array& x, std::int64_t k = 0);
Array triu(const Array& x, std::int64_t k = 0);

// Coordinate matrices of coordinate vectors; `matrix_indexing` is NumPy's indexing='ij'.
Arrays meshgrid(std::span<const Array> xs, bool sparse = false, bool matrix_indexing = false);
// The index along each axis of every place in an array of this shape: stacked, or one array an axis if sparse.
Arrays indices(const Shape& shape, DType dtype, bool sparse);

}  // namespace tnp
