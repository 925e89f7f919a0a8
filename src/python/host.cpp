// tnp.numpy_function and tnp.py_function: Python functions as operations.
#include "ir/scalar.h"
#include "ir/trace.h"
#include "ops/host/host_call.h"
#include "python/gil.h"
#include "python/host_variables.h"
#include "python/interchange.h"
#include "python/numpy_memory.h"
#include "python/structured.h"
#include "python/variable.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "transform/host_gradient.h"

namespace tnp::python {

namespace {

constexpr Py_ssize_t kShareBytes = 4096;  // smaller results are copied, whoever holds them

// --- Tout

enum class Returns : std::uint8_t { one, list, nothing };

struct Promise {
  HostResults results;
  Returns returns = Returns::one;
};

void add_promise(nb::handle o, Promise& p) {
  static nb::object spec_class = nb::module_::import_("tnp._specs").attr("ArraySpec");
  if (!nb::isinstance(o, spec_class)) {
    p.results.dtypes.push_back(dtype_of(o));
    p.results.shapes.push_back(Shape::unknown_rank());
    return;
  }
  p.results.dtypes.push_back(dtype_of(o.attr("dtype")));
  nb::object sizes = o.attr("shape");
  if (sizes.is_none()) {
    p.results.shapes.push_back(Shape::unknown_rank());
    return;
  }
  Shape shape;
  for (nb::handle d : sizes) shape.push_back(PyLong_Check(d.ptr()) ? nb::cast<std::int64_t>(d) : kAnySize);
  p.results.shapes.push_back(shape);
}

Promise promise_of(nb::handle tout, const char* what) {
  Promise p;
  if (tout.is_none())
    throw TypeError(std::string(what) + ": Tout is missing: the dtype of the result, or a list of dtypes");
  if (!PyTuple_Check(tout.ptr()) && !PyList_Check(tout.ptr())) {
    add_promise(tout, p);
    return p;
  }
  for (nb::handle o : nb::borrow<nb::sequence>(tout)) add_promise(o, p);
  p.returns = p.results.dtypes.empty() ? Returns::nothing : Returns::list;
  return p;
}

// --- results

std::string type_of(nb::handle o) { return Py_TYPE(o.ptr())->tp_name; }

int kind_of(DType d) { return d == DType::bool_ ? 0 : is_integer(d) ? 1 : is_complex(d) ? 3 : 2; }

// Whether every value of `from` is one of `to`, and of the same kind.
bool widens(DType from, DType to) { return from == to || (kind_of(from) == kind_of(to) && promote(from, to) == to); }

[[noreturn]] void refuse(const std::string& function, std::size_t k, DType promised, const std::string& came) {
  throw TypeError(function + ": Tout promises " + std::string(name(promised)) + " for result " + std::to_string(k) +
                  ", but " + came + " came");
}

// Whether the memory of a NumPy array that the function returned is nobody else's.
bool is_only_holder(nb::handle o) {
  if (!is_numpy_array(o.ptr()) || Py_REFCNT(o.ptr()) != 1) return false;
  const NumpyArray* a = numpy_array(o.ptr());
  return a->base == nullptr && (a->flags & NumpyArray::kOwnsData) != 0 &&
         nb::cast<Py_ssize_t>(o.attr("nbytes")) >= kShareBytes;
}

bool only_python_numbers(nb::handle o) {
  Scalar s(false);
  if (scalar_of(o.ptr(), s)) return true;
  if (!PyList_Check(o.ptr()) && !PyTuple_Check(o.ptr())) return false;
  for (nb::handle item : nb::borrow<nb::sequence>(o)) {
    if (!only_python_numbers(item)) return false;
  }
  return true;
}

// A result as an array of the promised type. `o` is the only reference that the caller has.
Array convert_result(const std::string& function, std::size_t k, nb::object o, DType promised) {
  if (o.is_none()) refuse(function, k, promised, "None");
  if (is_variable(o.ptr())) o = to_python(variable_of(o.ptr())->read());
  Array x;
  const bool weak = only_python_numbers(o);
  try {
    AsArray options;
    if (!is_array(o.ptr()) && !weak) options.copy = !is_only_holder(o);
    x = as_array(o.ptr(), options);
  } catch (const Error& e) {
    refuse(function, k, promised, "an object of type '" + type_of(o) + "' (" + e.what() + ")");
  }
  if (x.dtype() == promised) return x;
  const std::string came = std::string(name(x.dtype())) + x.shape().str();
  if (weak) {
    // Python numbers have no width: any type of their kind or a wider one holds them.
    if (kind_of(x.dtype()) > kind_of(promised)) refuse(function, k, promised, came);
    if (kind_of(promised) == 1)
      return as_array(o.ptr(), {promised, std::nullopt});  // OverflowError where it does not fit
    return astype(x, promised);
  }
  if (!widens(x.dtype(), promised)) refuse(function, k, promised, came);
  return astype(x, promised);
}

// What the function returned, one object for each promised result. Takes the only reference to `result`.
std::vector<nb::object> split_results(const std::string& function, nb::object result, const Promise& p) {
  const std::size_t n = p.results.dtypes.size();
  const auto wrong_number = [&](const std::string& came) {
    throw TypeError(function + ": Tout promises " + std::to_string(n) + (n == 1 ? " result" : " results") + ", but " +
                    came + " came");
  };
  std::vector<nb::object> out;
  const bool sequence = PyTuple_Check(result.ptr()) || (p.returns != Returns::one && PyList_Check(result.ptr()));
  if (p.returns == Returns::nothing) {
    if (!result.is_none() && !(sequence && nb::len(result) == 0)) wrong_number("'" + type_of(result) + "'");
    return out;
  }
  if (sequence) {
    if (nb::len(result) != n) wrong_number(std::to_string(nb::len(result)));
    for (nb::handle o : nb::borrow<nb::sequence>(result)) out.push_back(nb::borrow(o));
    result.reset();
    return out;
  }
  if (result.is_none()) wrong_number("None");
  if (n != 1) wrong_number("one ('" + type_of(result) + "')");
  out.push_back(std::move(result));
  return out;
}

Arrays take_results(const std::string& function, nb::object result, const Promise& p) {
  std::vector<nb::object> objects = split_results(function, std::move(result), p);
  Arrays out;
  for (std::size_t k = 0; k < objects.size(); ++k) {
    out.push_back(convert_result(function, k, std::move(objects[k]), p.results.dtypes[k]));
    check_host_result(function, k, out.back(), p.results.dtypes[k], p.results.shapes[k]);
  }
  return out;
}

// --- calls

// Python's own limit on depth, as each call nests frames of C++ too.
struct RecursionGuard {
  RecursionGuard() {
    if (Py_EnterRecursiveCall(" in a host function")) throw nb::python_error();
  }
  ~RecursionGuard() { Py_LeaveRecursiveCall(); }
};

// A Python object that may be let go of by any thread.
std::shared_ptr<nb::object> shared_object(nb::object o) {
  return {new nb::object(std::move(o)), [](nb::object* p) {
            if (interpreter_is_ending() && !PyGILState_Check()) return (void)p->release();
            const GilHeld gil;
            delete p;
          }};
}

std::string function_name(nb::handle f, const char* what, nb::handle given) {
  std::string s = std::string(what) + " ";
  if (!given.is_none()) return s + nb::cast<std::string>(given);
  nb::object own = nb::getattr(f, "__qualname__", nb::none());
  return s + (own.is_none() ? type_of(f) : nb::cast<std::string>(nb::str(own)));
}

nb::object call_with(nb::handle f, const Arrays& arguments, bool numpy) {
  const RecursionGuard guard;
  nb::list args;
  for (const Array& x : arguments) {
    nb::object o = to_python(x);
    args.append(numpy ? array_to_numpy(o, nb::none(), nb::none()) : o);
  }
  return call_python(f, nb::tuple(args));
}

class NumpyHostFunction final : public HostFunction {
 public:
  NumpyHostFunction(nb::object f, std::string name, Promise promise)
      : f_(shared_object(std::move(f))), name_(std::move(name)), promise_(std::move(promise)) {}
  Arrays call(const Arrays& arguments) override {
    const GilHeld gil;
    return take_results(name_, call_with(*f_, arguments, true), promise_);
  }
  std::string name() const override { return name_; }
  std::shared_ptr<HostFunction> gradient(std::size_t) override {
    throw TypeError(
        name_ +
        ": there is no gradient through a NumPy function: use py_function with tnp's functions, custom_gradient, or "
        "stop_gradient on its arguments");
  }

