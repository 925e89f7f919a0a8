"""Rules that make a traced program smaller: the bits of eager execution, -0.0, NaN and infinities among them."""

import pytest
import tnp

import numpy as np

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

REAL = ["bool", "int8", "uint8", "int32", "int64", "uint64", "float16", "bfloat16", "float32", "float64"]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 1.5, -2.25, np.inf, -np.inf, np.nan, 3e-45, -3e-45, 6e-8, 1e-310, 1e300, 3e38, 65504.0]


def data(dtype):
    if dtype == "bool":
        return tnp.asarray([True, False, True])
    if "int" in dtype:
        info = np.iinfo(dtype)
        return tnp.asarray(np.array([0, 1, 2, 7, 100, info.min, info.max, info.max - 1], dtype))
    with np.errstate(over="ignore"):
        return tnp.asarray(np.array(SPECIAL, np.float64)).astype(dtype)


def bits(x):
    a = np.asarray(x)
    if a.dtype.kind not in "fcV":
        return a
    a = np.ascontiguousarray(a)
    kind = {1: "u1", 2: "u2", 4: "u4", 8: "u8", 16: "u8"}[a.dtype.itemsize]
    return np.where(np.asarray(tnp.isnan(x)), 0, a.view(kind)) if a.dtype.kind != "c" else a.view(kind)


def same(f, *arrays):
    """The same bits eager and compiled; the program's steps."""
    compiled = tnp.function(f)
    want = f(*arrays)
    for _ in range(3):
        got = compiled(*arrays)
        assert got.dtype == want.dtype and got.shape == want.shape
        np.testing.assert_array_equal(bits(got), bits(want))
    return compiled.steps(*arrays)


