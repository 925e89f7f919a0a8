// tnp.random: seeds, bit generators, Generator, RandomState, and the global one whose methods are the module's
// functions.
#include "python/random.h"

#include <cstring>
#include <utility>

#include "base/default_dtype.h"
#include "base/dim.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

struct Registered {
  const char* name;
  unsigned places;
  std::string doc;
  PyMethodDef def;
};
// Not destroyed: descriptors point to the definitions.
std::vector<Registered*>& all_methods() {
  static auto* v = new std::vector<Registered*>;
  return *v;
}

// --- seeds

// The 32-bit words of an integer that is not negative, the lowest first; at least one.
void append_words(std::vector<std::uint32_t>& out, nb::handle integer) {
  nb::object i = nb::steal(PyNumber_Index(integer.ptr()));
  if (!i.is_valid()) throw nb::python_error();
  if (i < nb::int_(0)) throw ValueError("random: a seed must be a non-negative integer");
  do {
    out.push_back(static_cast<std::uint32_t>(nb::cast<std::uint64_t>(i & nb::int_(0xffffffffu))));
    i = i >> nb::int_(32);
  } while (i > nb::int_(0));
}

// Of an int, an array of ints or nested sequences of them.
void append_entropy(std::vector<std::uint32_t>& out, nb::handle o, int depth = 0) {
  if (PyIndex_Check(o.ptr()) && !PySequence_Check(o.ptr())) return append_words(out, o);
  if (nb::hasattr(o, "tolist") && depth == 0) {
    nb::object values = o.attr("tolist")();
    return append_entropy(out, values, 1);
  }
  if (PyIndex_Check(o.ptr())) return append_words(out, o);
  if (!PySequence_Check(o.ptr()) || PyUnicode_Check(o.ptr()) || PyBytes_Check(o.ptr()) || depth > 8) {
    throw TypeError("random: a seed must be an int or a sequence of ints, not '" +
                    std::string(Py_TYPE(o.ptr())->tp_name) + "'");
  }
  for (nb::handle each : o) append_entropy(out, each, depth + 1);
}

struct PySeedSequence {
  nb::object entropy;
  nb::tuple spawn_key;
  int pool_size;
  std::uint32_t children;
  SeedSequence sequence;
};

nb::object fresh_entropy() { return nb::module_::import_("secrets").attr("randbits")(128); }

SeedSequence sequence_of(nb::handle entropy, nb::handle spawn_key, int pool_size) {
  if (pool_size < 4) throw ValueError("SeedSequence: the size of the entropy pool should be at least 4");
  if (pool_size > 1 << 16) throw ValueError("SeedSequence: the entropy pool is too large");
  std::vector<std::uint32_t> words, key;
  append_entropy(words, entropy);
  for (nb::handle each : spawn_key) append_entropy(key, each);
  return SeedSequence(std::move(words), std::move(key), pool_size);
}

nb::object make_sequence(nb::object entropy, nb::tuple spawn_key = nb::tuple(), int pool_size = 4) {
  if (entropy.is_none()) entropy = fresh_entropy();
  SeedSequence s = sequence_of(entropy, spawn_key, pool_size);
  return nb::cast(PySeedSequence{entropy, spawn_key, pool_size, 0, std::move(s)});
}

nb::list spawn_sequences(PySeedSequence& s, std::int64_t n) {
  if (n < 0) throw ValueError("spawn: the number of children is negative");
  nb::list out;
  for (std::int64_t i = 0; i < n; ++i)
    out.append(make_sequence(s.entropy, nb::tuple(s.spawn_key + nb::make_tuple(s.children++)), s.pool_size));
  return out;
}

nb::object generate_state(PySeedSequence& s, std::int64_t n, nb::handle dtype) {
  const DType type = dtype.is_none() ? DType::uint32 : dtype_of(dtype);
  if (type != DType::uint32 && type != DType::uint64) throw ValueError("only support uint32 or uint64");
  if (n < 0 || n > (std::int64_t{1} << 32)) throw ValueError("generate_state: the number of words is out of range");
  const std::vector<std::uint32_t> words =
      s.sequence.generate(static_cast<std::size_t>(type == DType::uint64 ? 2 * n : n));
  return to_python(Array::copy_of(words.data(), type, {n}));
}

