"""Cumulative operations against NumPy: types, axes, keywords, errors, gradients, long rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tnp
from tnp import _core

import numpy as np

from .oracle import DTYPES, check, sample

NAMES = ["cumsum", "cumprod", "nancumsum", "nancumprod"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_types_and_axes(name: str, dtype: str) -> None:
    """The steps are NumPy's, so are the bits; complex products may differ in the last one."""
    rtol = 1e-6 if dtype.startswith("complex") else 0
    for shape in [(), (5,), (3, 4), (2, 1, 300), (0, 3), (70, 3)]:
        x = sample(shape, dtype)
        for axis in (None, *range(-len(shape), len(shape))):
            check(lambda m, x=x, a=axis: getattr(m, name)(m.asarray(x), axis=a), rtol)
    strided = sample((6, 8), dtype)
    check(lambda m: getattr(m, name)(m.asarray(strided)[::-2, ::3].T, axis=1), rtol)
    check(lambda m: getattr(m, name)(strided.tolist(), 0), rtol)


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@pytest.mark.parametrize("dtype", ["int8", "uint16", "float16", "float32", "float64", "complex128", "bool"])
def test_result_types(name: str, dtype: str) -> None:
    """dtype= is the type of the accumulation; the method does the same."""
    for source in ("bool", "int8", "uint32", "int64", "float32"):
        x = sample((4, 5), source)
        check(lambda m, x=x: getattr(m, name)(m.asarray(x), 1, dtype))
        check(lambda m, x=x: getattr(m.asarray(x), name)(axis=0, dtype=dtype))


def test_not_a_number() -> None:
    """NaN counts as nothing, or stays from where it is."""
    x = np.array([1.0, np.nan, 2.0, -0.0, np.inf, -np.inf, 3.0])
    for name in NAMES:
        check(lambda m, n=name: getattr(m, n)(m.asarray(x)))
    assert np.signbit(np.asarray(tnp.cumsum(tnp.asarray([-0.0, -0.0])))).all()


@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
def test_of_the_standard(name: str) -> None:
    """The axis may be left out of vectors only; an initial element is asked for."""
    for shape in [(0,), (4,), (2, 3), (2, 0, 3), ()]:
        x = sample(shape, "int32")
        for axis in (None, 0, -1, 3):
            for initial in (False, True):
                check(lambda m, x=x, a=axis, i=initial: getattr(m, name)(m.asarray(x), axis=a, include_initial=i))
    check(lambda m: getattr(m, name)([1, 2], dtype="float32", include_initial=True))
    check(lambda m: getattr(m, name)(x=[1, 2]))


@pytest.mark.parametrize("name", NAMES)
def test_errors(name: str) -> None:
    """Axes that are not there, types that are none, out."""
    for kwargs in ({"axis": 2}, {"axis": (0, 1)}, {"axis": "a"}, {"dtype": "nonsense"}, {"axes": 0}):
        check(lambda m, k=kwargs: getattr(m, name)(m.ones((2, 3)), **k))
    with pytest.raises(TypeError, match="immutable"):
        getattr(tnp, name)(tnp.ones(3), out=np.zeros(3))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("op", ["add", "multiply", "minimum", "maximum"])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "float64", "float32"])
def test_long_rows(op: str, dtype: str, threads: int) -> None:
    """Rows that are divided, and those that are not, forward and in reverse."""
    primitive = {"add": "sum", "multiply": "prod", "minimum": "min", "maximum": "max"}[op]
    rng = np.random.default_rng(3)
    x = rng.integers(0, 255, 300_001).astype(dtype)
    if dtype.startswith("float"):
        x = 1 + x / 2**20 if op == "multiply" else x - 100.5
        x = x.astype(dtype)
        if op == "maximum":
            x[200_000] = np.nan
    with tnp.threads(threads):
        for order in (slice(None), slice(None, None, -1)):
            want = getattr(np, op).accumulate(x[order], dtype=x.dtype)[order]
            got = _scan(primitive, x, order.step == -1)
            np.testing.assert_array_equal(np.asarray(got), want)


