// A loop nest: what is between a graph and native code. Statements over variables, in blocks, some of them loops.
//
// A variable is one element, held in a register, a small array, held in some, or a pointer to elements in memory. What
// differs from run to run (the lengths of rows, the distance from row to row) is a parameter, so that one nest serves
// all sizes; those of small arrays are in the code. The statements that compute are fused groups, or fold in the
// library's order: whatever runs them gives the same bits.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/fused_group.h"
#include "compiler/nest/pair_symmetry.h"

namespace tnp::compiler {

inline constexpr int kNone = -1;
// Of a stride: elements lie next to each other.
inline constexpr int kUnit = -2;
// The next below: they lie 2, 3 or 4 elements apart.
inline constexpr int kMostApart = 4;
inline constexpr int stride_apart(int elements) { return -1 - elements; }
inline constexpr int elements_apart(int stride) { return -1 - stride; }
static_assert(stride_apart(1) == kUnit);
// How far ahead loops fetch, into the second-level cache: the processor's own prefetchers end at each page, and begin
// anew.
inline constexpr int kAheadBytes = 8192;

struct NestVariable {
  DType dtype;
  bool pointer;
  int elements = 1;  // more: a small array, in row-major order
  bool operator==(const NestVariable&) const = default;
};

// How an operand of a loop over short rows lies in memory: one element for all, row by row without gaps, an element for
// each row, or one row for all.
enum class ShortRows : std::uint8_t { one, packed, of_row, repeated };

// What a fold does to two elements. `dot` adds products, and rounds once where there is a fused multiply-add; `argmax`
// and `argmin` give the number of the first extreme element, or NaN.
enum class Fold : std::uint8_t { none, sum, prod, min, max, dot, argmax, argmin };
// The order in which the library folds (ops/reduce/fold.h): a row of elements, or rows of them, side by side. A dot
// goes from the first to the last.
enum class FoldOrder : std::uint8_t { row, columns };

struct NestStatement {
  enum class Kind : std::uint8_t {
    compute,  // variables `to` = the group of `from`: once, or, for pointers, over loops of `extents`; where the number
              // `step` is set, the innermost one has so many turns, which `fold` may fold;
              // in the order of columns it folds the loop before that, whose turns are in `positions`, too, or
              // without a number the first of two loops
    fold,     // each element of to[0] = n elements of from[0] (of a dot: times those of from[1]), folded; n is how many
              // positions there are for an element
    join,     // to[0] = elements of the `from`, whose positions are counted on from one to the next
    load,     // element or small array to[0] = what pointer from[0] points to; with positions, its elements from there
    store,    // what pointer to[0] points to = element or small array from[0]; with positions, its elements to there
    locate,   // pointer to[0] = where small array from[0] lies, and parameter `step` bytes
    assign,   // to[i] = from[i] for all i at once
    advance,  // pointer to[0] = pointer from[0] + parameter `step` bytes
    address,  // pointer to[0] = pointer from[0] + element from[1] * parameter `step`, or kUnit; a negative index counts
              // from parameter `extent`, and one outside of that ends the nest: an error names axis `callee`
    call,     // `to` = the nest's callee number `callee` of `from`, all by pointers to their memory
    loop,  // `body` while `head` leaves true in element from[0], as often as parameter `extent` says, or both; element
           // to[0], if there is one, = how often. A turn takes about parameter `step` cycles, inner loops aside
    branch,  // `body` where element from[0] is the number `step`, else `otherwise`
    refuse,  // the nest ends, as element from[0] is none of `step` branches
  };
  Kind kind;
  std::vector<int> to{}, from{};  // variables
  int extent = kNone;             // a parameter
  int step = kNone;               // a parameter
  int callee = kNone;
  std::vector<int> extents{};               // parameters, from the outermost loop to the innermost
  std::vector<std::vector<int>> strides{};  // of `from`, then `to`: a parameter (bytes) for each loop, kNone, or, of
                                            // the innermost one, elements apart
  // Of small arrays in `from`: the positions that are read, for each element of the result (a fold: for each of its n).
  // None: as they are. Of loops of which the innermost is short: one number each, a ShortRows.
  std::vector<std::vector<int>> positions{};
  // Of loops: operands (`from`, then `to`) of which the innermost loop fetches what lies kAheadBytes further on. Their
  // innermost stride is kUnit.
  std::vector<int> ahead{};
  // Of a sum of all rows, of pairs of points: which numbers of its point each of `from` shows, or kNone. Then a pair
  // gives what the same pair the other way round gives, negated (nest/pair_symmetry.h).
  std::vector<int> points{};
  // Loops that are done so many times, over one box after the other, if not 0. The parameters of the next box lie
  // `record` further on; `offsets` are parameters: bytes from each operand to where it begins in a box (kNone: an
  // element); `bases` has other pointers than the operand for each box, where they differ.
  int boxes = 0, record = 0;
  std::vector<int> offsets{};
  std::vector<std::vector<int>> bases{};
  Fold fold = Fold::none;
  FoldOrder order = FoldOrder::row;
  FusedGroup group{};
  std::vector<NestStatement> head{}, body{}, otherwise{};

  bool operator==(const NestStatement&) const = default;
};

// What each of `from` shows of a pair, given `points`.
std::vector<PairOperand> pair_operands(const NestStatement& s);

// A procedure: it is given pointers, and gives back their values at the end.
struct Nest {
  std::vector<int> arguments;  // variables
  int num_parameters = 0;
  std::vector<NestVariable> variables;
  std::vector<NestStatement> statements;

  int variable(DType dtype, bool pointer, int elements = 1) {
    variables.push_back({dtype, pointer, elements});
    return static_cast<int>(variables.size()) - 1;
  }
  bool operator==(const Nest&) const = default;
  std::size_t hash() const;
  int cycles() const;  // of one pass, with single elements for rows; roughly
  std::string str() const;
};

// Checks every invariant of the form; returns what is wrong, or nothing.
std::string verify(const Nest& nest);

enum class NestStatus : std::int64_t {
  done = 0,
  refused = 1,      // an index was out of range, …; memory that the nest was given is in no particular state
  interrupted = 2,  // `poll` asked for it
};

// Asked now and then by a loop; not 0 stops it.
using NestPoll = std::int64_t (*)(void* context);

// Runs a callee on memory: inputs, then outputs. Not 0 ends the nest as refused. Callee kWrongIndex is told why the
// nest ends: memory[0] points to three int64, an index, the size that it does not fit, and the axis, or kNone of a
// branch.
inline constexpr std::int64_t kWrongIndex = -1;
using NestCall = std::int64_t (*)(void* context, std::int64_t callee, void* const* memory);

// `interval`: cycles between polls, roughly.
using NestFunction = std::int64_t (*)(void** arguments, const std::int64_t* parameters, std::int64_t interval,
                                      NestPoll poll, NestCall call, void* context);

}  // namespace tnp::compiler
