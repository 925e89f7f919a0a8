#include "compiler/nest/turn_lowering.h"

#include <algorithm>

namespace tnp::compiler {

using Kind = NestStatement::Kind;

TurnLowering::TurnLowering(const Graph& body, LoopNest& out, std::vector<Place> carries)
    : block(body, out), body_(body), out_(out), carries_(std::move(carries)) {
  for (std::size_t k = 0; k < carries_.size(); ++k) block.places[body.inputs[k]] = carries_[k];
  block.turn.num_carries = num_carries();
  rows_.assign(static_cast<std::size_t>(num_collected()), kNone);
}

const GraphValue& TurnLowering::row_of(int collected) const { return value(collected_value(collected)); }

bool TurnLowering::is_carried(int v) const {
  const auto end = body_.outputs.begin() + num_carries();
  return std::find(body_.outputs.begin(), end, v) != end;
}

bool TurnLowering::is_input(int v) const {
  return std::find(body_.inputs.begin(), body_.inputs.end(), v) != body_.inputs.end();
}

void TurnLowering::place_row(int s, int pointer, const Strides& strides) {
  const int v = body_.inputs[static_cast<std::size_t>(num_carries() + s)];
  Place row{pointer, value(v).shape, strides};
  if (row.shape.num_elements() == 1 || block.is_small(value(v))) {
    const Place own = block.temporary(value(v));
    block.copy(row, own);
    row = own;
    row.writable = false;
  }
  block.places[v] = row;
  ++block.turn.num_scanned;
}

void TurnLowering::collect(int j, int pointer, int step) {
  rows_[static_cast<std::size_t>(j)] = pointer;
  advance(pointer, pointer, step);
}

// Those that are inputs are kept before anything overwrites them.
void TurnLowering::collect_inputs() {
  for (int j = 0; j < num_collected(); ++j) {
    const int v = collected_value(j), row = rows_[static_cast<std::size_t>(j)];
    if (is_input(v)) {
      block.copy(block.places.at(v), BlockLowering::whole(row, value(v), true));
      if (!is_carried(v)) kept_.insert(v);
    } else if (value(v).shape.num_elements() != 1 && !block.is_small(value(v)) &&
               std::count(body_.outputs.begin(), body_.outputs.end(), v) == 1) {
      block.targets[v] = row;  // written where it belongs
    }
  }
  std::erase_if(block.outputs, [&](int v) { return kept_.contains(v); });
}

void TurnLowering::collect_results() {
  for (int j = 0; j < num_collected(); ++j) {
    const int v = collected_value(j), row = rows_[static_cast<std::size_t>(j)];
    const Place& from = block.places.at(v);
    if (!is_input(v) && from.variable != row) block.copy(from, BlockLowering::whole(row, value(v), true));
  }
}

bool TurnLowering::lower(NestStatement& loop) {
  collect_inputs();
  if (!block.lower() || !block.is_small_work(allowance)) return false;
  collect_results();
  block.statements.insert(block.statements.end(), advances_.begin(), advances_.end());
  if (!assign_carries()) return false;
  loop.body = std::move(block.statements);
  loop.step = block.parameter(block.cycles + 2);
  return true;
}

// The next values of the carries: elements are moved, and memory changes hands.
bool TurnLowering::assign_carries() {
  NestStatement assign{.kind = Kind::assign};
  std::vector<int> taken;  // pointers whose memory a carry takes over
  std::vector<std::pair<int, int>> moves;
  for (int k = 0; k < num_carries(); ++k) {
    const int v = body_.outputs[static_cast<std::size_t>(k)];
    Place from = block.places.at(v);
    const int own = carries_[static_cast<std::size_t>(k)].variable;
    if (!block.is_pointer(carries_[static_cast<std::size_t>(k)])) {
      if (from.variable == own && from.writable) continue;
      const bool whole = from.offset == 0 && out_.nest.variables[static_cast<std::size_t>(from.variable)] ==
                                                 out_.nest.variables[static_cast<std::size_t>(own)];
      if (!whole || !from.writable) {  // a part, or a view
        const Place copy = block.temporary(value(v));
        block.copy(from, copy);
        from = copy;
      }
      assign.to.push_back(own), assign.from.push_back(from.variable);
      continue;
    }
    if (!from.writable || std::find(taken.begin(), taken.end(), from.variable) != taken.end()) {
      const Place copy = block.temporary(value(v));
      block.copy(from, copy);
      from = copy;
    }
    taken.push_back(from.variable);
    moves.emplace_back(own, from.variable);
  }
  // Memory that no carry takes goes to the temporaries whose memory was taken.
  std::vector<int> left;
  for (const auto& [own, from] : moves) {
    if (std::find(taken.begin(), taken.end(), own) == taken.end()) left.push_back(own);
  }
  for (const auto& [own, from] : moves) {
    if (own != from) assign.to.push_back(own), assign.from.push_back(from);
    if (is_carry(from)) continue;
    const auto same_size = std::find_if(left.begin(), left.end(), [&](int v) { return bytes_of(v) == bytes_of(from); });
    if (same_size == left.end()) return false;
    if (out_.nest.variables[static_cast<std::size_t>(*same_size)].dtype !=
        out_.nest.variables[static_cast<std::size_t>(from)].dtype)
      return false;
    assign.to.push_back(from), assign.from.push_back(*same_size);
    left.erase(same_size);
  }
  if (!assign.to.empty()) block.statements.push_back(std::move(assign));
  return true;
}

bool TurnLowering::is_carry(int variable) const {
  return std::any_of(carries_.begin(), carries_.end(), [&](const Place& p) { return p.variable == variable; });
}

std::int64_t TurnLowering::bytes_of(int variable) const {
  const auto& arguments = out_.nest.arguments;
  const auto at = std::find(arguments.begin(), arguments.end(), variable) - arguments.begin();
  const LoopNest::Argument& a = out_.arguments[static_cast<std::size_t>(at)];
  return a.elements * itemsize(a.dtype);
}

}  // namespace tnp::compiler
