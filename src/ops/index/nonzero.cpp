// nonzero_indices: where an array's elements are not zero. How many there are, only the data tells.
#include "base/dim.h"
#include "ops/common.h"
#include "ops/elementwise/cast.h"
#include "ops/index/mask_parts.h"

namespace tnp {

namespace {

constexpr std::int64_t kSmall = 64;  // elements of a vector that needs no parts

OutputSpecs infer(const Call& call) { return {{DType::int64, Shape{kDataDependent, call.in[0].shape().ndim()}}}; }

// The places of the bits that are set in a byte, and their number.
struct PlacesOfBits {
  std::int64_t place[256][8] = {};
  std::int64_t count[256] = {};
  constexpr PlacesOfBits() {
    for (int bits = 0; bits < 256; ++bits) {
      for (int k = 0; k < 8; ++k) {
        if ((bits >> k & 1) != 0) place[bits][count[bits]++] = k;
      }
    }
  }
};
constexpr PlacesOfBits kPlaces;

// A bit for each of eight bytes that is not 0.
unsigned bits_of_bytes(const std::uint8_t* mask) {
  return static_cast<unsigned>(MaskParts::true_bytes(mask) * 0x0102040810204080u >> 56);
}

// The positions of the true elements begin … end - 1: eight are written at once, of which as many count as there are.
void write_flat(const std::uint8_t* mask, std::int64_t begin, std::int64_t end, std::int64_t* out, std::int64_t room) {
  std::int64_t found = 0, i = begin;
  for (; i + 8 <= end && found + 8 <= room; i += 8) {
    const unsigned bits = bits_of_bytes(mask + i);
    for (int k = 0; k < 8; ++k) out[found + k] = i + kPlaces.place[bits][k];
    found += kPlaces.count[bits];
  }
  // Writing always and stepping on only where it counts needs no branch; the last place of all ends it in time.
  for (; i < end && found < room; ++i) {
    out[found] = i;
    found += mask[i] != 0;
  }
}

void write_indices(const std::uint8_t* mask, const Shape& shape, std::int64_t begin, std::int64_t end,
                   std::int64_t* out) {
  const int ndim = shape.ndim();
  Axes at(ndim, 0);
  for (std::int64_t d = ndim - 1, rest = begin; d >= 0; --d) {
    at[static_cast<int>(d)] = rest % shape[static_cast<int>(d)];
    rest /= shape[static_cast<int>(d)];
  }
  const std::int64_t columns = shape[ndim - 1];
  for (std::int64_t i = begin; i < end;) {
    const std::int64_t run = std::min(end - i, columns - at[ndim - 1]);
    for (std::int64_t k = 0; k < run; ++k) {
      if (!mask[i + k]) continue;
      for (int d = 0; d + 1 < ndim; ++d) *out++ = at[d];
      *out++ = at[ndim - 1] + k;
    }
    i += run;
    at[ndim - 1] = 0;
    for (int d = ndim - 2; d >= 0 && ++at[d] == shape[d]; --d) at[d] = 0;
  }
}

// A short vector, without a mask in memory of its own.
Array of_short_vector(const Array& x, std::int64_t n) {
  std::uint8_t cast[kSmall];
  const auto* mask = reinterpret_cast<const std::uint8_t*>(x.data());
  if (!is_bool(x.dtype())) {
    cast_block(x.dtype(), DType::bool_, x.data(), cast, n);
    mask = cast;
  }
  std::int64_t found[kSmall], count = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    found[count] = i;
    count += mask[i] != 0;
  }
  return Array::copy_of(found, DType::int64, Shape{count, 1});
}

void execute(const Call& call, std::span<Array> out) {
  const Array& x = call.in[0];
  if (x.shape().ndim() == 1 && x.shape()[0] <= kSmall && x.is_contiguous()) {
    out[0] = of_short_vector(x, x.shape()[0]);
    return;
  }
  Array mask = astype(call.in[0], DType::bool_);
  if (!mask.is_contiguous()) mask = copy(mask);
  const auto* data = mask.data_as<std::uint8_t>();
  const Shape& shape = mask.shape();
  const std::int64_t n = shape.num_elements(), ndim = shape.ndim();
  const MaskParts parts(data, n);
  out[0] = Array::empty(DType::int64, Shape{parts.total(), ndim});
  if (ndim == 0 || parts.total() == 0) return;
  auto* to = reinterpret_cast<std::int64_t*>(out[0].data());
  parts.for_each([&](const MaskParts::Part& part) {
    if (ndim == 1) {
      write_flat(data, part.begin, part.end, to + part.first, part.count);
    } else {
      write_indices(data, shape, part.begin, part.end, to + part.first * ndim);
    }
  });
}

const OpDef kNonzero{
    .name = "nonzero_indices",
    .doc = "The indices of the elements that are not zero, a row each, in row-major order.",
    .family = "index",
    .infer = &infer,
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::int64}; },
    .execute = &execute,
    .vjp = unsupported("the result is indices, constant almost everywhere"),
    .batch = unsupported("the examples of a batch may have different numbers of nonzero elements"),
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (int i = 0; i < kNumericDTypeCount; ++i) {
            s.push_back(sample({{3, 4, 5}}, static_cast<DType>(i), std::make_shared<NoParams>(), false));
          }
          s.push_back(sample({{100}}, DType::bool_, std::make_shared<NoParams>(), false));
          s.push_back(sample({{0, 3}}, DType::float64, std::make_shared<NoParams>(), false));
          return s;
        },
    .oracle = "np.argwhere(x[0])",
};
const RegisterOp registration(kNonzero);

}  // namespace

Array nonzero_indices(const Array& mask) { return apply(kNonzero, {&mask, 1}); }

}  // namespace tnp
