#include "compiler/code_cache.h"

#include <elf.h>
#include <link.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "runtime/file_cache.h"
#include "tnp/error.h"
#include "tnp/kernel_cache.h"

namespace tnp::compiler {

namespace {

constexpr std::uint64_t kDefaultLimit = std::uint64_t{256} << 20;

// The identifier that the linker made of all of this library; empty if it has none.
std::string build_identifier() {
  struct Search {
    ElfW(Addr) inside;
    std::string found;
  } search{reinterpret_cast<ElfW(Addr)>(&build_identifier), {}};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* context) {
        auto& search = *static_cast<Search*>(context);
        const auto holds = [&](const ElfW(Phdr) & p) {
          const ElfW(Addr) begin = info->dlpi_addr + p.p_vaddr;
          return p.p_type == PT_LOAD && search.inside >= begin && search.inside < begin + p.p_memsz;
        };
        if (std::none_of(info->dlpi_phdr, info->dlpi_phdr + info->dlpi_phnum, holds)) return 0;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const ElfW(Phdr)& p = info->dlpi_phdr[i];
          if (p.p_type != PT_NOTE) continue;
          const auto* at = reinterpret_cast<const char*>(info->dlpi_addr + p.p_vaddr);
          for (const char* const end = at + p.p_memsz; at + sizeof(ElfW(Nhdr)) <= end;) {
            const auto& note = *reinterpret_cast<const ElfW(Nhdr)*>(at);
            const char* const name = at + sizeof note;
            const char* const content = name + (note.n_namesz + 3) / 4 * 4;
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0)
              search.found.assign(content, note.n_descsz);
            at = content + (note.n_descsz + 3) / 4 * 4;
          }
        }
        return 1;
      },
      &search);
  return search.found;
}

const std::string& build() {
  static const auto* id = new std::string(build_identifier());
  return *id;
}

std::string default_directory() {
  if (const char* own = secure_getenv("TNP_CACHE_DIR")) return own;
  const char* base = secure_getenv("XDG_CACHE_HOME");
  if (base != nullptr && base[0] == '/') return std::string(base) + "/tnp";
  const char* home = secure_getenv("HOME");
  return home != nullptr && home[0] == '/' ? std::string(home) + "/.cache/tnp" : "";
}

std::uint64_t default_limit() {
  const char* value = secure_getenv("TNP_CACHE_LIMIT");
  if (value == nullptr) return kDefaultLimit;
  std::uint64_t bytes = 0;
  const char* end = value + std::strlen(value);
  if (const auto [stop, error] = std::from_chars(value, end, bytes); error != std::errc() || stop != end)
    throw ValueError("TNP_CACHE_LIMIT must be a number of bytes, not '" + std::string(value) + "'");
  return bytes;
}

// With a subdirectory of its own: the one that is named may be open to others.
FileCache* make_cache(const std::string& directory, std::uint64_t limit) {
  std::error_code error;
  const std::filesystem::path path = directory.empty() ? "" : std::filesystem::absolute(directory, error) / "kernels";
  const bool off = path.empty() || error || limit == 0 || build().empty();
  return new FileCache(off ? "" : path.string(), off ? 0 : limit);
}

// No lock, so that a child of fork finds none held. Caches that were replaced are kept: others may be using them.
std::atomic<FileCache*> g_cache{nullptr};

