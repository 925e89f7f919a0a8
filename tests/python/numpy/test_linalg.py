"""tnp.linalg against numpy.linalg: values, types, shapes, classes of results and errors; gradients against differences."""

from __future__ import annotations

import warnings

import pytest
import tnp

import numpy as np

TYPES = ["float32", "float64", "complex64", "complex128"]
INPUTS = [*TYPES, "int32", "bool"]
NAMES = [n for n in np.linalg.__all__ if n not in ("test", "LinAlgError")]


def matrices(shape, dtype="float64", seed=0):
    """Well-conditioned where they are square."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(-1, 1, shape)
    if dtype.startswith("complex"):
        a = a + 1j * rng.uniform(-1, 1, shape)
    if dtype.startswith("int"):
        a = np.round(a * 10)
    if len(shape) > 1 and shape[-1] == shape[-2]:
        a = a + 3 * np.eye(shape[-1])
    return a.astype(dtype)


def hermitian(shape, dtype="float64", seed=0):
    """Positive definite, too."""
    a = matrices(shape, dtype, seed)
    return (a @ np.conj(a).swapaxes(-1, -2)).astype(dtype)


def close(got, expected, tolerance=None):
    """Equal types and shapes, equal values within what the type resolves; named tuples of the same name and fields."""
    if isinstance(expected, tuple):
        assert isinstance(got, tuple) and len(got) == len(expected)
        assert type(got).__name__ == type(expected).__name__
        assert getattr(got, "_fields", None) == getattr(expected, "_fields", None)
        for g, e in zip(got, expected, strict=True):
            close(g, e, tolerance)
        return
    mine, theirs = np.asarray(got), np.asarray(expected)
    assert mine.dtype == theirs.dtype and mine.shape == theirs.shape, (
        mine.dtype,
        theirs.dtype,
        mine.shape,
        theirs.shape,
    )
    if tolerance is None:
        tolerance = 2e-4 if mine.real.dtype == np.float32 else 1e-10
    np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)


def check(f, *arrays, tolerance=None, traced=True):
    """f(module, *arrays) by both modules, tnp's eager and in a compiled function."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = f(np, *arrays)
        close(f(tnp, *map(tnp.asarray, arrays)), expected, tolerance)
        if traced:
            got = tnp.function(lambda *xs: f(tnp, *xs))(*map(tnp.asarray, arrays))
            assert type(got).__name__ == type(f(tnp, *map(tnp.asarray, arrays))).__name__
            close(got, expected, tolerance)


def test_every_name_is_there():
    """With NumPy's error class."""
    assert [n for n in NAMES if not hasattr(tnp.linalg, n)] == []
    assert tnp.linalg.LinAlgError is np.linalg.LinAlgError
    from tnp.linalg import solve

    assert solve is tnp.linalg.solve


SQUARE = {
    "det": lambda m, a: m.linalg.det(a),
    "slogdet": lambda m, a: m.linalg.slogdet(a),
    "inv": lambda m, a: m.linalg.inv(a),
    "power": lambda m, a: m.linalg.matrix_power(a, 5),
    "negative power": lambda m, a: m.linalg.matrix_power(a, -3),
    "power 0": lambda m, a: m.linalg.matrix_power(a, 0),
    "cond": lambda m, a: m.linalg.cond(a),
    "cond 1": lambda m, a: m.linalg.cond(a, 1),
    "cond fro": lambda m, a: m.linalg.cond(a, "fro"),
    "cond -2": lambda m, a: m.linalg.cond(a, -2),
}


@pytest.mark.parametrize("dtype", INPUTS)
@pytest.mark.parametrize("name", SQUARE)
def test_square(name, dtype):
    """Single matrices and stacks."""
    for shape in ((3, 3), (2, 1, 4, 4)):
        a = matrices(shape, dtype)
        if dtype == "bool":
            a = np.broadcast_to(np.tri(shape[-1], dtype=bool), shape)
            if "power" in name and "negative" not in name:
                continue  # NumPy's products of booleans take another way
        check(SQUARE[name], a)


