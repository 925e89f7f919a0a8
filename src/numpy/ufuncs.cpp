#include "tnp/ufuncs.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/casting.h"
#include "base/dim.h"
#include "ir/composed.h"
#include "numpy/reduction_axes.h"
#include "ops/elementwise/family.h"
#include "ops/elementwise/fp_status.h"
#include "ops/reduce/reduce_driver.h"
#include "ops/sort/direct.h"
#include "tnp/cumulative.h"
#include "tnp/error.h"
#include "tnp/numpy.h"
#include "tnp/ufunc_loops.h"

namespace tnp {

namespace {

// What makes a function fit to be reduced with.
struct Traits {
  const char* name;
  std::optional<Scalar> identity;
  bool any_order;  // associative and commutative
};
const Traits& traits_of(std::string_view name) {
  static const Traits known[] = {
      {"add", 0, true},
      {"multiply", 1, true},
      {"maximum", {}, true},
      {"minimum", {}, true},
      {"fmax", {}, true},
      {"fmin", {}, true},
      {"logical_and", true, true},
      {"logical_or", false, true},
      {"logical_xor", false, true},
      {"bitwise_and", -1, true},
      {"bitwise_or", 0, true},
      {"bitwise_xor", 0, true},
      {"gcd", 0, true},
      {"lcm", {}, true},
      {"hypot", 0, true},
      {"logaddexp", -std::numeric_limits<double>::infinity(), true},
      {"logaddexp2", -std::numeric_limits<double>::infinity(), true},
  };
  static const Traits other{"", {}, false};
  for (const Traits& t : known) {
    if (name == t.name) return t;
  }
  return other;
}

class Function {
 public:
  Function(std::string_view name, const char* method) : name_(name), op_(find_op(name)), traits_(traits_of(name)) {
    if (op_ == nullptr || op_->elementwise == nullptr) {
      throw UfuncTypeError("ufunc '" + ufunc_info(name).name + "' did not contain a loop that " + method + " can use");
    }
    if (op_->num_inputs != 2) throw ValueError(std::string(method) + " only supported for binary functions");
  }
  Array operator()(const Array& x, const Array& y) const { return apply_elementwise(*op_, x, y); }
  const Traits& traits() const { return traits_; }
  const OpDef& op() const { return *op_; }
  bool is(std::string_view name) const { return name_ == name; }
  // Of those that leave the type as it is.
  bool has_primitive() const { return is("add") || is("multiply") || is("maximum") || is("minimum"); }
  bool logical() const { return name_.starts_with("logical_"); }
  const std::string& name() const { return name_; }

  // x in the type that the function's results have, so that they can be combined further.
  Array prepared(const Array& x, std::optional<DType> dtype, const char* method) const {
    if (logical()) return astype(x, DType::bool_);
    DType type = dtype.value_or(x.dtype());
    if (!dtype && (is("add") || is("multiply"))) {
      if (is_bool(type) || is_signed_integer(type)) type = DType::int64;
      if (is_unsigned_integer(type)) type = DType::uint64;
    }
    if (keeps_type(type)) return astype(x, type);
    const Array probe = ones({}, type);
    const DType result = (*this)(probe, probe).dtype();
    const DType again = (*this)(ones({}, result), ones({}, result)).dtype();
    if (again != result || (is_bool(result) && !is_bool(type))) {
      throw TypeError("ufunc '" + name_ + "' did not contain a loop that " + method + " can use for " +
                      std::string(tnp::name(x.dtype())));
    }
    return astype(x, result);
  }
  // The identity as an element of a type.
  Array identity(DType type) const {
    if (is("bitwise_and")) return invert(zeros({}, type));
    return astype(traits_.identity->to_array(), type);
  }
  [[noreturn]] void no_identity() const {
    throw ValueError("zero-size array to reduction operation " + name_ + " which has no identity");
  }

 private:
  // Whether it has a loop of this type that gives it, which needs no trial.
  bool keeps_type(DType type) const {
    if (!is_numeric(type)) return false;
    const ElementwiseInfo& info = *op_->elementwise;
    return info.loop_for[static_cast<int>(type)] == static_cast<std::uint8_t>(type) && result_dtype(info, type) == type;
  }

