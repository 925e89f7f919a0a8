"""Python objects of dead arrays serve the next ones: nobody may notice."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import pytest
import tnp


def test_a_weak_reference_dies_with_its_array() -> None:
    x = tnp.arange(3.0)
    seen = []
    r = weakref.ref(x, lambda _: seen.append(True))
    del x
    assert r() is None and seen == [True]
    y = tnp.arange(4.0)  # perhaps in the same object
    assert r() is None and y.shape == (4,)


def test_a_callback_of_a_dying_array_may_make_arrays() -> None:
    made = []
    for _ in range(300):
        x = tnp.arange(3.0)
        r = weakref.ref(x, lambda _: made.append(tnp.arange(5.0) * 2))
        del x
        assert r() is None
    assert all(m.tolist() == [0, 2, 4, 6, 8] for m in made) and len(made) == 300


def test_many_arrays_at_once_and_again() -> None:
    for _ in range(3):
        many = [tnp.full(2, i) for i in range(500)]
        assert all(x.tolist() == [i, i] for i, x in enumerate(many))
        del many[::2]
        many += [tnp.full(2, i) for i in range(1, 500, 2)]
        assert sorted(int(x[0]) for x in many) == sorted(list(range(1, 500, 2)) * 2)
    gc.collect()


def test_objects_made_without_init_do_not_return_as_arrays() -> None:
    for _ in range(100):
        tnp.ndarray.__new__(tnp.ndarray)
        assert (tnp.arange(3.0) + 1).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "code",
    [
        "import tnp; x = [tnp.arange(3.0) for _ in range(100)]; del x",
        "import tnp, atexit; atexit.register(lambda: print(tnp.arange(3).sum(), end=''))",
        "import tnp; x = tnp.arange(3.0)",
        "import tnp, weakref; x = tnp.arange(3.0); r = weakref.ref(x, lambda _: tnp.ones(2))",
    ],
)
def test_the_interpreter_ends_quietly(code: str) -> None:
    done = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == ""
