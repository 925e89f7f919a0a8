#include "ir/print_array.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "ir/format_float.h"
#include "tnp/error.h"

namespace tnp {
namespace {

template <class T>
T load(const void* element) {
  T value;
  std::memcpy(&value, element, sizeof value);
  return value;
}

// Code points, which is what Python's len counts.
std::int64_t text_width(std::string_view utf8) {
  return std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

std::size_t length_without_trailing_space(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\n\r\f\v");
  return last == std::string_view::npos ? 0 : last + 1;
}

double load_float(const void* element, DType dtype) {
  switch (dtype) {
    case DType::float16:
      return half_to_double(load<std::uint16_t>(element));
    case DType::float32:
      return load<float>(element);
    default:
      return load<double>(element);
  }
}

void append_bool(std::string& out, const void* element) { out += load<std::uint8_t>(element) ? "True" : "False"; }

// `positive` is written before numbers that are not negative, unless it is '-'.
void append_integer(std::string& out, const void* element, DType dtype, char positive) {
  char text[24];
  auto write = [&](auto value) {
    if (value >= 0 && positive != '-') out += positive;
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr - text);
  };
  switch (dtype) {
    case DType::int8:
      return write(int{load<std::int8_t>(element)});
    case DType::int16:
      return write(int{load<std::int16_t>(element)});
    case DType::int32:
      return write(load<std::int32_t>(element));
    case DType::int64:
      return write(load<std::int64_t>(element));
    case DType::uint8:
      return write(unsigned{load<std::uint8_t>(element)});
    case DType::uint16:
      return write(unsigned{load<std::uint16_t>(element)});
    case DType::uint32:
      return write(load<std::uint32_t>(element));
    default:
      return write(load<std::uint64_t>(element));
  }
}

// One notation and one width for all the floats of an array (for a complex one: its real or its imaginary parts).
class FloatColumn {
 public:
  FloatColumn(const std::vector<double>& values, DType type, const PrintOptions& options, char sign);
  void append(std::string& out, double value) const;

 private:
  void choose_notation(const std::vector<double>& values, bool suppress);
  void measure_scientific(const std::vector<double>& values, FloatFormat format);
  void measure_positional(const std::vector<double>& values, FloatFormat format, std::string_view floatmode);
  void make_room_for_nonfinite(const std::vector<double>& values);

