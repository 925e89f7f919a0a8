# ruff: noqa: SIM108, RUF015
"""Statement by statement: Python's control flow in traced functions gives what it gives in eager ones."""

import contextlib
import itertools

import pytest
import tnp

import numpy as np

COUNT = 0


def equal(a, b):
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(equal, a, b))
    if a is None or isinstance(a, str):
        return a == b
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)


PROGRAMS = []


def program(*calls):
    """A program, and the arguments that it is called with."""

    def add(f):
        PROGRAMS.extend(pytest.param(f, args, id=f"{f.__name__}-{i}") for i, args in enumerate(calls))
        return f

    return add


# --- comprehensions

ROWS = np.arange(40.0)


@program([2.0])
def a_list_of_a_range(x):
    return tnp.stack([i * x for i in range(3)])


@program([[1.0, 2.0]], [ROWS], [ROWS[:0]])
def sum_of_a_list(x):
    return sum([v * 2 for v in x], 0.0)


@program([ROWS], [ROWS[:3]])
def a_filtered_list(x):
    return tnp.asarray([v * 2 for v in x if v > 1])


@program([ROWS])
def what_a_list_can_do(x):
    rows = [v if v > 3 else -v for v in x]
    more = 0.0
    for i, r in enumerate(rows[2:]):
        more = more + r * i
    return rows[0], rows[-1], len(rows), min(rows), max(rows), any(rows), sum(rows), more, 5.0 in rows


@program([3.0, 4], [3.0, 0])
def a_list_of_a_traced_range(x, n):
    return tnp.asarray([x * i for i in range(n)])


@program([np.arange(4.0), 3])
def a_list_of_two_loops(x, n):
    return tnp.asarray([x[i] * j for i in range(4) for j in range(n)])


@program([ROWS])
def a_list_of_a_list(x):
    return tnp.asarray([v + 1 for v in [w * 2 for w in x]])


@program([1.0], [3.0])
def a_filter_over_a_python_list(x):
    return tnp.asarray([v for v in (x, x + 1, 2.5) if v > 2])


@program([2.0], [-2.0])
def a_dict(x):
    return tnp.stack(list({i: x * i if x > 0 else x for i in range(3)}.values()))


@program([ROWS], [[1.0, 5.0]])
def generators(x):
    positive = all(v >= 0 for v in x)
    large = any(v > 2 for v in x)
    return sum(v * 2 for v in x), positive, large


@program([3.0, 4])
def a_generator_over_a_traced_range(x, n):
    return sum(x * i for i in range(n))


@program([ROWS], [[3.0, 1.0]])
def builtins_over_rows(x):
    return (
        list(map(lambda v: v * 2 if v > 1 else v, x))[0],
        sum(filter(lambda v: v > 1, x)),
        sum(sorted(x, reverse=True)[:2]),
        sum(a * i for i, a in enumerate(reversed(x))),
    )


@program([[3.0, 1.0, 2.0]])
def builtins_of_lists(x):
    parts = [x[0], x[1], x[2]]
    return min(parts), max(parts), sorted(parts), abs(x[0] - 5), any([x[0] > 5, x[1] > 0]), all((x[0] > 5, True))


# --- in, chains, conditions


@program([[1.0, 2.0, 3.0], 2.0], [[1.0, 2.0, 3.0], 5.0])
def in_an_array(x, v):
    return 1 if v in x else 0


@program([2], [7], [5])
def in_other_things(v):
    return (
        v in (1, 2, 3),
        v not in [1, 2],
        1 if v in range(2, 10, 3) else 0,
        2 if v in range(9, 0, -2) else 0,
    )


@program([0], [1], [3], [5])
def chained(x):
    return 1 if 0 < x < 5 <= x + 4 else 2


@program([3])
def chained_in_while(x):
    while 0 < x < 50 != 7:
        x = x * 2
    return x


@program([2.0], [4.0], [6.0])
def nested_conditional_expressions(x):
    return 1 if x > 5 else 2 if x > 3 else 3


@program([2.0], [7.0], [6.0])
def logic(x):
    a = (x > 0 and x < 5) or x == 7
    return a, not a, x > 0 and not (x > 3 or x < 1)


@program([2.0], [-2.0])
def assigned_in_conditions(x):
    if (y := x * 2) > 3:
        return y, y
    while (z := x * 3) < 50:
        x = z - x + 10
        if z == 4:
            break
    else:
        x = x + 1
    return x, z


# --- match


@program([0], [1], [2], [5], [12])
def match_values(x):
    match x:
        case 0:
            return x + 1
        case 1 | 2:
            return x * 5
        case _ if x > 10:
            return x - 10
        case y:
            return y


