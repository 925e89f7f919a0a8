#include "ops/elementwise/math/exp_log.h"
#include "ops/elementwise/math/trigonometric.h"
#include "ops/random/philox.h"
#include "ops/random/random_kernels.h"

namespace tnp::TNP_ISA {

namespace {

constexpr int kLanes = 8;  // blocks computed together
using U64 = Vec<std::uint64_t, kLanes>;
using U32 = Vec<std::uint32_t, kLanes>;
using F64 = Vec<double, kLanes>;
using F32 = Vec<float, kLanes>;

constexpr U64 kIota = {0, 1, 2, 3, 4, 5, 6, 7};

template <class T, int N, class V>
TNP_INLINE void put(T* out, std::int64_t at, std::int64_t n, V v) {
  if (at + N <= n) {
    __builtin_memcpy(out + at, &v, sizeof v);
  } else if (at < n) {
    __builtin_memcpy(out + at, &v, static_cast<std::size_t>(n - at) * sizeof(T));
  }
}

// Calls make(block) for eight blocks at a time; it returns PerBlock vectors, written one after the other. Which element
// comes from which block is part of the stream: element e of a run of 8 · PerBlock is lane e % 8 of vector e / 8.
template <class T, int PerBlock, class Make>
TNP_INLINE void fill(const RandomStream& s, std::int64_t first, std::int64_t n, void* out, Make make) {
  const std::uint64_t base = s.counter + static_cast<std::uint64_t>(first / PerBlock);
  for (std::int64_t at = 0, block = 0; at < n; at += kLanes * PerBlock, block += kLanes) {
    const auto values = make(philox<U64>(kIota + (base + static_cast<std::uint64_t>(block)), s.key0, s.key1));
    for (int k = 0; k < PerBlock; ++k) put<T, kLanes>(static_cast<T*>(out), at + k * kLanes, n, values.v[k]);
  }
}

template <class V, int N>
struct Vectors {
  V v[N];
};

// 53 random bits: a multiple of 2^-53 in [0, 1).
TNP_INLINE F64 unit_f64(U64 high, U64 low) {
  return __builtin_convertvector(((high << 32) | low) >> 11, F64) * 0x1p-53;
}
TNP_INLINE F32 unit_f32(U64 word) {
  return __builtin_convertvector(__builtin_convertvector(word >> 8, U32), F32) * 0x1p-24f;
}

// Box–Muller: two independent normal numbers from two uniform ones. 1 - u lies in (0, 1], so that the logarithm is
// finite.
template <class V>
TNP_INLINE Vectors<V, 2> box_muller(V u, V w) {
  const V radius = math::sqrt(splat<V>(-2) * math::log(splat<V>(1) - u));
  const auto angle = math::sincos(w * splat<V>(6.283185307179586476925286766559));
  return {{radius * angle.cos, radius * angle.sin}};
}

}  // namespace

void random_bits32(const RandomStream& s, std::int64_t first, std::int64_t n, void* out) {
  fill<std::uint32_t, 4>(s, first, n, out, [](const PhiloxBlock<U64>& b) {
    Vectors<U32, 4> r;
    for (int k = 0; k < 4; ++k) r.v[k] = __builtin_convertvector(b.word[k], U32);
    return r;
  });
}

void random_bits64(const RandomStream& s, std::int64_t first, std::int64_t n, void* out) {
  fill<std::uint64_t, 2>(s, first, n, out, [](const PhiloxBlock<U64>& b) {
    return Vectors<U64, 2>{{(b.word[0] << 32) | b.word[1], (b.word[2] << 32) | b.word[3]}};
  });
}

void random_uniform_f32(const RandomStream& s, std::int64_t first, std::int64_t n, void* out) {
  fill<float, 4>(s, first, n, out, [](const PhiloxBlock<U64>& b) {
    Vectors<F32, 4> r;
    for (int k = 0; k < 4; ++k) r.v[k] = unit_f32(b.word[k]);
    return r;
  });
}

void random_uniform_f64(const RandomStream& s, std::int64_t first, std::int64_t n, void* out) {
  fill<double, 2>(s, first, n, out, [](const PhiloxBlock<U64>& b) {
    return Vectors<F64, 2>{{unit_f64(b.word[0], b.word[1]), unit_f64(b.word[2], b.word[3])}};
  });
}

void random_normal_f32(const RandomStream& s, std::int64_t first, std::int64_t n, void* out) {
  fill<float, 4>(s, first, n, out, [](const PhiloxBlock<U64>& b) {
    const auto x = box_muller(unit_f32(b.word[0]), unit_f32(b.word[1]));
    const auto y = box_muller(unit_f32(b.word[2]), unit_f32(b.word[3]));
    return Vectors<F32, 4>{{x.v[0], x.v[1], y.v[0], y.v[1]}};
  });
}

void random_normal_f64(const RandomStream& s, std::int64_t first, std::int64_t n, void* out) {
  fill<double, 2>(s, first, n, out, [](const PhiloxBlock<U64>& b) {
    return box_muller(unit_f64(b.word[0], b.word[1]), unit_f64(b.word[2], b.word[3]));
  });
}

void random_exponential_f64(const RandomStream& s, std::int64_t first, std::int64_t n, void* out) {
  fill<double, 2>(s, first, n, out, [](const PhiloxBlock<U64>& b) {
    const auto waiting = [](F64 u) { return -math::log(splat<F64>(1) - u); };
    return Vectors<F64, 2>{{waiting(unit_f64(b.word[0], b.word[1])), waiting(unit_f64(b.word[2], b.word[3]))}};
  });
}

// Lemire: Fast random integer generation in an interval (2019).
bool random_range(const RandomStream& s, std::int64_t first, std::int64_t n, const IntegerRange& range,
                  std::uint64_t* out) {
  U64 refused = {};
  fill<std::uint64_t, 4>(s, first, n, out, [&](const PhiloxBlock<U64>& b) {
    Vectors<U64, 4> r;
    for (int k = 0; k < 4; ++k) {
      const U64 product = b.word[k] * range.count;
      refused |= (product & 0xffffffffu) - range.refused;  // negative where it is to be refused
      r.v[k] = (product >> 32) + range.low;
    }
    return r;
  });
  std::uint64_t any = 0;
  for (int k = 0; k < kLanes; ++k) any |= refused[k];
  return any >> 63 != 0;
}

void gamma_candidates(const GammaShape& shape, const double* x_in, const double* u_in, const double* boost,
                      std::int64_t n, double* out, unsigned char* open) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    F64 x, u;
    __builtin_memcpy(&x, x_in + i, sizeof x);
    __builtin_memcpy(&u, u_in + i, sizeof u);
    const F64 root = x * shape.c + 1, cube = root * root * root, x2 = x * x;
    F64 value = cube * shape.d;
    if (boost != nullptr) {
      F64 b;
      __builtin_memcpy(&b, boost + i, sizeof b);
      value *= math::exp(math::log(splat<F64>(1) - b) * shape.power);
    }
    __builtin_memcpy(out + i, &value, sizeof value);
    // u takes the place of 1 - u, which is as uniform.
    const auto good = (root > 0) & (u > x2 * x2 * 0.0331);
    for (int k = 0; k < kLanes; ++k) open[i + k] = good[k] == 0;
  }
}

// Best and Fisher: Efficient simulation of the von Mises distribution (1979).
void vonmises_candidates(const VonMisesShape& shape, const double* angle, const double* decision, const double* side,
                         std::int64_t n, double* out, unsigned char* open) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    F64 u, v, w;
    __builtin_memcpy(&u, angle + i, sizeof u);
    __builtin_memcpy(&v, decision + i, sizeof v);
    __builtin_memcpy(&w, side + i, sizeof w);
    v = 1 - v;
    const F64 z = math::cos(u * 3.14159265358979323846), f = (1 + shape.r * z) / (shape.r + z);
    const F64 y = shape.kappa * (shape.r - f);
    const F64 cosine = f < -1 ? splat<F64>(-1) : f > 1 ? splat<F64>(1) : f;
    const F64 turned = math::arccos(cosine), value = w < 0.5 ? -turned : turned;
    __builtin_memcpy(out + i, &value, sizeof value);
    const auto refused = (y * (2 - y) < v) & (math::log(y / v) + 1 < y);
    for (int k = 0; k < kLanes; ++k) open[i + k] = refused[k] != 0;
  }
}

}  // namespace tnp::TNP_ISA
