// Functions and methods written as a signature and a body. Their arguments are parsed without nanobind: a call of a
// small array's `sum` would spend more time there than in the sum.
//
//   TNP_FUNCTION(sum, kFunction | kMethod, "(a, axis=None, …)", "The sum …") {
//     const auto [a, axis, …] = take<N>(args);
//     return to_python(…);
//   }
#pragma once

#include <array>

#include "python/python.h"
#include "tnp/manipulation.h"

namespace tnp::python {

// One argument; borrowed.
class Value {
 public:
  Value(PyObject* o = nullptr) : o_(o) {}
  PyObject* ptr() const { return o_; }
  nb::handle handle() const { return nb::handle(o_); }
  bool given() const { return o_ != nullptr && o_ != Py_None; }

  Array array() const { return is_array(o_) ? array_of(o_) : as_array(o_); }
  Array array_if_given() const { return given() ? array() : Array(); }
  Arrays arrays() const;  // of a sequence
  bool flag(bool otherwise = false) const { return given() ? truth() : otherwise; }
  std::int64_t integer() const {
    std::int64_t i;
    return o_ != nullptr && small_int(o_, i) ? i : index();
  }
  std::int64_t integer(std::int64_t otherwise) const { return given() ? integer() : otherwise; }
  double number(double otherwise) const;
  std::string text(const char* otherwise) const;
  std::int64_t size() const {
    std::int64_t i;
    return o_ != nullptr && small_int(o_, i) ? i : dim_of(handle());
  }
  Shape shape() const;
  std::optional<DType> dtype() const;
  std::optional<Axes> axes() const;  // an int or a sequence of them
  std::optional<std::int64_t> axis() const;
  Order order() const { return given() ? order_named() : Order::c; }  // throws ValueError for none of C, F, A, K
  Casting casting() const;
  void check_device() const {  // the CPU or None
    if (given()) check_device_named();
  }
  Array mask() const;  // everywhere (absent) for None and True

 private:
  bool truth() const;
  std::int64_t index() const;
  Order order_named() const;
  void check_device_named() const;

  PyObject* o_;
};

inline constexpr int kMaxArguments = 16;

struct Arguments {
  PyObject* values[kMaxArguments] = {};
  std::span<PyObject* const> rest;  // of a signature with *args
};

template <int N>
std::array<Value, N> take(const Arguments& args) {
  std::array<Value, N> out;
  for (int i = 0; i < N; ++i) out[i] = Value(args.values[i]);
  return out;
}

// An operand that keeps Python scalars weak. Throws TypeError for what is no operand.
void read_operand(PyOperand& out, const Value& value);
inline Operand operand(const PyOperand& p) { return p.is_array() ? Operand(p.array()) : Operand(p.scalar()); }

// Of tnp, of its arrays, of tnp.array_api, of tnp.linalg, of tnp.fft.
enum FunctionKind : unsigned { kFunction = 1, kMethod = 2, kStandard = 4, kLinalg = 8, kFft = 16 };

class FunctionDef {
 public:
  using Body = nb::object (*)(const Arguments&);
  using Entry = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);

  FunctionDef(const char* name, unsigned kinds, const char* signature, const char* doc, Body body, Entry function,
              Entry method);
  FunctionDef(const FunctionDef&) = delete;

  // `self`: the array of a method, which is the first argument; else null.
  PyObject* call(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) const noexcept;
  // A way of its own for the most frequent arguments, without keywords: null (and no error) for all others.
  using ShortWay = PyObject* (*)(PyObject* self, std::span<PyObject* const> args);
  bool set_short_way(ShortWay f) { return (short_way_ = f) != nullptr; }
  unsigned kinds() const { return kinds_; }
  bool is_standard() const { return (kinds_ & kStandard) != 0; }
  void bind(nb::module_& m, nb::dict& functions);

 private:
  void read_signature();
  void parse(Arguments& out, PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) const;
  void take_keyword(Arguments& out, PyObject* name, PyObject* value) const;

  const char* name_;
  unsigned kinds_;
  const char* signature_;
  const char* doc_;
  Body body_;
  Entry function_, method_;
  ShortWay short_way_ = nullptr;
  std::string function_doc_, method_doc_;
  PyMethodDef function_def_{}, method_def_{};
  std::vector<PyObject*> names_;  // interned
  int required_ = 0;              // how many come first without a default
  int positional_only_ = 0, positional_ = 0, out_ = -1;
  bool collects_ = false;  // *args
};

// Another name for a function.
struct FunctionAlias {
  FunctionAlias(const char* alias, const char* name);
};

#define TNP_FUNCTION(NAME, KINDS, SIGNATURE, DOC)                                                       \
  nb::object NAME##_body(const Arguments& args);                                                        \
  PyObject* NAME##_function(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* names);       \
  PyObject* NAME##_method(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names);    \
  FunctionDef NAME##_def(#NAME, KINDS, SIGNATURE, DOC, &NAME##_body, &NAME##_function, &NAME##_method); \
  PyObject* NAME##_function(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {      \
    return NAME##_def.call(nullptr, args, nargs, names);                                                \
  }                                                                                                     \
  PyObject* NAME##_method(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {   \
    return NAME##_def.call(self, args, nargs, names);                                                   \
  }                                                                                                     \
  nb::object NAME##_body([[maybe_unused]] const Arguments& args)

// TNP_SHORT_WAY(sum) { … } after TNP_FUNCTION(sum, …): what is done with `args` before they are parsed.
#define TNP_SHORT_WAY(NAME)                                                      \
  PyObject* NAME##_short_way(PyObject* self, std::span<PyObject* const> args);   \
  const bool NAME##_has_short_way = NAME##_def.set_short_way(&NAME##_short_way); \
  PyObject* NAME##_short_way([[maybe_unused]] PyObject* self, std::span<PyObject* const> args)

#define TNP_ALIAS(ALIAS, NAME) const FunctionAlias ALIAS##_alias(#ALIAS, #NAME);

}  // namespace tnp::python
