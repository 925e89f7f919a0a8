"""Functions composed of others against NumPy: values, types, structure, errors; and inside traced functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tnp

import numpy as np

from .oracle import DTYPES, check, outcome, same, sample

F34 = sample((3, 4), "float64")
I34 = sample((3, 4), "int32")
V5 = sample((5,), "float64", 1)
W5 = sample((5,), "int64", 2)
RAMP = np.array([0.0, 1.0, 3.0, 4.5, 9.0])

# name → calls of a module and arrays: each eager with NumPy's arrays turned into the module's, and in a traced function.
CASES: dict[str, list[tuple[Callable, list[np.ndarray]]]] = {
    "diag": [(lambda m, x, k=k: m.diag(x, k), [a]) for a in (V5, F34, I34) for k in (0, 1, -2, 4, 7)],
    "diagflat": [(lambda m, x, k=k: m.diagflat(x, k), [a]) for a in (V5, I34) for k in (0, 2, -1)],
    "fill_diagonal": [
        (lambda m, x, w=w: _filled(m, x, 7, w), [a]) for a in (F34, I34, F34.T, np.zeros((7, 2))) for w in (False, True)
    ]
    + [
        (lambda m, x: _filled(m, x, [1, 2]), [np.zeros((5, 5))]),
        (lambda m, x: _filled(m, x, 2), [np.zeros((3, 3, 3))]),
    ],
    "diag_indices": [(lambda m, x: m.diag_indices_from(x), [np.zeros((4, 4))])],
    "triangles": [
        (lambda m, x, k=k, n=n: getattr(m, n)(x, k), [F34])
        for k in (0, 1, -2, 9)
        for n in ("tril_indices_from", "triu_indices_from")
    ],
    "select": [
        (lambda m, x: m.select([x < 0, x > 2], [-x, x * x], 0), [F34]),
        (lambda m, x: m.select([x < 0, x > 2], [x, 1.5]), [I34]),
        (lambda m, x: m.select([x < 0, x > 2], [1, 2], 3), [sample((4,), "float32")]),
        (lambda m, x: m.select([x > 0], [m.asarray([1, 2, 3, 4])], 9), [F34]),
    ],
    "choose": [
        (lambda m, a, x, y, mode=mode: m.choose(a, [x, y, 5], mode=mode), [np.array([0, 1, 2, 1]), F34, I34])
        for mode in ("raise", "wrap", "clip")
    ]
    + [(lambda m, a, x: m.choose(a, [x, -x], mode="wrap"), [np.array([0, 1, 5, -3]), F34])],
    "place": [(lambda m, x: _place(m, x, [10, 20, 30]), [a]) for a in (F34, I34, V5)],
    "putmask": [(lambda m, x: _putmask(m, x, [10, 20, 30]), [a]) for a in (F34, I34, V5)],
    "copyto": [
        (lambda m, x: _copyto(m, x, [1, 2, 3, 4]), [F34]),
        (lambda m, x: _copyto(m, x, 7, where=m.asarray([True, False, True, False])), [I34]),
    ],
    "ix_": [(lambda m, x, y: m.ix_(x, y), [np.array([0, 2]), np.array([1, 3, 2])])],
    "ravel_multi_index": [
        (lambda m, i, j, o=o: m.ravel_multi_index((i, j), (3, 4), order=o), [np.array([0, 2, 1]), np.array([3, 0, 2])])
        for o in ("C", "F")
    ]
    + [
        (lambda m, i: m.ravel_multi_index((i, i), (3, 4), mode=("clip", "wrap")), [np.array([-1, 5, 2])]),
        (lambda m, i: m.ravel_multi_index(i, (3, 4)), [np.array([[0, 1], [2, 3]])]),
    ],
    "unravel_index": [
        (lambda m, i, o=o: m.unravel_index(i, (3, 4), o), [np.array([[0, 11], [5, 7]])]) for o in ("C", "F")
    ],
    "insert": [
        (lambda m, x: m.insert(x, 1, 5), [V5]),
        (lambda m, x: m.insert(x, -1, 5.5, axis=1), [I34]),
        (lambda m, x: m.insert(x, 1, [1, 2, 3], axis=1), [F34]),
        (lambda m, x: m.insert(x, [1], [[1], [2], [3]], axis=1), [F34]),
        (lambda m, x: m.insert(x, [2, 2, 0], [6, 7, 8]), [V5]),
        (lambda m, x: m.insert(x, [-1, 4, 0], 9, axis=1), [F34]),
        (lambda m, x: m.insert(x, slice(0, 4, 2), [1, 2]), [V5]),
        (lambda m, x: m.insert(x, 0, [[9, 9], [8, 8]], axis=0), [np.ones((2, 2))]),
        (lambda m, x: m.insert(x, [], []), [V5]),
        (lambda m, x: m.insert(x, np.array([True, False, True, False, False]), 1), [V5]),
    ],
    "delete": [
        (lambda m, x, o=o: m.delete(x, o), [V5])
        for o in (0, -1, [1, 3], [1, 1, -1], slice(None, None, 2), slice(3, 0, -1), [], np.array([0, 1, 0, 1, 0], bool))
    ]
    + [(lambda m, x, a=a: m.delete(x, 1, axis=a), [F34]) for a in (0, 1, -1, None)],
    "resize": [(lambda m, x, s=s: m.resize(x, s), [a]) for a in (V5, F34) for s in (3, (2, 4), (5, 5), (0,), ())],
    "packbits": [
        (lambda m, x, b=b, a=a: m.packbits(x, axis=a, bitorder=b), [sample((3, 11), "bool")])
        for b in ("big", "little")
        for a in (None, 0, 1, -1)
    ],
    "unpackbits": [
        (lambda m, x, c=c, a=a: m.unpackbits(x, axis=a, count=c, bitorder="little"), [sample((3, 4), "uint8")])
        for c in (None, 5, -3, 40)
        for a in (None, 0, 1)
    ],
    "gradient": [(lambda m, x: m.gradient(x), [a]) for a in (V5, F34, I34, sample((4, 5, 3), "float32"))]
    + [(lambda m, x, e=e: m.gradient(x, 2.5, axis=0, edge_order=e), [F34]) for e in (1, 2)]
    + [(lambda m, x, y, e=e: m.gradient(x, y, edge_order=e), [V5, RAMP]) for e in (1, 2)]
    + [(lambda m, x, y: m.gradient(x, 0.5, y, edge_order=2), [sample((4, 5), "float64"), RAMP])],
    "unwrap": [
        (lambda m, x: m.unwrap(x), [np.array([0, 3, 7, -2, 9.0, np.pi, -np.pi, 0])]),
        (lambda m, x: m.unwrap(x, period=4), [np.array([0, 1, 2, 3, 0, 1, 6, 2])]),
        (lambda m, x: m.unwrap(x, discont=4, axis=0), [3 * F34]),
        (lambda m, x: m.unwrap(x, period=255), [np.array([0, 250, 3, 128, 0])]),
    ],
    "divmod": [
        (lambda m, x, y: m.divmod(x, y), [a, b])
        for a, b in ((F34, np.array([2.0, -3, 0.5, 4])), (I34, np.array([2, -3, 5, 4])))
    ]
    + [(lambda m, x: m.divmod(x, 2), [sample((6,), d)]) for d in DTYPES if not d.startswith("c")],
    "modf": [(lambda m, x: m.modf(x), [sample((6,), d)]) for d in DTYPES]
    + [(lambda m, x: m.modf(x), [np.array([np.inf, -np.inf, np.nan, -0.0, -2.5])])],
    "frexp": [(lambda m, x: m.frexp(x), [sample((6,), d)]) for d in DTYPES]
    + [(lambda m, x: m.frexp(x), [np.array([np.inf, np.nan, -0.0, 5e-324, 1e300])])],
    "ldexp": [(lambda m, x: m.ldexp(x, [3, -2, 0, 100, -5, 2]), [sample((6,), d)]) for d in DTYPES]
    + [(lambda m, x, n: m.ldexp(x, n), [np.array([1.5, 2, 3]), np.array([2**40, -(2**40), 5])])],
    "vander": [
        (lambda m, x, n=n, i=i: m.vander(x, n, i), [a])
        for a in (V5, W5, sample((3,), "float32"))
        for n in (None, 0, 1, 4)
        for i in (False, True)
    ],
    "polynomials": [
        (lambda m, p, q: m.polyadd(p, q), [V5, W5[:2]]),
        (lambda m, p, q: m.polysub(p, q), [W5[:3], V5]),
        (lambda m, p, q: m.polymul(p, q), [W5, np.array([2, 0, 1])]),
        (lambda m, p: m.polyder(p, 2), [V5]),
        (lambda m, p: m.polyder(p), [W5[:1]]),
        (lambda m, p: m.polyint(p, 2, k=[3, 4]), [V5]),
        (lambda m, p: m.polyint(p), [W5]),
        (lambda m, p, x: m.polyval(p, x), [W5, F34]),
        (lambda m, p: m.polydiv(p, [2.0, 1.0]), [V5]),
        (lambda m, p: m.polydiv([1, 2], p), [np.array([1, 5, 8, 4])]),
        (lambda m, r: m.poly(r), [V5]),
    ],
}


def _updated(name: str, m: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    """What NumPy changes in place, tnp returns."""
    if m is tnp:
        return getattr(tnp, name)(x, *args, **kwargs)
    y = x.copy()
    assert getattr(np, name)(y, *args, **kwargs) is None
    return y


def _filled(m: Any, x: Any, *args: Any) -> Any:
    return _updated("fill_diagonal", m, x, *args)


def _place(m: Any, x: Any, values: Any) -> Any:
    return _updated("place", m, x, x > 0, values)


def _putmask(m: Any, x: Any, values: Any) -> Any:
    return _updated("putmask", m, x, x > 0, values)


def _copyto(m: Any, x: Any, source: Any, **kwargs: Any) -> Any:
    return _updated("copyto", m, x, source, **kwargs)


def leaves(result: Any) -> list:
    """The arrays in a result."""
    return [leaf for r in result for leaf in leaves(r)] if isinstance(result, (tuple, list)) else [result]


FLAT = [(name, i) for name, cases in CASES.items() for i in range(len(cases))]
# What is a zero in front is not known while a function is traced.
EAGER_ONLY = {("polynomials", 8)}


@pytest.mark.parametrize("case", FLAT, ids=lambda c: f"{c[0]}-{c[1]}")
def test_against_numpy(case: tuple[str, int]) -> None:
    """Eager, and traced with sizes that are not known."""
    name, i = case
    f, arrays = CASES[name][i]
    rtol = 1e-12
    if any(a.dtype.itemsize <= 4 and a.dtype.kind == "f" for a in arrays):
        rtol = 1e-6
    check(lambda m: f(m, *[m.asarray(a) for a in arrays]), rtol)
    want = outcome(lambda m: f(m, *arrays), np)
    if isinstance(want, Exception) or case in EAGER_ONLY:
        return
    traced = tnp.function(lambda *xs: f(tnp, *xs))
    got = traced(*[tnp.asarray(a) for a in arrays])
    for g, w in zip(leaves(got), leaves(want), strict=True):
        same(g, np.asarray(w), rtol)


@pytest.mark.parametrize("points", [0, 1, 2, 3, 8, 11, 5.0, -1])
def test_windows(points: float) -> None:
    """Of any number of points."""
    for name in ("bartlett", "blackman", "hamming", "hanning"):
        check(lambda m, n=name: getattr(m, n)(points), 1e-14)
    for beta in (0, 5.0, 14):
        check(lambda m, b=beta: m.kaiser(points, b), 1e-14)


def test_bessel() -> None:
    """Over the whole range, in every type."""
    x = np.concatenate([np.linspace(-20, 20, 401), [0.0, 8.0, -8.0, 1e-300, 700.0]])
    check(lambda m: m.i0(m.asarray(x)), 1e-14)
    check(lambda m: m.i0(m.arange(5)), 1e-14)
    check(lambda m: m.i0(m.asarray(x[:400], dtype="float32")), 1e-5)
    check(lambda m: m.i0(m.asarray([1j])))


@pytest.mark.parametrize(
    "run",
    [
        lambda m: m.block([[m.ones((2, 2)), m.zeros((2, 1))], [m.arange(3)]]),
        lambda m: m.block([1, 2, [3]]),
        lambda m: m.block([1, m.arange(3), 2.5]),
        lambda m: m.block(5),
        lambda m: m.block([]),
        lambda m: m.block([[]]),
        lambda m: m.block((1, 2)),
        lambda m: m.block([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
        lambda m: m.block([m.ones((2, 3)), m.ones((3, 2))]),
        lambda m: m.diag(5),
        lambda m: m.diag(m.ones((2, 2, 2))),
        lambda m: m.diag_indices(3, 3),
        lambda m: m.diag_indices_from(m.ones((2, 3))),
        lambda m: m.diag_indices_from(m.ones(2)),
        lambda m: m.tril_indices(3, 1, 5),
        lambda m: m.triu_indices(4, -1, 2),
        lambda m: m.tril_indices_from(m.ones(3)),
        lambda m: m.mask_indices(3, m.triu, 1),
        lambda m: m.select([], []),
        lambda m: m.select([m.ones(3, dtype=bool)], []),
        lambda m: m.select([m.ones(3)], [m.ones(3)]),
        lambda m: m.choose([0, 3], [[1, 2], [3, 4]]),
        lambda m: m.choose([0, -1], [[1, 2], [3, 4]]),
        lambda m: m.choose([0, 1], [[1, 2], [3, 4]], mode="nonsense"),
        lambda m: m.choose([0.5, 1], [[1, 2], [3, 4]]),
        lambda m: m.choose([0, 1], []),
        lambda m: m.asarray([0, 1]).choose([[1, 2], [3, 4]]),
        lambda m: m.ix_([[1]]),
        lambda m: m.ix_([True, False, True], []),
        lambda m: m.ravel_multi_index(([3], [0]), (3, 4)),
        lambda m: m.ravel_multi_index(([-1], [0]), (3, 4)),
        lambda m: m.ravel_multi_index(([1], [0], [0]), (3, 4)),
        lambda m: m.ravel_multi_index(([1.5], [0]), (3, 4)),
        lambda m: m.ravel_multi_index(([1], [0]), (2**40, 2**40)),
        lambda m: m.ravel_multi_index((2, 1), (3, 4)),
        lambda m: m.unravel_index(12, (3, 4)),
        lambda m: m.unravel_index([-1], (3, 4)),
        lambda m: m.unravel_index(1.5, (3, 4)),
        lambda m: m.unravel_index(5, 7),
        lambda m: m.insert([1, 2, 3], 5, 0),
        lambda m: m.insert([1, 2, 3], [1, 9], 0),
        lambda m: m.insert([1, 2, 3], [[1]], 0),
        lambda m: m.insert([1, 2, 3], [0, 1], [1, 2, 3]),
        lambda m: m.insert([1, 2, 3], 0, 0, axis=1),
        lambda m: m.insert(m.asarray([1, 2, 3], dtype="int8"), 0, 1000),
        lambda m: m.delete([1, 2, 3], 3),
        lambda m: m.delete([1, 2, 3], [0, -4]),
        lambda m: m.delete([1, 2, 3], [True, False]),
        lambda m: m.delete([1, 2, 3], 0, axis=1),
        lambda m: m.resize([1, 2], (-1, 2)),
        lambda m: m.resize([], (2, 2)),
        lambda m: m.packbits(m.ones(3)),
        lambda m: m.packbits([1, 0, 5], bitorder="middle"),
        lambda m: m.unpackbits(m.ones(3)),
        lambda m: m.unpackbits(m.asarray([3], dtype="uint8"), count=-9),
        lambda m: m.gradient(m.ones(1)),
        lambda m: m.gradient(m.ones((3, 3)), 1, 2, 3),
        lambda m: m.gradient(m.ones(4), m.ones(3)),
        lambda m: m.gradient(m.ones(4), m.ones((4, 1))),
        lambda m: m.gradient(m.ones(4), edge_order=3),
        lambda m: m.gradient(m.ones((3, 3)), axis=(0, 0)),
        lambda m: m.gradient(m.ones((3, 3)), axis=2),
        lambda m: m.gradient(m.asarray([1, 2, 4, 8], dtype="uint8")),
        lambda m: m.gradient(m.asarray([1 + 1j, 2, 4j])),
        lambda m: m.unwrap(1.0),
        lambda m: m.divmod(7, 2),
        lambda m: m.divmod(m.asarray([1j]), 2),
        lambda m: m.modf(m.asarray([1j])),
        lambda m: m.frexp(m.asarray([1j])),
        lambda m: m.ldexp(m.asarray([1.0]), m.asarray([1.0])),
        lambda m: m.ldexp(m.asarray([1.0], dtype="float16"), 3),
        lambda m: m.vander(m.ones((2, 2))),
        lambda m: m.vander([1, 2], -1),
        lambda m: m.polyder([1, 2], -1),
        lambda m: m.polyint([1, 2], -1),
        lambda m: m.polyint([1, 2], 3, k=[1, 2]),
        lambda m: m.polyint([1, 2], 2, k=5),
        lambda m: m.polymul([0, 0, 1, 2], [0, 3]),
        lambda m: m.polymul([0, 0], [0, 3]),
        lambda m: m.polyval([3, 0, 1], 5),
        lambda m: m.polyval([], 5.5),
        lambda m: m.polydiv([1.0, 5, 6], [1.0, 2]),
        lambda m: m.poly([1j, -1j]),
        lambda m: m.poly([]),
        lambda m: m.copyto(m.asarray([1, 2]), 1.5),
        lambda m: m.copyto(m.asarray([1, 2]), [1, 2, 3]),
        lambda m: m.place(m.ones(3), [True, False], [1]),
        lambda m: m.place(m.ones(2), [True, False], []),
        lambda m: m.putmask(m.ones(3), [True, False], [1]),
        lambda m: m.fill_diagonal(m.ones(3), 1),
        lambda m: m.fill_diagonal(m.ones((2, 2, 3)), 1),
    ],
)
def test_more_cases_and_errors(run: Callable) -> None:
    """Degenerate ones, and those that NumPy refuses."""
    check(run, 1e-13)


@pytest.mark.parametrize("mode", ["linear_ramp", "maximum", "mean", "median", "minimum"])
@pytest.mark.parametrize("dtype", ["int32", "float64", "float32"])
def test_pad_with_computed_values(mode: str, dtype: str) -> None:
    """Widths of each edge, lengths, end values; traced as well."""
    x = sample((4, 5), dtype, 7)
    extra = [{"end_values": 3}, {"end_values": ((1, 2), (3, 4))}, {}]
    if mode != "linear_ramp":
        extra = [{}, {"stat_length": 2}, {"stat_length": ((1, 9), (2, 3))}]
    for widths in (2, (1, 3), ((0, 2), (3, 0)), 0):
        for kwargs in extra:
            check(lambda m, w=widths, k=kwargs: m.pad(m.asarray(x), w, mode, **k), 1e-6)
    same(tnp.function(lambda a: tnp.pad(a, 2, mode))(tnp.asarray(x)), np.pad(x, 2, mode), 1e-6)
    check(lambda m: m.pad(m.zeros((0, 2)), 1, mode))
    if mode == "maximum":
        check(lambda m: m.pad(m.asarray(x), 1, mode, stat_length=0))
    check(lambda m: m.pad(m.asarray(x), 1, "nonsense"))


def test_indices_out_of_range_in_traced_functions() -> None:
    """They are found when the function runs."""
    for f, good, bad in (
        (lambda i: tnp.unravel_index(i, (3, 4))[0], 11, 12),
        (lambda i: tnp.unravel_index(i, (3, 4))[0], 0, -1),
        (lambda i: tnp.ravel_multi_index((i, i), (3, 4)), 2, 3),
        (lambda i: tnp.choose(i, [10, 20]), 1, -1),
    ):
        traced = tnp.function(f)
        traced(tnp.asarray([good]))
        with pytest.raises(ValueError):
            traced(tnp.asarray([bad]))


def test_gradients() -> None:
    """Compositions are differentiable where their parts are."""
    x = tnp.asarray(V5 + 6)
    for f in (
        lambda a: tnp.sum(tnp.gradient(a, tnp.asarray(RAMP)) ** 2),
        lambda a: tnp.sum(tnp.diag(a) @ a),
        lambda a: tnp.sum(tnp.i0(a / 5)),
        lambda a: tnp.sum(tnp.polyval(a, 0.5)),
        lambda a: tnp.sum(tnp.vander(a, 3)),
        lambda a: tnp.sum(tnp.insert(a, 2, 1.0) ** 2),
    ):
        slope = np.asarray(tnp.grad(f)(x))
        for k in range(5):
            e = np.zeros(5)
            e[k] = 1e-6
            numeric = (float(f(x + e)) - float(f(x - e))) / 2e-6
            np.testing.assert_allclose(slope[k], numeric, rtol=1e-5)
