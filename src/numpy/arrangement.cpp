#include "tnp/arrangement.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/dim.h"
#include "ir/composed.h"
#include "numpy/sizes.h"
#include "ops/elementwise/one_pass.h"
#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

using Indices = std::vector<std::int64_t>;

Array part(const Array& x, int axis, Dim start, Dim count) {
  std::vector<SliceSpec> axes;
  for (int i = 0; i < x.ndim(); ++i)
    axes.push_back(i == axis ? SliceSpec{start, 1, count} : SliceSpec{0, 1, x.shape()[i]});
  return slice(x, axes);
}

struct Along {
  Array x;
  int axis;
};
Along along(const Array& x, std::optional<std::int64_t> axis) {
  if (!axis) return {ravel(x), 0};
  return {x, normalize_axis(*axis, x.ndim())};
}

Dim known(Dim size, const char* what) {
  if (is_symbolic(size)) throw TracerError(std::string(what) + ": the size of the axis must be known");
  return size;
}

[[noreturn]] void out_of_bounds(std::int64_t index, int axis, Dim size) {
  throw IndexError("index " + std::to_string(index) + " is out of bounds for axis " + std::to_string(axis) +
                   " with size " + std::to_string(size));
}

// The places as numbers.
Indices numbers(const Places& p, const char* what) {
  if (p.kind == Places::Kind::one) return {p.index};
  if (p.kind == Places::Kind::range) {
    Indices out;
    for (std::int64_t k = 0; k < p.count; ++k) out.push_back(p.start + k * p.step);
    return out;
  }
  if (p.array.ndim() > 1 && (std::string_view(what) != "delete" || is_bool(p.array.dtype()))) {
    throw ValueError("index array argument obj to " + std::string(what) + " must be one dimensional or scalar");
  }
  if (p.array.size() == 0 && !is_bool(p.array.dtype())) return {};
  if (!is_integer(p.array.dtype()) && !is_bool(p.array.dtype())) {
    throw IndexError("arrays used as indices must be of integer (or boolean) type");
  }
  const Array i = is_bool(p.array.dtype()) ? flatnonzero(p.array) : astype(p.array, DType::int64);
  return i.to_vector<std::int64_t>();
}

Array insert_one(const Array& x, int axis, std::int64_t index, const Array& values, bool scalar) {
  const Dim size = x.shape()[axis];
  if (!is_symbolic(size) && (index < -size || index > size)) out_of_bounds(index, axis, size);
  if (index < 0) index = is_symbolic(size) ? dim_sub(size, -index) : index + size;
  Array v = astype(values, x.dtype());
  while (v.ndim() < x.ndim()) v = expand_dims(v, Axes{0});
  // A single place: the first axis of the values is the one that is put in.
  if (scalar) v = moveaxis(v, Axes{0}, Axes{axis});
  Shape shape = x.shape();
  if (v.ndim() > x.ndim()) throw ValueError("could not broadcast input array from shape " + v.shape().str());
  shape[axis] = v.shape()[axis];
  const Array parts[] = {part(x, axis, 0, index), broadcast_to(v, shape), part(x, axis, index, dim_sub(size, index))};
  return concatenate(parts, axis);
}

}  // namespace

Array insert(const Array& given, const Places& places, const Array& values, std::optional<std::int64_t> given_axis) {
  const auto [x, axis] = along(given, given_axis);
  if (x.ndim() == 0) throw AxisError("insert: a 0-d array has no axis");
  Indices at = numbers(places, "insert");
  if (at.empty() && places.kind == Places::Kind::many) return x;
  const bool scalar = places.kind == Places::Kind::one;
  if (at.size() == 1 && places.kind != Places::Kind::range) return insert_one(x, axis, at[0], values, scalar);

  const Dim size = known(x.shape()[axis], "insert");
  for (std::int64_t& i : at) {
    if (i < -size || i > size) out_of_bounds(i, axis, size);
    if (i < 0) i += size;
  }
  const auto count = static_cast<std::int64_t>(at.size());
  Shape shape = x.shape();
  shape[axis] = count;
  const Array v = broadcast_to(astype(values, x.dtype()), shape);
  // Where each element of the result is in x followed by the values: in the order of the places, x's in between.
  std::vector<std::int64_t> order(at.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](auto a, auto b) { return std::pair(at[a], a) < std::pair(at[b], b); });
  Indices source;
  std::size_t next = 0;
  for (std::int64_t i = 0; i <= size; ++i) {
    for (; next < order.size() && at[static_cast<std::size_t>(order[next])] == i; ++next)
      source.push_back(size + order[next]);
    if (i < size) source.push_back(i);
  }
  return take(concatenate(Arrays{x, v}, axis), Array::from(source), axis);
}

