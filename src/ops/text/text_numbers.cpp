// Text of numbers, as Python's str() writes it, and the numbers of text, as int(), float() and complex() read it.
#include <charconv>
#include <cmath>

#include "ir/format_float.h"
#include "ir/scalar.h"
#include "ops/text/text_ops.h"
#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

std::string text_of_element(DType dtype, const std::byte* at) {
  const Scalar s = load_scalar(dtype, at);
  std::string out;
  if (dtype == DType::bfloat16) {
    append_bfloat16(out, static_cast<float>(std::get<double>(s.value)));
  } else if (is_complex(dtype)) {
    const auto z = std::get<std::complex<double>>(s.value);
    append_complex_scalar(out, z.real(), z.imag(), real_of(dtype));
  } else if (is_floating(dtype)) {
    append_float_scalar(out, std::get<double>(s.value), dtype);
  } else if (is_bool(dtype)) {
    out = std::get<bool>(s.value) ? "True" : "False";
  } else {
    std::visit(
        [&](auto v) {
          if constexpr (std::is_integral_v<decltype(v)>) out = std::to_string(v);
        },
        s.value);
  }
  return out;
}

Array text_of_numbers(const Array& given, DType to) {
  const Array x = given.is_contiguous() ? given : copy(given);
  std::vector<std::string> values;
  const std::int64_t n = x.size();
  const std::byte* at = x.data();
  values.reserve(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i, at += x.itemsize()) values.push_back(text_of_element(x.dtype(), at));
  return text_array(to, x.shape(), values);
}

// --- reading

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view stripped(std::string_view s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Without the underscores that Python allows between digits; false where there are others.
bool without_underscores(std::string_view s, std::string& out) {
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '_') {
      out += s[i];
      continue;
    }
    if (i == 0 || i + 1 == s.size() || !is_digit(s[i - 1]) || !is_digit(s[i + 1])) return false;
  }
  return true;
}

[[noreturn]] void no_number(const char* what, std::string_view s) {
  throw ValueError(std::string(what) + ": '" + std::string(s) + "'");
}

[[noreturn]] void no_integer(std::string_view s) { no_number("invalid literal for int() with base 10", s); }

// As an integer that is there to be stored in a type, which may refuse it.
Scalar read_integer(std::string_view given) {
  std::string text;
  if (!without_underscores(stripped(given), text)) no_integer(given);
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  for (char c : digits) {
    if (!is_digit(c)) no_integer(given);
  }
  std::uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude);
  if (digits.empty() || (error != std::errc() && error != std::errc::result_out_of_range)) no_integer(given);
  constexpr std::uint64_t kLeast = std::uint64_t{1} << 63;
  if (error != std::errc() || (negative && magnitude > kLeast))
    throw OverflowError("Python int too large to convert to C long: '" + std::string(given) + "'");
  if (!negative && magnitude >= kLeast) return Scalar(magnitude);
  return Scalar(static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude));
}

// A float at the beginning; what is left of `s` is behind it. False if there is none.
bool take_float(std::string_view& s, double& out) {
  std::string_view rest = s;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty() || rest.front() == '-' || rest.front() == '+') return false;
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error == std::errc::invalid_argument) return false;
  const std::string_view used(rest.data(), static_cast<std::size_t>(end - rest.data()));
  if (used.find('(') != std::string_view::npos) return false;  // C's nan(…)
  // Beyond the range: strtod tells too large from too small.
  if (error == std::errc::result_out_of_range) value = std::strtod(std::string(used).c_str(), nullptr);
  out = negative ? -value : value;
  s = rest.substr(used.size());
  return true;
}

double read_float(std::string_view given) {
  std::string text;
  double value = 0;
  const bool plain = without_underscores(stripped(given), text);
  std::string_view rest = text;
  if (!plain || !take_float(rest, value) || !rest.empty()) no_number("could not convert string to float", given);
  return value;
}

// "1", "2j", "1+2j", "j", in parentheses or not.
std::complex<double> read_complex(std::string_view given) {
  const auto refuse = [&] { no_number("complex() arg is a malformed string", given); };
  std::string text;
  if (!without_underscores(stripped(given), text)) refuse();
  std::string_view s = text;
  if (s.starts_with('(') && s.ends_with(')')) s = stripped(s.substr(1, s.size() - 2));
  const auto is_unit = [](std::string_view t) { return t == "j" || t == "J"; };
  // The imaginary part without digits.
  const auto unit = [&](std::string_view t, double& out) {
    const bool sign = t.starts_with('-') || t.starts_with('+');
    out = t.starts_with('-') ? -1 : 1;
    return is_unit(sign ? t.substr(1) : t);
  };
  double first = 0, second = 0;
  if (unit(s, second)) return {0, second};
  if (!take_float(s, first)) refuse();
  if (s.empty()) return {first, 0};
  if (is_unit(s)) return {0, first};
  if (s.front() != '+' && s.front() != '-') refuse();
  if (unit(s, second)) return {first, second};
  if (!take_float(s, second) || !is_unit(s)) refuse();
  return {first, second};
}

Scalar read_number(std::string_view s, DType to) {
  if (is_bool(to)) return Scalar(!s.empty());
  if (is_integer(to)) return read_integer(s);
  if (is_complex(to)) return Scalar(read_complex(s));
  return Scalar(read_float(s));
}

Array numbers_of_text(const Array& x, DType to) {
  Array out = Array::empty(to, x.shape());
  std::byte* at = out.data();
  for (const std::string_view s : TextElements(x)) {
    store_scalar(read_number(significant(s), to), to, at);
    at += out.itemsize();
  }
  return out;
}

// Between bytes and text: ASCII alone.
Array recoded(const Array& x, DType to) {
  std::vector<std::string> values;
  for (const std::string_view s : TextElements(x)) {
    for (const char c : s) {
      if ((static_cast<unsigned char>(c) & 0x80) != 0)
        throw ValueError("'ascii' codec: a character is not in range(128)");
    }
    values.emplace_back(s);
  }
  return text_array(to, x.shape(), values);
}

}  // namespace

Array cast_text(const Array& x, DType to) {
  if (x.is_symbolic()) throw TypeError("astype: the values of a traced function cannot be text");
  if (is_text(x.dtype())) return is_text(to) ? recoded(x, to) : numbers_of_text(x, to);
  return text_of_numbers(x, to);
}

}  // namespace tnp
