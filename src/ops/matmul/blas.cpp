#include "ops/matmul/blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "runtime/cpu_features.h"
#include "runtime/threads.h"
#include "tnp/error.h"

namespace tnp {

using RealGemm32 = void (*)(int, int, int, int, int, int, float, const void*, int, const void*, int, float, void*, int);
using RealGemm64 = void (*)(int, int, int, int, int, int, double, const void*, int, const void*, int, double, void*,
                            int);
using ComplexGemm = void (*)(int, int, int, int, int, int, const void*, const void*, int, const void*, int, const void*,
                             void*, int);
using RealSyrk32 = void (*)(int, int, int, int, int, float, const void*, int, float, void*, int);
using RealSyrk64 = void (*)(int, int, int, int, int, double, const void*, int, double, void*, int);
using ComplexSyrk = void (*)(int, int, int, int, int, const void*, const void*, int, const void*, void*, int);

// What OpenBLAS hands to somebody else's threads: `jobs` calls of `job`, which may wait for each other.
using BlasJob = void (*)(int thread, void* data, int argument);
using ThreadsCallback = void (*)(int sync, BlasJob job, int jobs, size_t data_size, void* data, int argument);
using SetThreadsCallback = void (*)(ThreadsCallback);

struct BlasLibrary {
  void* handle = nullptr;  // null: no library
  std::string path, prefix;
  RealGemm32 sgemm = nullptr;
  RealGemm64 dgemm = nullptr;
  ComplexGemm cgemm = nullptr, zgemm = nullptr;
  RealSyrk32 ssyrk = nullptr;
  RealSyrk64 dsyrk = nullptr;
  ComplexSyrk csyrk = nullptr, zsyrk = nullptr;
  int (*get_num_threads)() = nullptr;
  void (*set_num_threads)(int) = nullptr;
  SetThreadsCallback set_callback = nullptr;  // null: an OpenBLAS older than this function
};

namespace {

constexpr int kRowMajor = 101, kNoTrans = 111, kTrans = 112, kLower = 122;  // cblas.h

// The library in use, null before the first use and after set_blas_library. Libraries are never unloaded or freed:
// another thread may be in one.
std::atomic<const BlasLibrary*> g_library = nullptr;
std::mutex g_mutex;  // for loading, and for the two below
std::string* g_path = nullptr;
std::vector<const BlasLibrary*>* g_loaded = nullptr;

// Sets an environment variable for a scope. Other threads' getenv may see it meanwhile; nothing else can tell OpenBLAS.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value, 1);
  }
  ~ScopedVariable() {
    if (before_) {
      setenv(name_, before_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

// OpenBLAS chooses its kernels by CPU model, and takes old ones for a model that it does not know.
const char* core_type() {
  switch (best_isa()) {
    case Isa::avx512:
      return "SKYLAKEX";
    case Isa::avx2:
      return "HASWELL";
    case Isa::baseline:
      return "NEHALEM";
  }
  return "";
}

void* open_library(const std::string& path) {
  int flags = RTLD_NOW | RTLD_LOCAL;
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  flags |= RTLD_DEEPBIND;  // its calls of itself must not end in another OpenBLAS that is loaded globally
#endif
  const ScopedVariable one_thread("OPENBLAS_NUM_THREADS", "1");
  std::optional<ScopedVariable> core;
  if (std::getenv("OPENBLAS_CORETYPE") == nullptr) core.emplace("OPENBLAS_CORETYPE", core_type());
  return dlopen(path.c_str(), flags);
}

template <class F>
bool find(const BlasLibrary& library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library.handle, (library.prefix + name).c_str()));
  return function != nullptr;
}

bool find_all(BlasLibrary& library) {
  for (const char* prefix : {"scipy_", ""}) {
    library.prefix = prefix;
    if (find(library, "cblas_sgemm", library.sgemm) && find(library, "cblas_dgemm", library.dgemm) &&
        find(library, "cblas_cgemm", library.cgemm) && find(library, "cblas_zgemm", library.zgemm) &&
        find(library, "cblas_ssyrk", library.ssyrk) && find(library, "cblas_dsyrk", library.dsyrk) &&
        find(library, "cblas_csyrk", library.csyrk) && find(library, "cblas_zsyrk", library.zsyrk) &&
        find(library, "openblas_get_num_threads", library.get_num_threads) &&
        find(library, "openblas_set_num_threads", library.set_num_threads)) {
      find(library, "openblas_set_threads_callback_function", library.set_callback);
      return true;
    }
  }
  return false;
}

std::string config_of(const BlasLibrary& library) {
  const char* (*get_config)() = nullptr;
  return find(library, "openblas_get_config", get_config) ? get_config() : "";
}

// Null when `path` cannot be loaded; `why` says why.
const BlasLibrary* load(const std::string& path, std::string& why) {
  for (const BlasLibrary* loaded : *g_loaded) {
    if (loaded->path == path) return loaded;
  }
  auto library = std::make_unique<BlasLibrary>();
  library->path = path;
  library->handle = open_library(path);
  if (library->handle == nullptr) {
    why = dlerror();
    return nullptr;
  }
  if (!find_all(*library)) {
    dlclose(library->handle);
    why = path + " has no functions of OpenBLAS with 32-bit integers";
    return nullptr;
  }
  if (config_of(*library).find("USE64BITINT") != std::string::npos) {
    dlclose(library->handle);
    why = path + " is an OpenBLAS with 64-bit integers; one with 32-bit integers is needed";
    return nullptr;
  }
  g_loaded->push_back(library.get());
  return library.release();
}

// Where the library may lie beside this one: in the same folder, in a C++ installation, in site-packages.
std::vector<std::string> places() {
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(&set_blas_library), &here) == 0 || here.dli_fname == nullptr) return {};
  const std::string file = here.dli_fname;
  const size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : file.substr(0, slash);
  std::vector<std::string> found;
  for (const char* relative : {"", "/lib", "/../lib", "/../scipy_openblas32/lib", "/../../scipy_openblas32/lib"}) {
    const std::string path = folder + relative + "/libscipy_openblas.so";
    if (access(path.c_str(), R_OK) == 0) found.push_back(path);
  }
  return found;
}

