// Text arrays: their memory, and what operations do with them.
//
// An element is a handle: a place and a length. The characters lie in arenas that are never changed; an array's buffer
// keeps those alive that its handles point into. Handles have a fixed size and strides as numbers have, so that
// slices and transposes are views, and operations that arrange elements do it with handles as with numbers of 16 bytes.
// A text array is in no state in which its memory could be read as numbers: `Array::data` and `strides` throw
// TypeError.
#include "tnp/text.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "ir/apply_internal.h"
#include "ops/common.h"
#include "ops/shape/copy.h"
#include "ops/text/text_ops.h"
#include "runtime/allocator.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

using Handle = std::string_view;
constexpr DType kHandleNumber = DType::complex128;  // what handles are for those who move them
static_assert(sizeof(Handle) == 16 && std::is_trivially_copyable_v<Handle>);

using Arena = std::shared_ptr<const std::string>;

// What a buffer of handles keeps alive.
struct TextMemory {
  Array handles;
  std::vector<Arena> arenas;
};

const TextMemory& memory_of(const Array& text) { return *static_cast<const TextMemory*>(text.node()->buffer->context); }

void check_text(const Array& x) {
  if (!is_text(x.dtype())) throw TypeError("an array of " + std::string(name(x.dtype())) + " is no text");
  if (x.is_symbolic()) throw TypeError("text arrays cannot be values of a traced function");
}

Array handles_of(const Array& x) {
  check_text(x);
  const detail::Node* node = x.node();
  return Array::view_of(node->buffer, node->data, kHandleNumber, node->shape, node->strides);
}

// Text of handles in new memory, which nobody else holds.
Array adopt(DType dtype, Array handles, std::vector<Arena> arenas) {
  std::byte* data = handles.data();
  const Shape shape = handles.shape();
  const Strides strides = handles.strides();
  auto memory = std::make_unique<TextMemory>(TextMemory{std::move(handles), std::move(arenas)});
  Buffer* buffer = Buffer::wrap(data, 0, +[](void* p) { delete static_cast<TextMemory*>(p); }, memory.get());
  memory.release();
  Array x = Array::view_of(buffer, data, dtype, shape, strides);
  buffer->release();
  return x;
}

// Text of the handles of these arrays, arranged: a view of one of them, or new memory.
Array text_of(DType dtype, const Array& handles, std::span<const Array> sources) {
  handles.data();
  const detail::Node* node = handles.node();
  std::vector<Arena> arenas;
  for (const Array& x : sources) {
    if (x.node()->buffer == node->buffer)
      return Array::view_of(node->buffer, node->data, dtype, node->shape, node->strides);
    for (const Arena& a : memory_of(x).arenas) {
      if (std::find(arenas.begin(), arenas.end(), a) == arenas.end()) arenas.push_back(a);
    }
  }
  return adopt(dtype, handles, std::move(arenas));
}

[[noreturn]] void refuse(const Call& call) {
  std::string types;
  for (const Array& x : call.in) types += (types.empty() ? "" : ", ") + std::string(name(x.dtype()));
  throw TypeError(std::string(call.op.name) + ": not supported for the input types (" + types + ")");
}

// --- arranging: as the operation arranges numbers of the handles' size

Array arranged(const Call& call) {
  Arrays in, sources;
  DType dtype = DType::string;
  const std::string_view op = call.op.name;
  const bool joins = op == "concatenate", chooses = op == "where", indexes = op == "gather";
  const Array& text = *std::find_if(call.in.begin(), call.in.end(), [](const Array& a) { return is_text(a.dtype()); });
  in.reserve(call.in.size());
  sources.reserve(call.in.size());
  for (std::size_t i = 0; i < call.in.size(); ++i) {
    // Numbers joined to text become text.
    const Array x = joins && is_numeric(call.in[i].dtype()) ? cast_text(call.in[i], text.dtype()) : call.in[i];
    const bool number = (chooses && i == 0) || (indexes && i > 0);
    if (is_text(x.dtype()) == number) refuse(call);
    in.push_back(number ? x : handles_of(x));
    if (number) continue;
    sources.push_back(x);
    dtype = sources.size() == 1 ? x.dtype() : promote(dtype, x.dtype());
  }
  return text_of(dtype, apply(call.op, in, call.params, 0), sources);
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
  const TextElements a(p.x), b(p.y);
  Array out = Array::empty(DType::bool_, p.x.shape());
  auto* to = reinterpret_cast<bool*>(out.data());
  for (std::size_t i = 0; i < a.size(); ++i) to[i] = holds(significant(a[i]).compare(significant(b[i])));
  return out;
}

Array concatenated(const Call& call) {
  const Pair p = paired(call);
  const TextElements a(p.x), b(p.y);
  std::vector<std::string> values;
  values.reserve(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) values.push_back(std::string(a[i]) + std::string(b[i]));
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
  std::size_t bytes = 0;
  for (const std::string& v : values) bytes += v.size();
  auto arena = std::make_shared<std::string>();
  arena->reserve(bytes);
  Array handles = Array::empty(kHandleNumber, shape);
  auto* to = reinterpret_cast<Handle*>(handles.data());
  for (const std::string& v : values) {
    const std::size_t at = arena->size();
    *arena += v;
    new (to++) Handle(arena->data() + at, v.size());
  }
  return adopt(dtype, std::move(handles), {std::move(arena)});
}

Array text_of_parts(const Array& x, const Shape& shape, std::span<const std::string_view> elements) {
  Array handles = Array::empty(kHandleNumber, shape);
  auto* to = reinterpret_cast<Handle*>(handles.data());
  for (const Handle s : elements) new (to++) Handle(s);
  return text_of(x.dtype(), handles, {&x, 1});
}

TextElements::TextElements(const Array& x) : handles_(handles_of(x)) {
  if (!handles_.is_contiguous()) {
    Array rows = Array::empty(kHandleNumber, x.shape());
    copy_strided(view(handles_), view(rows));
    handles_ = std::move(rows);
  }
  elements_ = {reinterpret_cast<const Handle*>(handles_.data()),
               static_cast<std::size_t>(handles_.shape().num_elements())};
}

StridedView text_handles(const Array& x) {
  check_text(x);
  const detail::Node* node = x.node();
  return {node->data, kHandleNumber, node->shape.ndim(), node->shape.data(), node->strides.data()};
}

std::vector<std::string_view> text_values(const Array& x) {
  const TextElements elements(x);
  return {elements.begin(), elements.end()};
}

}  // namespace tnp
