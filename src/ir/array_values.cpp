// Arrays from and to C++ values, and as text.
#include <ostream>
#include <sstream>
#include <type_traits>

#include "base/dim.h"
#include "base/view.h"
#include "ir/print_array.h"
#include "ir/scalar.h"
#include "tnp/array.h"
#include "tnp/error.h"

namespace tnp {

namespace {

template <class T>
constexpr DType dtype_for() {
  if constexpr (std::is_same_v<T, bool>) {
    return DType::bool_;
  } else if constexpr (std::is_integral_v<T>) {
    constexpr int log = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return static_cast<DType>(static_cast<int>(std::is_signed_v<T> ? DType::int8 : DType::uint8) + log);
  } else if constexpr (std::is_same_v<T, float>) {
    return DType::float32;
  } else if constexpr (std::is_same_v<T, double>) {
    return DType::float64;
  } else if constexpr (std::is_same_v<T, std::complex<float>>) {
    return DType::complex64;
  } else {
    return DType::complex128;
  }
}

template <class T>
constexpr bool is_complex_type = std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>;

// The element as a T: as NumPy's astype, but undefined conversions of floats to integers saturate.
template <class T>
T convert(const Scalar& s) {
  return std::visit(
      [](auto v) -> T {
        using V = decltype(v);
        if constexpr (std::is_same_v<T, bool>) {
          return v != V{};
        } else if constexpr (is_complex_type<T>) {
          using R = typename T::value_type;
          if constexpr (is_complex_type<V>) {
            return T(static_cast<R>(v.real()), static_cast<R>(v.imag()));
          } else {
            return T(static_cast<R>(v));
          }
        } else if constexpr (is_complex_type<V>) {
          return convert<T>(Scalar(v.real()));
        } else if constexpr (std::is_floating_point_v<V> && std::is_integral_v<T>) {
          if (v != v) return T{0};
          if (v >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
          if (v <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
          return static_cast<T>(v);
        } else {
          return static_cast<T>(v);
        }
      },
      s.value);
}

StridedView memory_of(const Array& x) {
  return {x.data(), x.dtype(), x.shape().ndim(), x.shape().data(), x.strides().data()};
}

}  // namespace

template <class T>
T Array::item() const {
  const std::byte* at = data();
  if (shape().num_elements() != 1) {
    throw ValueError("can only convert an array of size 1 to a scalar, not one of shape " + shape().str());
  }
  return convert<T>(load_scalar(dtype(), at));
}

template <class T>
std::vector<T> Array::to_vector() const {
  std::vector<T> out;
  const std::byte* at = data();
  const std::int64_t n = shape().num_elements();
  out.reserve(static_cast<std::size_t>(n));
  Axes index(ndim(), 0);
  for (std::int64_t i = 0; i < n; ++i) {
    out.push_back(convert<T>(load_scalar(dtype(), at)));
    for (int a = ndim() - 1; a >= 0; --a) {
      at += strides()[a];
      if (++index[a] < shape()[a]) break;
      at -= strides()[a] * shape()[a];
      index[a] = 0;
    }
  }
  return out;
}

template <class T>
Array Array::from(const std::vector<T>& values, const Shape& shape) {
  check_shape(shape, static_cast<std::int64_t>(sizeof(T)));
  if (shape.num_elements() != static_cast<std::int64_t>(values.size())) {
    throw ValueError("cannot make an array of shape " + shape.str() + " of " + std::to_string(values.size()) +
                     " values");
  }
  Array a = empty(dtype_for<T>(), shape);
  T* to = reinterpret_cast<T*>(a.data());
  for (std::size_t i = 0; i < values.size(); ++i) to[i] = values[i];
  return a;
}

template <class T>
Array Array::from(const std::vector<T>& values) {
  return from(values, Shape{static_cast<std::int64_t>(values.size())});
}

#define TNP_INSTANTIATE(T)                              \
  template T Array::item<T>() const;                    \
  template std::vector<T> Array::to_vector<T>() const;  \
  template Array Array::from<T>(const std::vector<T>&); \
  template Array Array::from<T>(const std::vector<T>&, const Shape&);
TNP_INSTANTIATE(bool)
TNP_INSTANTIATE(std::int8_t)
TNP_INSTANTIATE(std::int16_t)
TNP_INSTANTIATE(std::int32_t)
TNP_INSTANTIATE(std::int64_t)
TNP_INSTANTIATE(std::uint8_t)
TNP_INSTANTIATE(std::uint16_t)
TNP_INSTANTIATE(std::uint32_t)
TNP_INSTANTIATE(std::uint64_t)
TNP_INSTANTIATE(long long)
TNP_INSTANTIATE(unsigned long long)
TNP_INSTANTIATE(float)
TNP_INSTANTIATE(double)
TNP_INSTANTIATE(std::complex<float>)
TNP_INSTANTIATE(std::complex<double>)
#undef TNP_INSTANTIATE

std::string Array::str() const {
  if (!node_) return "<no array>";
  if (is_symbolic()) return "<tnp.ndarray symbolic " + std::string(name(dtype())) + shape().str() + ">";
  return array_str(memory_of(*this));
}

std::ostream& operator<<(std::ostream& out, const Array& x) { return out << x.str(); }

}  // namespace tnp
