#include "tnp/dtype.h"

#include <array>
#include <atomic>
#include <string>
#include <utility>

#include "base/default_dtype.h"
#include "tnp/error.h"

namespace tnp {

namespace {

constexpr std::array<DTypeInfo, kDTypeCount> kInfo = {{
    {"bool", "|b1", Kind::boolean, 1},
    {"int8", "|i1", Kind::integer, 1},
    {"int16", "<i2", Kind::integer, 2},
    {"int32", "<i4", Kind::integer, 4},
    {"int64", "<i8", Kind::integer, 8},
    {"uint8", "|u1", Kind::unsigned_, 1},
    {"uint16", "<u2", Kind::unsigned_, 2},
    {"uint32", "<u4", Kind::unsigned_, 4},
    {"uint64", "<u8", Kind::unsigned_, 8},
    {"float16", "<f2", Kind::floating, 2},
    {"bfloat16", "<V2", Kind::floating, 2},
    {"float32", "<f4", Kind::floating, 4},
    {"float64", "<f8", Kind::floating, 8},
    {"complex64", "<c8", Kind::complex, 8},
    {"complex128", "<c16", Kind::complex, 16},
    {"string_", "|S", Kind::bytes, 0},
    {"unicode_", "<U", Kind::text, 0},
    {"object", "|O", Kind::object, 8},
}};

// Bytes of the smallest float that holds every value of the integer type to NumPy's rule (int8 → 2, int16 → 4, … 8).
constexpr int float_bytes_for(DType integer) {
  const int bytes = kInfo[static_cast<int>(integer)].itemsize;
  return bytes == 1 ? 2 : bytes == 2 ? 4 : 8;
}

DType float_of_bytes(int bytes) { return bytes <= 2 ? DType::float16 : bytes == 4 ? DType::float32 : DType::float64; }

DType promote_integers(DType a, DType b) {
  if (is_signed_integer(a) == is_signed_integer(b)) return itemsize(a) >= itemsize(b) ? a : b;
  const DType s = is_signed_integer(a) ? a : b, u = is_signed_integer(a) ? b : a;
  if (itemsize(s) > itemsize(u)) return s;
  switch (itemsize(u)) {
    case 1:
      return DType::int16;
    case 2:
      return DType::int32;
    case 4:
      return DType::int64;
    default:
      return DType::float64;  // uint64 with a signed integer
  }
}

// bfloat16 behaves as float16 does with integers; the two together need float32.
DType promote_floats(DType a, DType b) {
  if (a == b) return a;
  const bool halves = itemsize(a) == 2 && itemsize(b) == 2;
  if (halves) return DType::float32;
  return itemsize(a) > itemsize(b) ? a : b;
}

DType promote_float_integer(DType f, DType i) {
  const int needed = float_bytes_for(i);
  if (needed <= itemsize(f)) return f;
  return float_of_bytes(needed);
}

DType compute(DType a, DType b) {
  if (a == b) return a;
  if (!is_numeric(a) || !is_numeric(b)) {
    if (a == DType::object || b == DType::object) return DType::object;
    if ((a == DType::string && b == DType::unicode) || (a == DType::unicode && b == DType::string))
      return DType::unicode;
    throw DTypePromotionError("no common dtype exists for " + std::string(name(a)) + " and " + std::string(name(b)));
  }
  if (is_bool(a)) return b;
  if (is_bool(b)) return a;
  if (is_complex(a) || is_complex(b)) {
    const DType real = compute(is_complex(a) ? real_of(a) : a, is_complex(b) ? real_of(b) : b);
    return real == DType::float64 ? DType::complex128 : DType::complex64;
  }
  if (is_integer(a) && is_integer(b)) return promote_integers(a, b);
  if (is_floating(a) && is_floating(b)) return promote_floats(a, b);
  return is_floating(a) ? promote_float_integer(a, b) : promote_float_integer(b, a);
}

std::atomic<DType> g_default_float = DType::float64;
// initial-exec: read without a call.
__attribute__((tls_model("initial-exec"))) thread_local constinit DType t_default_float =
    DType::object;  // object: none set on this thread

std::atomic<PromotionMode> g_mode = PromotionMode::legacy;
constexpr std::uint8_t kNoMode = 255;
__attribute__((tls_model("initial-exec"))) thread_local constinit std::uint8_t t_mode = kNoMode;

// Bits of an integer's magnitude, and those that a float's mantissa holds.
int magnitude_bits(DType integer) { return 8 * itemsize(integer) - (is_signed_integer(integer) ? 1 : 0); }
int mantissa_bits(DType real) {
  return real == DType::bfloat16 ? 8 : real == DType::float16 ? 11 : real == DType::float32 ? 24 : 53;
}

[[noreturn]] void refuse_pair(DType a, DType b) {
  throw DTypePromotionError("promotion mode \"safe\" refuses " + std::string(name(a)) + " with " +
                            std::string(name(b)) + ": convert one of them with astype");
}

void check_safe(DType a, DType b) {
  if (is_bool(a) || is_bool(b)) return;
  if (is_integer(a) && is_integer(b)) {
    if (is_signed_integer(a) == is_signed_integer(b)) return;
    const DType s = is_signed_integer(a) ? a : b, u = is_signed_integer(a) ? b : a;
    if (itemsize(u) >= itemsize(s)) refuse_pair(a, b);
    return;
  }
  if (is_integer(a) || is_integer(b)) {
    const DType i = is_integer(a) ? a : b, f = is_integer(a) ? b : a;
    if (magnitude_bits(i) > mantissa_bits(real_of(f))) refuse_pair(a, b);
    return;
  }
  if (itemsize(real_of(a)) == 2 && itemsize(real_of(b)) == 2) refuse_pair(a, b);  // the two halves
  const auto widened = [](DType z, DType f) { return z == DType::complex64 && f == DType::float64; };
  if (widened(a, b) || widened(b, a)) refuse_pair(a, b);
}

// Of numeric types that differ, in a mode that is not NumPy's.
DType promote_in_mode(PromotionMode mode, DType a, DType b) {
  if (mode == PromotionMode::safe) {
    check_safe(a, b);
    // What is left loses nothing in the wider of the two, which NumPy may make wider still.
    if (is_inexact(a) && is_integer(b)) return a;
    if (is_inexact(b) && is_integer(a)) return b;
    return compute(a, b);
  }
  if (is_inexact(a) && is_integer(b)) return a;
  if (is_inexact(b) && is_integer(a)) return b;
  return compute(a, b);
}

}  // namespace

const DTypeInfo& info(DType dtype) noexcept { return kInfo[static_cast<int>(dtype)]; }

DType real_of(DType d) noexcept {
  return d == DType::complex64 ? DType::float32 : d == DType::complex128 ? DType::float64 : d;
}
DType complex_of(DType d) noexcept {
  return d == DType::complex64 || d == DType::float32 || (is_floating(d) && itemsize(d) == 2) ? DType::complex64
                                                                                              : DType::complex128;
}

DType numpy_promote(DType a, DType b) {
  if (a == b) return a;
  // The numeric pairs are looked up: every operation on mixed types comes here.
  static const auto table = [] {
    std::array<std::array<DType, kNumericDTypeCount>, kNumericDTypeCount> t{};
    for (int i = 0; i < kNumericDTypeCount; ++i)
      for (int j = 0; j < kNumericDTypeCount; ++j) t[i][j] = compute(static_cast<DType>(i), static_cast<DType>(j));
    return t;
  }();
  if (is_numeric(a) && is_numeric(b)) return table[static_cast<int>(a)][static_cast<int>(b)];
  return compute(a, b);
}

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (const PromotionMode mode = promotion_mode(); mode != PromotionMode::legacy) [[unlikely]] {
    if (is_numeric(a) && is_numeric(b)) return promote_in_mode(mode, a, b);
  }
  return numpy_promote(a, b);
}

