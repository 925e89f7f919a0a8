#include "tnp/joined_rows.h"

#include "base/dim.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"
#include "tnp/primitives.h"

namespace tnp {

Array stack_rows(const Array& rows, std::int64_t axis) {
  return moveaxis(rows, Axes{0}, Axes{normalize_axis(axis, rows.ndim())});
}

Array concatenate_rows(const Array& rows, std::optional<std::int64_t> axis) {
  if (!axis) return ravel(rows);
  if (rows.ndim() == 1) throw ValueError("zero-dimensional arrays cannot be concatenated");
  const int k = normalize_axis(*axis, rows.ndim() - 1);
  const Array moved = stack_rows(rows, k);
  Shape shape;
  for (int i = 0; i < moved.ndim(); ++i) {
    const Dim d = moved.shape()[i];
    if (i == k + 1) {
      shape[k] = dim_mul(shape[k], d);
    } else {
      shape.push_back(d);
    }
  }
  return reshape(moved, shape);
}

Array vstack_rows(const Array& rows) {
  return rows.ndim() == 1 ? expand_dims(rows, Axes{1}) : rows.ndim() == 2 ? rows : concatenate_rows(rows, 0);
}

Array hstack_rows(const Array& rows) {
  return rows.ndim() == 1 ? rows : concatenate_rows(rows, rows.ndim() == 2 ? 0 : 1);
}

Array dstack_rows(const Array& rows) {
  if (rows.ndim() <= 2)
    return expand_dims(rows.ndim() == 1 ? expand_dims(rows, Axes{0}) : stack_rows(rows, 1), Axes{0});
  return rows.ndim() == 3 ? stack_rows(rows, 2) : concatenate_rows(rows, 2);
}

Array column_stack_rows(const Array& rows) {
  return rows.ndim() == 1   ? expand_dims(rows, Axes{0})
         : rows.ndim() == 2 ? stack_rows(rows, 1)
                            : concatenate_rows(rows, 1);
}

}  // namespace tnp
