"""The number of threads, from Python and through threadpoolctl."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import threadpoolctl
import tnp

import numpy as np


def tnp_entry() -> dict[str, object]:
    (entry,) = [e for e in threadpoolctl.threadpool_info() if e["internal_api"] == "tnp"]
    return entry


@pytest.fixture(autouse=True)
def _as_before():
    n = tnp.get_num_threads()
    yield
    tnp.set_num_threads(n)


def test_threadpoolctl_sees_the_pool() -> None:
    tnp.set_num_threads(2)
    assert tnp_entry()["num_threads"] == 2 and tnp_entry()["version"] == tnp.__version__


@pytest.mark.parametrize("user_api", [None, "blas"])
def test_threadpoolctl_limits_the_pool(user_api: str | None) -> None:
    tnp.set_num_threads(2)
    x = tnp.ones((300, 300))
    with threadpoolctl.threadpool_limits(limits=1, user_api=user_api):
        assert tnp.get_num_threads() == 1
        assert (x @ x)[0, 0] == 300
    assert tnp.get_num_threads() == 2


def test_a_scope_ends_with_its_block() -> None:
    tnp.set_num_threads(2)
    with tnp.threads(1):
        assert tnp.get_num_threads() == 1
        with tnp.threads(2):
            assert tnp.get_num_threads() == 2
    assert tnp.get_num_threads() == 2


@pytest.mark.parametrize("n", [0, -1])
def test_fewer_than_one_thread_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match="threads must be"):
        tnp.set_num_threads(n)
    with pytest.raises(ValueError, match="threads must be"):
        tnp.threads(n)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two processors")
def test_the_default_respects_affinity() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); import tnp; print(tnp.get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "1"


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    a = np.random.default_rng(0).standard_normal(300_000)
    x = tnp.asarray(a)
    with tnp.threads(1):
        one = [tnp.sum(x), tnp.exp(x), tnp.cumsum(x) if hasattr(tnp, "cumsum") else x]
    two = [tnp.sum(x), tnp.exp(x), tnp.cumsum(x) if hasattr(tnp, "cumsum") else x]
    for p, q in zip(one, two, strict=True):
        assert np.array_equal(np.asarray(p), np.asarray(q))
