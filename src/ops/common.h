// Small things that the definitions of primitives share.
#pragma once

#include "base/view.h"
#include "ir/opdef.h"
#include "tnp/error.h"
#include "tnp/operators.h"
#include "tnp/primitives.h"

namespace tnp {

inline StridedView view(const Array& x) {
  return {x.data(), x.dtype(), x.shape().ndim(), x.shape().data(), x.strides().data()};
}

template <class P>
const P& params_of(const Call& call) {
  return static_cast<const P&>(call.params);
}

Array conjugate_if_complex(const Array& x);

// The error of a call, which begins with the operation's name and its inputs' types and shapes.
template <class E>
[[noreturn]] void fail(const Call& call, const std::string& what) {
  throw E(describe(call) + ": " + what);
}

// {x.shape with `size` in front}
inline Shape prepend(std::int64_t size, const Shape& shape) {
  Shape out = shape;
  out.insert(0, size);
  return out;
}

// x with the batch as axis 0, repeated where x has none.
inline Array with_batch(const BatchCall& b, int i) {
  const Array& x = b.call.in[i];
  return b.batched[i] ? x : broadcast_to(x, prepend(b.size, x.shape()));
}

// A sample with one input per shape, all of this type.
inline Sample sample(std::initializer_list<Shape> shapes, DType dtype, std::shared_ptr<const Params> params,
                     bool differentiable = true) {
  Sample s;
  for (const Shape& shape : shapes) s.inputs.push_back({dtype, shape});
  s.params = std::move(params);
  s.differentiable = differentiable;
  return s;
}

template <class P, class... A>
std::shared_ptr<const Params> make_params(A&&... args) {
  auto p = std::make_shared<P>();
  p->set(std::forward<A>(args)...);
  return p;
}

// Types that stand for each kind in samples of operations that move elements without looking at them.
inline constexpr DType kSampleDTypes[] = {DType::bool_,     DType::int8,      DType::int64,   DType::uint16,
                                          DType::float16,   DType::bfloat16,  DType::float32, DType::float64,
                                          DType::complex64, DType::complex128};

}  // namespace tnp
