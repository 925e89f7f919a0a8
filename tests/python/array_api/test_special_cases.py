"""The standard's special cases: signed zeros, infinities and NaN, real and complex, also where NumPy does otherwise.

A row reads "arguments -> result". Classes of arguments: F finite, P positive finite, N negative finite, Z nonzero
finite, 0 both zeros, i both infinities, any every value. a and b in a result are the arguments, or the parts of a
complex one. `?` before a part of a result: its sign is open.
"""

import itertools
import math
import operator
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
    "ceil": "-3->a 2->a 1e30->a inf->inf -inf->-inf +0->+0 -0->-0 nan->nan -0.5->-0",
    "cos": "nan->nan 0->1 i->nan",
    "cosh": "nan->nan 0->1 i->inf",
    "exp": "nan->nan 0->1 inf->inf -inf->+0",
    "expm1": "nan->nan +0->+0 -0->-0 inf->inf -inf->-1",
    "floor": "-3->a 2->a 1e30->a inf->inf -inf->-inf +0->+0 -0->-0 nan->nan",
    "isfinite": "i->+0 nan->+0 F->1",
    "isinf": "i->1 nan->+0 F->+0",
    "isnan": "nan->1 i->+0 F->+0",
    "log": "nan->nan <0->nan 0->-inf 1->+0 inf->inf",
    "log1p": "nan->nan <-1->nan -1->-inf -0->-0 +0->+0 inf->inf",
    "log2": "nan->nan <0->nan 0->-inf 1->+0 inf->inf",
    "log10": "nan->nan <0->nan 0->-inf 1->+0 inf->inf",
    "reciprocal": "nan->nan +0->inf -0->-inf inf->+0 -inf->-0",
    "round": "-3->a 2->a 1e30->a inf->inf -inf->-inf +0->+0 -0->-0 nan->nan 2.5->2 3.5->4 -0.5->-0",
    "sign": "<0->-1 0->+0 >0->1 nan->nan",
    "signbit": "+0->+0 -0->1 inf->+0 -inf->1 P->+0 N->1",
    "sin": "nan->nan +0->+0 -0->-0 i->nan",
    "sinh": "nan->nan +0->+0 -0->-0 inf->inf -inf->-inf",
    "sqrt": "nan->nan <0->nan +0->+0 -0->-0 inf->inf",
    "square": "nan->nan 0->+0 i->inf",
    "tan": "nan->nan +0->+0 -0->-0 i->nan",
    "tanh": "nan->nan +0->+0 -0->-0 inf->1 -inf->-1",
    "trunc": "-3->a 2->a 1e30->a inf->inf -inf->-inf +0->+0 -0->-0 nan->nan -0.5->-0",
}

