#include "tnp/ufunc_loops.h"

#include <algorithm>
#include <map>

#include "base/casting.h"
#include "ops/elementwise/loops.h"
#include "tnp/numpy.h"
#include "tnp/promotion.h"

namespace tnp {

namespace {

// NumPy tries loops in this order.
constexpr DType kOrder[] = {DType::bool_,    DType::int8,    DType::uint8,   DType::int16,     DType::uint16,
                            DType::int32,    DType::uint32,  DType::int64,   DType::uint64,    DType::float16,
                            DType::bfloat16, DType::float32, DType::float64, DType::complex64, DType::complex128};

std::vector<UfuncLoop> loops_of(const OpDef& op) {
  std::vector<UfuncLoop> out;
  for (DType d : kOrder) {
    if (!contains(op.elementwise->types, d)) continue;
    UfuncLoop loop(static_cast<std::size_t>(op.num_inputs), d);
    loop.push_back(result_dtype(*op.elementwise, d));
    out.push_back(std::move(loop));
  }
  return out;
}

bool is_text_type(DType d) { return d == DType::string || d == DType::unicode; }

// `count` arguments of one type, for the types that a predicate chooses.
template <class F>
std::vector<UfuncLoop> uniform(std::size_t count, F chosen) {
  std::vector<UfuncLoop> out;
  for (DType d : kOrder) {
    if (chosen(d)) out.emplace_back(count, d);
  }
  return out;
}

std::vector<UfuncLoop> mantissa_loops() {
  std::vector<UfuncLoop> out;
  for (DType d : kOrder) {
    if (is_floating(d)) out.push_back({d, d, DType::int32});
  }
  return out;
}

std::vector<UfuncLoop> exponent_loops() {
  std::vector<UfuncLoop> out;
  for (DType d : kOrder) {
    if (!is_floating(d)) continue;
    out.push_back({d, DType::int32, d});
    out.push_back({d, DType::int64, d});
  }
  return out;
}

Arrays both(Pair p) { return {std::move(p.first), std::move(p.second)}; }

std::vector<UfuncInfo> make_composed() {
  const auto real_number = [](DType d) { return is_integer(d) || is_floating(d); };
  const auto any = [](DType) { return true; };
  const std::vector<UfuncLoop> products = uniform(3, any);
  std::vector<UfuncInfo> out;
  const auto elements = [&](const char* name, int nin, int nout, const char* doc, Arrays (*call)(const Arrays&),
                            std::vector<UfuncLoop> loops) {
    out.push_back({name, nin, nout, doc, nullptr, nullptr, {}, call, std::move(loops)});
  };
  const auto matrices = [&](const char* name, const char* signature, std::vector<int> dims, const char* doc,
                            Arrays (*call)(const Arrays&)) {
    out.push_back({name, 2, 1, doc, nullptr, signature, std::move(dims), call, products});
  };
  elements(
      "divmod", 2, 2, "The quotient rounded down and the remainder, element by element.",
      [](const Arrays& x) { return both(divmod(x[0], x[1])); }, uniform(4, real_number));
  elements(
      "modf", 1, 2, "The fraction and the whole part, element by element.",
      [](const Arrays& x) { return both(modf(x[0])); }, uniform(3, is_floating));
  elements(
      "frexp", 1, 2, "A mantissa of at least 1/2 and below 1, and the exponent of 2, element by element.",
      [](const Arrays& x) { return both(frexp(x[0])); }, mantissa_loops());
  elements(
      "ldexp", 2, 1, "x1 * 2**x2, element by element.", [](const Arrays& x) { return Arrays{ldexp(x[0], x[1])}; },
      exponent_loops());
  matrices("matmul", "(n?,k),(k,m?)->(n?,m?)", {2, 2, 2}, "Matrix products.",
           [](const Arrays& x) { return Arrays{matmul(x[0], x[1])}; });
  matrices("vecdot", "(n),(n)->()", {1, 1, 0}, "The inner products of vectors, the first conjugated.",
           [](const Arrays& x) { return Arrays{vecdot(x[0], x[1])}; });
  matrices("matvec", "(m,n),(n)->(m)", {2, 1, 1}, "Products of matrices and vectors.",
           [](const Arrays& x) { return Arrays{matvec(x[0], x[1])}; });
  matrices("vecmat", "(n),(n,m)->(m)", {1, 2, 1}, "Products of vectors, conjugated, and matrices.",
           [](const Arrays& x) { return Arrays{vecmat(x[0], x[1])}; });
  return out;
}

// All, by name. Not destroyed.
const std::map<std::string, const UfuncInfo*, std::less<>>& all_ufuncs() {
  static const auto* known = [] {
    auto* out = new std::map<std::string, const UfuncInfo*, std::less<>>;
    for (const OpDef* op : all_ops()) {
      if (op->elementwise == nullptr) continue;
      auto* info = new UfuncInfo{op->name, op->num_inputs, 1, op->doc, op};
      info->loops = loops_of(*op);
      (*out)[info->name] = info;
    }
    for (const UfuncInfo& info : composed_ufuncs()) (*out)[info.name] = &info;
    return out;
  }();
  return *known;
}

std::string cast_message(const UfuncInfo& ufunc, Casting casting, DType from, DType to, int input) {
  return "Cannot cast ufunc '" + ufunc.name + "' input " +
         (ufunc.num_inputs == 1 ? std::string() : std::to_string(input) + " ") + "from dtype('" +
         std::string(name(from)) + "') to dtype('" + std::string(name(to)) + "') with casting rule '" + name(casting) +
         "'";
}

WeakKind weak_kind(DType d) {
  return is_bool(d)      ? WeakKind::boolean
         : is_integer(d) ? WeakKind::integer
         : is_complex(d) ? WeakKind::complex
                         : WeakKind::floating;
}

// What each input counts as where loops are looked for: a weak scalar as little as its kind allows beside arrays.
std::vector<DType> search_types(std::span<const UfuncInputType> in) {
  std::optional<DType> common;
  for (const UfuncInputType& x : in) {
    if (!x.weak) common = common ? numpy_promote(*common, x.dtype) : x.dtype;
  }
  std::vector<DType> out;
  for (const UfuncInputType& x : in) {
    DType d = x.dtype;
    if (x.weak && common && is_numeric(*common)) {
      d = *x.weak == WeakKind::boolean   ? DType::bool_
          : *x.weak == WeakKind::integer ? (is_bool(*common)               ? DType::int64
                                            : is_unsigned_integer(*common) ? DType::uint8
                                                                           : DType::int8)
                                         : promote(*common, *x.weak);
    }
    out.push_back(d);
  }
  return out;
}

bool goes_into(const UfuncInputType& x, DType to, Casting casting) {
  if (x.weak && weak_kind(to) >= *x.weak) return true;
  return can_cast(x.dtype, to, casting);
}

std::string types_text(std::span<const UfuncInputType> in) {
  std::string text;
  for (const UfuncInputType& x : in) text += (text.empty() ? "" : ", ") + std::string(name(x.dtype));
  return text;
}

// The loop that a call without `dtype` and `signature` takes; empty if there is none.
UfuncLoop natural_loop(const UfuncInfo& ufunc, std::span<const UfuncInputType> in) {
  for (const UfuncInputType& x : in) {
    if (!is_numeric(x.dtype)) return {};
  }
  const std::vector<DType> types = search_types(in);
  if (ufunc.op != nullptr) {
    std::optional<DType> common;
    for (std::size_t i = 0; i < in.size(); ++i) {
      // A weak scalar has its say below.
      if (!in[i].weak) common = common ? promote(*common, in[i].dtype) : in[i].dtype;
    }
    const bool all_weak = !common.has_value();
    for (const UfuncInputType& x : in) {
      if (x.weak) common = all_weak ? (common ? promote(*common, x.dtype) : x.dtype) : promote(*common, *x.weak);
    }
    const ElementwiseInfo& info = *ufunc.op->elementwise;
    const bool two = in.size() == 2 && !in[0].weak && !in[1].weak;
    const std::uint8_t d =
        two ? loop_of_two(info, in[0].dtype, in[1].dtype, *common) : info.loop_for[static_cast<int>(*common)];
    if (d == kNoLoop) return {};
    UfuncLoop loop(in.size(), static_cast<DType>(d));
    loop.push_back(result_dtype(info, static_cast<DType>(d)));
    return loop;
  }
  for (const UfuncLoop& loop : ufunc.loops) {
    bool fits = true;
    for (std::size_t i = 0; i < types.size(); ++i) fits = fits && can_cast(types[i], loop[i], Casting::safe);
    // No type is a half of another make: bfloat16's loops are for bfloat16.
    const bool bfloat = std::find(loop.begin(), loop.end(), DType::bfloat16) != loop.end() &&
                        std::find(types.begin(), types.end(), DType::bfloat16) == types.end();
    if (fits && !bfloat) return loop;
  }
  return {};
}

using Wanted = std::vector<std::optional<DType>>;

bool matches(const UfuncLoop& loop, const Wanted& wanted) {
  for (std::size_t i = 0; i < loop.size(); ++i) {
    if (wanted[i] && *wanted[i] != loop[i]) return false;
  }
  return true;
}

[[noreturn]] void no_such_loop(const UfuncInfo& ufunc) {
  throw TypeError("No loop matching the specified signature and casting was found for ufunc " + ufunc.name);
}

// Where outputs alone are asked for: the first loop with them that the inputs go into safely; else that of one type,
// where the casting rule decides.
UfuncLoop loop_for_outputs(const UfuncInfo& ufunc, std::span<const UfuncInputType> in, const Wanted& wanted) {
  const std::vector<DType> types = search_types(in);
  const UfuncLoop* uniform_loop = nullptr;
  for (const UfuncLoop& loop : ufunc.loops) {
    if (!matches(loop, wanted)) continue;
    bool safe = true;
    for (std::size_t i = 0; i < in.size(); ++i) safe = safe && can_cast(types[i], loop[i], Casting::safe);
    if (safe) return loop;
    const bool uniform = std::all_of(loop.begin(), loop.end(), [&](DType d) { return d == loop[0]; });
    if (uniform_loop == nullptr && uniform) uniform_loop = &loop;
  }
  if (uniform_loop == nullptr) no_such_loop(ufunc);
  return *uniform_loop;
}

UfuncLoop chosen_loop(const UfuncInfo& ufunc, std::span<const UfuncInputType> in, const Wanted& wanted) {
  // Inputs count as what is asked of them.
  std::vector<UfuncInputType> asked(in.begin(), in.end());
  std::size_t fixed = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!wanted[i]) continue;
    asked[i] = {*wanted[i], std::nullopt};
    ++fixed;
  }
  const UfuncLoop natural = natural_loop(ufunc, asked);
  if (!natural.empty() && matches(natural, wanted)) return natural;
  if (fixed == 0) return loop_for_outputs(ufunc, in, wanted);
  for (const UfuncLoop& loop : ufunc.loops) {
    if (fixed == in.size() && matches(loop, wanted)) return loop;
  }
  no_such_loop(ufunc);
}

}  // namespace

