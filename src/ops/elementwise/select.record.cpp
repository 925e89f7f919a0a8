// where, maximum, minimum and both of these: choosing between elements.
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

// The condition comes in the type of the choices, where 0 is false: so it broadcasts and fuses like any other input.
struct Where : Ternary {
  static constexpr const char* doc = "x2 where x1 is true (not zero), else x3.";
  static constexpr DTypeSet types = kAll;
  template <class V>
  static V value(V condition, V x, V y) {
    if constexpr (is_complex_value<V>) {
      const auto zero = splat<decltype(x.re)>(0);
      const auto c = (condition.re != zero) | (condition.im != zero);
      return {select(mask_t<decltype(x.re)>(c), x.re, y.re), select(mask_t<decltype(x.re)>(c), x.im, y.im)};
    } else {
      return select(mask_t<V>(condition != splat<V>(0)), x, y);
    }
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int i) {
    if (i == 0) return Array();
    return i == 1 ? where(x[0], ct, 0) : where(x[0], 0, ct);
  }
};

// At a tie each side gets half of the cotangent.
inline Array share_of_winner(const Array& ct, std::span<const Array> x, const Array& y, int i) {
  const Array wins = x[i] == y;
  const Array tie = x[0] == x[1];
  return where(tie, ct * 0.5, where(wins, ct, 0));
}

template <class V>
TNP_INLINE auto is_nan_value(V x) {
  if constexpr (is_complex_value<V>) {
    return (x.re != x.re) | (x.im != x.im);
  } else {
    return x != x;
  }
}

template <class M, class V>
TNP_INLINE V pick(M mask, V x, V y) {
  if constexpr (is_complex_value<V>) {
    using R = decltype(x.re);
    return {select(mask_t<R>(mask), x.re, y.re), select(mask_t<R>(mask), x.im, y.im)};
  } else {
    return select(mask_t<V>(mask), x, y);
  }
}

// Lexicographic on complex numbers, of which none with a NaN is at least another.
template <class V>
TNP_INLINE auto at_least(V x, V y) {
  if constexpr (is_complex_value<V>) {
    return math::greater_equal(x, y);
  } else {
    return x >= y;
  }
}

// Of real numbers: y where it is NaN or `better`, else x, which may be NaN. The inner choice is one instruction on x86,
// and what is known of y need not wait for x, so a chain of such choices takes half as long as one that asks whether x
// is NaN. A NaN is made quiet (as it is): or the compiler would make one choice of both, for which there is no
// instruction.
template <class M, class V>
TNP_INLINE V better_or_nan(M better, V x, V y) {
  const V chosen = select(mask_t<V>(better), y, x);
  if constexpr (std::is_floating_point_v<lane_t<V>>) {
    constexpr auto quiet = std::uint64_t{1} << (math::float_of<V>::mantissa_bits - 1);
    const V nan = math::from_bits<V>(math::bits_of(y) | splat<uint_t<V>>(quiet));
    return select(mask_t<V>(y != y), nan, chosen);
  } else {
    return chosen;
  }
}

struct Maximum : Binary {
  static constexpr const char* doc = "The greater of x1 and x2, element by element; NaN where either is.";
  static constexpr DTypeSet types = kAll;
  template <class V>
  static V value(V x, V y) {
    if constexpr (is_complex_value<V>) {
      return pick(at_least(x, y) | is_nan_value(x), x, y);
    } else {
      return better_or_nan(y > x, x, y);
    }
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array& y, int i) {
    return share_of_winner(ct, x, y, i);
  }
};

struct Minimum : Binary {
  static constexpr const char* doc = "The lesser of x1 and x2, element by element; NaN where either is.";
  static constexpr DTypeSet types = kAll;
  template <class V>
  static V value(V x, V y) {
    if constexpr (is_complex_value<V>) {
      return pick(at_least(y, x) | is_nan_value(x), x, y);
    } else {
      return better_or_nan(y < x, x, y);
    }
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array& y, int i) {
    return share_of_winner(ct, x, y, i);
  }
};

struct Fmax : Binary {
  static constexpr const char* doc = "The greater of x1 and x2, element by element; a NaN gives way to a number.";
  static constexpr DTypeSet types = kAll;
  template <class V>
  static V value(V x, V y) {
    return pick(at_least(x, y) | is_nan_value(y), x, y);
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array& y, int i) {
    return share_of_winner(ct, x, y, i);
  }
};

struct Fmin : Binary {
  static constexpr const char* doc = "The lesser of x1 and x2, element by element; a NaN gives way to a number.";
  static constexpr DTypeSet types = kAll;
  template <class V>
  static V value(V x, V y) {
    return pick(at_least(y, x) | is_nan_value(y), x, y);
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array& y, int i) {
    return share_of_winner(ct, x, y, i);
  }
};

// What clip with two bounds is: one pass.
struct ClipBetween : Ternary {
  static constexpr const char* doc = "minimum(maximum(x1, x2), x3), element by element.";
  static constexpr bool internal = true;
  static constexpr const char* oracle = "np.minimum(np.maximum(x[0], x[1]), x[2])";
  static constexpr DTypeSet types = kAll;
  template <class V>
  static V value(V x, V low, V high) {
    return Minimum::value(Maximum::value(x, low), high);
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array& y, int i) {
    const Array raised[] = {maximum(x[0], x[1]), x[2]};
    if (i == 2) return share_of_winner(ct, raised, y, 1);
    return share_of_winner(share_of_winner(ct, raised, y, 0), x.first(2), raised[0], i);
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_TERNARY(where, Where)
TNP_BINARY(maximum, Maximum)
TNP_BINARY(minimum, Minimum)
TNP_BINARY(fmax, Fmax)
TNP_BINARY(fmin, Fmin)
TNP_TERNARY(clip_between, ClipBetween)
