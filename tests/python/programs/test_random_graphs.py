"""Random graphs of tens of operations with loops, conditions, masks and sizes that only data tell.

A program takes its operands out of a pool of arrays, to which each step adds its result. Eager results are compared with
compiled ones to the bit; so are batches with single examples; gradients, whose sums may be added in another order, nearly.
"""

import warnings
from dataclasses import dataclass

import tnp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import numpy as np

UNARY = [
    "negative",
    "abs",
    "sqrt",
    "floor",
    "square",
    "sign",
    "exp",
    "sin",
    "tanh",
    "logical_not",
    "isnan",
    "reciprocal",
]
BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "minimum",
    "copysign",
    "greater",
    "equal",
    "arctan2",
    "remainder",
    "floor_divide",
    "logical_and",
    "hypot",
]
TYPES = ["float64", "float32", "int64", "int32", "bool", "float16", "uint8"]
FLOAT = (tnp.float64, tnp.float32, tnp.float16)
KINDS = [
    "unary",
    "binary",
    "where",
    "cast",
    "slice",
    "reverse",
    "mask",
    "nonzero",
    "unique",
    "compress",
    "repeat",
    "join",
    "stack",
    "reduce",
    "reduce_axis",
    "scan_sum",
    "sort",
    "take",
    "set",
    "set_slice",
    "set_mask",
    "size",
    "arange",
    "reshape",
    "column",
    "outer",
    "matmul",
    "pad",
    "roll",
    "diff",
    "clip",
    "full",
    "argmax",
    "transpose",
    "iota_rows",
]
PYTHON = ["if", "py_while", "for"]  # converted by tnp.function; eager code may use them outside of traced bodies only
FUNCTIONAL = ["cond", "switch", "while", "fori", "scan", "map", "function"]
NESTED = [*FUNCTIONAL, *PYTHON]
UNKNOWN = {"mask", "nonzero", "unique", "compress", "repeat"}  # sizes


@dataclass
class Step:
    kind: str
    a: int
    b: int
    n: int
    inner: tuple

    def __repr__(self):
        return f"Step({self.kind!r}, {self.a}, {self.b}, {self.n}, {self.inner!r})"


@st.composite
def programs(draw, depth=2, longest=25, kinds=None, nested=None):
    kinds = kinds or KINDS
    nested = nested or NESTED
    steps = []
    for _ in range(draw(st.integers(1, longest))):
        kind = draw(st.sampled_from(kinds + (nested if depth else [])))
        inner = ()
        if kind in NESTED:
            deeper = nested if kind in PYTHON else [k for k in nested if k not in PYTHON]
            inner = tuple(
                draw(programs(depth=depth - 1, longest=5, kinds=kinds, nested=deeper))
                for _ in range(2 if kind in ("cond", "switch", "if") else 1)
            )
        steps.append(Step(kind, draw(st.integers(0, 40)), draw(st.integers(0, 40)), draw(st.integers(0, 30)), inner))
    return steps


class Values:
    """Arrays, each with a tag: arrays of the same tag have the same shape, whatever the sizes are."""

    def __init__(self, values):
        self.list = list(values)
        self.fresh = 0

    def of(self, i, want=None):
        some = [v for v in self.list if want is None or want(v[1])]
        return some[i % len(some)] if some else None


def is_vector(tag):
    return tag != "s" and tag[0] != "m"


def eighths(x):
    """Numbers whose sums are the same in every order. (That of rounded numbers is a matter of their layout in memory.)

    They keep a gradient: that of what is rounded.
    """
    x = x.astype("float64")
    return x + tnp.stop_gradient(rounded(x) - x) if SMOOTH[0] else rounded(x)


SMOOTH = [False]


def rounded(x):
    """To eighths, and not too large."""
    return tnp.floor(tnp.clip(tnp.nan_to_num(x.astype("float64")), -1000, 1000) * 8) / 8


def scalar(x):
    """Something single of any array, finite mostly."""
    return eighths(x).sum() if x.ndim else x


def fit(x, tag, like):
    """Any value as one of another's type and shape."""
    x, xtag = x, tag
    value, vtag = like
    if xtag != vtag:
        x = value + scalar(x)
    return x.astype(value.dtype) if x.dtype != value.dtype else x