Array delete_at(const Array& given, const Places& places, std::optional<std::int64_t> given_axis) {
  const auto [x, axis] = along(given, given_axis);
  if (x.ndim() == 0) throw AxisError("delete: a 0-d array has no axis");
  const Dim size = x.shape()[axis];
  if (places.kind == Places::Kind::many && is_bool(places.array.dtype())) {
    const Array& mask = places.array;
    const Dim length = mask.ndim() == 1 ? mask.shape()[0] : -1;
    if (mask.ndim() != 1 || (length != size && !is_symbolic(length) && !is_symbolic(size))) {
      throw ValueError("boolean array argument obj to delete must be one dimensional and match the axis length of " +
                       dim_str(size));
    }
    return compress(logical_not(mask), x, axis);
  }
  if (places.kind == Places::Kind::one) {
    std::int64_t index = places.index;
    if (!is_symbolic(size) && (index < -size || index >= size)) out_of_bounds(index, axis, size);
    const bool from_end = index < 0;
    if (from_end) index = is_symbolic(size) ? dim_sub(size, -index) : index + size;
    const Dim after = dim_add(index, 1);
    // The one comes first whose error names the index.
    const Array before = from_end ? part(x, axis, 0, index) : Array();
    const Array rest = part(x, axis, after, dim_sub(size, after));
    const Array parts[] = {from_end ? before : part(x, axis, 0, index), rest};
    return concatenate(parts, axis);
  }
  const Dim n = known(size, "delete");
  std::vector<bool> keep(static_cast<std::size_t>(n), true);
  for (std::int64_t i : numbers(places, "delete")) {
    if (i < -n || i >= n) out_of_bounds(i, axis, n);
    keep[static_cast<std::size_t>(i < 0 ? i + n : i)] = false;
  }
  Indices kept;
  for (std::int64_t i = 0; i < n; ++i) {
    if (keep[static_cast<std::size_t>(i)]) kept.push_back(i);
  }
  return take(x, Array::from(kept), axis);
}

// Fewer copies of an array than this are joined, more made by broadcasting.
constexpr Dim kFewRepetitions = 8;

static Array resized_by_places(const Array& x, const Shape& shape) {
  const Array from = remainder(iota(dim_product(shape), DType::int64), dim_value(x.size(), DType::int64));
  // Of an array that turns out to be empty, whose places are all 0, the elements are zeros.
  const Array zero[] = {ravel(x), zeros({1}, x.dtype())};
  return reshape(take(is_symbolic(x.size()) ? concatenate(zero, 0) : zero[0], from, 0), shape);
}
// To a shape of numbers that are known.
static const Composed kResized(
    "resize", "The elements, repeated, in a shape.",
    +[](std::span<const Array> in, const Axes& shape) {
      return resized_by_places(in[0], Shape(std::span(shape.begin(), shape.end())));
    },
    +[](std::span<const Array> in, const Axes& shape) {
      return resize(in[0], Shape(std::span(shape.begin(), shape.end())));
    });

Array resize(const Array& x, const Shape& shape) {
  for (Dim d : shape) {
    if (is_negative(d)) throw ValueError("all elements of `new_shape` must be non-negative");
  }
  if (shape.is_static()) check_shape(shape, x.itemsize());
  const Dim wanted = dim_product(shape), have = x.size();
  if (wanted == 0 || have == 0) return zeros(shape, x.dtype());
  if (wanted == have) return reshape(x, shape);
  if (!is_symbolic(wanted) && !is_symbolic(have)) {
    const Array flat = ravel(x);
    const Dim whole = wanted / have, rest = wanted % have;
    const SliceSpec beginning[] = {{0, 1, rest}};
    if (whole < kFewRepetitions) {
      Arrays parts(static_cast<std::size_t>(whole), flat);
      if (rest != 0) parts.push_back(slice(flat, beginning));
      return reshape(concatenate(parts, 0), shape);
    }
    // One copy too many, of which the rest is a part.
    const Dim copies = whole + (rest != 0);
    const SliceSpec all[] = {{0, 1, wanted}};
    const Array repeated = reshape(broadcast_to(flat, {copies, have}), {copies * have});
    return reshape(slice(repeated, all), shape);
  }
  if (is_symbolic(wanted) || !x.is_symbolic()) return resized_by_places(x, shape);
  return compose(kResized, {x}, Axes(std::span(shape.begin(), shape.end())));
}

// --- bits

