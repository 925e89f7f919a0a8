// squared_deviations: what a variance divides, in one pass over the array.
#include "ops/reduce/deviation.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/dim.h"
#include "ops/common.h"
#include "ops/reduce/deviation_kernels.h"
#include "ops/reduce/reduce_stage.h"
#include "ops/shape/copy.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"
#include "tnp/operators.h"

namespace tnp {

namespace {

constexpr PerIsa<const DeviationKernels* (*)(DType)> kFindKernels = TNP_PER_ISA(find_deviation_kernels);

// Few columns are computed side by side with those of the following rows, this many bytes in all. A single one is read
// from front to back, as processors expect it.
constexpr std::int64_t kLaneBytes = 256, kSingleLaneBytes = 64;
constexpr std::int64_t kPanelBytes = 8 << 10;  // of a row, whose means and sums stay in the first-level cache
// Rows that are computed one after the other; what longer columns give is combined in pairs. It depends on the shape
// alone, so that the number of threads does not change a result.
constexpr std::int64_t kChunk = 1024;
constexpr std::int64_t kPackedColumns = 64;  // of a panel that is copied first
constexpr std::int64_t kGrain = 32768;       // elements that are worth a thread

struct DeviationParams : ParamsOf<DeviationParams> {
  std::int64_t axis = 0, count = 1;
  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("count", count);
  }
  void set(std::int64_t a, std::int64_t n) {
    axis = a;
    count = n;
  }
};

OutputSpecs infer(const Call& call) {
  const auto& p = params_of<DeviationParams>(call);
  const Array& x = call.in[0];
  if (x.dtype() != DType::float32 && x.dtype() != DType::float64) fail<TypeError>(call, "must be float32 or float64");
  if (p.axis < 0 || p.count < 1 || p.axis + p.count > x.ndim()) fail<ValueError>(call, "there are fewer axes");
  Shape kept = x.shape();
  for (std::int64_t i = 0; i < p.count; ++i) kept.erase(static_cast<int>(p.axis));
  return {{x.dtype(), kept}};
}

// Neighbouring dimensions as one; false if they are not evenly spaced.
bool join(const Array& x, int begin, int end, std::int64_t& size, std::int64_t& stride) {
  size = 1;
  stride = x.itemsize();
  for (int d = end; d-- > begin;) {
    if (x.shape()[d] == 1) continue;
    if (size != 1 && x.strides()[d] != stride * size) return false;
    if (size == 1) stride = x.strides()[d];
    size *= x.shape()[d];
  }
  return true;
}

// Columns of an array (outer, n, inner), computed chunk by chunk of their rows and panel by panel of a row.
class Deviations {
 public:
  Deviations(const Array& x, int axis, int count) : x_(x) {
    if (!set_layout(axis, count)) {
      x_ = copy(x);
      set_layout(axis, count);
    }
    const std::int64_t lanes = (inner_ == 1 ? kSingleLaneBytes : kLaneBytes) / size_;
    while (2 * side_ * inner_ <= lanes && n_ >= 2 * kDeviationRows * 2 * side_) side_ *= 2;
    rows_ = n_ / side_;
    cols_ = side_ * inner_;
    direct_ = (inner_ == 1 || inner_stride_ == size_) && (side_ == 1 || row_stride_ == inner_ * size_);
    panel_ = direct_ ? kPanelBytes / size_ : side_ > 1 ? cols_ : kPackedColumns;
    chunks_ = (rows_ + kChunk - 1) / kChunk;
    panels_ = (cols_ + panel_ - 1) / panel_;
  }

  void run(std::byte* out) {
    if (inner_ == 1 && n_ <= kShortDeviationRow) return run_short(out);
    if (side_ == 1 && chunks_ == 1) return run_panels(out);
    if (chunks_ == 1) {
      parallel_for(outer_, grain(n_ * inner_), [&](std::int64_t begin, std::int64_t end) {
        alignas(64) std::byte mean[kLaneBytes], sum[kLaneBytes];
        for (std::int64_t o = begin; o < end; ++o) {
          part(o, 0, rows_, 0, cols_, mean, sum);
          finish(o, mean, sum, out);
        }
      });
      return;
    }
    run_chunks(out);
  }

