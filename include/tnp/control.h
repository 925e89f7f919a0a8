// Decisions and loops over arrays. With concrete predicates outside of a traced function they run at once, as plain C++
// does; in a traced function they become one operation with sub-graphs, which may use any array of the function around.
//
//   Arrays y = cond(x > 0.0, [&](const Arrays&) { return Arrays{sqrt(x)}; }, [&](const Arrays&) { return Arrays{x}; });
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "tnp/array.h"

namespace tnp {

using ArraysFunction = std::function<Arrays(const Arrays&)>;

// One of the two, applied to the operands. They must give as many arrays, of the same types and numbers of dimensions.
Arrays cond(const Array& pred, const ArraysFunction& true_fn, const ArraysFunction& false_fn,
            const Arrays& operands = {});
// Branch number `index`; throws IndexError if there is none.
Arrays switch_(const Array& index, std::span<const ArraysFunction> branches, const Arrays& operands = {});

// body(body(… init)), as long as `condition` of it is true. The arrays keep their types and numbers of dimensions.
Arrays while_loop(const std::function<Array(const Arrays&)>& condition, const ArraysFunction& body, const Arrays& init);
// init, then body(i, …) of it for i = lower, …, upper - 1; i is a 0-d int64 array.
Arrays fori_loop(const Array& lower, const Array& upper,
                 const std::function<Arrays(const Array& i, const Arrays&)>& body, const Arrays& init);

struct ScanOptions {
  std::optional<std::int64_t> length;  // needed where there are no `xs`; may be symbolic
  bool reverse = false;                // from the last row to the first
};
// Carries `init` through f over the rows of `xs` (all as long): f(carry, row) gives the next carry and a result.
// Returns the last carry and the results, stacked.
std::pair<Arrays, Arrays> scan(const std::function<std::pair<Arrays, Arrays>(const Arrays& carry, const Arrays& x)>& f,
                               const Arrays& init, const Arrays& xs, const ScanOptions& options = {});
// f of each row, stacked; in order.
Arrays map(const ArraysFunction& f, const Arrays& xs);

}  // namespace tnp
