"""Random numbers: counter-based (Philox), so a stream is the same eager or compiled, on any number of threads."""

from __future__ import annotations

from typing import Any

from . import _core
from ._core.random import BitGenerator, Generator, Philox, RandomState, SeedSequence, default_rng


class PCG64(BitGenerator):
    """A name of NumPy's: the stream is tnp's own, Philox, as counting is what makes it independent of threads."""


class PCG64DXSM(BitGenerator):
    """A name of NumPy's: the stream is tnp's own, Philox, as counting is what makes it independent of threads."""


class MT19937(BitGenerator):
    """A name of NumPy's: the stream is tnp's own, Philox, as counting is what makes it independent of threads."""


class SFC64(BitGenerator):
    """A name of NumPy's: the stream is tnp's own, Philox, as counting is what makes it independent of threads."""


def _restore(cls: type[BitGenerator], state: dict[str, Any]) -> BitGenerator:
    """Of a pickle."""
    b = cls(0)
    b.state = state
    return b


globals().update(_core.random.functions)
ranf = sample = _core.random.functions["random_sample"]

__all__ = [
    "MT19937",
    "PCG64",
    "PCG64DXSM",
    "SFC64",
    "BitGenerator",
    "Generator",
    "Philox",
    "RandomState",
    "SeedSequence",
    "default_rng",
    "ranf",
    "sample",
]
__all__ += list(_core.random.functions)