  // NaN for columns with NaN and infinities; infinite where finite elements are too large.
  void mend_overflow(std::byte* out) const {
    parallel_for(outer_ * inner_, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) {
        if (size_ == 4) {
          mend<float>(out, k);
        } else {
          mend<double>(out, k);
        }
      }
    });
  }

 private:
  bool set_layout(int axis, int count) {
    size_ = x_.itemsize();
    return join(x_, 0, axis, outer_, outer_stride_) && join(x_, axis, axis + count, n_, row_stride_) &&
           join(x_, axis + count, x_.ndim(), inner_, inner_stride_);
  }

  static std::int64_t grain(std::int64_t elements) { return std::max<std::int64_t>(1, kGrain / elements); }

  const std::byte* at(std::int64_t o, std::int64_t row, std::int64_t col) const {
    return x_.data() + o * outer_stride_ + row * row_stride_ + col * inner_stride_;
  }

  // Of `rows` times `side_` rows of the array. The first row is what their elements are taken relative to.
  void part(std::int64_t o, std::int64_t row, std::int64_t rows, std::int64_t col, std::int64_t cols, void* mean,
            void* sum) const {
    const std::byte* from = at(o, row * side_, side_ > 1 ? 0 : col);
    alignas(64) std::byte shift[kLaneBytes];
    if (side_ > 1) fill_shift(o, side_, shift);
    if (direct_)
      return kernels_->columns(from, row_stride_ * side_, rows, cols, side_ > 1 ? shift : at(o, 0, col), mean, sum);
    const std::int64_t width = side_ > 1 ? inner_ : cols;
    const Array packed = gathered(from, rows * side_, width);
    if (side_ > 1) return kernels_->columns(packed.data(), cols * size_, rows, cols, shift, mean, sum);
    const Array first = gathered(at(o, 0, col), 1, cols);
    kernels_->columns(packed.data(), cols * size_, rows, cols, first.data(), mean, sum);
  }

  // The first row's few columns, `times` times.
  void fill_shift(std::int64_t o, std::int64_t times, std::byte* shift) const {
    for (std::int64_t k = 0; k < times * inner_; ++k)
      std::memcpy(shift + k * size_, at(o, 0, k % inner_), static_cast<std::size_t>(size_));
  }

  Array gathered(const std::byte* from, std::int64_t rows, std::int64_t cols) const {
    Array packed = Array::empty(x_.dtype(), {rows, cols});
    const std::int64_t shape[] = {rows, cols}, here[] = {row_stride_, inner_stride_}, there[] = {cols * size_, size_};
    copy_strided({const_cast<std::byte*>(from), x_.dtype(), 2, shape, here},
                 {packed.data(), x_.dtype(), 2, shape, there});
    return packed;
  }

  void run_short(std::byte* out) {
    if (row_stride_ != size_ && n_ > 1) {
      x_ = copy(x_);
      outer_stride_ = n_ * size_;
    }
    parallel_for(outer_, grain(n_), [&](std::int64_t begin, std::int64_t end) {
      kernels_->short_rows(x_.data() + begin * outer_stride_, outer_stride_, end - begin, n_, out + begin * size_);
    });
  }

  void run_panels(std::byte* out) const {
    parallel_for(outer_ * panels_, grain(n_ * std::min(panel_, cols_)), [&](std::int64_t begin, std::int64_t end) {
      alignas(64) std::byte mean[kPanelBytes];
      for (std::int64_t k = begin; k < end; ++k) {
        const std::int64_t o = k / panels_, col = k % panels_ * panel_;
        part(o, 0, rows_, col, std::min(panel_, cols_ - col), mean, out + (o * inner_ + col) * size_);
      }
    });
  }

  void run_chunks(std::byte* out) const {
    const std::int64_t row = cols_ * size_;
    const Array means = Array::empty(x_.dtype(), {outer_, chunks_, cols_});
    const Array sums = Array::empty(x_.dtype(), {outer_, chunks_, cols_});
    parallel_for(outer_ * chunks_ * panels_, grain(kChunk * std::min(panel_, cols_)),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t k = begin; k < end; ++k) {
                     const std::int64_t c = k / panels_, col = k % panels_ * panel_, first = c % chunks_ * kChunk;
                     part(c / chunks_, first, std::min(kChunk, rows_ - first), col, std::min(panel_, cols_ - col),
                          means.data() + c * row + col * size_, sums.data() + c * row + col * size_);
                   }
                 });
    parallel_for(outer_, grain(chunks_ * cols_), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t o = begin; o < end; ++o) {
        std::byte *mean = means.data() + o * chunks_ * row, *sum = sums.data() + o * chunks_ * row;
        for (std::int64_t step = 1; step < chunks_; step *= 2) {
          for (std::int64_t c = 0; c + step < chunks_; c += 2 * step) {
            const std::int64_t next = c + step, more = std::min(rows_, (next + step) * kChunk) - next * kChunk;
            kernels_->merge(mean + c * row, sum + c * row, step * kChunk, mean + next * row, sum + next * row, more,
                            cols_);
          }
        }
        finish(o, mean, sum, out);
      }
    });
  }

  // Rows that were computed side by side, and those that are left over.
  void finish(std::int64_t o, std::byte* mean, std::byte* sum, std::byte* out) const {
    std::int64_t count = rows_;
    for (std::int64_t side = side_; side > 1; side /= 2, count *= 2) {
      const std::int64_t half = side / 2 * inner_;
      kernels_->merge(mean, sum, count, mean + half * size_, sum + half * size_, count, half);
    }
    if (const std::int64_t left = n_ - count; left > 0) {
      alignas(64) std::byte more_mean[kLaneBytes], more_sum[kLaneBytes], shift[kLaneBytes];
      fill_shift(o, 1, shift);
      const std::byte* from = at(o, count, 0);
      const Array packed = direct_ ? Array() : gathered(from, left, inner_);
      kernels_->columns(direct_ ? from : packed.data(), inner_ * size_, left, inner_, shift, more_mean, more_sum);
      kernels_->merge(mean, sum, count, more_mean, more_sum, left, inner_);
    }
    std::memcpy(out + o * inner_ * size_, sum, static_cast<std::size_t>(inner_ * size_));
  }

  template <class T>
  void mend(std::byte* out, std::int64_t k) const {
    T& sum = reinterpret_cast<T*>(out)[k];
    if (std::isfinite(sum)) return;
    sum = std::numeric_limits<T>::infinity();
    const std::byte* p = at(k / inner_, 0, k % inner_);
    for (std::int64_t i = 0; i < n_; ++i, p += row_stride_) {
      T element;
      std::memcpy(&element, p, sizeof element);
      if (!std::isfinite(element)) {
        sum = std::numeric_limits<T>::quiet_NaN();
        return;
      }
    }
  }

  Array x_;
  const DeviationKernels* kernels_ = kFindKernels.get()(x_.dtype());
  std::int64_t size_ = 0;
  std::int64_t outer_ = 1, n_ = 1, inner_ = 1;
  std::int64_t outer_stride_ = 0, row_stride_ = 0, inner_stride_ = 0;
  std::int64_t side_ = 1;  // rows side by side: a power of two
  std::int64_t rows_ = 0, cols_ = 0, panel_ = 0, chunks_ = 0, panels_ = 0;
  bool direct_ = false;  // the kernel can walk the array as it lies
};

