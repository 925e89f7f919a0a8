"""Random programs of array operations, conditions, loops, masks and unknown sizes: eager against compiled, to the bit."""

import tnp
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy as np

UNARY = ["negative", "abs", "sqrt", "floor", "square", "sign"]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "where", "copysign"]


@st.composite
def programs(draw, depth=2):
    steps = []
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["unary", "binary", "slice", "mask", "if", "while", "for", "set", "reverse"]))
        if kind in ("if", "while", "for"):
            if depth == 0:
                continue
            steps.append((kind, draw(st.integers(0, 3)), draw(programs(depth=depth - 1))))
        else:
            steps.append((kind, draw(st.integers(0, 100)), None))
    return steps


def run(steps, x, y):
    """Both arrays keep their size in branches and loops; masks and slices are summed or put back."""
    for kind, n, inner in steps:
        if kind == "unary":
            x, y = y, getattr(tnp, UNARY[n % len(UNARY)])(x)
        elif kind == "binary":
            name = BINARY[n % len(BINARY)]
            z = tnp.where(x > y, x, y * 0.5) if name == "where" else getattr(tnp, name)(x, y)
            x, y = y, z
        elif kind == "slice":
            x = x + (x[n % 4 :] * 2).shape[0]
        elif kind == "mask":
            x = x * 0.5 + x[x > y].shape[0]
        elif kind == "reverse":
            y = y[::-1] - 1
        elif kind == "set":
            if x.shape[0] > 2:
                x = x.at[n % 3].set(y[0])
        elif kind == "if":
            if x[n % 2] > y[0]:
                x, y = run(inner, x, y)
            else:
                y = y * 0.25
        elif kind == "while":
            i = 0
            while i < n and x[0] < 100:
                x, y = run(inner, x, y)
                i += 1
        else:
            for r in x:
                if r > 50:
                    break
                y = y + r
            x, y = run(inner, y, x)
    return x, y


@settings(max_examples=25, deadline=None)
@given(programs(), st.integers(0, 2**32 - 1))
def test_eager_against_compiled(steps, seed):
    rng = np.random.default_rng(seed)
    f = tnp.function(lambda x, y: run(steps, x, y))
    with tnp.errstate(all="ignore"):
        for size in (5, 3, 8):
            x, y = rng.normal(size=size), rng.normal(size=size)
            for got, want in zip(f(x, y), run(steps, tnp.asarray(x), tnp.asarray(y)), strict=True):
                assert got.dtype == want.dtype
                np.testing.assert_array_equal(np.asarray(got), np.asarray(want))
