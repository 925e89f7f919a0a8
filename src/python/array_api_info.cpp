// What tnp.array_api says of itself: its devices, their data types, what it can do.
#include "python/array_api_arguments.h"

namespace tnp::python {

namespace {

using array_api::Category;
using array_api::Device;

struct StrictDevice {
  Device device;
};

// One for each device; never destroyed. Devices that Python makes are objects of their own, and equal.
nb::object* g_devices = nullptr;
PyTypeObject* g_device_type = nullptr;

nb::object all_devices() {
  nb::list out;
  for (int i = 0; i < array_api::kDeviceCount; ++i) out.append(g_devices[i]);
  return nb::tuple(out);
}

constexpr DType kOrder[] = {DType::bool_,   DType::int8,      DType::int16,     DType::int32,  DType::int64,
                            DType::uint8,   DType::uint16,    DType::uint32,    DType::uint64, DType::float32,
                            DType::float64, DType::complex64, DType::complex128};

nb::dict dtypes_of(Category category, Device device) {
  nb::dict out;
  for (DType d : kOrder) {
    if (!contains(category, d) || !array_api::supports(device, d)) continue;
    out[nb::str(std::string(array_api::dtype_name(d)).c_str())] = strict_dtype(d);
  }
  return out;
}

nb::dict dtypes_of_kind(nb::handle kind, Device device) {
  if (kind.is_none()) return dtypes_of(Category::all, device);
  if (PyUnicode_Check(kind.ptr())) return dtypes_of(array_api::category_of_kind(nb::cast<std::string>(kind)), device);
  if (!PyTuple_Check(kind.ptr())) throw ValueError("dtypes: kind must be a word, a tuple of words or None");
  nb::dict out;
  for (nb::handle each : nb::borrow<nb::tuple>(kind)) out.update(dtypes_of_kind(each, device));
  return out;
}

// --- __array_namespace_info__()

nb::dict capabilities() {
  array_api::require_version("capabilities", array_api::k2023);
  const array_api::Flags f = array_api::flags();
  nb::dict d;
  d["boolean indexing"] = f.boolean_indexing;
  d["data-dependent shapes"] = f.data_dependent_shapes;
  if (f.version >= array_api::k2024) d["max dimensions"] = kMaxDims;
  return d;
}

nb::dict default_dtypes(nb::handle device) {
  array_api::require_version("default_dtypes", array_api::k2023);
  const Device on = device_if_given("default_dtypes", device.ptr()).value_or(Device::cpu);
  const array_api::DefaultTypes types = array_api::default_types(on);
  nb::dict d;
  d["real floating"] = strict_dtype(types.real);
  d["complex floating"] = strict_dtype(types.complex);
  d["integral"] = strict_dtype(types.integer);
  d["indexing"] = strict_dtype(types.indexing);
  return d;
}

nb::object devices() {
  array_api::require_version("devices", array_api::k2023);
  if (array_api::flags().version < array_api::k2025) return nb::list(all_devices());
  return all_devices();
}

TNP_FUNCTION(_info_capabilities, kStandard, "()", "What is optional, and whether it is there.") {
  return capabilities();
}
TNP_FUNCTION(_info_default_device, kStandard, "()", "The device of arrays that are made without device=.") {
  array_api::require_version("default_device", array_api::k2023);
  return device_object(Device::cpu);
}
TNP_FUNCTION(_info_devices, kStandard, "()", "All devices.") { return devices(); }
TNP_FUNCTION(_info_default_dtypes, kStandard, "(device, /)", "The data types of arrays that are made without dtype=.") {
  return default_dtypes(args.values[0]);
}
TNP_FUNCTION(_info_dtypes, kStandard, "(device, kind, /)", "The data types of a device, by their names.") {
  const auto [device, kind] = take<2>(args);
  array_api::require_version("dtypes", array_api::k2023);
  return dtypes_of_kind(kind.handle(), device_if_given("dtypes", device.ptr()).value_or(Device::cpu));
}
TNP_FUNCTION(_require_info, kStandard, "()", "Whether the version has __array_namespace_info__.") {
  array_api::require_version("__array_namespace_info__", array_api::k2023);
  return nb::none();
}

void init_device(StrictDevice* self, nb::handle name) {
  if (!PyUnicode_Check(name.ptr())) {
    throw ValueError("Device: a device is made of its name, not of '" + std::string(Py_TYPE(name.ptr())->tp_name) +
                     "'");
  }
  new (self) StrictDevice{array_api::device_named(nb::cast<std::string>(name))};
}

}  // namespace

nb::object device_object(Device d) { return g_devices[static_cast<int>(d)]; }

bool is_strict_device(PyObject* o, Device& out) {
  if (Py_TYPE(o) != g_device_type) return false;
  out = nb::inst_ptr<StrictDevice>(nb::handle(o))->device;
  return true;
}

std::optional<Device> device_if_given(const char* function, PyObject* o) {
  if (o == nullptr || o == Py_None) return std::nullopt;
  Device d;
  if (is_strict_device(o, d)) return d;
  throw ValueError(std::string(function) + ": there is no device '" + nb::cast<std::string>(nb::str(nb::handle(o))) +
                   "': a device is what x.device gives, or Device(name), or None");
}

void bind_strict_devices(nb::module_& m) {
  auto cls = nb::class_<StrictDevice>(
      m, "Device", nb::is_final(), nb::is_weak_referenceable(),
      "Device(device='CPU_DEVICE')\n--\n\nA device. All but CPU_DEVICE exist to test whether code is portable.");
  g_device_type = reinterpret_cast<PyTypeObject*>(cls.ptr());
  cls.attr("__module__") = "tnp.array_api";
  cls.def("__init__", &init_device, nb::arg("device") = "CPU_DEVICE");
  cls.def(
      "__eq__",
      [](const StrictDevice& self, nb::handle other) {
        Device d;
        return is_strict_device(other.ptr(), d) && d == self.device;
      },
      nb::arg("other").none());
  cls.def("__hash__", [](const StrictDevice& d) { return 0xc9 + static_cast<int>(d.device); });
  cls.def("__repr__", [](const StrictDevice& d) {
    return std::string("tnp.array_api.Device('") + array_api::device_name(d.device) + "')";
  });
  cls.def("__reduce__", [](nb::handle self) {
    Device d = Device::cpu;
    is_strict_device(self.ptr(), d);
    return nb::make_tuple(self.type(), nb::make_tuple(array_api::device_name(d)));
  });
  g_devices = new nb::object[array_api::kDeviceCount];
  for (int i = 0; i < array_api::kDeviceCount; ++i) g_devices[i] = nb::cast(StrictDevice{static_cast<Device>(i)});
}

}  // namespace tnp::python