UfuncCastError::UfuncCastError(const UfuncInfo& u, Casting c, DType f, DType t, int i)
    : UfuncTypeError(cast_message(u, c, f, t, i)), ufunc(u.name), casting(c), from(f), to(t), input(i) {}

std::span<const UfuncInfo> composed_ufuncs() {
  static const auto* all = new std::vector<UfuncInfo>(make_composed());
  return *all;
}

const UfuncInfo& ufunc_info(std::string_view name) {
  const auto found = all_ufuncs().find(name);
  if (found == all_ufuncs().end()) throw KeyError("no ufunc is called '" + std::string(name) + "'");
  return *found->second;
}

UfuncLoop ufunc_loop(const UfuncInfo& ufunc, std::span<const UfuncInputType> in, const UfuncOptions& options) {
  UfuncLoop loop;
  const bool asked = options.dtype || !options.signature.empty();
  Wanted wanted = options.signature;
  wanted.resize(static_cast<std::size_t>(ufunc.num_arguments()));
  for (int i = 0; options.dtype && i < ufunc.num_outputs; ++i)
    wanted[static_cast<std::size_t>(ufunc.num_inputs + i)] = options.dtype;
  for (const auto& w : wanted) {
    if (w && is_text_type(*w))
      throw UfuncTypeError("ufunc '" + ufunc.name + "' did not contain a loop of " + std::string(name(*w)));
  }
  if (asked) {
    loop = chosen_loop(ufunc, in, wanted);
  } else {
    loop = natural_loop(ufunc, in);
    if (loop.empty()) {
      throw UfuncTypeError(ufunc.name + ": not supported for the input types (" + types_text(in) + ")");
    }
  }
  // Truth is taken of any type as it is.
  if (!asked && ufunc.name.starts_with("logical_")) return loop;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!goes_into(in[i], loop[i], options.casting))
      throw UfuncCastError(ufunc, options.casting, in[i].dtype, loop[i], static_cast<int>(i));
  }
  return loop;
}

