// One turn of a loop: its body, the rows that it reads and collects, and the carries' next values.
#pragma once

#include <set>

#include "compiler/nest/block_lowering.h"

namespace tnp::compiler {

class TurnLowering {
 public:
  using Place = BlockLowering::Place;

  // `carries`: where they are when a turn begins and ends. A place may come to be in other memory in between, whose
  // variables then change places too.
  TurnLowering(const Graph& body, LoopNest& out, std::vector<Place> carries);

  BlockLowering block;
  int allowance = 1;  // how many times as much work as otherwise there may be for one thread

  int num_carries() const { return static_cast<int>(carries_.size()); }
  int num_collected() const { return static_cast<int>(body_.outputs.size()) - num_carries(); }
  const GraphValue& row_of(int collected) const;

  // The next row of a scanned array lies at `pointer`, and the one after it parameter `step` bytes on.
  void scan(int s, int pointer, const Strides& strides, int step) {
    place_row(s, pointer, strides);
    advance(pointer, pointer, step);
  }
  void place_row(int s, int pointer, const Strides& strides);
  // Pointer `to` is to be that many bytes after another when the turn ends.
  void advance(int to, int from, int step) {
    advances_.push_back({.kind = NestStatement::Kind::advance, .to = {to}, .from = {from}, .step = step});
  }
  // The next row of a collected array is to be written to `pointer`.
  void collect(int j, int pointer, int step);
  // Sets the loop's body. False if it has no form, or takes so long that it is better run otherwise.
  bool lower(NestStatement& loop);

 private:
  bool is_carried(int v) const;
  bool is_input(int v) const;
  const GraphValue& value(int v) const { return body_.values[static_cast<std::size_t>(v)]; }
  int collected_value(int j) const {
    return body_.outputs[static_cast<std::size_t>(num_carries()) + static_cast<std::size_t>(j)];
  }
  void collect_inputs();
  void collect_results();
  bool assign_carries();
  bool is_carry(int variable) const;
  std::int64_t bytes_of(int variable) const;

  const Graph& body_;
  LoopNest& out_;
  std::vector<Place> carries_;
  std::vector<int> rows_;  // pointers to where the next collected rows belong
  std::set<int> kept_;     // inputs that are collected at the start of a turn
  std::vector<NestStatement> advances_;
};

}  // namespace tnp::compiler