void execute(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer(call);
  const auto& p = params_of<DeviationParams>(call);
  const Array& x = call.in[0];
  out[0] = Array::empty(x.dtype(), specs[0].shape);
  const std::int64_t results = specs[0].shape.num_elements();
  if (results == 0) return;
  if (x.shape().num_elements() == 0) {
    std::memset(out[0].data(), 0, static_cast<std::size_t>(results * x.itemsize()));  // the sum of nothing
    return;
  }
  Deviations deviations(x, static_cast<int>(p.axis), static_cast<int>(p.count));
  deviations.run(out[0].data());
  deviations.mend_overflow(out[0].data());
}

// The mean moves with x, but the deviations from it add up to nothing.
void vjp(VjpCall& v) {
  const auto& p = params_of<DeviationParams>(v.call);
  const Array& x = v.call.in[0];
  Axes axes;
  Shape kept = x.shape();
  Dim n = 1;
  for (std::int64_t i = p.axis; i < p.axis + p.count; ++i) {
    axes.push_back(i);
    n = dim_mul(n, x.shape()[static_cast<int>(i)]);
    kept[static_cast<int>(i)] = 1;
  }
  const Array mean = reduce_sum(x, axes, true, x.dtype()) / dim_value(n, x.dtype());
  v.result[0] = 2 * reshape(v.cotangents[0], kept) * (x - mean);
}

