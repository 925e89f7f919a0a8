// The Python array API standard, strictly: what the standard leaves to each library is an error that names the rule and
// the portable way to write it. The arrays are tnp's own; only what may be done with them is narrower.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tnp/array.h"
#include "tnp/indexing.h"
#include "tnp/primitives.h"

namespace tnp::array_api {

// --- flags: which version of the standard, and which of its optional parts

// "2025.12" as 202512, so that versions compare.
using Version = std::int32_t;
inline constexpr Version k2021 = 202112, k2022 = 202212, k2023 = 202312, k2024 = 202412, k2025 = 202512;
inline constexpr Version kDraft = 202612;         // accepted; the rules are those of k2025
std::string version_text(Version v);              // "2025.12"
Version version_named(std::string_view version);  // throws ValueError

enum class Extension : std::uint8_t { none = 0, linalg = 1, fft = 2 };
inline constexpr std::uint8_t kAllExtensions = 3;

// Of the whole process, as a version that was chosen for a test holds for all of its threads.
struct Flags {
  Version version = k2025;
  bool boolean_indexing = true;
  bool data_dependent_shapes = true;
  std::uint8_t extensions = kAllExtensions;  // a set of Extension
  bool operator==(const Flags&) const = default;
};
Flags flags() noexcept;
struct FlagChanges {
  std::optional<Version> version;
  std::optional<bool> boolean_indexing, data_dependent_shapes;
  std::optional<std::vector<std::string>> extensions;  // by their names
};
// Throws ValueError for an unknown extension and for one that the version does not have; nothing is changed then.
// Without `extensions` those that the version does not have are disabled.
void set_flags(const FlagChanges& changes);
void set_flags(const Flags& flags) noexcept;
// What ARRAY_API_STRICT_API_VERSION, …_BOOLEAN_INDEXING, …_DATA_DEPENDENT_SHAPES, …_ENABLED_EXTENSIONS say.
FlagChanges flags_of_environment();

// These throw RuntimeError where the flags do not allow it.
void require_version(const char* function, Version since);
void require_extension(const char* function, Extension extension);
void require_data_dependent_shapes(const char* function);

// --- devices: of names only, to see whether code is portable. All of them are the CPU.

enum class Device : std::uint8_t { cpu, device1, device2, no_float64, no_x64 };
inline constexpr int kDeviceCount = 5;
const char* device_name(Device d) noexcept;  // "CPU_DEVICE", "device1", …
Device device_named(std::string_view name);  // throws ValueError
bool supports(Device device, DType dtype) noexcept;
void check_supported(const char* function, Device device, DType dtype);  // throws ValueError
// Throws ValueError unless they are the same.
void check_same_device(const char* function, Device a, Device b);

struct DefaultTypes {
  DType real, complex, integer, indexing;
};
DefaultTypes default_types(Device device) noexcept;

// A transfer of elements from one device to another.
struct Transfer {
  const char* function;
  Device source, target;
  DType dtype;
  Shape shape;
};
// While it lives, the transfers of its thread are recorded, or forbidden: RuntimeError.
class TransferScope {
 public:
  explicit TransferScope(bool forbid) : forbid_(forbid) {}
  TransferScope(const TransferScope&) = delete;
  ~TransferScope() { leave(); }
  void enter();  // throws RuntimeError if it is entered already
  void leave() noexcept;
  const std::vector<Transfer>& transfers() const { return transfers_; }

