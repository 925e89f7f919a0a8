"""Functions without jumps: `break`, `continue`, `return` inside of control flow, `else` of loops and `match` on values.

They become flags and conditions on flags. What follows a branch that always jumps moves into the other branch, so that
most flags are never looked at.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

RETURNED, VALUE = "returned__", "value__"
SHOWN = {VALUE: "the result"}  # what errors call it

_BREAK, _CONTINUE, _RETURN = "break", "continue", "return"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class NotConverted(Exception):
    """Why a function can not be rewritten, and what to write instead."""


@dataclass
class _Loop:
    """The flags that jumps set where a statement stands."""

    stops: str = ""
    goes_on: str = ""


@dataclass
class _Numbers:
    last: int = field(default=0)

    def next(self, stem: str) -> str:
        self.last += 1
        return f"{stem}__{self.last}"


def without_jumps(body: list[ast.stmt]) -> tuple[list[ast.stmt], bool]:
    """The body of a function without jumps, and whether it gives its result in VALUE rather than by `return`."""
    at_the_end = body and isinstance(body[-1], ast.Return)
    if _RETURN in jumps(body[:-1] if at_the_end else body):
        return _Lowering().block(body, _Loop()), True
    if not at_the_end:
        return _Lowering().block(body, _Loop()), False
    return [*_Lowering().block(body[:-1], _Loop()), body[-1]], False


def jumps(body: Iterable[ast.AST]) -> set[str]:
    """The jumps out of these statements that may happen."""
    found: set[str] = set()
    for s in body:
        if isinstance(s, ast.Return):
            found.add(_RETURN)
        elif isinstance(s, ast.Break):
            found.add(_BREAK)
        elif isinstance(s, ast.Continue):
            found.add(_CONTINUE)
        elif isinstance(s, (ast.For, ast.While, ast.AsyncFor)):
            found |= jumps(s.body) & {_RETURN} | jumps(s.orelse)
        elif not isinstance(s, (*_FUNCTIONS, ast.expr)):
            found |= jumps(ast.iter_child_nodes(s))
    return found


def _always_jumps(body: list[ast.stmt]) -> bool:
    for s in body:
        if isinstance(s, (ast.Return, ast.Break, ast.Continue)):
            return True
        if isinstance(s, ast.If) and s.orelse and _always_jumps(s.body) and _always_jumps(s.orelse):
            return True
        if isinstance(s, ast.With) and _always_jumps(s.body):
            return True
        if _is_endless(s):
            return True
    return False


def name(text: str) -> ast.Name:
    """The value of a variable."""
    return ast.Name(text, ast.Load())


def assign(target: str, value: ast.expr, like: ast.AST) -> ast.stmt:
    """target = value, at the place of `like`."""
    return _at(ast.Assign([ast.Name(target, ast.Store())], value), like)


def _at(new: Any, like: ast.AST) -> Any:
    return ast.copy_location(new, like)


def _is_endless(s: ast.stmt) -> bool:
    """Whether the only way out of a statement is `return`."""
    if not isinstance(s, ast.While) or not isinstance(s.test, ast.Constant) or not s.test.value:
        return False
    return _RETURN in (found := jumps(s.body)) and _BREAK not in found


def not_any(flags: list[str]) -> ast.expr:
    """The condition that no flag is set."""
    test = name(flags[0]) if len(flags) == 1 else ast.BoolOp(ast.Or(), [name(f) for f in flags])
    return ast.UnaryOp(ast.Not(), test)


class _Lowering:
    def __init__(self) -> None:
        self.numbers = _Numbers()

    def block(self, body: list[ast.stmt], loop: _Loop) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for i, s in enumerate(body):
            rest = body[i + 1 :]
            if isinstance(s, ast.Return):
                value = s.value or _at(ast.Constant(None), s)
                return [*out, assign(VALUE, value, s), assign(RETURNED, ast.Constant(True), s)]
            if isinstance(s, (ast.Break, ast.Continue)):
                flag = loop.stops if isinstance(s, ast.Break) else loop.goes_on
                return [*out, assign(flag, ast.Constant(True), s)]
            if isinstance(s, ast.If):
                done, follows = self.branch(s, rest, loop)
                out += done
                if follows:
                    continue
                return out
            if isinstance(s, (ast.For, ast.While)):
                return [*out, *self.loop(s, rest, loop)]
            if isinstance(s, ast.Match):
                chain = self.values_of_match(s)
                if chain is not None:
                    return [*out, *self.block(chain + rest, loop)]
            found = jumps([s]) if isinstance(s, (ast.Try, ast.With, ast.Match)) else set()
            out.append(self.parts(s, loop))
            if found:
                return [*out, *self.guarded(found, rest, loop, s)]
        return out

    def branch(self, s: ast.If, rest: list[ast.stmt], loop: _Loop) -> tuple[list[ast.stmt], bool]:
        """An `if`, and whether what follows it is still to come."""
        found = jumps(s.body) | jumps(s.orelse)
        first, second = _always_jumps(s.body), _always_jumps(s.orelse)
        if not found:
            return [_at(ast.If(s.test, self.block(s.body, loop), self.block(s.orelse, loop)), s)], True
        body = s.body + (rest if second and not first else [])
        orelse = s.orelse + (rest if first and not second else [])
        made = _at(ast.If(s.test, self.block(body, loop), self.block(orelse, loop)), s)
        if first or second:
            return [made], False
        return [made, *self.guarded(found, rest, loop, s)], False

    def guarded(self, found: set[str], rest: list[ast.stmt], loop: _Loop, like: ast.AST) -> list[ast.stmt]:
        """What follows statements that may jump."""
        if not rest:
            return []
        flags = {_BREAK: loop.stops, _CONTINUE: loop.goes_on, _RETURN: RETURNED}
        test = not_any([flags[j] for j in sorted(found)])
        return [_at(ast.If(test, self.block(rest, loop), []), rest[0])]

    def loop(self, s: Any, rest: list[ast.stmt], outer: _Loop) -> list[ast.stmt]:
        found = jumps(s.body)
        is_endless = _is_endless(s)
        inner = _Loop(self.numbers.next("break"), self.numbers.next("continue"))
        out: list[ast.stmt] = []
        body = self.block(s.body, inner)
        if _CONTINUE in found:
            body.insert(0, assign(inner.goes_on, ast.Constant(False), s))
        if _BREAK in found:
            out.append(assign(inner.stops, ast.Constant(False), s))
        flags = [inner.stops] * (_BREAK in found) + [RETURNED] * (_RETURN in found)
        if isinstance(s, ast.While) and any(isinstance(n, ast.NamedExpr) for n in ast.walk(s.test)):
            # What the condition assigns is the body's: both are the body.
            ends = self.numbers.next("ends")
            out.append(assign(ends, ast.Constant(False), s))
            body = [_at(ast.If(s.test, body, [assign(ends, ast.Constant(True), s)]), s)]
            flags.insert(0, ends)
            s = _at(ast.While(_at(ast.Constant(True), s), s.body, s.orelse), s)
        made = ast.While(s.test, body, []) if isinstance(s, ast.While) else ast.For(s.target, s.iter, body, [])
        out.append(_at(made, s))
        made.flags = flags  # type: ignore[union-attr]
        orelse = s.orelse
        if orelse and _BREAK in found:
            orelse = [_at(ast.If(not_any([inner.stops]), orelse, []), orelse[0])]
        rest = orelse + rest
        if is_endless:
            return [*out, assign(RETURNED, ast.Constant(True), s)]  # there is no other way out
        if _RETURN in found:
            return out + self.guarded({_RETURN}, rest, outer, s)
        return out + self.block(rest, outer)

    def parts(self, s: ast.stmt, loop: _Loop) -> ast.stmt:
        """A statement whose parts are without jumps."""
        if isinstance(s, ast.With):
            return _at(ast.With(s.items, self.block(s.body, loop)), s)
        if isinstance(s, ast.Match):
            cases = [ast.match_case(c.pattern, c.guard, self.block(c.body, loop)) for c in s.cases]
            return _at(ast.Match(s.subject, cases), s)
        if isinstance(s, ast.Try):
            if jumps(s.finalbody):
                raise NotConverted("a `finally` jumps out of itself: move the jump behind it")
            body = s.body
            orelse = self.block(s.orelse, loop)
            if orelse and (found := jumps(body)):
                flags = {_BREAK: loop.stops, _CONTINUE: loop.goes_on, _RETURN: RETURNED}
                orelse = [_at(ast.If(not_any([flags[j] for j in sorted(found)]), orelse, []), orelse[0])]
            handlers = [_at(ast.ExceptHandler(h.type, h.name, self.block(h.body, loop)), h) for h in s.handlers]
            return _at(ast.Try(self.block(body, loop), handlers, orelse, self.block(s.finalbody, loop)), s)
        return s

    # --- match

    def values_of_match(self, s: ast.Match) -> list[ast.stmt] | None:
        """A `match` on values, captures and sequences of them as a chain of `if`; None for other patterns."""
        subject = self.numbers.next("subject")
        taken = self.numbers.next("matched")
        tests = []
        for case in s.cases:
            binds: list[tuple[str, ast.expr]] = []
            test = _pattern(case.pattern, name(subject), binds)
            if test is _UNKNOWN:
                return None
            tests.append((test, binds))
        chain: list[ast.stmt] = []
        for case, (test, binds) in zip(reversed(s.cases), reversed(tests), strict=True):
            chain = _case(case, test, binds, chain, taken)
        out = [assign(subject, s.subject, s), *chain]
        if any(isinstance(n, ast.Name) and n.id == taken for c in chain for n in ast.walk(c)):
            out.insert(0, assign(taken, ast.Constant(False), s))
        return out


def _case(case: ast.match_case, test: Any, binds: Any, others: list[ast.stmt], taken: str) -> list[ast.stmt]:
    """A case and those after it."""
    bound = [assign(n, v, case.pattern) for n, v in binds]
    if case.guard is None:
        if test is None:
            return bound + case.body
        return [_at(ast.If(test, bound + case.body, others), case.pattern)]
    if test is None:
        return [*bound, _at(ast.If(case.guard, case.body, others), case.guard)]
    if not bound:
        return [_at(ast.If(ast.BoolOp(ast.And(), [test, case.guard]), case.body, others), case.pattern)]
    # The names are bound though the guard may not hold.
    first = ast.If(test, [*bound, assign(taken, case.guard, case.guard)], [])
    return [_at(first, case.pattern), _at(ast.If(name(taken), case.body, others), case.pattern)]


_UNKNOWN = object()


def _operator(method: str, *args: ast.expr) -> ast.expr:
    call = ast.Call(ast.Attribute(name("ag__"), method, ast.Load()), list(args), [])
    call.plain = True  # type: ignore[attr-defined]
    return call


def _pattern(p: ast.pattern, subject: ast.expr, binds: list[tuple[str, ast.expr]]) -> Any:
    """The condition that a pattern matches: None if it always does. What it binds is appended."""
    subject = copy.deepcopy(subject)  # the same node may not stand in two places
    if isinstance(p, ast.MatchValue):
        return ast.Compare(subject, [ast.Eq()], [p.value])
    if isinstance(p, ast.MatchSingleton):
        return ast.Compare(subject, [ast.Is()], [ast.Constant(p.value)])
    if isinstance(p, ast.MatchAs):
        test = None if p.pattern is None else _pattern(p.pattern, subject, binds)
        if p.name is not None:
            binds.append((p.name, copy.deepcopy(subject)))
        return test
    if isinstance(p, ast.MatchOr):
        none: list[tuple[str, ast.expr]] = []
        tests = [_pattern(q, subject, none) for q in p.patterns]
        if none or any(t is _UNKNOWN for t in tests):
            return _UNKNOWN
        return None if any(t is None for t in tests) else ast.BoolOp(ast.Or(), tests)
    if isinstance(p, ast.MatchSequence):
        stars = sum(isinstance(q, ast.MatchStar) for q in p.patterns)
        if stars:
            return _UNKNOWN
        tests = [_operator("is_sequence", subject, ast.Constant(len(p.patterns)))]
        for i, q in enumerate(p.patterns):
            test = _pattern(q, ast.Subscript(subject, ast.Constant(i), ast.Load()), binds)
            if test is _UNKNOWN:
                return _UNKNOWN
            tests += [] if test is None else [test]
        return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)
    return _UNKNOWN
