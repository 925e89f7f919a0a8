// Updates after those that read the old value: then it can be written over.
#pragma once

#include "ir/updates.h"

namespace tnp::compiler {

// Puts each update behind the other calls that read its first input, or a view of it, and do not need the update. Calls
// with effects keep their order.
void put_updates_last(Graph& graph);

}  // namespace tnp::compiler