def pair(p, q):
    """Two values as operands that broadcast, and the result's tag."""
    (x, s), (y, t) = p, q
    if s == t or t == "s":
        return x, y, s
    if s == "s":
        return x, y, t
    if s[0] == "m" and s[1] == t:
        return x, y[:, None], s
    if t[0] == "m" and t[1] == s:
        return x[:, None], y, t
    return x, scalar(y), s


def run(steps, values):
    values = Values(values)
    for step in steps:
        made = one(step, values)
        if made is not None:
            values.list.append(made)
    return values.list


def body(inner, values, like):
    """The inner program's last value, as one like `like`."""
    x, tag = run(inner, values)[-1]
    return fit(x, tag, like)


def one(step, values):
    kind, n = step.kind, step.n
    p, q = values.of(step.a), values.of(step.b)
    x, tag = p
    if kind == "unary":
        name = UNARY[n % len(UNARY)]
        if name in ("negative", "sign", "floor", "square", "abs", "reciprocal") and x.dtype == tnp.bool_:
            x = x.astype("int64")
        return getattr(tnp, name)(x), tag
    if kind == "binary":
        x, y, tag = pair(p, q)
        name = BINARY[n % len(BINARY)]
        if x.dtype == tnp.bool_ and y.dtype == tnp.bool_:
            x = x.astype("int32")
        return getattr(tnp, name)(x, y), tag
    if kind == "where":
        x, y, tag = pair(p, q)
        return tnp.where(x > y, x, y), tag
    if kind == "cast":
        return x.astype(TYPES[n % len(TYPES)]), tag
    if kind == "clip":
        return tnp.clip(x.astype("float64"), -1.0, n / 10), tag
    if kind == "size":
        return x * (x.shape[0] if x.ndim else 2), tag
    if kind == "full":
        return tnp.full(x.shape, n), tag
    if kind == "set" and tag != "s":
        if not is_vector(tag):
            return x.at[:, 0].set(n % 2), tag
        return tnp.concatenate([x, tnp.ones(1, x.dtype)]).at[0].set(n % 2), ("join", tag, 1)
    if tag == "s":
        if kind in NESTED:
            return nested(step, values)
        return None
    if kind == "transpose":
        return (x.T + 0).T if x.dtype != tnp.bool_ else x.T.T, tag
    if kind in ("argmax", "iota_rows", "reduce_axis", "outer", "matmul", "stack") and tag[0] == "m":
        if kind == "reduce_axis":
            f = [tnp.sum, tnp.mean, tnp.any, lambda x, axis: tnp.max(x, axis=axis, initial=0)][n % 4]
            if n % 2:
                return f(eighths(x), axis=1), tag[1]
            return eighths(f(eighths(x), axis=0)).sum(), "s"
        if kind == "matmul":
            return (eighths(x) @ eighths(x).T).sum(axis=1), tag[1]
        return None
    if kind == "reduce":
        f = [tnp.sum, tnp.mean, tnp.any, tnp.all, lambda x: tnp.max(x, initial=0), tnp.count_nonzero][n % 6]
        return f(eighths(x)), "s"
    if kind == "slice":
        cut = [slice(n % 4, None), slice(None, None, 2), slice(1, -1), slice(None, 3), slice(None, None, -2)][n % 5]
        return x[cut], ("slice", n % 20, tag) if is_vector(tag) else ("m", ("slice", n % 20, tag[1]), tag[2])
    if kind == "reverse":
        return x[::-1], tag
    if kind == "roll":
        return tnp.roll(x, n % 5, axis=0), tag
    if kind == "scan_sum":
        return tnp.cumsum(x, axis=0), tag
    if kind == "sort":
        return tnp.sort(x, axis=0), tag
    if kind == "diff":
        return (tnp.diff(x, axis=0) if x.dtype != tnp.bool_ else x[1:]), ("slice", -1, tag) if is_vector(tag) else (
            "m",
            ("slice", -1, tag[1]),
            tag[2],
        )
    if kind == "set_slice":
        y = x[::2]
        return x.at[::2].set(y.astype(x.dtype) * n if x.dtype != tnp.bool_ else ~y), tag
    if kind == "set_mask":
        return x.at[x > n % 3].set(0), tag
    if kind == "arange":
        return tnp.arange(x.shape[0]), (tag if is_vector(tag) else tag[1])
    if kind == "reshape":
        return x.reshape(-1), (tag if is_vector(tag) else ("flat", tag))
    if kind == "join":
        other = values.of(
            step.b, lambda t: t != "s" and (t[0] == "m") == (tag[0] == "m") and (is_vector(t) or t[2] == tag[2])
        )
        y, t = other
        return tnp.concatenate([x, y]), ("join", tag, t) if is_vector(tag) else ("m", ("join", tag[1], t[1]), tag[2])
    if kind in NESTED:
        return nested(step, values)
    values.fresh += 1
    unknown = ("data", id(values), len(values.list))
    if not is_vector(tag):
        return None
    if kind == "mask":
        y, s, t = pair(p, q)
        if t != tag:
            s, y = 0.5, x
        return x[y > s], unknown
    if kind == "nonzero":
        return tnp.nonzero(x)[0], unknown
    if kind == "unique":
        return tnp.unique(x), unknown
    if kind == "compress":
        return tnp.compress(x > 0, x), unknown
    if kind == "repeat":
        return tnp.repeat(x, (tnp.abs(x.astype("float64")) < 1).astype("int64") * 2), unknown
    if kind == "take":
        y, s, t = pair(p, q)
        if t != tag or y.ndim == 0:
            y = x
        index = tnp.arange(x.shape[0]) * (n + 1) % tnp.maximum(x.shape[0], 1)
        return x[index], tag
    if kind == "pad":
        return tnp.pad(x, (1, n % 3)), ("pad", n % 3, tag)
    if kind == "stack":
        return tnp.stack([x, x * 2 if x.dtype != tnp.bool_ else x], axis=1), ("m", tag, 2)
    if kind == "column":
        return x[:, None] + tnp.arange(3), ("m", tag, 3)
    if kind == "outer":
        return tnp.where(x[:, None] > x[None, :], 1.0, 0.5).sum(axis=1), tag
    if kind == "matmul":
        return tnp.dot(eighths(x), eighths(x)), "s"
    return None


