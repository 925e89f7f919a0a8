"""array-api-compat, SciPy and scikit-learn with plain tnp arrays and with strict ones.

Plain arrays are immutable: what writes into its arrays takes strict ones, whose objects change.
"""

import os
import subprocess
import sys
import textwrap

import array_api_compat as compat
import pytest
import tnp
from tnp import array_api as xp

import numpy as np


@pytest.mark.parametrize("namespace", [tnp, xp], ids=["tnp", "strict"])
def test_array_api_compat(namespace):
    """What array-api-compat asks of an array."""
    x = namespace.asarray([1.0, 2.0])
    assert compat.is_array_api_obj(x)
    assert compat.array_namespace(x, namespace.ones(2)) is namespace
    assert not any(
        f(x) for f in (compat.is_numpy_array, compat.is_torch_array, compat.is_jax_array, compat.is_lazy_array)
    )
    assert compat.size(x) == 2
    assert compat.to_device(x, compat.device(x)) is x
    with pytest.raises(TypeError):
        compat.array_namespace(x, np.ones(2))
    with pytest.raises(TypeError):
        compat.array_namespace(tnp.ones(2), xp.ones(2))


def test_info_of_plain_arrays():
    """The inspection of tnp itself."""
    info = tnp.__array_namespace_info__()
    assert info.default_device() in info.devices()
    assert info.default_dtypes()["real floating"] == tnp.float64
    assert set(info.dtypes(kind="real floating")) >= {"float32", "float64"}
    assert info.capabilities()["boolean indexing"]


def run(code):
    """A process with SciPy's switch, which it reads when it is imported."""
    env = {**os.environ, "SCIPY_ARRAY_API": "1", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)]
    out = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300)
    assert out.returncode == 0, out.stderr[-3000:]


COMMON = """
import numpy as np, tnp
from tnp import array_api as strict

def same(got, expected, namespace):
    got, expected = (v if isinstance(v, tuple) else (v,) for v in (got, expected))
    for g, e in zip(got, expected):
        if isinstance(e, np.ndarray) and e.ndim:
            assert type(g) is type(namespace.ones(1)), type(g)
        assert np.allclose(np.asarray(g), np.asarray(e), equal_nan=True), (g, e)

rng = np.random.default_rng(0)
v, m = rng.random(6) + 0.5, rng.normal(size=(12, 4))
label, target = np.arange(12) % 2, m[:, 0] + 0.1
"""

SCIPY = """
import scipy.fft, scipy.special, scipy.stats, scipy.signal, scipy.ndimage, scipy.integrate, scipy.optimize
import scipy.cluster.vq, scipy.cluster.hierarchy, scipy.constants, scipy.interpolate, scipy.linalg
import scipy.spatial.transform

def x_of(m):
    xp = scipy._lib._array_api.array_namespace(m)
    return xp.arange(m.shape[0], dtype=m.dtype) / 4.0

both = [
    lambda v, m: scipy.fft.rfft(v), lambda v, m: scipy.fft.dct(v), lambda v, m: scipy.special.softmax(v),
    lambda v, m: scipy.special.erf(v), lambda v, m: scipy.special.gammaln(v), lambda v, m: scipy.special.xlogy(v, v),
    lambda v, m: scipy.stats.skew(m, axis=0), lambda v, m: scipy.stats.kurtosis(m, axis=0),
    lambda v, m: scipy.stats.moment(m, order=3, axis=0), lambda v, m: tuple(scipy.stats.ttest_1samp(m, 0.0)),
    lambda v, m: scipy.stats.gmean(v), lambda v, m: scipy.stats.sem(v), lambda v, m: scipy.stats.entropy(v),
    lambda v, m: tuple(scipy.stats.chisquare(v)), lambda v, m: scipy.cluster.vq.vq(m, m[:3, ...])[1],
    lambda v, m: scipy.cluster.hierarchy.linkage(m), lambda v, m: scipy.signal.detrend(v),
    lambda v, m: scipy.signal.convolve(v, v), lambda v, m: scipy.ndimage.gaussian_filter(m, 1.0),
    lambda v, m: scipy.integrate.trapezoid(v), lambda v, m: scipy.integrate.cumulative_trapezoid(v),
    lambda v, m: scipy.optimize.rosen(v), lambda v, m: scipy.stats.rankdata(v), lambda v, m: scipy.stats.trim_mean(v, 0.2),
    lambda v, m: scipy.stats.kstat(v, 2), lambda v, m: scipy.signal.fftconvolve(v, v),
    lambda v, m: scipy.signal.correlate(v, v), lambda v, m: scipy.signal.convolve2d(m, m),
    lambda v, m: scipy.signal.lfilter(v[:2], v[2:4], v), lambda v, m: scipy.signal.medfilt(v, 3),
    lambda v, m: scipy.ndimage.sobel(m), lambda v, m: scipy.ndimage.zoom(m, 2), lambda v, m: scipy.ndimage.uniform_filter(m),
    lambda v, m: scipy.ndimage.median_filter(m, size=3), lambda v, m: scipy.ndimage.rotate(m, 30.0),
    lambda v, m: scipy.integrate.simpson(v), lambda v, m: scipy.interpolate.CubicSpline(x_of(m), m)(v),
    lambda v, m: scipy.interpolate.make_interp_spline(x_of(m), m)(v),
    lambda v, m: scipy.linalg.det(m[:4, :]), lambda v, m: scipy.constants.convert_temperature(v, "C", "K"),
]
writing = [
    lambda v, m: scipy.special.logsumexp(v), lambda v, m: scipy.special.log_softmax(v), lambda v, m: scipy.stats.zscore(v),
    lambda v, m: tuple(scipy.stats.pearsonr(m[:, 0], m[:, 1])), lambda v, m: scipy.stats.variation(v),
    lambda v, m: scipy.stats.tmean(v), lambda v, m: tuple(scipy.stats.bartlett(v, v * 2.0)),
    lambda v, m: scipy.cluster.vq.whiten(m), lambda v, m: scipy.stats.boxcox_llf(0.5, v), lambda v, m: scipy.stats.tvar(v),
    lambda v, m: scipy.stats.tstd(v), lambda v, m: scipy.stats.tsem(v), lambda v, m: scipy.stats.iqr(v),
    lambda v, m: scipy.stats.quantile(v, 0.3), lambda v, m: tuple(scipy.stats.kruskal(v, v * 2.0)),
    lambda v, m: tuple(scipy.stats.friedmanchisquare(v, v * 2.0, v * v)), lambda v, m: tuple(scipy.stats.levene(v, v * 2.0)),
    lambda v, m: tuple(scipy.stats.mannwhitneyu(v, v * 2.0)), lambda v, m: scipy.stats.lmoment(v),
    lambda v, m: tuple(scipy.stats.f_oneway(v, v * 2.0)), lambda v, m: scipy.stats.alexandergovern(v, v * 2.0).statistic,
    lambda v, m: tuple(scipy.stats.wilcoxon(v, v * 2.0)), lambda v, m: scipy.signal.hilbert(v),
    lambda v, m: scipy.signal.savgol_filter(v, 5, 2), lambda v, m: scipy.signal.resample(v, 4),
    lambda v, m: scipy.integrate.cumulative_simpson(v), lambda v, m: scipy.optimize.rosen_der(v),
    lambda v, m: scipy.optimize.rosen_hess(v),
    lambda v, m: scipy.spatial.transform.Rotation.from_rotvec(m[:, :3]).inv().as_quat(),
]
for namespace, calls in ((tnp, both), (strict, both + writing)):
    a, b = namespace.asarray(v), namespace.asarray(m)
    for i, call in enumerate(calls):
        try:
            same(call(a, b), call(v, m), namespace)
        except Exception as error:
            raise AssertionError(f"{namespace.__name__} {i}") from error
"""

