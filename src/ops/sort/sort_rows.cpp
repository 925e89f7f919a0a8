#include "ops/sort/sort_rows.h"

#include <atomic>
#include <cstring>
#include <limits>

#include "ops/sort/distribute.h"
#include "runtime/cpu_features.h"
#include "tnp/runtime.h"

namespace tnp {

namespace {

constexpr PerIsa<const KeyKernels<int32_t>* (*)()> kKernels32 = TNP_PER_ISA(key_kernels32);
constexpr PerIsa<const KeyKernels<int64_t>* (*)()> kKernels64 = TNP_PER_ISA(key_kernels64);

template <class K>
const KeyKernels<K>& key_kernels() {
  if constexpr (sizeof(K) == 8) {
    return *kKernels64.get()();
  } else {
    return *kKernels32.get()();
  }
}

// Rows up to this length are sorted without memory of their own.
constexpr int64_t kShortRow = 256;
// Elements that are worth a second thread.
constexpr int64_t kGrain = 1 << 13;
// Rows of 16 bits from this length on are sorted by counting.
constexpr int64_t kCountingRow = 1 << 14;

// --- values

template <class K>
void sort_long_row(DType type, const char* in, int64_t n, bool descending, Ranks ranks, char* out) {
  const auto& kernels = key_kernels<K>();
  constexpr auto bytes = static_cast<int64_t>(sizeof(K));
  const auto keys_at = [&](int64_t first, int64_t count, K* keys) {
    kernels.to_keys(type, in + first * bytes, count, Zeros::apart, descending, keys);
  };
  Distribution<K> buckets(kernels, n, K{-1}, keys_at);
  buckets.sort(reinterpret_cast<K*>(out), ranks, [&](int64_t first, int64_t count, const K* keys) {
    kernels.from_keys(type, keys, count, descending, out + first * bytes);
  });
}

// Of 8 or 16 bits: how often each value occurs tells all.
void sort_by_counting(DType type, const char* in, int64_t n, bool descending, char* out) {
  const int64_t bytes = itemsize(type), values = int64_t{1} << (8 * bytes), parts = n < (1 << 19) ? 1 : 4;
  const bool has_sign = type == DType::int8 || type == DType::int16 || is_floating(type);
  const int32_t least = has_sign ? static_cast<int32_t>(-values / 2) : 0;
  const auto& kernels = key_kernels<int32_t>();
  const Scratch memory(parts * values * 8);
  auto* counts = reinterpret_cast<int64_t*>(memory.data());
  std::memset(counts, 0, static_cast<size_t>(parts * values * 8));
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    int32_t keys[1024];
    for (int64_t part = begin; part < end; part++) {
      int64_t* count_of = counts + part * values;
      const int64_t stop = (part + 1) * n / parts;
      for (int64_t i = part * n / parts; i < stop; i += 1024) {
        const int64_t count = std::min<int64_t>(1024, stop - i);
        kernels.to_keys(type, in + i * bytes, count, Zeros::apart, false, keys);
        for (int64_t k = 0; k < count; k++) count_of[keys[k] - least]++;
      }
    }
  });
  int64_t next = 0;
  for (int64_t k = 0; k < values; k++) {
    const int64_t v = descending ? values - 1 - k : k;
    int64_t total = 0;
    for (int64_t part = 0; part < parts; part++) total += counts[part * values + v];
    if (total == 0) continue;
    const auto key = static_cast<int32_t>(v + least);
    uint16_t number = 0;
    kernels.from_keys(type, &key, 1, false, &number);
    if (bytes == 1) {
      std::memset(out + next, number, static_cast<size_t>(total));
    } else {
      std::fill_n(reinterpret_cast<uint16_t*>(out) + next, total, number);
    }
    next += total;
  }
}

template <class K>
void sort_row(DType type, const char* in, int64_t n, bool descending, Ranks ranks, char* out) {
  const auto& kernels = key_kernels<K>();
  const bool in_place = itemsize(type) == static_cast<int64_t>(sizeof(K));
  const auto sort_with = [&](K* memory) {
    K* keys = in_place ? reinterpret_cast<K*>(out) : memory + n;
    kernels.to_keys(type, in, n, Zeros::apart, descending, keys);
    kernels.sort(keys, n, memory, 0, ranks);
    kernels.from_keys(type, keys, n, descending, out);
  };
  if (n <= kShortRow) {
    K memory[2 * kShortRow];
    return sort_with(memory);
  }
  if (in_place && n >= kLongRow) return sort_long_row<K>(type, in, n, descending, ranks, out);
  if (!in_place && (itemsize(type) == 1 || n >= kCountingRow)) return sort_by_counting(type, in, n, descending, out);
  const Scratch memory((in_place ? n : 2 * n) * static_cast<int64_t>(sizeof(K)));
  sort_with(reinterpret_cast<K*>(memory.data()));
}

