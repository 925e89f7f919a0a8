// Threads, memory, instruction sets, devices.
#include "tnp/runtime.h"

#include "ops/matmul/blas.h"
#include "python/python.h"
#include "runtime/cpu_features.h"
#include "tnp/error.h"
#include "tnp/kernel_cache.h"

namespace tnp::python {

namespace {

// with tnp.threads(n): …
struct Threads {
  std::int64_t n;
  std::unique_ptr<ThreadsScope> scope;
};

struct IsaScope {
  Isa isa;
  std::unique_ptr<ScopedIsa> scope;
};

Isa isa_named(const std::string& name) {
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (name == isa_name(isa)) return isa;
  }
  throw ValueError("instruction set '" + name + "' is none of baseline, avx2, avx512");
}

}  // namespace

void bind_runtime(nb::module_& m) {
  m.def("set_num_threads", &set_num_threads, nb::arg("n"),
        "Sets the number of threads that operations use. ValueError for less than 1.");
  m.def("get_num_threads", &get_num_threads, "The number of threads that operations use on this thread.");
  auto threads = nb::class_<Threads>(m, "threads", "A scope in which this thread's operations use at most n threads.");
  threads.def(
      "__init__",
      [](Threads* self, std::int64_t n) {
        if (n < 1) throw ValueError("threads: the number of threads must be at least 1");
        new (self) Threads{n, nullptr};
      },
      nb::arg("n"));
  threads.def("__enter__", [](Threads& t) { t.scope = std::make_unique<ThreadsScope>(t.n); });
  threads.def("__exit__", [](Threads& t, nb::args) { t.scope.reset(); });

  m.def(
      "clear_cache",
      [](bool files) {
        clear_cache();
        clear_kernel_cache(files);
      },
      nb::arg("files") = false,
      "Gives memory that is kept for reuse back to the system, and forgets compiled code that no function holds.\n\n"
      "With files=True compiled code in files (kernel_cache_info) is removed, too.");
  m.def(
      "set_kernel_cache",
      [](nb::object directory, std::uint64_t limit) {
        if (directory.is_none()) return set_kernel_cache("", 0);
        const nb::object path = nb::steal(PyOS_FSPath(directory.ptr()));
        if (!path.is_valid()) nb::raise_python_error();
        set_kernel_cache(nb::cast<std::string>(path), limit);
      },
      nb::arg("directory").none(), nb::arg("limit") = std::uint64_t{256} << 20,
      "Where compiled code is kept for later processes, and how many bytes. None: nowhere.\n\n"
      "At first it is what TNP_CACHE_DIR says, else $XDG_CACHE_HOME/tnp, else ~/.cache/tnp, and TNP_CACHE_LIMIT "
      "bytes, else 256 MiB. A directory that cannot be used, or that others may write to, is no error: code is made "
      "anew.");
  m.def(
      "kernel_cache_info",
      [] {
        const KernelCacheInfo i = kernel_cache_info();
        nb::dict d;
        d["size"] = i.size;
        d["limit"] = i.limit;
        d["hits"] = i.hits;
        d["misses"] = i.misses;
        d["directory"] = i.directory.empty() ? nb::none() : nb::cast(i.directory);
        d["files"] = i.files;
        d["file_bytes"] = i.file_bytes;
        d["file_limit"] = i.file_limit;
        d["file_hits"] = i.file_hits;
        d["file_misses"] = i.file_misses;
        d["stored"] = i.stored;
        d["rejected"] = i.rejected;
        return d;
      },
      "Compiled code that is kept: in memory (size, limit, hits, misses), and in files for later processes.");
  m.def("set_cache_limit", &set_cache_limit, nb::arg("bytes"), "Bounds the memory that is kept for reuse.");
  m.def("set_memory_limit", &set_memory_limit, nb::arg("bytes"),
        "Bounds all memory: beyond it MemoryError is raised. 0: the machine's.");
  m.def(
      "memory_stats",
      [] {
        const auto s = memory_stats();
        nb::dict d;
        d["in_use"] = s.in_use;
        d["cached"] = s.cached;
        d["peak_in_use"] = s.peak_in_use;
        d["cache_limit"] = s.cache_limit;
        d["memory_limit"] = s.memory_limit;
        return d;
      },
      "Bytes in use, kept for reuse, and their bounds.");
  m.def("reset_peak_memory", &reset_peak_memory);

  auto isa = nb::class_<IsaScope>(m, "instruction_set",
                                  "A scope in which kernels of this instruction set run: for tests and benchmarks.");
  isa.def(
      "__init__", [](IsaScope* self, const std::string& name) { new (self) IsaScope{isa_named(name), nullptr}; },
      nb::arg("name"));
  isa.def("__enter__", [](IsaScope& s) { s.scope = std::make_unique<ScopedIsa>(s.isa); });
  isa.def("__exit__", [](IsaScope& s, nb::args) { s.scope.reset(); });
  m.def(
      "instruction_sets",
      [] {
        nb::list out;
        for (Isa i : {Isa::baseline, Isa::avx2, Isa::avx512}) {
          if (i <= cpu_isa()) out.append(isa_name(i));
        }
        return out;
      },
      "Those that this machine can run.");
  m.def("set_blas_library", &set_blas_library, nb::arg("path"));
}

}  // namespace tnp::python
