"""Programs as tutorials have them print the same with tnp as with NumPy."""

from __future__ import annotations

import contextlib
import io
import warnings

import pytest
import tnp

import numpy as np

PROGRAMS = {
    "first": """
a = np.arange(15).reshape(3, 5)
print(a, a.shape, a.ndim, a.dtype.name, a.itemsize, a.size, repr(a), a.T, a[::-1], a[:, 1], a[-1], a[..., 2])
for row in a:
    print(row)
for e in a.flat:
    print(e, end=" ")
""",
    "creation": """
print(np.array([(1.5, 2, 3), (4, 5, 6)]), np.array([[1, 2], [3, 4]], dtype=complex), np.zeros((3, 4)))
print(np.ones((2, 3, 4), dtype=np.int16), np.arange(10, 30, 5), np.arange(0, 2, 0.3), np.linspace(0, 2, 9))
print(np.arange(10000), np.arange(10000).reshape(100, 100), np.full((2,), 7), np.identity(2), np.zeros((0, 3)))
""",
    "operations": """
A = np.array([[1, 1], [0, 1]])
B = np.array([[2, 0], [3, 4]])
print(A * B, A @ B, A.dot(B))
a, b = np.array([20, 30, 40, 50]), np.arange(4)
print(a - b, b**2, a < 35, 2**b, b // 2, -b % 3, ~(b > 1), b & 1, np.float32(2) * b, 3 - b)
b = np.linspace(0, 1, 6).reshape(2, 3)
b += 3
print(b, b.sum(), b.min(axis=0), b.cumsum(axis=1), b.mean(), b.std().round(6))
""",
    "shapes": """
a = np.arange(12.0).reshape(3, 4)
print(a.ravel(), a.reshape(6, 2), a.T.shape, a.reshape(3, -1), np.vstack((a, a)), np.hstack((a, a)))
print(np.column_stack((a[:, 0], a[:, 1])), np.r_[1:4, 0, 4], np.c_[[1, 2], [3, 4]])
print(np.hsplit(a, 2), np.hsplit(a, (1, 3)), np.array_split(a, 3), np.tile([1, 2], 2), np.pad([1, 2], 1))
""",
    "indexing": """
a = np.arange(12).reshape(3, 4)
i = np.array([[0, 1], [2, 2]])
print(a[i], a[i, i], a[:, i].shape, a > 4, a[a > 4], a[a.argmax(axis=0), range(4)], a[np.ix_([0, 2], [1, 3])])
print(a[:, np.newaxis].shape, np.where(a > 5, a, -a), np.nonzero(a > 9), [10, 20, 30][a[0, 2]], a[0, 1] in a)
""",
    "sorting": """
x = np.array([3, 1, 2, 1])
print(np.sort(x), np.argsort(x, kind="stable"), np.unique(x, return_counts=True), np.searchsorted([1, 2, 3], 2.5))
print(np.isin(x, [2]), np.intersect1d(x, [2, 3]), np.setdiff1d(x, [2]), np.lexsort((x, x)), np.partition(x, 1)[1])
""",
    "statistics": """
x = np.array([1, 2, np.nan, 4])
print(np.nanmean(x), np.nansum(x), np.isnan(x), np.mean(x), np.median([1, 3, 2]), np.percentile([1, 2, 3, 4], 50))
print(np.histogram([1, 2, 1, 4], bins=[0, 1, 2, 3, 5]), np.digitize([0.5, 1.5], [0, 1, 2]), np.bincount([1, 1, 2]))
print(np.cov([1, 2, 3], [1, 2, 4]).round(9), np.corrcoef([1, 2, 3], [1, 2, 4]).round(9))
print(np.average([1, 2, 3], weights=[3, 2, 1]), np.quantile([1.0, 2, 3], 0.3))
""",
    "linear algebra": """
A, b = np.array([[3.0, 1], [1, 2]]), np.array([9.0, 8])
print(np.linalg.solve(A, b).round(9), np.linalg.det(A).round(9), np.linalg.inv(A).round(9), np.trace(A), np.eye(2))
print(np.linalg.eigh(A)[0].round(9), np.linalg.svd(A)[1].round(9), np.linalg.matrix_rank(A), np.outer(b, b))
print(np.einsum("ij,jk->ik", A, A), np.einsum("ii", A), np.kron(A, np.eye(2)), np.cross([1, 0, 0], [0, 1, 0]))
print(np.fft.fft(np.arange(4.0)), np.fft.fftfreq(5), np.polyval([1, 2, 3], b), np.poly1d([1, 2, 3]))
""",
    "helpers": """
print(np.vectorize(lambda a, b: max(a, b))([1, 2, 3], 2), np.apply_along_axis(lambda r: r.sum(), 1, np.ones((2, 3))))
print(np.fromfunction(lambda i, j: i + j, (2, 3)), np.meshgrid([1, 2], [3, 4]))
for i, v in np.ndenumerate(np.array([[1, 2], [3, 4]])):
    print(i, v)
print(list(np.ndindex(2, 2)), np.indices((2, 2)), np.mgrid[0:2, 0:2], np.array2string(np.arange(3) * 1.1, precision=2))
with np.printoptions(precision=2):
    print(np.array([3.14159, 1000.5]))
""",
    "text": """
names = np.array(["pear", "fig", "apple", "fig"])
print(np.sort(names), np.argsort(names, kind="stable"), np.unique(names, return_counts=True), names == "fig")
print(np.isin(names, ["fig", "plum"]), names[names != "fig"], np.where(names > "g", names, "?"), np.searchsorted(["b", "f"], "c"))
print(np.array(["1", "2.5", "-3e2"]).astype(float), np.array([1, 20, 300]).astype(str), np.array(["7", " 8 "]).astype(int))
print(np.concatenate([names, ["kiwi"]]), np.zeros(2, dtype="U4"), np.array(["a", 1]), len(names), "fig" in names)
""",
    "functions of elements": """
print(np.add(1, 2, dtype="float32"), np.add([1, 2], 3, dtype="f8"), np.sqrt([1, 4], dtype="f4"), np.divmod([7, -7], 2))
print(np.modf([1.5, -2.25]), np.frexp([8.0, 0.3]), np.ldexp([0.5, 1.0], [4, 3]), np.vecdot([[1, 2], [3, 4]], [1, 1]))
print(np.vecdot(np.ones((3, 2)), np.ones((3, 2)), axis=0), np.matmul(np.ones((3, 2)), np.ones((3, 4)), axes=[(1, 0), (0, 1), (0, 1)]))
print(np.matmul.signature, np.add.nin, np.divmod.nout, np.modf.types[0], np.add.reduce([1, 2, 3]), np.multiply.outer([1, 2], [3, 4]))
for wrong in (
    lambda: np.add(1, 2.5, dtype="int64"), lambda: np.add(1, 2, casting="x"), lambda: np.add(1, 2, what=3),
    lambda: np.divide(1, 2, dtype=int), lambda: np.matmul.reduce([1]), lambda: np.divmod.reduce([1]), lambda: np.modf(1j),
):
    try:
        wrong()
    except Exception as e:
        print(type(e).__name__)
""",
    "limits": """
print(np.finfo(np.float32), np.iinfo("int8"), repr(np.finfo(float)), repr(np.iinfo(int)), np.finfo("f2").tiny)
x = np.ones(2, dtype=np.float32)
print((x + np.finfo(x.dtype).eps).dtype, x / np.finfo(np.float32).max, np.finfo(x.dtype).bits, np.iinfo(np.uint8).max + 1)
print(np.linspace(np.float32(0), 1, 3).dtype, np.logspace(np.float32(0), 1, 2).dtype, np.arange(np.float32(0), 1, 0.25))
print(np.sum(np.float64(3), axis=0), np.max(5, axis=-1), np.zeros(np.array([2, 3])), np.full(np.array([2]), 7))
""",
    "files": """
import os, tempfile
with tempfile.TemporaryDirectory() as d:
    a = np.arange(6.0).reshape(2, 3)
    np.save(os.path.join(d, "a.npy"), a)
    np.savez(os.path.join(d, "b.npz"), x=a, y=a * 2)
    np.savetxt(os.path.join(d, "c.csv"), a, delimiter=",")
    with np.load(os.path.join(d, "b.npz")) as z:
        print(np.load(os.path.join(d, "a.npy")), sorted(z.files), z["y"])
    print(np.loadtxt(os.path.join(d, "c.csv"), delimiter=","))
""",
    "mandelbrot": """
y, x = np.ogrid[-1.4:1.4:9j, -2:0.8:13j]
c = x + y * 1j
z, steps = c, 20 + np.zeros(c.shape, dtype=int)
for i in range(20):
    z = z**2 + c
    diverges = abs(z) > 2
    steps = np.where(diverges & (steps == 20), i, steps)
    z = np.where(diverges, 2, z)
print(steps)
""",
    "training": """
x, w, b = np.arange(8.0).reshape(4, 2), np.ones((2, 3)) * 0.1, np.zeros(3)
for _ in range(5):
    error = np.maximum(0, x @ w + b) - 1
    w -= 0.05 * (x.T @ error) / 4
    b -= 0.05 * error.mean(axis=0)
e = np.exp(x - x.max(axis=1, keepdims=True))
print(w.round(9), b.round(9), e / e.sum(axis=1, keepdims=True))
""",
    "opt_einsum": """
import opt_einsum
a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
print(opt_einsum.contract("ij,jk,kl->il", a, b, np.ones((4, 2))))
print(opt_einsum.contract_expression("ij,jk->ik", (2, 3), (3, 4))(a, b))
""",
    "scipy": """
import scipy.integrate, scipy.linalg, scipy.optimize, scipy.signal, scipy.spatial.distance
x, a = np.sin(np.linspace(0, 6, 50)), np.array([[4.0, 1], [1, 3]])
print(scipy.signal.find_peaks(x)[0].tolist(), scipy.signal.savgol_filter(x, 7, 2).round(8)[:4])
best = scipy.optimize.minimize(lambda v: np.sum((np.asarray(v) - 3) ** 2), np.array([0.0, 0.0]))
print(best.success, [round(float(t), 4) for t in best.x])
print(round(scipy.integrate.quad(lambda t: np.sin(t), 0, 3)[0], 8), scipy.linalg.expm(a).round(6).tolist())
print(scipy.spatial.distance.cdist(a, a).round(9).tolist(), scipy.spatial.distance.pdist(a).round(9).tolist())
decay = scipy.integrate.solve_ivp(lambda t, y: -np.asarray(y), (0, 1), np.array([1.0, 2.0]))
print([round(float(t), 5) for t in decay.y[:, -1]])
""",
    "errors": """
for wrong in (
    lambda: np.arange(2) + np.arange(3), lambda: np.arange(3)[5], lambda: np.zeros((2, 3)) @ np.zeros((2, 3)),
    lambda: np.reshape(np.arange(6), (4, 2)), lambda: np.concatenate([np.zeros((2, 2)), np.zeros(3)]),
    lambda: np.linalg.solve(np.zeros((2, 2)), np.ones(2)), lambda: np.zeros(3, dtype="foo"), lambda: bool(np.arange(3)),
):
    try:
        wrong()
    except Exception as e:
        print(type(e).__name__)
""",
}


def printed(program: str, module: object) -> str:
    """What the program prints with this module as `np`."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(program, {"np": module})
    return out.getvalue()


@pytest.mark.parametrize("name", PROGRAMS)
def test_prints_the_same(name: str) -> None:
    """Line by line."""
    if name in ("opt_einsum", "scipy"):
        pytest.importorskip(name)
    assert printed(PROGRAMS[name], tnp).splitlines() == printed(PROGRAMS[name], np).splitlines()
