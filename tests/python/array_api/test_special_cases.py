"""The standard's special cases: signed zeros, infinities and NaN, real and complex, also where NumPy does otherwise.

A row reads "arguments -> result". Classes of arguments: F finite, P positive finite, N negative finite, Z nonzero
finite, 0 both zeros, i both infinities, any every value. `?` before a part of a result: its sign is open.
"""

import itertools
import math
import warnings

import pytest
import tnp
from tnp import array_api as xp

import numpy as np

INF, NAN, PI = math.inf, math.nan, math.pi
FINITE = [-3.0, -1.0, -0.5, -0.0, 0.0, 0.25, 1.0, 2.0]
CLASSES = {
    "F": FINITE,
    "P": [v for v in FINITE if v > 0],
    "N": [v for v in FINITE if v < 0],
    "Z": [v for v in FINITE if v != 0],
    "0": [0.0, -0.0],
    "i": [INF, -INF],
    "any": [*FINITE, INF, -INF, NAN],
    ">0": [v for v in FINITE if v > 0] + [INF],
    "<0": [v for v in FINITE if v < 0] + [-INF],
    ">1": [1.5, 2.0, 1e30],
    "<1": [0.0, -3.0, -INF],
    "<-1": [-1.5, -3.0, -INF],
    "big": [1.5, -2.0, INF, -INF],
    "small": [0.5, -0.25, 0.0, -0.0],
    "one": [1.0, -1.0],
    "odd": [1.0, 3.0, 5.0],
    "notodd": [0.5, 2.0, 2.5, 4.0],
    "-odd": [-1.0, -3.0],
    "-notodd": [-0.5, -2.0, -2.5],
    "nan": [NAN],
    "!nan": [*FINITE, INF, -INF],
    "!0": [-3.0, -0.5, 0.25, 2.0, INF, -INF],
    "!1": [-3.0, -0.5, 0.25, 2.0, INF, -INF, 0.0, -0.0],
    "!int": [0.5, -2.5, 1.75],
}
NUMBERS = {"inf": INF, "+inf": INF, "-inf": -INF, "+0": 0.0, "-0": -0.0, "nan": NAN, "pi": PI}

UNARY = {
    "abs": "nan->nan -0->+0 -inf->inf",
    "acos": "nan->nan >1->nan <-1->nan 1->+0",
    "acosh": "nan->nan <1->nan 1->+0 inf->inf",
    "asin": "nan->nan >1->nan <-1->nan +0->+0 -0->-0",
    "asinh": "nan->nan +0->+0 -0->-0 inf->inf -inf->-inf",
    "atan": "nan->nan +0->+0 -0->-0 inf->pi/2 -inf->-pi/2",
    "atanh": "nan->nan <-1->nan >1->nan -1->-inf 1->inf +0->+0 -0->-0",
    "ceil": "inf->inf -inf->-inf +0->+0 -0->-0 nan->nan -0.5->-0",
    "cos": "nan->nan 0->1 i->nan",
    "cosh": "nan->nan 0->1 i->inf",
    "exp": "nan->nan 0->1 inf->inf -inf->+0",
    "expm1": "nan->nan +0->+0 -0->-0 inf->inf -inf->-1",
    "floor": "inf->inf -inf->-inf +0->+0 -0->-0 nan->nan",
    "log": "nan->nan <0->nan 0->-inf 1->+0 inf->inf",
    "log1p": "nan->nan <-1->nan -1->-inf -0->-0 +0->+0 inf->inf",
    "log2": "nan->nan <0->nan 0->-inf 1->+0 inf->inf",
    "log10": "nan->nan <0->nan 0->-inf 1->+0 inf->inf",
    "reciprocal": "nan->nan +0->inf -0->-inf inf->+0 -inf->-0",
    "round": "inf->inf -inf->-inf +0->+0 -0->-0 nan->nan 2.5->2 3.5->4 -0.5->-0",
    "sign": "<0->-1 0->+0 >0->1 nan->nan",
    "sin": "nan->nan +0->+0 -0->-0 i->nan",
    "sinh": "nan->nan +0->+0 -0->-0 inf->inf -inf->-inf",
    "sqrt": "nan->nan <0->nan +0->+0 -0->-0 inf->inf",
    "square": "nan->nan 0->+0 i->inf",
    "tan": "nan->nan +0->+0 -0->-0 i->nan",
    "tanh": "nan->nan +0->+0 -0->-0 inf->1 -inf->-1",
    "trunc": "inf->inf -inf->-inf +0->+0 -0->-0 nan->nan -0.5->-0",
}

