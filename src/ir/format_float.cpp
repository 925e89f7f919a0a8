#include "ir/format_float.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "tnp/error.h"

namespace tnp {
namespace {

constexpr int kMaxResult = 16384;
// A double has at most 767 significant digits, and 1074 after the point: what follows is zeros.
constexpr int kMaxExactDigits = 1100;

// digits[0].digits[1]… × 10^exponent without leading zeros; no digits at all for zero.
struct Decimal {
  int count = 0;
  int exponent = 0;
  char digits[kMaxExactDigits + 320];

  int last_position() const { return exponent - count + 1; }
  bool equals(const Decimal& other) const {
    return count == other.count && exponent == other.exponent && std::memcmp(digits, other.digits, count) == 0;
  }
  void append(char digit) { digits[count++] = digit; }
  void drop_trailing_zeros() {
    while (count > 0 && digits[count - 1] == '0') --count;
  }
};

// From the text "d.ddde±xx".
void parse_scientific(const char* first, const char* last, Decimal& out) {
  out.count = 0;
  const char* p = first;
  for (; *p != 'e'; ++p) {
    if (*p != '.') out.append(*p);
  }
  p += p[1] == '+' ? 2 : 1;
  std::from_chars(p, last, out.exponent);
}

// The fewest digits for a float16, by exact integer arithmetic: the value is `m` half-spacings of the smallest
// subnormal (2^-25), its neighbours' midpoints `m - below` and `m + above`; digits are taken until a midpoint is as
// near.
void shortest_half(double value, Decimal& out) {
  int binary_exponent;
  const double fraction = std::frexp(value, &binary_exponent);
  const int spacing_exponent = std::max(binary_exponent - 11, -24);
  const bool is_power = fraction == 0.5 && binary_exponent > -13;
  const std::uint64_t one = std::uint64_t{1} << 25;
  std::uint64_t rest = static_cast<std::uint64_t>(std::ldexp(value, 25));
  std::uint64_t above = std::uint64_t{1} << (spacing_exponent + 24);
  std::uint64_t unit = one;  // of the current digit
  const bool is_even = std::fmod(std::ldexp(value, -spacing_exponent), 2.0) == 0.0;
  out.exponent = 0;
  for (; rest >= unit * 10; ++out.exponent) unit *= 10;
  // Scaling by twice keeps the lower margin of a power of two, half of the upper, whole.
  rest *= 2, above *= 2, unit *= 2;
  std::uint64_t below = is_power ? above / 2 : above;
  for (; rest < unit; --out.exponent) rest *= 10, above *= 10, below *= 10;
  out.count = 0;
  while (true) {
    std::uint64_t digit = rest / unit;
    rest %= unit;
    const bool low = is_even ? rest <= below : rest < below;
    const bool high = is_even ? rest + above >= unit : rest + above > unit;
    if (low || high) {
      const bool up = low && high ? rest * 2 > unit || (rest * 2 == unit && digit % 2 == 1) : high;
      if (up) ++digit;
      if (digit < 10) {
        out.append(static_cast<char>('0' + digit));
        return;
      }
      while (out.count > 0 && out.digits[out.count - 1] == '9') --out.count;
      if (out.count > 0) {
        ++out.digits[out.count - 1];
      } else {
        out.append('1');
        ++out.exponent;
      }
      return;
    }
    out.append(static_cast<char>('0' + digit));
    if (unit % 10 == 0) {
      unit /= 10;
    } else {
      rest *= 10, above *= 10, below *= 10;
    }
  }
}

// The fewest digits that read back as `value` (> 0), and of those the nearest.
void shortest(double value, DType type, Decimal& out) {
  if (type == DType::float16) return shortest_half(value, out);
  char text[64];
  const auto end =
      type == DType::float32
          ? std::to_chars(text, text + sizeof text, static_cast<float>(value), std::chars_format::scientific)
          : std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  parse_scientific(text, end.ptr, out);
}

// The exact value, rounded (ties to even) to so many significant digits.
void exact_total(double value, int digits, Decimal& out) {
  char text[kMaxExactDigits + 16];
  const int precision = std::clamp(digits, 1, kMaxExactDigits) - 1;
  parse_scientific(text, std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, precision).ptr,
                   out);
}

// The exact value, rounded (ties to even) to so many digits after the point.
void exact_fraction(double value, int digits, Decimal& out) {
  char text[kMaxExactDigits + 330];
  const int precision = std::clamp(digits, 0, kMaxExactDigits);
  const char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, precision).ptr;
  const char* point = std::find(static_cast<const char*>(text), end, '.');
  const char* p = text;
  while (p != end && (*p == '0' || *p == '.')) ++p;
  out.count = 0;
  out.exponent = static_cast<int>(p < point ? point - p - 1 : point - p);
  for (; p != end; ++p) {
    if (*p != '.') out.append(*p);
  }
  if (out.count == 0) out.exponent = 0;
}

