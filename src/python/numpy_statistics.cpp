// Counts, histograms, interpolation, covariance.
#include <algorithm>

#include "python/arguments.h"
#include "tnp/error.h"
#include "tnp/statistics.h"

namespace tnp::python {

namespace {

bool is_sequence(PyObject* o) { return PySequence_Check(o) && !PyUnicode_Check(o) && !is_array(o); }

// A name, a number or edges.
Bins bins_of(PyObject* o) {
  Bins bins;
  if (o == nullptr) return bins;
  if (PyUnicode_Check(o)) {
    bins.estimator = nb::cast<std::string>(nb::handle(o));
    if (bins.estimator.empty()) throw ValueError("'' is not a valid estimator for `bins`");
    return bins;
  }
  if (PyLong_Check(o)) {
    bins.count = Value(o).integer();
    return bins;
  }
  const Array x = Value(o).array();
  if (x.ndim() == 0) {
    if (!is_integer(x.dtype())) throw TypeError("`bins` must be an integer, a string, or an array");
    bins.count = x.item<std::int64_t>();
  } else {
    bins.edges = x;
  }
  return bins;
}

BinRange range_of(const Value& range) {
  if (!range.given()) return {};
  nb::object two = nb::steal(PySequence_Tuple(range.ptr()));
  if (!two.is_valid()) throw nb::python_error();
  if (PyTuple_GET_SIZE(two.ptr()) != 2) throw ValueError("range must have two entries, the lower and the upper end");
  return {Value(PyTuple_GET_ITEM(two.ptr(), 0)).array(), Value(PyTuple_GET_ITEM(two.ptr(), 1)).array()};
}

TNP_FUNCTION(histogram, kFunction, "(a, bins=10, range=None, density=None, weights=None)",
             "How many elements are in each bin, and the edges of the bins.") {
  const auto [a, bins, range, density, weights] = take<5>(args);
  const Histogram h =
      histogram(a.array(), bins_of(bins.ptr()), range_of(range), density.flag(), weights.array_if_given());
  return nb::make_tuple(to_python(h.counts), to_python(h.edges));
}
TNP_FUNCTION(histogram_bin_edges, kFunction, "(a, bins=10, range=None, weights=None)",
             "The edges of the bins of a histogram.") {
  const auto [a, bins, range, weights] = take<4>(args);
  return to_python(histogram_bin_edges(a.array(), bins_of(bins.ptr()), range_of(range), weights.array_if_given()));
}

// --- in several dimensions

// An entry for each dimension, or the one for all.
std::vector<Bins> all_bins(PyObject* o, std::size_t dims) {
  if (o == nullptr || PyLong_Check(o)) return std::vector<Bins>(dims, bins_of(o));
  if (!PySequence_Check(o)) return std::vector<Bins>(dims, bins_of(o));
  nb::object each = nb::steal(PySequence_Tuple(o));
  if (!each.is_valid()) throw nb::python_error();
  std::vector<Bins> out;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(each.ptr()); ++i) out.push_back(bins_of(PyTuple_GET_ITEM(each.ptr(), i)));
  return out;
}
std::vector<BinRange> all_ranges(const Value& range) {
  std::vector<BinRange> out;
  if (!range.given()) return out;
  nb::object each = nb::steal(PySequence_Tuple(range.ptr()));
  if (!each.is_valid()) throw nb::python_error();
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(each.ptr()); ++i)
    out.push_back(range_of(Value(PyTuple_GET_ITEM(each.ptr(), i))));
  return out;
}

TNP_FUNCTION(histogramdd, kFunction, "(sample, bins=10, range=None, density=None, weights=None)",
             "How many points are in each cell of a grid, and the edges along each dimension.") {
  const auto [sample, bins, range, density, weights] = take<5>(args);
  // A list holds the coordinates along each dimension, an array the points.
  Array points = sample.array();
  if (is_sequence(sample.ptr()) || points.ndim() != 2) points = matrix_transpose(atleast_2d(points));
  const auto dims = static_cast<std::size_t>(Value(dim_object(points.shape()[1]).ptr()).integer());
  const HistogramND h =
      histogramdd(points, all_bins(bins.ptr(), dims), all_ranges(range), density.flag(), weights.array_if_given());
  return nb::make_tuple(to_python(h.counts), to_python(h.edges));
}

TNP_FUNCTION(histogram2d, kFunction, "(x, y, bins=10, range=None, density=None, weights=None)",
             "How many points are in each cell of a grid, and the edges along x and y.") {
  const auto [x, y, bins, range, density, weights] = take<6>(args);
  const Array coordinates[] = {x.array(), y.array()};
  if (coordinates[0].ndim() != 1 || coordinates[1].ndim() != 1)
    throw ValueError("histogram2d: x and y must be vectors");
  if (coordinates[0].shape().is_static() && coordinates[1].shape().is_static() &&
      coordinates[0].size() != coordinates[1].size()) {
    throw ValueError("x and y must have the same length.");
  }
  // A vector that is not one entry for each of the two is the edges of both.
  std::vector<Bins> both;
  if (bins.ptr() && !PyLong_Check(bins.ptr()) && PySequence_Check(bins.ptr()) && PySequence_Size(bins.ptr()) > 2) {
    both.assign(2, bins_of(bins.ptr()));
  } else {
    both = all_bins(bins.ptr(), 2);
  }
  const HistogramND h =
      histogramdd(stack(coordinates, 1), both, all_ranges(range), density.flag(), weights.array_if_given());
  return nb::make_tuple(to_python(h.counts), to_python(h.edges[0]), to_python(h.edges[1]));
}

