"""einops.array_api takes tnp's arrays, eager and traced. (einops' own functions know a fixed list of libraries.)"""

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
