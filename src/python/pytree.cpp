#include "python/pytree.h"

#include <bit>

#include "python/array_api.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

constexpr int kMaxDepth = 500;

bool is_named_tuple(nb::handle o) { return PyTuple_Check(o.ptr()) && nb::hasattr(o, "_fields"); }

thread_local int t_depth = 0;
struct Depth {
  Depth() {
    if (++t_depth > kMaxDepth) {
      --t_depth;
      throw RecursionError("a nested structure is deeper than " + std::to_string(kMaxDepth) + " levels");
    }
  }
  ~Depth() { --t_depth; }
};

std::string kind_of_field(nb::handle field) { return nb::cast<std::string>(field.attr("_field_type").attr("name")); }

}  // namespace

bool is_dataclass(nb::handle o) { return !PyType_Check(o.ptr()) && nb::hasattr(o.type(), "__dataclass_fields__"); }

nb::list PyTree::fields_of(nb::handle o) {
  nb::list names;
  for (auto [name, field] : nb::borrow<nb::dict>(o.type().attr("__dataclass_fields__"))) {
    if (kind_of_field(field) == "_FIELD") names.append(name);  // no ClassVar, InitVar
  }
  return names;
}

PyTree PyTree::flatten(nb::handle o, std::vector<nb::object>& leaves, std::vector<StrictLeaf>* strict) {
  const Depth depth;
  PyTree t;
  PyObject* p = o.ptr();
  const auto add = [&](nb::handle child) { t.children_.push_back(flatten(child, leaves, strict)); };
  if (p == Py_None) {
    t.kind_ = Kind::none;
  } else if (is_strict_array(p)) {
    t.kind_ = Kind::strict_array;
    t.device_ = strict_device_of(p);
    if (strict != nullptr) strict->push_back({nb::borrow(o), leaves.size()});
    add(to_python(strict_array_of(p)));
  } else if (PyTuple_Check(p)) {
    t.kind_ = is_named_tuple(o) ? Kind::named_tuple : Kind::tuple;
    if (t.kind_ == Kind::named_tuple) t.type_ = nb::borrow(o.type());
    for (nb::handle child : nb::borrow<nb::tuple>(o)) add(child);
    if (t.kind_ == Kind::tuple && !PyTuple_CheckExact(p) && t.remember_class(o)) add(o.attr("__dict__"));
  } else if (PyList_Check(p)) {
    t.kind_ = Kind::list;
    for (nb::handle child : nb::borrow<nb::list>(o)) add(child);
    if (!PyList_CheckExact(p) && t.remember_class(o)) add(o.attr("__dict__"));
  } else if (PyDict_Check(p)) {
    t.kind_ = Kind::dict;
    if (!PyDict_CheckExact(p)) t.remember_dict(o);
    for (auto [key, value] : nb::borrow<nb::dict>(o)) {
      t.keys_.push_back(nb::borrow(key));
      add(value);
    }
    if (!PyDict_CheckExact(p) && !t.type_.is_valid() && t.remember_class(o)) add(o.attr("__dict__"));
  } else if (is_dataclass(o)) {
    t.kind_ = Kind::dataclass;
    t.type_ = nb::borrow(o.type());
    for (auto [name, field] : nb::borrow<nb::dict>(o.type().attr("__dataclass_fields__"))) {
      if (kind_of_field(field) != "_FIELD" || !nb::cast<bool>(field.attr("init"))) t.plain_fields_ = false;
    }
    for (nb::handle name : fields_of(o)) {
      t.keys_.push_back(nb::borrow(name));
      add(nb::getattr(o, name));
    }
  } else {
    leaves.push_back(nb::borrow(o));
  }
  return t;
}

nb::object PyTree::unflatten(std::span<const nb::object> leaves) const {
  std::size_t next = 0;
  return build(leaves, next);
}

PyTree::Row PyTree::row() const {
  if ((kind_ != Kind::tuple && kind_ != Kind::list) || type_.is_valid()) return Row::none;
  for (const PyTree& child : children_) {
    if (!child.is_leaf()) return Row::none;
  }
  return kind_ == Kind::list ? Row::list : Row::tuple;
}

PyObject* PyTree::new_row(Row row, std::size_t n) {
  const auto count = static_cast<Py_ssize_t>(n);
  PyObject* o = row == Row::list ? PyList_New(count) : PyTuple_New(count);
  if (o == nullptr) throw nb::python_error();
  return o;
}

