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

// How many of the points lie not behind each x, which ascend: found near the last one's.
Array count_ascending(const Array& x, const Array& xp) {
  const Array out = Array::empty(DType::int64, x.shape());
  const double *at = x.data_as<double>(), *first = xp.data_as<double>(), *last = first + xp.shape()[0];
  auto* counts = reinterpret_cast<std::int64_t*>(out.data());
  parallel_for(x.shape().num_elements(), 1 << 13, [&](std::int64_t begin, std::int64_t end) {
    const double* p = std::upper_bound(first, last, at[begin]);
    for (std::int64_t i = begin; i < end; ++i) {
      for (int steps = 0; p < last && *p <= at[i]; ++p) {
        if (++steps > 8) {
          p = std::upper_bound(p, last, at[i]);
          break;
        }
      }
      counts[i] = p - first;
    }
  });
  return out;
}

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

Array interpolate(const Array& x_given, const Array& xp_given, const Array& fp_given, std::optional<double> left,
                  std::optional<double> right) {
  const Array x = contiguous(x_given), xp = contiguous(xp_given), fp = contiguous(fp_given);
  // Points that are NaN belong to no order.
  const bool in_order =
      ascends(x.data_as<double>(), x.shape().num_elements()) && !std::isnan(xp.data_as<double>()[xp.shape()[0] - 1]);
  const Array before = in_order ? count_ascending(x, xp) : search_rows(xp, x, 0, true);
  Array out = Array::empty(DType::float64, x.shape());
  const std::int64_t n = x.shape().num_elements(), last = xp.shape()[0] - 1;
  const double *at = x.data_as<double>(), *px = xp.data_as<double>(), *pf = fp.data_as<double>();
  const auto* count = before.data_as<std::int64_t>();
  auto* to = reinterpret_cast<double*>(out.data());
  const double below = left.value_or(pf[0]), above = right.value_or(pf[last]);
  const auto inside = [&](double v, std::int64_t j) {
    const double f0 = pf[j], f1 = pf[j + 1], x0 = px[j], x1 = px[j + 1], slope = (f1 - f0) / (x1 - x0);
    double y = slope * (v - x0) + f0;
    // Infinities: from the other end, or what both ends are.
    if (std::isnan(y)) y = slope * (v - x1) + f1;
    return std::isnan(y) && f0 == f1 ? f0 : y;
  };
  parallel_for(n, 1 << 13, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const double v = at[i];
      const std::int64_t j = std::max<std::int64_t>(count[i] - 1, 0);
      if (std::isnan(v)) {
        to[i] = v;
      } else if (v < px[0]) {
        to[i] = below;
      } else if (v > px[last]) {
        to[i] = above;
      } else {
        to[i] = j == last || v == px[j] ? pf[j] : inside(v, j);
      }
    }
  });
  return out;
}

}  // namespace tnp
