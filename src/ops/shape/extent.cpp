// extent: a number as a size. An array of that many elements, which takes no memory, so that the number is a symbolic
// dimension of the trace.
#include "tnp/extent.h"

#include <map>
#include <string_view>

#include "base/dim.h"
#include "ir/expr.h"
#include "ops/common.h"

namespace tnp {

namespace {

OutputSpecs infer(const Call& call) {
  const Array& n = call.in[0];
  if (n.ndim() != 0 || !is_integer(n.dtype())) fail<TypeError>(call, "a size must be a 0-d integer");
  return {{DType::bool_, Shape{kDataDependent}}};
}

const OpDef kExtent{
    .name = "extent",
    .doc = "As many elements as the number says, without memory: its size is the number.",
    .family = "shape",
    .infer = &infer,
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::bool_}; },
    .execute =
        +[](const Call& call, std::span<Array> out) {
          const Array n = astype(call.in[0], DType::int64);
          const std::int64_t count = *n.data_as<std::int64_t>();
          if (count < 0) throw ValueError("negative dimensions are not allowed");
          const Array one = Array::empty(DType::bool_, {});
          *reinterpret_cast<bool*>(one.data()) = true;
          out[0] = Array::view_of(one.node()->buffer, one.data(), DType::bool_, Shape{count}, Strides{0});
        },
    .vjp = unsupported("a size is constant almost everywhere"),
    .batch = unsupported("the examples of a batch may have different sizes"),
    .samples =
        +[](const OpDef&) {
          return std::vector<Sample>{sample({{}}, DType::int64, std::make_shared<NoParams>(), false)};
        },
    .oracle = "np.ones(int(x[0]), dtype=bool)",
};
const RegisterOp registration(kExtent);

Dim extent(const Array& n) { return apply(kExtent, {&n, 1}).shape()[0]; }

// A traced number as a sum of others, which are multiplied by numbers.
class Sum {
 public:
  // False if it has too many terms.
  bool add(const Array& x, std::uint64_t factor) {
    if (++visited_ > kMostVisited || x.ndim() != 0 || x.dtype() != DType::int64) return false;
    if (!x.is_symbolic()) {
      number_ += factor * static_cast<std::uint64_t>(*x.data_as<std::int64_t>());
      return true;
    }
    const Expr* e = x.node()->expr;
    const std::string_view name = e != nullptr && e->op != nullptr ? e->op->name : "";
    if (name == "add" || name == "subtract")
      return add(e->inputs[0], factor) && add(e->inputs[1], name == "add" ? factor : 0 - factor);
    if (name == "multiply") {
      for (const int k : {0, 1}) {
        const Array &n = e->inputs[static_cast<std::size_t>(k)], &y = e->inputs[static_cast<std::size_t>(1 - k)];
        if (!n.is_symbolic() && n.ndim() == 0 && n.dtype() == DType::int64)
          return add(y, factor * static_cast<std::uint64_t>(*n.data_as<std::int64_t>()));
      }
    }
    if (name == "dim_value") {
      Dim size = 0;
      for_each_symbolic_dim(*e->params, [&](Dim d) { size = d; });
      if (size != 0) sizes_[size] += factor;
      return size != 0;
    }
    others_[x.node()] += factor;
    return true;
  }

  // What it is if it is a number or a size, not below zero.
  std::optional<Dim> as_dim() const {
    for (const auto& [node, factor] : others_) {
      if (factor != 0) return std::nullopt;
    }
    const auto number = static_cast<std::int64_t>(number_);
    if (number < 0) return std::nullopt;
    Dim sum = number;
    for (const auto& [size, factor] : sizes_) {
      if (factor > kMostFactor) return std::nullopt;
      if (factor != 0) sum = dim_add(sum, dim_mul(size, static_cast<Dim>(factor)));
    }
    return sum;
  }

 private:
  static constexpr int kMostVisited = 64;
  static constexpr std::uint64_t kMostFactor = 1 << 20;
  int visited_ = 0;
  std::uint64_t number_ = 0;  // wraps around, as the run does
  std::map<Dim, std::uint64_t> sizes_;
  std::map<const void*, std::uint64_t> others_;
};

}  // namespace

std::int64_t size_of_value(const Array& n) {
  if (n.is_symbolic()) return extent(n);
  const Array value = astype(n, DType::int64);
  return *value.data_as<std::int64_t>();
}

std::int64_t number_of_value(const Array& n) {
  if (!n.is_symbolic()) return size_of_value(n);
  const Array zero = zeros({}, DType::int64), value = astype(n, DType::int64);
  return dim_sub(extent(maximum(value, zero)), extent(maximum(subtract(zero, value), zero)));
}

std::int64_t number_after(const Array& from, std::int64_t start, const Array& to) {
  Sum difference;
  if (is_symbolic(start) && difference.add(to, 1) && difference.add(from, std::uint64_t{0} - 1)) {
    if (const std::optional<Dim> d = difference.as_dim()) return dim_add(start, *d);
  }
  return number_of_value(to);
}

}  // namespace tnp
