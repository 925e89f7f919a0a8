// search_sorted: where values belong in sorted rows.
#include <type_traits>

#include "base/dim.h"
#include "ops/common.h"
#include "ops/sort/sort.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

struct SearchParams : ParamsOf<SearchParams> {
  std::int64_t batch_dims = 0;
  bool right = false;
  template <class V>
  void fields(V& v) {
    v("batch_dims", batch_dims);
    v("right", right);
  }
  void set(std::int64_t b, bool r) {
    batch_dims = b;
    right = r;
  }
};

// Searches that run side by side, so that their cache misses overlap.
constexpr std::int64_t kTogether = 16;
constexpr std::int64_t kGrain = 1 << 10;

template <class T>
struct ComplexParts {
  T re, im;
};

// NumPy's order, NaN as the greatest.
template <class T>
bool is_less(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return (a < b) | ((b != b) & (a == a));
  } else {
    return a < b;
  }
}
template <class T>
bool is_less(ComplexParts<T> a, ComplexParts<T> b) {
  const auto nans = [](ComplexParts<T> z) { return 2 * (z.re != z.re) + (z.im != z.im); };
  if (nans(a) != nans(b)) return nans(a) < nans(b);
  if (a.re < b.re || b.re < a.re) return a.re < b.re;
  return a.im < b.im;
}

template <bool Right, class T>
void search_row(const T* sorted, std::int64_t n, const T* values, std::int64_t count, std::int64_t* out) {
  const auto before = [](T element, T value) { return Right ? !is_less(value, element) : is_less(element, value); };
  for (std::int64_t i = 0; i < count; i += kTogether) {
    const std::int64_t width = std::min(kTogether, count - i);
    const T* value = values + i;
    std::int64_t* at = out + i;
    for (std::int64_t k = 0; k < width; ++k) at[k] = 0;
    if (n == 0) continue;
    std::int64_t length = n;
    for (; length > 1; length -= length / 2) {
      const std::int64_t half = length / 2;
      for (std::int64_t k = 0; k < width; ++k) at[k] += before(sorted[at[k] + half - 1], value[k]) ? half : 0;
    }
    for (std::int64_t k = 0; k < width; ++k) at[k] += before(sorted[at[k]], value[k]);
  }
}

template <class T>
void search(const Array& sorted, const Array& values, std::int64_t rows, bool right, Array& out) {
  const std::int64_t n = sorted.shape()[sorted.ndim() - 1], count = values.shape().num_elements() / rows;
  const T* from = sorted.data_as<T>();
  const T* wanted = values.data_as<T>();
  auto* to = reinterpret_cast<std::int64_t*>(out.data());
  parallel_for(rows * count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t row = begin / count, stop = std::min(end, (row + 1) * count);
      const auto f = right ? &search_row<true, T> : &search_row<false, T>;
      f(from + row * n, n, wanted + begin, stop - begin, to + begin);
      begin = stop;
    }
  });
}

void search_typed(const Array& sorted, const Array& values, std::int64_t rows, bool right, Array& out) {
  switch (sorted.dtype()) {
    case DType::bool_:
    case DType::uint8:
      return search<std::uint8_t>(sorted, values, rows, right, out);
    case DType::int8:
      return search<std::int8_t>(sorted, values, rows, right, out);
    case DType::int16:
      return search<std::int16_t>(sorted, values, rows, right, out);
    case DType::int32:
      return search<std::int32_t>(sorted, values, rows, right, out);
    case DType::int64:
      return search<std::int64_t>(sorted, values, rows, right, out);
    case DType::uint16:
      return search<std::uint16_t>(sorted, values, rows, right, out);
    case DType::uint32:
      return search<std::uint32_t>(sorted, values, rows, right, out);
    case DType::uint64:
      return search<std::uint64_t>(sorted, values, rows, right, out);
    case DType::float32:
      return search<float>(sorted, values, rows, right, out);
    case DType::float64:
      return search<double>(sorted, values, rows, right, out);
    case DType::complex64:
      return search<ComplexParts<float>>(sorted, values, rows, right, out);
    case DType::complex128:
      return search<ComplexParts<double>>(sorted, values, rows, right, out);
    default:  // halves, exactly
      return search_typed(astype(sorted, DType::float32), astype(values, DType::float32), rows, right, out);
  }
}

void execute(const Call& call, std::span<Array> out) {
  const auto& p = params_of<SearchParams>(call);
  const Array sorted = call.in[0].is_contiguous() ? call.in[0] : copy(call.in[0]);
  const Array values = call.in[1].is_contiguous() ? call.in[1] : copy(call.in[1]);
  out[0] = Array::empty(DType::int64, values.shape());
  if (values.shape().num_elements() == 0) return;
  std::int64_t rows = 1;
  for (int i = 0; i < p.batch_dims; ++i) rows *= values.shape()[i];
  search_typed(sorted, values, rows, p.right, out[0]);
}

void batch(BatchCall& b) {
  SearchParams p = params_of<SearchParams>(b.call);
  b.result_batched = {true};
  if (!b.batched[0] && p.batch_dims == 0) {  // one row serves all
    b.result = {apply(b.call.op, b.call.in, p)};
    return;
  }
  ++p.batch_dims;
  b.result = {apply(b.call.op, {with_batch(b, 0), with_batch(b, 1)}, p)};
}

Sample search_sample(const Shape& values, const Shape& sorted, DType dtype, std::int64_t batch_dims, bool right) {
  return sample({sorted, values}, dtype, make_params<SearchParams>(batch_dims, right), false);
}

// The tests' samples are random: only rows of one element are always sorted.
const OpDef kSearch{
    .name = "search_sorted",
    .doc =
        "How many elements of a sorted row lie before each value: where to insert it on the left, or on the right, of "
        "equal ones.",
    .family = "sort",
    .num_inputs = 2,
    .infer = +[](const Call& call) { return OutputSpecs{{DType::int64, call.in[1].shape()}}; },
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::int64}; },
    .execute = &execute,
    .vjp = unsupported("the result is indices, constant almost everywhere"),
    .batch = &batch,
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (int i = 0; i < kNumericDTypeCount; ++i) {
            for (bool right : {false, true}) s.push_back(search_sample({4, 5}, {1}, static_cast<DType>(i), 0, right));
          }
          s.push_back(search_sample({3, 7}, {3, 1}, DType::float64, 1, false));
          s.push_back(search_sample({7}, {0}, DType::float64, 0, false));
          return s;
        },
    .oracle =
        "np.searchsorted(x[0], x[1], 'right' if p.right else 'left') if p.batch_dims == 0 else "
        "np.stack([np.searchsorted(a, b) for a, b in zip(x[0], x[1])])",
};
const RegisterOp registration(kSearch);

}  // namespace

Array search_rows(const Array& sorted, const Array& values, int batch_dims, bool right) {
  SearchParams p;
  p.batch_dims = batch_dims;
  p.right = right;
  return apply(kSearch, {sorted, values}, p);
}

}  // namespace tnp
