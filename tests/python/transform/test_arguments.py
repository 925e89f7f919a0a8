"""What the arguments and results of a tnp.function may be, how they are kept apart, and what errors call them."""

import dataclasses
import functools
import gc
import weakref

import pytest
import tnp

import numpy as np

X = tnp.asarray([1.0, 2.0])


class ByValue:
    """Objects that compare by what they hold."""

    def __init__(self, w):
        self.w = w

    def __eq__(self, other):
        return isinstance(other, ByValue) and self.w == other.w

    def __hash__(self):
        return hash(self.w)

    @tnp.function
    def scaled(this, x):
        return x * this.w

    @tnp.function(static_argnames="n")
    def power(self, x, n=2):
        return x**n * self.w

    @tnp.function(input_signature=[tnp.ArraySpec((None,), "float64")])
    def checked(self, x):
        return x * self.w


class Unhashable(ByValue):
    __hash__ = None


@pytest.mark.parametrize("kind", [ByValue, Unhashable])
def test_owners_of_methods_are_known_by_identity_and_not_kept(kind):
    a, b = kind(2.0), kind(2.0)
    assert a.scaled(X).tolist() == b.scaled(X).tolist() == [2, 4]
    assert a.power(X, n=3).tolist() == [2, 16] and a.power(X, 1).tolist() == [2, 4]
    assert a.checked([1, 2]).tolist() == [2, 4]
    c = kind(3.0)
    for _ in range(20):  # prepared calls keep nothing either
        assert c.scaled(X).tolist() == [3, 6] and c.power(X).tolist() == [3, 12]
    gone = weakref.ref(c)
    del c
    gc.collect()
    assert gone() is None
    assert a.scaled(X).tolist() == [2, 4]


class Lazy:
    def __init__(self):
        self.v = None

    @tnp.function
    def add(self, x):
        if self.v is None:
            self.v = tnp.Variable(tnp.zeros(2))
        self.v.assign_add(x)
        return self.v.read()


def test_each_instance_makes_its_variables_on_its_first_call():
    a, b = Lazy(), Lazy()
    assert a.add(X).tolist() == [1, 2] and b.add(X).tolist() == [1, 2]
    assert a.add(X).tolist() == [2, 4] and b.v.read().tolist() == [1, 2]


@dataclasses.dataclass(frozen=True)
class Config:
    n: object


@pytest.mark.parametrize(
    ("wrap", "get"),
    [
        (lambda n: (n,), lambda c: c[0]),
        (lambda n: (0, (n,)), lambda c: c[1][0]),
        (lambda n: frozenset([n]), lambda c: next(iter(c))),
        (Config, lambda c: c.n),
        (lambda n: slice(n, 3), lambda c: c.start),
    ],
)
def test_static_values_that_are_equal_are_told_apart_by_type(wrap, get):
    f = tnp.function(lambda x, c: x * get(c), static_argnums=1)
    x = tnp.asarray([1, 2])
    for n in (1, True, 1.0, 1):
        assert f(x, wrap(n)).dtype == (x * n).dtype
    x = tnp.asarray([1.0])
    for n in (0.0, -0.0):
        assert np.signbit(np.asarray(f(x, wrap(n)))[0]) == np.signbit(n)


def test_keys_of_dicts_are_told_apart_by_type():
    f = tnp.function(lambda x, d: x * next(iter(d)))
    for n in (1, True, 1.0):
        assert f(tnp.asarray([1]), {n: X}).dtype == (tnp.asarray([1]) * n).dtype


class Attributes(dict):
    __getattr__ = dict.__getitem__


class OwnDict(dict):
    def __init__(self):
        super().__init__()
        self.__dict__ = self


class Layers(list):
    def __init__(self, items, scale):
        super().__init__(items)
        self.scale = scale

    def total(self):
        return sum(self) * self.scale

    @tnp.function
    def compiled(self):
        return self.total()


class Pair(tuple):
    def swapped(self):
        return Pair(self[::-1])


