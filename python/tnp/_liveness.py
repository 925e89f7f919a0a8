"""What converted control flow has to carry: the names that a statement changes and that are looked at afterwards.

Statements are those that `_jumps` leaves: no `break`, `continue` or `return` inside of control flow.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Names(ast.NodeVisitor):
    """The names that a piece of code of one function reads and changes."""

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self.deleted: set[str] = set()
        self.outer: set[str] = set()  # declared global or nonlocal
        self.is_global: set[str] = set()
        self.captured: set[str] = set()  # read by functions that are made here, whenever these are called
        self.written_inside: set[str] = set()  # by functions that are made here
        self.composites: dict[str, ast.expr] = {}  # attributes and elements that are assigned
        self.calls = False

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.reads.add(node.id)
        else:
            self.writes.add(node.id)
            if isinstance(node.ctx, ast.Del):
                self.deleted.add(node.id)

    def visit_Constant(self, node: ast.Constant) -> None:
        pass

    def visit_Attribute(self, node: Any) -> None:
        if not isinstance(node.ctx, ast.Load) and _is_path(node):
            self.composites.setdefault(ast.unparse(node), node)
        self.generic_visit(node)

    visit_Subscript = visit_Attribute

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            self.reads.add(node.target.id)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:  # else it declares a type alone
            self.visit(node.target)
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        self.calls = True
        self.generic_visit(node)

    def visit_Global(self, node: Any) -> None:
        self.outer |= set(node.names)
        if isinstance(node, ast.Global):
            self.is_global |= set(node.names)

    visit_Nonlocal = visit_Global

    def visit_alias(self, node: ast.alias) -> None:
        self.writes.add((node.asname or node.name).partition(".")[0])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.generic_visit(node)
        if node.name:
            self.writes.add(node.name)

    def visit_MatchAs(self, node: Any) -> None:
        self.generic_visit(node)
        if node.name:
            self.writes.add(node.name)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        if node.rest:
            self.writes.add(node.rest)

    # --- scopes of their own

    def _function(self, node: Any) -> None:
        if not isinstance(node, ast.Lambda):
            self.writes.add(node.name)
            for d in node.decorator_list:
                self.visit(d)
        for d in (*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)):
            self.visit(d)
        inner = Names()
        for s in node.body if isinstance(node.body, list) else [node.body]:
            inner.visit(s)
        own = (inner.writes - inner.outer) | set(parameters(node.args))
        self.captured |= ((inner.reads | inner.captured) - own) | (inner.outer - inner.is_global)
        self.written_inside |= (inner.writes & inner.outer - inner.is_global) | (inner.written_inside - own)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.writes.add(node.name)
        inner = Names()
        for child in ast.iter_child_nodes(node):
            inner.visit(child)
        self.captured |= inner.reads | inner.captured
        self.written_inside |= inner.written_inside

    def _comprehension(self, node: Any) -> None:
        inner = Names()
        for child in ast.iter_child_nodes(node):
            inner.visit(child)
        own = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        self.writes |= inner.writes - own  # by :=
        self.calls = self.calls or inner.calls
        self.captured |= inner.captured - own
        reads = inner.reads - own
        self.reads |= reads
        if isinstance(node, ast.GeneratorExp):
            self.captured |= reads

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


def _is_path(node: ast.expr) -> bool:
    """Whether this is made of names, attributes and plain keys, so that it can be looked at again."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Subscript) and not isinstance(_key(node), (ast.Constant, ast.Name)):
            return False
        node = node.value
    return isinstance(node, ast.Name)


def _key(node: ast.Subscript) -> ast.expr:
    key = node.slice
    if isinstance(key, ast.UnaryOp) and isinstance(key.op, ast.USub):
        return key.operand
    return key


def parameters(args: ast.arguments) -> list[str]:
    """The names of a function's parameters."""
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    return [a.arg for a in every if a is not None]


def names_in(nodes: Iterable[ast.AST]) -> Names:
    """The names in some statements of one function."""
    found = Names()
    for n in nodes:
        found.visit(n)
    return found


