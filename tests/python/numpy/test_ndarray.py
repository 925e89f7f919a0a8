"""The class ndarray: construction, attributes, methods, protocols."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import tnp

import numpy as np

from .oracle import DTYPES, check, sample

X = sample((2, 3), "float64")
ERRORS = [
    lambda m: m.asarray(X).item(),
    lambda m: m.asarray(X).item(7),
    lambda m: m.asarray(X).item(1, 2, 3),
    lambda m: m.asarray(X).item("a"),
    lambda m: m.asarray(X).view("complex128"),
    lambda m: m.asarray(X).T.view("int32"),
    lambda m: m.array(3.0).view("int32"),
    lambda m: m.ones(3).mT,
    lambda m: m.asarray(X).astype("int64", casting="safe"),
    lambda m: m.asarray(X).astype("nothing"),
    lambda m: m.asarray(X).copy("X"),
    lambda m: m.asarray(X).to_device("gpu"),
    lambda m: format(m.asarray(X), ".2f"),
    lambda m: complex(m.asarray(X)),
    lambda m: m.asarray(X).__array_namespace__(api_version="1"),
    lambda m: m.asarray(X).clip(a=1),
    lambda m: bool(m.asarray(X)),
    lambda m: hash(m.asarray(X)),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_errors(case: int) -> None:
    """The errors are NumPy's."""
    check(ERRORS[case])


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ((2, 3), float, np.ones(5)),
        ((2, 3), float, [1, 2]),
        ((2,), float, b"123"),
        (-1,),
        ((2, 3), float, np.ones((3, 2))),
        ((2,), float, 5),
    ],
)
def test_wrong_construction(arguments: tuple[object, ...]) -> None:
    """ValueError where shape, dtype and buffer disagree; TypeError for no shape."""
    with pytest.raises(TypeError if not arguments else ValueError):
        tnp.ndarray(*arguments)
    with pytest.raises(TypeError):
        tnp.ndarray((2, 3), "nonsense")


def test_construction() -> None:
    """Zeros, or a buffer cast to the type."""
    x = tnp.ndarray((2, 3))
    assert x.dtype == "float64" and x.shape == (2, 3) and x.tolist() == [[0.0] * 3] * 2
    assert tnp.ndarray(3, dtype="int8").dtype == "int8"
    assert tnp.ndarray((2, 2), "int16", np.arange(4.0)).tolist() == [[0, 1], [2, 3]]
    assert tnp.ndarray((2, 2), float, tnp.ones((2, 2), "int8")).tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert tnp.ndarray((2,), "int16", b"\x01\x00\x02\x00").tolist() == [1, 2]
    assert isinstance(tnp.ndarray.from_tensor([1, 2]), tnp.ndarray)


