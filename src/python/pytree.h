// Nested structures of Python containers: flattened to their leaves, and put together again.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "python/python.h"
#include "tnp/array_api.h"

namespace tnp::python {

// An array of tnp.array_api in a structure, and which leaf its array is.
struct StrictLeaf {
  nb::object array;
  std::size_t leaf;
};

// Whether it is an object of a dataclass, which is a container of its fields.
bool is_dataclass(nb::handle o);

class PyTree {
 public:
  // The names of a dataclass's fields, in order.
  static nb::list fields_of(nb::handle o);
  // Appends the leaves in order. Containers are tuples, lists, dicts (in key order of insertion), named tuples,
  // dataclasses and None, which has no leaves. An array of tnp.array_api counts as a container of the tnp array it
  // holds; `strict` collects such objects.
  static PyTree flatten(nb::handle o, std::vector<nb::object>& leaves, std::vector<StrictLeaf>* strict = nullptr);
  nb::object unflatten(std::span<const nb::object> leaves) const;
  // Appends what stands in `o` where this structure has its leaves, whatever that is; a tuple may stand for a list and
  // the other way round. Throws TypeError, which calls `o` by `path`, where it has another structure.
  void flatten_like(nb::handle o, std::vector<nb::object>& leaves, const std::string& path) const;
  std::size_t num_leaves() const;
  // How to get from the structure to a leaf: "[0]", "['key']", ".field".
  std::vector<std::string> path_of(std::size_t leaf) const;
  bool is_leaf() const { return kind_ == Kind::leaf; }

  // Leaves alone in a tuple or a list, which whoever has their objects can make.
  enum class Row : std::uint8_t { none, tuple, list };
  Row row() const;
  static PyObject* new_row(Row row, std::size_t n);  // throws MemoryError
  static void set_in_row(Row row, PyObject* o, std::size_t i, PyObject* leaf) {
    const auto at = static_cast<Py_ssize_t>(i);
    row == Row::list ? PyList_SET_ITEM(o, at, leaf) : PyTuple_SET_ITEM(o, at, leaf);
  }

  // A hashable, comparable description of the structure.
  nb::object key() const;

 private:
  enum class Kind : std::uint8_t { leaf, none, tuple, list, dict, named_tuple, dataclass, strict_array };
  nb::object build(std::span<const nb::object> leaves, std::size_t& next) const;
  void remember_dict(nb::handle o);
  bool remember_class(nb::handle o);
  nb::object object_of_class(std::span<const nb::object> leaves, std::size_t& next) const;
  nb::object dict_of(const nb::dict& items) const;
  nb::object dataclass_of(const nb::dict& fields) const;

  Kind kind_ = Kind::leaf;
  array_api::Device device_{};  // of a strict array
  nb::object type_;             // of a named tuple, a dataclass, a kind of dict
  nb::object factory_;          // of a defaultdict
  // Of a class derived from tuple, list or dict: the last child is its attributes. Some dicts are their own attributes.
  enum class Attributes : std::uint8_t { none, child, itself };
  Attributes attributes_ = Attributes::none;
  bool plain_dict_ = false;       // an OrderedDict or defaultdict: its constructor takes a dict
  bool plain_fields_ = true;      // of a dataclass: its constructor takes them all
  std::vector<nb::object> keys_;  // of a dict; field names of a dataclass
  std::vector<PyTree> children_;
};

}  // namespace tnp::python
