// Which version of the standard is in force, and which of its optional parts.
#include <atomic>
#include <cstdlib>

#include "tnp/array_api.h"
#include "tnp/error.h"

namespace tnp::array_api {

namespace {

static_assert(sizeof(Flags) == 8);
std::atomic<Flags> g_flags{Flags{}};

struct ExtensionInfo {
  std::string_view name;
  Extension id;
  Version since;
};
constexpr ExtensionInfo kExtensions[] = {{"linalg", Extension::linalg, k2021}, {"fft", Extension::fft, k2022}};

const ExtensionInfo& extension_named(std::string_view name) {
  for (const ExtensionInfo& e : kExtensions) {
    if (e.name == name) return e;
  }
  throw ValueError("there is no extension '" + std::string(name) + "': the standard has 'linalg' and 'fft'");
}

bool is_true(const char* text) {
  std::string s(text);
  for (char& c : s) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return s == "true";
}

std::vector<std::string> names_in(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return out;
}

}  // namespace

std::string version_text(Version v) { return std::to_string(v / 100) + "." + std::to_string(v % 100); }

Version version_named(std::string_view version) {
  for (Version v : {k2021, k2022, k2023, k2024, k2025, kDraft}) {
    if (version_text(v) == version) return v;
  }
  throw ValueError("there is no version '" + std::string(version) +
                   "' of the standard here: '2021.12', '2022.12', '2023.12', '2024.12' and '2025.12' are");
}

Flags flags() noexcept { return g_flags.load(std::memory_order_relaxed); }

void set_flags(const Flags& flags) noexcept { g_flags.store(flags, std::memory_order_relaxed); }

void set_flags(const FlagChanges& changes) {
  Flags f = flags();
  if (changes.version) f.version = *changes.version;
  if (changes.boolean_indexing) f.boolean_indexing = *changes.boolean_indexing;
  if (changes.data_dependent_shapes) f.data_dependent_shapes = *changes.data_dependent_shapes;
  if (changes.extensions) {
    f.extensions = 0;
    for (const std::string& name : *changes.extensions) {
      const ExtensionInfo& e = extension_named(name);
      if (e.since > f.version) {
        throw ValueError("the extension " + name + " is of version " + version_text(e.since) +
                         " of the standard, and version " + version_text(f.version) + " is in force");
      }
      f.extensions |= static_cast<std::uint8_t>(e.id);
    }
  } else {
    for (const ExtensionInfo& e : kExtensions) {
      if (e.since > f.version) f.extensions &= static_cast<std::uint8_t>(~static_cast<unsigned>(e.id));
    }
  }
  set_flags(f);
}

FlagChanges flags_of_environment() {
  FlagChanges out;
  const auto get = [](const char* name) { return std::getenv(name); };
  if (const char* v = get("ARRAY_API_STRICT_API_VERSION")) out.version = version_named(v);
  if (const char* v = get("ARRAY_API_STRICT_BOOLEAN_INDEXING")) out.boolean_indexing = is_true(v);
  if (const char* v = get("ARRAY_API_STRICT_DATA_DEPENDENT_SHAPES")) out.data_dependent_shapes = is_true(v);
  if (const char* v = get("ARRAY_API_STRICT_ENABLED_EXTENSIONS")) out.extensions = names_in(v);
  return out;
}

void require_version(const char* function, Version since) {
  const Version version = flags().version;
  if (version >= since) return;
  throw RuntimeError(std::string(function) + ": the standard has it since version " + version_text(since) +
                     ", and version " + version_text(version) +
                     " is in force: choose with set_array_api_strict_flags(api_version=…)");
}

void require_extension(const char* function, Extension extension) {
  if (extension == Extension::none || (flags().extensions & static_cast<std::uint8_t>(extension)) != 0) return;
  for (const ExtensionInfo& e : kExtensions) {
    if (e.id != extension) continue;
    const std::string name(e.name);
    throw RuntimeError(name + "." + function + ": the extension " + name +
                       " is disabled, as it is in libraries that do not have it: ask with hasattr(xp, '" + name +
                       "'), or enable it with set_array_api_strict_flags(enabled_extensions=…)");
  }
}

void require_data_dependent_shapes(const char* function) {
  if (flags().data_dependent_shapes) return;
  throw RuntimeError(std::string(function) +
                     ": the shape of its result depends on the data, which is disabled, as some libraries can not do "
                     "it: ask __array_namespace_info__().capabilities(), or enable it with "
                     "set_array_api_strict_flags(data_dependent_shapes=True)");
}

}  // namespace tnp::array_api
