// Linear recurrences: what gradients of cumulative products are made of. Their own gradients are such again, so there
// are derivatives of every order, whatever is zero.
#include "ops/scan/recurrence.h"

#include "base/dim.h"
#include "ops/common.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

struct RecurrenceParams : ParamsOf<RecurrenceParams> {
  std::int64_t axis = 0;  // normalized
  bool reverse = false;
  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("reverse", reverse);
  }
  void set(std::int64_t a, bool r) {
    axis = a;
    reverse = r;
  }
};

OutputSpecs infer(const Call& call) {
  const auto& p = params_of<RecurrenceParams>(call);
  const Array &a = call.in[0], &b = call.in[1];
  if (p.axis < 0 || p.axis >= b.ndim()) fail<AxisError>(call, "there is no axis " + std::to_string(p.axis));
  if (!is_inexact(b.dtype()) || a.dtype() != b.dtype()) fail<TypeError>(call, "needs arrays of one floating type");
  if (a.shape().is_static() && b.shape().is_static() && a.shape() != b.shape())
    fail<ValueError>(call, "needs arrays of one shape");
  return {{b.dtype(), b.shape()}};
}

template <class T>
struct Pair {
  T re, im;
};
template <class T>
T step(T a, T y, T b) {
  return a * y + b;
}
template <class T>
Pair<T> step(Pair<T> a, Pair<T> y, Pair<T> b) {
  return {a.re * y.re - a.im * y.im + b.re, a.re * y.im + a.im * y.re + b.im};
}

constexpr std::int64_t kParallelElements = 1 << 14;

// `n` places along the axis, `inner` elements at each, `outer` times.
template <class T>
void run(const std::byte* a_data, const std::byte* b_data, std::byte* y_data, std::int64_t outer, std::int64_t n,
         std::int64_t inner, bool reverse) {
  if (n == 0 || inner == 0) return;
  parallel_for(outer, std::max<std::int64_t>(1, kParallelElements / (n * inner)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t o = begin; o < end; ++o) {
                   const std::int64_t start = (o * n + (reverse ? n - 1 : 0)) * inner, turn = reverse ? -inner : inner;
                   const T* a = reinterpret_cast<const T*>(a_data) + start;
                   const T* b = reinterpret_cast<const T*>(b_data) + start;
                   T* y = reinterpret_cast<T*>(y_data) + start;
                   for (std::int64_t j = 0; j < inner; ++j) y[j] = b[j];
                   for (std::int64_t i = 1; i < n; ++i) {
                     const T* last = y;
                     a += turn;
                     b += turn;
                     y += turn;
                     for (std::int64_t j = 0; j < inner; ++j) y[j] = step(a[j], last[j], b[j]);
                   }
                 }
               });
}

void execute(const Call& call, std::span<Array> out) {
  infer(call);
  const auto& p = params_of<RecurrenceParams>(call);
  const DType dtype = call.in[1].dtype();
  const bool half = itemsize(dtype) == 2;
  const DType wide = half ? DType::float32 : dtype;
  const auto laid_out = [&](const Array& x) {
    const Array y = astype(x, wide);
    return y.is_contiguous() ? y : copy(y);
  };
  const Array a = laid_out(call.in[0]), b = laid_out(call.in[1]), y = Array::empty(wide, b.shape());
  std::int64_t outer = 1, inner = 1;
  for (int d = 0; d < b.ndim(); ++d) (d < p.axis ? outer : inner) *= d == p.axis ? 1 : b.shape()[d];
  const std::int64_t n = b.shape()[static_cast<int>(p.axis)];
  const auto with = [&]<class T>(T) { run<T>(a.data(), b.data(), y.data(), outer, n, inner, p.reverse); };
  switch (wide) {
    case DType::float32:
      with(float{});
      break;
    case DType::float64:
      with(double{});
      break;
    case DType::complex64:
      with(Pair<float>{});
      break;
    default:
      with(Pair<double>{});
      break;
  }
  out[0] = astype(y, dtype);
}

void vjp(VjpCall& v) {
  const auto& p = params_of<RecurrenceParams>(v.call);
  const Array& a = v.call.in[0];
  const int axis = static_cast<int>(p.axis);
  const Array none = zeros({}, a.dtype());
  const Array ct = linear_recurrence(conjugate_if_complex(neighbour(a, axis, !p.reverse, none)), v.cotangents[0],
                                     p.axis, !p.reverse);
  v.result[0] = ct * conjugate_if_complex(neighbour(v.outputs[0], axis, p.reverse, none));
  v.result[1] = ct;
}

void batch(BatchCall& b) {
  RecurrenceParams p = params_of<RecurrenceParams>(b.call);
  ++p.axis;
  const Array in[] = {with_batch(b, 0), with_batch(b, 1)};
  b.result = {apply(b.call.op, in, p)};
  b.result_batched = {true};
}

std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (DType d : {DType::float16, DType::float32, DType::float64, DType::complex64, DType::complex128}) {
    s.push_back(sample({{3, 4}, {3, 4}}, d, make_params<RecurrenceParams>(1, false)));
    s.push_back(sample({{5, 2}, {5, 2}}, d, make_params<RecurrenceParams>(0, true)));
    s.push_back(sample({{0, 2}, {0, 2}}, d, make_params<RecurrenceParams>(0, true)));
  }
  return s;
}

const OpDef kRecurrence{
    .name = "linear_recurrence",
    .doc = "y[i] = a[i] * y[i - 1] + b[i] along an axis, from 0 on or, in reverse, from its end.",
    .family = "scan",
    .num_inputs = 2,
    .infer = &infer,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[1].dtype()}; },
    .execute = &execute,
    .vjp = &vjp,
    .batch = &batch,
    .samples = &samples,
    .oracle =
        "(lambda turn, step, rows: turn(np.moveaxis(np.array(list(__import__('itertools').accumulate(rows(turn), "
        "step)), "
        "x[0].dtype)[:, 1].reshape(np.moveaxis(x[0], p.axis, 0).shape) if x[0].size else np.moveaxis(x[0], p.axis, 0), "
        "0, p.axis)))(lambda a: np.flip(a, p.axis) if p.reverse else a, lambda y, r: (r[0], r[0] * y[1] + r[1]), "
        "lambda turn: zip(*(np.moveaxis(turn(v), p.axis, 0) for v in x)))",
};
const RegisterOp registration(kRecurrence);

}  // namespace

Array linear_recurrence(const Array& a, const Array& b, std::int64_t axis, bool reverse) {
  RecurrenceParams p;
  p.set(axis, reverse);
  const Array in[] = {a, b};
  return apply(kRecurrence, in, p);
}

Array neighbour(const Array& x, int axis, bool after, const Array& fill) {
  const Shape& shape = x.shape();
  const Dim count = dim_max(0, dim_sub(shape[axis], 1));
  std::vector<SliceSpec> first, last;
  for (int i = 0; i < shape.ndim(); ++i) {
    first.push_back({0, 1, i == axis ? count : shape[i]});
    last.push_back({i == axis ? 1 : 0, 1, i == axis ? count : shape[i]});
  }
  return place_slice(full(shape, fill), slice(x, after ? last : first), after ? first : last);
}

}  // namespace tnp
