"""einops takes tnp's arrays, eager and traced: its own functions, by a backend that tnp adds, and those of array_api."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tnp

import numpy as np

E = pytest.importorskip("einops.array_api")

PATTERNS: list[Callable[..., object]] = [
    lambda x: E.rearrange(x, "b (h w) c -> b c h w", w=1),
    lambda x: E.rearrange(x, "b h w -> (b w) h"),
    lambda x: E.reduce(x, "b h w -> b w", "max"),
    lambda x: E.reduce(x * 1.0, "b h (w k) -> b w", "mean", k=2),
    lambda x: E.repeat(x, "b h w -> b (h r) w", r=2),
    lambda x: E.rearrange([x, x], "k b h w -> b k h w"),
    lambda x: E.unpack(E.pack([x, x], "* h w")[0], [(2,), (2,)], "* h w")[1],
]


@pytest.mark.parametrize("f", PATTERNS)
def test_as_with_numpy(f: Callable[..., object]) -> None:
    """The results are tnp's, with NumPy's elements."""
    x = np.arange(24).reshape(2, 3, 4)
    ours, theirs = f(tnp.asarray(x)), f(x)
    assert isinstance(ours, tnp.ndarray)
    np.testing.assert_array_equal(np.asarray(ours), theirs)


def test_traced() -> None:
    """With the sizes of the trace."""
    f = tnp.function(lambda x: E.rearrange(x, "a b c -> (c a) b"))
    assert f(tnp.zeros((2, 3, 4))).shape == (8, 3)


OWN = [
    lambda e, x: e.rearrange(x, "b (h w) c -> b c h w", w=1),
    lambda e, x: e.rearrange([x, x], "k b h w -> b k h w"),
    lambda e, x: e.rearrange(x, "a ... -> ... a"),
    lambda e, x: e.reduce(x, "b h w -> b w", "max"),
    lambda e, x: e.reduce(x * 1.0, "b h (w k) -> b w", "mean", k=2),
    lambda e, x: e.reduce(x > 3, "a b c -> a", "any"),
    lambda e, x: e.repeat(x, "b h w -> b (h r) w", r=2),
    lambda e, x: e.unpack(e.pack([x, x], "* h w")[0], [(2,), (2,)], "* h w")[1],
    lambda e, x: e.einsum(x, x, "a b c, a b d -> a c d"),
]


@pytest.mark.parametrize("f", OWN)
def test_own_functions(f: Callable[..., object]) -> None:
    """Of einops itself, in traced functions too."""
    import einops

    x = np.arange(24).reshape(2, 3, 4)
    expected = f(einops, x)
    for run in (f, lambda e, x: tnp.function(lambda y: f(e, y))(x)):
        ours = run(einops, tnp.asarray(x))
        assert isinstance(ours, tnp.ndarray)
        np.testing.assert_array_equal(np.asarray(ours), expected)


def test_gradients_and_batches() -> None:
    """Through einops' functions."""
    import einops

    x = tnp.arange(6.0).reshape(2, 3)
    assert tnp.grad(lambda y: einops.reduce(y**2, "a b -> ", "sum"))(x).tolist() == (2 * x).tolist()
    assert tnp.vmap(lambda y: einops.rearrange(y, "a b -> b a"))(tnp.ones((4, 2, 3))).shape == (4, 3, 2)


@pytest.mark.parametrize("first", ["tnp", "einops"])
def test_in_either_order_of_imports(first: str) -> None:
    """Whichever library comes first, and where it never comes."""
    import subprocess
    import sys

    second = {"tnp": "einops", "einops": "tnp"}[first]
    code = f"import {first}, {second}; print(einops.rearrange(tnp.ones((2, 3)), 'a b -> b a').shape)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "(3, 2)", run.stderr