// Where to stop: after so many significant digits, or so many digits after the point.
struct Stop {
  int digits;
  bool fractional;

  void exact(double value, Decimal& out) const {
    fractional ? exact_fraction(value, digits, out) : exact_total(value, digits, out);
  }
  // How many digits of `decimal` are kept: may be zero or less, or more than there are.
  int kept(const Decimal& decimal) const { return fractional ? digits + decimal.exponent + 1 : digits; }
};

// Rounds the shortest digits as the exact value is rounded: both lie on the same side of every shorter number's
// midpoint unless the shortest digits are that midpoint. A carry leaves no zeros behind it; digits that happen to be
// zero stay.
void cut(double value, const Stop& stop, Decimal& d) {
  const int kept = stop.kept(d);
  if (kept >= d.count) return;
  if (kept < 0) {
    d.count = 0;
    return;
  }
  bool up = d.digits[kept] >= '5';
  if (d.digits[kept] == '5' && kept + 1 == d.count) {
    Decimal rounded;
    stop.exact(value, rounded);
    Decimal truncated;
    std::memcpy(truncated.digits, d.digits, kept);
    truncated.count = kept;
    truncated.exponent = kept > 0 ? d.exponent : 0;
    up = !rounded.equals(truncated);
  }
  d.count = kept;
  if (!up) return;
  while (d.count > 0 && d.digits[d.count - 1] == '9') --d.count;
  if (d.count > 0) {
    ++d.digits[d.count - 1];
  } else {
    d.append('1');
    ++d.exponent;
  }
}

bool reads_back(const Decimal& d, double value, DType type) {
  char text[kMaxExactDigits + 340];
  std::memcpy(text, d.digits, d.count);
  text[d.count] = 'e';
  const char* end = std::to_chars(text + d.count + 1, text + sizeof text, d.last_position()).ptr;
  if (type == DType::float32) {
    float back = 0;
    std::from_chars(text, end, back);
    return back == static_cast<float>(value);
  }
  double back = 0;
  std::from_chars(text, end, back);
  // Going through float does not disturb the second rounding: its 24 bits are more than twice float16's 11.
  return type == DType::float16 ? round_to_half(static_cast<float>(back)) == static_cast<float>(value) : back == value;
}

// More digits than the fewest: those of the exact value. Below a power of two the spacing halves, so that rounding down
// may leave the numbers that read back; the fewest digits then stand, followed by zeros.
void extend(double value, DType type, const Stop& stop, Decimal& d) {
  if (stop.kept(d) <= d.count) return;
  Decimal longer;
  stop.exact(value, longer);
  int exponent;
  if (std::frexp(value, &exponent) == 0.5 && !reads_back(longer, value, type)) return;
  d.count = longer.count;
  d.exponent = longer.exponent;
  std::memcpy(d.digits, longer.digits, longer.count);
}

// Whether zeros at the end are digits to NumPy, and so stay: those of a value that was rounded down are, those behind a
// carry are not; those behind the end of the exact value are if `unique` asked for more than the fewest.
void drop_idle_zeros(double value, bool unique, Decimal& d) {
  if (d.count == 0 || d.digits[d.count - 1] != '0') return;
  Decimal exact;
  exact_total(value, kMaxExactDigits, exact);
  const bool more = std::any_of(exact.digits + d.count, exact.digits + exact.count, [](char c) { return c != '0'; });
  const bool same_start = exact.exponent == d.exponent && std::memcmp(exact.digits, d.digits, d.count) == 0;
  if (!same_start || !(more || unique)) d.drop_trailing_zeros();
}