// --- order of indices

int bit_width(uint64_t x) { return x == 0 ? 0 : 64 - __builtin_clzll(x); }
uint64_t low_bits(int count) { return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1; }

void argsort_keys(const int64_t* keys, int64_t n, int64_t* out);

// Sorts places whose keys differ in the low bits alone, and which are in ascending order.
void argsort_run(const int64_t* keys, uint64_t base, int64_t* places, int64_t n, uint64_t mask) {
  const auto key_at = [&](int64_t place) {
    return static_cast<int64_t>((static_cast<uint64_t>(keys[place]) - base) & mask);
  };
  if (n <= 16) {
    for (int64_t i = 1; i < n; i++) {
      const int64_t place = places[i], key = key_at(place);
      int64_t j = i;
      for (; j > 0 && key_at(places[j - 1]) > key; j--) places[j] = places[j - 1];
      places[j] = place;
    }
    return;
  }
  std::vector<int64_t> own(static_cast<size_t>(n)), order(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; i++) own[static_cast<size_t>(i)] = key_at(places[i]);
  argsort_keys(own.data(), n, order.data());
  for (int64_t i = 0; i < n; i++) own[static_cast<size_t>(i)] = places[order[static_cast<size_t>(i)]];
  std::copy(own.begin(), own.end(), places);
}

constexpr int64_t kKeyPart = 1 << 14;

int64_t least_key(const int64_t* keys, int64_t n) {
  const int64_t parts = (n + kKeyPart - 1) / kKeyPart;
  std::vector<int64_t> least(static_cast<size_t>(n <= kKeyPart ? 0 : parts));
  const auto of_part = [&](int64_t part) {
    int64_t low = keys[part * kKeyPart];
    for (int64_t i = part * kKeyPart; i < std::min(n, (part + 1) * kKeyPart); i++) low = keys[i] < low ? keys[i] : low;
    return low;
  };
  if (n <= kKeyPart) return of_part(0);
  parallel_for(parts, 4, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++) least[static_cast<size_t>(part)] = of_part(part);
  });
  return *std::min_element(least.begin(), least.end());
}

// The bits in which the keys, counted from `base`, are not all zero.
uint64_t varying_bits(const int64_t* keys, int64_t n, uint64_t base) {
  std::atomic<uint64_t> varying = 0;
  parallel_for((n + kKeyPart - 1) / kKeyPart, 4, [&](int64_t begin, int64_t end) {
    uint64_t bits = 0;
    for (int64_t i = begin * kKeyPart; i < std::min(n, end * kKeyPart); i++)
      bits |= static_cast<uint64_t>(keys[i]) - base;
    varying.fetch_or(bits, std::memory_order_relaxed);
  });
  return varying;
}

// What is sorted for the order of indices: the leading bits in which keys differ, and the index below them. Where that
// is not all, keys that agree in these bits are put into order among themselves.
class Composite {
 public:
  Composite(const int64_t* keys, int64_t n) : keys_(keys), base_(static_cast<uint64_t>(least_key(keys, n))) {
    const uint64_t varying = varying_bits(keys, n, base_);
    index_bits_ = std::max(1, bit_width(static_cast<uint64_t>(n - 1)));
    const int top = bit_width(varying), low = varying == 0 ? 0 : __builtin_ctzll(varying);
    key_bits_ = std::min(top - low, 64 - index_bits_);
    shift_ = top - key_bits_;
    exact_ = shift_ <= low;
  }

