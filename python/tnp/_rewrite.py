"""Python's syntax tree of a function, rewritten so that its control flow calls the operators of `_autograph`."""

from __future__ import annotations

import ast
import copy
from typing import Any

from . import _jumps
from ._jumps import NotConverted
from ._liveness import COMPREHENSIONS, Liveness, names_in, parameters

OPERATORS = "ag__"  # what the rewritten code calls `_autograph`

_IN_PLACE = {"super", "locals", "globals", "eval", "exec", "vars", "dir"}  # look at the frame that calls them
_COMPARISONS = {
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne", ast.Is: "is_",
    ast.IsNot: "is_not", ast.In: "in_", ast.NotIn: "not_in",
}  # fmt: skip


def rewritten(node: Any, private: str) -> Any:
    """The function or lambda `node`, rewritten. private: the class whose private names it uses, or empty."""
    rewriter = _Rewriter(private)
    return rewriter.visit_Lambda(node) if isinstance(node, ast.Lambda) else rewriter.function(node)


def operator(name: str, *args: ast.expr) -> ast.Call:
    """A call of one of the operators."""
    return ast.Call(ast.Attribute(_load(OPERATORS), name, ast.Load()), list(args), [])


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _store(name: str) -> ast.Name:
    return ast.Name(name, ast.Store())


def _tuple(items: list[ast.expr], ctx: Any = None) -> ast.Tuple:
    return ast.Tuple(items, ctx or ast.Load())


def _lambda(body: ast.expr, *args: str) -> ast.Lambda:
    return ast.Lambda(_arguments(*args), body)


def _arguments(*names: str) -> ast.arguments:
    return ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])


def definition(name: str, body: list[ast.stmt], *args: str) -> ast.FunctionDef:
    made = ast.FunctionDef(name, _arguments(*args), body or [ast.Pass()], [], None)
    made.type_params = []  # type: ignore[attr-defined]
    return made


def _undefined(name: str) -> ast.expr:
    return operator("Undefined", ast.Constant(name))


class _Scope:
    """The names of a function. maybe: those that may have no value; own: all that it assigns."""

    def __init__(self, own: set[str], maybe: set[str], is_global: set[str], first: str | None) -> None:
        self.own, self.maybe, self.is_global, self.first = own, maybe, is_global, first
        self.local = set(own)  # of the innermost body that is a function of its own
        self.paths: set[str] = set()  # attributes and elements that it assigns


