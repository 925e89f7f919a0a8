"""A whole training step of the digits example, compiled, against the same in JAX: with and without the host function.

The step is the network, cross-entropy, its gradient, and Adam on all parameters, on 64 images. The augmentation of the
example takes the same time in both, and is replaced by a copy; what is compared is how a host function is reached.
"""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from types import ModuleType

import numpy as np
from benchmarks.timing import Row, compare, show


def example() -> ModuleType:
    """examples/01_digits.py, with an augmentation that does nothing."""
    path = Path(__file__).resolve().parent.parent.parent / "examples" / "01_digits.py"
    spec = importlib.util.spec_from_file_location("digits", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.augment = np.copy
    return module


def jax_step(digits: ModuleType, host: bool):
    """The step as a function of the state, which it takes over, and a batch."""
    import jax
    import jax.numpy as jnp

    def loss_of(parameters, x, labels):
        z = digits.logits(x, *parameters, np=jnp)
        z = z - z.max(axis=1, keepdims=True)
        log_probabilities = z - jnp.log(jnp.exp(z).sum(axis=1, keepdims=True))
        one_hot = labels[:, None] == jnp.arange(digits.CLASSES)
        return -jnp.where(one_hot, log_probabilities, 0).sum(axis=1).mean()

    def step(state, images, labels):
        parameters, first, second, count = state
        x = jax.pure_callback(np.copy, jax.ShapeDtypeStruct(images.shape, images.dtype), images) if host else images
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, labels)
        count = count + 1.0
        rate = digits.RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
        second = [0.999 * v + 0.001 * g * g for v, g in zip(second, gradients, strict=True)]
        new = zip(parameters, first, second, strict=True)
        parameters = [p - rate * m / (jnp.sqrt(v) + 1e-7) for p, m, v in new]
        return (parameters, first, second, count), loss

    return jax.jit(step, donate_argnums=0)


def row(digits: ModuleType, host: bool, images: np.ndarray, labels: np.ndarray) -> Row:
    """Both, from the arrays of a batch to the loss as a number."""
    import jax
    import jax.numpy as jnp
    import tnp

    if not host:
        digits.tnp = _WithoutHost(tnp)
    model = digits.Model()
    ours = tnp.function(model.step)
    theirs = jax_step(digits, host)
    start = [jnp.asarray(p) for p in digits.initial_parameters()]
    state = [(start, [jnp.zeros_like(p) for p in start], [jnp.zeros_like(p) for p in start], jnp.float32(0))]

    def peer() -> float:
        state[0], loss = theirs(state[0], images, labels)
        return float(loss)

    first, second = float(ours(images, labels)), peer()
    assert abs(first - second) < 1e-3 * abs(second), (first, second)
    name = "with a host function" if host else "without"
    try:
        jax.block_until_ready(state[0])
        return compare(name, lambda: float(ours(images, labels)), "JAX", peer, 0.5, seconds=2)
    finally:
        digits.tnp = tnp


class _WithoutHost:
    """tnp, but a host function is its arguments."""

    def __init__(self, tnp: ModuleType) -> None:
        self._tnp = tnp

    def numpy_function(self, _function, arguments, _result):
        """The first argument."""
        return arguments[0]

    def __getattr__(self, name: str):
        return getattr(self._tnp, name)


def main() -> None:
    """Prints all of it."""
    start = time.perf_counter()
    digits = example()
    images, _, labels, _ = digits.load()
    images, labels = images[: digits.BATCH], labels[: digits.BATCH]
    show("A training step of the digits example", [row(digits, host, images, labels) for host in (True, False)])
    print(f"\n({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
