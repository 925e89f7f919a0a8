// Sizes as C++ programs compute with them. Inside a traced function a size is known only when the function runs: what
// `x.shape()[0]` gives there is a name for it, with which only a Length computes.
//
//   auto halves = function([](const Array& x) {
//     const Length n = x.shape()[0];
//     return getitem(x, {between(0, n / 2)}) + zeros({n / 2});
//   });
#pragma once

#include <concepts>
#include <initializer_list>

#include "tnp/control.h"
#include "tnp/indexing.h"

namespace tnp {

class Length {
 public:
  Length(std::int64_t value) : value_(value) {}
  Length(int value) : value_(value) {}

  operator std::int64_t() const { return value_; }  // for shapes
  operator IndexBound() const;
  Array array() const;  // a 0-d int64 array, for conditions and values

  friend Length operator+(Length a, Length b);
  friend Length operator-(Length a, Length b);
  friend Length operator*(Length a, Length b);
  friend Length operator/(Length a, Length b);  // rounded down, as Python's //
  friend Length operator%(Length a, Length b);
  template <std::integral I>
  friend Length operator+(Length a, I b) {
    return a + Length(static_cast<std::int64_t>(b));
  }
  template <std::integral I>
  friend Length operator-(Length a, I b) {
    return a - Length(static_cast<std::int64_t>(b));
  }
  template <std::integral I>
  friend Length operator*(Length a, I b) {
    return a * Length(static_cast<std::int64_t>(b));
  }
  template <std::integral I>
  friend Length operator/(Length a, I b) {
    return a / Length(static_cast<std::int64_t>(b));
  }
  template <std::integral I>
  friend Length operator%(Length a, I b) {
    return a % Length(static_cast<std::int64_t>(b));
  }
  template <std::integral I>
  friend Length operator+(I a, Length b) {
    return Length(static_cast<std::int64_t>(a)) + b;
  }
  template <std::integral I>
  friend Length operator-(I a, Length b) {
    return Length(static_cast<std::int64_t>(a)) - b;
  }
  template <std::integral I>
  friend Length operator*(I a, Length b) {
    return Length(static_cast<std::int64_t>(a)) * b;
  }
  // Only a run could tell: compare arrays (`n.array() > 3`) for `cond` and `where`.
  template <class T>
  friend bool operator==(Length, T) = delete;
  template <class T>
  friend bool operator<(Length, T) = delete;
  template <class T>
  friend bool operator>(Length, T) = delete;
  template <class T>
  friend bool operator<=(Length, T) = delete;
  template <class T>
  friend bool operator>=(Length, T) = delete;

 private:
  std::int64_t value_;
};

// fori_loop over sizes and numbers.
inline Arrays fori_loop(Length lower, Length upper, const std::function<Arrays(const Array& i, const Arrays&)>& body,
                        const Arrays& init) {
  return fori_loop(lower.array(), upper.array(), body, init);
}

// The slice start:stop:step in an index.
inline IndexItem between(std::optional<Length> start = {}, std::optional<Length> stop = {}, std::int64_t step = 1) {
  const auto bound = [](const std::optional<Length>& l) {
    return l ? std::optional<IndexBound>(static_cast<IndexBound>(*l)) : std::nullopt;
  };
  return IndexItem::slice(bound(start), bound(stop), step);
}

// x[items] and updated copies of x, with the items written down: getitem(x, {i, between(1, n)}).
inline Array getitem(const Array& x, std::initializer_list<IndexItem> items) {
  return getitem(x, std::span<const IndexItem>(items.begin(), items.size()));
}
inline Array setitem(const Array& x, std::initializer_list<IndexItem> items, const Array& value,
                     UpdateOp op = UpdateOp::set) {
  return setitem(x, std::span<const IndexItem>(items.begin(), items.size()), value, op);
}

}  // namespace tnp
