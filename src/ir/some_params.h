// A visitor of parameters for those who look at fields of some types only: the others pass by.
#pragma once

#include "ir/params.h"

namespace tnp {

// Those who derive from it say `using SomeParams::operator();` beside the visits of their own.
class SomeParams : public ParamVisitor {
 public:
  void operator()(const char*, bool&) override {}
  void operator()(const char*, std::int64_t&) override {}
  void operator()(const char*, double&) override {}
  void operator()(const char*, DType&) override {}
  void operator()(const char*, std::string&) override {}
  void operator()(const char*, Shape&) override {}
  void operator()(const char*, Axes&) override {}
  void operator()(const char*, std::vector<DType>&) override {}
  void operator()(const char*, std::vector<Shape>&) override {}
  void operator()(const char*, GraphRef&) override {}
  void operator()(const char*, HostRef&) override {}
};

}  // namespace tnp