@pytest.mark.parametrize("dtype", INPUTS)
def test_decompositions(dtype):
    """Vectors may differ in sign or phase in single precision, as NumPy computes in double: their products do not."""
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 0), (0, 2), (0, 3, 2)):
        a = matrices(shape, dtype)
        x = tnp.asarray(a)
        wide = np.asarray(a, np.result_type(a, np.float32) if a.dtype.kind in "fc" else np.float64)
        for full in (False, True):
            u, s, vh = tnp.linalg.svd(x, full_matrices=full)
            eu, es, evh = np.linalg.svd(a, full_matrices=full)
            assert u.shape == eu.shape and vh.shape == evh.shape and u.dtype == eu.dtype and s.dtype == es.dtype
            close(s, es)
            k = s.shape[-1]
            close(tnp.matmul(u[..., :k] * s[..., None, :], vh[..., :k, :]), wide)
            close(
                tnp.matmul(tnp.conj(u).mT, u),
                np.broadcast_to(np.eye(eu.shape[-1]), (*eu.shape[:-2], *[eu.shape[-1]] * 2)).astype(eu.dtype),
            )
        check(lambda m, a: m.linalg.svd(a, compute_uv=False), a)
        check(lambda m, a: m.linalg.svdvals(a), a)
        for mode in ("reduced", "complete", "r", "raw"):
            check(lambda m, a, mode=mode: m.linalg.qr(a, mode), a)


@pytest.mark.parametrize("uplo", ["L", "u"])
@pytest.mark.parametrize("dtype", TYPES)
def test_hermitian(dtype, uplo):
    """From one triangle only."""
    for shape in ((3, 3), (2, 4, 4), (0, 0)):
        a = hermitian(shape, dtype)
        spoiled = (np.tril(a) if uplo == "L" else np.triu(a)) + 0
        check(lambda m, a: m.linalg.eigvalsh(a, UPLO=uplo), spoiled)
        w, v = tnp.linalg.eigh(tnp.asarray(spoiled), UPLO=uplo)
        assert type(tnp.linalg.eigh(tnp.asarray(a))).__name__ == "EighResult"
        close(tnp.matmul(v * w[..., None, :].astype(v.dtype), tnp.conj(v).mT), a)
        check(lambda m, a: m.linalg.cholesky(a, upper=uplo == "u"), spoiled)
        check(lambda m, a: m.linalg.svd(a, compute_uv=False, hermitian=True), a)
        u, s, vh = tnp.linalg.svd(tnp.asarray(a - 2 * np.eye(shape[-1], dtype=dtype)), hermitian=True)
        close(tnp.matmul(u * s[..., None, :].astype(u.dtype), vh), a - 2 * np.eye(shape[-1], dtype=dtype))
        check(lambda m, a: m.linalg.pinv(a, hermitian=True), a)
        check(lambda m, a: m.linalg.matrix_rank(a, hermitian=True), a)


@pytest.mark.parametrize("dtype", INPUTS)
def test_eig(dtype):
    """Real where all eigenvalues are; complex in any case inside a traced function."""
    rotation = np.array([[0, -1], [1, 0]]).astype(dtype)
    triangle = np.array([[2, 1], [0, 3]]).astype(dtype) if dtype != "bool" else np.eye(2, dtype=bool)
    for a in (rotation, triangle, matrices((2, 3, 3), dtype) if dtype != "bool" else triangle):
        check(lambda m, a: m.linalg.eigvals(a), a, traced=False)
        got, expected = tnp.linalg.eig(a), np.linalg.eig(a)
        assert type(got).__name__ == "EigResult"
        close(got.eigenvalues, expected.eigenvalues)
        assert got.eigenvectors.dtype == expected.eigenvectors.dtype
        w, v = tnp.function(tnp.linalg.eig)(tnp.asarray(a))
        assert w.dtype.kind == "c" and v.dtype.kind == "c"
        close(tnp.matmul(tnp.asarray(a).astype(v.dtype), v), np.asarray(v * w[..., None, :]))


