#include "ir/params.h"

#include <functional>

#include "base/dim.h"
#include "ir/graph.h"
#include "ir/host_function.h"
#include "ir/param_dims.h"
#include "ir/some_params.h"

namespace tnp {

namespace {

template <class List>
std::string list_str(const List& list, const auto& each) {
  std::string s = "(";
  for (const auto& x : list) s += (s.size() > 1 ? ", " : "") + each(x);
  return s + ")";
}

class Printer final : public ParamVisitor {
 public:
  std::string text;
  void operator()(const char* n, bool& v) override { add(n, v ? "True" : "False"); }
  void operator()(const char* n, std::int64_t& v) override { add(n, std::to_string(v)); }
  void operator()(const char* n, double& v) override {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.17g", v);
    add(n, buffer);
  }
  void operator()(const char* n, DType& v) override { add(n, std::string(name(v))); }
  void operator()(const char* n, std::string& v) override { add(n, "'" + v + "'"); }
  void operator()(const char* n, Shape& v) override { add(n, v.str()); }
  void operator()(const char* n, Axes& v) override {
    add(n, list_str(v, [](std::int64_t i) { return std::to_string(i); }));
  }
  void operator()(const char* n, std::vector<DType>& v) override {
    add(n, list_str(v, [](DType d) { return std::string(name(d)); }));
  }
  void operator()(const char* n, std::vector<Shape>& v) override {
    add(n, list_str(v, [](const Shape& s) { return s.str(); }));
  }
  void operator()(const char* n, GraphRef& v) override {
    add(n, v ? "{graph of " + std::to_string(v->nodes.size()) + " operations}" : "None");
  }
  void operator()(const char* n, HostRef& v) override { add(n, v ? v->name() : "None"); }

 private:
  void add(const char* n, const std::string& v) {
    if (!text.empty()) text += ", ";
    text += std::string(n) + "=" + v;
  }
};

// Identity of everything that the printed form does not tell apart.
class Identities final : public SomeParams {
 public:
  std::vector<const void*> pointers;
  using SomeParams::operator();
  void operator()(const char*, Shape& v) override {
    for (Dim d : v) pointers.push_back(reinterpret_cast<const void*>(d));
  }
  void operator()(const char* n, std::vector<Shape>& v) override {
    for (Shape& s : v) (*this)(n, s);
  }
  void operator()(const char*, GraphRef& v) override { pointers.push_back(v.get()); }
  void operator()(const char*, HostRef& v) override { pointers.push_back(v.get()); }
};

class Dims final : public SomeParams {
 public:
  explicit Dims(const std::function<void(Dim&)>& visit) : visit_(visit) {}
  using SomeParams::operator();
  void operator()(const char*, Shape& v) override {
    for (Dim& d : v) {
      if (is_symbolic(d)) visit_(d);
    }
  }
  void operator()(const char* n, std::vector<Shape>& v) override {
    for (Shape& s : v) (*this)(n, s);
  }

 private:
  const std::function<void(Dim&)>& visit_;
};

// Visitors take fields by reference so that one kind serves reading and replacing; the readers do not write.
Params& mutable_params(const Params& params) { return const_cast<Params&>(params); }

std::vector<const void*> identities(const Params& params) {
  Identities visitor;
  mutable_params(params).visit(visitor);
  return visitor.pointers;
}

}  // namespace

std::string params_str(const Params& params) {
  Printer printer;
  mutable_params(params).visit(printer);
  return printer.text;
}

bool params_equal(const Params& a, const Params& b) {
  return typeid(a) == typeid(b) && params_str(a) == params_str(b) && identities(a) == identities(b);
}

std::size_t params_hash(const Params& params) { return std::hash<std::string>()(params_str(params)); }

void for_each_symbolic_dim(const Params& params, const std::function<void(Dim)>& visit) {
  if (&params == &kNoParams) return;
  const std::function<void(Dim&)> read = [&](Dim& d) { visit(d); };
  Dims visitor(read);
  mutable_params(params).visit(visitor);
}

void visit_symbolic_dims(Params& params, const std::function<void(Dim&)>& visit) {
  Dims visitor(visit);
  params.visit(visitor);
}

ParamsRef replace_dims(const ParamsRef& params, const std::function<Dim(Dim)>& value) {
  bool any = false;
  for_each_symbolic_dim(*params, [&](Dim) { any = true; });
  if (!any) return params;
  auto copy = params->clone();
  const std::function<void(Dim&)> write = [&](Dim& d) { d = value(d); };
  Dims visitor(write);
  copy->visit(visitor);
  return copy;
}

}  // namespace tnp
