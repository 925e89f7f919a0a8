"""Functions that call Python functions, index objects, iterators, text, polynomials as objects, small methods."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tnp

import numpy as np

from .oracle import check, same, sample

F34 = sample((3, 4), "float64")
I34 = sample((3, 4), "int64", 1)


@pytest.mark.parametrize(
    "run",
    [
        lambda m: m.mgrid[0:3],
        lambda m: m.mgrid[0:3, 1:4],
        lambda m: m.mgrid[0:1:5j],
        lambda m: m.mgrid[0:1:3j, 0:2],
        lambda m: m.mgrid[-1:1:0.5, 3:0:-1],
        lambda m: m.ogrid[0:3, 1:2:4j],
        lambda m: m.ogrid[1:5:2],
        lambda m: m.r_[1:4, 0, 5],
        lambda m: m.r_[0:1:3j, m.asarray([1, 2]), 7],
        lambda m: m.r_["-1", m.ones((2, 2)), m.zeros((2, 1))],
        lambda m: m.r_["0,2", [1, 2], [3, 4]],
        lambda m: m.r_["0,2,0", [1, 2], [3, 4]],
        lambda m: m.r_["1,3,1", [1, 2], [3, 4]],
        lambda m: m.r_[m.asarray([1, 2], dtype="int8"), 3],
        lambda m: m.r_["x", 1],
        lambda m: m.r_[1, "0"],
        lambda m: m.c_[[1, 2, 3], [4, 5, 6]],
        lambda m: m.c_[m.ones((2, 2)), m.zeros(2)],
        lambda m: m.c_[1:3, 3:5],
        lambda m: m.s_[1:3, ..., None],
        lambda m: m.index_exp[1:3],
        lambda m: list(m.ndindex(2, 3)),
        lambda m: list(m.ndindex((2, 0))),
        lambda m: list(m.ndindex()),
        lambda m: [(i, float(v)) for i, v in m.ndenumerate(m.asarray(F34))],
        lambda m: m.broadcast(m.ones((3, 1)), m.ones(4)).shape,
        lambda m: [(float(a), float(b)) for a, b in m.broadcast(m.asarray([[1], [2]]), m.asarray([3, 4]))],
        lambda m: (m.broadcast(m.ones((3, 1)), m.ones(4)).size, m.broadcast(m.ones((3, 1)), m.ones(4)).nd),
        lambda m: m.broadcast(m.ones(3), m.ones(4)),
        lambda m: [float(v) for v in m.nditer(m.asarray(F34))],
        lambda m: [float(v) for v in m.nditer(m.asarray(F34), order="F")],
        lambda m: [(float(a), float(b)) for a, b in m.nditer([m.asarray(F34), m.asarray([1, 2, 3, 4])])],
        lambda m: [v.shape for v in m.nditer(m.asarray(F34), flags=["external_loop"])],
        lambda m: _indices(m, ["multi_index"], "multi_index"),
        lambda m: _indices(m, ["c_index"], "index"),
        lambda m: _indices(m, ["f_index"], "index"),
        lambda m: m.nditer(m.asarray(F34), flags=["nonsense"]),
        lambda m: m.nditer(m.ones((0, 2))),
        lambda m: _nested(m, [[1], [0, 2]]),
        lambda m: _nested(m, [[0, 2], [1]]),
        lambda m: m.fromfunction(lambda i, j: i * 10 + j, (2, 3)),
        lambda m: m.fromfunction(lambda i, j: i == j, (3, 3), dtype=int),
        lambda m: m.apply_along_axis(m.sum, 0, m.asarray(F34)),
        lambda m: m.apply_along_axis(lambda r: r * 2, 1, m.asarray(F34)),
        lambda m: m.apply_along_axis(lambda r: m.outer(r, r), 0, m.asarray(F34)),
        lambda m: m.apply_along_axis(m.sum, 2, m.asarray(F34)),
        lambda m: m.apply_along_axis(m.sum, 0, m.ones((3, 0))),
        lambda m: m.apply_over_axes(m.sum, m.asarray(sample((2, 3, 4), "float64")), [0, 2]),
        lambda m: m.apply_over_axes(m.sum, m.asarray(F34), 5),
        lambda m: m.piecewise(m.asarray(F34), [m.asarray(F34) < 0, m.asarray(F34) > 2], [lambda x: -x, 5, 0]),
        lambda m: m.piecewise(m.asarray(I34), m.asarray(I34) < 0, [lambda x: -x, lambda x: x * 2]),
        lambda m: m.piecewise(m.asarray(2.0), [True, False], [1, 2]),
        lambda m: m.piecewise(m.asarray(F34), [m.asarray(F34) < 0], [1, 2, 3]),
        lambda m: m.vectorize(lambda a, b: a + b if a > b else a - b)([1, 2, 3], 2),
        lambda m: m.vectorize(lambda a: (a, a * 2.5))(m.asarray([1, 2])),
        lambda m: m.vectorize(lambda a: a * 2, otypes=[float])(m.asarray([[1, 2]])),
        lambda m: m.vectorize(lambda a: a)([]),
        lambda m: m.vectorize(lambda a: a, otypes=[int])(m.asarray([])),
        lambda m: m.vectorize(lambda a, k=1: a * k)([1, 2], k=3),
        lambda m: m.vectorize(lambda a, b: a * len(b), excluded={1})([1, 2], [3, 4, 5]),
        lambda m: m.vectorize(m.dot, signature="(n),(n)->()")(m.asarray(F34), m.ones(4)),
        lambda m: m.vectorize(lambda a: m.outer(a, a), signature="(n)->(n,n)")(m.asarray(F34)),
        lambda m: m.vectorize(m.dot, signature="(n),(n)->()")(m.ones(3), m.ones(4)),
        lambda m: m.vectorize(m.dot, signature="nonsense"),
        lambda m: m.vectorize(5),
        lambda m: m.fromstring("1 2 3.5", sep=" "),
        lambda m: m.fromstring("1, 2,3", sep=",", dtype=int),
        lambda m: m.fromstring("1,x", sep=","),
        lambda m: m.fromstring("1 2 3", sep=" ", count=2),
        lambda m: m.fromstring("12", sep=""),
        lambda m: m.loadtxt(io.StringIO("1 2 # c\n\n3 4\n")),
        lambda m: m.loadtxt(io.StringIO("a,b\n1,2\n3,4\n"), delimiter=",", skiprows=1, dtype=int, unpack=True),
        lambda m: m.loadtxt(io.StringIO("1 2 3\n4 5 6\n"), usecols=(2, 0), max_rows=1, ndmin=2),
        lambda m: m.loadtxt(io.StringIO("1 2\n3\n")),
        lambda m: m.loadtxt(io.StringIO("1 b\n")),
        lambda m: m.loadtxt(io.StringIO("1+2j 3\n"), dtype=complex),
        lambda m: m.loadtxt(io.StringIO("5\n6\n7\n")),
        lambda m: m.genfromtxt(io.StringIO("1,,3\n4,x,6\n"), delimiter=","),
        lambda m: m.genfromtxt(io.StringIO("1,,3\n4,5,6\n"), delimiter=",", filling_values=9),
        lambda m: m.genfromtxt(io.StringIO("h\n1 2\n3 4\n"), skip_header=1, dtype=None),
        lambda m: m.genfromtxt(io.StringIO("1 2\n3\n")),
        lambda m: _saved(m, F34),
        lambda m: _saved(m, I34, fmt="%d", delimiter=",", header="a\nb", footer="end"),
        lambda m: _saved(m, F34[0], fmt="%.3f"),
        lambda m: _saved(m, F34[:, :2] + 1j, fmt="%.2f"),
        lambda m: _saved(m, F34, fmt=["%d", "%d"]),
        lambda m: _saved(m, np.ones((2, 2, 2))),
        lambda m: m.real_if_close(m.asarray([1 + 1e-15j, 2])),
        lambda m: m.real_if_close(m.asarray([1 + 1e-3j, 2])),
        lambda m: m.asarray_chkfinite([1.0, np.inf]),
        lambda m: m.asarray_chkfinite([1, 2], dtype=float),
        lambda m: m.mintypecode(["d", "F"]),
        lambda m: m.mintypecode("fb"),
        lambda m: m.mintypecode("bh"),
        lambda m: m.typename("d"),
        lambda m: (m.iterable([1]), m.iterable(2)),
        lambda m: [m.base_repr(n, b, p) for n, b, p in ((10, 2, 0), (-255, 16, 2), (0, 3, 0), (0, 3, 2))],
        lambda m: m.base_repr(3, 40),
        lambda m: [m.binary_repr(n, w) for n, w in ((5, None), (-5, None), (5, 6), (-5, 6), (0, 3), (-1, 1), (-8, 4))],
        lambda m: m.binary_repr(-9, 4),
        lambda m: m.binary_repr(9, 2),
        lambda m: m.format_float_positional(3.14159, precision=3),
        lambda m: m.format_float_positional(m.float32(0.1)),
        lambda m: m.format_float_positional(1e20, trim="-"),
        lambda m: m.format_float_scientific(12345.678, precision=2, exp_digits=3),
        lambda m: m.format_float_scientific(m.float16(0.1)),
        lambda m: m.asarray(I34).byteswap(),
        lambda m: m.asarray(F34 + 2j).T.byteswap(),
        lambda m: m.asarray(I34).getfield("int32", 4),
        lambda m: m.asarray(I34).getfield("int32", 5),
        lambda m: m.asarray(I34, dtype="int8").getfield("int32"),
        lambda m: m.asarray(I34).setflags(write=False),
        lambda m: m.shares_memory(m.ones(3), m.ones(3)),
        lambda m: _views_share(m),
        lambda m: m.isfortran(m.ones((2, 3))),
        lambda m: m.asfortranarray(m.ones((2, 3))),
        lambda m: m.require(m.ones((2, 3)).T, requirements=["C"]),
        lambda m: m.require([1, 2], "float32", "nonsense"),
        lambda m: m.roots([1, -6, 11, -6]),
        lambda m: m.roots([0, 2.0, -8, 0, 0]),
        lambda m: m.roots([0, 0]),
        lambda m: m.roots([5]),
        lambda m: m.roots([[1, 2]]),
        lambda m: m.poly(m.asarray([[1.0, 2], [3, 4]])),
        lambda m: m.polyfit([0.0, 1, 2, 3], [1.0, 3, 2, 5], 2),
        lambda m: m.polyfit([0.0, 1, 2, 3], m.asarray(F34.T[:, :2]), 1, w=[1, 2, 1, 1]),
        lambda m: m.polyfit([0.0, 1, 2, 3, 4], [1.0, 3, 2, 5, 4], 2, cov=True),
        lambda m: m.polyfit([0.0, 1, 2, 3, 4], [1.0, 3, 2, 5, 4], 2, cov="unscaled"),
        lambda m: m.polyfit([0.0, 1, 2, 3, 4], [1.0, 3, 2, 5, 4], 2, full=True)[:2],
        lambda m: m.polyfit([0.0, 1], [1.0, 2, 3], 1),
        lambda m: m.polyfit([], [], 1),
        lambda m: m.polyfit([1.0], [1.0], -1),
        lambda m: m.polyfit([[1.0]], [1.0], 1),
        lambda m: m.polyfit([0.0, 1, 2], [1.0, 3, 2], 2, cov=True),
    ],
)
def test_against_numpy(run: Callable) -> None:
    """Values and errors."""
    check(run, 1e-10)


def _indices(m: Any, flags: list[str], name: str) -> list:
    it = m.nditer(m.asarray(F34), flags=flags)
    out = []
    while not it.finished:
        out.append(getattr(it, name))
        it.iternext()
    return out


def _nested(m: Any, axes: list[list[int]]) -> list:
    outer, inner = m.nested_iters(m.asarray(np.arange(12).reshape(2, 3, 2)), axes, flags=["multi_index"])
    return [(outer.multi_index, [int(v) for v in inner]) for _ in outer]


def _saved(m: Any, x: np.ndarray, **kwargs: Any) -> str:
    out = io.StringIO()
    m.savetxt(out, m.asarray(x), **kwargs)
    return out.getvalue()


def _views_share(m: Any) -> tuple:
    x = m.arange(10)
    return tuple(
        f(a, b)
        for f in (m.shares_memory, m.may_share_memory)
        for a, b in ((x, x[2:]), (x[::2], x[1::2]), (x[:5], x[5:]), (x, x))
    )


def test_in_traced_functions() -> None:
    """A function of elements or rows is called once, on what stands for all."""
    x = tnp.asarray(F34)
    for f in (
        lambda m, a: m.apply_along_axis(m.sum, 0, a),
        lambda m, a: m.vectorize(lambda v: v * v + 1)(a),
        lambda m, a: m.piecewise(a, [a < 0, a >= 0], [lambda v: -v, lambda v: v * 2]),
        lambda m, a: m.apply_over_axes(m.sum, a, [0]),
    ):
        same(tnp.function(lambda a, f=f: f(tnp, a))(x), f(np, F34), 1e-12)


def test_polynomial_objects() -> None:
    """As NumPy's, but immutable."""
    ours, theirs = tnp.poly1d([1, 0, -2, 3]), np.poly1d([1, 0, -2, 3])
    q, r = tnp.poly1d([2, 1]), np.poly1d([2, 1])
    assert str(ours) == str(theirs)
    assert str(tnp.poly1d([1.5, -1, 1], variable="z")) == str(np.poly1d([1.5, -1, 1], variable="z"))
    assert repr(ours) == repr(theirs)
    assert (ours.order, len(ours), ours.variable) == (theirs.order, len(theirs), theirs.variable)
    for f in (
        lambda p, q: p + q,
        lambda p, q: p - 1,
        lambda p, q: 3 * p,
        lambda p, q: p * q,
        lambda p, q: (p / q)[0],
        lambda p, q: p**2,
        lambda p, q: -p,
        lambda p, q: p.deriv(),
        lambda p, q: p.integ(2, k=[1, 2]),
        lambda p, q: p(q),
    ):
        mine, other = f(ours, q), f(theirs, r)
        assert isinstance(mine, tnp.poly1d)
        np.testing.assert_allclose(np.asarray(mine.coeffs), other.coeffs)
    np.testing.assert_allclose(np.asarray(ours([1.0, 2.0])), theirs([1.0, 2.0]))
    np.testing.assert_allclose(np.asarray(ours.r), theirs.r, rtol=1e-12)
    assert int(ours[0]) == theirs[0]
    assert int(ours[7]) == 0
    assert ours == tnp.poly1d([0, 1, 0, -2, 3])
    assert isinstance(tnp.polyadd(ours, [1]), tnp.poly1d)
    assert tnp.poly1d([1, 2], True).coeffs.tolist() == [1.0, -3.0, 2.0]
    with pytest.raises(TypeError, match="immutable"):
        ours[0] = 1


