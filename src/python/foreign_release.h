// Giving back what belongs to Python when the last reader of it may be any thread.
#pragma once

namespace tnp::python {

// Calls `release(context)` with the GIL: now if the calling thread holds it, otherwise the next time that the main
// thread runs Python code. It never waits for the GIL, so that a thread which somebody waits for with the GIL held can
// not hang. After the interpreter has gone nothing is called: there is nobody left to give anything back to.
void release_with_gil(void (*release)(void*), void* context) noexcept;

}  // namespace tnp::python
