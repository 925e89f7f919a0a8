// Arguments of the functions of tnp.array_api, as the standard writes their types: an int is no sequence, a sequence of
// ints is a tuple, an array is one of this namespace.
#pragma once

#include "python/arguments.h"
#include "python/array_api.h"
#include "python/silent_flags.h"
#include "tnp/error.h"

namespace tnp::python {

// One call of a function of the namespace: whether the flags allow it, and on which device it happens. The first array
// among the arguments says so; the others must be there too.
class StrictCall {
 public:
  // Throws RuntimeError where the flags do not allow the function.
  StrictCall(const char* function, array_api::Version since, array_api::Extension extension) : function_(function) {
    if (since > array_api::k2022) array_api::require_version(function, since);
    array_api::require_extension(function, extension);
    if (extension == array_api::Extension::linalg) silent_.emplace();
  }

  const char* function() const { return function_; }
  std::string named(const char* argument) const { return std::string(function_) + ": " + argument; }

  // An argument: an array of the strict class. Throws TypeError for anything else, ValueError for another device.
  const Array& array(const Value& v, const char* argument = "x") { return array(v.ptr(), argument); }
  const Array& array(PyObject* o, const char* argument = "x") {
    if (o == nullptr || !is_strict_array(o)) refuse_argument(function_, o, argument);
    join(strict_device_of(o));
    return strict_array_of(o);
  }
  Array array_if_given(const Value& v, const char* argument) { return v.given() ? array(v, argument) : Array(); }
  Arrays arrays(std::span<PyObject* const> objects);
  Arrays sequence(const Value& arrays);  // a tuple or list of arrays
  void join(array_api::Device d) {
    if (known_ && d != device_) array_api::check_same_device(function_, device_, d);
    device_ = d;
    known_ = true;
  }

  // dtype= and device= of functions that make arrays.
  void take_device(const Value& device) {
    if (const auto d = device_if_given(function_, device.ptr())) join_anew(*d);
  }
  void join_anew(array_api::Device d) {
    device_ = d;
    known_ = true;
  }
  std::optional<DType> dtype(const Value& dtype) const;
  DType sum_dtype(const Value& dtype, const Array& x) const;  // of sums and products of x
  array_api::Device device() const { return device_; }
  array_api::DefaultTypes defaults() const { return array_api::default_types(device_); }

  std::int64_t int_or(const char* argument, const Value& v, std::int64_t otherwise) const;
  // Of the axis, if there is such a one: a traced function that does not know it is traced again with its number.
  void need_size(const Array& x, std::int64_t axis) const;

  // Results. Throw ValueError for a type that the device has not.
  nb::object wrap(Array x) const {
    if (device_ >= array_api::Device::no_float64) array_api::check_supported(function_, device_, x.dtype());
    return to_strict(std::move(x), device_);
  }
  nb::object wrap_indices(const Array& x) const;  // in the device's type for indices
  nb::object tuple(const Arrays& xs) const;
  nb::object sequence(const Arrays& xs) const;  // a tuple, before 2025.12 a list

 private:
  const char* function_;
  array_api::Device device_ = array_api::Device::cpu;
  bool known_ = false;
  std::optional<SilentFlags> silent_;  // decompositions do not warn of what happens on the way
};

// A function of the namespace since a version of the standard: its body has `call` and `args`.
#define TNP_STANDARD_OF(KIND, EXTENSION, NAME, SINCE, SIGNATURE, DOC)          \
  nb::object NAME##_standard(StrictCall& call, const Arguments& args);         \
  TNP_FUNCTION(NAME, KIND, SIGNATURE, DOC) {                                   \
    StrictCall call(#NAME, array_api::SINCE, array_api::Extension::EXTENSION); \
    return NAME##_standard(call, args);                                        \
  }                                                                            \
  nb::object NAME##_standard([[maybe_unused]] StrictCall& call, [[maybe_unused]] const Arguments& args)
#define TNP_STANDARD(NAME, SINCE, SIGNATURE, DOC) TNP_STANDARD_OF(kStandard, none, NAME, SINCE, SIGNATURE, DOC)

std::int64_t strict_int(const char* what, PyObject* o);                            // throws TypeError
std::int64_t strict_diagonal(const char* what, const Value& k);                    // an int of any size, or absent
std::optional<std::int64_t> strict_axis(const char* what, const Value& axis);      // an int or None
std::optional<Axes> strict_axes(const char* what, const Value& axes);              // an int, a tuple of ints or None
Axes strict_ints(const char* what, const Value& ints, bool list_allowed = false);  // an int or a tuple of ints
// The standard has tuples; lists pass where array-api-strict lets them.
enum class Sizes : std::uint8_t { tuple, sequence, int_or_sequence };
Shape strict_shape(const char* what, const Value& shape, Sizes accepted = Sizes::int_or_sequence);
bool strict_flag(const char* what, const Value& flag, bool otherwise);

}  // namespace tnp::python