@program([0, 1], [0, 5], [3, 5], [3, 9])
def match_sequences(x, y):
    match (x, y):
        case (0, 1):
            r = 1
        case (0, z) if z > 2:
            r = z
        case (a, 5):
            r = a * 2
        case _:
            r = -1
    return r


@program([2.0], [-1.0])
def match_python_values(x):
    total = 0.0
    for mode in ("a", {"k": 3}, 7):
        match mode:
            case "a":
                if x > 0:
                    total = total + x
            case {"k": k}:
                total = total + k * x
                if x < 0:
                    break
            case _:
                total = total - 1
    return total


# --- loops


@program([20.0], [1000.0])
def for_else(x):
    for i in range(10):
        if i * i > x:
            r = i
            break
    else:
        r = -1
    return r


@program([np.arange(5.0), 5], [np.arange(5.0), 2])
def for_else_of_a_traced_range(x, n):
    for i in range(n):
        if x[i] > 2:
            r = i
            break
    else:
        r = -1
    return r


@program([12.0], [16.0])
def while_else(x):
    while x > 1:
        x = x / 2
        if x == 3:
            break
    else:
        x = x + 100
    return x


@program([3.0], [1.0], [100.0])
def jumps_in_nested_ifs(x):
    i = 0
    while True:
        i += 1
        if x > 10:
            if i > 3:
                break
            x = x - 1
            continue
        x = x * 2
        if x == 6:
            return x
    return x + i


@program([5], [2])
def return_from_two_loops(n):
    for i in range(n):
        for j in range(n):
            if i * j == 6:
                return i, j
        else:
            if i == 90:
                continue
    return -1, -1


@program([9])
def jumps_in_two_loops(n):
    s = 0
    for i in range(n):
        for j in range(i):
            if j == 3:
                continue
            if i + j > 8:
                break
            s += i * j
    return s


@program([4], [0])
def paths(n):
    class Box:
        value = 0

    box, cells = Box(), [0, {"a": 1}]
    for i in range(n):
        box.value += i
        cells[0] += i
        cells[1]["a"] = cells[0] * 2
    if n > 2:
        box.value = box.value * 2
    return box.value, cells[0], cells[1]["a"]


# --- functions


@program([3.0], [-1.0])
def nested_functions(x):
    def g(y):
        if y > 0:
            return y * 2
        return -y

    h = lambda z: z if z > 1 else g(z)
    fs = [lambda z: z if z > 0 else -z, lambda z: z * 2 if z > 0 else -z]
    return g(x) + h(x), fs[0](x), fs[1](x)


@program([3], [-1])
def nonlocals(x):
    n = 0
    m = 0.5

    def add(v):
        nonlocal n
        if v > 0:
            n = n + v

    for i in range(x):
        add(i)
    if x > 0:
        add(x)
    m += n
    return n, m


class Base:
    __secret = 2.0

    def value(self, x):
        return x

    def secret(self, x):
        if x > 0:
            return x * self.__secret
        return x


class Derived(Base):
    def value(self, x):
        if x > 0:
            return super().value(x) * 2
        return [super(Derived, self).value(v) for v in (x, x)][0]


@program([3.0], [-1.0])
def methods(x):
    return Derived().value(x) + Derived().secret(x)


@program([3.0], [-1.0])
def functions_with_defaults(x):
    def g(y, *rest, k=x, **more):
        if y > 0:
            return y + k + len(rest) + more.get("m", 0)
        return y

    return g(x, 1, 2, m=3), g(*[x, 4], **{"k": 1.0})


# --- other statements


@program([3.0], [-1.0])
def with_blocks(x):
    with contextlib.nullcontext(5) as k:
        if x > 0:
            return x * k
        y = x
    return y


@program([3.0], [-1.0])
def try_blocks(x):
    n = 0
    try:
        k = int("3")
        if x > 0:
            return x * k
    except ValueError:
        n = 5
    else:
        n += 1
    finally:
        n += 1
    try:
        raise KeyError("a")
    except KeyError as e:
        m = len(e.args)
    return x + n + m


@program([3.0], [-1.0])
def deleted(x):
    y = x * 2
    z = y if x > 0 else -y
    del y
    if x > 0:
        y = z
    else:
        y = 1.0
    return y


@program([3.0])
def one_branch_only(x):
    if x > 0:
        y = x
    if x > 0:
        y = y + 1
    return y


@program([3.0], [0.5])
def annotated(x):
    y: float
    z: float = 1.0
    if x > 1:
        y: float = x
    else:
        y = z
    return y


@program([5.0])
def raising(x):
    if x < 0:
        raise ValueError(f"{x} is negative")
    for i in range(3):
        if x == i:
            raise KeyError(i)
    return x


