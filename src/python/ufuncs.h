// The parts of tnp.ufunc.
#pragma once

#include "python/python.h"
#include "tnp/layout.h"
#include "tnp/ufunc_loops.h"

namespace tnp::python {

const UfuncInfo& ufunc_info_of(PyObject* ufunc);
// reduce, accumulate, reduceat, outer, at, resolve_dtypes; ends with a row of nulls.
PyMethodDef* ufunc_methods();
// The loops as NumPy writes them, "dd->d", in its order.
nb::list ufunc_types(const UfuncInfo& ufunc);
nb::object ufunc_identity_object(const UfuncInfo& ufunc);

struct UfuncKeywords {
  PyObject* where = nullptr;
  Layout layout = Layout::k;
  UfuncOptions options;
  CoreAxes core;
};
// The keywords of a call; throws NumPy's errors, and TypeError for `out`.
UfuncKeywords ufunc_keywords(const UfuncInfo& ufunc, PyObject* const* values, PyObject* names);
// `dtype` and `signature` ("dd->d", or a tuple with None for what is open) alone.
void set_ufunc_signature(UfuncOptions& options, const UfuncInfo& ufunc, PyObject* signature);
[[noreturn]] void refuse_out(const UfuncInfo& ufunc);
// "(x1, x2, /, out=None, *, where=True, …)"
std::string ufunc_signature_text(const UfuncInfo& ufunc);

}  // namespace tnp::python