class Liveness:
    """Notes at each `if` and loop of a function what it has to carry: `state` (see `Emitter`), and how much of it comes out.

    maybe: names that may have no value where they are looked at.
    """

    def __init__(self, body: list[ast.stmt], args: list[str]) -> None:
        whole = names_in(body)
        self.whole = whole
        self.hidden = {n for s in body for h in ast.walk(s) if isinstance(h, ast.ExceptHandler) and (n := h.name)}
        self.always = whole.captured | whole.written_inside | whole.outer
        self.maybe: set[str] = set(whole.deleted)
        self.block(body, set(self.always))
        self.assigned(body, set(args) | whole.outer)

    # --- backwards: who looks at what

    def block(self, body: list[ast.stmt], live: set[str]) -> set[str]:
        for s in reversed(body):
            live = self.statement(s, live)
        return live

    def statement(self, s: Any, live: set[str]) -> set[str]:
        if isinstance(s, ast.If):
            body, orelse = self.block(s.body, live), self.block(s.orelse, live)
            self.note(s, s.body + s.orelse, live, body | orelse)
            return body | orelse | self.reads(s.test)
        if isinstance(s, (ast.While, ast.For)):
            return self.loop(s, live)
        if isinstance(s, ast.Try):
            rest = [*s.handlers, *s.orelse, *s.finalbody]
            every = live | self.reads(s)
            self.block(s.finalbody, live)
            for h in s.handlers:
                self.block(h.body, every)
            self.block(s.orelse, every)
            kept, self.always = self.always, self.always | live | self.reads(*rest)
            self.block(s.body, set(every))
            self.always = kept
            return every
        if isinstance(s, ast.With):
            inner = self.block(s.body, live)
            return inner | self.reads(*s.items) | self.always
        if isinstance(s, ast.Match):
            cases = [self.block(c.body, live) | self.reads(c.pattern, *([c.guard] if c.guard else [])) for c in s.cases]
            return live.union(*cases) | self.reads(s.subject)
        found = names_in([s])
        kills = found.writes - found.reads if not isinstance(s, (ast.Try, ast.Match)) else set()
        return (live - kills) | found.reads | found.captured | self.always

    def reads(self, *nodes: ast.AST) -> set[str]:
        found = names_in(nodes)
        return found.reads | found.captured | self.always

    def loop(self, s: Any, live: set[str]) -> set[str]:
        head = live | set(s.flags) | self.always
        target: set[str] = set()
        if isinstance(s, ast.While):
            head |= self.reads(s.test)
        else:
            found = names_in([s.target])
            target = found.writes
            head |= found.reads
        while True:
            before = self.block(s.body, head) - target
            if before <= head:
                break
            head |= before
        changed = [*s.body, s.test] if isinstance(s, ast.While) else [*s.body, s.target]
        self.note(s, changed, head, set())
        return head | (self.reads(s.iter) if isinstance(s, ast.For) else set())

    def note(self, s: Any, changed: list[Any], live: set[str], inside: set[str]) -> None:
        found = names_in(changed)
        writes = found.writes - self.hidden
        if found.calls:
            writes |= self.whole.written_inside
        out = sorted(writes & live)
        paths = [
            (text, node)
            for text, node in sorted(found.composites.items())
            if not ({n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & writes)
        ]
        s.state = [*((n, None) for n in out), *paths]
        s.outputs = len(s.state)
        s.state += [(n, None) for n in sorted(writes & inside - live)]
        s.changes = writes

    # --- forwards: what surely has a value

    def assigned(self, body: list[ast.stmt], known: set[str]) -> set[str]:
        known = set(known)
        for s in body:
            known = self.after(s, known)
        return known

    def after(self, s: Any, known: set[str]) -> set[str]:
        changes: set[str] = getattr(s, "changes", set())
        if hasattr(s, "state"):
            shared = {n for n, path in s.state if path is None}
            self.maybe |= shared - known
            # Its parts become functions, and what they do not share is theirs: it has no value when they begin.
            inside = known - (changes - shared)
        if isinstance(s, ast.If):
            return (known - changes) | self.assigned(s.body, inside) & self.assigned(s.orelse, inside)
        if isinstance(s, (ast.While, ast.For)):
            self.assigned(s.body, inside | (names_in([s.target]).writes if isinstance(s, ast.For) else set()))
            return known
        if isinstance(s, ast.Try):
            self.assigned(s.body, known)
            for h in s.handlers:
                self.assigned(h.body, known)
            self.assigned(s.orelse, known)
            return self.assigned(s.finalbody, known)
        if isinstance(s, ast.With):
            return self.assigned(s.body, known | names_in(s.items).writes)
        if isinstance(s, ast.Match):
            for c in s.cases:
                self.assigned(c.body, known | names_in([c.pattern]).writes)
            return known
        found = names_in([s])
        return (known | found.writes) - found.deleted
