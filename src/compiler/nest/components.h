// Arrays whose last axis is a few components (x, y and z of pairs of points), computed component by component: each is
// a matrix, and what they have in common (distances, divisors) is there once, in the same lanes. All that lies between
// the points and the sums over pairs is then one fused loop.
#pragma once

#include "ir/graph.h"

namespace tnp::compiler {

// The components of its one input, of shape (i, j, component) or, if `rank` is 2, (i, j): as contiguous matrices, of
// which the rows are along `axis`: (j, i), or (i, j).
extern const OpDef kPlanes;
// The sums down the columns of several matrices, as (column, component), in the order in which the library sums
// (i, j, component) over j, or over i.
extern const OpDef kPlaneSums;

// Of more rows arrays are computed one by one in less time.
inline constexpr std::int64_t kMostPlaneRows = 255;

inline constexpr std::int64_t kMostComponents = 4;

// Of more points, native code computes all pairs of two.
inline constexpr std::int64_t kMostPairRows = 64;

// Makes such calls, and elementwise ones of matrices between them, of what is worth it.
void split_components(Graph& graph);

}  // namespace tnp::compiler