  DType type_;
  char sign_;
  const std::string& nanstr_;
  const std::string& infstr_;
  bool scientific_ = false;
  int pad_left_ = 0;
  int pad_right_ = 0;
  FloatFormat format_;
};

FloatColumn::FloatColumn(const std::vector<double>& values, DType type, const PrintOptions& options, char sign)
    : type_(type), sign_(sign), nanstr_(options.nanstr), infstr_(options.infstr) {
  choose_notation(values, options.suppress);
  FloatFormat format{.trim = '.', .sign = sign == '+'};
  if (options.floatmode != "unique") format.precision = options.precision;
  if (options.floatmode == "fixed") {
    format.trim = 'k';
    format.unique = false;
  }
  if (options.precision < 0 && format.precision) throw ValueError("precision must be >= 0");
  if (scientific_) {
    measure_scientific(values, format);
  } else {
    measure_positional(values, format, options.floatmode);
  }
  const auto is_negative = [](double v) { return std::isfinite(v) && std::signbit(v); };
  if (sign == ' ' && std::none_of(values.begin(), values.end(), is_negative)) ++pad_left_;
  make_room_for_nonfinite(values);
  format_.sign = sign == '+';
  format_.pad_left = pad_left_;
  if (!scientific_) format_.pad_right = pad_right_;
}

// NumPy compares and divides in the array's own type.
void FloatColumn::choose_notation(const std::vector<double>& values, bool suppress) {
  double largest = 0;
  double smallest = HUGE_VAL;
  for (double value : values) {
    if (!std::isfinite(value) || value == 0) continue;
    largest = std::max(largest, std::fabs(value));
    smallest = std::min(smallest, std::fabs(value));
  }
  if (largest == 0) return;
  double tiny = 1e-4;
  double ratio = largest / smallest;
  if (type_ != DType::float64) {
    tiny = 1e-4f;
    ratio = static_cast<float>(largest) / static_cast<float>(smallest);
  }
  if (type_ == DType::float16) {
    tiny = round_to_half(1e-4f);
    ratio = round_to_half(static_cast<float>(ratio));
  }
  scientific_ = largest >= exponential_cutoff(type_) || (!suppress && (smallest < tiny || ratio > 1000));
}

void FloatColumn::measure_scientific(const std::vector<double>& values, FloatFormat format) {
  int whole = 0;
  int fraction = 0;
  int exponent = 0;
  std::string text;
  for (double value : values) {
    if (!std::isfinite(value)) continue;
    text.clear();
    append_scientific(text, value, type_, format);
    const int point = static_cast<int>(text.find('.'));
    const int e = static_cast<int>(text.find('e'));
    whole = std::max(whole, point);
    fraction = std::max(fraction, e - point - 1);
    exponent = std::max(exponent, static_cast<int>(text.size()) - e - 2);
  }
  format_.unique = format.unique;
  format_.trim = 'k';
  format_.precision = fraction;
  if (format.unique) format_.min_digits = fraction;
  format_.exp_digits = exponent;
  pad_left_ = whole;
  pad_right_ = exponent + 2 + fraction;
}

void FloatColumn::measure_positional(const std::vector<double>& values, FloatFormat format,
                                     std::string_view floatmode) {
  std::string text;
  for (double value : values) {
    if (!std::isfinite(value)) continue;
    text.clear();
    append_positional(text, value, type_, format);
    const int point = static_cast<int>(text.find('.'));
    pad_left_ = std::max(pad_left_, point);
    pad_right_ = std::max(pad_right_, static_cast<int>(text.size()) - point - 1);
  }
  format_.unique = format.unique;
  format_.precision = format.precision;
  const bool all_alike = floatmode == "fixed" || floatmode == "maxprec_equal";
  if (all_alike) format_.precision = pad_right_;
  format_.trim = all_alike ? 'k' : '.';
  if (format.unique) format_.min_digits = all_alike ? pad_right_ : 0;
}

void FloatColumn::make_room_for_nonfinite(const std::vector<double>& values) {
  bool any = false;
  bool inf_sign = sign_ != '-';
  for (double value : values) {
    any = any || !std::isfinite(value);
    inf_sign = inf_sign || (std::isinf(value) && value < 0);
  }
  if (!any) return;
  const int right = pad_right_ + 1;  // the point counts
  const int nan_width = static_cast<int>(text_width(nanstr_));
  const int inf_width = static_cast<int>(text_width(infstr_)) + (inf_sign ? 1 : 0);
  pad_left_ = std::max({pad_left_, nan_width - right, inf_width - right});
}

void FloatColumn::append(std::string& out, double value) const {
  if (std::isfinite(value)) {
    return scientific_ ? append_scientific(out, value, type_, format_) : append_positional(out, value, type_, format_);
  }
  const bool is_nan = std::isnan(value);
  const char sign = !is_nan && value < 0 ? '-' : sign_ == '+' ? '+' : '\0';
  const std::string& word = is_nan ? nanstr_ : infstr_;
  const std::int64_t width = text_width(word) + (sign != '\0' ? 1 : 0);
  const std::int64_t room = pad_left_ + pad_right_ + 1;
  if (room > width) out.append(room - width, ' ');
  if (sign != '\0') out += sign;
  out += word;
}

// Writes the elements of one array; made from all elements that will be written.
class ElementPrinter {
 public:
  ElementPrinter(const StridedView& array, const std::vector<const void*>& elements, const PrintOptions& options);
  void append(std::string& out, const void* element) const;

 private:
  void append_complex(std::string& out, const void* element) const;