// --- bit generators

Generator seeded(nb::handle sequence) {
  if (nb::isinstance<PySeedSequence>(sequence)) return Generator(nb::cast<PySeedSequence&>(sequence).sequence);
  // Whatever has generate_state, as NumPy's own.
  nb::object words = sequence.attr("generate_state")(4);
  std::vector<std::uint32_t> entropy;
  append_entropy(entropy, words);
  return Generator(SeedSequence(std::move(entropy)));
}

bool is_sequence_object(nb::handle o) { return nb::isinstance<PySeedSequence>(o) || nb::hasattr(o, "generate_state"); }

PyBitGenerator bit_generator_of(nb::object seed) {
  nb::object sequence = is_sequence_object(seed) ? seed : make_sequence(seed);
  return {seeded(sequence), sequence};
}

nb::object int_of_halves(std::uint64_t high, std::uint64_t low) {
  return nb::borrow(nb::int_(high)) << nb::int_(64) | nb::int_(low);
}

std::string class_name(nb::handle o) { return nb::cast<std::string>(nb::handle(o.type()).attr("__name__")); }

nb::dict state_of(nb::handle self) {
  const Array state = nb::cast<PyBitGenerator&>(self).stream.read_state();
  nb::dict inner, out;
  if (state.is_symbolic()) throw TracerError("the state of a bit generator has no value while a function is traced");
  const std::vector<std::uint64_t> words = state.to_vector<std::uint64_t>();
  inner["counter"] = int_of_halves(words[1], words[2]);
  inner["key"] = nb::int_(words[0]);
  out["bit_generator"] = nb::str(class_name(self).c_str());
  out["state"] = inner;
  return out;
}

Array words_of_state(nb::handle counter, nb::handle key) {
  nb::object c = nb::steal(PyNumber_Index(counter.ptr()));
  nb::object k = nb::steal(PyNumber_Index(key.ptr()));
  if (!c.is_valid() || !k.is_valid()) throw nb::python_error();
  const nb::object mask = (nb::borrow(nb::int_(1)) << nb::int_(64)) - nb::int_(1);
  if (c < nb::int_(0) || k < nb::int_(0) || k > mask || (c >> nb::int_(64)) > mask)
    throw ValueError("random: a counter has 128 bits, a key 64");
  const std::uint64_t words[] = {nb::cast<std::uint64_t>(k), nb::cast<std::uint64_t>(c >> nb::int_(64)),
                                 nb::cast<std::uint64_t>(c & mask)};
  return Array::copy_of(words, DType::uint64, {3});
}

void set_state(nb::handle self, nb::handle value) {
  if (!PyDict_Check(value.ptr())) throw TypeError("state must be a dict");
  const nb::dict d = nb::borrow<nb::dict>(value);
  if (!d.contains("bit_generator") || !d.contains("state"))
    throw ValueError("state must have the items 'bit_generator' and 'state'");
  if (nb::cast<std::string>(nb::str(nb::handle(d["bit_generator"]))) != class_name(self))
    throw ValueError("state must be for a " + class_name(self) + " generator");
  const nb::object inner = d["state"];
  nb::cast<PyBitGenerator&>(self).stream.write_state(words_of_state(inner["counter"], inner["key"]));
}

nb::object raw_numbers(PyBitGenerator& b, nb::handle size, bool output) {
  const Array raw = random_bits(b.stream, size.is_none() ? Shape{} : shape_of(size));
  return output ? to_python(raw) : nb::none();
}

nb::object new_like(nb::handle self, nb::object seed) { return nb::handle(self.type())(seed); }

nb::list spawn_bit_generators(nb::handle self, std::int64_t n) {
  nb::list out;
  nb::object children = nb::cast<PyBitGenerator&>(self).seed_sequence.attr("spawn")(n);
  for (nb::handle child : children) out.append(new_like(self, nb::borrow(child)));
  return out;
}

nb::object jumped(nb::handle self, std::int64_t jumps) {
  nb::object other = new_like(self, nb::int_(0));
  const Array state = nb::cast<PyBitGenerator&>(self).stream.jumped(static_cast<std::uint64_t>(jumps)).read_state();
  nb::cast<PyBitGenerator&>(other).stream.write_state(state);
  return other;
}

