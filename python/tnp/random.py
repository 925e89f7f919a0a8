"""Random numbers: counter-based (Philox), so a stream is the same eager or compiled, on any number of threads."""

from ._core.random import (  # noqa: F401
    Generator,
    default_rng,
    normal,
    rand,
    randint,
    randn,
    random,
    random_sample,
    seed,
    standard_normal,
    uniform,
)
