"""Arrays that change: through every name, in their own memory, and never in anybody else's."""

import copy
import operator
import pickle

import pytest
import tnp
from tnp import array_api as xp

import numpy as np

ARITHMETIC = ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow"]
BITS = ["iand", "ior", "ixor", "ilshift", "irshift"]
ROWS, COLUMNS = 30, 40


def address(x):
    """Where the first element is."""
    return np.asarray(x).__array_interface__["data"][0]


def matrix(dtype=xp.float64, shape=(ROWS, COLUMNS)):
    """Ones with memory of their own."""
    x = xp.ones(shape, dtype=dtype)
    address(x)
    return x


def assigned(key, value):
    """x[key] = value, as a function of x."""
    return lambda x: operator.setitem(x, key, value)


f32, i64, i8 = xp.float32, xp.int64, xp.int8
OPERANDS = {
    "a float": lambda: 3.0,
    "an int": lambda: 3,
    "0-D": lambda: xp.asarray(3.0),
    "a row": lambda: xp.ones(COLUMNS),
    "a column": lambda: xp.ones((ROWS, 1)),
    "float64": matrix,
    "float32": lambda: matrix(f32),
    "a float32 row": lambda: xp.ones(COLUMNS, dtype=f32),
    "transposed": lambda: matrix(shape=(COLUMNS, ROWS)).T,
}
INTEGERS = {
    "an int": lambda: 1,
    "int64": lambda: matrix(i64),
    "int8": lambda: matrix(i8),
    "an int8 row": lambda: xp.ones(COLUMNS, dtype=i8),
}


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.parametrize("operand", OPERANDS)
def test_operators_in_place(name, operand):
    """x op= y in x's memory, whatever y is; the values are those of x op y."""
    f, x, y = getattr(operator, name), matrix() * 2.0, OPERANDS[operand]()
    expected = np.array(getattr(operator, name[1:])(x, y))
    before = address(x)
    assert f(x, y) is x
    assert address(x) == before
    assert np.array_equal(np.asarray(x), expected)


@pytest.mark.parametrize("name", BITS)
@pytest.mark.parametrize("operand", INTEGERS)
def test_bits_in_place(name, operand):
    """The operators of integers likewise."""
    x, y = matrix(i64), INTEGERS[operand]()
    before = address(x)
    expected = np.array(getattr(operator, name[1:] + "_" * (name in {"iand", "ior"}))(x, y))
    assert getattr(operator, name)(x, y) is x
    assert address(x) == before and np.array_equal(np.asarray(x), expected)


LAYOUTS = {
    "in order": matrix,
    "transposed": lambda: xp.permute_dims(matrix(shape=(COLUMNS, ROWS)), (1, 0)),
    "flipped": lambda: xp.flip(matrix()),
    "with gaps": lambda: matrix(shape=(2 * ROWS, 2 * COLUMNS))[::2, ::2],
}
MASK = np.random.default_rng(0).random((ROWS, COLUMNS)) > 0.5
PLACES = int(MASK.sum())
ASSIGNMENTS = {
    "an element": ((1, 2), 3.0),
    "from the end": ((-1, -2), 3),
    "a 0-D array": ((1, 2), np.asarray(3.0)),
    "a row": ((1, ...), 3.0),
    "a column": ((..., 1), np.arange(ROWS)),
    "a slice": ((slice(0, 3), slice(2, 8, 2)), np.ones((3, 3), np.float32) * 2),
    "all": (..., np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)),
    "mask, a number": (MASK, 3.0),
    "mask, 0-D": (MASK, np.asarray(3.0)),
    "mask, values": (MASK, np.arange(PLACES)),
    "mask, values backwards": (MASK, np.arange(PLACES)[::-1]),
    "mask, one value": (MASK, np.ones(1) * 5),
    "transposed mask": (MASK.T.copy().T, 3.0),
    "mask of rows": (MASK[:, 0], 3.0),
    "mask of rows, a row": (MASK[:, 0], np.arange(COLUMNS)),
    "mask of rows, each": (MASK[:, 0], np.arange(MASK[:, 0].sum()).reshape(-1, 1)),
    "no place": (np.zeros((ROWS, COLUMNS), bool), 3.0),
}


def strict(value):
    """NumPy's array as a strict one with its layout, floats but for masks."""
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype == np.int64:
        value = value.astype(float)
    return xp.asarray(value, copy=False) if value.flags.owndata else xp.asarray(value)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_assignment_in_place(layout, name):
    """x[key] = value in x's memory, however that lies; the values are NumPy's."""
    key, value = ASSIGNMENTS[name]
    x = LAYOUTS[layout]()
    expected, before = np.array(x), address(x)
    expected[key] = value
    x[strict(key) if isinstance(key, np.ndarray) else key] = strict(value)
    assert address(x) == before
    assert np.array_equal(np.asarray(x), expected)


