// triangle_indices: the places of a triangle of a matrix, whose sizes alone decide about them.
#include <algorithm>
#include <limits>
#include <vector>

#include "base/dim.h"
#include "ops/common.h"
#include "ops/shape/sequences.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

struct TriangleParams : ParamsOf<TriangleParams> {
  Shape sizes;         // rows, columns
  std::int64_t k = 0;  // the diagonal: above it there are as many columns as below it rows
  bool lower = true;   // the places before the diagonal and on it, or those behind it
  template <class V>
  void fields(V& v) {
    v("sizes", sizes);
    v("k", k);
    v("lower", lower);
  }
  void set(const Shape& s, std::int64_t diagonal, bool l) {
    sizes = s;
    k = diagonal;
    lower = l;
  }
};

// How many places there are. No size on the way is negative, as such numbers stand for symbolic ones.
Dim num_places(const TriangleParams& p) {
  Dim rows = p.sizes[0], columns = p.sizes[1], whole = 0;
  if (p.k < 0) {
    rows = dim_sub(rows, dim_min(-p.k, rows));  // those before have none
  } else {
    const Dim before = dim_min(p.k, columns);  // in each row
    whole = dim_mul(rows, before);
    columns = dim_sub(columns, before);
  }
  // One more in each row, until they are all of them.
  const Dim growing = dim_min(rows, columns);
  const Dim triangle = dim_floor_div(dim_mul(growing, dim_add(growing, 1)), 2);
  const Dim below = dim_add(whole, dim_add(triangle, dim_mul(dim_sub(rows, growing), columns)));
  return p.lower ? below : dim_sub(dim_mul(p.sizes[0], p.sizes[1]), below);
}

OutputSpecs infer(const Call& call) {
  const auto& p = params_of<TriangleParams>(call);
  if (p.sizes.is_static()) check_shape(p.sizes, static_cast<std::int64_t>(sizeof(std::int64_t)));
  const Shape count{num_places(p)};
  return {{DType::int64, count}, {DType::int64, count}};
}

void execute_triangle(const Call& call, std::span<Array> out) {
  const auto& p = params_of<TriangleParams>(call);
  const std::int64_t n = p.sizes[0], m = p.sizes[1];
  check_shape(p.sizes, static_cast<std::int64_t>(sizeof(std::int64_t)));
  const auto before = [&](std::int64_t row) {  // of the diagonal, which lies between -n and m
    return std::clamp<std::int64_t>(row + std::clamp(p.k, -n, m) + 1, 0, m);
  };
  std::vector<std::int64_t> first(static_cast<std::size_t>(n) + 1, 0);  // how many places lie in the rows above
  for (std::int64_t i = 0; i < n; ++i) {
    const auto row = static_cast<std::size_t>(i);
    first[row + 1] = first[row] + (p.lower ? before(i) : m - before(i));
  }
  for (Array& x : out) x = Array::empty(DType::int64, {first.back()});
  auto* rows = reinterpret_cast<std::int64_t*>(out[0].data());
  auto* columns = reinterpret_cast<std::int64_t*>(out[1].data());
  parallel_for(n, 1 + (1 << 15) / (m + 1), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t at = first[static_cast<std::size_t>(i)], count = first[static_cast<std::size_t>(i) + 1] - at;
      const std::int64_t column = p.lower ? 0 : before(i);
      for (std::int64_t j = 0; j < count; ++j) rows[at + j] = i;
      for (std::int64_t j = 0; j < count; ++j) columns[at + j] = column + j;
    }
  });
}

const OpDef kTriangleIndices{
    .name = "triangle_indices",
    .doc = "The rows and the columns of a triangle of a matrix.",
    .family = "creation",
    .num_inputs = 0,
    .infer = &infer,
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::int64, DType::int64}; },
    .execute = &execute_triangle,
    .vjp = unsupported("it has no inputs"),
    .batch = unsupported("it has no inputs"),
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (const Shape& sizes : {Shape{5, 5}, Shape{3, 7}, Shape{7, 3}, Shape{0, 4}, Shape{4, 0}, Shape{1, 1}}) {
            for (std::int64_t k : {-9, -4, -1, 0, 1, 2, 6, 9}) {
              for (bool lower : {true, false})
                s.push_back(sample({}, DType::int64, make_params<TriangleParams>(sizes, k, lower), false));
            }
          }
          return s;
        },
    .oracle = "np.nonzero(np.tri(*p.sizes, p.k, dtype=bool) == p.lower)",
};
const RegisterOp registration(kTriangleIndices);

}  // namespace

Arrays triangle_indices(std::int64_t n, std::int64_t k, std::int64_t m, bool lower) {
  TriangleParams p;
  p.set(Shape{n, m}, std::max(k, -std::numeric_limits<std::int64_t>::max()), lower);
  return apply_multi(kTriangleIndices, {}, p);
}

}  // namespace tnp
