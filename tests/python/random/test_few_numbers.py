"""Few numbers whose parameters are numbers have a short way: it gives what the operations give, bit by bit."""

import threading

import pytest
import tnp

import numpy as np

CALLS = [
    ("random", ()),
    ("uniform", (-2.0, 3)),
    ("normal", (1.0, 2.0)),
    ("normal", ()),
    ("standard_normal", ()),
    ("lognormal", (0.5, 0.7)),
    ("standard_exponential", ()),
    ("exponential", (3,)),
    ("laplace", (1.0, 2.0)),
    ("logistic", (1.0, 2.0)),
    ("gumbel", (1.0, 2.0)),
    ("rayleigh", (2.0,)),
    ("weibull", (1.7,)),
    ("weibull", (0,)),
    ("pareto", (3.0,)),
    ("power", (0.4,)),
    ("standard_cauchy", ()),
    ("triangular", (-1, 0.5, 4.0)),
    ("wald", (2.0, 3.0)),
    ("vonmises", (0.5, 2.0)),
    ("vonmises", (0.0, 1e-9)),
    ("standard_gamma", (0.3,)),
    ("gamma", (2.5, 3.0)),
    ("gamma", (1.0,)),
    ("beta", (0.4, 0.6)),
    ("beta", (2.0, 0.5)),
    ("chisquare", (3,)),
    ("noncentral_chisquare", (3.0, 2.0)),
    ("noncentral_chisquare", (0.5, 2.0)),
    ("f", (5.0, 7.0)),
    ("noncentral_f", (5.0, 7.0, 2.0)),
    ("standard_t", (4.0,)),
    ("poisson", ()),
    ("poisson", (35,)),
    ("binomial", (9, 0.3)),
    ("binomial", (9, 0.9)),
    ("binomial", (200, 0.04)),
    ("binomial", (100, 0.4)),
    ("negative_binomial", (3.5, 0.4)),
    ("geometric", (0.3,)),
    ("hypergeometric", (9, 8, 7)),
    ("hypergeometric", (90, 80, 70)),
    ("zipf", (2.0,)),
    ("logseries", (0.5,)),
]
SIZES = [None, (), 1, (2, 3), 33, 64, 65, 0]


@pytest.mark.parametrize("kind", ["Generator", "RandomState"])
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_short_and_long_way(call, kind):
    """While a tape records, every draw is an operation; so are draws for arrays of parameters."""
    name, args = call
    if kind == "RandomState" and name == "random":
        name = "random_sample"

    def drawn(as_arrays):
        rng = tnp.random.default_rng(7) if kind == "Generator" else tnp.random.RandomState(7)
        given = [tnp.asarray(a) for a in args] if as_arrays else args
        out = []
        for size in SIZES:
            out += [getattr(rng, name)(*given, **({} if size is None else {"size": size})) for _ in range(3)]
        return [(x.dtype.name, x.shape, np.asarray(x).tobytes()) for x in [*out, rng.uniform(size=3)]]

    short = drawn(False)
    assert drawn(True) == short
    with tnp.GradientTape():
        assert drawn(False) == short
        assert drawn(True) == short
    with tnp.default_float("float32"):
        assert {d for d, *_ in drawn(False)} <= {"float32", "int64"}


@pytest.mark.parametrize(
    "call",
    [("normal", 0.0, -1.0), ("wald", 1.0, 0), ("triangular", 1, 0, 2), ("gamma", -1.0), ("vonmises", 0.0, -1.0), ("poisson", -1),
     ("binomial", -1, 0.5), ("binomial", 5, 1.5), ("f", 1.0, 0.0), ("zipf", 1.0), ("uniform", 1.0, 0.0),
     ("hypergeometric", 3, 4, 9), ("beta", 0, 1.0)],
    ids=str,
)  # fmt: skip
def test_refused_parameters(call):
    """As for arrays of parameters; the generator does not move."""
    name, *args = call
    rng = tnp.random.default_rng(3)
    state = rng.bit_generator.state
    messages = set()
    for size in (None, 3, 65):
        for given in (args, [tnp.asarray(a) for a in args]):
            with pytest.raises(ValueError) as error:
                getattr(rng, name)(*given, size=size)
            messages.add(str(error.value))
    assert len(messages) == 1
    with pytest.raises(ValueError):
        getattr(np.random.default_rng(3), name)(*args)
    assert rng.bit_generator.state == state
    with pytest.raises(OverflowError):
        rng.uniform(-1e308, 1e308)


def test_what_holds_the_state_keeps_it():
    """The generator writes over its state only where nobody else has it."""
    rng = tnp.random.RandomState(5)
    state = rng.get_state()
    seen = np.asarray(state[1])
    view = state[1][:2]
    before = seen.copy()
    first = [float(rng.normal(0.0, 1.0)) for _ in range(4)]
    assert np.array_equal(seen, before) and np.array_equal(np.asarray(view), before[:2])
    rng.set_state(state)
    assert [float(rng.normal(0.0, 1.0)) for _ in range(4)] == first
    assert np.array_equal(seen, before) and np.array_equal(np.asarray(state[1]), before)
    rng.set_state(state)
    del state, view
    assert [float(rng.normal(0.0, 1.0)) for _ in range(4)] == first
    assert np.array_equal(seen, before)


def test_functions_go_on_where_eager_calls_end():
    """Eager draws between the calls of a compiled function, which has the same state."""
    rng = tnp.random.default_rng(11)
    traced = tnp.function(lambda: rng.normal(0.0, 1.0))
    mixed = [float(f()) for f in [traced, lambda: rng.normal(0.0, 1.0)] * 3]
    other = tnp.random.default_rng(11)
    assert mixed == pytest.approx([float(other.normal(0.0, 1.0)) for _ in range(6)], rel=1e-14)


def test_threads_share_a_generator():
    """No number is drawn twice."""
    rng = tnp.random.default_rng(2)
    drawn = [[] for _ in range(4)]
    threads = [
        threading.Thread(target=lambda own=own: own.extend(float(rng.uniform(0.0, 1.0)) for _ in range(2000)))
        for own in drawn
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len({x for own in drawn for x in own}) == 8000
