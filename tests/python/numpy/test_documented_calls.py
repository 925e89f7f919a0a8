"""What examples of NumPy's documents use beside the functions that other tests compare: attributes, rare modes, bytes."""

import io
import math
import sys
import warnings

import pytest
import tnp

import numpy as np


def outcome(f, module):
    """The values, shape and kind that a call gives, or its error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            x = f(module)
    except Exception as error:
        return next(c for c in type(error).__mro__ if c.__module__ == "builtins")
    if isinstance(x, (np.ndarray, tnp.ndarray)):
        return str(x.tolist()), tuple(x.shape), x.dtype.kind, 0 if x.dtype.kind in "SU" else x.dtype.itemsize
    return str(x)


def pad_with(row, width, axis, kwargs):
    value = kwargs.get("padder", 10) + axis
    row[: width[0]] = value
    row[len(row) - width[1] :] = value


CALLS = [
    # bytes of a width or an order that tnp's types have not
    *(
        lambda m, d=d, n=n: m.frombuffer(b"\1\2\3\4\5\6\7\x08", d, count=n)
        for d in ("S1", "S3", "S4", "S", "U", ">i4", "<i4", ">f8", ">u1", np.dtype(">i2"))
        for n in (-1, 1)
    ),
    *(lambda m, d=d: m.arange(4).view(d) for d in (">i8", ">i4", np.dtype(">u2"), "i1")),
    lambda m: m.arange(4).getfield(">i2", 4),
    lambda m: m.ndarray((2,), ">i2", np.arange(2, dtype=">i2").tobytes()),
    # pad by a function, and keywords of other modes
    *(
        lambda m, w=w, k=k: m.pad(m.arange(6).reshape(2, 3), w, pad_with, **k)
        for w in (2, 0, (1, 2), ((1, 2), (3, 0)), [[2]], {0: (1, 2), 1: 1})
        for k in ({}, {"padder": 100})
    ),
    lambda m: m.pad([1], 1, "edge", constant_values=3),
    lambda m: m.pad([1], 1, constant=3),
    lambda m: m.pad([1], 1, "no such mode"),
    lambda m: m.pad([1], 1, 3),
    # windows and polynomials whose zeros are zeros
    lambda m: [float(m.hanning(n)[0]) for n in (2, 3, 7, 12, 51, 100)],
    lambda m: m.signbit(m.poly((0, 0, 0))),
    # text in files
    *(
        lambda m, t=t, k=k: m.loadtxt(io.StringIO(t), **k)
        for t, k in [
            ("1, abc , 2\n 3, xxx,4 ", {"dtype": str, "delimiter": ","}),
            (" a b\nc d ", {"dtype": "S"}),
            ('"a b", c\n"x, y",d', {"dtype": str, "delimiter": ",", "quotechar": '"'}),
            ('"Hello, my name is ""Monty""!"', {"dtype": "U", "delimiter": ",", "quotechar": '"'}),
            ("", {"dtype": str}),
            ("True False", {"dtype": bool}),
        ]
    ),
    *(
        lambda m, t=t, k=k: m.genfromtxt(io.StringIO(t), **k)
        for t, k in [
            ("1, abc , 2\n 3, xxx, 4", {"dtype": "U5", "delimiter": ","}),
            ("1, abc , 2\n 3, , 4", {"dtype": "S5", "delimiter": ","}),
            ("1, abc , 2\n 3, N/A, 4", {"dtype": str, "delimiter": ",", "autostrip": True, "missing_values": "N/A"}),
            ("  1  2  a\n  4  5 67", {"dtype": str, "delimiter": 3}),
            ("a b\nc 1", {"dtype": None}),
            ("True False\nTrue True", {"dtype": None}),
        ]
    ),
    lambda m: m.fromstring("a b", dtype="S1", sep=" "),
    # numbers: 0-d arrays stand for NumPy's scalars
    lambda m: [round(m.float64(v)) for v in (2.5, 3.5, -0.7, 1e30)],
    lambda m: [str(round(m.float64(2.567), 2)), str(round(m.int64(25), -1))],
    lambda m: round(m.float64(math.nan)),
    lambda m: round(m.float32(math.inf)),
    lambda m: (math.trunc(m.float64(-2.5)), math.floor(m.float64(-2.5)), math.ceil(m.float32(2.5))),
    lambda m: ("ab" * m.int64(2), m.int8(2) * b"x"),
    lambda m: "x" * m.float64(2),
    lambda m: [isinstance(m.array([1.5])[0], t) for t in (m.float64, m.float32, m.int64)],
    lambda m: [isinstance(x, m.int64) for x in (1, None, "a", m.int64(1), m.int32(1), m.array([1]))],
    # dtypes
    *(lambda m, n=n: getattr(m.dtype("float32"), n) for n in ("isalignedstruct", "isbuiltin", "metadata", "flags")),
    *(lambda m, t=t: (m.dtype(t).base == t, m.dtype(t).descr) for t in ("int8", "complex64")),
    *(lambda m, o=o: m.dtype("int16").newbyteorder(o) == "int16" for o in "<=|LNI"),
    lambda m: m.dtype("uint8").newbyteorder(">") == "uint8",
    lambda m: m.dtype("uint8").newbyteorder("x"),
]


@pytest.mark.parametrize("i", range(len(CALLS)))
def test_as_numpy(i):
    want, got = outcome(CALLS[i], np), outcome(CALLS[i], tnp)
    assert got == want


@pytest.mark.parametrize(
    ("value", "of", "to"),
    [
        *((v, "f8", t) for v in (0.1, 0.5, 2.0, 1e300, 1e-300, math.nan, math.inf, -0.0, 300.0) for t in ("f4", "f2", "i1", "?")),
        *((v, "i8", t) for v in (0, 1, -1, 300, 2**53 + 1, 2**63 - 1, -(2**63)) for t in ("f8", "f4", "u1", "u8", "i1", "?")),
        *((v, "u8", t) for v in (2**63, 2**64 - 1, 7) for t in ("i8", "f8", "u1")),
        *((v, "c16", t) for v in (1, 1 + 1j, 1 + 0.1j, complex("nan")) for t in ("f8", "c8", "?")),
        (1, "i4", "S1"),
    ],
)  # fmt: skip
def test_cast_of_the_same_value(value, of, to):
    def cast(m):
        return m.array([value], of).astype(to, casting="same_value")

    assert outcome(cast, tnp) == outcome(cast, np)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 0, 3), (2, 1, 2)])
def test_coordinates_of_a_flat_iterator(shape):
    ours, theirs = tnp.zeros(shape).flat, np.zeros(shape).flat
    for _ in range(math.prod(shape)):
        assert ours.coords == theirs.coords
        next(ours), next(theirs)


def test_a_padding_function_may_return_the_row():
    x = tnp.pad(tnp.arange(3), 1, lambda row, width, axis, kwargs: tnp.asarray(row) + 1)
    assert x.tolist() == [1, 1, 2, 3, 1]


def test_order_of_bytes_of_a_file(tmp_path):
    np.arange(5, dtype=">i4").tofile(tmp_path / "ints")
    np.array([b"ab", b"cd"]).tofile(tmp_path / "text")
    assert tnp.fromfile(tmp_path / "ints", ">i4").tolist() == [0, 1, 2, 3, 4]
    assert tnp.fromfile(tmp_path / "text", "S2", offset=2).tolist() == [b"cd"]
    with pytest.raises(ValueError, match="width"):
        tnp.fromfile(tmp_path / "text", "S")
    if sys.byteorder == "little":
        with pytest.raises(ValueError, match="byteswap"):
            tnp.dtype("int32").newbyteorder(">")
