"""Indexing against array-api-strict and against NumPy, with the standard's limits."""

import array_api_strict as ref
import pytest
import tnp
from hypothesis import given, settings
from hypothesis import strategies as st
from tnp import array_api as xp

import numpy as np

# Where array-api-strict does otherwise, the clause of the standard that decides, and what it says.
#   slices, stop:  "For k < 0, -n - 1 <= j <= max(0, n - 1)"; array-api-strict has -n <= j <= n for every k.
#   0-D integers:  "An integer index must be an object satisfying operator.index"; array-api-strict refuses a 0-D
#                  integer array beside slices, and in the key of an assignment.
#   None beside integer arrays: the standard has "an indexing tuple which contains only integers and integer arrays".


def slices(n):
    """Slices of an axis, inside of the allowed bounds and a little beyond."""
    bound = st.one_of(st.none(), st.integers(-n - 2, n + 2))
    step = st.sampled_from([None, 1, 2, 3, -1, -2])
    return st.builds(slice, bound, bound, step)


def allowed(s, n):
    """Whether the standard defines this slice of an axis of size n."""
    if s.start is not None and not -n <= s.start <= n:
        return False
    if s.stop is None:
        return True
    if s.step is None or s.step > 0:
        return -n <= s.stop <= n
    return -n - 1 <= s.stop <= max(0, n - 1)


@st.composite
def keys(draw, shape):
    """Keys of integers, slices, ellipses and None, right and wrong ones."""
    parts = []
    for n in shape:
        kind = draw(st.sampled_from(["int", "slice", "slice", "skip"]))
        if kind == "int":
            parts.append(draw(st.integers(-n - 1, n)))
        elif kind == "slice":
            parts.append(draw(slices(n)))
    for extra, few in ((Ellipsis, 2), (None, 1)):
        for _ in range(draw(st.integers(0, few))):
            parts.insert(draw(st.integers(0, len(parts))), extra)
    if len(parts) == 1 and draw(st.booleans()):
        return parts[0]
    return tuple(parts)


def defined(key, shape):
    """Whether the standard defines x[key]."""
    parts = key if isinstance(key, tuple) else (key,)
    ellipses = sum(p is Ellipsis for p in parts)
    axes = [p for p in parts if p is not None and p is not Ellipsis]
    if ellipses > 1 or len(axes) > len(shape) or (not ellipses and len(axes) < len(shape)):
        return False
    before = next((i for i, p in enumerate([p for p in parts if p is not None]) if p is Ellipsis), len(axes))
    sizes = [*shape[:before], *shape[len(shape) - (len(axes) - before) :]] if ellipses else shape
    for p, n in zip(axes, sizes, strict=True):
        if isinstance(p, slice) and not allowed(p, n):
            return False
        if isinstance(p, int) and not -n <= p < n:
            return False
    return True


shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)


@given(st.data())
@settings(max_examples=600, deadline=None)
def test_getitem(data):
    """NumPy's elements where the standard defines them, IndexError elsewhere."""
    shape = data.draw(shapes)
    key = data.draw(keys(shape))
    a = np.arange(float(np.prod(shape))).reshape(shape)
    x = xp.asarray(a)
    if not defined(key, shape):
        with pytest.raises(IndexError):
            x[key]
        return
    got = x[key]
    assert type(got) is type(x)
    expected = np.asarray(a[key])
    assert got.shape == expected.shape
    assert (np.array(got) == expected).all()


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_setitem(data):
    """As NumPy's assignment; the array is as it was after an error."""
    shape = data.draw(shapes)
    key = data.draw(keys(shape))
    a = np.arange(float(np.prod(shape))).reshape(shape)
    x = xp.asarray(a, copy=True)
    has_none = key is None or (isinstance(key, tuple) and None in key)
    if has_none or not defined(key, shape):
        with pytest.raises(IndexError):
            x[key] = 7.0
        assert (np.array(x) == a).all()
        return
    value = data.draw(st.sampled_from([7.0, 3, np.full(a[key].shape, -1.0)]))
    x[key] = xp.asarray(value) if isinstance(value, np.ndarray) else value
    a[key] = value
    assert (np.array(x) == a).all()


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_masks(data):
    """A boolean array as the whole index, for reading and for writing."""
    shape = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple))
    ndim = data.draw(st.integers(0, len(shape)))
    bits = data.draw(st.lists(st.booleans(), min_size=64, max_size=64))
    mask = np.array(bits[: int(np.prod(shape[:ndim]))], dtype=bool).reshape(shape[:ndim])
    a = np.arange(float(np.prod(shape))).reshape(shape)
    x = xp.asarray(a)
    got = x[xp.asarray(mask)]
    assert got.shape == a[mask].shape
    assert (np.array(got) == a[mask]).all()
    y = xp.asarray(a, copy=True)
    y[xp.asarray(mask)] = -1.0
    a[mask] = -1.0
    assert (np.array(y) == a).all()


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_integer_arrays(data):
    """Integer arrays beside integers and one another."""
    a = np.arange(24.0).reshape(2, 3, 4)
    n = data.draw(st.integers(0, 4))
    parts = []
    for size in a.shape:
        if data.draw(st.booleans()):
            parts.append(
                np.array(data.draw(st.lists(st.integers(-size, size - 1), min_size=n, max_size=n)), dtype=np.int64)
            )
        else:
            parts.append(data.draw(st.integers(-size, size - 1)))
    key = tuple(parts)
    strict_key = tuple(xp.asarray(p) if isinstance(p, np.ndarray) else p for p in parts)
    got = xp.asarray(a)[strict_key]
    assert got.shape == np.asarray(a[key]).shape
    assert (np.array(got) == a[key]).all()


