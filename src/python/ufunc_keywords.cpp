// The keywords of ufunc calls.
#include <cstring>

#include "python/arguments.h"
#include "python/layout.h"
#include "python/ufuncs.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

void check_out(const UfuncInfo& ufunc, PyObject* out) {
  if (PyTuple_Check(out)) {
    if (PyTuple_GET_SIZE(out) != ufunc.num_outputs)
      throw ValueError("The 'out' tuple must have exactly one entry per ufunc output");
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(out); ++i) {
      if (PyTuple_GET_ITEM(out, i) != Py_None) refuse_out(ufunc);
    }
  } else if (out != Py_None) {
    refuse_out(ufunc);
  } else if (ufunc.num_outputs > 1) {
    throw TypeError("'out' must be a tuple of arrays");
  }
}

DType letter_type(char letter) {
  DType d;
  const char text[] = {letter, '\0'};
  if (!dtype_from_name(text, d)) throw ValueError(std::string("Invalid data-type for array: '") + letter + "'");
  return d;
}

// "dd->d"
std::vector<std::optional<DType>> types_of_text(const UfuncInfo& ufunc, const std::string& text) {
  const std::size_t arrow = text.find("->");
  const std::size_t nin = static_cast<std::size_t>(ufunc.num_inputs),
                    nout = static_cast<std::size_t>(ufunc.num_outputs);
  if (arrow != nin || text.size() != nin + nout + 2) {
    throw ValueError("a type-string for " + ufunc.name + ", " + std::to_string(nin) + " typecode(s) before and " +
                     std::to_string(nout) + " after the -> sign");
  }
  std::vector<std::optional<DType>> out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i != arrow && i != arrow + 1) out.emplace_back(letter_type(text[i]));
  }
  return out;
}

CoreAxes::Item axes_item(const UfuncInfo& ufunc, std::size_t count, PyObject* o) {
  if (PyIndex_Check(o) && !PySequence_Check(o)) return {*Value(o).axes(), true};
  if (!PyTuple_Check(o)) check_axes_count(ufunc, count);  // that is looked at first
  if (!PyTuple_Check(o)) throw TypeError("axes item should be a tuple, or a single integer");
  return {*Value(o).axes(), false};
}

std::vector<CoreAxes::Item> axes_list(const UfuncInfo& ufunc, PyObject* o) {
  if (!PyList_Check(o)) throw TypeError("axes should be a list.");
  const Py_ssize_t n = PyList_GET_SIZE(o);
  std::vector<CoreAxes::Item> out;
  for (Py_ssize_t i = 0; i < n; ++i)
    out.push_back(axes_item(ufunc, static_cast<std::size_t>(n), PyList_GET_ITEM(o, i)));
  return out;
}

bool boolean(const char* name, PyObject* o) {
  if (!PyBool_Check(o)) throw TypeError(std::string("'") + name + "' must be a boolean");
  return o == Py_True;
}

// What each keyword is found as; those that stand for the same value exclude each other.
struct Given {
  bool dtype = false, sig = false, signature = false;
};

void read_signature(UfuncKeywords& k, Given& given, const UfuncInfo& ufunc, const char* name, PyObject* value) {
  (std::strcmp(name, "sig") == 0 ? given.sig : given.signature) = true;
  if (given.sig && given.signature) throw TypeError("cannot specify both 'sig' and 'signature'");
  if (given.dtype) throw TypeError("cannot specify both 'signature' and 'dtype'");
  set_ufunc_signature(k.options, ufunc, value);
}

void read_dtype(UfuncKeywords& k, Given& given, PyObject* value) {
  if (value == Py_None) return;
  given.dtype = true;
  if (given.sig || given.signature) throw TypeError("cannot specify both 'signature' and 'dtype'");
  k.options.dtype = dtype_of(nb::handle(value));
}

// Those of functions with a signature; false for other names.
bool read_core(UfuncKeywords& k, const UfuncInfo& ufunc, const char* name, PyObject* value) {
  if (ufunc.signature == nullptr) return false;
  if (std::strcmp(name, "axes") == 0) {
    k.core.axes = axes_list(ufunc, value);
  } else if (std::strcmp(name, "axis") == 0) {
    k.core.axis = Value(value).integer();
  } else if (std::strcmp(name, "keepdims") == 0) {
    k.core.keepdims = boolean(name, value);
  } else {
    return false;
  }
  return true;
}

}  // namespace

void refuse_out(const UfuncInfo& ufunc) {
  throw TypeError(ufunc.name + "(): out= is not supported, as arrays are immutable: use the result");
}

void set_ufunc_signature(UfuncOptions& options, const UfuncInfo& ufunc, PyObject* signature) {
  if (PyUnicode_Check(signature) && PyUnicode_GET_LENGTH(signature) > 1) {
    options.signature = types_of_text(ufunc, Value(signature).text(""));
    return;
  }
  if (!PyTuple_Check(signature) && !PyUnicode_Check(signature))
    throw TypeError("the signature object to ufunc must be a string or a tuple.");
  if (PyUnicode_Check(signature) || PyTuple_GET_SIZE(signature) == 1)
    throw TypeError("Use `dtype` or fill the tuple with more than one 'None'.");
  if (PyTuple_GET_SIZE(signature) != ufunc.num_arguments()) {
    throw ValueError("a type-tuple must be specified of length " + std::to_string(ufunc.num_arguments()) +
                     " for ufunc '" + ufunc.name + "'");
  }
  std::vector<std::optional<DType>> types;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(signature); ++i)
    types.push_back(Value(PyTuple_GET_ITEM(signature, i)).dtype());
  options.signature = std::move(types);
}

UfuncKeywords ufunc_keywords(const UfuncInfo& ufunc, PyObject* const* values, PyObject* names) {
  UfuncKeywords k;
  Given given;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i) {
    const char* name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
    if (name == nullptr) throw nb::python_error();
    PyObject* value = values[i];
    const auto is = [&](const char* other) { return std::strcmp(name, other) == 0; };
    if (is("out")) {
      check_out(ufunc, value);
    } else if (is("where") && ufunc.signature == nullptr) {
      if (value != Py_True) k.where = value == Py_None ? Py_False : value;
    } else if (is("dtype")) {
      read_dtype(k, given, value);
    } else if (is("signature") || is("sig")) {
      read_signature(k, given, ufunc, name, value);
    } else if (is("casting")) {
      if (!PyUnicode_Check(value)) throw TypeError(std::string("casting must be str, not ") + Py_TYPE(value)->tp_name);
      k.options.casting = Value(value).casting();
    } else if (is("order")) {
      if (value != Py_None && !PyUnicode_Check(value))
        throw TypeError(std::string("order must be str, not ") + Py_TYPE(value)->tp_name);
      k.layout = layout_of(Value(value));
    } else if (is("subok")) {
      boolean(name, value);
    } else if (!read_core(k, ufunc, name, value)) {
      throw TypeError(ufunc.name + "() got an unexpected keyword argument '" + name + "'");
    }
  }
  return k;
}

std::string ufunc_signature_text(const UfuncInfo& ufunc) {
  std::string text = "(";
  for (int i = 0; i < ufunc.num_inputs; ++i) text += (ufunc.num_inputs == 1 ? "x" : "x" + std::to_string(i + 1)) + ", ";
  text += ufunc.num_outputs == 1 ? "/, out=None, *, " : "/, out=(None, None), *, ";
  text += ufunc.signature == nullptr ? "where=True, " : "axes=None, axis=None, keepdims=False, ";
  return text + "casting='same_kind', order='K', dtype=None, subok=True, signature=None)";
}

}  // namespace tnp::python
