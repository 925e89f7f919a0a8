// Vectorising: a function of one example, traced and then applied to a batch of them, operation by operation.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "tnp/control.h"

namespace tnp {

// Arrays of which some carry the batch as axis 0.
struct Batched {
  Arrays values;
  std::vector<bool> batched;
};

// values[i] with the batch as axis 0, repeated where it has none.
Array batch_of(const Batched& b, std::size_t i, std::int64_t size);

// An operation in the graph has no rule for batches.
class CannotBatch : public std::exception {
 public:
  explicit CannotBatch(std::string reason) : reason_(std::move(reason)) {}
  const char* what() const noexcept override { return reason_.c_str(); }

 private:
  std::string reason_;
};

// Runs a graph on inputs of which some are batches of `size`, in whatever context this thread is. Throws CannotBatch.
Batched apply_batched(const Graph& graph, std::span<const Array> inputs, const std::vector<bool>& batched,
                      std::int64_t size);

struct VmapOptions {
  bool fallback = true;                          // run the examples one by one where there is no other way
  std::function<void(const std::string&)> warn;  // told why, if that happens
  const char* name = "vectorized_map";           // for messages
};
// f of each example, stacked: `inputs` that are batched carry the examples along axis 0. Results that depend on no
// batched input are not batched.
Batched vectorized_map(const ArraysFunction& f, const Batched& inputs, const VmapOptions& options = {});

}  // namespace tnp