def test_files(tmp_path: Path) -> None:
    """Bytes and text."""
    x = tnp.asarray(F34)
    x.tofile(tmp_path / "a.bin")
    same(tnp.fromfile(tmp_path / "a.bin"), F34.ravel(), 0)
    same(tnp.fromfile(tmp_path / "a.bin", count=3, offset=8), F34.ravel()[1:4], 0)
    x.tofile(tmp_path / "a.txt", sep=",")
    same(tnp.fromfile(tmp_path / "a.txt", sep=","), F34.ravel(), 0)
    for name in ("b.txt", "b.txt.gz"):
        tnp.savetxt(tmp_path / name, x)
        same(tnp.loadtxt(tmp_path / name), F34, 0)
        np.testing.assert_array_equal(np.loadtxt(tmp_path / name), F34)


def test_what_would_change_an_array() -> None:
    """TypeError, which names what to use; x += y binds x to a new array."""
    x = tnp.asarray(F34)
    for call in (
        lambda: x.fill(1),
        lambda: x.put([0], [1]),
        lambda: x.resize(2, 2),
        lambda: x.setfield(1, "int8"),
        lambda: x.byteswap(inplace=True),
    ):
        with pytest.raises(TypeError, match="immutable"):
            call()
    with pytest.raises(ValueError, match="WRITEABLE"):
        x.setflags(write=True)
    y = x
    y += 1
    assert y is not x
    np.testing.assert_array_equal(np.asarray(x), F34)
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift"):
        assert hasattr(tnp.ndarray, f"__i{name}__")


