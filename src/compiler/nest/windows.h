// Slices of a size that is known, but for being cut off at an array's ends, from a place that data tells: x[i:i + 3].
// Native code takes them for as long as nothing is cut off, and leaves the rest to the general way.
#pragma once

#include <map>
#include <vector>

#include "base/dim.h"
#include "ir/graph.h"
#include "ir/opdef.h"
#include "ir/params.h"

namespace tnp::compiler {

// A slice of an array, or an update of one: inputs are the array, the update if there is one, and for each of `axes`
// how far the slice begins behind the first element, and how far before it, which is to be 0. `start` is 0 there.
extern const OpDef kWindow, kPlaceWindow;

struct WindowParams final : ParamsOf<WindowParams> {
  Shape start, count;
  Axes step, axes;
  template <class V>
  void fields(V& v) {
    v("start", start);
    v("count", count);
    v("step", step);
    v("axes", axes);
  }
};

// What of a traced graph's slices are windows.
class Windows {
 public:
  struct Window {
    int axis, after, before;  // values: how far behind the first element, and before it
    Dim size;
  };

  explicit Windows(const Graph& graph);

  bool any() const { return !windows_.empty(); }
  // Of node n; mostly none.
  const std::vector<Window>* of(std::size_t n) const {
    const auto it = windows_.find(n);
    return it == windows_.end() ? nullptr : &it->second;
  }
  // The size that an expression of sizes is where nothing is cut off; null if it is no window's.
  const Dim* size_of(Dim count) const {
    const auto it = sizes_.find(count);
    return it == sizes_.end() ? nullptr : &it->second;
  }
  // Whether node n gives the place where a window begins as a size.
  bool is_place(std::size_t n) const { return places_.contains(n); }

 private:
  void find(const Graph& graph, std::size_t n);
  int number_of(const Graph& graph, Dim leaf);

  std::map<std::size_t, std::vector<Window>> windows_;
  std::map<Dim, Dim> sizes_;
  std::map<std::size_t, int> places_;  // and the number that is made a size
};

}  // namespace tnp::compiler