void choose_digits(double value, DType type, const FloatFormat& format, bool fractional, int offset, Decimal& d) {
  if (value == 0) {
    d.append('0');
    return;
  }
  if (!format.unique) {
    Stop{*format.precision + offset, fractional}.exact(value, d);
    return;
  }
  shortest(value, type, d);
  if (format.precision) cut(value, Stop{std::min(*format.precision, kMaxResult) + offset, fractional}, d);
  if (format.min_digits) {
    const int wanted = std::min(*format.min_digits, format.precision.value_or(*format.min_digits));
    extend(value, type, Stop{wanted + offset, fractional}, d);
  }
}

void check(const FloatFormat& format, bool positional) {
  if (format.precision && *format.precision < 0) throw ValueError("precision must be >= 0");
  if (format.min_digits && *format.min_digits < 0) throw ValueError("min_digits must be >= 0");
  if (positional && !format.fractional && format.precision && *format.precision == 0) {
    throw ValueError("precision must be greater than 0 if fractional=False");
  }
  if (!format.unique && !format.precision) throw TypeError("in non-unique mode `precision` must be supplied");
  if (format.precision && format.min_digits && *format.precision > 0 && *format.min_digits > *format.precision) {
    throw ValueError("min_digits must be less than or equal to precision");
  }
  if (std::strchr("k.0-", format.trim) == nullptr || format.trim == '\0') {
    throw TypeError("if supplied, trim must be 'k', '.', '0' or '-'");
  }
  const int written = (format.unique ? format.min_digits : format.precision).value_or(0);
  const int longest = std::max({written, format.pad_left, format.pad_right});
  if (longest > kMaxResult - 400) throw RuntimeError("Float formatting result too large");
}

bool append_nonfinite(std::string& out, double value, bool sign) {
  if (std::isfinite(value)) return false;
  if (std::isnan(value)) {
    out += "nan";
  } else {
    if (std::signbit(value)) {
      out += '-';
    } else if (sign) {
      out += '+';
    }
    out += "inf";
  }
  return true;
}

void append_padded_sign(std::string& out, double value, int whole_digits, const FloatFormat& format) {
  const bool negative = std::signbit(value);
  const int width = whole_digits + (negative || format.sign ? 1 : 0);
  if (format.pad_left > width) out.append(format.pad_left - width, ' ');
  if (negative) {
    out += '-';
  } else if (format.sign) {
    out += '+';
  }
}

// `out` ends with the fraction of the number, whose point is at `point`: pads or drops zeros. Returns digits after the
// point; where the point went, -1.
int trim_fraction(std::string& out, std::size_t point, char trim, int wanted) {
  const auto digits = [&] { return static_cast<int>(out.size() - point) - 1; };
  if (trim == 'k') {
    if (digits() < wanted) out.append(wanted - digits(), '0');
    return digits();
  }
  while (out.back() == '0' && out.size() > point + 1) out.pop_back();
  if (trim == '0' && digits() == 0) out += '0';
  if (trim == '-' && digits() == 0) out.pop_back();
  return digits();
}

}  // namespace

void append_positional(std::string& out, double value, DType type, const FloatFormat& format) {
  check(format, true);
  if (append_nonfinite(out, value, format.sign)) return;
  Decimal d;
  choose_digits(std::fabs(value), type, format, format.fractional, 0, d);
  if (!format.fractional && value != 0) drop_idle_zeros(std::fabs(value), format.unique, d);
  const int whole_digits = d.count > 0 && d.exponent >= 0 ? d.exponent + 1 : 1;
  append_padded_sign(out, value, whole_digits, format);
  int used = 0;
  if (d.count > 0 && d.exponent >= 0) {
    used = std::min(d.count, whole_digits);
    out.append(d.digits, used);
    out.append(whole_digits - used, '0');
  } else {
    out += '0';
  }
  const std::size_t point = out.size();
  out += '.';
  if (d.count == 0) {
    out.append(format.precision.value_or(0), '0');  // rounded to nothing
  } else {
    if (d.exponent < 0) out.append(-d.exponent - 1, '0');
    out.append(d.digits + used, d.count - used);
  }
  int wanted = (format.unique ? format.min_digits : format.precision).value_or(0);
  if (!format.fractional) wanted -= whole_digits;
  const int digits = trim_fraction(out, point, format.trim, wanted);
  if (format.pad_right >= 0 && format.pad_right > digits) out.append(format.pad_right - digits, ' ');
}

