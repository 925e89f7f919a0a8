// Shapes: up to 64 sizes, kept inline while there are few. A size is a non-negative number or, inside a traced
// function, a symbolic dimension (`dim.h`), encoded as a negative number so that shape code need not ask which it is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace tnp {

inline constexpr int kMaxDims = 64;  // NumPy 2's limit

// A vector of trivially copyable T with room for N of them inline.
template <class T, int N>
class SmallVec {
 public:
  SmallVec() noexcept : size_(0) {}
  SmallVec(std::initializer_list<T> values) : SmallVec(std::span<const T>(values.begin(), values.size())) {}
  explicit SmallVec(std::span<const T> values) : size_(0) {
    resize(static_cast<int>(values.size()));
    std::copy(values.begin(), values.end(), data());
  }
  SmallVec(int n, T value) : size_(0) {
    resize(n);
    std::fill_n(data(), n, value);
  }
  SmallVec(const SmallVec& other) : size_(0) { take(other); }
  SmallVec(SmallVec&& other) noexcept { steal(other); }
  SmallVec& operator=(const SmallVec& other) {
    if (this != &other) take(other);
    return *this;
  }
  SmallVec& operator=(SmallVec&& other) noexcept {
    if (this != &other) {
      drop();
      steal(other);
    }
    return *this;
  }
  ~SmallVec() { drop(); }

  int size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T* data() noexcept { return capacity_ > N ? heap_ : inline_; }
  const T* data() const noexcept { return capacity_ > N ? heap_ : inline_; }
  T* begin() noexcept { return data(); }
  T* end() noexcept { return data() + size_; }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size_; }
  T& operator[](int i) noexcept { return data()[i]; }
  const T& operator[](int i) const noexcept { return data()[i]; }
  T& back() noexcept { return data()[size_ - 1]; }
  const T& back() const noexcept { return data()[size_ - 1]; }
  operator std::span<const T>() const noexcept { return {data(), static_cast<std::size_t>(size_)}; }

  void resize(int n) {
    if (n > capacity_) grow(n);
    for (int i = size_; i < n; ++i) data()[i] = T{};
    size_ = n;
  }
  // As resize; new elements are not set.
  void resize_unset(int n) {
    if (n > capacity_) grow(n);
    size_ = n;
  }
  void push_back(T value) {
    if (size_ == capacity_) grow(2 * capacity_);
    data()[size_++] = value;
  }
  void insert(int at, T value) {
    push_back(value);
    for (int i = size_ - 1; i > at; --i) data()[i] = data()[i - 1];
    data()[at] = value;
  }
  void erase(int at) {
    for (int i = at; i + 1 < size_; ++i) data()[i] = data()[i + 1];
    --size_;
  }
  void clear() noexcept { size_ = 0; }

  friend bool operator==(const SmallVec& a, const SmallVec& b) noexcept {
    if (a.size_ != b.size_ || a.flag_ != b.flag_) return false;
    const T *x = a.data(), *y = b.data();
    for (int i = 0; i < a.size_; ++i) {
      if (!(x[i] == y[i])) return false;
    }
    return true;
  }

 protected:
  void drop() noexcept {
    if (capacity_ > N) delete[] heap_;
    capacity_ = N;
    size_ = 0;
  }
  void take(const SmallVec& other) {
    if (capacity_ == N && other.capacity_ == N) [[likely]] {
      std::copy_n(other.inline_, N, inline_);  // all of them: a few registers, without a call or a loop
      size_ = other.size_;
    } else {
      resize(other.size_);
      std::copy_n(other.data(), size_, data());
    }
    flag_ = other.flag_;
  }
  void steal(SmallVec& other) noexcept {
    size_ = other.size_;
    capacity_ = other.capacity_;
    flag_ = other.flag_;
    if (capacity_ > N) {
      heap_ = other.heap_;
    } else {
      std::copy_n(other.inline_, N, inline_);
    }
    other.capacity_ = N;
    other.size_ = 0;
  }
  void grow(int n) {
    T* fresh = new T[static_cast<std::size_t>(n)];
    std::copy_n(data(), size_, fresh);
    const int size = size_;
    drop();
    heap_ = fresh;
    capacity_ = n;
    size_ = size;
  }

  int size_;
  std::int16_t capacity_ = N;
  std::int16_t flag_ = 0;  // Shape: the rank is unknown
  union {
    T inline_[N];
    T* heap_;
  };
};

using Strides = SmallVec<std::int64_t, 5>;  // bytes
using Axes = SmallVec<std::int64_t, 5>;

class Shape : public SmallVec<std::int64_t, 5> {
 public:
  using SmallVec::SmallVec;
  Shape() = default;
  Shape(const SmallVec& v) : SmallVec(v) {}

  // A shape of which not even the number of dimensions is known (only inside a traced function).
  static Shape unknown_rank() {
    Shape s;
    s.flag_ = 1;
    return s;
  }
  bool rank_known() const noexcept { return flag_ == 0; }

  int ndim() const noexcept { return size(); }
  // No symbolic dimension, and the rank known.
  bool is_static() const noexcept {
    return rank_known() && std::all_of(begin(), end(), [](std::int64_t d) { return d >= 0; });
  }
  // Product of the sizes of a static shape. The product fits: arrays are checked when they are made.
  std::int64_t num_elements() const noexcept {
    std::int64_t n = 1;
    for (std::int64_t d : *this) n *= d;
    return n;
  }
  std::string str() const;  // "(2, 3)", "(n0, 3)", "(?)"
};

// Row-major strides in bytes.
Strides contiguous_strides(const Shape& shape, std::int64_t itemsize);

// The shape that `a` and `b` broadcast to; `false` if they do not. Symbolic sizes are taken to fit: the run checks
// them.
bool try_broadcast(const Shape& a, const Shape& b, Shape& out);

// `axis` in 0 … ndim-1. Throws AxisError, naming `what`.
int normalize_axis(std::int64_t axis, int ndim, const char* what = nullptr);
// Sorted, distinct axes; throws AxisError, and ValueError for a repeated one.
Axes normalize_axes(std::span<const std::int64_t> axes, int ndim, const char* what = nullptr);
// Sizes that are not negative and whose product (in bytes) does not overflow; throws ValueError.
void check_shape(std::span<const std::int64_t> shape, std::int64_t itemsize);

}  // namespace tnp
