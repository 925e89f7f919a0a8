"""numpy_function and py_function: the same in eager and traced code."""

import gc
import sys
import threading
import traceback
import weakref

import pytest
import tnp

import numpy as np

F32, F64, I64 = np.float32, np.float64, np.int64


def both(f):
    return pytest.mark.parametrize("run", [lambda g: g, tnp.function], ids=["eager", "traced"])(f)


# --- errors


@both
@pytest.mark.parametrize("call", [tnp.numpy_function, tnp.py_function], ids=["numpy", "py"])
@pytest.mark.parametrize(
    ("result", "tout", "message"),
    [
        (np.array([1.0]), F32, r"promises float32.*float64\(1,\)"),
        (np.array([1]), F64, r"promises float64.*int64\(1,\)"),
        (np.array([1j]), F64, r"promises float64.*complex128"),
        (1.5, I64, r"promises int64.*float64"),
        (None, F64, r"promises 1 result.*None"),
        ((1.0, 2.0), F64, r"promises 1 result.* 2 came"),
        ((1.0, 2.0), [F64], r"promises 1 result.* 2 came"),
        ((1.0,), [F64, F64], r"promises 2 results.* 1 came"),
        (1.0, [F64, F64], r"promises 2 results"),
        (1.0, [], r"promises 0 results"),
        (object(), F64, r"promises float64.*'object'"),
        (np.ones(3), tnp.ArraySpec((2,), F64), r"promises float64\(2,\).*float64\(3,\)"),
        (np.ones(3), tnp.ArraySpec((None, 3), F64), r"promises float64\(None, 3\).*float64\(3,\)"),
    ],
)
def test_tout_is_enforced(run, call, result, tout, message):
    f = run(lambda x: call(lambda _: result, [x], tout))
    with pytest.raises(TypeError, match=message):
        f(tnp.asarray(1.0))


def test_arguments_are_checked():
    with pytest.raises(TypeError, match="Tout"):
        tnp.numpy_function(lambda: 1, [])
    with pytest.raises(TypeError, match="Tout"):
        tnp.numpy_function()
    with pytest.raises(TypeError, match="no inp"):
        tnp.numpy_function(inp=[1], Tout=F64)
    with pytest.raises(TypeError, match="callable"):
        tnp.numpy_function(3, [], F64)
    with pytest.raises(TypeError, match=r"\[x\]"):
        tnp.numpy_function(lambda x: x, tnp.ones(3), F64)


@both
@pytest.mark.parametrize(
    "kind", [KeyError, ValueError, StopIteration, MemoryError, ZeroDivisionError, KeyboardInterrupt, "own"]
)
def test_exceptions_arrive_unchanged(run, kind):
    own = type("Own", (Exception,), {})
    error = (own if kind == "own" else kind)("what")

    def raises(_):
        raise error

    f = run(lambda x: tnp.numpy_function(raises, [x], F64) + 1.0)
    with pytest.raises(BaseException) as info:
        f(tnp.asarray(1.0))
    assert info.value is error
    assert "raises" in [frame.name for frame in traceback.extract_tb(info.value.__traceback__)]


@both
def test_no_gradient_through_numpy_function(run):
    f = run(lambda x: x * tnp.numpy_function(np.sin, [x], tnp.ArraySpec((None,), F64)))
    x = tnp.asarray([1.0, 2.0])
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = None
        with pytest.raises(TypeError, match="py_function.*custom_gradient.*stop_gradient"):
            y = f(x)
            tape.gradient(y, x)


# --- results


@both
def test_results(run):
    one = run(lambda x: tnp.numpy_function(lambda v: v * 2, [x], F64))
    assert isinstance(one(tnp.ones(2)), tnp.ndarray)
    many = run(lambda x: tnp.numpy_function(lambda v: (v, v.sum()), [x], [F64, F64]))
    out = many(tnp.ones(2))
    assert isinstance(out, list) and np.asarray(out[1]) == 2
    single = run(lambda x: tnp.numpy_function(lambda v: v, [x], (F64,)))(tnp.ones(2))
    assert isinstance(single, list) and len(single) == 1


@both
def test_effect_only(run):
    seen = []
    f = run(lambda x: (tnp.numpy_function(lambda v: seen.append(float(v)), [x], []), x)[1])
    f(tnp.asarray(1.0))
    f(tnp.asarray(2.0))
    assert seen == [1.0, 2.0]


