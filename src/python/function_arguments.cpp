// The arguments of a traced function: static, donated, with defaults, of a signature.
#include <algorithm>

#include "ir/give_up.h"
#include "python/function_object.h"
#include "tnp/error.h"

namespace tnp::python {

int Function::traverse(visitproc visit, void* arg) {
  Py_VISIT(f_.ptr());
  Py_VISIT(name_.ptr());
  for (const auto& t : traces_) {
    Py_VISIT(t->signature.statics.ptr());
    for (const auto& form : t->forms) {
      if (const int result = form->traverse(visit, arg)) return result;
    }
  }
  return 0;
}

nb::object Function::result_of(const Traced& t, std::span<const Array> results) {
  if (results.size() == 1 && t.results.is_leaf()) return to_python(results[0]);
  nb::object leaves[kFewResults];
  std::vector<nb::object> more;
  if (results.size() > kFewResults) more.resize(results.size());
  nb::object* all = more.empty() ? leaves : more.data();
  for (std::size_t i = 0; i < results.size(); ++i) all[i] = to_python(results[i]);
  return t.results.unflatten({all, results.size()});
}

void Function::place_by_name(nb::object& args, nb::object& kwargs) {
  const std::vector<std::string>& names = parameters();
  nb::list placed;
  nb::dict rest;
  for (std::size_t i = nb::len(args); i < names.size(); ++i) {
    PyObject* value = PyDict_GetItemString(kwargs.ptr(), names[i].c_str());
    if (value == nullptr) break;
    if (nb::len(placed) == 0) rest.update(nb::borrow<nb::dict>(kwargs));
    placed.append(nb::handle(value));
    PyDict_DelItemString(rest.ptr(), names[i].c_str());
  }
  if (nb::len(placed) == 0) return;
  args = nb::borrow(args) + nb::tuple(placed);
  kwargs = rest;
}

void Function::add_defaults(nb::object& args, nb::object& kwargs) {
  const std::size_t lead = owner_in(args).is_valid() ? 1 : 0;
  const std::size_t wanted = input_signature_->num_arguments() + lead + static_positions_.size();
  if (nb::len(args) >= wanted) return;
  const auto defaults = nb::borrow<nb::dict>(nb::module_::import_("tnp._function").attr("_defaults")(f_));
  nb::list all(args);
  const std::vector<std::string>& names = parameters();
  for (std::size_t i = nb::len(args); i < names.size() && i < wanted; ++i) {
    const nb::str name(names[i].c_str());
    if (kwargs.is_valid() && nb::borrow<nb::dict>(kwargs).contains(name)) {
      nb::dict rest;
      rest.update(nb::borrow<nb::dict>(kwargs));
      all.append(rest[name]);
      nb::del(rest[name]);
      kwargs = rest;
    } else if (defaults.contains(name)) {
      all.append(defaults[name]);
    } else {
      break;
    }
  }
  args = nb::tuple(all);
}

nb::object Function::check_signature(const nb::object& args, const nb::object& kwargs) {
  const std::size_t given = nb::len(args);
  std::size_t lead = 0;
  if (given > 0 && !is_static(0)) {
    const bool named = !parameters().empty() && (parameters()[0] == "self" || parameters()[0] == "cls");
    const bool more = given > input_signature_->num_arguments();
    lead = (more && named) || owner_in(args).is_valid() ? 1 : 0;
  }
  std::size_t count = 0, named = 0;
  std::string extra;
  for (std::size_t i = lead; i < given; ++i) count += is_static(i) ? 0 : 1;
  if (kwargs.is_valid()) {
    for (auto [key, value] : nb::borrow<nb::dict>(kwargs)) {
      const auto name = nb::cast<std::string>(key);
      if (std::find(static_names_.begin(), static_names_.end(), name) != static_names_.end()) continue;
      ++named;
      extra += (extra.empty() ? " (" : ", ") + name;
    }
  }
  if (count != input_signature_->num_arguments() || named > 0) {
    throw TypeError("function: the input signature has " + std::to_string(input_signature_->num_arguments()) +
                    " positional arguments, the call has " + std::to_string(count) + " and " + std::to_string(named) +
                    " by keyword" + (extra.empty() ? "" : extra + ": arguments without a spec must be static)"));
  }
  return input_signature_->check(args, lead, [this](std::size_t i) { return is_static(i); });
}

void Function::take_donated(nb::handle args, nb::handle kwargs, Arrays& arrays, std::vector<bool>& donated) const {
  std::vector<nb::object> leaves;
  for (std::size_t i : donated_positions_) {
    if (i < nb::len(args)) PyTree::flatten(nb::object(args[i]), leaves);
  }
  for (const std::string& name : donated_names_) {
    PyObject* value = kwargs.ptr() ? PyDict_GetItemString(kwargs.ptr(), name.c_str()) : nullptr;
    if (value != nullptr) PyTree::flatten(value, leaves);
  }
  for (const nb::object& leaf : leaves) {
    if (!is_array(leaf.ptr())) continue;
    for (Array& x : arrays) {
      if (x.node() != array_of(leaf.ptr()).node()) continue;
      donated.resize(arrays.size());
      donated[static_cast<std::size_t>(&x - arrays.data())] = true;
      give_up(x);
      break;
    }
  }
}

void Function::mark_statics(nb::object& args, nb::object& kwargs) const {
  nb::list positional;
  for (std::size_t i = 0; i < nb::len(args); ++i) {
    nb::object value = args[i];
    positional.append(is_static(i) ? nb::cast(PyStatic{value}) : value);
  }
  args = nb::tuple(positional);
  if (kwargs.ptr() == nullptr) return;
  nb::dict marked;
  for (auto [key, value] : nb::borrow<nb::dict>(kwargs)) {
    const auto text = nb::cast<std::string>(key);
    const bool found = std::find(static_names_.begin(), static_names_.end(), text) != static_names_.end();
    marked[key] = found ? nb::cast(PyStatic{nb::borrow(value)}) : nb::borrow(value);
  }
  kwargs = marked;
}

}  // namespace tnp::python