DType promote(DType array, WeakKind scalar) {
  switch (scalar) {
    case WeakKind::boolean:
      return array;
    case WeakKind::integer:
      return is_bool(array) ? DType::int64 : array;
    case WeakKind::floating:
      if (is_inexact(array)) return array;
      if (is_integer(array) && promotion_mode() == PromotionMode::safe) [[unlikely]] {
        throw DTypePromotionError("promotion mode \"safe\" refuses " + std::string(name(array)) +
                                  " with a Python float: convert the array with astype");
      }
      return default_dtype(scalar);
    case WeakKind::complex:
      if (is_complex(array)) return array;
      return is_floating(array) ? complex_of(array) : default_dtype(scalar);
  }
  return array;
}

PromotionMode promotion_mode() noexcept {
  return t_mode == kNoMode ? g_mode.load(std::memory_order_relaxed) : static_cast<PromotionMode>(t_mode);
}
PromotionMode process_promotion_mode() noexcept { return g_mode; }
DType process_default_float() noexcept { return g_default_float; }
void set_promotion_mode(PromotionMode mode) noexcept { g_mode = mode; }
std::optional<PromotionMode> exchange_thread_promotion_mode(std::optional<PromotionMode> mode) noexcept {
  const std::uint8_t old = std::exchange(t_mode, mode ? static_cast<std::uint8_t>(*mode) : kNoMode);
  if (old == kNoMode) return std::nullopt;
  return static_cast<PromotionMode>(old);
}
int promotion_settings() noexcept {
  return static_cast<int>(promotion_mode()) * 2 + (default_float() == DType::float32 ? 1 : 0);
}

