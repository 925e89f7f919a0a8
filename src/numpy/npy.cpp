// NumPy's .npy format, versions 1 to 3.
#include "tnp/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>

#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

// A Python literal of strings, booleans, integers and tuples of integers: all that a header's dict holds.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}

  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void need(char c) {
    if (!take(c)) fail();
  }
  bool at(char c) {
    skip();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool done() {
    skip();
    return at_ == text_.size();
  }
  std::string string() {
    skip();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) fail();
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) fail();
    const std::string out(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return out;
  }
  bool boolean() {
    skip();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return word == "True";
      }
    }
    fail();
  }
  std::int64_t integer() {
    skip();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) fail();
    at_ = static_cast<std::size_t>(end - text_.data());
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // of Python 2
    return value;
  }
  Shape tuple() {
    need('(');
    Shape out;
    while (!take(')')) {
      const std::int64_t size = integer();
      if (size < 0) fail();
      out.push_back(size);
      if (!take(',')) {
        need(')');
        break;
      }
    }
    return out;
  }
  [[noreturn]] void fail() const { throw ValueError("Cannot parse header: " + std::string(text_.substr(0, 200))); }

 private:
  void skip() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_])) ++at_;
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

void read_descr(NpyHeader& h) {
  const std::string& d = h.descr;
  const char order = d.empty() ? '?' : d[0];
  if (!std::strchr("<>|=", order) || d.size() < 3 - (d.size() == 2 ? 1u : 0u))
    throw ValueError("descr is not a valid dtype descriptor: '" + d + "'");
  const char kind = d[1];
  if (kind == 'O')
    throw ValueError("Object arrays cannot be loaded: they are pickles, and loading those would run what they contain");
  if (kind == 'S' || kind == 'U') {
    const auto [end, error] = std::from_chars(d.data() + 2, d.data() + d.size(), h.width);
    if (error != std::errc() || end != d.data() + d.size() || h.width < 0)
      throw ValueError("descr is not a valid dtype descriptor: '" + d + "'");
    h.dtype = kind == 'S' ? DType::string : DType::unicode;
    h.swapped = order == '>' && kind == 'U';
    return;
  }
  const std::string native = d == "|V2" ? "<V2" : (order == '>' || order == '=' ? '<' : order) + d.substr(1);
  for (int i = 0; i < kNumericDTypeCount; ++i) {
    const auto type = static_cast<DType>(i);
    if (info(type).code != native) continue;
    h.dtype = type;
    h.swapped = order == '>';
    return;
  }
  throw TypeError("load: tnp has no type for the elements '" + d + "'");
}

// Reverses the bytes of each element: of each half of a complex one.
void swap_bytes(std::byte* data, std::int64_t n, DType type) {
  const int size = is_complex(type) ? itemsize(type) / 2 : itemsize(type);
  const std::int64_t count = is_complex(type) ? 2 * n : n;
  for (std::int64_t i = 0; i < count; ++i) std::reverse(data + i * size, data + (i + 1) * size);
}

}  // namespace

std::int64_t NpyHeader::item_bytes() const {
  return width > 0 ? (dtype == DType::unicode ? 4 : 1) * std::int64_t{width} : itemsize(dtype);
}

std::int64_t NpyHeader::data_bytes() const {
  std::int64_t bytes = item_bytes();
  for (std::int64_t d : shape) {
    if (__builtin_mul_overflow(bytes, d, &bytes))
      throw ValueError("load: an array of shape " + shape.str() + " is too large");
  }
  return bytes;
}

std::string npy_header(std::string_view descr, const Shape& shape) {
  std::string tuple = "(";
  for (int i = 0; i < shape.ndim(); ++i)
    tuple += (i ? ", " : "") + std::to_string(shape[i]) + (shape.ndim() == 1 ? "," : "");
  tuple += ")";
  std::string dict = "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': " + tuple + ", }";
  // Room for the first size to grow in place, as NumPy leaves it.
  if (shape.ndim() > 0) dict.append(21 - std::to_string(shape[0]).size(), ' ');
  const bool wide = dict.size() + 1 + 10 + 64 > 65535;
  const std::size_t before = wide ? 12 : 10;
  dict.append(64 - (before + dict.size() + 1) % 64, ' ');
  dict += '\n';
  std::string out(kMagic);
  out += wide ? '\x02' : '\x01';
  out += '\0';
  for (std::size_t i = 0; i < before - 8; ++i) out += static_cast<char>(dict.size() >> (8 * i) & 0xff);
  return out + dict;
}

