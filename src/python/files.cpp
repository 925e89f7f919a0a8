// What python/tnp/_files.py reads and writes .npy files with.
#include "python/arguments.h"
#include "tnp/error.h"
#include "tnp/npy.h"

namespace tnp::python {

namespace {

TNP_FUNCTION(_npy_header, kFunction, "(descr, shape)", "The bytes before the elements of a .npy file.") {
  const auto [descr, shape] = take<2>(args);
  const std::string h = npy_header(descr.text(""), shape.shape());
  return nb::steal(PyBytes_FromStringAndSize(h.data(), std::ssize(h)));
}

// The memory of whatever has some.
class Bytes {
 public:
  explicit Bytes(PyObject* o) {
    if (PyObject_GetBuffer(o, &view_, PyBUF_SIMPLE) != 0) throw nb::python_error();
  }
  ~Bytes() { PyBuffer_Release(&view_); }
  Bytes(const Bytes&) = delete;
  std::span<const std::byte> span() const {
    return {static_cast<const std::byte*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_;
};

NpyHeader header_of(const Value& dict) {
  const Bytes bytes(dict.ptr());
  return parse_npy_header({reinterpret_cast<const char*>(bytes.span().data()), bytes.span().size()});
}

TNP_FUNCTION(_npy_parse, kFunction, "(dict)", "The type's code, the shape, whether it is column-major, the bytes.") {
  const NpyHeader h = header_of(take<1>(args)[0]);
  return nb::make_tuple(nb::str(h.descr.c_str()), shape_object(h.shape), h.fortran_order, h.data_bytes());
}

TNP_FUNCTION(_npy_elements, kFunction, "(dict, data)", "The array that a header and its elements make.") {
  const auto [dict, data] = take<2>(args);
  const NpyHeader h = header_of(dict);
  const Bytes bytes(data.ptr());
  return to_python(npy_elements(h, bytes.span()));
}

}  // namespace

}  // namespace tnp::python