  DType dtype_;
  bool is_scalar_;
  const PrintOptions& options_;
  std::int64_t width_ = 0;             // of integers
  char positive_ = '-';                // what stands before those that are not negative
  std::optional<FloatColumn> floats_;  // or the real parts
  std::optional<FloatColumn> imaginary_;
};

ElementPrinter::ElementPrinter(const StridedView& array, const std::vector<const void*>& elements,
                               const PrintOptions& options)
    : dtype_(array.dtype), is_scalar_(array.ndim == 0), options_(options) {
  if (options.formatter || dtype_ == DType::bfloat16) return;
  if (is_integer(dtype_)) {
    std::string text;
    bool any_negative = false;
    for (const void* element : elements) {
      text.clear();
      append_integer(text, element, dtype_, '-');
      any_negative = any_negative || text[0] == '-';
    }
    positive_ = options.sign == ' ' && any_negative ? '-' : options.sign;
    for (const void* element : elements) {
      text.clear();
      append_integer(text, element, dtype_, positive_);
      width_ = std::max(width_, static_cast<std::int64_t>(text.size()));
    }
  } else if (is_inexact(dtype_)) {
    const DType real = is_complex(dtype_) ? (dtype_ == DType::complex64 ? DType::float32 : DType::float64) : dtype_;
    std::vector<double> values(elements.size());
    auto load_all = [&](int offset) {
      for (std::size_t i = 0; i < elements.size(); ++i)
        values[i] = load_float(static_cast<const char*>(elements[i]) + offset, real);
    };
    load_all(0);
    floats_.emplace(values, real, options, options.sign);
    if (is_complex(dtype_)) {
      load_all(real == DType::float32 ? 4 : 8);
      imaginary_.emplace(values, real, options, '+');
    }
  }
}

void ElementPrinter::append(std::string& out, const void* element) const {
  if (options_.formatter) {
    out += options_.formatter(element);
  } else if (dtype_ == DType::bool_) {
    if (!is_scalar_ && load<std::uint8_t>(element)) out += ' ';
    append_bool(out, element);
  } else if (is_integer(dtype_)) {
    const std::size_t start = out.size();
    append_integer(out, element, dtype_, positive_);
    const std::size_t length = out.size() - start;
    if (length < static_cast<std::size_t>(width_)) out.insert(start, width_ - length, ' ');
  } else if (dtype_ == DType::bfloat16) {
    append_bfloat16(out, bfloat16_to_float(load<std::uint16_t>(element)));
  } else if (is_complex(dtype_)) {
    append_complex(out, element);
  } else {
    floats_->append(out, load_float(element, dtype_));
  }
}

void ElementPrinter::append_complex(std::string& out, const void* element) const {
  const bool narrow = dtype_ == DType::complex64;
  const DType real = narrow ? DType::float32 : DType::float64;
  floats_->append(out, load_float(element, real));
  const std::size_t start = out.size();
  imaginary_->append(out, load_float(static_cast<const char*>(element) + (narrow ? 4 : 8), real));
  // The j follows the digits; the spaces that pad them follow the j.
  const std::size_t length = length_without_trailing_space(std::string_view(out).substr(start));
  out.insert(start + length, 1, 'j');
}

// Which indices of an axis are shown: all, or `lead` at the beginning and `trail` at the end.
struct Shown {
  bool summarised;
  std::int64_t lead;
  std::int64_t trail;
};

// Lays out the elements line by line.
class Layout {
 public:
  Layout(const StridedView& array, const PrintOptions& options, std::string_view separator, std::string_view prefix,
         std::string_view suffix);
  std::string text();

 private:
  Shown shown(int axis) const;
  void collect(int axis, const char* data, std::vector<const void*>& elements) const;
  void append_axis(int axis, const char* data);
  void append_row(const char* data);
  void add_word(std::string_view word, std::int64_t room, std::size_t indent);