// A column is computed as in the whole, but narrow rows are computed in another way than wide ones.
bool tile(TileCall& t) {
  const auto& p = static_cast<const DeviationParams&>(t.params);
  int axis = t.axis;
  if (axis >= p.axis) {
    axis += static_cast<int>(p.count);
    std::int64_t inner = 1;
    for (int i = static_cast<int>(p.axis + p.count); i < t.in[0].ndim(); ++i) inner *= i == axis ? 1 : t.in[0][i];
    if (t.in[0][axis] * inner < kManyColumns || (t.end - t.begin) * inner < kManyColumns) return false;
  }
  t.parts[0] = {axis, t.begin, t.end};
  return true;
}

const OpDef kSquaredDeviations{
    .name = "squared_deviations",
    .doc = "The sum of squared differences from the mean, over neighbouring axes.",
    .family = "reduce",
    .infer = &infer,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute = &execute,
    .vjp = &vjp,
    .batch =
        +[](BatchCall& b) {
          const auto& p = params_of<DeviationParams>(b.call);
          b.result = {squared_deviations(b.call.in[0], static_cast<int>(p.axis) + 1, static_cast<int>(p.count))};
          b.result_batched = {true};
        },
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : {DType::float32, DType::float64}) {
            s.push_back(sample({{3, 40}}, d, make_params<DeviationParams>(1, 1)));
            s.push_back(sample({{40, 3}}, d, make_params<DeviationParams>(0, 1)));
            s.push_back(sample({{2, 3, 5}}, d, make_params<DeviationParams>(1, 2)));
            s.push_back(sample({{2, 3, 5}}, d, make_params<DeviationParams>(1, 1)));
            s.push_back(sample({{5001}}, d, make_params<DeviationParams>(0, 1), false));
            s.push_back(sample({{5003, 3}}, d, make_params<DeviationParams>(0, 1), false));
            s.push_back(sample({{1030, 301}}, d, make_params<DeviationParams>(0, 1), false));
            s.push_back(sample({{2, 0}}, d, make_params<DeviationParams>(1, 1)));
            s.push_back(sample({{0, 2}}, d, make_params<DeviationParams>(1, 1)));
          }
          return s;
        },
    .oracle =
        "np.sum((x[0] - np.mean(x[0], axis=tuple(range(p.axis, p.axis + p.count)), keepdims=True)) ** 2, "
        "axis=tuple(range(p.axis, p.axis + p.count))) if x[0].size else "
        "np.zeros(x[0].shape[:p.axis] + x[0].shape[p.axis + p.count:], x[0].dtype)",
    .tile = &tile,
};
const RegisterOp registration(kSquaredDeviations);

}  // namespace

Array squared_deviations(const Array& x, int axis, int count) {
  DeviationParams p;
  p.axis = axis;
  p.count = count;
  return apply(kSquaredDeviations, {x}, p);
}

}  // namespace tnp