const BlasLibrary* no_library() {
  static const BlasLibrary none;
  return &none;
}

const BlasLibrary* find_library() {
  std::string path = *g_path;
  const char* setting = "set_blas_library";
  if (path.empty()) {
    const char* variable = std::getenv("TNP_OPENBLAS");
    if (variable != nullptr) path = variable;
    setting = "TNP_OPENBLAS";
  }
  if (path == "none") return no_library();
  std::string why;
  if (!path.empty()) {
    if (const BlasLibrary* library = load(path, why)) return library;
    throw RuntimeError("the BLAS library given by " + std::string(setting) + " cannot be used: " + why);
  }
  for (const std::string& place : places()) {
    if (const BlasLibrary* library = load(place, why)) return library;
  }
  return no_library();
}

// A fork while another thread loads waits until the load is done.
void make_state() {
  static std::once_flag once;
  std::call_once(once, [] {
    g_path = new std::string;
    g_loaded = new std::vector<const BlasLibrary*>;
    const auto unlock = [] { g_mutex.unlock(); };
    pthread_atfork([] { g_mutex.lock(); }, unlock, unlock);
  });
}

const BlasLibrary& library() {
  const BlasLibrary* current = g_library.load(std::memory_order_acquire);
  if (current == nullptr) [[unlikely]] {
    make_state();
    const std::lock_guard lock(g_mutex);
    current = g_library.load(std::memory_order_acquire);
    if (current == nullptr) {
      current = find_library();
      g_library.store(current, std::memory_order_release);
    }
  }
  return *current;
}

thread_local constinit bool t_has_threads = false;  // by a BlasThreads

// Somebody else (threadpoolctl, another user of the same file) may have given OpenBLAS threads of its own.
void keep_to_one_thread(const BlasLibrary& blas) {
  if (!t_has_threads && blas.get_num_threads() != 1) [[unlikely]]
    blas.set_num_threads(1);
}

}  // namespace

void set_blas_library(const std::string& path) {
  if (!path.empty() && path != "none" && access(path.c_str(), R_OK) != 0)
    throw ValueError("set_blas_library: there is no file \"" + path + "\" that can be read");
  make_state();
  const std::lock_guard lock(g_mutex);
  *g_path = path;
  g_library.store(nullptr, std::memory_order_release);
}