SAME_AS_DIVISION = (
    "nan,any->nan any,nan->nan i,i->nan 0,0->nan +0,>0->+0 -0,>0->-0 +0,<0->-0 -0,<0->+0 >0,+0->inf >0,-0->-inf "
    "<0,+0->-inf <0,-0->inf inf,P->inf inf,N->-inf -inf,P->-inf -inf,N->inf P,inf->+0 P,-inf->-0 N,inf->-0 N,-inf->+0"
)
BINARY = {
    "add": "nan,any->nan any,nan->nan inf,-inf->nan -inf,inf->nan inf,inf->inf -inf,-inf->-inf inf,F->inf -inf,F->-inf "
    "F,inf->inf F,-inf->-inf -0,-0->-0 -0,+0->+0 +0,-0->+0 +0,+0->+0",
    "atan2": "nan,any->nan any,nan->nan >0,0->pi/2 +0,>0->+0 +0,+0->+0 +0,-0->pi +0,<0->pi -0,>0->-0 -0,+0->-0 "
    "-0,-0->-pi -0,<0->-pi <0,0->-pi/2 P,inf->+0 P,-inf->pi N,inf->-0 N,-inf->-pi inf,F->pi/2 -inf,F->-pi/2 "
    "inf,inf->pi/4 inf,-inf->3*pi/4 -inf,inf->-pi/4 -inf,-inf->-3*pi/4",
    "copysign": "1,<0->-1 1,-0->-1 1,+0->1 1,>0->1 -1,+0->1 inf,-0->-inf",
    "divide": SAME_AS_DIVISION,
    "floor_divide": SAME_AS_DIVISION,
    "hypot": "i,any->inf any,i->inf nan,F->nan F,nan->nan nan,nan->nan",
    "logaddexp": "nan,any->nan any,nan->nan inf,!nan->inf !nan,inf->inf",
    "maximum": "nan,any->nan any,nan->nan",
    "minimum": "nan,any->nan any,nan->nan",
    "multiply": "nan,any->nan any,nan->nan i,0->nan 0,i->nan >0,inf->inf >0,-inf->-inf <0,inf->-inf <0,-inf->inf "
    "+0,P->+0 +0,N->-0 -0,P->-0 -0,N->+0 inf,Z->?inf",
    "pow": "!1,nan->nan any,0->1 nan,!0->nan >1,inf->inf big,inf->inf big,-inf->+0 one,i->1 1,!nan->1 small,inf->+0 "
    "small,-inf->inf inf,>0->inf inf,<0->+0 -inf,odd->-inf -inf,notodd->inf -inf,-odd->-0 -inf,-notodd->+0 "
    "+0,>0->+0 +0,<0->inf -0,odd->-0 -0,notodd->+0 -0,-odd->-inf -0,-notodd->inf N,!int->nan",
    "remainder": "nan,any->nan any,nan->nan i,i->nan 0,0->nan +0,>0->+0 -0,>0->+0 +0,<0->-0 -0,<0->-0 >0,0->nan "
    "<0,0->nan i,Z->nan 1,inf->1 P,-inf->-inf N,inf->inf -1,-inf->-1",
    "subtract": "nan,any->nan any,nan->nan inf,inf->nan -inf,-inf->nan inf,F->inf -inf,F->-inf F,inf->-inf F,-inf->inf "
    "+0,+0->+0 -0,+0->-0",
}