// --- the rest

TNP_FUNCTION(bincount, kFunction, "(x, /, weights=None, minlength=0)",
             "How often each number from 0 on occurs, or the sum of its weights.") {
  const auto [x, weights, minlength] = take<3>(args);
  if (minlength.ptr() == Py_None) throw TypeError("use 0 instead of None for minlength");
  const std::int64_t length = minlength.given() ? minlength.size() : 0;
  Array numbers = x.array();
  // A list of nothing is one of no integers.
  if ((PyList_Check(x.ptr()) || PyTuple_Check(x.ptr())) && numbers.size() == 0) numbers = astype(numbers, DType::int64);
  if (is_inexact(numbers.dtype()) && !is_complex(numbers.dtype()) && numbers.size() != 0 && !is_array(x.ptr()) &&
      PyList_Check(x.ptr())) {
    PyObject* deprecated = PyExc_DeprecationWarning;
    if (PyErr_WarnEx(deprecated, "Non-integer input passed to bincount", 1) != 0) throw nb::python_error();
    return to_python(bincount(astype(numbers, DType::int64), weights.array_if_given(), length));
  }
  return to_python(bincount(numbers, weights.array_if_given(), length));
}

TNP_FUNCTION(interp, kFunction, "(x, xp, fp, left=None, right=None, period=None)",
             "The values at x of the polygon through the points (xp, fp).") {
  const auto [x, xp, fp, left, right, period] = take<6>(args);
  return to_python(interp(x.array(), xp.array(), fp.array(), left.array_if_given(), right.array_if_given(),
                          period.array_if_given()));
}

// Whether what the sums of products are divided by is not positive; false where that is not known.
bool lacks_freedom(const Array& m, const CovarianceOptions& o) {
  if (m.is_symbolic() || m.ndim() > 2) return false;
  const std::int64_t n = m.ndim() == 0 ? 1 : m.shape()[m.ndim() == 1 || o.rowvar ? m.ndim() - 1 : 0];
  const double ddof = o.ddof.value_or(o.bias ? 0 : 1);
  Array weights;
  for (const Array& w : {o.fweights, o.aweights}) {
    if (!w) continue;
    if (w.is_symbolic()) return false;
    weights = weights ? multiply(weights, astype(w, DType::float64)) : astype(w, DType::float64);
  }
  if (!weights) return static_cast<double>(n) - ddof <= 0;
  const double total = sum(weights).item<double>();
  if (ddof == 0) return total <= 0;
  if (!o.aweights) return total - ddof <= 0;
  return total - ddof * sum(multiply(weights, astype(o.aweights, DType::float64))).item<double>() / total <= 0;
}
void warn_of_freedom(const Array& m, const CovarianceOptions& o) {
  if (lacks_freedom(m, o) && PyErr_WarnEx(PyExc_RuntimeWarning, "Degrees of freedom <= 0 for slice", 1) != 0)
    throw nb::python_error();
}

TNP_FUNCTION(cov, kFunction,
             "(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None)",
             "The covariances of variables.") {
  const auto [m, y, rowvar, bias, ddof, fweights, aweights, dtype] = take<8>(args);
  CovarianceOptions o;
  o.rowvar = rowvar.flag(true);
  o.bias = bias.flag();
  if (ddof.given()) o.ddof = ddof.number(0);
  o.fweights = fweights.array_if_given();
  o.aweights = aweights.array_if_given();
  o.dtype = dtype.dtype();
  const Array x = m.array();
  const Array c = cov(x, y.array_if_given(), o);
  warn_of_freedom(x, o);
  return to_python(c);
}
TNP_FUNCTION(corrcoef, kFunction, "(x, y=None, rowvar=True, *, dtype=None)",
             "The correlation coefficients of variables.") {
  const auto [x, y, rowvar, dtype] = take<4>(args);
  const Array m = x.array();
  CovarianceOptions o;
  o.rowvar = rowvar.flag(true);
  const Array c = corrcoef(m, y.array_if_given(), o.rowvar, dtype.dtype());
  warn_of_freedom(m, o);
  return to_python(c);
}

TNP_FUNCTION(trim_zeros, kFunction, "(filt, trim='fb', axis=None)", "Without the zeros at the ends of the axes.") {
  const auto [filt, trim, axis] = take<3>(args);
  const Array x = filt.array();
  const Array trimmed = trim_zeros(x, trim.text("fb"), axis.axes());
  if (x.ndim() != 1 || !(PyList_Check(filt.ptr()) || PyTuple_Check(filt.ptr()))) return to_python(trimmed);
  // Of a list it is a part of the list.
  const std::vector<std::uint8_t> kept = astype(astype(x, DType::bool_), DType::uint8).to_vector<std::uint8_t>();
  const bool from_front = trim.text("fb").find_first_of("fF") != std::string::npos;
  std::ptrdiff_t start = 0;
  if (from_front && trimmed.size() > 0) start = std::find(kept.begin(), kept.end(), 1) - kept.begin();
  nb::object part = nb::steal(PySequence_GetSlice(filt.ptr(), start, start + trimmed.size()));
  if (!part.is_valid()) throw nb::python_error();
  return part;
}

}  // namespace

}  // namespace tnp::python
