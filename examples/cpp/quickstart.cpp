// tnp from C++: arrays, operators, compiled functions and gradients, without Python.
#include <tnp/tnp.h>

#include <cstdlib>
#include <iostream>

using tnp::Array;

namespace {

void check(bool ok, const char* what) {
  if (ok) return;
  std::cerr << "failed: " << what << "\n";
  std::exit(1);
}

bool close(const Array& a, const Array& b) { return tnp::allclose(a, b).item<bool>(); }

// A line fitted to points by gradient descent on a Variable, the step compiled.
void fit_line() {
  const Array x = tnp::astype(tnp::iota(100, tnp::DType::int64), tnp::DType::float64) / 50.0 - 1.0;
  const Array y = x * 3.0 + 0.5;
  const tnp::VariableRef slope = tnp::make_variable(Array(0.0)), intercept = tnp::make_variable(Array(0.0));
  auto step = tnp::function([&](const Array& points, const Array& values) {
    tnp::GradientTape tape(true);
    const Array error = points * tnp::read(slope) + tnp::read(intercept) - values;
    const Array loss = tnp::mean(error * error);
    tape.stop();
    tnp::assign(slope, tnp::read(slope) - tape.gradient(loss, slope) * 0.5);
    tnp::assign(intercept, tnp::read(intercept) - tape.gradient(loss, intercept) * 0.5);
    return loss;
  });
  for (int i = 0; i < 200; ++i) step(x, y);
  std::cout << "fitted y = " << tnp::read(slope) << " x + " << tnp::read(intercept) << "\n";
  check(close(tnp::read(slope), Array(3.0)) && close(tnp::read(intercept), Array(0.5)), "the fitted line");
}

}  // namespace

int main() {
  const Array x({1.0, 2.0, 3.0}), y({10.0, 20.0, 30.0});
  std::cout << x + y * 2.0 << "\n";
  check(close(x + y * 2.0, Array({21.0, 42.0, 63.0})), "operators");

  auto f = tnp::function([](const Array& a, const Array& b) { return tnp::sin(a) * b + a; });
  check(close(f(x, y), tnp::sin(x) * y + x), "a compiled function");
  check(close(f(Array({0.0, 1.0}), Array({1.0, 1.0})), tnp::sin(Array({0.0, 1.0})) + Array({0.0, 1.0})),
        "another size");

  auto derivative = tnp::grad([](const Array& a) { return tnp::sum(tnp::sin(a)); });
  check(close(derivative(x), tnp::cos(x)), "a gradient");
  auto second = tnp::grad([&](const Array& a) { return tnp::sum(derivative(a)); });
  check(close(second(x), -tnp::sin(x)), "a second derivative");

  try {
    x + Array({1.0, 2.0});
    check(false, "an error for shapes that do not fit");
  } catch (const tnp::ValueError& e) {
    std::cout << "as expected: " << e.what() << "\n";
  }
  fit_line();
  std::cout << "ok\n";
}