 private:
  std::shared_ptr<nb::object> f_;
  std::string name_;
  Promise promise_;
};

Arrays inputs_of(nb::handle inp, const char* what) {
  if (inp.is_none()) return {};
  if (!PyTuple_Check(inp.ptr()) && !PyList_Check(inp.ptr())) {
    throw TypeError(std::string(what) + ": inp must be a list or tuple of arrays, got '" + type_of(inp) +
                    "': write [x] for one array");
  }
  Arrays out;
  for (nb::handle o : nb::borrow<nb::sequence>(inp)) out.push_back(leaf_array(o, what));
  return out;
}

nb::object results_object(const Arrays& results, const Promise& p) {
  switch (p.returns) {
    case Returns::nothing:
      return nb::none();
    case Returns::list:
      return to_python(results);
    default:
      return to_python(results[0]);
  }
}

void check_function(nb::handle f, const char* what) {
  if (!PyCallable_Check(f.ptr()))
    throw TypeError(std::string(what) + ": func must be callable, got '" + type_of(f) + "'");
}

nb::object numpy_function(nb::object f, nb::handle inp, nb::handle tout, bool stateful, nb::handle name) {
  check_function(f, "numpy_function");
  const Promise promise = promise_of(tout, "numpy_function");
  const std::string full_name = function_name(f, "numpy_function", name);
  const auto host = std::make_shared<NumpyHostFunction>(std::move(f), full_name, promise);
  return results_object(host_call(host, inputs_of(inp, "numpy_function"), promise.results, stateful), promise);
}

nb::object py_function(nb::object f, nb::handle inp, nb::handle tout, nb::handle name) {
  check_function(f, "py_function");
  const Promise promise = promise_of(tout, "py_function");
  const std::string full_name = function_name(f, "py_function", name);
  Arrays inputs = inputs_of(inp, "py_function");
  // Outside of traced functions the operations in it are seen by tapes themselves.
  if (current_trace == nullptr)
    return results_object(take_results(full_name, call_with(f, inputs, false), promise), promise);
  // Variables that the function reads are arguments too, so that gradients reach them.
  std::vector<VariableRef> variables = captured_variables(f);
  for (const VariableRef& v : variables) inputs.push_back(v->read());
  const auto call = [object = shared_object(std::move(f)), full_name, promise](const Arrays& arguments) {
    const GilHeld gil;
    return take_results(full_name, call_with(*object, arguments, false), promise);
  };
  const HostRef host = differentiable_host_function(call, full_name, std::move(variables));
  return results_object(host_call(host, inputs, promise.results, true), promise);
}

}  // namespace

void bind_host(nb::module_& m) {
  m.def("_numpy_function", &numpy_function, nb::arg("func"), nb::arg("inp").none(), nb::arg("Tout").none(),
        nb::arg("stateful"), nb::arg("name").none());
  m.def("py_function", &py_function, nb::arg("func"), nb::arg("inp").none(), nb::arg("Tout").none(),
        nb::arg("name").none() = nb::none(),
        "func(*inp), a Python function of tnp arrays, as one operation of a traced function; it may have gradients.\n\n"
        "Tout: the dtype (or ArraySpec) of the result, or a list of them; an empty list for a function run for its "
        "effect.");
}

}  // namespace tnp::python