@pytest.mark.parametrize("make", [xp.zeros, xp.ones, xp.empty, lambda n: xp.full((n,), 2.0), xp.arange])
def test_nothing_is_copied(make):
    """The first assignment to a new array takes no memory beside the array's own."""
    n = 1 << 20
    tnp.reset_peak_memory()
    before = tnp.memory_stats()["in_use"]
    x = make(n)
    x[3] = 1
    x[10:20] = 2
    x[5] = 7
    peak = tnp.memory_stats()["peak_in_use"] - before
    assert peak < 1.5 * n * 8, peak / (n * 8)
    assert float(x[5]) == 7


OVERLAPPING = {
    "shifted down": lambda x: operator.setitem(x, (slice(1, None), ...), x[:-1, ...]),
    "shifted up": lambda x: operator.setitem(x, (slice(None, -1), ...), x[1:, ...]),
    "an element": lambda x: operator.setitem(x, (0, 0), x[1, 1]),
    "itself": lambda x: operator.setitem(x, ..., x),
    "its transpose": lambda x: operator.setitem(x, ..., x.T),
    "plus its transpose": lambda x: operator.iadd(x, x.T),
    "minus itself": lambda x: operator.isub(x, x),
    "times itself backwards": lambda x: operator.imul(x, x[::-1, ...]),
    "plus its row": lambda x: operator.iadd(x, x[0, ...]),
    "plus its element": lambda x: operator.iadd(x, x[0, 0]),
    "matrix product": lambda x: operator.imatmul(x, x),
    "matrix product, transposed": lambda x: operator.imatmul(x, x.T),
}


@pytest.mark.parametrize("name", OVERLAPPING)
def test_values_of_the_array_itself(name):
    """What is assigned may be of the array that changes."""
    a = np.arange(9.0).reshape(3, 3)
    x = xp.asarray(a, copy=True)
    OVERLAPPING[name](a)
    OVERLAPPING[name](x)
    assert np.array_equal(np.asarray(x), a)


BROADCAST = {
    "broadcast_to": lambda: xp.broadcast_to(xp.asarray([1.0, 2.0]), (3, 2)),
    "broadcast_arrays": lambda: xp.broadcast_arrays(xp.ones((3, 1)), xp.ones((1, 2)))[0],
    "meshgrid": lambda: xp.meshgrid(xp.arange(2.0), xp.arange(3.0))[0],
    "of one": lambda: xp.broadcast_to(xp.asarray(1.0), (3, 2)),
}


@pytest.mark.parametrize("name", BROADCAST)
def test_elements_that_share_memory(name):
    """Each element of a broadcast array is one of its own."""
    row = np.arange(2.0)
    both = [(assigned(k, 9.0), assigned(k, 9.0)) for k in ((0, 0), (..., 0))]
    both.append((lambda x: operator.iadd(x, xp.asarray(row)), lambda a: operator.iadd(a, row)))
    for change, number in both:
        x = BROADCAST[name]()
        expected = np.array(x)
        change(x)
        number(expected)
        assert np.array_equal(np.asarray(x), expected)


MAKERS = {
    "asarray": lambda: xp.asarray(1.0),
    "list": lambda: xp.asarray([1.0, 2.0]),
    "zeros": lambda: xp.zeros(3),
    "0-D zeros": lambda: xp.zeros(()),
    "ones": lambda: xp.ones(3),
    "full": lambda: xp.full(3, 2.0),
    "eye": lambda: xp.eye(2),
    "arange": lambda: xp.arange(3),
    "linspace": lambda: xp.linspace(0, 1, 3),
    "sum": lambda: xp.sum(xp.ones(3)),
    "empty": lambda: xp.empty(4),
}


@pytest.mark.parametrize("name", MAKERS)
def test_new_arrays_share_nothing(name):
    """A change of one array shows in no array that is made later."""
    first = MAKERS[name]()
    before = np.array(first)
    first[...] = 99
    first += 1
    assert np.array_equal(np.asarray(MAKERS[name]()), before)


