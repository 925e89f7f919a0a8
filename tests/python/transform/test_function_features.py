"""Static arguments, signatures with names, what a function tells of itself, TensorFlow's arguments."""

import dataclasses
import functools
from typing import NamedTuple

import pytest
import tnp

import numpy as np

X = np.array([1.0, 2.0, 3.0])


def test_static_arguments():
    traces = []

    @functools.partial(tnp.function, static_argnames="n")
    def f(x, n, scale=1.0):
        traces.append(n)
        return x * int(n) * scale

    assert f(X, np.int64(2)).tolist() == [2, 4, 6] and f(X, n=np.int64(2)).tolist() == [2, 4, 6]
    assert f(X, np.int64(3)).tolist() == [3, 6, 9]
    assert traces == [2, 3]
    for bad in (np.ones(2), tnp.asarray(2), [1]):
        with pytest.raises(TypeError, match="hashable"):
            f(X, bad)
    with pytest.raises(ValueError, match="no argument 'm'"):
        tnp.function(lambda x: x, static_argnames="m")
    g = tnp.function(lambda x, k: x[k], static_argnums=-1)
    assert float(g(X, 1)) == 2


def test_values_that_are_not_hashable():
    class Unhashable:
        __hash__ = None

    with pytest.raises(TypeError, match=r"Unhashable.*hashable"):
        tnp.function(lambda x, o: x)(X, Unhashable())


def test_named_sizes_are_one_size():
    spec = [tnp.ArraySpec(("n",), "float64"), tnp.ArraySpec((2, "n"), "float64")]

    @tnp.function(input_signature=spec)
    def f(x, y):
        assert x.shape[0] == y.shape[1] and y.shape[0] == 2  # known while it is traced
        return x + y

    for n in (3, 1, 5):
        assert f(np.ones(n), np.ones((2, n))).shape == (2, n)
    assert f.cache_info()["traces"] == 1
    with pytest.raises(TypeError):
        f(np.ones(3), np.ones((2, 4)))


def test_any_rank():
    f = tnp.function(lambda x: x * 2, input_signature=[tnp.ArraySpec(None, "float64")])
    assert f(np.ones(2)).shape == (2,) and f(np.ones((2, 3))).shape == (2, 3) and f(np.ones((4, 3))).shape == (4, 3)
    assert f.cache_info()["traces"] == 2


@dataclasses.dataclass(frozen=True)
class Params:
    w: object
    b: object
    name: str = "p"


class Point(NamedTuple):
    x: object
    y: object


def test_structures():
    @tnp.function
    def f(p, q):
        return Point(Params(p.w * q.x, p.b + q.y, len(p.name)), {"q": [q, None]})

    out = f(Params(X, 1.0), Point(X, 2.0))
    assert isinstance(out, Point) and isinstance(out.x, Params) and isinstance(out.y["q"][0], Point)
    assert out.x.w.tolist() == [1, 4, 9] and float(out.x.b) == 3 and int(out.x.name) == 1
    assert out.y["q"][0].x.tolist() == [1, 2, 3] and out.y["q"][1] is None


def test_explain_and_cost():
    @tnp.function
    def f(x, mode="a"):
        y = x.at[0].set(5.0)
        return y * 2 + int(x.shape[0])

    f(X)
    f(X[:2])
    f(X.astype("float32"))
    f(X, "b")
    text = f.explain()
    assert "4 traces kept" in text and "the first call" in text and "fixed at 3" in text
    assert "float32 with 1 dimensions instead of float64" in text and "copied at" in text and "argument 0" in text
    cost = tnp.function(lambda x: tnp.sin(x) * 2 + 1).cost(np.ones(1000))
    assert cost["argument_bytes"] == cost["result_bytes"] == 8000
    assert cost["operations"] == 3 and cost["kernels"] == 1 and cost["operation_bytes"] > 8000
    assert tnp.function(lambda x: x[x > 0]).cost(np.ones(3))["result_bytes"] is None


def test_tensorflows_arguments():
    f = tnp.function(lambda x: x * 2, jit_compile=True, reduce_retracing=True, experimental_implements="x")
    assert f(X).tolist() == [2, 4, 6]
    with pytest.raises(TypeError, match="unexpected"):
        tnp.function(lambda x: x, jit=True)
    assert tnp.while_loop(lambda i: i < 100, lambda i: i + 1, [0], maximum_iterations=5)[0].tolist() == 5
    assert isinstance(tnp.while_loop(lambda i: i < 3, lambda i: i + 1, [0], maximum_iterations=5), list)


def test_constants():
    assert tnp.constant([1, 2, 3, 4], shape=(2, 2)).tolist() == [[1, 2], [3, 4]]
    assert tnp.constant(2, "float32", (2,)).dtype == "float32" and tnp.constant(1.5).dtype == "float64"
    with pytest.raises(TypeError):
        tnp.constant([1, 2, 3], shape=(2, 2))
    assert tnp.convert_to_tensor([1, 2]).dtype == "int64" and tnp.convert_to_tensor(1, dtype_hint="float32").ndim == 0
    assert tnp.convert_to_tensor([1], "float32").dtype == "float32"
    with pytest.raises(ValueError):
        tnp.convert_to_tensor(tnp.ones(2), "float32")


def test_functions_made_again_keep_their_caches_apart():
    def make(k):
        return tnp.function(lambda x: x * k)

    assert [make(k)(X).tolist()[0] for k in (1, 2, 3)] == [1, 2, 3]
    assert tnp.function(functools.partial(lambda a, x: x + a, 2))(X).tolist() == [3, 4, 5]


def test_an_exception_while_tracing_leaves_no_state():
    def f(x):
        with tnp.GradientTape() as tape:
            tape.watch(x)
            if x[0] > 0:
                raise KeyError("mine")
        return x

    for _ in range(3):
        with pytest.raises(KeyError, match="mine"):
            tnp.function(f)(X)
    assert (tnp.asarray(X) * 2).tolist() == [2, 4, 6]
    assert float(tnp.grad(lambda x: tnp.sum(x * x))(tnp.asarray(X))[1]) == 4


def test_variables_are_made_on_the_first_call_only():
    class Counter:
        total = None

        @tnp.function
        def add(self, x):
            if self.total is None:
                self.total = tnp.Variable(0.0)
            return self.total.assign_add(tnp.sum(x)).read()

    c = Counter()
    assert float(c.add(X)) == 6 and float(c.add(X)) == 12 and float(c.add(np.ones((2, 2)))) == 16

    @tnp.function
    def f(x):
        return tnp.Variable(0.0).assign_add(tnp.sum(x)).read()

    assert float(f(X)) == 6
    with pytest.raises(ValueError, match="after the first"):
        f(np.ones((2, 2)))
