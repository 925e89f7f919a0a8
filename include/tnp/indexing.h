// NumPy's indexing: x[items], updated copies of it, and the functions made of it.
#pragma once

#include <optional>
#include <span>

#include "tnp/array.h"
#include "tnp/primitives.h"

namespace tnp {

// A number in an index: any integer, or a size inside a traced function.
struct IndexBound {
  std::int64_t value = 0;
  bool is_dim = false;  // `value` is a dimension of Shape, perhaps a symbolic one, and never negative as a number
};

// One of the things between the brackets.
struct IndexItem {
  enum class Kind : std::uint8_t { integer, slice, ellipsis, newaxis, array };
  Kind kind = Kind::newaxis;
  IndexBound integer;
  std::optional<IndexBound> start, stop;
  std::int64_t step = 1;
  Array array;  // of integers, or a mask

  IndexItem() = default;
  IndexItem(std::int64_t i) : kind(Kind::integer), integer{i} {}
  IndexItem(int i) : kind(Kind::integer), integer{i} {}
  IndexItem(Array a) : kind(Kind::array), array(std::move(a)) {}
  static IndexItem at(IndexBound i) {
    IndexItem item(i.value);
    item.integer = i;
    return item;
  }
  static IndexItem slice(std::optional<IndexBound> start = {}, std::optional<IndexBound> stop = {},
                         std::int64_t step = 1) {
    IndexItem item;
    item.kind = Kind::slice;
    item.start = start;
    item.stop = stop;
    item.step = step;
    return item;
  }
  static IndexItem newaxis() { return {}; }
  static IndexItem ellipsis() {
    IndexItem item;
    item.kind = Kind::ellipsis;
    return item;
  }
};

// x[items]. Without arrays among the items it is a view.
Array getitem(const Array& x, std::span<const IndexItem> items);

enum class UpdateOp : std::uint8_t { set, add, subtract, multiply, divide, power, min, max };
// A copy of x with x[items] = value or x[items] op= value, in x's type. A place that arrays name several times keeps
// the last value of `set` and takes part in every other operation as often as it is named.
Array setitem(const Array& x, std::span<const IndexItem> items, const Array& value, UpdateOp op = UpdateOp::set);

// What take does with an index out of range: IndexError, modulo the size, or the nearest element.
enum class TakeMode : std::uint8_t { raise, wrap, clip };
// Without an axis the array counts as flat.
Array take(const Array& x, const Array& indices, std::optional<std::int64_t> axis = {},
           TakeMode mode = TakeMode::raise);
Array take_along_axis(const Array& x, const Array& indices, std::optional<std::int64_t> axis);
Array put_along_axis(const Array& x, const Array& indices, const Array& values, std::optional<std::int64_t> axis);
Array put(const Array& x, const Array& indices, const Array& values, TakeMode mode = TakeMode::raise);
Array compress(const Array& condition, const Array& x, std::optional<std::int64_t> axis = {});
Array extract(const Array& condition, const Array& x);
Arrays nonzero(const Array& x);  // an index array for each axis; throws ValueError for a 0-d array
Arrays where(const Array& condition);
Array flatnonzero(const Array& x);
Array repeat(const Array& x, std::int64_t count, std::optional<std::int64_t> axis = {});
Array repeat(const Array& x, const Array& counts, std::optional<std::int64_t> axis = {});
Array diagonal(const Array& x, std::int64_t offset = 0, std::int64_t axis1 = 0, std::int64_t axis2 = 1);
Array trace(const Array& x, std::int64_t offset = 0, std::int64_t axis1 = 0, std::int64_t axis2 = 1,
            std::optional<DType> dtype = {});
Array roll(const Array& x, std::int64_t shift);
Array roll(const Array& x, AxisList shift, AxisList axes);
Array flip(const Array& x);
Array flip(const Array& x, AxisList axes);

}  // namespace tnp
