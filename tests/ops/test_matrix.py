"""The generated matrix: every primitive on its samples, eager, compiled and vectorised, against its oracle, and its gradient."""

from __future__ import annotations

import types
import warnings

import ml_dtypes
import pytest
import tnp
from tnp import _core

import numpy as np

OPERATIONS = {op["name"]: op for op in _core.operations()}
CASES = [
    (name, i) for name, op in OPERATIONS.items() if op["no_samples"] is None for i in range(len(_core.samples(name)))
]
# float64 is enough to see a wrong derivative, complex128 a wrong conjugate.
GRADIENTS = [
    (name, i)
    for name, i in CASES
    if OPERATIONS[name]["differentiable"]
    and (s := _core.samples(name)[i])["differentiable"]
    and s["inputs"]
    and all(d in ("float64", "complex128") for d, _ in s["inputs"])
    and all(int(np.prod(shape)) <= 80 for _, shape in s["inputs"])
]


def identifier(case: tuple[str, int]) -> str:
    """operation-sample-dtypes, for pytest."""
    name, i = case
    return f"{name}-{i}-" + "-".join(str(d) for d, _ in _core.samples(name)[i]["inputs"])


def positive_definite(x: list[np.ndarray]) -> list[np.ndarray]:
    """The matrices times their adjoints, and more on the diagonal."""
    return [a @ np.conj(a).swapaxes(-1, -2) + np.eye(a.shape[-1], dtype=a.dtype) for a in x]


# What an operation needs that a range of numbers does not give.
PREPARED = {"cholesky": positive_definite}


def sample_inputs(name: str, i: int, seed: int = 0) -> list[np.ndarray]:
    """Values in the sample's range, NumPy arrays."""
    sample = _core.samples(name)[i]
    rng = np.random.default_rng(seed)
    low, high = sample["low"], sample["high"]
    arrays = []
    for dtype, shape in sample["inputs"]:
        kind = dtype.kind
        if kind == "b":
            a = rng.integers(0, 2, shape).astype(bool)
        elif kind in "iu":
            lowest = max(int(np.ceil(low)), 0 if kind == "u" else -100)
            a = rng.integers(lowest, max(int(high), lowest + 1) + 1, shape)
        elif kind == "c":
            a = rng.uniform(low, high, shape) + 1j * rng.uniform(low, high, shape)
        else:
            a = rng.uniform(low, high, shape)
        arrays.append(np.asarray(a).astype(dtype.numpy_dtype))
    return PREPARED[name](arrays) if name in PREPARED else arrays


def expected(name: str, i: int, x: list[np.ndarray]) -> list[np.ndarray]:
    """What the oracle says; bfloat16, which NumPy's functions do not know, is computed in float32."""
    sample = _core.samples(name)[i]
    p = types.SimpleNamespace(**sample["params"])
    wide = [a.astype(np.float32) if a.dtype == ml_dtypes.bfloat16 else a for a in x]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        out = eval(OPERATIONS[name]["oracle"], {"np": np, "x": wide, "p": p, "name": name})
    return [np.asarray(o) for o in (out if isinstance(out, (list, tuple)) else [out])]


def is_half(a: np.ndarray) -> bool:
    """float16 or bfloat16."""
    return a.dtype == ml_dtypes.bfloat16 or a.dtype == np.float16


def assert_close(ours: tnp.ndarray, theirs: np.ndarray, half: bool) -> None:
    """Equal to the bit for what has no rounding, else within what the type resolves."""
    mine = np.asarray(ours)
    assert mine.shape == theirs.shape
    if mine.dtype == ml_dtypes.bfloat16:
        mine = mine.astype(np.float32)
    else:
        assert mine.dtype == theirs.dtype
    if mine.dtype.kind in "biu" and not half:
        np.testing.assert_array_equal(mine, theirs)
        return
    tolerance = {2: 5e-3, 4: 5e-6, 8: 2e-13}.get(mine.real.dtype.itemsize, 2e-13)
    if half:
        tolerance = 3e-2
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)


def apply(name: str, i: int):
    """The operation with the sample's parameters, as a function of arrays."""

    def f(*arrays):
        out = _core.apply_sample(name, i, list(arrays))
        return out[0] if len(out) == 1 else tuple(out)

    return f


def as_list(out) -> list[tnp.ndarray]:
    """One result or several."""
    return list(out) if isinstance(out, tuple) else [out]


@pytest.mark.parametrize("case", CASES, ids=identifier)
def test_against_oracle(case):
    """Eager, compiled by blocks or native code, and as a row of a batch."""
    name, i = case
    x = sample_inputs(name, i)
    half = any(is_half(a) for a in x)
    want = expected(name, i, x)
    arrays = [tnp.asarray(a) for a in x]
    f = apply(name, i)
    with tnp.errstate(all="ignore"):
        eager = as_list(f(*arrays))
        assert len(eager) == len(want)
        for ours, theirs in zip(eager, want, strict=True):
            assert_close(ours, theirs, half)
        if not arrays:
            return
        for ours, theirs in zip(as_list(tnp.function(f)(*arrays)), eager, strict=True):
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
        if OPERATIONS[name]["batchable"]:
            batched = [tnp.stack([a, a]) for a in arrays]
            for ours, theirs in zip(as_list(tnp.vmap(f)(*batched)), eager, strict=True):
                assert np.asarray(ours).shape == (2, *np.shape(theirs))
                assert_close(
                    ours[1],
                    np.asarray(theirs).astype(np.float32)
                    if is_half(np.asarray(theirs)) and np.asarray(theirs).dtype != np.float16
                    else np.asarray(theirs),
                    half,
                )


