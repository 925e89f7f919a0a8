// What happens on floating-point exceptions: warn, raise, call, print, log or ignore, as NumPy's errstate. The modes
// are each thread's own.
#include <array>

#include "ops/elementwise/fp_status.h"
#include "python/arguments.h"
#include "python/iterator_type.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

enum class Mode : std::uint8_t { ignore, warn, raise, call, print, log };
constexpr const char* kModes[] = {"ignore", "warn", "raise", "call", "print", "log"};

struct Kind {
  const char* name;
  unsigned flag;  // the processor's
  const char* text;
};
constexpr int kKinds = 4;
constexpr Kind kKind[kKinds] = {{"divide", 4, "divide by zero"},
                                {"over", 8, "overflow"},
                                {"under", 16, "underflow"},
                                {"invalid", 1, "invalid value"}};

using Modes = std::array<Mode, kKinds>;
thread_local constinit Modes t_modes = {Mode::warn, Mode::warn, Mode::ignore, Mode::warn};
// What the modes "call" and "log" call; null for None.
thread_local constinit PyObject* t_call = nullptr;

PyObject* mode_name(Mode mode) {
  static PyObject* names[std::size(kModes)] = {};
  PyObject*& name = names[static_cast<std::size_t>(mode)];
  if (name == nullptr) name = PyUnicode_InternFromString(kModes[static_cast<std::size_t>(mode)]);
  return name;
}

Mode mode_named(PyObject* o) {
  for (std::size_t i = 0; i < std::size(kModes); ++i) {
    const auto mode = static_cast<Mode>(i);
    if (o == mode_name(mode) || (PyUnicode_Check(o) && PyUnicode_CompareWithASCIIString(o, kModes[i]) == 0))
      return mode;
  }
  throw ValueError("invalid error mode " + nb::cast<std::string>(nb::repr(nb::handle(o))) +
                   "; choose from ignore, warn, raise, call, print, log");
}

// The modes with those of `all` and of the kinds in place of the present ones; None leaves one as it is.
Modes changed_modes(PyObject* all, PyObject* const* kinds) {
  Modes modes = t_modes;
  for (int i = 0; i < kKinds; ++i) {
    PyObject* asked = kinds[i] != nullptr && kinds[i] != Py_None ? kinds[i] : all;
    if (asked != nullptr && asked != Py_None) modes[static_cast<std::size_t>(i)] = mode_named(asked);
  }
  return modes;
}

nb::object modes_object(const Modes& modes) {
  nb::dict out;
  for (int i = 0; i < kKinds; ++i) out[kKind[i].name] = nb::borrow(mode_name(modes[static_cast<std::size_t>(i)]));
  return out;
}

nb::object call_object() { return t_call == nullptr ? nb::none() : nb::borrow(t_call); }

void set_call(PyObject* f) {
  PyObject* old = t_call;
  t_call = f == Py_None ? nullptr : Py_XNewRef(f);
  Py_XDECREF(old);
}

void check_call(PyObject* f) {
  if (f != Py_None && PyCallable_Check(f) == 0 && !nb::hasattr(nb::handle(f), "write"))
    throw ValueError("Only callable can be used as callback");
}

TNP_FUNCTION(geterr, kFunction, "()", "The mode of each kind of floating-point exception.") {
  return modes_object(t_modes);
}

TNP_FUNCTION(seterr, kFunction, "(all=None, divide=None, over=None, under=None, invalid=None)",
             "Sets modes, `all` first; the modes before.") {
  nb::object old = modes_object(t_modes);
  t_modes = changed_modes(args.values[0], args.values + 1);
  return old;
}

TNP_FUNCTION(geterrcall, kFunction, "()", "The function or log of the modes \"call\" and \"log\".") {
  return call_object();
}

TNP_FUNCTION(seterrcall, kFunction, "(func)",
             "Sets the function or log of the modes \"call\" and \"log\"; the one before.") {
  check_call(args.values[0]);
  nb::object old = call_object();
  set_call(args.values[0]);
  return old;
}

// --- the scope

struct Scope {
  nb::object call, all, kinds[kKinds];
  struct Before {
    Modes modes;
    nb::object call;
  };
  std::vector<Before> before;  // of each time that it is entered
};
using ScopeType = IteratorType<Scope>;