def keys_to_compare(m):
    """Keys that array-api-strict and this namespace must agree about, by name."""
    i, b = m.asarray([0, 1]), m.asarray([True, False, True])
    return {
        "list": [0, 1],
        "bool": True,
        "float": 1.0,
        "str": "a",
        "nested tuple": ((0, 1), 0),
        "numpy array": np.array([0, 1]),
        "numpy mask": np.array([True, False, True]),
        "mask beside int": (b, 0),
        "mask beside ellipsis": (b, ...),
        "mask beside None": (None, b),
        "int array beside slice": (i, slice(None)),
        "int array beside ellipsis": (i, ...),
        "int array alone": i,
        "int arrays": (i, i),
        "int array and int": (i, 0),
        "int and int array": (0, i),
        "mask": b,
        "mask of another length": m.asarray([True, False]),
        "2-D mask": m.ones((3, 3), dtype=m.bool),
        "float array": m.asarray([0.0]),
        "empty tuple": (),
        "int": 0,
        "numpy int": (np.int64(0), 0),
        "out of range": (3, 0),
        "too many": (0, 0, 0),
        "two ellipses": (..., 0, ...),
        "start beyond": (slice(4, None), 0),
        "start at the end": (slice(3, None), 0),
        "stop beyond": (slice(None, 4), 0),
        "0-D int array": (m.asarray(1), 0),
        "0-D mask": m.asarray(True),
        "int array out of range": (m.asarray([5]), 0),
    }


@pytest.mark.parametrize("name", list(keys_to_compare(ref)))
def test_as_array_api_strict(name):
    """The same keys are refused, with the same class of error, and give the same elements."""
    a = np.arange(9.0).reshape(3, 3)

    def outcome(m):
        try:
            return np.array(m.asarray(a)[keys_to_compare(m)[name]])
        except Exception as error:
            return type(error)

    theirs, ours = outcome(ref), outcome(xp)
    if isinstance(theirs, type) or isinstance(ours, type):
        assert ours is theirs
    else:
        assert ours.shape == theirs.shape
        assert (ours == theirs).all()


def test_where_the_standard_decides():
    """The disagreements that are listed at the top of this file."""
    a = np.arange(9.0).reshape(3, 3)
    x, r = xp.asarray(a, copy=True), ref.asarray(a)
    assert (np.array(x[::-1, ...]) == a[::-1]).all()
    assert (np.array(x[2:-4:-1, ...]) == a[::-1]).all()
    with pytest.raises(IndexError):
        r[2:-4:-1, ...]
    with pytest.raises(IndexError):
        x[2:3:-1, ...]
    assert r[2:3:-1, ...].shape == (0, 3)
    assert (np.array(x[xp.asarray(1), :]) == a[1]).all()
    with pytest.raises(IndexError):
        r[ref.asarray(1), :]
    x[xp.asarray(1), 0] = 5.0
    assert float(x[1, 0]) == 5.0
    with pytest.raises(IndexError):
        x[None, xp.asarray([0]), xp.asarray([0])]
    assert r[None, ref.asarray([0]), ref.asarray([0])].shape == (1, 1)


@pytest.mark.parametrize(
    ("dtype", "value", "error"),
    [
        ("int64", 1.5, TypeError),
        ("int64", True, TypeError),
        ("int8", 300, OverflowError),
        ("bool", 1, TypeError),
        ("float32", 1j, TypeError),
        ("float32", "float64", TypeError),
        ("int8", "int16", TypeError),
        ("int64", "uint64", TypeError),
        ("float64", "int64", TypeError),
        ("float64", "float32", None),
        ("complex64", 1j, None),
        ("complex64", 1.5, None),
        ("int16", "int8", None),
    ],
)
def test_assigned_values(dtype, value, error):
    """A value is promoted to the array's type, which it must not widen."""
    x = xp.zeros(3, dtype=getattr(xp, dtype))
    v = xp.ones(3, dtype=getattr(xp, value)) if isinstance(value, str) else value
    if error is None:
        x[...] = v
        assert x.dtype == getattr(xp, dtype)
        return
    with pytest.raises(error):
        x[...] = v
    assert not bool(xp.any(x != xp.zeros_like(x)))


@pytest.mark.parametrize("value", [np.ones(3), [1.0, 2.0, 3.0], None, "a", np.float64(1)])
def test_foreign_values(value):
    """Only arrays of the namespace and Python numbers are assigned."""
    x = xp.zeros(3)
    with pytest.raises(TypeError):
        x[...] = value


def test_shapes_of_values():
    """A value must broadcast to the places."""
    x = xp.zeros((2, 3))
    x[:, 1] = xp.asarray([1.0, 2.0])
    x[0, :] = xp.ones(1)
    assert np.array(x).tolist() == [[1, 1, 1], [0, 2, 0]]
    with pytest.raises(ValueError):
        x[:, 1] = xp.ones(3)
    with pytest.raises(ValueError):
        x[0, 0] = xp.ones(2)


def test_iteration():
    """Of one dimension only, by 0-D arrays."""
    rows = list(xp.asarray([1, 2]))
    assert [int(r) for r in rows] == [1, 2]
    assert all(r.shape == () and type(r) is type(xp.ones(1)) for r in rows)
    assert list(xp.ones(0)) == []
    other = xp.Device("device1")
    assert [r.device for r in xp.ones(2, device=other)] == [other, other]
    first, _ = m = xp.flip(xp.arange(2.0))
    first[...] = 7.0
    assert np.array(m).tolist() == [1.0, 0.0]
    squares = tnp.function(lambda x: sum(v * v for v in x), input_signature=[tnp.ArraySpec((4,), tnp.float64)])
    assert float(squares(xp.arange(4.0))) == 14.0
    for shape in ((), (2, 2)):
        with pytest.raises(TypeError):
            iter(xp.ones(shape))