@pytest.mark.parametrize("dtype", INPUTS)
def test_solve(dtype):
    """A vector is one column; otherwise matrices, and stacks are broadcast."""
    a = matrices((3, 3), dtype) if dtype != "bool" else np.tri(3, dtype=bool)
    for shape in ((3,), (3, 1), (3, 4), (2, 3, 2), (3, 0)):
        check(lambda m, a, b: m.linalg.solve(a, b), a, matrices(shape, dtype, 1))
    stack = matrices((2, 3, 3), "float64")
    check(lambda m, a, b: m.linalg.solve(a, b), stack, matrices((3,), dtype, 1))
    check(lambda m, a, b: m.linalg.solve(a, b), stack, matrices((2, 3, 1), dtype, 1))
    check(lambda m, a: m.linalg.tensorinv(a), (matrices((4, 4), "float64")).reshape(2, 2, 4, 1))
    check(lambda m, a: m.linalg.tensorinv(a, ind=1), (matrices((4, 4), "float64")).reshape(4, 2, 2))
    cube = matrices((6, 6), "float64").reshape(2, 3, 6)
    check(lambda m, a, b: m.linalg.tensorsolve(a, b), cube, matrices((2, 3), "float64"))
    check(lambda m, a, b: m.linalg.tensorsolve(a, b, axes=(0,)), matrices((4, 4)).reshape(2, 4, 2), matrices((4,)))


@pytest.mark.parametrize("dtype", TYPES)
def test_least_squares(dtype):
    """Full rank, too few rows, dependent columns, nothing at all."""
    dependent = matrices((5, 3), dtype)
    dependent[:, 2] = dependent[:, 0] + dependent[:, 1]
    for a in (matrices((5, 3), dtype), matrices((3, 5), dtype), matrices((3, 3), dtype), dependent):
        for tail in ((), (2,)):
            b = matrices((a.shape[0], *tail), dtype, 1)
            x, residuals, rank, s = tnp.linalg.lstsq(a, b, rcond=1e-5)
            ex, er, erank, es = np.linalg.lstsq(a, b, rcond=1e-5)
            close(x, ex, 2e-3 if x.real.dtype == "float32" else None)
            close(residuals, er)
            assert int(rank) == erank and rank.dtype == np.int32
            close(s, es)
        for rcond in (None, 1e-3):
            check(
                lambda m, a, rcond=rcond: m.linalg.pinv(a, rcond) if rcond else m.linalg.pinv(a, rtol=1e-4),
                a,
                tolerance=2e-3 if (dtype[-2:] == "64" and dtype[0] == "c") or dtype == "float32" else None,
            )
        check(lambda m, a: m.linalg.matrix_rank(a, 1e-3), a)
        check(lambda m, a: m.linalg.matrix_rank(a, rtol=1e-3), a)
    for shape in ((0, 3), (3, 0)):
        a, b = np.zeros(shape, dtype), np.zeros(shape[0], dtype)
        for g, e in zip(tnp.linalg.lstsq(a, b), np.linalg.lstsq(a, b), strict=True):
            close(g, e)
        check(lambda m, a: m.linalg.pinv(a), a)


VECTOR_ORDERS = [None, 0, 1, 2, 3, -1, 0.5, np.inf, -np.inf]
MATRIX_ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


