"""Arrays of text: from and to Python and NumPy, arranged, compared, concatenated; refused with TypeError by all else."""

import copy
import io
import pickle

import pytest
import tnp
from tnp import _core

import numpy as np

WORDS = ["b", "", "aé", "z" * 40, "b", "日本"]
BYTES = [b"b", b"", b"\x00x", b"\xff\xfe", b"z" * 40, b"b"]
SOURCES = {
    "str": (WORDS, np.array(WORDS)),
    "bytes": (BYTES, np.array(BYTES)),
}


@pytest.fixture(params=SOURCES)
def pair(request):
    values, theirs = SOURCES[request.param]
    return tnp.asarray(values), theirs


def same(ours, theirs):
    assert isinstance(ours, tnp.ndarray)
    assert ours.shape == theirs.shape and ours.tolist() == theirs.tolist()


def test_types_and_values(pair):
    x, n = pair
    assert x.dtype == (tnp.unicode_ if n.dtype.kind == "U" else tnp.string_)
    same(x, n)
    assert np.asarray(x).dtype == n.dtype and np.array_equal(np.asarray(x), n)
    same(tnp.asarray(n), n)
    same(tnp.asarray(n.reshape(2, 3).T), n.reshape(2, 3).T)
    same(tnp.asarray(n.astype(object)), n)
    same(tnp.asarray(n.reshape(2, 3).tolist()), n.reshape(2, 3))
    assert x[0].item() == n[0] and x[0].shape == () and x.size == 6 and len(x) == 6
    assert [e.item() for e in x] == n.tolist()
    assert repr(x) == repr(n) and str(x) == str(n)


def test_numpys_variable_width_text():
    n = np.array(WORDS, np.dtypes.StringDType())
    assert tnp.asarray(n).tolist() == WORDS
    assert tnp.asarray("scalar").item() == "scalar" and tnp.asarray(np.str_("s")).item() == "s"
    assert tnp.asarray(np.bytes_(b"s")).item() == b"s"
    assert tnp.asarray(["a", "b"], dtype=str).tolist() == ["a", "b"]
    assert tnp.asarray(np.array([], "U3")).shape == (0,)


PRINTED = {
    "vector": WORDS, "matrix": np.array(WORDS).reshape(2, 3), "0-d": np.array("a'b"),
    "empty": np.array([], "U3"), "empty rows": np.zeros((0, 2), "S2"), "escapes": ["\\n", "\t", 'a"b', "\u200b"],
    "long": [f"word {i}" for i in range(60)], "summarised": [f"{i}" for i in range(1500)],
    "NULs": np.array([b"a\x00", b"\x00b"], object), "wide": ["x" * 60, "é" * 80],
}  # fmt: skip


@pytest.mark.parametrize("name", PRINTED)
def test_printed(name):
    ours = tnp.asarray(np.array(PRINTED[name]))
    theirs = np.asarray(ours)  # as wide as the elements are
    assert repr(ours) == repr(theirs) and str(ours) == str(theirs)
    assert tnp.array_repr(ours, 40) == np.array_repr(theirs, 40)
    assert tnp.array_str(ours, 40) == np.array_str(theirs, 40)
    assert tnp.array2string(ours, separator="; ") == np.array2string(theirs, separator="; ")
    for key in ("str_kind", "numpystr", "all", "int"):
        shown = {key: lambda s: f"<{s}>"}
        if theirs.dtype.kind != "O":
            assert tnp.array2string(ours, formatter=shown) == np.array2string(theirs, formatter=shown)


def test_printed_element():
    x = tnp.asarray([b"a"])[0]
    assert (repr(x), str(x), x.item()) == ("array(b'a', dtype='|S1')", "b'a'", b"a")


def test_views():
    """Slices of slices, and what is made of them, of text as of numbers."""
    m = np.array([[f"{i} {j}" for j in range(5)] for i in range(4)])
    x = tnp.asarray(m)
    keys = (
        (slice(1, None), slice(None, None, -2)), (slice(None, None, -1), 2), (None, slice(1, 3)), (..., 1), 3, (1, -1),
        (slice(2, 2), ...), (slice(None), None, slice(4, 0, -3)), ([0, 2], slice(1, 3)), (np.array([0, 3]), np.array([1, 4])),
    )  # fmt: skip
    for key in keys:
        a, b = x[key], np.asarray(m[key])
        same(a, b)
        same(a.T, b.T)
        same(a.ravel(), b.ravel())
        same(tnp.sort(a, axis=None), np.sort(b, axis=None))
        same(tnp.concatenate([a.ravel(), x.ravel()]), np.concatenate([b.ravel(), m.ravel()]))
        assert (a == a[..., None][..., 0]).all() and ((a + "!") > a).all()
        assert repr(a) == repr(np.asarray(a)) and np.asarray(a).tolist() == b.tolist()
    part = x[1:, ::2].T[1]
    del x
    assert [e.item() for e in part] == [e.item() for e in reversed(part)][::-1] == m[1:, 2].tolist()
    assert tnp.broadcast_to(part, (2, 3)).tolist() == [m[1:, 2].tolist()] * 2


