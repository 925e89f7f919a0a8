"""Functions rewritten so that their control flow calls the operators of `_autograph`: what to convert, and how.

`_rewrite` rewrites the syntax tree; it is compiled here with the places of the user's file, so that errors, the debugger
and the graph's comments show the user's lines. A function is converted when a trace has asked for it, and once.
"""

from __future__ import annotations
import __future__

import ast
import copy
import dis
import functools
import inspect
import linecache
import operator
import os
import sys
import sysconfig
import threading
import types
from typing import Any

from . import _rewrite
from ._autograph_loops import _BUILTINS

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_LIBRARIES = tuple(
    {os.path.abspath(sysconfig.get_path(kind)) + os.sep for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
)

_lock = threading.RLock()
_asked: set[types.CodeType] = set()  # library code that a trace met on its way: converted though it is a library's
_converted: set[types.CodeType] = set()  # what came out of a conversion
_failed: dict[types.CodeType, str] = {}  # why a conversion was not possible
_factories: dict[types.CodeType, Any] = {}
_LIMIT = 4096  # functions kept; code objects of closures made anew share theirs


def is_users(code: types.CodeType) -> bool:
    """Whether this is the user's code: no part of Python, of an installed package or of tnp."""
    name = code.co_filename
    if name.startswith("<"):  # typed in, where the interpreter keeps what was typed
        return bool(linecache.getlines(name))
    return not name.startswith((_PACKAGE, *_LIBRARIES))


def wants_conversion(what: str, converted: bool, boundary: int) -> bool:
    """Whether to trace again with converted control flow, asked where Python needs a value that only a run knows.

    converted: whether this trace runs converted code already.
    boundary: the address of the frame that called the traced function.
    """
    frame: types.FrameType | None = sys._getframe(1)
    innermost = True
    new = False
    while frame is not None and id(frame) != boundary:
        code = frame.f_code
        if not code.co_filename.startswith(_PACKAGE):
            if innermost and (code in _failed or not _may_help(what, frame)):
                return False
            innermost = False
            if code not in _converted and code not in _failed and code not in _asked:
                _asked.add(code)
                new = True
        frame = frame.f_back
    return new or (not converted and not innermost)


def _may_help(what: str, frame: types.FrameType) -> bool:
    code = frame.f_code
    if code in _converted:
        return False
    if what == "rows":  # a loop, no unpacking or list(x)
        return dis.opname[code.co_code[frame.f_lasti]] == "GET_ITER" or not _ITERATORS.isdisjoint(code.co_names)
    if what == "number":
        return not _NUMBERS.isdisjoint(code.co_names)
    return True


_NUMBERS = {"len", "range", "int", "float", "bool", "complex"}  # builtins that ask for a value, and are converted
_NUMBERS |= {f.__name__ for f in _BUILTINS if f.__module__ == "math"}
_ITERATORS = {"enumerate", "zip", "any", "all"}


def why_not_converted() -> str:
    """Why the innermost function of the user on the stack was not converted; empty if that was not tried."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            return _failed.get(frame.f_code, "")
        frame = frame.f_back
    return ""


def converted(f: types.FunctionType) -> types.FunctionType | None:
    """`f` with converted control flow; None where it is left alone or can not be converted."""
    code = f.__code__
    if code in _converted or code in _failed:
        return None
    if not is_users(code) and code not in _asked:
        return None
    with _lock:
        factory = _factories.get(code)
        if factory is None:
            try:
                factory = _make_factory(f)
            except Exception as error:  # what the conversion or the compiler does not understand is run as it is
                _failed[code] = _explain(f, error)
                return None
            if len(_factories) >= _LIMIT:
                _factories.clear()
            _factories[code] = factory
    return factory(f)


def _explain(f: types.FunctionType, error: Exception) -> str:
    name = getattr(f, "__qualname__", "a function")
    if isinstance(error, OSError):
        return f"the source of {name} is not available, so its control flow can not be converted"
    text = str(error).strip().split("\n")[0]
    if isinstance(error, _rewrite.NotConverted):
        return f"the control flow of {name} can not be converted: {text}"
    return f"the control flow of {name} can not be converted ({type(error).__name__}: {text})"


def _make_factory(f: types.FunctionType) -> Any:
    code = f.__code__
    node, lines = _definition(code)
    path = f.__qualname__.split(".")
    private = path[-2] if len(path) > 1 and path[-2] != "<locals>" else ""
    made = _rewrite.rewritten(node, private)
    if isinstance(made, ast.Lambda):
        made = ast.copy_location(ast.Assign([ast.Name("function__", ast.Store())], made), node)
    else:
        made.name, made.args.defaults = "function__", []
        made.args.kw_defaults = [None] * len(made.args.kwonlyargs)
        _rewrite.without_annotations(made.args)
    free = [n for n in code.co_freevars if n != _rewrite.OPERATORS]
    inner = _rewrite.definition("inner__", [made, ast.Return(ast.Name("function__", ast.Load()))], _rewrite.OPERATORS)
    empty: list[ast.stmt] = [ast.Assign([ast.Name(n, ast.Store())], ast.Constant(None)) for n in free]
    outer = _rewrite.definition("outer__", [*empty, inner, ast.Return(ast.Name("inner__", ast.Load()))])
    module = ast.fix_missing_locations(ast.Module([ast.copy_location(outer, node)], []))
    ast.increment_lineno(module, lines)
    flags = code.co_flags & _FUTURE
    compiled = compile(module, code.co_filename, "exec", flags=flags, dont_inherit=True)
    namespace: dict[str, Any] = {}
    exec(compiled, namespace)
    factory_code = _named(namespace["outer__"]().__code__, "function__", f)
    _remember(factory_code)
    from . import _autograph

    def instantiate(function: types.FunctionType) -> types.FunctionType:
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        closure = tuple(cells[n] for n in factory_code.co_freevars)
        made = types.FunctionType(factory_code, function.__globals__, "inner__", (), closure)(_autograph)
        made.__defaults__ = function.__defaults__
        made.__kwdefaults__ = function.__kwdefaults__
        made.__name__, made.__qualname__ = function.__name__, function.__qualname__
        return made

    return instantiate


_FUTURE = functools.reduce(operator.or_, (getattr(__future__, n).compiler_flag for n in __future__.all_feature_names))


def _definition(code: types.CodeType) -> tuple[Any, int]:
    """The syntax tree of a function, and how many lines of its file lie before the tree's first."""
    lines = linecache.getlines(code.co_filename)
    first = code.co_firstlineno
    if not 0 < first <= len(lines):
        raise OSError("no source")
    places = list(_places(code))
    last = max((p[1] for p in places), default=first)
    last = max(last, first)
    if code.co_name != "<lambda>":
        # The function's lines alone; in front of an indented one something that it is indented in.
        indented = lines[first - 1][:1] in " \t"
        for exact in (False, True):  # a last line without code is missed at first
            end = first - 1 + len(inspect.getblock(lines[first - 1 :])) if exact else last
            text = "if 1:\n" * indented + "".join(lines[first - 1 : end])
            try:
                tree = ast.parse(text)
            except SyntaxError:
                continue
            found = tree.body[0].body[0] if indented else tree.body[0]  # type: ignore[attr-defined]
            if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)) and found.name == code.co_name:
                return found, first - 1 - indented
        raise OSError("no source")
    return _lambda_at(code, _parsed(code.co_filename, "".join(lines)), places), 0


