#include "python/arguments.h"

#include <cstring>

#include "base/casting.h"
#include "ops/elementwise/fp_status.h"
#include "python/autograph.h"
#include "python/numpy_memory.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

// Not destroyed: the defs live as long as the process.
std::vector<FunctionDef*>& all_functions() {
  static auto* v = new std::vector<FunctionDef*>;
  return *v;
}
struct Alias {
  const char *alias, *name;
};
std::vector<Alias>& all_aliases() {
  static auto* v = new std::vector<Alias>;
  return *v;
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

// "(a, b=(0, 1), *, c)" at its outer commas.
std::vector<std::string_view> parameters(std::string_view signature) {
  std::vector<std::string_view> out;
  int depth = 0;
  std::size_t start = 1;
  for (std::size_t i = 0; i < signature.size(); ++i) {
    const char c = signature[i];
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if ((c == ',' && depth == 1) || (c == ')' && depth == 0)) {
      const std::string_view p = trimmed(signature.substr(start, i - start));
      if (!p.empty()) out.push_back(p);
      start = i + 1;
    }
  }
  return out;
}

}  // namespace

FunctionDef::FunctionDef(const char* name, unsigned kinds, const char* signature, const char* doc, Body body,
                         Entry function, Entry method)
    : name_(name), kinds_(kinds), signature_(signature), doc_(doc), body_(body), function_(function), method_(method) {
  all_functions().push_back(this);
}

FunctionAlias::FunctionAlias(const char* alias, const char* name) { all_aliases().push_back({alias, name}); }

void FunctionDef::read_signature() {
  bool keyword_only = false;
  for (std::string_view p : parameters(signature_)) {
    if (p == "/") {
      positional_only_ = static_cast<int>(names_.size());
    } else if (p == "*") {
      keyword_only = true;
    } else if (p.front() == '*') {
      keyword_only = collects_ = true;
    } else {
      const std::size_t equals = p.find('=');
      const std::string name(p.substr(0, equals));
      if (name == "out") out_ = static_cast<int>(names_.size());
      names_.push_back(PyUnicode_InternFromString(name.c_str()));
      if (equals == std::string_view::npos && required_ + 1 == static_cast<int>(names_.size())) ++required_;
      if (!keyword_only) ++positional_;
    }
  }
  if (names_.size() > kMaxArguments) throw RuntimeError(std::string(name_) + ": too many parameters");
}

void FunctionDef::take_keyword(Arguments& out, PyObject* name, PyObject* value) const {
  const int n = static_cast<int>(names_.size());
  for (int pass = 0; pass < 2; ++pass) {
    for (int i = positional_only_; i < n; ++i) {
      if (pass == 0 ? names_[i] != name : PyUnicode_Compare(names_[i], name) != 0) continue;
      if (out.values[i] != nullptr) {
        throw TypeError(std::string(name_) + "() got multiple values for argument '" + PyUnicode_AsUTF8(name) + "'");
      }
      out.values[i] = value;
      return;
    }
  }
  throw TypeError(std::string(name_) + "() got an unexpected keyword argument '" + PyUnicode_AsUTF8(name) + "'");
}

void FunctionDef::parse(Arguments& out, PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                        PyObject* names) const {
  int at = 0;
  if (self != nullptr) out.values[at++] = self;
  Py_ssize_t direct = nargs;
  if (nargs > positional_ - at) {
    direct = positional_ - at;
    if (!collects_) {
      throw TypeError(std::string(name_) + "() takes at most " + std::to_string(positional_ - at) +
                      " positional arguments but " + std::to_string(nargs) + " were given");
    }
    out.rest = {args + direct, static_cast<std::size_t>(nargs - direct)};
  }
  for (Py_ssize_t i = 0; i < direct; ++i) out.values[at + i] = args[i];
  if (names != nullptr) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i)
      take_keyword(out, PyTuple_GET_ITEM(names, i), args[nargs + i]);
  }
  for (int i = 0; i < required_; ++i) {
    if (out.values[i] == nullptr) {
      throw TypeError(std::string(name_) + "() missing required argument '" +
                      PyUnicode_AsUTF8(names_[static_cast<std::size_t>(i)]) + "' (pos " + std::to_string(i + 1) + ")");
    }
  }
  if (out_ >= 0 && out.values[out_] != nullptr && out.values[out_] != Py_None) {
    throw TypeError(std::string(name_) + "(): out= is not supported, as arrays are immutable: use the result");
  }
}

