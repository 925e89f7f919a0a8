// Batching rules that several families share.
#pragma once

#include "ir/opdef.h"

namespace tnp {

// Of an operation on two arrays whose leading axes broadcast: the batch becomes the first of them.
void batch_leading_pair(BatchCall& b);

}  // namespace tnp
