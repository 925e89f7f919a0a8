"""Products of many small matrices and of matrices with their own transposes, in all layouts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tnp

import numpy as np

LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rows": lambda x: x,
    "columns": lambda x: x.swapaxes(-1, -2).copy().swapaxes(-1, -2),
    "backwards": lambda x: x[..., ::-1, ::-1].copy()[..., ::-1, ::-1],
    "with gaps": lambda x: np.repeat(np.repeat(x, 2, -1), 3, 0)[::3, ..., ::2],
    "the same for all": lambda x: np.broadcast_to(x[:1], x.shape),
}


def numbers(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    rng = np.random.default_rng(sum(shape))
    x = rng.integers(-9, 10, shape)
    return (x + 1j * rng.integers(-9, 10, shape)).astype(dtype) if dtype[0] == "c" else x.astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int32"])
@pytest.mark.parametrize("y_layout", LAYOUTS)
@pytest.mark.parametrize("x_layout", LAYOUTS)
def test_many_small_products(x_layout: str, y_layout: str, dtype: str) -> None:
    """The numbers are whole, so that no order of sums rounds."""
    for m, k, n in ((3, 3, 3), (8, 8, 8), (2, 5, 7), (4, 1, 16), (5, 9, 17), (6, 4, 1), (1, 3, 2)):
        x = LAYOUTS[x_layout](numbers((11, m, k), dtype))
        y = LAYOUTS[y_layout](numbers((11, k, n), dtype))
        np.testing.assert_array_equal(np.asarray(tnp.asarray(x) @ tnp.asarray(y)), x @ y)


def test_broadcast_batches() -> None:
    """Batches of several dimensions, of which each operand has some."""
    x, y = numbers((3, 1, 4, 3, 3), "float64"), numbers((5, 1, 3, 6), "float64")
    np.testing.assert_array_equal(np.asarray(tnp.asarray(x) @ tnp.asarray(y)), x @ y)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_a_matrix_times_its_own_transpose(dtype: str, threads: int) -> None:
    """Exact, thus symmetric, in both orders, of contiguous memory and of a part of a wider matrix."""
    with tnp.threads(threads):
        for n, k in ((37, 200), (150, 90), (301, 65), (80, 3000)):
            x = numbers((n, k + 5), dtype)
            t = tnp.asarray(x)
            for a, b in ((t, x), (t[:, :k], x[:, :k]), (t[::2], x[::2]), (t[::-1], x[::-1])):
                np.testing.assert_array_equal(np.asarray(a @ a.T), b @ b.T)
                np.testing.assert_array_equal(np.asarray(a.T @ a), b.T @ b)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32", "float64", "complex64"])
@pytest.mark.parametrize("m", [1, 3, 15, 16, 17, 33, 1000])
def test_tall_matrices_times_narrow_ones(dtype, m):
    """Fewer columns than a vector holds, and rows shorter than one."""
    rng = np.random.default_rng(m)
    for k in (1, 2, 3, 5, 8, 15, 16, 17, 20):
        for n in (1, 2, 3, 4, 5, 6, 7, 9, 12, 15, 17):
            a, b = rng.integers(-9, 9, (m, k)).astype(dtype), rng.integers(-9, 9, (n, k)).astype(dtype).T
            assert np.array_equal(tnp.asarray(a) @ tnp.asarray(b), a @ b)
        v = rng.integers(-9, 9, k).astype(dtype)
        assert np.array_equal(tnp.asarray(a) @ tnp.asarray(v), a @ v)
        assert np.array_equal(tnp.asarray(v) @ tnp.asarray(np.ascontiguousarray(a)).T, v @ a.T)


def test_a_row_is_the_same_among_others():
    """However many threads and rows there are."""
    rng = np.random.default_rng(0)
    for k, n in ((3, 3), (3, 5), (7, 1), (2, 7)):
        a, b = tnp.asarray(rng.standard_normal((40000, k))), tnp.asarray(rng.standard_normal((k, n)))
        whole = np.asarray(a @ b)
        assert np.array_equal(whole[17:3000], a[17:3000] @ b)
        with tnp.threads(1):
            assert np.array_equal(whole, a @ b)