BlasInfo blas_info() {
  const BlasLibrary& blas = library();
  if (blas.handle == nullptr) return {};
  const char* (*get_corename)() = nullptr;
  return {blas.path, config_of(blas), find(blas, "openblas_get_corename", get_corename) ? get_corename() : ""};
}

const BlasLibrary* blas_for(DType dtype) {
  if (dtype < DType::float32 || !is_inexact(dtype)) return nullptr;
  const BlasLibrary& blas = library();
  return blas.handle == nullptr ? nullptr : &blas;
}

void blas_gemm(const BlasLibrary& blas, DType dtype, const BlasGemmArgs& args) {
  keep_to_one_thread(blas);
  const int trans_a = args.a_transposed ? kTrans : kNoTrans, trans_b = args.b_transposed ? kTrans : kNoTrans;
  const int m = int(args.m), n = int(args.n), k = int(args.k);
  const int lda = int(args.lda), ldb = int(args.ldb), ldc = int(args.ldc);
  constexpr float kOne32[2] = {1, 0}, kZero32[2] = {0, 0};
  constexpr double kOne64[2] = {1, 0}, kZero64[2] = {0, 0};
  if (dtype == DType::float32) {
    blas.sgemm(kRowMajor, trans_a, trans_b, m, n, k, 1, args.a, lda, args.b, ldb, 0, args.c, ldc);
  } else if (dtype == DType::float64) {
    blas.dgemm(kRowMajor, trans_a, trans_b, m, n, k, 1, args.a, lda, args.b, ldb, 0, args.c, ldc);
  } else if (dtype == DType::complex64) {
    blas.cgemm(kRowMajor, trans_a, trans_b, m, n, k, kOne32, args.a, lda, args.b, ldb, kZero32, args.c, ldc);
  } else {
    blas.zgemm(kRowMajor, trans_a, trans_b, m, n, k, kOne64, args.a, lda, args.b, ldb, kZero64, args.c, ldc);
  }
}

void blas_syrk(const BlasLibrary& blas, DType dtype, const BlasSyrkArgs& args) {
  keep_to_one_thread(blas);
  const int trans = args.a_transposed ? kTrans : kNoTrans;
  const int n = int(args.n), k = int(args.k), lda = int(args.lda), ldc = int(args.ldc);
  constexpr float kOne32[2] = {1, 0}, kZero32[2] = {0, 0};
  constexpr double kOne64[2] = {1, 0}, kZero64[2] = {0, 0};
  if (dtype == DType::float32) {
    blas.ssyrk(kRowMajor, kLower, trans, n, k, 1, args.a, lda, 0, args.c, ldc);
  } else if (dtype == DType::float64) {
    blas.dsyrk(kRowMajor, kLower, trans, n, k, 1, args.a, lda, 0, args.c, ldc);
  } else if (dtype == DType::complex64) {
    blas.csyrk(kRowMajor, kLower, trans, n, k, kOne32, args.a, lda, kZero32, args.c, ldc);
  } else {
    blas.zsyrk(kRowMajor, kLower, trans, n, k, kOne64, args.a, lda, kZero64, args.c, ldc);
  }
}

namespace {

std::mutex g_threads_mutex;  // held by the one BlasThreads that has threads

void run_on_pool(int, BlasJob job, int jobs, size_t data_size, void* data, int argument) {
  parallel_team(jobs, [&](int i) { job(i, static_cast<char*>(data) + static_cast<size_t>(i) * data_size, argument); });
}

}  // namespace

BlasThreads::BlasThreads() {
  const BlasLibrary& blas = library();
  const int threads = in_parallel_region() ? 1 : get_num_threads();
  if (threads < 2 || blas.set_callback == nullptr || !g_threads_mutex.try_lock()) return;
  library_ = &blas;
  blas.set_callback(run_on_pool);
  blas.set_num_threads(threads);
  t_has_threads = true;
}

BlasThreads::~BlasThreads() {
  if (library_ == nullptr) return;
  t_has_threads = false;
  library_->set_num_threads(1);
  g_threads_mutex.unlock();
}

void* blas_symbol(const char* name) {
  const BlasLibrary& blas = library();
  if (blas.handle == nullptr) return nullptr;
  keep_to_one_thread(blas);
  return dlsym(blas.handle, (blas.prefix + name).c_str());
}

}  // namespace tnp
