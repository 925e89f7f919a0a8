#include "tnp/creation.h"

#include <cmath>
#include <utility>

#include "base/default_dtype.h"
#include "base/dim.h"
#include "ir/scalar.h"
#include "ir/trace.h"
#include "numpy/sizes.h"
#include "ops/shape/layout.h"
#include "ops/shape/sequences.h"
#include "ops/shape/slice.h"
#include "ops/sort/direct.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"
#include "tnp/numeric.h"
#include "tnp/operators.h"
#include "tnp/reductions.h"
#include "tnp/text.h"

namespace tnp {

Array zeros(const Shape& shape) { return zeros(shape, default_float()); }
Array ones(const Shape& shape) { return ones(shape, default_float()); }

Array full(const Shape& shape, const Array& value, std::optional<DType> dtype) {
  const Array v = astype(value, dtype.value_or(value.dtype()));
  for (Dim d : shape) {
    if (d < 0 && d > -(std::int64_t{1} << 31)) throw ValueError("negative dimensions are not allowed");
  }
  return v.ndim() == 0 ? full(shape, v) : broadcast_to(v, shape);
}

Array full_like(const Array& x, const Operand& value, std::optional<DType> dtype, const std::optional<Shape>& shape) {
  const DType type = dtype.value_or(x.dtype());
  const Shape to = shape.value_or(x.shape());
  if (!shape && !value.is_array() && is_numeric(type) && x.state() == State::concrete && !x.is_contiguous()) {
    // In the order in which x lies, so that what is computed with both goes through memory as they lie.
    const Axes order = memory_order({&x, 1});
    if (!order.empty()) return with_axes_back(full_like(with_axes_in(x, order), value, type, {}), order);
  }
  if (value.is_array()) return full(to, value.array(), type);
  const Scalar& s = value.scalar();
  // A fill value is cast as an assignment casts it: a fraction is dropped, an integer out of bounds is refused.
  const bool lossy = is_text(type) || (s.kind == WeakKind::floating && !is_inexact(type));
  return full(to, lossy ? astype(s.to_array(), type) : s.to_array(type));
}

Array zeros_like(const Array& x, std::optional<DType> dtype, const std::optional<Shape>& shape) {
  const DType type = dtype.value_or(x.dtype());
  return is_text(type) ? zeros(shape.value_or(x.shape()), type) : full_like(x, 0, dtype, shape);
}
Array ones_like(const Array& x, std::optional<DType> dtype, const std::optional<Shape>& shape) {
  return full_like(x, 1, dtype, shape);
}

// --- arange

namespace {

double as_double(const Scalar& s) {
  return std::visit(
      [](auto v) -> double {
        if constexpr (std::is_same_v<decltype(v), std::complex<double>>) {
          return v.real();
        } else {
          return static_cast<double>(v);
        }
      },
      s.value);
}

bool fits_int64(const Scalar& s) {
  return s.kind <= WeakKind::integer && !std::holds_alternative<std::uint64_t>(s.value);
}
std::int64_t as_int64(const Scalar& s) {
  return std::holds_alternative<bool>(s.value) ? std::get<bool>(s.value) : std::get<std::int64_t>(s.value);
}

std::int64_t range_length(const Scalar& start, const Scalar& stop, const Scalar& step) {
  double n;
  if (fits_int64(start) && fits_int64(stop) && fits_int64(step)) {
    // In 128 bits, as the difference of two int64 may not fit one.
    const __int128 delta = static_cast<__int128>(as_int64(stop)) - as_int64(start), by = as_int64(step);
    if (by == 0) throw ZeroDivisionError("arange: division by zero, as the step is zero");
    const __int128 count = (by > 0 ? delta + by - 1 : -delta - by - 1) / (by > 0 ? by : -by);
    if (delta == 0 || (delta > 0) != (by > 0)) return 0;
    n = static_cast<double>(count);
    if (n < 9e18) return static_cast<std::int64_t>(count);
  } else {
    if (as_double(step) == 0) throw ZeroDivisionError("arange: division by zero, as the step is zero");
    n = std::ceil((as_double(stop) - as_double(start)) / as_double(step));
  }
  if (std::isnan(n)) throw ValueError("arange: cannot compute length");
  if (n > 9e18) throw ValueError("Maximum allowed size exceeded");
  return n <= 0 ? 0 : static_cast<std::int64_t>(n);
}

Array cast_scalar(const Scalar& s, DType dtype) {
  if (s.kind == WeakKind::floating && !is_inexact(dtype)) return astype(s.to_array(DType::float64), dtype);
  return s.to_array(dtype);
}

Scalar sum_of(const Scalar& a, const Scalar& b) {
  if (fits_int64(a) && fits_int64(b)) {
    std::int64_t sum;
    if (!__builtin_add_overflow(as_int64(a), as_int64(b), &sum)) return Scalar(sum);
  }
  if (std::holds_alternative<std::uint64_t>(a.value) && fits_int64(b)) {
    return Scalar(std::get<std::uint64_t>(a.value) + static_cast<std::uint64_t>(as_int64(b)));
  }
  return Scalar(as_double(a) + as_double(b));
}

// Up to here a range is computed at once even while a function is traced.
constexpr std::int64_t kFewNumbers = 512;
bool at_once(std::int64_t n) { return n <= kFewNumbers || (current_trace == nullptr && !is_symbolic(n)); }

}  // namespace

Array arange(const Scalar& start, const Scalar& stop, const Scalar& step, std::optional<DType> dtype) {
  const auto type_of = [](const Scalar& s) {
    return std::holds_alternative<std::uint64_t>(s.value) ? DType::uint64
           : s.kind == WeakKind::boolean                  ? DType::int64
                                                          : default_dtype(s.kind);
  };
  const DType type = dtype.value_or(promote(promote(type_of(start), type_of(stop)), type_of(step)));
  const std::int64_t n = range_length(start, stop, step);
  if (is_bool(type)) {
    if (n > 2) throw TypeError("arange() is only supported for booleans when the result has at most length 2.");
    return slice(
        concatenate(
            Arrays{reshape(cast_scalar(start, type), {1}), reshape(cast_scalar(sum_of(start, step), type), {1})}, 0),
        std::vector<SliceSpec>{{0, 1, n}});
  }
  // As NumPy: the first two elements are rounded to the type, and the others continue them.
  const DType work = itemsize(type) == 2 && is_floating(type) ? DType::float32 : type;
  if (n == 0) return zeros({0}, type);
  if (n == 1) return reshape(cast_scalar(start, type), {1});
  const Scalar next = sum_of(start, step);
  if (n <= kFewNumbers && type == DType::int64 && fits_int64(start) && fits_int64(next))
    return continued(as_int64(start), as_int64(next), n, type);
  if (n <= kFewNumbers && type == DType::int32 && fits_int64(start) && fits_int64(next)) {
    const std::int64_t a = as_int64(start), b = as_int64(next);
    if (std::in_range<std::int32_t>(a) && std::in_range<std::int32_t>(b))
      return continued(static_cast<std::int32_t>(a), static_cast<std::int32_t>(b), n, type);
  }
  if (n <= kFewNumbers && type == DType::float64 && start.kind != WeakKind::complex)
    return continued(as_double(start), as_double(next), n, type);
  if (n <= kFewNumbers && type == DType::float32 && start.kind != WeakKind::complex)
    return continued(static_cast<float>(as_double(start)), static_cast<float>(as_double(next)), n, type);
  const Array first = astype(cast_scalar(start, type), work), second = astype(cast_scalar(next, type), work);
  if (at_once(n)) {
    if (const Array x = continued(first, second, n)) return astype(x, type);
  }
  return astype(iota(n, work) * (second - first) + first, type);
}

Array arange_of_sizes(std::int64_t start, std::int64_t stop, std::int64_t step, DType dtype) {
  if (step == 0) throw ZeroDivisionError("arange: division by zero, as the step is zero");
  const auto symbolic = [](std::int64_t d) { return d < -(std::int64_t{1} << 31); };
  // ceil((stop - start) / step), with the number among them on the side where it is not negative.
  const auto difference = [&](std::int64_t a, std::int64_t b) {
    return !symbolic(b) && b < 0 ? dim_add(a, -b) : dim_sub(a, b);
  };
  const std::int64_t span = step > 0 ? difference(stop, start) : difference(start, stop);
  const std::int64_t by = step > 0 ? step : -step;
  const std::int64_t n = dim_max(0, dim_floor_div(dim_add(span, by - 1), by));
  Array x = iota(n, dtype);
  if (step != 1) x = x * Scalar(step);
  if (start == 0) return x;
  return symbolic(start) ? x + dim_value(start, dtype) : x + Scalar(start);
}

// --- linspace and its kin

// As many samples as only a run knows: what depends on whether there are two of them is chosen by it.
static Spaced linspace_of_unknown_number(const Array& start, const Array& stop, Dim num, bool endpoint) {
  const DType work = promote(start.dtype(), stop.dtype());
  const DType real = is_complex(work) ? real_of(work) : work;
  const Array delta = stop - start;
  Shape column(delta.ndim() + 1, 1);
  column[0] = num;
  const Array number = reshape(iota(num, DType::int64), column), y = astype(number, real);
  const Array intervals = dim_value(endpoint ? dim_sub(num, 1) : num, DType::int64);
  const Array div = astype(maximum(intervals, 1), real), some = intervals > 0;
  const Array step = divide(delta, div);
  Array out = where(some, where(step == 0, divide(y, div) * delta, y * step), y * delta) + start;
  if (endpoint) out = where((number == intervals) & some, astype(stop, out.dtype()), out);
  return {out, where(some, step, Scalar(std::nan("")))};
}

// Between two numbers, in one pass.
template <class T>
static Spaced spaced_numbers(const Array& from, const Array& to, const Array& difference, std::int64_t num,
                             bool endpoint) {
  const auto intervals = endpoint ? num - 1 : num;
  Spaced r{Array::empty(difference.dtype(), {num}), divide(difference, intervals)};
  const T start = from.item<T>(), delta = difference.item<T>(), step = r.step.item<T>();
  const auto div = static_cast<T>(intervals);
  T* out = reinterpret_cast<T*>(r.samples.data());
  // A step that is so small that it vanishes must not take the difference with it.
  if (step == 0) {
    for_numbers(out, num, [=](T i) { return i / div * delta + start; });
  } else {
    for_numbers(out, num, [=](T i) { return i * step + start; });
  }
  if (endpoint) out[num - 1] = to.item<T>();
  return r;
}

Spaced linspace(const Array& from, const Array& to, std::int64_t num, bool endpoint, std::optional<DType> dtype,
                std::int64_t axis) {
  if (is_symbolic(num) && !is_negative(num)) {
    const Array start = multiply(from, 1.0), stop = multiply(to, 1.0);
    Spaced r = linspace_of_unknown_number(start, stop, num, endpoint);
    if (axis != 0) r.samples = moveaxis(r.samples, Axes{0}, Axes{axis});
    if (dtype && is_integer(*dtype)) r.samples = floor(r.samples);
    r.samples = astype(r.samples, dtype.value_or(promote(start.dtype(), stop.dtype())));
    return r;
  }
  if (num < 0) throw ValueError("Number of samples, " + std::to_string(num) + ", must be non-negative.");
  const std::int64_t div = endpoint ? num - 1 : num;
  // An integer bound beside one that is not takes that one's type.
  const DType common = promote(from.dtype(), to.dtype());
  const Array start = is_inexact(common) ? astype(from, common) : multiply(from, 1.0);
  const Array stop = is_inexact(common) ? astype(to, common) : multiply(to, 1.0);
  const DType work = promote(start.dtype(), stop.dtype());
  const Array delta = stop - start;
  if (delta.ndim() == 0 && div > 0 && at_once(num) && computes_directly({&start, &stop})) {
    Spaced r;
    const Array first = astype(start, work), last = astype(stop, work), whole = astype(delta, work);
    if (work == DType::float64) r = spaced_numbers<double>(first, last, whole, num, endpoint);
    if (work == DType::float32) r = spaced_numbers<float>(first, last, whole, num, endpoint);
    if (r.samples) {
      if (dtype && is_integer(*dtype)) r.samples = floor(r.samples);
      r.samples = astype(r.samples, dtype.value_or(work));
      return r;
    }
  }
  Shape column(delta.ndim() + 1, 1);
  column[0] = num;
  Array y = reshape(iota(num, is_complex(work) ? real_of(work) : work), column);
  Array step;
  if (div > 0) {
    step = divide(delta, static_cast<std::int64_t>(div));
    // A step that is so small that it vanishes must not take the difference with it.
    y = where(step == 0, divide(y, static_cast<std::int64_t>(div)) * delta, y * step);
  } else {
    step = full({}, Scalar(std::nan("")).to_array(default_float()));
    y = y * delta;
  }
  y = y + start;
  if (endpoint && num > 1) {
    std::vector<SliceSpec> last;
    for (int i = 0; i < y.ndim(); ++i)
      last.push_back(i == 0 ? SliceSpec{num - 1, 1, 1} : SliceSpec{0, 1, y.shape()[i]});
    const Array end = astype(stop, y.dtype());
    y = place_slice_into(std::move(y), end, last);
  }
  if (axis != 0) y = moveaxis(y, Axes{0}, Axes{axis});
  if (dtype && is_integer(*dtype)) y = floor(y);
  return {astype(y, dtype.value_or(work)), step};
}

Array logspace(const Array& start, const Array& stop, std::int64_t num, bool endpoint, const Array& base,
               std::optional<DType> dtype, std::int64_t axis) {
  const Array y = linspace(start, stop, num, endpoint, {}, axis).samples;
  // A number is as weak as the ends are: it does not widen the default float.
  const bool weak = base.ndim() == 0 && y.dtype() == default_float();
  const Array b = weak ? astype(base, promote(y.dtype(), is_complex(base.dtype()) ? base.dtype() : y.dtype()))
                       : (base.ndim() == 0 ? base : expand_dims(base, Axes{axis}));
  const Array z = power(b, y);
  return dtype ? astype(z, *dtype) : z;
}

Array geomspace(const Array& from, const Array& to, std::int64_t num, bool endpoint, std::optional<DType> dtype,
                std::int64_t axis) {
  // NumPy computes in no narrower type than the default, unless one is asked for.
  const DType asked = dtype && is_inexact(*dtype) ? *dtype : default_float();
  const DType work = promote(promote(promote(from.dtype(), to.dtype()), WeakKind::floating), asked);
  Array start = astype(from, work), stop = astype(to, work);
  const Array zero = any((start == 0) | (stop == 0));
  if (!zero.is_symbolic() && zero.item<bool>()) throw ValueError("Geometric sequence cannot include zero");
  const Array direction = sign(start);
  start = start / direction;
  stop = stop / direction;
  Array y = logspace(log10(start), log10(stop), num, endpoint, Scalar(10.0).to_array(work), work);
  // The ends are exact.
  const auto put = [&](std::int64_t at, const Array& value) {
    std::vector<SliceSpec> row;
    for (int i = 0; i < y.ndim(); ++i) row.push_back(i == 0 ? SliceSpec{at, 1, 1} : SliceSpec{0, 1, y.shape()[i]});
    const Array end = astype(value, y.dtype());
    y = place_slice_into(std::move(y), end, row);
  };
  if (num > 0) put(0, start);
  if (num > 1 && endpoint) put(num - 1, stop);
  y = y * direction;
  if (axis != 0) y = moveaxis(y, Axes{0}, Axes{axis});
  return astype(y, dtype.value_or(work));
}

// --- matrices

namespace {

// Row and column numbers of an n × m matrix, to be compared.
struct RowsColumns {
  Array rows, columns;
};
RowsColumns rows_columns(std::int64_t n, std::int64_t m, std::int64_t k) {
  const auto check = [](std::int64_t d) {
    if (d < 0 && d > -(std::int64_t{1} << 31)) throw ValueError("negative dimensions are not allowed");
  };
  check(n);
  check(m);
  Array rows = reshape(iota(n, DType::int64), {n, 1});
  constexpr std::int64_t kBeyond = std::int64_t{1} << 62;  // no matrix reaches a diagonal so far away
  if (k != 0) rows = rows + Scalar(std::clamp(k, -kBeyond, kBeyond));
  return {rows, iota(m, DType::int64)};
}

Array lower_mask(const Array& x, std::int64_t k) {
  const int d = x.ndim();
  if (d == 0) throw TypeError("tril and triu need an array of at least one dimension");
  return tri(d == 1 ? x.shape()[0] : x.shape()[d - 2], x.shape()[d - 1], k, DType::bool_);
}

}  // namespace

Array eye(std::int64_t n, std::int64_t m, std::int64_t k, DType dtype) {
  if (current_trace == nullptr && is_numeric(dtype) && n > 0 && m > 0 && !is_symbolic(n) && !is_symbolic(m)) {
    // Every (m + 1)-th element, from the first row or the first column on. A k beyond both has none.
    if (k <= -n || k >= m) return zeros({n, m}, dtype);
    const std::int64_t count = k < 0 ? std::min(n + k, m) : std::min(n, m - k);
    const Array one = Scalar(1).to_array(dtype);
    const SliceSpec diagonal[] = {{k < 0 ? -k * m : k, m + 1, count}};
    check_shape(Shape{n, m}, itemsize(dtype));
    return reshape(place_slice_into(zeros({n * m}, dtype), one, diagonal), {n, m});
  }
  const auto [rows, columns] = rows_columns(n, m, k);
  return astype(rows == columns, dtype);
}

Array tri(std::int64_t n, std::int64_t m, std::int64_t k, DType dtype) {
  const auto [rows, columns] = rows_columns(n, m, k);
  return astype(rows >= columns, dtype);
}

Array tril(const Array& x, std::int64_t k) { return where(lower_mask(x, k), x, Scalar(0).to_array(x.dtype())); }
Array triu(const Array& x, std::int64_t k) { return where(lower_mask(x, k - 1), Scalar(0).to_array(x.dtype()), x); }

Arrays meshgrid(std::span<const Array> xs, bool sparse, bool matrix_indexing) {
  const int n = static_cast<int>(xs.size());
  Arrays out;
  Shape whole(n, 1);
  const auto axis_of = [&](int i) { return !matrix_indexing && n > 1 && i < 2 ? 1 - i : i; };
  for (int i = 0; i < n; ++i) {
    Shape shape(n, 1);
    shape[axis_of(i)] = xs[i].size();
    whole[axis_of(i)] = xs[i].size();
    out.push_back(reshape(xs[i], shape));
  }
  if (!sparse) {
    for (Array& x : out) x = broadcast_to(x, whole);
  }
  return out;
}

Arrays indices(const Shape& shape, DType dtype, bool sparse) {
  Arrays out;
  for (std::int64_t d : shape) out.push_back(iota(d, dtype));
  out = meshgrid(out, sparse, true);
  if (sparse) return out;
  Shape whole = shape;
  whole.insert(0, shape.ndim());
  if (out.empty()) return {zeros(whole, dtype)};
  return {stack(out, 0)};
}

}  // namespace tnp
