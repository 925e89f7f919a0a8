"""Every distribution against SciPy's, streams, errors as NumPy's."""

import copy
import inspect
import pickle

import pytest
import tnp
from scipy import stats

import numpy as np

N = 20_000

# name, arguments, SciPy's distribution
CONTINUOUS = [
    ("random", (), stats.uniform()),
    ("uniform", (-2.0, 3.0), stats.uniform(-2, 5)),
    ("normal", (1.0, 2.0), stats.norm(1, 2)),
    ("standard_normal", (), stats.norm()),
    ("lognormal", (0.5, 0.7), stats.lognorm(0.7, scale=np.exp(0.5))),
    ("standard_exponential", (), stats.expon()),
    ("exponential", (3.0,), stats.expon(scale=3)),
    ("laplace", (1.0, 2.0), stats.laplace(1, 2)),
    ("logistic", (1.0, 2.0), stats.logistic(1, 2)),
    ("gumbel", (1.0, 2.0), stats.gumbel_r(1, 2)),
    ("rayleigh", (2.0,), stats.rayleigh(scale=2)),
    ("weibull", (1.7,), stats.weibull_min(1.7)),
    ("pareto", (3.0,), stats.lomax(3)),
    ("power", (0.4,), stats.powerlaw(0.4)),
    ("standard_cauchy", (), stats.cauchy()),
    ("triangular", (-1.0, 0.5, 4.0), stats.triang(0.3, -1, 5)),
    ("wald", (2.0, 3.0), stats.invgauss(2 / 3, scale=3)),
    ("vonmises", (0.5, 2.0), stats.vonmises(2.0, 0.5)),
    ("vonmises", (0.0, 1e-9), stats.uniform(-np.pi, 2 * np.pi)),
    ("vonmises", (0.0, 1e8), stats.norm(0, 1e-4)),
    ("standard_gamma", (0.3,), stats.gamma(0.3)),
    ("gamma", (2.5, 3.0), stats.gamma(2.5, scale=3)),
    ("gamma", (1e5, 1.0), stats.gamma(1e5)),
    ("beta", (0.4, 0.6), stats.beta(0.4, 0.6)),
    ("beta", (2.0, 0.5), stats.beta(2, 0.5)),
    ("beta", (1.0, 3.5), stats.beta(1, 3.5)),
    ("chisquare", (2.0,), stats.chi2(2)),
    ("chisquare", (3.0,), stats.chi2(3)),
    ("noncentral_chisquare", (3.0, 2.0), stats.ncx2(3, 2)),
    ("noncentral_chisquare", (0.5, 2.0), stats.ncx2(0.5, 2)),
    ("f", (5.0, 7.0), stats.f(5, 7)),
    ("noncentral_f", (5.0, 7.0, 2.0), stats.ncf(5, 7, 2)),
    ("standard_t", (4.0,), stats.t(4)),
]
DISCRETE = [
    ("poisson", (0.7,), stats.poisson(0.7)),
    ("poisson", (35.0,), stats.poisson(35)),
    ("poisson", (1e6,), stats.poisson(1e6)),
    ("binomial", (7, 0.3), stats.binom(7, 0.3)),
    ("binomial", (100, 0.8), stats.binom(100, 0.8)),
    ("binomial", (10**9, 0.25), stats.binom(10**9, 0.25)),
    ("negative_binomial", (3.5, 0.4), stats.nbinom(3.5, 0.4)),
    ("geometric", (0.3,), stats.geom(0.3)),
    ("geometric", (1e-3,), stats.geom(1e-3)),
    ("hypergeometric", (7, 9, 5), stats.hypergeom(16, 7, 5)),
    ("hypergeometric", (700, 300, 450), stats.hypergeom(1000, 700, 450)),
    ("hypergeometric", (30, 900, 700), stats.hypergeom(930, 30, 700)),
    ("zipf", (2.5,), stats.zipf(2.5)),
    ("logseries", (0.6,), stats.logser(0.6)),
]
ROWS = [
    ("dirichlet", ([0.5, 2.0, 3.5],)),
    ("multinomial", (20, [0.2, 0.3, 0.5])),
    ("multivariate_hypergeometric", ([5, 6, 7], 8)),
    ("integers", (-5, 1000)),
    ("choice", (50,)),
]
ALL = [(n, a) for n, a, _ in CONTINUOUS + DISCRETE] + ROWS


