"""What the arguments of a tnp.function may be: input signatures, methods, names, kinds of containers."""

import collections
import dataclasses
import gc
import inspect
import typing
import weakref

import pytest
import tnp

import numpy as np


def same(a, b):
    """Bit for bit the same."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype and a.shape == b.shape
    assert a.tobytes() == b.tobytes()


def traces(f):
    return f.cache_info()["traced"]


def test_structures_in_a_signature():
    spec = tnp.ArraySpec

    @dataclasses.dataclass
    class Point:
        x: object
        y: object

    @tnp.function(
        input_signature=[
            {"a": spec(("n",)), "b": [spec((), "float32"), spec(None, "int64")]},
            Point(spec(("n", None)), (spec((2,)),)),
        ]
    )
    def f(d, p):
        return d["a"] * d["b"][0] + d["b"][1].sum() + p.x.sum() + p.y[0].sum()

    good = {"b": (2, [1, 2]), "a": [1.0, 2.0]}
    same(f(good, Point(np.ones((2, 4)), [np.ones(2)])), np.array([15.0, 17.0]))
    same(f(p=Point(np.ones((3, 4)), [np.ones(2)]), d={"a": np.ones(3), "b": [0, [1]]}), np.full(3, 15.0))
    assert traces(f) == 1
    f({"a": np.ones(3), "b": [0, np.ones((2, 2), dtype="int64")]}, Point(np.ones((3, 4)), [np.ones(2)]))
    assert traces(f) == 2  # another rank behind the same signature
    for bad, text in (
        ({"a": [1.0]}, r"no key 'b'"),
        ({"a": [1.0], "b": [0, 1], "c": 1}, r"3 keys"),
        ({"a": [1.0], "b": 1}, r"argument 0\['b'\] is of type 'int'"),
        ({"a": [1.0], "b": [1]}, r"1 items instead of 2"),
        ([1.0], r"not a dict"),
        ({"a": [1.0, 2.0, 3.0], "b": [0, 1]}, r"\(n, None\)"),
    ):
        with pytest.raises(TypeError, match=text):
            f(bad, Point(np.ones((2, 4)), [np.ones(2)]))
    with pytest.raises(TypeError, match="'Point'"):
        f(good, (np.ones((2, 4)), [np.ones(2)]))


def test_signatures_of_methods_and_with_static_arguments():
    spec = tnp.ArraySpec

    class Model:
        k = 3.0

        @tnp.function(input_signature=[spec((None,))])
        def scaled(self, x):
            return x * self.k

        @tnp.function(input_signature=spec((None,)), static_argnames="mode")
        def moded(this, mode, x, more=1):
            return x + more if mode == "up" else x - more

    m = Model()
    same(m.scaled([1.0, 2.0]), np.array([3.0, 6.0]))
    same(m.scaled(x=np.ones(3)), np.full(3, 3.0))
    same(Model.scaled(m, [1.0]), np.array([3.0]))
    assert m.scaled.cache_info()["traces"] == 1
    same(m.moded("up", [1.0]), np.array([2.0]))
    same(m.moded(x=[1.0], mode="down"), np.array([0.0]))
    with pytest.raises(TypeError, match="1 positional"):
        m.scaled(1.0, 2.0)
    with pytest.raises(TypeError, match="takes 1"):
        tnp.function(lambda x: x, input_signature=[spec(()), spec(())])
    with pytest.raises(TypeError, match="ArraySpecs"):
        tnp.function(lambda x: x, input_signature=[3])


def test_methods_are_looked_at_as_functions_are():
    class Model:
        def __init__(self, k):
            self.k = k

        @tnp.function
        def f(self, x, y=1):
            "Doc."
            return x * self.k + y

    m = Model(2.0)
    same(m.f(tnp.ones(2)), np.full(2, 3.0))
    assert m.f.graph(tnp.ones(2)).operations == ["multiply", "add"]
    assert m.f.cost(tnp.ones(2))["operations"] == 2
    assert "fused" in m.f.steps(tnp.ones(2))
    assert m.f.cache_info()["traces"] == 1 and "1 trace" in m.f.explain()
    assert m.f.__self__ is m and m.f.__func__ is Model.f and m.f == m.f and hash(m.f) == hash(m.f)
    assert m.f != Model(2.0).f and m.f.__name__ == "f" and m.f.__doc__ == "Doc."
    assert str(inspect.signature(m.f)) == "(x, y=1)"
    owner = weakref.ref(m)
    del m
    gc.collect()
    assert owner() is None


def test_arguments_by_name_and_by_position_share_a_trace():
    @tnp.function(static_argnames="mode")
    def f(x, y, /, z, mode="a", *, w=1):
        return x - y + z * w

    a, b, c = tnp.ones(2), tnp.zeros(2), tnp.ones(2)
    for out in (f(a, b, c), f(a, b, z=c), f(a, b, c, w=1), f(a, b, c, mode="a"), f(a, b, mode="a", z=c)):
        same(out, np.full(2, 2.0))
    assert traces(f) == 3  # with and without w, with mode
    with pytest.raises(TypeError):
        f(a, b, c, z=c)


def test_kinds_of_dicts_and_dataclasses():
    @dataclasses.dataclass(frozen=True)
    class Point:
        x: object
        norm: object = dataclasses.field(init=False, default=None)
        kind: typing.ClassVar[str] = "point"

    made = collections.defaultdict(list, a=tnp.ones(2))
    out = tnp.function(lambda d: d)(made)
    assert type(out) is collections.defaultdict and out.default_factory is list
    out = tnp.function(lambda d: collections.OrderedDict(b=d["a"], a=1))(made)
    assert type(out) is collections.OrderedDict and list(out) == ["b", "a"]

    @tnp.function
    def f(p):
        q = Point(p.x * 2)
        object.__setattr__(q, "norm", p.x.sum())
        return q

    q = f(Point(tnp.ones(3)))
    assert type(q) is Point
    same(q.x, np.full(3, 2.0)), same(q.norm, np.float64(3.0))


def test_the_oldest_trace_goes():
    f = tnp.function(lambda x, n: x + n)
    for i in range(260):
        f(1.0, i)
    info = f.cache_info()
    assert info["traces"] == info["limit"] and info["traced"] == 260
    f(1.0, 259)
    assert f.cache_info()["traced"] == 260
