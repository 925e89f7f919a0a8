"""Calls that are more than arrays in a row are prepared, too: whatever differs from the last call must be seen."""

import collections
import dataclasses
import gc
import threading
import weakref

import pytest
import tnp
import tnp.array_api as xp

import numpy as np

WARM = 20  # calls after which a call of the same form, types and sizes is prepared
X, Y = np.arange(8.0), np.arange(8.0) / 8
Pair = collections.namedtuple("Pair", "a b")


@dataclasses.dataclass
class Point:
    a: object
    b: object


@dataclasses.dataclass(frozen=True)
class Slots:
    __slots__ = ("a", "b")
    a: object
    b: object


@dataclasses.dataclass
class Default:
    a: object
    b: object = 3


class Model:
    def __init__(self, scale):
        self.scale = scale

    @tnp.function
    def f(self, x, y):
        return x * self.scale + y

    __call__ = f


def same(got, expected):
    if isinstance(expected, dict):
        assert list(got) == list(expected)
        return [same(got[k], expected[k]) for k in expected]
    if dataclasses.is_dataclass(expected):
        assert type(got) is type(expected)
        return same([got.a, got.b], [expected.a, expected.b])
    if isinstance(expected, (tuple, list)):
        assert type(got) is type(expected) and len(got) == len(expected)
        return [same(g, e) for g, e in zip(got, expected, strict=True)]
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.dtype == expected.dtype and got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)
    return None


# A body, and arguments for it: each of the calls is made often, then each of the others, then all in turns.
FORMS = {
    "names": (lambda x, y: x - y, ["f(x, y)", "f(x=x, y=y)", "f(y=x, x=y)", "f(x, y=y)"]),
    "names alone": (lambda *, x, y: x - y, ["f(x=x, y=y)", "f(y=x, x=y)", "f(x=x, y=x)"]),
    "any names": (lambda **k: [k[n] * 2 for n in k], ["f(x=x, y=y)", "f(y=y, x=x)", "f(z=x)", "f()"]),
    "default": (lambda x, n=2: x * n, ["f(x)", "f(x, 2)", "f(x, n=3)", "f(x, y)"]),
    "numbers": (lambda x, n: x * n, ["f(x, 2)", "f(x, 2.0)", "f(x, True)", "f(x, 1)", "f(x, 1 << 70 if x.dtype == float else 1)", "f(x, 2j)",
        "f(x, y)"]),
    "zeros": (lambda x, n: np.copysign(1.0, n) * x, ["f(x, 0.0)", "f(x, -0.0)", 'f(x, float("nan"))', "f(x, 0)"]),
    "text": (lambda x, mode: x + 1 if mode == "up" else x - 1, ['f(x, "up")', 'f(x, "".join(["u", "p"]))', 'f(x, "down")', 'f(x, mode=b"up")']),
    "None": (lambda x, y: x if y is None else x + y, ["f(x, None)", "f(x, y)", "f(x, 1)"]),
    "tuples": (lambda t: t[0] * t[-1], ["f((x, y))", "f([x, y])", "f((x, y, x))", "f(Pair(x, y))", "f((x, 2))", "f(((x, y), y)[::-1][:1] * 2)"]),
    "dicts": (lambda t: [t[k] + i for i, k in enumerate(t)], ['f({"a": x, "b": y})', 'f({"b": y, "a": x})', 'f({"a": x})', 'f({1: x, "b": y})',
        'f({True: x, "b": y})', "f(collections.OrderedDict(a=x, b=y))"]),
    "dataclasses": (lambda p: (p.a * 2, p), ["f(Point(x, y))", "f(Slots(x, y))", "f(Default(x))", "f(Default(x, y))", "f(Default(x, 4))",
        "f(Point(x, [y]))"]),
    "nested": (lambda t, x: t["w"][0] * x + t["w"][1].b, ['f({"w": (x, Point(2, y))}, y)', 'f({"w": (y, Point(2, 3))}, x)',
        'f({"w": (y, Point(2, x))}, x)']),
    "functions": (lambda g, x: g(x), ["f(abs, x)", "f(lambda t: t + 1, x)"]),
    "nothing": (lambda: (3, 4), ["f()"]),
}  # fmt: skip
OPERANDS = {
    "float64": (X, Y),
    "float32": (X.astype("f4"), Y.astype("f4")),
    "int64": (np.arange(8), np.arange(8) + 1),
    "other size": (np.arange(3.0), np.arange(3.0)),
    "strided": (np.arange(16.0)[::2], Y),
    "other strides": (np.arange(24.0)[::3], np.arange(16.0)[::-2]),
    "matrices": (np.arange(8.0).reshape(2, 4).T, np.arange(8.0).reshape(4, 2)),
}


