// The flags of tnp.array_api and its record of transfers between devices.
#include <bit>

#include "python/array_api_arguments.h"

namespace tnp::python {

namespace {

using array_api::FlagChanges;
using array_api::Flags;

void warn_of_version(array_api::Version v) {
  std::string text;
  if (v == array_api::k2021) {
    text = "version 2021.12 of the standard is asked for: the rules are those of 2022.12, without the fft extension";
  } else if (v == array_api::kDraft) {
    text = "version 2026.12 of the standard is a draft: the rules are those of 2025.12";
  } else {
    return;
  }
  if (PyErr_WarnEx(PyExc_UserWarning, text.c_str(), 1) != 0) throw nb::python_error();
}

FlagChanges changes_of(const Arguments& args) {
  const auto [version, indexing, shapes, extensions] = take<4>(args);
  FlagChanges out;
  if (version.given()) {
    if (!PyUnicode_Check(version.ptr())) throw ValueError("api_version must be a str such as '2025.12'");
    out.version = array_api::version_named(version.text(""));
  }
  if (indexing.given()) out.boolean_indexing = indexing.flag();
  if (shapes.given()) out.data_dependent_shapes = shapes.flag();
  if (extensions.given()) {
    out.extensions.emplace();
    for (nb::handle each : nb::borrow<nb::iterable>(extensions.handle())) {
      out.extensions->push_back(nb::cast<std::string>(nb::str(each)));
    }
  }
  return out;
}

// Called when flags were set: the module's names depend on them. Never destroyed.
PyObject* g_on_flags = nullptr;

void announce() {
  const nb::handle callback(g_on_flags);
  if (callback.is_valid()) callback();
}

void change(const FlagChanges& changes) {
  if (changes.version) warn_of_version(*changes.version);
  array_api::set_flags(changes);
  announce();
}

TNP_FUNCTION(_on_flags, kStandard, "(callback, /)", "Has a function called whenever flags are set.") {
  g_on_flags = Py_NewRef(args.values[0]);
  return nb::none();
}

nb::object enabled(const Flags& f) {
  nb::list out;
  if (f.extensions & static_cast<unsigned>(array_api::Extension::linalg)) out.append("linalg");
  if (f.extensions & static_cast<unsigned>(array_api::Extension::fft)) out.append("fft");
  return nb::tuple(out);
}

TNP_FUNCTION(set_array_api_strict_flags, kStandard,
             "(*, api_version=None, boolean_indexing=None, data_dependent_shapes=None, enabled_extensions=None)",
             "Chooses the version of the standard and its optional parts, for the whole process.") {
  change(changes_of(args));
  return nb::none();
}

TNP_FUNCTION(get_array_api_strict_flags, kStandard, "()", "The flags that are in force, a dict.") {
  const Flags f = array_api::flags();
  nb::dict out;
  out["api_version"] = array_api::version_text(f.version);
  out["boolean_indexing"] = f.boolean_indexing;
  out["data_dependent_shapes"] = f.data_dependent_shapes;
  out["enabled_extensions"] = enabled(f);
  return out;
}

TNP_FUNCTION(reset_array_api_strict_flags, kStandard, "()",
             "Sets the flags as they are by default, whatever the environment says.") {
  array_api::set_flags(Flags{});
  announce();
  return nb::none();
}

TNP_FUNCTION(_restore_flags, kStandard, "(state, /)", "Sets the flags that _flag_state gave.") {
  array_api::set_flags(std::bit_cast<Flags>(PyLong_AsUnsignedLongLong(args.values[0])));
  announce();
  return nb::none();
}

TNP_FUNCTION(_flag_state, kStandard, "()", "The flags as a number.") {
  return nb::steal(PyLong_FromUnsignedLongLong(std::bit_cast<std::uint64_t>(array_api::flags())));
}

TNP_FUNCTION(_flags_from_environment, kStandard, "()", "Sets the flags that the environment says.") {
  change(array_api::flags_of_environment());
  return nb::none();
}

// --- transfers

nb::object records(const array_api::TransferScope& scope) {
  nb::object type = nb::module_::import_("tnp.array_api").attr("Transfer");
  nb::list out;
  for (const array_api::Transfer& t : scope.transfers()) {
    out.append(type(t.function, device_object(t.source), device_object(t.target), strict_dtype(t.dtype),
                    shape_object(t.shape)));
  }
  return out;
}

void bind_transfers(nb::module_& m) {
  using Scope = array_api::TransferScope;
  auto cls = nb::class_<Scope>(m, "DeviceTransfers",
                               "with DeviceTransfers() as transfers: … records in transfers.records what this thread "
                               "moves from one device to another; with forbid=True a transfer is a RuntimeError.");
  cls.attr("__module__") = "tnp.array_api";
  cls.def(nb::init<bool>(), nb::kw_only(), nb::arg("forbid") = false);
  cls.def("__enter__", [](nb::object self) {
    nb::cast<Scope&>(self).enter();
    return self;
  });
  cls.def("__exit__", [](Scope& s, nb::args) { s.leave(); });
  cls.def_prop_ro("records", &records, "What was transferred, a list of Transfer.");
}

}  // namespace

void bind_strict_flags(nb::module_& m) { bind_transfers(m); }

}  // namespace tnp::python
