// Elementwise functions and operators: the rules, then the primitive.
#include "ir/opdef.h"
#include "ops/elementwise/family.h"
#include "ops/shape/ownership.h"
#include "tnp/array_api.h"
#include "tnp/error.h"
#include "tnp/reductions.h"

namespace tnp::array_api {

namespace {

const OpDef& operation(FunctionId id) {
  static const std::vector<const OpDef*> ops = [] {
    std::vector<const OpDef*> v;
    for (const Function& each : kElementwise) {
      v.push_back(find_op(each.operation));
      if (v.back() == nullptr) throw RuntimeError(std::string("no operation is called ") + each.operation);
    }
    return v;
  }();
  return *ops[id];
}

[[noreturn]] void refuse_negative(const Function& f) {
  throw ValueError(std::string(f.name) + ": the standard defines shifts by counts that are not negative only");
}

void check_counts(const Function& f, const Array& y) {
  if (!is_signed_integer(y.dtype()) || y.state() == State::symbolic || y.size() == 0) return;
  Axes axes;
  for (int i = 0; i < y.ndim(); ++i) axes.push_back(i);
  const Array least = y.ndim() == 0 ? y : reduce_min(y, axes, false);
  if (least.item<std::int64_t>() < 0) refuse_negative(f);
}

void check_count(const Function& f, const Scalar& y) {
  const auto* count = std::get_if<std::int64_t>(&y.value);
  if (count != nullptr && *count < 0) refuse_negative(f);
}

Array scalar_array(const Function& f, DType beside, const Scalar& s) {
  check_category(f.name, beside, f.category);
  const DType dtype = scalar_dtype(f.name, beside, s.kind);
  check_category(f.name, dtype, f.category);
  return s.to_array(dtype);
}

void check_arrays(const Function& f, const Array& x, const Array& y) {
  if (x.dtype() == y.dtype() && contains(f.category, x.dtype())) return;
  check_category(f.name, x.dtype(), f.category);
  check_category(f.name, y.dtype(), f.category);
  promote(f.name, x.dtype(), y.dtype());
}

void check_update(const char* what, const Array& x, DType dtype, const Shape& shape) {
  if (dtype != x.dtype()) {
    throw TypeError(std::string(what) + ": the result would have the type " + std::string(dtype_name(dtype)) +
                    ", and the standard does not let an in-place operator change the left operand's, " +
                    std::string(dtype_name(x.dtype())) + ": write x = x op y");
  }
  if (shape != x.shape() && shape.is_static() && x.shape().is_static()) {
    throw ValueError(std::string(what) + ": the result would have the shape " + shape.str() +
                     ", and the standard does not let an in-place operator change the left operand's, " +
                     x.shape().str() + ": write x = x op y");
  }
}

}  // namespace

Array call(FunctionId id, const Array& x, std::uint64_t donated) {
  const Function& f = kElementwise[id];
  check_category(f.name, x.dtype(), f.category);
  if (f.keeps_integers && is_integer(x.dtype())) return x;
  return apply_elementwise_donated(operation(id), {&x, 1}, donated);
}

Array call(FunctionId id, const Operand& x, const Operand& y, std::uint64_t donated) {
  const Function& f = kElementwise[id];
  if (x.is_array() && y.is_array()) {
    check_arrays(f, x.array(), y.array());
    if (f.counts) check_counts(f, y.array());
    const Array in[] = {x.array(), y.array()};
    return apply_elementwise_donated(operation(id), in, donated);
  }
  if (x.is_array()) {
    const Array in[] = {x.array(), scalar_array(f, x.array().dtype(), y.scalar())};
    if (f.counts) check_count(f, y.scalar());
    return apply_elementwise_donated(operation(id), in, donated);
  }
  if (y.is_array()) {
    const Array in[] = {scalar_array(f, y.array().dtype(), x.scalar()), y.array()};
    if (f.counts) check_counts(f, y.array());
    return apply_elementwise_donated(operation(id), in, donated);
  }
  throw TypeError(std::string(f.name) + ": one of the arguments must be an array: write asarray(x) for a scalar");
}

void update(FunctionId id, Array& x, const Operand& y) {
  const Function& f = kElementwise[id];
  DType dtype = x.dtype();
  Shape shape = x.shape();
  if (y.is_array()) {
    check_arrays(f, x, y.array());
    dtype = promote(f.name, x.dtype(), y.array().dtype());
    if (shape.rank_known() && y.array().shape().rank_known() && !try_broadcast(x.shape(), y.array().shape(), shape)) {
      throw ValueError(std::string(f.name) + ": operands could not be broadcast together with shapes " +
                       x.shape().str() + " " + y.array().shape().str());
    }
  } else {
    check_category(f.name, x.dtype(), f.category);
    dtype = scalar_dtype(f.name, x.dtype(), y.scalar().kind);
  }
  check_update(f.name, x, dtype, shape);
  const bool donated = is_only_holder(x);
  x = call(id, Operand(x), y, donated ? 1 : 0);
}

void matmul_update(Array& x, const Array& y) {
  Array result = array_api::matmul(x, y);
  check_update("matmul", x, result.dtype(), result.shape());
  x = std::move(result);
}

}  // namespace tnp::array_api
