#include "transform/jacobian.h"

#include "base/dim.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/operators.h"
#include "tnp/primitives.h"
#include "transform/call.h"
#include "transform/control/subgraph.h"
#include "transform/vmap.h"

namespace tnp {

namespace {

// The rows of the unit matrix.
Array unit_rows(Dim n, DType dtype) {
  const Array i = iota(n, DType::int64);
  return astype(equal(reshape(i, {n, 1}), reshape(i, {1, n})), dtype);
}

Shape joined(const Shape& a, const Shape& b, int skip = 0) {
  Shape out = a;
  for (int d = skip; d < b.ndim(); ++d) out.push_back(b[d]);
  return out;
}

// The gradients for each row of `cotangents` (which has the rows along axis 0), stacked. `connected`: of which sources.
Arrays pull_rows(Tape& tape, const Array& target, const Arrays& sources, const Array& cotangents,
                 std::vector<bool>& connected, bool one_by_one) {
  const auto pull = [&](const Arrays& ct) {
    const Arrays gradients = tape.gradient({&target, 1}, sources, ct);
    Arrays found;
    connected.clear();
    for (const Array& g : gradients) {
      connected.push_back(static_cast<bool>(g));
      if (g) found.push_back(g);
    }
    return found;
  };
  const Dim n = cotangents.shape()[0];
  if (one_by_one) {
    ArraySpecs row;
    Shape shape = cotangents.shape();
    shape.erase(0);
    row.push(cotangents.dtype(), shape);
    const SubGraph g = trace_subgraph(row, pull);
    return map(
        [&](const Arrays& ct) {
          Arrays in = ct;
          in.insert(in.end(), g.captured.begin(), g.captured.end());
          return call_graph(g.graph, in);
        },
        {cotangents});
  }
  VmapOptions options;
  options.name = "jacobian";
  const Batched rows = vectorized_map(pull, {{cotangents}, {true}}, options);
  Arrays out;
  for (std::size_t i = 0; i < rows.values.size(); ++i) out.push_back(batch_of(rows, i, n));
  return out;
}

void check_target(const Array& target) {
  if (!is_inexact(target.dtype())) {
    throw TypeError("jacobian: the target must be of a floating or complex dtype, got " +
                    std::string(name(target.dtype())));
  }
}

}  // namespace

std::pair<Arrays, Arrays> jvp(const ArraysFunction& f, const Arrays& primals, const Arrays& tangents) {
  if (primals.size() != tangents.size()) throw ValueError("jvp: there must be a tangent for each primal");
  Tape pulling(false, false), pushing(false, false);
  Arrays inputs, directions;
  for (std::size_t i = 0; i < primals.size(); ++i) {
    const Shape &a = primals[i].shape(), &b = tangents[i].shape();
    if (primals[i].dtype() != tangents[i].dtype() || (a.is_static() && b.is_static() && a != b)) {
      throw TypeError("jvp: the tangent of a primal of " + std::string(name(primals[i].dtype())) + a.str() + " is " +
                      std::string(name(tangents[i].dtype())) + b.str() + "; they must agree");
    }
    inputs.push_back(alias(primals[i]));
    if (!pulling.watch(inputs.back())) {
      inputs.pop_back();
      throw TypeError("jvp: primals must be of a floating or complex dtype, got " +
                      std::string(name(primals[i].dtype())));
    }
    directions.push_back(tangents[i]);
  }
  pulling.start();
  const Arrays results = f(inputs);
  pulling.stop();
  // The pullback is linear in its cotangents u: its own pullback, at any u, is the derivative forwards.
  Arrays targets, cotangents;
  pushing.start();
  for (const Array& y : results) {
    if (!is_inexact(y.dtype())) continue;
    targets.push_back(y);
    cotangents.push_back(alias(zeros(y.shape(), y.dtype())));
    pushing.watch(cotangents.back());
  }
  const Arrays pulled = pulling.gradient(targets, inputs, cotangents);
  pushing.stop();
  Arrays from, along;
  for (std::size_t i = 0; i < pulled.size(); ++i) {
    if (!pulled[i]) continue;
    from.push_back(pulled[i]);
    along.push_back(directions[i]);
  }
  const Arrays pushed = pushing.gradient(from, cotangents, along);
  Arrays out;
  std::size_t next = 0;
  for (const Array& y : results) {
    const Array tangent = is_inexact(y.dtype()) ? pushed[next++] : Array();
    out.push_back(tangent ? tangent : zeros(y.shape(), y.dtype()));
  }
  return {results, out};
}

Arrays jacobian(Tape& tape, const Array& target, const Arrays& sources, bool one_by_one) {
  check_target(target);
  const Dim n = dim_product(target.shape());
  const Array rows = reshape(unit_rows(n, target.dtype()), joined({n}, target.shape()));
  std::vector<bool> connected;
  const Arrays stacked = pull_rows(tape, target, sources, rows, connected, one_by_one);
  Arrays out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    out.push_back(connected[i] ? reshape(stacked[next++], joined(target.shape(), sources[i].shape())) : Array());
  }
  return out;
}

Array batch_jacobian(Tape& tape, const Array& target, const Array& source, bool one_by_one) {
  check_target(target);
  const Shape &y = target.shape(), &x = source.shape();
  if (y.ndim() == 0 || x.ndim() == 0 || (!is_symbolic(y[0]) && !is_symbolic(x[0]) && y[0] != x[0])) {
    throw ValueError("batch_jacobian: target and source must have a first axis of one length, but have the shapes " +
                     y.str() + " and " + x.str());
  }
  Shape row = y;
  row.erase(0);
  const Dim n = dim_product(row);
  // The same element of each example at once.
  const Shape ones_at_batch = joined(joined({n}, {1}), row);
  const Array unit = reshape(unit_rows(n, target.dtype()), ones_at_batch);
  const Array rows = broadcast_to(unit, joined({n}, y));
  std::vector<bool> connected;
  const Arrays stacked = pull_rows(tape, target, {source}, rows, connected, one_by_one);
  if (!connected[0]) return {};
  Axes order{1, 0};
  for (int d = 1; d < x.ndim(); ++d) order.push_back(d + 1);
  return reshape(transpose(stacked[0], order), joined(y, x, 1));
}

}  // namespace tnp
