#include "compiler/nest/components.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "compiler/nest/value_order.h"
#include "compiler/param_reader.h"
#include "ops/reduce/reduce_driver.h"

namespace tnp::compiler {

namespace {

OpDef internal(const char* name, const char* doc) {
  OpDef op{};
  op.name = name;
  op.doc = doc;
  op.family = "control";
  return op;
}

constexpr std::int64_t kFewestRows = 4;
constexpr std::int64_t kShortestRow = 6;  // of a matrix: most of a vector

struct PlaneParams final : ParamsOf<PlaneParams> {
  std::int64_t rank = 3;
  std::int64_t axis = 1;     // that is summed over, the matrices' first
  std::int64_t numbers = 0;  // inputs with the same ones hold the same, in whatever shape
  template <class V>
  void fields(V& v) {
    v("rank", rank);
    v("axis", axis);
    v("numbers", numbers);
  }
};

bool is_elementwise(const GraphNode& n) {
  return compiler::is_elementwise(n.op->fusion) && n.outputs.size() == 1 && n.op->effect == Effect::none;
}

// What a region of the graph consists of: arrays (i, j, component), matrices (i, j) made of them, and at the end sums
// of the former over j, or over i.
class ComponentSplitter {
 public:
  explicit ComponentSplitter(Graph& graph) : graph_(graph), orders_(value_orders(graph)) {}

  bool run() {
    find_makers();
    for (const GraphNode& n : graph_.nodes) {
      for (const int axis : {1, 0}) {
        axis_ = axis;
        if (!is_sum_of_squares(n) || !find_region(value(n.inputs[0]).shape)) continue;
        rewrite();
        return true;
      }
    }
    return false;
  }

 private:
  enum class Role : std::uint8_t { planar, matrix, squares, view, sum };

  const GraphValue& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }
  const GraphNode* maker(int v) const {
    const int n = maker_[static_cast<std::size_t>(v)];
    return n < 0 ? nullptr : &graph_.nodes[static_cast<std::size_t>(n)];
  }
  std::optional<Role> role_of(int v) const {
    const auto it = roles_.find(maker_[static_cast<std::size_t>(v)]);
    return it == roles_.end() ? std::nullopt : std::optional(it->second);
  }

  void find_makers() {
    maker_.assign(graph_.values.size(), -1);
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      for (int v : graph_.nodes[n].outputs) maker_[static_cast<std::size_t>(v)] = static_cast<int>(n);
    }
  }

  bool sums_over(const GraphNode& n, std::int64_t axis) const {
    if (reduce_op_of(*n.op) != ReduceOp::sum) return false;
    const ParamReader params(*n.params);
    const Axes& axes = params.axes.at("axes");
    const DType type = value(n.inputs[0]).dtype;
    const bool known = type == DType::float64 || type == DType::float32;
    return axes.size() == 1 && axes[0] == axis && known && value(n.outputs[0]).dtype == type;
  }

  // A sum of squares is never -0, as another sum could be if nothing were added to 0.
  bool is_sum_of_squares(const GraphNode& n) const {
    const Shape& shape = n.inputs.empty() ? Shape{} : value(n.inputs[0]).shape;
    if (shape.ndim() != 3 || shape[2] < 2 || shape[2] > kMostComponents || !sums_over(n, 2)) return false;
    const std::int64_t rows = shape[axis_], columns = shape[1 - axis_];
    if (columns < kShortestRow || rows < kFewestRows || rows > kMostPlaneRows) return false;
    const std::int64_t together = axis_ == 1 ? shape[2] : columns * shape[2];  // sums of one call
    if (!sums_columns_by_leaves(rows, together, value(n.inputs[0]).dtype)) return false;
    const GraphNode* squares = maker(n.inputs[0]);
    if (squares == nullptr) return false;
    const std::string_view name = squares->op->name;
    return name == "square" || (name == "multiply" && squares->inputs[0] == squares->inputs[1]);
  }

  bool is_matrix(const Shape& s) const {
    const bool same = s.ndim() >= 2 && s[0] == shape_[0] && s[1] == shape_[1];
    return same && (s.ndim() == 2 || (s.ndim() == 3 && s[2] == 1));
  }