SAME_AS_DIVISION = (
    "nan,any->nan any,nan->nan i,i->nan 0,0->nan +0,>0->+0 -0,>0->-0 +0,<0->-0 -0,<0->+0 >0,+0->inf >0,-0->-inf "
    "<0,+0->-inf <0,-0->inf inf,P->inf inf,N->-inf -inf,P->-inf -inf,N->inf P,inf->+0 P,-inf->-0 N,inf->-0 N,-inf->+0"
)
BINARY = {
    "add": "nan,any->nan any,nan->nan inf,-inf->nan -inf,inf->nan inf,inf->inf -inf,-inf->-inf inf,F->inf -inf,F->-inf "
    "F,inf->inf F,-inf->-inf -0,-0->-0 -0,+0->+0 +0,-0->+0 +0,+0->+0 0,Z->b Z,0->a 1,-1->+0 -0.5,0.5->+0",
    "atan2": "nan,any->nan any,nan->nan >0,0->pi/2 +0,>0->+0 +0,+0->+0 +0,-0->pi +0,<0->pi -0,>0->-0 -0,+0->-0 "
    "-0,-0->-pi -0,<0->-pi <0,0->-pi/2 P,inf->+0 P,-inf->pi N,inf->-0 N,-inf->-pi inf,F->pi/2 -inf,F->-pi/2 "
    "inf,inf->pi/4 inf,-inf->3*pi/4 -inf,inf->-pi/4 -inf,-inf->-3*pi/4",
    "copysign": "1,<0->-1 1,-0->-1 1,+0->1 1,>0->1 -1,+0->1 inf,-0->-inf",
    "divide": SAME_AS_DIVISION,
    "equal": "nan,any->+0 any,nan->+0 inf,inf->1 -inf,-inf->1 inf,-inf->+0 0,0->1 F,i->+0 i,F->+0 1,1->1 1,2->+0",
    "floor_divide": SAME_AS_DIVISION,
    "hypot": "0,any->abs(b) any,0->abs(a) i,any->inf any,i->inf nan,F->nan F,nan->nan nan,nan->nan",
    "logaddexp": "nan,any->nan any,nan->nan inf,!nan->inf !nan,inf->inf",
    "maximum": "nan,any->nan any,nan->nan",
    "minimum": "nan,any->nan any,nan->nan",
    "multiply": "nan,any->nan any,nan->nan i,0->nan 0,i->nan >0,inf->inf >0,-inf->-inf <0,inf->-inf <0,-inf->inf "
    "+0,P->+0 +0,N->-0 -0,P->-0 -0,N->+0 inf,Z->?inf Z,Z->a*b",
    "nextafter": "nan,any->nan any,nan->nan -0,+0->+0 +0,-0->-0",
    "not_equal": "nan,any->1 any,nan->1 inf,inf->+0 -inf,-inf->+0 i,F->1 inf,-inf->1 -inf,inf->1 0,0->+0 1,1->+0 1,2->1",
    "pow": "!1,nan->nan any,0->1 nan,!0->nan >1,inf->inf big,inf->inf big,-inf->+0 one,i->1 1,!nan->1 small,inf->+0 "
    "small,-inf->inf inf,>0->inf inf,<0->+0 -inf,odd->-inf -inf,notodd->inf -inf,-odd->-0 -inf,-notodd->+0 "
    "+0,>0->+0 +0,<0->inf -0,odd->-0 -0,notodd->+0 -0,-odd->-inf -0,-notodd->inf N,!int->nan",
    "remainder": "nan,any->nan any,nan->nan i,i->nan 0,0->nan +0,>0->+0 -0,>0->+0 +0,<0->-0 -0,<0->-0 >0,0->nan "
    "<0,0->nan i,Z->nan P,inf->a P,-inf->b N,inf->b N,-inf->a",
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
    "conj": "any,any->a,-b",
    "cosh": "+0,+0->1,+0 +0,inf->nan,?+0 +0,nan->nan,?+0 Z,inf->nan,nan Z,nan->nan,nan inf,+0->inf,+0 inf,Z->inf*cis(b) "
    "inf,inf->?inf,nan inf,nan->inf,nan nan,0->nan,?+0 nan,Z->nan,nan nan,nan->nan,nan",
    "exp": "0,+0->1,+0 F,inf->nan,nan F,nan->nan,nan inf,+0->inf,+0 -inf,F->0*cis(b) inf,Z->inf*cis(b) -inf,inf->?+0,?+0 "
    "inf,inf->?inf,nan -inf,nan->?+0,?+0 inf,nan->?inf,nan nan,+0->nan,+0 nan,Z->nan,nan nan,nan->nan,nan",
    "expm1": "0,+0->+0,+0 F,inf->nan,nan F,nan->nan,nan inf,+0->inf,+0 -inf,F->0*cis(b)-1 inf,Z->inf*cis(b)-1 "
    "-inf,inf->-1,?+0 inf,inf->?inf,nan -inf,nan->-1,?+0 inf,nan->?inf,nan nan,+0->nan,+0 nan,Z->nan,nan "
    "nan,nan->nan,nan",
    "imag": "any,any->b",
    "isfinite": "nan,any->+0 any,nan->+0 i,any->+0 any,i->+0 F,F->1",
    "isinf": "i,any->1 any,i->1 F,F->+0 nan,F->+0 F,nan->+0 nan,nan->+0",
    "isnan": "nan,any->1 any,nan->1 F,F->+0 i,F->+0 F,i->+0 i,i->+0",
    "log": "-0,+0->-inf,pi +0,+0->-inf,+0 F,inf->inf,pi/2 F,nan->nan,nan -inf,P->inf,pi inf,P->inf,+0 "
    "-inf,inf->inf,3*pi/4 inf,inf->inf,pi/4 i,nan->inf,nan nan,F->nan,nan nan,inf->inf,nan nan,nan->nan,nan",
    "log1p": "-1,+0->-inf,+0 F,inf->inf,pi/2 F,nan->nan,nan -inf,P->inf,pi inf,P->inf,+0 -inf,inf->inf,3*pi/4 "
    "inf,inf->inf,pi/4 i,nan->inf,nan nan,F->nan,nan nan,inf->inf,nan nan,nan->nan,nan",
    "negative": "any,any->-a,-b",
    "positive": "any,any->a,b",
    "real": "any,any->a",
    "reciprocal": "nan,nan->nan,nan",
    "round": "2.5,nan->2,nan -0.5,3.5->-0,4 inf,-0->inf,-0 nan,-inf->nan,-inf -3,2->a,b",
    "sign": "0,0->+0,+0 nan,any->nan,nan any,nan->nan,nan P,+0->1,+0 +0,P->+0,1",
    "sinh": "+0,+0->+0,+0 +0,inf->?+0,nan +0,nan->?+0,nan P,inf->nan,nan P,nan->nan,nan inf,+0->inf,+0 inf,P->inf*cis(b) "
    "inf,inf->?inf,nan inf,nan->?inf,nan nan,+0->nan,+0 nan,Z->nan,nan nan,nan->nan,nan",
    "sqrt": "0,+0->+0,+0 any,inf->inf,inf F,nan->nan,nan -inf,P->+0,inf inf,P->inf,+0 -inf,nan->nan,?inf inf,nan->inf,nan "
    "nan,F->nan,nan nan,nan->nan,nan",
    "square": "nan,nan->nan,nan",
    "tanh": "+0,+0->+0,+0 Z,inf->nan,nan +0,inf->+0,nan Z,nan->nan,nan +0,nan->+0,nan inf,P->1,?+0 inf,inf->1,?+0 "
    "inf,nan->1,?+0 nan,+0->nan,+0 nan,Z->nan,nan nan,nan->nan,nan",
}
ODD = {"asin", "asinh", "atan", "atanh", "sin", "sinh", "tan", "tanh"}
EVEN = {"cos", "cosh"}
# Functions that the standard defines by others on the number turned by a right angle.
TURNED = {"asin": "asinh", "atan": "atanh", "sin": "sinh", "tan": "tanh", "cos": "cosh"}
SYMMETRIC = COMPLEX.keys() - {"abs", "sign", "isfinite", "isinf", "isnan", "real", "imag", "reciprocal", "square"}
PARTS = [-2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, INF, -INF, NAN]


