"""Functions that take a way of their own where there are few elements, on both sides of that and beside its conditions."""

import pytest
import tnp

import numpy as np

SHAPES = [(8,), (3, 4), (2, 3, 4), (1, 1), (0, 3), (3, 0), (300,), (20, 30), (70, 80), (5, 2000)]
DTYPES = ["?", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]


def numbers(shape, dtype="f8", seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.integers(0, 4, shape).astype(dtype)
        if np.dtype(dtype).kind in "?biu"
        else rng.normal(size=shape).astype(dtype)
    )


def layouts(n):
    """The same elements in row-major order, transposed, and with gaps."""
    x = tnp.asarray(n)
    yield x, n
    yield x.T, n.T
    if n.ndim and n.shape[-1] > 1:
        yield x[..., ::2], n[..., ::2]
        yield x[..., ::-1], n[..., ::-1]


def same(ours, theirs):
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    np.testing.assert_array_equal(np.asarray(ours), theirs, strict=True)


def agree(f, x, n):
    """The same results, or errors of one class; eager and in a function alike."""
    try:
        expected = f(np, n)
    except Exception as e:
        with pytest.raises(Exception) as caught:
            f(tnp, x)
        assert isinstance(caught.value, type(e)) or isinstance(e, type(caught.value)), (caught.value, e)
        return
    ours = f(tnp, x)
    for a, b in zip(*((r if isinstance(r, tuple) else (r,)) for r in (ours, expected)), strict=True):
        same(a, np.asarray(b))


@pytest.mark.parametrize("dtype", DTYPES)
def test_nonzero(dtype):
    for shape in SHAPES:
        for x, n in layouts(numbers(shape, dtype)):
            agree(lambda m, a: a.nonzero(), x, n)
    assert tnp.function(lambda a: tnp.nonzero(a)[1])(tnp.asarray(numbers((3, 4), dtype))).shape[0] >= 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_repeat(dtype):
    for shape in SHAPES:
        for x, n in layouts(numbers(shape, dtype)):
            for axis in (None, *range(-n.ndim, n.ndim)):
                for count in (0, 1, 3, *([-1] if n.size else []), 2000 if n.size < 100 else 2):
                    agree(lambda m, a, axis=axis, count=count: a.repeat(count, axis), x, n)
    x = tnp.asarray(numbers((2, 3)))
    same(tnp.function(lambda a: tnp.repeat(a, 3, axis=1) * 2)(x), np.repeat(np.asarray(x), 3, axis=1) * 2)
    same(tnp.grad(lambda a: tnp.repeat(a, 3, axis=0).sum())(x), np.full((2, 3), 3.0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_argmax(dtype):
    for shape in [*SHAPES, (40, 4), (4, 5000)]:
        n = numbers(shape, dtype)
        if n.dtype.kind in "fc" and n.size > 3:
            n.flat[3] = np.nan
        for x, theirs in layouts(n):
            for axis in (None, *range(-n.ndim, n.ndim), n.ndim):
                agree(lambda m, a, axis=axis: a.argmax(axis=axis), x, theirs)
                agree(lambda m, a, axis=axis: a.argmin(axis=axis), x, theirs)
                agree(lambda m, a, axis=axis: m.argmin(a, axis=axis, keepdims=True), x, theirs)


@pytest.mark.parametrize("ufunc", ["add", "multiply", "maximum", "minimum", "logical_or", "subtract"])
@pytest.mark.parametrize("dtype", ["?", "i4", "u2", "f4", "f8"])
def test_reduceat(ufunc, dtype):
    for shape in [(8,), (3, 4), (2, 3, 4), (0, 3), (70, 80), (3, 3000)]:
        for x, n in layouts(np.rint(numbers(shape, "f4") * 2).astype(dtype)):  # whole numbers, in any order
            for axis in range(n.ndim):
                for places in ([0], [0, 2], [2, 0, 1], [1, 1], [0, 99999], [-1]):
                    agree(lambda m, a, axis=axis, p=places: getattr(m, ufunc).reduceat(a, p, axis=axis), x, n)


def test_gather():
    m = numbers((4, 5, 6))
    i, j = np.array([0, 3, -1]), np.array([[1], [-5]])
    keys = [
        (i, i), (j, i), (i[:, None], i), (i, 2), (2, i), (i, i, i), (j, i, 3), (0, 0, i), (i[::-1], i), (i[::2, None], i[::2]),
        (i, np.array([0, 1])), (i, np.array([9, 0, 0])), (i, 7), (np.zeros(0, int), i[:1]), (np.zeros((0, 3), int), i),
        (i, i, i, i), (i.astype(np.int32), i), (i, [0, 1, 2]), (i, slice(1)), (np.arange(600) % 4, np.arange(600) % 5),
        (np.array(1), np.array(2)), (np.array(1), i), (i == 0, 1), (),
    ]  # fmt: skip
    for source in (m, m.transpose(2, 1, 0)[::-1], m.astype("c16"), m.astype("?"), m[:, :, :0], numbers((4, 5))):
        x = tnp.asarray(source)
        for key in keys:
            for wrap in (tnp.asarray, np.asarray):
                ours = tuple(wrap(k) if isinstance(k, np.ndarray) else k for k in key)
                try:
                    expected = source[key]
                except IndexError:
                    with pytest.raises(IndexError):
                        x[ours]
                    continue
                same(x[ours], np.asarray(expected))
        for axis in range(source.ndim):
            for index in (i, j, np.array(1), np.array([99])):
                for mode in ("raise", "wrap", "clip"):
                    agree(lambda m, a, i=index, k=axis, mode=mode: a.take(i, axis=k, mode=mode), x, source)
    x, k = tnp.asarray(m), tnp.asarray(i)
    same(tnp.function(lambda a, b: a[b[:, None], b])(x, k), m[i[:, None], i])
    expected = np.zeros_like(m)
    np.add.at(expected, (i, i), 1.0)
    same(tnp.grad(lambda a: a[k, k].sum())(x), expected)


def test_equal_to_itself():
    for n in (np.array([1.0, np.nan]), np.array([1, 2]), np.array("a"), np.zeros(0)):
        x = tnp.asarray(n)
        for equal_nan in (False, True) if n.dtype.kind in "fi" else (False,):
            assert bool(tnp.array_equal(x, x, equal_nan=equal_nan)) == np.array_equal(n, n, equal_nan=equal_nan)


def test_putmask():
    for shape in SHAPES[:6]:
        n = numbers(shape)
        for values in (0.5, [0.5], [[0.5]], [1.0, 2.0], [], np.arange(24.0)):
            for mask in (n > 0, (n > 0).ravel(), (n > 0).T, n):
                theirs = n.copy()
                np.putmask(theirs, mask, values)
                same(tnp.putmask(tnp.asarray(n), tnp.asarray(mask), tnp.asarray(values)), theirs)


@pytest.mark.parametrize("dtype", DTYPES)
def test_backwards(dtype):
    for n in (numbers((8,), dtype), numbers((3, 2), dtype), numbers((0, 2), dtype)):
        for a, b in zip(reversed(tnp.asarray(n)), reversed(n), strict=True):
            same(a, np.asarray(b))
    with pytest.raises(TypeError):
        reversed(tnp.asarray(1.0))
    f = tnp.function(lambda x: next(reversed(x)) + 1)
    same(f(tnp.asarray(numbers((3, 2)))), numbers((3, 2))[-1] + 1)
