// What of quick calls is not passed by each of them, and those that give several arrays.
#include "python/quick_calls.h"

#include "ir/stack_arrays.h"

namespace tnp::python {

namespace {

constexpr std::size_t kMostResults = compiler::PreparedCall::kMostResults;

}  // namespace

// `quick` by value: what follows the run may forget it.
PyObject* QuickCalls::run_structure(const Quick quick, PyObject* const* given, detail::Node* const* in) {
  const std::size_t count = quick.call->num_results();
  StackArrays<kMostResults> made(count);
  Array* out = made.all();
  if (!quick.call->run(in, out)) return nullptr;
  tell_after_run();
  const auto object_of = [&](std::size_t i) {
    const int same = quick.call->argument_of(i);
    return same < 0 ? SpareObjects<Array>::wrap(std::move(out[i])) : Py_NewRef(given[same]);
  };
  if (quick.row != PyTree::Row::none) {
    nb::object row = nb::steal(PyTree::new_row(quick.row, count));
    for (std::size_t i = 0; i < count; ++i) PyTree::set_in_row(quick.row, row.ptr(), i, object_of(i));
    return row.release().ptr();
  }
  nb::object leaves[kMostResults];
  for (std::size_t i = 0; i < count; ++i) leaves[i] = nb::steal(object_of(i));
  return quick.traced->results.unflatten({leaves, count}).release().ptr();
}

void QuickCalls::forget(std::vector<std::shared_ptr<Traced>> gone) {
  count_ = 0;
  if (running_ > 0) forgotten_.insert(forgotten_.end(), gone.begin(), gone.end());
}

void QuickCalls::ask(Traced& t, std::span<const Array> in, bool large) {
  const compiler::PreparedCall* call = t.program->prepare(in, large);
  t.large = large || (t.large && call == nullptr);
  if (call == nullptr) return;
  for (std::size_t i = 0; i < count_; ++i) {
    if (quick_[i].call == call) return;
  }
  const bool leaf = t.results.is_leaf();
  quick_[count_ < kMost ? count_++ : t.short_calls % kMost] = {
      call,           &t, leaf, leaf ? call->argument_of(0) : -1, leaf && call->element() ? &call->element() : nullptr,
      t.results.row()};
}

}  // namespace tnp::python
