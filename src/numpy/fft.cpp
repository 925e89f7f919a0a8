// numpy.fft, of the three primitives.
#include "tnp/fft.h"

#include <cmath>
#include <string>

#include "base/default_dtype.h"
#include "numpy/sizes.h"
#include "ops/fft/fft.h"
#include "ops/sort/direct.h"
#include "tnp/creation.h"
#include "tnp/error.h"
#include "tnp/indexing.h"
#include "tnp/operators.h"

namespace tnp::fft {

namespace {

// Halves are computed in single precision; a real result goes back to them.
Array inexact(const Array& x, const char* what) {
  if (!is_numeric(x.dtype()))
    throw TypeError(std::string(what) + ": arrays of " + std::string(name(x.dtype())) + " have no transform");
  if (!is_inexact(x.dtype())) return astype(x, default_float());
  return is_floating(x.dtype()) && itemsize(x.dtype()) == 2 ? astype(x, DType::float32) : x;
}
Array complex_input(const Array& x, const char* what) {
  const Array y = inexact(x, what);
  return astype(y, complex_of(y.dtype()));
}
Array real_input(const Array& x, const char* what) {
  if (is_complex(x.dtype())) {
    throw TypeError(std::string(what) + ": not supported for the input type " + std::string(name(x.dtype())) +
                    ": a real array is needed");
  }
  return inexact(x, what);
}
Array as_narrow_as(const Array& y, const Array& x) {
  return is_floating(x.dtype()) && itemsize(x.dtype()) == 2 ? astype(y, x.dtype()) : y;
}

FftScale scale_of(Norm norm, bool inverse) {
  if (norm == Norm::ortho) return FftScale::root;
  return (norm == Norm::forward) != inverse ? FftScale::full : FftScale::none;
}

void check_points(Dim n) {
  if (n == 0 || is_negative(n))
    throw ValueError("Invalid number of FFT data points (" + std::to_string(n) + ") specified.");
}

// The first n elements along an axis, zeros where there are fewer.
Array resized(const Array& x, int axis, Dim n) {
  const Dim size = x.shape()[axis];
  if (n == size) return x;
  const Dim kept = dim_min(n, size);
  std::vector<SliceSpec> specs;
  for (Dim d : x.shape()) specs.push_back({0, 1, d});
  specs[static_cast<std::size_t>(axis)].count = kept;
  const Array cut = kept == size ? x : slice(x, specs);
  if (kept == n) return cut;
  const Axes before(x.ndim(), 0);
  Axes after(x.ndim(), 0);
  after[axis] = dim_sub(n, kept);
  return pad(cut, zeros({}, x.dtype()), before, after);
}

int one_axis(const Array& x, std::int64_t axis, const char* what) { return normalize_axis(axis, x.ndim(), what); }

Dim half(Dim n) { return dim_add(dim_floor_div(n, 2), 1); }

Array along(const Array& x, std::optional<std::int64_t> n, std::int64_t axis, FftKind kind, const char* what) {
  const int a = one_axis(x, axis, what);
  const Dim size = n.value_or(x.shape()[a]);
  check_points(size);
  const std::int64_t axes[] = {a};
  return fft_c2c(resized(complex_input(x, what), a, size), axes, kind);
}

Array real_along(const Array& x, std::optional<std::int64_t> n, std::int64_t axis, FftKind kind, const char* what) {
  const int a = one_axis(x, axis, what);
  const Dim size = n.value_or(x.shape()[a]);
  check_points(size);
  const std::int64_t axes[] = {a};
  return fft_r2c(resized(real_input(x, what), a, size), axes, kind);
}

Array to_real_along(const Array& x, std::optional<std::int64_t> n, std::int64_t axis, FftKind kind, const char* what) {
  const int a = one_axis(x, axis, what);
  const Dim size = n ? *n : dim_mul(2, dim_sub(x.shape()[a], 1));
  check_points(size);
  const std::int64_t axes[] = {a};
  return as_narrow_as(fft_c2r(resized(complex_input(x, what), a, half(size)), size, axes, kind), x);
}

// The axes and sizes of a transform over several.
struct Plan {
  Axes axes;
  Shape sizes;
  bool distinct = true;
};
Plan plan_of(const Array& x, const Extent& extent, bool to_real, const char* what) {
  Plan plan;
  const int n = x.ndim();
  const std::int64_t count = extent.axes ? extent.axes->size() : extent.sizes ? extent.sizes->ndim() : n;
  if (extent.sizes && extent.sizes->ndim() != count)
    throw ValueError(std::string(what) + ": Shape and axes have different lengths.");
  std::uint64_t seen = 0;
  for (int i = 0; i < count; ++i) {
    const int a = normalize_axis(extent.axes ? (*extent.axes)[i] : i - count, n, what);
    plan.distinct = plan.distinct && ((seen >> a) & 1) == 0;
    seen |= std::uint64_t{1} << a;
    plan.axes.push_back(a);
    Dim size = extent.sizes ? (*extent.sizes)[i] : -1;
    if (size == -1) size = x.shape()[a];
    if (!extent.sizes && to_real && i == count - 1) size = dim_mul(2, dim_sub(x.shape()[a], 1));
    check_points(size);
    plan.sizes.push_back(size);
  }
  return plan;
}

void check_some(const Plan& plan, const char* what) {
  if (plan.axes.empty()) throw IndexError(std::string(what) + ": at least one axis is needed");
}

Array several(const Array& x, const Extent& extent, FftKind kind, const char* what) {
  const Plan plan = plan_of(x, extent, false, what);
  if (plan.axes.empty()) return x;
  Array y = complex_input(x, what);
  if (!plan.distinct) {  // an axis several times: one after the other, from the last on
    for (int i = plan.axes.size() - 1; i >= 0; --i) y = along(y, plan.sizes[i], plan.axes[i], kind, what);
    return y;
  }
  for (int i = 0; i < plan.axes.size(); ++i) y = resized(y, static_cast<int>(plan.axes[i]), plan.sizes[i]);
  return fft_c2c(y, plan.axes, kind);
}

}  // namespace

Norm norm_from_name(std::string_view name) {
  if (name == "backward") return Norm::backward;
  if (name == "ortho") return Norm::ortho;
  if (name == "forward") return Norm::forward;
  throw ValueError("Invalid norm value " + std::string(name) + R"(; should be "backward","ortho" or "forward".)");
}

Array fft(const Array& x, std::optional<std::int64_t> n, std::int64_t axis, Norm norm) {
  return along(x, n, axis, {true, scale_of(norm, false)}, "fft");
}
Array ifft(const Array& x, std::optional<std::int64_t> n, std::int64_t axis, Norm norm) {
  return along(x, n, axis, {false, scale_of(norm, true)}, "ifft");
}
Array rfft(const Array& x, std::optional<std::int64_t> n, std::int64_t axis, Norm norm) {
  return real_along(x, n, axis, {true, scale_of(norm, false)}, "rfft");
}
Array irfft(const Array& x, std::optional<std::int64_t> n, std::int64_t axis, Norm norm) {
  return to_real_along(x, n, axis, {false, scale_of(norm, true)}, "irfft");
}
// The transforms of what is Hermitian go the other way round, with the other one's factor.
Array hfft(const Array& x, std::optional<std::int64_t> n, std::int64_t axis, Norm norm) {
  return to_real_along(x, n, axis, {true, scale_of(norm, false)}, "hfft");
}
Array ihfft(const Array& x, std::optional<std::int64_t> n, std::int64_t axis, Norm norm) {
  return conjugate(real_along(x, n, axis, {true, scale_of(norm, true)}, "ihfft"));  // with the zeros' signs of NumPy
}

Array fftn(const Array& x, const Extent& extent, Norm norm) {
  return several(x, extent, {true, scale_of(norm, false)}, "fftn");
}
Array ifftn(const Array& x, const Extent& extent, Norm norm) {
  return several(x, extent, {false, scale_of(norm, true)}, "ifftn");
}

Array rfftn(const Array& x, const Extent& extent, Norm norm) {
  const Plan plan = plan_of(x, extent, false, "rfftn");
  check_some(plan, "rfftn");
  const FftKind kind{true, scale_of(norm, false)};
  Array y = real_input(x, "rfftn");
  if (plan.distinct) {
    for (int i = 0; i < plan.axes.size(); ++i) y = resized(y, static_cast<int>(plan.axes[i]), plan.sizes[i]);
    return fft_r2c(y, plan.axes, kind);
  }
  const int last = plan.axes.size() - 1;
  y = real_along(y, plan.sizes[last], plan.axes[last], kind, "rfftn");
  for (int i = last - 1; i >= 0; --i) y = along(y, plan.sizes[i], plan.axes[i], kind, "rfftn");
  return y;
}

Array irfftn(const Array& x, const Extent& extent, Norm norm) {
  const Plan plan = plan_of(x, extent, true, "irfftn");
  check_some(plan, "irfftn");
  const FftKind kind{false, scale_of(norm, true)};
  Array y = complex_input(x, "irfftn");
  const int last = plan.axes.size() - 1;
  if (plan.distinct) {
    for (int i = 0; i < last; ++i) y = resized(y, static_cast<int>(plan.axes[i]), plan.sizes[i]);
    y = resized(y, static_cast<int>(plan.axes[last]), half(plan.sizes[last]));
    return as_narrow_as(fft_c2r(y, plan.sizes[last], plan.axes, kind), x);
  }
  for (int i = 0; i < last; ++i) y = along(y, plan.sizes[i], plan.axes[i], kind, "irfftn");
  return as_narrow_as(to_real_along(y, plan.sizes[last], plan.axes[last], kind, "irfftn"), x);
}

// --- frequencies

namespace {

Array steps(std::int64_t n, const Array& d, const Array& numbers) {
  const Array spacing = astype(d, default_float());
  return numbers * (Scalar(1.0) / (dim_value(n, default_float()) * spacing));
}

}  // namespace

Array fftfreq(std::int64_t n, const Array& d) {
  if (is_negative(n)) throw ValueError("fftfreq: negative dimensions are not allowed");
  if (n == 0) throw ZeroDivisionError("fftfreq: float division by zero");
  if (default_float() == DType::float64 && !is_symbolic(n) && computes_directly({&d}) && d.ndim() == 0) {
    const Array each = steps(n, d, Array(1.0)), out = Array::empty(DType::float64, {n});
    auto* to = reinterpret_cast<double*>(out.data());
    const double step = each.item<double>();
    if (std::isfinite(step)) {
      for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<double>(2 * i < n ? i : i - n) * step;
      return out;
    }
  }
  const Array k = iota(n, default_float());
  const Array positive = less(k * 2, dim_value(n, default_float()));  // below half the rate
  return steps(n, d, where(positive, k, k - dim_value(n, default_float())));
}
Array rfftfreq(std::int64_t n, const Array& d) {
  if (is_negative(n)) throw ValueError("rfftfreq: negative dimensions are not allowed");
  if (n == 0) throw ZeroDivisionError("rfftfreq: float division by zero");
  return steps(n, d, iota(half(n), default_float()));
}

namespace {

Array shifted(const Array& x, const std::optional<Axes>& axes, bool back) {
  Axes along, shifts;
  for (int i = 0; i < (axes ? axes->size() : x.ndim()); ++i) {
    along.push_back(normalize_axis(axes ? (*axes)[i] : i, x.ndim(), back ? "ifftshift" : "fftshift"));
    const Dim n = x.shape()[static_cast<int>(along[i])], h = dim_floor_div(n, 2);
    shifts.push_back(back ? dim_sub(n, h) : h);
  }
  return along.empty() ? x : roll(x, shifts, along);
}

}  // namespace

Array fftshift(const Array& x, const std::optional<Axes>& axes) { return shifted(x, axes, false); }
Array ifftshift(const Array& x, const std::optional<Axes>& axes) { return shifted(x, axes, true); }

}  // namespace tnp::fft
