# ruff: noqa: SIM108, SIM201, B007, B905
"""Python's control flow on traced arrays: the same results as eager, one trace for all sizes."""

import dataclasses
import functools
import traceback

import pytest
import tnp

import numpy as np

X = np.array([1.0, 2.0, 3.0])
INPUTS = [X, -X, np.array([4.0, -1.0, 0.5]), np.arange(7.0), np.array([2.5])]


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype and a.shape == b.shape, (a, b)
    np.testing.assert_array_equal(a, b)


def if_else(x):
    if x.sum() > 0:
        y = x * 2
    else:
        y = x - 1
    return y


def early_return(x):
    if x[0] > 1:
        return x * 2
    if x[0] < 0:
        return -x
    return x


def elif_chain(x):
    if x[0] > 3:
        k = 1
    elif x[0] > 1:
        k = 2.5
    elif x[0] > 0:
        k = 3
    else:
        k = 0
    return x * k + k


def while_break_continue(x):
    i = 0
    s = 0.0
    while s < 10 and i < 100:
        s = s + x[i % x.shape[0]]
        i += 1
        if i % 5 == 3:
            continue
        if s > 8.5:
            break
        s += 0.25
    return s, i


def for_rows_with_return(x):
    s = tnp.zeros(())
    for r in x:
        if r > 2:
            return s
        s = s + r
    return -s


def for_over_a_size(x):
    s = 0.0
    for i in range(x.shape[0]):
        s = s + x[i] * 2
    return s


def collatz(x):
    n = int(abs(x[0])) + 3
    steps = 0
    while n != 1 and steps < 200:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


def collected(x):
    out = []
    for r in x:
        out.append(r * 2)
    return tnp.stack(out)


def conditional_expression(x):
    return (x + 1 if x[0] > 0 else x - 1) * (2 if x[-1] > 1 else 3)


def chains_and_logic(x):
    y = x
    if 0 < x[0] < 3 and not x[0] == 2:
        y = y * 2
    if x[0] < 0 or x[-1] > 2.75:
        y = y + 1
    return y


def guarded_index(x):
    i = 0
    while i < x.shape[0] and x[i] < 2:
        i += 1
    return i


def helper(v):
    if v > 0:
        return v
    return -v


def calls(x):
    return helper(x[0]) + functools.partial(helper)(x[-1]) + (lambda v: helper(v))(x.sum())


def zipped(x):
    t = 0.0
    for i, r in enumerate(x):
        t = t + r * (1.0 if i > 1 else 2.0)
    for a, b in zip(x, x * 2):
        t = t + a * b
    return t


def sizes_in_conditions(x):
    if x.shape[0] > 2:
        return x * 2
    return x - 1


def nested_loops(x):
    s = 0.0
    for i in range(x.shape[0]):
        for j in range(i):
            if x[j] > x[i]:
                break
            s += x[i] - x[j]
    return s


def two_state(x):
    a, b = x[0], x[-1]
    while abs(a - b) > 0.5:
        a, b = (a + b) / 2, b - (b - a) / 4
    return {"a": a, "b": b}["a"] - b


def static_range_with_break(x):
    s = 0.0
    for i in range(50):
        s = s + x[0]
        if s > 20 or s < -20:
            break
    return s


def static_list_with_break(x):
    s = 0.0
    for name in ("a", "b", "c"):
        if s > 3:
            break
        s = s + x[0] * len(name)
    return s


def python_numbers_stay_weak(x):
    x = x.astype("float32")
    k, total, scale = 1, 0.0, 1
    for i in range(x.shape[0]):
        total = total + x[i] * i
        k = k * 2 if x[i] > 0 else k + 1
        scale = scale / 2
    return total, x * k, x * scale, -k * x + abs(k)


def only_assigned_in_the_loop(x):
    i = 0
    while i < x.shape[0]:
        y = x[i] * 2
        i += 1
    return y