Arrays call_ufunc(const UfuncInfo& ufunc, std::span<const UfuncInput> in, const UfuncOptions& options) {
  std::vector<UfuncInputType> types;
  for (const UfuncInput& x : in) {
    types.push_back(x.weak ? UfuncInputType{default_dtype(x.weak->kind), x.weak->kind}
                           : UfuncInputType{x.array.dtype(), std::nullopt});
  }
  const UfuncLoop loop = ufunc_loop(ufunc, types, options);
  Arrays cast;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!in[i].weak) {
      cast.push_back(astype(in[i].array, loop[i]));
    } else {
      const bool fits = weak_kind(loop[i]) >= in[i].weak->kind;
      cast.push_back(fits ? in[i].weak->to_array(loop[i]) : astype(in[i].weak->to_array(), loop[i]));
    }
  }
  if (ufunc.op != nullptr) return {apply_elementwise_donated(*ufunc.op, cast, 0)};
  return ufunc.call(cast);
}

// --- functions of vectors and matrices

namespace {

[[noreturn]] void too_few(const UfuncInfo& u, int i, int has, int needs) {
  throw ValueError(u.name + ": Input operand " + std::to_string(i) + " does not have enough dimensions (has " +
                   std::to_string(has) + ", gufunc core with signature " + u.signature + " requires " +
                   std::to_string(needs) + ")");
}

// The axes of argument i: as given, or the last ones.
Axes axes_of_argument(const UfuncInfo& u, const CoreAxes& core, std::size_t i, int ndim, int dims) {
  Axes out;
  if (core.axis) {
    if (dims == 1) out.push_back(normalize_axis(*core.axis, ndim));
    return out;
  }
  if (!core.axes || i >= core.axes->size()) {
    for (int k = 0; k < dims; ++k) out.push_back(ndim - dims + k);
    return out;
  }
  const CoreAxes::Item& item = (*core.axes)[i];
  if (item.one && dims != 1) {
    throw AxisError(u.name + ": operand " + std::to_string(i) + " has " + std::to_string(dims) +
                    " core dimensions, but the axes item is a single integer.");
  }
  if (std::ssize(item.axes) != dims) {
    throw AxisError(u.name + ": operand " + std::to_string(i) + " has " + std::to_string(dims) +
                    " core dimensions, but " + std::to_string(item.axes.size()) +
                    " dimensions are specified by axes tuple.");
  }
  for (std::int64_t a : item.axes) {
    out.push_back(normalize_axis(a, ndim));
    if (std::count(out.begin(), out.end(), out.back()) > 1)
      throw ValueError(u.name + ": axes tuple for operand " + std::to_string(i) + " has repeated axes");
  }
  return out;
}

Axes last_axes(int ndim, int count) {
  Axes out;
  for (int k = 0; k < count; ++k) out.push_back(ndim - count + k);
  return out;
}

}  // namespace

