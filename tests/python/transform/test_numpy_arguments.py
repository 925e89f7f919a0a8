"""Compiled functions called with NumPy's arrays: their memory serves during the call, and only then."""

import threading

import pytest
import tnp

import numpy as np

WARM = 12  # calls after which one of the same form, types and sizes is prepared
RNG = np.random.default_rng(0)


def normal(*shape):
    return lambda: RNG.standard_normal(shape)


def leaves(result):
    if isinstance(result, dict):
        return list(result.values())
    return list(result) if isinstance(result, (tuple, list)) else [result]


CALLS = {
    "computed": (lambda x: x + 1, [normal(8)]),
    "itself": (lambda x: x, [normal(8)]),
    "twice": (lambda x: (x, x, x + 1), [normal(8)]),
    "slice": (lambda x: x[1:], [normal(8)]),
    "views": (lambda x: {"a": x.T.reshape(-1), "b": x[::-1], "c": x.imag}, [lambda: normal(4, 4)() + 1j]),
    "repeated": (lambda x: tnp.broadcast_to(x[1:], (1000, 7)), [normal(8)]),
    "element": (lambda x: x[2], [normal(8)]),
    "pending": (lambda x: (tnp.full(5, x), tnp.zeros_like(x)), [normal()]),
    "indices": (lambda x, i: x[i], [normal(8), lambda: RNG.integers(0, 8, 5)]),
    "mask": (lambda x, m: x[m], [normal(8), lambda: RNG.standard_normal(8) > 0]),
    "sorted": (lambda x: (tnp.sort(x), tnp.argsort(x)), [normal(8)]),
    "sizes from data": (lambda x: tnp.nonzero(x > 0), [normal(8)]),
    "loop": (lambda x: tnp.fori_loop(0, 3, lambda i, c: c * 2, x), [normal(8)]),
    "carry": (lambda x: tnp.fori_loop(0, 3, lambda i, c: (c[1], c[0]), (x, x[::-1])), [normal(8)]),
    "transposed": (lambda x: (x + 1, x[1:]), [lambda: normal(4, 5)().T]),
    "steps below zero": (lambda x: (x.sum(), x[::2], x[:, 1]), [lambda: normal(4, 8)()[:, ::-2]]),
    "number": (lambda x, y: x * y, [normal(3), lambda: np.float64(RNG.standard_normal())]),
    "empty": (lambda x: (x, x * 2), [lambda: np.zeros((0, 3))]),
    "other order of bytes": (lambda x: x * 2, [lambda: normal(4)().astype(">f8")]),
    "not aligned": (lambda x: x * 2, [lambda: np.frombuffer(b"x" + normal(4)().tobytes(), offset=1)]),
    "for reading only": (lambda x: (x, x[1:], x * 2), [lambda: np.frombuffer(normal(4)().tobytes())]),
    "beside ours": (lambda x, y: x - y, [normal(8), lambda: tnp.asarray(normal(8)())]),
    "large": (lambda x: (x[::-1], x * 2, x.sum()), [normal(1 << 17)]),
    "update": (lambda x, y: x.at[2:4].set(y), [normal(8), normal(2)]),
}


@pytest.mark.parametrize("name", CALLS)
def test_results_are_eagers_and_stay_when_numpy_writes(name):
    f, make = CALLS[name]
    h = tnp.function(f)
    for _ in range(WARM):
        given = [m() for m in make]
        expected = [np.array(x) for x in leaves(f(*[tnp.asarray(x) for x in given]))]
        got = leaves(h(*given))
        for x in given:
            if isinstance(x, np.ndarray) and x.flags.writeable:
                x[...] = 0
        for g, e in zip(got, expected, strict=True):
            assert isinstance(g, tnp.ndarray)
            assert g.dtype == e.dtype and np.array_equal(np.asarray(g), e)


def test_types_and_sizes_are_told_apart():
    h = tnp.function(lambda x: x + 1)
    for k in range(4 * WARM):
        x = np.arange(3 + k % 2, dtype=["i4", "f8", "f4", "u1"][k // 2 % 4])
        got = h(x)
        assert got.dtype == (tnp.asarray(x) + 1).dtype and np.array_equal(np.asarray(got), x + 1)


def test_arguments_by_name_are_not_mixed_up():
    h = tnp.function(lambda a, b: a - b)
    for _ in range(WARM):
        assert h(b=np.ones(3), a=np.full(3, 5.0)).tolist() == [4, 4, 4]
        assert h(np.ones(3), b=np.full(3, 5.0)).tolist() == [-4, -4, -4]


def test_a_variable_keeps_what_it_was_assigned():
    v = tnp.Variable(tnp.zeros(8))

    @tnp.function
    def keep(x):
        v.assign(x)
        return x + v

    for _ in range(WARM):
        x = normal(8)()
        was = x.copy()
        got = keep(x)
        x[:] = 5
        assert np.array_equal(np.asarray(v), was) and np.array_equal(np.asarray(got), 2 * was)


def test_other_classes_are_refused_as_before():
    h = tnp.function(lambda x: x + 1)
    for _ in range(WARM):
        h(np.arange(3.0))
    with pytest.raises(TypeError):
        h(np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]))
    with pytest.raises(TypeError):
        h(np.array([object()] * 3))


def test_memory_is_given_back():
    h = tnp.function(lambda x: (x * 2, x[1:]))
    x = np.arange(8.0)
    for _ in range(WARM):
        h(x)
    x.resize(4)  # NumPy refuses while anybody else refers to the array
    assert x.tolist() == [0, 1, 2, 3]


def test_writers_in_other_threads_do_no_harm():
    h = tnp.function(lambda x, i, m: (x[i], x[m > 0].sum(), tnp.sort(x)))
    x, i, m = normal(1 << 17)(), RNG.integers(0, 1 << 17, 1 << 17), normal(1 << 17)()
    stop = threading.Event()

    def write():
        while not stop.is_set():
            i[:] = i[::-1].copy()
            m[:] = -m
            x[:] = x[::-1].copy()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(40):
            h(x, i, m)
    finally:
        stop.set()
        writer.join()


def test_slices_as_arguments():
    h = tnp.function(lambda x, s: x[s])
    x = tnp.arange(10)
    for k in range(3 * WARM):
        s = slice(k % 3, 8)
        assert h(x, s).tolist() == list(range(10))[s]
        assert h(x, slice(None, None, 2)).tolist() == [0, 2, 4, 6, 8]
        assert h(x, (slice(1, 3),)).tolist() == [1, 2]


def test_arrays_of_derived_classes():
    class Derived(tnp.ndarray):
        pass

    h = tnp.function(lambda x: (x, x + 1))
    x = Derived((3,))
    for _ in range(WARM):
        assert [a.tolist() for a in h(x)] == [[0, 0, 0], [1, 1, 1]]
        assert [a.tolist() for a in h(tnp.arange(3.0))] == [[0, 1, 2], [1, 2, 3]]


@pytest.mark.parametrize("count", [32, 33, 100, 128, 129, 200])
@pytest.mark.parametrize("module", [np, tnp])
def test_many_arrays(count, module):
    total = tnp.function(lambda *xs: (sum(xs), xs[0]))
    same = tnp.function(lambda *xs: [x * 2 for x in xs])
    xs = [module.full(3, float(i)) for i in range(count)]
    for _ in range(WARM):
        got = total(*xs)
        assert got[0].tolist() == [count * (count - 1) / 2] * 3 and got[1].tolist() == [0, 0, 0]
        assert [x.tolist() for x in same(*xs)] == [[2.0 * i] * 3 for i in range(count)]