@pytest.mark.parametrize("dtype", [*INPUTS, "float16"])
def test_norms(dtype):
    """Every order, over vectors, matrices and stacks, kept dimensions."""
    tolerance = 2e-2 if dtype == "float16" else None
    a = matrices((2, 3, 4), dtype) if dtype != "bool" else np.arange(24).reshape(2, 3, 4) % 3 == 0
    check(lambda m, a: m.linalg.norm(a), a, tolerance=tolerance)
    check(lambda m, a: m.linalg.norm(a, keepdims=True), a, tolerance=tolerance)
    for order in VECTOR_ORDERS:
        if dtype == "bool" and order in (-1, -np.inf):
            continue
        check(lambda m, a, o=order: m.linalg.norm(a, o, axis=1, keepdims=True), a, tolerance=tolerance)
        check(lambda m, a, o=order: m.linalg.norm(a[0, 0], o), a, tolerance=tolerance)
        if order is not None:
            check(
                lambda m, a, o=order: m.linalg.vector_norm(a, axis=(0, 2), ord=o, keepdims=True), a, tolerance=tolerance
            )
            check(lambda m, a, o=order: m.linalg.vector_norm(a, ord=o), a, tolerance=tolerance)
    for order in MATRIX_ORDERS:
        if dtype == "float16" and order in ("nuc", 2, -2):
            continue  # no such type in LAPACK
        check(lambda m, a, o=order: m.linalg.norm(a, o, axis=(2, 0)), a, tolerance=tolerance)
        check(lambda m, a, o=order: m.linalg.norm(a[0], o, keepdims=True), a, tolerance=tolerance)
        if order is not None:
            check(lambda m, a, o=order: m.linalg.matrix_norm(a, ord=o, keepdims=True), a, tolerance=tolerance)
    check(lambda m, a: m.linalg.norm(a, axis=0), np.zeros((0, 3)))
    check(lambda m, a: m.linalg.norm(a, 1, axis=(0, 1)), np.zeros((0, 3)))


@pytest.mark.parametrize("dtype", ["int32", "float64", "complex128"])
def test_products(dtype):
    """What is also elsewhere, with numpy.linalg's signatures."""
    a, b, c, d = (matrices(s, dtype, i) for i, s in enumerate(((3, 5), (5, 2), (2, 6), (6, 4))))
    check(lambda m, *xs: m.linalg.multi_dot(xs), a, b)
    check(lambda m, *xs: m.linalg.multi_dot(xs), a, b, c)
    check(lambda m, *xs: m.linalg.multi_dot(xs), a, b, c, d)
    check(lambda m, *xs: m.linalg.multi_dot([xs[0][0], *xs[1:3], xs[3][:, 0]]), a, b, c, d)
    check(lambda m, *xs: m.linalg.multi_dot([xs[0][0], *xs[1:]]), a, b, c, d)
    x, y = matrices((4, 3), dtype), matrices((4, 3), dtype, 1)
    check(lambda m, x, y: m.linalg.cross(x, y), x, y)
    check(lambda m, x, y: m.linalg.cross(x.T, y.T, axis=0), x, y)
    check(lambda m, x, y: m.cross(x, y, axisa=1, axisb=-1, axisc=0), x, y)
    for f in (lambda m, x, y: m.cross(x[:, :2], y), lambda m, x, y: m.cross(x, y[:, :2])):
        check(f, x, y, traced=False)  # two elements must be known to be two
    check(lambda m, x, y: m.cross(x[:, :2], y[:, :2]), x, y, traced=False)
    check(lambda m, x, y: m.linalg.vecdot(x, y), x, y)
    check(lambda m, x, y: m.linalg.vecdot(x, y, axis=0), x, y)
    check(lambda m, x, y: m.linalg.outer(x[0], y[0]), x, y)
    check(lambda m, x, y: m.linalg.tensordot(x, y, axes=((0,), (0,))), x, y)
    check(lambda m, x, y: m.linalg.matmul(x, m.linalg.matrix_transpose(y)), x, y)
    check(lambda m, x: m.linalg.diagonal(x, offset=1), matrices((2, 3, 4), dtype))
    check(lambda m, x: m.linalg.trace(x, offset=-1), matrices((2, 3, 4), dtype))
    check(
        lambda m, x: m.linalg.trace(x, dtype="float32") if dtype == "int32" else m.linalg.trace(x),
        matrices((2, 3, 4), dtype),
    )