  int64_t index_mask() const { return static_cast<int64_t>(low_bits(index_bits_)); }
  void make(int64_t first, int64_t count, int64_t* out) const {
    const uint64_t mask = low_bits(key_bits_), sign = uint64_t{1} << 63;
    if (key_bits_ == 0) {
      for (int64_t i = 0; i < count; i++) out[i] = first + i;
      return;
    }
    for (int64_t i = 0; i < count; i++) {
      const uint64_t key = ((static_cast<uint64_t>(keys_[first + i]) - base_) >> shift_) & mask;
      out[i] = static_cast<int64_t>((key << index_bits_ | static_cast<uint64_t>(first + i)) ^ sign);
    }
  }
  // The indices of sorted composites; in place, too.
  void unpack(const int64_t* sorted, int64_t count, int64_t* out) const {
    const int64_t mask = index_mask();
    const auto key = [&](int64_t i) { return sorted[i] >> index_bits_; };
    if (exact_) {
      for (int64_t i = 0; i < count; i++) out[i] = sorted[i] & mask;
      return;
    }
    for (int64_t begin = 0, end; begin < count; begin = end) {
      const int64_t same = key(begin);
      for (end = begin + 1; end < count && key(end) == same;) end++;
      for (int64_t i = begin; i < end; i++) out[i] = sorted[i] & mask;
      if (end - begin > 1) argsort_run(keys_, base_, out + begin, end - begin, low_bits(shift_));
    }
  }

 private:
  const int64_t* keys_;
  uint64_t base_;  // the least key
  int index_bits_, key_bits_, shift_;
  bool exact_;
};

constexpr int64_t kFewKeys = 8;

// One after the other into the order of those before it.
void argsort_few(const int64_t* keys, int64_t n, int64_t* out) {
  int64_t sorted[kFewKeys];
  for (int64_t i = 0; i < n; i++) {
    const int64_t key = keys[i];
    int64_t j = i;
    for (; j > 0 && sorted[j - 1] > key; j--) {
      sorted[j] = sorted[j - 1];
      out[j] = out[j - 1];
    }
    sorted[j] = key;
    out[j] = i;
  }
}

void argsort_keys(const int64_t* keys, int64_t n, int64_t* out) {
  if (n <= kFewKeys) return argsort_few(keys, n, out);
  const auto& kernels = key_kernels<int64_t>();
  const Composite composite(keys, n);
  if (n >= kLongRow) {
    Distribution<int64_t> buckets(kernels, n, ~composite.index_mask(),
                                  [&](int64_t first, int64_t count, int64_t* to) { composite.make(first, count, to); });
    return buckets.sort(out, {}, [&](int64_t first, int64_t count, const int64_t* sorted) {
      composite.unpack(sorted, count, out + first);
    });
  }
  composite.make(0, n, out);
  if (n <= kShortRow) {
    int64_t room[kShortRow];
    kernels.sort(out, n, room, 0, {});
  } else {
    const Scratch room(n * 8);
    kernels.sort(out, n, reinterpret_cast<int64_t*>(room.data()), 0, {});
  }
  composite.unpack(out, n, out);
}

// Complex numbers: by the real part, then by the imaginary part; behind all those with NaN in the imaginary part, by
// the real part, and then those with NaN in the real part. The key of the first criterion, and of the second.
struct ComplexKey {
  int64_t high, low;
};
template <class K>
ComplexKey complex_key(K re, K im) {
  constexpr K nan = std::numeric_limits<K>::max();
  if (im == nan && re != nan) return {nan - 1, re};
  return {re, im};
}

template <class K>
void complex_keys(DType part, const void* in, int64_t n, ComplexKey* out) {
  const auto& kernels = key_kernels<K>();
  constexpr int64_t block = 512;
  parallel_for((n + block - 1) / block, 16, [&](int64_t begin, int64_t end) {
    K parts[2 * block];
    for (int64_t b = begin; b < end; b++) {
      const int64_t first = b * block, count = std::min(block, n - first);
      kernels.to_keys(part, static_cast<const char*>(in) + 2 * first * static_cast<int64_t>(sizeof(K)), 2 * count,
                      Zeros::alike, false, parts);
      for (int64_t i = 0; i < count; i++) out[first + i] = complex_key(parts[2 * i], parts[2 * i + 1]);
    }
  });
}

