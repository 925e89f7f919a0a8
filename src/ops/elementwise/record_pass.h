// TNP_PASS_RECORD: the OpDef and the C++ function of a record.
#pragma once

#include "ops/elementwise/family.h"

namespace tnp {

namespace detail {

// The cotangent of input i by whichever rule the record has: dy/dx_i · ct, conjugated (TensorFlow's convention).
template <class Record>
Array record_vjp(const Array& ct, std::span<const Array> x, const Array& y, int i) {
  if constexpr (requires { Record::vjp(ct, x, y, i); }) {
    return Record::vjp(ct, x, y, i);
  } else if constexpr (Record::arity == 1) {
    return multiply_or_zero(ct, conjugate_if_complex(Record::derivative(x[0], y)));
  } else if constexpr (Record::arity == 2) {
    const Array partial = i == 0 ? Record::derivative0(x[0], x[1], y) : Record::derivative1(x[0], x[1], y);
    return multiply_or_zero(ct, conjugate_if_complex(partial));
  }
}

template <class Record>
ElementwiseInfo record_info(const char* name, PerIsa<const KernelTable*> kernels) {
  ElementwiseInfo info{};
  info.name = name;
  info.arity = Record::arity;
  info.types = Record::types;
  info.result = Record::result;
  info.cycles = Record::cycles;
  info.low = Record::low;
  info.high = Record::high;
  info.kernels = kernels;
  info.integer_loop = Record::integer_loop;
  info.raises_flags = Record::raises_flags;
  info.boolean_refused = Record::boolean_refused;
  info.aliases = Record::aliases;
  info.internal = Record::internal;
  info.oracle = Record::oracle;
  if constexpr (requires { &Record::check; }) info.check = &Record::check;
  if constexpr (requires { Record::no_derivative; }) {
    info.no_derivative = Record::no_derivative;
  } else {
    info.vjp = &record_vjp<Record>;
  }
  return finish(info);
}

}  // namespace detail

}  // namespace tnp

#define TNP_ELEMENTWISE_PASS(NAME, RECORD)                                                   \
  namespace tnp {                                                                            \
  namespace baseline {                                                                       \
  extern const KernelTable NAME##_kernels;                                                   \
  }                                                                                          \
  namespace avx2 {                                                                           \
  extern const KernelTable NAME##_kernels;                                                   \
  }                                                                                          \
  namespace avx512 {                                                                         \
  extern const KernelTable NAME##_kernels;                                                   \
  }                                                                                          \
  static const ElementwiseInfo NAME##_info =                                                 \
      detail::record_info<TNP_ISA::records::RECORD>(#NAME, TNP_PER_ISA(NAME##_kernels));     \
  static const OpDef NAME##_op = elementwise_op(NAME##_info, TNP_ISA::records::RECORD::doc); \
  static const RegisterOp NAME##_registration(NAME##_op);                                    \
  }

#define TNP_DEFINE_UNARY(NAME) \
  ::tnp::Array tnp::NAME(const Array& x) { return apply_elementwise(NAME##_op, x); }
#define TNP_DEFINE_BINARY(NAME) \
  ::tnp::Array tnp::NAME(const Operand& x, const Operand& y) { return apply_elementwise(NAME##_op, x, y); }
#define TNP_DEFINE_TERNARY(NAME)                                                 \
  ::tnp::Array tnp::NAME(const Operand& x, const Operand& y, const Operand& z) { \
    return apply_elementwise(NAME##_op, x, y, z);                                \
  }