def identifier(case):
    """The name and the arguments."""
    return f"{case[0]}{case[1]}"


def numbers(x):
    return np.asarray(x)


@pytest.mark.parametrize("case", CONTINUOUS, ids=identifier)
def test_continuous(case):
    name, args, d = case
    x = numbers(getattr(tnp.random.default_rng(3), name)(*args, size=N))
    assert x.dtype == np.float64 and x.shape == (N,)
    assert stats.kstest(x, d.cdf).pvalue > 1e-3
    mean, var = d.stats("mv")
    if np.isfinite(mean) and np.isfinite(var) and "vonmises" not in name:
        assert abs(x.mean() - mean) < 6 * np.sqrt(var / N)


@pytest.mark.parametrize("case", DISCRETE, ids=identifier)
def test_discrete(case):
    name, args, d = case
    x = numbers(getattr(tnp.random.default_rng(3), name)(*args, size=N))
    assert x.dtype == np.int64
    low, high = int(d.ppf(0.001)), int(d.ppf(0.999))
    edges = np.unique(np.linspace(low, high, 30).astype(int))  # bins ]previous, edge], and the rest
    below = np.searchsorted(edges, x)
    cdf = np.concatenate([[0], d.cdf(edges), [1]])
    expected = N * np.diff(cdf)
    seen = np.bincount(below, minlength=len(expected)).astype(float)
    keep = expected > 5
    other = [seen[~keep].sum(), expected[~keep].sum()]
    f, e = np.append(seen[keep], other[0]), np.append(expected[keep], other[1])
    if e[-1] == 0:
        assert f[-1] == 0
        f, e = f[:-1], e[:-1]
    assert stats.chisquare(f, e * f.sum() / e.sum()).pvalue > 1e-3


def test_rows():
    g = tnp.random.default_rng(4)
    alpha = np.array([0.5, 2.0, 3.5])
    for a in (alpha, alpha / 100):
        x = numbers(g.dirichlet(a, N))
        assert x.shape == (N, 3)
        np.testing.assert_allclose(x.sum(axis=1), 1)
        for i in range(3):
            assert stats.kstest(x[:, i], stats.beta(a[i], a.sum() - a[i]).cdf).pvalue > 1e-3 or a[i] < 0.1
            assert abs(x[:, i].mean() - a[i] / a.sum()) < 0.02
    x = numbers(g.multinomial(20, [0.2, 0.3, 0.5], N))
    assert x.shape == (N, 3) and np.all(x.sum(axis=1) == 20) and x.dtype == np.int64
    np.testing.assert_allclose(x.mean(axis=0), [4, 6, 10], atol=0.1)
    np.testing.assert_allclose(
        np.cov(x.T), np.cov(np.random.default_rng(0).multinomial(20, [0.2, 0.3, 0.5], N).T), atol=0.3
    )
    assert g.multinomial([3, 4], [0.5, 0.5]).shape == (2, 2)
    assert g.multinomial([3, 4], [[[0.5, 0.5]], [[0.1, 0.9]]]).shape == (2, 2, 2)
    x = numbers(g.multivariate_hypergeometric([5, 6, 7], 8, N))
    assert np.all(x.sum(axis=1) == 8) and np.all(x <= [5, 6, 7])
    np.testing.assert_allclose(x.mean(axis=0), 8 * np.array([5, 6, 7]) / 18, atol=0.05)