void bind_bit_generators(nb::module_& m) {
  const auto none = nb::none();
  auto sequence = nb::class_<PySeedSequence>(m, "SeedSequence", "Entropy for any number of unrelated streams.");
  sequence.def(
      "__init__",
      [](PySeedSequence* self, nb::object entropy, nb::handle spawn_key, int pool_size, std::uint32_t children) {
        if (entropy.is_none()) entropy = fresh_entropy();
        nb::tuple key(nb::borrow(spawn_key));
        SeedSequence s = sequence_of(entropy, key, pool_size);
        new (self) PySeedSequence{entropy, key, pool_size, children, std::move(s)};
      },
      nb::arg("entropy").none() = none, nb::kw_only(), nb::arg("spawn_key") = nb::tuple(), nb::arg("pool_size") = 4,
      nb::arg("n_children_spawned") = 0);
  sequence.def_ro("entropy", &PySeedSequence::entropy).def_ro("spawn_key", &PySeedSequence::spawn_key);
  sequence.def_ro("pool_size", &PySeedSequence::pool_size).def_ro("n_children_spawned", &PySeedSequence::children);
  sequence.def_prop_ro("pool", [](PySeedSequence& s) {
    return to_python(Array::copy_of(s.sequence.pool().data(), DType::uint32, {s.pool_size}));
  });
  sequence.def("generate_state", &generate_state, nb::arg("n_words"), nb::arg("dtype").none() = none,
               "Words for a generator's state.");
  sequence.def("spawn", &spawn_sequences, nb::arg("n_children"), "Sequences unrelated to this one.");

  auto cls = nb::class_<PyBitGenerator>(
      m, "BitGenerator", "A source of random bits: Philox 4x32-10, a counter and a key, whatever the class is called.");
  cls.def(
      "__init__",
      [](PyBitGenerator* self, nb::object seed) { new (self) PyBitGenerator(bit_generator_of(std::move(seed))); },
      nb::arg("seed").none() = none);
  cls.def_prop_rw("state", &state_of, &set_state);
  cls.def_ro("seed_seq", &PyBitGenerator::seed_sequence);
  cls.def("random_raw", &raw_numbers, nb::arg("size").none() = none, nb::arg("output") = true,
          "Numbers of 64 random bits.");
  cls.def("jumped", &jumped, nb::arg("jumps") = 1, "A generator 2**96 blocks further in the stream, times `jumps`.");
  cls.def("spawn", &spawn_bit_generators, nb::arg("n_children"), "Generators unrelated to this one.");
  cls.def("__reduce__", [](nb::handle self) {
    return nb::make_tuple(nb::module_::import_("tnp.random").attr("_restore"),
                          nb::make_tuple(self.type(), state_of(self)));
  });
  auto philox = nb::class_<PyPhilox, PyBitGenerator>(m, "Philox", "Philox 4x32-10: a counter and a key.");
  philox.def(
      "__init__",
      [](PyPhilox* self, nb::object seed, nb::object counter, nb::object key) {
        if (!seed.is_none() && !key.is_none()) throw ValueError("seed and key cannot be both used");
        new (self) PyPhilox{bit_generator_of(std::move(seed))};
        if (key.is_none() && counter.is_none()) return;
        Array state = self->stream.read_state();
        const std::vector<std::uint64_t> words = state.to_vector<std::uint64_t>();
        if (counter.is_none()) counter = nb::int_(0);
        if (key.is_none()) key = nb::int_(words[0]);
        self->stream.write_state(words_of_state(counter, key));
      },
      nb::arg("seed").none() = none, nb::arg("counter").none() = none, nb::arg("key").none() = none);
}

// --- generators

nb::object philox(nb::object seed) { return nb::cast(PyPhilox{bit_generator_of(std::move(seed))}); }

// What a seed means: a bit generator is used itself, anything else seeds one.
nb::object bit_generator_for(nb::object seed) {
  if (nb::isinstance<PyBitGenerator>(seed)) return seed;
  return philox(std::move(seed));
}

PyStream stream_for(nb::object bit_generator, bool legacy) {
  Generator stream = nb::cast<PyBitGenerator&>(bit_generator).stream;
  return {std::move(stream), std::move(bit_generator), legacy};
}

