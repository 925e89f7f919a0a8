#include "ops/sort/direct.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "ir/observer.h"
#include "ops/common.h"
#include "ops/sort/sort.h"
#include "runtime/threads.h"

namespace tnp {

bool computes_directly(std::initializer_list<const Array*> arrays) {
  return active_observers == nullptr &&
         std::none_of(arrays.begin(), arrays.end(), [](const Array* x) { return *x && x->is_symbolic(); });
}

namespace {

constexpr std::int64_t kPart = 1 << 15;  // elements that are worth a thread

Array contiguous(const Array& x) { return x.is_contiguous() ? x : copy(x); }

struct Ends {
  std::int64_t least, greatest;
};
Ends ends_of(const std::int64_t* x, std::int64_t n) {
  std::mutex lock;
  Ends all{x[0], x[0]};
  parallel_for(n, kPart, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t least = x[begin], greatest = x[begin];
    for (std::int64_t i = begin; i < end; ++i) {
      least = x[i] < least ? x[i] : least;
      greatest = x[i] > greatest ? x[i] : greatest;
    }
    const std::lock_guard<std::mutex> guard(lock);
    all = {std::min(all.least, least), std::max(all.greatest, greatest)};
  });
  return all;
}

void count_into(const std::int64_t* x, std::int64_t n, std::int64_t size, std::int64_t* out) {
  // Counters of their own are worth it to a part only where there are fewer of them than elements.
  if (n < 4 * kPart || size > n / 16) {
    for (std::int64_t i = 0; i < n; ++i) ++out[x[i]];
    return;
  }
  std::mutex lock;
  parallel_for(n, kPart, [&](std::int64_t begin, std::int64_t end) {
    // Two sets, as equal neighbours would wait for each other.
    std::vector<std::int64_t> own(static_cast<std::size_t>(2 * size), 0);
    std::int64_t *even = own.data(), *odd = own.data() + size;
    std::int64_t i = begin;
    for (; i + 1 < end; i += 2) {
      ++even[x[i]];
      ++odd[x[i + 1]];
    }
    if (i < end) ++even[x[i]];
    const std::lock_guard<std::mutex> guard(lock);
    for (std::int64_t b = 0; b < size; ++b) out[b] += even[b] + odd[b];
  });
}

constexpr std::int64_t kBlock = 512;

class Polygon {
 public:
  Polygon(const Array& xp, const Array& fp, std::optional<double> left, std::optional<double> right)
      : x_(xp.data_as<double>()),
        f_(fp.data_as<double>()),
        last_(xp.shape()[0] - 1),
        below_(left.value_or(f_[0])),
        above_(right.value_or(f_[last_])) {}

  // How many of the points lie not behind each x, which ascend: found near the last one's.
  void find_ascending(const double* x, std::int64_t n, std::int64_t* counts) const {
    const double *end = x_ + last_ + 1, *p = std::upper_bound(x_, end, x[0]);
    for (std::int64_t i = 0; i < n; ++i) {
      for (int steps = 0; p < end && *p <= x[i]; ++p) {
        if (++steps > 8) {
          p = std::upper_bound(p, end, x[i]);
          break;
        }
      }
      counts[i] = p - x_;
    }
  }

  void values(const double* x, std::int64_t n, const std::int64_t* counts, double* out) const {
    std::int64_t known = -1;  // the side of which `slope` is
    double slope = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const double v = x[i];
      const std::int64_t j = std::max<std::int64_t>(counts[i] - 1, 0);
      if (std::isnan(v)) {
        out[i] = v;
      } else if (v < x_[0]) {
        out[i] = below_;
      } else if (v > x_[last_]) {
        out[i] = above_;
      } else if (j == last_ || v == x_[j]) {
        out[i] = f_[j];
      } else {
        if (j != known) slope = (f_[j + 1] - f_[j]) / (x_[j + 1] - x_[j]);
        known = j;
        const double y = slope * (v - x_[j]) + f_[j];
        out[i] = std::isnan(y) ? from_right(v, j, slope) : y;
      }
    }
  }

 private:
  // Where infinities leave no number: from the other end, or what both ends are.
  double from_right(double v, std::int64_t j, double slope) const {
    const double y = slope * (v - x_[j + 1]) + f_[j + 1];
    return std::isnan(y) && f_[j] == f_[j + 1] ? f_[j] : y;
  }

