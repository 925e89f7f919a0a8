// DLPack's structures, version 1 (https://dmlc.github.io/dlpack): how array libraries hand each other memory.
#pragma once

#include <cstdint>

namespace tnp::python::dlpack {

inline constexpr std::uint32_t kMajor = 1;
inline constexpr std::uint32_t kMinor = 0;

enum DeviceType : std::int32_t { kCPU = 1, kCUDA = 2, kCUDAHost = 3, kCUDAManaged = 13 };

struct Device {
  std::int32_t type;
  std::int32_t id;
};

enum TypeCode : std::uint8_t { kInt = 0, kUInt = 1, kFloat = 2, kBfloat = 4, kComplex = 5, kBool = 6 };

struct DataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

struct Tensor {
  void* data;
  Device device;
  std::int32_t ndim;
  DataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  // in elements; null: row-major
  std::uint64_t byte_offset;
};

// Before version 1; says nothing of who may write.
struct ManagedTensor {
  Tensor tensor;
  void* manager;
  void (*deleter)(ManagedTensor* self);
};

struct Version {
  std::uint32_t major;
  std::uint32_t minor;
};

inline constexpr std::uint64_t kReadOnly = 1;
inline constexpr std::uint64_t kIsCopied = 2;

struct ManagedTensorVersioned {
  Version version;
  void* manager;
  void (*deleter)(ManagedTensorVersioned* self);
  std::uint64_t flags;
  Tensor tensor;
};

// Names of the capsules, before and after somebody has taken the tensor over.
template <class Managed>
inline constexpr const char* kName = "dltensor";
template <>
inline constexpr const char* kName<ManagedTensorVersioned> = "dltensor_versioned";
template <class Managed>
inline constexpr const char* kUsedName = "used_dltensor";
template <>
inline constexpr const char* kUsedName<ManagedTensorVersioned> = "used_dltensor_versioned";

}  // namespace tnp::python::dlpack
