"""Every function that has large-array kernels, on a million elements and one thread, against NumPy: the slowest ratios first.

python benchmarks/run.py ops.functions               # all
python -m benchmarks.ops.functions sum sort 'X.fft'  # calls with one of these in them
"""

from __future__ import annotations

import re
import sys
import time
import warnings

import tnp

import numpy as np
from benchmarks.ops.large_calls import calls, operands, ufunc_calls
from benchmarks.timing import Row, show


def least(call: str, environments: list[dict[str, object]], seconds: float) -> list[float]:
    """The least processor time of a run, of each in turn: of the process, as the machine may be shared."""
    code = compile(call, call, "eval")
    best = [float("inf")] * len(environments)
    for env in environments:
        eval(code, env)
    end = time.perf_counter() + seconds
    rounds = 0
    while rounds < 3 or (time.perf_counter() < end and rounds < 50):
        for i, env in enumerate(environments):
            start = time.process_time()
            eval(code, env)
            best[i] = min(best[i], time.process_time() - start)
        rounds += 1
    return best


def rows(words: list[str], seconds: float = 0.12) -> list[Row]:
    """A row for each call that has one of the words in it."""
    theirs = operands(np)
    ours = operands(tnp)
    table = dict.fromkeys([*calls(), *ufunc_calls(tnp)])
    out = []
    with tnp.threads(1):
        for call in table:
            if words and not any(word in call for word in words):
                continue
            try:
                seconds_ours, seconds_theirs = least(call, [ours, theirs], seconds)
            except (TypeError, ValueError, AttributeError) as error:
                print(f"left out: {call}: {error}", file=sys.stderr)
                continue
            out.append(Row(re.sub(r"\bX\.", "", call), "NumPy", seconds_ours, seconds_theirs, 1.1))
    return sorted(out, key=lambda r: -r.ratio)


def main(words: list[str] | None = None) -> None:
    """Prints the table."""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    with tnp.errstate(all="ignore"):
        done = rows(words or [])
    show(f"{len(done)} calls on a million elements, one thread", done)
    slower = [r.name for r in done if r.ratio > 1.1]
    print(f"\n{len(slower)} more than 10 % above NumPy's time: {', '.join(slower) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1:])
