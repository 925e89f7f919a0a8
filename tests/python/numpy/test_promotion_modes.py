"""Promotion modes and the default float: everywhere alike, scoped, undoable."""

import threading

import pytest
import tnp

import numpy as np

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "bfloat16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
NUMERIC = ["bool", *INTEGERS, *FLOATS, *COMPLEX]


@pytest.fixture(autouse=True)
def undone():
    yield
    tnp.experimental_enable_numpy_behavior()
    assert tnp.promotion() == "legacy" and tnp.default_float() == tnp.float64


def one(dtype):
    return tnp.ones(2, dtype=dtype)


WAYS = {
    "add": lambda a, b: a + b,
    "maximum": tnp.maximum,
    "result_type": lambda a, b: tnp.zeros(0, tnp.result_type(a, b)),
    "promote_types": lambda a, b: tnp.zeros(0, tnp.promote_types(a.dtype, b.dtype)),
    "concatenate": lambda a, b: tnp.concatenate([a, b]),
    "stack": lambda a, b: tnp.stack([a, b]),
    "where": lambda a, b: tnp.where(tnp.asarray([True, False]), a, b),
    "matmul": lambda a, b: a @ b,
    "outer": tnp.outer,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("traced", [False, True])
def test_all_keeps_the_floats_width(way, traced):
    f = tnp.function(WAYS[way]) if traced else WAYS[way]
    for i in ("int8", "int32", "int64", "uint64"):
        for x in FLOATS + COMPLEX:
            legacy = f(one(i), one(x)).dtype
            with tnp.promotion("all"):
                assert f(one(i), one(x)).dtype == x and f(one(x), one(i)).dtype == x
            assert f(one(i), one(x)).dtype == legacy
    with tnp.promotion("all"):
        assert f(one("int8"), one("uint8")).dtype == np.int16
        assert f(one("float16"), one("bfloat16")).dtype == np.float32


SAFE = {("int8", "float16"), ("uint8", "float16"), ("int8", "bfloat16"), ("uint8", "bfloat16")}


@pytest.mark.parametrize("way", WAYS)
def test_safe_refuses_lossy_pairs(way):
    f = WAYS[way]
    refused = [
        ("int32", "float32"), ("int64", "float64"), ("int16", "float16"), ("uint32", "float32"), ("int64", "complex128"),
        ("int8", "uint8"), ("int64", "uint64"), ("int16", "uint32"), ("float16", "bfloat16"), ("float64", "complex64"),
    ]  # fmt: skip
    allowed = [
        ("int8", "float16", "float16"), ("int16", "float32", "float32"), ("int32", "float64", "float64"), ("uint8", "int16", "int16"),
        ("float16", "float32", "float32"), ("float32", "complex64", "complex64"), ("bool", "int8", "int8"), ("bool", "float16", "float16"),
        ("uint8", "uint32", "uint32"), ("int16", "complex64", "complex64"), ("bfloat16", "float32", "float32"),
    ]  # fmt: skip
    with tnp.promotion("safe"):
        for a, b in refused:
            for x, y in ((a, b), (b, a)):
                with pytest.raises(TypeError, match=r"safe"):
                    f(one(x), one(y))
        for a, b, c in allowed:
            assert f(one(a), one(b)).dtype == c and f(one(b), one(a)).dtype == c


def test_safe_and_python_numbers():
    with tnp.promotion("safe"):
        with pytest.raises(TypeError, match="safe"):
            one("int32") + 1.5
        with pytest.raises(TypeError, match="safe"):
            tnp.function(lambda x: x * 0.5)(one("int64"))
        assert (one("int8") + 1).dtype == np.int8 and (one("float32") + 1.5).dtype == np.float32
        assert (one("bool") * 1.5).dtype == np.float64
        assert tnp.mean(one("int32")).dtype == np.float64 and tnp.std(one("float32")).dtype == np.float32


def test_legacy_is_numpys_table():
    for mode in ("legacy", None):
        if mode:
            tnp.promotion(mode)
        for a in NUMERIC:
            for b in NUMERIC:
                if "bfloat16" not in (a, b):
                    assert (one(a) * one(b)).dtype == np.result_type(a, b)


def test_settings_of_the_process_and_scopes():
    tnp.promotion("all")
    assert tnp.promotion() == "all"
    seen = []
    with tnp.promotion("safe"):
        assert tnp.promotion() == "safe"
        t = threading.Thread(target=lambda: seen.append(tnp.promotion()))
        t.start()
        t.join(10)
        with tnp.promotion("legacy"):
            assert tnp.promotion() == "legacy"
        assert tnp.promotion() == "safe"
    assert tnp.promotion() == "all" and seen == ["all"]
    tnp.experimental_enable_numpy_behavior(prefer_float32=True)
    assert tnp.promotion() == "legacy" and tnp.default_float() == np.float32
    with tnp.experimental_enable_numpy_behavior(dtype_conversion_mode="safe"):
        assert tnp.promotion() == "safe" and tnp.default_float() == np.float64
    assert tnp.promotion() == "legacy" and tnp.default_float() == np.float32
    scope = tnp.default_float("float64")
    with scope:
        with scope:
            assert tnp.default_float() == np.float64
        assert tnp.default_float() == np.float64
    assert tnp.default_float() == np.float32
    with pytest.raises(ZeroDivisionError), tnp.promotion("all"):
        raise ZeroDivisionError
    assert tnp.promotion() == "legacy"
    for bad in ("off", "other", 3, None.__class__):
        with pytest.raises((ValueError, TypeError)):
            tnp.promotion(bad)
        with pytest.raises((ValueError, TypeError)):
            tnp.experimental_enable_numpy_behavior(dtype_conversion_mode=bad)
    for bad in ("int32", "float16", "complex64", "text"):
        with pytest.raises((ValueError, TypeError)):
            tnp.default_float(bad)


I = np.array([[3, 1], [1, 2]])  # noqa: E741
FUNCTIONS = {
    "zeros": lambda: tnp.zeros(2),
    "ones": lambda: tnp.ones(2),
    "empty": lambda: tnp.empty(2),
    "full": lambda: tnp.full(2, 1.5),
    "eye": lambda: tnp.eye(2),
    "identity": lambda: tnp.identity(2),
    "array": lambda: tnp.array(1.5),
    "list": lambda: tnp.array([1.5, 2]),
    "empty list": lambda: tnp.array([]),
    "arange": lambda: tnp.arange(3.0),
    "linspace": lambda: tnp.linspace(0, 1, 3),
    "logspace": lambda: tnp.logspace(0, 1, 3),
    "geomspace": lambda: tnp.geomspace(1, 8, 3),
    "tri": lambda: tnp.tri(3),
    "ndarray": lambda: tnp.ndarray((2,)),
    "dtype=float": lambda: tnp.zeros(2, dtype=float),
    "astype(float)": lambda: tnp.asarray(I).astype(float),
    "mean": lambda: tnp.mean(tnp.asarray(I)),
    "std": lambda: tnp.std(tnp.asarray(I)),
    "var": lambda: tnp.asarray(I).var(axis=0),
    "average": lambda: tnp.average(tnp.asarray(I)),
    "nanmean": lambda: tnp.nanmean(tnp.asarray(I)),
    "median": lambda: tnp.median(tnp.asarray(I)),
    "divide": lambda: tnp.asarray(I) / tnp.asarray(I),
    "divide by a number": lambda: tnp.asarray(I) / 2,
    "number divided": lambda: 2 / tnp.asarray(I),
    "add a number": lambda: tnp.asarray(I) + 1.5,
    "number power": lambda: 1.5 ** tnp.asarray(I),
    "bool times": lambda: tnp.asarray([True]) * 1.5,
    "where": lambda: tnp.where(tnp.asarray([True]), 1, 2.5),
    "clip": lambda: tnp.clip(tnp.asarray(I), 0.5, 1.5),
    "sqrt": lambda: tnp.sqrt(tnp.asarray(I)),
    "exp": lambda: tnp.exp(tnp.asarray(I)),
    "arctan2": lambda: tnp.arctan2(tnp.asarray(I), 2),
    "hypot": lambda: tnp.hypot(tnp.asarray(I), tnp.asarray(I)),
    "logaddexp": lambda: tnp.logaddexp(tnp.asarray(I), 1),
    "result_type": lambda: tnp.zeros(1, tnp.result_type(np.int8, 1.5)),
    "inv": lambda: tnp.linalg.inv(tnp.asarray(I)),
    "solve": lambda: tnp.linalg.solve(tnp.asarray(I), tnp.asarray(I)),
    "cholesky": lambda: tnp.linalg.cholesky(tnp.asarray(I)),
    "det": lambda: tnp.linalg.det(tnp.asarray(I)),
    "norm": lambda: tnp.linalg.norm(tnp.asarray(I)),
    "fft": lambda: tnp.fft.fft(tnp.asarray(I)).real,
    "fftfreq": lambda: tnp.fft.fftfreq(4),
    "random": lambda: tnp.random.random(2),
    "rand": lambda: tnp.random.rand(2),
    "normal": lambda: tnp.random.normal(0, 1, 2),
    "gamma": lambda: tnp.random.gamma(2.0, size=2),
    "beta": lambda: tnp.random.default_rng(0).beta(2.0, 1.0, size=2),
    "dirichlet": lambda: tnp.random.default_rng(0).dirichlet([2.0, 1.0]),
    "wald": lambda: tnp.random.default_rng(0).wald(2.0, 1.0),
    "vonmises": lambda: tnp.random.default_rng(0).vonmises(2.0, 1.0),
    "multivariate_normal": lambda: tnp.random.default_rng(0).multivariate_normal([0.0], [[1.0]]),
    "trapezoid": lambda: tnp.trapezoid(tnp.asarray([1, 2])),
    "hanning": lambda: tnp.hanning(3),
    "gradient": lambda: tnp.gradient(tnp.asarray([1, 2, 4])),
    "cov": lambda: tnp.cov(tnp.asarray(I)),
    "Variable": lambda: tnp.Variable(1.5).read(),
    "one argument": lambda: tnp.deg2rad(tnp.asarray(90)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_default_float_is_the_same_everywhere(name):
    f = FUNCTIONS[name]
    wanted = np.float64
    assert f().dtype == wanted
    with tnp.default_float("float32"):
        x = f()
        assert x.dtype == np.float32
        g = tnp.function(lambda: f() + 0 if name == "Variable" else f())
        if name not in ("Variable",):
            assert g().dtype == np.float32
    y = f()
    assert y.dtype == np.float64
    if (
        name not in ("empty",)
        and "rand" not in name
        and name not in ("normal", "gamma", "beta", "dirichlet", "wald", "vonmises", "multivariate_normal")
    ):
        np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=1e-5, atol=1e-6)


def test_the_default_float_leaves_arrays_types_alone():
    with tnp.default_float("float32"):
        assert (one("float64") + 1.5).dtype == np.float64 and (one("float16") + 1.5).dtype == np.float16
        assert tnp.sqrt(one("int8")).dtype == np.float16 and tnp.sqrt(one("float64")).dtype == np.float64
        assert tnp.asarray(np.zeros(2)).dtype == np.float64
        assert (one("int32") + one("float32")).dtype == np.float64  # NumPy's table
        assert (one("complex128") * 1.5).dtype == np.complex128
        assert tnp.array(1j).dtype == np.complex64 and (one("float32") * 1j).dtype == np.complex64


def test_traces_know_the_settings():
    f = tnp.function(lambda x: x + 1.5)
    x = one("int32")
    assert f(x).dtype == np.float64
    with tnp.default_float("float32"):
        assert f(x).dtype == np.float32
    assert f(x).dtype == np.float64
    g = tnp.function(lambda x, y: tnp.exp(x * y) + tnp.sum(x))
    y = one("float32")
    for _ in range(2):
        assert g(x, y).dtype == np.float64
        with tnp.promotion("all"):
            assert g(x, y).dtype == np.float32
            np.testing.assert_allclose(np.asarray(g(x, y)), np.e + 2, rtol=1e-6)


def test_gradients_in_the_modes():
    x, k = tnp.asarray([1.0, 2.0], dtype="float32"), tnp.asarray([3, 4])
    with tnp.promotion("all"):
        for f in (lambda x: tnp.sum(x * k), tnp.function(lambda x: tnp.sum(x * k))):
            g = tnp.grad(f)(x)
            assert g.dtype == np.float32 and np.asarray(g).tolist() == [3, 4]


def test_the_strict_namespace_keeps_its_own_table():
    xp = tnp.array_api
    for mode in ("safe", "all", "legacy"):
        with tnp.promotion(mode):
            assert xp.result_type(xp.int8, xp.uint8) == xp.int16