  std::optional<Role> role(const GraphNode& n) const {
    if (n.outputs.size() != 1 || !is_numeric(value(n.outputs[0]).dtype) || is_complex(value(n.outputs[0]).dtype))
      return {};
    const Shape& out = value(n.outputs[0]).shape;
    const auto inside = [&](int v) { return role_of(v) && *role_of(v) != Role::sum; };
    const bool reads = std::any_of(n.inputs.begin(), n.inputs.end(), inside);
    if (is_elementwise(n) && out == shape_) return Role::planar;
    if (!reads) return {};
    if (is_elementwise(n) && is_matrix(out)) return Role::matrix;
    const std::optional<Role> first = role_of(n.inputs[0]);
    if (first == Role::planar) {
      if (is_sum_of_squares(n)) return Role::squares;
      if (sums_over(n, axis_)) return Role::sum;
      return {};
    }
    const std::string_view name = n.op->name;
    const bool view = (name == "reshape" || name == "broadcast_to") && (is_matrix(out) || out == shape_);
    if (view && n.inputs.size() == 1 && is_matrix(value(n.inputs[0]).shape)) return Role::view;
    return {};
  }

  // False if anything outside reads what lies inside, or something inside what follows from the region.
  bool find_region(const Shape& shape) {
    shape_ = shape;
    roles_.clear();
    after_.clear();
    bool sums = false;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const GraphNode& n = graph_.nodes[i];
      const std::optional<Role> r = role(n);
      const bool late = std::any_of(n.inputs.begin(), n.inputs.end(), [&](int v) { return after_.contains(v); });
      if (r && late) return false;
      if (r) {
        roles_[static_cast<int>(i)] = *r;
        if (!std::all_of(n.inputs.begin(), n.inputs.end(), [&](int v) { return role_of(v) || is_thin(v, *r); }))
          return false;
        sums |= *r == Role::sum;
        if (*r == Role::sum) after_.insert(n.outputs[0]);
        continue;
      }
      for (int v : n.inputs) {
        if (role_of(v) && role_of(v) != Role::sum) return false;
      }
      if (late) after_.insert(n.outputs.begin(), n.outputs.end());
    }
    return sums && std::none_of(graph_.outputs.begin(), graph_.outputs.end(),
                                [&](int v) { return role_of(v) && role_of(v) != Role::sum; });
  }

  // Of a few elements, so that making matrices of it takes no time, and certainly in row-major order, so that what is
  // made of it is, too: the order of a sum depends on it.
  bool is_thin(int v, Role reader) const {
    const GraphValue& x = value(v);
    if (!is_numeric(x.dtype) || is_complex(x.dtype) || (reader != Role::planar && reader != Role::matrix)) return false;
    const std::int64_t n = x.shape.num_elements();
    return n > 0 && n <= std::max(shape_[0], shape_[1]) * shape_[2] &&
           orders_[static_cast<std::size_t>(v)] == ValueOrder::row_major;
  }

  // --- the other form

  int add_value(DType dtype, Shape shape) {
    graph_.values.push_back({dtype, std::move(shape)});
    return static_cast<int>(graph_.values.size()) - 1;
  }

  // The value of which this one is a view with other axes of one element.
  int numbers_of(int v) const {
    const auto without_ones = [&](int of) {
      Shape s = value(of).shape;
      for (int d = s.ndim(); d-- > 0;) {
        if (s[d] == 1) s.erase(d);
      }
      return s;
    };
    for (const GraphNode* n = maker(v); n != nullptr; n = maker(v)) {
      const std::string_view name = n->op->name;
      if ((name != "reshape" && name != "broadcast_to") || without_ones(n->inputs[0]) != without_ones(v)) break;
      v = n->inputs[0];
    }
    return v;
  }

  // The matrices of what comes from outside.
  const std::vector<int>& planes_of(int v, int rank) {
    const auto known = planes_.find(v);
    if (known != planes_.end()) return known->second;
    auto& own = outside_[{v, rank}];
    if (!own.empty()) return own;
    const Shape& s = value(v).shape;
    Shape full{1, 1, 1};
    for (int d = 0; d < s.ndim(); ++d) full[rank - s.ndim() + d] = s[d];
    auto params = std::make_shared<PlaneParams>();
    params->rank = rank;
    params->axis = axis_;
    params->numbers = numbers_of(v);
    GraphNode node{&kPlanes, std::move(params), {v}, {}, ""};
    for (std::int64_t c = 0; c < full[2]; ++c)
      node.outputs.push_back(add_value(value(v).dtype, {full[axis_], full[1 - axis_]}));
    own = node.outputs;
    made_.push_back(std::move(node));
    return own;
  }

  Shape plane_shape() const { return {shape_[axis_], shape_[1 - axis_]}; }

  void rewrite_elementwise(const GraphNode& n) {
    const int rank = value(n.outputs[0]).shape.ndim();
    std::vector<std::vector<int>> in;
    std::size_t count = 1;
    for (int v : n.inputs) {
      in.push_back(planes_of(v, rank));
      count = std::max(count, in.back().size());
    }
    std::vector<int> out;
    for (std::size_t c = 0; c < count; ++c) {
      GraphNode plane{n.op, n.params, {}, {add_value(value(n.outputs[0]).dtype, plane_shape())}, n.location};
      for (const std::vector<int>& x : in) plane.inputs.push_back(x[std::min(c, x.size() - 1)]);
      out.push_back(plane.outputs[0]);
      made_.push_back(std::move(plane));
    }
    planes_[n.outputs[0]] = std::move(out);
  }

  // From the first component to the last, as the library adds so few.
  void rewrite_squares(const GraphNode& n) {
    const std::vector<int> x = planes_.at(n.inputs[0]);
    const auto term = [&](std::int64_t c) { return x[std::min(static_cast<std::size_t>(c), x.size() - 1)]; };
    int sum = term(0);
    for (std::int64_t c = 1; c < shape_[2]; ++c) {
      const int next = add_value(value(sum).dtype, plane_shape());
      made_.push_back({find_op("add"), kNoParams.clone(), {sum, term(c)}, {next}, n.location});
      sum = next;
    }
    planes_[n.outputs[0]] = {sum};
  }

  void rewrite() {
    std::vector<GraphNode> before, later;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const GraphNode n = graph_.nodes[i];
      const auto r = roles_.find(static_cast<int>(i));
      if (r == roles_.end()) {
        const bool late = std::any_of(n.outputs.begin(), n.outputs.end(), [&](int v) { return after_.contains(v); });
        (late ? later : before).push_back(n);
        continue;
      }
      switch (r->second) {
        case Role::planar:
        case Role::matrix:
          rewrite_elementwise(n);
          break;
        case Role::squares:
          rewrite_squares(n);
          break;
        case Role::view:
          planes_[n.outputs[0]] = planes_.at(n.inputs[0]);
          break;
        case Role::sum: {
          GraphNode sums{&kPlaneSums, kNoParams.clone(), {}, n.outputs, n.location};
          const std::vector<int>& x = planes_.at(n.inputs[0]);
          for (std::int64_t c = 0; c < shape_[2]; ++c)
            sums.inputs.push_back(x[std::min(static_cast<std::size_t>(c), x.size() - 1)]);
          made_.push_back(std::move(sums));
        }
      }
    }
    before.insert(before.end(), made_.begin(), made_.end());
    before.insert(before.end(), later.begin(), later.end());
    graph_.nodes = std::move(before);
  }

  Graph& graph_;
  const std::vector<ValueOrder> orders_;  // of the values at first
  Shape shape_;                           // (i, j, component)
  int axis_ = 1;                          // that is summed over
  std::vector<int> maker_;                // of each value
  std::map<int, Role> roles_;
  std::set<int> after_;  // values that follow from the region's sums
  std::map<int, std::vector<int>> planes_;
  std::map<std::pair<int, int>, std::vector<int>> outside_;  // value and rank → matrices
  std::vector<GraphNode> made_;
};

}  // namespace

const OpDef kPlanes = internal("planes", "The components of an array, each a matrix.");
const OpDef kPlaneSums = internal("plane_sums", "Sums down the columns of several matrices, side by side.");

void split_components(Graph& graph) {
  while (ComponentSplitter(graph).run()) {
  }
}

}  // namespace tnp::compiler
