// tnp::Array: an immutable n-dimensional array, which is also a node of the graph.
//
// An array is *concrete* (it has a buffer), *pending* (it knows how to compute its value and does so when the value is
// first asked for) or *symbolic* (it stands for a value inside a traced function). Operations never ask which; only
// what reads memory does, through `data()`, which computes a pending value and refuses a symbolic one.
#pragma once

#include <atomic>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tnp/dtype.h"
#include "tnp/shape.h"

namespace tnp {

struct Buffer;  // runtime/allocator.h
struct Expr;    // ir/expr.h: the operation that gives a pending or symbolic value

enum class State : std::uint8_t { concrete, pending, symbolic };

namespace detail {

struct Node {
  std::atomic<std::uint32_t> refs{1};
  State state = State::concrete;
  DType dtype = DType::float64;
  std::atomic<std::uint8_t> flags{0};
  std::uint8_t output = 0;  // which of the operation's results this is
  Buffer* buffer = nullptr;
  std::byte* data = nullptr;
  Expr* expr = nullptr;
  Shape shape;
  Strides strides;  // bytes; empty for a symbolic array
};
inline constexpr std::uint8_t kWatched = 1;     // some tape records what is done with it
inline constexpr std::uint8_t kContiguous = 2;  // row-major without gaps

void destroy(Node* node) noexcept;
void materialize(Node* node);  // pending → concrete; throws TracerError for a symbolic node

}  // namespace detail

class Array {
 public:
  Array() noexcept = default;  // no array: only assignable, destructible and testable
  Array(const Array& other) noexcept : node_(other.node_) {
    if (node_) node_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  Array(Array&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Array& operator=(const Array& other) noexcept {
    Array copy(other);
    std::swap(node_, copy.node_);
    return *this;
  }
  Array& operator=(Array&& other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Array() {
    // The holder of the only reference needs no read-modify-write: nobody else can take one meanwhile.
    if (node_ &&
        (node_->refs.load(std::memory_order_acquire) == 1 || node_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1))
      detail::destroy(node_);
  }

  // 0-d arrays and, from braces, arrays of a row: Array({1.0, 2.0}).
  explicit Array(bool value);
  explicit Array(double value);
  explicit Array(float value);
  explicit Array(std::int64_t value);
  explicit Array(int value) : Array(static_cast<std::int64_t>(value)) {}
  explicit Array(std::complex<double> value);
  explicit Array(std::initializer_list<double> values);

  // New memory of this type and shape, not initialised. Throws ValueError, MemoryError.
  static Array empty(DType dtype, const Shape& shape);
  // A copy of `data`, which holds the elements in row-major order.
  static Array copy_of(const void* data, DType dtype, const Shape& shape);
  template <class T>
  static Array from(const std::vector<T>& values);
  template <class T>
  static Array from(const std::vector<T>& values, const Shape& shape);
  // Takes over a reference to `node` / `buffer`.
  static Array adopt(detail::Node* node) noexcept {
    Array a;
    a.node_ = node;
    return a;
  }
  static Array view_of(Buffer* buffer, std::byte* data, DType dtype, const Shape& shape, const Strides& strides);

  explicit operator bool() const noexcept { return node_ != nullptr; }

  DType dtype() const noexcept { return node_->dtype; }
  const Shape& shape() const noexcept { return node_->shape; }
  int ndim() const;           // throws TracerError where the rank is unknown
  std::int64_t size() const;  // number of elements; symbolic inside a traced function
  std::int64_t itemsize() const noexcept { return tnp::itemsize(dtype()); }
  State state() const noexcept { return node_->state; }
  bool is_symbolic() const noexcept { return node_->state == State::symbolic; }

  // Reading memory.
  std::byte* data() const {
    if (node_->state != State::concrete) detail::materialize(node_);
    return node_->data;
  }
  template <class T>
  const T* data_as() const {
    return reinterpret_cast<const T*>(data());
  }
  const Strides& strides() const {
    if (node_->state != State::concrete) detail::materialize(node_);
    return node_->strides;
  }
  bool is_contiguous() const {
    if (node_->state != State::concrete) detail::materialize(node_);
    return (node_->flags.load(std::memory_order_relaxed) & detail::kContiguous) != 0;
  }
  template <class T>
  T item() const;  // of an array of one element, converted; throws ValueError otherwise
  template <class T>
  std::vector<T> to_vector() const;

  detail::Node* node() const noexcept { return node_; }
  detail::Node* release() noexcept { return std::exchange(node_, nullptr); }
  std::string str() const;  // as NumPy prints it

 private:
  detail::Node* node_ = nullptr;
};

std::ostream& operator<<(std::ostream& out, const Array& x);

// A Python scalar, or a C++ one used as such: its type gives way to the array's (NumPy 2's weak scalars).
struct Scalar {
  WeakKind kind;
  std::variant<bool, std::int64_t, std::uint64_t, double, std::complex<double>> value;
  Scalar(bool v) : kind(WeakKind::boolean), value(v) {}
  Scalar(int v) : kind(WeakKind::integer), value(static_cast<std::int64_t>(v)) {}
  Scalar(std::int64_t v) : kind(WeakKind::integer), value(v) {}
  Scalar(std::uint64_t v) : kind(WeakKind::integer), value(v) {}
  Scalar(double v) : kind(WeakKind::floating), value(v) {}
  Scalar(float v) : kind(WeakKind::floating), value(static_cast<double>(v)) {}
  Scalar(std::complex<double> v) : kind(WeakKind::complex), value(v) {}
  // A 0-d array of this type; throws OverflowError where an integer does not fit.
  Array to_array(DType dtype) const;
  Array to_array() const { return to_array(default_dtype(kind)); }
};

// What an elementwise function takes: an array or a weak scalar.
class Operand {
 public:
  Operand(const Array& a) : array_(&a) {}
  Operand(const Scalar& s) : scalar_(&s) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  Operand(T value) : own_(value), scalar_(&own_) {}
  Operand(const Operand&) = delete;
  bool is_array() const noexcept { return array_ != nullptr; }
  const Array& array() const noexcept { return *array_; }
  const Scalar& scalar() const noexcept { return *scalar_; }

 private:
  Scalar own_{false};
  const Array* array_ = nullptr;
  const Scalar* scalar_ = nullptr;
};

using Arrays = std::vector<Array>;

}  // namespace tnp
