// Arrays made of nothing: full, iota, dim_value. Large ones are pending until somebody reads them.
#include "ops/shape/create.h"

#include <algorithm>
#include <cstring>

#include "base/dim.h"
#include "base/element_bits.h"
#include "ir/expr.h"
#include "ir/observer.h"
#include "ir/scalar.h"
#include "ir/trace.h"
#include "ops/common.h"
#include "ops/elementwise/cast.h"
#include "runtime/threads.h"
#include "tnp/text.h"

namespace tnp {

namespace {

// From here on (bytes) a creation waits for its first reader, which may be able to do without the memory.
constexpr std::int64_t kPendingBytes = 1 << 16;
// Above this a creation runs at once, so that a size that cannot be had raises MemoryError in the call that asks for
// it.
constexpr std::int64_t kPendingLimit = std::int64_t{1} << 28;

constexpr std::int64_t kSmallBytes = 1 << 10;

struct FullParams : ParamsOf<FullParams> {
  Shape shape;
  template <class V>
  void fields(V& v) {
    v("shape", shape);
  }
  void set(const Shape& s) { shape = s; }
};

// An array that repeats the element at `from`.
Array filled(DType dtype, const Shape& shape, const std::byte* from) {
  Array x = Array::empty(dtype, shape);
  const std::int64_t size = x.itemsize(), n = shape.num_elements();
  std::byte* to = x.node()->data;
  const auto fill = [&]<class T>(T) {
    T element;
    std::memcpy(&element, from, sizeof element);
    parallel_for(n, 1 << 16, [=](std::int64_t begin, std::int64_t end) {
      std::fill(reinterpret_cast<T*>(to) + begin, reinterpret_cast<T*>(to) + end, element);
    });
  };
  if (std::all_of(from, from + size, [&](std::byte b) { return b == *from; })) {
    parallel_for(n * size, 1 << 18, [=, byte = static_cast<int>(*from)](std::int64_t begin, std::int64_t end) {
      std::memset(to + begin, byte, static_cast<std::size_t>(end - begin));
    });
    return x;
  }
  with_element_bits(size, fill);
  return x;
}

void execute_full(const Call& call, std::span<Array> out) {
  out[0] = filled(call.in[0].dtype(), params_of<FullParams>(call).shape, call.in[0].data());
}

const OpDef kFull{
    .name = "full",
    .doc = "An array of this shape that repeats one value.",
    .family = "creation",
    .infer = +[](const Call& call) { return OutputSpecs{{call.in[0].dtype(), params_of<FullParams>(call).shape}}; },
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .infers_unknown_rank = true,
    .execute = &execute_full,
    .vjp = +[](VjpCall& v) { v.result[0] = sum_to(v.cotangents[0], v.call.in[0]); },
    .batch =
        +[](BatchCall& b) {
          const Shape& shape = params_of<FullParams>(b.call).shape;
          Shape column = prepend(b.size, Shape(SmallVec<std::int64_t, 5>(shape.ndim(), 1)));
          b.result = {broadcast_to(reshape(b.call.in[0], column), prepend(b.size, shape))};
          b.result_batched = {true};
        },
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : kSampleDTypes) s.push_back(sample({{}}, d, make_params<FullParams>(Shape{2, 3})));
          return s;
        },
    .oracle = "np.full(p.shape, x[0])",
    .tile =
        +[](TileCall& t) {
          auto p = std::make_shared<FullParams>(static_cast<const FullParams&>(t.params));
          p->shape[t.axis] = t.end - t.begin;
          t.params_of_part = std::move(p);
          return true;
        },
    .arranges = true,
};
const RegisterOp full_registration(kFull);

struct IotaParams : ParamsOf<IotaParams> {
  Shape count;
  DType dtype = DType::int64;
  template <class V>
  void fields(V& v) {
    v("count", count);
    v("dtype", dtype);
  }
  void set(const Shape& c, DType d) {
    count = c;
    dtype = d;
  }
};

void execute_iota(const Call& call, std::span<Array> out) {
  const auto& p = params_of<IotaParams>(call);
  out[0] = Array::empty(p.dtype, p.count);
  const std::int64_t n = p.count[0], size = out[0].itemsize();
  const CastKernel cast = cast_kernel(DType::int64, p.dtype);
  std::byte* to = out[0].data();
  parallel_for(n, 1 << 16, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t block[256];
    for (std::int64_t at = begin; at < end; at += 256) {
      const std::int64_t m = std::min<std::int64_t>(256, end - at);
      for (std::int64_t i = 0; i < m; ++i) block[i] = at + i;
      cast(block, to + at * size, m);
    }
  });
}

