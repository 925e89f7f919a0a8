// Arrays made of nothing that wait for their first reader.
#pragma once

#include "ir/opdef.h"

namespace tnp {

// The result of a creation (`full`, `iota`) as a pending array, as eager calls give it; absent for other operations and
// for arrays that are better made at once.
Array create_later(const Call& call);

}  // namespace tnp
