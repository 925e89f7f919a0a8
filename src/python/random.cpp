// tnp.random: NumPy's legacy functions on the global generator, and Generator.
#include "tnp/random.h"

#include "base/default_dtype.h"
#include "base/dim.h"
#include "python/python.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

std::uint64_t seed_of(nb::handle o) {
  if (!PyIndex_Check(o.ptr()))
    throw ValueError("random: a seed must be an integer, got '" + std::string(Py_TYPE(o.ptr())->tp_name) + "'");
  nb::object i = nb::steal(PyNumber_Index(o.ptr()));
  const auto value = PyLong_AsUnsignedLongLong(i.ptr());
  if (PyErr_Occurred()) {
    PyErr_Clear();
    throw ValueError("random: a seed must lie between 0 and 2**64 - 1");
  }
  return value;
}

Shape size_of(nb::handle size) { return size.is_none() ? Shape{} : shape_of(size); }

DType float_dtype(nb::handle dtype) { return dtype.is_none() ? default_float() : dtype_of(dtype); }

// The shape that parameters broadcast to, if no size is given.
Shape result_shape(nb::handle size, const Array& a, const Array& b) {
  Shape shape;
  if (!try_broadcast(a.shape(), b.shape(), shape)) {
    throw ValueError("random: parameters of shapes " + a.shape().str() + " and " + b.shape().str() +
                     " can not be broadcast together");
  }
  if (size.is_none()) return shape;
  const Shape wanted = shape_of(size);
  Shape both;
  if (!try_broadcast(shape, wanted, both) || (both.is_static() && wanted.is_static() && both != wanted)) {
    throw ValueError("random: parameters of shape " + shape.str() + " do not broadcast to the size " + wanted.str());
  }
  return wanted;
}

// scale · z + shift in the default float, of the parameters' shape or of `size`.
nb::object located(Generator& g, Array (*draw)(Generator&, const Shape&, DType), nb::handle shift, nb::handle scale,
                   nb::handle size) {
  const AsArray as_float{default_float(), std::nullopt};
  const Array a = as_array(shift.ptr(), as_float), b = as_array(scale.ptr(), as_float);
  const Array z = draw(g, result_shape(size, a, b), default_float());
  return to_python(add(multiply(z, b), a));
}

nb::object uniform(Generator& g, nb::handle low, nb::handle high, nb::handle size) {
  const AsArray as_float{default_float(), std::nullopt};
  const Array a = as_array(low.ptr(), as_float), width = subtract(as_array(high.ptr(), as_float), a);
  const Array u = random_uniform(g, result_shape(size, a, width), default_float());
  return to_python(add(multiply(u, width), a));
}

nb::object normal(Generator& g, nb::handle loc, nb::handle scale, nb::handle size) {
  const Array s = as_array(scale.ptr(), {default_float(), std::nullopt});
  if (!s.is_symbolic() && any(less(s, Scalar(0.0))).item<bool>()) throw ValueError("normal: scale < 0");
  return located(g, &random_normal, loc, scale, size);
}

// One end of a range of integers, of which the widest reach from -2^63 to 2^64 - 1.
struct Bound {
  bool negative;
  std::uint64_t bits;  // two's complement

  bool operator<(const Bound& other) const { return negative != other.negative ? negative : bits < other.bits; }
};

Bound bound_of(nb::handle o) {
  nb::object i = nb::steal(PyNumber_Index(o.ptr()));
  if (!i.is_valid()) throw nb::python_error();
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(i.ptr(), &overflow);
  if (overflow == 0) return {value < 0, static_cast<std::uint64_t>(value)};
  const unsigned long long large = overflow > 0 ? PyLong_AsUnsignedLongLong(i.ptr()) : 0;
  if (overflow < 0 || PyErr_Occurred()) {
    PyErr_Clear();
    throw ValueError("random integers: the bound " + nb::cast<std::string>(nb::str(i)) + " is out of range");
  }
  return {false, large};
}

// The smallest and the largest value of a type.
std::pair<Bound, Bound> range_of(DType type) {
  if (is_bool(type)) return {{false, 0}, {false, 1}};
  const int bits = static_cast<int>(itemsize(type)) * 8 - (is_signed_integer(type) ? 1 : 0);
  const std::uint64_t largest = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  return {{is_signed_integer(type), is_signed_integer(type) ? ~largest : 0}, {false, largest}};
}

