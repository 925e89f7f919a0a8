// Diagonals and triangles, choices, updated copies by masks, flat indices.
#include <deque>

#include "python/arguments.h"
#include "python/autograph.h"
#include "tnp/choices.h"
#include "tnp/diagonals.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

nb::object tuple_of(const Arrays& xs) { return nb::tuple(to_python(xs)); }

TakeMode mode_named(const std::string& m) {
  if (m == "raise") return TakeMode::raise;
  if (m == "wrap") return TakeMode::wrap;
  if (m == "clip") return TakeMode::clip;
  throw ValueError("clipmode must be one of 'clip', 'raise', or 'wrap' (got '" + m + "')");
}

// --- diagonals and triangles

TNP_FUNCTION(diag, kFunction, "(v, k=0)", "A matrix with v on its k-th diagonal, or the k-th diagonal of a matrix.") {
  const auto [v, k] = take<2>(args);
  return to_python(diag(v.array(), k.integer(0)));
}
TNP_FUNCTION(diagflat, kFunction, "(v, k=0)", "A matrix with all elements of v on its k-th diagonal.") {
  const auto [v, k] = take<2>(args);
  return to_python(diagflat(v.array(), k.integer(0)));
}
TNP_FUNCTION(fill_diagonal, kFunction, "(a, val, wrap=False)", "A copy with a value or values on the main diagonal.") {
  const auto [a, val, wrap] = take<3>(args);
  const Array x = a.array();
  return to_python(fill_diagonal(x, as_array(val.ptr(), {x.dtype(), std::nullopt}), wrap.flag()));
}
TNP_FUNCTION(diag_indices, kFunction, "(n, ndim=2)", "Indices of the main diagonal of an array n long in all axes.") {
  const auto [n, ndim] = take<2>(args);
  return tuple_of(diag_indices(n.size(), static_cast<int>(ndim.integer(2))));
}
TNP_FUNCTION(diag_indices_from, kFunction, "(arr)", "Indices of the main diagonal of an array.") {
  return tuple_of(diag_indices_from(take<1>(args)[0].array()));
}

using Triangle = Arrays (*)(std::int64_t, std::int64_t, std::int64_t);
nb::object triangle(const Arguments& args, Triangle indices) {
  const auto [n, k, m] = take<3>(args);
  const std::int64_t rows = n.size();
  return tuple_of(indices(rows, k.integer(0), m.given() ? m.size() : rows));
}
TNP_FUNCTION(tril_indices, kFunction, "(n, k=0, m=None)", "Indices on and below the k-th diagonal.") {
  return triangle(args, &tril_indices);
}
TNP_FUNCTION(triu_indices, kFunction, "(n, k=0, m=None)", "Indices on and above the k-th diagonal.") {
  return triangle(args, &triu_indices);
}
TNP_FUNCTION(tril_indices_from, kFunction, "(arr, k=0)", "Indices on and below the k-th diagonal of a matrix.") {
  const auto [arr, k] = take<2>(args);
  return tuple_of(tril_indices_from(arr.array(), k.integer(0)));
}
TNP_FUNCTION(triu_indices_from, kFunction, "(arr, k=0)", "Indices on and above the k-th diagonal of a matrix.") {
  const auto [arr, k] = take<2>(args);
  return tuple_of(triu_indices_from(arr.array(), k.integer(0)));
}
TNP_FUNCTION(mask_indices, kFunction, "(n, mask_func, k=0)",
             "Indices where mask_func(ones((n, n)), k), as tril and triu, is not zero.") {
  const auto [n, mask_func, k] = take<3>(args);
  const Array whole = ones({n.size(), n.size()}, DType::int64);
  nb::object offset = k.ptr() ? nb::borrow(k.handle()) : nb::object(nb::int_(0));
  nb::object mask = mask_func.handle()(to_python(whole), offset);
  return tuple_of(nonzero(as_array(mask.ptr())));
}

// --- choices

TNP_FUNCTION(select, kFunction, "(condlist, choicelist, default=0)",
             "Of several choices that whose condition is true first.") {
  const auto [condlist, choicelist, otherwise] = take<3>(args);
  nb::object list = nb::steal(PySequence_Fast(choicelist.ptr(), "select: choicelist must be a sequence"));
  if (!list.is_valid()) throw nb::python_error();
  std::deque<PyOperand> values(static_cast<std::size_t>(PySequence_Fast_GET_SIZE(list.ptr())) + 1);
  std::deque<Operand> operands;
  std::vector<const Operand*> choices;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool last = i + 1 == values.size();
    if (last && !otherwise.ptr()) break;
    read_operand(values[i], last ? otherwise : Value(PySequence_Fast_GET_ITEM(list.ptr(), static_cast<Py_ssize_t>(i))));
  }
  // Numbers that stand for Python's take the type of a choice that is an array.
  const auto strong = std::find_if(values.begin(), values.end(),
                                   [](const PyOperand& p) { return p.is_array() && !is_weak_number(p.array()); });
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool last = i + 1 == values.size();
    if (last && !otherwise.ptr()) break;
    if (strong != values.end()) weaken_beside(values[i], strong->array());
    if (values[i].is_array()) {
      operands.emplace_back(values[i].array());
    } else {
      operands.emplace_back(values[i].scalar());
    }
    if (!last) choices.push_back(&operands.back());
  }
  const Arrays conditions = condlist.arrays();
  if (otherwise.ptr()) return to_python(select(conditions, choices, operands.back()));
  return to_python(select(conditions, choices, 0));
}

