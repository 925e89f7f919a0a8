// extent: a number as a size. An array of that many elements, which takes no memory, so that the number is a symbolic
// dimension of the trace.
#include "tnp/extent.h"

#include "base/dim.h"
#include "ops/common.h"

namespace tnp {

namespace {

OutputSpecs infer(const Call& call) {
  const Array& n = call.in[0];
  if (n.ndim() != 0 || !is_integer(n.dtype())) fail<TypeError>(call, "a size must be a 0-d integer");
  return {{DType::bool_, Shape{kDataDependent}}};
}

const OpDef kExtent{
    .name = "extent",
    .doc = "As many elements as the number says, without memory: its size is the number.",
    .family = "shape",
    .infer = &infer,
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::bool_}; },
    .execute =
        +[](const Call& call, std::span<Array> out) {
          const Array n = astype(call.in[0], DType::int64);
          const std::int64_t count = *n.data_as<std::int64_t>();
          if (count < 0) throw ValueError("negative dimensions are not allowed");
          const Array one = Array::empty(DType::bool_, {});
          *reinterpret_cast<bool*>(one.data()) = true;
          out[0] = Array::view_of(one.node()->buffer, one.data(), DType::bool_, Shape{count}, Strides{0});
        },
    .vjp = unsupported("a size is constant almost everywhere"),
    .batch = unsupported("the examples of a batch may have different sizes"),
    .samples =
        +[](const OpDef&) {
          return std::vector<Sample>{sample({{}}, DType::int64, std::make_shared<NoParams>(), false)};
        },
    .oracle = "np.ones(int(x[0]), dtype=bool)",
};
const RegisterOp registration(kExtent);

Dim extent(const Array& n) { return apply(kExtent, {&n, 1}).shape()[0]; }

}  // namespace

std::int64_t size_of_value(const Array& n) {
  if (n.is_symbolic()) return extent(n);
  const Array value = astype(n, DType::int64);
  return *value.data_as<std::int64_t>();
}

std::int64_t number_of_value(const Array& n) {
  if (!n.is_symbolic()) return size_of_value(n);
  const Array zero = zeros({}, DType::int64), value = astype(n, DType::int64);
  return dim_sub(extent(maximum(value, zero)), extent(maximum(subtract(zero, value), zero)));
}

}  // namespace tnp
