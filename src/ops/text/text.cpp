// Text arrays: their memory, and what operations do with them.
//
// An element is a handle: a place and a length. The characters lie in arenas that are never changed; an array's buffer
// keeps those alive that its handles point into, so arranging elements copies handles alone. A text array is in no
// state in which its memory could be read as numbers: `Array::data` and `strides` throw TypeError.
#include "tnp/text.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "ir/apply_internal.h"
#include "ops/common.h"
#include "ops/text/text_ops.h"
#include "runtime/allocator.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

using Arena = std::shared_ptr<const std::string>;

struct Storage {
  std::vector<std::string_view> elements;
  std::vector<Arena> arenas;
};

const Storage& storage_of(const Array& x) {
  if (!is_text(x.dtype())) throw TypeError("an array of " + std::string(name(x.dtype())) + " is no text");
  if (x.is_symbolic()) throw TypeError("text arrays cannot be values of a traced function");
  return *reinterpret_cast<const Storage*>(x.node()->data);
}

Array adopt(DType dtype, const Shape& shape, std::unique_ptr<Storage> storage) {
  Buffer* buffer =
      Buffer::wrap(storage.get(), sizeof(Storage), +[](void* p) { delete static_cast<Storage*>(p); }, storage.get());
  auto* data = reinterpret_cast<std::byte*>(storage.release());
  Array x = Array::view_of(buffer, data, dtype, shape, {});
  buffer->release();
  x.node()->state = State::pending;  // without an expression: see detail::materialize
  return x;
}

// The elements of several arrays, one after the other, at these places.
Array taken(std::span<const Array> sources, DType dtype, const Array& places) {
  auto out = std::make_unique<Storage>();
  std::vector<std::string_view> all;
  for (const Array& x : sources) {
    const Storage& s = storage_of(x);
    all.insert(all.end(), s.elements.begin(), s.elements.end());
    for (const Arena& a : s.arenas) {
      if (std::find(out->arenas.begin(), out->arenas.end(), a) == out->arenas.end()) out->arenas.push_back(a);
    }
  }
  const Array rows = places.is_contiguous() ? places : copy(places);
  const auto* at = rows.data_as<std::int64_t>();
  const std::int64_t n = rows.shape().num_elements();
  out->elements.reserve(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) out->elements.push_back(all.at(static_cast<std::size_t>(at[i])));
  return adopt(dtype, rows.shape(), std::move(out));
}

[[noreturn]] void refuse(const Call& call) {
  std::string types;
  for (const Array& x : call.in) types += (types.empty() ? "" : ", ") + std::string(name(x.dtype()));
  throw TypeError(std::string(call.op.name) + ": not supported for the input types (" + types + ")");
}

// --- arranging: the operation on the elements' places says where each one goes

Array arranged(const Call& call) {
  Arrays in, sources;
  std::int64_t first = 0;
  DType dtype = DType::string;
  // Numbers joined to text become text.
  const bool joins = std::string_view(call.op.name) == "concatenate";
  const Array& text = *std::find_if(call.in.begin(), call.in.end(), [](const Array& a) { return is_text(a.dtype()); });
  for (std::size_t i = 0; i < call.in.size(); ++i) {
    const Array x = joins && is_numeric(call.in[i].dtype()) ? cast_text(call.in[i], text.dtype()) : call.in[i];
    const bool chooses = std::string_view(call.op.name) == "where" && i == 0;
    const bool indexes = std::string_view(call.op.name) == "gather" && i > 0;
    if (!is_text(x.dtype())) {
      if (!chooses && !indexes) refuse(call);
      in.push_back(chooses ? astype(x, DType::int64) : x);
      continue;
    }
    if (chooses || indexes) refuse(call);
    const std::int64_t n = x.shape().num_elements();
    in.push_back(reshape(add(iota(n, DType::int64), Scalar(first)), x.shape()));
    sources.push_back(x);
    dtype = sources.size() == 1 ? x.dtype() : promote(dtype, x.dtype());
    first += n;
  }
  return taken(sources, dtype, apply(call.op, in, call.params, 0));
}

