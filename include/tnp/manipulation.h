// Shapes and arrangements: NumPy's array-manipulation functions. Sizes may be symbolic inside a traced function.
#pragma once

#include <optional>

#include "tnp/array.h"
#include "tnp/primitives.h"

namespace tnp {

// In which order elements are read and written: C the last axis fastest, F the first.
enum class Order : char { c = 'C', f = 'F' };

// The elements in another shape, of which one size may be -1: whatever fits.
Array reshape(const Array& x, const Shape& shape, Order order);
Array ravel(const Array& x, Order order = Order::c);

// Axes in another order; none given: reversed.
Array permute_dims(const Array& x, const std::optional<Axes>& axes = {});
Array matrix_transpose(const Array& x);
Array swapaxes(const Array& x, std::int64_t axis1, std::int64_t axis2);
Array moveaxis(const Array& x, const Axes& source, const Axes& destination);
Array rollaxis(const Array& x, std::int64_t axis, std::int64_t start = 0);
Array squeeze(const Array& x, const std::optional<Axes>& axes = {});
Array expand_dims(const Array& x, const Axes& axes);
Array atleast_1d(const Array& x);
Array atleast_2d(const Array& x);
Array atleast_3d(const Array& x);

Shape broadcast_shapes(std::span<const Shape> shapes);
Arrays broadcast_arrays(std::span<const Array> arrays);

// Joined along an axis, in their common type or `dtype`; without an axis they are flattened first.
struct JoinOptions {
  std::optional<std::int64_t> axis = 0;
  std::optional<DType> dtype;
  Casting casting = Casting::same_kind;
};
Array concatenate(std::span<const Array> arrays, const JoinOptions& options);
Array stack(std::span<const Array> arrays, std::int64_t axis = 0, const JoinOptions& options = {});
Array vstack(std::span<const Array> arrays, const JoinOptions& options = {});
Array hstack(std::span<const Array> arrays, const JoinOptions& options = {});
Array dstack(std::span<const Array> arrays);
Array column_stack(std::span<const Array> arrays);
Array append(const Array& x, const Array& values, std::optional<std::int64_t> axis = {});

// Parts along an axis: `sections` of them (equal ones, or as equal as can be), or those between `boundaries`.
Arrays split(const Array& x, std::int64_t sections, std::int64_t axis = 0);
Arrays array_split(const Array& x, std::int64_t sections, std::int64_t axis = 0);
Arrays split_at(const Array& x, std::span<const std::int64_t> boundaries, std::int64_t axis = 0);
// The rows along an axis, without it.
Arrays unstack(const Array& x, std::int64_t axis = 0);

Array tile(const Array& x, std::span<const std::int64_t> repetitions);

// How the elements that `pad` adds continue the array.
enum class PadMode : std::uint8_t { edge, reflect, symmetric, wrap };
struct PadWidth {
  std::int64_t before, after;
};
Array pad(const Array& x, std::span<const PadWidth> widths, PadMode mode, bool odd = false);
// With values of their own before and after, an axis.
struct PadValues {
  Array before, after;
};
Array pad(const Array& x, std::span<const PadWidth> widths, std::span<const PadValues> values);

}  // namespace tnp
