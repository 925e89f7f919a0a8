"""Normal vectors."""

import pytest
import tnp
from scipy import stats

import numpy as np

N = 20_000


def numbers(x):
    return np.asarray(x)


@pytest.mark.parametrize("method", ["svd", "eigh", "cholesky"])
def test_multivariate_normal(method):
    g = tnp.random.default_rng(3)
    mean, cov = [1.0, -2.0, 0.5], np.array([[2.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 0.7]])
    x = numbers(g.multivariate_normal(mean, cov, N, method=method))
    assert x.shape == (N, 3)
    np.testing.assert_allclose(x.mean(0), mean, atol=0.06)
    np.testing.assert_allclose(np.cov(x.T), cov, atol=0.1)
    for i in range(3):
        assert stats.kstest(x[:, i], stats.norm(mean[i], np.sqrt(cov[i, i])).cdf).pvalue > 1e-3
    assert g.multivariate_normal([0.0], [[1.0]]).shape == (1,)
    assert tnp.random.multivariate_normal([0.0], [[1.0]], (2, 3)).shape == (2, 3, 1)
    with pytest.warns(RuntimeWarning):
        g.multivariate_normal([0, 0], [[1, 0], [0, -1]])
    with pytest.raises(ValueError):
        g.multivariate_normal([0, 0], [[1, 0], [0, -1]], check_valid="raise")


@pytest.mark.parametrize("args", [([0, 0], [[1]]), ([[0]], [[1]]), ([0], [[1, 2]]), ([0, 1], [1, 2]), ([0.0], [["a"]])])
def test_misuse(args):
    with pytest.raises((ValueError, TypeError)):
        tnp.random.multivariate_normal(*args)
