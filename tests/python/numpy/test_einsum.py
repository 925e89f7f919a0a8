"""einsum, einsum_path, convolve and correlate against NumPy."""

from __future__ import annotations

import pytest
import tnp

import numpy as np

from .oracle import check, sample

CASES = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ij,kj->ki", (2, 3), (4, 3)),
    ("i,i", (5,), (5,)),
    ("i,j", (2,), (3,)),
    ("i,j->ji", (2,), (3,)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iij->ij", (3, 3, 2)),
    ("iii", (3, 3, 3)),
    ("ijj,jk->ik", (2, 3, 3), (3, 4)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    ("bij,jk->bik", (2, 3, 4), (4, 5)),
    ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)),
    ("...ij,jk", (2, 3, 4), (4, 2)),
    ("...", (2, 3)),
    ("...i->...", (2, 3)),
    ("i...->...i", (2, 3, 4)),
    ("...,...", (2, 3), (3,)),
    ("ijk,kl,lm->ijm", (2, 3, 4), (4, 2), (2, 5)),
    ("ab,bc,cd,de->ae", (2, 3), (3, 4), (4, 2), (2, 3)),
    ("ab,bc,ca->", (2, 3), (3, 4), (4, 2)),
    ("i,i,i->i", (3,), (3,), (3,)),
    ("i,i->i", (1,), (3,)),
    ("ij,ij->j", (1, 3), (2, 3)),
    ("ij,jk->k", (2, 3), (3, 4)),
    ("Ab,bA", (2, 3), (3, 2)),
    ("ea,fb,abcd,gc,hd->efgh", (2, 2), (2, 3), (2, 3, 2, 4), (3, 2), (2, 4)),
    (" i j , j k -> i k ", (2, 3), (3, 4)),
    ("", ()),
    (",i", (), (3,)),
    ("ij,jk->ik", (0, 3), (3, 4)),
    ("ij,jk->ik", (2, 0), (0, 4)),
]


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "uint8", "float32", "float64", "complex128"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c[0] + str(c[1:]))
def test_forms(case, dtype):
    """Every form, eager and in a compiled function; with NumPy's own plan too."""
    subscripts, *shapes = case
    arrays = [sample(s, dtype, i) for i, s in enumerate(shapes)]
    rtol = {"float32": 1e-5, "float64": 1e-12, "complex128": 1e-12}.get(dtype, 0)
    check(lambda m: m.einsum(subscripts, *map(m.asarray, arrays)), rtol)
    for optimize in (True, "greedy", "optimal", ("greedy", 100)):
        check(lambda m, o=optimize: m.einsum(subscripts, *map(m.asarray, arrays), optimize=o), rtol)
    if subscripts == "ij,ij->j":
        return  # a size of 1 under a label that is summed over must be known
    traced = tnp.function(lambda *xs: tnp.einsum(subscripts, *xs))(*map(tnp.asarray, arrays))
    np.testing.assert_allclose(np.asarray(traced), np.einsum(subscripts, *arrays), rtol=max(rtol, 1e-12), atol=1e-12)


def test_lists_of_numbers():
    """Operands and their labels in turn."""
    a, b = sample((2, 3), "float64"), sample((3, 4), "float64", 1)
    check(lambda m: m.einsum(a, [0, 1], b, [1, 2]), 1e-12)
    check(lambda m: m.einsum(a, [0, 1], b, [1, 2], [2, 0]), 1e-12)
    check(lambda m: m.einsum(a, [1, 0]), 1e-12)
    check(lambda m: m.einsum(a, [Ellipsis, 30], [30, Ellipsis]), 1e-12)
    check(lambda m: m.einsum(a, [51, 25]), 1e-12)


def test_types():
    """dtype= and casting=."""
    a = np.arange(6, dtype="int16").reshape(2, 3)
    check(lambda m: m.einsum("ij,ij->i", a, a, dtype="float32"))
    check(lambda m: m.einsum("ij,ij->i", a, a, dtype="int64"))
    check(lambda m: m.einsum("ij,ij->i", a, a * 1.0, dtype="int32", casting="unsafe"))
    check(lambda m: m.einsum("ij,ij->i", a, a * 1.0, dtype="int32"))
    check(lambda m: m.einsum("ij,ij->i", a, a.astype("float32")))