namespace {

// 128, 64, …, 1, or the other way round.
Array bit_values(bool little) {
  const Array i = iota(8, DType::uint8);
  return left_shift(Scalar(1).to_array(DType::uint8), little ? i : subtract(Scalar(7).to_array(DType::uint8), i));
}

// Around an axis that is the last one: moves it there, and back.
Array with_axis_last(const Array& x, int axis) { return moveaxis(x, Axes{axis}, Axes{-1}); }
Array with_axis_back(const Array& x, int axis) { return moveaxis(x, Axes{-1}, Axes{axis}); }

// The bits of each row of a concrete array as bytes.
Array pack_rows(const Array& given, bool little) {
  const Array x = given.is_contiguous() ? given : copy(given);
  Shape shape = x.shape();
  const std::int64_t n = shape.back(), bytes = (n + 7) / 8;
  shape.back() = bytes;
  Array out = Array::empty(DType::uint8, shape);
  auto* to = reinterpret_cast<std::uint8_t*>(out.data());
  const auto* from = x.data_as<std::uint8_t>();
  if (n % 8 == 0) {
    pack_bits(from, x.shape().num_elements() / 8, little, to);
    return out;
  }
  for (std::int64_t left = x.shape().num_elements() / n; left > 0; --left, from += n, to += bytes) {
    pack_bits(from, n / 8, little, to);
    std::uint8_t rest[8] = {};
    std::memcpy(rest, from + n / 8 * 8, static_cast<std::size_t>(n % 8));
    pack_bits(rest, 1, little, to + bytes - 1);
  }
  return out;
}

// Each byte of a concrete array as eight bytes of 0 or 1 along the last axis.
Array unpack_rows(const Array& given, bool little) {
  const Array x = given.is_contiguous() ? given : copy(given);
  Shape shape = x.shape();
  const std::int64_t n = shape.num_elements();
  shape.back() *= 8;
  Array out = Array::empty(DType::uint8, shape);
  unpack_bits(x.data_as<std::uint8_t>(), n, little, reinterpret_cast<std::uint8_t*>(out.data()));
  return out;
}

Array packed_of_parts(std::span<const Array> in, const Axes& little) {
  Array bits = astype(in[0], DType::uint8);
  const int last = bits.ndim() - 1;
  const Dim size = bits.shape()[last], bytes = dim_floor_div(dim_add(size, 7), 8);
  std::vector<std::int64_t> before(static_cast<std::size_t>(last) + 1, 0), after = before;
  after[static_cast<std::size_t>(last)] = dim_sub(dim_mul(bytes, 8), size);
  bits = pad(bits, Scalar(0).to_array(DType::uint8), before, after);
  Shape groups = bits.shape();
  groups[last] = bytes;
  groups.push_back(8);
  const std::int64_t axes[] = {last + 1};
  return reduce_sum(multiply(reshape(bits, groups), bit_values(little[0] != 0)), axes, false, DType::uint8);
}
const Composed kPacked(
    "packbits", "Eight flags of the last axis in a byte.", &packed_of_parts,
    +[](std::span<const Array> in, const Axes& little) { return pack_rows(in[0], little[0] != 0); });

Array unpacked_of_parts(std::span<const Array> in, const Axes& little) {
  Shape shape = in[0].shape();
  shape.back() = dim_mul(shape.back(), 8);
  const Array each = bitwise_and(expand_dims(in[0], Axes{in[0].ndim()}), bit_values(little[0] != 0));
  return reshape(astype(each != 0, DType::uint8), shape);
}
const Composed kUnpacked(
    "unpackbits", "Each byte as eight flags along the last axis.", &unpacked_of_parts,
    +[](std::span<const Array> in, const Axes& little) { return unpack_rows(in[0], little[0] != 0); });

}  // namespace

Array packbits(const Array& given, std::optional<std::int64_t> given_axis, bool little) {
  if (!is_integer(given.dtype()) && !is_bool(given.dtype())) {
    throw TypeError("Expected an input array of integer or boolean data type, not " + std::string(name(given.dtype())));
  }
  const auto [x, axis] = along(given, given_axis);
  return with_axis_back(compose(kPacked, {astype(with_axis_last(x, axis), DType::bool_)}, {little}), axis);
}

Array unpackbits(const Array& given, std::optional<std::int64_t> given_axis, std::optional<std::int64_t> count,
                 bool little) {
  if (given.dtype() != DType::uint8) {
    throw TypeError("Expected an input array of unsigned byte data type, not " + std::string(name(given.dtype())));
  }
  const auto [x, axis] = along(given, given_axis);
  const Array bytes = with_axis_last(x, axis);
  const int last = bytes.ndim() - 1;
  const Dim all = dim_mul(bytes.shape()[last], 8);
  Array bits = compose(kUnpacked, {bytes}, {little});
  if (count) {
    Dim wanted = *count;
    if (wanted < 0) {
      wanted = is_symbolic(all) ? dim_sub(all, -wanted) : all + wanted;
      if (is_negative(wanted)) {
        throw ValueError("-count larger than number of elements");
      }
    }
    const Dim some = dim_min(wanted, all);
    bits = part(bits, last, 0, some);
    if (some != wanted) {
      std::vector<std::int64_t> before(static_cast<std::size_t>(last) + 1, 0), after = before;
      after[static_cast<std::size_t>(last)] = dim_sub(wanted, some);
      bits = pad(bits, Scalar(0).to_array(DType::uint8), before, after);
    }
  }
  return with_axis_back(bits, axis);
}

}  // namespace tnp
