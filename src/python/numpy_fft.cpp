// numpy.fft.
#include "python/arguments.h"
#include "tnp/error.h"
#include "tnp/fft.h"

namespace tnp::python {

namespace {

fft::Norm norm_of(const Value& norm) {
  if (!norm.given()) return fft::Norm::backward;
  if (!PyUnicode_Check(norm.ptr())) return fft::norm_from_name(nb::cast<std::string>(nb::str(norm.handle())));
  return fft::norm_from_name(norm.text(""));
}

// (a, n, axis, norm, out)
template <Array (*F)(const Array&, std::optional<std::int64_t>, std::int64_t, fft::Norm)>
nb::object one(const Arguments& args) {
  const auto [a, n, axis, norm] = take<4>(args);
  const auto size = n.given() ? std::optional<std::int64_t>(n.size()) : std::nullopt;
  return to_python(F(a.array(), size, axis.integer(-1), norm_of(norm)));
}

TNP_FUNCTION(fft, kFft, "(a, n=None, axis=-1, norm=None, out=None)", "The Fourier transform along an axis.") {
  return one<&tnp::fft::fft>(args);
}
TNP_FUNCTION(ifft, kFft, "(a, n=None, axis=-1, norm=None, out=None)", "The inverse Fourier transform along an axis.") {
  return one<&tnp::fft::ifft>(args);
}
TNP_FUNCTION(rfft, kFft, "(a, n=None, axis=-1, norm=None, out=None)",
             "The Fourier transform of real numbers along an axis: its first half, which tells all.") {
  return one<&tnp::fft::rfft>(args);
}
TNP_FUNCTION(irfft, kFft, "(a, n=None, axis=-1, norm=None, out=None)", "The inverse of rfft.") {
  return one<&tnp::fft::irfft>(args);
}
TNP_FUNCTION(hfft, kFft, "(a, n=None, axis=-1, norm=None, out=None)",
             "The Fourier transform of a signal of which the second half is the first one's conjugate: real.") {
  return one<&tnp::fft::hfft>(args);
}
TNP_FUNCTION(ihfft, kFft, "(a, n=None, axis=-1, norm=None, out=None)", "The inverse of hfft.") {
  return one<&tnp::fft::ihfft>(args);
}

// (a, s, axes, norm, out); without axes NumPy takes the last `default_axes`, 0 standing for all.
template <Array (*F)(const Array&, const fft::Extent&, fft::Norm), int default_axes>
nb::object several(const Arguments& args) {
  const auto [a, s, axes, norm] = take<4>(args);
  fft::Extent extent;
  if (s.given()) extent.sizes = s.shape();
  // axes=None is "all" where it is written out, too.
  if (axes.given()) {
    if (PyIndex_Check(axes.ptr()) && !PySequence_Check(axes.ptr()))
      throw TypeError("'int' object is not iterable: axes must be a sequence of integers");
    extent.axes = axes.axes();
  } else if (axes.ptr() == nullptr && default_axes == 2) {
    extent.axes = Axes{-2, -1};
  }
  return to_python(F(a.array(), extent, norm_of(norm)));
}

TNP_FUNCTION(fftn, kFft, "(a, s=None, axes=None, norm=None, out=None)", "The Fourier transform over several axes.") {
  return several<&tnp::fft::fftn, 0>(args);
}
TNP_FUNCTION(ifftn, kFft, "(a, s=None, axes=None, norm=None, out=None)",
             "The inverse Fourier transform over several axes.") {
  return several<&tnp::fft::ifftn, 0>(args);
}
TNP_FUNCTION(rfftn, kFft, "(a, s=None, axes=None, norm=None, out=None)",
             "The Fourier transform of real numbers over several axes.") {
  return several<&tnp::fft::rfftn, 0>(args);
}
TNP_FUNCTION(irfftn, kFft, "(a, s=None, axes=None, norm=None, out=None)", "The inverse of rfftn.") {
  return several<&tnp::fft::irfftn, 0>(args);
}
TNP_FUNCTION(fft2, kFft, "(a, s=None, axes=(-2, -1), norm=None, out=None)", "The Fourier transform over two axes.") {
  return several<&tnp::fft::fftn, 2>(args);
}
TNP_FUNCTION(ifft2, kFft, "(a, s=None, axes=(-2, -1), norm=None, out=None)",
             "The inverse Fourier transform over two axes.") {
  return several<&tnp::fft::ifftn, 2>(args);
}
TNP_FUNCTION(rfft2, kFft, "(a, s=None, axes=(-2, -1), norm=None, out=None)",
             "The Fourier transform of real numbers over two axes.") {
  return several<&tnp::fft::rfftn, 2>(args);
}
TNP_FUNCTION(irfft2, kFft, "(a, s=None, axes=(-2, -1), norm=None, out=None)", "The inverse of rfft2.") {
  return several<&tnp::fft::irfftn, 2>(args);
}

// (n, d, device)
template <Array (*F)(std::int64_t, const Array&)>
nb::object frequencies(const Arguments& args) {
  const auto [n, d, device] = take<3>(args);
  device.check_device();
  if (PyFloat_Check(n.ptr()) || is_array(n.ptr())) throw ValueError("n should be an integer");
  const Array spacing = d.ptr() == nullptr ? Array(1.0) : d.array();
  if (spacing.ndim() == 0 && !spacing.is_symbolic() && spacing.item<double>() == 0)
    throw ZeroDivisionError("fftfreq: float division by zero");
  return to_python(F(n.size(), spacing));
}
TNP_FUNCTION(fftfreq, kFft, "(n, d=1.0, device=None)", "The frequencies of the elements of fft.") {
  return frequencies<&tnp::fft::fftfreq>(args);
}
TNP_FUNCTION(rfftfreq, kFft, "(n, d=1.0, device=None)", "The frequencies of the elements of rfft.") {
  return frequencies<&tnp::fft::rfftfreq>(args);
}
TNP_FUNCTION(fftshift, kFft, "(x, axes=None)", "The elements with frequency 0 in the middle.") {
  const auto [x, axes] = take<2>(args);
  return to_python(tnp::fft::fftshift(x.array(), axes.axes()));
}
TNP_FUNCTION(ifftshift, kFft, "(x, axes=None)", "The inverse of fftshift.") {
  const auto [x, axes] = take<2>(args);
  return to_python(tnp::fft::ifftshift(x.array(), axes.axes()));
}

}  // namespace

}  // namespace tnp::python