def numeric_gradient(f, x: list[np.ndarray], k: int, weights: list[np.ndarray]) -> np.ndarray:
    """Central differences of the real part of sum(conj(weights) · f), in TensorFlow's convention for complex inputs."""
    step = 1e-6

    def value(a: np.ndarray) -> float:
        out = as_list(f(*[tnp.asarray(a if j == k else b) for j, b in enumerate(x)]))
        return sum(float(np.sum(np.conj(w) * np.asarray(o)).real) for w, o in zip(weights, out, strict=True))

    gradient = np.zeros_like(x[k])
    for index in np.ndindex(x[k].shape):
        for unit in (1.0, 1j) if x[k].dtype.kind == "c" else (1.0,):
            up, down = x[k].copy(), x[k].copy()
            up[index] += step * unit
            down[index] -= step * unit
            gradient[index] += unit * (value(up) - value(down)) / (2 * step)
    return gradient


@pytest.mark.parametrize("case", GRADIENTS, ids=identifier)
def test_gradient(case):
    """First order against finite differences, by the tape, eager and through a compiled function; second order as well."""
    name, i = case
    x = sample_inputs(name, i, seed=1)
    f = apply(name, i)
    rng = np.random.default_rng(2)
    outputs = as_list(f(*[tnp.asarray(a) for a in x]))
    if any(np.asarray(o).dtype.kind not in "fc" for o in outputs):
        pytest.skip("no differentiable output")
    weights = [
        (rng.standard_normal(o.shape) + (1j * rng.standard_normal(o.shape) if np.asarray(o).dtype.kind == "c" else 0))
        for o in outputs
    ]
    numeric = [numeric_gradient(f, x, k, weights) for k in range(len(x))]

    def gradients(function):
        arrays = [tnp.asarray(a) for a in x]
        with tnp.GradientTape() as tape:
            for a in arrays:
                tape.watch(a)
            out = as_list(function(*arrays))
        return tape.gradient(
            out, arrays, output_gradients=[tnp.asarray(w) for w in weights], unconnected_gradients="zero"
        )

    with tnp.errstate(all="ignore"):
        for got in (gradients(f), gradients(tnp.function(f))):
            for ours, theirs in zip(got, numeric, strict=True):
                np.testing.assert_allclose(np.asarray(ours), theirs, rtol=2e-4, atol=2e-5)


# Second order: one sample an operation, real and small, away from kinks.
SECOND = list(
    {
        name: (name, i)
        for name, i in reversed(GRADIENTS)
        if all(d == "float64" for d, _ in _core.samples(name)[i]["inputs"])
        and all(0 < int(np.prod(shape)) <= 12 for _, shape in _core.samples(name)[i]["inputs"])
    }.values()
)


@pytest.mark.parametrize("case", SECOND, ids=identifier)
def test_second_order(case):
    """The gradient of a gradient against finite differences of the gradient, eager and through a compiled function."""
    name, i = case
    x = sample_inputs(name, i, seed=3)
    f = apply(name, i)
    if any(np.asarray(o).dtype.kind != "f" for o in as_list(f(*[tnp.asarray(a) for a in x]))):
        pytest.skip("no real output")
    numbers = tuple(range(len(x)))
    weights = [tnp.asarray(np.random.default_rng(4).standard_normal(a.shape)) for a in x]

    def first(*arrays):
        gradients = tnp.grad(lambda *a: sum(tnp.sum(o * o) for o in as_list(f(*a))), argnums=numbers)(*arrays)
        return sum(tnp.sum(g * w) for g, w in zip(gradients, weights, strict=True))

    step = 1e-6
    with tnp.errstate(all="ignore"):
        for function in (first, tnp.function(first)):
            second = tnp.grad(function, argnums=numbers)(*[tnp.asarray(a) for a in x])
            for k, ours in enumerate(second):
                numeric = np.zeros_like(x[k])
                for index in np.ndindex(x[k].shape):
                    up, down = [a.copy() for a in x], [a.copy() for a in x]
                    up[k][index] += step
                    down[k][index] -= step
                    numeric[index] = (float(first(*map(tnp.asarray, up))) - float(first(*map(tnp.asarray, down)))) / (
                        2 * step
                    )
                np.testing.assert_allclose(np.asarray(ours), numeric, rtol=1e-3, atol=1e-4)


def test_registry_is_complete():
    """No operation has an empty slot."""
    assert _core.check_registry() == []


def test_operations_without_samples_say_why():
    """And those that have none are few, besides those that tests/python/random and transform/test_composed.py test."""
    elsewhere = ("random", "composed")
    without = [name for name, op in OPERATIONS.items() if op["no_samples"] and op["family"] not in elsewhere]
    assert len(without) < 12, without
