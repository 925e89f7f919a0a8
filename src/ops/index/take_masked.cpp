// take_masked: the elements where a mask is true. How many there are, only the data tells.
#include "ops/index/take_masked.h"

#include <cstring>

#include "base/dim.h"
#include "base/element_bits.h"
#include "ops/common.h"
#include "ops/index/mask_parts.h"

namespace tnp {

namespace {

OutputSpecs infer(const Call& call) {
  const Array &x = call.in[0], &mask = call.in[1];
  if (!is_bool(mask.dtype())) fail<TypeError>(call, "the mask must be of type bool");
  if (x.shape().is_static() && mask.shape().is_static() && x.shape() != mask.shape())
    fail<IndexError>(call, "the mask has another shape");
  return {{x.dtype(), Shape{kDataDependent}}};
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

using CopyTrue = void (*)(const std::byte*, const std::uint8_t*, std::int64_t, std::byte*, std::int64_t);
CopyTrue copy_for(std::int64_t itemsize) {
  return with_element_bits(itemsize, []<class T>(T) -> CopyTrue { return &copy_true<T>; });
}

void execute(const Call& call, std::span<Array> out) {
  infer(call);
  Array x = call.in[0], mask = call.in[1];
  if (!x.is_contiguous()) x = copy(x);
  if (!mask.is_contiguous()) mask = copy(mask);
  const auto* flags = mask.data_as<std::uint8_t>();
  const std::int64_t n = x.shape().num_elements(), itemsize = x.itemsize();
  const CopyTrue copy_part = copy_for(itemsize);
  if (n <= MaskParts::kElements) {
    const std::int64_t found = MaskParts::count_true(flags, n);
    out[0] = Array::empty(x.dtype(), Shape{found});
    copy_part(x.data(), flags, n, out[0].data(), found);
    return;
  }
  const MaskParts parts(flags, n);
  out[0] = Array::empty(x.dtype(), Shape{parts.total()});
  const std::byte* from = x.data();
  std::byte* to = out[0].data();
  parts.for_each([&](const MaskParts::Part& part) {
    copy_part(from + part.begin * itemsize, flags + part.begin, part.end - part.begin, to + part.first * itemsize,
              part.count);
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