def ours(x):
    """The same memory order: strides stay."""
    base = x if x.base is None else x.base
    if x.strides == base.strides:
        return tnp.asarray(x.copy())
    if x.ndim == 2:
        return tnp.asarray(x.T.copy()).T
    step = x.strides[0] // x.itemsize
    return tnp.asarray(base.copy())[::step]


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_calls(name):
    body, calls = FORMS[name]
    f = tnp.function(body)
    operands = [(x, y, ours(x), ours(y)) for x, y in OPERANDS.values()]
    calls = [eval("lambda f, x, y: " + call) for call in calls]
    for times in (WARM, 3, 3):
        for call in calls:
            for x, y, a, b in operands:
                expected = call(body, x, y)
                for _ in range(times):
                    got = call(f, a, b)
                same(got, expected)


def test_static_arguments():
    made = []

    def body(x, n, mode="a"):
        made.append((n, mode))
        return x * len(n) + (1 if mode == "a" else 2)

    f = tnp.function(body, static_argnums=1, static_argnames="mode")
    x = tnp.asarray(X)
    for _ in range(3):
        for n, mode in (((1, 2), "a"), ((1, 2, 3), "a"), ((1, 2), "b"), ("ab", "b")):
            for _ in range(WARM):
                out = f(x, tuple(n) if isinstance(n, tuple) else n, mode=mode)
            same(out, X * len(n) + (1 if mode == "a" else 2))
    assert len(made) == 4
    with pytest.raises(TypeError, match="hashable"):
        f(x, [1])
    with pytest.raises(TypeError, match="hashable"):
        f(x, x)


def test_methods():
    models = [Model(s) for s in (1, 2, 3)]
    x, y = tnp.asarray(X), tnp.asarray(Y)
    for times in (WARM, 3):
        for m in models:
            for call in (
                m.f,
                m,
                lambda *a, m=m: m.f(*a),
                lambda *a, m=m: Model.f(m, *a),
                lambda a, b, m=m: m.f(y=b, x=a),
            ):
                for _ in range(times):
                    out = call(x, y)
                same(out, X * m.scale + Y)
    with pytest.raises(TypeError):
        models[0].f(x)
    with pytest.raises(TypeError):
        models[0].f(x, y, y)


def test_the_interpreter_makes_no_method_for_a_call():
    m = Model(1)
    x = tnp.asarray(X)
    before = m.f(x, x)
    assert m.f is not m.f and m.f == m.f
    shadow = m.__dict__["f"] = lambda x, y: "own"
    assert m.f(x, x) == "own" and m.f is shadow
    del m.__dict__["f"]
    same(m.f(x, x), np.asarray(before))


def test_an_instance_in_the_place_of_a_dead_one():
    x = tnp.asarray(X)
    for scale in range(40):
        m = Model(scale)
        for _ in range(6):
            out = m.f(x, x)
        same(out, X * scale + X)
        ref = weakref.ref(m)
        del m
        gc.collect()
        assert ref() is None


def test_objects_by_value_and_by_identity():
    class Key:
        def __init__(self, n):
            self.n = n

        def __eq__(self, other):
            return isinstance(other, Key) and self.n == other.n

        def __hash__(self):
            return hash(self.n)

    f = tnp.function(lambda x, k: x + k.n)
    x, one = tnp.asarray(X), Key(1)
    for k, n in ((one, 1), (Key(1), 1), (Key(2), 2), (one, 1)):
        for _ in range(WARM):
            out = f(x, k)
        same(out, X + n)
    assert f.cache_info()["traced"] == 2


def test_functions_die_with_what_they_are_called_with():
    class Owner:
        pass

    def make():
        o = Owner()
        o.f = tnp.function(lambda d, x: d["x"] + x)
        o.cycle = Point(o, o.f)
        for _ in range(WARM):
            o.f({"x": tnp.asarray(X), "p": Point(o.cycle, 3), "o": o}, tnp.asarray(X))
        return weakref.ref(o)

    ref = make()
    gc.collect()
    assert ref() is None