  const StridedView& array_;
  const PrintOptions& options_;
  std::string_view separator_;
  std::string_view bare_separator_;  // without trailing space
  std::int64_t separator_width_;
  std::size_t indent_;
  std::int64_t linewidth_;
  bool summarise_;
  std::optional<ElementPrinter> printer_;
  std::string out_;
  std::string line_;             // without its indentation
  std::int64_t line_width_ = 0;  // with it
};

std::int64_t element_count(const StridedView& array) {
  std::int64_t count = 1;
  for (int i = 0; i < array.ndim; ++i) count *= array.shape[i];
  return count;
}

Layout::Layout(const StridedView& array, const PrintOptions& options, std::string_view separator,
               std::string_view prefix, std::string_view suffix)
    : array_(array),
      options_(options),
      separator_(separator),
      bare_separator_(separator.substr(0, length_without_trailing_space(separator))),
      separator_width_(text_width(separator)),
      indent_(static_cast<std::size_t>(text_width(prefix)) + 1),
      linewidth_(options.linewidth - text_width(suffix)),
      summarise_(element_count(array) > options.threshold) {}

Shown Layout::shown(int axis) const {
  const std::int64_t length = array_.shape[axis];
  const std::int64_t edge = std::max<std::int64_t>(options_.edgeitems, 0);
  // Halved, not doubled: edgeitems may be as large as can be.
  if (!summarise_ || edge > (length - 1) / 2) return {false, 0, length};
  return {true, edge, edge};
}

// The elements that decide the widths. NumPy keeps the whole axis where edgeitems is 0.
void Layout::collect(int axis, const char* data, std::vector<const void*>& elements) const {
  if (axis == array_.ndim) {
    elements.push_back(data);
    return;
  }
  const Shown range = shown(axis);
  const std::int64_t length = array_.shape[axis];
  const std::int64_t stride = array_.strides[axis];
  for (std::int64_t i = 0; i < range.lead; ++i) collect(axis + 1, data + i * stride, elements);
  for (std::int64_t i = range.trail > 0 ? length - range.trail : 0; i < length; ++i)
    collect(axis + 1, data + i * stride, elements);
}

std::string Layout::text() {
  const char* data = static_cast<const char*>(array_.data);
  std::vector<const void*> elements;
  if (!summarise_) elements.reserve(static_cast<std::size_t>(element_count(array_)));
  collect(0, data, elements);
  printer_.emplace(array_, elements, options_);
  if (array_.ndim == 0) {
    printer_->append(out_, data);
  } else {
    append_axis(0, data);
  }
  return std::move(out_);
}

void Layout::append_axis(int axis, const char* data) {
  out_ += '[';
  if (axis + 1 == array_.ndim) {
    append_row(data);
    out_ += ']';
    return;
  }
  const Shown range = shown(axis);
  const std::int64_t length = array_.shape[axis];
  const std::int64_t stride = array_.strides[axis];
  const auto next_line = [&] {
    out_ += bare_separator_;
    out_.append(static_cast<std::size_t>(array_.ndim - axis - 1), '\n');
    out_.append(indent_ + static_cast<std::size_t>(axis), ' ');
  };
  for (std::int64_t i = 0; i < range.lead; ++i) {
    append_axis(axis + 1, data + i * stride);
    next_line();
  }
  if (range.summarised) {
    out_ += "...";
    next_line();
  }
  // The last one is shown even if edgeitems is 0.
  for (std::int64_t i = length - std::max<std::int64_t>(range.trail, 1); i < length; ++i) {
    append_axis(axis + 1, data + i * stride);
    if (i + 1 < length) next_line();
  }
  out_ += ']';
}

// Starts a new line before a word that would pass the margin, unless the line is empty but for its indentation.
void Layout::add_word(std::string_view word, std::int64_t room, std::size_t indent) {
  const std::int64_t width = text_width(word);
  if (line_width_ + width > room && line_width_ > static_cast<std::int64_t>(indent)) {
    line_.resize(length_without_trailing_space(line_));
    out_ += line_;
    out_ += '\n';
    out_.append(indent, ' ');
    line_.clear();
    line_width_ = static_cast<std::int64_t>(indent);
  }
  line_ += word;
  line_width_ += width;
}

void Layout::append_row(const char* data) {
  const int axis = array_.ndim - 1;
  const Shown range = shown(axis);
  const std::int64_t length = array_.shape[axis];
  const std::int64_t stride = array_.strides[axis];
  const std::size_t indent = indent_ + static_cast<std::size_t>(axis);
  // Each enclosing bracket needs a column, and the last word its separator or bracket.
  const std::int64_t room = linewidth_ - axis - std::max<std::int64_t>(text_width(bare_separator_), 1);
  line_.clear();
  line_width_ = static_cast<std::int64_t>(indent);
  std::string word;
  const auto add_element = [&](std::int64_t i) {
    word.clear();
    printer_->append(word, data + i * stride);
    add_word(word, room, indent);
  };
  const auto add_separator = [&] {
    line_ += separator_;
    line_width_ += separator_width_;
  };
  for (std::int64_t i = 0; i < range.lead; ++i) {
    add_element(i);
    add_separator();
  }
  if (range.summarised) {
    add_word("...", room, indent);
    add_separator();
  }
  for (std::int64_t i = length - std::max<std::int64_t>(range.trail, 1); i < length; ++i) {
    add_element(i);
    if (i + 1 < length) add_separator();
  }
  out_ += line_;
}

void check_dtype(DType dtype) {
  if (!is_numeric(dtype)) throw TypeError("printing: arrays of " + std::string(name(dtype)) + " have no text form");
}

bool is_default_dtype(DType dtype) {
  return dtype == DType::int64 || dtype == DType::float64 || dtype == DType::complex128 || dtype == DType::bool_;
}

void append_shape(std::string& out, const StridedView& array) {
  out += "shape=(";
  char text[24];
  for (int i = 0; i < array.ndim; ++i) {
    if (i > 0) out += ", ";
    out.append(text, std::to_chars(text, text + sizeof text, array.shape[i]).ptr - text);
  }
  out += array.ndim == 1 ? ",)" : ")";
}

}  // namespace

void validate(const PrintOptions& options) {
  const std::string& mode = options.floatmode;
  if (mode != "fixed" && mode != "unique" && mode != "maxprec" && mode != "maxprec_equal") {
    throw ValueError(R"(floatmode option must be one of "fixed", "unique", "maxprec", "maxprec_equal")");
  }
  if (options.sign != '-' && options.sign != '+' && options.sign != ' ') {
    throw ValueError("sign option must be one of ' ', '+', or '-'");
  }
}

PrintOptions& print_options() noexcept {
  thread_local PrintOptions current;
  return current;
}

std::string array2string(const StridedView& array, const PrintOptions& options, std::string_view separator,
                         std::string_view prefix, std::string_view suffix) {
  check_dtype(array.dtype);
  validate(options);
  if (element_count(array) == 0) return "[]";
  return Layout(array, options, separator, prefix, suffix).text();
}

std::string array_str(const StridedView& array, const PrintOptions& options) {
  return array.ndim == 0 ? scalar_str(array.data, array.dtype) : array2string(array, options);
}

std::string array_repr(const StridedView& array, const PrintOptions& options, std::string_view prefix,
                       std::string_view type) {
  std::string out(prefix);
  out += array2string(array, options, ", ", prefix, ")");
  const std::int64_t count = element_count(array);
  std::string extras;
  if ((count == 0 && array.ndim != 1) || count > options.threshold) append_shape(extras, array);
  const std::string_view own = name(array.dtype);
  if (type.empty()) type = own;
  if (count == 0 || type != own || !is_default_dtype(array.dtype)) {
    if (!extras.empty()) extras += ", ";
    extras += "dtype=";
    extras += type;
  }
  if (!extras.empty()) {
    out += ',';
    const std::size_t newline = out.rfind('\n');
    const std::int64_t last_line =
        text_width(std::string_view(out).substr(newline == std::string::npos ? 0 : newline + 1));
    if (last_line + static_cast<std::int64_t>(extras.size()) + 2 > options.linewidth) {
      out += '\n';
      out.append(static_cast<std::size_t>(text_width(prefix)), ' ');
    } else {
      out += ' ';
    }
    out += extras;
  }
  out += ')';
  return out;
}

std::string scalar_str(const void* element, DType dtype) {
  check_dtype(dtype);
  std::string out;
  if (dtype == DType::bool_) {
    append_bool(out, element);
  } else if (is_integer(dtype)) {
    append_integer(out, element, dtype, '-');
  } else if (dtype == DType::bfloat16) {
    append_bfloat16(out, bfloat16_to_float(load<std::uint16_t>(element)));
  } else if (dtype == DType::complex64) {
    append_complex_scalar(out, load<float>(element), load<float>(static_cast<const char*>(element) + 4),
                          DType::float32);
  } else if (dtype == DType::complex128) {
    append_complex_scalar(out, load<double>(element), load<double>(static_cast<const char*>(element) + 8),
                          DType::float64);
  } else {
    append_float_scalar(out, load_float(element, dtype), dtype);
  }
  return out;
}

}  // namespace tnp
