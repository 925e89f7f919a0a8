// The parameters of a primitive besides its input arrays: a plain struct per primitive, walked by visitors.
//
// A primitive's params derive from ParamsOf<Self> and list their fields once:
//
//   struct ReduceParams : ParamsOf<ReduceParams> {
//     Axes axes; bool keepdims;
//     template <class V> void fields(V& v) { v("axes", axes); v("keepdims", keepdims); }
//   };
//
// In an eager call they live on the stack; they are copied to the heap only when the call is recorded.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tnp/array.h"

namespace tnp {

struct Graph;        // ir/graph.h
class HostFunction;  // ir/host_function.h
using GraphRef = std::shared_ptr<const Graph>;
using HostRef = std::shared_ptr<HostFunction>;

class ParamVisitor {
 public:
  virtual ~ParamVisitor() = default;
  virtual void operator()(const char* name, bool& value) = 0;
  virtual void operator()(const char* name, std::int64_t& value) = 0;  // a count, an axis, …
  virtual void operator()(const char* name, double& value) = 0;
  virtual void operator()(const char* name, DType& value) = 0;
  virtual void operator()(const char* name, std::string& value) = 0;
  virtual void operator()(const char* name, Shape& value) = 0;  // sizes, which may be symbolic
  virtual void operator()(const char* name, Axes& value) = 0;   // numbers that are not sizes
  virtual void operator()(const char* name, std::vector<DType>& value) = 0;
  virtual void operator()(const char* name, std::vector<Shape>& value) = 0;
  virtual void operator()(const char* name, GraphRef& value) = 0;
  virtual void operator()(const char* name, HostRef& value) = 0;
};

struct Params {
  virtual ~Params() = default;
  virtual std::shared_ptr<Params> clone() const = 0;
  virtual void visit(ParamVisitor& visitor) = 0;
};
using ParamsRef = std::shared_ptr<const Params>;

template <class Self>
struct ParamsOf : Params {
  std::shared_ptr<Params> clone() const override { return std::make_shared<Self>(static_cast<const Self&>(*this)); }
  void visit(ParamVisitor& visitor) override { static_cast<Self*>(this)->fields(visitor); }
};

struct NoParams final : ParamsOf<NoParams> {
  template <class V>
  void fields(V&) {}
};
extern const NoParams kNoParams;

// "axes=(0, 1), keepdims=True"
std::string params_str(const Params& params);
bool params_equal(const Params& a, const Params& b);
std::size_t params_hash(const Params& params);
// Calls `visit` for each symbolic dimension in the params.
void for_each_symbolic_dim(const Params& params, const std::function<void(std::int64_t)>& visit);
// The params with each symbolic dimension replaced; the same object if there is none.
ParamsRef replace_dims(const ParamsRef& params, const std::function<std::int64_t(std::int64_t)>& value);

}  // namespace tnp