void check_axes_count(const UfuncInfo& u, std::size_t n) {
  if (n != 3 && !(n == 2 && u.core_dims[2] == 0)) {
    throw ValueError(
        "axes should be a list with an entry for all 3 inputs and outputs; entries for outputs can only be omitted if "
        "none of them has core axes.");
  }
}

namespace {

void check_core(const UfuncInfo& u, const CoreAxes& core) {
  const bool one_shared = u.core_dims == std::vector<int>{1, 1, 0};
  if (core.axes && core.axis) throw TypeError("cannot specify both 'axis' and 'axes'");
  if (core.axis && !one_shared) {
    throw TypeError(u.name + ": axis can only be used with a single shared core dimension, not with the " +
                    (u.name == "matmul" ? "3" : "2") + " distinct ones implied by signature " + u.signature + ".");
  }
  if (core.keepdims && !one_shared) {
    throw TypeError(u.name + " does not support keepdims: its signature " + u.signature +
                    " requires results with core dimensions");
  }
  if (core.axes) check_axes_count(u, core.axes->size());
}

}  // namespace

Array call_gufunc(const UfuncInfo& u, const Array& x, const Array& y, const CoreAxes& core) {
  check_core(u, core);
  // The dimensions with a question mark are those that a vector lacks.
  const bool optional = u.name == "matmul";
  const Array* in[] = {&x, &y};
  Arrays moved;
  int dims[2], batch = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const int ndim = in[i]->ndim(), needed = optional ? 1 : u.core_dims[i];
    if (ndim < needed) too_few(u, static_cast<int>(i), ndim, needed);
    dims[i] = optional ? std::min(ndim, 2) : u.core_dims[i];
    const Axes from = axes_of_argument(u, core, i, ndim, dims[i]);
    moved.push_back(moveaxis(*in[i], from, last_axes(ndim, dims[i])));
    batch = std::max(batch, ndim - dims[i]);
  }
  const int out_dims = optional ? dims[0] + dims[1] - 2 : u.core_dims[2];
  const Array result = u.call(moved)[0];
  if (core.keepdims) {
    const Axes place = core.axes && core.axes->size() < 3 ? Axes{batch}
                       : core.axis                        ? Axes{normalize_axis(*core.axis, batch + 1)}
                                                          : axes_of_argument(u, core, 2, batch + 1, 1);
    return expand_dims(result, place);
  }
  if (core.axis) return result;
  const Axes to = axes_of_argument(u, core, 2, batch + out_dims, out_dims);
  return moveaxis(result, last_axes(batch + out_dims, out_dims), to);
}

}  // namespace tnp