@pytest.mark.parametrize("case", ALL, ids=identifier)
def test_streams(case):
    name, args = case
    n = 3000

    def draw():
        g = tnp.random.default_rng(11)
        method = getattr(g, name)
        return numbers(method(*args, size=n)), numbers(g.random(3))

    results = []
    for threads in (1, 2, 5):
        with tnp.threads(threads):
            results.append(draw())
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
    # Compiled, the state goes on.
    g = tnp.random.default_rng(11)
    method = getattr(g, name)
    f = tnp.function(lambda: method(*args, size=n))
    np.testing.assert_array_equal(numbers(f()), results[0][0])
    np.testing.assert_array_equal(numbers(g.random(3)), results[0][1])
    assert not np.array_equal(numbers(f()), results[0][0]) or name == "vonmises"


def test_broadcasting_and_sizes():
    g = tnp.random.default_rng(0)
    assert g.gamma([1.0, 2.0], [[1.0], [2.0], [3.0]]).shape == (3, 2)
    assert g.poisson([[1.0], [2.0]], size=(2, 3)).shape == (2, 3)
    x = numbers(g.poisson([0.0, 1000.0], size=(4, 2)))
    assert np.all(x[:, 0] == 0) and np.all(x[:, 1] > 500)
    x = numbers(g.binomial([[5], [50]], [0.0, 1.0]))
    assert x.tolist() == [[0, 5], [0, 50]]
    assert g.poisson(2.0).shape == () and g.beta(1, 2, ()).shape == () and g.beta(1, 2, 0).shape == (0,)
    for size in (3, (2, 2), (1,), 0):
        assert g.zipf(2.0, size).shape == np.random.default_rng(0).zipf(2.0, size).shape
    assert g.standard_gamma(1.5, 3, dtype="float32").dtype == np.float32
    assert g.standard_exponential(3, dtype=np.float32).dtype == np.float32
    assert numbers(g.hypergeometric([1, 0], [0, 1], 1)).tolist() == [1, 0]


def test_dirichlet_margins():
    """Each part of a row is a beta variable, and parts of a row hang together only by their sum."""
    g = tnp.random.default_rng(3)
    alpha = np.array([0.5, 1.0, 2.0, 3.5])
    x = numbers(g.dirichlet(alpha, N))
    np.testing.assert_allclose(x.sum(1), 1)
    for j, a in enumerate(alpha):
        assert stats.kstest(x[:, j], stats.beta(a, alpha.sum() - a).cdf).pvalue > 1e-4
    mean = alpha / alpha.sum()
    expected = (np.diag(mean) - np.outer(mean, mean)) / (alpha.sum() + 1)
    np.testing.assert_allclose(np.cov(x.T), expected, atol=0.002)


def test_bounded_integers():
    g = tnp.random.default_rng(5)
    x = numbers(g.integers([0, 10, -5], [2, 20, 0], size=(1000, 3)))
    assert x.min(0).tolist() == [0, 10, -5] and x.max(0).tolist() == [1, 19, -1]
    assert g.integers([1, 2], dtype="uint8").dtype == np.uint8
    # A range of 3/4 of all: a remainder would be twice as often below a third.
    for last in (3 * 2**30, 2**32 - 2, 2**32 - 1, 2**32, 2**40 + 1):  # of which a word of 32 bits decides some
        x = numbers(g.integers(-5, last - 5, 10 * N))
        assert x.min() >= -5 and x.max() < last - 5
        assert stats.kstest((x + 5) / last, "uniform").pvalue > 1e-4
    x = numbers(g.integers(0, 3 * 2**62, N, dtype=np.uint64)).astype(float)
    assert stats.kstest(x / (3 * 2.0**62), "uniform").pvalue > 1e-3
    for low, high in (([0, 5], [3, 4]), ([0, 300], [1, 301])):
        with pytest.raises(ValueError):
            g.integers(low, high, dtype="uint8")
    with pytest.raises(ValueError):
        tnp.function(lambda a: g.integers(a, a))(tnp.asarray([1, 2]))