@pytest.mark.parametrize(("program", "args"), PROGRAMS)
def test_as_eager(program, args):
    args = [tnp.asarray(a) for a in args]
    assert equal(tnp.function(program)(*args), program(*args))


# --- errors and effects


def unset(x):
    if x > 0:
        y = x
    return y


def unset_in_a_loop(x):
    for i in range(x):
        y = i
    return y


@pytest.mark.parametrize("f", [unset, unset_in_a_loop])
def test_variables_without_a_value(f):
    g = tnp.function(f)
    assert equal(g(tnp.asarray(3)), f(tnp.asarray(3)))
    with pytest.raises(UnboundLocalError, match="'y'"):
        g(tnp.asarray(-1))
    with pytest.raises(UnboundLocalError):
        f(tnp.asarray(-1))


def test_assert_and_raise_when_run():
    class Mine(Exception):
        pass

    @tnp.function
    def f(x):
        assert x > -10, f"x is {x:.1f}, too small"
        if x < 0:
            raise ValueError(f"negative: {x}", 3)
        if x > 100:
            raise Mine
        while x > 50:
            if x == 60:
                raise KeyError("sixty")
            x = x - 1
        return x

    assert f(tnp.asarray(5.0)) == 5
    with pytest.raises(AssertionError, match=r"x is -11\.5, too small"):
        f(tnp.asarray(-11.5))
    with pytest.raises(ValueError, match=r"negative: -1\.0") as caught:
        f(tnp.asarray(-1.0))
    assert caught.value.args[1] == 3
    with pytest.raises(Mine):
        f(tnp.asarray(101.0))
    with pytest.raises(KeyError, match="sixty"):
        f(tnp.asarray(70.0))
    assert f(tnp.asarray(55.0)) == 50
    assert f.cache_info()["traced"] == 1


def test_raising_to_a_handler():
    @tnp.function
    def f(x):
        try:
            if x < 0:
                raise ValueError("negative")
        except ValueError:
            x = -x
        return x

    with pytest.raises(tnp.TracerError, match="handler"):
        f(tnp.asarray(1.0))

    @tnp.function
    def g(x):
        try:
            if x < 0:
                raise ValueError("negative")
        except KeyError:
            x = -x
        return x

    assert g(tnp.asarray(1.0)) == 1
    with pytest.raises(ValueError, match="negative"):
        g(tnp.asarray(-1.0))


def test_printing(capsys):
    @tnp.function
    def f(x):
        for i in range(2):
            print(f"turn {i}: {x * i:.2f}", {"x": x}, [i], sep=" | ")
        if x > 1:
            print("large " + f"{x!r:>8}")
        return x

    f(tnp.asarray(0.5))
    capsys.readouterr()
    f(tnp.asarray(1.5))
    assert capsys.readouterr().out.splitlines() == [
        "turn 0: 0.00 | {'x': array(1.5)} | [0]",
        "turn 1: 1.50 | {'x': array(1.5)} | [1]",
        "large array(1.5)",
    ]


def generator(x):
    for i in range(3):
        if x > i:
            yield x


def lists_that_python_needs(x):
    rows = [v for v in x if v > 0]
    rows.append(x[0])
    return rows


def a_condition_in_a_generator(x):
    return sum(v for v in [x[0], x[1]] if v > 0)


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x: sum(generator(x[0])), "it is a generator: return a list"),
        (lists_that_python_needs, r"\.append of a list whose length depends"),
        (lambda x: [v for v in x if v > 0], "result can not be made"),
        (a_condition_in_a_generator, "write a list comprehension"),
    ],
)
def test_what_to_write_instead(f, text):
    with pytest.raises(tnp.TracerError, match=text):
        tnp.function(f)(tnp.asarray([1.0, 2.0]))


def test_globals_do_not_leak():
    @tnp.function
    def f(x):
        global COUNT
        if x > 0:
            COUNT = 1
        return x

    f(tnp.asarray(1.0))
    with pytest.raises(tnp.TracerError, match="outside"):
        COUNT + 1


def test_python_code_stays_pythons():
    calls = []

    @tnp.function
    def f(x, items):
        it = itertools.count()
        if x > 0:
            x = x + 1
        first = next(i for i in it if i > 3)
        lazy = (calls.append(v) for v in items)
        next(lazy)
        found = any(calls.append(v) or v == 1 for v in items)
        text = ",".join(str(v) for v in items)
        return x + first + found + len(text)

    assert f(tnp.asarray(1.0), (1, 2, 3)) == 2 + 4 + 1 + 5
    assert calls[-2:] == [1, 1]