MISUSE = {
    "singular inv": lambda m: m.linalg.inv(m.ones((3, 3))),
    "singular solve": lambda m: m.linalg.solve(m.zeros((2, 2)), m.ones(2)),
    "not definite": lambda m: m.linalg.cholesky(-m.eye(3)),
    "not square": lambda m: m.linalg.inv(m.ones((2, 3))),
    "one-dimensional": lambda m: m.linalg.det(m.ones(3)),
    "scalar": lambda m: m.linalg.svd(1.0),
    "eig of nan": lambda m: m.linalg.eig(m.asarray([[float("nan"), 1.0], [1.0, 2.0]])),
    "svd of nan": lambda m: m.linalg.svd(m.full((3, 3), float("nan"))),
    "half": lambda m: m.linalg.inv(m.eye(2, dtype="float16")),
    "solve sizes": lambda m: m.linalg.solve(m.eye(3), m.ones(2)),
    "solve stacks": lambda m: m.linalg.solve(m.eye(3) + m.zeros((2, 1, 1)), m.ones((3, 3, 1))),
    "solve scalar": lambda m: m.linalg.solve(m.eye(3), 1.0),
    "lstsq sizes": lambda m: m.linalg.lstsq(m.ones((3, 2)), m.ones(2)),
    "lstsq stack": lambda m: m.linalg.lstsq(m.ones((2, 3, 2)), m.ones((2, 3))),
    "qr mode": lambda m: m.linalg.qr(m.eye(2), "economy"),
    "uplo": lambda m: m.linalg.eigh(m.eye(2), "X"),
    "vector order": lambda m: m.linalg.norm(m.ones(3), "fro"),
    "matrix order": lambda m: m.linalg.norm(m.ones((3, 3)), 3),
    "three axes": lambda m: m.linalg.norm(m.ones((3, 3, 3)), 2),
    "same axis twice": lambda m: m.linalg.norm(m.ones((3, 3)), axis=(0, -2)),
    "axis": lambda m: m.linalg.norm(m.ones((3, 3)), axis=2),
    "axis list": lambda m: m.linalg.norm(m.ones((3, 3)), axis=[0, 1]),
    "power": lambda m: m.linalg.matrix_power(m.eye(2), 1.5),
    "cond of nothing": lambda m: m.linalg.cond(m.zeros((0, 0))),
    "both tolerances": lambda m: m.linalg.matrix_rank(m.eye(2), 1.0, rtol=1.0),
    "both rcond": lambda m: m.linalg.pinv(m.eye(2), 1.0, rtol=1.0),
    "one array": lambda m: m.linalg.multi_dot([m.eye(2)]),
    "multi_dot of a stack": lambda m: m.linalg.multi_dot([m.eye(2), m.ones((2, 2, 2)), m.eye(2)]),
    "cross": lambda m: m.linalg.cross(m.ones(2), m.ones(2)),
    "outer": lambda m: m.linalg.outer(m.ones((2, 2)), m.ones(2)),
    "tensorinv": lambda m: m.linalg.tensorinv(m.ones((2, 2)), ind=0),
    "tensorsolve": lambda m: m.linalg.tensorsolve(m.ones((2, 3, 4)), m.ones((2, 3))),
    "norm of nothing": lambda m: m.linalg.norm(m.zeros((0, 2)), -2),
}


@pytest.mark.parametrize("name", MISUSE)
def test_misuse(name):
    """The same class of error."""
    with pytest.raises(Exception) as expected:
        MISUSE[name](np)
    with pytest.raises(expected.type if issubclass(expected.type, (ValueError, TypeError)) else Exception):
        MISUSE[name](tnp)


def test_singular_in_compiled_function():
    """The error comes when it runs."""
    f = tnp.function(tnp.linalg.inv)
    close(f(tnp.eye(2)), np.eye(2))
    with pytest.raises(np.linalg.LinAlgError):
        f(tnp.zeros((2, 2)))
    assert tnp.linalg.cond(tnp.ones((2, 2)), 1) == np.inf
    assert float(tnp.linalg.det(tnp.ones((2, 2)))) == 0


# --- gradients of what the generated matrix has no samples for: Hermitian matrices, and vectors with a free phase