nb::object integers(Generator& g, nb::handle low, nb::handle high, nb::handle size, nb::handle dtype, bool endpoint) {
  const DType type = dtype.is_none() ? DType::int64 : dtype_of(dtype);
  if (!is_integer(type) && !is_bool(type))
    throw TypeError("random integers: unsupported dtype " + std::string(name(type)));
  nb::object last = nb::steal(PyNumber_Index(high.is_none() ? low.ptr() : high.ptr()));
  if (!last.is_valid()) throw nb::python_error();
  if (!endpoint) last = last - nb::int_(1);
  const Bound from = high.is_none() ? Bound{false, 0} : bound_of(low), to = bound_of(last);
  if (to < from) throw ValueError(std::string("random integers: low ") + (endpoint ? ">" : ">=") + " high");
  const auto [smallest, largest] = range_of(type);
  if (from < smallest) throw ValueError("random integers: low is out of bounds for " + std::string(name(type)));
  if (largest < to) throw ValueError("random integers: high is out of bounds for " + std::string(name(type)));
  return to_python(random_integers_between(g, from.bits, to.bits, size_of(size), type));
}

}  // namespace

void bind_random(nb::module_& m) {
  auto cls = nb::class_<Generator>(m, "Generator",
                                   "A stream of random numbers: the same on any number of threads, eager or compiled.");
  cls.attr("__module__") = "tnp.random";
  const auto none = nb::none();
  cls.def(
      "random",
      [](Generator& g, nb::handle size, nb::handle dtype) {
        return to_python(random_uniform(g, size_of(size), float_dtype(dtype)));
      },
      nb::arg("size").none() = none, nb::arg("dtype").none() = none, "Uniform numbers in [0, 1).");
  cls.def("uniform", &uniform, nb::arg("low") = 0.0, nb::arg("high") = 1.0, nb::arg("size").none() = none,
          "Uniform numbers in [low, high).");
  cls.def(
      "standard_normal",
      [](Generator& g, nb::handle size, nb::handle dtype) {
        return to_python(random_normal(g, size_of(size), float_dtype(dtype)));
      },
      nb::arg("size").none() = none, nb::arg("dtype").none() = none, "Standard normal numbers.");
  cls.def("normal", &normal, nb::arg("loc") = 0.0, nb::arg("scale") = 1.0, nb::arg("size").none() = none,
          "Normal numbers of this mean and standard deviation.");
  cls.def("integers", &integers, nb::arg("low"), nb::arg("high").none() = none, nb::arg("size").none() = none,
          nb::arg("dtype").none() = none, nb::arg("endpoint") = false,
          "Integers from low to high, which is excluded unless endpoint; from 0 to low if high is None.");
  m.def(
      "default_rng",
      [](nb::handle seed) {
        return seed.is_none() ? Generator(static_cast<std::uint64_t>(
                                    nb::cast<std::uint64_t>(nb::module_::import_("secrets").attr("randbits")(64))))
                              : Generator(seed_of(seed));
      },
      nb::arg("seed").none() = none, "A new generator; of the same seed, the same numbers.");

  m.def(
      "seed", [](nb::handle seed) { default_generator().seed(seed_of(seed)); }, nb::arg("seed"),
      "Seeds the global generator.");
  m.def(
      "random",
      [](nb::handle size) { return to_python(random_uniform(default_generator(), size_of(size), default_float())); },
      nb::arg("size").none() = none, "Uniform numbers in [0, 1).");
  m.attr("random_sample") = m.attr("random");
  m.def(
      "rand",
      [](nb::args dims) { return to_python(random_uniform(default_generator(), shape_of(dims), default_float())); },
      "Uniform numbers in [0, 1) of shape (d0, d1, …).");
  m.def(
      "randn",
      [](nb::args dims) { return to_python(random_normal(default_generator(), shape_of(dims), default_float())); },
      "Standard normal numbers of shape (d0, d1, …).");
  m.def(
      "standard_normal",
      [](nb::handle size) { return to_python(random_normal(default_generator(), size_of(size), default_float())); },
      nb::arg("size").none() = none, "Standard normal numbers.");
  m.def(
      "uniform",
      [](nb::handle low, nb::handle high, nb::handle size) { return uniform(default_generator(), low, high, size); },
      nb::arg("low") = 0.0, nb::arg("high") = 1.0, nb::arg("size").none() = none, "Uniform numbers in [low, high).");
  m.def(
      "normal",
      [](nb::handle loc, nb::handle scale, nb::handle size) { return normal(default_generator(), loc, scale, size); },
      nb::arg("loc") = 0.0, nb::arg("scale") = 1.0, nb::arg("size").none() = none,
      "Normal numbers of this mean and standard deviation.");
  m.def(
      "randint",
      [](nb::handle low, nb::handle high, nb::handle size, nb::handle dtype) {
        return integers(default_generator(), low, high, size, dtype, false);
      },
      nb::arg("low"), nb::arg("high").none() = none, nb::arg("size").none() = none, nb::arg("dtype").none() = none,
      "Integers from low to high, which is excluded; from 0 to low if high is None.");
}

}  // namespace tnp::python
