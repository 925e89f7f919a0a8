"""Programs that put elements into other places and compute nothing: as little is done as eagerly."""

import pytest
import tnp

import numpy as np

RNG = np.random.default_rng(3)


def complex_numbers(*shape, dtype="complex128"):
    return tnp.asarray((RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)).astype(dtype))


def shares(view, x):
    return np.shares_memory(np.asarray(view), np.asarray(x))


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype and a.shape == b.shape
    np.testing.assert_array_equal(a, b)


PARTS = {
    "real": lambda z: z.real,
    "imag": lambda z: tnp.imag(z),
    "both": lambda z: (z.real, z.imag),
    "sums": lambda z: (z.real.sum(axis=0), tnp.sort(z.imag)),
    "computed with": lambda z: (z.real * 2 + z.imag, abs(z)),
    "of what is computed": lambda z: (z * z).imag,
    "of a view": lambda z: z[1:, ::2].real,
    "shown again": lambda z: z.T.imag[::-1],
}


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("shape", [(3, 4), (60, 70), (600, 700)])
@pytest.mark.parametrize("name", PARTS)
def test_parts_of_complex_numbers(name, shape, dtype):
    f, z = PARTS[name], complex_numbers(*shape, dtype=dtype)
    h = tnp.function(f)
    for _ in range(5):
        got, want = h(z), f(z)
        for a, b in zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]:
            same(a, b)


@pytest.mark.parametrize("shape", [(8,), (4096,), (1 << 19,)])
def test_parts_alone_are_views(shape):
    z = complex_numbers(*shape)
    h = tnp.function(lambda z: (z.real, z.imag))
    for _ in range(5):
        for part in h(z):
            assert shares(part, z)
    re = tnp.function(lambda z: z.real)
    for _ in range(5):
        assert shares(re(z), z)


def test_parts_and_their_gradients_and_batches():
    z = complex_numbers(5, 6)
    same(tnp.vmap(tnp.function(lambda z: z.imag))(z), z.imag)
    same(tnp.function(tnp.vmap(lambda z: z.real))(z), z.real)
    gradient = tnp.grad(lambda x: (x * 1j).imag.sum())(tnp.ones(4))
    same(tnp.function(tnp.grad(lambda x: (x * 1j).imag.sum()))(tnp.ones(4)), gradient)


def test_an_argument_that_is_given_up_stays_where_a_view_shows_it():
    h = tnp.function(lambda z: (z.real, z + 1), donate_argnums=(0,))
    for _ in range(5):
        z = complex_numbers(300, 300)
        re, more = np.array(z).real, np.array(z) + 1
        got = h(z)
        same(got[0], re)
        same(got[1], more)


CREATIONS = {
    "zeros_like": lambda x: tnp.zeros_like(x),
    "ones_like": lambda x: tnp.ones_like(x, dtype="int32"),
    "full_like": lambda x: tnp.full_like(x, 2.5),
    "arange": lambda x: tnp.arange(x.size),
    "isreal": lambda x: tnp.isreal(x),
    "a number of its own": lambda x: tnp.full(x.shape, x.ravel()[0]),
    "read twice": lambda x: (tnp.ones_like(x), tnp.ones_like(x).sum()),
    "twice": lambda x: (tnp.ones_like(x), tnp.ones_like(x) + x),
    "written to": lambda x: tnp.zeros_like(x).at[1:].set(x[1:]),
}


@pytest.mark.parametrize("shape", [(8,), (4096,), (1 << 19,)])
@pytest.mark.parametrize("name", CREATIONS)
def test_creations(name, shape):
    f, x = CREATIONS[name], tnp.asarray(RNG.standard_normal(shape))
    h = tnp.function(f)
    for _ in range(4):
        got, want = h(x), f(x)
        for a, b in zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]:
            same(a, b)


MOVES = {
    "roll": lambda x: tnp.roll(x, 3, axis=1),
    "shift": lambda x: tnp.fft.fftshift(x),
    "tile": lambda x: tnp.tile(x, (2, 2)),
    "block": lambda x: tnp.block([[x, x], [x, x]]),
    "stack": lambda x: tnp.stack([x, x[::-1]], axis=1),
    "repeat": lambda x: tnp.repeat(x, 3, axis=0),
    "copy": lambda x: (tnp.copy(x.T), x.T.copy(), tnp.copy(x[:, ::2])),
    "copied in columns": lambda x: tnp.copy(x, order="F"),
    "transposed and reduced": lambda x: x.T.copy().max(axis=1),
    "transposed and computed with": lambda x: tnp.where(x.T.copy() > 0, 1, 2).max(axis=1),
    "places": lambda x: tnp.ix_(x.ravel()[:3].astype(int), x.ravel()[:4].astype(int)),
}


@pytest.mark.parametrize("dtype", ["float64", "float32", "bool"])
@pytest.mark.parametrize("shape", [(3, 4), (60, 70), (600, 700)])
@pytest.mark.parametrize("name", MOVES)
def test_moves(name, shape, dtype):
    f, x = MOVES[name], tnp.asarray((RNG.standard_normal(shape) * 3).astype(dtype))
    h = tnp.function(f)
    for _ in range(5):
        got, want = h(x), f(x)
        for a, b in zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]:
            same(a, b)


def test_what_a_view_shows_is_copied_once():
    def f(x):
        flat = x[::-1].ravel()
        return tnp.dot(flat, flat)

    h = tnp.function(f)
    x = tnp.asarray(RNG.standard_normal((600, 700)))
    same(h(x), f(x))
    reshapes = [line.split("(")[1].split(")")[0] for line in h.steps(x).splitlines() if "= reshape(" in line]
    flat = reshapes[0]
    assert reshapes.count(flat) == 1
