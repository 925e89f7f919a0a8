// take_masked: the elements where a mask is true. How many there are, only the data tells.
#include "ops/index/take_masked.h"

#include <cstring>

#include "base/dim.h"
#include "ops/common.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

// Elements of a part: what one thread counts, and then copies, at a time.
constexpr std::int64_t kPart = 1 << 14;

OutputSpecs infer(const Call& call) {
  const Array &x = call.in[0], &mask = call.in[1];
  if (!is_bool(mask.dtype())) fail<TypeError>(call, "the mask must be of type bool");
  if (x.shape().is_static() && mask.shape().is_static() && x.shape() != mask.shape())
    fail<IndexError>(call, "the mask has another shape");
  return {{x.dtype(), Shape{kDataDependent}}};
}

std::int64_t count_true(const std::uint8_t* mask, std::int64_t n) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) count += mask[i] != 0;
  return count;
}

// Writing always and stepping on only where it counts needs no branch; the last place of all ends it in time.
template <class T>
void copy_true(const std::byte* from, const std::uint8_t* mask, std::int64_t n, std::byte* to, std::int64_t room) {
  const T* source = reinterpret_cast<const T*>(from);
  T* target = reinterpret_cast<T*>(to);
  std::int64_t found = 0;
  for (std::int64_t i = 0; i < n && found < room; ++i) {
    target[found] = source[i];
    found += mask[i] != 0;
  }
}

struct Pair {
  std::uint64_t low, high;
};

using CopyTrue = void (*)(const std::byte*, const std::uint8_t*, std::int64_t, std::byte*, std::int64_t);
CopyTrue copy_for(std::int64_t itemsize) {
  switch (itemsize) {
    case 1:
      return &copy_true<std::uint8_t>;
    case 2:
      return &copy_true<std::uint16_t>;
    case 4:
      return &copy_true<std::uint32_t>;
    case 8:
      return &copy_true<std::uint64_t>;
    default:
      return &copy_true<Pair>;
  }
}

void execute(const Call& call, std::span<Array> out) {
  infer(call);
  Array x = call.in[0], mask = call.in[1];
  if (!x.is_contiguous()) x = copy(x);
  if (!mask.is_contiguous()) mask = copy(mask);
  const auto* flags = mask.data_as<std::uint8_t>();
  const std::int64_t n = x.shape().num_elements(), itemsize = x.itemsize(), parts = (n + kPart - 1) / kPart;
  const CopyTrue copy_part = copy_for(itemsize);
  if (parts <= 1) {
    const std::int64_t found = count_true(flags, n);
    out[0] = Array::empty(x.dtype(), Shape{found});
    copy_part(x.data(), flags, n, out[0].data(), found);
    return;
  }
  const auto size_of = [n](std::int64_t part) { return std::min(n - part * kPart, kPart); };
  std::vector<std::int64_t> starts(static_cast<std::size_t>(parts) + 1, 0);
  parallel_for(parts, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k)
      starts[static_cast<std::size_t>(k) + 1] = count_true(flags + k * kPart, size_of(k));
  });
  for (std::size_t k = 1; k < starts.size(); ++k) starts[k] += starts[k - 1];
  out[0] = Array::empty(x.dtype(), Shape{starts.back()});
  const std::byte* from = x.data();
  std::byte* to = out[0].data();
  parallel_for(parts, 2, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) {
      const std::int64_t start = starts[static_cast<std::size_t>(k)],
                         found = starts[static_cast<std::size_t>(k) + 1] - start;
      copy_part(from + k * kPart * itemsize, flags + k * kPart, size_of(k), to + start * itemsize, found);
    }
  });
}

void vjp(VjpCall& v) {
  const Array &x = v.call.in[0], &mask = v.call.in[1];
  if (!is_inexact(x.dtype())) return;
  const Dim size = x.size();
  const Array found = nonzero_indices(reshape(mask, {size})), places = reshape(found, {found.shape()[0]});
  const std::int64_t axes[] = {0};
  v.result[0] = reshape(
      scatter(zeros({size}, x.dtype()), {&places, 1}, astype(v.cotangents[0], x.dtype()), axes, ScatterMode::set),
      x.shape());
}

const OpDef kTakeMasked{
    .name = "take_masked",
    .doc = "The elements where a mask is true, in row-major order.",
    .family = "index",
    .num_inputs = 2,
    .infer = &infer,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute = &execute,
    .vjp = &vjp,
    .batch = unsupported("the examples of a batch may have different numbers of true elements"),
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          const auto add = [&s](const Shape& shape, DType d) {
            s.push_back(sample({shape}, d, std::make_shared<NoParams>()));
            s.back().inputs.push_back({DType::bool_, shape});
          };
          for (DType d : kSampleDTypes) add({3, 7}, d);
          add({40000}, DType::float32);
          add({0, 3}, DType::float64);
          add({}, DType::int64);
          return s;
        },
    .oracle = "x[0][x[1]]",
};
const RegisterOp registration(kTakeMasked);

}  // namespace

Array take_masked(const Array& x, const Array& mask) { return apply(kTakeMasked, {x, mask}); }

}  // namespace tnp
