// The exceptions of tnp. Each becomes the Python exception class of the same name (what NumPy raises).
#pragma once

#include <stdexcept>
#include <string>

namespace tnp {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

#define TNP_DEFINE_ERROR(NAME, BASE) \
  class NAME : public BASE {         \
   public:                           \
    using BASE::BASE;                \
  }

TNP_DEFINE_ERROR(ValueError, Error);
TNP_DEFINE_ERROR(TypeError, Error);
TNP_DEFINE_ERROR(IndexError, Error);
TNP_DEFINE_ERROR(KeyError, Error);
TNP_DEFINE_ERROR(OverflowError, Error);
TNP_DEFINE_ERROR(ZeroDivisionError, Error);
TNP_DEFINE_ERROR(MemoryError, Error);
TNP_DEFINE_ERROR(RuntimeError, Error);
TNP_DEFINE_ERROR(RecursionError, Error);
TNP_DEFINE_ERROR(BufferError, Error);
TNP_DEFINE_ERROR(AttributeError, Error);
TNP_DEFINE_ERROR(AxisError, ValueError);  // numpy.exceptions.AxisError: a ValueError and an IndexError
TNP_DEFINE_ERROR(DTypePromotionError, TypeError);
TNP_DEFINE_ERROR(TracerError, TypeError);  // a symbolic array used where its value is needed

#undef TNP_DEFINE_ERROR

}  // namespace tnp
