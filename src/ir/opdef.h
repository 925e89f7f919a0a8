// OpDef: what a primitive operation is. One record in one place; everything else about the operation is derived from
// it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/params.h"
#include "tnp/array.h"

namespace tnp {

struct OpDef;

// One application of a primitive.
struct Call {
  const OpDef& op;
  std::span<const Array> in;
  const Params& params;
  // Inputs that nobody reads afterwards, a bit each: an `execute` may write its result into them.
  std::uint64_t donated = 0;
};

// What a shape and dtype rule says of one output.
struct OutputSpec {
  DType dtype;
  Shape shape;  // kDataDependent for a size that only the data tells
};
using OutputSpecs = std::vector<OutputSpec>;

// A call to differentiate: given the cotangents of its outputs (an absent array is zero), set those of its inputs.
struct VjpCall {
  const Call& call;
  std::span<const Array> outputs;
  std::span<const Array> cotangents;
  std::span<const bool> needed;  // inputs whose cotangent is asked for
  std::span<Array> result;       // stays absent where there is none
};

// A call on a batch: batched inputs carry the batch as axis 0.
struct BatchCall {
  const Call& call;
  std::span<const bool> batched;
  std::int64_t size;  // of the batch; may be symbolic
  Arrays result;
  std::vector<bool> result_batched;
};

// A part of a call's outputs, elements [begin, end) along one axis, and what of its inputs that part takes. Shapes are
// concrete; values need not be there.
struct TileCall {
  struct Part {
    int axis = -1;  // -1: all of the input
    std::int64_t begin = 0, end = 0;
  };
  const OpDef& op;
  std::span<const Shape> in;
  const Params& params;
  int axis;
  std::int64_t begin, end;
  std::span<Part> parts;     // to be set, one for each input
  ParamsRef params_of_part;  // of the call on those parts that gives this part; null: as they are
};

// A call that reads or writes elements at places that integer inputs name, negative ones counting from the end.
struct IndexedAccess {
  int update = -1;      // the input that is written there, into a copy of input 0; -1: they are read from input 0
  int first_index = 1;  // an input for each of `axes`
  Axes axes;
};

// A call whose results' values are made up of those of its inputs at the same place: it can join a fused loop.
enum class Fusion : std::uint8_t {
  none,         // a step of its own
  elementwise,  // one value per element, from the elements at the same place after broadcasting
  cast,         // the same value in the type of the output
  broadcast,    // the input's elements, repeated: a matter of strides
  reduction,    // consumes a fused group
};

enum class Effect : std::uint8_t {
  none,      // may be merged, folded, dropped
  stateful,  // every call runs, in program order
};

// Inputs on which the operation's generated tests run it.
struct Sample {
  std::vector<OutputSpec> inputs;  // dtype and shape
  std::shared_ptr<const Params> params;
  double low = -2, high = 2;  // range of real values
  bool differentiable = true;
};

// A slot of an OpDef: a function, or the reason why there is none. Left empty it fails `check_registry`.
template <class F>
class Slot {
 public:
  Slot() = default;
  template <class G>
    requires std::is_convertible_v<G, F*>
  Slot(G f) : fn_(f) {}
  struct Unsupported {
    const char* reason;
  };
  Slot(Unsupported u) : reason_(u.reason) {}
  explicit operator bool() const { return fn_ != nullptr; }
  F* get() const { return fn_; }
  const char* reason() const { return reason_; }
  bool empty() const { return fn_ == nullptr && reason_ == nullptr; }

 private:
  F* fn_ = nullptr;
  const char* reason_ = nullptr;
};
struct AnyUnsupported {
  const char* reason;
  template <class F>
  operator Slot<F>() const {
    return Slot<F>(typename Slot<F>::Unsupported{reason});
  }
};
inline AnyUnsupported unsupported(const char* reason) { return {reason}; }

struct ElementwiseInfo;  // ops/elementwise/family.h: loops, kernels and bitcode of an elementwise operation

struct OpDef {
  const char* name;
  const char* doc;
  const char* family;
  int num_inputs = 1;  // -1: any number
  // The outputs' types and shapes. Throws the error that NumPy raises for wrong inputs. Is not called where the rank of
  // an input is unknown, unless `infers_unknown_rank`.
  Slot<OutputSpecs(const Call&)> infer;
  // The outputs' types alone, for inputs of unknown rank.
  Slot<std::vector<DType>(const Call&)> infer_dtype;
  bool infers_unknown_rank = false;
  // Computes concrete outputs from concrete inputs.
  Slot<void(const Call&, std::span<Array> out)> execute;
  Slot<void(VjpCall&)> vjp;
  Slot<void(BatchCall&)> batch;
  bool batch_always = false;  // also where no input is batched: each example has a result of its own
  Fusion fusion = Fusion::none;
  Effect effect = Effect::none;
  Slot<std::vector<Sample>(const OpDef&)> samples;
  // A Python expression over NumPy (`np`), the inputs (`x`: a list) and the parameters (`p`) that gives what a sample
  // must.
  const char* oracle = nullptr;
  const ElementwiseInfo* elementwise = nullptr;
  const char* aliases = "";  // other names NumPy has for it, separated by spaces
  // Applies the operation in a form that keeps what its gradient needs: used where a tape watches an input. Optional.
  Arrays (*apply_watched)(const Call&) = nullptr;
  // How a part of the outputs is computed, to the bit, from parts of the inputs; false if it is not. Optional, and not
  // asked of elementwise operations.
  bool (*tile)(TileCall&) = nullptr;
  // What places the call reads or writes; false if it does more than that. Optional.
  bool (*indexed_access)(const Call&, IndexedAccess&) = nullptr;
  bool identity_on_same_shape = false;  // gives its one input itself where that has the output's shape and type
  bool arranges = false;                // every element of the output is one of an input: text can be arranged by it
};

// The registry. Records register themselves as static objects.
struct RegisterOp {
  explicit RegisterOp(const OpDef& op);
};
const std::vector<const OpDef*>& all_ops();
const OpDef* find_op(std::string_view name);
// Every operation with an empty slot, as "name: slot".
std::vector<std::string> check_registry();

// Applies a primitive: checks, computes (or records, where an input is symbolic), and tells the tapes.
Array apply(const OpDef& op, std::span<const Array> in, const Params& params = kNoParams, std::uint64_t donated = 0);
Arrays apply_multi(const OpDef& op, std::span<const Array> in, const Params& params = kNoParams,
                   std::uint64_t donated = 0);
inline Array apply(const OpDef& op, std::initializer_list<Array> in, const Params& params = kNoParams) {
  return apply(op, std::span<const Array>(in.begin(), in.size()), params);
}
inline Arrays apply_multi(const OpDef& op, std::initializer_list<Array> in, const Params& params = kNoParams) {
  return apply_multi(op, std::span<const Array>(in.begin(), in.size()), params);
}

// "add: operands could not be broadcast together with shapes (2,) float64, (3,) int32": the call, for an error message.
std::string describe(const Call& call);

}  // namespace tnp
