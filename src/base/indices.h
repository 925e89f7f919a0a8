// 0 … N - 1 as parameters of a template: std::index_sequence, for kernels, which take nothing from the standard
// library.
#pragma once

#include <cstddef>

namespace tnp {

template <std::size_t... I>
struct Indices {};
template <std::size_t N, std::size_t... I>
struct MakeIndices : MakeIndices<N - 1, N - 1, I...> {};
template <std::size_t... I>
struct MakeIndices<0, I...> {
  using type = Indices<I...>;
};

}  // namespace tnp
