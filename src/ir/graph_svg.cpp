// Draws a graph: operations in layers by their depth, data flowing downwards. One self-contained SVG, no scripts, no
// fonts.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace tnp {

namespace {

constexpr int kBoxHeight = 34, kRowGap = 34, kColumnGap = 18, kMargin = 16;
constexpr double kCharWidth = 6.4;

struct Box {
  std::string title, detail, kind, tooltip;
  int layer = 0;
  double x = 0, width = 0;
};

std::string escaped(const std::string& s) {
  std::string out;
  for (char c : s) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:  // XML has no control characters
        out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

std::string type_of(const GraphValue& v) { return std::string(name(v.dtype)) + v.shape.str(); }

class Drawing {
 public:
  explicit Drawing(const Graph& g) : source_(g.values.size(), -1) {
    for (std::size_t i = 0; i < g.inputs.size(); ++i) {
      const bool captured = static_cast<int>(i) >= g.num_args();
      add_box(captured ? "captured" : "argument " + std::to_string(i), type_of(g.values[g.inputs[i]]), "input", "", {});
      source_[g.inputs[i]] = static_cast<int>(boxes_.size()) - 1;
    }
    for (const GraphNode& n : g.nodes) {
      const std::string params = params_str(*n.params);
      add_box(n.op->name, n.outputs.empty() ? "" : type_of(g.values[n.outputs[0]]), n.op->family,
              params + (n.location.empty() ? "" : "\n" + n.location), n.inputs);
      for (int v : n.outputs) source_[v] = static_cast<int>(boxes_.size()) - 1;
    }
    for (std::size_t i = 0; i < g.outputs.size(); ++i) {
      add_box("result " + std::to_string(i), type_of(g.values[g.outputs[i]]), "output", "", {g.outputs[i]});
    }
    place();
  }

  std::string svg() const {
    std::string s = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " +
                    std::to_string(static_cast<int>(width_)) + " " + std::to_string(height_) + "\" width=\"" +
                    std::to_string(static_cast<int>(width_)) + "\" height=\"" + std::to_string(height_) +
                    "\" font-family=\"monospace\" font-size=\"10\">\n";
    for (const auto& [from, to] : edges_) s += edge(boxes_[from], boxes_[to]);
    for (const Box& b : boxes_) s += box(b);
    return s + "</svg>\n";
  }

 private:
  void add_box(std::string title, std::string detail, std::string kind, std::string tooltip,
               const std::vector<int>& inputs) {
    Box b{std::move(title), std::move(detail), std::move(kind), std::move(tooltip)};
    const int index = static_cast<int>(boxes_.size());
    for (int v : inputs) {
      if (source_[v] < 0) continue;
      b.layer = std::max(b.layer, boxes_[source_[v]].layer + 1);
      edges_.emplace_back(source_[v], index);
    }
    b.width = kCharWidth * static_cast<double>(std::max(b.title.size(), b.detail.size())) + 14;
    boxes_.push_back(std::move(b));
  }

  static double y_of(const Box& b) { return kMargin + b.layer * (kBoxHeight + kRowGap); }

  // Layer by layer, each box near the middle of what it reads.
  void place() {
    std::map<int, std::vector<int>> layers;
    for (std::size_t i = 0; i < boxes_.size(); ++i) layers[boxes_[i].layer].push_back(static_cast<int>(i));
    std::vector<double> wish(boxes_.size(), 0);
    std::vector<int> reads(boxes_.size(), 0);
    for (auto& [layer, members] : layers) {
      for (int i : members) {
        if (reads[i]) wish[i] /= reads[i];
      }
      std::sort(members.begin(), members.end(),
                [&](int a, int b) { return wish[a] != wish[b] ? wish[a] < wish[b] : a < b; });
      double x = kMargin;
      for (int i : members) {
        Box& b = boxes_[i];
        b.x = std::max(x, wish[i] - b.width / 2);
        x = b.x + b.width + kColumnGap;
      }
      width_ = std::max(width_, x);
      height_ = std::max(height_, static_cast<int>(y_of(boxes_[members[0]])) + kBoxHeight + kMargin);
      for (const auto& [from, to] : edges_) {
        if (boxes_[from].layer != layer) continue;
        wish[to] += boxes_[from].x + boxes_[from].width / 2;
        ++reads[to];
      }
    }
  }

  static std::string box(const Box& b) {
    static const std::map<std::string, const char*> colours = {
        {"input", "#dbeafe"},  {"output", "#dcfce7"},  {"elementwise", "#fef9c3"}, {"reduction", "#fde2e2"},
        {"matmul", "#ede9fe"}, {"control", "#ffedd5"}, {"host", "#ffe4e6"}};
    const auto it = colours.find(b.kind);
    const std::string x = std::to_string(b.x), y = std::to_string(y_of(b));
    std::string s = "<g><rect x=\"" + x + "\" y=\"" + y + "\" width=\"" + std::to_string(b.width) + "\" height=\"" +
                    std::to_string(kBoxHeight) + "\" rx=\"5\" fill=\"" +
                    (it == colours.end() ? "#f1f5f9" : it->second) + "\" stroke=\"#475569\"/>";
    const std::string middle = std::to_string(b.x + b.width / 2);
    s += "<text x=\"" + middle + "\" y=\"" + std::to_string(y_of(b) + 14) +
         "\" text-anchor=\"middle\" font-weight=\"bold\">" + escaped(b.title) + "</text>";
    s += "<text x=\"" + middle + "\" y=\"" + std::to_string(y_of(b) + 27) +
         "\" text-anchor=\"middle\" fill=\"#475569\">" + escaped(b.detail) + "</text>";
    if (!b.tooltip.empty()) s += "<title>" + escaped(b.tooltip) + "</title>";
    return s + "</g>\n";
  }

  static std::string edge(const Box& from, const Box& to) {
    const double x1 = from.x + from.width / 2, y1 = y_of(from) + kBoxHeight, x2 = to.x + to.width / 2, y2 = y_of(to);
    const double bend = (y2 - y1) / 2;
    const auto n = [](double v) { return std::to_string(static_cast<int>(v)); };
    return "<path d=\"M" + n(x1) + " " + n(y1) + " C" + n(x1) + " " + n(y1 + bend) + " " + n(x2) + " " + n(y2 - bend) +
           " " + n(x2) + " " + n(y2) + "\" fill=\"none\" stroke=\"#94a3b8\"/>\n";
  }

  std::vector<int> source_;  // value → box
  std::vector<Box> boxes_;
  std::vector<std::pair<int, int>> edges_;
  double width_ = 0;
  int height_ = 0;
};

}  // namespace

std::string Graph::svg() const { return Drawing(*this).svg(); }

}  // namespace tnp