NpyHeader parse_npy_header(std::string_view dict) {
  NpyHeader h;
  Literal in(dict);
  bool descr = false, order = false, shape = false;
  in.need('{');
  while (!in.take('}')) {
    const std::string key = in.string();
    in.need(':');
    if (key == "descr") {
      if (in.at('[') || in.at('(')) throw TypeError("load: tnp has no arrays of structures");
      h.descr = in.string();
      descr = true;
    } else if (key == "fortran_order") {
      h.fortran_order = in.boolean();
      order = true;
    } else if (key == "shape") {
      h.shape = in.tuple();
      shape = true;
    } else {
      throw ValueError("Header does not contain the correct keys: '" + key + "'");
    }
    if (!in.take(',')) {
      in.need('}');
      break;
    }
  }
  if (!in.done()) in.fail();
  if (!descr || !order || !shape) throw ValueError("Header does not contain the correct keys");
  if (h.shape.ndim() > 64) throw ValueError("load: an array of more than 64 dimensions");
  read_descr(h);
  return h;
}

Array npy_elements(const NpyHeader& h, std::span<const std::byte> data) {
  const std::int64_t bytes = h.data_bytes();
  if (std::ssize(data) < bytes) {
    throw ValueError("load: an array of shape " + h.shape.str() + " and type '" + h.descr + "' needs " +
                     std::to_string(bytes) + " bytes, the file has " + std::to_string(data.size()));
  }
  if (!is_numeric(h.dtype)) throw TypeError("load: an array of " + std::string(name(h.dtype)) + " from C++");
  Shape shape = h.shape;
  if (h.fortran_order) std::reverse(shape.begin(), shape.end());
  Array x = Array::copy_of(data.data(), h.dtype, shape);
  if (h.swapped) swap_bytes(x.data(), shape.num_elements(), h.dtype);
  if (h.dtype == DType::bool_) {  // a byte that is neither 0 nor 1 would be no boolean
    for (std::int64_t i = 0; i < bytes; ++i) x.data()[i] = static_cast<std::byte>(x.data()[i] != std::byte{0});
  }
  if (!h.fortran_order) return x;
  Axes axes;
  for (int i = shape.ndim() - 1; i >= 0; --i) axes.push_back(i);
  return transpose(x, axes);
}

void save(const std::string& path, const Array& x) {
  if (!is_numeric(x.dtype())) throw TypeError("save: an array of " + std::string(name(x.dtype())) + " from C++");
  const Array rows = x.is_contiguous() ? x : copy(x);
  std::ofstream out(path, std::ios::binary);
  if (!out) throw RuntimeError("save: cannot open '" + path + "'");
  const std::string header = npy_header(info(x.dtype()).code, x.shape());
  out.write(header.data(), std::ssize(header));
  out.write(reinterpret_cast<const char*>(rows.data()), rows.size() * rows.itemsize());
  if (!out.flush()) throw RuntimeError("save: cannot write to '" + path + "'");
}

Array load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw RuntimeError("load: cannot open '" + path + "'");
  const std::string all{std::istreambuf_iterator<char>(in), {}};
  if (all.size() < kNpyStart || !all.starts_with(kMagic)) throw ValueError("load: '" + path + "' is no .npy file");
  const int version = all[6];
  if (version < 1 || version > 3) throw ValueError("load: unknown version of the .npy format");
  const std::size_t before = version == 1 ? 10 : 12;
  std::size_t length = 0;
  for (std::size_t i = 0; i < before - 8; ++i)
    length |= static_cast<std::size_t>(static_cast<unsigned char>(all[8 + i])) << (8 * i);
  if (all.size() < before + length) throw ValueError("load: '" + path + "' ends in its header");
  const NpyHeader h = parse_npy_header(std::string_view(all).substr(before, length));
  return npy_elements(h, std::as_bytes(std::span(all)).subspan(before + length));
}

}  // namespace tnp
