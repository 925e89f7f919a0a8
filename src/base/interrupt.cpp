#include "base/interrupt.h"

namespace tnp {

void (*interrupt_hook)() = nullptr;

}  // namespace tnp
