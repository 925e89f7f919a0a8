"""Other Python threads run while a compiled function works on large arrays, wherever these come from."""

import sys
import threading
import time

import pytest
import tnp

import numpy as np

SMALL = tnp.asarray(np.linspace(0.0, 1.0, 256))
CAPTURED = tnp.asarray(np.ones((4096, 256)))

WAYS = {
    "captured": lambda x: CAPTURED @ x,
    "captured, steps": lambda x: (tnp.sort(CAPTURED * x, axis=0)[0], x + 1),
    "result": lambda x: tnp.sin(x[:, None, None] * x[:64, None] * x[:32]),
    "between": lambda x: tnp.sort(tnp.sin(x[:, None] * x), axis=0).sum(),
}


def others_run_during(call):
    """Nobody is asked to give up the GIL, so the other thread counts only where a call does so by itself."""
    counted, stop = 0, False

    def count():
        nonlocal counted
        while not stop:
            counted += 1
            time.sleep(0)

    interval = sys.getswitchinterval()
    other = threading.Thread(target=count)
    try:
        sys.setswitchinterval(1000)
        other.start()
        for _ in range(100):  # a machine may be too busy to wake a thread during one
            before = counted
            call()
            if counted > before:
                return True
        return False
    finally:
        sys.setswitchinterval(interval)
        stop = True
        other.join()


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("calls", [2, 20])  # before and after a program is asked to prepare them
def test_large_arrays(name, calls):
    f = tnp.function(WAYS[name])
    for _ in range(calls):
        f(SMALL)
    assert others_run_during(lambda: f(SMALL))


def test_large_arguments():
    f = tnp.function(lambda x: tnp.sort(x * 2))
    x = tnp.asarray(np.linspace(1.0, 0.0, 1 << 17))
    f(x)
    assert others_run_during(lambda: f(x))


def test_small_arrays_are_not_worth_it():
    f = tnp.function(lambda x: x * x + x)
    for _ in range(20):
        f(SMALL)
    assert not others_run_during(lambda: f(SMALL))


HEAVY = {
    "elementwise": (lambda x: tnp.sin(tnp.exp(x) * 3) + tnp.cos(x), np.linspace(0.0, 1.0, 60000)),
    "linear algebra": (lambda x: tnp.linalg.inv(x @ x + 3), np.eye(120)),
    "steps": (lambda x: (tnp.sort(x)[::2] * 2, tnp.cumsum(x)), np.linspace(1.0, 0.0, 50000)),
    "a loop": (
        lambda x: tnp.while_loop(lambda i, y: i < 300000, lambda i, y: (i + 1, y * 0.5 + 1), (0, x))[1],
        np.ones(64),
    ),
}


@pytest.mark.parametrize("name", HEAVY)
@pytest.mark.parametrize("form", ["arrays", "container"])
def test_heavy_work_on_small_arrays(name, form):
    body, operand = HEAVY[name]
    x = tnp.asarray(operand)
    f = tnp.function(body if form == "arrays" else lambda d: body(d["x"]))
    argument = x if form == "arrays" else {"x": x}
    for _ in range(40):
        f(argument)
    assert others_run_during(lambda: f(argument))


def test_what_others_do_meanwhile():
    f = tnp.function(lambda d: tnp.sort(d["x"])[::2] + d["y"][0])
    donate = tnp.function(lambda x: x * 0, donate_argnums=0)
    box, wrong = {}, []

    def fill():
        box.update(x=tnp.asarray(np.linspace(1.0, 0.0, 40000)), y=tnp.asarray(np.ones(3)))

    def disturb():
        for _ in range(200):
            x = box["x"]
            fill()
            donate(x)
            time.sleep(0)

    fill()
    for _ in range(40):
        f(box)
    expected = np.asarray(f(box)).copy()
    other = threading.Thread(target=disturb)
    other.start()
    while other.is_alive():
        try:
            out = f(box)
        except RuntimeError:  # the array was given up before the call
            continue
        if not np.array_equal(np.asarray(out), expected):
            wrong.append(out)
    other.join()
    assert not wrong