VALUES = {
    "x * 1": lambda x: x * 1,
    "1 * x": lambda x: 1 * x,
    "x * 1.0": lambda x: x * 1.0,
    "x + 0": lambda x: x + 0,
    "x + 0.0": lambda x: x + 0.0,
    "x + -0.0": lambda x: x + -0.0,
    "-0.0 + x": lambda x: -0.0 + x,
    "x - 0": lambda x: x - (False if x.dtype == tnp.bool_ else 0) if x.dtype != tnp.bool_ else x,
    "x - 0.0": lambda x: x - 0.0,
    "x - -0.0": lambda x: x - -0.0,
    "0.0 - x": lambda x: 0.0 - x,
    "x / 1": lambda x: x / 1,
    "x / 4": lambda x: x / 4,
    "x / -0.5": lambda x: x / -0.5,
    "x / 2**90": lambda x: x / 2.0**90,
    "x / 3": lambda x: x / 3,
    "x / 0": lambda x: x / 0.0,
    "--x": lambda x: tnp.negative(-x) if x.dtype != tnp.bool_ else x,
    "||x||": lambda x: abs(abs(x)),
    "|-x|": lambda x: abs(-x) if x.dtype != tnp.bool_ else x,
    "not not x": lambda x: tnp.logical_not(tnp.logical_not(x)),
    "not not not x": lambda x: tnp.logical_not(tnp.logical_not(tnp.logical_not(x))),
    "max": lambda x: tnp.maximum(x, x) + tnp.minimum(x, x),
    "where same": lambda x: tnp.where(x > 0, x, x),
    "where true": lambda x: tnp.where(True, x, 0),
    "where false": lambda x: tnp.where(False, 0, x),
    "where 1, 0": lambda x: tnp.where(x > 0, 1, 0),
    "where 1.0, 0.0": lambda x: tnp.where(x > 0, 1.0, 0.0),
    "where 1.0, -0.0": lambda x: tnp.where(x > 0, 1.0, -0.0),
    "where not": lambda x: tnp.where(tnp.logical_not(x > 0), x, 1),
    "where not of numbers": lambda x: tnp.where(tnp.logical_not(x), x, 1),
    "reshape": lambda x: x[None, :].reshape(-1).reshape(-1, 1).reshape(-1),
    "transpose": lambda x: tnp.stack([x, x]).T.T + 1,
    "permute": lambda x: tnp.transpose(tnp.transpose(tnp.stack([x, x])[None], (1, 2, 0)), (2, 0, 1)),
    "slices": lambda x: x[1:][::-1][1:] * 2,
    "slice of joined": lambda x: tnp.concatenate([x, x + x, x])[x.shape[0] + 1 : 2 * x.shape[0]],
    "slice over a joint": lambda x: tnp.concatenate([x, x + x])[1:-1],
    "gather of all": lambda x: x[tnp.arange(x.shape[0])],
    "gather of some": lambda x: x[tnp.arange(2)],
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("dtype", REAL)
def test_rules_give_the_same_bits(name, dtype):
    same(VALUES[name], data(dtype))


@pytest.mark.parametrize("name", ["x * 1", "x + 0", "x - 0", "x / 1", "x * 1.0", "--x", "where true", "transpose"])
def test_complex(name):
    x = tnp.asarray(np.array([complex(a, b) for a in SPECIAL[:10] for b in SPECIAL[:10]]))
    f = tnp.function(VALUES[name])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(np.asarray(f(x)), np.asarray(VALUES[name](x)))


@pytest.mark.parametrize("to", REAL)
@pytest.mark.parametrize("by", REAL)
@pytest.mark.parametrize("dtype", REAL)
def test_casts_of_casts(dtype, by, to):
    x = data(dtype)
    if dtype in ("float16", "bfloat16", "float32", "float64"):
        x = x[:6]  # what does not fit into integers is converted to anything
    if "uint" in to + by:
        x = abs(x)
    same(lambda x: x.astype(by).astype(to), x)


@pytest.mark.parametrize(
    ("f", "gone"),
    [
        (lambda x: tnp.sin(x * 1), "multiply"),
        (lambda x: tnp.sin(1.0 * x), "multiply"),
        (lambda x: tnp.sin(x - 0.0), "subtract"),
        (lambda x: tnp.sin(x + -0.0), "add"),
        (lambda x: tnp.sin(x / 1), "divide"),
        (lambda x: tnp.sin(x / 8), "divide"),
        (lambda x: tnp.sin(tnp.negative(-x)), "negative"),
        (lambda x: abs(-tnp.sin(x)), "negative"),
        (lambda x: abs(abs(tnp.sin(x))), "absolute(%2)"),
        (lambda x: tnp.sin(tnp.maximum(x, x)), "maximum"),
        (lambda x: tnp.sin(tnp.where(x > 0, x, x)), "where"),
        (lambda x: tnp.sin(tnp.where(True, x, 0)), "where"),
        (lambda x: tnp.where(tnp.logical_not(x > 0), tnp.sin(x), x), "logical_not"),
        (lambda x: x + tnp.where(x > 0, 1, 0).astype("float32"), "where"),
        (lambda x: tnp.sin(x.astype("float64").astype("float32")), "cast"),
        (lambda x: tnp.sin(x.T.T), "transpose"),
        (lambda x: tnp.sin(x[:]), "slice"),
        (lambda x: tnp.sin(x[tnp.arange(x.shape[0])]), "gather"),
    ],
)
def test_what_goes(f, gone):
    x = data("float32")
    assert gone not in same(f, x)


@pytest.mark.parametrize("kept", ["x + 0.0", "x - -0.0", "x / 3", "x / 0", "0.0 - x", "where 1.0, -0.0"])
def test_what_stays(kept):
    steps = same(VALUES[kept], data("float32"))
    assert any(op in steps for op in ("add", "subtract", "divide", "where"))


def test_slices_of_known_sizes():
    """Where sizes are numbers, as in plans for sizes that come again."""
    spec = tnp.ArraySpec((10, 4), tnp.float32)
    f = tnp.function(lambda x: x[2:][1:][::2, 1:] + 1, input_signature=[spec])
    x = tnp.asarray(np.arange(40, dtype="float32").reshape(10, 4))
    np.testing.assert_array_equal(np.asarray(f(x)), np.asarray(x)[2:][1:][::2, 1:] + 1)
    assert f.steps(x).count("slice") == 1
    g = tnp.function(lambda x: tnp.concatenate([x * 2, x - 1])[12:15] + 1, input_signature=[spec])
    np.testing.assert_array_equal(np.asarray(g(x)), np.concatenate([np.asarray(x) * 2, np.asarray(x) - 1])[12:15] + 1)
    assert "concatenate" not in g.steps(x) and "multiply" not in g.steps(x)


def test_a_slice_out_of_bounds_is_still_refused():
    f = tnp.function(lambda x: x[5])
    with pytest.raises(IndexError):
        f(tnp.zeros(5))


def test_other_captured_arrays():
    """A rule relies on what was captured: a batched call may be given other arrays for it."""
    one = tnp.asarray(1.0)

    def f(x, c):
        return tnp.function(lambda x: x * c / c)(x)

    x = tnp.asarray([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(np.asarray(f(x, one)), [1, 2, 3])
    got = tnp.vmap(lambda c: f(x, c + 0.0))(tnp.asarray([1.0, 2.0]))
    np.testing.assert_array_equal(np.asarray(got), [[1, 2, 3], [1, 2, 3]])
    np.testing.assert_array_equal(np.asarray(tnp.grad(lambda c: tnp.sum(tnp.function(lambda y: y * c)(x)))(one)), 6.0)
