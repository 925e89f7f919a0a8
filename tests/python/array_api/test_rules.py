"""The strictness rules, one by one: what is refused, with which error, and what is promised instead."""

import copy
import operator
import pickle
import warnings

import array_api_strict as ref
import pytest
import tnp
from tnp import array_api as xp

import numpy as np

f32, f64, i64 = xp.float32, xp.float64, xp.int64


def raises(error, call):
    """Asserts that a call raises this class of error."""
    with pytest.raises(error):
        call()


# name of the rule: (the error, calls that raise it)
REFUSED = {
    "array constructor is private": (TypeError, [lambda: type(xp.ones(1))(3), lambda: type(xp.ones(1))()]),
    "limited dtypes": (
        TypeError,
        [
            lambda: xp.asarray(np.ones(2, np.float16)),
            lambda: xp.asarray(["a"]),
            lambda: xp.asarray(tnp.ones(2, tnp.bfloat16)),
        ],
    ),
    "dtypes only as dtype objects": (
        ValueError,
        [lambda d=d: xp.zeros(2, dtype=d) for d in ("float64", float, np.float64, np.dtype("f8"), tnp.float64)],
    ),
    "device is CPU_DEVICE": (
        ValueError,
        [
            lambda: xp.zeros(2, device="cpu"),
            lambda: xp.asarray(1, device="CPU_DEVICE"),
            lambda: xp.ones(1).to_device("cpu"),
        ],
    ),
    "asarray never implicit": (
        TypeError,
        [
            lambda: xp.sum([1, 2]),
            lambda: xp.reshape(np.ones(2), (2,)),
            lambda: xp.stack(np.ones((2, 2))),
            lambda: xp.sin(1.0),
        ],
    ),
    "asarray of nested arrays": (
        TypeError,
        [
            lambda: xp.asarray([xp.ones(2)]),
            lambda: xp.asarray((xp.ones(()), 1.0)),
            lambda: xp.asarray([[xp.ones(1)]]),
            lambda: xp.asarray([[tnp.ones(())]]),
        ],
    ),
    "asarray of huge ints": (OverflowError, [lambda: xp.asarray(2**64), lambda: xp.asarray(-(2**63) - 1)]),
    "asarray copy=False": (
        ValueError,
        [lambda: xp.asarray([1], copy=False), lambda: xp.asarray(xp.ones(2), dtype=f32, copy=False)],
    ),
    "no extra keywords": (
        TypeError,
        [
            lambda: xp.sum(xp.ones(2), out=None),
            lambda: xp.add(xp.ones(2), xp.ones(2), where=True),
            lambda: xp.zeros(2, order="C"),
            lambda: xp.reshape(xp.ones(2), (2,), order="C"),
        ],
    ),
    "positional-only arguments": (
        TypeError,
        [
            lambda: xp.sum(x=xp.ones(2)),
            lambda: xp.astype(xp.ones(2), dtype=f32),
            lambda: xp.broadcast_to(x=xp.ones(2), shape=(2,)),
        ],
    ),
    "bool/int/float only on 0-D": (TypeError, [lambda f=f: f(xp.ones(1)) for f in (bool, int, float, complex)]),
    "complex to real conversions": (
        TypeError,
        [lambda: int(xp.asarray(1j)), lambda: float(xp.asarray(1j)), lambda: xp.astype(xp.asarray(1j), f64)],
    ),
    "__index__": (
        TypeError,
        [lambda: [1, 2][xp.asarray(1.0)], lambda: [1, 2][xp.asarray([1])], lambda: [1][xp.asarray(False)]],
    ),
    "T only for 2-D": (ValueError, [lambda: xp.ones(3).T, lambda: xp.ones((1, 2, 3)).T]),
    "mT attribute": (ValueError, [lambda: xp.ones(3).mT]),
    "matmul with scalars": (TypeError, [lambda: xp.ones((2, 2)) @ 2.0, lambda: 2.0 @ xp.ones((2, 2))]),
    "no cross-kind casting": (
        TypeError,
        [
            lambda: xp.concat([xp.ones(1), xp.ones(1, dtype=i64)]),
            lambda: xp.stack([xp.ones(1), xp.ones(1, dtype=i64)]),
            lambda: xp.where(xp.asarray(True), xp.asarray(1), xp.asarray(1.0)),
            lambda: xp.matmul(xp.ones((2, 2)), xp.ones((2, 2), dtype=i64)),
            lambda: xp.result_type(i64, f64),
            lambda: xp.result_type(xp.uint64, i64),
        ],
    ),
    "two Python scalars": (TypeError, [lambda: xp.add(1, 2), lambda: xp.where(xp.asarray(True), 1, 2)]),
    "subclasses of Python scalars": (
        TypeError,
        [lambda: xp.ones(2) + np.float64(1), lambda: xp.full(2, np.float64(1))],
    ),
    "bitwise shifts need x2>=0": (
        ValueError,
        [
            lambda: xp.bitwise_left_shift(xp.asarray([1]), xp.asarray([-1])),
            lambda: xp.bitwise_right_shift(xp.asarray([1]), -1),
            lambda: xp.asarray([1]) << -1,
            lambda: 1 >> xp.asarray([0, -1]),
        ],
    ),
    "full/full_like fill value": (
        TypeError,
        [lambda: xp.full(2, xp.asarray(1.0)), lambda: xp.full_like(xp.ones(2), [1])],
    ),
    "meshgrid": (
        ValueError,
        [lambda: xp.meshgrid(xp.ones(2), xp.ones(2, dtype=f32)), lambda: xp.meshgrid(xp.ones((2, 2)))],
    ),
    "tril/triu need 2-D": (ValueError, [lambda: xp.tril(xp.ones(3)), lambda: xp.triu(xp.ones(3))]),
    "reshape shape is a tuple": (TypeError, [lambda: xp.reshape(xp.ones(2), 2), lambda: xp.reshape(xp.ones(2), [2])]),
    "axes are no lists": (TypeError, [lambda: xp.sum(xp.ones((2, 2)), axis=[0, 1])]),
    "reshape copy keyword": (ValueError, [lambda: xp.reshape(xp.ones((2, 3)).T, (6,), copy=False)]),
    "roll shift": (TypeError, [lambda: xp.roll(xp.ones(3), [1]), lambda: xp.roll(xp.ones(3), 1.0)]),
    "tile repetitions": (TypeError, [lambda: xp.tile(xp.ones(3), 2), lambda: xp.tile(xp.ones(3), [2])]),
    "squeeze axis": (ValueError, [lambda: xp.squeeze(xp.ones((1, 2)), None), lambda: xp.squeeze(xp.ones((1, 2)), 1)]),
    "squeeze without axis": (TypeError, [lambda: xp.squeeze(xp.ones((1, 2)))]),
    "permute_dims axes required": (TypeError, [lambda: xp.permute_dims(xp.ones((1, 2)))]),
    "repeat types": (
        TypeError,
        [
            lambda: xp.repeat(xp.ones(2), [1, 2]),
            lambda: xp.repeat(xp.ones(2), 1.0),
            lambda: xp.repeat(xp.ones(2), xp.ones(2)),
        ],
    ),
    "take": (
        (TypeError, ValueError),
        [
            lambda: xp.take(xp.ones(3), xp.asarray(0)),
            lambda: xp.take(xp.ones(3), xp.asarray([0.0])),
            lambda: xp.take(xp.ones((3, 3)), xp.asarray([0])),
            lambda: xp.take(xp.ones(3), [0]),
        ],
    ),
    "where condition": (
        TypeError,
        [lambda: xp.where(xp.asarray([1, 0]), xp.ones(2), xp.ones(2)), lambda: xp.where(True, xp.ones(2), 1.0)],
    ),
    "clip": (
        (TypeError, ValueError),
        [
            lambda: xp.clip(xp.asarray([1]), 0.5),
            lambda: xp.clip(xp.ones(2), xp.asarray(1)),
            lambda: xp.clip(xp.ones(2), 2.0, 1.0),
            lambda: xp.clip(xp.ones(2), True),
            lambda: xp.clip(xp.ones(2), np.float64(1)),
            lambda: xp.clip(xp.asarray([True]), None, None),
            lambda: xp.clip(xp.ones(2), 1j),
        ],
    ),
    "nonzero refuses 0-D": (ValueError, [lambda: xp.nonzero(xp.ones(()))]),
    "argmax/argmin/max/min dtypes": (
        TypeError,
        [
            lambda f=f, x=x: f(x)
            for f in (xp.max, xp.min, xp.argmax, xp.argmin)
            for x in (xp.asarray([True]), xp.asarray([1j]))
        ],
    ),
    "mean dtypes": (TypeError, [lambda: xp.mean(xp.asarray([1])), lambda: xp.mean(xp.asarray([True]))]),
    "std/var dtypes": (
        TypeError,
        [lambda f=f, v=v: f(xp.asarray([v])) for f in (xp.std, xp.var) for v in (1, 1j, True)],
    ),
    "sum/prod/diff dtypes": (TypeError, [lambda f=f: f(xp.asarray([True])) for f in (xp.sum, xp.prod, xp.diff)]),
    "cross/vecdot axis negative": (ValueError, [lambda: xp.vecdot(xp.ones(3), xp.ones(3), axis=0)]),
    "matrix_transpose": (ValueError, [lambda: xp.matrix_transpose(xp.ones(3))]),
    "isdtype kinds": (ValueError, [lambda: xp.isdtype(f64, "float")]),
    "isdtype nested": (
        TypeError,
        [lambda: xp.isdtype(f64, (("bool",),)), lambda: xp.isdtype("float64", "numeric"), lambda: xp.isdtype(f64, 3)],
    ),
    "finfo/iinfo input": (
        TypeError,
        [lambda: xp.finfo("float64"), lambda: xp.finfo(i64), lambda: xp.iinfo(f64), lambda: xp.iinfo(1)],
    ),
    "limits are frozen": (AttributeError, [lambda: setattr(xp.finfo(f64), "max", 1.0)]),
    "limits are unhashable": (TypeError, [lambda: hash(xp.finfo(f64)), lambda: hash(xp.ones(1))]),
    "can_cast and result_type restricted": (
        TypeError,
        [lambda: xp.can_cast(np.float64, f64), lambda: xp.result_type(np.float64, f64)],
    ),
    "result_type scalars": (ValueError, [lambda: xp.result_type(), lambda: xp.result_type(1, 2.0)]),
    "info: kinds": (
        ValueError,
        [
            lambda: xp.__array_namespace_info__().dtypes(kind="float"),
            lambda: xp.__array_namespace_info__().dtypes(kind=3),
        ],
    ),
    "api_version": (ValueError, [lambda: xp.ones(1).__array_namespace__(api_version="1999.12")]),
    "to_device stream": (ValueError, [lambda: xp.ones(1).to_device(xp.ones(1).device, stream=1)]),
    "arange and linspace": (
        (TypeError, ValueError, ZeroDivisionError),
        [
            lambda: xp.arange(1j),
            lambda: xp.arange(0, 3, 0),
            lambda: xp.arange("a"),
            lambda: xp.linspace(0, 1j, 3, dtype=f64),
            lambda: xp.linspace(0, 1, -1),
        ],
    ),
    "negative sizes": (
        ValueError,
        [lambda: xp.zeros(-1), lambda: xp.ones((2, -3)), lambda: xp.eye(-1), lambda: xp.full((-1,), 1)],
    ),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_refused(rule):
    """Each call of a rule raises the rule's error."""
    error, calls = REFUSED[rule]
    for call in calls:
        raises(error, call)


MISSING = [
    "array",
    "arccos",
    "arcsin",
    "arctan2",
    "concatenate",
    "conjugate",
    "cumsum",
    "dot",
    "einsum",
    "float16",
    "invert",
    "ndarray",
    "object",
    "power",
    "random",
    "rint",
    "transpose",
    "true_divide",
]


@pytest.mark.parametrize("name", MISSING)
def test_numpy_names_are_absent(name):
    """The namespace has the standard's names only, and says so."""
    raises(AttributeError, lambda: getattr(xp, name))
    assert name not in xp.__all__


def test_names_are_the_references():
    """No name that the reference has not; none of NumPy's in between."""
    assert set(xp.__all__) <= set(ref.__all__)
    assert set(dir(xp)) == set(xp.__all__)
    assert xp.__array_api_version__ == "2025.12"
    assert xp.newaxis is None
    assert np.isnan(xp.nan)


def test_no_ndarray_methods():
    """An array has the standard's attributes only."""
    for name in (
        "reshape",
        "sum",
        "astype",
        "__len__",
        "flatten",
        "itemsize",
        "strides",
        "at",
        "copy",
        "item",
        "tolist",
    ):
        assert not hasattr(xp.ones(2), name)


def test_no_array_scalars():
    """Full indices and reductions give 0-D arrays."""
    x = xp.ones((2, 2))
    for y in (x[0, 0], xp.sum(x), xp.max(x), xp.all(x), xp.argmax(x), xp.count_nonzero(x), xp.vecdot(x[0, :], x[0, :])):
        assert type(y) is type(x)
        assert y.shape == ()


def test_dtypes():
    """They compare with one another only, hash, print and pickle."""
    assert f64 == f64
    assert f64 != f32
    assert len({f64, f32, f64}) == 2
    assert f64 != "float64"
    assert f64 != tnp.float64
    for name in ("name", "kind", "itemsize", "type"):
        assert not hasattr(f64, name)
    with pytest.warns(UserWarning, match="NumPy"):
        assert f64 != np.dtype("f8")
    with pytest.warns(UserWarning, match="NumPy"):
        assert f64 != np.float64
    assert repr(f64) == "tnp.array_api.float64"
    assert pickle.loads(pickle.dumps(f64)) is f64
    assert copy.deepcopy(f64) is f64
    raises(TypeError, lambda: type(f64)("float64"))


@pytest.mark.parametrize("first", ref.__array_namespace_info__().dtypes())
def test_promotion(first):
    """result_type and can_cast against array-api-strict."""
    for second in ref.__array_namespace_info__().dtypes():
        a, b, c, d = getattr(ref, first), getattr(ref, second), getattr(xp, first), getattr(xp, second)
        assert xp.can_cast(c, d) == ref.can_cast(a, b)
        try:
            expected = ref.result_type(a, b)
        except TypeError:
            raises(TypeError, lambda c=c, d=d: xp.result_type(c, d))
        else:
            assert repr(xp.result_type(c, d)).rpartition(".")[2] == repr(expected).rpartition(".")[2]
    for s in (True, 1, 1.5, 1j):
        try:
            expected = ref.result_type(getattr(ref, first), s)
        except TypeError:
            raises(TypeError, lambda s=s: xp.result_type(getattr(xp, first), s))
        else:
            assert repr(xp.result_type(getattr(xp, first), s)).rpartition(".")[2] == repr(expected).rpartition(".")[2]


@pytest.mark.parametrize("name", ref.__array_namespace_info__().dtypes())
def test_limits(name):
    """finfo, iinfo and isdtype against array-api-strict."""
    ours, theirs = getattr(xp, name), getattr(ref, name)
    for kind in (
        "bool",
        "signed integer",
        "unsigned integer",
        "integral",
        "real floating",
        "complex floating",
        "numeric",
    ):
        assert xp.isdtype(ours, kind) == ref.isdtype(theirs, kind)
    assert xp.isdtype(ours, ("bool", ours))
    if xp.isdtype(ours, "integral"):
        a, b = xp.iinfo(ours), ref.iinfo(theirs)
        assert (a.bits, a.max, a.min) == (b.bits, b.max, b.min)
        assert a.dtype == ours
    elif not xp.isdtype(ours, "bool"):
        a, b = xp.finfo(ours), ref.finfo(theirs)
        assert (a.bits, a.eps, a.max, a.min, a.smallest_normal) == (b.bits, b.eps, b.max, b.min, b.smallest_normal)
        assert type(a.eps) is float
        assert repr(a.dtype).rpartition(".")[2] == repr(b.dtype).rpartition(".")[2]


def test_info():
    """The inspection of the namespace."""
    info = xp.__array_namespace_info__()
    theirs = ref.__array_namespace_info__()
    assert info.capabilities() == theirs.capabilities()
    assert [repr(d).rpartition(".")[2] for d in info.devices()] == [
        repr(d).rpartition(".")[2] for d in theirs.devices()
    ]
    assert xp.ones(1).device == info.default_device()
    assert list(info.dtypes()) and set(info.dtypes()) == set(theirs.dtypes())
    assert set(info.dtypes(kind=("bool", "real floating"))) == {"bool", "float32", "float64"}
    assert {k: repr(v).rpartition(".")[2] for k, v in info.default_dtypes().items()} == {
        k: repr(v).rpartition(".")[2] for k, v in theirs.default_dtypes().items()
    }


def test_array_object():
    """Attributes, conversions, pickling, printing, interchange."""
    x = xp.asarray([[1.0, 2.0]])
    assert (x.shape, x.ndim, x.size, x.dtype) == ((1, 2), 2, 2, f64)
    assert x.__array_namespace__() is xp
    assert x.__array_namespace__(api_version="2025.12") is xp
    assert x.to_device(x.device) is x
    assert repr(x) == "Array([[1., 2.]], dtype=tnp.array_api.float64)"
    assert repr(xp.zeros((0, 2))) == "empty((0, 2), dtype=tnp.array_api.float64)"
    y = pickle.loads(pickle.dumps(x))
    assert type(y) is type(x)
    assert bool(xp.all(x == y))
    z = copy.copy(x)
    z += 1
    assert float(x[0, 0]) == 1.0
    assert np.from_dlpack(x).tolist() == [[1, 2]]
    assert x.__dlpack_device__() == (1, 0)
    assert type(xp.from_dlpack(np.arange(3))) is type(x)
    assert (np.asarray(x) == [[1, 2]]).all()
    assert int(xp.asarray(3.7)) == 3
    assert complex(xp.asarray(1j)) == 1j
    assert [10, 20][xp.asarray(1)] == 20
    raises(OverflowError, lambda: int(xp.asarray(xp.inf)))
    raises(ValueError, lambda: int(xp.asarray(xp.nan)))
    assert pickle.loads(pickle.dumps(xp.sin)) is xp.sin
    assert pickle.loads(pickle.dumps(xp.sum)) is xp.sum


def test_asarray_copy():
    """copy=None and copy=False give the array itself, copy=True another."""
    x = xp.ones(3)
    assert xp.asarray(x) is x
    assert xp.asarray(x, copy=False) is x
    y = xp.asarray(x, copy=True)
    y += 1
    assert float(x[0]) == 1.0
    assert xp.astype(x, f64, copy=False) is x
    assert xp.astype(x, f64) is not x


def both(call):
    """The result of a call in both namespaces, as NumPy arrays with the data types' names."""
    out = []
    for m in (xp, ref):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            r = call(m)
        out.append([(np.array(a), repr(a.dtype).rpartition(".")[2]) for a in (r if isinstance(r, tuple) else (r,))])
    return out


A = np.arange(12.0).reshape(3, 4) - 5
CALLS = {
    "zeros": lambda m: m.zeros((2, 3)),
    "ones int": lambda m: m.ones(3, dtype=m.int8),
    "full": lambda m: (m.full(2, True), m.full((2,), 3), m.full(2, 1.5), m.full(2, 1j), m.full(2, 3, dtype=m.float32)),
    "full_like": lambda m: (
        m.full_like(m.ones(3, dtype=m.int8), 3),
        m.zeros_like(m.ones(2)),
        m.ones_like(m.ones(2), dtype=m.bool),
    ),
    "arange": lambda m: (
        m.arange(3),
        m.arange(1.0, 3),
        m.arange(5, 0, -2),
        m.arange(3, dtype=m.float32),
        m.arange(2, 2),
    ),
    "linspace": lambda m: (
        m.linspace(0, 1, 5),
        m.linspace(0, 1, 5, endpoint=False),
        m.linspace(0, 1j, 3),
        m.linspace(0, 1, 3, dtype=m.float32),
    ),
    "eye": lambda m: (m.eye(3), m.eye(2, 3, k=1), m.eye(2, dtype=m.int8)),
    "meshgrid": lambda m: m.meshgrid(m.arange(2), m.arange(3)) + m.meshgrid(m.arange(2), m.arange(3), indexing="ij"),
    "tril": lambda m: (m.tril(m.asarray(A)), m.triu(m.asarray(A), k=1)),
    "asarray": lambda m: (
        m.asarray(True),
        m.asarray([1, 2]),
        m.asarray([[1.0], [2]]),
        m.asarray(1j),
        m.asarray([1, 2], dtype=m.float32),
    ),
    "asarray bytes": lambda m: m.asarray(bytearray(b"ab")),
    "sum": lambda m: (
        m.sum(m.asarray(A)),
        m.sum(m.asarray(A), axis=0),
        m.sum(m.asarray(A), axis=(0, 1), keepdims=True),
    ),
    "sum dtypes": lambda m: tuple(
        m.sum(m.ones(3, dtype=getattr(m, d))) for d in ("int8", "uint8", "float32", "complex64")
    ),
    "prod": lambda m: (m.prod(m.asarray(A), axis=1), m.prod(m.asarray([2, 3], dtype=m.int8), dtype=m.float32)),
    "max": lambda m: (
        m.max(m.asarray(A), axis=0),
        m.min(m.asarray(A), axis=-1, keepdims=True),
        m.max(m.asarray([3, 5])),
    ),
    "mean": lambda m: (
        m.mean(m.asarray(A)),
        m.mean(m.asarray([1j, 2])),
        m.var(m.asarray(A), axis=0),
        m.std(m.asarray(A), correction=1),
    ),
    "all": lambda m: (m.all(m.asarray(A)), m.any(m.asarray(A), axis=1), m.all(m.asarray([1j, 0]))),
    "argmax": lambda m: (
        m.argmax(m.asarray(A)),
        m.argmin(m.asarray(A), axis=1),
        m.argmax(m.asarray(A), axis=0, keepdims=True),
    ),
    "count_nonzero": lambda m: (m.count_nonzero(m.asarray(A)), m.count_nonzero(m.asarray(A), axis=0)),
    "diff": lambda m: (
        m.diff(m.asarray(A)),
        m.diff(m.asarray(A), axis=0, n=2),
        m.diff(m.asarray(A), prepend=m.zeros((3, 1))),
    ),
    "broadcast": lambda m: (
        *m.broadcast_arrays(m.ones((3, 1)), m.ones((1, 2))),
        m.broadcast_to(m.ones((3, 1)), (2, 3, 4)),
    ),
    "concat": lambda m: (
        m.concat([m.asarray(A), m.asarray(A)], axis=1),
        m.concat((m.ones(2, dtype=m.int8), m.ones(2, dtype=m.uint8))),
        m.concat([m.asarray(A), m.asarray(A)], axis=None),
    ),
    "stack": lambda m: (m.stack([m.ones(2), m.zeros(2)]), m.stack([m.ones(2), m.zeros(2)], axis=-1)),
    "unstack": lambda m: m.unstack(m.asarray(A)) + m.unstack(m.asarray(A), axis=1),
    "expand_dims": lambda m: (
        m.expand_dims(m.asarray(A), 0),
        m.expand_dims(m.asarray(A), axis=(0, -1)),
        m.squeeze(m.ones((1, 2, 1)), (0, 2)),
    ),
    "flip": lambda m: (
        m.flip(m.asarray(A)),
        m.flip(m.asarray(A), axis=0),
        m.roll(m.asarray(A), 2),
        m.roll(m.asarray(A), (1, 2), axis=(0, 1)),
    ),
    "roll along axes": lambda m: (m.roll(m.asarray(A), 1, axis=(0, 1)), m.roll(m.asarray(A), -1, axis=1)),
    "moveaxis": lambda m: (m.moveaxis(m.ones((2, 3, 4)), 0, -1), m.permute_dims(m.ones((2, 3, 4)), (2, 0, -2))),
    "reshape": lambda m: (
        m.reshape(m.asarray(A), (2, -1)),
        m.reshape(m.asarray(A), shape=(12,)),
        m.reshape(m.asarray(A), (4, 3), copy=True),
    ),
    "tile": lambda m: (
        m.tile(m.asarray(A), (2, 1)),
        m.repeat(m.asarray([1, 2]), 2),
        m.repeat(m.asarray([1, 2]), m.asarray([0, 3])),
        m.repeat(m.asarray(A), 2, axis=0),
    ),
    "nonzero": lambda m: m.nonzero(m.asarray(A)),
    "where": lambda m: (
        m.where(m.asarray(A) > 0, m.asarray(A), 0),
        m.where(m.asarray(A) > 0, 1.5, m.asarray(A)),
        m.where(m.asarray([True]), m.ones(1, dtype=m.float32), 1j),
    ),
    "take": lambda m: (
        m.take(m.asarray(A), m.asarray([2, 0]), axis=0),
        m.take(m.arange(3), m.asarray([-1])),
        m.take_along_axis(m.asarray(A), m.asarray([[0], [1], [2]])),
    ),
    "clip": lambda m: (
        m.clip(m.asarray(A), -1, 2.5),
        m.clip(m.asarray(A), min=m.zeros(4)),
        m.clip(m.asarray([1, 200], dtype=m.uint8), -5, 100),
        m.clip(m.asarray([1, 200], dtype=m.uint8), None, 1000),
        m.clip(m.asarray(A)),
        m.clip(m.asarray([m.nan, 1.0]), 0, m.asarray([2.0, m.nan])),
        m.clip(m.asarray([1.0, 5.0], dtype=m.float32), m.asarray([2.0, 2.0], dtype=m.float64)),
    ),
    "matmul": lambda m: (
        m.matmul(m.asarray(A), m.asarray(A).T),
        m.asarray([1, 2]) @ m.asarray([3, 4]),
        m.ones((2, 3, 4)) @ m.ones((4, 2)),
    ),
    "tensordot": lambda m: (
        m.tensordot(m.asarray(A), m.asarray(A), axes=2),
        m.tensordot(m.asarray(A), m.asarray(A), axes=((1,), (-1,))),
    ),
    "vecdot": lambda m: (
        m.vecdot(m.asarray(A), m.asarray(A)),
        m.vecdot(m.asarray([1j, 2]), m.asarray([3j, 1])),
        m.vecdot(m.asarray(A), m.asarray(A), axis=-2),
    ),
    "matrix_transpose": lambda m: (m.matrix_transpose(m.ones((2, 3, 4))), m.ones((2, 3, 4)).mT, m.asarray(A).T),
    "astype": lambda m: tuple(
        m.astype(m.asarray([0, 1, 2]), getattr(m, d)) for d in ("bool", "float32", "complex64", "uint8")
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_functions(name):
    """The same elements and data types as array-api-strict."""
    ours, theirs = both(CALLS[name])
    assert len(ours) == len(theirs)
    for (a, dtype), (b, expected) in zip(ours, theirs, strict=True):
        assert dtype == expected
        assert a.shape == b.shape
        assert np.allclose(a, b, equal_nan=True)


def test_tuples_not_lists():
    """broadcast_arrays, meshgrid, nonzero, unstack give tuples; broadcast_shapes a shape."""
    x = xp.ones(2)
    for r in (xp.broadcast_arrays(x, x), xp.meshgrid(x, x), xp.nonzero(x), xp.unstack(x)):
        assert type(r) is tuple
    assert xp.broadcast_shapes((3, 1), (2,)) == (3, 2)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "int32", "uint64"])
@pytest.mark.parametrize(
    "value", [float("inf"), [float("nan")], 1e300, 2.0**63, -(2.0**64), 300.0, -1.5, [[-0.5, 2.7]]]
)
def test_floats_into_integers(value, dtype):
    """A Python float becomes an integer as int() makes it one, or not at all: as in NumPy, in both namespaces."""
    outcomes = []
    for asarray, d in ((np.asarray, dtype), (tnp.asarray, dtype), (xp.asarray, getattr(xp, dtype))):
        try:
            outcomes.append(np.asarray(asarray(value, dtype=d)).tolist())
        except (ValueError, OverflowError) as error:
            outcomes.append(type(error))
    assert outcomes[0] == outcomes[1] == outcomes[2]


@pytest.mark.parametrize("k", [2**62, -(2**62), 2**63 - 1, -(2**63), 2**63, -(2**70), 10**30])
def test_far_diagonals(k):
    """A diagonal beyond the matrix is an int like any other, of whatever size."""
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    assert not xp.any(xp.eye(2, 3, k=k) != 0)
    kept, none = (xp.tril, xp.triu) if k > 0 else (xp.triu, xp.tril)
    assert xp.all(kept(x, k=k) == x) and xp.all(none(x, k=k) == 0)
    assert xp.linalg.diagonal(x, offset=k).shape == (0,)
    assert float(xp.linalg.trace(x, offset=k)) == 0
    assert tnp.function(lambda v: xp.tril(v, k=k))(x).shape == (2, 2)


def test_rows_of_zero_dimensional_arrays():
    """A matrix of 0-D arrays, which one stack does not make."""
    x, y = xp.asarray([1, 2]), xp.asarray([3.0, 4.0, 5.0])
    outer = xp.asarray([[xp.astype(x[i], xp.float64) * y[j] for j in range(3)] for i in range(2)])
    assert outer.dtype == xp.float64 and xp.all(outer == xp.linalg.outer(xp.astype(x, xp.float64), y))
    assert xp.asarray([[x[0], x[1]], [5, 6]], dtype=xp.float32).dtype == xp.float32
    assert xp.asarray([[x[0]], [x[1]]]).dtype == xp.int64
    there = x.to_device(xp.Device("device1"))
    raises(RuntimeError, lambda: xp.asarray([[there[0], x[1]]]))


def test_lost_imaginary_parts():
    """A real dtype= of complex numbers warns, as NumPy does; astype, int and float refuse."""
    x = xp.asarray([[1 + 2j, 2.0], [3.0, 4 - 1j]])
    calls = {
        "asarray": lambda d: xp.asarray(x, dtype=d),
        "sum": lambda d: xp.sum(x, dtype=d),
        "prod": lambda d: xp.prod(xp.asarray([2j, 3.0]), dtype=d),
        "cumulative_sum": lambda d: xp.cumulative_sum(x, axis=0, dtype=d),
        "cumulative_prod": lambda d: xp.cumulative_prod(xp.asarray([2 + 1j, 3.0]), dtype=d),
        "trace": lambda d: xp.linalg.trace(x, dtype=d),
    }
    wanted = {"asarray": [[1, 2], [3, 4]], "sum": 10, "prod": 0, "cumulative_sum": [[1, 2], [4, 6]], "trace": 5}
    for name, call in calls.items():
        for d in (xp.float64, xp.float32, xp.uint8):
            with pytest.warns(np.exceptions.ComplexWarning):
                out = call(d)
            assert out.dtype == d
            assert np.asarray(out).tolist() == wanted.get(name, [2, 6]), name
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert xp.sum(x, dtype=xp.complex64).dtype == xp.complex64
        assert xp.asarray(x, dtype=xp.bool).dtype == xp.bool
        raises(np.exceptions.ComplexWarning, lambda: xp.sum(x, dtype=xp.float64))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_counts_of_shifts_are_looked_at(dtype):
    """Wherever the negative one stands, and however the counts lie in memory."""
    counts = np.arange(12, dtype=dtype).reshape(3, 4)
    x = xp.asarray(counts)
    assert np.array_equal(np.asarray(x << xp.asarray(counts % 4)), counts << (counts % 4))
    for at in np.ndindex(3, 4):
        bad = counts.copy()
        bad[at] = -1
        for y in (xp.asarray(bad), xp.asarray(bad).T.T, xp.asarray(bad)[:, ::-1]):
            for call in (xp.bitwise_left_shift, xp.bitwise_right_shift, operator.ilshift, operator.rshift):
                with pytest.raises(ValueError, match="not negative"):
                    call(xp.asarray(counts), y)
    with pytest.raises(ValueError, match="not negative"):
        x << xp.asarray(-1, dtype=getattr(xp, dtype))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64", "float32", "float64"])
def test_bounds_of_clip_are_looked_at(dtype):
    """The order of bounds, where they are arrays; bounds that are NaN are in no order."""
    x = xp.asarray(np.arange(6).reshape(2, 3), dtype=getattr(xp, dtype))
    low, high = xp.ones_like(x), xp.full_like(x, 3)
    expected = np.clip(np.arange(6).reshape(2, 3), 1, 3)
    for bounds in ((low, high), (1, high), (low, 3), (low[0, :], high[:, :1])):
        got = xp.clip(x, *bounds)
        assert got.dtype == x.dtype and np.array_equal(np.asarray(got), expected)
    assert np.array_equal(np.asarray(xp.clip(x, low)), np.maximum(np.asarray(x), 1))
    assert np.array_equal(np.asarray(xp.clip(x, max=high)), np.minimum(np.asarray(x), 3))
    high[1, 2] = 0
    for bounds in ((low, high), (low.T.T, high), (1, high), (low, 0), (low[0, :], high)):
        with pytest.raises(ValueError, match="min is greater than max"):
            xp.clip(x, *bounds)
    if dtype.startswith("float"):
        nan = xp.full_like(x, float("nan"))
        for bounds in ((nan, high), (low, nan), (nan, nan), (nan, None)):
            assert np.isnan(np.asarray(xp.clip(x, *bounds))).all()
