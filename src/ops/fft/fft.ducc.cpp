// The only file that sees ducc0: its fast Fourier transforms, with tnp's threads.
//
// Compiled per instruction set, with DUCC0_NAMESPACE naming it. What these objects define besides `fft_kernels`, the
// standard library's templates above all, is made local to them (cmake/TnpDucc.cmake).
#include <cmath>
#include <functional>

#include "ducc0/fft/fftnd_impl.h"
#include "ops/fft/fft_kernels.h"
#include "ops/fft/long_row.h"

// --- what ducc0's threading.cc would define

namespace DUCC0_NAMESPACE {
namespace detail_threading {

namespace {

// One member of a group that shares `work` items: chunks of a fixed size in turn.
class Member final : public Scheduler {
 public:
  Member(size_t members, size_t index, size_t work, size_t chunk)
      : members_(members), index_(index), work_(work), chunk_(chunk), next_(index * chunk) {}
  size_t num_threads() const override { return members_; }
  size_t thread_num() const override { return index_; }
  Range getNext() override {
    if (next_ >= work_) return Range();
    const Range range(next_, std::min(work_, next_ + chunk_));
    next_ += members_ * chunk_;
    return range;
  }

 private:
  size_t members_, index_, work_, chunk_, next_;
};

void run_members(size_t members, size_t work, size_t chunk, const std::function<void(Scheduler&)>& body) {
  struct Context {
    size_t members, work, chunk;
    const std::function<void(Scheduler&)>& body;
  } context{members, work, chunk, body};
  tnp::fft_parallel(
      members,
      [](void* p, size_t i) {
        const auto& c = *static_cast<Context*>(p);
        Member member(c.members, i, c.work, c.chunk);
        c.body(member);
      },
      &context);
}

}  // namespace

size_t adjust_nthreads(size_t nthreads) { return nthreads; }

void execStatic(size_t work, size_t nthreads, size_t chunk, std::function<void(Scheduler&)> body) {
  if (nthreads == 0) nthreads = 1;
  if (chunk == 0) chunk = std::max<size_t>(1, (work + nthreads - 1) / nthreads);
  run_members(nthreads, work, chunk, body);
}

void execParallel(size_t nthreads, std::function<void(Scheduler&)> body) {
  run_members(std::max<size_t>(1, nthreads), 0, 1, body);
}

void execParallel(size_t begin, size_t end, size_t nthreads, std::function<void(size_t, size_t)> body) {
  const size_t members = std::max<size_t>(1, nthreads), share = (end - begin + members - 1) / members;
  execParallel(members, [&](Scheduler& scheduler) {
    const size_t first = std::min(end, begin + scheduler.thread_num() * share), last = std::min(end, first + share);
    if (first < last) body(first, last);
  });
}

}  // namespace detail_threading
}  // namespace DUCC0_NAMESPACE

// --- the kernels

