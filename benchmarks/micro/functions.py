"""The cost of every function on 8 elements, against NumPy: the slowest ratios first.

A call is written once, with `X` for the namespace; `a` … `z` are the operands. What NumPy has and tnp too is in the
table, or in `EXCLUDED` with the reason. `call_families` adds other operands, keys and arguments.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterator
from types import ModuleType

import tnp

import numpy as np
from benchmarks.micro import call_families
from benchmarks.micro.call_table import CALLS, EXCLUDED
from benchmarks.timing import Row, compare_statements, show

# Where names are looked for: the prefix of a call, and NumPy's object that has them.
PLACES = {
    "X.": np,
    "X.linalg.": np.linalg,
    "X.fft.": np.fft,
    "X.random.": np.random,
    "g.": np.random.Generator,
    "a.": np.ndarray,
    "X.add.": np.ufunc,
}


def operands(xp: ModuleType) -> dict[str, object]:
    """What the calls name."""
    rng = np.random.default_rng(0)
    m = rng.standard_normal((4, 4))
    arrays = {
        "a": rng.standard_normal(8),
        "c": rng.standard_normal(8),
        "p": rng.random(8) + 0.5,
        "s": np.sort(rng.standard_normal(8)),
        "b": np.arange(8) % 3 > 0,
        "b8": np.arange(8) % 2,
        "i": np.array([0, 3, 1, 2, 3, 0, 2, 1]),
        "i4": np.array([0, 3, 1, 2]),
        "j": np.array([1, 2, 5, 7]),
        "u": np.arange(8, dtype=np.uint8),
        "z": rng.standard_normal(8) + 1j,
        "m": m,
        "h": m @ m.T + 4 * np.eye(4),
        "m8": rng.standard_normal((2, 8)),
        "k": rng.standard_normal((1, 8)),
        "v": rng.standard_normal(3),
        "v4": rng.standard_normal(4),
        "d": np.array(0.5),
        "n": np.array(3),
        "w": rng.standard_normal(8),  # what NumPy's functions may write to
        "w4": rng.standard_normal((4, 4)),
        "f4": rng.random(8).astype(np.float32) + np.float32(0.5),
        "i1": np.array([1, 3, 1, 2, 3, 1, 2, 1]),
        "i32": np.array([1, 3, 1, 2, 3, 1, 2, 1], dtype=np.int32),
        "t": rng.standard_normal((2, 2, 2)),
        "m2": np.array([[2.0, 1.0], [1.0, 3.0]]),
        "q": rng.standard_normal((2, 4, 4)) + 4 * np.eye(4),
        "a1": np.array([0.5]),
        "st": np.array(["ab", "c", "def"]),
    }
    arrays["q"] = arrays["q"] + arrays["q"].mT
    plain = {
        "X": xp,
        "g": xp.random.default_rng(0),
        "na": arrays["a"].copy(),
        "raw": bytes(64),
        "state": xp.random.get_state(),
        "mean2": [0.0, 0.0],
        "cov2": [[1.0, 0.0], [0.0, 1.0]],
        # Beside arrays: NumPy's own, and Python's lists.
        "nf": np.float64(2.0),
        "ni": np.int64(3),
        "nf8": np.float64,
        "nam": arrays["m"].copy(),
        "nai": np.array([1, 3, 1, 2, 3, 1, 2, 1]),
        "nab": arrays["b"].copy(),
        "lst": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5],
        "l2": [[1.0, 2.0], [3.0, 4.0]],
        "il": [0, 3, 1],
        "bl": [True, False] * 4,
        "sl": slice(1, 5),
    }
    return {**plain, **{k: xp.asarray(v) for k, v in arrays.items()}}


def elementwise_calls() -> list[str]:
    """A call of each of NumPy's ufuncs that tnp has, on float64 or, if there is none for it, on integers."""
    calls = []
    ours, theirs = operands(tnp), operands(np)
    for name, f in sorted(vars(np).items()):
        if not isinstance(f, np.ufunc) or f.nin > 2 or not hasattr(tnp, name):
            continue
        for args in (("a", "a,c")[f.nin - 1], ("i", "i,i")[f.nin - 1]):
            if all(_works(f"X.{name}({args})", env) for env in (ours, theirs)):
                calls.append(f"X.{name}({args})")
                break
    return calls


def _works(call: str, env: dict[str, object]) -> bool:
    try:
        exec(call, dict(env))
    except Exception:
        return False
    return True


def calls() -> list[str]:
    """Every call of the table, with its namespace."""
    out = elementwise_calls()
    names = operands(np)
    for word in CALLS.split():
        head = re.split(r"\W", word)[0]
        plain = head in names or not hasattr(np, head)  # an expression, or a method of an operand
        out.append(word if plain else f"X.{word}")
    return list(dict.fromkeys(out))


def further_calls(table: list[str]) -> list[str]:
    """The families of calls, of which NumPy may refuse some."""
    unary = [c for c in elementwise_calls() if c.endswith(("(a)", "(i)"))]
    families = (
        call_families.operator_calls(),
        call_families.index_calls(),
        call_families.reduction_calls(),
        call_families.object_calls(),
        call_families.scalar_ufunc_calls(unary),
        call_families.random_calls(table),
        call_families.small_matrix_calls(table),
    )
    theirs = operands(np)
    new = dict.fromkeys(c for family in families for c in family)
    return [c for c in new if c not in table and _works(c, theirs)]


def uncovered(table: list[str]) -> Iterator[str]:
    """What NumPy and tnp both have, and neither the table nor the list of what is left out."""
    text = "\n".join(table)
    ours = {**operands(tnp), "a": tnp.ndarray, "g": tnp.random.Generator}
    for prefix, place in PLACES.items():
        known = set(dir(eval(prefix[:-1], ours)))
        for name in dir(place):
            if name.startswith("_") or name not in known:
                continue
            value = getattr(place, name)
            if inspect.ismodule(value) or inspect.isclass(value):
                continue
            if inspect.ismodule(place) and not callable(value):
                continue  # a constant
            of_module = prefix.startswith("X.")
            pattern = rf"(?<![\w.]){re.escape(prefix)}{name}\b" if of_module else rf"\b[a-z]\d?\.{name}\b"
            if prefix + name not in EXCLUDED and not re.search(pattern, text):
                yield prefix + name


def rows(table: list[str]) -> tuple[list[Row], list[str]]:
    """A row for each call that both can do, and the calls that tnp cannot."""
    done: list[Row] = []
    missing = []
    for call in table:
        ours, theirs = operands(tnp), operands(np)
        if not _works(call, theirs):
            raise ValueError(f"NumPy refuses {call}")
        if not _works(call, ours):
            missing.append(call)
            continue
        done.append(compare_statements(call.replace("X.", ""), call, ours, "NumPy", theirs, 1.0, seconds=0.02))
    return done, missing


def main() -> None:
    """Prints the table, and what is missing or slower than NumPy."""
    warnings.simplefilter("ignore")
    table = calls()
    done, missing = rows(table + further_calls(table))
    done.sort(key=lambda r: -r.ratio)
    show(f"{len(done)} functions on 8 elements", done)
    slower = [r.name for r in done if r.ratio > 1]
    print(f"\n{len(slower)} above NumPy's time: {', '.join(slower) or 'none'}")
    for title, names in (("not in tnp", missing), ("without a row", list(uncovered(table)))):
        if names:
            print(f"{title}: {', '.join(names)}")
    print("left out:")
    for name, reason in EXCLUDED.items():
        print(f"  {name}: {reason}")


if __name__ == "__main__":
    main()
