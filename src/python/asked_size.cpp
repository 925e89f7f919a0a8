#include "python/asked_size.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/dim.h"
#include "ir/expr.h"
#include "ir/opdef.h"
#include "ir/trace.h"

namespace tnp::python {

namespace {

PyObject* g_error = nullptr;
thread_local AskedSize t_asked;

// The value of an array was asked for that is made of sizes alone, as in `if x.shape[0] > 3`: trace again with them
// fixed. Each expression is looked at once, without recursion, as a graph may be deep and have many paths.
bool collect_sizes(const Expr& last, std::vector<Dim>& sizes) {
  std::vector<const Expr*> waiting{&last};
  std::unordered_set<const Expr*> seen{&last};
  while (!waiting.empty()) {
    const Expr& expr = *waiting.back();
    waiting.pop_back();
    if (expr.op == nullptr || expr.op->effect != Effect::none) return false;
    for_each_symbolic_dim(*expr.params, [&](Dim d) { sizes.push_back(d); });
    for (const Array& x : expr.inputs) {
      const Expr* input = x.is_symbolic() ? x.node()->expr : nullptr;
      if (input != nullptr && seen.insert(input).second) waiting.push_back(input);
    }
  }
  return true;
}

void ask_for_value(const Expr& expr) {
  std::vector<Dim> sizes;
  if (collect_sizes(expr, sizes) && !sizes.empty()) ask_for_size(sizes.front());
}

// As text of one line: a name may hold any bytes but 0.
std::string file_name(const nb::object& name) {
  const nb::object bytes = nb::steal(PyUnicode_AsEncodedString(name.ptr(), "utf-8", "backslashreplace"));
  if (!bytes.is_valid()) throw nb::python_error();
  std::string text(PyBytes_AS_STRING(bytes.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr())));
  std::replace_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return text;
}

// The user's line: of the innermost frame that is not the package's own.
std::string location() {
  if (!PyGILState_Check()) return "";  // a large call, whose gradient is recorded
  PyFrameObject* frame = PyEval_GetFrame();
  nb::object current = nb::borrow(reinterpret_cast<PyObject*>(frame));
  static const std::string package = file_name(nb::object(nb::module_::import_("tnp").attr("__path__")[nb::int_(0)]));
  while (current.is_valid() && !current.is_none()) {
    const std::string file = file_name(current.attr("f_code").attr("co_filename"));
    if (file.rfind(package, 0) != 0) return file + ":" + std::to_string(nb::cast<int>(current.attr("f_lineno")));
    current = current.attr("f_back");
  }
  return "";
}

}  // namespace

void ask_for_size(std::int64_t dim) {
  t_asked = {places_of(dim), source_location ? source_location() : ""};
  PyErr_SetString(g_error, "the function is traced again with this size fixed");
  throw nb::python_error();
}

void ask_for_sizes_of(const Array& x) {
  if (!x.is_symbolic() || !x.shape().rank_known()) return;
  for (Dim d : x.shape()) {
    if (!is_symbolic(d)) continue;
    try {
      (void)places_of(d);
    } catch (const TracerError&) {
      continue;  // only data tell
    }
    ask_for_size(d);
  }
}

void ask_for_size_along(const Array& x, std::int64_t axis) {
  if (!x.is_symbolic() || !x.shape().rank_known() || axis < -x.ndim() || axis >= x.ndim()) return;
  const Dim d = x.shape()[static_cast<int>(axis < 0 ? axis + x.ndim() : axis)];
  if (!is_symbolic(d)) return;
  try {
    (void)places_of(d);
  } catch (const TracerError&) {
    return;  // only data tell
  }
  ask_for_size(d);
}

PyObject* needs_size_error() noexcept { return g_error; }
const AskedSize& asked_size() noexcept { return t_asked; }

void install_size_hooks() {
  g_error = PyErr_NewException("tnp._NeedsSize", PyExc_BaseException, nullptr);
  if (g_error == nullptr) throw nb::python_error();
  dim_value_hook = &ask_for_size;
  symbolic_value_hook = &ask_for_value;
  source_location = &location;
}

}  // namespace tnp::python
