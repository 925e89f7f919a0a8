// Loops over arrays of any size, compiled: sizes that only a run knows, elements that are read and set in a loop.
#include <tnp/tnp.h>

#include <cstdlib>
#include <iostream>

using tnp::Array;
using tnp::Arrays;
using tnp::between;
using tnp::Length;

namespace {

void check(bool ok, const char* what) {
  if (ok) return;
  std::cerr << "failed: " << what << "\n";
  std::exit(1);
}

bool close(const Array& a, const Array& b) { return tnp::allclose(a, b).item<bool>(); }

// The largest of all elements so far.
Array running_maximum(const Array& x) {
  const Length n = x.shape()[0];
  const auto step = [&](const Array& i, const Arrays& c) {
    const Array largest = tnp::maximum(c[1], tnp::getitem(x, {i}));
    return Arrays{tnp::setitem(c[0], {i}, largest), largest};
  };
  return tnp::fori_loop(0, n, step, {tnp::zeros({n}), Array(-1e300)})[0];
}

// A tridiagonal system of equations, by Thomas's algorithm.
Array tridiagonal(const Array& below, const Array& diagonal, const Array& above, const Array& right) {
  const Length n = right.shape()[0];
  const auto at = [](const Array& x, const Array& i) { return tnp::getitem(x, {i}); };
  const auto forward = [&](const Array& i, const Arrays& c) {
    const Array m = at(diagonal, i) - at(below, i) * c[2];
    const Array upper = at(above, i) / m, value = (at(right, i) - at(below, i) * c[3]) / m;
    return Arrays{tnp::setitem(c[0], {i}, upper), tnp::setitem(c[1], {i}, value), upper, value};
  };
  const Arrays swept = tnp::fori_loop(0, n, forward, {tnp::zeros({n}), tnp::zeros({n}), Array(0.0), Array(0.0)});
  const auto backward = [&](const Array& k, const Arrays& c) {
    const Array i = (n - 1).array() - k, value = at(swept[1], i) - at(swept[0], i) * c[1];
    return Arrays{tnp::setitem(c[0], {i}, value), value};
  };
  return tnp::fori_loop(0, n, backward, {tnp::zeros({n}), Array(0.0)})[0];
}

// Means of neighbours, and the first half of the elements.
std::pair<Array, Array> parts(const Array& x) {
  const Length n = x.shape()[0];
  const Array left = tnp::getitem(x, {between(0, n - 1)}), right = tnp::getitem(x, {between(1, n)});
  return {(left + right) * 0.5, tnp::getitem(x, {between({}, n / 2)}) + tnp::zeros({n / 2})};
}

}  // namespace

int main() {
  auto largest = tnp::function(running_maximum);
  check(close(largest(Array({1.0, 3.0, 2.0, 5.0})), Array({1.0, 3.0, 3.0, 5.0})), "a running maximum");
  check(close(largest(Array({2.0, 1.0})), Array({2.0, 2.0})), "a running maximum of another size");
  check(largest.num_traces() == 1, "one trace for all sizes");
  check(close(running_maximum(Array({2.0, 1.0})), Array({2.0, 2.0})), "the same, uncompiled");

  auto solve = tnp::function(tridiagonal);
  for (const int n : {5, 300}) {
    const Array one = tnp::ones({n}), x = solve(one * -1.0, one * 4.0, one * -1.0, one);
    const Array below = tnp::getitem(x, {between(0, n - 2)}), above = tnp::getitem(x, {between(2, n)});
    check(close(tnp::getitem(x, {between(1, n - 1)}) * 4.0 - below - above, tnp::ones({n - 2})), "equations");
  }
  check(solve.num_traces() == 1, "one trace for all systems");

  auto halves = tnp::function(parts);
  const auto [means, first] = halves(Array({1.0, 3.0, 5.0, 9.0, 9.0}));
  check(close(means, Array({2.0, 4.0, 7.0, 9.0})) && close(first, Array({1.0, 3.0})), "slices by sizes");
  std::cout << largest.graph(first) << "ok\n";
}