@pytest.mark.parametrize("dtype", DTYPES)
def test_attributes(dtype: str) -> None:
    """As NumPy's."""
    for shape in [(), (3,), (2, 3), (0, 4)]:
        x = sample(shape, dtype)
        for name in ["shape", "ndim", "size", "itemsize", "nbytes", "T", "real", "imag"]:
            check(lambda m, n=name, x=x: getattr(m.asarray(x), n))
        y = tnp.asarray(x)
        assert y.dtype == x.dtype
        assert y.strides == x.strides or x.size == 0
        assert bytes(y.data) == bytes(x.data)
        assert y.data.readonly
        assert y.base is None
        assert y.device == "CPU:0"
        assert not y.flags.writeable and not y.flags["WRITEABLE"]
        assert y.flags.c_contiguous == x.flags.c_contiguous
        assert y.T.flags.f_contiguous == x.T.flags.f_contiguous
    with pytest.raises(KeyError):
        tnp.ones(3).flags["NO"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_values(dtype: str) -> None:
    """tolist, item, tobytes, views, copies."""
    x = sample((2, 3), dtype)
    for call in (
        lambda m: m.asarray(x).tolist(),
        lambda m: m.asarray(x).T.tolist(),
        lambda m: m.asarray(x[0, 0]).tolist(),
        lambda m: m.asarray(x).item(4),
        lambda m: m.asarray(x).item(-1),
        lambda m: m.asarray(x).item(1, 2),
        lambda m: m.asarray(x).item((1, -1)),
        lambda m: m.asarray(x[:1, :1]).item(),
        lambda m: m.asarray(x).tobytes(),
        lambda m: m.asarray(x).T.tobytes(),
        lambda m: m.asarray(x).tobytes("F"),
        lambda m: m.asarray(x).view("uint8"),
        lambda m: m.asarray(x).view(),
        lambda m: m.asarray(x).copy(),
        lambda m: m.asarray(x).conj() if dtype != "bool" else None,
        lambda m: m.asarray(x).astype("float32") if "complex" not in dtype else None,
        lambda m: m.asarray(x).astype("complex64", copy=False),
        lambda m: m.astype(m.asarray(x), bool),
    ):
        check(call)


@pytest.mark.parametrize("dtype", [*DTYPES, "bfloat16"])
@pytest.mark.parametrize("protocol", range(6))
def test_pickle(dtype: str, protocol: int) -> None:
    """Through bytes, and out of band."""
    for x in (tnp.asarray(sample((2, 3), "float32")).astype(dtype), tnp.zeros((0, 2), dtype), tnp.ones((), dtype)):
        y = pickle.loads(pickle.dumps(x.T, protocol))
        assert y.dtype == x.dtype and y.shape == x.T.shape and y.tolist() == x.T.tolist()
    buffers: list[pickle.PickleBuffer] = []
    x = tnp.arange(1000)
    text = pickle.dumps(x, 5, buffer_callback=buffers.append)
    assert len(text) < 500 and len(buffers) == 1
    assert (pickle.loads(text, buffers=buffers) == x).all()


def test_damaged_pickle() -> None:
    """Bytes that are too few are refused."""
    with pytest.raises(ValueError):
        tnp._core._array_of_bytes(b"123", tnp.float64, (2,))
    with pytest.raises(ValueError):
        tnp._core._array_of_bytes(b"", tnp.float64, (-1,))


def test_protocols(tmp_path: object) -> None:
    """Copies, formats, numbers, files, namespaces."""
    x = tnp.asarray(X)
    assert copy.copy(x) is x and copy.deepcopy(x) is x
    assert format(tnp.array(1.5), ".3f") == "1.500"
    assert f"{x}" == str(X)
    assert complex(tnp.array(2 + 1j)) == 2 + 1j
    assert round(tnp.array(1.26), 1).item() == 1.3
    assert x.__array_namespace__() is tnp
    assert x.__array_namespace__(api_version="2024.12") is tnp
    assert x.to_device("CPU:0") is x and x.to_device("cpu") is x
    file = io.BytesIO()
    x.dump(file)
    assert (pickle.loads(file.getvalue()) == x).all()
    assert (pickle.loads(x.dumps()) == x).all()
    x.dump(f"{tmp_path}/x")


def test_immutable() -> None:
    """No method changes an array."""
    x = tnp.ones(3)
    assert not hasattr(x, "itemset")
    for call in (lambda: x.fill(1), lambda: x.resize(2), lambda: x.put(0, 1), lambda: x.setfield(1, "int8")):
        with pytest.raises(TypeError, match=r"immutable.*\.at"):
            call()
    with pytest.raises(ValueError, match="WRITEABLE"):
        x.setflags(write=True)
    for name in ["shape", "T", "real", "flags"]:
        with pytest.raises(AttributeError):
            setattr(x, name, 1)


def test_complex_cast_warns() -> None:
    """As NumPy."""
    with pytest.warns(np.exceptions.ComplexWarning):
        tnp.ones(3, complex).astype(float)


def test_text_of_arrays() -> None:
    """repr and str are NumPy's."""
    for dtype in DTYPES:
        for shape in [(), (3,), (2, 3), (0,), (40, 50)]:
            x = sample(shape, dtype)
            assert repr(tnp.asarray(x)) == repr(x)
            assert str(tnp.asarray(x)) == str(x)
            assert repr(tnp.asarray(x).T) == repr(x.T)


def test_print_options() -> None:
    """Set, scoped, wrong."""
    x = np.array([1 / 3, 1e10, np.nan, -np.inf])
    for options in (
        {"precision": 3},
        {"suppress": True},
        {"nanstr": "?", "infstr": "oo"},
        {"sign": "+"},
        {"floatmode": "fixed", "precision": 2},
        {"formatter": {"float_kind": lambda v: f"<{v:.1f}>"}},
        {"linewidth": 20},
        {"threshold": 2, "edgeitems": 1},
    ):
        with np.printoptions(**options), tnp.printoptions(**options):
            assert repr(tnp.asarray(x)) == repr(x)
            assert str(tnp.asarray(x)) == str(x)
            assert tnp.get_printoptions()["precision"] == np.get_printoptions()["precision"]
        assert repr(tnp.asarray(x)) == repr(x)
    for call in (
        lambda m: m.set_printoptions(sign="x"),
        lambda m: m.set_printoptions(floatmode="x"),
        lambda m: m.set_printoptions(threshold=np.nan),
        lambda m: m.set_printoptions(precision=1.5),
    ):
        check(call)
    check(lambda m: m.array2string(m.asarray(x), separator=", ", precision=2, prefix="abc"))
    check(lambda m: m.array2string(m.asarray(x), formatter={"all": str}))
    check(lambda m: m.array_repr(m.asarray(x), precision=2))
    check(lambda m: m.array_str(m.asarray(x), max_line_width=20))
