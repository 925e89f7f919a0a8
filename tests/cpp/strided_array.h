// Strided arrays for tests: random shapes and strides over memory of their own.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "base/view.h"
#include "runtime/cpu_features.h"

namespace tnp {

struct StridedArray {
  std::vector<char> memory;
  std::vector<int64_t> shape, strides;
  int64_t offset = 0;
  DType dtype = DType::float64;

  StridedView view() { return {memory.data() + offset, dtype, int(shape.size()), shape.data(), strides.data()}; }
  int64_t size() const {
    int64_t n = 1;
    for (int64_t s : shape) n *= s;
    return n;
  }
  // The address of element i of a row-major walk.
  char* at(int64_t i) {
    int64_t o = offset;
    for (int d = int(shape.size()) - 1; d >= 0; d--) {
      o += i % shape[d] * strides[d];
      i /= shape[d];
    }
    return memory.data() + o;
  }
  template <class T>
  T get(int64_t i) {
    T value;
    std::memcpy(&value, at(i), sizeof value);
    return value;
  }
  template <class T>
  void set(int64_t i, T value) {
    std::memcpy(at(i), &value, sizeof value);
  }
};

inline StridedArray contiguous_array(DType dtype, std::vector<int64_t> shape) {
  StridedArray a;
  a.dtype = dtype;
  a.shape = shape;
  a.strides.resize(shape.size());
  int64_t stride = itemsize(dtype);
  for (int i = int(shape.size()) - 1; i >= 0; i--) {
    a.strides[i] = stride;
    stride *= shape[i];
  }
  a.memory.resize(static_cast<size_t>(stride) + 16);
  return a;
}

// The dimensions in any order in memory, with steps of -2 … 3 and gaps; `broadcast`: a stride may be 0.
inline StridedArray random_strided(std::mt19937& rng, DType dtype, std::vector<int64_t> shape, bool broadcast) {
  StridedArray a;
  a.dtype = dtype;
  a.shape = shape;
  a.strides.resize(shape.size());
  std::vector<int> order(shape.size());
  for (size_t i = 0; i < order.size(); i++) order[i] = int(i);
  std::shuffle(order.begin(), order.end(), rng);
  constexpr int64_t steps[] = {1, 1, 1, 1, 2, 3, -1, -2};
  int64_t extent = itemsize(dtype);
  for (int d : order) {
    if (broadcast && rng() % 8 == 0) {
      a.strides[d] = 0;
      continue;
    }
    const int64_t step = steps[rng() % 8], magnitude = step < 0 ? -step : step;
    a.strides[d] = extent * step;
    if (step < 0) a.offset += (shape[d] - 1) * extent * magnitude;
    extent *= shape[d] * magnitude;
    if (rng() % 4 == 0) extent += itemsize(dtype) * int64_t(rng() % 3);
  }
  a.memory.resize(static_cast<size_t>(extent) + 16);
  return a;
}

inline std::vector<int64_t> random_shape(std::mt19937& rng) {
  constexpr int64_t sizes[] = {1, 2, 3, 7, 8, 9, 16, 17, 33, 64, 70};
  std::vector<int64_t> shape(rng() % 5);
  int64_t n = 1;
  for (int64_t& s : shape) {
    s = sizes[rng() % 11];
    if (n * s > 20000) s = 1;
    n *= s;
  }
  return shape;
}

// The instruction sets that this CPU can run.
inline std::vector<Isa> runnable_isas() {
  std::vector<Isa> isas;
  for (int i = 0; i <= static_cast<int>(cpu_isa()); i++) isas.push_back(static_cast<Isa>(i));
  return isas;
}

}  // namespace tnp