void argsort_complex(DType type, const void* in, int64_t n, bool descending, int64_t* out) {
  const bool narrow = type == DType::complex64;
  const int64_t flip = descending ? -1 : 0;
  const Scratch pairs_memory(n * static_cast<int64_t>(sizeof(ComplexKey))), keys_memory(n * 8);
  auto* pairs = reinterpret_cast<ComplexKey*>(pairs_memory.data());
  auto* keys = reinterpret_cast<int64_t*>(keys_memory.data());
  if (narrow) {
    complex_keys<int32_t>(DType::float32, in, n, pairs);
    for (int64_t i = 0; i < n; i++) {
      const auto high = static_cast<uint64_t>(pairs[i].high), low = static_cast<uint64_t>(pairs[i].low);
      keys[i] = static_cast<int64_t>(high << 32 | ((low & 0xFFFFFFFFu) ^ 0x80000000u)) ^ flip;
    }
    return argsort_keys(keys, n, out);
  }
  complex_keys<int64_t>(DType::float64, in, n, pairs);
  for (int64_t i = 0; i < n; i++) keys[i] = pairs[i].high ^ flip;
  argsort_keys(keys, n, out);
  std::vector<int64_t> low, order, places;
  for (int64_t begin = 0, end; begin < n; begin = end) {
    const int64_t same = keys[out[begin]];
    for (end = begin + 1; end < n && keys[out[end]] == same;) end++;
    if (end - begin == 1) continue;
    low.clear();
    for (int64_t i = begin; i < end; i++) low.push_back(pairs[out[i]].low ^ flip);
    places.assign(out + begin, out + end);
    order.resize(low.size());
    argsort_keys(low.data(), end - begin, order.data());
    for (int64_t i = begin; i < end; i++) out[i] = places[static_cast<size_t>(order[static_cast<size_t>(i - begin)])];
  }
}

void narrow_keys(DType type, const char* in, int64_t n, bool descending, int64_t* out) {
  const auto& kernels = key_kernels<int32_t>();
  constexpr int64_t block = 512;
  parallel_for((n + block - 1) / block, 16, [&](int64_t begin, int64_t end) {
    int32_t keys[block];
    for (int64_t b = begin; b < end; b++) {
      const int64_t first = b * block, count = std::min(block, n - first);
      kernels.to_keys(type, in + first * itemsize(type), count, Zeros::alike, descending, keys);
      for (int64_t i = 0; i < count; i++) out[first + i] = keys[i];
    }
  });
}

void argsort_row(DType type, const char* in, int64_t n, bool descending, int64_t* out) {
  if (is_complex(type)) return argsort_complex(type, in, n, descending, out);
  const auto sort_with = [&](int64_t* keys) {
    if (itemsize(type) < 8) {
      narrow_keys(type, in, n, descending, keys);
    } else {
      constexpr int64_t block = 1 << 14;
      parallel_for((n + block - 1) / block, 2, [&](int64_t begin, int64_t end) {
        const int64_t first = begin * block, count = std::min(n, end * block) - first;
        key_kernels<int64_t>().to_keys(type, in + first * 8, count, Zeros::alike, descending, keys + first);
      });
    }
    argsort_keys(keys, n, out);
  };
  if (n <= kShortRow) {
    int64_t keys[kShortRow];
    return sort_with(keys);
  }
  const Scratch keys(n * 8);
  sort_with(reinterpret_cast<int64_t*>(keys.data()));
}

// --- order of the rows of a matrix

// The keys of a matrix: two columns for one of complex numbers.
void matrix_keys(DType type, const char* matrix, int64_t count, int64_t* out) {
  if (type == DType::complex64)
    return complex_keys<int32_t>(DType::float32, matrix, count, reinterpret_cast<ComplexKey*>(out));
  if (type == DType::complex128)
    return complex_keys<int64_t>(DType::float64, matrix, count, reinterpret_cast<ComplexKey*>(out));
  if (itemsize(type) < 8) return narrow_keys(type, matrix, count, false, out);
  key_kernels<int64_t>().to_keys(type, matrix, count, Zeros::alike, false, out);
}

struct EqualRows {
  int64_t begin, end, column;  // places in the order that agree in all columns before this one
};

void order_by_keys(const int64_t* keys, int64_t n, int64_t columns, int64_t* out) {
  for (int64_t i = 0; i < n; i++) out[i] = i;
  std::vector<EqualRows> open{{0, n, 0}};
  std::vector<int64_t> column, order, places;
  while (!open.empty()) {
    const EqualRows run = open.back();
    open.pop_back();
    if (run.column == columns || run.end - run.begin < 2) continue;
    column.clear();
    for (int64_t i = run.begin; i < run.end; i++) column.push_back(keys[out[i] * columns + run.column]);
    order.resize(column.size());
    places.assign(out + run.begin, out + run.end);
    argsort_keys(column.data(), run.end - run.begin, order.data());
    for (size_t i = 0; i < order.size(); i++)
      out[run.begin + static_cast<int64_t>(i)] = places[static_cast<size_t>(order[i])];
    const auto key = [&](int64_t i) { return column[static_cast<size_t>(order[static_cast<size_t>(i)])]; };
    const auto count = static_cast<int64_t>(order.size());
    for (int64_t begin = 0, end; begin < count; begin = end) {
      for (end = begin + 1; end < count && key(end) == key(begin);) end++;
      if (end - begin > 1) open.push_back({run.begin + begin, run.begin + end, run.column + 1});
    }
  }
}

