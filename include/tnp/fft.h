// numpy.fft in C++. float32 and complex64 stay in single precision, integers become the default float type.
#pragma once

#include <optional>
#include <string_view>

#include "tnp/array.h"
#include "tnp/primitives.h"

namespace tnp::fft {

// Where the factor 1 / n is: on the inverse transform, its root on both, or on the forward one.
enum class Norm : std::uint8_t { backward, ortho, forward };
Norm norm_from_name(std::string_view name);  // throws ValueError

// Along one axis; cut, or filled up with zeros, to n elements. Throws ValueError for n < 1.
Array fft(const Array& x, std::optional<std::int64_t> n = {}, std::int64_t axis = -1, Norm norm = Norm::backward);
Array ifft(const Array& x, std::optional<std::int64_t> n = {}, std::int64_t axis = -1, Norm norm = Norm::backward);
// Of real arrays: the first n / 2 + 1 elements; irfft gives n real ones, by default 2 (m - 1) of m.
Array rfft(const Array& x, std::optional<std::int64_t> n = {}, std::int64_t axis = -1, Norm norm = Norm::backward);
Array irfft(const Array& x, std::optional<std::int64_t> n = {}, std::int64_t axis = -1, Norm norm = Norm::backward);
Array hfft(const Array& x, std::optional<std::int64_t> n = {}, std::int64_t axis = -1, Norm norm = Norm::backward);
Array ihfft(const Array& x, std::optional<std::int64_t> n = {}, std::int64_t axis = -1, Norm norm = Norm::backward);

// Over several axes: all, or the last ones, as many as sizes are given. A size of -1 is that of the array.
struct Extent {
  std::optional<Shape> sizes;
  std::optional<Axes> axes;
};
Array fftn(const Array& x, const Extent& extent = {}, Norm norm = Norm::backward);
Array ifftn(const Array& x, const Extent& extent = {}, Norm norm = Norm::backward);
Array rfftn(const Array& x, const Extent& extent = {}, Norm norm = Norm::backward);
Array irfftn(const Array& x, const Extent& extent = {}, Norm norm = Norm::backward);

// The frequencies of fft's elements, and of rfft's, for a sample spacing d.
Array fftfreq(std::int64_t n, const Array& d);
Array rfftfreq(std::int64_t n, const Array& d);
// Frequency 0 in the middle of the axes (all by default), and back.
Array fftshift(const Array& x, const std::optional<Axes>& axes = {});
Array ifftshift(const Array& x, const std::optional<Axes>& axes = {});

}  // namespace tnp::fft
