// tnp.array_api.fft.
#include "python/array_api_arguments.h"

namespace tnp::python {

namespace {

#define TNP_TRANSFORM(NAME, SIGNATURE, DOC) TNP_STANDARD_OF(kStandard | kFft, fft, NAME, k2022, SIGNATURE, DOC)

nb::object one(StrictCall& call, const Arguments& args, array_api::fft::OneAxis* transform) {
  const auto [x, n, axis, norm] = take<4>(args);
  const Array& a = call.array(x);
  const std::optional<std::int64_t> size =
      n.given() ? std::optional(strict_int(call.named("n").c_str(), n.ptr())) : std::nullopt;
  return call.wrap(transform(a, size, call.int_or("axis", axis, -1), norm.text("backward")));
}

#define TNP_ONE(NAME, DOC)                                                  \
  TNP_TRANSFORM(NAME, "(x, /, *, n=None, axis=-1, norm='backward')", DOC) { \
    return one(call, args, &array_api::fft::NAME);                          \
  }
TNP_ONE(fft, "The Fourier transform along an axis.")
TNP_ONE(ifft, "The inverse of fft.")
TNP_ONE(rfft, "The Fourier transform of real numbers along an axis: its first half.")
TNP_ONE(irfft, "The inverse of rfft.")
TNP_ONE(hfft, "The Fourier transform of a signal whose second half is the first one's conjugate: real.")
TNP_ONE(ihfft, "The inverse of hfft.")
#undef TNP_ONE

// A sequence of ints.
std::optional<Axes> sequence_of_ints(const std::string& what, const Value& v) {
  if (!v.given()) return std::nullopt;
  if (!PyTuple_Check(v.ptr()) && !PyList_Check(v.ptr())) {
    throw TypeError(what + " must be a sequence of ints, not '" + Py_TYPE(v.ptr())->tp_name + "'");
  }
  Axes out;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(v.ptr()); ++i) {
    out.push_back(strict_int(what.c_str(), PySequence_Fast_GET_ITEM(v.ptr(), i)));
  }
  return out;
}

nb::object many(StrictCall& call, const Arguments& args, array_api::fft::ManyAxes* transform) {
  const auto [x, s, axes, norm] = take<4>(args);
  const Array& a = call.array(x);
  std::optional<Shape> sizes;
  if (const std::optional<Axes> ints = sequence_of_ints(call.named("s"), s)) {
    sizes.emplace();
    for (std::int64_t each : *ints) sizes->push_back(each);
  }
  return call.wrap(transform(a, sizes, sequence_of_ints(call.named("axes"), axes), norm.text("backward")));
}

#define TNP_MANY(NAME, DOC)                                                   \
  TNP_TRANSFORM(NAME, "(x, /, *, s=None, axes=None, norm='backward')", DOC) { \
    return many(call, args, &array_api::fft::NAME);                           \
  }
TNP_MANY(fftn, "The Fourier transform over axes.")
TNP_MANY(ifftn, "The inverse of fftn.")
TNP_MANY(rfftn, "The Fourier transform of real numbers over axes: half of it along the last one.")
TNP_MANY(irfftn, "The inverse of rfftn.")
#undef TNP_MANY

#define TNP_FREQUENCIES(NAME, DOC)                                                                 \
  TNP_TRANSFORM(NAME, "(n, /, *, d=1.0, dtype=None, device=None)", DOC) {                          \
    const auto [n, d, dtype, device] = take<4>(args);                                              \
    call.take_device(device);                                                                      \
    const DType type = call.dtype(dtype).value_or(call.defaults().real);                           \
    return call.wrap(array_api::fft::NAME(strict_int(#NAME ": n", n.ptr()), d.number(1.0), type)); \
  }
TNP_FREQUENCIES(fftfreq, "The frequencies of the elements of fft.")
TNP_FREQUENCIES(rfftfreq, "The frequencies of the elements of rfft.")
#undef TNP_FREQUENCIES

#define TNP_SHIFT(NAME, DOC)                                                                       \
  TNP_TRANSFORM(NAME, "(x, /, *, axes=None)", DOC) {                                               \
    const auto [x, axes] = take<2>(args);                                                          \
    const Array& a = call.array(x);                                                                \
    const bool several = axes.given() && !PyIndex_Check(axes.ptr());                               \
    return call.wrap(array_api::fft::NAME(                                                         \
        a, several ? sequence_of_ints(#NAME ": axes", axes) : strict_axes(#NAME ": axes", axes))); \
  }
TNP_SHIFT(fftshift, "Frequency 0 in the middle of axes.")
TNP_SHIFT(ifftshift, "The inverse of fftshift.")
#undef TNP_SHIFT

}  // namespace

}  // namespace tnp::python