@both
@pytest.mark.parametrize(
    ("result", "tout"),
    [
        (3, F32),
        (3, np.int8),
        (True, I64),
        (2.5, F32),
        (2.5, np.complex64),
        ([1, 2], F32),
        (np.float32(1.5), F64),
        (np.int8(3), I64),
        (np.uint8([1]), np.int16),
        (np.ones((2, 3), order="F"), F64),
        (np.arange(6.0)[::-2], F64),
    ],
)
def test_lossless_conversions(run, result, tout):
    out = run(lambda x: tnp.numpy_function(lambda _: result, [x], tout))(tnp.asarray(1.0))
    assert out.dtype == np.dtype(tout)
    np.testing.assert_array_equal(np.asarray(out), np.asarray(result))


@both
def test_arguments_are_read_only_views(run):
    seen = []

    def look(a, b):
        seen.append((type(a), a.shape, type(b), b.dtype, a.flags.writeable))
        with pytest.raises(ValueError, match="read-only"):
            a[...] = 0
        return a

    out = run(lambda a, b: tnp.numpy_function(look, [a, b], F64))(tnp.asarray(1.5), tnp.asarray([1, 2]))
    assert seen == [(np.ndarray, (), np.ndarray, np.dtype(I64), False)]
    assert float(out) == 1.5


@both
def test_results_are_copied_while_somebody_holds_them(run):
    held = np.ones(10000)
    out = run(lambda x: tnp.numpy_function(lambda _: held, [x], F64))(tnp.asarray(1.0))
    held[:] = 2
    assert np.asarray(out)[0] == 1
    kept = []

    def view(_):
        base = np.ones(10000)
        kept.append(base)
        return base[:9000]

    out = run(lambda x: tnp.numpy_function(view, [x], F64))(tnp.asarray(1.0))
    for base in kept:
        base[:] = 2
    assert np.asarray(out)[0] == 1


def test_shapes_of_results():
    unknown = tnp.function(lambda x: tnp.numpy_function(lambda v: v, [x], F64) * 2.0)
    np.testing.assert_array_equal(np.asarray(unknown(tnp.ones((2, 3)))), 2 * np.ones((2, 3)))

    @tnp.function
    def known(x):
        y = tnp.numpy_function(lambda v: v[:2], [x], tnp.ArraySpec((None, 3), F64))
        assert y.ndim == 2 and y.shape[1] == 3
        return tnp.sum(y, axis=0)

    np.testing.assert_array_equal(np.asarray(known(tnp.ones((5, 3)))), [2, 2, 2])


def test_decorator():
    @tnp.numpy_function(Tout=F64)
    def double(x):
        return np.asarray(x) * 2

    assert double.__name__ == "double"
    assert float(double(tnp.asarray(2.0))) == 4
    assert float(tnp.function(lambda x: double(x) + 1.0)(tnp.asarray(2.0))) == 5


# --- order


def test_stateful_calls_run_in_order():
    log = []

    @tnp.function
    def f(x):
        tnp.numpy_function(lambda: log.append("a"), [], [])
        y = tnp.numpy_function(lambda v: log.append("b") or v, [x], F64)
        tnp.numpy_function(lambda: log.append("c"), [], [])
        return x

    for _ in range(2):
        f(tnp.asarray(1.0))
    assert log == ["a", "b", "c"] * 2


def test_stateless_calls_may_be_dropped():
    log = []

    @tnp.function
    def f(x):
        tnp.numpy_function(lambda v: log.append("unused") or v, [x], F64, stateful=False)
        return tnp.numpy_function(lambda v: log.append("used") or v, [x], F64, stateful=False)

    f(tnp.asarray(1.0))
    assert log == ["used"]


# --- re-entry


@both
@pytest.mark.parametrize("threads", [1, 2])
def test_callbacks_may_call_tnp(run, threads):
    inner = tnp.function(lambda x: tnp.sum(tnp.exp(x) * 2.0))

    def callback(x):
        big = tnp.asarray(np.full(300000, float(x)))
        return np.asarray(inner(big) + tnp.sum(big))

    outer = run(lambda x: tnp.numpy_function(callback, [tnp.sum(x)], F64) + 1.0)
    x = tnp.asarray(np.full(200000, 1e-6))
    total = float(np.sum(np.asarray(x)))
    with tnp.threads(threads) if hasattr(tnp, "threads") else _nothing():
        for _ in range(3):
            np.testing.assert_allclose(float(outer(x)), 300000 * (2 * np.exp(total) + total) + 1, rtol=1e-9)


class _nothing:
    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


def test_recursion_through_callbacks():
    @tnp.function
    def factorial(n):
        return tnp.cond(n <= 1, lambda: n, lambda: n * tnp.py_function(factorial, [n - 1], I64))

    assert int(factorial(tnp.asarray(15))) == 1307674368000


