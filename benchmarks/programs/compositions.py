"""Random programs of two to six operations, compiled: those that are slower than eager or than NumPy.

python benchmarks/run.py programs.compositions
python -m benchmarks.programs.compositions --sizes 4096 --count 200 --seed 3
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import tnp

import numpy as np
from benchmarks.programs.singles import Case, bound, report_random

SIZES = (4096, 1 << 20)

# What a step may be: its result has the shape of the matrices that it is given (or, of the last kind, another).
STEPS = """
{a}+{b}; {a}*{b}-{b}; X.exp(-{a}*{a}); X.sqrt(X.abs({a})); X.where({a}>0,{a},{b}); X.maximum({a},{b}); X.tanh({a}); {a}/(1+{b}*{b});
X.clip({a},-1,1); {a}-{a}.mean(axis=0); {a}-{a}.mean(axis=1,keepdims=True); {a}/(1+X.abs({a}).sum(axis=1,keepdims=True));
X.roll({a},1,axis=0); X.roll({a},-2,axis=1); X.pad({a}[1:-1,1:-1],1); X.pad({a}[1:-1],((1,1),(0,0)),mode='edge'); {a}[::-1]; {a}.T.copy();
X.cumsum({a},axis=0); X.cumsum({a},axis=1); X.sort({a},axis=1); X.concatenate(({a}[:3],{b}[3:])); X.nan_to_num({a}); X.diff({a},axis=0,append=0);
X.gradient({a},axis=0); {a}.reshape(-1).reshape({a}.shape); X.take({a},i,axis=0); {a}@v[:,None]+{b}; {a}.astype('f4').astype('f8')
"""
LAST = """
{a}; {a}.sum(); {a}.sum(axis=0); {a}.max(axis=1); X.nanmean({a},axis=0); X.nansum({a}); {a}.std(axis=0); {a}.var(axis=1); {a}.argmax(axis=1);
X.linalg.norm({a}); X.median({a},axis=1); {a}[{a}>0].sum(); X.any({a}>3); X.stack(({a},{b})); X.count_nonzero({a}>0,axis=0); ({a},{b});
X.bincount(i,weights={a}[0])
"""


def programs(count: int, seed: int) -> Iterator[str]:
    """Bodies of functions of two matrices x and y, a vector v and places i."""
    rng = random.Random(seed)
    steps = [s.strip() for s in STEPS.replace("\n", " ").split(";")]
    last = [s.strip() for s in LAST.replace("\n", " ").split(";")]
    for _ in range(count):
        names, lines = ["x", "y"], []
        for k in range(rng.randint(1, 5)):
            a, b = rng.choice(names[-2:]), rng.choice(names)
            lines.append(f"t{k}={rng.choice(steps).format(a=a, b=b)}")
            names.append(f"t{k}")
        yield "; ".join([*lines, "return " + rng.choice(last).format(a=names[-1], b=rng.choice(names))])


def cases(n: int, count: int, seed: int) -> Iterator[Case]:
    """The programs on n elements."""
    rng = np.random.default_rng(seed)
    side = int(n**0.5)
    theirs = [rng.standard_normal((side, side)), rng.standard_normal((side, side)), rng.standard_normal(side)]
    theirs.append(rng.integers(0, side, side))
    ours = [tnp.asarray(a) for a in theirs]
    for body in programs(count, seed):
        functions = []
        for xp in (np, tnp):
            scope: dict[str, object] = {"X": xp}
            exec(f"def f(x, y, v, i): {body}", scope)
            functions.append(scope["f"])
        g, f = functions
        h = tnp.function(f)
        g(*theirs), f(*ours), h(*ours)
        yield Case(body, bound(h, ours), bound(f, ours), bound(g, theirs))


def main(arguments: list[str] | None = None) -> None:
    """Prints a table for each size and number of threads."""
    report_random(cases, SIZES, 60, arguments)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