def members(text):
    """The numbers that a class or a number stands for."""
    return CLASSES.get(text) or [NUMBERS[text] if text in NUMBERS else float(text)]


def result(text, a=0.0, b=0.0):
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
        out.append((NUMBERS[part] if part in NUMBERS else eval(part, {"pi": PI, "a": a, "b": b}), free))
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
                wanted = result(text, *values)
                parts = [got.real, got.imag] if len(wanted) == 2 else [got]
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
@pytest.mark.parametrize("name", sorted(SYMMETRIC | ODD | EVEN | {"log2", "log10"}))
def test_symmetry(dtype, name):
    """f(conj(x)) == conj(f(x)), and what odd and even functions promise."""
    values = list(itertools.product(PARTS, repeat=2))
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


def parts(x):
    """Pairs of real numbers of an array of complex ones."""
    x = np.asarray(x)
    return list(zip(x.real.tolist(), x.imag.tolist(), strict=True))


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("name", TURNED)
def test_turned(dtype, name):
    """asin(x) is -1j * asinh(x * 1j), and so on, where turning a number moves its parts and computes nothing."""
    values = list(itertools.product(PARTS, repeat=2))
    out = parts(quiet(lambda: getattr(xp, name)(complexes(values, dtype))))
    turned = parts(quiet(lambda: getattr(xp, TURNED[name])(complexes([(-b, a) for a, b in values], dtype))))
    for v, got, (u, w) in zip(values, out, turned, strict=True):
        wanted = (u, w) if name == "cos" else (w, -u)
        special = not all(map(math.isfinite, v))
        assert all(agree(p, q, special, 1e-6) for p, q in zip(got, wanted, strict=True)), (v, got, wanted)


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("name", ["sign", "expm1", "square"])
def test_every_way_to_call(dtype, name):
    """The same parts for each order in memory, one element at a time, compiled, and under a tape."""
    f = {"sign": xp.sign, "expm1": xp.expm1, "square": lambda z: z**2}[name]
    z = xp.reshape(complexes(list(itertools.product(PARTS, repeat=2)), dtype), (len(PARTS), -1))
    expected = np.asarray(quiet(lambda: f(z)))

    def taped():
        with tnp.GradientTape() as tape:
            tape.watch(z)
            return f(z)

    calls = [lambda: f(z.T).T, lambda: xp.flip(f(xp.flip(z))), lambda: tnp.function(f)(z), taped]
    calls.append(lambda: xp.stack([xp.stack([f(z[i, j]) for j in range(z.shape[1])]) for i in range(z.shape[0])]))
    for call in calls:
        got = np.asarray(quiet(call))
        assert got.dtype == dtype
        for p, q in ((got.real, expected.real), (got.imag, expected.imag)):
            np.testing.assert_allclose(p, q, rtol=1e-6)
            assert np.array_equal(np.signbit(p) | np.isnan(p), np.signbit(q) | np.isnan(q))