def test_arrays_of_containers_live_as_long_as_the_call():
    box = {}

    def empty(x):
        box.clear()
        gc.collect()
        [tnp.asarray(np.full(8, 7.0)) for _ in range(100)]
        return x

    f = tnp.function(lambda d: tnp.numpy_function(empty, [d["x"] * 1], Tout=tnp.float64) + d["y"])
    for _ in range(WARM):
        box = {"x": tnp.asarray(X.copy()) + 0, "y": tnp.asarray(Y.copy()) + 0}
        out = f(box)
    same(out, X + Y)


def test_a_dataclass_that_changes():
    @dataclasses.dataclass
    class P:
        a: object

    f = tnp.function(lambda p: p.a + 1)
    p = P(tnp.asarray(X))
    for _ in range(WARM):
        f(p)
    P.a = property(lambda self: tnp.asarray(Y))
    same(f(p), Y + 1)
    del P.a
    p.a = tnp.asarray(X)
    same(f(p), X + 1)
    del p.a
    with pytest.raises(AttributeError):
        f(p)
    p.a = 4
    assert f(p) == 5


def test_variables():
    v, w = tnp.Variable(X, name="v"), tnp.Variable(np.zeros(8))

    def step(x):
        w.assign_add(x * v)
        return w * 2, x

    f, total = tnp.function(step), np.zeros(8)
    for k in range(40):
        a = tnp.asarray(X * k)
        out, _ = f(a)
        total = total + X * k * np.asarray(v.read())
        same(out, total * 2)
        same(w, total)
        if k == 25:
            v.assign(tnp.asarray(np.arange(16.0))[::2])
    assert f.cache_info()["traced"] == 1


def test_variables_that_are_set_to_arguments_and_to_each_other():
    v, w = tnp.Variable(X), tnp.Variable(Y)

    def swap(x):
        old = v.read()
        v.assign(w)
        w.assign(x)
        return old

    f, before, now = tnp.function(swap), X, Y
    for k in range(30):
        same(f(tnp.asarray(X + k)), before)
        before, now = now, X + k
        same(v, before)
        same(w, now)


def test_a_part_of_a_variable():
    for n in (8, 1000, 100000):
        v = tnp.Variable(np.zeros(n))

        @tnp.function
        def put(i, x, v=v):
            v.assign(v.read().at[i].set(x))

        for k in range(40):
            kept = v.read() if k % 7 == 0 else None
            put(tnp.asarray(k % 8), tnp.asarray(float(k)))
            if kept is not None:
                assert kept[k % 8] != k or k == 0
        assert np.asarray(v)[:8].tolist() == [32, 33, 34, 35, 36, 37, 38, 39]


def test_methods_with_variables():
    class Layer:
        def __init__(self):
            self.w = tnp.Variable(np.ones((8, 3)))
            self.count = tnp.Variable(0)

        @tnp.function
        def __call__(self, x, scale=1.0):
            self.count.assign_add(1)
            return (x @ self.w) * scale

    one, two = Layer(), Layer()
    two.w.assign(np.zeros((8, 3)))
    x = tnp.asarray(X)
    for k in range(30):
        same(one(x), np.full(3, 28.0))
        same(two(x, scale=2.0), np.zeros(3))
        assert int(one.count) == k + 1


def test_under_tapes_traces_and_vmap():
    v = tnp.Variable(X)
    f = tnp.function(lambda p, n: (p["x"] * v * n).sum())
    p = {"x": tnp.asarray(Y)}
    for _ in range(WARM):
        f(p, 2)
    with tnp.GradientTape() as tape:
        out = f(p, 2)
    same(tape.gradient(out, v), Y * 2)
    same(tnp.grad(lambda x: f({"x": x}, 2))(p["x"]), X * 2)
    same(
        tnp.vmap(lambda x: f({"x": x}, 2))(tnp.asarray(np.stack([X, Y]))),
        np.array([(X * X * 2).sum(), (Y * X * 2).sum()]),
    )
    same(tnp.function(lambda x: f({"x": x}, 2))(p["x"]), (X * Y * 2).sum())