def test_classes_derived_from_containers():
    assert tnp.function(lambda p: p.w * 2)(Attributes(w=X)).tolist() == [2, 4]
    own = OwnDict()
    own.w = X
    assert tnp.function(lambda p: p.w * 2)(own).tolist() == [2, 4]
    out = tnp.function(lambda p: p)(own)
    assert type(out) is OwnDict and out.w.tolist() == [1, 2]
    layers = Layers([X, X], tnp.asarray(3.0))
    assert layers.compiled().tolist() == [6, 12]
    f = tnp.function(lambda v: v)
    for _ in range(10):
        out = f(layers)
        assert type(out) is Layers and float(out.scale) == 3 and len(out) == 2
    layers.scale = tnp.asarray(1.0)
    assert float(f(layers).scale) == 1 and layers.compiled().tolist() == [2, 4]
    pair = tnp.function(lambda p: p.swapped())(Pair((X, X * 2)))
    assert type(pair) is Pair and pair[0].tolist() == [2, 4]
    pair = Pair((X,))
    pair.extra = tnp.asarray(1)
    g = tnp.function(lambda p: p[0] * p.extra)
    for k in range(20):
        pair.extra = tnp.asarray(k)
        assert g(pair).tolist() == [k, 2 * k]


@dataclasses.dataclass
class Params:
    w: object
    tags: object = None


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: tnp.function(lambda x, cfg: x)(X, {1}), TypeError, "hashable.*: cfg$"),
        (lambda: tnp.function(lambda x, **kw: x)(X, cfg={"a": [1, {2}]}), TypeError, r"hashable.*: cfg\['a'\]\[1\]$"),
        (lambda: tnp.function(lambda p: p.w)(Params(X, {1})), TypeError, "hashable.*: p.tags$"),
        (lambda: tnp.function(lambda *a: a)(X, {1}), TypeError, "hashable.*: argument 1$"),
        (lambda: tnp.function(lambda x, n: x, static_argnums=1)(X, [1]), TypeError, "hashable.*: n is of type 'list'"),
        (lambda: tnp.function(lambda x, n: x, static_argnums=1)(X, X), TypeError, "hashable.*: n is of type 'ndarray'"),
        (lambda: tnp.function(lambda x: {"a": (x, "no")})(X), TypeError, r"'str' as result\['a'\]\[1\]$"),
        (lambda: tnp.function(lambda x: (x, {1}))(X), TypeError, r"as result\[1\]$"),
        (lambda: tnp.function(lambda x: (v for v in x))(X), TypeError, "a generator.* return a list"),
        (lambda: tnp.function(lambda x: x, static_argnums=-2), ValueError, "no positional argument -2"),
        (lambda: tnp.function(lambda x: x, donate_argnums="x"), TypeError, "donate_argnums must be an integer"),
        (lambda: tnp.function(lambda x: x, static_argnames=1), TypeError, "static_argnames must be a name"),
    ],
)
def test_errors_name_the_argument(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_functions_whose_code_would_run_later_are_refused():
    async def coroutine(x):
        return x

    def generator(x):
        yield x

    for f, text in ((coroutine, "async"), (generator, "generator"), (functools.partial(generator, X), "generator")):
        with pytest.raises(TypeError, match=text):
            tnp.function(f)


def test_what_functions_are_called():
    class Callable:
        def __call__(self, x):
            return x

    assert repr(tnp.function(functools.partial(np.add, 1))) == "<tnp.function add>"
    assert repr(tnp.function(Callable())) == "<tnp.function Callable>"
    assert repr(tnp.function(lambda x: x, name="mine")) == "<tnp.function mine>"


def test_signatures_say_what_does_not_fit():
    named = tnp.function(
        lambda a, b: a.sum() + b["w"].sum(), input_signature=[tnp.ArraySpec(("n",)), {"w": tnp.ArraySpec(("n", "m"))}]
    )
    with pytest.raises(TypeError, match=r"argument 1\['w'\] .*: n is 3 here and 2 in argument 0$"):
        named(X, {"w": tnp.ones((3, 4))})
    assert float(tnp.function(lambda a, b: named(a, {"w": b}))(X, tnp.ones((2, 3)))) == 9
    with pytest.raises(TypeError, match="n is 3 here and 2 in argument 0"):
        tnp.function(lambda a, b: named(a, {"w": b}))(X, tnp.ones((3, 3)))
    fixed = tnp.function(lambda a: a * 2, input_signature=[tnp.ArraySpec((2,))])
    assert tnp.function(lambda a: fixed(a))(X).tolist() == [2, 4]
    with pytest.raises(TypeError, match="does not fit"):
        tnp.function(lambda a: fixed(a))(tnp.ones(3))
    default = tnp.function(
        lambda a, b=2.0, c=1.0: a * b + c,
        input_signature=[tnp.ArraySpec((None,)), tnp.ArraySpec(()), tnp.ArraySpec(())],
    )
    assert default(X).tolist() == [3, 5] and default(X, c=0).tolist() == [2, 4] and default(X, 3).tolist() == [4, 7]
    with pytest.raises(TypeError, match="has 1 and 0 by keyword"):
        tnp.function(lambda a, b: a, input_signature=[tnp.ArraySpec((None,))] * 2)(X)


def test_leaked_arrays_and_sizes():
    leaked = []
    tnp.function(lambda x: leaked.append(x * 2) or x)(X)
    for use in (lambda: tnp.function(lambda a: a)(leaked[0]), lambda: leaked[0] + 1):
        with pytest.raises(tnp.TracerError, match=r"test_arguments.py:\d+\) was used outside"):
            use()
    for use in (
        lambda: tnp.zeros(leaked[0].shape),
        lambda: int(leaked[0].shape[0]),
        lambda: X.reshape(leaked[0].shape),
    ):
        with pytest.raises(tnp.TracerError, match="outside of the traced function|after its traced function had ended"):
            use()


def test_updates_of_variables_keep_their_kind_of_number():
    v = tnp.Variable(1)
    for run in (lambda d: v.assign_add(d), tnp.function(lambda d: v.assign_sub(d).read())):
        with pytest.raises(ValueError, match="has dtype int64, the updated value would have dtype float64"):
            run(tnp.asarray(1.5))
    assert int(v.read()) == 1
    w = tnp.Variable(tnp.asarray(1.0, dtype="float32"))
    assert w.assign_add(tnp.asarray(0.5)).dtype == "float32"


@pytest.mark.parametrize("run", [lambda f, *a: f(*a), lambda f, *a: tnp.function(f)(*a)])
def test_loops_and_branches_name_leaves(run):
    with pytest.raises(TypeError, match=r"loop variable 1 \(\[1\]\['a'\]\) is float64"):
        run(
            lambda v: tnp.while_loop(
                lambda i, s: i < 3, lambda i, s: (i + 1, {"a": s["a"] * 1j}), (tnp.asarray(0), {"a": v})
            ),
            X,
        )
    with pytest.raises(TypeError, match=r"loop variable 0 \(\['a'\]\) is float64"):
        run(lambda v: tnp.scan(lambda c, t: ({"a": c["a"] * 1j}, t), {"a": tnp.asarray(0.0)}, v), X)
    with pytest.raises(TypeError, match=r"cond: result 1 \(\['a'\]\[1\]\) is float64"):
        tnp.function(
            lambda v: tnp.cond(v.sum() > 0, lambda: {"a": (v, v)}, lambda: {"a": (v, tnp.astype(v, "int64"))})
        )(X)


@pytest.mark.parametrize("run", [lambda f, *a: f(*a), lambda f, *a: tnp.function(f)(*a)])
def test_lengths_of_scans(run):
    for length in (-2, -(2**40)):
        with pytest.raises(ValueError, match="length must not be negative"):
            run(lambda v, length=length: tnp.scan(lambda c, _: (c, c), v, None, length=length), X)
    with pytest.raises(ValueError, match="equally long"):
        run(lambda v: tnp.scan(lambda c, t: (c + t, c), tnp.asarray(0.0), v, length=7), X)
    carry, _ = run(lambda v: tnp.scan(lambda c, t: (c + t, c), tnp.asarray(0.0), v, length=2), X)
    assert float(carry) == 3