def _places(code: types.CodeType) -> Any:
    for place in code.co_positions():
        if None not in place:
            yield place
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _places(constant)


@functools.lru_cache(maxsize=8)
def _parsed(filename: str, text: str) -> ast.Module:
    return ast.parse(text, filename)


def _lambda_at(code: types.CodeType, tree: ast.Module, places: list[Any]) -> Any:
    """The innermost lambda that holds all places of the code."""
    spans = {p for p in places if p[0] != p[1] or p[2] != p[3]}

    def holds(n: Any) -> bool:
        start, end = (n.lineno, n.col_offset), (n.end_lineno, n.end_col_offset)
        return all(start <= (p[0], p[2]) and (p[1], p[3]) <= end for p in spans)

    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    found = [
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.Lambda)
        and n.lineno <= code.co_firstlineno <= (n.end_lineno or 0)
        and tuple(a.arg for a in (*n.args.posonlyargs, *n.args.args, *n.args.kwonlyargs)) == names
        and holds(n.body)
    ]
    if not found:
        raise OSError("no source")
    return copy.deepcopy(max(found, key=lambda n: (n.lineno, n.col_offset)))


def _named(code: types.CodeType, name: str, f: types.FunctionType) -> types.CodeType:
    """The code with the function's own name, for tracebacks."""
    constants = tuple(_named(c, name, f) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    if code.co_name == name or (code.co_name == "<lambda>" and f.__name__ == "<lambda>"):
        return code.replace(co_consts=constants, co_name=f.__name__, co_qualname=f.__qualname__)
    return code.replace(co_consts=constants)


def _remember(code: types.CodeType) -> None:
    _converted.add(code)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            _remember(constant)
