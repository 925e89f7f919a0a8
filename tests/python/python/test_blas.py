"""Large products use the OpenBLAS that tnp depends on, loaded when the first of them needs it."""

import subprocess
import sys

SCRIPT = """
import numpy as np, tnp
loaded = lambda: [line for line in open("/proc/self/maps") if "scipy_openblas32" in line]
assert not loaded(), "loaded by the import"
a = np.random.default_rng(0).standard_normal((300, 300))
np.testing.assert_allclose(tnp.asarray(a) @ tnp.asarray(a), a @ a, rtol=1e-10, atol=1e-10)
assert loaded(), "not loaded by a product"
"""


def test_openblas_is_found():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
