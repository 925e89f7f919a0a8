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

def calls(text):
    return [eval(f"lambda {ARGUMENTS}: {c}", globals()) for c in text.strip().splitlines()]

def named(module, names, arguments):
    return calls("\\n".join(f"{module}.{name}({arguments})" for name in names.split()))

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

ARGUMENTS = "v, m"
fft, special, stats, signal, ndimage = scipy.fft, scipy.special, scipy.stats, scipy.signal, scipy.ndimage
trees, vq, interpolate = scipy.cluster.hierarchy, scipy.cluster.vq, scipy.interpolate
Rotation, RigidTransform = scipy.spatial.transform.Rotation, scipy.spatial.transform.RigidTransform

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
both += named("fft", "fft ifft hfft ihfft irfft dst idst idct fftshift ifftshift", "v")
both += named("fft", "fft2 ifft2 rfft2 fftn ifftn rfftn dctn idctn dstn", "m")
both += named("special", "entr erfc exp1 expit gammasgn i0 i0e i1 i1e j0 j1 k0 loggamma ndtr psi sinc digamma gamma exp2", "v")
both += named("special", "log_ndtr cbrt exp10", "v") + named("special", "erfinv logit ndtri", "v / 2.0")
both += named("special", "betaln zeta gammainc gammaincc chdtrc stdtr xlog1py", "v + 1.0, v")
both += named("stats", "hmean circmean circvar circstd expectile differential_entropy tiecorrect", "v")
both += named("signal", "oaconvolve upfirdn", "v, v") + named("signal", "medfilt2d", "m")
both += named("ndimage", "laplace prewitt spline_filter center_of_mass", "m")
both += named("ndimage", "maximum_filter minimum_filter grey_dilation", "m, size=(3, 3)")
both += named("trees", "cophenet inconsistent maxdists is_valid_linkage", "trees.linkage(m)")
both += calls('''
special.betainc(v, v, v / 3.0)
stats.pmean(v, 2)
stats.directional_stats(m).mean_direction
stats.kstatvar(v, 2)
tuple(stats.jarque_bera(v))
stats.describe(v).mean
tuple(stats.power_divergence(v))
tuple(stats.combine_pvalues(v / 3.0))
tuple(stats.ttest_ind(v, v * 2.0))
tuple(stats.ttest_rel(v, v * v))
tuple(stats.ks_1samp(v, special.ndtr))
stats.bws_test(v, v * 2.0).statistic
stats.sigmaclip(v).clipped
stats.tmin(v, 0.7)
stats.tmax(v, 1.2)
tuple(stats.spearmanr(v, v * v))
tuple(stats.linregress(v, v * v))
tuple(stats.siegelslopes(v, v * v))
tuple(stats.theilslopes(v, v * v))
tuple(stats.kendalltau(v, v * v))
tuple(stats.chatterjeexi(v, v * v))
vq.kmeans(m, 2, rng=np.random.default_rng(1))[0]
trees.fcluster(trees.linkage(m), 2, "maxclust")
trees.ward(m)
signal.filtfilt(v[:2], v[2:4], signal.convolve(v, v))
signal.resample_poly(v, 2, 1)
signal.lfilter_zi(v[:2], v[2:4])
signal.wiener(v, 3)
signal.correlate2d(m, m)
signal.freqz(v, worN=8)
signal.vectorstrength(v, 2.0)
signal.gauss_spline(v, 3)
signal.detrend(m, axis=0)
ndimage.correlate(m, m[:3, :3])
ndimage.convolve1d(m, v[:3])
ndimage.shift(m, 0.5)
ndimage.affine_transform(m, m[:2, :2])
ndimage.distance_transform_edt(m > 0)
ndimage.label(m > 0)[0]
ndimage.binary_erosion(m > 0)
ndimage.gaussian_gradient_magnitude(m, 1.0)
ndimage.rank_filter(m, 1, size=3)
ndimage.percentile_filter(m, 30, size=3)
ndimage.fourier_gaussian(m, 1.0)
scipy.integrate.romb(v[:5])
scipy.integrate.cubature(lambda x: x[:, 0] ** 2, v[:1] * 0.0, v[:1]).estimate
scipy.integrate.cumulative_trapezoid(m, axis=0)
interpolate.BSpline(x_of(m)[:10], v, 3)(v)
interpolate.PPoly(m[:3, :3], x_of(m)[:4])(v)
interpolate.CubicHermiteSpline(x_of(m)[:6], v, v)(v)
interpolate.make_smoothing_spline(x_of(m)[:6], v)(v)
interpolate.RegularGridInterpolator((x_of(m), x_of(m)[:4]), m)(m[:, :2] * 0.0 + 0.5)
scipy.spatial.distance.pdist(m)
scipy.linalg.fiedler(v)
Rotation.from_rotvec(m[:, :3]).as_matrix()
(Rotation.from_rotvec(m[:, :3]) * Rotation.from_rotvec(m[:, 1:])).as_quat()
''')
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
writing += calls('''
special.rel_entr(v, v + 1.0)
tuple(stats.skewtest(m[:, 0]))
tuple(stats.kurtosistest(m, axis=0))
tuple(stats.normaltest(m, axis=0))
stats.zmap(v, v)
stats.gzscore(v)
stats.false_discovery_control(v / 3.0)
tuple(stats.fligner(v, v * 2.0))
tuple(stats.ansari(v, v * 2.0))
tuple(stats.mood(v, v * 2.0))
stats.yeojohnson_llf(0.5, v)
tuple(stats.pearsonr(m, m * m, axis=0))
tuple(stats.mode(v))
tuple(stats.epps_singleton_2samp(v, v * 2.0))
signal.hilbert2(m)
signal.deconvolve(v, v[:2])
scipy.linalg.block_diag(m, m)
Rotation.from_quat(m).as_euler("xyz")
RigidTransform.from_translation(m[:, :3]).as_matrix()
''')
expected = [call(v, m) for call in both + writing]
for namespace, tried in ((tnp, both), (strict, both + writing)):
    a, b = namespace.asarray(v), namespace.asarray(m)
    for i, call in enumerate(tried):
        try:
            same(call(a, b), expected[i], namespace)
        except Exception as error:
            raise AssertionError(f"{namespace.__name__} {i}") from error
