// The fields of a call's parameters by name, for those who know the operation by its name alone.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ir/some_params.h"

namespace tnp::compiler {

class ParamReader final : public SomeParams {
 public:
  explicit ParamReader(const Params& params) { params.clone()->visit(*this); }

  std::map<std::string, std::int64_t> numbers;  // truth values among them
  std::map<std::string, DType> dtypes;
  std::map<std::string, Shape> shapes;
  std::map<std::string, Axes> axes;
  std::vector<std::pair<std::string, GraphRef>> graphs;  // in their order; those that are there

  std::int64_t number(const char* name) const { return numbers.at(name); }

  using SomeParams::operator();
  void operator()(const char* name, bool& value) override { numbers[name] = value; }
  void operator()(const char* name, std::int64_t& value) override { numbers[name] = value; }
  void operator()(const char* name, DType& value) override { dtypes[name] = value; }
  void operator()(const char* name, Shape& value) override { shapes[name] = value; }
  void operator()(const char* name, Axes& value) override { axes[name] = value; }
  void operator()(const char* name, GraphRef& value) override {
    if (value) graphs.emplace_back(name, value);
  }
};

// Of `slice` and `place_slice`.
struct SliceParams {
  Shape start, count;
  Axes step;
  explicit SliceParams(const Params& params) {
    const ParamReader p(params);
    start = p.shapes.at("start");
    count = p.shapes.at("count");
    step = p.axes.at("step");
  }
  bool is_box() const {
    return std::all_of(step.begin(), step.end(), [](std::int64_t s) { return s == 1; });
  }
};

// Whether a call with these parameters calls functions of the host language, in graphs that it holds, too.
class HostFinder final : public SomeParams {
 public:
  static bool calls_host(const Params& params) {
    HostFinder finder;
    params.clone()->visit(finder);
    return finder.found_;
  }

  using SomeParams::operator();
  void operator()(const char*, HostRef& value) override { found_ = found_ || value != nullptr; }
  void operator()(const char*, GraphRef& value) override {
    if (!value) return;
    for (const GraphNode& node : value->nodes) found_ = found_ || calls_host(*node.params);
  }

 private:
  bool found_ = false;
};

// The parameters with each graph replaced.
class GraphReplacer final : public SomeParams {
 public:
  using Replace = std::function<GraphRef(const std::string& name, const GraphRef& graph)>;
  explicit GraphReplacer(Replace replace) : replace_(std::move(replace)) {}

  static ParamsRef apply(const Params& params, Replace replace) {
    std::shared_ptr<Params> copy = params.clone();
    GraphReplacer visitor(std::move(replace));
    copy->visit(visitor);
    return copy;
  }

  using SomeParams::operator();
  void operator()(const char* name, GraphRef& value) override {
    if (value) value = replace_(name, value);
  }

 private:
  Replace replace_;
};

}  // namespace tnp::compiler