nb::object PyTree::build(std::span<const nb::object> leaves, std::size_t& next) const {
  const bool derived = type_.is_valid() && (kind_ == Kind::tuple || kind_ == Kind::list || kind_ == Kind::dict);
  if (derived && !plain_dict_) return object_of_class(leaves, next);
  switch (kind_) {
    case Kind::leaf:
      return leaves[next++];
    case Kind::none:
      return nb::none();
    case Kind::strict_array: {
      nb::object leaf = children_[0].build(leaves, next);
      return is_array(leaf.ptr()) ? to_strict(array_of(leaf.ptr()), device_) : leaf;
    }
    case Kind::dict: {
      nb::dict out;
      for (std::size_t i = 0; i < children_.size(); ++i) out[keys_[i]] = children_[i].build(leaves, next);
      return type_.is_valid() ? dict_of(out) : out;
    }
    case Kind::dataclass: {
      nb::dict fields;
      for (std::size_t i = 0; i < children_.size(); ++i) fields[keys_[i]] = children_[i].build(leaves, next);
      return dataclass_of(fields);
    }
    default:
      break;
  }
  const auto n = static_cast<Py_ssize_t>(children_.size());
  const nb::object items = nb::steal(kind_ == Kind::list ? PyList_New(n) : PyTuple_New(n));
  if (!items.is_valid()) throw nb::python_error();
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = children_[static_cast<std::size_t>(i)].build(leaves, next).release().ptr();
    kind_ == Kind::list ? PyList_SET_ITEM(items.ptr(), i, item) : PyTuple_SET_ITEM(items.ptr(), i, item);
  }
  if (kind_ == Kind::list || kind_ == Kind::tuple) return items;
  PyObject* made = PyObject_Call(type_.ptr(), items.ptr(), nullptr);
  if (made == nullptr) throw nb::python_error();
  return nb::steal(made);
}

// A class derived from tuple, list or dict; whether its objects have attributes to be taken apart, too.
bool PyTree::remember_class(nb::handle o) {
  type_ = nb::borrow(o.type());
  if (!nb::hasattr(o, "__dict__")) return false;
  const nb::object held = o.attr("__dict__");
  if (held.is(o)) attributes_ = Attributes::itself;
  if (held.is(o) || !PyDict_Check(held.ptr()) || PyDict_GET_SIZE(held.ptr()) == 0) return false;
  attributes_ = Attributes::child;
  return true;
}

// As copy and pickle make it: without __init__, attributes first.
nb::object PyTree::object_of_class(std::span<const nb::object> leaves, std::size_t& next) const {
  const std::size_t n = children_.size() - (attributes_ == Attributes::child ? 1 : 0);
  nb::list items;
  for (std::size_t i = 0; i < n; ++i) items.append(children_[i].build(leaves, next));
  const nb::object attributes =
      attributes_ == Attributes::child ? children_[n].build(leaves, next) : nb::object(nb::none());
  const bool own_class = PyType_HasFeature(reinterpret_cast<PyTypeObject*>(type_.ptr()), Py_TPFLAGS_HEAPTYPE);
  if (kind_ == Kind::tuple && !own_class) return type_(items);
  nb::object made =
      kind_ == Kind::tuple
          ? nb::object(nb::handle(reinterpret_cast<PyObject*>(&PyTuple_Type)).attr("__new__")(type_, items))
          : nb::object(type_.attr("__new__")(type_));
  if (attributes_ == Attributes::itself) {
    nb::setattr(made, "__dict__", made);
  } else if (!attributes.is_none()) {
    made.attr("__dict__").attr("update")(attributes);
  }
  if (kind_ == Kind::list) {
    made.attr("extend")(items);
  } else if (kind_ == Kind::dict) {
    for (std::size_t i = 0; i < n; ++i) {
      if (PyObject_SetItem(made.ptr(), keys_[i].ptr(), nb::object(items[i]).ptr()) != 0) throw nb::python_error();
    }
  }
  return made;
}

// OrderedDict, defaultdict.
void PyTree::remember_dict(nb::handle o) {
  const nb::module_ collections = nb::module_::import_("collections");
  const nb::handle type = o.type();
  if (type.is(collections.attr("defaultdict"))) {
    type_ = nb::borrow(type);
    factory_ = o.attr("default_factory");
    plain_dict_ = true;
  } else if (type.is(collections.attr("OrderedDict"))) {
    type_ = nb::borrow(type);
    plain_dict_ = true;
  }
}

nb::object PyTree::dict_of(const nb::dict& items) const {
  return factory_.is_valid() ? type_(factory_, items) : type_(items);
}

nb::object PyTree::dataclass_of(const nb::dict& fields) const {
  if (plain_fields_) {
    nb::tuple none;
    PyObject* made = PyObject_Call(type_.ptr(), none.ptr(), fields.ptr());
    if (made == nullptr) throw nb::python_error();
    return nb::steal(made);
  }
  // The constructor takes something else, so the fields are put back as they are, into a frozen object too.
  const nb::handle base(reinterpret_cast<PyObject*>(&PyBaseObject_Type));
  nb::object made = base.attr("__new__")(type_);
  for (auto [name, value] : fields) base.attr("__setattr__")(made, name, value);
  return made;
}