"""

SKLEARN = """
import sklearn
from sklearn import linear_model, metrics, model_selection, preprocessing
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, mean_absolute_error, mean_squared_error, r2_score
from sklearn.metrics import pairwise
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances, linear_kernel, polynomial_kernel, rbf_kernel
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KernelCenterer, LabelEncoder, MaxAbsScaler, MinMaxScaler, Normalizer, StandardScaler

both = [
    lambda m, l, t: PCA(2, svd_solver="full").fit_transform(m), lambda m, l, t: LabelEncoder().fit_transform(l),
    lambda m, l, t: mean_squared_error(t, t * 2.0), lambda m, l, t: mean_absolute_error(t, t * 2.0),
    lambda m, l, t: accuracy_score(l, l), lambda m, l, t: confusion_matrix(l, l), lambda m, l, t: linear_kernel(m),
    lambda m, l, t: polynomial_kernel(m), lambda m, l, t: train_test_split(m, random_state=0)[0],
    lambda m, l, t: KernelCenterer().fit_transform(linear_kernel(m)),
]
ARGUMENTS = "m, l, t"
both += named("metrics", "root_mean_squared_error max_error mean_absolute_percentage_error mean_pinball_loss", "t, t * 1.5")
both += named("metrics", "median_absolute_error", "t, t * 1.5") + named("metrics", "zero_one_loss hamming_loss", "l, 1 - l")
both += named("metrics", "mean_squared_log_error root_mean_squared_log_error mean_poisson_deviance", "t * t, t * t + 1.0")
both += named("metrics", "mean_gamma_deviance mean_tweedie_deviance d2_tweedie_score", "t * t, t * t + 1.0")
both += named("pairwise", "additive_chi2_kernel chi2_kernel", "m * m, m * m") + named("pairwise", "sigmoid_kernel", "m")
both += named("pairwise", "paired_euclidean_distances paired_manhattan_distances", "m, m * 2.0")
both += calls('''
metrics.brier_score_loss(l, t * t / 9.0)
metrics.cluster.entropy(l)
metrics.mutual_info_score(l, 1 - l)
preprocessing.FunctionTransformer().fit_transform(m)
preprocessing.LabelBinarizer().fit_transform(l)
preprocessing.label_binarize(l, classes=[0, 1])
PCA(2, svd_solver="randomized", power_iteration_normalizer="QR", random_state=0).fit_transform(m)
PCA(2, svd_solver="full", whiten=True).fit_transform(m)
(lambda s: s.inverse_transform(s.fit_transform(m)))(PCA(2, svd_solver="full"))
linear_model.RidgeCV().fit(m, t).predict(m)
sklearn.utils.check_array(m)
''')
writing = [
    lambda m, l, t: Ridge(solver="svd").fit(m, t).predict(m), lambda m, l, t: StandardScaler().fit_transform(m),
    lambda m, l, t: MinMaxScaler().fit_transform(m), lambda m, l, t: MaxAbsScaler().fit_transform(m),
    lambda m, l, t: Normalizer().fit_transform(m), lambda m, l, t: r2_score(t, t * 1.5), lambda m, l, t: f1_score(l, l),
    lambda m, l, t: LinearDiscriminantAnalysis(solver="svd").fit(m, l).predict(m), lambda m, l, t: cosine_similarity(m),
    lambda m, l, t: euclidean_distances(m), lambda m, l, t: rbf_kernel(m), lambda m, l, t: GaussianNB().fit(m, l).predict(m),
    lambda m, l, t: GaussianMixture(2, init_params="random", random_state=0).fit(m).means_.shape[0],
]
writing += named("metrics", "explained_variance_score d2_absolute_error_score d2_pinball_score", "t, t * 1.5")
writing += named("metrics", "average_precision_score precision_recall_curve det_curve log_loss", "l, t * t / 9.0")
writing += named("pairwise", "cosine_distances laplacian_kernel manhattan_distances pairwise_distances", "m")
writing += named("pairwise", "paired_cosine_distances", "m, m * 2.0") + named("metrics", "cohen_kappa_score", "l, 1 - l")
writing += named("preprocessing", "normalize binarize", "m")
writing += calls('''
preprocessing.Binarizer().fit_transform(m)
preprocessing.PolynomialFeatures().fit_transform(m)
(lambda s: s.inverse_transform(s.fit_transform(m)))(StandardScaler())
(lambda s: s.inverse_transform(s.fit_transform(m)))(MinMaxScaler())
PCA(2, svd_solver="covariance_eigh").fit_transform(m)
PCA(2, svd_solver="full").fit(m).score(m)
PCA(2, svd_solver="full").fit(m).get_covariance()
linear_model.RidgeClassifier(solver="svd").fit(m, l).predict(m)
linear_model.RidgeClassifierCV().fit(m, l).predict(m)
linear_model.LogisticRegression().fit(m, l).predict(m)
LinearDiscriminantAnalysis(solver="svd").fit(m, l).predict_proba(m)
LinearDiscriminantAnalysis(solver="svd").fit(m, l).transform(m)
GaussianNB().fit(m, l).predict_proba(m)
Nystroem(n_components=3, random_state=0).fit_transform(m)
make_pipeline(StandardScaler(), Ridge(solver="svd")).fit(m, t).predict(m)
model_selection.cross_val_predict(Ridge(solver="svd"), m, t, cv=3)
model_selection.GridSearchCV(Ridge(solver="svd"), {"alpha": [0.1, 1.0]}, cv=2).fit(m, t).best_score_
''')
for namespace, tried in ((tnp, both), (strict, both + writing)):
    arrays = [namespace.asarray(x) for x in (m, label, target)]
    for i, call in enumerate(tried):
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
