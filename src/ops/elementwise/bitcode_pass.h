// TNP_PASS_BITCODE: a record's functions for the compiler, free of any instruction set.
#pragma once

#include "ops/elementwise/bitcode_abi.h"
#include "ops/elementwise/lanes.h"

namespace tnp::TNP_ISA {

template <class T, T... I>
struct Indices {};
template <int N>
using iota_t = __make_integer_seq<Indices, int, N>;

template <class Record, DType D, int N>
void bitcode_entry(void* out, [[maybe_unused]] const void* a, [[maybe_unused]] const void* b,
                   [[maybe_unused]] const void* c) {
  using X = Value<D, N>;
  const auto at = [](const void* p) { return *static_cast<const X*>(p); };
  if constexpr (Record::arity == 1) {
    const auto r = stored<Record, N>(value_of<Record, D>(at(a)));
    *static_cast<std::remove_const_t<decltype(r)>*>(out) = r;
  } else if constexpr (Record::arity == 2) {
    const auto r = stored<Record, N>(value_of<Record, D>(at(a), at(b)));
    *static_cast<std::remove_const_t<decltype(r)>*>(out) = r;
  } else {
    const auto r = stored<Record, N>(value_of<Record, D>(at(a), at(b), at(c)));
    *static_cast<std::remove_const_t<decltype(r)>*>(out) = r;
  }
}

template <class Record, DType D, int N>
constexpr BitcodeFunction bitcode_function() {
  if constexpr (contains(Record::types, D) && D != DType::float16 && D != DType::bfloat16) {
    // Vectors wider than any instruction set's serve none.
    if constexpr (sizeof(element_t<D>) * N <= 64) return &bitcode_entry<Record, D, N>;
  }
  return nullptr;
}

template <class Record, int... I>
constexpr BitcodeTable bitcode_table(Indices<int, I...>) {
  return {{{bitcode_function<Record, static_cast<DType>(I), 1>(), bitcode_function<Record, static_cast<DType>(I), 4>(),
            bitcode_function<Record, static_cast<DType>(I), 8>(),
            bitcode_function<Record, static_cast<DType>(I), 16>()}...}};
}

}  // namespace tnp::TNP_ISA

#define TNP_ELEMENTWISE_PASS(NAME, RECORD)                                                                       \
  extern "C" {                                                                                                   \
  extern const ::tnp::BitcodeTable tnp_entries_##NAME;                                                           \
  const ::tnp::BitcodeTable tnp_entries_##NAME = ::tnp::TNP_ISA::bitcode_table<::tnp::TNP_ISA::records::RECORD>( \
      ::tnp::TNP_ISA::iota_t<::tnp::kNumericDTypeCount>{});                                                      \
  }