def test_settings_of_promotion():
    f = tnp.function(lambda d: d["x"] + np.float32(1))
    d = {"x": tnp.asarray(np.arange(3))}
    for _ in range(WARM):
        assert f(d).dtype == "float64"
    with tnp.default_float("float32"):
        assert f(d).dtype == (d["x"] + np.float32(1)).dtype
    assert f(d).dtype == "float64"


def test_input_signature():
    f = tnp.function(
        lambda x, y: x + y, input_signature=[tnp.ArraySpec(["n"], "float64"), tnp.ArraySpec(["n"], "float64")]
    )
    x, y = tnp.asarray(X), tnp.asarray(Y)
    for _ in range(WARM):
        same(f(x, y), X + Y)
    same(f([1, 2], [3, 4]), np.array([4.0, 6.0]))
    for wrong in ((x, y[:3]), (x, y.astype("float32")), (x, y[None]), (x,), (x, y, y), (x, None)):
        with pytest.raises(TypeError):
            f(*wrong)
    same(f(x, y), X + Y)
    same(f(x[::2], y[::2]), (X + Y)[::2])


def test_input_signature_of_methods():
    class Other:
        @tnp.function(input_signature=[tnp.ArraySpec([None], "float64")])
        def f(this, x):
            return x + 1

    o = Other()
    for _ in range(WARM):
        same(o.f(tnp.asarray(X)), X + 1)
        same(o.f([1, 2]), np.array([2.0, 3.0]))
    with pytest.raises(TypeError):
        o.f()
    with pytest.raises(TypeError):
        o.f(tnp.asarray(X), 2)
    with pytest.raises(TypeError):
        o.f(tnp.asarray(X)[None])


def test_strict_arrays():
    f = tnp.function(lambda d: (xp.abs(d["x"]) * 2, d["x"]))
    d = {"x": xp.asarray([-1.0, 2.0])}
    for k in range(WARM):
        two, back = f(d)
        assert type(two) is type(d["x"]) and xp.all(two == xp.abs(d["x"]) * 2) and xp.all(back == d["x"])
        d["x"] += float(k)

    @tnp.function
    def change(a):
        a[0] = 7.0

    for _ in range(WARM):
        a = xp.asarray([1.0, 2.0])
        change(a)
        assert a[0] == 7.0


def test_subclasses_and_foreign_arrays():
    class Mine(tnp.ndarray):
        pass

    f = tnp.function(lambda t: t[0] + t[1])
    x, n = tnp.asarray(X), np.float64(3)
    for _ in range(WARM):
        same(f((x, x)), X + X)
        same(f((x, X)), X + X)
        same(f((X, n)), X + 3)
    assert f.cache_info()["traced"] == 2


def test_errors_of_prepared_calls():
    f = tnp.function(lambda d: tnp.linalg.inv(d["x"]))
    good, bad = tnp.asarray(np.eye(3)), tnp.asarray(np.zeros((3, 3)))
    for _ in range(WARM):
        f({"x": good})
        with pytest.raises(np.linalg.LinAlgError):
            f({"x": bad})
    g = tnp.function(lambda x, i: x[i])
    for _ in range(WARM):
        g(x=tnp.asarray(X), i=tnp.asarray(3))
    with pytest.raises(IndexError):
        g(x=tnp.asarray(X), i=tnp.asarray(8))


def test_many_arrays():
    f = tnp.function(lambda d: {k: d[k] * 2 for k in d})
    for n in (1, 12, 31, 32, 33, 60):
        d = {f"w{i}": tnp.asarray(X + i) for i in range(n)}
        for _ in range(WARM):
            out = f(d)
        same(out, {f"w{i}": (X + i) * 2 for i in range(n)})


def test_caches_that_are_cleared_during_a_call():
    def clear(x):
        f.clear_cache()
        gc.collect()
        return x

    def body(d, n):
        return [d["x"] + n, tnp.numpy_function(clear, [d["x"] * 1], Tout=tnp.float64), d["x"] * n]

    f = tnp.function(body)
    d = {"x": tnp.asarray(X)}
    for _ in range(3 * WARM):
        same(f(d, 3), [X + 3, X, X * 3])


def test_threads():
    v = tnp.Variable(np.zeros(4))
    f = tnp.function(lambda d, n: d["x"] * n + v * 0)
    wrong = []

    def run(n):
        d = {"x": tnp.asarray(np.full(4, float(n)))}
        for _ in range(300):
            if np.asarray(f(d, n))[0] != n * n:
                wrong.append(n)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not wrong
