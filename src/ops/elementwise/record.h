// clang-format off
// The record of an elementwise operation: its only home.
//
//   struct Sinc : Unary {
//     static constexpr const char* doc = "sin(pi x) / (pi x), and 1 at 0.";
//     static constexpr DTypeSet types = kFloats;                      // loops; other types go to the first that holds them
//     template <class V> static V value(V x) { return math::sinc(x); }  // V: a scalar, a vector, or Complex of one
//     static Array derivative(const Array& x, const Array& y) { … }      // dy/dx, of tnp's own functions
//   };
//   TNP_UNARY(sinc, Sinc)
//
// A record file (*.record.cpp) is compiled several times: TNP_PASS_KERNELS for each instruction set, TNP_PASS_BITCODE for the
// compiler, and TNP_PASS_RECORD, which makes the OpDef and defines the C++ function `tnp::sinc`. Bindings, gradient, batching,
// documentation and tests follow from it.
//
// What else a record may have (defaults in kernel_abi.h):
//   result                     ResultType::boolean for predicates (`value` gives a mask), ::real for |z|, ::byte for counts
//   boolean(x…)                the value on bool, of vectors of bytes 0 and 1
//   derivative0, derivative1…  for several inputs: partial derivatives (x1, x2, y)
//   vjp(ct, x…, y, i)          instead, where the function is not holomorphic: the cotangent of input i
//   no_derivative              instead, why there is none (the gradient is then None)
//   boolean_refused            TypeError for booleans, though an integer loop could hold them
//   aliases                    other names that NumPy has for it
//   integer_loop               DType::float64 where all integers compute in float64 (divide), not in the first safe loop
//   check(x…, loop)            throws for values that have no result (int ** -1); such loops are not fused
//   raises_flags               the loops raise just the floating-point exceptions that NumPy warns of: either because `value`
//                              does, or by way of
//   raised(x…, y)              the exceptions that the result y stands for (fp_exceptions.h); what `value` raises is then
//                              forgotten. It may be constrained to some types
//   half_value<D>(x…)          the value on half precision (in float32 lanes) where it is not float32's, rounded
//   By<T>, value_by(x, By)     of two integers: made of the second where that is one for many elements, if By::serves it,
//                              and the value then, for which there are no exceptions
//   internal                   not one of NumPy's functions
//   oracle                     what computes it in NumPy, where NumPy has no function of its name
//   low, high                  range of the sample inputs;  cycles: cost per element
// clang-format on
#pragma once

#include "ops/elementwise/kernel_abi.h"
#include "tnp/array.h"
#include "tnp/elementwise.h"
#include "tnp/operators.h"

namespace tnp {
Array conjugate_if_complex(const Array& x);
}

// On scalars the masks of `value` are bools, which records join with & and | as they do lanes.
#pragma clang diagnostic ignored "-Wbitwise-instead-of-logical"

#if defined(TNP_PASS_KERNELS)
#include "ops/elementwise/kernels_pass.h"
#elif defined(TNP_PASS_BITCODE)
#include "ops/elementwise/bitcode_pass.h"
#else
#include "ops/elementwise/lanes.h"
#include "ops/elementwise/record_pass.h"
#endif

#ifndef TNP_DEFINE_UNARY
#define TNP_DEFINE_UNARY(NAME)
#define TNP_DEFINE_BINARY(NAME)
#define TNP_DEFINE_TERNARY(NAME)
#endif

#define TNP_UNARY(NAME, RECORD) TNP_ELEMENTWISE_PASS(NAME, RECORD) TNP_DEFINE_UNARY(NAME)
#define TNP_BINARY(NAME, RECORD) TNP_ELEMENTWISE_PASS(NAME, RECORD) TNP_DEFINE_BINARY(NAME)
#define TNP_TERNARY(NAME, RECORD) TNP_ELEMENTWISE_PASS(NAME, RECORD) TNP_DEFINE_TERNARY(NAME)
