"""A typed program: mypy checks it in strict mode, and it runs. What is no type is an error in wrong.py."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, assert_type

import tnp
import tnp.array_api as xp
from tnp.typing import ArrayLike, DTypeLike, ShapeLike, StrictArray

import numpy as np


class Layer:
    """A matrix and a vector that are trained."""

    def __init__(self, n: int, m: int, rng: tnp.random.Generator) -> None:
        self.weights = tnp.Variable(rng.normal(scale=n**-0.5, size=(n, m)), name="weights")
        self.bias = tnp.Variable(tnp.zeros(m, dtype=tnp.float64))

    def __call__(self, x: tnp.ndarray) -> tnp.ndarray:
        return tnp.tanh(x @ self.weights + self.bias)

    @property
    def variables(self) -> list[tnp.Variable]:
        return [self.weights, self.bias]


def scaled(x: ArrayLike, dtype: DTypeLike = "float32", shape: ShapeLike | None = None) -> tnp.ndarray:
    y = tnp.asarray(x, dtype=dtype)
    return (y - y.min()) / tnp.ptp(y) if shape is None else y.reshape(shape)


def train() -> float:
    rng = tnp.random.default_rng(1)
    layers = [Layer(3, 8, rng), Layer(8, 1, rng)]
    x = rng.uniform(-1, 1, size=(64, 3))
    y = tnp.sum(x**2, axis=1, keepdims=True)

    @tnp.function
    def loss_of(x: tnp.ndarray, y: tnp.ndarray) -> tnp.ndarray:
        for layer in layers:
            x = layer(x)
        return tnp.mean(tnp.square(x - y))

    variables = [v for layer in layers for v in layer.variables]
    for _ in range(150):
        with tnp.GradientTape() as tape:
            loss = loss_of(x, y)
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(0.3 * gradient)
    assert_type(loss, tnp.ndarray)
    print(loss_of.cost(x, y)["kernels"], loss_of.graph(x, y).num_operations, len(loss_of.explain()) > 0)
    return float(loss)


@tnp.function(static_argnames="k", name="powers")
def powers(x: tnp.ndarray, k: int) -> tuple[tnp.ndarray, ...]:
    return tuple(x**i for i in range(k))


def creation() -> None:
    assert_type(tnp.linspace(0, 1, 5), tnp.ndarray)
    values, step = tnp.linspace(0, 1, 5, retstep=True)
    assert_type(step, tnp.ndarray)
    assert_type(tnp.meshgrid([1, 2], [3], indexing="ij"), tuple[tnp.ndarray, ...])
    assert_type(tnp.indices((2, 3), sparse=True), tuple[tnp.ndarray, ...])
    assert_type(tnp.mgrid[0:2, 0:3:4j], tnp.ndarray)
    assert_type(tnp.r_[1:4, 0, values], tnp.ndarray)
    tnp.zeros((2, 3), dtype=int), tnp.full(3, 1.5, np.float32), tnp.eye(3, k=1), tnp.arange(3, dtype="uint8")
    tnp.array([[1, 2], [3, 4]], ndmin=3), tnp.asarray(np.ones(3), copy=False), tnp.frombuffer(b"1234", dtype=tnp.uint8)
    tnp.fromiter((i * i for i in range(4)), float), tnp.ndarray((2, 2), float)
    assert_type(tnp.float32(3), tnp.ndarray)
    assert_type(tnp.dtype("int8"), tnp.dtype)
    assert_type(tnp.fromfunction(lambda i, j: tnp.asarray(i + j), (2, 2)), tnp.ndarray)


def arrays(x: tnp.ndarray) -> None:
    assert_type(x.shape, tuple[int, ...])
    assert_type(x.ndim + x.size + x.nbytes, int)
    assert_type(x.dtype, tnp.dtype)
    assert_type(x.T @ x, tnp.ndarray)
    assert_type(x.real + 1j * x.imag, tnp.ndarray)
    assert_type(x[0, ..., None], tnp.ndarray)
    assert_type(x[x > 1], tnp.ndarray)
    assert_type(x[[0, 1]][:, [True, False, True]][::-1], tnp.ndarray)
    assert_type(x.at[0, 1:].set(5).at[0].add([1, 2, 3]), tnp.ndarray)
    assert_type(-x + 1 - 2.5 * x / 3 // 1 % 2 ** abs(x), tnp.ndarray)
    assert_type(x + np.ones(3) + [1, 2, 3], tnp.ndarray)
    assert_type((x == 1) & (x <= 2) | ~(x > 3), tnp.ndarray)
    assert_type(divmod(x, 2), tuple[tnp.ndarray, tnp.ndarray])
    assert_type(x.astype(tnp.int32, casting="unsafe").view("uint32"), tnp.ndarray)
    assert_type(x.sum(axis=(0, 1), keepdims=True).max(), tnp.ndarray)
    assert_type(x.nonzero(), tuple[tnp.ndarray, ...])
    assert_type(x.tobytes(), bytes)
    x = x.reshape(3, -1).transpose(1, 0).swapaxes(0, 1).ravel(order="F")
    total: float = x.sum().item()
    numbers: list[float] = x.tolist()
    print(total, numbers, len(x), 3.0 in x, [float(v) for v in x], bool(x[0] == 0), int(x[0]), f"{x[0]:.2f}")
    x += 1
    assert_type(x, tnp.ndarray)


def functions(x: tnp.ndarray) -> None:
    assert_type(tnp.exp(x, where=x > 0, dtype="float64"), tnp.ndarray)
    assert_type(tnp.modf(x), tuple[tnp.ndarray, tnp.ndarray])
    assert_type(tnp.add.reduce(x, axis=0) + tnp.multiply.outer([1, 2], [3, 4]).sum(), tnp.ndarray)
    assert_type(tnp.matmul(x, x.T, axes=[(-2, -1), (-2, -1), (-2, -1)]), tnp.ndarray)
    assert_type(tnp.where(x > 1), tuple[tnp.ndarray, ...])
    assert_type(tnp.where(x > 1, x, 0), tnp.ndarray)
    assert_type(tnp.unique(x), tnp.ndarray)
    assert_type(tnp.unique(x, return_counts=True), tuple[tnp.ndarray, tnp.ndarray])
    assert_type(tnp.unique(x, return_index=True, return_inverse=True), tuple[tnp.ndarray, tnp.ndarray, tnp.ndarray])
    assert_type(tnp.unique_counts(x).counts, tnp.ndarray)
    assert_type(tnp.split(x, [1], axis=1), list[tnp.ndarray])
    assert_type(tnp.histogram(x, bins="auto", range=(0, 9)), tuple[tnp.ndarray, tnp.ndarray])
    assert_type(tnp.average(x, axis=0, weights=[1, 2], returned=True), tuple[tnp.ndarray, tnp.ndarray])
    assert_type(tnp.atleast_2d(x, [1]), tuple[tnp.ndarray, ...])
    assert_type(tnp.allclose(x, x), bool)
    assert_type(tnp.result_type(x, 1.5, "int8"), tnp.dtype)
    assert_type(tnp.broadcast_shapes((2, 1), 3), tuple[int, ...])
    assert_type(tnp.gradient(x, 2.0, axis=0), tnp.ndarray)
    assert_type(tnp.polyval(tnp.poly1d([1, 2]), 3), tnp.ndarray)
    assert_type(tnp.polyadd(tnp.poly1d([1, 2]), [1]), tnp.poly1d)
    assert_type(tnp.polyadd([1, 2], [1]), tnp.ndarray)
    assert_type(tnp.polyfit([1, 2, 3], [2, 4, 6], 1), tnp.ndarray)
    tnp.sort(x, axis=None, kind="stable"), tnp.argsort(x, stable=True), tnp.partition(x, 1), tnp.searchsorted([1, 2], x)
    (
        tnp.percentile(x, [25, 75], method="hazen"),
        tnp.std(x, ddof=1, where=x > 0),
        tnp.clip(x, 0, None),
        tnp.pad(x, 1, "edge"),
    )
    (
        tnp.einsum("ij,kj->ik", x, x, optimize="greedy"),
        tnp.tensordot(x, x, axes=([1], [1])),
        tnp.stack([x, x]),
        tnp.vstack(x),
    )
    (
        tnp.concatenate([x, np.ones((1, 3))], axis=0, dtype="float32"),
        tnp.take(x, [0], axis=1, mode="clip"),
        tnp.roll(x, (1, 2), (0, 1)),
    )
    assert_type(tnp.array2string(x, precision=3, formatter={"float_kind": lambda v: f"{v:.1f}"}), str)
    assert_type(tnp.vectorize(lambda a, b: a + b, otypes=[float])(x, 1), Any)
    assert_type(tnp.apply_along_axis(tnp.sum, 1, x), tnp.ndarray)
    for index, value in tnp.ndenumerate(x):
        assert_type((index, value), tuple[tuple[int, ...], tnp.ndarray])
    with tnp.errstate(divide="ignore"), tnp.printoptions(precision=3), tnp.threads(1), tnp.promotion("all"):
        print(1 / x, tnp.finfo(tnp.float32).eps, tnp.iinfo("int8").max)
    file = io.BytesIO()
    tnp.savez(file, a=x)
    file.seek(0)
    with tnp.load(file) as archive:
        print(archive["a"])


def matrices(a: tnp.ndarray, b: tnp.ndarray) -> None:
    assert_type(tnp.linalg.eigh(a).eigenvalues, tnp.ndarray)
    q, r = tnp.linalg.qr(a)
    assert_type(q @ r, tnp.ndarray)
    assert_type(tnp.linalg.qr(a, mode="r"), tnp.ndarray)
    assert_type(tnp.linalg.svd(a).Vh, tnp.ndarray)
    assert_type(tnp.linalg.svd(a, compute_uv=False), tnp.ndarray)
    assert_type(tnp.linalg.norm(a, "fro") + tnp.linalg.cond(a) + tnp.linalg.slogdet(a).logabsdet, tnp.ndarray)
    solution, _, rank, _ = tnp.linalg.lstsq(a, b)
    assert_type(solution[: int(rank)], tnp.ndarray)
    try:
        tnp.linalg.inv(tnp.zeros((2, 2)))
    except tnp.linalg.LinAlgError as error:
        print(error)
    assert_type(tnp.fft.ifft(tnp.fft.fft(b, norm="ortho"), n=8), tnp.ndarray)
    assert_type(tnp.fft.fftn(a, axes=(0,)) + tnp.fft.fftfreq(3, d=0.1), tnp.ndarray)


def random() -> None:
    tnp.random.seed(3)
    rng: tnp.random.Generator = tnp.random.default_rng(tnp.random.SeedSequence([1, 2]))
    assert_type(rng.integers(0, [5, 10], size=(3, 2), dtype="uint8"), tnp.ndarray)
    assert_type(rng.choice(["a", "b"], p=[0.5, 0.5], replace=True), tnp.ndarray)
    assert_type(rng.bytes(3), bytes)
    assert_type(rng.spawn(2), list[tnp.random.Generator])
    assert_type(rng.multivariate_normal([0, 0], tnp.eye(2), method="cholesky"), tnp.ndarray)
    assert_type(rng.permutation(5) + rng.shuffle(tnp.arange(5)), tnp.ndarray)
    print(tnp.random.rand(2, 3), tnp.random.normal(size=3), tnp.random.PCG64(1).jumped().state["bit_generator"])


def transformations(x: tnp.ndarray) -> None:
    def square(x: tnp.ndarray, scale: float = 2.0) -> tnp.ndarray:
        return tnp.sum(x * x) * scale

    slope: Callable[..., Any] = tnp.grad(square)
    print(slope(x), tnp.hessian(square)(x), tnp.grad(square)(x, scale=3.0), tnp.value_and_grad(square)(x)[0])
    value, pullback = tnp.vjp(square, x)
    assert_type(value, tnp.ndarray)
    print(pullback(tnp.ones(())))
    assert_type(tnp.jvp(square, (x,), (x,)), tuple[tnp.ndarray, tnp.ndarray])
    assert_type(tnp.vmap(square, in_axes=0)(x), tnp.ndarray)
    assert_type(tnp.checkpoint(square)(x), tnp.ndarray)
    assert_type(tnp.stop_gradient(x), tnp.ndarray)
    assert_type(tnp.cond(x.sum() > 0, lambda: x, lambda: -x), tnp.ndarray)
    assert_type(tnp.fori_loop(0, 3, lambda i, v: v + i, 0.0), tnp.ndarray)
    assert_type(tnp.fori_loop(0, 3, lambda i, v: v + i, x), tnp.ndarray)
    assert_type(tnp.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * 2), [0, x]), list[Any])
    print(tnp.scan(lambda total, row: (total + row, total), tnp.zeros(3), x)[1])
    assert_type(tnp.numpy_function(np.sort, [x], tnp.float64), tnp.ndarray)
    assert_type(tnp.numpy_function(np.sort, [x], [tnp.float64]), list[tnp.ndarray])
    with tnp.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = square(x)
    print(tape.gradient(y, x) * 2)
    assert_type(tape.gradient(y, {"x": x}), dict[str, Any])
    assert_type(powers(x, k=3), tuple[tnp.ndarray, ...])

    @tnp.custom_gradient
    def clipped(x: tnp.ndarray) -> tuple[tnp.ndarray, Callable[..., tnp.ndarray]]:
        return tnp.clip(x, -1, 1), lambda g: g

    assert_type(clipped(x), tnp.ndarray)


def strict() -> None:
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]], dtype=xp.float64)
    y: StrictArray = xp.sum(x * 2, axis=0) + xp.ones(2)
    y[0] = 5
    y += 1
    print(xp.linalg.eigh(x).eigenvalues, xp.fft.fft(xp.astype(y, xp.complex128)), xp.unique_all(y).indices, y.shape[0])
    print(
        x.T @ x,
        xp.where(x > 1, x, xp.zeros_like(x)),
        xp.finfo(xp.float32).eps,
        x.to_device(x.device)[0, :],
        float(y[0]),
    )


def main() -> None:
    creation()
    arrays(tnp.arange(6.0).reshape(2, 3))
    functions(tnp.arange(6.0).reshape(2, 3) + 1)
    matrices(tnp.asarray([[2.0, 1, 0], [1, 3, 1], [0, 1, 4]]), tnp.ones(3))
    random()
    transformations(tnp.arange(6.0).reshape(2, 3))
    strict()
    print(scaled([1, 2, 3]), scaled(range(4), shape=(2, 2)), train() < 0.4)


if __name__ == "__main__":
    main()