def test_choice():
    g = tnp.random.default_rng(6)
    x = numbers(g.choice(5, N, p=[0.1, 0, 0.3, 0.2, 0.4]))
    assert stats.chisquare(np.bincount(x)[[0, 2, 3, 4]], N * np.array([0.1, 0.3, 0.2, 0.4])).pvalue > 1e-3
    assert sorted(numbers(g.choice(10, 10, replace=False)).tolist()) == list(range(10))
    few = numbers(g.choice(10**12, 100, replace=False))
    assert len(set(few.tolist())) == 100 and few.max() < 10**12
    assert g.choice([[1, 2], [3, 4]], 3, axis=1).shape == (2, 3)
    assert g.choice(tnp.asarray([1.5, 2.5]), (2, 2)).dtype == np.float64
    first = [int(g.choice(3, 2, replace=False, p=[0.6, 0.3, 0.1])[0]) for _ in range(3000)]
    assert stats.chisquare(np.bincount(first), 3000 * np.array([0.6, 0.3, 0.1])).pvalue > 1e-3
    assert g.choice(5, 0).shape == (0,) and g.choice(5).shape == ()
    f = tnp.function(lambda x: g.choice(x, 2, replace=False))
    assert set(numbers(f(tnp.arange(3))).tolist()) < {0, 1, 2}


def test_arrangements():
    g = tnp.random.default_rng(7)
    x = numbers(g.permutation(1000))
    assert sorted(x.tolist()) == list(range(1000)) and not np.array_equal(x, np.arange(1000))
    a = np.arange(24).reshape(4, 6)
    for shuffled in (g.permutation(a, axis=1), g.shuffle(a, axis=1)):
        s = numbers(shuffled)
        assert np.array_equal(np.sort(s, axis=1), a) and np.all(np.diff(s, axis=0) == 6)
    s = numbers(g.permuted(a, axis=1))
    assert np.array_equal(np.sort(s, axis=1), a) and not np.all(np.diff(s, axis=0) == 6)
    assert sorted(numbers(g.permuted(a)).ravel().tolist()) == list(range(24))
    counts = np.zeros((3, 3))
    for _ in range(600):
        counts[np.arange(3), numbers(g.permutation(3))] += 1
    assert stats.chisquare(counts.ravel()).pvalue > 1e-3
    assert tnp.random.permutation(4).shape == (4,)
    assert len(g.bytes(13)) == 13 and isinstance(tnp.random.bytes(3), bytes)


def test_gradients():
    seed = 3
    cases = [
        (lambda t, g: g.normal(t[0], t[1], 5), [1.0, 2.0]),
        (lambda t, g: g.uniform(t[0], t[1], 5), [1.0, 2.0]),
        (lambda t, g: g.laplace(t[0], t[1], 5), [1.0, 2.0]),
        (lambda t, g: g.gumbel(t[0], t[1], 5), [1.0, 2.0]),
        (lambda t, g: g.lognormal(t[0], t[1], 5), [0.1, 0.2]),
        (lambda t, g: g.weibull(t[0], 5) * t[1], [1.5, 2.0]),
        (lambda t, g: g.wald(t[0], t[1], 5), [1.5, 2.0]),
        (lambda t, g: g.triangular(-t[0], 0.3 * t[1], t[1], 5), [1.5, 2.0]),
        (lambda t, g: g.gamma(2.0, t[0], 5) + t[1], [1.5, 2.0]),
    ]
    for f, start in cases:
        loss = lambda t, f=f: tnp.sum(f(t, tnp.random.default_rng(seed)) ** 2)
        t = tnp.asarray(start)
        analytic = numbers(tnp.grad(loss)(t))
        h = 1e-6
        numeric = [(float(loss(t + h * np.eye(2)[i])) - float(loss(t - h * np.eye(2)[i]))) / (2 * h) for i in range(2)]
        np.testing.assert_allclose(analytic, numeric, rtol=1e-4, atol=1e-5)


