// Forward mode and matrices of derivatives, made of the tape's backward mode.
#pragma once

#include <utility>
#include <vector>

#include "tnp/control.h"
#include "transform/tape.h"

namespace tnp {

// {f(primals), the derivative of f at the primals in the direction of the tangents}. A result that has no derivative
// (an integer) has zeros. Tangents are of the primals' shapes and types.
std::pair<Arrays, Arrays> jvp(const ArraysFunction& f, const Arrays& primals, const Arrays& tangents);

// d target / d source for each source, of shape target.shape + source.shape; absent where the target does not depend on
// the source. All rows are computed at once.
Arrays jacobian(Tape& tape, const Array& target, const Arrays& sources, bool one_by_one = false);

// d target[b] / d source[b] for each b along the first axes, which are equally long: the examples are taken to be
// independent. Of shape target.shape + source.shape[1:].
Array batch_jacobian(Tape& tape, const Array& target, const Array& source, bool one_by_one = false);

}  // namespace tnp