void PyTree::flatten_like(nb::handle o, std::vector<nb::object>& leaves, const std::string& path) const {
  const Depth depth;
  const auto refuse = [&](const std::string& wanted) {
    throw TypeError(path + " is of type '" + Py_TYPE(o.ptr())->tp_name + "', not " + wanted);
  };
  const auto text = [](nb::handle key) { return nb::cast<std::string>(nb::repr(key)); };
  switch (kind_) {
    case Kind::leaf:
      leaves.push_back(nb::borrow(o));
      return;
    case Kind::none:
      if (!o.is_none()) refuse("None");
      return;
    case Kind::strict_array:
      refuse("an array of the strict namespace");
      return;
    case Kind::dict: {
      if (!PyDict_Check(o.ptr())) refuse("a dict");
      const nb::dict given = nb::borrow<nb::dict>(o);
      for (std::size_t i = 0; i < keys_.size(); ++i) {
        if (!given.contains(keys_[i])) throw TypeError(path + " has no key " + text(keys_[i]));
        children_[i].flatten_like(given[keys_[i]], leaves, path + "[" + text(keys_[i]) + "]");
      }
      if (given.size() != keys_.size())
        throw TypeError(path + " has " + std::to_string(given.size()) + " keys instead of " +
                        std::to_string(keys_.size()));
      return;
    }
    case Kind::dataclass:
      if (!o.type().is(type_)) refuse("'" + nb::cast<std::string>(type_.attr("__name__")) + "'");
      for (std::size_t i = 0; i < children_.size(); ++i)
        children_[i].flatten_like(nb::getattr(o, keys_[i]), leaves, path + "." + nb::cast<std::string>(keys_[i]));
      return;
    default:
      break;
  }
  if (kind_ == Kind::named_tuple ? !o.type().is(type_) : !PyTuple_Check(o.ptr()) && !PyList_Check(o.ptr()))
    refuse(kind_ == Kind::named_tuple ? "'" + nb::cast<std::string>(type_.attr("__name__")) + "'" : "a tuple or list");
  const std::size_t n = nb::len(o);
  if (n != children_.size())
    throw TypeError(path + " has " + std::to_string(n) + " items instead of " + std::to_string(children_.size()));
  for (std::size_t i = 0; i < n; ++i)
    children_[i].flatten_like(o[nb::int_(i)], leaves, path + "[" + std::to_string(i) + "]");
}

std::size_t PyTree::num_leaves() const {
  if (kind_ == Kind::leaf) return 1;
  std::size_t n = 0;
  for (const PyTree& child : children_) n += child.num_leaves();
  return n;
}

std::vector<std::string> PyTree::path_of(std::size_t leaf) const {
  std::vector<std::string> path;
  const PyTree* at = this;
  while (at->kind_ != Kind::leaf) {
    std::size_t i = 0;
    for (; i < at->children_.size(); ++i) {
      const std::size_t n = at->children_[i].num_leaves();
      if (leaf < n) break;
      leaf -= n;
    }
    if (i == at->children_.size()) break;
    if (at->attributes_ == Attributes::child && i + 1 == at->children_.size()) {
      path.emplace_back(".__dict__");
    } else if (at->kind_ == Kind::dict) {
      path.push_back("[" + nb::cast<std::string>(nb::repr(at->keys_[i])) + "]");
    } else if (at->kind_ == Kind::dataclass) {
      path.push_back("." + nb::cast<std::string>(at->keys_[i]));
    } else if (at->kind_ != Kind::strict_array) {
      path.push_back("[" + std::to_string(i) + "]");
    }
    at = &at->children_[i];
  }
  return path;
}

nb::object PyTree::key() const {
  if (kind_ == Kind::leaf) return nb::bool_(true);
  nb::list parts;
  parts.append(static_cast<int>(kind_));
  if (type_.is_valid()) parts.append(type_);
  if (attributes_ != Attributes::none) parts.append(static_cast<int>(attributes_));
  if (factory_.is_valid()) parts.append(factory_);
  if (kind_ == Kind::strict_array) {
    // What the namespace's functions do depends on them too.
    parts.append(static_cast<int>(device_));
    parts.append(std::bit_cast<std::uint64_t>(array_api::flags()));
  }
  for (const nb::object& k : keys_) {
    parts.append(k.type());  // 1, 1.0 and True are one key to ==
    parts.append(k);
  }
  for (const PyTree& child : children_) parts.append(child.key());
  return nb::tuple(parts);
}

}  // namespace tnp::python
