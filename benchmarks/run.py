"""Runs the benchmarks: every one, or those named: `python benchmarks/run.py micro.calls programs.black_scholes`.

Each prints ratios to peers measured in the same run. Nothing here passes or fails.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
ALL = [
    "micro.calls",
    "micro.functions",
    "micro.forms",
    "micro.strict",
    "ops.large",
    "ops.linalg",
    "ops.fft",
    "ops.sorting",
    "ops.random",
    "ops.functions",
    "programs.black_scholes",
    "programs.softmax",
    "programs.stencil",
    "programs.loops",
    "programs.recurrences",
    "programs.ocean",
    "programs.singles",
    "programs.compositions",
    "programs.nested",
    "programs.training",
    "programs.users",
]


def main() -> None:
    """Runs what the command line names."""
    for name in sys.argv[1:] or ALL:
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