def nested(step, values):
    kind, n, inner = step.kind, step.n, step.inner
    p = values.of(step.a)
    x, tag = p
    q = values.of(step.b, lambda t: t == "s")
    y = q[0]
    flag = y > n % 3 if y.dtype != tnp.bool_ else y
    all_of = list(values.list)
    if kind == "cond":
        return tnp.cond(
            flag, lambda x: body(inner[0], [*all_of, (x, tag)], p), lambda x: body(inner[1], [*all_of, (x, tag)], p), x
        ), tag
    if kind == "switch":
        which = tnp.clip(tnp.nan_to_num(y.astype("float64")), 0, 2).astype("int64")
        return tnp.switch(which, [lambda x, k=k: body(inner[k % 2], [*all_of, (x, tag)], p) for k in range(3)], x), tag
    if kind == "while":

        def go_on(i, x):
            return (i < n % 4) & ~(scalar(x).astype("float64") > 1e6)

        return tnp.while_loop(go_on, lambda i, x: (i + 1, body(inner[0], [*all_of, (x, tag), (i, "s")], p)), (0, x))[
            1
        ], tag
    if kind == "fori":
        return tnp.fori_loop(0, n % 5, lambda i, x: body(inner[0], [*all_of, (x, tag), (i, "s")], p), x), tag
    rows = values.of(step.b, lambda t: t != "s" and is_vector(t))
    if rows is None and kind in ("scan", "map", "for"):
        return None
    if kind == "scan":

        def turn(c, r):
            new = body(inner[0], [(c, tag), (r, "s"), (y, "s")], (c, tag))
            return new, scalar(new).astype("float64")

        last, collected = tnp.scan(turn, x, rows[0])
        return (collected, rows[1]) if n % 2 else (last, tag)
    if kind == "map":
        return tnp.map(lambda r: scalar(run(inner[0], [(r, "s"), (y, "s")])[-1][0]).astype("float64"), rows[0]), rows[1]
    if kind == "if":
        if flag:  # noqa: SIM108  (a statement is meant)
            z = body(inner[0], all_of, p)
        else:
            z = body(inner[1], all_of, p)
        return z, tag
    if kind == "py_while":
        i = 0
        while i < n % 4 and scalar(x).astype("float64") < 1000:
            x = body(inner[0], [*all_of, (x, tag)], p)
            i += 1
        return x, tag
    if kind == "for":
        z = x
        for r in rows[0]:
            if r.astype("float64") > 50:
                break
            z = body(inner[0], [(z, tag), (r, "s")], p)
        return z, tag
    if kind == "function":
        return tnp.function(lambda x: body(inner[0], [(x, tag), (y, "s")], p))(x), tag
    return None


