"""Every name of the standard, with its signature: tests/data/array_api_surface.csv."""

import ast
import csv
import inspect
import math
from pathlib import Path

import pytest
from tnp import array_api as xp

ROWS = list(csv.DictReader((Path(__file__).parents[2] / "data" / "array_api_surface.csv").open()))
CALLABLE = [
    r for r in ROWS if r["kind"] in {"function", "method", "operator", "class"} and r["signature"].startswith("(")
]


def find(row):
    """What a row names."""
    owner = {
        "array_api": xp,
        "array_api.linalg": xp.linalg,
        "array_api.fft": xp.fft,
        "array_api.array": type(xp.ones(1)),
    }[row["namespace"]]
    name = row["name"]
    for call, thing in (("__array_namespace_info__().", xp.__array_namespace_info__()), ("dtype.", xp.float32)):
        if name.startswith(call):
            return getattr(thing, name.removeprefix(call))
    if name.startswith(("finfo().", "iinfo().")):
        info = xp.finfo(xp.float32) if name[0] == "f" else xp.iinfo(xp.int8)
        return getattr(info, name.partition(".")[2])
    return getattr(owner, name)


def parameters(text):
    """(name, kind, default) of the parameters that a signature's text has, without self."""
    text = text.partition("#")[0].partition("->")[0].strip()
    a = ast.parse(f"def f{text}: pass").body[0].args
    p = inspect.Parameter
    out = []
    plain = [(n, p.POSITIONAL_ONLY) for n in a.posonlyargs] + [(n, p.POSITIONAL_OR_KEYWORD) for n in a.args]
    defaults = [p.empty] * (len(plain) - len(a.defaults)) + [ast.literal_eval(d) for d in a.defaults]
    out += [(n.arg, kind, d) for (n, kind), d in zip(plain, defaults, strict=True)]
    if a.vararg:
        out.append((a.vararg.arg, p.VAR_POSITIONAL, p.empty))
    for n, d in zip(a.kwonlyargs, a.kw_defaults, strict=True):
        out.append((n.arg, p.KEYWORD_ONLY, p.empty if d is None else ast.literal_eval(d)))
    return [x for x in out if x[0] != "self"]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['namespace']}.{r['name']}")
def test_is_there(row):
    """Each name."""
    find(row)


@pytest.mark.parametrize("row", CALLABLE, ids=lambda r: f"{r['namespace']}.{r['name']}")
def test_signature(row):
    """Names, kinds and defaults of the parameters."""
    if row["name"] in {"__buffer__"}:
        return  # Python's own, where it has one
    signature = inspect.signature(find(row))
    ours = [(p.name, p.kind, p.default) for p in signature.parameters.values() if p.name != "self"]
    theirs = parameters(row["signature"])
    assert [(n, d) for n, _, d in ours] == [(n, d) for n, _, d in theirs]
    if row["namespace"] != "array_api.array":
        assert [k for _, k, _ in ours] == [k for _, k, _ in theirs]


def test_constants():
    """Numbers are Python's."""
    assert (xp.e, xp.pi, xp.inf, xp.newaxis) == (math.e, math.pi, math.inf, None)
    assert math.isnan(xp.nan)
    assert all(type(c) is float for c in (xp.e, xp.pi, xp.inf, xp.nan))


def test_limits():
    """Limits are Python numbers, of the precision that they describe."""
    f, i = xp.finfo(xp.float32), xp.iinfo(xp.uint64)
    assert (f.bits, f.eps, f.max, f.min, f.smallest_normal) == (32, 2.0**-23, 3.4028234663852886e38, -f.max, 2.0**-126)
    assert (i.bits, i.max, i.min, i.dtype) == (64, 2**64 - 1, 0, xp.uint64)
    assert xp.finfo(xp.complex128).dtype == xp.float64


def test_documentation():
    """Each function says what it does."""
    for row in CALLABLE:
        if row["kind"] == "function":
            assert (find(row).__doc__ or "").strip(), row["name"]
