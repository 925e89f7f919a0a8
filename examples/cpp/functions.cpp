// Compiled functions from C++: static arguments, signatures, decisions and loops inside, memory that is given up.
#include <tnp/tnp.h>

#include <cstdlib>
#include <iostream>

using tnp::Array;
using tnp::Arrays;
using tnp::DType;

namespace {

void check(bool ok, const char* what) {
  if (ok) return;
  std::cerr << "failed: " << what << "\n";
  std::exit(1);
}

bool close(const Array& a, const Array& b) { return tnp::allclose(a, b).item<bool>(); }

// Newton's method for square roots until nothing changes by more than `tolerance`: one loop of the program.
Array square_roots(const Array& x, double tolerance) {
  const auto goes_on = [&](const Arrays& c) { return tnp::max(tnp::absolute(c[0] - c[1])) > tolerance; };
  const auto step = [&](const Arrays& c) { return Arrays{(c[0] + x / c[0]) * 0.5, c[0]}; };
  return tnp::while_loop(goes_on, step, {x, x * 0.0})[0];
}

}  // namespace

int main() {
  // A number is part of what is compiled: each tolerance has a program of its own, all sizes have one.
  auto roots = tnp::function(square_roots);
  const Array x({1.0, 4.0, 9.0});
  check(close(roots(x, 1e-12), Array({1.0, 2.0, 3.0})), "square roots");
  check(close(roots(Array({16.0, 25.0}), 1e-12), Array({4.0, 5.0})), "square roots of another size");
  check(roots.num_traces() == 1, "one trace for all sizes");
  roots(x, 1e-3);
  check(roots.num_traces() == 2, "another tolerance is another program");

  // A signature: sizes with one name are one size. Other arguments are refused.
  tnp::FunctionOptions options;
  options.input_signature = {{DType::float64, {{"n", "m"}}}, {DType::float64, {{"m"}}}};
  auto product = tnp::function([](const Array& a, const Array& v) { return tnp::matmul(a, v); }, options);
  check(close(product(tnp::ones({2, 3}), tnp::ones({3})), Array({3.0, 3.0})), "a product");
  try {
    product(tnp::ones({2, 3}), tnp::ones({2}));
    check(false, "sizes that differ are refused");
  } catch (const tnp::TypeError& e) {
    std::cout << "as expected: " << e.what() << "\n";
  }

  // Several results; a decision that is taken when the program runs.
  auto halves = tnp::function([](const Array& v) {
    const Array sign = tnp::cond(
        tnp::sum(v) > 0.0, [](const Arrays&) { return Arrays{Array(1.0)}; },
        [](const Arrays&) { return Arrays{Array(-1.0)}; })[0];
    return std::pair(v * sign, tnp::sum(v) * sign);
  });
  const auto [turned, total] = halves(-x);
  check(close(turned, x) && close(total, Array(14.0)), "a decision");

  // What is moved into a call may give its memory to the result.
  auto next = tnp::function([](const Array& v) { return v * 0.5 + 1.0; });
  Array state = tnp::ones({1000}) * 4.0;
  for (int i = 0; i < 3; ++i) state = next(std::move(state));
  check(close(state, tnp::ones({1000}) * 2.25), "steps that reuse their memory");

  std::cout << roots.graph(x, 1e-3);
  return 0;
}
