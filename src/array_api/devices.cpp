// Devices of names only. Code that mixes them, or asks one for a type that it has not, is not portable.
#include "tnp/array_api.h"
#include "tnp/error.h"

namespace tnp::array_api {

namespace {

constexpr const char* kNames[kDeviceCount] = {"CPU_DEVICE", "device1", "device2", "no_float64", "no_x64"};

thread_local TransferScope* t_scope = nullptr;

}  // namespace

const char* device_name(Device d) noexcept { return kNames[static_cast<int>(d)]; }

Device device_named(std::string_view name) {
  for (int i = 0; i < kDeviceCount; ++i) {
    if (name == kNames[i]) return static_cast<Device>(i);
  }
  throw ValueError("there is no device '" + std::string(name) +
                   "': there are 'CPU_DEVICE', 'device1', 'device2', 'no_float64' and 'no_x64'");
}

bool supports(Device device, DType dtype) noexcept {
  if (device < Device::no_float64) return true;
  if (dtype == DType::float64 || dtype == DType::complex128) return false;
  return device == Device::no_float64 || (dtype != DType::int64 && dtype != DType::uint64);
}

void check_supported(const char* function, Device device, DType dtype) {
  if (supports(device, dtype)) return;
  throw ValueError(std::string(function) + ": Device('" + device_name(device) + "') does not have the data type " +
                   std::string(dtype_name(dtype)) +
                   ", as some libraries' devices do not: ask "
                   "__array_namespace_info__().dtypes(device=…)");
}

void check_same_device(const char* function, Device a, Device b) {
  if (a == b) return;
  throw ValueError(std::string(function) + ": arrays from two different devices (" + device_name(a) + " and " +
                   device_name(b) +
                   ") can not be combined, as the standard moves nothing by itself: write x.to_device(device)");
}

DefaultTypes default_types(Device device) noexcept {
  switch (device) {
    case Device::device2:
    case Device::no_float64:
      return {DType::float32, DType::complex64, DType::int64, DType::int64};
    case Device::no_x64:
      return {DType::float32, DType::complex64, DType::int32, DType::int32};
    default:
      return {DType::float64, DType::complex128, DType::int64, DType::int64};
  }
}

void TransferScope::enter() {
  if (entered_) throw RuntimeError("DeviceTransfers: it is entered already");
  entered_ = true;
  outer_ = t_scope;
  t_scope = this;
}

void TransferScope::leave() noexcept {
  if (!entered_) return;
  entered_ = false;
  TransferScope** at = &t_scope;  // not always the innermost
  while (*at != nullptr && *at != this) at = &(*at)->outer_;
  if (*at == this) *at = outer_;
}

void note_transfer(const char* function, const Array& x, Device source, Device target) {
  if (source == target || t_scope == nullptr) return;
  for (const TransferScope* s = t_scope; s != nullptr; s = s->outer_) {
    if (s->forbid_) {
      throw RuntimeError(std::string(function) + ": a transfer from " + device_name(source) + " to " +
                         device_name(target) + " of an array of shape " + x.shape().str() +
                         " inside DeviceTransfers(forbid=True): make the array on the device where it is needed");
    }
  }
  for (TransferScope* s = t_scope; s != nullptr; s = s->outer_) {
    s->transfers_.push_back({function, source, target, x.dtype(), x.shape()});
  }
}

}  // namespace tnp::array_api
