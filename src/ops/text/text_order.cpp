// The order of text: an element's rank among the distinct elements of a call stands for it, so that sorting and
// searching are those of integers.
#include <algorithm>

#include "ops/text/text_ops.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

bool is_one_of(std::string_view op, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), op) != names.end();
}

// Empty elements are false.
Array truth(const Array& x) {
  Array out = Array::empty(DType::bool_, x.shape());
  auto* to = reinterpret_cast<bool*>(out.data());
  for (const std::string_view s : TextElements(x)) *to++ = !significant(s).empty();
  return out;
}

// The distinct elements of the text among these arrays, in order.
std::vector<std::string_view> distinct(std::span<const Array> arrays) {
  std::vector<std::string_view> all;
  for (const Array& x : arrays) {
    if (!is_text(x.dtype())) continue;
    for (const std::string_view s : TextElements(x)) all.push_back(significant(s));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Array ranks(const Array& x, const std::vector<std::string_view>& all) {
  Array out = Array::empty(DType::int64, x.shape());
  auto* to = reinterpret_cast<std::int64_t*>(out.data());
  for (const std::string_view s : TextElements(x))
    *to++ = std::lower_bound(all.begin(), all.end(), significant(s)) - all.begin();
  return out;
}

}  // namespace

Array ordered_text(const Call& call) {
  const std::string_view op = call.op.name;
  const bool asks_truth = is_one_of(op, {"reduce_any", "reduce_all", "nonzero_indices"});
  const bool gives_elements = is_one_of(op, {"sort", "partition"});
  const bool gives_numbers =
      is_one_of(op, {"argsort", "order_rows", "search_sorted", "reduce_argmax", "reduce_argmin"});
  if (asks_truth) {
    const Array x = truth(call.in[0]);
    return apply(call.op, {&x, 1}, call.params);
  }
  if (!gives_elements && !gives_numbers) return {};
  const std::vector<std::string_view> all = distinct(call.in);
  Arrays in;
  for (const Array& x : call.in) in.push_back(is_text(x.dtype()) ? ranks(x, all) : x);
  const Array result = apply(call.op, in, call.params);
  if (gives_numbers) return result;
  std::vector<std::string_view> values;
  for (const std::int64_t rank : result.to_vector<std::int64_t>())
    values.push_back(all[static_cast<std::size_t>(rank)]);
  return text_of_parts(call.in[0], result.shape(), values);
}

}  // namespace tnp