def test_every_name_and_no_other_array():
    """A change shows through all names of the array; not in plain arrays, NumPy's, copies, views or buffers."""
    plain = tnp.arange(5.0)
    x = xp.asarray(plain)
    held = {"key": [x]}
    others = [plain, tnp.asarray(x), np.asarray(x), np.from_dlpack(x), memoryview(x), xp.asarray(x, copy=True), x[:3]]
    others += [copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x)), xp.reshape(x, (5, 1)), xp.flip(x)]
    others += [xp.astype(x, xp.float64), xp.real(x), +x, xp.expand_dims(x, 0), tnp.asarray(x)[1:]]
    before = [np.array(o) for o in others]

    def change(y):
        y[0] = 7.0
        y += 1
        y[y > 4.0] = -1.0

    change(x)
    assert held["key"][0] is x and np.asarray(x).tolist() == [-1, 2, 3, 4, -1]
    for other, b in zip(others, before, strict=True):
        assert np.array_equal(np.asarray(other), b)


COPIES = {
    "asarray": lambda x: xp.asarray(x, copy=True),
    "astype": lambda x: xp.astype(x, x.dtype),
    "reshape": lambda x: xp.reshape(x, (4, 2), copy=True),
    "from_dlpack": lambda x: xp.from_dlpack(x, copy=True),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "positive": lambda x: +x,
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_have_memory_of_their_own(name):
    """Where a copy is asked for, both arrays change in their own memory."""
    x = xp.reshape(xp.arange(8.0), (2, 4))
    y = COPIES[name](x)
    assert not np.shares_memory(np.asarray(x), np.asarray(y))
    before = address(x), address(y)
    x += 1
    y[0, 0] = 9.0
    assert (address(x), address(y)) == before
    assert float(x[0, 0]) == 1 and float(y[0, 0]) == 9 and float(y[-1, -1]) == 7
    for wrap in (lambda f: f, tnp.function):
        g = tnp.grad(wrap(lambda v: xp.sum(COPIES[name](v) ** 2)))(x)
        assert np.array_equal(np.asarray(g), 2 * np.asarray(x))


def test_errors_change_nothing():
    """An array is as it was after a refused change."""
    x, i = xp.arange(4.0), xp.asarray([1, 2, 3], dtype=i8)
    mask = xp.asarray([True, False, True, True])
    negative = xp.asarray([1, -1, 1], dtype=i8)
    refused = [
        (x, assigned(9, 1.0)),
        (x, assigned(-5, 1.0)),
        (x, assigned(slice(0, 2), xp.ones(3))),
        (x, assigned(mask, xp.ones(2))),
        (x, assigned(mask, xp.ones((3, 1)))),
        (x, assigned(0, 1j)),
        (x, assigned(0, xp.asarray(1))),
        (x, lambda x: operator.iadd(x, xp.ones((2, 4)))),
        (x, lambda x: operator.iadd(x, xp.ones(4, dtype=xp.complex64))),
        (x, lambda x: operator.ilshift(x, 1)),
        (i, assigned(0, 200)),
        (i, lambda i: operator.iadd(i, 200)),
        (i, lambda i: operator.ilshift(i, negative)),
        (i, lambda i: operator.ipow(i, -1)),
    ]
    for y, change in refused:
        with pytest.raises((IndexError, ValueError, TypeError, OverflowError)):
            change(y)
    assert np.asarray(x).tolist() == [0, 1, 2, 3] and np.asarray(i).tolist() == [1, 2, 3]


# --- in traced functions


def changes(x, y):
    """Changes its first argument in every way."""
    x[0] = 9.0
    x += y
    x[x > 11.0] = 0.0
    return xp.sum(x)


def test_arguments_of_traced_functions():
    """The caller's array changes, as in the eager call, at each call."""
    compiled = tnp.function(changes)
    x, e, y = xp.zeros(3), xp.zeros(3), xp.ones(3)
    name, shown = x, np.asarray(x)
    for _ in range(4):
        assert float(compiled(x, y)) == float(changes(e, y))
        assert name is x and np.array_equal(np.asarray(x), np.asarray(e))
    assert np.asarray(y).tolist() == [1, 1, 1] and shown.tolist() == [0, 0, 0]
    plain = tnp.zeros(3)
    compiled(xp.asarray(plain), y)
    assert plain.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="twice"):
        compiled(x, x)
    there = xp.zeros(2, device=xp.Device("device1"))
    tnp.function(lambda v: operator.iadd(v, 1) is None)(there)
    assert there.device == xp.Device("device1") and float(there.to_device(xp.Device())[0]) == 1


