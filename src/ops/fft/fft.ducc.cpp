// The only file that sees ducc0: its fast Fourier transforms, with tnp's threads.
//
// Compiled per instruction set, with DUCC0_NAMESPACE naming it. What these objects define besides `fft_kernels`, the
// standard library's templates above all, is made local to them (cmake/TnpDucc.cmake).
#include <functional>

#include "ducc0/fft/fftnd_impl.h"
#include "ops/fft/fft_kernels.h"

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

template <class T>
void c2c(const FftArgs& a) {
  using C = std::complex<T>;
  ducc::detail_fft::c2c(input<C>(a, false), output<C>(a, false), axes(a), a.forward, T(a.scale), size_t(a.threads));
}
template <class T>
void r2c(const FftArgs& a) {
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
