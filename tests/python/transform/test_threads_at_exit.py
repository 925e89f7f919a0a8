"""The interpreter ends while other threads are inside of calls; threads that want one array's value at once."""

import subprocess
import sys
import threading

import pytest
import tnp

import numpy as np

PROGRAM = """
import threading, time
import numpy as np
import tnp
x = tnp.ones(2_000_000)

def loop():
    tnp.function(lambda n: tnp.fori_loop(0, n, lambda i, v: v + i, tnp.asarray(0)))(tnp.asarray(10**12))

def eager():
    tnp.while_loop(lambda i: i >= 0, lambda i: (i + 1,), (tnp.asarray(0),))

def large():
    f = tnp.function(lambda v: (tnp.sin(v) + tnp.exp(-v)).sum())
    while True:
        f(x)

def host():
    f = tnp.function(lambda n: tnp.fori_loop(0, n, lambda i, v: tnp.numpy_function(np.sin, [v], float), tnp.asarray(0.0)))
    f(tnp.asarray(10**9))

def tracing():
    def f(v):
        while True:
            v = v + 1
    tnp.function(f, autograph=False)(x)

for _ in range(2):
    threading.Thread(target={}, daemon=True).start()
time.sleep(0.4)
"""


@pytest.mark.parametrize("what", ["loop", "eager", "large", "host", "tracing"])
def test_exit_beside_a_call(what):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{}", what)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_one_lazy_array_in_many_threads():
    f = tnp.function(lambda v: v + 1)
    f(tnp.ones(200_000))
    wrong = []
    for _ in range(30):
        x = tnp.ones(200_000)  # filled when it is first looked at

        def use(x=x):
            if not np.all(np.asarray(f(x)) == 2):
                wrong.append(1)

        threads = [threading.Thread(target=use) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert not wrong