SKLEARN = """
import sklearn
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, mean_absolute_error, mean_squared_error, r2_score
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances, linear_kernel, polynomial_kernel, rbf_kernel
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import KernelCenterer, LabelEncoder, MaxAbsScaler, MinMaxScaler, Normalizer, StandardScaler

both = [
    lambda m, l, t: PCA(2, svd_solver="full").fit_transform(m), lambda m, l, t: LabelEncoder().fit_transform(l),
    lambda m, l, t: mean_squared_error(t, t * 2.0), lambda m, l, t: mean_absolute_error(t, t * 2.0),
    lambda m, l, t: accuracy_score(l, l), lambda m, l, t: confusion_matrix(l, l), lambda m, l, t: linear_kernel(m),
    lambda m, l, t: polynomial_kernel(m), lambda m, l, t: train_test_split(m, random_state=0)[0],
    lambda m, l, t: KernelCenterer().fit_transform(linear_kernel(m)),
]
writing = [
    lambda m, l, t: Ridge(solver="svd").fit(m, t).predict(m), lambda m, l, t: StandardScaler().fit_transform(m),
    lambda m, l, t: MinMaxScaler().fit_transform(m), lambda m, l, t: MaxAbsScaler().fit_transform(m),
    lambda m, l, t: Normalizer().fit_transform(m), lambda m, l, t: r2_score(t, t * 1.5), lambda m, l, t: f1_score(l, l),
    lambda m, l, t: LinearDiscriminantAnalysis(solver="svd").fit(m, l).predict(m), lambda m, l, t: cosine_similarity(m),
    lambda m, l, t: euclidean_distances(m), lambda m, l, t: rbf_kernel(m), lambda m, l, t: GaussianNB().fit(m, l).predict(m),
    lambda m, l, t: GaussianMixture(2, init_params="random", random_state=0).fit(m).means_.shape[0],
]
for namespace, calls in ((tnp, both), (strict, both + writing)):
    arrays = [namespace.asarray(x) for x in (m, label, target)]
    for i, call in enumerate(calls):
        with sklearn.config_context(array_api_dispatch=True):
            try:
                got = call(*arrays)
            except Exception as error:
                raise AssertionError(f"{namespace.__name__} {i}") from error
        same(got, call(m, label, target), namespace)
"""


def test_scipy():
    """A sample of SciPy with SCIPY_ARRAY_API=1."""
    run(COMMON + SCIPY)


def test_scikit_learn():
    """A sample of scikit-learn with array_api_dispatch=True."""
    pytest.importorskip("sklearn")
    run(COMMON + SKLEARN)