def inputs(seed, size):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=size), rng.normal(size=size).astype("float32")
    return [x, y, rng.integers(-3, 9, size), np.float64(rng.normal()), rng.normal(size=(size, 3))]


TAGS = ["v", "v", "v", "s", ("m", "v", 3)]


def start(arrays):
    return [(tnp.asarray(a), t) for a, t in zip(arrays, TAGS, strict=True)]


def outcome(f, *args):
    """What f gives, or the class of what it raises."""
    with tnp.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return f(*args)
        except Exception as e:
            return type(e)


def same(got, want):
    """To the bit, but for which NaN it is."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.dtype == want.dtype and got.shape == want.shape
    np.testing.assert_array_equal(got, want)
    if got.dtype.kind == "f":
        assert ((np.signbit(got) == np.signbit(want)) | np.isnan(got)).all()


def check(got, want, compare):
    """Values of the same structure, or errors of the same class."""
    if isinstance(want, type) or isinstance(got, type):
        assert got is want
        return
    for g, w in zip(got, want, strict=True):
        compare(g, w)


quick = settings(deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 2**32 - 1)


def all_values(steps, arrays):
    """Every value that a program comes to."""
    return [v for v, _ in run(steps, start(arrays))]


@settings(quick, max_examples=40)
@given(programs(), seeds)
def test_eager_against_compiled(steps, seed):
    f = tnp.function(lambda *arrays: all_values(steps, arrays))
    for size in (5, 1, 8, 0):
        arrays = inputs(seed, size)
        check(outcome(f, *arrays), outcome(all_values, steps, arrays), same)


def close(got, want):
    """Nearly, of the size of the largest."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.dtype == want.dtype and got.shape == want.shape
    scale = np.abs(want[np.isfinite(want)]).max(initial=0)
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-9 * (1 + scale))


@settings(quick, max_examples=15)
@given(programs(longest=10), seeds)
def test_gradients(steps, seed):
    def loss(*arrays):
        total = tnp.asarray(0.0)
        for v in all_values(steps, arrays):
            if v.dtype in FLOAT:
                total = total + tnp.where(tnp.isfinite(v), v, 0).sum().astype("float64")
        return total

    def gradients(f):
        def call(*arrays):
            value, parts = tnp.value_and_grad(f, argnums=(0, 3, 4))(*arrays)
            return [value, *parts]

        return call

    SMOOTH[0] = True
    try:
        compiled, of_compiled = tnp.function(gradients(loss)), gradients(tnp.function(loss))
        for size in (5, 1, 8, 0):
            arrays = [tnp.asarray(a) for a in inputs(seed, size)]
            want = outcome(gradients(loss), *arrays)
            check(outcome(compiled, *arrays), want, close)
            check(outcome(of_compiled, *arrays), want, close)
    finally:
        SMOOTH[0] = False


@settings(quick, max_examples=15)
@given(programs(longest=10, kinds=[k for k in KINDS if k not in UNKNOWN], nested=FUNCTIONAL), seeds)
def test_batches(steps, seed):
    def one_example(*arrays):
        return all_values(steps, arrays)

    ways = [tnp.vmap(one_example), tnp.function(tnp.vmap(one_example)), tnp.vmap(tnp.function(one_example))]
    for size in (5, 1):
        examples = [inputs((seed + k) % 2**32, size) for k in range(3)]
        batch = [tnp.asarray(np.stack(a)) for a in zip(*examples, strict=True)]
        want = [outcome(one_example, *(tnp.asarray(a) for a in e)) for e in examples]
        for way in ways:
            got = outcome(way, *batch)
            for k in range(3):
                check(got if isinstance(got, type) else [v[k] for v in got], want[k], same)
