// Conversions of real numbers for the compiler (bitcode_abi.h): the lines of base/convert.h that eager casts run, too.
#include "base/convert.h"
#include "ops/elementwise/bitcode_abi.h"

namespace tnp::TNP_ISA {
namespace {

template <class T, int N>
struct Lanes {
  using type = Vec<T, N>;
};
template <class T>
struct Lanes<T, 1> {
  using type = T;
};
template <class E, int N>
using lanes_of = typename Lanes<storage_t<E>, N>::type;

template <class To, class From, int N>
void cast_entry(void* out, const void* in, const void*, const void*) {
  *static_cast<lanes_of<To, N>*>(out) = convert_element<To, From>(*static_cast<const lanes_of<From, N>*>(in));
}

template <class To, class From, int N>
constexpr BitcodeFunction cast_function() {
  constexpr int kWidest = sizeof(To) > sizeof(From) ? sizeof(To) : sizeof(From);
  if constexpr (kWidest * N <= 64) return &cast_entry<To, From, N>;
  return nullptr;
}

template <int From, int To>
constexpr void fill(BitcodeCastTable& table) {
  using F = element_t<static_cast<DType>(From)>;
  using T = element_t<static_cast<DType>(To)>;
  BitcodeFunction(&lanes)[kBitcodeLaneCount] = table.entry[From][To];
  lanes[0] = cast_function<T, F, kBitcodeLanes[0]>();
  lanes[1] = cast_function<T, F, kBitcodeLanes[1]>();
  lanes[2] = cast_function<T, F, kBitcodeLanes[2]>();
  lanes[3] = cast_function<T, F, kBitcodeLanes[3]>();
  if constexpr (To + 1 < kRealDTypeCount) {
    fill<From, To + 1>(table);
  } else if constexpr (From + 1 < kRealDTypeCount) {
    fill<From + 1, 0>(table);
  }
}

constexpr BitcodeCastTable make_table() {
  BitcodeCastTable table{};
  fill<0, 0>(table);
  return table;
}

}  // namespace
}  // namespace tnp::TNP_ISA

extern "C" {
extern const tnp::BitcodeCastTable tnp_cast_entries;
const tnp::BitcodeCastTable tnp_cast_entries = tnp::TNP_ISA::make_table();
}
