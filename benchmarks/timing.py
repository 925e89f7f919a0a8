"""Timing two ways to compute the same thing, turn by turn, so that both meet the same machine."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import repeat


@dataclass
class Row:
    """One comparison: seconds of tnp and of the peer, and the most that their ratio should be (None: no target)."""

    name: str
    peer: str
    seconds: float
    peer_seconds: float
    target: float | None = None

    @property
    def ratio(self) -> float:
        """tnp's time over the peer's."""
        return self.seconds / self.peer_seconds


def table_options(sizes: tuple[int, ...], threads: tuple[int, ...] = (1,)) -> argparse.ArgumentParser:
    """The options of a program that prints a table for each size and number of threads."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="*", default=sizes)
    parser.add_argument("--threads", type=int, nargs="*", default=threads)
    return parser


def _batch(f: Callable[[], object], n: int) -> float:
    start = time.perf_counter()
    for _ in range(n):
        f()
    return (time.perf_counter() - start) / n


def compare(
    name: str,
    ours: Callable[[], object],
    peer_name: str,
    peer: Callable[[], object],
    target: float | None = None,
    seconds: float = 0.6,
) -> Row:
    """The least time of each over alternating batches of about a millisecond (or a few runs of longer ones).

    The threads of OpenMP and OpenBLAS go on spinning for up to a tenth of a second after their work, those of Dr.Jit for
    some milliseconds, and would take a processor from whoever is timed next: turns begin with a pause and a run, or a
    batch, that does not count.
    """
    for f in (ours, peer):
        f()
        f()
    counts = [max(1, int(1e-3 / max(_batch(f, 3), 1e-8))) for f in (ours, peer)]
    best = [float("inf"), float("inf")]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for i, f in enumerate((ours, peer)):
            if max(counts) > 1:
                time.sleep(0.02)
                _batch(f, counts[i])
                best[i] = min(best[i], *(_batch(f, counts[i]) for _ in range(8)))
                continue
            time.sleep(0.15)
            f()
            best[i] = min(best[i], *(_batch(f, 1) for _ in range(4)))
    return Row(name, peer_name, best[0], best[1], target)


def compare_statements(
    name: str,
    statement: str,
    ours: Mapping[str, object],
    peer_name: str,
    theirs: Mapping[str, object],
    target: float | None = None,
    seconds: float = 0.1,
) -> Row:
    """The least time of a statement in two sets of names, over alternating batches of some 0.2 ms.

    As timeit does, it is run in a loop of its own: calling a function around it takes as long as a small call.
    """
    loops = [_loop(statement, names) for names in (ours, theirs)]
    counts = [max(1, int(2e-4 / max(loop(10), 1e-8))) for loop in loops]
    best = [float("inf"), float("inf")]
    end, rounds = time.perf_counter() + seconds, 0
    while time.perf_counter() < end or rounds < 20:
        rounds += 1
        for i, loop in enumerate(loops):
            best[i] = min(best[i], loop(counts[i]))
    return Row(name, peer_name, best[0], best[1], target)


def _loop(statement: str, names: Mapping[str, object]) -> Callable[[int], float]:
    parameters = ", ".join(f"{n}={n}" for n in names)
    source = f"def loop(times, clock, {parameters}):\n start = clock()\n for _ in times:\n  {statement}\n return clock() - start"
    scope = dict(names)
    exec(source, scope)
    return lambda n: scope["loop"](repeat(None, n), time.perf_counter) / n


def show(title: str, rows: list[Row]) -> None:
    """Prints a table of ratios."""
    print(f"\n## {title}\n")
    print(f"| {'case':34} | {'tnp':>10} | {'peer':>10} | {'ratio':>6} | {'target':>6} | peer |")
    print("|---|---|---|---|---|---|")
    for r in rows:
        target = "" if r.target is None else f"{r.target:.2f}"
        mark = "" if r.target is None or r.ratio <= r.target else " *"
        print(
            f"| {r.name:34} | {_human(r.seconds):>10} | {_human(r.peer_seconds):>10} | {r.ratio:6.2f} | {target:>6} | {r.peer}{mark} |",
            flush=True,
        )


def _human(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"
