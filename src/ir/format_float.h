// Decimal text of floating-point numbers with NumPy's rules: `format_float_positional`, `format_float_scientific` and
// what `str` gives for a scalar. The numbers are float16, float32 or float64 values, passed as the double that equals
// them.
#pragma once

#include <optional>
#include <string>

#include "tnp/dtype.h"

namespace tnp {

struct FloatFormat {
  // Digits after the point (significant digits if not `fractional`): at most so many when `unique`, else exactly.
  std::optional<int> precision = {};
  // Stop at the fewest digits that read back as the same number of this type.
  bool unique = true;
  bool fractional = true;  // positional only
  // What becomes of trailing zeros: 'k' keep, '.' drop all, '0' drop all but one, '-' drop all and the point too.
  char trim = 'k';
  bool sign = false;  // a '+' before positive numbers
  // Spaces are added until so many characters stand left and right of the point (-1: none); right is positional only.
  int pad_left = -1;
  int pad_right = -1;
  // At least so many digits when `unique`, counted as `precision` is; the further digits are those of the exact value.
  std::optional<int> min_digits = {};
  int exp_digits = 2;  // scientific only; at most 5
};

// `type` decides which digits are the fewest: float16, float32 or float64 (any other type counts as float64).
// Throws ValueError, TypeError or RuntimeError (a result of more than 16384 characters) as NumPy does.
std::string format_float_positional(double value, DType type, const FloatFormat& format = {});
std::string format_float_scientific(double value, DType type, const FloatFormat& format = {});
void append_positional(std::string& out, double value, DType type, const FloatFormat& format);
void append_scientific(std::string& out, double value, DType type, const FloatFormat& format);

// What str(np.float64(value)) gives: positional from 1e-4 up to 1e16 (1e6 for float32, 1e3 for float16).
void append_float_scalar(std::string& out, double value, DType type);
// The same for complex numbers: "(1+2j)", "2j".
void append_complex_scalar(std::string& out, double real, double imag, DType type);
// bfloat16, as ml_dtypes writes it: six significant digits, "%g".
void append_bfloat16(std::string& out, float value);

// The number from which positional notation is given up for arrays: 10**min(8, decimal precision of the type).
double exponential_cutoff(DType type) noexcept;

double half_to_double(std::uint16_t bits) noexcept;
float bfloat16_to_float(std::uint16_t bits) noexcept;
// The nearest float16 (ties to even), infinity beyond the largest.
float round_to_half(float value) noexcept;

}  // namespace tnp
