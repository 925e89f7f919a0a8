"""Lists, dicts, sets and objects that branches and loops change: as eagerly, or an error that says what to write."""

import collections
import functools

import pytest
import tnp

import numpy as np


class Counter:
    def __init__(self, total):
        self.total = total
        self.log = []

    def add(self, v):
        self.total = self.total + v

    def add_if_large(self, v):
        if v > 2:
            self.add(v)

    def set_last(self, v):
        self.last = v

    def all(self, n):
        for i in range(n):
            self.add(i)
        return self.total


class Slots:
    __slots__ = ("a",)

    def __init__(self, a):
        self.a = a

    def add(self, v):
        self.a = self.a + v


def method_in_a_loop(n):
    c = Counter(tnp.asarray(0))
    for i in range(n):
        c.add(i)
    return c.total


def method_in_a_branch(n):
    c = Counter(tnp.asarray(0))
    c.add_if_large(n)
    return c.total


def method_of_a_number(n):
    c = Counter(0)
    while n > 0:
        c.add_if_large(n)
        n = n - 1
    return c.total


def loop_in_a_method(n):
    return Counter(tnp.asarray(10)).all(n)


def object_in_an_object(n):
    outer = Counter(Counter(tnp.asarray(1)))
    for i in range(n):
        outer.total.add(i)
    return outer.total.total


def objects_in_a_list(n):
    cs = [Counter(tnp.asarray(k)) for k in range(3)]
    for i in range(n):
        cs[1].add(i)
    return [c.total for c in cs]


def bound_method(n):
    c = Counter(tnp.asarray(0))
    add = c.add
    for i in range(n):
        add(i)
    return c.total


def partial(n):
    c = Counter(tnp.asarray(0))
    add = functools.partial(c.add, n)
    for _ in range(n):
        add()
    return c.total


def inner_function(n):
    items = [tnp.asarray(0)]

    def step(v):
        items[0] = items[0] + v

    for i in range(n):
        step(i)
    return items[0]


def helper(items, v):
    if v > 2:
        items.append(v)
    else:
        items.append(-v)


def append_in_a_helper(n):
    items = []
    helper(items, n)
    helper(items, n - 3)
    return items


def append_in_both(n):
    items = [n]
    if n > 3:
        items.append(n * 2)
    else:
        items.append(n * 3)
    return items


def append_different_types(n):
    items = []
    if n > 3:
        items.append(n)
    else:
        items.append(0.5)
    return items[0] * 1.0


def set_in_a_list(n):
    items = [n, n]
    for i in range(n):
        items.reverse()
        items[0] = items[0] + i
    return items


def dict_update(n):
    d = {"a": n, "b": n}
    if n > 3:
        d.update(a=n * 2)
    return d


def dict_in_a_loop(n):
    d = {"a": 0}
    for i in range(n):
        d.update(a=d["a"] + i)
    return d["a"]


def ordered_dict(n):
    d = collections.OrderedDict(x=n, a=n)
    if n > 3:
        d.update(a=n * 2)
    return d


def default_dict(n):
    d = collections.defaultdict(lambda: tnp.asarray(0))
    for k in "ab":
        d[k] += n
    if n > 3:
        d["a"] += n
    return d["a"] + d["b"]


def deque(n):
    d = collections.deque([n, n + 1])
    if n > 3:
        d.rotate(1)
    return list(d)


def popped_in_both(n):
    items = [n, n * 2]
    if n > 3:
        y = items.pop()
        n = y
    else:
        y = -items.pop()
    return y + n, items


def key_on_one_way(n):
    d = {"b": n}
    if n > 3:
        d["a"] = n * 2
    return d["b"]


def key_of_both(n):
    d = {}
    if n > 3:
        d["a"] = n * 2
    else:
        d["a"] = n
    return d


def attribute_on_one_way(n):
    c = Counter(n)
    if n > 3:
        c.extra = n * 2
    return c.total


def log_of_texts(n):
    c = Counter(n)
    if n > 3:
        c.log.append("large")
    return c.total


def slots(n):
    s = Slots(tnp.asarray(0))
    for i in range(n):
        s.a = s.a + i
    return s.a


def slots_by_a_method(n):
    s = Slots(tnp.asarray(0))
    for _ in range(n):
        s.add(1)
    if n > 3:
        s.add(n)
    return s.a


def aliases(n):
    a = [n]
    b = a
    if n > 3:
        b[0] = n * 2
    return a[0], b[0]


def rows_of_a_list(x):
    items = []
    for v in x:
        items.append(v * 2)
    return tnp.asarray(items)


def rows_of_two_lists(x):
    items, other = [], []
    for v in x:
        items.append(v * 2)
        if v > 0:
            other.append(v)
        else:
            other.append(-v)
    return tnp.asarray(items), tnp.asarray(other)


def endless(n):
    i = 0
    while True:
        i += 1
        if i * i > n:
            return i


def endless_in_a_loop(n):
    for k in range(n):
        i = 0
        while True:
            i += 1
            if i > k:
                break
        if k == 2:
            while True:
                i += k
                if i > 20:
                    return i
    return -1


def guards(n):
    match (n, 1):
        case (k, 1) if k > 3:
            return k
        case (k, _) if k > 1:
            return k * 10
        case _:
            return -n


