// NumPy's casting rules: their names, and the error of who breaks them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tnp/dtype.h"
#include "tnp/error.h"

namespace tnp {

inline constexpr std::array<const char*, 5> kCastingNames = {"no", "equiv", "safe", "same_kind", "unsafe"};

inline const char* name(Casting rule) { return kCastingNames[static_cast<std::size_t>(rule)]; }

inline std::optional<Casting> casting_named(std::string_view s) {
  for (std::size_t i = 0; i < kCastingNames.size(); ++i) {
    if (s == kCastingNames[i]) return static_cast<Casting>(i);
  }
  return {};
}

[[noreturn]] inline void refuse_cast(DType from, DType to, std::string_view rule) {
  throw TypeError("Cannot cast array data from dtype('" + std::string(name(from)) + "') to dtype('" +
                  std::string(name(to)) + "') according to the rule '" + std::string(rule) + "'");
}

// Throws NumPy's TypeError where the rule does not let an array be converted.
inline void check_cast(DType from, DType to, Casting rule) {
  if (!can_cast(from, to, rule)) refuse_cast(from, to, name(rule));
}

}  // namespace tnp
