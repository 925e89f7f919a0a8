// nonzero_indices: where an array's elements are not zero. How many there are, only the data tells.
#include "base/dim.h"
#include "ops/common.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

// Elements of a part: what one thread counts, and then writes, at a time.
constexpr std::int64_t kPart = 1 << 14;

constexpr std::int64_t kSmall = 64;  // elements of a vector that needs no parts

OutputSpecs infer(const Call& call) { return {{DType::int64, Shape{kDataDependent, call.in[0].shape().ndim()}}}; }

std::int64_t count_true(const std::uint8_t* mask, std::int64_t n) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) count += mask[i] != 0;
  return count;
}

// The positions of the true elements begin … end - 1.
void write_flat(const std::uint8_t* mask, std::int64_t begin, std::int64_t end, std::int64_t* out, std::int64_t room) {
  // Writing always and stepping on only where it counts needs no branch; the last place of all ends it in time.
  std::int64_t found = 0;
  for (std::int64_t i = begin; i < end && found < room; ++i) {
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

void execute(const Call& call, std::span<Array> out) {
  Array mask = astype(call.in[0], DType::bool_);
  if (!mask.is_contiguous()) mask = copy(mask);
  const auto* data = mask.data_as<std::uint8_t>();
  const Shape& shape = mask.shape();
  const std::int64_t n = shape.num_elements(), ndim = shape.ndim(), parts = (n + kPart - 1) / kPart;
  if (n <= kSmall && ndim == 1) {
    std::int64_t found[kSmall];
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      found[count] = i;
      count += data[i] != 0;
    }
    out[0] = Array::copy_of(found, DType::int64, Shape{count, 1});
    return;
  }
  const auto end_of = [n](std::int64_t part) { return std::min(n, (part + 1) * kPart); };
  std::vector<std::int64_t> starts(static_cast<std::size_t>(parts) + 1, 0);
  parallel_for(parts, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k)
      starts[static_cast<std::size_t>(k) + 1] = count_true(data + k * kPart, end_of(k) - k * kPart);
  });
  for (std::size_t k = 1; k < starts.size(); ++k) starts[k] += starts[k - 1];
  out[0] = Array::empty(DType::int64, Shape{starts.back(), ndim});
  if (ndim == 0 || starts.back() == 0) return;
  auto* to = reinterpret_cast<std::int64_t*>(out[0].data());
  parallel_for(parts, 2, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) {
      const std::int64_t start = starts[static_cast<std::size_t>(k)],
                         found = starts[static_cast<std::size_t>(k) + 1] - start;
      if (found == 0) continue;
      if (ndim == 1) {
        write_flat(data, k * kPart, end_of(k), to + start, found);
      } else {
        write_indices(data, shape, k * kPart, end_of(k), to + start * ndim);
      }
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
