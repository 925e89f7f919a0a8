"""Floats made of sizes (`1 / n`, `math.sqrt(n)`) are numbers of the program: one trace serves all sizes, and arrays keep their types."""

import functools
import math

import pytest
import tnp

import numpy as np

FORMULAS = {
    "quotient": lambda xp, x: -0.5 * (x @ x) - len(x) / 2 * math.log(2 * math.pi),
    "spacing": lambda xp, x: (x[1:] - x[:-1]) / (1.0 / (x.shape[0] - 1)),
    "spacing squared": lambda xp, x: (xp.roll(x, -1) - x) / (2 * math.pi / len(x)) ** 2,
    "root": lambda xp, x: x.std(ddof=1) / len(x) ** 0.5,
    "math.sqrt": lambda xp, x: x.std(ddof=1) / math.sqrt(len(x)),
    "of another type": lambda xp, x: (
        x.astype("f4") * (1 / len(x)),
        x.astype("f4") + len(x) * 0.5,
        x.astype("f4") / (0.5 * len(x)) ** 0.5,
    ),
    "sizes and floats": lambda xp, x: x.astype("f4") * (len(x) * (1 / len(x))),
    "chosen": lambda xp, x: (
        xp.maximum(x.astype("f4"), 1 / len(x)),
        xp.where(x.astype("f4") > 0, 1 / len(x), 0),
        xp.clip(x.astype("f4"), -1 / len(x), 1 / len(x)),
    ),
    "frequencies": lambda xp, x: xp.fft.fftfreq(len(x), d=1 / len(x)) * x,
    "ramp": lambda xp, x: xp.linspace(0, len(x) / 2, len(x)) + xp.arange(len(x)) * (1 / len(x)),
    "parts": lambda xp, x: (x[: int(0.8 * len(x))], x[: round(len(x) * 0.3)] * 2, x[: math.ceil(len(x) / 2)]),
    "square": lambda xp, x: x[: int(len(x) ** 0.5) ** 2].reshape(int(math.sqrt(len(x))), -1).sum(0),
    "complex": lambda xp, x: (
        xp.exp(-2j * math.pi / len(x)) ** xp.arange(len(x)) * x,
        (2 + 1j) * len(x) * x.astype("f4"),
    ),
    "filled": lambda xp, x: xp.full(len(x), 1 / len(x)) + x,
    "alone": lambda xp, x: (len(x) / 2, len(x) * 0.5, 0.5**4 / len(x)),
    "extremes": lambda xp, x: (max(1.5, len(x) / 4) * x, min(len(x) * 0.1, 2) * x, abs(-len(x) / 3) * x),
    "functions": lambda xp, x: (
        x * math.log(len(x)) + math.log2(len(x)) + math.exp(-len(x)) + math.pow(len(x), 0.3),
        math.log(len(x), 3) + math.atan2(1, len(x)) + math.hypot(len(x), 3.0),
        math.floor(len(x) / 3) * x.astype("f4"),
    ),
    "remainders": lambda xp, x: ((len(x) // 2.5) * x, (len(x) % 2.5) * x, 0.9 ** len(x) * x, len(x) ** -2 * x),
    "in lists": lambda xp, x: (xp.array([1 / len(x), 2.0, len(x)]), xp.stack([x, x * 0 + 1 / len(x)])),
    "parameters": lambda xp, x: (
        xp.quantile(x, 1 / len(x)),
        xp.gradient(x, 1 / len(x)),
        xp.trapezoid(x, dx=1 / len(x)),
        xp.pad(x, 1, constant_values=1 / len(x)),
        xp.interp(1 / len(x), xp.arange(len(x)) * 1.0, x),
        xp.isclose(x, 0, atol=1 / len(x)),
    ),
    "compared": lambda xp, x: (x[x > 1 / len(x)].sum(), len(x) / 2 == 10.0, len(x) / 2 > 3),
    "float": lambda xp, x: (x / float(len(x)), x.astype("f4") / float(len(x))),
    "branch": lambda xp, x: x * (1 / len(x)) if 1 / len(x) < 0.04 else x,
    "counts": lambda xp, x: (
        xp.bincount((x > 0).astype(int), minlength=len(x)),
        xp.bincount(xp.argsort(x) // 2, weights=x, minlength=2 * len(x)) / len(x),
    ),
    "of arrays": lambda xp, x: (math.sqrt(x[0] ** 2), x.astype("f4") * math.exp(x[1]), math.isnan(x[0])),
}


def arrays(x):
    return [np.asarray(v) for v in (x if isinstance(x, tuple) else (x,))]


@pytest.mark.parametrize("name", FORMULAS)
def test_one_trace_serves_all_sizes(name):
    formula = FORMULAS[name]
    f = tnp.function(functools.partial(formula, tnp))
    for n in (20, 45, 31):
        x = np.random.default_rng(n).standard_normal(n)
        for got, want in zip(arrays(f(tnp.asarray(x))), arrays(formula(np, x)), strict=True):
            assert got.dtype == want.dtype and got.shape == want.shape
            np.testing.assert_allclose(got, want, rtol=1e-5 if want.dtype == "f4" else 1e-12)
    assert f.cache_info()["traces"] == 1, f.explain()


def test_in_loops():
    @tnp.function
    def euler(x):
        h, t = 1 / len(x), 0.0
        while t < 0.99:
            x = x + h * x
            t = t + h
        return x, t

    for n in (20, 30):
        got, t = euler(tnp.ones(n, "float32"))
        assert got.dtype == "float32"
        np.testing.assert_allclose(got, np.full(n, (1 + 1 / n) ** n), rtol=1e-5)
        np.testing.assert_allclose(t, 1.0)
    assert euler.cache_info()["traces"] == 1


def test_attention_in_float32():
    def attention(xp, q, k, v):
        s = q @ k.T / math.sqrt(q.shape[-1])
        e = xp.exp(s - s.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True) @ v

    f = tnp.function(functools.partial(attention, tnp))
    for d in (4, 9):
        args = [np.random.default_rng(d).standard_normal((5, d)).astype("f4") for _ in range(3)]
        got = f(*map(tnp.asarray, args))
        assert got.dtype == "float32"
        np.testing.assert_allclose(got, attention(np, *args), rtol=1e-4, atol=1e-6)
    assert f.cache_info()["traces"] == 1


def test_what_needs_the_number_has_it_fixed():
    f = tnp.function(lambda x: x + len(f"{len(x) / 2:.2f}"))
    assert f(tnp.zeros(4)).tolist() == [4.0] * 4 and f(tnp.zeros(20)).tolist() == [5.0] * 20
    g = tnp.function(lambda x: x * np.sqrt(len(x) / 2))
    assert g(tnp.ones(8)).tolist() == [2.0] * 8 and g(tnp.ones(2)).tolist() == [1.0] * 2


def test_division_by_no_size():
    for f in (lambda x: x * (len(x) / 0), lambda x: x * (len(x) // 0.0), lambda x: x * (len(x) % 0.0)):
        with pytest.raises(ZeroDivisionError):
            tnp.function(f)(tnp.ones(3))


def test_item_is_a_number():
    f = tnp.function(lambda x: (x * x.sum().item(), x.item(1) + 1, x.max().item() > 0))
    for n in (3, 5):
        scaled, second, positive = f(tnp.ones(n, "float32"))
        assert scaled.dtype == "float32" and scaled.tolist() == [float(n)] * n
        assert second.dtype == "float64" and float(second) == 2 and bool(positive)
    assert f.cache_info()["traces"] == 1
    with pytest.raises(ValueError, match="array of size 2"):
        tnp.function(lambda x: x.item())(tnp.ones(2))
    with pytest.raises(ValueError, match="size 1"):
        tnp.function(lambda x: tnp.stack([x, x]).item())(tnp.asarray(1.0))


def test_messages_for_numpy_and_lists():
    with pytest.raises(tnp.TracerError, match="NumPy's own functions .* call those of tnp"):
        tnp.function(lambda x, y: np.array([x, y]))(tnp.asarray(1.0), tnp.asarray(2.0))
    with pytest.raises(tnp.TracerError, match=r"write tnp.stack\(items\)\[i\], or tnp.switch"):
        tnp.function(lambda i: [10, 20, 30][i])(tnp.asarray(1))
