// The batching rule of loop.
#include <numeric>

#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "transform/control/loop.h"
#include "transform/vmap.h"

namespace tnp {

namespace {

Array swap_first_axes(const Array& x) {
  Axes axes(x.ndim(), 0);
  std::iota(axes.begin(), axes.end(), 0);
  std::swap(axes[0], axes[1]);
  return transpose(x, axes);
}

// `mask` of shape (size,) with axes of size 1 behind, to choose between rows of `like`.
Array column(const Array& mask, const Array& like, Dim size) {
  Shape shape(like.ndim(), 1);
  shape[0] = size;
  return reshape(mask, shape);
}

class BatchedLoop {
 public:
  explicit BatchedLoop(BatchCall& b)
      : b_(b),
        p_(loop_params(b.call)),
        carries_(static_cast<std::size_t>(p_.num_carries)),
        scanned_(static_cast<std::size_t>(p_.num_scanned)),
        batched_(b.batched.begin(), b.batched.end()),
        collected_(p_.num_collected(), false) {}

  void run() {
    find_batched();
    for (std::size_t i = 0; i < b_.call.in.size(); ++i) {
      const Array& x = b_.call.in[i];
      if (i < carries_) {
        const Batched one{{x}, {b_.batched[i]}};
        loop_.carries.push_back(batched_[i] ? batch_of(one, 0, b_.size) : x);
      } else if (i < carries_ + scanned_) {
        loop_.scanned.push_back(batched_[i] ? swap_first_axes(x) : x);
      }
    }
    loop_.reverse = p_.reverse;
    if (choice_batched_) {
      run_while_any();
    } else {
      run_together();
    }
  }

 private:
  // The shape of carry i in every iteration.
  Shape iteration_shape(std::size_t i, bool batched) const {
    Shape shape = b_.call.in[i].shape();
    if (b_.batched[i]) shape.erase(0);
    shape = carry_shape(p_, i, shape);
    if (batched) shape.insert(0, b_.size);
    return shape;
  }

  Arrays shared() const {
    return Arrays(b_.call.in.begin() + static_cast<std::ptrdiff_t>(carries_ + scanned_), b_.call.in.end());
  }

  // What an iteration is given.
  ArraySpecs specs() const {
    ArraySpecs s;
    for (std::size_t i = 0; i < carries_; ++i) s.push(loop_.carries[i].dtype(), iteration_shape(i, batched_[i]));
    for (const Array& x : loop_.scanned) {
      Shape row = x.shape();
      row.erase(0);
      s.push(x.dtype(), row);
    }
    return s;
  }

  Batched apply_body(const Arrays& args) const {
    Arrays in(args.begin(), args.begin() + static_cast<std::ptrdiff_t>(carries_ + scanned_));
    const Arrays rest = shared();
    in.insert(in.end(), rest.begin(), rest.end());
    return apply_batched(*p_.body, in, batched_, b_.size);
  }

  Batched apply_condition(const Arrays& carries) const {
    Arrays in(carries.begin(), carries.begin() + static_cast<std::ptrdiff_t>(carries_));
    std::vector<bool> batched(batched_.begin(), batched_.begin() + static_cast<std::ptrdiff_t>(carries_));
    const Arrays rest = shared();
    in.insert(in.end(), rest.begin(), rest.end());
    batched.insert(batched.end(), batched_.begin() + static_cast<std::ptrdiff_t>(carries_ + scanned_), batched_.end());
    return apply_batched(*p_.condition, in, batched, b_.size);
  }

  // Which carries and results are batched: those that come to depend on a batched input in some iteration.
  void find_batched() {
    for (bool changed = true; changed;) {
      changed = false;
      ArraySpecs s;
      for (std::size_t i = 0; i < carries_ + scanned_; ++i) {
        const Array& x = b_.call.in[i];
        Shape shape = x.shape();
        if (i >= carries_) {
          shape.erase(batched_[i] ? 1 : 0);
        } else {
          shape = iteration_shape(i, batched_[i]);
        }
        s.push(x.dtype(), shape);
      }
      trace_subgraph(s, [&](const Arrays& args) {
        const Batched out = apply_body(args);
        for (std::size_t k = 0; k < out.batched.size(); ++k) {
          if (k >= carries_) {
            collected_[k - carries_] = out.batched[k];
          } else if (out.batched[k] && !batched_[k]) {
            batched_[k] = changed = true;
          }
        }
        if (p_.condition && apply_condition(args).batched[0]) choice_batched_ = true;
        if (choice_batched_) {
          for (std::size_t k = 0; k < carries_; ++k) {
            if (!batched_[k]) batched_[k] = changed = true;
          }
        }
        return Arrays{};
      });
    }
  }

  // All examples take the same number of iterations.
  void run_together() {
    loop_.body = trace_subgraph(specs(), [&](const Arrays& args) {
      Batched out = apply_body(args);
      for (std::size_t k = 0; k < out.values.size(); ++k) {
        if (k < carries_ ? batched_[k] : collected_[k - carries_]) out.values[k] = batch_of(out, k, b_.size);
      }
      return out.values;
    });
    loop_.has_condition = p_.condition != nullptr;
    if (loop_.has_condition) {
      ArraySpecs s = specs();
      s.dtypes.resize(carries_);
      s.shapes.resize(carries_);
      loop_.condition = trace_subgraph(s, [&](const Arrays& args) { return apply_condition(args).values; });
    }
    b_.result = apply_loop(loop_);
    b_.result_batched.assign(batched_.begin(), batched_.begin() + static_cast<std::ptrdiff_t>(carries_));
    for (std::size_t k = 0; k < collected_.size(); ++k) {
      b_.result_batched.push_back(collected_[k]);
      if (collected_[k]) b_.result[carries_ + k] = swap_first_axes(b_.result[carries_ + k]);
    }
  }

  // Goes on while any example does; those that are through keep what they have. The last carry says which go on.
  void run_while_any() {
    if (!collected_.empty())
      throw CannotBatch("a loop whose number of iterations differs between examples keeps something of each iteration");
    Batched first = apply_condition(loop_.carries);
    loop_.carries.push_back(batch_of(first, 0, b_.size));
    ArraySpecs s;
    for (std::size_t i = 0; i < carries_; ++i) s.push(loop_.carries[i].dtype(), iteration_shape(i, true));
    s.push(loop_.carries.back());
    loop_.has_condition = true;
    loop_.condition = trace_subgraph(s, [&](const Arrays& args) {
      const std::int64_t axes[] = {0};
      return Arrays{reduce_any(args.back(), axes, false)};
    });
    loop_.body = trace_subgraph(s, [&](const Arrays& args) {
      const Array& active = args.back();
      Batched out = apply_body(args);
      for (std::size_t k = 0; k < carries_; ++k) {
        // Sizes must stay: otherwise this raises, rather than broadcast one to the other.
        const Array value = reshape(batch_of(out, k, b_.size), args[k].shape());
        out.values[k] = where(column(active, value, b_.size), value, args[k]);
      }
      const Batched go_on = apply_condition(out.values);
      out.values.push_back(logical_and(active, batch_of(go_on, 0, b_.size)));
      return out.values;
    });
    b_.result = apply_loop(loop_);
    b_.result.pop_back();
    b_.result_batched.assign(carries_, true);
  }

  BatchCall& b_;
  const LoopParams& p_;
  std::size_t carries_, scanned_;
  std::vector<bool> batched_;
  std::vector<bool> collected_;
  bool choice_batched_ = false;
  LoopParts loop_;
};

}  // namespace

void loop_batch(BatchCall& b) { BatchedLoop(b).run(); }

}  // namespace tnp