def test_endless_recursion_is_an_error():
    @tnp.function
    def f(x):
        return tnp.numpy_function(lambda v: np.asarray(f(tnp.asarray(v))), [x], F64)

    with pytest.raises(RecursionError):
        f(tnp.asarray(1.0))


def test_callbacks_from_several_threads():
    lock = threading.Lock()

    def callback(x):
        with lock:
            return x + 1

    f = tnp.function(lambda x: tnp.numpy_function(callback, [x], F64) * 2.0)
    failures = []

    def work(k):
        for i in range(200):
            if float(f(tnp.asarray(float(k + i)))) != 2.0 * (k + i + 1):
                failures.append((k, i))

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in workers:
        t.start()
    for t in workers:
        t.join(60)
    assert not any(t.is_alive() for t in workers)
    assert not failures


# --- py_function


@both
def test_py_function_gets_tnp_arrays(run):
    seen = []
    out = run(lambda x: tnp.py_function(lambda v: seen.append(type(v)) or v * 2.0, [x], F64))(tnp.asarray([1.0, 2.0]))
    assert seen == [tnp.ndarray]
    np.testing.assert_array_equal(np.asarray(out), [2, 4])


def grad(f, n):
    if n == 0:
        return f

    def g(x):
        with tnp.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, x)

    return grad(g, n - 1)


@both
@pytest.mark.parametrize("order", [1, 2, 3])
def test_py_function_gradients(run, order):
    def host(x):
        return x * x * x * x if float(tnp.sum(x)) > 0 else x * x

    f = run(lambda x: tnp.py_function(host, [x], tnp.ArraySpec((), F64)) * x)
    for x in (1.5, -1.5):
        expected = {1: (5 * x**4, 3 * x**2), 2: (20 * x**3, 6 * x), 3: (60 * x**2, 6)}[order][0 if x > 0 else 1]
        np.testing.assert_allclose(float(grad(f, order)(tnp.asarray(x))), expected)


@both
def test_py_function_gradients_of_variables(run):
    v = tnp.Variable(3.0)
    f = run(lambda x: tnp.py_function(lambda a: a * v.read() * v.read(), [x], F64))
    with tnp.GradientTape() as tape:
        y = f(tnp.asarray(2.0))
    assert float(tape.gradient(y, v)) == 12


def test_py_function_sees_assignments_before_it():
    v = tnp.Variable(1.0)

    @tnp.function
    def f(x):
        v.assign(x)
        return tnp.py_function(lambda: v.read() * 2.0, [], F64)

    assert float(f(tnp.asarray(5.0))) == 10


@both
def test_py_function_unused_input(run):
    f = run(lambda x, y: tnp.py_function(lambda a, b: a * 2.0, [x, y], F64))
    x, y = tnp.ones(3), tnp.ones(2)
    with tnp.GradientTape() as tape:
        tape.watch(x)
        tape.watch(y)
        z = f(x, y)
    gx, gy = tape.gradient(z, [x, y])
    assert np.asarray(gx).tolist() == [2, 2, 2]
    assert gy is None or np.asarray(gy).tolist() == [0, 0]


def test_py_function_in_a_loop():
    @tnp.function
    def f(x):
        step = lambda i, s: (i + 1, tnp.py_function(lambda v: v * v, [s], tnp.ArraySpec((), F64)))
        return tnp.while_loop(lambda i, s: i < 3, step, (0, x))[1]

    x = tnp.asarray(1.1)
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    np.testing.assert_allclose(float(tape.gradient(y, x)), 8 * 1.1**7)


# --- leaks


@both
@pytest.mark.parametrize("call", [tnp.numpy_function, tnp.py_function], ids=["numpy", "py"])
def test_functions_are_let_go(run, call):
    class Callback:
        def __call__(self, x):
            return x

    callback = Callback()
    ref = weakref.ref(callback)
    f = run(lambda x, c=callback: call(c, [x], F64))
    f(tnp.asarray(1.0))
    del f, callback
    gc.collect()
    assert ref() is None


def test_taped_calls_do_not_leak():
    x = tnp.asarray(np.ones(1000))
    f = tnp.function(lambda x: tnp.py_function(lambda v: v * 2.0, [x], F64))

    def once():
        with tnp.GradientTape() as tape:
            tape.watch(x)
            f(x)

    for _ in range(20):
        once()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(100):
        once()
    gc.collect()
    assert len(gc.get_objects()) - before < 50
    assert sys.getrefcount(x) < 20