def test_tensorflow_methods() -> None:
    """References as keys, static shapes, values."""
    x, y = tnp.ones(3), tnp.ones(3)
    assert {x.ref(): 1}[x.ref()] == 1
    assert x.ref() != y.ref()
    assert x.experimental_ref().deref() is x
    assert x.get_shape() == (3,)
    assert x.set_shape([None]) is None
    with pytest.raises(ValueError, match="set_shape"):
        x.set_shape([4])
    assert isinstance(x.eval(), np.ndarray)
    assert tnp.asarray(1).__nonzero__() is True


def test_namespace_information() -> None:
    """What the standard asks the main namespace about."""
    info = tnp.__array_namespace_info__()
    theirs = np.__array_namespace_info__()
    assert info.capabilities() == theirs.capabilities()
    assert info.default_dtypes() == theirs.default_dtypes()
    for kind in (None, "bool", "integral", "numeric", ("real floating", "complex floating")):
        assert info.dtypes(kind=kind) == theirs.dtypes(kind=kind)
    assert info.default_device() in info.devices()
    assert tnp.ones(1).device == info.default_device()
    assert tnp.__array_api_version__ == np.__array_api_version__
    with pytest.raises(ValueError, match="kind"):
        info.dtypes(kind="nonsense")


def test_names_of_types() -> None:
    """C's names are NumPy's types."""
    from tnp import _scalar_types

    for name in set(_scalar_types.__all__) - {"bytes_", "str_", "object_"}:
        theirs = {"complex_": np.complex128, "float_": np.float64}.get(name, getattr(np, name, None))
        if name in ("True_", "False_"):
            assert bool(getattr(tnp, name)) == bool(theirs)
        else:
            assert getattr(tnp, name) == theirs, name


def test_frompyfunc() -> None:
    """Results have the types of what the function gives."""
    f = tnp.frompyfunc(lambda a, b: a * 10 + b, 2, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f([1, 2], 3).tolist() == [13, 23]
    assert f.outer([1, 2], [3, 4]).tolist() == [[13, 14], [23, 24]]
    assert f.accumulate([1, 2, 3]).tolist() == [1, 12, 123]
    assert int(f.reduce([1, 2, 3])) == 123
    assert (f.nin, f.nout, f.nargs) == (2, 1, 3)
    with pytest.raises(TypeError):
        f(1)