nb::object default_rng(nb::object seed) {
  if (nb::isinstance<PyGenerator>(seed)) return seed;
  if (nb::isinstance<PyRandomState>(seed)) seed = nb::cast<PyRandomState&>(seed).bit_generator;
  return nb::cast(PyGenerator{stream_for(bit_generator_for(std::move(seed)), false)});
}

std::string repr(nb::handle self) {
  return class_name(self) + "(" + class_name(stream_of(Value(self.ptr())).bit_generator) + ")";
}

void reseed(PyRandomState& r, nb::object seed) {
  nb::object sequence = make_sequence(std::move(seed));
  r.stream.seed(nb::cast<PySeedSequence&>(sequence).sequence);
}

void set_legacy_state(PyRandomState& r, nb::handle state) {
  if (PyDict_Check(state.ptr())) return set_state(r.bit_generator, state);
  if (!PyTuple_Check(state.ptr()) && !PyList_Check(state.ptr()))
    throw TypeError("state must be a dict or a tuple of what get_state gives");
  nb::tuple t(nb::borrow(state));
  if (nb::len(t) < 2 || nb::cast<std::string>(nb::str(nb::handle(t[0]))) != class_name(r.bit_generator))
    throw ValueError("set_state can only be used with what get_state gave");
  const Array words = as_array(nb::handle(t[1]).ptr(), {DType::uint64, std::nullopt});
  if (words.shape() != Shape{3}) throw ValueError("set_state: the state must have 3 words");
  r.stream.write_state(words);
}

nb::object legacy_state(PyRandomState& r, bool legacy) {
  if (!legacy) return state_of(r.bit_generator);
  return nb::make_tuple(nb::str(class_name(r.bit_generator).c_str()), to_python(r.stream.read_state()), 0, 0, 0.0);
}

PyObject* bit_generator_of_stream(PyObject* self, void*) noexcept {
  try {
    return nb::object(stream_of(Value(self)).bit_generator).release().ptr();
  } catch (...) {
    set_error_from_current_exception();
    return nullptr;
  }
}

// Where the stream lies in an object of the class itself: to ask nanobind takes longer than all else that the attribute
// does. What __new__ alone has made is zero, so that its bit generator is null.
template <class C>
struct StreamPlace {
  static inline PyTypeObject* type = nullptr;
  static inline std::ptrdiff_t offset = 0;
  static inline newfunc allocate = nullptr;

  static void find(PyTypeObject* t) {
    const nb::object probe = nb::inst_alloc(nb::handle(reinterpret_cast<PyObject*>(t)));
    offset = reinterpret_cast<char*>(nb::inst_ptr<C>(probe)) - reinterpret_cast<char*>(probe.ptr());
    type = t;
    allocate = std::exchange(t->tp_new, &make);
  }
  static PyObject* make(PyTypeObject* t, PyObject* args, PyObject* kwargs) {
    PyObject* o = allocate(t, args, kwargs);
    if (o != nullptr) std::memset(static_cast<void*>(nb::inst_ptr<C>(nb::handle(o))), 0, sizeof(C));
    return o;
  }
  static PyObject* bit_generator(PyObject* self, void* closure) noexcept {
    if (Py_TYPE(self) != type) return bit_generator_of_stream(self, closure);
    PyObject* known = reinterpret_cast<C*>(reinterpret_cast<char*>(self) + offset)->bit_generator.ptr();
    return known != nullptr ? Py_NewRef(known) : bit_generator_of_stream(self, closure);
  }
};

template <class C>
nb::class_<C> bind_stream(nb::module_& m, const char* name, const char* doc, bool legacy) {
  auto cls = nb::class_<C>(m, name, doc);
  cls.attr("__module__") = "tnp.random";
  cls.def("__repr__", &repr);
  cls.def("__str__", &repr);
  cls.def("__reduce__", [](nb::handle self) {
    return nb::make_tuple(self.type(), nb::make_tuple(stream_of(Value(self.ptr())).bit_generator));
  });
  static PyGetSetDef bit_generator[] = {
      {"_bit_generator", &StreamPlace<C>::bit_generator, nullptr, "The state, and what made it.", nullptr},
      {"bit_generator", &StreamPlace<C>::bit_generator, nullptr, "The state, and what made it.", nullptr}};
  const auto type = reinterpret_cast<PyTypeObject*>(cls.ptr());
  StreamPlace<C>::find(type);
  for (PyGetSetDef& each : bit_generator) {
    if (legacy && &each != bit_generator) continue;
    cls.attr(each.name) = nb::steal(PyDescr_NewGetSet(type, &each));
  }
  return cls;
}

}  // namespace

