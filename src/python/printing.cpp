// Arrays as text, and NumPy's print options.
#include "ir/print_array.h"
#include "ops/common.h"
#include "ops/text/handles.h"
#include "python/arguments.h"
#include "python/elementwise_call.h"
#include "python/text.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

// The formatter dictionary in force; null for none. Leaked with its thread.
thread_local PyObject* t_formatters = nullptr;

// Which of a formatter dictionary's entries is for elements of this type; null if none.
nb::object formatter_for(nb::handle formatters, DType dtype) {
  if (!formatters.is_valid() || formatters.is_none()) return {};
  const nb::dict d = nb::cast<nb::dict>(formatters);
  std::vector<const char*> keys;
  if (is_bool(dtype)) keys = {"bool"};
  if (is_integer(dtype)) keys = {"int", "int_kind"};
  if (is_floating(dtype)) keys = {"float", "float_kind"};
  if (is_complex(dtype)) keys = {"complexfloat", "complex_kind"};
  if (is_text(dtype)) keys = {"numpystr", "str_kind"};
  keys.push_back("all");
  for (const char* k : keys) {
    if (d.contains(k) && !nb::object(d[k]).is_none()) return d[k];
  }
  return {};
}

nb::object printed_element(DType dtype, const void* at) {
  return is_text(dtype) ? text_element(dtype, at) : nb::steal(python_element(dtype, at));
}

PrintOptions options_for(const Array& x, PrintOptions options, nb::handle formatters) {
  const DType dtype = x.dtype();
  if (nb::object format = formatter_for(formatters, dtype); format.is_valid()) {
    options.formatter = [format, dtype](const void* at) {
      return nb::cast<std::string>(nb::str(format(printed_element(dtype, at))));
    };
  } else if (is_text(dtype)) {
    options.formatter = [dtype](const void* at) { return nb::cast<std::string>(nb::repr(text_element(dtype, at))); };
  }
  return options;
}

// Of text the handles.
StridedView memory_of(const Array& x) {
  if (is_text(x.dtype())) return text_handles(x);
  x.data();
  return view(x);
}

std::string repr_of(const Array& x, const PrintOptions& options) {
  if (x.is_symbolic()) return x.str();
  const std::string type = is_text(x.dtype()) ? text_type(x) : std::string(name(x.dtype()));
  return array_repr(memory_of(x), options_for(x, options, t_formatters), "array(", type);
}
std::string str_of(const Array& x, const PrintOptions& options) {
  if (x.is_symbolic()) return x.str();
  if (is_text(x.dtype()) && x.ndim() == 0) return nb::cast<std::string>(nb::str(text_elements(x)));
  return array_str(memory_of(x), options_for(x, options, t_formatters));
}

// --- options

void read_options(PrintOptions& o, std::span<const Value, 9> v) {
  const auto [precision, threshold, edgeitems, linewidth, suppress, nanstr, infstr, sign, floatmode] =
      std::array<Value, 9>{v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8]};
  if (precision.given()) o.precision = static_cast<int>(precision.integer());
  if (threshold.given()) {
    const double t = threshold.number(0);
    if (t != t) throw ValueError("threshold must be non-NAN, try sys.maxsize for untruncated representation");
    o.threshold = t > 9e18 ? INT64_MAX : static_cast<std::int64_t>(t);
  }
  o.edgeitems = edgeitems.integer(o.edgeitems);
  o.linewidth = linewidth.integer(o.linewidth);
  o.suppress = suppress.flag(o.suppress);
  o.nanstr = nanstr.text(o.nanstr.c_str());
  o.infstr = infstr.text(o.infstr.c_str());
  if (sign.given()) {
    const std::string s = sign.text("-");
    if (s.size() != 1) throw ValueError("sign option must be one of ' ', '+', or '-'");
    o.sign = s[0];
  }
  o.floatmode = floatmode.text(o.floatmode.c_str());
  validate(o);
}

