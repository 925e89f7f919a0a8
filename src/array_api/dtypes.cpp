// Which types the standard has, and how they are promoted.
#include "tnp/array_api.h"
#include "tnp/error.h"
#include "tnp/promotion.h"

namespace tnp::array_api {

namespace {

std::string text(DType d) { return std::string(dtype_name(d)); }

bool mixes_uint64(DType a, DType b) {
  return (a == DType::uint64 && is_signed_integer(b)) || (b == DType::uint64 && is_signed_integer(a));
}

const char* scalar_name(WeakKind kind) {
  switch (kind) {
    case WeakKind::boolean:
      return "bool";
    case WeakKind::integer:
      return "int";
    case WeakKind::floating:
      return "float";
    case WeakKind::complex:
      return "complex";
  }
  return "";
}

}  // namespace

const char* category_name(Category c) noexcept {
  switch (c) {
    case Category::boolean:
      return "boolean";
    case Category::signed_integer:
      return "signed integer";
    case Category::unsigned_integer:
      return "unsigned integer";
    case Category::integer:
      return "integer";
    case Category::integer_or_boolean:
      return "integer or boolean";
    case Category::real_floating:
      return "real floating-point";
    case Category::complex_floating:
      return "complex floating-point";
    case Category::floating:
      return "floating-point";
    case Category::real_numeric:
      return "real numeric";
    case Category::numeric:
      return "numeric";
    case Category::all:
      return "standard";
  }
  return "";
}

Category category_of_kind(std::string_view kind) {
  static constexpr std::pair<std::string_view, Category> kKinds[] = {
      {"bool", Category::boolean},
      {"signed integer", Category::signed_integer},
      {"unsigned integer", Category::unsigned_integer},
      {"integral", Category::integer},
      {"real floating", Category::real_floating},
      {"complex floating", Category::complex_floating},
      {"numeric", Category::numeric},
  };
  for (const auto& [name, category] : kKinds) {
    if (name == kind) return category;
  }
  throw ValueError("'" + std::string(kind) +
                   "' is no kind of data types: the standard has 'bool', 'signed integer', 'unsigned integer', "
                   "'integral', 'real floating', 'complex floating' and 'numeric'");
}

std::string_view dtype_name(DType d) noexcept { return name(d); }

void check_category(const char* function, DType dtype, Category category) {
  if (contains(category, dtype)) return;
  if (!is_standard(dtype)) {
    throw TypeError(std::string(function) + ": the standard has no data type " + text(dtype));
  }
  throw TypeError(std::string(function) + ": the standard defines it for " + category_name(category) +
                  " data types only, not for " + text(dtype) + ": convert with astype(x, dtype) first");
}

bool try_promote(DType a, DType b, DType& out) noexcept {
  const auto both = [&](Category c) { return contains(c, a) && contains(c, b); };
  const bool one_kind = both(Category::boolean) || both(Category::integer) || both(Category::floating);
  if (!one_kind || mixes_uint64(a, b)) return false;
  out = a == b ? a : numpy_promote(a, b);
  return true;
}

DType promote(const char* function, DType a, DType b) {
  DType out;
  if (try_promote(a, b, out)) return out;
  const std::string rule = mixes_uint64(a, b)
                               ? "the standard has no type that holds uint64 and signed integers"
                               : "the standard never mixes booleans, integers and floating-point numbers";
  throw TypeError(std::string(function) + ": " + text(a) + " and " + text(b) + " are not promoted, as " + rule +
                  ": convert one of them with astype(x, dtype)");
}

bool can_cast(DType from, DType to) noexcept {
  DType common;
  return try_promote(from, to, common) && common == to;
}

DType scalar_dtype(const char* function, DType array, WeakKind scalar) {
  switch (scalar) {
    case WeakKind::boolean:
      if (is_bool(array)) return array;
      break;
    case WeakKind::integer:
      if (contains(Category::numeric, array)) return array;
      break;
    case WeakKind::floating:
      if (contains(Category::floating, array)) return array;
      break;
    case WeakKind::complex:
      if (contains(Category::floating, array)) return complex_of(array);
      break;
  }
  throw TypeError(std::string(function) + ": a Python " + scalar_name(scalar) +
                  " can not be combined with an array of type " + text(array) +
                  ", as the standard lets a scalar only join arrays whose kind can hold it: convert the array "
                  "with astype(x, dtype) or write a scalar of its kind");
}

DType result_type(std::span<const DType> dtypes, std::span<const WeakKind> scalars) {
  if (dtypes.empty()) throw ValueError("result_type: at least one array or data type is needed beside Python scalars");
  DType out = dtypes[0];
  for (DType d : dtypes.subspan(1)) out = promote("result_type", out, d);
  for (WeakKind s : scalars) out = promote("result_type", out, scalar_dtype("result_type", out, s));
  return out;
}

}  // namespace tnp::array_api