def numeric(f, a):
    """The gradient of a real f by central differences."""
    g = np.zeros_like(a)
    for i in np.ndindex(a.shape):
        for unit in (1, 1j) if a.dtype.kind == "c" else (1,):
            up, down = a.copy(), a.copy()
            up[i] += 1e-6 * unit
            down[i] -= 1e-6 * unit
            g[i] += unit * (float(f(tnp.asarray(up))) - float(f(tnp.asarray(down)))) / 2e-6
    return g


def symmetrised(x):
    """The Hermitian part."""
    return (x + tnp.conj(x).mT) * 0.5


def real_sum(x):
    """A real number that depends on all of x and not in a symmetric way."""
    weights = tnp.asarray(np.random.default_rng(5).uniform(0.5, 1.5, x.shape))
    return tnp.sum(tnp.real(x) * weights) + (tnp.sum(tnp.imag(x) * weights * weights) if x.dtype.kind == "c" else 0)


def magnitudes(v):
    """Of eigenvectors: does not depend on their phase."""
    return real_sum(tnp.real(v * tnp.conj(v)))


GRADIENTS = {
    "cholesky": lambda x: real_sum(tnp.linalg.cholesky(symmetrised(x))),
    "cholesky upper": lambda x: real_sum(tnp.linalg.cholesky(symmetrised(x), upper=True)),
    "eigh": lambda x: magnitudes(tnp.linalg.eigh(symmetrised(x))[1]) + real_sum(tnp.linalg.eigh(symmetrised(x))[0]),
    "eigvalsh": lambda x: real_sum(tnp.linalg.eigvalsh(symmetrised(x))),
    "eig": lambda x: magnitudes(tnp.linalg.eig(x)[1]) + real_sum(tnp.linalg.eig(x)[0]),
    "svd": lambda x: magnitudes(tnp.linalg.svd(x)[0]) + magnitudes(tnp.linalg.svd(x)[2]),
    "svd product": lambda x: (
        real_sum((lambda y: y[0] @ tnp.linalg.matrix_transpose(y[2]))(tnp.linalg.svd(x)))
        if x.dtype.kind == "f"
        else real_sum((lambda y: y[0] @ y[2])(tnp.linalg.svd(x)))
    ),
    "norm": lambda x: tnp.linalg.norm(x) + tnp.linalg.norm(x, "nuc") + tnp.linalg.norm(x, 2) + tnp.linalg.norm(x, 1),
    "pinv of equal values": lambda x: (
        real_sum(tnp.linalg.pinv(x * 0.0 + tnp.eye(3) + (x - tnp.stop_gradient(x)))) + 0 * real_sum(x)
    ),
    "lstsq": lambda x: real_sum(tnp.linalg.lstsq(x[:, :2], x[:, 2])[0]),
    "multi_dot": lambda x: real_sum(tnp.linalg.multi_dot([x, x.mT, x, x])),
    "matrix_power": lambda x: real_sum(tnp.linalg.matrix_power(x, -3)),
}


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", [n for n in GRADIENTS if n != "pinv of equal values"])
def test_gradient(name, dtype):
    """Eager and through a compiled function."""
    f = GRADIENTS[name]
    a = matrices((3, 3), dtype, 7)
    if "chol" in name:
        a = a + 2 * np.eye(3)
    expected = numeric(f, a)
    for g in (tnp.grad(f), tnp.grad(tnp.function(f))):
        np.testing.assert_allclose(np.asarray(g(tnp.asarray(a))), expected, rtol=1e-5, atol=1e-6)


def test_gradient_of_pinv_where_singular_values_are_equal():
    """The decomposition has none there, the pseudo-inverse has."""
    f = lambda x: real_sum(tnp.linalg.pinv(x))
    a = np.eye(3)
    np.testing.assert_allclose(np.asarray(tnp.grad(f)(tnp.asarray(a))), numeric(f, a), rtol=1e-6, atol=1e-7)


