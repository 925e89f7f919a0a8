"""Arithmetic of sizes that only a run knows: one trace, and what eager code gives, errors included."""

import pytest
import tnp

import numpy as np

SIZES = (6, 4, 1, 0, 2, 3, 8, 2, 2, 2, 12)


def outcome(f, x):
    """What f gives, or the error that it raises."""
    try:
        r = f(x)
    except Exception as e:
        return type(e)
    return r if isinstance(r, (tuple, list)) else (r,)


def compare(program, sizes=SIZES):
    f = tnp.function(program)
    for n in sizes:
        x = tnp.arange(n) * 1.0
        got, want = outcome(f, x), outcome(program, x)
        if isinstance(want, type):
            assert got is want, (n, got, want)
            continue
        assert not isinstance(got, type), (n, got)
        for g, w in zip(got, want, strict=True):
            g, w = np.asarray(g), np.asarray(w)
            assert g.dtype == w.dtype and g.shape == w.shape, (n, g, w)
            np.testing.assert_array_equal(g, w)
    return f


ONE_TRACE = {
    "divmod": lambda x, n: (tnp.zeros(divmod(n, 3)[0]), x * divmod(n, 4)[1]),
    "divmod by nothing": lambda x, n: tnp.zeros(divmod(n, 0)[0]),
    "quotient of nothing": lambda x, n: tnp.zeros(n // 0),
    "abs": lambda x, n: tnp.zeros(abs(n - 3)),
    "power": lambda x, n: (x * n**2, tnp.zeros(n**0)),
    "shifts": lambda x, n: (tnp.zeros(n << 1), tnp.zeros(n >> 1)),
    "low bits": lambda x, n: tnp.zeros(n & 3),
    "invert": lambda x, n: (x[~n:], tnp.zeros(-~n)),
    "round": lambda x, n: tnp.zeros(round(n)),
    "zeros below": lambda x, n: tnp.zeros(n - 3),
    "eye below": lambda x, n: tnp.eye(n - 3),
    "full below": lambda x, n: tnp.full((n - 3, 2), 1.0).sum(axis=0),
    "reshape below": lambda x, n: x.reshape(n - 3, n - 4),
    "broadcast below": lambda x, n: tnp.broadcast_to(x[:1], (n - 3,)),
    "roll": lambda x, n: (tnp.roll(x, n // 2), tnp.roll(x, n - 3), tnp.roll(x.reshape(1, -1), (n - 3, 1), (1, 0))),
    "pad": lambda x, n: (tnp.pad(x, (n - 3, 0)), tnp.pad(x, n // 2, constant_values=7)),
    "split": lambda x, n: tnp.split(x, [n // 3, n - 3]),
    "resize": lambda x, n: (tnp.resize(x, (n + 2,)), tnp.resize(x, (2, n // 2))),
    "unravel": lambda x, n: tnp.unravel_index(3, (n, 4)),
    "rows": lambda x, n: (tnp.array([x, x[::-1]]), tnp.abs([x, -x]), tnp.array([[x, x], [x, x * 2]])),
    "rows and lists": lambda x, n: tnp.array([x, [1.0, 2.0, 3.0]]),
    "rows of several sizes": lambda x, n: tnp.array([x, x[n // 3 :]]),
    "equivalent": lambda x, n: (tnp.array_equiv(x, x[: n - n // 3]), tnp.array_equiv(x * 0, x[:1]), tnp.array_equiv(x, x)),
    "quotients": lambda x, n: tnp.divmod(x.astype("float32"), n + 1),
    "powers": lambda x, n: (tnp.vander(x), tnp.vander(x, n - 2), tnp.vander(x, n, increasing=True)),
    "large": lambda x, n: x * (n**8),
    "too large": lambda x, n: tnp.zeros((n + 7) ** 8 * (n + 7) ** 8 * (n + 7) ** 8),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_TRACE)
def test_one_trace(name):
    f = compare(lambda x: ONE_TRACE[name](x, x.shape[0]))
    assert f.cache_info()["traced"] <= 1


def largest(x):
    n = x.shape[0]
    return tnp.zeros(max(n - 3, 0)), x[: min(n, 4, n // 2 + 1)], max(n, 1.0) * x.astype("float32")


def compared_shapes(x):
    y = x[:3]
    if x.shape != y.shape:
        return x.sum() * 2
    if y.shape == (x.shape[0],):
        return y.sum() * 3
    return y.sum()


def lengths(x):
    n = len(x)
    return x[: n // 2], n * x


@pytest.mark.parametrize("program", [largest, compared_shapes, lengths])
def test_converted(program):
    assert compare(program).cache_info()["traced"] == 1


def test_cross_products_of_unknown_sizes():
    f = tnp.function(lambda x, y: tnp.cross(x, y))
    for n in (3, 2, 3):
        x, y = np.arange(2.0 * n).reshape(2, n), np.ones(n) + np.arange(n) ** 2
        if n == 2:
            x, y = np.pad(x, ((0, 0), (0, 1))), y  # of two and three elements
        np.testing.assert_array_equal(np.asarray(f(x, y)), np.asarray(tnp.cross(tnp.asarray(x), tnp.asarray(y))))
    for g in (f, tnp.function(lambda x, y: tnp.linalg.cross(x, y))):
        with pytest.raises(ValueError, match="dimension"):
            g(np.ones(5), np.ones(5))
    of_data = tnp.function(lambda x: tnp.cross(x[x > 0], x[x > 0] * 2 + 1))
    x = np.array([1.0, -1, 2, 3])
    np.testing.assert_array_equal(np.asarray(of_data(x)), np.asarray(tnp.cross(x[x > 0], x[x > 0] * 2 + 1)))
    with pytest.raises(ValueError, match="three elements"):
        of_data(np.ones(5))


@pytest.mark.parametrize(
    "program",
    [
        lambda x: tnp.concatenate([x[1:], x[:1]]),
        lambda x: tnp.concatenate([x[-2:], x[:-2]]),
        lambda x: tnp.roll(x, 1) * 1.0,
        lambda x: tnp.pad(x, 2)[1:-1][1:-1],
        lambda x: tnp.arange(x.shape[0]) * 1.0,
        lambda x: tnp.concatenate([x[: x.shape[0] // 2], x[x.shape[0] // 2 :]]),
    ],
)
def test_sizes_are_seen_to_be_equal(program):
    """Parts of an array that are joined again have its size, so what follows is fused with it."""
    f = tnp.function(lambda x: program(x) + x)
    text = str(f.graph(tnp.ones(5)))
    assert "broadcast" not in text.split("{")[1].split("return")[0].split("\n")[-2]
    for n in (5, 3, 2, 1, 0):
        x = tnp.arange(n) * 1.0
        got, want = outcome(f, x), outcome(lambda x: program(x) + x, x)
        assert isinstance(want, type) == isinstance(got, type)
        np.testing.assert_array_equal(np.asarray(got[0]), np.asarray(want[0]))


def test_programs_of_many_parts_are_compiled_in_linear_time():
    """As many distinct sizes as steps took seconds."""

    def program(x):
        for _ in range(600):
            x = tnp.concatenate([x[1:], x[:1]])
        return x

    f = tnp.function(program)
    assert f(tnp.arange(7.0)).shape == (7,)
    assert len(str(f.graph(tnp.arange(7.0)))) < 250 * 600 * 3


def test_steps_of_slices_that_are_sizes():
    """The function is traced for each."""
    for f in (lambda x: x[:: x.shape[0] // 4], lambda x: x[:: -(len(x) >> 2)], lambda x: x[1 :: x.shape[0] - 1].sum()):
        compiled = tnp.function(f)
        for n in (9, 17, 9, 30):
            x = tnp.arange(n)
            np.testing.assert_array_equal(compiled(x), f(x))
        with pytest.raises(ValueError, match="step"):
            compiled(tnp.arange(1))