FileCache& cache() {
  if (FileCache* c = g_cache.load(std::memory_order_acquire)) return *c;
  FileCache* made = make_cache(default_directory(), default_limit());
  FileCache* expected = nullptr;
  if (g_cache.compare_exchange_strong(expected, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *expected;
}

}  // namespace

CodeKey::CodeKey(std::string_view kind, std::string_view target) {
  text(build());
  text(target);
  text(kind);
}

// Seven bits a byte, the sign last.
void CodeKey::number(std::int64_t n) {
  auto rest = static_cast<std::uint64_t>(n) << 1 ^ static_cast<std::uint64_t>(n >> 63);
  for (; rest >= 128; rest >>= 7) bytes_ += static_cast<char>(rest | 128);
  bytes_ += static_cast<char>(rest);
}

void CodeKey::text(std::string_view s) {
  number(static_cast<std::int64_t>(s.size()));
  bytes_ += s;
}

void CodeKey::numbers(const std::vector<int>& list) {
  number(static_cast<std::int64_t>(list.size()));
  for (int n : list) number(n);
}

// The members are named here, all of them, so that one that is new does not compile until it is part of the key.

void CodeKey::add(const FusedOp& fused) {
  const auto& [op, compute, dtype, arity, in] = fused;
  text(op ? op->name : "");
  number(static_cast<int>(compute));
  number(static_cast<int>(dtype));
  number(arity);
  for (int k = 0; k < arity; ++k) number(in[static_cast<std::size_t>(k)]);
}

void CodeKey::add(const FusedGroup& group) {
  const auto& [inputs, ops, outputs] = group;
  number(static_cast<std::int64_t>(inputs.size()));
  for (DType d : inputs) number(static_cast<int>(d));
  number(static_cast<std::int64_t>(ops.size()));
  for (const FusedOp& op : ops) add(op);
  number(static_cast<std::int64_t>(outputs.size()));
  for (std::int16_t v : outputs) number(v);
}

void CodeKey::add(const OperandMask& mask) { text(mask.to_string()); }

void CodeKey::add(const NestStatement& statement) {
  const auto& [kind, to, from, extent, step, callee, extents, strides, positions, ahead, points, boxes, record, offsets,
               bases, fold, order, group, head, body, otherwise] = statement;
  number(static_cast<int>(kind));
  numbers(to);
  numbers(from);
  number(extent);
  number(step);
  number(callee);
  numbers(extents);
  number(static_cast<std::int64_t>(strides.size()));
  for (const std::vector<int>& s : strides) numbers(s);
  number(static_cast<std::int64_t>(positions.size()));
  for (const std::vector<int>& p : positions) numbers(p);
  numbers(ahead);
  numbers(points);
  number(boxes);
  number(record);
  numbers(offsets);
  number(static_cast<std::int64_t>(bases.size()));
  for (const std::vector<int>& b : bases) numbers(b);
  number(static_cast<int>(fold));
  number(static_cast<int>(order));
  add(group);
  add(head);
  add(body);
  add(otherwise);
}

void CodeKey::add(const std::vector<NestStatement>& block) {
  number(static_cast<std::int64_t>(block.size()));
  for (const NestStatement& s : block) add(s);
}

void CodeKey::add(const Nest& nest) {
  const auto& [arguments, num_parameters, variables, statements] = nest;
  numbers(arguments);
  number(num_parameters);
  number(static_cast<std::int64_t>(variables.size()));
  for (const auto& [dtype, pointer, elements] : variables) {
    number(static_cast<int>(dtype));
    number(pointer);
    number(elements);
  }
  add(statements);
}

bool keeps_code() { return !cache().directory().empty(); }

std::optional<std::string> load_code(const CodeKey& key) {
  return keeps_code() ? cache().load(key.bytes()) : std::nullopt;
}

void store_code(const CodeKey& key, std::string_view code) {
  if (keeps_code()) cache().store(key.bytes(), code);
}

void reject_code(const CodeKey& key) {
  if (keeps_code()) cache().reject(key.bytes());
}

void describe_files(KernelCacheInfo& info) {
  const FileCache& c = cache();
  const auto count = [](const std::atomic<std::uint64_t>& n) { return n.load(std::memory_order_relaxed); };
  info.directory = c.directory();
  info.file_limit = c.limit();
  info.file_hits = count(c.counts().hits);
  info.file_misses = count(c.counts().misses);
  info.stored = count(c.counts().stores);
  info.rejected = count(c.counts().rejected);
  if (c.directory().empty()) return;
  const FileCache::Usage usage = c.usage();
  info.files = usage.files;
  info.file_bytes = usage.bytes;
}

void clear_files() {
  if (keeps_code()) cache().clear();
}

}  // namespace tnp::compiler

namespace tnp {

void set_kernel_cache(const std::string& directory, std::uint64_t limit) {
  using compiler::g_cache;
  g_cache.store(compiler::make_cache(directory, limit), std::memory_order_release);
}

}  // namespace tnp