def _scan(primitive: str, x: np.ndarray, reverse: bool) -> tnp.ndarray:
    """The primitive along the only axis, in x's type: its parameters are those of one of its samples."""
    name = f"cumulate_{primitive}"
    wanted = {"axis": 0, "reverse": True, "dtype": x.dtype}
    i = next(i for i, s in enumerate(_core.samples(name)) if s["params"] == wanted)
    a = tnp.asarray(x if reverse else x[::-1])
    out = _core.apply_sample(name, i, [a])[0]
    return out if reverse else tnp.flip(out)


@pytest.mark.parametrize("f", [tnp.cumsum, tnp.cumprod, tnp.nancumsum, lambda x: tnp.cumulative_sum(x, axis=-1)])
def test_traced_and_vectorised(f: Callable) -> None:
    """The same in a traced function, whatever the size, and over a batch."""
    g = tnp.function(f)
    for n in (3, 5, 8):
        x = tnp.asarray(sample((n,), "float64", n))
        np.testing.assert_array_equal(np.asarray(g(x)), np.asarray(f(x)))
    rows = tnp.asarray(sample((4, 5), "float64"))
    np.testing.assert_array_equal(
        np.asarray(tnp.vmap(f)(rows)), np.stack([np.asarray(f(tnp.asarray(r))) for r in np.asarray(rows)])
    )


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [1.0, 0.0, 2.0], [0.0, 3.0, 0.0, 4.0], [2.0, 5.0, 0.0], [0.0]])
def test_gradient_of_products_with_zeros(values: list[float]) -> None:
    """Central differences, which are exact for what is linear in each element."""
    x, w = np.array(values), np.arange(1.0, len(values) + 1)
    expected = [(w @ np.cumprod(x + e) - w @ np.cumprod(x - e)) / 2 for e in np.eye(len(values))]
    for f in (lambda a: tnp.sum(tnp.cumprod(a) * w), tnp.function(lambda a: tnp.sum(tnp.cumprod(a) * w))):
        np.testing.assert_allclose(np.asarray(tnp.grad(f)(tnp.asarray(x))), expected, rtol=1e-14)


def test_every_sample_of_the_family_is_tried() -> None:
    """The primitives are in the generated matrix."""
    assert {"cumulate_sum", "cumulate_prod", "cumulate_min", "cumulate_max"} <= {o["name"] for o in _core.operations()}


@pytest.mark.parametrize(
    "values", [[2.0, 3.0, -1.0, 0.5], [2.0, 0.0, 3.0, -1.0], [0.0, 0.0, 2.0, 3.0], [1.0, 2.0, 0.0], [4.0]]
)
@pytest.mark.parametrize("flip", [False, True])
def test_second_derivatives_of_products(values: list[float], flip: bool) -> None:
    """A product is linear in each factor, so differences are derivatives, with zeros as well."""
    x, w = np.asarray(values), np.arange(1.0, len(values) + 1)

    def f(a: object, m: object = tnp) -> object:
        return m.sum((m.flip(m.cumprod(m.flip(a))) if flip else m.cumprod(a)) * w)

    e = np.eye(len(values))
    want = [
        [0 if i == j else f(x + e[i] + e[j], np) - f(x + e[i], np) - f(x + e[j], np) + f(x, np) for j in range(len(x))]
        for i in range(len(x))
    ]
    gradient = tnp.grad(f)
    for g in (gradient, tnp.grad(tnp.function(f))):
        got = [tnp.grad(lambda a, g=g, k=k: g(a)[k])(tnp.asarray(x)) for k in range(len(x))]
        np.testing.assert_allclose(np.asarray(tnp.stack(got)), want, rtol=1e-12, atol=1e-12)
    rows = tnp.asarray(np.stack([x, x * 2 + 1], axis=1))
    one = tnp.grad(lambda a: tnp.sum(tnp.grad(lambda b: tnp.sum(tnp.cumprod(b, axis=0)[:, 1]))(a)[:, 1]))(rows)
    two = tnp.grad(lambda a: tnp.sum(tnp.grad(lambda b: tnp.sum(tnp.cumprod(b)))(a)))(rows[:, 1])
    np.testing.assert_allclose(np.asarray(one[:, 1]), np.asarray(two), rtol=1e-12)
