"""Tests of one instruction set, in a process that is made to use it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ISAS = ["baseline", "avx2", "avx512"]


def _run(isa: str, arguments: list[str], timeout: int, **variables: str) -> None:
    env = {**os.environ, "TNP_ISA": isa, **variables}
    probe = [sys.executable, "-c", "import tnp; tnp.ones(3) + 1"]
    if subprocess.run(probe, env=env, capture_output=True, timeout=60, check=False).returncode:
        pytest.skip(f"no {isa} here")
    done = subprocess.run(
        [sys.executable, *arguments], env=env, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def run_program(isa: str, source: str) -> None:
    """A program, which fails by an exception."""
    _run(isa, ["-c", source], 300)


def run_tests_natively(isa: str, file: str, which: str) -> None:
    """The tests of a file that `-k which` selects, with native code from the first call on."""
    if os.environ.get("TNP_JIT") == "always":
        pytest.skip("is that process")
    command = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", which, file]
    _run(isa, command, 600, TNP_JIT="always", TNP_VERIFY="1")