MISUSE = [
    lambda m: m.einsum(),
    lambda m: m.einsum("i"),
    lambda m: m.einsum("i", 3),
    lambda m: m.einsum("ij,jk", m.ones((2, 3)), m.ones((2, 3))),
    lambda m: m.einsum("ii->i", m.ones((1, 3))),
    lambda m: m.einsum("ii->i", m.ones((2, 3))),
    lambda m: m.einsum("i->ii", m.ones(3)),
    lambda m: m.einsum("i->j", m.ones(3)),
    lambda m: m.einsum("i,i", m.ones(3)),
    lambda m: m.einsum("i", m.ones(3), m.ones(3)),
    lambda m: m.einsum("i$", m.ones(3)),
    lambda m: m.einsum("...i->i", m.ones((2, 3))),
    lambda m: m.einsum("i..->i", m.ones(3)),
    lambda m: m.einsum("i-i", m.ones(3)),
    lambda m: m.einsum("i->i->i", m.ones(3)),
    lambda m: m.einsum("ij", m.ones(3)),
    lambda m: m.einsum("i", m.ones((3, 3))),
    lambda m: m.einsum(m.ones(3), ["a"]),
    lambda m: m.einsum(m.ones(3), [60]),
    lambda m: m.einsum("i,i,i", *[m.ones(3)] * 3, optimize="foo"),
    lambda m: m.einsum("i,i,i", *[m.ones(3)] * 3, optimize=3),
    lambda m: m.einsum("i,i,i", *[m.ones(3)] * 3, optimize=["einsum_path", (0, 1)]),
    lambda m: m.einsum("i,i", m.ones(3), m.ones(3), foo=1),
]


@pytest.mark.parametrize("run", MISUSE)
def test_misuse(run):
    """The same class of error."""
    with pytest.raises(Exception) as expected:
        run(np)
    with pytest.raises(expected.type):
        run(tnp)


@pytest.mark.parametrize("optimize", ["greedy", "optimal", False, True])
@pytest.mark.parametrize("case", [c for c in CASES if len(c) > 2 and "" not in c], ids=lambda c: c[0] + str(c[1:]))
def test_path(case, optimize):
    """NumPy's path and, as long as no labels are invented for an ellipsis, its report."""
    subscripts, *shapes = case
    arrays = [np.ones(s) for s in shapes]
    if any(0 in s for s in shapes):
        return
    ours, theirs = (m.einsum_path(subscripts, *arrays, optimize=optimize) for m in (tnp, np))
    assert ours[0] == theirs[0]
    if "..." not in subscripts:
        assert ours[1] == theirs[1]
    np.testing.assert_allclose(
        np.asarray(tnp.einsum(subscripts, *arrays, optimize=ours[0])), np.einsum(subscripts, *arrays), rtol=1e-12
    )


def test_gradient():
    """Of a trace of products, whose derivative is known."""
    a, b = sample((3, 4), "float64"), sample((4, 3), "float64", 1)
    g = tnp.grad(lambda x: tnp.einsum("ij,ji->", x, b))(tnp.asarray(a))
    np.testing.assert_allclose(np.asarray(g), b.T)
    rows = tnp.vmap(lambda x: tnp.einsum("i,i->", x, x))(tnp.asarray(a))
    np.testing.assert_allclose(np.asarray(rows), np.sum(a * a, axis=1))


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float32", "float64", "complex128"])
def test_convolve(dtype):
    """Every mode, either one the longer."""
    rtol = {"float32": 1e-5, "float64": 1e-12, "complex128": 1e-12}.get(dtype, 0)
    for n, m in ((7, 3), (3, 7), (4, 4), (1, 5), (5, 2), (2, 1), (100, 30)):
        x, y = sample((n,), dtype), sample((m,), dtype, 1)
        for mode in ("full", "same", "valid"):
            check(lambda k, x=x, y=y, mode=mode: k.convolve(x, y, mode), rtol)
            check(lambda k, x=x, y=y, mode=mode: k.correlate(x, y, mode), rtol)
            for name in ("convolve", "correlate"):
                f = lambda a, b, name=name, mode=mode: getattr(tnp, name)(a, b, mode)
                if n >= m or mode == "full":
                    np.testing.assert_allclose(
                        np.asarray(tnp.function(f)(x, y)),
                        getattr(np, name)(x, y, mode),
                        rtol=max(rtol, 1e-12),
                        atol=1e-9,
                    )
    check(lambda k: k.convolve(2.0, [1.0, 2.0]))
    check(lambda k: k.convolve([], [1.0, 2.0]))
    check(lambda k: k.correlate([1.0], []))
    check(lambda k: k.convolve([[1.0]], [1.0]))
    check(lambda k: k.convolve([1.0], [1.0], "wrong"))
    check(lambda k: k.convolve([1], [1.0, 2.0], 1))