TNP_FUNCTION(
    set_printoptions, kFunction,
    "(precision=None, threshold=None, edgeitems=None, linewidth=None, suppress=None, nanstr=None, infstr=None, "
    "formatter=None, sign=None, floatmode=None, *, legacy=None, override_repr=None)",
    "Sets how arrays are printed, on this thread.") {
  const auto [precision, threshold, edgeitems, linewidth, suppress, nanstr, infstr, formatter, sign, floatmode] =
      take<10>(args);
  PrintOptions o = print_options();
  const Value given[] = {precision, threshold, edgeitems, linewidth, suppress, nanstr, infstr, sign, floatmode};
  read_options(o, given);
  if (formatter.given() && !PyDict_Check(formatter.ptr()))
    throw TypeError("formatter must be a dictionary of functions");
  print_options() = o;
  // As NumPy: each call sets the formatter, to none where it is not given.
  Py_XDECREF(t_formatters);
  t_formatters = formatter.given() ? Py_NewRef(formatter.ptr()) : nullptr;
  return nb::none();
}

nb::dict dict_of(const PrintOptions& o) {
  nb::dict d;
  d["edgeitems"] = o.edgeitems;
  d["threshold"] = o.threshold;
  d["floatmode"] = o.floatmode;
  d["precision"] = o.precision;
  d["suppress"] = o.suppress;
  d["linewidth"] = o.linewidth;
  d["nanstr"] = o.nanstr;
  d["infstr"] = o.infstr;
  d["sign"] = std::string(1, o.sign);
  d["formatter"] = nb::none();
  d["legacy"] = false;
  d["override_repr"] = nb::none();
  return d;
}
TNP_FUNCTION(get_printoptions, kFunction, "()", "How arrays are printed.") {
  static const PrintOptions usual;
  static PyObject* usual_dict = dict_of(usual).release().ptr();
  const PrintOptions& o = print_options();
  const bool all_usual = o.edgeitems == usual.edgeitems && o.threshold == usual.threshold &&
                         o.floatmode == usual.floatmode && o.precision == usual.precision &&
                         o.suppress == usual.suppress && o.linewidth == usual.linewidth && o.nanstr == usual.nanstr &&
                         o.infstr == usual.infstr && o.sign == usual.sign;
  nb::dict d = all_usual ? nb::steal<nb::dict>(PyDict_Copy(usual_dict)) : dict_of(o);
  if (t_formatters != nullptr) d["formatter"] = nb::borrow(t_formatters);
  return d;
}

// --- functions

// (arr, max_line_width, precision, suppress_small)
PrintOptions short_options(const Arguments& args) {
  const auto [arr, max_line_width, precision, suppress_small] = take<4>(args);
  PrintOptions o = print_options();
  o.linewidth = max_line_width.integer(o.linewidth);
  o.precision = static_cast<int>(precision.integer(o.precision));
  o.suppress = suppress_small.flag(o.suppress);
  return o;
}

TNP_FUNCTION(array_repr, kFunction, "(arr, max_line_width=None, precision=None, suppress_small=None)", "repr(arr).") {
  return nb::str(repr_of(Value(args.values[0]).array(), short_options(args)).c_str());
}
TNP_FUNCTION(array_str, kFunction, "(a, max_line_width=None, precision=None, suppress_small=None)", "str(a).") {
  const std::string s = str_of(Value(args.values[0]).array(), short_options(args));
  return nb::str(s.c_str(), s.size());
}
TNP_FUNCTION(
    array2string, kFunction,
    "(a, max_line_width=None, precision=None, suppress_small=None, separator=' ', prefix='', *, formatter=None, "
    "threshold=None, edgeitems=None, sign=None, floatmode=None, suffix='', legacy=None)",
    "The elements as text.") {
  const auto [a, max_line_width, precision, suppress_small, separator, prefix, formatter, threshold, edgeitems, sign,
              floatmode, suffix] = take<12>(args);
  const Array x = a.array();
  PrintOptions o = print_options();
  const Value given[] = {precision, threshold, edgeitems, max_line_width, suppress_small,
                         Value(),   Value(),   sign,      floatmode};
  read_options(o, given);
  const StridedView memory = memory_of(x);
  const nb::handle formatters = formatter.given() ? formatter.handle() : nb::handle(t_formatters);
  return nb::str(
      array2string(memory, options_for(x, o, formatters), separator.text(" "), prefix.text(""), suffix.text(""))
          .c_str());
}

}  // namespace

void bind_printing(nb::module_&) {
  auto cls = nb::borrow<nb::class_<Array>>(nb::handle(reinterpret_cast<PyObject*>(array_type())));
  cls.def("__repr__", [](const Array& x) { return repr_of(x, print_options()); });
  cls.def("__str__", [](const Array& x) { return str_of(x, print_options()); });
}

}  // namespace tnp::python