  std::string name_;
  const OpDef* op_;
  const Traits& traits_;
};

Array part(const Array& x, int axis, Dim start, Dim count) {
  std::vector<SliceSpec> axes;
  for (int i = 0; i < x.ndim(); ++i)
    axes.push_back(i == axis ? SliceSpec{start, 1, count} : SliceSpec{0, 1, x.shape()[i]});
  return slice(x, axes);
}

std::int64_t known_size(const Array& x, int axis, const Function& f) {
  const Dim n = x.shape()[axis];
  if (is_symbolic(n)) {
    throw TracerError(f.name() + ": the size of axis " + std::to_string(axis) + " must be known to reduce along it");
  }
  return n;
}

// The same of a vector in memory, without an array for each step; absent where the kernel alone does not do.
Array folded_in_place(const OpDef& op, const Array& x) {
  const ElementwiseInfo& info = *op.elementwise;
  const DType type = x.dtype();
  const bool keeps = is_numeric(type) && info.loop_for[static_cast<int>(type)] == static_cast<std::uint8_t>(type) &&
                     result_dtype(info, type) == type;
  const bool plain = keeps && x.ndim() == 1 && computes_directly({&x}) && x.shape()[0] > 0 && info.check == nullptr &&
                     !(is_floating(type) && itemsize(type) == 2);
  if (!plain) return {};
  const BlockKernel kernel = block_kernel(info, type);
  const std::byte* from = x.data();
  Array total = Array::copy_of(from, type, {1});
  const FpFlagsOfThread flags(info.raises_flags && !contains(info.kernels.get()->told, type));
  for (std::int64_t i = 1; i < x.shape()[0]; ++i) {
    const void* in[] = {total.data(), from + i * x.strides()[0]};
    const std::int32_t step[] = {0, 0};
    note_fp_flags(kernel(total.data(), in, step, 1));
  }
  return total;
}

// One after the other along an axis, from `initial` on (absent: from the first element), leaving out what the mask
// does.
Array folded_in_order(const Function& f, const Array& x, int axis, const Array& initial, const Array& mask) {
  const std::int64_t n = known_size(x, axis, f);
  if (!initial && !mask) {
    if (const Array total = folded_in_place(f.op(), x)) return total;
  }
  Shape one = x.shape();
  one[axis] = 1;
  Array total = initial ? broadcast_to(initial, one) : part(x, axis, 0, 1);
  for (std::int64_t i = initial ? 0 : 1; i < n; ++i) {
    const Array next = f(total, part(x, axis, i, 1));
    total = mask ? tnp::where(part(mask, axis, i, 1), next, total) : next;
  }
  return total;
}

// All along an axis, which stays with size 1, by halves.
Array folded(const Function& f, Array x, int axis) {
  std::int64_t n = known_size(x, axis, f);
  while (n > 1) {
    const std::int64_t half = n / 2;
    Array halves = f(part(x, axis, 0, half), part(x, axis, half, half));
    if (n % 2 != 0) halves = concatenate(Arrays{halves, part(x, axis, n - 1, 1)}, axis);
    x = halves;
    n = half + n % 2;
  }
  return x;
}

// The reductions that are primitives; absent for other functions.
Array reduced_by_primitive(const Function& f, const Array& x, const Reduction& o) {
  if (f.is("add")) return sum(x, o);
  if (f.is("multiply")) return prod(x, o);
  if (f.is("maximum")) return max(x, o);
  if (f.is("minimum")) return min(x, o);
  if (f.is("logical_and") && !o.initial) return all(x, o);
  if (f.is("logical_or") && !o.initial) return any(x, o);
  return {};
}

// The reduction of that name, where it gives the type that it takes.
std::optional<ReduceOp> reduction_of(const Function& f, DType dtype) {
  if (f.is("add")) return ReduceOp::sum;
  if (f.is("multiply")) return ReduceOp::prod;
  if (f.is("maximum")) return ReduceOp::max;
  if (f.is("minimum")) return ReduceOp::min;
  if (f.is("logical_and") && is_bool(dtype)) return ReduceOp::all;
  if (f.is("logical_or") && is_bool(dtype)) return ReduceOp::any;
  return std::nullopt;
}

}  // namespace

std::optional<Scalar> ufunc_identity(std::string_view ufunc) { return traits_of(ufunc).identity; }

Array ufunc_reduce(std::string_view ufunc, const Array& given, const Reduction& options) {
  const Function f(ufunc, "reduce");
  Reduction o = options;
  if (given.ndim() == 0 && o.axis) {
    for (std::int64_t a : *o.axis) normalize_axis(a, 1);
    o.axis = Axes{};
  }
  const Axes axes = reduction_axes(given, o.axis);
  const Array x = f.prepared(given, options.dtype, "reduce");
  if (axes.size() > 1 && (!f.traits().any_order || f.is("lcm"))) {
    throw ValueError("reduction operation '" + f.name() + "' is not reorderable, so at most one axis may be specified");
  }
  o.dtype = x.dtype();
  if (const Array y = reduced_by_primitive(f, x, o)) return y;

  const Array initial = o.initial ? astype(o.initial, x.dtype()) : Array();
  const bool has_identity = f.traits().identity.has_value();
  if (o.where && !initial && !has_identity) {
    throw ValueError("reduction operation '" + f.name() +
                     "' does not have an identity, so to use a where mask one has to specify 'initial'");
  }
  const Array mask = o.where ? broadcast_to(astype(o.where, DType::bool_), x.shape()) : Array();
  Array y = x;
  if (!f.traits().any_order && !axes.empty()) {
    const int axis = static_cast<int>(axes[0]);
    if (known_size(x, axis, f) == 0 && !initial) f.no_identity();
    y = folded_in_order(f, x, axis, initial, mask);
    return o.keepdims ? y : squeeze(y, axes);
  }
  // What takes no part is replaced by what changes nothing.
  if (mask) y = tnp::where(mask, x, has_identity ? f.identity(x.dtype()) : initial);
  for (std::int64_t a : axes) {
    const int axis = static_cast<int>(a);
    if (known_size(y, axis, f) > 0) {
      y = folded(f, y, axis);
      continue;
    }
    // The initial value comes in below; it stands here only for functions that nothing changes twice.
    if (!initial && !has_identity) f.no_identity();
    Shape one = y.shape();
    one[axis] = 1;
    y = full(one, has_identity ? f.identity(x.dtype()) : initial);
  }
  if (initial) {
    y = f(initial, y);
  } else if (f.is("gcd") || f.is("hypot")) {
    y = f(f.identity(x.dtype()), y);  // an element alone has its sign
  }
  return o.keepdims ? y : squeeze(y, axes);
}

Array ufunc_accumulate(std::string_view ufunc, const Array& given, std::int64_t given_axis,
                       std::optional<DType> dtype) {
  const Function f(ufunc, "accumulate");
  if (given.ndim() == 0) throw TypeError("cannot accumulate on a scalar");
  const int axis = normalize_axis(given_axis, given.ndim());
  const Array x = f.prepared(given, dtype, "accumulate");
  if (f.is("add")) return cumulate_sum(x, axis, false, x.dtype());
  if (f.is("multiply")) return cumulate_prod(x, axis, false, x.dtype());
  if (f.is("maximum") || f.is("logical_or")) return cumulate_max(x, axis, false);
  if (f.is("minimum") || f.is("logical_and")) return cumulate_min(x, axis, false);
  const std::int64_t n = known_size(x, axis, f);
  if (n == 0) return x;
  if (!f.traits().any_order) {
    Arrays rows{part(x, axis, 0, 1)};
    for (std::int64_t i = 1; i < n; ++i) rows.push_back(f(rows.back(), part(x, axis, i, 1)));
    return concatenate(rows, axis);
  }
  // Each element with that 1, 2, 4, … before it.
  Array y = x;
  for (std::int64_t step = 1; step < n; step *= 2) {
    const Array combined = f(part(y, axis, 0, n - step), part(y, axis, step, n - step));
    y = concatenate(Arrays{part(y, axis, 0, step), combined}, axis);
  }
  return y;
}

namespace {

constexpr std::int64_t kFewElements = 4096;  // of rows that need no threads

// The parts of each row, which begin at these places.
Array reduced_rows(ReduceOp op, const Array& given, std::span<const std::int64_t> starts) {
  const Array x = given.ndim() == 1 || given.is_contiguous() ? given : copy(given);
  const int axis = x.ndim() - 1;
  const std::int64_t n = x.shape()[axis], parts = std::ssize(starts), step = x.strides()[axis];
  Shape shape = x.shape();
  shape[axis] = parts;
  Array out = Array::empty(x.dtype(), shape);
  const std::byte* from = x.data();
  std::byte* to = out.data();
  for (std::int64_t rows = shape.num_elements() / parts; rows > 0; --rows) {
    reduce_parts(op, {const_cast<std::byte*>(from), x.dtype(), 1, &n, &step}, starts.data(), parts, to);
    from += n * x.itemsize();
    to += parts * x.itemsize();
  }
  return out;
}

std::vector<std::int64_t> places_of(const Function& f, const Array& indices, std::int64_t n) {
  std::vector<std::int64_t> at = astype(indices, DType::int64).to_vector<std::int64_t>();
  for (std::int64_t i : at) {
    if (i < 0 || i >= n) {
      throw IndexError("index " + std::to_string(i) + " out-of-bounds in " + f.name() + ".reduceat [0, " +
                       std::to_string(n) + ")");
    }
  }
  return at;
}

// Of x in the type of the results.
Array reduced_at(const Function& f, const Array& x, const std::vector<std::int64_t>& at, int axis) {
  const std::int64_t n = x.shape()[axis];
  if (at.empty()) return part(x, axis, 0, 0);
  const std::optional<ReduceOp> op = reduction_of(f, x.dtype());
  if (op && axis + 1 == x.ndim() && (axis == 0 || x.size() <= kFewElements) && computes_directly({&x}))
    return reduced_rows(*op, x, at);
  Arrays parts;
  for (std::size_t k = 0; k < at.size(); ++k) {
    const std::int64_t end = k + 1 == at.size() ? n : at[k + 1];
    const Array run = part(x, axis, at[k], end > at[k] ? end - at[k] : 1);
    if (end - at[k] <= 1) {  // alone it is as it was, with its sign
      parts.push_back(run);
      continue;
    }
    parts.push_back(ufunc_reduce(
        f.name(), run, {.axis = Axes{axis}, .dtype = x.dtype(), .keepdims = true, .initial = {}, .where = {}}));
  }
  return concatenate(parts, axis);
}

// By primitives alone: all elements, masked, for each index. For derivatives and batches.
Array reduced_at_of_parts(const Function& f, const Array& x, const Array& indices, int axis) {
  const bool least = f.is("minimum") || f.is("logical_and");
  if (!f.has_primitive() && !f.is("logical_and") && !f.is("logical_or"))
    throw TracerError(f.name() + ".reduceat: its derivatives and batches need indices that are known");
  const Array n = reshape(dim_value(x.shape()[axis], DType::int64), Shape{1});
  const Array next = concatenate(Arrays{part(indices, 0, 1, dim_sub(indices.shape()[0], 1)), n}, 0);
  const Array end = maximum(next, indices + Scalar(1));
  const Array place = iota(x.shape()[axis], DType::int64);
  const Array taken = logical_and(greater_equal(place, expand_dims(indices, {1})), less(place, expand_dims(end, {1})));
  const Array rows = expand_dims(moveaxis(x, {axis}, {-1}), {-2});
  const bool is_sum = f.is("add"), is_prod = f.is("multiply");
  // What is not taken is what changes nothing: of numbers without an infinity the first element that is taken.
  const double far = std::numeric_limits<double>::infinity();
  const Array other = is_sum || is_prod        ? f.identity(x.dtype())
                      : is_floating(x.dtype()) ? astype(Array(least ? far : -far), x.dtype())
                                               : expand_dims(take(moveaxis(x, {axis}, {-1}), indices, -1), {-1});
  const Array known = tnp::where(taken, rows, other);
  const Reduction last{.axis = Axes{-1}, .dtype = x.dtype(), .keepdims = false, .initial = {}, .where = {}};
  const Array y = is_sum ? sum(known, last) : is_prod ? prod(known, last) : least ? min(known, last) : max(known, last);
  return moveaxis(y, {-1}, {axis});
}

// Functions of two arguments by number, which graphs keep: new ones come last.
constexpr std::string_view kNumbered[] = {
    "add",         "multiply",    "maximum",  "minimum",      "logical_and", "logical_or",
    "logical_xor", "subtract",    "divide",   "power",        "bitwise_and", "bitwise_or",
    "bitwise_xor", "fmax",        "fmin",     "gcd",          "lcm",         "hypot",
    "logaddexp",   "logaddexp2",  "arctan2",  "floor_divide", "remainder",   "fmod",
    "left_shift",  "right_shift", "copysign", "nextafter",    "float_power", "heaviside",
    "equal",       "not_equal",   "less",     "less_equal",   "greater",     "greater_equal"};

Function numbered(const Axes& numbers) { return {kNumbered[static_cast<std::size_t>(numbers[1])], "reduceat"}; }

struct ReducedAt : Composed {
  ReducedAt()
      : Composed(
            "reduceat", "The elements from each index up to the next one combined by a function of two arguments.",
            +[](std::span<const Array> in, const Axes& numbers) {
              return reduced_at_of_parts(numbered(numbers), in[0], in[1], static_cast<int>(numbers[0]));
            },
            +[](std::span<const Array> in, const Axes& numbers) {
              const auto f = numbered(numbers);
              const auto axis = static_cast<int>(numbers[0]);
              return reduced_at(f, in[0], places_of(f, in[1], in[0].shape()[axis]), axis);
            }) {
    infers_unknown_rank = false;
    infer = +[](const Call& call) {
      Shape shape = call.in[0].shape();
      shape[static_cast<int>(numbers_of(call.params)[0])] = call.in[1].shape()[0];
      return OutputSpecs{{call.in[0].dtype(), shape}};
    };
    infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; };
  }
};
const ReducedAt kReducedAt;

}  // namespace

