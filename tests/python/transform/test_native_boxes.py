"""Native code that reads joined arrays piece by piece: the bits of eager execution."""

import os

import pytest
import tnp
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy as np

from ..isas import ISAS, run_tests_natively

ALWAYS = os.environ.get("TNP_JIT") == "always"
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
roll, concatenate = tnp.roll, tnp.concatenate


def periodic(u):
    return u + (roll(u, 1, 0) + roll(u, -1, 0) + roll(u, 1, -1) + roll(u, -1, -1) - 4 * u) * 0.125


def diagonals(u):
    return sum(roll(u, (a, b), (0, -1)) for a in (-2, 1) for b in (3, -1)) * 0.25 - u


def waves(u):
    v = u * 0.5 - roll(u, 1, -1)
    w = v + (roll(v, -1, 0) - roll(u, 2, 0)) * 0.25
    return w - roll(w, 1, 0) * 0.5


def overwritten(u):
    """What is read of the old array is read before its memory is written."""
    v = u * 2
    left = roll(v, 1, -1)
    v = v.at[2:-1].set(v[2:-1] + u[:-3])
    return v - left * 0.25 + roll(v, 1, 0)


def edges(u):
    p = tnp.pad(u, [(1, 1)] * u.ndim, mode="edge")
    inside = (slice(1, -1),) * (u.ndim - 1)
    return p[(*inside, slice(2, None))] - p[(*inside, slice(None, -2))] * 0.5 + u


STEPS = {
    "periodic": periodic,
    "diagonals": diagonals,
    "waves": waves,
    "overwritten": overwritten,
    "edges": edges,
    "zeros at the edge": lambda u: u - concatenate([u[..., :1] * 0, u[..., :-1]], -1) * 0.5 + roll(u, 3, 0),
    "an edge of one row": lambda u: u - concatenate([u[-1:] + 1, u[:-1]], 0) * 0.5,
    "differences": lambda u: u - tnp.diff(u, axis=-1, append=u[..., :1]) * 0.25,
    "roots": lambda u: tnp.sqrt(abs(roll(u, 1, -1)) + 1) / (abs(roll(u, -1, 0)) + 1) + tnp.exp(-abs(roll(u, 2, -1))),
    "of a row": lambda u: u * 0.5 + roll(u[0], 5, -1) - roll(u, 1, 0) * 0.25,
    "of what is computed": lambda u: (lambda y: roll(y, 1, -1) - roll(y, 1, 0) * y)(u * 0.5 + 1),
    "several results": lambda u: roll(u, 1, 0) * 0.5 - (lambda y: y + tnp.sum(y, axis=0) * 1e-3)(roll(u, 1, -1) * 0.25),
    "comparisons": lambda u: tnp.where(roll(u, 1, -1) > roll(u, -1, 0), u, roll(u, 1, 0)),
    "two arrays": lambda u: concatenate([u[3:] * 1, u[:3]], 0) + (lambda v: concatenate([v[:5], u[5:]], 0))(u + 1),
    "turned": lambda u: roll(u[::-1], 1, 0) * 0.5 + roll(u[..., ::-1], 1, -1),
    "apart": lambda u: concatenate([u[..., ::2], u[..., 1::2]], -1) * 0.5 + u,
    "transposed": lambda u: (lambda t: (t * 0.5 + roll(t, 1, 0)).T)(u.T),
    "kept": lambda u: (lambda r: tnp.concatenate([r, u * 0.5 + r])[: len(u)])(roll(u, 1, 0)),
}


def data(dtype, shape):
    x = np.random.default_rng(0).standard_normal(shape) * 3
    return tnp.asarray((x + 1j * x[::-1] if dtype == "complex64" else x).astype(dtype))


def check(f, *arguments, runs=4):
    compiled, want = tnp.function(f), f(*arguments)
    want = want if isinstance(want, tuple) else (want,)
    for _ in range(runs):
        got = compiled(*arguments)
        for a, b in zip(got if isinstance(got, tuple) else (got,), want, strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "complex64"])
@pytest.mark.parametrize("name", STEPS)
def test_steps(name, dtype):
    if dtype == "complex64" and name in ("comparisons", "roots"):
        pytest.skip("real numbers")

    def step(u):
        return STEPS[name](u).astype(u.dtype)

    for shape in ((40,) * 2, (6, 10, 36), (300,)):
        if (name == "of a row" and shape == (300,)) or (name == "transposed" and len(shape) > 2):
            continue
        x = data(dtype, shape)
        check(step, x)
        check(lambda u: tnp.fori_loop(0, 5, lambda _, u: step(u), u), x, runs=3)
        if ALWAYS and dtype == "float64" and name == "periodic":
            compiled = tnp.function(step)
            for _ in range(5):
                compiled(x)
            assert "native code for all steps" in compiled.steps(x)


@pytest.mark.parametrize("shape", [(150, 1), (7, 40, 1), (90, 2), (1, 200), (6, 5, 6, 1), (4, 33, 2)])
def test_thin_arrays(shape):
    def step(u):
        a, b = roll(u, 5, 0), concatenate([u[-3:] + 1, u[:-3] * 1], 0)[: len(u)]
        return u * 0.5 + a - roll(u[::-1], 2, 0) * 0.25 + b + roll(u, 1, 1)

    x = data("float64", shape)
    check(step, x)
    check(lambda u: tnp.fori_loop(0, 5, lambda _, u: step(u), u), x, runs=3)


def test_other_sizes():
    f = tnp.function(lambda u: tnp.fori_loop(0, 40, lambda _, u: periodic(u), u))
    for shape in ((40, 50), (33, 64), (8, 200), (2, 90), (64, 33), (150, 1), (90, 2), (1, 200), (3, 3), (0, 5)):
        x = data("float64", shape)
        want = x
        for _ in range(40):
            want = periodic(want)
        for _ in range(2):
            np.testing.assert_array_equal(np.asarray(f(x)), np.asarray(want))


@st.composite
def programs(draw):
    moves = st.tuples(
        st.sampled_from(["roll", "join", "slide", "mix", "set"]),
        st.integers(0, 5),
        st.integers(-3, 3),
        st.integers(0, 1),
    )
    return draw(st.lists(moves, min_size=2, max_size=7))


@settings(max_examples=60, deadline=None)
@given(programs(), st.sampled_from([(12, 40), (33, 35)]))
def test_random_programs(moves, shape):
    def step(u):
        values = [u]
        for kind, which, by, axis in moves:
            v, w = values[which % len(values)], values[-1]
            n = v.shape[axis]
            at = abs(by) + 1
            ahead = (slice(None),) * axis
            if kind == "roll":
                values.append(roll(v, by, axis))
            elif kind == "join":
                values.append(concatenate([w[(*ahead, slice(n - at, None))], v[(*ahead, slice(0, n - at))]], axis))
            elif kind == "slide":
                p = tnp.pad(v, 3, mode="wrap")
                values.append(p[3 + by : 3 + by + v.shape[0], 2 : 2 + v.shape[1]])
            elif kind == "mix":
                values.append(v * 0.5 - w * 0.25)
            else:
                values.append(v.at[(*ahead, slice(0, at))].set(w[(*ahead, slice(n - at, None))]))
        return sum(values[1:], values[0]) * 0.25

    x = data("float64", shape)
    check(step, x)
    check(lambda u: tnp.fori_loop(0, 3, lambda _, u: step(u), u), x, runs=2)


@pytest.mark.parametrize("isa", ISAS)
def test_native_from_the_start(isa):
    run_tests_natively(isa, __file__, "float64 or int16 or not test_steps")