@pytest.mark.parametrize("name", ["log2", "log10"])
def test_other_logarithms(name):
    """log2(x) is log(x) / log(2), part by part."""
    values = list(itertools.product(PARTS, repeat=2))
    z = complexes(values, "complex128")
    scale = math.log(int(name[3:]))
    for v, got, natural in zip(values, parts(getattr(xp, name)(z)), parts(xp.log(z)), strict=True):
        assert all(agree(p, q / scale, False, 1e-15) for p, q in zip(got, natural, strict=True)), (v, got, natural)


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
def test_complex_arithmetic(dtype):
    """Sums part by part, signed zeros too; products and quotients of finite numbers by the textbook, of NaN are NaN."""
    pairs = list(itertools.product(itertools.product([-1.0, -0.0, 0.0, 2.0, INF, -INF, NAN], repeat=2), repeat=2))
    x, y = (complexes([p[k] for p in pairs], dtype) for k in (0, 1))
    for sign, out in ((1, quiet(lambda: x + y)), (-1, quiet(lambda: x - y))):
        for ((a, b), (c, d)), (re, im) in zip(pairs, parts(out), strict=True):
            assert agree(re, a + sign * c, False, 0), (a, b, c, d)
            assert agree(im, b + sign * d, False, 0), (a, b, c, d)
    products, quotients = parts(quiet(lambda: x * y)), parts(quiet(lambda: x / y))
    for ((a, b), (c, d)), product, quotient in zip(pairs, products, quotients, strict=True):
        values = (a, b, c, d)
        if all(map(math.isnan, values)):
            assert all(map(math.isnan, product + quotient))
        if all(map(math.isfinite, values)):
            assert product == (a * c - b * d, b * c + a * d)
            if c or d:
                size = c * c + d * d
                assert quotient == pytest.approx(((a * c + b * d) / size, (b * c - a * d) / size))
            else:
                assert not any(map(math.isfinite, quotient))


@pytest.mark.parametrize("name", ["conj", "real"])
def test_real_numbers_as_complex_ones(name):
    """Real arrays pass unchanged."""
    x = xp.asarray([1.0, -0.0, NAN])
    assert np.array_equal(np.asarray(getattr(xp, name)(x)), np.asarray(x), equal_nan=True)


def test_clip():
    """A NaN in x or in a bound is one in the result."""
    x, low, high = (xp.asarray(v) for v in ([NAN, 1.0, 1.0, 1.0], [0.0, NAN, 0.0, 2.0], [3.0, 3.0, NAN, 3.0]))
    for call in (xp.clip, tnp.function(xp.clip)):
        assert np.array_equal(np.asarray(call(x, low, high)), [NAN, NAN, NAN, 2.0], equal_nan=True)
    assert np.isnan(np.asarray(xp.clip(x, NAN, 1.0))).all()
    assert np.isnan(np.asarray(xp.clip(x, max=NAN))).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["var", "std"])