Array ufunc_reduceat(std::string_view ufunc, const Array& given, const Array& given_indices, std::int64_t given_axis,
                     std::optional<DType> dtype) {
  const Function f(ufunc, "reduceat");
  if (given.ndim() == 0) throw TypeError("cannot reduceat on a scalar");
  const int axis = normalize_axis(given_axis, given.ndim());
  if (given_indices.ndim() != 1) throw ValueError("reduceat: indices must be a 1-d array");
  check_cast(given_indices.dtype(), DType::int64, Casting::safe);
  const bool known = !given_indices.is_symbolic() && !is_symbolic(given.shape()[axis]);
  std::vector<std::int64_t> at;
  if (known) at = places_of(f, given_indices, given.shape()[axis]);
  const Array x = f.prepared(given, dtype, "reduceat");
  if (known) return reduced_at(f, x, at, axis);
  const auto* number = std::find(std::begin(kNumbered), std::end(kNumbered), f.op().name);
  if (number == std::end(kNumbered))
    throw TracerError(f.name() + ".reduceat: the indices and the size of axis " + std::to_string(axis) +
                      " must be known");
  return compose(kReducedAt, {x, astype(given_indices, DType::int64)}, {axis, number - std::begin(kNumbered)});
}

namespace {

std::optional<UpdateOp> update_of(std::string_view ufunc) {
  if (ufunc == "add") return UpdateOp::add;
  if (ufunc == "subtract") return UpdateOp::subtract;
  if (ufunc == "multiply") return UpdateOp::multiply;
  if (ufunc == "divide") return UpdateOp::divide;
  if (ufunc == "minimum") return UpdateOp::min;
  if (ufunc == "maximum") return UpdateOp::max;
  return std::nullopt;
}

// The places in several rounds, none of which names one twice: of numbers 0, 1, … the first to name it, the second, …
std::vector<std::vector<std::int64_t>> rounds(const std::vector<std::int64_t>& places) {
  std::unordered_map<std::int64_t, std::size_t> seen;
  std::vector<std::vector<std::int64_t>> out;
  for (std::size_t k = 0; k < places.size(); ++k) {
    const std::size_t round = seen[places[k]]++;
    if (round == out.size()) out.emplace_back();
    out[round].push_back(static_cast<std::int64_t>(k));
  }
  return out;
}

}  // namespace

