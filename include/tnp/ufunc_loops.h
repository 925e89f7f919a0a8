// NumPy's ufuncs as objects: the loops (types) that each computes in, which of them a call takes under `dtype`,
// `signature` and `casting`, and the functions of matrices and vectors, with their axes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tnp/array.h"
#include "tnp/error.h"

namespace tnp {

struct OpDef;

// The types of the inputs and outputs, one after the other.
using UfuncLoop = std::vector<DType>;

struct UfuncInfo {
  std::string name;
  int num_inputs, num_outputs;
  const char* doc;
  const OpDef* op = nullptr;                // null: composed of several operations
  const char* signature = nullptr;          // "(n),(n)->()" of a function of vectors or matrices; null: of elements
  std::vector<int> core_dims{};             // of each input and output, where it has a signature
  Arrays (*call)(const Arrays&) = nullptr;  // of composed ones
  std::vector<UfuncLoop> loops{};           // in the order in which NumPy tries them

  int num_arguments() const { return num_inputs + num_outputs; }
};

// NumPy's UFuncTypeError.
class UfuncTypeError : public TypeError {
 public:
  using TypeError::TypeError;
};
// An input that the loop's type does not take under the casting rule.
class UfuncCastError : public UfuncTypeError {
 public:
  UfuncCastError(const UfuncInfo& ufunc, Casting casting, DType from, DType to, int input);
  const std::string ufunc;
  const Casting casting;
  const DType from, to;
  const int input;
};

// Throws KeyError for no ufunc's name.
const UfuncInfo& ufunc_info(std::string_view name);
// Those that are no single operation: divmod, modf, frexp, ldexp, matmul, vecdot, matvec, vecmat.
std::span<const UfuncInfo> composed_ufuncs();

// An array, or a Python scalar that stays weak.
struct UfuncInput {
  Array array;
  std::optional<Scalar> weak;
};

struct UfuncOptions {
  Casting casting = Casting::same_kind;
  std::optional<DType> dtype;                   // of the outputs
  std::vector<std::optional<DType>> signature;  // of inputs and outputs; empty if not given
  bool given() const { return casting != Casting::same_kind || dtype || !signature.empty(); }
};

struct UfuncInputType {
  DType dtype;
  std::optional<WeakKind> weak;
};
// The loop of a call; throws TypeError where there is none, UfuncCastError where an input does not go into it.
UfuncLoop ufunc_loop(const UfuncInfo& ufunc, std::span<const UfuncInputType> in, const UfuncOptions& options);
// The same, called.
Arrays call_ufunc(const UfuncInfo& ufunc, std::span<const UfuncInput> in, const UfuncOptions& options);

// What NumPy's functions with a signature take besides: which axes the vectors and matrices lie along.
struct CoreAxes {
  struct Item {
    Axes axes;
    bool one = false;  // given as a number
  };
  std::optional<std::vector<Item>> axes;
  std::optional<std::int64_t> axis;
  bool keepdims = false;
  bool given() const { return axes || axis || keepdims; }
};
void check_axes_count(const UfuncInfo& ufunc, std::size_t given);  // throws ValueError
Array call_gufunc(const UfuncInfo& ufunc, const Array& x, const Array& y, const CoreAxes& core);

}  // namespace tnp
