"""Compiled code in files: later processes find it, and nothing that lies there makes them give wrong results."""

import json
import os
import random
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import tnp

# A kernel, one with a scalar, rows that are broadcast, a loop. Prints results and what became of the cache.
PROGRAM = """
import hashlib, json, os, sys
import numpy as np
import tnp
x = np.linspace(-3, 3, 1000)
def loop(x):
    return tnp.fori_loop(0, 50, lambda i, c: c * 0.5 + tnp.sin(c), x)
def scan(x):
    return tnp.scan(lambda c, r: (c * 0.5 + r, c), x[0], x)[1]
results = [
    tnp.function(lambda x: tnp.exp(-x) * x + 1)(x),
    tnp.function(lambda x, s: tnp.sin(x) * s - x)(x, 2.5),
    tnp.function(lambda x, y: tnp.tanh(x) + y)(x.reshape(10, 100), x[:10, None].copy()),
    tnp.function(loop)(x[:16]),
    tnp.function(scan)(x),
    tnp.function(lambda x: (x * 3 + 1j).conj() * x)(x.astype("complex64")),
]
digest = hashlib.sha256(b"".join(np.asarray(r).tobytes() for r in results)).hexdigest()
print(json.dumps({"digest": digest, **tnp.kernel_cache_info()}))
"""


