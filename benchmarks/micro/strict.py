"""The cost of calls of the strict namespace on 8 float64, against plain tnp's."""

from __future__ import annotations

import operator

import tnp
from tnp import array_api as xp

from benchmarks.timing import Row, compare, show

TARGET = 1.5


def strict_calls() -> list[Row]:
    """Operators, indexing and functions."""
    p, s = tnp.ones(8), xp.ones(8)
    m, n = tnp.ones((4, 4)), xp.ones((4, 4))
    i, j = tnp.asarray([0, 1, 2]), xp.asarray([0, 1, 2])
    c, d = p > 0, s > 0
    y, z = tnp.ones(8, dtype="complex128") * 2.0, xp.ones(8, dtype=xp.complex128) * 2.0
    w, part = xp.ones(8), slice(1, 3)  # what changes
    cases = [
        ("x + x", lambda: s + s, lambda: p + p),
        ("x * 2.0", lambda: s * 2.0, lambda: p * 2.0),
        ("x @ x (4x4)", lambda: n @ n, lambda: m @ m),
        ("x ** 2.0", lambda: s**2.0, lambda: p**2.0),
        ("i << i", lambda: j << j, lambda: i << i),
        ("sin(x)", lambda: xp.sin(s), lambda: tnp.sin(p)),
        ("x[1]", lambda: s[1], lambda: p[1]),
        ("x[1:3]", lambda: s[1:3], lambda: p[1:3]),
        ("x[1, 2]", lambda: n[1, 2], lambda: m[1, 2]),
        ("x[1, ...]", lambda: n[1, ...], lambda: m[1, ...]),
        ("x[indices]", lambda: s[j], lambda: p[i]),
        ("x[mask]", lambda: s[d], lambda: p[c]),
        ("sum(x)", lambda: xp.sum(s), lambda: tnp.sum(p)),
        ("sum(x, axis=1)", lambda: xp.sum(n, axis=1), lambda: tnp.sum(m, axis=1)),
        ("reshape(x, (2, 8))", lambda: xp.reshape(n, (2, 8)), lambda: tnp.reshape(m, (2, 8))),
        ("where(c, x, x)", lambda: xp.where(d, s, s), lambda: tnp.where(c, p, p)),
        ("clip(x, 0, 1)", lambda: xp.clip(s, 0.0, 1.0), lambda: tnp.clip(p, 0.0, 1.0)),
        ("clip(x, x, x)", lambda: xp.clip(s, s, s), lambda: tnp.clip(p, p, p)),
        ("sign(complex)", lambda: xp.sign(z), lambda: tnp.sign(y)),
        ("mean(complex)", lambda: xp.mean(z), lambda: tnp.mean(y)),
        ("list(x)", lambda: list(s), lambda: list(p)),
        ("concat([x, x])", lambda: xp.concat([s, s]), lambda: tnp.concat([p, p])),
        ("zeros((3,))", lambda: xp.zeros((3,)), lambda: tnp.zeros((3,))),
        ("sort(x)", lambda: xp.sort(s), lambda: tnp.sort(p)),
        ("linalg.det(x)", lambda: xp.linalg.det(n), lambda: tnp.linalg.det(m)),
        ("result_type(x, x)", lambda: xp.result_type(s, s), lambda: tnp.result_type(p, p)),
        ("real(x)", lambda: xp.real(s), lambda: tnp.real(p)),
        ("x.__array_namespace__()", s.__array_namespace__, p.__array_namespace__),
        ("x += 1.0, x + 1.0", lambda: operator.iadd(w, 1.0), lambda: operator.add(p, 1.0)),
        ("x += x, x + x", lambda: operator.iadd(w, s), lambda: operator.add(p, p)),
        ("x[1] = 2.0, x.at[1].set(2.0)", lambda: operator.setitem(w, 1, 2.0), lambda: p.at[1].set(2.0)),
        ("x[1:3] = 2.0, x.at[1:3].set(2.0)", lambda: operator.setitem(w, part, 2.0), lambda: p.at[part].set(2.0)),
        ("x[mask] = 2.0, x.at[mask].set(2.0)", lambda: operator.setitem(w, d, 2.0), lambda: p.at[c].set(2.0)),
    ]
    return [compare(name, ours, "tnp", peer, TARGET) for name, ours, peer in cases]


def main() -> None:
    """Prints all of it."""
    show("Strict calls on 8 float64", strict_calls())


if __name__ == "__main__":
    main()
