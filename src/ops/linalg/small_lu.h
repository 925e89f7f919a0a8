// LU factors of small matrices: a call of LAPACK takes longer than the arithmetic.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace tnp {

// Real matrices of up to so many rows are factored here.
inline constexpr std::int64_t kSmallLu = 16;
template <class T>
bool is_small_lu(std::int64_t n) {
  return std::is_floating_point_v<T> && n <= kSmallLu;
}

// As getrf: columns one after the other are overwritten by the factors, pivots count from 1. The first pivot that is 0,
// counted from 1, or 0.
template <class T>
int small_getrf(int n, T* a, int* pivots) {
  int singular = 0;
  for (int k = 0; k < n; ++k) {
    T* column = a + k * n;
    int best = k;
    T size = std::abs(column[k]);
    for (int i = k + 1; i < n; ++i) {
      if (std::abs(column[i]) > size) size = std::abs(column[best = i]);
    }
    pivots[k] = best + 1;
    if (column[best] == T(0)) {
      if (singular == 0) singular = k + 1;
      continue;
    }
    if (best != k) {
      for (int j = 0; j < n; ++j) std::swap(a[j * n + k], a[j * n + best]);
    }
    const T pivot = column[k];
    for (int i = k + 1; i < n; ++i) column[i] /= pivot;
    for (int j = k + 1; j < n; ++j) {
      T* other = a + j * n;
      const T factor = other[k];
      for (int i = k + 1; i < n; ++i) other[i] -= column[i] * factor;
    }
  }
  return singular;
}

// As getrs, for `columns` right sides in place.
template <class T>
void small_getrs(bool transposed, int n, std::int64_t columns, const T* a, const int* pivots, T* b) {
  for (std::int64_t c = 0; c < columns; ++c, b += n) {
    if (!transposed) {
      for (int k = 0; k < n; ++k) std::swap(b[k], b[pivots[k] - 1]);
      for (int k = 0; k < n; ++k) {
        const T factor = b[k];
        for (int i = k + 1; i < n; ++i) b[i] -= a[k * n + i] * factor;
      }
      for (int k = n - 1; k >= 0; --k) {
        const T factor = b[k] /= a[k * n + k];
        for (int i = 0; i < k; ++i) b[i] -= a[k * n + i] * factor;
      }
    } else {
      for (int k = 0; k < n; ++k) {
        T sum = b[k];
        for (int i = 0; i < k; ++i) sum -= a[k * n + i] * b[i];
        b[k] = sum / a[k * n + k];
      }
      for (int k = n - 1; k >= 0; --k) {
        T sum = b[k];
        for (int i = k + 1; i < n; ++i) sum -= a[k * n + i] * b[i];
        b[k] = sum;
      }
      for (int k = n - 1; k >= 0; --k) std::swap(b[k], b[pivots[k] - 1]);
    }
  }
}

}  // namespace tnp