void append_scientific(std::string& out, double value, DType type, const FloatFormat& format) {
  check(format, false);
  if (append_nonfinite(out, value, format.sign)) return;
  Decimal d;
  choose_digits(std::fabs(value), type, format, false, 1, d);
  if (format.trim == '-' && value != 0) drop_idle_zeros(std::fabs(value), format.unique, d);
  append_padded_sign(out, value, 1, format);
  out += d.digits[0];
  const std::size_t point = out.size();
  out += '.';
  out.append(d.digits + 1, d.count - 1);
  // NumPy drops the point only of a number that never had further digits: 305 with one is "3.e+02", 300 "3e+02".
  const char trim = format.trim == '-' && d.count > 1 ? '.' : format.trim;
  trim_fraction(out, point, trim, (format.unique ? format.min_digits : format.precision).value_or(0));
  out += 'e';
  out += d.exponent < 0 ? '-' : '+';
  char exponent[8];
  // An exponent of zero has no digits but those that `exp_digits` asks for.
  const char* end =
      d.exponent == 0 ? exponent : std::to_chars(exponent, exponent + sizeof exponent, std::abs(d.exponent)).ptr;
  const int length = static_cast<int>(end - exponent);
  const int wanted = std::min(format.exp_digits, 5);
  if (length < wanted) out.append(wanted - length, '0');
  out.append(exponent, length);
}

std::string format_float_positional(double value, DType type, const FloatFormat& format) {
  std::string out;
  append_positional(out, value, type, format);
  return out;
}

std::string format_float_scientific(double value, DType type, const FloatFormat& format) {
  std::string out;
  append_scientific(out, value, type, format);
  return out;
}

double exponential_cutoff(DType type) noexcept {
  if (type == DType::float16) return 1e3;
  return type == DType::float32 ? 1e6 : 1e8;
}

namespace {

void append_scalar_part(std::string& out, double value, DType type, char trim, bool sign) {
  const double magnitude = std::fabs(value);
  const double limit = type == DType::float64 ? 1e16 : exponential_cutoff(type);
  FloatFormat format{.trim = trim, .sign = sign};
  if (magnitude == 0 || (magnitude >= 1e-4 && magnitude < limit)) {
    append_positional(out, value, type, format);
  } else {
    format.trim = '-';
    append_scientific(out, value, type, format);
  }
}

}  // namespace

void append_float_scalar(std::string& out, double value, DType type) {
  append_scalar_part(out, value, type, '0', false);
}

void append_complex_scalar(std::string& out, double real, double imag, DType type) {
  if (real == 0 && !std::signbit(real)) {
    append_scalar_part(out, imag, type, '-', false);
    out += 'j';
    return;
  }
  out += '(';
  append_scalar_part(out, real, type, '-', false);
  if (std::isnan(imag)) out += '+';
  append_scalar_part(out, imag, type, '-', true);
  out += "j)";
}

void append_bfloat16(std::string& out, float value) {
  if (append_nonfinite(out, value, false)) return;
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6).ptr - text);
}

double half_to_double(std::uint16_t bits) noexcept {
  const int exponent = bits >> 10 & 31;
  const double mantissa = bits & 1023;
  double magnitude;
  if (exponent == 31) {
    magnitude = mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else {
    magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024, exponent - 25);
  }
  return bits & 0x8000 ? -magnitude : magnitude;
}

float bfloat16_to_float(std::uint16_t bits) noexcept { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

float round_to_half(float value) noexcept {
  if (!std::isfinite(value) || value == 0) return value;
  if (std::fabs(value) >= 65520.0f) return std::copysign(std::numeric_limits<float>::infinity(), value);
  const int spacing = std::max(std::ilogb(value), -14) - 10;
  return std::ldexp(std::nearbyint(std::ldexp(value, -spacing)), spacing);
}

}  // namespace tnp
