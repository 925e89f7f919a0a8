"""Who holds memory that libraries share, and who gives it back on which thread."""

import ctypes
import gc
import queue
import threading
import weakref

import dlpack_producer as dl
import pytest
import tnp

import numpy as np


class Owned(np.ndarray):
    """A NumPy array whose end can be seen."""


def owned(n=1000):
    a = np.arange(float(n)).view(Owned)
    a.flags.writeable = False
    return a, weakref.ref(a)


def churn(n=1000):
    """Allocates memory of the size that was just freed, so that a dangling pointer shows other numbers."""
    return [np.full(n, -1.0) for _ in range(20)], [tnp.asarray(np.full(n, -2.0)) for _ in range(20)]


def test_the_producer_is_deleted_first():
    a, alive = owned()
    x = tnp.asarray(a, copy=False)
    del a
    gc.collect()
    assert alive() is not None
    rest = churn()
    np.testing.assert_array_equal(np.asarray(x), np.arange(1000.0))
    del x, rest
    assert alive() is None


def test_a_numpy_view_outlives_the_array():
    a, alive = owned()
    view = np.asarray(tnp.asarray(a, copy=False))
    del a
    rest = churn()
    np.testing.assert_array_equal(view, np.arange(1000.0))
    del view, rest
    assert alive() is None


def test_views_of_views():
    a, alive = owned()
    x = tnp.from_dlpack(np.from_dlpack(tnp.asarray(np.asarray(tnp.asarray(a, copy=False)))))
    del a
    gc.collect()
    assert alive() is not None
    assert float(np.asarray(x)[999]) == 999
    del x
    assert alive() is None


@pytest.mark.parametrize("make", [lambda p: tnp.from_dlpack(p), lambda p: tnp.asarray(p)])
def test_the_last_array_is_dropped_on_another_thread(make):
    p = dl.Producer()
    inbox = queue.Queue()
    dropped = threading.Event()

    def work():
        x = inbox.get()
        x = x + 1  # the shared array goes here
        dropped.set()

    t = threading.Thread(target=work)
    t.start()
    inbox.put(make(p))
    t.join()
    assert dropped.is_set()
    assert p.deleted == 1


def delete_without_the_gil(tensor):
    """Calls the deleter of an exported tensor as a thread of another library does."""
    deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(tensor.deleter)  # releases the GIL while it runs
    deleter(ctypes.addressof(tensor))


@pytest.mark.parametrize("on_another_thread", [False, True])
def test_the_last_reader_has_no_gil(on_another_thread):
    p = dl.Producer()
    tensor = dl.take(tnp.from_dlpack(p).__dlpack__(max_version=(1, 0)))
    assert p.deleted == 0
    if on_another_thread:
        t = threading.Thread(target=delete_without_the_gil, args=(tensor,))
        t.start()
        t.join()
    else:
        delete_without_the_gil(tensor)
    for _ in range(1000):  # the interpreter looks for what waits between its instructions
        if p.deleted:
            break
    assert p.deleted == 1


def test_many_readers_without_the_gil():
    producers = [dl.Producer() for _ in range(200)]
    tensors = [dl.take(tnp.from_dlpack(p).__dlpack__(max_version=(1, 0))) for p in producers]
    threads = [
        threading.Thread(target=lambda part: [delete_without_the_gil(t) for t in part], args=(tensors[i::4],))
        for i in range(4)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for _ in range(10000):
        if all(p.deleted for p in producers):
            break
    assert [p.deleted for p in producers] == [1] * 200


def test_dropped_inside_a_traced_function():
    p = dl.Producer()
    held = [tnp.from_dlpack(p)]

    def body(x):
        held.clear()
        gc.collect()
        return x * 2.0

    f = tnp._core.Function(body, "body")
    np.testing.assert_array_equal(np.asarray(f(tnp.asarray([1.0, 2.0]))), [2, 4])
    assert p.deleted == 1


def test_a_constant_of_a_traced_function_holds_its_memory():
    a, alive = owned(4)
    shared = [tnp.asarray(a, copy=False)]
    del a
    f = tnp._core.Function(lambda x: x + shared[0], "f")
    np.testing.assert_array_equal(np.asarray(f(tnp.asarray([1.0] * 4))), [1, 2, 3, 4])
    shared[0] = None
    churn(4)
    np.testing.assert_array_equal(np.asarray(f(tnp.asarray([1.0] * 4))), [1, 2, 3, 4])
    del f
    gc.collect()
    tnp._core.Function(lambda x: x * 2.0, "g")(
        tnp.asarray([1.0] * 4)
    )  # the program that ran last is kept until another runs
    assert alive() is None


def test_an_error_on_the_way_out_stays():
    p = dl.Producer()

    def fail():
        x = tnp.from_dlpack(p)
        raise KeyError(len(x.shape))

    with pytest.raises(KeyError, match="1"):
        fail()
    gc.collect()
    assert p.deleted == 1


def test_a_deleter_that_runs_python_and_tnp():
    class Busy(dl.Producer):
        def _delete(self, managed):
            super()._delete(managed)
            self.sum = float(np.asarray(tnp.asarray([1.0, 2.0]) + 1)[0])

    p = Busy()
    x = tnp.from_dlpack(p)
    del x
    assert (p.deleted, p.sum) == (1, 2.0)


def test_a_weak_reference_sees_the_array_go():
    x = tnp.asarray([1.0])
    alive = weakref.ref(x)
    m = memoryview(x)
    del x
    assert alive() is not None
    m.release()
    assert alive() is None