def test_freedom(name, dtype):
    """No degrees of freedom are NaN, where NumPy has infinities; NaN stays NaN."""
    f, x = getattr(xp, name), xp.asarray([[1.0, 2.0, 4.0], [INF, 1.0, 1.0]], dtype=getattr(xp, dtype))
    for correction in (3, 3.0, 4, 2**70):
        for call in (f, tnp.function(f)):
            out = call(x, axis=1, correction=correction)
            assert out.dtype == x.dtype
            assert np.isnan(np.asarray(out)).tolist() == [True, True]
            assert call(x, correction=6, keepdims=True).shape == (1, 1)
    assert float(f(x[0, :], correction=2)) == pytest.approx((14 / 3) ** (0.5 if name == "std" else 1))
    assert math.isnan(float(f(xp.asarray([1.0, NAN])))) and math.isnan(float(f(xp.zeros(0))))
    spec = [tnp.TensorSpec([None], dtype)]
    sized = tnp.function(lambda v: f(xp.asarray(v), correction=2), input_signature=spec)
    assert math.isnan(float(sized(tnp.asarray([1.0, 2.0], dtype)))) and float(sized(tnp.asarray([1, 2, 4], dtype))) > 0


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
def test_mean_of_parts(dtype):
    """The parts of a mean do not touch each other."""
    rows = [[(NAN, 1), (1, 3)], [(1, NAN), (3, 1)], [(INF, 1), (1, 3)], [(2, -INF), (4, 1)], [(1, 1), (3, 5)]]
    wanted = [(NAN, 2), (2, NAN), (INF, 2), (3, -INF), (2, 3)]
    x = xp.stack([complexes(r, dtype) for r in rows])
    for call in (xp.mean, tnp.function(xp.mean)):
        for got, expected in zip(parts(quiet(lambda call=call: call(x, axis=1))), wanted, strict=True):
            assert all(agree(p, q, False, 0) for p, q in zip(got, expected, strict=True)), (got, expected)
    assert all(map(math.isnan, parts(quiet(lambda: xp.reshape(xp.mean(x[:, :0]), (1,))))[0]))


def test_empty_reductions():
    """Sums of nothing are 0, products 1, means NaN."""
    for d in (xp.float32, xp.float64, xp.complex64, xp.int8):
        x = xp.zeros((0, 2), dtype=d)
        assert np.asarray(xp.sum(x, axis=0)).tolist() == [0, 0] and complex(xp.sum(x)) == 0
        assert np.asarray(xp.prod(x, axis=0)).tolist() == [1, 1] and complex(xp.prod(x)) == 1
        assert complex(xp.linalg.trace(x)) == 0
        assert not bool(xp.any(x)) and bool(xp.all(x))
        if d != xp.int8:
            assert bool(xp.isnan(quiet(lambda x=x: xp.mean(x))))


OPERATORS = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "truediv",
    "floor_divide": "floordiv",
    "remainder": "mod",
    "pow": "pow",
    "equal": "eq",
    "not_equal": "ne",
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name, dtype):
    """The same for operators: of arrays, 0-D arrays and Python numbers, and in place, where rows are broadcast too."""
    d = getattr(xp, dtype)
    eps, cases = xp.finfo(d).eps, list(rows({name: BINARY[name]}))
    f, at_once = getattr(operator, OPERATORS[name]), getattr(operator, "i" + OPERATORS[name], None)
    x, y = (xp.asarray(list(c), dtype=d) for c in zip(*(v for _, v, _ in cases), strict=True))

    def array(v):
        return xp.asarray(v, dtype=d)

    whole = [quiet(lambda: f(x, y))]
    single = [lambda a, b: f(array(a), array(b)), lambda a, b: f(array(a), b), lambda a, b: f(a, array(b))]
    if at_once is not None:
        whole.append(quiet(lambda: at_once(xp.asarray(x, copy=True), y)))
        whole.append(quiet(lambda: at_once(xp.stack([x, x]), y))[1, ...])
        single += [lambda a, b: at_once(array(a), array(b)), lambda a, b: at_once(array(a), b)]
    bad = []
    for k, (_, values, text) in enumerate(cases):
        ((wanted, free),) = result(text, *values)
        got = [float(w[k]) for w in whole] + quiet(lambda v=values: [float(call(*v)) for call in single])
        bad += [(values, text, g) for g in got if not agree(g, wanted, free, eps)]
    assert not bad, bad[:8]
