"""The type stub is made from the built package, and a typed program passes mypy with it."""

import pathlib
import subprocess
import sys
import textwrap

import pytest
import tnp

ROOT = pathlib.Path(__file__).parents[2]
EXAMPLE = """
from __future__ import annotations

import tnp


@tnp.function
def step(x: tnp.ndarray, w: tnp.ndarray) -> tnp.ndarray:
    y: tnp.ndarray = tnp.tanh(x @ w) * 2 + tnp.sum(x, axis=0, keepdims=True)
    return -y if tnp.pi > 3 else y


def main() -> None:
    x: tnp.ndarray = tnp.asarray([[1.0, 2.0]], dtype=tnp.float32)
    v = tnp.Variable(tnp.ones((2, 2)), name="w")
    with tnp.GradientTape(persistent=True) as tape:
        tape.watch(x)
        loss = tnp.mean(step(x, v.read()) ** 2)
    g = tape.gradient(loss, [x, v])
    n: int = x.ndim + len(x)
    d: tnp.dtype = x.dtype
    print(g, n, d, float(loss), tnp.grad(lambda a: tnp.sum(a * a))(x), tnp.linalg.norm(x), x[0] > 1, x.sum(axis=0))
    WRONG


main()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stubs")
    (folder / "tnp").mkdir()
    for entry in pathlib.Path(tnp.__file__).parent.iterdir():
        if entry.name not in ("__init__.py", "__init__.pyi", "lib", "__pycache__") and not entry.name.startswith(
            "_core"
        ):
            (folder / "tnp" / entry.name).symlink_to(entry)
    subprocess.run([sys.executable, ROOT / "tools/gen_stubs", folder / "tnp/__init__.pyi"], check=True, timeout=60)
    return folder


def mypy(folder, line):
    pytest.importorskip("mypy")
    (folder / "example.py").write_text(textwrap.dedent(EXAMPLE).replace("WRONG", line))
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--config-file=", "example.py"]
    done = subprocess.run(command, cwd=folder, env={"MYPYPATH": "."}, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_every_name_is_in_the_stub(folder):
    text = (folder / "tnp/__init__.pyi").read_text()
    missing = [n for n in dir(tnp) if not n.startswith("_") and n != "annotations" and n not in text]
    assert not missing


def test_the_stub_in_the_package_is_of_today(folder):
    made = (folder / "tnp/__init__.pyi").read_text()
    assert (ROOT / "python/tnp/__init__.pyi").read_text() == made, "run tools/gen_stubs python/tnp/__init__.pyi"


def test_a_typed_program(folder):
    code, text = mypy(folder, "pass")
    assert code == 0, text
    code, text = mypy(folder, "x.no_such_attribute")
    assert code != 0 and "no_such_attribute" in text
