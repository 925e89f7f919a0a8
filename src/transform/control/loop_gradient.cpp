// The gradient of loop: a loop over the saved carries from the last iteration to the first, whose body runs the forward
// body once more and its gradient. Made of ordinary operations, it can be differentiated again.
#include <algorithm>

#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "transform/control/loop.h"
#include "transform/tape.h"

namespace tnp {

namespace {

// The same loop with its carries at the start of each iteration as further collected arrays.
LoopParams with_saved(const LoopParams& p) {
  LoopParams saving = p;
  auto body = std::make_shared<Graph>(*p.body);
  for (std::int64_t k = 0; k < p.num_carries; ++k) body->outputs.push_back(body->inputs[static_cast<std::size_t>(k)]);
  saving.body = body;
  saving.saved = p.num_carries;
  return saving;
}

// Builds the backward loop of one call.
//   carries  the cotangents of the inexact carries, the sums of the cotangents of the needed shared inputs
//   scanned  the saved carries, the scanned arrays, the cotangents of the collected arrays that have one
//   result   the carries after the last iteration, and as collected arrays the cotangents of the needed scanned ones
class BackwardLoop {
 public:
  BackwardLoop(const VjpCall& v, std::span<const Array> saved, std::span<const Array> outputs,
               std::span<const Array> cotangents)
      : v_(v),
        p_(loop_params(v.call)),
        carries_(static_cast<std::size_t>(p_.num_carries)),
        scanned_(static_cast<std::size_t>(p_.num_scanned)) {
    const auto in = v.call.in;
    for (std::size_t k = 0; k < carries_; ++k) {
      if (is_inexact(in[k].dtype())) inexact_carries_.push_back(k);
    }
    for (std::size_t i = carries_ + scanned_; i < in.size(); ++i) {
      // An array that is given twice has one cotangent.
      const auto before = in.subspan(carries_ + scanned_, i - carries_ - scanned_);
      const bool repeated =
          std::any_of(before.begin(), before.end(), [&](const Array& x) { return x.node() == in[i].node(); });
      if (v.needed[i] && !repeated) needed_shared_.push_back(i);
    }
    for (std::size_t i = carries_; i < carries_ + scanned_; ++i) {
      if (v.needed[i]) needed_scanned_.push_back(i);
    }
    for (std::size_t k = carries_; k < outputs.size(); ++k) {
      if (cotangents[k] && is_inexact(outputs[k].dtype())) collected_.push_back(k);
    }
    fill_inputs(saved, outputs, cotangents);
  }

  void run() {
    loop_.body = trace_subgraph(specs(), [this](const Arrays& args) { return body(args); });
    remove_unused(*loop_.body.graph);
    loop_.reverse = !p_.reverse;
    const Arrays out = apply_loop(loop_);
    std::size_t next = 0;
    for (std::size_t k : inexact_carries_) {
      if (v_.needed[k]) v_.result[k] = out[next];
      ++next;
    }
    for (std::size_t i : needed_shared_) v_.result[i] = out[next++];
    for (std::size_t i : needed_scanned_) v_.result[i] = out[next++];
  }

 private:
  void fill_inputs(std::span<const Array> saved, std::span<const Array> outputs, std::span<const Array> cotangents) {
    const auto in = v_.call.in;
    for (std::size_t k : inexact_carries_) {
      loop_.carries.push_back(cotangents[k] ? cotangents[k] : zeros(outputs[k].shape(), outputs[k].dtype()));
    }
    for (std::size_t i : needed_shared_) loop_.carries.push_back(zeros(in[i].shape(), in[i].dtype()));
    loop_.scanned.assign(saved.begin(), saved.end());
    loop_.scanned.insert(loop_.scanned.end(), in.begin() + static_cast<std::ptrdiff_t>(carries_),
                         in.begin() + static_cast<std::ptrdiff_t>(carries_ + scanned_));
    for (std::size_t k : collected_) loop_.scanned.push_back(cotangents[k]);
  }

  ArraySpecs specs() const {
    ArraySpecs s;
    for (std::size_t i = 0; i < loop_.carries.size(); ++i) {
      Shape shape = loop_.carries[i].shape();
      if (i < inexact_carries_.size()) shape = carry_shape(p_, inexact_carries_[i], shape);
      s.push(loop_.carries[i].dtype(), shape);
    }
    for (const Array& x : loop_.scanned) {
      Shape row = x.shape();
      row.erase(0);
      s.push(x.dtype(), row);
    }
    return s;
  }

  Arrays body(const Arrays& args) const {
    auto next = args.begin();
    const auto take = [&](std::size_t n) {
      Arrays part(next, next + static_cast<std::ptrdiff_t>(n));
      next += static_cast<std::ptrdiff_t>(n);
      return part;
    };
    Arrays cts = take(inexact_carries_.size());
    const Arrays sums = take(needed_shared_.size());
    Arrays in = take(carries_ + scanned_);  // what the forward body was given in this iteration
    in.insert(in.end(), v_.call.in.begin() + static_cast<std::ptrdiff_t>(carries_ + scanned_), v_.call.in.end());
    const Arrays collected_cts = take(collected_.size());
    cts.insert(cts.end(), collected_cts.begin(), collected_cts.end());

    Tape tape(false, false);
    Arrays sources, targets;
    const auto watch = [&](std::size_t i) {
      tape.watch(in[i]);
      sources.push_back(in[i]);
    };
    for (std::size_t k : inexact_carries_) watch(k);
    for (std::size_t i : needed_shared_) watch(i);
    for (std::size_t i : needed_scanned_) watch(i);
    tape.start();
    const Arrays out = replay(*p_.body, in);
    tape.stop();
    for (std::size_t k : inexact_carries_) targets.push_back(out[k]);
    for (std::size_t k : collected_) targets.push_back(out[k]);
    Arrays gradients = tape.gradient(targets, sources, cts);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (!gradients[i]) gradients[i] = zeros(sources[i].shape(), sources[i].dtype());
      const std::size_t shared = i - inexact_carries_.size();
      if (i >= inexact_carries_.size() && shared < sums.size()) gradients[i] = add(sums[shared], gradients[i]);
    }
    return gradients;
  }

  const VjpCall& v_;
  const LoopParams& p_;
  std::size_t carries_, scanned_;
  std::vector<std::size_t> inexact_carries_, needed_shared_, needed_scanned_;  // among the inputs
  std::vector<std::size_t> collected_;                                         // among the outputs
  LoopParts loop_;
};

}  // namespace

void loop_vjp(VjpCall& v) {
  const LoopParams& p = loop_params(v.call);
  Arrays outputs(v.outputs.begin(), v.outputs.end());
  if (p.saved == 0 && p.num_carries > 0) outputs = apply_loop(v.call.in, with_saved(p));
  const std::span<const Array> saved = std::span<const Array>(outputs).last(static_cast<std::size_t>(p.num_carries));
  BackwardLoop(v, saved, v.outputs, v.cotangents).run();
}

Arrays loop_apply_watched(const Call& call) {
  const LoopParams& p = loop_params(call);
  if (p.saved > 0 || p.num_carries == 0) return {};
  Arrays out = apply_loop(call.in, with_saved(p));
  out.resize(out.size() - static_cast<std::size_t>(p.num_carries));
  return out;
}

}  // namespace tnp
