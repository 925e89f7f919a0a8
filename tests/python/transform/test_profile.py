"""Profiles: valid JSON, spans inside spans, nothing noted unless asked for; notices of long compilations."""

import json
import logging
import subprocess
import sys
import threading

import pytest
import tnp

import numpy as np


def profiled(path, run):
    with tnp.profile(path):
        run()
    with open(path, encoding="utf-8") as file:
        trace = json.load(file)
    assert trace["otherData"] == {"dropped": 0}
    return [e for e in trace["traceEvents"] if e["ph"] == "X"]


def inside(inner, outer):
    ends = [e["ts"] + e["dur"] for e in (inner, outer)]
    return inner["tid"] == outer["tid"] and outer["ts"] <= inner["ts"] and ends[0] <= ends[1] + 1e-6


def the(events, category, name=None):
    return next(e for e in events if e["cat"] == category and name in (None, e["name"]))


def test_a_compiled_function(tmp_path):
    @tnp.function
    def norms(x):
        y = tnp.sin(x) * 2 + 1
        return tnp.matmul(y, y), y

    x = tnp.ones((40, 40), dtype=tnp.float32)
    events = profiled(tmp_path / "t.json", lambda: norms(x))
    function, program, kernel = the(events, "function"), the(events, "program"), the(events, "kernel")
    assert function["name"] == "norms"
    assert inside(program, function)
    assert inside(kernel, program)
    assert inside(the(events, "operation", "matmul"), program)
    assert inside(the(events, "compilation", "a program"), function)
    assert "sin" in kernel["name"]
    assert 0 <= kernel["args"]["bytes"] - 2 * 40 * 40 * 4 <= 16  # and the constants
    assert [e["ts"] for e in events] == sorted(e["ts"] for e in events)
    assert min(e["dur"] for e in events) >= 0


def test_spans_of_a_thread_do_not_cross(tmp_path):
    f = tnp.function(lambda x: tnp.var(tnp.exp(x), axis=1) + tnp.sum(x, axis=1))
    x = tnp.asarray(np.random.default_rng(0).random((700, 900), dtype=np.float32))
    events = profiled(tmp_path / "t.json", lambda: [f(x) for _ in range(3)])
    assert the(events, "tiles")
    assert the(events, "operation", "squared_deviations")
    for thread in {e["tid"] for e in events}:
        open_until = []
        for e in (e for e in events if e["tid"] == thread):
            while open_until and open_until[-1] <= e["ts"] + 1e-6:
                open_until.pop()
            assert not open_until or e["ts"] + e["dur"] <= open_until[-1] + 1e-6
            open_until.append(e["ts"] + e["dur"])


def test_operations_run_at_once_and_their_bytes(tmp_path):
    x = tnp.ones(1000, dtype=tnp.float64)
    events = profiled(tmp_path / "t.json", lambda: (x + x, tnp.sum(x)))
    assert the(events, "operation", "add")["args"]["bytes"] == 3 * 8000
    assert the(events, "operation", "reduce_sum")["args"]["bytes"] == 8000 + 8


def test_a_native_loop(tmp_path):
    code = """
import sys, tnp
f = tnp.function(lambda x: tnp.fori_loop(0, 100, lambda i, y: y * 0.5 + 1, x))
with tnp.profile(sys.argv[1]):
    f(tnp.ones(3))
"""
    path = tmp_path / "t.json"
    env = {"TNP_JIT": "always", "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, env=env, timeout=60)
    events = json.loads(path.read_text())["traceEvents"]
    assert {"a loop", "native loop"} <= {e["name"] for e in events}


def test_threads_are_told_apart_and_names_are_quoted(tmp_path):
    def f(x):
        return x + 1

    f.__name__ = 'quoted " \\ \n name'
    f = tnp.function(f)

    def run():
        threads = [threading.Thread(target=f, args=(tnp.ones(3),)) for _ in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()

    events = profiled(tmp_path / "t.json", run)
    calls = [e for e in events if e["cat"] == "function"]
    assert {e["name"] for e in calls} == {'quoted " \\ \n name'}
    assert len({e["tid"] for e in calls}) == 2


def test_off_by_default_and_after_the_end(tmp_path):
    assert not tnp._core.is_profiling()
    tnp.ones(3) + 1
    assert profiled(tmp_path / "t.json", lambda: None) == []
    assert not tnp._core.is_profiling()


def test_the_file_is_written_when_the_block_raises(tmp_path):
    with pytest.raises(ZeroDivisionError), tnp.profile(tmp_path / "t.json"):
        tnp.ones(3) + 1
        raise ZeroDivisionError
    assert "add" in (tmp_path / "t.json").read_text()


def test_misuse(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        tnp.profile(tmp_path / "missing" / "t.json").start()
    with pytest.raises(OSError, match="directory"), tnp.profile(tmp_path):
        pass
    with pytest.raises(TypeError):
        tnp.profile(3)
    p = tnp.profile(tmp_path / "t.json")
    with pytest.raises(RuntimeError, match="not started"):
        p.stop()
    p.start()
    with pytest.raises(RuntimeError, match="in progress"):
        p.start()
    with pytest.raises(RuntimeError, match="in progress"):
        tnp.profile(tmp_path / "other.json").start()
    assert not (tmp_path / "other.json").exists()
    p.stop()
    assert not tnp._core.is_profiling()


def test_long_compilations_are_told_to_the_log(caplog):
    tnp._core._set_long_compilation(0)
    try:
        with caplog.at_level(logging.INFO, logger="tnp"):
            tnp.function(lambda x: x * 3 + 1)(tnp.ones(3))
    finally:
        tnp._core._set_long_compilation(1)
    assert caplog.text.count("compiling") == 1
    with caplog.at_level(logging.INFO, logger="tnp"):
        caplog.clear()
        tnp.function(lambda x: x * 4 + 1)(tnp.ones(3))
    assert caplog.text == ""


def test_threads_have_names(tmp_path):
    f = tnp.function(lambda x: tnp.cumsum(x) * 2)
    with tnp.profile(tmp_path / "t.json"):
        f(tnp.ones(100))
        thread = threading.Thread(target=lambda: f(tnp.ones(100)))
        thread.start()
        thread.join()
    with open(tmp_path / "t.json", encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    named = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    assert set(named) == {e["tid"] for e in events if e["ph"] == "X"}
    assert len(named) == 2
    assert "main thread" in named.values()


def test_a_child_process_has_threads_of_its_own(tmp_path):
    code = (
        "import json, os, sys, tnp\n"
        "f = tnp.function(lambda x: tnp.cumsum(x) * 2)\n"
        "def tids(path):\n"
        "    with tnp.profile(path): f(tnp.ones(100))\n"
        "    return {(e['pid'], e['tid']) for e in json.load(open(path))['traceEvents'] if e['ph'] == 'X'}\n"
        "assert tids(sys.argv[1]) == {(os.getpid(), os.getpid())}\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if tids(sys.argv[1]) == {(os.getpid(), os.getpid())} else 1)\n"
        "sys.exit(os.waitpid(child, 0)[1])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "t.json")], check=True, timeout=60)
