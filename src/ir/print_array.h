// The text of an array, character for character NumPy's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/view.h"
#include "tnp/dtype.h"

namespace tnp {

// NumPy's print options, with its names and defaults.
struct PrintOptions {
  std::int64_t edgeitems = 3;     // items shown at each end of a summarised axis
  std::int64_t threshold = 1000;  // larger arrays are summarised
  int precision = 8;
  bool suppress = false;  // no exponents because numbers are small or far apart
  std::int64_t linewidth = 75;
  std::string nanstr = "nan";
  std::string infstr = "inf";
  char sign = '-';                    // '-', '+' or ' '
  std::string floatmode = "maxprec";  // "fixed", "unique", "maxprec" or "maxprec_equal"
  // Called for each element where set, instead of the rules for its type.
  std::function<std::string(const void* element)> formatter;
};

// Throws ValueError with NumPy's message for an unknown sign or floatmode.
void validate(const PrintOptions& options);

// The current options of this thread; a new thread starts with the defaults, as in NumPy.
PrintOptions& print_options() noexcept;

// Restores the current options when it goes out of scope.
class PrintOptionsScope {
 public:
  PrintOptionsScope() : saved_(print_options()) {}
  ~PrintOptionsScope() { print_options() = std::move(saved_); }
  PrintOptionsScope(const PrintOptionsScope&) = delete;
  PrintOptionsScope& operator=(const PrintOptionsScope&) = delete;

 private:
  PrintOptions saved_;
};

// np.array2string. `prefix` and `suffix` are not part of the result: they say how much room the text has.
std::string array2string(const StridedView& array, const PrintOptions& options = print_options(),
                         std::string_view separator = " ", std::string_view prefix = "", std::string_view suffix = "");
// str(array); for a 0-d array that of its element, whatever the options say.
std::string array_str(const StridedView& array, const PrintOptions& options = print_options());
// repr(array). `prefix` is what stands before the values, "array(" in NumPy; a ')' closes it. `type` is what the type
// is called where that is not what the memory says.
std::string array_repr(const StridedView& array, const PrintOptions& options = print_options(),
                       std::string_view prefix = "array(", std::string_view type = {});
// str of the NumPy scalar of this type and value: "True", "3", "0.1", "(1+2j)".
std::string scalar_str(const void* element, DType dtype);

}  // namespace tnp
