// matmul: products of stacks of matrices.
#include "base/dim.h"
#include "ops/batching.h"
#include "ops/common.h"
#include "ops/matmul/gemm.h"
#include "ops/shape/copy.h"

namespace tnp {

namespace {

Shape leading(const Shape& s) {
  Shape out = s;
  out.resize(s.ndim() - 2);
  return out;
}

OutputSpecs infer(const Call& call) {
  const Shape &a = call.in[0].shape(), &b = call.in[1].shape();
  const Dim k = a[a.ndim() - 1], k2 = b[b.ndim() - 2];
  if (k != k2 && !is_symbolic(k) && !is_symbolic(k2)) {
    fail<ValueError>(call, "Input operand 1 has a mismatch in its core dimension 0 (size " + std::to_string(k2) +
                               " is different from " + std::to_string(k) + ")");
  }
  Shape shape;
  if (!try_broadcast(leading(a), leading(b), shape)) {
    fail<ValueError>(call, "operands could not be broadcast together with remapped shapes " + a.str() + " " + b.str());
  }
  shape.push_back(a[a.ndim() - 2]);
  shape.push_back(b[b.ndim() - 1]);
  return {{promote(call.in[0].dtype(), call.in[1].dtype()), shape}};
}

// Strides in elements of the leading axes of x, aligned with the result's.
Strides leading_strides(const Array& x, int ndim) {
  Strides out(ndim, 0);
  const int n = x.ndim() - 2;
  for (int i = 0; i < n; ++i) {
    if (x.shape()[i] != 1) out[ndim - n + i] = x.strides()[i] / x.itemsize();
  }
  return out;
}

void execute(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer(call);
  const Array a = astype(call.in[0], specs[0].dtype), b = astype(call.in[1], specs[0].dtype);
  Array c = Array::empty(specs[0].dtype, specs[0].shape);
  const std::int64_t size = c.itemsize();
  const int nd = c.ndim(), na = a.ndim(), nb = b.ndim();
  const std::int64_t m = c.shape()[nd - 2], n = c.shape()[nd - 1], k = a.shape()[na - 1];
  const std::int64_t ars = a.strides()[na - 2] / size, acs = a.strides()[na - 1] / size;
  const std::int64_t brs = b.strides()[nb - 2] / size, bcs = b.strides()[nb - 1] / size;
  out[0] = c;
  if (c.shape().num_elements() == 0) return;
  const int lead = nd - 2;
  const Strides sa = leading_strides(a, lead), sb = leading_strides(b, lead);
  gemm_batched(c.dtype(), lead, c.shape().data(), m, n, k, a.data(), sa.data(), ars, acs, b.data(), sb.data(), brs, bcs,
               c.data());
}

Array transposed(const Array& x) {
  Axes axes;
  for (int i = 0; i < x.ndim(); ++i) axes.push_back(i);
  std::swap(axes[x.ndim() - 1], axes[x.ndim() - 2]);
  return transpose(conjugate_if_complex(x), axes);
}

Array as_input(const Array& ct, const Array& x) {
  const Array r = is_complex(ct.dtype()) && !is_complex(x.dtype()) ? real(ct) : ct;
  return sum_to(astype(r, x.dtype()), x);
}

void vjp(VjpCall& v) {
  const Array &a = v.call.in[0], &b = v.call.in[1], &ct = v.cotangents[0];
  if (v.needed[0] && is_inexact(a.dtype())) v.result[0] = as_input(matmul(ct, transposed(b)), a);
  if (v.needed[1] && is_inexact(b.dtype())) v.result[1] = as_input(matmul(transposed(a), ct), b);
}

std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (int i = 0; i < kNumericDTypeCount; ++i) {
    const auto d = static_cast<DType>(i);
    s.push_back(sample({{3, 4}, {4, 5}}, d, std::make_shared<NoParams>()));
    s.push_back(sample({{2, 1, 3, 4}, {3, 4, 2}}, d, std::make_shared<NoParams>()));
    s.push_back(sample({{2, 0}, {0, 3}}, d, std::make_shared<NoParams>()));
  }
  return s;
}

const OpDef kMatmul{
    .name = "matmul",
    .doc = "Matrix products of the last two axes, the leading ones broadcast; in the operands' common type.",
    .family = "matmul",
    .num_inputs = 2,
    .infer = &infer,
    .infer_dtype =
        +[](const Call& call) { return std::vector<DType>{promote(call.in[0].dtype(), call.in[1].dtype())}; },
    .execute = &execute,
    .vjp = &vjp,
    .batch = &batch_leading_pair,
    .samples = &samples,
    .oracle = "np.matmul(x[0], x[1])",
};
const RegisterOp registration(kMatmul);

}  // namespace

Array matmul(const Array& x, const Array& y) {
  if (x.ndim() == 0 || y.ndim() == 0) {
    throw ValueError(
        std::string("matmul: Input operand ") + (x.ndim() == 0 ? "0" : "1") +
        " does not have enough dimensions (has 0, gufunc core with signature (n?,k),(k,m?)->(n?,m?) requires 1)");
  }
  const bool row = x.ndim() == 1, column = y.ndim() == 1;
  if (!row && !column) {
    const Array in[] = {x, y};
    return apply(kMatmul, in);
  }
  const Array in[] = {row ? reshape(x, {1, x.shape()[0]}) : x, column ? reshape(y, {y.shape()[0], 1}) : y};
  const Array z = apply(kMatmul, in);
  Shape shape = z.shape();
  if (column) shape.erase(shape.ndim() - 1);
  if (row) shape.erase(shape.ndim() - (column ? 1 : 2));
  return reshape(z, shape);
}

}  // namespace tnp