 private:
  friend void note_transfer(const char*, const Array&, Device, Device);
  bool forbid_, entered_ = false;
  TransferScope* outer_ = nullptr;
  std::vector<Transfer> transfers_;
};
// Of the elements of x; nothing if source and target are the same.
void note_transfer(const char* function, const Array& x, Device source, Device target);

// --- types

constexpr std::uint32_t types_between(DType first, DType last) {
  return ((2u << static_cast<int>(last)) - 1) & ~((1u << static_cast<int>(first)) - 1);
}

// The standard's groups of types, as sets: bit d is DType d.
enum class Category : std::uint32_t {
  boolean = types_between(DType::bool_, DType::bool_),
  signed_integer = types_between(DType::int8, DType::int64),
  unsigned_integer = types_between(DType::uint8, DType::uint64),
  integer = signed_integer | unsigned_integer,
  integer_or_boolean = integer | boolean,
  real_floating = types_between(DType::float32, DType::float64),
  complex_floating = types_between(DType::complex64, DType::complex128),
  floating = real_floating | complex_floating,
  real_numeric = integer | real_floating,
  numeric = integer | floating,
  all = numeric | boolean,
};

constexpr bool contains(Category c, DType d) noexcept {
  return ((static_cast<std::uint32_t>(c) >> static_cast<int>(d)) & 1) != 0;
}
constexpr bool is_standard(DType d) noexcept { return contains(Category::all, d); }
const char* category_name(Category c) noexcept;  // "real numeric"
// The category that isdtype calls `kind`; throws ValueError for another word.
Category category_of_kind(std::string_view kind);
// "bool", "float32": the standard's name.
std::string_view dtype_name(DType d) noexcept;

// Throws TypeError, naming the function, unless it takes arrays of this type.
void check_category(const char* function, DType dtype, Category category);
// The type that two arrays are promoted to. Throws TypeError where the standard has none: kinds are never mixed, nor
// uint64 with signed integers.
DType promote(const char* function, DType a, DType b);
bool try_promote(DType a, DType b, DType& out) noexcept;
bool can_cast(DType from, DType to) noexcept;
// The type that a Python scalar takes beside an array: the array's own, or the complex one of its precision for a
// complex number beside real floating-point. Throws TypeError where the array's kind can not hold it.
DType scalar_dtype(const char* function, DType array, WeakKind scalar);

// --- elementwise functions

struct Function {
  const char* name;       // the standard's
  const char* operation;  // the primitive of the same meaning
  Category category;      // of its arguments
  int arity;
  Version since = k2021;
  bool keeps_integers = false;  // integers are their own results
  bool counts = false;          // the second argument must not be negative
};

inline constexpr Function kElementwise[] = {
    {"abs", "absolute", Category::numeric, 1},
    {"acos", "arccos", Category::floating, 1},
    {"acosh", "arccosh", Category::floating, 1},
    {"add", "add", Category::numeric, 2},
    {"asin", "arcsin", Category::floating, 1},
    {"asinh", "arcsinh", Category::floating, 1},
    {"atan", "arctan", Category::floating, 1},
    {"atan2", "arctan2", Category::real_floating, 2},
    {"atanh", "arctanh", Category::floating, 1},
    {"bitwise_and", "bitwise_and", Category::integer_or_boolean, 2},
    {"bitwise_invert", "invert", Category::integer_or_boolean, 1},
    {"bitwise_left_shift", "left_shift", Category::integer, 2, k2021, false, true},
    {"bitwise_or", "bitwise_or", Category::integer_or_boolean, 2},
    {"bitwise_right_shift", "right_shift", Category::integer, 2, k2021, false, true},
    {"bitwise_xor", "bitwise_xor", Category::integer_or_boolean, 2},
    {"ceil", "ceil", Category::real_numeric, 1, k2021, true},
    {"conj", "conjugate", Category::numeric, 1},
    {"copysign", "copysign", Category::real_floating, 2, k2023},
    {"cos", "cos", Category::floating, 1},
    {"cosh", "cosh", Category::floating, 1},
    {"divide", "divide", Category::floating, 2},
    {"equal", "equal", Category::all, 2},
    {"exp", "exp", Category::floating, 1},
    {"expm1", "expm1", Category::floating, 1},
    {"floor", "floor", Category::real_numeric, 1, k2021, true},
    {"floor_divide", "floor_divide", Category::real_numeric, 2},
    {"greater", "greater", Category::real_numeric, 2},
    {"greater_equal", "greater_equal", Category::real_numeric, 2},
    {"hypot", "hypot", Category::real_floating, 2, k2023},
    {"imag", "imag", Category::complex_floating, 1},
    {"isfinite", "isfinite", Category::numeric, 1},
    {"isinf", "isinf", Category::numeric, 1},
    {"isnan", "isnan", Category::numeric, 1},
    {"less", "less", Category::real_numeric, 2},
    {"less_equal", "less_equal", Category::real_numeric, 2},
    {"log", "log", Category::floating, 1},
    {"log10", "log10", Category::floating, 1},
    {"log1p", "log1p", Category::floating, 1},
    {"log2", "log2", Category::floating, 1},
    {"logaddexp", "logaddexp", Category::real_floating, 2},
    {"logical_and", "logical_and", Category::boolean, 2},
    {"logical_not", "logical_not", Category::boolean, 1},
    {"logical_or", "logical_or", Category::boolean, 2},
    {"logical_xor", "logical_xor", Category::boolean, 2},
    {"maximum", "maximum", Category::real_numeric, 2, k2023},
    {"minimum", "minimum", Category::real_numeric, 2, k2023},
    {"multiply", "multiply", Category::numeric, 2},
    {"negative", "negative", Category::numeric, 1},
    {"nextafter", "nextafter", Category::real_floating, 2, k2024},
    {"not_equal", "not_equal", Category::all, 2},
    {"positive", "positive", Category::numeric, 1},
    {"pow", "power", Category::numeric, 2},
    {"real", "real", Category::numeric, 1},
    {"reciprocal", "reciprocal", Category::floating, 1, k2024},
    {"remainder", "remainder", Category::real_numeric, 2},
    {"round", "rint", Category::numeric, 1, k2021, true},
    {"sign", "sign", Category::numeric, 1},
    {"signbit", "signbit", Category::real_floating, 1, k2023},
    {"sin", "sin", Category::floating, 1},
    {"sinh", "sinh", Category::floating, 1},
    {"sqrt", "sqrt", Category::floating, 1},
    {"square", "square", Category::numeric, 1},
    {"subtract", "subtract", Category::numeric, 2},
    {"tan", "tan", Category::floating, 1},
    {"tanh", "tanh", Category::floating, 1},
    {"trunc", "trunc", Category::real_numeric, 1, k2021, true},
};

// A function is named by its place in kElementwise: the table's address is not the same in every library.
using FunctionId = std::size_t;
consteval FunctionId function_named(std::string_view name) {
  FunctionId i = 0;
  while (name != kElementwise[i].name) ++i;  // past the end: no constant expression
  return i;
}

// An operand: an array, or a Python scalar, whose type gives way by the rules above.
// `donated`: arguments (a bit each) whose memory the result may take.
Array call(FunctionId f, const Array& x, std::uint64_t donated = 0);
Array call(FunctionId f, const Operand& x, const Operand& y, std::uint64_t donated = 0);
// x op= y: written into x's memory where nobody else holds it. Throws TypeError if the result has another type than x,
// ValueError if it has another shape; x is then as it was.
void update(FunctionId f, Array& x, const Operand& y);
void matmul_update(Array& x, const Array& y);

// --- indexing

enum class Access : std::uint8_t { get, set };
// Throws IndexError for an index that the standard leaves to each library.
void check_index(const Array& x, std::span<const IndexItem> items, Access access);
Array getitem(const Array& x, std::span<const IndexItem> items);
// x[items] = value: written into x's memory where nobody else holds it.
void setitem(Array& x, std::span<const IndexItem> items, const Operand& value);

// --- functions: the standard's names and meaning

using AxisArgument = std::optional<Axes>;
struct Reduction {
  AxisArgument axis;  // none: all
  bool keepdims = false;
};
// The type of a sum of x's type where none is given: that of x, or the device's default type of its kind if that holds
// more. Floating-point numbers keep theirs since 2023.12.
DType sum_dtype(DType x, Device device);
Array sum(const Array& x, const Reduction& over, std::optional<DType> dtype);
Array prod(const Array& x, const Reduction& over, std::optional<DType> dtype);
Array max(const Array& x, const Reduction& over);
Array min(const Array& x, const Reduction& over);
Array mean(const Array& x, const Reduction& over);
Array std(const Array& x, const Reduction& over, double correction);
Array var(const Array& x, const Reduction& over, double correction);
struct Cumulation {
  std::optional<std::int64_t> axis;  // may be left out of vectors only
  bool include_initial = false;
};
Array cumulative_sum(const Array& x, const Cumulation& over, DType dtype);
Array cumulative_prod(const Array& x, const Cumulation& over, DType dtype);
Array argmax(const Array& x, std::optional<std::int64_t> axis, bool keepdims);
Array argmin(const Array& x, std::optional<std::int64_t> axis, bool keepdims);
Array diff(const Array& x, std::int64_t axis, std::int64_t n, const Array& prepend, const Array& append);

Array sort(const Array& x, std::int64_t axis, bool descending);
Array argsort(const Array& x, std::int64_t axis, bool descending);
Array searchsorted(const Array& x, const Operand& values, bool right, const Array& sorter);
struct Unique {
  Array values, indices, inverse_indices, counts;
};
// Only the values, and what else is wanted. NaN differs from NaN.
Unique unique(const char* function, const Array& x, bool indices, bool inverse, bool counts);
Array isin(const Operand& x, const Operand& y, bool invert);

Array astype(const Array& x, DType dtype);
// The type of the arrays and types together, then of the scalars beside that. Throws ValueError for scalars alone.
DType result_type(std::span<const DType> dtypes, std::span<const WeakKind> scalars);
// Bounds are absent arrays or scalars; x keeps its type.
Array clip(const Array& x, const Operand* lower, const Operand* upper);
Array where(const Array& condition, const Operand& x, const Operand& y);

Array concat(std::span<const Array> arrays, std::optional<std::int64_t> axis);
Array stack(std::span<const Array> arrays, std::int64_t axis);
Arrays meshgrid(std::span<const Array> arrays, bool matrix_indexing);
Array tril(const Array& x, std::int64_t k);
Array triu(const Array& x, std::int64_t k);
Array repeat(const Array& x, const Array& counts, std::optional<std::int64_t> axis);
Array take(const Array& x, const Array& indices, std::optional<std::int64_t> axis);
Array take_along_axis(const Array& x, const Array& indices, std::int64_t axis);

Array matmul(const Array& x, const Array& y);
Array matrix_transpose(const Array& x);
Array transpose(const Array& x);  // x.T
Array tensordot(const Array& x, const Array& y, const std::pair<Axes, Axes>& axes);
Array tensordot(const Array& x, const Array& y, std::int64_t axes);
Array vecdot(const Array& x, const Array& y, std::int64_t axis);

// --- the extension of linear algebra: what is not in products above

namespace linalg {

Array cholesky(const Array& x, bool upper);
Array cross(const Array& x, const Array& y, std::int64_t axis);
Array det(const Array& x);
Array diagonal(const Array& x, std::int64_t offset);
Arrays eig(const Array& x);  // complex whatever x is
Array eigvals(const Array& x);
Arrays eigh(const Array& x);
Array eigvalsh(const Array& x);
Array inv(const Array& x);
// Absent: the Frobenius norm.
Array matrix_norm(const Array& x, bool keepdims, const std::optional<std::variant<double, std::string>>& order);
Array matrix_power(const Array& x, std::int64_t n);
// Without rtol: the precision of x's type times the larger size.
Array matrix_rank(const Array& x, const Array& rtol);
Array pinv(const Array& x, const Array& rtol);
Array outer(const Array& x, const Array& y);
Arrays qr(const Array& x, std::string_view mode);
Arrays slogdet(const Array& x);
Array solve(const Array& x, const Array& y);
Arrays svd(const Array& x, bool full_matrices);
Array svdvals(const Array& x);
Array trace(const Array& x, std::int64_t offset, DType dtype);
Array vector_norm(const Array& x, const Reduction& over, double order);

}  // namespace linalg

// --- the extension of Fourier transforms

namespace fft {

using OneAxis = Array(const Array& x, std::optional<std::int64_t> n, std::int64_t axis, std::string_view norm);
OneAxis fft, ifft, rfft, irfft, hfft, ihfft;
using ManyAxes = Array(const Array& x, const std::optional<Shape>& sizes, const AxisArgument& axes,
                       std::string_view norm);
ManyAxes fftn, ifftn, rfftn, irfftn;
Array fftfreq(std::int64_t n, double spacing, DType dtype);
Array rfftfreq(std::int64_t n, double spacing, DType dtype);
Array fftshift(const Array& x, const AxisArgument& axes);
Array ifftshift(const Array& x, const AxisArgument& axes);

}  // namespace fft

}  // namespace tnp::array_api