def test_arguments_in_structures():
    """Arrays in lists, dicts, keywords, instances, and of functions called by others."""

    def f(d, *, k, unused=None):
        d["a"][0] = k
        d["b"][0] *= 2.0

    d, k = {"a": xp.zeros(2), "b": [xp.ones(1)]}, xp.asarray(3.0)
    compiled = tnp.function(f)
    assert compiled(d, k=k) is None and compiled(k=k, d=d) is None
    assert np.asarray(d["a"]).tolist() == [3, 0] and float(d["b"][0][0]) == 4

    class Model:
        step = 2.0

        @tnp.function
        def go(self, x):
            x -= self.step
            return x

    model, x = Model(), xp.zeros(1)
    assert float(model.go(x)[0]) == -2 and float(model.go(x)[0]) == -4 and float(x[0]) == -4
    inner = tnp.function(lambda v: operator.iadd(v, 1.0) is None)

    @tnp.function
    def outer(v):
        inner(v)
        inner(v)
        return v * 1.0

    y = xp.zeros(2)
    assert np.asarray(outer(y)).tolist() == [2, 2] and np.asarray(y).tolist() == [2, 2]
    with pytest.raises(tnp.TracerError, match="made outside"):
        tnp.function(lambda v: tnp.cond(xp.sum(v) > 0, lambda: (inner(v), v)[1], lambda: v))(xp.ones(2))
    with pytest.raises(TypeError, match="changes an argument"):
        tnp.export(tnp.function(changes), "unused.tnp", xp.zeros(3), xp.ones(3))


@pytest.mark.parametrize(
    "change", [lambda s, v: assigned(0, 1.0)(s), lambda s, v: assigned(..., v)(s), lambda s, v: operator.iadd(s, v)]
)
def test_arrays_of_outside(change):
    """An array that is no argument can not change: the code runs when it is traced, not at each call."""
    state = xp.zeros(2)
    for call in (tnp.function, tnp.vmap, lambda f: lambda x: tnp.vectorized_map(f, x)):
        with pytest.raises(tnp.TracerError, match="made outside"):
            call(lambda v: change(state, v))(xp.ones((2, 2)))
        assert np.asarray(state).tolist() == [0, 0]


# --- derivatives


def squares(x):
    """Changes x before it is used."""
    x *= 2.0
    x[1] = 3.0
    return xp.sum(x * x)


@pytest.mark.parametrize("wrap", [lambda f: f, tnp.function])
def test_gradients_of_functions_that_change_arguments(wrap):
    """Derivatives are those with respect to what was given, which stays as it was."""
    f = wrap(squares)
    x = xp.asarray([1.0, 2.0, 4.0])
    wanted = [8.0, 0.0, 32.0]
    assert np.asarray(tnp.grad(f)(x)).tolist() == wanted
    value, gradient = tnp.value_and_grad(f)(x)
    assert float(value) == 4 + 9 + 64 and np.asarray(gradient).tolist() == wanted
    assert np.asarray(tnp.vjp(f, x)[1](xp.asarray(1.0))[0]).tolist() == wanted
    assert float(tnp.jvp(f, (x,), (xp.ones(3),))[1]) == sum(wanted)
    assert np.asarray(tnp.hessian(f)(x)).tolist() == [[8, 0, 0], [0, 0, 0], [0, 0, 8]]
    assert np.asarray(tnp.vmap(f)(xp.stack([x, x]))).tolist() == [77, 77]
    assert np.asarray(x).tolist() == [1, 2, 4]


def test_tapes_and_changed_arrays():
    """The gradient of an array that changed after it was watched is that of what was watched."""
    x = xp.asarray([1.0, 2.0, 3.0])
    with tnp.GradientTape() as tape:
        tape.watch(x)
        loss = xp.sum(x * x)
        x += 1.0
    assert np.asarray(tape.gradient(loss, x)).tolist() == [2, 4, 6]
    y = xp.asarray([1.0, 2.0])
    with tnp.GradientTape(persistent=True) as tape:
        tape.watch({"y": y})
        y *= y
        out = y * 3.0
    assert np.asarray(tape.gradient(out, [y])[0]).tolist() == [6, 12]
    assert np.asarray(tape.jacobian(out, y)).tolist() == [[6, 0], [0, 12]]
    for step in range(3):  # a descent whose array stays one object
        with tnp.GradientTape() as tape:
            tape.watch(y)
            loss = xp.sum(y * y)
        y -= 0.25 * tape.gradient(loss, y)
        assert np.asarray(y).tolist() == [0.5 ** (step + 1), 4 * 0.5 ** (step + 1)]


def test_batch_jacobian():
    """A strict array as source and target."""
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    with tnp.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    j = tape.batch_jacobian(y, x)
    assert type(j) is type(x) and np.asarray(j).tolist() == [[[2, 0], [0, 4]], [[6, 0], [0, 8]]]
