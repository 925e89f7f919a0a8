"""tnp beside other libraries, and in other processes."""

import os
import pickle
import subprocess
import sys
import textwrap

import pytest
import tnp

import numpy as np


def run(code, **env):
    """Runs `code`, text or a file, in a new interpreter; its output."""
    program = ["-c", textwrap.dedent(code)] if isinstance(code, str) else [str(code)]
    done = subprocess.run(
        [sys.executable, *program], capture_output=True, text=True, timeout=120, env={**os.environ, **env}
    )
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return done.stdout


def test_pickle():
    for dtype in ("float64", "bfloat16", "bool", "complex64"):
        x = tnp.asarray(np.arange(6).reshape(2, 3) % 2, dtype=dtype)
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            y = pickle.loads(pickle.dumps(x, protocol))
            assert y.dtype == x.dtype
            np.testing.assert_array_equal(np.asarray(y), np.asarray(x))


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_multiprocessing(method, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(f"""
        import multiprocessing
        import numpy as np
        import tnp

        def doubled(x):
            return x * 2.0

        if __name__ == "__main__":
            tnp.asarray(np.ones(1 << 22)) + 1.0  # the threads have run
            xs = [tnp.asarray(np.full(1 << n, float(n))) for n in (0, 4, 18, 21)]
            with multiprocessing.get_context("{method}").Pool(2) as pool:
                for x, y in zip(xs, pool.map(doubled, xs)):
                    assert isinstance(y, tnp.ndarray)
                    np.testing.assert_array_equal(np.asarray(y), 2 * np.asarray(x))
            print("done")
        """)
    )
    assert run(program).strip() == "done"


def test_fork_after_the_pool_has_run():
    out = run("""
        import os, sys
        import numpy as np
        import tnp

        a = np.random.default_rng(0).random((600, 600))
        big = np.ones(1 << 22)

        def work():
            x = tnp.asarray(a)
            y = tnp.asarray(big) + tnp.asarray(big)
            return float(np.asarray(y).sum()), np.allclose(np.asarray(x @ x), a @ a)

        first = work()
        for _ in range(3):
            pid = os.fork()
            if pid == 0:
                ok = work() == first
                grandchild = os.fork()
                if grandchild == 0:
                    os._exit(0 if work() == first else 1)
                ok = ok and os.waitpid(grandchild, 0)[1] == 0
                os._exit(0 if ok else 1)
            assert os.waitpid(pid, 0)[1] == 0
        assert work() == first
        print(first)
    """)
    assert out.strip() == f"({2.0 * (1 << 22)}, True)"


def test_fork_with_shared_memory():
    out = run("""
        import os
        import numpy as np
        import tnp

        a = np.arange(1000.0)
        a.flags.writeable = False
        x = tnp.asarray(a)
        pid = os.fork()
        if pid == 0:
            ok = float(np.asarray(x).sum()) == 499500.0
            del x
            os._exit(0 if ok else 1)
        assert os.waitpid(pid, 0)[1] == 0
        print(float(np.asarray(x).sum()))
    """)
    assert out.strip() == "499500.0"


LIBRARIES = {
    "numpy": "import numpy; assert (numpy.ones((300, 300)) @ numpy.ones((300, 300)) == 300).all()",
    "scipy": "import numpy, scipy.linalg; l = scipy.linalg.lu_factor(numpy.eye(300) * 2); assert l[0][0, 0] == 2",
    "jax": "import jax.numpy as jnp; m = jnp.ones((300, 300)); assert (m @ m == 300).all()",
    "numba": "import numba; f = numba.njit(lambda n: n + 1); assert f(1) == 2",
    "sklearn": "import sklearn.cluster, numpy; sklearn.cluster.KMeans(2, n_init=1).fit(numpy.arange(20.0).reshape(10, 2))",
    "tnp": """
import numpy, tnp
m = tnp.asarray(numpy.ones((300, 300)))
assert (numpy.asarray(m @ m) == 300).all()
f = tnp._core.Function(lambda x: (x * 2.0 + 1.0) @ x, 'f')
assert (numpy.asarray(f(m)) == 900).all()
""",
}


@pytest.mark.parametrize("order", ["first", "last", "between"])
def test_other_libraries_in_one_process(order):
    present = []
    for name in LIBRARIES:
        try:
            __import__(name)
            present.append(name)
        except ImportError:
            continue
    others = [name for name in present if name != "tnp"]
    names = {
        "first": ["tnp", *others],
        "last": [*others, "tnp"],
        "between": [*others[::-1][:2], "tnp", *others[::-1][2:]],
    }[order]
    steps = [LIBRARIES[name] for name in names]
    code = "\n".join([*(f"import {name}" for name in names), *steps, *reversed(steps), "print('done')"])
    assert run(code, JAX_PLATFORMS="cpu").strip().endswith("done")


def test_environment_is_left_as_it_was():
    out = run("""
        import os
        before = dict(os.environ)
        import numpy, tnp
        m = tnp.asarray(numpy.ones((300, 300)))
        m @ m
        print(before == dict(os.environ))
    """)
    assert out.strip() == "True"


def test_exit_with_arrays_alive():
    out = run("""
        import sys, threading
        import numpy as np
        import tnp

        a = np.arange(1000.0)
        a.flags.writeable = False
        tnp.kept = [tnp.asarray(a), tnp.from_dlpack(a, copy=False), np.asarray(tnp.asarray([1.0])), tnp.asarray([1.0]).__dlpack__()]
        sys.kept = tnp.kept
        tnp.kept.append(tnp.kept)
        threading.Thread(target=lambda: tnp.asarray(np.ones(1 << 20)) + 1.0).start()
        print("done")
    """)
    assert out.strip() == "done"
