"""What one call leaves behind must not show in the next: floating-point exceptions are told by who raised them."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import tnp

import numpy as np

ZEROS = tnp.zeros(3)


def ignored_numpy() -> None:
    """NumPy's own arithmetic, which leaves the processor's flags set."""
    with np.errstate(all="ignore"):
        np.log(np.zeros(5))
        np.float64(1e300) * np.float64(1e300)


CALLS: dict[str, Callable[[], object]] = {
    "numpy": ignored_numpy,
    "function": lambda: tnp.function(lambda a: 1 / a)(ZEROS),
    "vmap": lambda: tnp.vmap(lambda a: 1 / a)(ZEROS),
    "vectorized_map": lambda: tnp.vectorized_map(lambda a: 1 / a, ZEROS),
    "jvp": lambda: tnp.jvp(tnp.log, (ZEROS,), (tnp.ones(3),)),
    "grad": lambda: tnp.grad(lambda a: tnp.sqrt(a).sum())(ZEROS),
    "inv": lambda: tnp.linalg.inv(tnp.zeros((2, 2))),
    "error": lambda: tnp.concatenate([1 / ZEROS, tnp.ones((3, 1))]),
}


@pytest.mark.parametrize("name", CALLS)
def test_flags_are_not_told_by_the_next_call(name: str) -> None:
    """The next call does not warn, whether this one warned, failed, or was silent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            CALLS[name]()
        except (ValueError, np.linalg.LinAlgError):
            pass
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tnp.asarray([1.0])
        tnp.add(tnp.ones(3), 1)
        tnp.asarray(np.arange(3.0), dtype="float32")


def test_flags_of_an_own_operation_are_told() -> None:
    """Nothing of the above silences the operation itself."""
    with pytest.warns(RuntimeWarning, match="divide by zero encountered in divide"):
        1 / ZEROS