def test_vmap_draws_anew_for_each_example():
    g = tnp.random.default_rng(8)
    for draw in (
        lambda lam: g.poisson(lam, (3,)),
        lambda lam: g.gamma(lam, size=(3,)),
        lambda lam: g.choice(1000, 3, replace=False) + 0 * lam,
        lambda lam: g.choice(3, 30, p=[0.2, 0.3, 0.5]) + 0 * lam,
        lambda lam: g.multinomial(100, [0.5, 0.5], 3)[..., 0] + 0 * lam,
        lambda lam: g.dirichlet([1.0, 2.0]) + lam,
        lambda lam: g.permutation(50) + 0 * lam,
        lambda lam: g.normal(lam, 1.0),
    ):
        x = numbers(tnp.vmap(draw)(tnp.asarray([1000.0, 1000.0, 1000.0])))
        assert x.shape[0] == 3 and len(np.unique(x, axis=0)) == 3
    x = numbers(tnp.vmap(lambda lam: g.poisson(lam, (50,)))(tnp.asarray([1.0, 1000.0])))
    assert x.shape == (2, 50) and x[0].max() < 20 and x[1].min() > 500


# -- seeds, states, bit generators -------------------------------------------------------------------------------------


@pytest.mark.parametrize("entropy", [0, 1, 2**32, 2**100 + 7, [1, 2, 3], [2**40, 0], [[1], [2, 3]]])
@pytest.mark.parametrize("key", [(), (1,), (2, 2**35)])
def test_seed_sequence_is_numpys(entropy, key):
    ours, theirs = (m.SeedSequence(entropy, spawn_key=key) for m in (tnp.random, np.random))
    assert ours.entropy == theirs.entropy and ours.spawn_key == theirs.spawn_key
    for n in (1, 4, 9):
        assert numbers(ours.generate_state(n)).tolist() == theirs.generate_state(n).tolist()
        assert numbers(ours.generate_state(n, np.uint64)).tolist() == theirs.generate_state(n, np.uint64).tolist()
    for a, b in zip(ours.spawn(2), theirs.spawn(2), strict=True):
        assert numbers(a.pool).tolist() == b.pool.tolist() and a.spawn_key == b.spawn_key
    assert ours.n_children_spawned == 2
    assert ours.spawn(1)[0].spawn_key == theirs.spawn(1)[0].spawn_key


def test_streams_of_bit_generators():
    r = tnp.random
    for cls in (r.Philox, r.PCG64, r.MT19937, r.SFC64, r.PCG64DXSM):
        b = cls(5)
        assert isinstance(b, r.BitGenerator)
        g, h = r.Generator(b), r.Generator(cls(5))
        np.testing.assert_array_equal(numbers(g.random(5)), numbers(h.random(5)))
        state = b.state
        x = numbers(g.normal(size=7))
        b.state = state
        np.testing.assert_array_equal(numbers(g.normal(size=7)), x)
        far = b.jumped()
        assert type(far) is cls and far.state["state"]["counter"] - b.state["state"]["counter"] == 1 << 96
        assert b.jumped(3).state == far.jumped(2).state
        assert pickle.loads(pickle.dumps(b)).state == b.state and copy.deepcopy(b).state == b.state
        assert repr(g).startswith(f"Generator({cls.__name__})")
    assert g.bit_generator is b
    g = r.default_rng(5)
    again = pickle.loads(pickle.dumps(g))
    np.testing.assert_array_equal(numbers(g.random(5)), numbers(again.random(5)))
    children = g.spawn(3)
    assert len({float(c.random()) for c in [g, *children]}) == 4
    assert [float(c.random()) for c in r.default_rng(5).spawn(3)] != [
        float(c.random()) for c in r.default_rng(6).spawn(3)
    ]
    assert r.default_rng(g) is g and r.default_rng(b).bit_generator is b
    assert float(r.default_rng([1, 2]).random()) == float(r.default_rng(r.SeedSequence([1, 2])).random())
    assert r.Philox(key=7, counter=2).state["state"] == {"counter": 2, "key": 7}
    assert r.Philox(3).random_raw(4).dtype == np.uint64
    for bad in ("text", 1.5, [1.5], -1, object()):
        with pytest.raises((TypeError, ValueError)):
            r.default_rng(bad)
    with pytest.raises(ValueError):
        b.state = {"bit_generator": "Other", "state": {"counter": 0, "key": 0}}
    with pytest.raises(ValueError):
        r.Philox(counter=2**128)
    with pytest.raises(TypeError):
        r.Generator(5)
    with pytest.raises(TypeError):
        r.Generator.__new__(r.Generator).random()


