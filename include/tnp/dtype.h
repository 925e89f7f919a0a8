// Element types and NumPy 2's promotion of them: the one table that every face of tnp uses.
#pragma once

#include <cstdint>
#include <string_view>

namespace tnp {

// The order inside a kind is by size; `promotion.cpp` and the kernels rely on the numeric values.
enum class DType : std::uint8_t {
  bool_,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float16,
  bfloat16,
  float32,
  float64,
  complex64,
  complex128,
  string,   // bytes of any length
  unicode,  // text of any length
  object,   // at the edges only: host functions and conversion
};
inline constexpr int kDTypeCount = 18;
inline constexpr int kNumericDTypeCount = 15;  // bool_ … complex128: those that arrays can hold

// NumPy's kind letters.
enum class Kind : char {
  boolean = 'b',
  integer = 'i',
  unsigned_ = 'u',
  floating = 'f',
  complex = 'c',
  bytes = 'S',
  text = 'U',
  object = 'O'
};

// The type of a Python scalar, which is weak: it takes the array's type where its kind allows it.
enum class WeakKind : std::uint8_t { boolean, integer, floating, complex };

enum class Casting : std::uint8_t { no, equiv, safe, same_kind, unsafe };

struct DTypeInfo {
  std::string_view name;  // "float64": NumPy's name
  std::string_view code;  // "<f8": the array-interface code; ml_dtypes' for bfloat16
  Kind kind;
  std::uint8_t itemsize;  // bytes; 0 where elements have no fixed size
};

const DTypeInfo& info(DType dtype) noexcept;
inline std::string_view name(DType dtype) noexcept { return info(dtype).name; }
inline int itemsize(DType dtype) noexcept { return info(dtype).itemsize; }
inline Kind kind(DType dtype) noexcept { return info(dtype).kind; }

constexpr bool is_bool(DType d) noexcept { return d == DType::bool_; }
constexpr bool is_signed_integer(DType d) noexcept { return d >= DType::int8 && d <= DType::int64; }
constexpr bool is_unsigned_integer(DType d) noexcept { return d >= DType::uint8 && d <= DType::uint64; }
constexpr bool is_integer(DType d) noexcept { return d >= DType::int8 && d <= DType::uint64; }
constexpr bool is_floating(DType d) noexcept { return d >= DType::float16 && d <= DType::float64; }
constexpr bool is_complex(DType d) noexcept { return d == DType::complex64 || d == DType::complex128; }
constexpr bool is_inexact(DType d) noexcept { return d >= DType::float16 && d <= DType::complex128; }
constexpr bool is_numeric(DType d) noexcept { return d <= DType::complex128; }

// complex64 ↔ float32, complex128 ↔ float64; other real types: themselves, and complex128 for `complex_of`.
DType real_of(DType dtype) noexcept;
DType complex_of(DType dtype) noexcept;

// The type both operands are converted to. Throws DTypeError for a pair without a common type.
DType promote(DType a, DType b);
// The type of `array op python_scalar`.
DType promote(DType array, WeakKind scalar);
// The type of an array made of such Python scalars alone (int64, float64 or the current default float, …).
DType default_dtype(WeakKind kind) noexcept;

bool can_cast(DType from, DType to, Casting casting) noexcept;

// False if no type has this name ("float64", "f8", "<f8", "double", …).
bool dtype_from_name(std::string_view name, DType& out) noexcept;

}  // namespace tnp