class _Rewriter(ast.NodeTransformer):
    def __init__(self, private: str) -> None:
        self.private = private
        self.scopes: list[_Scope] = []
        self.number = 0

    # --- functions

    def function(self, node: Any) -> ast.FunctionDef:
        """A function's definition without its decorators, defaults and annotations, which belong to the scope around."""
        _refuse_generators(node)
        body, in_value = _jumps.without_jumps(node.body)
        if in_value:
            first = [
                _jumps.assign(_jumps.RETURNED, ast.Constant(False), node),
                _jumps.assign(_jumps.VALUE, operator("UndefinedReturnValue"), node),
            ]
            last = ast.Return(
                operator("returned", ast.Constant(node.name), _load(_jumps.VALUE), _load(_jumps.RETURNED))
            )
            for s in first:
                _plain(s)
            _plain(last)
            body = [*first, *body, ast.copy_location(last, body[-1] if body else node)]
        args = parameters(node.args)
        live = Liveness(body, args)
        own = (live.whole.writes - live.whole.outer) | set(args)
        scope = _Scope(own, live.maybe - live.whole.outer, live.whole.is_global, args[0] if args else None)
        scope.paths = set(live.whole.composites)
        self.scopes.append(scope)
        statements = self.block(body)
        start: list[ast.stmt] = [
            ast.Assign([_store(n)], _undefined(n)) for n in sorted(scope.maybe & scope.local) if n not in args
        ]
        statements = [*self.declarations(live.whole.outer), *start, *statements]
        self.scopes.pop()
        made = ast.FunctionDef(node.name, node.args, statements or [ast.Pass()], [], None)
        made.type_params = []  # type: ignore[attr-defined]
        return ast.copy_location(made, node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        decorators = [self.visit(d) for d in node.decorator_list]
        defaults = [self.visit(d) for d in node.args.defaults]
        kw_defaults = [d and self.visit(d) for d in node.args.kw_defaults]
        try:
            made = self.function(node)
        except NotConverted:
            made = node  # a generator, say: it stays as it is
        made.decorator_list, made.args.defaults, made.args.kw_defaults = decorators, defaults, kw_defaults
        made.returns = None
        without_annotations(made.args)
        made.name = self.mangled(made.name)
        return made

    def visit_AsyncFunctionDef(self, node: Any) -> Any:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        args = node.args
        args.defaults = [self.visit(d) for d in args.defaults]
        args.kw_defaults = [d and self.visit(d) for d in args.kw_defaults]
        own = set(parameters(args))
        self.scopes.append(_Scope(own, set(), set(), None))
        node.body = self.visit(node.body)
        self.scopes.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        outer, self.private = self.private, node.name
        body = []
        for s in node.body:
            body.append(self.visit_FunctionDef(s) if isinstance(s, ast.FunctionDef) else s)
        self.private = outer
        node.bases = [self.visit(b) for b in node.bases]
        node.body = body
        return node

    # --- statements

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for s in body:
            made = self.visit(s)
            if made is None:
                continue
            for m in made if isinstance(made, list) else [made]:
                out.append(m if hasattr(m, "lineno") else ast.copy_location(m, s))
        return out

    def next(self, stem: str) -> str:
        self.number += 1
        return f"{stem}__{self.number}"

    def inner(self, name: str, body: Any, changes: set[str], state: list[Any], *args: str) -> ast.FunctionDef:
        """A part of a statement as a function that shares the names in `state` with the function around."""
        scope = self.scopes[-1]
        shared = {n for n, path in state if path is None}
        outer, scope.local = scope.local, (changes & scope.own) - shared
        statements = body() if callable(body) else self.block(body)
        start = [ast.Assign([_store(n)], _undefined(n)) for n in sorted(scope.local & scope.maybe)]
        scope.local = outer
        return definition(name, [*self.declarations(shared), *start, *statements], *args)

    def declarations(self, names: set[str]) -> list[ast.stmt]:
        is_global = self.scopes[-1].is_global
        out: list[ast.stmt] = []
        if names & is_global:
            out.append(ast.Global(sorted(names & is_global)))
        if names - is_global:
            out.append(ast.Nonlocal(sorted(map(self.mangled, names - is_global))))
        return out

    def state(self, s: Any) -> tuple[list[ast.stmt], list[ast.expr]]:
        """The functions that read and write what a statement carries, and how it names them and the variables."""
        get, put = self.next("get_state"), self.next("set_state")
        own = self.scopes[-1].own
        values: list[ast.expr] = []
        writes: list[ast.stmt] = []
        for i, (n, path) in enumerate(s.state):
            item = ast.Subscript(_load("state__"), ast.Constant(i), ast.Load())
            if path is None:
                plain: ast.expr = _load(self.mangled(n))
                values.append(plain if n in own else operator("ldu", _lambda(plain), ast.Constant(n)))
                writes.append(ast.Assign([_store(self.mangled(n))], item))
                continue
            read, write = copy.deepcopy(path), copy.deepcopy(path)
            read.ctx, write.ctx = ast.Load(), ast.Store()
            values.append(operator("ldu", _lambda(self.path(read)), ast.Constant(n)))
            missing = operator("is_undefined", copy.deepcopy(item))
            writes.append(ast.If(missing, [ast.Pass()], [ast.Assign([self.path(write)], item)]))
        names = {n for n, path in s.state if path is None}
        functions: list[ast.stmt] = [
            definition(get, [ast.Return(_tuple(values))]),
            definition(put, [*self.declarations(names), *writes], "state__"),
        ]
        shown = _tuple([ast.Constant(_jumps.SHOWN.get(n, n)) for n, _ in s.state])
        return functions, [_load(get), _load(put), shown]

    def path(self, node: Any) -> Any:
        """An attribute or element of variables, read as they are."""
        for n in ast.walk(node):
            if isinstance(n, ast.Attribute):
                n.attr = self.mangled(n.attr)
        return node

    def visit_If(self, s: Any) -> Any:
        if _is_pythons(s.test):
            made = ast.If(self.visit(s.test), self.block(s.body) or [ast.Pass()], self.block(s.orelse))
            return ast.copy_location(made, s)
        body, orelse = self.next("if_body"), self.next("else_body")
        test = self.visit(s.test)
        functions, names = self.state(s)
        parts = [
            self.inner(body, s.body, s.changes, s.state),
            self.inner(orelse, s.orelse, s.changes, s.state),
        ]
        call = operator("if_stmt", test, _load(body), _load(orelse), *names, ast.Constant(s.outputs))
        return self.placed([*parts, *functions, ast.Expr(call)], s)

    def visit_While(self, s: Any) -> Any:
        test, body = self.next("loop_test"), self.next("loop_body")
        functions, names = self.state(s)
        condition = s.test
        if s.flags:
            always = isinstance(condition, ast.Constant) and condition.value is True
            stops = _jumps.not_any(s.flags)
            condition = stops if always else ast.BoolOp(ast.And(), [stops, condition])
        parts = [
            self.inner(test, lambda: [ast.Return(self.visit(condition))], s.changes, s.state),
            self.inner(body, s.body, s.changes, s.state),
        ]
        call = operator("while_stmt", _load(test), _load(body), *names)
        return self.placed([*parts, *functions, ast.Expr(call)], s)

    def visit_For(self, s: Any) -> Any:
        body = self.next("loop_body")
        iterated = self.visit(s.iter)
        functions, names = self.state(s)
        extra: ast.expr = ast.Constant(None)
        if s.flags:
            extra = _lambda(self.visit(_jumps.not_any(s.flags)))
        item = ast.Assign([s.target], _load("item__"))

        def statements() -> list[ast.stmt]:
            return [ast.Assign([self.visit(s.target)], item.value), *self.block(s.body)]

        part = self.inner(body, statements, s.changes, s.state, "item__")
        call = operator("for_stmt", iterated, extra, _load(body), *names)
        return self.placed([part, *functions, ast.Expr(call)], s)

    def placed(self, statements: list[Any], like: ast.AST) -> list[ast.stmt]:
        return [ast.copy_location(s, like) for s in statements]

    def visit_Try(self, s: ast.Try) -> Any:
        body = self.block(s.body)
        if s.handlers:  # what a handler may catch must not be raised by a run
            caught = [copy.deepcopy(h.type) if h.type else ast.Constant(None) for h in s.handlers]
            types = _lambda(_tuple([self.visit(t) for t in caught]))
            guarded = ast.With([ast.withitem(operator("handlers", types), None)], body or [ast.Pass()])
            body = self.placed([guarded], s)
        handlers = []
        for h in s.handlers:
            made = ast.ExceptHandler(h.type and self.visit(h.type), h.name, self.block(h.body) or [ast.Pass()])
            handlers.append(ast.copy_location(made, h))
        return ast.copy_location(ast.Try(body, handlers, self.block(s.orelse), self.block(s.finalbody)), s)

    def visit_With(self, s: ast.With) -> Any:
        items = [self.visit(i) for i in s.items]
        return ast.copy_location(ast.With(items, self.block(s.body) or [ast.Pass()]), s)

    def visit_Match(self, s: Any) -> Any:
        cases = []
        for c in s.cases:
            cases.append(ast.match_case(c.pattern, c.guard and self.visit(c.guard), self.block(c.body) or [ast.Pass()]))
        return ast.copy_location(ast.Match(self.visit(s.subject), cases), s)

    def visit_Assert(self, s: ast.Assert) -> Any:
        message = _lambda(self.visit(s.msg) if s.msg else ast.Constant(None))
        return ast.Expr(operator("assert_stmt", self.visit(s.test), message))

    def visit_Raise(self, s: ast.Raise) -> Any:
        if s.exc is None:
            return s
        return ast.Raise(operator("explicit", self.visit(s.exc)), s.cause and self.visit(s.cause))

    def visit_AugAssign(self, s: Any) -> Any:
        value = self.visit(s.value)
        if isinstance(s.target, ast.Name) and self.is_maybe(s.target.id):
            n = self.mangled(s.target.id)
            read = ast.Assign([_store(n)], operator("ld", _load(n)))
            return self.placed([read, ast.AugAssign(_store(n), s.op, value)], s)
        return ast.copy_location(ast.AugAssign(self.visit(s.target), s.op, value), s)

    def visit_AnnAssign(self, s: Any) -> Any:
        if s.value is None:
            return None
        return ast.copy_location(ast.Assign([self.visit(s.target)], self.visit(s.value)), s)

    def visit_Delete(self, s: ast.Delete) -> Any:
        out: list[Any] = []
        for t in s.targets:
            if isinstance(t, ast.Name) and self.is_maybe(t.id):
                out.append(ast.Assign([_store(self.mangled(t.id))], _undefined(t.id)))
            else:
                out.append(ast.Delete([self.visit(t)]))
        return self.placed(out, s)

    def visit_Global(self, s: Any) -> Any:
        return None  # at the head of the function

    def visit_Nonlocal(self, s: Any) -> Any:
        return None

    # --- expressions

    def mangled(self, name: str) -> str:
        if self.private and name.startswith("__") and not name.endswith("__") and self.private.strip("_"):
            return f"_{self.private.lstrip('_')}{name}"
        return name

    def is_maybe(self, name: str) -> bool:
        for scope in reversed(self.scopes):
            if name in scope.own:
                return name in scope.maybe
        return False

    def visit_Name(self, node: ast.Name) -> Any:
        maybe = isinstance(node.ctx, ast.Load) and self.is_maybe(node.id)
        node = ast.copy_location(ast.Name(self.mangled(node.id), node.ctx), node)
        return ast.copy_location(operator("ld", node), node) if maybe else node

    def visit_Constant(self, node: ast.Constant) -> Any:
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        maybe = self.is_path(node)
        self.generic_visit(node)
        node.attr = self.mangled(node.attr)
        return ast.copy_location(operator("ld", node), node) if maybe else node

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        maybe = self.is_path(node)
        self.generic_visit(node)
        return ast.copy_location(operator("ld", node), node) if maybe else node

    def is_path(self, node: Any) -> bool:
        """Whether this reads an attribute or element that a branch may have set."""
        if not isinstance(node.ctx, ast.Load) or not any(x.paths for x in self.scopes):
            return False
        text = ast.unparse(node)
        return any(text in x.paths for x in self.scopes)

    def visit_Call(self, node: ast.Call) -> Any:
        if getattr(node, "plain", False):
            node.args = [self.visit(a) for a in node.args]
            return node
        f = node.func
        if isinstance(f, ast.Name) and f.id in _IN_PLACE:
            self.generic_visit(node)
            first = next((x.first for x in reversed(self.scopes) if x.first), None)
            if f.id == "super" and not node.args and first:
                node.args = [_load("__class__"), _load(first)]
            return node
        if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp) and not node.keywords:
            args: list[ast.expr] = [self.comprehension(node.args[0], "generator")]
        else:
            args = [self.visit(a) for a in node.args]
        kwargs: ast.expr = ast.Constant(None)
        if node.keywords:
            for k in node.keywords:
                k.value = self.visit(k.value)
            if any(k.arg is None for k in node.keywords):
                kwargs = operator("keywords")
                kwargs.keywords = node.keywords
            else:
                kwargs = ast.Dict([ast.Constant(k.arg) for k in node.keywords], [k.value for k in node.keywords])
        made = operator("converted_call", self.visit(f), _tuple(args), kwargs)
        return ast.copy_location(made, node)

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        plain = [_is_plain(v) for v in node.values]
        first = _binds(node.values[0])
        binds = any(_binds(v) for v in node.values[1:])
        values = [self.visit(v) for v in node.values]
        if binds:
            return ast.copy_location(ast.BoolOp(node.op, values), node)
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        made = values[-1]
        for i in range(len(values) - 2, -1, -1):
            given = operator("always", values[i]) if i == 0 and first else _lambda(values[i])
            made = operator(name, given, _lambda(made), ast.Constant(all(plain[i + 1 :])))
        return ast.copy_location(made, node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        self.generic_visit(node)
        return ast.copy_location(operator("not_", node.operand), node) if isinstance(node.op, ast.Not) else node

    def visit_Compare(self, node: ast.Compare) -> Any:
        chained = len(node.ops) > 1 and not any(_binds(c) for c in node.comparators)
        if not chained and not isinstance(node.ops[0], (ast.In, ast.NotIn, ast.Eq, ast.NotEq)):
            self.generic_visit(node)
            return node
        plain = ast.Constant(all(_is_plain(c) for c in node.comparators))
        left, *rest = [self.visit(v) for v in (node.left, *node.comparators)]
        functions: list[ast.expr] = [ast.Constant(_COMPARISONS[type(op)]) for op in node.ops]
        if len(functions) == 1:
            return ast.copy_location(operator(functions[0].value, left, rest[0]), node)  # type: ignore[attr-defined]
        return ast.copy_location(operator("chain", plain, left, *functions, *(_lambda(v) for v in rest)), node)

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        text = ast.unparse(node)
        if _binds(node.body) or _binds(node.orelse) or _is_pythons(node.test):
            self.generic_visit(node)
            return node
        test, body, orelse = (self.visit(v) for v in (node.test, node.body, node.orelse))
        return ast.copy_location(operator("if_exp", test, _lambda(body), _lambda(orelse), ast.Constant(text)), node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        parts: list[ast.expr] = []
        for v in node.values:
            if isinstance(v, ast.Constant):
                parts.append(v)
                continue
            spec = self.visit(v.format_spec) if v.format_spec else ast.Constant("")  # type: ignore[attr-defined]
            parts.append(_tuple([self.visit(v.value), ast.Constant(v.conversion), spec]))  # type: ignore[attr-defined]
        return ast.copy_location(operator("text", *parts), node)

    def visit_ListComp(self, node: ast.ListComp) -> Any:
        return self.comprehension(node, "comprehension")

    def visit_GeneratorExp(self, node: Any) -> Any:
        self.scopes.append(_Scope(_targets(node.generators), set(), set(), None))
        self.generic_visit(node)
        self.scopes.pop()
        return node

    visit_SetComp = visit_DictComp = visit_GeneratorExp

    def comprehension(self, node: Any, kind: str) -> ast.expr:
        if any(g.is_async for g in node.generators) or _binds(node) or _awaits(node):
            return self.visit_GeneratorExp(node)
        first = node.generators[0]
        iterated = self.visit(first.iter)
        rest = node.generators[1:]
        inner = type(node)(node.elt, rest) if rest else node.elt
        self.scopes.append(_Scope(_targets([first]), set(), set(), None))
        value = self.comprehension(inner, kind) if rest else self.visit(inner)
        if first.ifs:
            test = first.ifs[0] if len(first.ifs) == 1 else ast.BoolOp(ast.And(), first.ifs)
            condition: ast.expr = _lambda(self.visit(test))
        else:
            condition = ast.Constant(None)
        target = self.visit(first.target)
        self.scopes.pop()
        # A list of one, as only a comprehension binds a target inside of an expression.
        once = ast.comprehension(target, _tuple([_load("item__")]), [], 0)
        pair = ast.ListComp(_tuple([condition, _lambda(value)]), [once])
        row = _lambda(ast.Subscript(pair, ast.Constant(0), ast.Load()), "item__")
        made = operator(kind, iterated, row, ast.Constant(bool(rest)))
        return ast.copy_location(made, node)


def _targets(generators: list[ast.comprehension]) -> set[str]:
    return {n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}


def _binds(node: ast.AST) -> bool:
    return any(isinstance(n, (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await)) for n in ast.walk(node))


def _is_plain(node: ast.expr) -> bool:
    """Whether evaluating this can neither fail nor take long: no index, no call."""
    return not any(isinstance(n, (ast.Call, ast.Subscript, ast.Attribute, ast.ListComp)) for n in ast.walk(node))


def _awaits(node: ast.AST) -> bool:
    return any(isinstance(n, (ast.Await, ast.Yield, ast.YieldFrom)) for n in ast.walk(node))


def _is_pythons(test: ast.expr) -> bool:
    """Whether a condition is one that Python knows for sure, and calls nothing that may need conversion."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _is_pythons(test.operand)
    if isinstance(test, ast.Constant):
        return True
    return isinstance(test, ast.Compare) and all(isinstance(op, (ast.Is, ast.IsNot)) for op in test.ops)


def _plain(node: ast.AST) -> None:
    for n in ast.walk(node):
        if isinstance(n, ast.Call):
            n.plain = True  # type: ignore[attr-defined]


def without_annotations(args: ast.arguments) -> None:
    for a in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
        if a is not None:
            a.annotation = None


def _refuse_generators(node: Any) -> None:
    if isinstance(node, ast.AsyncFunctionDef):
        raise NotConverted("it is a coroutine: call it outside of the traced function")
    todo: list[ast.AST] = list(node.body)
    while todo:
        n = todo.pop()
        if isinstance(n, (ast.Yield, ast.YieldFrom)):
            raise NotConverted("it is a generator: return a list, or use tnp.map or tnp.scan")
        if not isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            todo += ast.iter_child_nodes(n)


__all__ = ["COMPREHENSIONS", "OPERATORS", "NotConverted", "names_in", "operator", "rewritten"]
