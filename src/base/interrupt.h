// How a loop that runs for long is stopped.
#pragma once

namespace tnp {

// Called between iterations of a loop; throws to stop it. Set by the Python layer for Ctrl-C.
extern void (*interrupt_hook)();

}  // namespace tnp