# For complex numbers a + bj; each row holds for the conjugate too.
COMPLEX = {
    "abs": "i,any->inf,+0 any,i->inf,+0 nan,F->nan,+0 F,nan->nan,+0 nan,nan->nan,+0",
    "acos": "0,+0->pi/2,-0 0,nan->pi/2,nan F,inf->pi/2,-inf Z,nan->nan,nan -inf,P->pi,-inf inf,P->+0,-inf "
    "-inf,inf->3*pi/4,-inf inf,inf->pi/4,-inf i,nan->nan,?inf nan,F->nan,nan nan,inf->nan,-inf nan,nan->nan,nan",
    "acosh": "0,+0->+0,pi/2 F,inf->inf,pi/2 Z,nan->nan,nan +0,nan->nan,?pi/2 -inf,P->inf,pi inf,P->inf,+0 "
    "-inf,inf->inf,3*pi/4 inf,inf->inf,pi/4 i,nan->inf,nan nan,F->nan,nan nan,inf->inf,nan nan,nan->nan,nan",
    "asinh": "+0,+0->+0,+0 P,inf->inf,pi/2 F,nan->nan,nan inf,P->inf,+0 inf,inf->inf,pi/4 nan,+0->nan,+0 nan,Z->nan,nan "
    "nan,inf->?inf,nan nan,nan->nan,nan",
    "atanh": "+0,+0->+0,+0 +0,nan->+0,nan 1,+0->inf,+0 P,inf->+0,pi/2 Z,nan->nan,nan inf,P->+0,pi/2 inf,inf->+0,pi/2 "
    "inf,nan->+0,nan nan,F->nan,nan nan,inf->?+0,pi/2 nan,nan->nan,nan",
    "cosh": "+0,+0->1,+0 +0,inf->nan,?+0 +0,nan->nan,?+0 Z,inf->nan,nan Z,nan->nan,nan inf,+0->inf,+0 inf,Z->inf*cis(b) "
    "inf,inf->?inf,nan inf,nan->inf,nan nan,0->nan,?+0 nan,Z->nan,nan nan,nan->nan,nan",
    "exp": "0,+0->1,+0 F,inf->nan,nan F,nan->nan,nan inf,+0->inf,+0 -inf,F->0*cis(b) inf,Z->inf*cis(b) -inf,inf->?+0,?+0 "
    "inf,inf->?inf,nan -inf,nan->?+0,?+0 inf,nan->?inf,nan nan,+0->nan,+0 nan,Z->nan,nan nan,nan->nan,nan",
    "expm1": "0,+0->+0,+0 F,inf->nan,nan F,nan->nan,nan inf,+0->inf,+0 -inf,F->0*cis(b)-1 inf,Z->inf*cis(b)-1 "
    "-inf,inf->-1,?+0 inf,inf->?inf,nan -inf,nan->-1,?+0 inf,nan->?inf,nan nan,+0->nan,+0 nan,Z->nan,nan "
    "nan,nan->nan,nan",
    "log": "-0,+0->-inf,pi +0,+0->-inf,+0 F,inf->inf,pi/2 F,nan->nan,nan -inf,P->inf,pi inf,P->inf,+0 "
    "-inf,inf->inf,3*pi/4 inf,inf->inf,pi/4 i,nan->inf,nan nan,F->nan,nan nan,inf->inf,nan nan,nan->nan,nan",
    "log1p": "-1,+0->-inf,+0 F,inf->inf,pi/2 F,nan->nan,nan -inf,P->inf,pi inf,P->inf,+0 -inf,inf->inf,3*pi/4 "
    "inf,inf->inf,pi/4 i,nan->inf,nan nan,F->nan,nan nan,inf->inf,nan nan,nan->nan,nan",
    "sign": "0,0->+0,+0 nan,any->nan,nan any,nan->nan,nan P,+0->1,+0 +0,P->+0,1",
    "sinh": "+0,+0->+0,+0 +0,inf->?+0,nan +0,nan->?+0,nan P,inf->nan,nan P,nan->nan,nan inf,+0->inf,+0 inf,P->inf*cis(b) "
    "inf,inf->?inf,nan inf,nan->?inf,nan nan,+0->nan,+0 nan,Z->nan,nan nan,nan->nan,nan",
    "sqrt": "0,+0->+0,+0 any,inf->inf,inf F,nan->nan,nan -inf,P->+0,inf inf,P->inf,+0 -inf,nan->nan,?inf inf,nan->inf,nan "
    "nan,F->nan,nan nan,nan->nan,nan",
    "tanh": "+0,+0->+0,+0 Z,inf->nan,nan +0,inf->+0,nan Z,nan->nan,nan +0,nan->+0,nan inf,P->1,?+0 inf,inf->1,?+0 "
    "inf,nan->1,?+0 nan,+0->nan,+0 nan,Z->nan,nan nan,nan->nan,nan",
}
ODD = {"asin", "asinh", "atan", "atanh", "sin", "sinh", "tan", "tanh", "expm1_no"} - {"expm1_no"}
EVEN = {"cos", "cosh"}


def members(text):
    """The numbers that a class or a number stands for."""
    return CLASSES.get(text) or [NUMBERS[text] if text in NUMBERS else float(text)]


def result(text, b=0.0):
    """The parts of a result, each with whether its sign is open."""
    if "cis" in text:
        scale = INF if text.startswith("inf") else 0.0
        less = 1.0 if text.endswith("-1") else 0.0
        real, imaginary = scale * math.cos(b), (scale * math.sin(b) if b != 0 else math.copysign(0.0, b))
        return [(real - less, False), (imaginary, False)]
    out = []
    for part in text.split(","):
        free = part.startswith("?")
        part = part.removeprefix("?")
        out.append((NUMBERS[part] if part in NUMBERS else eval(part, {"pi": PI}), free))
    return out


def rows(table):
    """(name, arguments, result) of each row and choice of its classes."""
    for name, text in table.items():
        for row in text.split():
            arguments, _, expected = row.rpartition("->")
            for values in itertools.product(*(members(a) for a in arguments.split(","))):
                yield name, values, expected