Array ufunc_at(std::string_view ufunc, const Array& x, std::span<const IndexItem> items, const Array& values) {
  const UfuncInfo& info = ufunc_info(ufunc);
  if (info.num_inputs != (values ? 2 : 1)) {
    throw ValueError(values ? "second operand provided when ufunc is unary" : "second operand needed for ufunc");
  }
  const auto combine = [&](const Array& a, const Array& b) {
    if (info.op == nullptr) return info.call(values ? Arrays{a, b} : Arrays{a})[0];
    return values ? apply_elementwise(*info.op, a, b) : apply_elementwise(*info.op, a);
  };
  const Array probe = ones({}, x.dtype());
  const DType result = combine(probe, values ? ones({}, values.dtype()) : Array()).dtype();
  if (const auto update = update_of(ufunc); update && values && result == x.dtype()) {
    return setitem(x, items, values, *update);
  }
  const Array numbers = reshape(iota(x.size(), DType::int64), x.shape());
  const Array named = getitem(numbers, items);
  const Array places = ravel(named);
  const Array each = values ? ravel(broadcast_to(values, named.shape())) : Array();
  Array flat = ravel(x);
  const std::int64_t axes[] = {0};
  for (const auto& round : rounds(places.to_vector<std::int64_t>())) {
    const Array which = Array::from(round);
    const Array target = take(places, which, 0);
    const Array updated = combine(take(flat, target, 0), each ? take(each, which, 0) : Array());
    flat = scatter(flat, {&target, 1}, astype(updated, x.dtype()), axes, ScatterMode::set);
  }
  return reshape(flat, x.shape());
}

}  // namespace tnp
