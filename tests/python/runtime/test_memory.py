"""The peak of an operation on large arrays: its result and at most one workspace of an input's size (docs/internals/runtime.md)."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import tnp

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from benchmarks.ops.large_calls import calls, operands, ufunc_calls

N = 1 << 18
SLACK = 1 << 17  # small blocks, and a thread's own

# What sorts, transforms and decomposes has workspaces of its own.
EXCEPTED = re.compile(
    r"sort|partition|median|percentile|quantile|unique|union1d|intersect1d|setdiff1d|isin|fft|linalg|polyfit|permut|'fd'"
)
# Computed block by block: as much for arrays of any size.
BLOCKS = 4 << 20
BY_BLOCKS = re.compile(
    r"isclose|allclose|i0|sinc|polyval|round|nan_to_num|bartlett|blackman|hamming|hanning|kaiser|unwrap|"
    r"g\.(normal|uniform|exponential|gamma|laplace|logistic|gumbel|lognormal|rayleigh|weibull|pareto|power|standard_cauchy"
    r"|triangular|wald|vonmises|chisquare|standard_t)"
)
# Compositions of more steps: how many workspaces they have, at most, of the size of the largest of inputs and result.
SEVERAL = {
    "polymul": 2,  # both vectors, continued by zeros
    "unwrap": 4,
    "histogram2d": 7,
    "histogramdd": 7,
    "histogram(a,100,weights": 4,
    "cov": 4,
    "corrcoef": 4,
    "choose": 3,
    "linspace": 4,
    "logspace": 4,
    "geomspace": 4,
    "trapezoid": 3,
    "ldexp": 2,
    "modf": 2,
    "m[i1000[:,None],i1000]": 2,  # the places
    "arange": 2,
    "fromfunction": 3,
    "cross": 2,
    "pad(": 2,
    "convolve": 2,
    "correlate": 2,
    "repeat": 2,
    "multinomial": 2,
    "resize": 2,
    "vander": 2,
    "diag": 2,
    "real_if_close": 2,
    "trim_zeros": 2,
    "g.integers": 8,  # 64-bit numbers, then narrowed
}


def arrays_in(result: object) -> Iterator[tnp.ndarray]:
    """The arrays of a result that is one, or a tuple, a list or an object of them."""
    if isinstance(result, tnp.ndarray):
        yield result
    elif isinstance(result, (tuple, list)):
        for x in result:
            yield from arrays_in(x)
    elif hasattr(result, "__dict__"):
        for x in vars(result).values():
            yield from arrays_in(x)


def size_of(result: object) -> int:
    """Bytes of a result."""
    return len(result) if isinstance(result, bytes) else sum(x.nbytes for x in arrays_in(result))


def allowed(call: str, workspace: int) -> int:
    """Bytes beside the result."""
    workspaces = max((n for name, n in SEVERAL.items() if name in call), default=1)
    return workspaces * workspace + (BLOCKS if BY_BLOCKS.search(call) else 0) + SLACK


def excess(call: str, env: dict[str, object]) -> str | None:
    """Says what is too much."""
    used = set(re.findall(r"\b[a-zA-Z]\w*", call))
    inputs = [x.nbytes for w in used if isinstance(x := env.get(w), tnp.ndarray)]
    eval(call, env)
    tnp.reset_peak_memory()
    before = tnp.memory_stats()
    result = eval(call, env)
    after = tnp.memory_stats()
    size = size_of(result)
    held = after["in_use"] - before["in_use"]
    extra = after["peak_in_use"] - before["peak_in_use"] - min(held, size)
    if held > 1.25 * size + SLACK:
        return f"{call}: the result of {size} bytes holds {held}"
    workspace = max([*inputs, size])
    if extra > allowed(call, workspace):
        return f"{call}: {extra} bytes beside the result of {size}, inputs up to {max(inputs, default=0)}"
    return None


def test_peak_of_every_operation():
    """All functions, methods and operators of the table of large calls."""
    with warnings.catch_warnings(), tnp.errstate(all="ignore"), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        env = operands(tnp, N)
        table = [c for c in dict.fromkeys([*calls(), *ufunc_calls(tnp)]) if not EXCEPTED.search(c)]
        assert len(table) > 400
        assert [e for c in table if (e := excess(c, env))] == []


def test_peak_of_every_primitive():
    """Each elementwise and reducing primitive on vectors, also those without a name in NumPy."""
    rng = np.random.default_rng(0)
    too_much = []
    for op in tnp._core.operations():
        if op["family"] not in ("elementwise", "reduce", "scan") or op["no_samples"]:
            continue
        for i, sample in enumerate(tnp._core.samples(op["name"])):
            if len(sample["inputs"]) == 0 or any(len(shape) != 1 for _, shape in sample["inputs"]):
                continue
            arrays = [tnp.asarray(rng.uniform(0.5, 1.5, N).astype(dtype.numpy_dtype)) for dtype, _ in sample["inputs"]]
            env = {"f": tnp._core.apply_sample, "name": op["name"], "i": i, "x": arrays, "y": arrays[0]}
            with tnp.errstate(all="ignore"):
                message = excess("f(name,i,x)[0],y", env | {"y": arrays[0]})
            del arrays
            if message:
                too_much.append(f"{op['name']} {i}: {message}")
    assert too_much == []


def test_repeated_work_does_not_grow():
    """In use is what it was, whatever was computed."""
    x = tnp.asarray(np.random.default_rng(0).standard_normal(100_000))

    def work():
        y = tnp.sort(x) + tnp.fft.fft(x).real
        tnp.linalg.svd(y[:900].reshape(30, 30))
        return float(tnp.sum(tnp.exp(-y * y)))

    work()
    before = tnp.memory_stats()["in_use"]
    for _ in range(20):
        work()
    assert tnp.memory_stats()["in_use"] <= before + 4096


def test_clear_cache_gives_memory_back():
    """What is kept for later goes."""
    x = tnp.zeros(4_000_000) + 1
    del x
    assert tnp.memory_stats()["cached"] >= 32_000_000
    tnp.clear_cache()
    assert tnp.memory_stats()["cached"] < 1_000_000


def test_a_bound_can_be_set():
    """A request beyond it is a MemoryError that leaves everything as it was."""
    before = tnp.memory_stats()
    try:
        tnp.set_memory_limit(before["in_use"] + 20_000_000)
        with pytest.raises(MemoryError):
            tnp.zeros(10_000_000) + 1
        assert float(tnp.sum(tnp.ones(1_000_000))) == 1_000_000
    finally:
        tnp.set_memory_limit(before["memory_limit"])
    assert float(tnp.sum(tnp.ones(10_000_000))) == 10_000_000
