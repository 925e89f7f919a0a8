#include "python/signature.h"

#include <algorithm>
#include <cmath>

#include "base/dim.h"
#include "python/array_api.h"
#include "python/asked_size.h"
#include "python/variable.h"
#include "tnp/error.h"
#include "tnp/promotion.h"

namespace tnp::python {

bool is_traced_leaf(nb::handle leaf) {
  if (is_strict_array(leaf.ptr())) return false;  // a structure of its own: it has a device
  return is_array(leaf.ptr()) || (nb::hasattr(leaf, "__array__") && !is_variable(leaf.ptr()) &&
                                  !PyType_Check(leaf.ptr()) && nb::hasattr(leaf, "dtype"));
}

bool is_compared_by_identity(nb::handle leaf) {
  PyTypeObject* type = Py_TYPE(leaf.ptr());
  return type->tp_richcompare == PyBaseObject_Type.tp_richcompare && type->tp_hash == PyBaseObject_Type.tp_hash &&
         type->tp_weaklistoffset != 0;
}

namespace {

// Whether a number is not told from others by ==: the zeros, and NaN.
bool needs_text(nb::handle leaf) {
  const auto odd = [](double x) { return x == 0 || std::isnan(x); };
  if (PyFloat_CheckExact(leaf.ptr())) return odd(PyFloat_AS_DOUBLE(leaf.ptr()));
  if (!PyComplex_CheckExact(leaf.ptr())) return false;
  return odd(PyComplex_RealAsDouble(leaf.ptr())) || odd(PyComplex_ImagAsDouble(leaf.ptr()));
}

// What names an argument in errors.
using Place = std::function<std::string()>;

[[noreturn]] void refuse_static(nb::handle value, const Place& place) {
  throw TypeError("function: a static argument must be hashable, and arrays are not: " + place() + " is of type '" +
                  std::string(Py_TYPE(value.ptr())->tp_name) + "'");
}

void check_hashable(nb::handle o, const std::function<void()>& refuse) {
  if (PyObject_Hash(o.ptr()) != -1) return;
  if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw nb::python_error();
  PyErr_Clear();
  refuse();
}

// What == leaves out where it compares values that hold numbers: their types, and the signs of zeros.
nb::object types_within(nb::handle o) {
  const nb::handle type(reinterpret_cast<PyObject*>(Py_TYPE(o.ptr())));
  if (needs_text(o)) return nb::make_tuple(type, nb::repr(o));
  nb::list parts;
  if (PyTuple_Check(o.ptr())) {
    for (nb::handle item : nb::borrow<nb::tuple>(o)) parts.append(types_within(item));
  } else if (PyFrozenSet_Check(o.ptr())) {
    nb::list items;
    for (nb::handle item : nb::borrow<nb::iterable>(o)) items.append(nb::make_tuple(item, types_within(item)));
    return nb::make_tuple(type, nb::steal(PyFrozenSet_New(items.ptr())));
  } else if (is_dataclass(o)) {
    for (nb::handle name : PyTree::fields_of(o)) parts.append(types_within(nb::getattr(o, name, nb::none())));
  } else {
    return nb::borrow(type);
  }
  return nb::make_tuple(type, nb::tuple(parts));
}

nb::object static_key(nb::handle leaf, Signature& signature, const Place& place) {
  const nb::handle type(reinterpret_cast<PyObject*>(Py_TYPE(leaf.ptr())));
  if (is_variable(leaf.ptr())) {
    signature.variables.push_back(variable_of(leaf.ptr()));
    return nb::make_tuple(type, reinterpret_cast<std::uintptr_t>(variable_of(leaf.ptr()).get()));
  }
  if (nb::isinstance<PyStatic>(leaf)) {
    const nb::object value = nb::cast<PyStatic&>(leaf).value;
    if (is_array(value.ptr()) || is_strict_array(value.ptr())) refuse_static(value, place);
    if (!PySlice_Check(value.ptr()) && !is_variable(value.ptr()))
      check_hashable(value, [&] { refuse_static(value, place); });
    return static_key(value, signature, place);
  }
  if (nb::isinstance<PyDim>(leaf) && dim_value_hook) dim_value_hook(nb::cast<PyDim&>(leaf).dim);
  if (needs_text(leaf)) return nb::make_tuple(type, nb::repr(leaf));
  if (PySlice_Check(leaf.ptr())) {
    return nb::make_tuple(type, static_key(leaf.attr("start"), signature, place),
                          static_key(leaf.attr("stop"), signature, place),
                          static_key(leaf.attr("step"), signature, place));
  }
  if (is_compared_by_identity(leaf)) {
    nb::object weak = nb::steal(PyWeakref_NewRef(leaf.ptr(), nullptr));
    if (!weak.is_valid()) throw nb::python_error();
    signature.weak.push_back(weak);
    return nb::make_tuple(type, weak);
  }
  check_hashable(leaf, [&] {
    throw TypeError("function: an argument of type '" + std::string(Py_TYPE(leaf.ptr())->tp_name) +
                    "' is neither an array nor hashable, so no trace can be kept for it: " + place());
  });
  if (PyTuple_Check(leaf.ptr()) || PyFrozenSet_Check(leaf.ptr()) || is_dataclass(leaf))
    return nb::make_tuple(type, types_within(leaf), leaf);
  return nb::make_tuple(type, leaf);
}

// What the user calls a leaf of the pair of a call's arguments.
std::string argument_name(const Flattened& f, std::size_t leaf, const std::vector<std::string>& parameters) {
  std::vector<std::string> path = f.tree.path_of(leaf);
  std::string text;
  for (std::size_t i = 2; i < path.size(); ++i) text += path[i];
  if (path.size() < 2) return "an argument";
  const std::string& given = path[1];
  if (path[0] == "[1]") return given.substr(2, given.size() - 4) + text;  // ['name']
  const std::size_t position = std::stoul(given.substr(1));
  const bool known = position < parameters.size() && !parameters[position].empty();
  return (known ? parameters[position] : "argument " + std::to_string(position)) + text;
}

}  // namespace

bool is_instance(PyObject* o) {
  static PyObject* const kNot[] = {PyUnicode_InternFromString("__array__"),
                                   PyUnicode_InternFromString("__dataclass_fields__")};
  if (is_array(o) || !is_compared_by_identity(o) || is_variable(o) || is_strict_array(o)) return false;
  return std::none_of(std::begin(kNot), std::end(kNot),
                      [&](PyObject* name) { return _PyType_Lookup(Py_TYPE(o), name) != nullptr; });
}

bool is_owner(PyObject* o) {
  if (is_instance(o)) return true;
  static PyObject* const kNot[] = {PyUnicode_InternFromString("__array__"),
                                   PyUnicode_InternFromString("__dataclass_fields__")};
  if (is_array(o) || is_variable(o) || is_strict_array(o) || PyType_Check(o) || Py_TYPE(o)->tp_weaklistoffset == 0 ||
      PyTuple_Check(o) || PyList_Check(o) || PyDict_Check(o) || PyFunction_Check(o))
    return false;
  return std::none_of(std::begin(kNot), std::end(kNot),
                      [&](PyObject* name) { return _PyType_Lookup(Py_TYPE(o), name) != nullptr; });
}

bool Signature::operator==(const Signature& other) const {
  // A live object's weak reference is one object.
  if (owner.ptr() != other.owner.ptr()) return false;
  if (arrays != other.arrays || statics.is_valid() != other.statics.is_valid()) return false;
  return !statics.is_valid() || statics.equal(other.statics);
}

bool Signature::is_dead() const {
  if (owner.is_valid() && nb::object(owner()).is_none()) return true;
  return std::any_of(variables.begin(), variables.end(), [](const auto& v) { return v.expired(); }) ||
         std::any_of(weak.begin(), weak.end(), [](const nb::object& w) { return nb::object(w()).is_none(); });
}

// What else types of results depend on: a trace serves one mode of promotion and one default float.
static void add_settings(Signature& signature) {
  if (const int settings = promotion_settings(); settings != 0) [[unlikely]]
    signature.arrays.push_back(static_cast<std::uint16_t>(0x8000 + settings));
}

bool plain_arguments(nb::handle args, nb::handle kwargs, bool is_method, Arguments& out) {
  if (kwargs.ptr() != nullptr && PyDict_GET_SIZE(kwargs.ptr()) > 0) return false;
  const Py_ssize_t n = PyTuple_GET_SIZE(args.ptr());
  out.arrays.reserve(static_cast<std::size_t>(n));
  out.signature.arrays.reserve(static_cast<std::size_t>(n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* o = PyTuple_GET_ITEM(args.ptr(), i);
    if (i == 0 && (is_method ? is_owner(o) : is_instance(o))) {
      out.signature.owner = nb::steal(PyWeakref_NewRef(o, nullptr));
      if (!out.signature.owner.is_valid()) throw nb::python_error();
      continue;
    }
    if (is_array(o)) {
      out.arrays.push_back(array_of(o));
    } else if (is_traced_leaf(nb::handle(o))) {
      out.arrays.push_back(as_array(o));
    } else {
      return false;
    }
    out.signature.arrays.push_back(array_code(out.arrays.back().dtype(), out.arrays.back().ndim()));
  }
  add_settings(out.signature);
  return true;
}

Flattened flatten_arguments(nb::handle args, nb::handle kwargs) {
  Flattened f;
  nb::object all = nb::make_tuple(args, kwargs.ptr() ? nb::borrow(kwargs) : nb::object(nb::dict()));
  f.tree = PyTree::flatten(all, f.leaves);
  for (const nb::object& leaf : f.leaves) f.traced.push_back(is_traced_leaf(leaf));
  return f;
}

void general_arguments(const Flattened& f, nb::handle owner,
                       const std::function<std::vector<std::string>()>& parameters, Arguments& out) {
  nb::list statics;
  statics.append(f.tree.key());
  for (std::size_t i = 0; i < f.leaves.size(); ++i) {
    if (f.traced[i]) {
      out.arrays.push_back(as_array(f.leaves[i].ptr()));
      out.signature.arrays.push_back(array_code(out.arrays.back().dtype(), out.arrays.back().ndim()));
      statics.append(nb::none());
    } else if (owner.is_valid() && f.leaves[i].is(owner)) {
      out.signature.owner = nb::steal(PyWeakref_NewRef(owner.ptr(), nullptr));
      if (!out.signature.owner.is_valid()) throw nb::python_error();
      statics.append(nb::none());
    } else {
      statics.append(static_key(f.leaves[i], out.signature, [&] { return argument_name(f, i, parameters()); }));
    }
  }
  out.signature.statics = nb::tuple(statics);
  add_settings(out.signature);
}

InputSignature::InputSignature(nb::handle specs) {
  for (nb::handle argument : nb::borrow<nb::iterable>(specs)) {
    std::vector<nb::object> leaves;
    arguments_.push_back(PyTree::flatten(argument, leaves));
    for (const nb::object& leaf : leaves) specs_.push_back(spec_of(leaf));
  }
}

InputSignature::Spec InputSignature::spec_of(nb::handle spec) {
  if (!nb::hasattr(spec, "shape") || !nb::hasattr(spec, "dtype") || is_array(spec.ptr())) {
    throw TypeError("function: the input signature must be made of ArraySpecs, got '" +
                    std::string(Py_TYPE(spec.ptr())->tp_name) + "'");
  }
  Spec s{dtype_of(nb::getattr(spec, "dtype")), false, {}};
  nb::object shape = nb::getattr(spec, "shape");
  s.any_rank = shape.is_none();
  if (s.any_rank) return s;
  for (nb::handle d : nb::borrow<nb::iterable>(shape)) {
    if (nb::isinstance<nb::str>(d)) {
      const auto name = nb::cast<std::string>(d);
      auto it = std::find(names_.begin(), names_.end(), name);
      if (it == names_.end()) it = names_.insert(names_.end(), name);
      s.shape.push_back(-2 - (it - names_.begin()));
    } else {
      s.shape.push_back(d.is_none() ? -1 : dim_of(d));
    }
  }
  return s;
}

bool InputSignature::fits(const Array& x, const Spec& spec, const std::string& what, Named& named,
                          std::string& why) const {
  if (x.dtype() != spec.dtype) return false;
  if (spec.any_rank) return true;
  if (x.ndim() != spec.shape.ndim()) return false;
  for (int d = 0; d < x.ndim(); ++d) {
    const std::int64_t wanted = spec.shape[d], size = x.shape()[d];
    if (wanted >= 0 && size != wanted) {
      if (is_symbolic(size)) ask_for_size(size);  // inside of another function
      return false;
    }
    if (wanted > -2) continue;
    const auto name = static_cast<std::size_t>(-2 - wanted);
    std::int64_t& known = named.sizes[name];
    if (known == -1) {
      known = size;
      named.told_by[name] = what;
    }
    if (known == size) continue;
    for (const std::int64_t s : {size, known}) {
      if (is_symbolic(s)) ask_for_size(s);
    }
    why = ": " + names_[name] + " is " + std::to_string(size) + " here and " + std::to_string(known) + " in argument " +
          named.told_by[name];
    return false;
  }
  return true;
}

Shape InputSignature::traced_shape(std::size_t i, int ndim) const {
  if (i < specs_.size() && !specs_[i].any_rank) return specs_[i].shape;
  return Shape(SmallVec<std::int64_t, 5>(ndim, -1));
}

std::string InputSignature::describe(const Spec& spec) const {
  std::string text = "dtype " + std::string(tnp::name(spec.dtype));
  if (spec.any_rank) return text + " and any shape";
  text += " and shape (";
  for (int d = 0; d < spec.shape.ndim(); ++d) {
    const std::int64_t size = spec.shape[d];
    text += size >= 0 ? std::to_string(size) : size == -1 ? "None" : names_[static_cast<std::size_t>(-2 - size)];
    if (d + 1 < spec.shape.ndim() || d == 0) text += d + 1 < spec.shape.ndim() ? ", " : ",";
  }
  return text + ")";
}

Array InputSignature::checked(nb::handle o, const Spec& spec, Named& named, const std::string& what) const {
  const Array x = is_array(o.ptr()) ? array_of(o.ptr()) : as_array(o.ptr(), {spec.dtype, std::nullopt});
  std::string why;
  if (!fits(x, spec, what, named, why)) {
    throw TypeError("function: argument " + what + " of dtype " + std::string(tnp::name(x.dtype())) + " and shape " +
                    x.shape().str() + " does not fit the input signature's " + describe(spec) + why);
  }
  return x;
}

nb::object InputSignature::check(nb::handle args, std::size_t lead,
                                 const std::function<bool(std::size_t)>& is_static) const {
  nb::list out;
  Named named{std::vector<std::int64_t>(names_.size(), -1), std::vector<std::string>(names_.size())};
  std::size_t argument = 0, leaf = 0;
  const auto n = static_cast<std::size_t>(PyTuple_GET_SIZE(args.ptr()));
  for (std::size_t i = 0; i < n; ++i) {
    const nb::handle o(PyTuple_GET_ITEM(args.ptr(), static_cast<Py_ssize_t>(i)));
    if (i < lead || is_static(i)) {
      out.append(o);
      continue;
    }
    const PyTree& tree = arguments_[argument];
    const std::string what = std::to_string(argument++);
    if (tree.is_leaf()) {
      out.append(to_python(checked(o, specs_[leaf++], named, what)));
      continue;
    }
    std::vector<nb::object> leaves;
    tree.flatten_like(o, leaves, "function: argument " + what);
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      std::string path = what;
      for (const std::string& part : tree.path_of(k)) path += part;
      leaves[k] = to_python(checked(leaves[k], specs_[leaf++], named, path));
    }
    out.append(tree.unflatten(leaves));
  }
  return nb::tuple(out);
}

std::string difference(const Signature& a, const Signature& b) {
  if (a.owner.ptr() != b.owner.ptr()) return "the method of another instance";
  if (a.arrays.size() != b.arrays.size()) {
    return std::to_string(b.arrays.size()) + " arrays instead of " + std::to_string(a.arrays.size());
  }
  for (std::size_t i = 0; i < a.arrays.size(); ++i) {
    if (a.arrays[i] == b.arrays[i]) continue;
    const auto text = [](std::uint16_t code) {
      return std::string(name(static_cast<DType>(code >> 8))) + " with " + std::to_string(code & 0xff) + " dimensions";
    };
    return "array " + std::to_string(i) + " is " + text(b.arrays[i]) + " instead of " + text(a.arrays[i]);
  }
  if (a == b) return "a size that is fixed in the other traces differs";
  if (!a.statics.is_valid() || !b.statics.is_valid()) return "the arguments have another structure";
  const std::size_t n = nb::len(b.statics);
  if (nb::len(a.statics) != n || !nb::object(a.statics[0]).equal(nb::object(b.statics[0])))
    return "the arguments have another structure";
  for (std::size_t i = 1; i < n; ++i) {
    const nb::object x = a.statics[i], y = b.statics[i];
    if (x.equal(y)) continue;
    const auto text = [](const nb::object& key) {
      return nb::cast<std::string>(nb::repr(nb::object(key[nb::len(key) - 1])));
    };
    return "a value that is no array is " + text(y) + " instead of " + text(x);
  }
  return "other arguments";
}

}  // namespace tnp::python