def agree(got, expected, free, eps):
    """One real number with its sign."""
    if math.isnan(expected) or math.isnan(got):
        return math.isnan(expected) and math.isnan(got)
    if free:
        got, expected = abs(got), abs(expected)
    if math.isinf(expected) or expected == 0:
        return got == expected and math.copysign(1, got) == math.copysign(1, expected)
    return abs(got - expected) <= 4 * eps * abs(expected)


def quiet(call):
    """A call without its floating-point warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def wrong(table, dtype, make):
    """Rows that do not hold: all of a function's in one call, eager and in a traced function."""
    eps = xp.finfo(dtype).eps
    bad = []
    for name, group in itertools.groupby(rows(table), key=lambda r: r[0]):
        cases = list(group)
        columns = make(cases)
        f = getattr(xp, name)
        for way, call in (("eager", f), ("traced", tnp.function(f))):
            out = np.asarray(quiet(lambda call=call, columns=columns: call(*columns)))
            for (_, values, text), got in zip(cases, out, strict=True):
                parts = [got.real, got.imag] if len(result(text, values[-1])) == 2 else [got]
                wanted = result(text, values[-1])
                if not all(agree(float(g), w, free, eps) for g, (w, free) in zip(parts, wanted, strict=True)):
                    bad.append((name, way, values, text, got))
            for (_, values, text), one in zip(cases[::7], range(0, len(cases), 7), strict=True):
                single = [c[one : one + 1] for c in columns]
                got = np.asarray(quiet(lambda call=call, single=single: call(*single)))[0]
                if not same(got, out[one], eps):
                    bad.append((name, way, "alone", values, text, got, out[one]))
    return bad


def same(a, b, eps):
    """Two elements, part by part."""
    return all(agree(float(p), float(q), False, eps) for p, q in ((a.real, b.real), (a.imag, b.imag)))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("table", [UNARY, BINARY], ids=["unary", "binary"])
def test_real(dtype, table):
    """Real numbers."""
    d = getattr(xp, dtype)
    bad = wrong(
        table, d, lambda cases: [xp.asarray(list(c), dtype=d) for c in zip(*(v for _, v, _ in cases), strict=True)]
    )
    assert not bad, bad[:8]


def complexes(values, dtype):
    """Complex numbers of their parts, none of which any arithmetic touches."""
    z = np.empty(len(values), dtype)
    z.real, z.imag = zip(*values, strict=True)
    return xp.asarray(z)


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("name", COMPLEX)
def test_complex(dtype, name):
    """Complex numbers."""
    real = xp.float32 if dtype == "complex64" else xp.float64
    bad = (
        wrong({name: COMPLEX[name]}, real, lambda cases: [complexes([v for _, v, _ in cases], dtype)])
        if name != "abs"
        else [
            case
            for case in rows({name: COMPLEX[name]})
            if not agree(float(xp.abs(complexes([case[1]], dtype))[0]), *result(case[2])[0], xp.finfo(real).eps)
        ]
    )
    assert not bad, bad[:8]


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("name", sorted((COMPLEX.keys() | ODD | EVEN | {"log2", "log10"}) - {"abs", "sign"}))
def test_symmetry(dtype, name):
    """f(conj(x)) == conj(f(x)), and what odd and even functions promise."""
    values = list(itertools.product([-2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, INF, -INF, NAN], repeat=2))
    f, z = getattr(xp, name), complexes(values, dtype)
    out = np.asarray(quiet(lambda: f(z)))
    mirrored = np.asarray(quiet(lambda: f(xp.conj(z))))
    open_signs = {"cosh", "cos", "sinh", "sin", "tanh", "tan", "exp", "expm1", "acos", "acosh", "asin", "asinh", "sqrt"}
    for v, a, b in zip(values, out, np.conj(mirrored), strict=True):
        special = not all(map(math.isfinite, v))
        for p, q in ((a.real, b.real), (a.imag, b.imag)):
            assert agree(float(p), float(q), special and name in open_signs, 1e-6), (v, a, b)
    if name not in ODD | EVEN:
        return
    turned = np.asarray(quiet(lambda: f(-z)))
    for v, a, b in zip(values, out, -turned if name in ODD else turned, strict=True):
        special = not all(map(math.isfinite, v))
        for p, q in ((a.real, b.real), (a.imag, b.imag)):
            assert agree(float(p), float(q), special, 1e-6), (v, a, b)


def test_copysign_and_signbit_of_nan():
    """A NaN has a sign."""
    nans = xp.asarray(np.copysign(np.nan, [1.0, -1.0]))
    assert np.signbit(np.asarray(xp.copysign(xp.asarray([1.0, 1.0]), nans))).tolist() == [False, True]
    assert np.signbit(np.asarray(xp.copysign(nans, xp.asarray([-1.0, 1.0])))).tolist() == [True, False]
    assert np.asarray(xp.signbit(nans)).tolist() == [False, True]