PROGRAMS = [
    if_else,
    early_return,
    elif_chain,
    while_break_continue,
    for_rows_with_return,
    for_over_a_size,
    collatz,
    collected,
    conditional_expression,
    chains_and_logic,
    guarded_index,
    calls,
    zipped,
    sizes_in_conditions,
    nested_loops,
    two_state,
    static_range_with_break,
    static_list_with_break,
    only_assigned_in_the_loop,
    python_numbers_stay_weak,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_as_eager(program):
    f = tnp.function(program)
    for x in INPUTS:
        got, want = f(x), program(tnp.asarray(x))
        for g, w in zip(*(([r] if not isinstance(r, tuple) else r) for r in (got, want)), strict=True):
            same(g, w)
    assert f.cache_info()["traces"] == 1


def test_printing_and_asserting(capsys):
    @tnp.function
    def f(x):
        assert x[0] > 0, "must be positive"
        print("x is", x)
        return x

    f(X)
    f(X * 2)
    assert capsys.readouterr().out == "x is [1. 2. 3.]\nx is [2. 4. 6.]\n"
    with pytest.raises(AssertionError, match="must be positive"):
        f(-X)


def test_python_values_are_left_alone():
    calls = []

    @tnp.function
    def f(x, mode, n):
        if mode == "double":
            calls.append(mode)
            x = x * 2
        for _ in range(n):
            x = x + 1
        while n > 0:
            n -= 1
        if x[0] > 3:
            x = -x
        return x

    same(f(X, "double", 2), np.array([-4.0, -6.0, -8.0]))
    same(f(X, "no", 1), X + 1)
    assert calls == ["double"] * 2  # once more when the trace began again with converted control flow


@dataclasses.dataclass
class Pair:
    a: object
    b: object


def test_structures_and_attributes():
    class Box:
        pass

    @tnp.function
    def f(x):
        box = Box()
        box.value = x
        p = Pair(x, {"k": [x]})
        if x[0] > 0:
            p = Pair(x * 2, {"k": [x + 1]})
            box.value = x + 5
        return p, box.value

    p, value = f(X)
    same(p.a, X * 2), same(p.b["k"][0], X + 1), same(value, X + 5)
    p, value = f(-X)
    same(p.a, -X), same(p.b["k"][0], -X), same(value, -X)


def test_variables_in_branches():
    v = tnp.Variable(1.0)

    @tnp.function
    def f(x):
        if x > 0:
            v.assign_add(x)
        i = 0
        while i < x:
            v.assign(v * 2)
            i += 1
        return v.read()

    assert float(f(tnp.asarray(2.0))) == 12.0 and float(v) == 12.0
    assert float(f(tnp.asarray(-1.0))) == 12.0


def test_gradients():
    def program(x):
        s = 0.0
        for i in range(x.shape[0]):
            if x[i] > 0:
                s = s + x[i] ** 2
            else:
                s = s - x[i]
        return s

    same(tnp.grad(tnp.function(program))(tnp.asarray([1.0, -2.0, 3.0])), np.array([2.0, -1.0, 6.0]))


def test_methods_and_callables():
    class Model:
        def __init__(self):
            self.scale = 2.0

        def __call__(self, x):
            return self.pick(x)

        @tnp.function
        def pick(self, x):
            if x.sum() > 0:
                return x * self.scale
            return x

    class Child(Model):
        def pick(self, x):
            if x[0] > 100:
                return x
            return super().pick(x) + 1

    m = Model()
    same(m(X), X * 2), same(m(-X), -X)
    same(tnp.function(Child())(X), X * 2 + 1)
    same(tnp.function(Child().pick)(X * 200), X * 200)


# --- errors


def line_of(error):
    return [f.line for f in traceback.extract_tb(error.__traceback__) if f.filename == __file__]


def test_errors_show_the_users_lines():
    def bad(x):
        y = x
        if x[0] > 0:
            y = tnp.zeros(2) + tnp.zeros(3)  # this line
        return y

    with pytest.raises(ValueError) as e:
        tnp.function(bad)(X)
    assert any("# this line" in line for line in line_of(e.value))


def wrong_type(x):
    if x[0] > 0:
        result = x
    else:
        result = x.astype("float32")
    return result


def wrong_text(x):
    mode = "a"
    if x[0] > 0:
        mode = "b"
    return x if mode == "a" else -x


def wrong_structure(x):
    pair = (x, x)
    if x[0] > 0:
        pair = (x,)
    return pair


def returns_on_some_ways(x):
    if x[0] > 0:
        return x


def loop_changes_rank(x):
    y = x
    while y.sum() < 100:
        y = y[None] * 2
    return y


@pytest.mark.parametrize(
    ("program", "error", "text"),
    [
        (wrong_type, TypeError, "result"),
        (wrong_text, TypeError, "mode"),
        (wrong_structure, TypeError, "pair"),
        (returns_on_some_ways, TypeError, "none on others"),
        (loop_changes_rank, ValueError, "'y'"),
    ],
)
def test_what_can_not_be_converted(program, error, text):
    with pytest.raises(error, match=text):
        tnp.function(program)(X)
    same(tnp.function(if_else)(X), X * 2)


def test_no_source():
    scope = {}
    exec("def f(x):\n    if x[0] > 0:\n        return x\n    return -x", scope)
    with pytest.raises(tnp.TracerError, match=r"(?s)source.*tnp\.cond|tnp\.cond.*source"):
        tnp.function(scope["f"])(X)


def test_without_autograph():
    with pytest.raises(tnp.TracerError, match=r"tnp\.cond"):
        tnp.function(if_else, autograph=False)(X)


def test_a_loop_that_never_ran():
    f = tnp.function(only_assigned_in_the_loop)
    same(f(X), 6.0)
    with pytest.raises(UnboundLocalError, match="'y'.*did not run"):
        f(X[:0])


def test_python_numbers_stay_weak():
    def f(x):
        k = 2
        if x[0] > 0:
            k = 3
        return (
            tnp.where(x > 0, k, x),
            tnp.clip(x, 0, k),
            x.clip(k, None),
            tnp.select([x > 0], [x], k),
            tnp.select([x > 0], [k], x),
            tnp.trapezoid(x, dx=k),
            tnp.unwrap(x, period=k),
            tnp.quantile(x, k / 10),
            tnp.divmod(x, k),
            tnp.maximum(k, x),
            x**k,
        )

    x = tnp.asarray([1, 2, 3], dtype="float32")
    for a, b in zip(f(x), tnp.function(f)(x)):
        for c, d in zip(a, b) if isinstance(a, tuple) else [(a, b)]:
            assert c.dtype == d.dtype == tnp.float32
            np.testing.assert_allclose(np.asarray(c), np.asarray(d), rtol=1e-6)


def test_lists_times_traced_numbers():
    def f(x):
        k = 2
        if x > 0:
            k = 3
        return [x] * k

    with pytest.raises(tnp.TracerError, match="list"):
        tnp.function(f)(tnp.asarray(1.0))