// --- comparing and concatenating

// Both operands, broadcast. A pair of bytes and text has no order.
struct Pair {
  Array x, y;
};
Pair paired(const Call& call) {
  const Array &x = call.in[0], &y = call.in[1];
  if (!is_text(x.dtype()) || x.dtype() != y.dtype()) refuse(call);
  Shape shape;
  if (!try_broadcast(x.shape(), y.shape(), shape)) fail<ValueError>(call, "operands could not be broadcast together");
  return {broadcast_to(x, shape), broadcast_to(y, shape)};
}

template <class F>
Array compared(const Call& call, F holds) {
  const Pair p = paired(call);
  const Storage &a = storage_of(p.x), &b = storage_of(p.y);
  Array out = Array::empty(DType::bool_, p.x.shape());
  auto* to = reinterpret_cast<bool*>(out.data());
  for (std::size_t i = 0; i < a.elements.size(); ++i)
    to[i] = holds(significant(a.elements[i]).compare(significant(b.elements[i])));
  return out;
}

Array concatenated(const Call& call) {
  const Pair p = paired(call);
  const Storage &a = storage_of(p.x), &b = storage_of(p.y);
  std::vector<std::string> values;
  values.reserve(a.elements.size());
  for (std::size_t i = 0; i < a.elements.size(); ++i)
    values.push_back(std::string(a.elements[i]) + std::string(b.elements[i]));
  return text_array(p.x.dtype(), p.x.shape(), values);
}

Array apply_to_text(const Call& call) {
  for (const Array& x : call.in) {
    if (x.is_symbolic())
      throw TypeError(describe(call) + ": text arrays cannot be used with the values of a traced function");
  }
  if (must_record(call)) throw TypeError(describe(call) + ": text arrays cannot be used with symbolic sizes");
  const std::string_view op = call.op.name;
  if (call.op.arranges || op == "where") return arranged(call);
  if (const Array x = ordered_text(call)) return x;
  if (call.in.size() == 2) {
    if ((op == "equal" || op == "not_equal") && call.in[0].dtype() != call.in[1].dtype()) {
      // Things of different kinds are not equal.
      Shape shape;
      if (!try_broadcast(call.in[0].shape(), call.in[1].shape(), shape)) refuse(call);
      return full(shape, Array(op == "not_equal"));
    }
    if (op == "equal") return compared(call, [](int c) { return c == 0; });
    if (op == "not_equal") return compared(call, [](int c) { return c != 0; });
    if (op == "less") return compared(call, [](int c) { return c < 0; });
    if (op == "less_equal") return compared(call, [](int c) { return c <= 0; });
    if (op == "greater") return compared(call, [](int c) { return c > 0; });
    if (op == "greater_equal") return compared(call, [](int c) { return c >= 0; });
    if (op == "add") return concatenated(call);
  }
  refuse(call);
}

const bool kHook = (text_hook = &apply_to_text, true);

}  // namespace

Array text_array(DType dtype, const Shape& shape, const std::vector<std::string>& values) {
  if (!is_text(dtype)) throw TypeError("text_array: " + std::string(name(dtype)) + " is no type of text");
  if (shape.num_elements() != std::ssize(values))
    throw ValueError("text_array: " + std::to_string(values.size()) + " values do not fill the shape " + shape.str());
  auto storage = std::make_unique<Storage>();
  std::size_t bytes = 0;
  for (const std::string& v : values) bytes += v.size();
  auto arena = std::make_shared<std::string>();
  arena->reserve(bytes);
  for (const std::string& v : values) {
    const std::size_t at = arena->size();
    *arena += v;
    storage->elements.emplace_back(arena->data() + at, v.size());
  }
  storage->arenas.push_back(std::move(arena));
  return adopt(dtype, shape, std::move(storage));
}

std::vector<std::string_view> text_values(const Array& x) { return storage_of(x).elements; }

}  // namespace tnp