// --- methods

RandomMethod::RandomMethod(const char* name, unsigned places, const char* signature, const char* doc,
                           FunctionDef::Entry entry) {
  // As the interpreter wants it: the signature, in which `self` is implied, and the text.
  const std::string inner(std::string_view(signature).substr(1, std::string_view(signature).size() - 2));
  const std::size_t comma = inner.find(',');
  const std::string rest = comma == std::string::npos ? "" : inner.substr(comma);
  auto* r = new Registered{name, places, std::string(name) + "($self, /" + rest + ")\n--\n\n" + doc, {}};
  r->def = {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(entry)), METH_FASTCALL | METH_KEYWORDS,
            r->doc.c_str()};
  all_methods().push_back(r);
}

PyStream& stream_of(const Value& self) {
  if (!nb::inst_ready(self.handle())) throw TypeError("this generator was made without __init__");
  return *nb::inst_ptr<PyStream>(self.handle());
}

void bind_random_methods(nb::module_& module, nb::handle generator, nb::handle random_state, nb::handle global) {
  nb::dict functions;
  for (Registered* r : all_methods()) {
    for (const auto& [place, type] : {std::pair(kGenerator, generator), std::pair(kLegacy, random_state)}) {
      if (!(r->places & place)) continue;
      nb::object d = nb::steal(PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &r->def));
      type.attr(r->name) = d;
    }
    if (r->places & kLegacy) functions[r->name] = global.attr(r->name);
  }
  for (const char* name : {"seed", "get_state", "set_state"}) functions[name] = global.attr(name);
  module.attr("functions") = functions;
}

void bind_random(nb::module_& m) {
  const auto none = nb::none();
  bind_bit_generators(m);
  auto generator = bind_stream<PyGenerator>(
      m, "Generator", "A stream of random numbers: the same on any number of threads, eager or compiled.", false);
  generator.def(
      "__init__",
      [](PyGenerator* self, nb::object bit_generator) {
        if (!nb::isinstance<PyBitGenerator>(bit_generator))
          throw TypeError("Generator: a bit generator of tnp.random is needed");
        new (self) PyGenerator{stream_for(std::move(bit_generator), false)};
      },
      nb::arg("bit_generator"));
  generator.def(
      "spawn",
      [](PyGenerator& g, std::int64_t n) {
        nb::list out;
        nb::object children = g.bit_generator.attr("spawn")(n);
        for (nb::handle child : children) out.append(nb::cast(PyGenerator{stream_for(nb::borrow(child), false)}));
        return out;
      },
      nb::arg("n_children"), "Generators unrelated to this one.");

  auto state = bind_stream<PyRandomState>(m, "RandomState", "NumPy's legacy generator, on tnp's stream.", true);
  state.def(
      "__init__",
      [](PyRandomState* self, nb::object seed) {
        new (self) PyRandomState{stream_for(bit_generator_for(std::move(seed)), true)};
      },
      nb::arg("seed").none() = none);
  state.def("seed", &reseed, nb::arg("seed").none() = none, "Begins the stream that belongs to the seed.");
  state.def("get_state", &legacy_state, nb::arg("legacy") = true, "What set_state takes to continue from here.");
  state.def("set_state", &set_legacy_state, nb::arg("state"), "Continues from a state that get_state gave.");
  m.def("default_rng", &default_rng, nb::arg("seed").none() = none,
        "A new generator; of the same seed, the same numbers.");

  nb::object bits = nb::cast(PyPhilox{{default_generator(), make_sequence(nb::none())}});
  nb::object global = nb::cast(PyRandomState{PyStream{default_generator(), bits, true}});
  m.attr("_rand") = global;
  bind_random_methods(m, generator, state, global);
}

}  // namespace tnp::python