def test_stacks_and_vmap():
    """A row of a batch is what it is alone."""
    a, b = matrices((4, 3, 3)), matrices((4, 3), seed=1)
    for ours in (tnp.vmap(tnp.linalg.solve)(a, b), tnp.vmap(tnp.linalg.solve, in_axes=(0, None))(a, b[0])):
        assert ours.shape == (4, 3)
    close(tnp.vmap(tnp.linalg.solve)(a, b), np.stack([np.linalg.solve(x, y) for x, y in zip(a, b, strict=True)]))
    close(tnp.vmap(tnp.linalg.solve, in_axes=(None, 0))(a[0], b), np.stack([np.linalg.solve(a[0], y) for y in b]))
    close(tnp.vmap(lambda x: tnp.linalg.eigvalsh(x))(a), np.linalg.eigvalsh(a))


def test_large_matrices_on_threads():
    """OpenBLAS works on several threads there."""
    a = matrices((500, 500)) + 20 * np.eye(500)
    h = a @ a.T
    b = matrices((500, 3), seed=2)
    for n in (1, 2):
        with tnp.threads(n):
            close(tnp.linalg.solve(a, b), np.linalg.solve(a, b))
            close(tnp.linalg.cholesky(h), np.linalg.cholesky(h), 1e-8)
            close(tnp.linalg.svdvals(a), np.linalg.svdvals(a))
            close(tnp.linalg.eigvalsh(h), np.linalg.eigvalsh(h), 1e-8)
            close(tnp.linalg.inv(a), np.linalg.inv(a))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 15, 16, 17])
def test_small_matrices_are_as_accurate_as_those_of_lapack(n, dtype):
    rng = np.random.default_rng(n)
    a = rng.standard_normal((200, n, n)).astype(dtype)
    a[::3] *= 10.0 ** rng.integers(-6, 6, (67, n, 1))  # rows that have to be exchanged
    b = rng.standard_normal((200, n, 2)).astype(dtype)

    def residual(y):  # as a part of what rounding a and b would make
        y = y.astype("f8")
        scale = np.abs(a).max((1, 2)) * np.abs(y).max((1, 2)) + np.abs(b).max((1, 2))
        return (np.abs(a.astype("f8") @ y - b).max((1, 2)) / scale).max() / np.finfo(dtype).eps

    assert residual(np.asarray(tnp.linalg.solve(a, b))) <= 2 * n
    inverse = np.asarray(tnp.linalg.inv(a[1::3])).astype("f8")
    sizes = np.linalg.cond(a[1::3].astype("f8"))[:, None, None] * np.finfo(dtype).eps
    assert (np.abs(inverse @ a[1::3] - np.eye(n)) <= 4 * n * sizes).all()
    a, b = a[1::3], b[1::3]
    wide = a.astype("f8")
    size = np.abs(wide).sum(-1).prod(-1)
    assert (np.abs(np.asarray(tnp.linalg.det(a)) - np.linalg.det(wide)) <= 20 * n * np.finfo(dtype).eps * size).all()
    # The adjoint system, in the derivative.
    g = np.asarray(tnp.grad(lambda b: tnp.linalg.solve(a, b).sum())(tnp.asarray(b)))
    want = np.linalg.solve(wide.swapaxes(1, 2), np.ones_like(b, "f8"))
    assert (np.abs(g - want).max((1, 2)) <= 4 * n * sizes[:, 0, 0] * np.abs(want).max((1, 2))).all()


def test_small_singular_matrices():
    a = np.zeros((3, 4, 4))
    a[:] = np.eye(4)
    a[1, 2] = a[1, 0]
    for f in (lambda m: m.linalg.inv(a), lambda m: m.linalg.solve(a, np.ones((4, 1)))):
        for m in (np, tnp):
            with pytest.raises(m.linalg.LinAlgError, match="[Ss]ingular"):
                f(m)
    np.testing.assert_array_equal(np.asarray(tnp.linalg.det(a)), [1, 0, 1])
    np.testing.assert_array_equal(np.asarray(tnp.linalg.slogdet(a)[1]), [0, -np.inf, 0])
    assert np.isnan(np.asarray(tnp.linalg.inv(np.array([[np.nan, 1], [2, 3]])))).all()