DType default_float() noexcept {
  return t_default_float == DType::object ? g_default_float.load(std::memory_order_relaxed) : t_default_float;
}
void set_default_float(DType dtype) noexcept { g_default_float = dtype; }
DType exchange_thread_default_float(DType dtype) noexcept {
  const DType old = t_default_float;
  t_default_float = dtype;
  return old;
}

DType default_dtype(WeakKind kind) noexcept {
  switch (kind) {
    case WeakKind::boolean:
      return DType::bool_;
    case WeakKind::integer:
      return DType::int64;
    case WeakKind::floating:
      return default_float();
    case WeakKind::complex:
      return default_float() == DType::float64 ? DType::complex128 : DType::complex64;
  }
  return DType::float64;
}

bool can_cast(DType from, DType to, Casting casting) noexcept {
  if (from == to || casting == Casting::unsafe) return true;
  if (casting == Casting::no || casting == Casting::equiv) return false;
  if (!is_numeric(from) || !is_numeric(to)) return to == DType::object;
  const bool safe =
      promote(from, to) == to && !(is_integer(from) && is_floating(to) && float_bytes_for(from) > itemsize(to));
  if (casting == Casting::safe || safe) return safe;
  // same_kind: down within a kind, and up the ladder bool < integers < floats < complex.
  const auto rank = [](DType d) {
    return is_bool(d) ? 0 : is_unsigned_integer(d) ? 1 : is_integer(d) ? 2 : is_floating(d) ? 3 : 4;
  };
  return rank(from) <= rank(to);
}

bool dtype_from_name(std::string_view s, DType& out) noexcept {
  if (!s.empty() && (s[0] == '<' || s[0] == '=' || s[0] == '|')) s.remove_prefix(1);
  static constexpr struct {
    std::string_view name;
    DType dtype;
  } kAliases[] = {
      {"bool", DType::bool_},
      {"bool_", DType::bool_},
      {"?", DType::bool_},
      {"b1", DType::bool_},
      {"int8", DType::int8},
      {"i1", DType::int8},
      {"b", DType::int8},
      {"byte", DType::int8},
      {"int16", DType::int16},
      {"i2", DType::int16},
      {"h", DType::int16},
      {"short", DType::int16},
      {"int32", DType::int32},
      {"i4", DType::int32},
      {"i", DType::int32},
      {"intc", DType::int32},
      {"int64", DType::int64},
      {"i8", DType::int64},
      {"l", DType::int64},
      {"q", DType::int64},
      {"p", DType::int64},
      {"int", DType::int64},
      {"long", DType::int64},
      {"longlong", DType::int64},
      {"intp", DType::int64},
      {"uint8", DType::uint8},
      {"u1", DType::uint8},
      {"B", DType::uint8},
      {"ubyte", DType::uint8},
      {"uint16", DType::uint16},
      {"u2", DType::uint16},
      {"H", DType::uint16},
      {"ushort", DType::uint16},
      {"uint32", DType::uint32},
      {"u4", DType::uint32},
      {"I", DType::uint32},
      {"uintc", DType::uint32},
      {"uint64", DType::uint64},
      {"u8", DType::uint64},
      {"L", DType::uint64},
      {"Q", DType::uint64},
      {"P", DType::uint64},
      {"uint", DType::uint64},
      {"ulong", DType::uint64},
      {"ulonglong", DType::uint64},
      {"uintp", DType::uint64},
      {"float16", DType::float16},
      {"f2", DType::float16},
      {"e", DType::float16},
      {"half", DType::float16},
      {"bfloat16", DType::bfloat16},
      {"float32", DType::float32},
      {"f4", DType::float32},
      {"f", DType::float32},
      {"single", DType::float32},
      {"float64", DType::float64},
      {"f8", DType::float64},
      {"d", DType::float64},
      {"float", DType::float64},
      {"double", DType::float64},
      {"complex64", DType::complex64},
      {"c8", DType::complex64},
      {"F", DType::complex64},
      {"csingle", DType::complex64},
      {"complex128", DType::complex128},
      {"c16", DType::complex128},
      {"D", DType::complex128},
      {"complex", DType::complex128},
      {"cdouble", DType::complex128},
  };
  for (const auto& alias : kAliases) {
    if (alias.name == s) {
      out = alias.dtype;
      return true;
    }
  }
  return false;
}

}  // namespace tnp