nb::object given(PyObject* o) { return o == nullptr ? nb::object() : nb::borrow(o); }

TNP_FUNCTION(errstate, 0u, "(*, call=None, all=None, divide=None, over=None, under=None, invalid=None)", "") {
  Scope scope;
  scope.call = given(args.values[0]);
  scope.all = given(args.values[1]);
  for (int i = 0; i < kKinds; ++i) scope.kinds[i] = given(args.values[2 + i]);
  return ScopeType::make(std::move(scope));
}

nb::object enter(Scope& scope) {
  PyObject* kinds[kKinds];
  for (int i = 0; i < kKinds; ++i) kinds[i] = scope.kinds[i].ptr();
  const Modes modes = changed_modes(scope.all.ptr(), kinds);
  const bool calls = scope.call.is_valid() && !scope.call.is_none();
  if (calls) check_call(scope.call.ptr());
  scope.before.push_back({t_modes, call_object()});
  t_modes = modes;
  if (calls) set_call(scope.call.ptr());
  return nb::none();
}

PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) {
  return iterator_call([self] {
    std::vector<Scope::Before>& before = ScopeType::of(self).before;
    if (before.empty()) throw RuntimeError("errstate: the scope was not entered");
    t_modes = before.back().modes;
    set_call(before.back().call.ptr());
    before.pop_back();
    return nb::object(nb::none());
  });
}

// As a decorator.
PyObject* decorate(PyObject* self, PyObject* const* args, std::size_t flagged, PyObject* names) {
  if (PyVectorcall_NARGS(flagged) != 1 || names != nullptr) {
    PyErr_SetString(PyExc_TypeError, "errstate as a decorator takes a function");
    return nullptr;
  }
  return iterator_call([&] {
    return nb::object(nb::module_::import_("tnp._errstate").attr("decorated")(nb::handle(self), nb::handle(args[0])));
  });
}
PyObject* decorate_by_tuple(PyObject* self, PyObject* args, PyObject* kwargs) {
  if (kwargs != nullptr && PyDict_GET_SIZE(kwargs) != 0) return decorate(self, nullptr, 0, nullptr);
  return decorate(self, &PyTuple_GET_ITEM(args, 0), static_cast<std::size_t>(PyTuple_GET_SIZE(args)), nullptr);
}

PyMethodDef g_methods[] = {
    {"__enter__", iterator_method<Scope, &enter>, METH_NOARGS, "__enter__($self, /)\n--\n\nSets the modes."},
    {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(leave)), METH_FASTCALL,
     "__exit__($self, /, *exc)\n--\n\nRestores them."},
    {nullptr, nullptr, 0, nullptr},
};

bool report_one(const Kind& kind, Mode mode, const char* operation) {
  if (mode == Mode::ignore) return true;
  if (mode == Mode::warn)
    return PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "%s encountered in %s", kind.text, operation) == 0;
  static PyObject* report = nb::object(nb::module_::import_("tnp._errstate").attr("report")).release().ptr();
  const nb::object call = call_object();
  const nb::object done =
      nb::steal(PyObject_CallFunction(report, "OOssI", mode_name(mode), call.ptr(), operation, kind.text, kind.flag));
  return done.is_valid();
}

}  // namespace

bool report_fp_flags(const char* operation) {
  const unsigned flags = fp_flags_seen.exchange(0, std::memory_order_relaxed);
  for (int i = 0; i < kKinds; ++i) {
    if ((flags & kKind[i].flag) != 0 && !report_one(kKind[i], t_modes[static_cast<std::size_t>(i)], operation))
      return false;
  }
  return true;
}

void bind_errstate(nb::module_& m) {
  m.attr("errstate") =
      ScopeType::define("tnp._errstate.errstate",
                        "errstate(*, call=None, all=None, divide=None, over=None, under=None, invalid=None)\n--\n\n"
                        "A scope, or a decorator, with other modes: ``with tnp.errstate(divide=\"ignore\"): …``.",
                        &construct_by<&errstate_function>,
                        {{Py_tp_methods, g_methods}, {Py_tp_call, reinterpret_cast<void*>(decorate_by_tuple)}});
}

}  // namespace tnp::python