namespace {

PyObject* failed_call() noexcept {
  fp_flags_seen.store(0, std::memory_order_relaxed);  // a later call is not to report them as its own
  set_error_from_current_exception();
  return nullptr;
}

}  // namespace

PyObject* FunctionDef::call(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) const noexcept {
  // Out of line, so that the short way need not make room for the arguments.
  const auto parsed_call = [=, this]() __attribute__((noinline)) noexcept -> PyObject* {
    try {
      Arguments arguments;
      parse(arguments, self, args, nargs, names);
      nb::object result = body_(arguments);
      if (fp_flags_seen.load(std::memory_order_relaxed) != 0 && !report_fp_flags(name_)) return nullptr;
      return result.release().ptr();
    } catch (...) {
      return failed_call();
    }
  };
  if (short_way_ != nullptr && names == nullptr) {
    try {
      if (PyObject* result = short_way_(self, {args, static_cast<std::size_t>(nargs)})) return result;
    } catch (...) {
      return failed_call();
    }
  }
  return parsed_call();
}

void FunctionDef::bind(nb::module_& m, nb::dict& functions) {
  read_signature();
  constexpr int kFlags = METH_FASTCALL | METH_KEYWORDS;
  const std::string body = std::string(")\n--\n\n") + doc_;
  const std::string inner(std::string_view(signature_).substr(1, std::strlen(signature_) - 2));
  if (kinds_ & ~kMethod) {
    function_doc_ = std::string(name_) + "(" + inner + body;
    function_def_ = {name_, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function_)), kFlags,
                     function_doc_.c_str()};
    std::string module_path = is_standard() ? "tnp.array_api" : "tnp";
    if (kinds_ & kLinalg) module_path += ".linalg";
    if (kinds_ & kFft) module_path += ".fft";
    nb::object module_name = nb::str(module_path.c_str());
    nb::object f = nb::steal(PyCFunction_NewEx(&function_def_, nullptr, module_name.ptr()));
    functions[name_] = f;
    m.attr(name_) = f;
  }
  if (kinds_ & kMethod) {
    const std::size_t comma = inner.find(',');
    const std::string rest = comma == std::string::npos ? "" : std::string(inner.substr(comma));
    const bool slash = rest.find(", /") != std::string::npos;  // it makes self positional, too
    method_doc_ = std::string(name_) + "($self" + (slash ? "" : ", /") + rest + body;
    method_def_ = {name_, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(method_)), kFlags, method_doc_.c_str()};
    nb::object d = nb::steal(PyDescr_NewMethod(array_type(), &method_def_));
    nb::handle(reinterpret_cast<PyObject*>(array_type())).attr(name_) = d;
  }
}

void bind_functions(nb::module_& m) {
  nb::dict functions, linalg_functions, fft_functions;
  nb::module_ linalg = m.def_submodule("linalg"), fft = m.def_submodule("fft");
  for (FunctionDef* f : all_functions()) {
    if (f->is_standard()) continue;
    if (f->kinds() & kLinalg) {
      f->bind(linalg, linalg_functions);
    } else if (f->kinds() & kFft) {
      f->bind(fft, fft_functions);
    } else {
      f->bind(m, functions);
    }
  }
  for (const Alias& a : all_aliases()) {
    functions[a.alias] = functions[a.name];
    m.attr(a.alias) = functions[a.name];
  }
  m.attr("functions") = functions;
}

void bind_standard_functions(nb::module_& m) {
  nb::dict functions;
  nb::module_ linalg = m.def_submodule("linalg"), fft = m.def_submodule("fft");
  for (FunctionDef* f : all_functions()) {
    if (f->is_standard()) f->bind(f->kinds() & kLinalg ? linalg : f->kinds() & kFft ? fft : m, functions);
  }
}

// --- values

namespace {

std::int64_t index_of(PyObject* o) {
  nb::object index = nb::steal(PyNumber_Index(o));
  if (!index.is_valid()) throw nb::python_error();
  const long long v = PyLong_AsLongLong(index.ptr());
  if (v == -1 && PyErr_Occurred()) throw nb::python_error();
  return v;
}

}  // namespace

Arrays Value::arrays() const {
  Arrays out;
  if (is_array(o_) && array_of(o_).is_symbolic()) return unstack(array_of(o_));
  nb::object fast = nb::steal(PySequence_Fast(o_, "a sequence of arrays is needed"));
  if (!fast.is_valid()) throw nb::python_error();
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.ptr()); ++i) {
    out.push_back(as_array(PySequence_Fast_GET_ITEM(fast.ptr(), i)));
  }
  return out;
}

