// One long row of complex numbers, transformed as a matrix of n1 rows of n2 (Bailey's "four-step" transform): first its
// columns, then, turned by exp(±2πi k j / n), its rows, whose results are the columns of the result. ducc0's short
// transforms run on a vector of columns or rows at a time, which are brought into its form, and out of it, in
// registers: its own copies, element by element, take three times as long as the arithmetic.
#pragma once

#include <algorithm>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/register_transpose.h"
#include "base/vector_memory.h"
#include "ducc0/fft/fftnd_impl.h"
#include "ops/fft/fft_kernels.h"

namespace tnp::TNP_ISA {

template <class T>
class LongRow {
 public:
  using C = std::complex<T>;

  // `workspace` has room for split.workspace() numbers. `in` and `out` are rows without gaps, and may be the same.
  LongRow(const C* in, C* out, const LongRowSplit& split, void* workspace, bool forward, T scale)
      : in_(in),
        out_(out),
        work_(static_cast<Lanes*>(workspace)),
        rows_(static_cast<std::size_t>(split.rows)),
        columns_(static_cast<std::size_t>(split.columns)),
        forward_(forward),
        scale_(scale),
        roots_(rows_ * columns_),
        down_(DUCC0_NAMESPACE::detail_fft::get_plan<Plan>(rows_)),
        along_(DUCC0_NAMESPACE::detail_fft::get_plan<Plan>(columns_)) {}

  void run(std::size_t threads) {
    for_blocks(columns_, down_->bufsize() + rows_, threads, &LongRow::columns);
    for_blocks(rows_, along_->bufsize(), threads, &LongRow::rows);
  }

 private:
  using Plan = DUCC0_NAMESPACE::detail_fft::pocketfft_c<T>;
  using DuccLanes = DUCC0_NAMESPACE::Cmplx<DUCC0_NAMESPACE::native_simd<T>>;
  static constexpr std::size_t W = DUCC0_NAMESPACE::native_simd<T>::size();
  static constexpr std::size_t kFine = 32;
  using V = Vec<T, int(W)>;
  struct Lanes {  // W complex numbers
    V re, im;
  };
  static_assert(sizeof(Lanes) == sizeof(DuccLanes) && alignof(Lanes) == alignof(DuccLanes));
  using Block = void (LongRow::*)(std::size_t first, std::size_t count, Lanes* scratch);

  // Calls f for every W of n columns or rows.
  void for_blocks(std::size_t n, std::size_t scratch, std::size_t threads, Block f) {
    struct Context {
      LongRow* self;
      std::size_t n, scratch, share;
      Block f;
    } context{this, n, scratch, ((n + W - 1) / W + threads - 1) / threads * W, f};
    tnp::fft_parallel(
        threads,
        [](void* p, std::size_t thread) {
          const auto& c = *static_cast<Context*>(p);
          DUCC0_NAMESPACE::aligned_array<Lanes> memory(c.scratch);
          const std::size_t end = std::min(c.n, (thread + 1) * c.share);
          for (std::size_t i = thread * c.share; i < end; i += W)
            (c.self->*c.f)(i, std::min(W, end - i), memory.data());
        },
        &context);
  }

  Lanes* transform(const Plan& plan, Lanes* x, Lanes* scratch, T scale) const {
    return reinterpret_cast<Lanes*>(
        plan.exec(reinterpret_cast<DuccLanes*>(x), reinterpret_cast<DuccLanes*>(scratch), scale, forward_));
  }

  // Columns first … first + count - 1, turned, into the workspace: W rows of it are one of Lanes.
  void columns(std::size_t first, std::size_t count, Lanes* scratch) {
    Lanes* x = scratch;
    for (std::size_t r = 0; r < rows_; ++r) x[r] = load(in_ + r * columns_ + first, count);
    Lanes* y = transform(*down_, x, scratch + rows_, T(1));
    turn(y, first, count);
    for (std::size_t r = 0; r < rows_; r += W) {
      V re[W] = {}, im[W] = {};
      for (std::size_t i = 0; i < std::min(W, rows_ - r); ++i) {
        re[i] = y[r + i].re;
        im[i] = y[r + i].im;
      }
      transpose_registers<int(W), int(W / 2)>(re);
      transpose_registers<int(W), int(W / 2)>(im);
      Lanes* to = work_ + r / W * columns_ + first;
      for (std::size_t j = 0; j < count; ++j) to[j] = {re[j], im[j]};
    }
  }

  // Element k of column j times exp(±2πi k j / n), the product of two roots: k = kFine * q + r.
  void turn(Lanes* y, std::size_t first, std::size_t count) const {
    Lanes fine[kFine];
    for (std::size_t r = 0; r < kFine; ++r) fine[r] = roots(r, first, count);
    for (std::size_t k = 0; k < rows_; k += kFine) {
      const Lanes coarse = roots(k, first, count);
      for (std::size_t r = 0; r < std::min(kFine, rows_ - k); ++r)
        y[k + r] = product(y[k + r], product(coarse, fine[r]));
    }
  }

  static Lanes product(const Lanes& a, const Lanes& b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }

  Lanes roots(std::size_t k, std::size_t first, std::size_t count) const {
    Lanes out = {};
    for (std::size_t j = 0; j < count; ++j) {
      const auto root = roots_[k * (first + j)];
      out.re[j] = root.r;
      out.im[j] = forward_ ? -root.i : root.i;
    }
    return out;
  }

  // Rows of the workspace into columns of the result.
  void rows(std::size_t first, std::size_t count, Lanes* scratch) {
    const Lanes* y = transform(*along_, work_ + first / W * columns_, scratch, scale_);
    for (std::size_t j = 0; j < columns_; ++j) store(y[j], out_ + j * rows_ + first, count);
  }

  template <std::size_t... J>
  static Lanes apart(V a, V b, std::index_sequence<J...>) {
    return {__builtin_shufflevector(a, b, int(2 * J)...), __builtin_shufflevector(a, b, int(2 * J + 1)...)};
  }
  template <std::size_t... J>
  static void together(const Lanes& x, T* p, std::index_sequence<J...>) {
    store_vector(p, __builtin_shufflevector(x.re, x.im, int(J / 2 + J % 2 * W)...));
    store_vector(p + W, __builtin_shufflevector(x.re, x.im, int((J + W) / 2 + J % 2 * W)...));
  }

  static Lanes load(const C* from, std::size_t count) {
    const T* p = reinterpret_cast<const T*>(from);
    if (count == W) return apart(load_vector<V>(p), load_vector<V>(p + W), std::make_index_sequence<W>());
    Lanes out = {};
    for (std::size_t j = 0; j < count; ++j) {
      out.re[j] = p[2 * j];
      out.im[j] = p[2 * j + 1];
    }
    return out;
  }

  static void store(const Lanes& x, C* to, std::size_t count) {
    T* p = reinterpret_cast<T*>(to);
    if (count == W) return together(x, p, std::make_index_sequence<W>());
    for (std::size_t j = 0; j < count; ++j) {
      p[2 * j] = x.re[j];
      p[2 * j + 1] = x.im[j];
    }
  }

  const C* in_;
  C* out_;
  Lanes* work_;
  std::size_t rows_, columns_;
  bool forward_;
  T scale_;
  DUCC0_NAMESPACE::UnityRoots<T, DUCC0_NAMESPACE::Cmplx<T>> roots_;
  std::shared_ptr<Plan> down_, along_;
};

}  // namespace tnp::TNP_ISA
