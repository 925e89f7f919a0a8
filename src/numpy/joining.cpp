// Joining arrays and splitting them.
#include "base/casting.h"
#include "base/dim.h"
#include "numpy/sizes.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"

namespace tnp {

Array concatenate(std::span<const Array> arrays, const JoinOptions& options) {
  if (arrays.empty()) throw ValueError("need at least one array to concatenate");
  Arrays in(arrays.begin(), arrays.end());
  if (!options.axis) {
    for (Array& x : in) x = ravel(x);
  }
  for (std::size_t k = 1; k < in.size(); ++k) {
    if (in[k].ndim() != in[0].ndim()) {
      throw ValueError(
          "concatenate: all the input arrays must have same number of dimensions, but the array at index 0 has " +
          std::to_string(in[0].ndim()) + " dimension(s) and the array at index " + std::to_string(k) + " has " +
          std::to_string(in[k].ndim()) + " dimension(s)");
    }
  }
  if (in[0].ndim() == 0) throw ValueError("zero-dimensional arrays cannot be concatenated");
  if (options.dtype) {
    for (Array& x : in) {
      check_cast(x.dtype(), *options.dtype, options.casting);
      x = astype(x, *options.dtype);
    }
  } else if (options.casting == Casting::no || options.casting == Casting::equiv) {
    DType common = in[0].dtype();
    for (const Array& x : in) common = promote(common, x.dtype());
    for (const Array& x : in) check_cast(x.dtype(), common, options.casting);
  }
  return concatenate(in, normalize_axis(options.axis.value_or(0), in[0].ndim()));
}

Array stack(std::span<const Array> arrays, std::int64_t axis, const JoinOptions& options) {
  if (arrays.empty()) throw ValueError("need at least one array to stack");
  const int n = arrays[0].ndim() + 1;
  Arrays in;
  for (const Array& x : arrays) {
    bool same = x.ndim() == n - 1;
    for (int i = 0; same && i < n - 1; ++i) {
      const Dim a = x.shape()[i], b = arrays[0].shape()[i];
      same = a == b || is_symbolic(a) || is_symbolic(b);
    }
    if (!same) {
      throw ValueError("stack: all input arrays must have the same shape, got " + arrays[0].shape().str() + " and " +
                       x.shape().str());
    }
    in.push_back(expand_dims(x, Axes{normalize_axis(axis, n)}));
  }
  JoinOptions joining = options;
  joining.axis = normalize_axis(axis, n);
  return concatenate(in, joining);
}

namespace {

template <class F>
Array join(std::span<const Array> arrays, F&& prepare, std::int64_t axis, JoinOptions options) {
  if (arrays.empty()) throw ValueError("need at least one array to concatenate");
  Arrays in;
  for (const Array& x : arrays) in.push_back(prepare(x));
  options.axis = axis;
  return concatenate(in, options);
}

}  // namespace

Array vstack(std::span<const Array> arrays, const JoinOptions& options) { return join(arrays, atleast_2d, 0, options); }
Array hstack(std::span<const Array> arrays, const JoinOptions& options) {
  const bool rows = !arrays.empty() && arrays[0].ndim() <= 1;
  return join(arrays, atleast_1d, rows ? 0 : 1, options);
}
Array dstack(std::span<const Array> arrays) { return join(arrays, atleast_3d, 2, {}); }
Array column_stack(std::span<const Array> arrays) {
  return join(arrays, [](const Array& x) { return x.ndim() < 2 ? reshape(x, {x.size(), 1}) : x; }, 1, {});
}

Array append(const Array& x, const Array& values, std::optional<std::int64_t> axis) {
  return concatenate(Arrays{x, values}, JoinOptions{axis, {}, Casting::same_kind});
}

// --- splitting

namespace {

Array part(const Array& x, int axis, Dim start, Dim count) {
  std::vector<SliceSpec> axes;
  for (int i = 0; i < x.ndim(); ++i)
    axes.push_back(i == axis ? SliceSpec{start, 1, count} : SliceSpec{0, 1, x.shape()[i]});
  return slice(x, axes);
}

}  // namespace

Arrays split(const Array& x, std::int64_t sections, std::int64_t axis) {
  if (sections == 0) throw ZeroDivisionError("integer modulo by zero");
  if (sections < 0) throw ValueError("number sections must be larger than 0.");
  const int a = normalize_axis(axis, x.ndim(), "split");
  const Dim size = x.shape()[a];
  if (!is_symbolic(size)) {
    if (size % sections != 0) throw ValueError("split: array split does not result in an equal division");
    return array_split(x, sections, axis);
  }
  // The reshape is what finds out, when it runs, whether the division is equal.
  Shape shape = x.shape();
  shape.insert(a, sections);
  shape[a + 1] = dim_floor_div(size, sections);
  Arrays parts = array_split(reshape(x, shape), sections, a);
  for (Array& y : parts) y = squeeze(y, Axes{a});
  return parts;
}

Arrays array_split(const Array& x, std::int64_t sections, std::int64_t axis) {
  if (sections <= 0) throw ValueError("number sections must be larger than 0.");
  const int a = normalize_axis(axis, x.ndim(), "array_split");
  const Dim size = x.shape()[a], each = dim_floor_div(size, sections), extra = dim_mod(size, sections);
  Arrays out;
  Dim start = 0;
  for (std::int64_t i = 0; i < sections; ++i) {
    // The first `extra` parts have one element more.
    const Dim count = dim_add(each, dim_min(1, dim_span(i, extra)));
    out.push_back(part(x, a, start, count));
    start = dim_add(start, count);
  }
  return out;
}

Arrays split_at(const Array& x, std::span<const std::int64_t> boundaries, std::int64_t axis) {
  const int a = normalize_axis(axis, x.ndim(), "split");
  const Dim size = x.shape()[a];
  Arrays out;
  Dim start = 0;
  for (std::size_t i = 0; i <= boundaries.size(); ++i) {
    const Dim end = i < boundaries.size() ? clip_bound(boundaries[i], size) : size;
    const Dim count = dim_span(start, end);
    out.push_back(part(x, a, count == 0 ? 0 : start, count));
    start = end;
  }
  return out;
}

Arrays unstack(const Array& x, std::int64_t axis) {
  if (x.ndim() == 0) throw ValueError("Input array must be at least 1-d.");
  const int a = normalize_axis(axis, x.ndim(), "unstack");
  if (is_symbolic(x.shape()[a]))
    throw TracerError("unstack: the size of the axis must be known while the function is traced");
  Arrays out;
  for (Dim i = 0; i < x.shape()[a]; ++i) out.push_back(squeeze(part(x, a, i, 1), Axes{a}));
  return out;
}

}  // namespace tnp
