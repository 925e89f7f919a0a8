// Arrays in files: NumPy's .npy format.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "tnp/array.h"

namespace tnp {

struct NpyHeader {
  std::string descr;  // the type's code, as "<f8"
  DType dtype = DType::float64;
  bool swapped = false;  // in the other order of bytes
  bool fortran_order = false;
  Shape shape;
  int width = 0;  // characters of an element of fixed-width text, else 0
  std::int64_t item_bytes() const;
  std::int64_t data_bytes() const;
};

// What comes before the elements: magic, version, lengths, the dict. Equal to what NumPy writes.
std::string npy_header(std::string_view descr, const Shape& shape);
// The bytes of the magic and the length, of which the rest of the header follows: `npy_rest` says how many.
inline constexpr std::size_t kNpyStart = 12;
// Reads the dict of a header. Throws ValueError for what is none, TypeError for types that tnp has not.
NpyHeader parse_npy_header(std::string_view dict);
// The elements that follow a header, in native order, row-major. Throws ValueError where there are too few.
Array npy_elements(const NpyHeader& header, std::span<const std::byte> data);

// Throws RuntimeError where the file cannot be opened, ValueError where it is none of this format.
void save(const std::string& path, const Array& x);
Array load(const std::string& path);

}  // namespace tnp