def start(directory, program=PROGRAM, **environment):
    env = {**os.environ, "TNP_CACHE_DIR": str(directory), "TNP_JIT": "always", **environment}
    return subprocess.Popen([sys.executable, "-c", program], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()
    assert err == b""
    return json.loads(out)


def run(directory, program=PROGRAM, **environment):
    return finish(start(directory, program, **environment))


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """A directory with the program's code, and what the program printed when it made that."""
    directory = tmp_path_factory.mktemp("warm")
    return directory, run(directory)


def test_a_second_process_finds_what_the_first_one_made(warm):
    directory, first = warm
    assert first["file_hits"] == 0
    assert first["stored"] == first["files"] == first["file_misses"] >= 6
    assert first["file_bytes"] == sum(f.stat().st_size for f in (directory / "kernels").iterdir())
    again = run(directory)
    assert again["digest"] == first["digest"]
    assert again["file_hits"] == first["stored"]
    assert again["stored"] == again["file_misses"] == again["rejected"] == 0
    assert (directory / "kernels").stat().st_mode & 0o777 == 0o700


def test_instruction_sets_do_not_share(warm):
    directory, first = warm
    others = [i for i in tnp.instruction_sets() if i != tnp.instruction_sets()[-1]]
    for isa in others:
        made = run(directory, TNP_ISA=isa)
        assert made["file_hits"] == 0
        assert made["stored"] == first["stored"]
        assert run(directory, TNP_ISA=isa)["file_hits"] == first["stored"]
    assert run(directory)["file_hits"] == first["stored"]


@pytest.mark.parametrize("seed", range(2))
def test_corrupt_files(warm, tmp_path, seed):
    """Every file is damaged in another way; the results are right, and the next process finds whole files again."""
    directory, first = warm
    rng = random.Random(seed)
    copies = tmp_path / "kernels"
    copies.mkdir(mode=0o700)
    files = [f for f in (directory / "kernels").iterdir()]
    for number, file in enumerate(files):
        data = bytearray(file.read_bytes())
        way = number % 6
        if way == 0:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif way == 1:
            del data[rng.randrange(len(data)) :]
        elif way == 2:
            data = bytearray()
        elif way == 3:
            data += bytes(1000)
        elif way == 4:
            data[: len(data) // 2] = rng.randbytes(len(data) // 2)
        else:
            data = bytearray(files[number - 1].read_bytes())  # another's
        (copies / file.name).write_bytes(data)
    got = run(tmp_path)
    assert got["digest"] == first["digest"]
    assert got["rejected"] == got["stored"] == first["stored"]
    assert run(tmp_path)["file_hits"] == first["stored"]


def test_eight_processes_at_once(tmp_path, warm):
    processes = [start(tmp_path) for _ in range(8)]
    results = [finish(p) for p in processes]
    assert {r["digest"] for r in results} == {warm[1]["digest"]}
    assert all(r["rejected"] == 0 for r in results)
    assert not [f for f in (tmp_path / "kernels").iterdir() if f.name.startswith("new-")]
    assert run(tmp_path)["file_hits"] == warm[1]["stored"]


def test_places_that_cannot_be_used(tmp_path, warm):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", "/proc/nothing", ""):
        got = run(place)
        assert got["digest"] == warm[1]["digest"]
        assert got["stored"] == got["files"] == 0


def test_the_bound(tmp_path, warm):
    limit = warm[1]["file_bytes"] // 2
    for _ in range(2):
        got = run(tmp_path, TNP_CACHE_LIMIT=str(limit))
        assert got["digest"] == warm[1]["digest"]
        assert 0 < got["file_bytes"] <= limit == got["file_limit"]
    off = run(tmp_path / "off", TNP_CACHE_LIMIT="0")
    assert off["directory"] is None and off["stored"] == 0 and not (tmp_path / "off").exists()


def test_a_limit_that_is_no_number(tmp_path):
    process = start(tmp_path, TNP_CACHE_LIMIT="much")
    _, err = process.communicate(timeout=120)
    assert b"ValueError: TNP_CACHE_LIMIT must be a number of bytes, not 'much'" in err


def test_nothing_is_written_where_nothing_is_compiled(tmp_path):
    program = """
    import json, tnp
    f = tnp.function(lambda x: tnp.exp(x) + 1)
    f([1.0, 2.0])
    (tnp.arange(10) * 2).sum()
    print(json.dumps(tnp.kernel_cache_info()))
    """
    got = run(tmp_path / "cache", textwrap.dedent(program), TNP_JIT="automatic")
    assert got["stored"] == 0 and not (tmp_path / "cache").exists()


def test_where_the_directory_is_by_default(tmp_path):
    program = "import json, tnp; print(json.dumps(tnp.kernel_cache_info()))"

    def place(**environment):
        env = {k: v for k, v in os.environ.items() if k not in ("TNP_CACHE_DIR", "XDG_CACHE_HOME", "HOME")}
        done = subprocess.run([sys.executable, "-c", program], env=env | environment, capture_output=True, check=True)
        return json.loads(done.stdout)["directory"]

    assert place(TNP_CACHE_DIR=str(tmp_path), XDG_CACHE_HOME="/x", HOME="/h") == f"{tmp_path}/kernels"
    assert place(XDG_CACHE_HOME="/x", HOME="/h") == "/x/tnp/kernels"
    assert place(XDG_CACHE_HOME="relative", HOME="/h") == "/h/.cache/tnp/kernels"
    assert place() is None


SETTINGS = """
import json, os, sys
import numpy as np
import tnp
where = sys.argv[1]
x = np.linspace(0, 1, 100)
def compiles():
    before = tnp.kernel_cache_info()
    tnp.function(lambda x: tnp.exp(x) + 1)(x)
    after = tnp.kernel_cache_info()
    return [after[k] - before[k] for k in ("misses", "file_hits", "stored")]
tnp.set_kernel_cache(None)
assert tnp.kernel_cache_info()["directory"] is None
assert compiles() == [1, 0, 0]
assert compiles() == [0, 0, 0]              # in memory
tnp.set_kernel_cache(where, limit=1 << 20)
assert tnp.kernel_cache_info()["file_limit"] == 1 << 20
tnp.clear_cache()
assert tnp.kernel_cache_info()["size"] == 0
assert compiles() == [1, 0, 1]
tnp.clear_cache()
assert tnp.kernel_cache_info()["files"] == 1  # those in files stay
assert compiles() == [1, 1, 0]
tnp.clear_cache(files=True)
assert tnp.kernel_cache_info()["files"] == 0
assert compiles() == [1, 0, 1]
tnp.clear_cache()
child = os.fork()
if child == 0:
    ok = compiles() == [1, 1, 0]
    os._exit(0 if ok else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def test_settings(tmp_path):
    env = {**os.environ, "TNP_JIT": "always"}
    subprocess.run([sys.executable, "-c", SETTINGS, str(tmp_path)], env=env, check=True, timeout=120)


def test_wrong_settings():
    before = tnp.kernel_cache_info()["directory"]
    for bad in (3, [], 1.5):
        with pytest.raises(TypeError):
            tnp.set_kernel_cache(bad)
    with pytest.raises(TypeError):
        tnp.set_kernel_cache("somewhere", limit="much")
    with pytest.raises((TypeError, OverflowError, ValueError)):
        tnp.set_kernel_cache("somewhere", limit=-1)
    assert tnp.kernel_cache_info()["directory"] == before


def test_a_path_object_and_a_relative_one(tmp_path, monkeypatch):
    program = """
    import json, os, pathlib, sys, tnp
    os.chdir(sys.argv[1])
    tnp.set_kernel_cache(pathlib.Path("here"))
    os.chdir("/")
    print(tnp.kernel_cache_info()["directory"])
    """
    args = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    done = subprocess.run(args, capture_output=True, check=True, text=True)
    assert Path(done.stdout.strip()) == tmp_path / "here" / "kernels"


FORKS = """
import os, signal, sys, threading
import numpy as np
import tnp
stop = threading.Event()
def compiles(k):
    return float(tnp.function(lambda x: tnp.sin(x * k) + tnp.exp(x) * k)(np.ones(4))[0])
def work():
    k = 0
    while not stop.is_set():
        k += 1
        tnp.clear_cache()  # so that there is something to compile
        compiles(float(k))
thread = threading.Thread(target=work)
thread.start()
wrong = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # a lock that nobody will release
        tnp.clear_cache()
        os._exit(0 if abs(compiles(0.5) - (np.sin(0.5) + np.exp(1) * 0.5)) < 1e-12 else 1)
    wrong.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
thread.join()
assert not any(wrong), wrong
"""


@pytest.mark.parametrize("kept", [True, False])
def test_a_fork_while_another_thread_compiles(tmp_path, kept):
    env = {**os.environ, "TNP_JIT": "always", "TNP_CACHE_DIR": str(tmp_path) if kept else ""}
    subprocess.run([sys.executable, "-c", FORKS], env=env, check=True, timeout=200)