def test_legacy_state():
    r = tnp.random
    r.seed(3)
    state, other = r.get_state(), r.get_state(legacy=False)
    x = numbers(r.normal(size=4))
    for s in (state, other):
        r.set_state(s)
        np.testing.assert_array_equal(numbers(r.normal(size=4)), x)
    s = r.RandomState(3)
    np.testing.assert_array_equal(numbers(s.normal(size=4)), x)
    s.seed([1, 2])
    y = float(s.random())
    s.seed(None)
    assert float(s.random()) != y
    with pytest.raises((TypeError, ValueError)):
        s.set_state(3)
    with pytest.raises(ValueError):
        s.set_state(("MT19937", [1, 2, 3]))
    with pytest.warns(DeprecationWarning):
        assert 1 <= int(s.random_integers(3)) <= 3


def test_the_module_has_numpys_names():
    for name in np.random.__all__:
        assert hasattr(tnp.random, name), name
    for mine, theirs in ((tnp.random.Generator, np.random.Generator), (tnp.random.RandomState, np.random.RandomState)):
        for name in dir(theirs):
            if not name.startswith("_"):
                assert hasattr(mine, name), name


MISUSE = [
    "uniform(0,np.inf)",
    "normal(0,-1)",
    "normal(0,[1,-1])",
    "beta(0,1)",
    "beta(1,-1)",
    "binomial(-1,.5)",
    "binomial(10,np.nan)",
    "binomial(10,1.1)",
    "poisson(np.nan)",
    "poisson(-1)",
    "poisson(1e30)",
    "poisson([1,-1])",
    "negative_binomial(0,.5)",
    "negative_binomial(1,0)",
    "geometric(0)",
    "geometric(1.5)",
    "hypergeometric(1,2,5)",
    "hypergeometric(-1,2,1)",
    "zipf(1)",
    "zipf(np.nan)",
    "logseries(1)",
    "logseries(-.1)",
    "dirichlet([-1,1])",
    "dirichlet([[1.,2.]])",
    "multinomial(-1,[.5,.5])",
    "multinomial(10,[.9,.6,.1])",
    "multinomial(10,[-.5,1.5])",
    "choice(0)",
    "choice([])",
    "choice(5,6,replace=False)",
    "choice(5,p=[.5,.5])",
    "choice(2,p=[.5,.6])",
    "choice(2,p=[-.5,1.5])",
    "choice(3.0)",
    "choice(3,2,False,[1.,0,0])",
    "choice(2,p=[np.nan,1])",
    "permutation(3.0)",
    "triangular(1,0,2)",
    "triangular(1,1,1)",
    "triangular(0,3,2)",
    "wald(0,1)",
    "wald(1,0)",
    "vonmises(0,-1)",
    "weibull(-1)",
    "power(0)",
    "pareto(-1)",
    "normal(size=-1)",
    "normal([1,2],size=3)",
    "normal('a')",
    "normal(1j)",
    "normal(None)",
    "shuffle(3)",
    "chisquare(0)",
    "f(0,1)",
    "f(1,0)",
    "standard_t(0)",
    "noncentral_chisquare(1,-1)",
    "noncentral_chisquare(0,1)",
    "noncentral_f(1,1,-1)",
    "gumbel(0,-1)",
    "rayleigh(-1)",
    "standard_gamma(-1)",
    "gamma(-1)",
    "gamma(1,-1)",
    "exponential(-1)",
    "laplace(0,-1)",
    "logistic(0,-1)",
    "lognormal(0,-1)",
    "standard_normal((2,),dtype='f2')",
    "standard_normal(2,dtype='i4')",
    "normal(size=1.5)",
    "normal(size='a')",
    "poisson(1,[2,-1])",
    "multivariate_hypergeometric([1,2],5)",
    "multivariate_hypergeometric([-1,2],1)",
    "multivariate_hypergeometric([1,2],1,method='x')",
    "multivariate_hypergeometric([[1,2]],1)",
    "integers(5,5)",
    "integers(0)",
    "integers([0,5],[3,4])",
    "integers(2,dtype='f4')",
    "permuted([1,2,3],axis=4)",
    "permutation([1,2],axis=1)",
    "normal(bad=1)",
    "normal(1,2,3,4)",
    "beta(1)",
    "spawn('a')",
]


