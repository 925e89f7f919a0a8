// Shared by the files that make `apply` work.
#pragma once

#include "ir/opdef.h"

namespace tnp {

// x's elements as if they had this shape, of as many; x is concrete and lies without gaps.
Array contiguous_view(const Array& x, const Shape& shape);

namespace detail {
bool contiguous(const Shape& shape, const Strides& strides, std::int64_t itemsize);
}

// Whether the call must be recorded rather than run: an input or a size is symbolic, or an effect happens in a trace.
bool must_record(const Call& call);
// The outputs' types and shapes, with unknown ranks provided for.
OutputSpecs infer_outputs(const Call& call);
// Runs on concrete inputs, telling nobody.
void execute(const Call& call, std::span<Array> out);

// Of arrays that are there, for a profile.
std::int64_t total_bytes(std::span<const Array> arrays);

// What is done with arrays of text, which have no numbers to compute with (ops/text). Throws TypeError for most.
extern Array (*text_hook)(const Call& call);

}  // namespace tnp
