// An index, understood: what x[items] is made of.
#pragma once

#include "tnp/indexing.h"

namespace tnp {

// First a slice of every axis; then axes dropped (those of integers) and added (None); then a gather.
struct IndexPlan {
  SmallVec<SliceSpec, 4> slices;  // one for each axis of x
  bool whole = true;              // the slices take everything
  bool element = false;           // an integer for each axis and nothing else
  Axes kept;                      // for each axis of the view: x's axis, -1 for an added one
  Shape view;                     // the view's shape

  Arrays indices;
  Axes index_axes;       // of the view (after flattening)
  Axes labels;           // x's axes that they index
  bool in_place = true;  // the indices' dimensions stand where the first of them did, not in front
  // A mask that is the only array: its axes of the view become one.
  int flatten_axis = 0, flatten_count = 1;

  bool is_basic() const { return indices.empty(); }
};

// Throws IndexError for an index that does not fit x.
IndexPlan plan_index(const Array& x, std::span<const IndexItem> items);

// How many elements, beginning where, a slice takes of an axis; sizes may be symbolic.
SliceSpec resolve_slice(const IndexItem& item, std::int64_t size);

// x[:, …, index, …] for a vector of indices on one axis, and a slice of one axis.
Array gather_axis(const Array& x, const Array& indices, int axis);
Array slice_axis(const Array& x, int axis, SliceSpec spec);

}  // namespace tnp
