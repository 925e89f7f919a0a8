// What the process does and how long it takes, as a trace that chrome://tracing and ui.perfetto.dev show.
#pragma once

#include <string>

namespace tnp {

// Notes operations, and the steps and compilations of programs, of all threads from now on. Throws RuntimeError if that
// is being done already.
void start_profile();
// Ends it, and gives what was noted as JSON in the Chrome trace format. Throws RuntimeError if nothing was started.
std::string stop_profile();

}  // namespace tnp
