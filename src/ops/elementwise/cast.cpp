// cast: conversion between types, which fuses as elementwise operations do.
#include "ops/elementwise/cast.h"

#include "ops/common.h"
#include "ops/elementwise/cast_params.h"
#include "ops/shape/layout.h"
#include "tnp/text.h"

namespace tnp {

namespace {

std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (int from = 0; from < kNumericDTypeCount; ++from) {
    for (int to = 0; to < kNumericDTypeCount; ++to) {
      // Where a negative number or a fraction would go to an unsigned type, C leaves the result open.
      Sample one = sample({{67}}, static_cast<DType>(from), make_params<CastParams>(static_cast<DType>(to)), false);
      one.low = is_unsigned_integer(static_cast<DType>(to)) ? 0 : -100;
      one.high = 100;
      s.push_back(one);
    }
  }
  s.push_back(sample({{2, 3}}, DType::float64, make_params<CastParams>(DType::complex128)));
  return s;
}

const OpDef kCast{
    .name = "cast",
    .doc =
        "The elements converted to another type as by NumPy's astype: towards zero from floats to integers, without "
        "the "
        "imaginary part from complex to real.",
    .family = "elementwise",
    .infer = +[](const Call& call) { return OutputSpecs{{params_of<CastParams>(call).dtype, call.in[0].shape()}}; },
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{params_of<CastParams>(call).dtype}; },
    .infers_unknown_rank = true,
    .execute =
        +[](const Call& call, std::span<Array> out) {
          out[0] = empty_in(params_of<CastParams>(call).dtype, call.in[0].shape(), memory_order(call.in));
          cast_strided(view(call.in[0]), view(out[0]));
        },
    .vjp =
        +[](VjpCall& v) {
          const DType from = v.call.in[0].dtype();
          if (!is_inexact(from) || !is_inexact(v.outputs[0].dtype())) return;
          const Array& ct = v.cotangents[0];
          v.result[0] = astype(is_complex(ct.dtype()) && !is_complex(from) ? real(ct) : ct, from);
        },
    .batch =
        +[](BatchCall& b) {
          b.result = {apply(b.call.op, b.call.in, b.call.params)};
          b.result_batched = {true};
        },
    .fusion = Fusion::cast,
    .samples = &samples,
    .oracle = "x[0].astype(p.dtype)",
};
const RegisterOp registration(kCast);

}  // namespace

Array astype(const Array& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  if (is_text(dtype) || is_text(x.dtype())) [[unlikely]]
    return cast_text(x, dtype);
  if (!is_numeric(dtype)) throw TypeError("astype: arrays of type " + std::string(name(dtype)) + " are not supported");
  CastParams p;
  p.dtype = dtype;
  return apply(kCast, {&x, 1}, p);
}

}  // namespace tnp