def test_nuls_are_kept():
    x = tnp.asarray([b"a\x00", b"\x00"])
    assert x.tolist() == [b"a\x00", b"\x00"] and np.asarray(x).tolist() == x.tolist()
    assert (x == tnp.asarray([b"a", b""])).tolist() == [True, True]  # as in NumPy, whose elements are padded


ARRANGEMENTS = {
    "slice": lambda m, x: x[1:5:2],
    "reverse": lambda m, x: x[::-1],
    "integer": lambda m, x: x[-2],
    "integers": lambda m, x: x[[0, 3, 3]],
    "mask": lambda m, x: x[np.array([True, False] * 3)],
    "reshape": lambda m, x: x.reshape(2, 3),
    "transpose": lambda m, x: x.reshape(2, 3).T,
    "newaxis": lambda m, x: x[:, None],
    "two indices": lambda m, x: x.reshape(2, 3)[[0, 1], [2, 0]],
    "empty": lambda m, x: x[6:],
    "ravel": lambda m, x: x.reshape(2, 3).T.ravel(),
    "concatenate": lambda m, x: m.concatenate([x, x[:2]]),
    "stack": lambda m, x: m.stack([x, x], axis=1),
    "tile": lambda m, x: m.tile(x, 2),
    "repeat": lambda m, x: m.repeat(x, 2),
    "flip": lambda m, x: m.flip(x),
    "roll": lambda m, x: m.roll(x, 2),
    "take": lambda m, x: m.take(x, [5, 0]),
    "broadcast_to": lambda m, x: m.broadcast_to(x, (2, 6)),
    "where": lambda m, x: m.where(np.array([True, False] * 3), x, x[::-1]),
    "expand_dims": lambda m, x: m.expand_dims(x, 0),
    "squeeze": lambda m, x: m.squeeze(x[None]),
    "swapaxes": lambda m, x: m.swapaxes(x.reshape(1, 2, 3), 0, 2),
    "array_split": lambda m, x: m.array_split(x, 4)[1],
    "copy": lambda m, x: x.copy(),
    "full": lambda m, x: m.full((2, 2), x[0]),
    "hstack": lambda m, x: m.hstack([x, x]),
}


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_arrangements(pair, name):
    x, n = pair
    f = ARRANGEMENTS[name]
    same(f(tnp, x), np.asarray(f(np, n)))


