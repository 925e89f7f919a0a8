#include "tnp/choices.h"

#include "base/casting.h"
#include "base/dim.h"
#include "base/element_bits.h"
#include "ir/composed.h"
#include "ops/shape/require.h"
#include "ops/sort/direct.h"
#include "tnp/cumulative.h"
#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

Array count_of(Dim d) { return dim_value(d, DType::int64); }

// `indices` in 0 … size - 1 by the mode; ValueError("`what`") for one outside, in a traced function when it runs.
Array checked_indices(const Array& indices, Dim size, TakeMode mode, const std::string& what) {
  const Array i = astype(indices, DType::int64);
  if (mode == TakeMode::wrap) return remainder(i, count_of(size));
  if (mode == TakeMode::clip) return minimum(maximum(i, 0), count_of(size) - 1);
  if (!i.is_symbolic() && !is_symbolic(size) && i.is_contiguous()) {
    const auto* at = i.data_as<std::int64_t>();
    bool out = false;
    for (std::int64_t k = 0, count = i.size(); k < count; ++k) out |= at[k] < 0 || at[k] >= size;
    if (out) throw ValueError(what);
    return i;
  }
  const Array n = count_of(size), outside = (i < 0) | (i >= n);
  if (!outside.is_symbolic()) {
    if (any(outside).item<bool>()) throw ValueError(what);
    return i;
  }
  return require(i, logical_not(outside), what);
}

void check_integers(const Array& x, const char* what) {
  if (!is_integer(x.dtype()) && !(is_floating(x.dtype()) && !is_symbolic(x.size()) && x.size() == 0)) {
    throw TypeError(what);
  }
}

void check_same_size(const Array& x, const Array& mask, const char* what) {
  const Dim a = x.size(), b = mask.size();
  if (a != b && !is_symbolic(a) && !is_symbolic(b)) {
    throw ValueError(std::string(what) + ": mask and data must be the same size");
  }
}

}  // namespace

DType type_of_choices(std::span<const Operand* const> choices) {
  std::optional<DType> strong;
  std::optional<WeakKind> weak;
  for (const Operand* c : choices) {
    if (c->is_array()) {
      strong = strong ? promote(*strong, c->array().dtype()) : c->array().dtype();
    } else if (!weak || c->scalar().kind > *weak) {
      weak = c->scalar().kind;
    }
  }
  if (!strong) return default_dtype(*weak);
  return weak ? promote(*strong, *weak) : *strong;
}

Array select(std::span<const Array> conditions, std::span<const Operand* const> choices, const Operand& otherwise) {
  if (conditions.size() != choices.size()) {
    throw ValueError("list of cases must be same length as list of conditions");
  }
  if (conditions.empty()) throw ValueError("select with an empty condition list is not possible");
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (!is_bool(conditions[i].dtype())) {
      throw TypeError("invalid entry " + std::to_string(i) + " in condlist: should be boolean ndarray");
    }
  }
  std::vector<const Operand*> all(choices.begin(), choices.end());
  all.push_back(&otherwise);
  const DType type = type_of_choices(all);
  const auto typed = [&](const Operand& o) {
    return o.is_array() ? astype(o.array(), type) : o.scalar().to_array(type);
  };
  Array out = typed(otherwise);
  for (std::size_t i = conditions.size(); i-- > 0;) out = where(conditions[i], typed(*choices[i]), out);
  return out;
}

namespace {

// Of choices of one type and shape, and which it is, of that shape, too.
Array chosen(std::span<const Array> in, const Axes& mode) {
  const auto choices = in.first(in.size() - 1);
  const Array which = checked_indices(in.back(), static_cast<Dim>(choices.size()), static_cast<TakeMode>(mode[0]),
                                      "choose: invalid entry in choice array");
  if (choices.size() == 2 && !which.is_symbolic()) return where(astype(which, DType::bool_), choices[1], choices[0]);
  const Array all = stack(choices);
  return reshape(take_along_axis(all, expand_dims(which, Axes{0}), 0), which.shape());
}
const Composed kChoose("choose", "Each element from one of several arrays.", &chosen, &chosen);

}  // namespace

Array choose(const Array& a, std::span<const Array> choices, TakeMode mode) {
  if (choices.empty()) throw ValueError("choose: no choices are given");
  check_cast(a.dtype(), DType::int64, Casting::safe);
  Arrays all(choices.begin(), choices.end());
  DType type = all[0].dtype();
  for (const Array& c : all) type = promote(type, c.dtype());
  all.push_back(a);
  all = broadcast_arrays(all);
  for (std::size_t i = 0; i < choices.size(); ++i) all[i] = astype(all[i], type);
  return compose(kChoose, all, {static_cast<std::int64_t>(mode)});
}

Array place(const Array& x, const Array& mask, const Array& values) {
  check_same_size(x, mask, "place");
  const Array m = ravel(astype(mask, DType::bool_)), v = ravel(astype(values, x.dtype()));
  const Dim have = v.size();
  if (have == 0) {
    const Array needed = any(m);
    if (needed.is_symbolic() || needed.item<bool>()) throw ValueError("Cannot insert from an empty array!");
    return x;
  }
  if (have == 1) return where(reshape(m, x.shape()), reshape(v, Shape{}), x);
  const Array order = maximum(cumsum(m) - 1, 0);  // which of the true places it is
  const Array each = take(v, remainder(order, count_of(have)), 0);
  return reshape(where(m, each, ravel(x)), x.shape());
}

