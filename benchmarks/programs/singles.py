"""Every function alone, compiled: the calls that are slower than the same call made eagerly, or than NumPy's.

python benchmarks/run.py programs.singles                                    # all sizes, one thread
python -m benchmarks.programs.singles sum 'X.fft' --sizes 4096 --threads 2   # calls with one of these in them

Each call is a function of the arrays that it names, traced and compiled. What returns no arrays, draws random numbers or
has no arrays to begin with (the compiler folds it) is left out. One thread is timed by the processor time of the
process, as the machine may be shared; two threads by the clock.
"""

from __future__ import annotations

import gc
import re
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import tnp
from threadpoolctl import threadpool_limits

import numpy as np
from benchmarks.micro import functions as small
from benchmarks.ops import large_calls as large
from benchmarks.timing import table_options

SIZES = (8, 4096, 1 << 20)
LIMIT = 1.10


@dataclass
class Case:
    """The three ways to make a call, as functions of nothing."""

    name: str
    compiled: Callable[[], object]
    eager: Callable[[], object]
    numpy: Callable[[], object]


@dataclass
class Times:
    """Seconds of a call each way."""

    name: str
    compiled: float
    eager: float
    numpy: float

    @property
    def ratio(self) -> float:
        """Compiled time over the better of the others."""
        return self.compiled / min(self.eager, self.numpy)


def table(n: int) -> tuple[list[str], dict[str, object], dict[str, object]]:
    """The calls for arrays of n elements, with NumPy's operands and ours."""
    if n < 64:
        return small.calls(), small.operands(np), small.operands(tnp)
    calls = dict.fromkeys([*large.calls(), *large.ufunc_calls(tnp)])
    return list(calls), large.operands(np, n), large.operands(tnp, n)


def cases(n: int, words: list[str]) -> Iterator[Case]:
    """The calls that can be functions of their arrays, compiled."""
    calls, theirs, ours = table(n)
    arrays = {name for name, x in ours.items() if isinstance(x, tnp.ndarray)}
    for call in calls:
        if words and not any(word in call for word in words):
            continue
        if re.match(r"g\.|X\.random\.", call) or "lambda" in call:
            continue
        names = [w for w in dict.fromkeys(re.findall(r"(?<![\w.'])[A-Za-z_]\w*", call)) if w in arrays]
        if not names:
            continue
        source = f"lambda {', '.join(names)}: {call}"
        f, g = eval(source, dict(ours)), eval(source, dict(theirs))
        h = tnp.function(f)
        x, y = [ours[w] for w in names], [theirs[w] for w in names]
        try:
            g(*y)
            if not _all_arrays(f(*x)) or not _all_arrays(h(*x)):
                continue
        except Exception:  # what the call's operands of this size do not fit, or what returns no arrays
            continue
        yield Case(call.replace("X.", ""), bound(h, x), bound(f, x), bound(g, y))


def _all_arrays(result: object) -> bool:
    if isinstance(result, (tuple, list)):
        return len(result) > 0 and all(_all_arrays(r) for r in result)
    return isinstance(result, tnp.ndarray)


def bound(f: Callable[..., object], x: list[object]) -> Callable[[], object]:
    """The call of f with these arguments, which the call holds by names of its own."""
    names = [f"x{i}" for i in range(len(x))]
    source = f"lambda {', '.join(f'{n}={n}' for n in names)}: f({', '.join(names)})"
    return eval(source, {"f": f, **dict(zip(names, x, strict=True))})


def times(case: Case, clock: Callable[[], float], seconds: float) -> Times:
    """The least time of each way, in turns of some 0.2 ms, after the compiled function has settled."""
    ways = (case.compiled, case.eager, case.numpy)

    def batch(f: Callable[[], object], count: int) -> float:
        start = clock()
        for _ in range(count):
            f()
        return (clock() - start) / count or float("inf")  # a virtual machine's clock may stand still

    settled = time.perf_counter() + max(seconds, 0.02)
    runs = 0
    while runs < 4 or (time.perf_counter() < settled and runs < 20000):
        case.compiled()
        runs += 1
    counts = [max(1, int(2e-4 / max(batch(f, 2), 1e-8))) for f in ways]
    best = [float("inf")] * 3
    end = time.perf_counter() + seconds
    rounds = 0
    while rounds < 5 or (time.perf_counter() < end and rounds < 200):
        for i in (0, 1, 2) if rounds % 2 else (1, 0, 2):  # each comes after each
            ways[i]()  # what the others left in the caches goes
            best[i] = min(best[i], batch(ways[i], counts[i]))
        rounds += 1
    return Times(case.name, *best)


def measured(all_cases: Iterable[Case], threads: int, seconds: float = 0.05, again: int = 5) -> list[Times]:
    """The times of all calls; those above the limit are measured again, as least times need many turns."""
    clock = time.process_time if threads == 1 else time.perf_counter
    done = []
    # NumPy's BLAS, too: what its other threads do is not in the process's time until they stop.
    with tnp.threads(threads), threadpool_limits(threads):
        for case in all_cases:
            row = times(case, clock, seconds)
            for _ in range(again):
                if row.ratio <= LIMIT:
                    break
                more = times(case, clock, 2 * seconds)
                row = Times(row.name, *(min(a, b) for a, b in zip(_of(row), _of(more), strict=True)))
            done.append(row)
    return sorted(done, key=lambda r: -r.ratio)


def _of(row: Times) -> tuple[float, float, float]:
    return row.compiled, row.eager, row.numpy


def report(title: str, done: list[Times]) -> None:
    """Prints what is above the limit."""
    slow = [r for r in done if r.ratio > LIMIT]
    print(f"\n## {title}: {len(slow)} of {len(done)} calls above {LIMIT:.2f}\n")
    print(f"| {'call':44} | compiled us | of eager | of NumPy |\n|---|---|---|---|")
    for r in slow:
        print(
            f"| {r.name:44} | {r.compiled * 1e6:11.2f} | {r.compiled / r.eager:8.2f} | {r.compiled / r.numpy:8.2f} |",
            flush=True,
        )


def report_random(
    cases: Callable[[int, int, int], Iterable[Case]],
    sizes: tuple[int, ...],
    count: int,
    arguments: list[str] | None,
) -> None:
    """Prints a table of random programs for each size and number of threads.

    cases(n, count, seed) makes the programs, with operands of n elements.
    """
    parser = table_options(sizes)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments or [])
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    with tnp.errstate(all="ignore"):
        for n in options.sizes:
            for threads in options.threads:
                report(f"{n} elements, {threads} threads", measured(cases(n, options.count, options.seed), threads))


def main(arguments: list[str] | None = None) -> None:
    """Prints a table for each size and number of threads."""
    parser = table_options(SIZES)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args(arguments or [])
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    gc.disable()
    with tnp.errstate(all="ignore"):
        for n in options.sizes:
            for threads in options.threads:
                report(f"{n} elements, {threads} threads", measured(cases(n, options.words), threads))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