@pytest.mark.parametrize("op", ["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_comparisons(pair, op):
    x, n = pair
    for i, j in (
        ((slice(None)), slice(None)),
        (slice(None), slice(None, None, -1)),
        ((slice(None), None), slice(None)),
        (0, slice(None)),
    ):
        ours = getattr(x[i], op)(x[j])
        theirs = getattr(n[i], op)(n[j]) if not isinstance(n[i], (str, bytes)) else getattr(np.asarray(n[i]), op)(n[j])
        assert ours.dtype == bool and ours.tolist() == theirs.tolist()
    assert getattr(x, op)(n.tolist()[0]).tolist() == getattr(n, op)(n[0]).tolist()


def test_concatenation_of_elements(pair):
    x, n = pair
    expected = np.strings.add(n, n[::-1])
    assert (x + x[::-1]).tolist() == [a + b for a, b in zip(x.tolist(), x.tolist()[::-1], strict=True)]
    assert (x[:1] + x).tolist() == np.strings.add(n[:1], n).tolist()
    end = "!" if n.dtype.kind == "U" else b"!"
    assert (x + end).tolist() == [a + end for a in x.tolist()] and (end + x).tolist() == [end + a for a in x.tolist()]
    assert expected.shape == (6,)


def test_sources_may_go():
    parts = [tnp.asarray([f"{i} " * 50, f"{i}"]) for i in range(50)]
    x = tnp.concatenate(parts)[::2]
    del parts
    assert x.tolist() == [f"{i} " * 50 for i in range(50)]
    for _ in range(100):
        x = (x + "")[::-1]
    assert x.tolist() == [f"{i} " * 50 for i in range(50)]


def test_copies_pickles_files(pair):
    x, n = pair
    for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert y.dtype == x.dtype and y.tolist() == x.tolist()
    f = io.BytesIO()
    tnp.save(f, x)
    f.seek(0)
    assert np.array_equal(np.load(f), n)
    f.seek(0)
    assert tnp.load(f).tolist() == n.tolist()
    for dtype in (n.dtype, n.dtype.newbyteorder(">")):
        f = io.BytesIO()
        np.save(f, n.astype(dtype).reshape(2, 3).T)
        f.seek(0)
        same(tnp.load(f), n.reshape(2, 3).T)


def test_mixtures_are_refused():
    for bad in (["a", ["b"]], [["a"], ["b", "c"]], "\ud800"):
        with pytest.raises((TypeError, ValueError)):
            tnp.asarray(bad)
    x = tnp.asarray(["a", "b"])
    for call in (
        lambda: x + 1,
        lambda: 1 + x,
        lambda: x * 2,
        lambda: x + b"c",
        lambda: x < 3,
        lambda: x + tnp.asarray([1.0, 2.0]),
        lambda: tnp.function(lambda a: a + a)(x),
        lambda: x[["a"]],
        lambda: tnp.numpy_function(lambda a: a, [x], tnp.unicode_),
        lambda: memoryview(x),
        lambda: x.view("int8"),
        lambda: x.tobytes(),
        lambda: x @ x,
        lambda: hash(x),
        lambda: float(x[0]),
        lambda: tnp.linspace(x, 1, 3),
    ):
        with pytest.raises((TypeError, IndexError, BufferError)):
            call()
    assert (x == 3).tolist() == [False, False] and (x != 3).tolist() == [True, True]
    with pytest.raises(ValueError):
        x == tnp.asarray(["a", "b", "c"])  # noqa: B015


def test_every_function_refuses_or_arranges(tmp_path, monkeypatch):
    """No function crashes on text, whatever it makes of it."""
    monkeypatch.chdir(tmp_path)  # some write files
    x, m = tnp.asarray(["a", "b"]), tnp.asarray([["a", "b"], ["c", "d"]])
    functions = {**_core.functions, **_core.ufuncs}
    for where in (tnp.linalg, tnp.fft, tnp.random):
        functions.update({k: v for k, v in vars(where).items() if callable(v) and not k.startswith("_")})
    skipped = {"save", "savez", "savez_compressed", "load", "seed", "set_state"}
    for name, f in functions.items():
        if name in skipped or name.startswith("_"):
            continue
        for args in (
            (x,),
            (m,),
            (x, x),
            (m, m),
            (x, 1),
            (1, x),
            (x, x, x),
            ([x, x],),
            ("text",),
            ("text", 2),
            (2, "text"),
        ):
            try:
                f(*args)
            except Exception as e:
                assert not isinstance(e, (MemoryError, RecursionError, SystemError)), (name, args)
    for name in dir(x):
        if name in ("__class__", "__init__", "__del__"):
            continue
        try:
            value = getattr(x, name)
            for args in ((), (x,), (1,), ("a",)):
                try:
                    value(*args)
                except Exception as e:
                    assert not isinstance(e, (MemoryError, RecursionError, SystemError)), (name, args)
        except Exception as e:
            assert not isinstance(e, (MemoryError, RecursionError, SystemError)), name


NUMBERS = ["1", " 2 ", "1_0", "+3", "-4", "1.5", "1e3", "inf", "-nan", "1_0.5", "1+2j", "(1-2j)", "j", "-j", "2J", "1e400",
           "", "x", "1e", "1__0", "_1", "0x1", "300", "-1", "99999999999999999999", "nan(1)", "--1", "1 2", "True",
           "1+", "(1", "infinity", ".5", "5."]  # fmt: skip


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint8", "int64", "uint64", "float16", "float32", "float64", "complex128"]
)
@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_of_text(text, dtype):
    """Each by itself: the number, or the class of the error."""
    for convert in (lambda m: m.asarray([text]).astype(dtype), lambda m: m.asarray([[text]], dtype=dtype)):
        try:
            with np.errstate(all="ignore"):
                expected = convert(np)
        except (ValueError, OverflowError) as e:
            with pytest.raises(OverflowError if isinstance(e, OverflowError) else ValueError):
                convert(tnp)
            continue
        ours = convert(tnp)
        assert ours.dtype == expected.dtype and ours.shape == expected.shape
        np.testing.assert_array_equal(np.asarray(ours), expected)


@pytest.mark.parametrize("to", ["U", "S", str, bytes])
def test_text_of_numbers(to):
    """As str() of each."""
    for n in (
        np.array([1.5, 1e-5, 1e16, np.nan, -np.inf, -0.0, 123456789.123]), np.array([1.1, 1e10, 3e38], "f4"),
        np.array([1.1, 65504], "f2"), np.array([[True, False]]), np.array([1 + 2j, 1j, -1 - 0j]), np.array([1, -5]),
        np.array([2**64 - 1], "u8"), np.zeros((0, 2)), np.array(3), np.arange(6)[::2],
    ):  # fmt: skip
        same(tnp.asarray(n).astype(to), n.astype(to))
    for values in ([1, 2.5, True], [[1], [2]], 7, 1.5):
        same(tnp.asarray(values, dtype=to), np.asarray(values, dtype=to))
    for values in (["a", 1], [1.5, "a", 2], ["a", True], ["a", b"b"], [["a", 1], [2, "b"]]):
        same(tnp.array(values), np.array(values))


CREATED = {
    "zeros": lambda m, x: m.zeros(2, dtype=x.dtype), "zeros of a width": lambda m, x: m.zeros((2, 2), dtype="U5"),
    "empty": lambda m, x: m.zeros_like(m.empty(3, dtype="S3")), "ones": lambda m, x: m.ones(2, dtype=str),
    "zeros_like": lambda m, x: m.zeros_like(x), "ones_like": lambda m, x: m.ones_like(x),
    "full_like": lambda m, x: m.full_like(x, x[0]), "full": lambda m, x: m.full(2, 1, dtype=str),
    "large": lambda m, x: m.zeros(20000, dtype=str), "pad": lambda m, x: m.pad(x, 1),
    "pad with": lambda m, x: m.pad(x, (1, 2), constant_values=x[0]), "pad edge": lambda m, x: m.pad(x, 2, mode="edge"),
    "join": lambda m, x: m.concatenate([x, m.asarray([1, 2])]), "append": lambda m, x: m.append(x, x[:2]),
    "insert": lambda m, x: m.insert(x, 1, x[3]), "delete": lambda m, x: m.delete(x, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", CREATED)
def test_created(pair, name):
    x, n = pair
    same(CREATED[name](tnp, x), np.asarray(CREATED[name](np, n)))


ORDERED = {
    "sort": lambda m, x: m.sort(x), "sort rows": lambda m, x: m.sort(x.reshape(2, 3), axis=0),
    "argsort": lambda m, x: m.argsort(x, kind="stable"), "method": lambda m, x: x.argsort(kind="stable"),
    "unique": lambda m, x: m.unique(x), "unique all": lambda m, x: m.unique(x, True, True, True),
    "unique rows": lambda m, x: m.unique(x.reshape(3, 2), axis=0),
    "searchsorted": lambda m, x: m.searchsorted(m.sort(x), x), "right": lambda m, x: m.searchsorted(m.sort(x), x, "right"),
    "isin": lambda m, x: m.isin(x, x[:2]), "union1d": lambda m, x: m.union1d(x, x[2:]),
    "intersect1d": lambda m, x: m.intersect1d(x[:3], x[2:]), "setdiff1d": lambda m, x: m.setdiff1d(x, x[:2]),
    "setxor1d": lambda m, x: m.setxor1d(x[:3], x[1:]), "partition": lambda m, x: m.sort(m.partition(x, 2)[:3]),
    "lexsort": lambda m, x: m.lexsort((x, x[::-1])), "argmax": lambda m, x: m.argmax(x), "argmin": lambda m, x: m.argmin(x),
    "any": lambda m, x: m.any(x), "all": lambda m, x: m.all(x.reshape(2, 3), axis=1),
    "nonzero": lambda m, x: m.nonzero(x), "count_nonzero": lambda m, x: m.count_nonzero(x),
    "flatnonzero": lambda m, x: m.flatnonzero(x), "argwhere": lambda m, x: m.argwhere(x.reshape(2, 3)),
    "astype bool": lambda m, x: x.astype(bool), "choose": lambda m, x: m.choose([0, 1], [x[:2], x[2:4]]),
    "select": lambda m, x: m.select([m.asarray([True, False] * 3)], [x], x[0]), "sorted": lambda m, x: m.sort(x)[::-1],
    "array_equal": lambda m, x: m.asarray(m.array_equal(x, x)), "empty": lambda m, x: m.unique(m.sort(x[:0])),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERED)
def test_order(pair, name):
    """Sorting, searching and sets are those of NumPy."""
    x, n = pair
    ours, theirs = ORDERED[name](tnp, x), ORDERED[name](np, n)
    for a, b in zip(*(r if isinstance(r, tuple) else (r,) for r in (ours, theirs)), strict=True):
        same(a, np.asarray(b))


def test_what_order_does_not_do():
    x = tnp.asarray(["b", "a"])
    for call in (
        lambda: tnp.max(x), lambda: tnp.maximum(x, x), lambda: tnp.cumsum(x), lambda: tnp.median(x), lambda: tnp.diff(x),
        lambda: tnp.sum(x), lambda: tnp.isnan(x), lambda: x * 2, lambda: tnp.function(tnp.sort)(x),
        lambda: tnp.searchsorted(x, [1, 2]), lambda: tnp.asarray([1.0]).astype(object),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            call()
    for wrong in (tnp.asarray(["é"]), tnp.asarray([b"\xff"])):
        with pytest.raises(ValueError):
            wrong.astype(bytes if wrong.dtype == tnp.unicode_ else str)
