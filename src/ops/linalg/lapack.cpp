#include "ops/linalg/lapack.h"

#include <atomic>
#include <string>

#include "ops/matmul/blas.h"
#include "tnp/error.h"

namespace tnp {

namespace {

template <class T>
std::string prefixed(const char* name) {
  constexpr char kPrefix = std::is_same_v<T, float>    ? 's'
                           : std::is_same_v<T, double> ? 'd'
                           : sizeof(T) == 8            ? 'c'
                                                       : 'z';
  return kPrefix + std::string(name) + "_";
}

template <class T, class F>
void find(F& function, const char* name) {
  function = reinterpret_cast<F>(blas_symbol(prefixed<T>(name).c_str()));
  if (function == nullptr) throw RuntimeError("the OpenBLAS in use has no LAPACK function " + prefixed<T>(name));
}

template <class T>
void find_all(Lapack<T>& table) {
  find<T>(table.potrf, "potrf");
  find<T>(table.getrf, "getrf");
  find<T>(table.getrs, "getrs");
  find<T>(table.gesv, "gesv");
  find<T>(table.trtrs, "trtrs");
  find<T>(table.geqrf, "geqrf");
  find<T>(table.orgqr, is_complex_v<T> ? "ungqr" : "orgqr");
  if constexpr (is_complex_v<T>) {
    find<T>(table.complex_gesdd, "gesdd");
    find<T>(table.heevd, "heevd");
    find<T>(table.complex_geev, "geev");
    find<T>(table.complex_gelsd, "gelsd");
  } else {
    find<T>(table.real_gesdd, "gesdd");
    find<T>(table.syevd, "syevd");
    find<T>(table.real_geev, "geev");
    find<T>(table.real_gelsd, "gelsd");
  }
}

}  // namespace

template <class T>
const Lapack<T>& lapack() {
  static std::atomic<const Lapack<T>*> known = nullptr;
  const BlasLibrary* library = blas_for(DType::float64);
  if (library == nullptr) {
    throw RuntimeError(
        "linear algebra needs OpenBLAS, which was not found: install scipy-openblas32, or name the library in the "
        "environment variable TNP_OPENBLAS");
  }
  const Lapack<T>* table = known.load(std::memory_order_acquire);
  if (table == nullptr || table->library != library) {
    // Not freed when another library is chosen: somebody may be using it.
    auto* fresh = new Lapack<T>{};
    find_all(*fresh);
    fresh->library = library;
    known.store(fresh, std::memory_order_release);
    table = fresh;
  }
  return *table;
}

template const Lapack<float>& lapack<float>();
template const Lapack<double>& lapack<double>();
template const Lapack<std::complex<float>>& lapack<std::complex<float>>();
template const Lapack<std::complex<double>>& lapack<std::complex<double>>();

}  // namespace tnp
