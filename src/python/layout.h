// The keyword `order` where it decides how a result lies in memory.
#pragma once

#include "python/arguments.h"
#include "tnp/layout.h"

namespace tnp::python {

// Throws ValueError for none of C, F, A, K.
inline Layout layout_of(const Value& order, Layout otherwise = Layout::k) {
  if (!order.given()) return otherwise;
  order.order();
  switch (order.text("K")[0]) {
    case 'C':
    case 'c':
      return Layout::c;
    case 'F':
    case 'f':
      return Layout::f;
    case 'A':
    case 'a':
      return Layout::a;
    default:
      return Layout::k;
  }
}

}  // namespace tnp::python