namespace tnp::TNP_ISA {

namespace {

namespace ducc = DUCC0_NAMESPACE;
using Sizes = std::vector<std::size_t>;
using Steps = std::vector<std::ptrdiff_t>;

Sizes shape_of(const FftArgs& a, bool halved) {
  Sizes out(a.shape, a.shape + a.ndim);
  if (halved) {
    std::size_t& last = out[static_cast<std::size_t>(a.axes[a.num_axes - 1])];
    last = last / 2 + 1;
  }
  return out;
}

template <class E>
ducc::cfmav<E> input(const FftArgs& a, bool halved) {
  return ducc::cfmav<E>(static_cast<const E*>(a.in), shape_of(a, halved), Steps(a.in_strides, a.in_strides + a.ndim));
}
template <class E>
ducc::vfmav<E> output(const FftArgs& a, bool halved) {
  return ducc::vfmav<E>(static_cast<E*>(a.out), shape_of(a, halved), Steps(a.out_strides, a.out_strides + a.ndim));
}
Sizes axes(const FftArgs& a) { return Sizes(a.axes, a.axes + a.num_axes); }

// The only row, of n complex numbers without gaps.
template <class T>
void c2c_row(const FftArgs& a, const std::complex<T>* in, std::complex<T>* out, std::size_t n, bool forward) {
  using C = std::complex<T>;
  if (a.long_row.rows > 0) {
    LongRow<T>(in, out, a.long_row, a.workspace, forward, T(a.scale)).run(size_t(a.threads));
    return;
  }
  const ducc::cfmav<C> x(in, Sizes{n}, Steps{1});
  const ducc::vfmav<C> y(out, Sizes{n}, Steps{1});
  ducc::detail_fft::c2c(x, y, Sizes{0}, forward, T(a.scale), size_t(a.threads));
}

template <class T>
void c2c(const FftArgs& a) {
  using C = std::complex<T>;
  if (a.long_row.rows > 0) {
    const auto n = static_cast<std::size_t>(a.long_row.rows * a.long_row.columns);
    return c2c_row<T>(a, static_cast<const C*>(a.in), static_cast<C*>(a.out), n, a.forward);
  }
  ducc::detail_fft::c2c(input<C>(a, false), output<C>(a, false), axes(a), a.forward, T(a.scale), size_t(a.threads));
}
// exp(-2πi k / n) for all k, as products of two numbers of tables.
template <class T>
class Turns {
 public:
  static constexpr std::size_t kFine = 512;

  Turns(std::size_t n, std::size_t count) : coarse_(count / kFine + 1) {
    const double step = -2 * 3.14159265358979323846 / static_cast<double>(n);
    const auto turn = [&](std::size_t k) { return step * static_cast<double>(k); };
    for (std::size_t j = 0; j < kFine; ++j) {
      fine_re_[j] = static_cast<T>(std::cos(turn(j)));
      fine_im_[j] = static_cast<T>(std::sin(turn(j)));
    }
    for (std::size_t q = 0; q < coarse_.size(); ++q)
      coarse_[q] = {static_cast<T>(std::cos(turn(q * kFine))), static_cast<T>(std::sin(turn(q * kFine)))};
  }

  // Those of k = first … first + count - 1, all of which have the same quotient by kFine.
  void operator()(std::size_t first, std::size_t count, T* re, T* im) const {
    const T coarse_re = coarse_[first / kFine].real(), coarse_im = coarse_[first / kFine].imag();
    const T *fine_re = fine_re_ + first % kFine, *fine_im = fine_im_ + first % kFine;
    for (std::size_t j = 0; j < count; ++j) {
      re[j] = coarse_re * fine_re[j] - coarse_im * fine_im[j];
      im[j] = coarse_re * fine_im[j] + coarse_im * fine_re[j];
    }
  }

 private:
  T fine_re_[kFine], fine_im_[kFine];
  std::vector<std::complex<T>> coarse_;
};

// The transform of n real numbers from that of their pairs as n / 2 complex ones, z, in whose memory it is left:
// element k from elements k and n / 2 - k, which are those of the even and of the odd numbers.
template <class T>
class PairsToReal {
 public:
  PairsToReal(std::complex<T>* z, std::size_t n, bool forward)
      : z_(reinterpret_cast<T*>(z)), half_(n / 2), sign_(forward ? T(1) : T(-1)), turns_(n, n / 4 + 1) {}

  void run(std::size_t threads) {
    const T re = z_[0], im = z_[1];
    z_[0] = re + im;
    z_[1] = 0;
    z_[2 * half_] = re - im;
    z_[2 * half_ + 1] = 0;
    const std::size_t blocks = half_ / 2 / Turns<T>::kFine + 1, share = (blocks + threads - 1) / threads;
    struct Context {
      PairsToReal* self;
      std::size_t blocks, share;
    } context{this, blocks, share};
    tnp::fft_parallel(
        threads,
        [](void* p, size_t i) {
          const auto& c = *static_cast<Context*>(p);
          for (std::size_t b = i * c.share; b < std::min(c.blocks, (i + 1) * c.share); ++b) c.self->block(b);
        },
        &context);
  }

