// Is an operand a temporary of an expression, which nobody can see again, so that its memory may take the result?
//
// A reference count of 1 alone does not tell: C code may hold its only reference, call an operator and use the array
// afterwards (itertools.starmap over a list of tuples, an object array of arrays). So, before Python 3.14 answers the
// question itself, the operator must also have been called by the interpreter's own loop for a binary-operation
// instruction, with nothing but the interpreter in between.
#include <dlfcn.h>
#include <execinfo.h>

#include <cstring>

#include "python/elementwise_call.h"
#include "runtime/allocator.h"

namespace tnp::python {

namespace {

// Below this the test costs more than the memory saves.
constexpr std::int64_t kWorthwhileBytes = 1 << 18;

#if PY_VERSION_HEX < 0x030E0000

bool executing_binary_operation() {
  static const int binary_op = [] {
    nb::object map = nb::module_::import_("opcode").attr("opmap");
    return nb::cast<int>(map["BINARY_OP"]);
  }();
  PyFrameObject* frame = PyEval_GetFrame();
  if (frame == nullptr) return false;
  PyCodeObject* code = PyFrame_GetCode(frame);
  const int at = PyFrame_GetLasti(frame);
  PyObject* bytes = PyCode_GetCode(code);
  Py_DECREF(code);
  if (bytes == nullptr) {
    PyErr_Clear();
    return false;
  }
  const bool is =
      at >= 0 && at < PyBytes_GET_SIZE(bytes) && static_cast<unsigned char>(PyBytes_AS_STRING(bytes)[at]) == binary_op;
  Py_DECREF(bytes);
  return is;
}

// Whether the frames between this library and the interpreter's loop are all the interpreter's.
bool called_by_interpreter() {
  static const void* interpreter = [] {
    Dl_info info{};
    dladdr(reinterpret_cast<void*>(&PyNumber_Add), &info);
    return static_cast<const void*>(info.dli_fbase);
  }();
  static const void* own = [] {
    Dl_info info{};
    dladdr(reinterpret_cast<void*>(&called_by_interpreter), &info);
    return static_cast<const void*>(info.dli_fbase);
  }();
  void* frames[16];
  const int count = backtrace(frames, 16);
  for (int i = 0; i < count; ++i) {
    Dl_info info{};
    if (dladdr(frames[i], &info) == 0) return false;
    if (info.dli_fbase == own) continue;
    if (info.dli_fbase != interpreter) return false;
    if (info.dli_sname != nullptr && std::strstr(info.dli_sname, "EvalFrame") != nullptr) return true;
  }
  return false;
}

bool unique_temporary(PyObject* o) {
  return Py_REFCNT(o) == 1 && executing_binary_operation() && called_by_interpreter();
}

#else

bool unique_temporary(PyObject* o) { return PyUnstable_Object_IsUniqueReferencedTemporary(o) != 0; }

#endif

}  // namespace

bool is_temporary(PyObject* o, const Array& x) {
  if (o == nullptr || x.state() != State::concrete) return false;
  const detail::Node* node = x.node();
  if (node->buffer->capacity < static_cast<std::size_t>(kWorthwhileBytes)) return false;
  if (node->refs.load(std::memory_order_relaxed) != 1 || !node->buffer->unique()) return false;
  return unique_temporary(o);
}

}  // namespace tnp::python
