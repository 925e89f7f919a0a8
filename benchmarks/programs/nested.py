"""Random calls within calls, compiled: compositions of two to four of the single calls that are slower than eager.

python -m benchmarks.programs.nested --sizes 8 --count 200 --seed 1
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import tnp

from benchmarks.programs.singles import Case, bound, report_random, table

SIZES = (8, 4096)


def _kind(x: object) -> tuple[object, ...] | None:
    return (x.dtype, x.shape) if isinstance(x, tnp.ndarray) else None


def _names(call: str, arrays: set[str]) -> list[str]:
    return [w for w in dict.fromkeys(re.findall(r"(?<![\w.'])[A-Za-z_]\w*", call)) if w in arrays]


def programs(n: int, count: int, seed: int) -> Iterator[str]:
    """Expressions in which an operand of a call is replaced by another call that gives an array like it."""
    rng = random.Random(seed)
    calls, _, ours = table(n)
    arrays = {name for name, x in ours.items() if isinstance(x, tnp.ndarray)}
    giving: dict[object, list[str]] = {}
    usable = []
    for call in calls:
        if re.match(r"g\.|X\.random\.", call) or "lambda" in call or not _names(call, arrays):
            continue
        try:
            result = eval(call, dict(ours))
        except Exception:
            continue
        usable.append(call)
        if _kind(result) is not None:
            giving.setdefault(_kind(result), []).append(call)
    made = 0
    while made < count:
        text = rng.choice(usable)
        for _ in range(rng.randint(1, 3)):
            name = rng.choice(_names(text, arrays))
            inner = giving.get(_kind(ours[name]))
            if inner:
                put = f"({rng.choice(inner)})".replace("\\", "\\\\")
                text = re.sub(rf"(?<![\w.']){name}\b(?!=)", put, text, count=1)
        made += 1
        yield text


def cases(n: int, count: int, seed: int) -> Iterator[Case]:
    """The programs, with operands of n elements."""
    _, theirs, ours = table(n)
    arrays = {name for name, x in ours.items() if isinstance(x, tnp.ndarray)}
    for text in programs(n, count, seed):
        names = _names(text, arrays)
        source = f"lambda {', '.join(names)}: {text}"
        f, g = eval(source, dict(ours)), eval(source, dict(theirs))
        h = tnp.function(f)
        x, y = [ours[w] for w in names], [theirs[w] for w in names]
        try:
            g(*y), f(*x)
            for _ in range(20):
                h(*x)
        except Exception:  # what the inner call's values are no operands for
            continue
        yield Case(text.replace("X.", ""), bound(h, x), bound(f, x), bound(g, y))


def main(arguments: list[str] | None = None) -> None:
    """Prints a table for each size and number of threads."""
    report_random(cases, SIZES, 150, arguments)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