@pytest.mark.parametrize("call", MISUSE)
def test_misuse(call):
    with pytest.raises(Exception) as theirs:
        eval("g." + call, {"g": np.random.default_rng(0), "np": np})
    g = tnp.random.default_rng(0)
    before = g.bit_generator.state
    with pytest.raises(theirs.type):
        eval("g." + call, {"g": g, "np": np})
    assert g.bit_generator.state == before


def test_parameters_are_checked_in_compiled_functions():
    g = tnp.random.default_rng(0)
    for f in (
        lambda x: g.normal(0.0, x),
        lambda x: g.poisson(x),
        lambda x: g.gamma(x),
        lambda x: g.pareto(x),
        lambda x: g.triangular(0.0, x, 1.0),
        lambda x: g.binomial(3, x),
    ):
        compiled = tnp.function(f)
        compiled(tnp.asarray([0.5]))
        with pytest.raises(ValueError):
            compiled(tnp.asarray([-1.0]))


def test_out_is_refused():
    g = tnp.random.default_rng(0)
    for call in (g.random, g.standard_normal, g.standard_exponential):
        with pytest.raises(TypeError, match="immutable"):
            call(3, out=np.zeros(3))


def test_signatures():
    for mine, theirs in ((tnp.random.Generator, np.random.Generator),):
        for name in dir(theirs):
            if name.startswith("_") or not callable(getattr(theirs, name)) or name == "spawn":
                continue
            ours = list(inspect.signature(getattr(mine, name)).parameters)
            assert ours == list(inspect.signature(getattr(theirs, name)).parameters), name


def test_extreme_parameters():
    """Neither a hang nor a number that is none."""
    g = tnp.random.default_rng(9)
    with np.errstate(all="raise"):
        for x in (
            g.gamma([1e-300, 1e300, 0.0, np.inf], size=(5, 4)),
            g.beta([1e-300, 1e-5, 1e300], [1e-300, 1e-5, 1.0], size=(5, 3)),
            g.vonmises(0, [1e-300, 1e-6, 1e300, np.inf], size=(5, 4)),
            g.wald([1e-300, 1e150], [1e150, 1e-300], size=(5, 2)),
            g.zipf([1.0000001, 1000, 1e300], size=(5, 3)),
            g.logseries([0.0, 1e-300, 1 - 1e-16], size=(5, 3)),
            g.geometric([1e-300, 1.0], size=(5, 2)),
            g.poisson([9.2e18, 1e-300], size=(5, 2)),
            g.binomial([2**62, 2**62, 2**62], [1e-300, 0.5, 1.0], size=(5, 3)),
            g.negative_binomial([1e-300, 1e10], [0.5, 1e-3], size=(5, 2)),
            g.hypergeometric([999999999, 0, 0], [999999999, 999999999, 0], [10**9, 5, 0], size=(5, 3)),
            g.noncentral_chisquare([1e-300, 1e10], [1e30, 1e-300], size=(5, 2)),
            g.dirichlet([1e-300, 1e-300], 5),
        ):
            assert not np.any(np.isnan(numbers(x)))
    for x in (g.normal(0, np.nan), g.gamma(np.nan), g.beta(np.nan, 1), g.vonmises(0, np.nan), g.pareto(np.nan)):
        assert np.isnan(float(x))