// Arrays of which Python's numbers among them take the type, as far as their kind goes into it.
static Arrays choices_of(const Value& choices) {
  if (!PyList_Check(choices.ptr()) && !PyTuple_Check(choices.ptr())) return choices.arrays();
  const nb::object all = nb::steal(PySequence_Tuple(choices.ptr()));
  if (!all.is_valid()) throw nb::python_error();
  const Py_ssize_t n = PyTuple_GET_SIZE(all.ptr());
  std::vector<std::optional<Scalar>> weak;
  Arrays out;
  std::optional<DType> common;
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* o = PyTuple_GET_ITEM(all.ptr(), i);
    Scalar number(false);
    weak.push_back(scalar_of(o, number) ? std::optional(number) : std::nullopt);
    out.push_back(weak.back() ? Array() : as_array(o));
    if (!weak.back()) common = common ? promote(*common, out.back().dtype()) : out.back().dtype();
  }
  if (!common || !is_numeric(*common)) return choices.arrays();
  for (const auto& number : weak) {
    if (number) common = promote(*common, number->kind);
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (weak[i]) out[i] = weak[i]->to_array(*common);
  }
  return out;
}

TNP_FUNCTION(choose, kFunction | kMethod, "(a, choices, out=None, mode='raise')",
             "Of several arrays the element of that whose number is in a.") {
  const auto [a, choices, out, mode] = take<4>(args);
  return to_python(choose(a.array(), choices_of(choices), mode_named(mode.text("raise"))));
}

TNP_FUNCTION(place, kFunction, "(arr, mask, vals)",
             "A copy with values, one after the other, where the mask is true.") {
  const auto [arr, mask, vals] = take<3>(args);
  const Array x = arr.array();
  return to_python(place(x, mask.array(), as_array(vals.ptr(), {x.dtype(), std::nullopt})));
}
TNP_FUNCTION(putmask, kFunction, "(a, /, mask, values)",
             "A copy with the values of the same places where the mask is true.") {
  const auto [a, mask, values] = take<3>(args);
  const Array x = a.array();
  return to_python(putmask(x, mask.array(), as_array(values.ptr(), {x.dtype(), std::nullopt})));
}
TNP_FUNCTION(copyto, kFunction, "(dst, src, casting='same_kind', where=True)",
             "A copy of dst with the values of src, broadcast, where the mask is true.") {
  const auto [dst, src, casting, where] = take<4>(args);
  const Array x = dst.array();
  const Casting rule = casting.given() ? casting.casting() : Casting::same_kind;
  Scalar weak(false);
  if (!scalar_of(src.ptr(), weak)) return to_python(copyto(x, src.array(), rule, where.mask()));
  // A Python number goes where its kind may.
  if (weak.kind != WeakKind::integer && !can_cast(weak.to_array().dtype(), x.dtype(), rule)) {
    throw TypeError("Cannot cast scalar to dtype('" + std::string(name(x.dtype())) + "') according to the rule '" +
                    casting.text("same_kind") + "'");
  }
  return to_python(copyto(x, as_array(src.ptr(), {x.dtype(), std::nullopt}), Casting::unsafe, where.mask()));
}

// --- indices

TNP_FUNCTION(ix_, kFunction, "(*args)", "Arrays that index the open mesh of vectors.") {
  Arrays vectors;
  for (PyObject* o : args.rest) vectors.push_back(as_array(o));
  return tuple_of(ix_(vectors));
}
TNP_FUNCTION(ravel_multi_index, kFunction, "(multi_index, dims, mode='raise', order='C')",
             "Flat indices of indices along each axis.") {
  const auto [multi_index, dims, mode, order] = take<4>(args);
  std::vector<TakeMode> modes;
  if (mode.given() && !PyUnicode_Check(mode.ptr())) {
    for (nb::handle each : nb::iter(mode.handle())) modes.push_back(mode_named(nb::cast<std::string>(each)));
  } else {
    modes.push_back(mode_named(mode.text("raise")));
  }
  const Shape shape = dims.shape();
  if (is_array(multi_index.ptr()) && array_of(multi_index.ptr()).ndim() > 0) {
    // A function that is being traced is traced again with the number of axes fixed.
    (void)Value(dim_object(array_of(multi_index.ptr()).shape()[0]).ptr()).integer();
  }
  if (modes.size() != 1 && static_cast<int>(modes.size()) != shape.ndim()) {
    throw ValueError("ravel_multi_index: as many modes as dimensions are needed");
  }
  return to_python(ravel_multi_index(multi_index.arrays(), shape, modes, order.order() == Order::f));
}
TNP_FUNCTION(unravel_index, kFunction, "(indices, shape, order='C')", "Indices along each axis of flat indices.") {
  const auto [indices, shape, order] = take<3>(args);
  return tuple_of(unravel_index(indices.array(), shape.shape(), order.order() == Order::f));
}

}  // namespace

}  // namespace tnp::python