 private:
  static constexpr std::size_t kMost = 128;

  void block(std::size_t b) {
    const std::size_t begin = std::max<std::size_t>(1, b * Turns<T>::kFine);
    const std::size_t end = std::min(half_ / 2 + 1, (b + 1) * Turns<T>::kFine);
    for (std::size_t k = begin; k < end; k += kMost) pairs(k, std::min(kMost, end - k));
  }

  void pairs(std::size_t first, std::size_t count) {
    T re[kMost], im[kMost], other_re[kMost], other_im[kMost], turn_re[kMost], turn_im[kMost];
    T* up = z_ + 2 * first;
    T* down = z_ + 2 * (half_ - first);
    turns_(first, count, turn_re, turn_im);
    for (std::size_t j = 0; j < count; ++j) {
      re[j] = up[2 * j];
      im[j] = up[2 * j + 1];
    }
    for (std::size_t j = 0; j < count; ++j) {
      const T* from = down - 2 * static_cast<std::ptrdiff_t>(j);
      other_re[j] = from[0];
      other_im[j] = from[1];
    }
    for (std::size_t j = 0; j < count; ++j) {
      const T even_re = (re[j] + other_re[j]) * T(0.5), even_im = (im[j] - other_im[j]) * T(0.5);
      // What the odd ones give, turned by -i: (im, -re).
      const T odd_re = (im[j] + other_im[j]) * T(0.5), odd_im = (other_re[j] - re[j]) * T(0.5);
      const T x = odd_re * turn_re[j] - odd_im * turn_im[j], y = odd_re * turn_im[j] + odd_im * turn_re[j];
      re[j] = even_re + x;
      im[j] = sign_ * (even_im + y);
      other_re[j] = even_re - x;
      other_im[j] = sign_ * (y - even_im);
    }
    for (std::size_t j = 0; j < count; ++j) {
      up[2 * j] = re[j];
      up[2 * j + 1] = im[j];
    }
    for (std::size_t j = 0; j < count; ++j) {
      T* to = down - 2 * static_cast<std::ptrdiff_t>(j);
      to[0] = other_re[j];
      to[1] = other_im[j];
    }
  }

  T* z_;
  std::size_t half_;
  T sign_;
  Turns<T> turns_;
};

// From here on one row is quicker as pairs than by ducc's own transform of real numbers.
constexpr std::size_t kPairsFrom = 1 << 13;

// One long row of an even number of elements.
template <class T>
bool r2c_by_pairs(const FftArgs& a) {
  const auto n = static_cast<std::size_t>(a.shape[a.axes[0]]);
  if (n < kPairsFrom || n % 2 != 0 || !a.packed_row) return false;
  using C = std::complex<T>;
  if (reinterpret_cast<std::uintptr_t>(a.in) % alignof(C) != 0) return false;
  auto* out = static_cast<C*>(a.out);
  c2c_row<T>(a, static_cast<const C*>(a.in), out, n / 2, true);
  PairsToReal<T>(out, n, a.forward).run(size_t(a.threads));
  return true;
}

template <class T>
void r2c(const FftArgs& a) {
  if (r2c_by_pairs<T>(a)) return;
  ducc::detail_fft::r2c(input<T>(a, false), output<std::complex<T>>(a, true), axes(a), a.forward, T(a.scale),
                        size_t(a.threads));
}
template <class T>
void c2r(const FftArgs& a) {
  ducc::detail_fft::c2r(input<std::complex<T>>(a, true), output<T>(a, false), axes(a), a.forward, T(a.scale),
                        size_t(a.threads));
}

}  // namespace

const FftKernels fft_kernels[2] = {{&c2c<float>, &r2c<float>, &c2r<float>}, {&c2c<double>, &r2c<double>, &c2r<double>}};

}  // namespace tnp::TNP_ISA
