// The registry of operations, for the tests and pages that are generated from it.
#include "ir/opdef.h"
#include "ops/elementwise/family.h"
#include "python/python.h"
#include "python/silent_flags.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

// A primitive's parameters as a dict.
class AsDict final : public ParamVisitor {
 public:
  nb::dict out;
  void operator()(const char* n, bool& v) override { out[n] = v; }
  void operator()(const char* n, std::int64_t& v) override { out[n] = v; }
  void operator()(const char* n, double& v) override { out[n] = v; }
  void operator()(const char* n, DType& v) override { out[n] = dtype_object(v).attr("numpy_dtype"); }
  void operator()(const char* n, std::string& v) override { out[n] = v; }
  void operator()(const char* n, Shape& v) override { out[n] = shape_object(v); }
  void operator()(const char* n, Axes& v) override {
    nb::list items;
    for (std::int64_t a : v) items.append(a);
    out[n] = nb::tuple(items);
  }
  void operator()(const char* n, std::vector<DType>& v) override {
    nb::list items;
    for (DType d : v) items.append(dtype_object(d));
    out[n] = items;
  }
  void operator()(const char* n, std::vector<Shape>& v) override {
    nb::list items;
    for (const Shape& s : v) items.append(shape_object(s));
    out[n] = items;
  }
  void operator()(const char*, GraphRef&) override {}
  void operator()(const char*, HostRef&) override {}
};

const OpDef& named(const std::string& name) {
  const OpDef* op = find_op(name);
  if (op == nullptr) throw KeyError("no operation is called '" + name + "'");
  return *op;
}

nb::object text(const char* s) { return s ? nb::object(nb::str(s)) : nb::none(); }

nb::dict describe_op(const OpDef& op) {
  nb::dict d;
  d["name"] = op.name;
  d["doc"] = text(op.doc);
  d["family"] = text(op.family);
  d["aliases"] = text(op.aliases);
  d["num_inputs"] = op.num_inputs;
  d["oracle"] = text(op.oracle);
  d["differentiable"] = static_cast<bool>(op.vjp);
  d["no_vjp"] = text(op.vjp.reason());
  d["batchable"] = static_cast<bool>(op.batch);
  d["no_batch"] = text(op.batch.reason());
  d["no_samples"] = text(op.samples.reason());
  d["max_ulp"] = op.elementwise ? nb::object(nb::int_(4)) : nb::none();
  return d;
}

nb::list samples_of(const std::string& name) {
  const OpDef& op = named(name);
  nb::list out;
  if (!op.samples) return out;
  for (const Sample& s : op.samples.get()(op)) {
    nb::dict d;
    nb::list inputs;
    for (const OutputSpec& spec : s.inputs)
      inputs.append(nb::make_tuple(dtype_object(spec.dtype), shape_object(spec.shape)));
    d["inputs"] = inputs;
    AsDict params;
    s.params->clone()->visit(params);
    d["params"] = params.out;
    d["low"] = s.low;
    d["high"] = s.high;
    d["differentiable"] = s.differentiable;
    out.append(d);
  }
  return out;
}

nb::object apply_sample(const std::string& name, std::size_t index, nb::list inputs) {
  const OpDef& op = named(name);
  const std::vector<Sample> samples = op.samples.get()(op);
  if (index >= samples.size()) throw IndexError("operation '" + name + "' has no sample " + std::to_string(index));
  Arrays in;
  for (nb::handle x : inputs) in.push_back(as_array(x.ptr()));
  const SilentFlags silent;
  return to_python(apply_multi(op, in, *samples[index].params));
}

}  // namespace

void bind_registry(nb::module_& m) {
  m.def(
      "operations",
      [] {
        nb::list out;
        for (const OpDef* op : all_ops()) out.append(describe_op(*op));
        return out;
      },
      "Every primitive: name, documentation, family, and which slots are filled or why not.");
  m.def("samples", &samples_of, nb::arg("name"), "The inputs on which the operation's generated tests run it.");
  m.def("apply_sample", &apply_sample, nb::arg("name"), nb::arg("index"), nb::arg("inputs"),
        "Applies the operation with a sample's parameters.");
  m.def(
      "check_registry",
      [] {
        nb::list out;
        for (const std::string& s : check_registry()) out.append(s);
        return out;
      },
      "Every operation with an empty slot.");
}

}  // namespace tnp::python