bool Value::truth() const {
  const int truth = PyObject_IsTrue(o_);
  if (truth < 0) throw nb::python_error();
  return truth != 0;
}

std::int64_t Value::index() const { return index_of(o_); }

double Value::number(double otherwise) const {
  if (!given()) return otherwise;
  const double v = PyFloat_AsDouble(o_);
  if (v == -1 && PyErr_Occurred()) throw nb::python_error();
  return v;
}

std::string Value::text(const char* otherwise) const {
  if (!given()) return otherwise;
  const char* s = PyUnicode_AsUTF8(o_);
  if (s == nullptr) throw nb::python_error();
  return s;
}

Shape Value::shape() const {
  Shape out;
  if (PyLong_CheckExact(o_)) {
    out.push_back(size());
    return out;
  }
  const bool list = PyList_CheckExact(o_);
  if (!list && !PyTuple_CheckExact(o_)) return shape_of(handle());
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o_); ++i) {
    PyObject* each = PySequence_Fast_GET_ITEM(o_, i);
    if (list && !PyLong_CheckExact(each)) return shape_of(handle());  // to read it may run code that changes the list
    out.push_back(PyLong_CheckExact(each) ? Value(each).integer() : dim_of(nb::handle(each)));
  }
  return out;
}

std::optional<DType> Value::dtype() const {
  if (!given()) return std::nullopt;
  return dtype_of(handle());
}

std::optional<Axes> Value::axes() const {
  if (!given()) return std::nullopt;
  Axes out;
  if (PyLong_Check(o_) || (PyIndex_Check(o_) && !PySequence_Check(o_))) {
    out.push_back(index_of(o_));
    return out;
  }
  if (!PySequence_Check(o_) || PyUnicode_Check(o_)) {
    throw TypeError(std::string("'") + Py_TYPE(o_)->tp_name + "' object cannot be interpreted as an integer");
  }
  if (is_array(o_) && array_of(o_).ndim() == 0) {
    out.push_back(index_of(o_));
    return out;
  }
  nb::object fast = nb::steal(PySequence_Fast(o_, "axis must be an integer or a sequence of integers"));
  if (!fast.is_valid()) throw nb::python_error();
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.ptr()); ++i) {
    out.push_back(index_of(PySequence_Fast_GET_ITEM(fast.ptr(), i)));
  }
  return out;
}

std::optional<std::int64_t> Value::axis() const {
  if (!given()) return std::nullopt;
  return index_of(o_);
}

Array Value::mask() const {
  if (!given() || o_ == Py_True) return {};
  // Of numbers and lists the truth is taken; an array says by its type whether it is a mask.
  if (is_array(o_) && !is_weak_number(array_of(o_))) check_cast(array_of(o_).dtype(), DType::bool_, Casting::safe);
  if (!is_numpy_array(o_)) return as_array(o_, {DType::bool_, std::nullopt});
  const Array foreign = as_array(o_);
  check_cast(foreign.dtype(), DType::bool_, Casting::safe);
  return foreign;
}

Order Value::order_named() const {
  const std::string s = text("C");
  if (s == "F" || s == "f") return Order::f;
  // An order of elements: "as it lies" counts as row-major. How results lie in memory is layout_of's matter.
  if (s == "C" || s == "A" || s == "K" || s == "c" || s == "a" || s == "k") return Order::c;
  throw ValueError("order must be one of 'C', 'F', 'A', or 'K' (got '" + s + "')");
}

Casting Value::casting() const {
  const std::string s = text("same_kind");
  if (const auto rule = casting_named(s)) return *rule;
  throw ValueError("casting must be one of 'no', 'equiv', 'safe', 'same_kind', or 'unsafe' (got '" + s + "')");
}

void Value::check_device_named() const {
  const std::string s = nb::cast<std::string>(nb::str(handle()));
  if (s != "cpu" && s != "CPU:0")
    throw ValueError("Unsupported device: '" + s + "'; this array can be on \"CPU:0\" only");
}

void read_operand(PyOperand& out, const Value& value) {
  if (value.ptr() != nullptr && out.set(value.ptr())) return;
  throw TypeError(std::string("an object of type '") + (value.ptr() ? Py_TYPE(value.ptr())->tp_name : "None") +
                  "' is no array and no number");
}

}  // namespace tnp::python
