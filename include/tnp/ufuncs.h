// What NumPy's ufunc objects do besides being called: reductions, accumulations and updates with any function of two
// arguments, by its name.
#pragma once

#include <optional>
#include <string_view>

#include "tnp/array.h"
#include "tnp/indexing.h"
#include "tnp/reductions.h"

namespace tnp {

// All elements along axes combined. An absent axis means all axes. Throws ValueError for a function of one argument,
// for one that depends on the order if there are several axes, and for no elements where there is no identity.
Array ufunc_reduce(std::string_view ufunc, const Array& x, const Reduction& options);
// Each element combined with all before it.
Array ufunc_accumulate(std::string_view ufunc, const Array& x, std::int64_t axis = 0, std::optional<DType> dtype = {});
// The elements from each index up to the next one combined; the element there alone where the next is not greater.
Array ufunc_reduceat(std::string_view ufunc, const Array& x, const Array& indices, std::int64_t axis = 0,
                     std::optional<DType> dtype = {});
// A copy of x with x[items] = f(x[items], values), once for each time that an index names a place; values are absent
// for a function of one argument.
Array ufunc_at(std::string_view ufunc, const Array& x, std::span<const IndexItem> items, const Array& values);
// What combining with changes nothing; absent if there is none.
std::optional<Scalar> ufunc_identity(std::string_view ufunc);

}  // namespace tnp