const OpDef kIota{
    .name = "iota",
    .doc = "0, 1, 2, … in a given type.",
    .family = "creation",
    .num_inputs = 0,
    .infer =
        +[](const Call& call) {
          return OutputSpecs{{params_of<IotaParams>(call).dtype, params_of<IotaParams>(call).count}};
        },
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{params_of<IotaParams>(call).dtype}; },
    .execute = &execute_iota,
    .vjp = unsupported("it has no inputs"),
    .batch = unsupported("it has no inputs"),
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : kSampleDTypes) {
            if (!is_bool(d)) s.push_back(sample({}, d, make_params<IotaParams>(Shape{100}, d), false));
          }
          return s;
        },
    .oracle = "np.arange(p.count[0]).astype(p.dtype)",
};
const RegisterOp iota_registration(kIota);

const OpDef kDimValue{
    .name = "dim_value",
    .doc = "A size, which may be known only at run time, as a 0-d array.",
    .family = "creation",
    .num_inputs = 0,
    .infer = +[](const Call& call) { return OutputSpecs{{params_of<IotaParams>(call).dtype, Shape{}}}; },
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{params_of<IotaParams>(call).dtype}; },
    .execute =
        +[](const Call& call, std::span<Array> out) {
          const auto& p = params_of<IotaParams>(call);
          out[0] = Scalar(p.count[0]).to_array(p.dtype);
        },
    .vjp = unsupported("it has no inputs"),
    .batch = unsupported("it has no inputs"),
    .samples =
        +[](const OpDef&) {
          return std::vector<Sample>{
              sample({}, DType::int64, make_params<IotaParams>(Shape{7}, DType::float32), false)};
        },
    .oracle = "np.asarray(p.count[0], p.dtype)",
};
const RegisterOp dim_value_registration(kDimValue);

// The creation as a pending array; absent if it is not large.
Array pending(const Call& call, DType dtype, const Shape& shape) {
  check_shape(shape, itemsize(dtype));
  const std::int64_t bytes = shape.num_elements() * itemsize(dtype);
  if (bytes < kPendingBytes || bytes > kPendingLimit) return {};
  auto* expr = new Expr;
  expr->op = &call.op;
  expr->params = call.params.clone();
  expr->inputs.assign(call.in.begin(), call.in.end());
  Array x = make_lazy(State::pending, expr, 0, dtype, shape);
  expr->release();
  return x;
}

// The creation as a pending array, if it is large and nothing forbids. In a trace, too: a program makes it in each run.
Array create(const OpDef& op, std::span<const Array> in, const Params& params, DType dtype, const Shape& shape) {
  const bool plain =
      active_observers == nullptr && shape.is_static() && (in.empty() || in[0].state() == State::concrete);
  if (plain) {
    if (Array x = pending(Call{op, in, params}, dtype, shape)) return x;
  }
  return apply(op, in, params);
}

// Whether so few bytes are asked for that they are written at once, without a call of a primitive.
bool is_small(const Shape& shape, DType dtype) {
  std::int64_t bytes = itemsize(dtype);
  for (std::int64_t d : shape) {
    if (d < 0 || d > kSmallBytes || (bytes *= d) > kSmallBytes) return false;
  }
  return is_numeric(dtype) && shape.rank_known();
}

// An array of zeros or ones.
Array constant(const Shape& shape, DType dtype, int value) {
  if (is_text(dtype)) [[unlikely]]
    return full(shape, text_array(dtype, {}, {value == 0 ? "" : "1"}));
  if (!is_small(shape, dtype)) return full(shape, Scalar(value).to_array(dtype));
  if (value != 0) {
    std::byte element[16];
    store_scalar(Scalar(value), dtype, element);
    return filled(dtype, shape, element);
  }
  Array x = Array::empty(dtype, shape);
  std::memset(x.node()->data, 0, static_cast<std::size_t>(shape.num_elements() * itemsize(dtype)));
  return x;
}

}  // namespace

Array create_later(const Call& call) {
  if (&call.op == &kFull && call.in[0].state() == State::concrete)
    return pending(call, call.in[0].dtype(), params_of<FullParams>(call).shape);
  if (&call.op != &kIota) return {};
  const auto& p = params_of<IotaParams>(call);
  return pending(call, p.dtype, p.count);
}

Array full(const Shape& shape, const Array& value) {
  if (shape.ndim() == 0 && value.ndim() == 0) return value;
  if (active_observers == nullptr && value.state() == State::concrete && is_small(shape, value.dtype()))
    return filled(value.dtype(), shape, value.node()->data);
  FullParams p;
  p.shape = shape;
  return create(kFull, {&value, 1}, p, value.dtype(), shape);
}

Array zeros(const Shape& shape, DType dtype) { return constant(shape, dtype, 0); }
Array ones(const Shape& shape, DType dtype) { return constant(shape, dtype, 1); }

Array iota(std::int64_t count, DType dtype) {
  IotaParams p;
  p.count = Shape{count};
  p.dtype = dtype;
  return create(kIota, {}, p, dtype, p.count);
}

Array dim_value(std::int64_t dim, DType dtype) {
  if (!is_symbolic(dim)) return Scalar(dim).to_array(dtype);
  IotaParams p;
  p.count = Shape{dim};
  p.dtype = dtype;
  return apply(kDimValue, {}, p);
}

}  // namespace tnp