namespace {

constexpr std::int64_t kFewElements = 1024;

template <class T>
void put_few(const bool* mask, const T* values, std::int64_t have, std::int64_t n, T* out) {
  for (std::int64_t i = 0, k = 0; i < n; ++i, k = k + 1 == have ? 0 : k + 1) {
    if (mask[i]) out[i] = values[k];
  }
}

// Few elements in row-major order, without a primitive; absent for others.
Array put_few(const Array& x, const Array& mask, const Array& values) {
  if (!is_numeric(x.dtype()) || !computes_directly({&x, &mask, &values})) return {};
  const std::int64_t n = x.shape().num_elements(), have = values.shape().num_elements();
  if (n > kFewElements || !x.is_contiguous() || !mask.is_contiguous() || !values.is_contiguous()) return {};
  Array out = Array::copy_of(x.data(), x.dtype(), x.shape());
  const auto put = [&]<class T>(T) {
    put_few(mask.data_as<bool>(), values.data_as<T>(), have, n, reinterpret_cast<T*>(out.data()));
    return out;
  };
  return with_element_bits(x.itemsize(), put);
}

}  // namespace

Array putmask(const Array& x, const Array& mask, const Array& values) {
  check_same_size(x, mask, "putmask");
  const Array whole = astype(mask, DType::bool_), fill = astype(values, x.dtype());
  const Dim have = fill.size();
  if (have == 0) return x;
  if (Array few = put_few(x, whole, fill)) return few;
  if (have == 1) return where(reshape(whole, x.shape()), reshape(fill, Shape{}), x);
  const Array m = ravel(whole), v = ravel(fill);
  const Dim n = m.size();
  const Array each = have == n ? v : take(v, remainder(iota(n, DType::int64), count_of(have)), 0);
  return reshape(where(m, each, ravel(x)), x.shape());
}

Array copyto(const Array& x, const Array& source, Casting casting, const Array& mask) {
  check_cast(source.dtype(), x.dtype(), casting);
  const Array y = astype(source, x.dtype());
  for (const Array* part : {&y, &mask}) {
    Shape together;
    if (!*part) continue;
    if (!try_broadcast(part->shape(), x.shape(), together) || together.ndim() != x.ndim() ||
        (together.is_static() && together != x.shape() && x.shape().is_static())) {
      throw ValueError("could not broadcast input array from shape " + part->shape().str() + " into shape " +
                       x.shape().str());
    }
  }
  const Array whole = broadcast_to(y, x.shape());
  return mask ? where(broadcast_to(astype(mask, DType::bool_), x.shape()), whole, x) : whole;
}

Arrays ix_(std::span<const Array> vectors) {
  Arrays out;
  const int n = static_cast<int>(vectors.size());
  for (int k = 0; k < n; ++k) {
    Array v = vectors[static_cast<std::size_t>(k)];
    if (v.ndim() != 1) throw ValueError("Cross index must be 1 dimensional");
    if (v.size() == 0) v = astype(v, DType::int64);
    if (is_bool(v.dtype())) v = flatnonzero(v);
    Shape shape(n, 1);
    shape[k] = v.shape()[0];
    out.push_back(reshape(v, shape));
  }
  return out;
}

Array ravel_multi_index(std::span<const Array> indices, const Shape& shape, std::span<const TakeMode> modes,
                        bool column_major) {
  const int n = shape.ndim();
  if (static_cast<int>(indices.size()) != n) {
    throw ValueError("parameter multi_index must be a sequence of length " + std::to_string(n));
  }
  check_shape(shape, 1);
  Array flat = Scalar(0).to_array(DType::int64);
  Dim step = 1;
  for (int k = 0; k < n; ++k) {
    const int axis = column_major ? k : n - 1 - k;
    const Array& i = indices[static_cast<std::size_t>(axis)];
    check_integers(i, "only int indices permitted");
    const TakeMode mode = modes[modes.size() == 1 ? 0 : static_cast<std::size_t>(axis)];
    const Array inside = checked_indices(i, shape[axis], mode, "invalid entry in coordinates array");
    const Array part = step == 1 ? inside : inside * count_of(step);
    flat = k == 0 ? part : flat + part;
    step = dim_mul(step, shape[axis]);
  }
  return flat;
}

Arrays unravel_index(const Array& indices, const Shape& shape, bool column_major) {
  check_integers(indices, "only int indices permitted");
  if (shape.is_static()) check_shape(shape, 1);
  const Dim size = dim_product(shape);
  Array rest =
      checked_indices(indices, size, TakeMode::raise, "index is out of bounds for array with size " + dim_str(size));
  const int n = shape.ndim();
  Arrays out(static_cast<std::size_t>(n));
  for (int k = 0; k < n; ++k) {
    const int axis = column_major ? k : n - 1 - k;
    if (k == n - 1) {  // an index that is in range leaves no more than this axis has
      out[static_cast<std::size_t>(axis)] = rest;
      break;
    }
    const Array count = count_of(shape[axis]);
    out[static_cast<std::size_t>(axis)] = remainder(rest, count);
    rest = floor_divide(rest, count);
  }
  return out;
}

}  // namespace tnp