template <class T>
void take_row(const char* in, const int64_t* order, int64_t n, char* out) {
  for (int64_t i = 0; i < n; i++) std::memcpy(out + i * sizeof(T), in + order[i] * sizeof(T), sizeof(T));
}

void sort_complex_row(DType type, const char* in, int64_t n, bool descending, char* out) {
  const Scratch memory(n * 8);
  auto* order = reinterpret_cast<int64_t*>(memory.data());
  argsort_complex(type, in, n, descending, order);
  if (type == DType::complex64) return take_row<uint64_t>(in, order, n, out);
  struct Pair {
    uint64_t re, im;
  };
  take_row<Pair>(in, order, n, out);
}

template <class F>
void for_each_row(int64_t rows, int64_t n, const F& visit) {
  // A few long rows: the threads share each of them.
  if (n >= kLongRow && rows < get_num_threads()) {
    for (int64_t r = 0; r < rows; r++) visit(r);
    return;
  }
  parallel_for(rows, std::max<int64_t>(1, kGrain / n), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) visit(r);
  });
}

}  // namespace

void sort_rows(DType type, const void* in, int64_t rows, int64_t n, bool descending, Ranks ranks, void* out) {
  const int64_t bytes = n * itemsize(type);
  for_each_row(rows, n, [&](int64_t r) {
    const char* from = static_cast<const char*>(in) + r * bytes;
    char* to = static_cast<char*>(out) + r * bytes;
    if (is_complex(type)) return sort_complex_row(type, from, n, descending, to);
    if (itemsize(type) == 8) return sort_row<int64_t>(type, from, n, descending, ranks, to);
    sort_row<int32_t>(type, from, n, descending, ranks, to);
  });
}

bool can_sort_columns(DType type, int64_t n, int64_t columns) {
  return !is_complex(type) && n > 1 && n <= kMostColumnRows && columns >= 4;
}

void sort_columns(DType type, const void* in, int64_t matrices, int64_t n, int64_t columns, bool descending,
                  void* out) {
  constexpr int64_t part = 256;  // columns that are worth a visit
  const int64_t size = itemsize(type), parts = (columns + part - 1) / part;
  parallel_for(matrices * parts, std::max<int64_t>(1, kGrain / (n * std::min(part, columns))),
               [&](int64_t begin, int64_t end) {
                 while (begin < end) {
                   const int64_t matrix = begin / parts, first = begin % parts * part;
                   const int64_t last = std::min(columns, first + (end - begin) * part);
                   const int64_t at = (matrix * n * columns + first) * size;
                   const auto sort_with = [&](const auto& kernels) {
                     kernels.sort_columns(type, static_cast<const char*>(in) + at, n, last - first, columns * size,
                                          descending, static_cast<char*>(out) + at);
                   };
                   if (size == 8) {
                     sort_with(key_kernels<int64_t>());
                   } else {
                     sort_with(key_kernels<int32_t>());
                   }
                   begin += (last - first + part - 1) / part;
                 }
               });
}

void argsort_rows(DType type, const void* in, int64_t rows, int64_t n, bool descending, int64_t* out) {
  for_each_row(rows, n, [&](int64_t r) {
    argsort_row(type, static_cast<const char*>(in) + r * n * itemsize(type), n, descending, out + r * n);
  });
}

void order_of_rows(DType type, const void* matrix, int64_t n, int64_t columns, int64_t* out) {
  const int64_t per_element = is_complex(type) ? 2 : 1;
  const Scratch keys(n * columns * per_element * 8 + 8);
  auto* k = reinterpret_cast<int64_t*>(keys.data());
  matrix_keys(type, static_cast<const char*>(matrix), n * columns, k);
  order_by_keys(k, n, columns * per_element, out);
}

}  // namespace tnp
