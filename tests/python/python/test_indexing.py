"""Indexing compared with NumPy: every kind of index, updates through ``x.at``, iteration, errors."""

import warnings

import pytest
import tnp
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy as np

SETTINGS = settings(max_examples=400, deadline=None)


def array(values, dtype=None):
    """A tnp array of NumPy values."""
    return tnp.asarray(np.asarray(values, dtype))


def numbered(shape, dtype=np.float64):
    """0, 1, 2, … in this shape."""
    return np.arange(int(np.prod(shape)), dtype=dtype).reshape(shape)


def outcome(f):
    """What f gives, or the class of what it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.asarray(f())
        except Exception as error:
            return type(error)


def assert_same(got, expected):
    """Equal arrays (dtype and shape too), or exceptions of one class."""
    if isinstance(expected, type) or isinstance(got, type):
        assert got is expected
        return
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)


shapes = st.lists(st.integers(0, 4), max_size=4).map(tuple)
bounds = st.none() | st.integers(-6, 6)
slices = st.builds(slice, bounds, bounds, st.none() | st.integers(-3, 3))


@st.composite
def masks(draw, shape):
    """A mask for the leading axes of `shape`, now and then of a wrong size."""
    own = tuple(draw(st.sampled_from([n, n, n, n, n, n, n, n + 1])) for n in shape)
    bits = draw(st.lists(st.booleans(), min_size=int(np.prod(own)), max_size=int(np.prod(own))))
    return np.array(bits, bool).reshape(own)


@st.composite
def index_arrays(draw, size):
    """Integers of a small shape, nearly always in range for an axis of this size."""
    shape = draw(st.sampled_from([(), (1,), (2,), (3,), (2, 1), (2, 3), (0,), (2,), (1,)]))
    limit = max(size, 1)
    low, high = draw(st.sampled_from([(-limit, limit - 1)] * 12 + [(-limit - 2, limit + 1)]))
    count = int(np.prod(shape))
    values = draw(st.lists(st.integers(low, high), min_size=count, max_size=count))
    kind = draw(st.sampled_from([np.int64, np.int64, np.int8, np.int32]))
    return np.array(values, kind).reshape(shape)


@st.composite
def indices(draw, shape):
    """A tuple of anything that may stand between the brackets, for an array of this shape."""
    items, axis, ellipsis = [], 0, False
    for _ in range(draw(st.integers(0, len(shape) + 2))):
        kind = draw(
            st.sampled_from(["int", "slice", "slice", "array", "array", "mask", "none", "ellipsis", "bool", "list"])
        )
        size = shape[axis] if axis < len(shape) else 2
        if kind == "int":
            limit = max(size, 1) if draw(st.integers(0, 9)) else 6
            items.append(draw(st.integers(-limit, limit - 1)))
            axis += 1
        elif kind == "slice":
            items.append(draw(slices))
            axis += 1
        elif kind == "array":
            items.append(draw(index_arrays(size)))
            axis += 1
        elif kind == "list":
            items.append(draw(index_arrays(size)).tolist())
            axis += 1
        elif kind == "mask":
            rank = draw(st.integers(1, 2))
            items.append(draw(masks(shape[axis : axis + rank])))
            axis += rank
        elif kind == "none":
            items.append(None)
        elif kind == "bool":
            items.append(draw(st.booleans()))
        elif not ellipsis or draw(st.integers(0, 9)) == 0:
            items.append(Ellipsis)
            axis = draw(st.integers(axis, max(axis, len(shape))))
            ellipsis = True
    return tuple(items) if len(items) != 1 or draw(st.booleans()) else items[0]


def with_tnp_arrays(index, wanted):
    """The index with its NumPy arrays as tnp arrays."""
    if not wanted:
        return index
    if isinstance(index, tuple):
        return tuple(with_tnp_arrays(item, True) for item in index)
    return tnp.asarray(index) if isinstance(index, np.ndarray) else index


class TestGetitem:
    @SETTINGS
    @given(st.data())
    def test_any_index(self, data):
        shape = data.draw(shapes)
        index = data.draw(indices(shape))
        x = numbered(shape)
        mine = with_tnp_arrays(index, data.draw(st.booleans()))
        assert_same(outcome(lambda: tnp.asarray(x)[mine]), outcome(lambda: x[index]))

    @SETTINGS
    @given(st.data())
    def test_of_a_strided_array(self, data):
        shape = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=3).map(tuple))
        flips = tuple(slice(None, None, data.draw(st.sampled_from([1, -1, 2, -2]))) for _ in shape)
        x = numbered(shape)[flips]
        mine = tnp.asarray(numbered(shape))[flips]
        index = data.draw(indices(x.shape))
        assert_same(outcome(lambda: mine[index]), outcome(lambda: x[index]))

    @pytest.mark.parametrize(
        "dtype", ["bool", "int8", "uint16", "int64", "float16", "float32", "complex64", "complex128"]
    )
    def test_dtypes(self, dtype):
        x = numbered((4, 3)).astype(dtype)
        for index in [1, (slice(None), 1), [0, 2, 2], (np.array([1, 3]), np.array([0, 2])), x.astype(bool)]:
            assert_same(np.asarray(tnp.asarray(x)[index]), x[index])

    @pytest.mark.parametrize(
        "index", [np.int8(1), np.uint64(1), np.bool_(True), np.array(2), np.array(True), np.int64(-1)]
    )
    def test_numpy_scalars(self, index):
        x = numbered((3, 2))
        assert_same(np.asarray(array(x)[index]), x[index])

    def test_zero_dimensional_tnp_arrays(self):
        x = numbered((3, 2))
        assert_same(np.asarray(array(x)[array(1)]), x[1])
        assert_same(np.asarray(array(x)[array(1) :]), x[1:])
        assert_same(np.asarray(array(x)[array(True)]), x[True])

    @pytest.mark.parametrize(
        "index",
        [
            1.0,
            "a",
            b"a",
            {},
            {1},
            1j,
            [1.5],
            np.array([1.0]),
            np.array(1.0),
            ["a"],
            object(),
            (0, 1.5),
            np.array([]),
            10**30,
        ],
    )
    def test_refused(self, index):
        x = numbered((3, 2))
        assert outcome(lambda: x[index]) is IndexError
        assert outcome(lambda: array(x)[index]) is IndexError

    @pytest.mark.parametrize(
        ("index", "message"),
        [
            ((0, 0, 0), "too many indices for array: array is 2-dimensional, but 3 were indexed"),
            (7, "index 7 is out of bounds for axis 0 with size 3"),
            ((0, -3), "index -3 is out of bounds for axis 1 with size 2"),
            ((slice(None), [0, 5]), "index 5 is out of bounds for axis 1 with size 2"),
            (([0], slice(None), None, [5]), "too many indices for array: array is 2-dimensional, but 3 were indexed"),
            (
                np.array([True, False]),
                "boolean index did not match indexed array along axis 0; size of axis is 3 but size of "
                "corresponding boolean axis is 2",
            ),
            (
                ([0, 1], [0, 1, 2]),
                "shape mismatch: indexing arrays could not be broadcast together with shapes (2,) (3,)",
            ),
            (
                1.0,
                "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean "
                "arrays are valid indices",
            ),
            ((..., ...), "an index can only have a single ellipsis ('...')"),
        ],
    )
    def test_messages(self, index, message):
        for x in (numbered((3, 2)), array(numbered((3, 2)))):
            with pytest.raises(IndexError) as raised:
                x[index]
            assert str(raised.value).strip() == message

    def test_the_axis_in_a_message_is_the_users(self):
        x = array(numbered((2, 3, 4)))
        with pytest.raises(IndexError, match="index 9 is out of bounds for axis 2 with size 4"):
            x[[0], :, [9]]

    def test_huge_bounds(self):
        x = numbered((5,))
        for index in [
            slice(-(10**30), 10**30),
            slice(10**30, None, -(10**30)),
            slice(None, None, 10**30),
            slice(2, 2**63),
        ]:
            assert_same(np.asarray(array(x)[index]), x[index])

    def test_slice_step_zero(self):
        with pytest.raises(ValueError, match="slice step cannot be zero"):
            array([1, 2])[::0]

    def test_large_take(self):
        x = np.arange(1_000_000.0)
        index = np.random.default_rng(0).integers(-x.size, x.size, 300_000)
        assert_same(np.asarray(array(x)[index]), x[index])
        rows = x.reshape(1000, 1000)
        assert_same(np.asarray(array(rows)[:, index[:500] % 1000]), rows[:, index[:500] % 1000])
        assert_same(np.asarray(array(rows)[rows % 3 == 0]), rows[rows % 3 == 0])


values_kinds = st.sampled_from(["scalar", "same", "last", "ones", "wrong"])


def value_for(kind, shape, dtype):
    """A value to assign to an indexed part of this shape."""
    if kind == "scalar":
        return np.asarray(-7, dtype)
    if kind == "last":
        shape = shape[1:]
    elif kind == "ones":
        shape = (1, *shape)
    elif kind == "wrong":
        shape = (*shape, 5)
    return (numbered(shape) + 100).astype(dtype)


class TestAt:
    @SETTINGS
    @given(st.data())
    def test_set(self, data):
        shape = data.draw(shapes)
        index = data.draw(indices(shape))
        x = numbered(shape)
        try:
            part = x[index]
        except (IndexError, ValueError):
            part = np.zeros(())
        value = value_for(data.draw(values_kinds), part.shape, x.dtype)

        def expected():
            y = x.copy()
            y[index] = value
            return y

        mine = array(x)
        assert_same(outcome(lambda: mine.at[index].set(array(value))), outcome(expected))
        np.testing.assert_array_equal(np.asarray(mine), x)

    @SETTINGS
    @given(st.data(), st.sampled_from(["add", "subtract", "multiply", "min", "max"]))
    def test_combine(self, data, name):
        shape = data.draw(shapes)
        index = data.draw(indices(shape))
        x = np.asarray(numbered(shape) - 3)
        try:
            part = x[index]
        except (IndexError, ValueError):
            return
        value = value_for(data.draw(st.sampled_from(["scalar", "same", "last"])), part.shape, x.dtype)
        ufunc = {"min": np.minimum, "max": np.maximum}.get(name) or getattr(np, name)
        y = x.copy()
        # Broadcast here: NumPy 2.4 reads past the end of a value that ufunc.at broadcasts to a 2-d index.
        ufunc.at(y, index, np.broadcast_to(value, part.shape).copy())
        np.testing.assert_allclose(np.asarray(getattr(array(x).at[index], name)(array(value))), y)

    def test_divide_power_apply_get(self):
        x = numbered((2, 3)) + 1
        mine = array(x)
        y = x.copy()
        y[1] /= 4
        np.testing.assert_array_equal(np.asarray(mine.at[1].divide(4)), y)
        y = x.copy()
        y[:, [0, 2]] **= 2
        np.testing.assert_array_equal(np.asarray(mine.at[:, [0, 2]].power(2)), y)
        y = x.copy()
        y[0] = -y[0]
        np.testing.assert_array_equal(np.asarray(mine.at[0].apply(lambda v: -v)), y)
        np.testing.assert_array_equal(np.asarray(mine.at[1, 1:].get()), x[1, 1:])

    def test_values_are_cast_as_by_assignment(self):
        x = array([1, 2, 3])
        assert_same(np.asarray(x.at[0].set(1.9)), np.array([1, 2, 3]))
        assert_same(np.asarray(x.at[[0, 2]].set([5.5, -1.5])), np.array([5, 2, -1]))
        assert_same(np.asarray(x.at[0].set(True)), np.array([1, 2, 3]))
        assert_same(np.asarray(array([True, False]).at[1].set(7)), np.array([True, True]))
        assert_same(np.asarray(array([1.0], np.float32).at[0].add(0.1)), np.array([1.1], np.float32))
        with pytest.raises(OverflowError):
            array([1], np.int8).at[0].set(300)
        with pytest.raises(ValueError, match="cannot convert float NaN to integer"):
            x.at[0].set(float("nan"))
        with pytest.raises(TypeError):
            array([1.0]).at[0].set(1j)

    @pytest.mark.parametrize(
        ("index", "value", "message"),
        [
            (slice(0, 2), [1, 2, 3], "could not broadcast input array from shape (3,) into shape (2,)"),
            (
                [0, 1],
                [1, 2, 3],
                "shape mismatch: value array of shape (3,) could not be broadcast to indexing result of shape (2,)",
            ),
        ],
    )
    def test_messages(self, index, value, message):
        with pytest.raises(ValueError) as raised:
            array(numbered((3,))).at[index].set(value)
        assert str(raised.value) == message

    def test_the_original_stays(self):
        x = array(numbered((1000, 100)))
        y = x.at[5].set(0).at[6].add(1)
        np.testing.assert_array_equal(np.asarray(x), numbered((1000, 100)))
        assert np.asarray(y)[5].sum() == 0


class TestSequence:
    def test_len(self):
        assert len(array(numbered((3, 2)))) == 3
        with pytest.raises(TypeError, match=r"len\(\) of unsized object"):
            len(array(1.0))

    def test_iteration(self):
        x = numbered((3, 2))
        for mine, theirs in zip(array(x), x, strict=True):
            np.testing.assert_array_equal(np.asarray(mine), theirs)
        assert [float(v) for v in array([1.5, 2.5])] == [1.5, 2.5]
        assert list(array(np.zeros((0, 2)))) == []
        with pytest.raises(TypeError, match="iteration over a 0-d array"):
            iter(array(1.0))

    def test_unpacking_and_reversed(self):
        a, b = array([1, 2])
        assert (int(a), int(b)) == (1, 2)
        assert [int(v) for v in reversed(array([1, 2, 3]))] == [3, 2, 1]

    def test_contains(self):
        x = array([1.0, 2.0, np.nan])
        assert 2 in x
        assert 3 not in x
        assert float("nan") not in x
        assert 5 in array(numbered((2, 3)))

    def test_assignment_is_refused(self):
        x = array([1, 2, 3])
        with pytest.raises(TypeError, match=r"x\.at\[i\]\.set\(v\).*tnp\.Variable"):
            x[0] = 1
        with pytest.raises(TypeError):
            del x[0]

    def test_elements_do_not_keep_large_arrays(self):
        assert float(array(numbered((100_000,)))[5]) == 5.0


class TestFlat:
    def test_flat(self):
        x = numbered((2, 3))
        flat = array(x).flat
        assert len(flat) == 6
        assert float(flat[3]) == 3.0
        np.testing.assert_array_equal(np.asarray(flat[1:4]), x.flat[1:4])
        np.testing.assert_array_equal(np.asarray(flat[[0, -1]]), x.flat[[0, -1]])
        assert [float(v) for v in array(x).flat] == list(x.flat)
        assert float(next(flat)) == 0.0
        assert flat.index == 1
        with pytest.raises(IndexError):
            flat[6]
        with pytest.raises(TypeError, match="at"):
            flat[0] = 1
        assert len(array(3.0).flat) == 1