OF_NUMBERS = [
    method_in_a_loop, method_in_a_branch, method_of_a_number, loop_in_a_method, object_in_an_object, objects_in_a_list,
    bound_method, partial, inner_function, append_in_a_helper, append_in_both, append_different_types, set_in_a_list,
    dict_update, dict_in_a_loop, ordered_dict, default_dict, deque, popped_in_both, key_on_one_way, key_of_both,
    attribute_on_one_way, slots, slots_by_a_method, aliases, endless, endless_in_a_loop, guards,
]  # fmt: skip


def equal(a, b):
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return type(a) is type(b) and list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    return np.array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("program", OF_NUMBERS, ids=lambda p: p.__name__)
def test_as_eager(program):
    compiled = tnp.function(program)
    for n in (5, 1, 0, 4):
        assert equal(program(tnp.asarray(n)), compiled(tnp.asarray(n)))


@pytest.mark.parametrize("program", [rows_of_a_list, rows_of_two_lists], ids=lambda p: p.__name__)
def test_lists_of_rows(program):
    compiled = tnp.function(program)
    for x in ([1.0, -2.0, 3.0], [-1.0], [2.0, -2.0, 5.0, 1.0]):
        assert equal(program(tnp.asarray(x)), compiled(tnp.asarray(x)))


def append_on_one_way(n):
    items = [n]
    if n > 3:
        items.append(n)
    return items[0]


def append_rows_on_one_way(x):
    items = []
    for v in x:
        if v > 0:
            items.append(v)
    return tnp.asarray(items)


def append_in_a_loop(n):
    items = []
    while n > 0:
        items.append(n)
        n = n - 1
    return tnp.asarray(items)


def append_pairs(n):
    items = []
    for i in range(n):
        items.append((i, 1))
    return len(items)


def added_to_a_set(n):
    seen = set()
    if n > 3:
        seen.add(1)
    return len(seen)


def new_attribute_in_a_loop(n):
    c = Counter(tnp.asarray(0))
    for i in range(n):
        c.set_last(i)
    return c.last


def wrong_types_in_a_loop(n):
    c = Counter(tnp.asarray(0))
    for _ in range(n):
        c.add(0.5)
    return c.total


def used_from_one_way(n):
    d = {}
    if n > 3:
        d["a"] = n
    return d


def different_results(n):
    if n > 3:
        return n, n
    return n


def none_at_first(n):
    best = None
    for i in range(n):
        best = i
    return best


@pytest.mark.parametrize(
    ("program", "text"),
    [
        (append_on_one_way, "if: the list 'items' has other elements after one branch than after the other"),
        (append_rows_on_one_way, "if: the list 'items' has other elements"),
        (append_in_a_loop, "while: the list 'items' grows or shrinks in a loop of the graph: write a comprehension"),
        (append_pairs, "for: the list 'items' grows in a loop of the graph, and .* is added, which is no array"),
        (added_to_a_set, "if: the set 'seen' has other elements"),
        (new_attribute_in_a_loop, "for: c.last has no value before the loop"),
        (wrong_types_in_a_loop, "for: the loop variable 'c.total' is int64 before an iteration and float64 after it"),
        (used_from_one_way, r"d\['a'\] is set on one way only"),
        (different_results, "if: the result has one structure in one branch"),
        (none_at_first, "for: the loop variable 'best' is None before an iteration and .* after it"),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_what_to_write_instead(program, text):
    argument = [1.0, -1.0] if program is append_rows_on_one_way else 5
    with pytest.raises(TypeError, match=text):
        tnp.function(program)(tnp.asarray(argument))


def missing_key(n):
    d = {"b": n}
    if n > 3:
        d["a"] = n
    return d["a"]


def missing_attribute(n):
    c = Counter(n)
    if n > 3:
        c.extra = n
    return c.extra


@pytest.mark.parametrize(("program", "error"), [(missing_key, KeyError), (missing_attribute, AttributeError)])
def test_looking_at_what_was_not_set(program, error):
    compiled = tnp.function(program)
    assert int(compiled(tnp.asarray(5))) == 5
    with pytest.raises(error, match="did not run"):
        compiled(tnp.asarray(1))


def test_effects_of_tracing_stay():
    c = Counter(0)
    calls = []

    @tnp.function
    def f(n, c):
        if n > 3:
            calls.append("large")
            n = n * 2
        c.log.append("traced")
        return n

    assert int(f(tnp.asarray(5), c)) == 10
    assert calls == ["large"]
    assert c.log[0] == "traced"


def test_a_failed_branch_leaves_objects():
    items = []

    def f(n):
        kept = [n]
        try:
            if n > 3:
                kept.append(n)
                raise RuntimeError("while tracing")
        except ZeroDivisionError:
            pass
        items.append(len(kept))
        return n

    with pytest.raises(RuntimeError):
        tnp.function(f)(tnp.asarray(5))
    assert int(tnp.function(f)(tnp.asarray(1))) == 1
    assert items[-1] == 1


def test_a_step_of_zero():
    def f(n, step):
        total = 0
        for i in range(0, n, step):
            total += i
        return total

    compiled = tnp.function(f)
    assert int(compiled(tnp.asarray(5), tnp.asarray(2))) == 6
    with pytest.raises(ValueError, match="must not be zero"):
        compiled(tnp.asarray(5), tnp.asarray(0))