  const double *x_, *f_;
  std::int64_t last_;
  double below_, above_;
};

bool ascends(const double* x, std::int64_t n) {
  for (std::int64_t i = 1; i < n; ++i) {
    if (!(x[i - 1] <= x[i])) return false;
  }
  return n > 0 && x[0] == x[0];
}

}  // namespace

Array count_integers(const Array& x_given, const Array& weights_given, std::int64_t minlength) {
  const Array x = contiguous(x_given);
  const auto* at = x.data_as<std::int64_t>();
  const std::int64_t n = x.shape()[0];
  Ends ends{0, -1};
  if (n > 0) ends = ends_of(at, n);
  if (ends.least < 0) throw ValueError("'list' argument must have no negative elements");
  const std::int64_t greatest = std::min(ends.greatest, std::numeric_limits<std::int64_t>::max() - 1);
  const std::int64_t size = std::max(greatest + 1, minlength);
  Array out = Array::empty(weights_given ? DType::float64 : DType::int64, {size});
  if (!weights_given) {
    auto* counts = reinterpret_cast<std::int64_t*>(out.data());
    std::fill_n(counts, size, 0);
    count_into(at, n, size, counts);
    return out;
  }
  const Array weights = contiguous(weights_given);
  const auto* w = weights.data_as<double>();
  auto* sums = reinterpret_cast<double*>(out.data());
  std::fill_n(sums, size, 0.0);
  for (std::int64_t i = 0; i < n; ++i) sums[at[i]] += w[i];
  return out;
}

namespace {

template <class T>
void find_members(const T* x, std::int64_t n, std::int64_t least, const std::vector<std::uint8_t>& members,
                  std::uint8_t* out) {
  const std::uint64_t count = members.size(), first = static_cast<std::uint64_t>(least);
  const std::uint8_t* known = members.data();
  parallel_for(n, kPart, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      // What lies outside of the set's range takes the place of its first number.
      const std::uint64_t at = static_cast<std::uint64_t>(static_cast<std::int64_t>(x[i])) - first;
      const bool inside = at < count;
      out[i] = static_cast<std::uint8_t>(known[inside ? at : 0] & static_cast<std::uint8_t>(inside));
    }
  });
}

}  // namespace

Array are_members(const Array& given, std::int64_t least, const std::vector<std::uint8_t>& members) {
  const Array x = contiguous(given);
  Array out = Array::empty(DType::bool_, x.shape());
  const std::int64_t n = x.shape().num_elements();
  const auto run = [&]<class T>(T) {
    find_members(x.data_as<T>(), n, least, members, reinterpret_cast<std::uint8_t*>(out.data()));
    return out;
  };
  switch (x.dtype()) {
    case DType::int8:
      return run(std::int8_t{});
    case DType::uint8:
      return run(std::uint8_t{});
    case DType::int16:
      return run(std::int16_t{});
    case DType::uint16:
      return run(std::uint16_t{});
    case DType::int32:
      return run(std::int32_t{});
    case DType::uint32:
      return run(std::uint32_t{});
    default:
      return run(std::int64_t{});
  }
}

Array interpolate(const Array& x_given, const Array& xp_given, const Array& fp_given, std::optional<double> left,
                  std::optional<double> right) {
  const Array x = contiguous(x_given), xp = contiguous(xp_given), fp = contiguous(fp_given);
  // Points that are NaN belong to no order.
  const bool in_order =
      ascends(x.data_as<double>(), x.shape().num_elements()) && !std::isnan(xp.data_as<double>()[xp.shape()[0] - 1]);
  const Array before = in_order ? Array() : search_rows(xp, x, 0, true);
  Array out = Array::empty(DType::float64, x.shape());
  const std::int64_t n = x.shape().num_elements();
  const auto* at = x.data_as<double>();
  const Polygon polygon(xp, fp, left, right);
  auto* to = reinterpret_cast<double*>(out.data());
  parallel_for(n, 1 << 13, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t block[kBlock];
    for (std::int64_t i = begin; i < end; i += kBlock) {
      const std::int64_t count = std::min(kBlock, end - i);
      if (in_order) polygon.find_ascending(at + i, count, block);
      polygon.values(at + i, count, in_order ? block : before.data_as<std::int64_t>() + i, to + i);
    }
  });
  return out;
}

}  // namespace tnp
