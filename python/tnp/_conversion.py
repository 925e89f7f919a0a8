"""Functions rewritten so that their control flow calls the operators of `_autograph`: what to convert, and how.

diastatic-malt rewrites the syntax tree; it is compiled here with the places of the user's file, so that errors, the
debugger and the graph's comments show the user's lines. A function is converted when a trace has asked for it, and
once.
"""

from __future__ import annotations

import dis
import functools
import inspect
import os
import sys
import sysconfig
import threading
import types
from typing import Any

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
    return not code.co_filename.startswith((_PACKAGE, "<", *_LIBRARIES))


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


_NUMBERS = {"range", "int", "float", "bool", "complex"}  # builtins that ask for a value, and are converted
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
            except Exception as error:  # what malt or the compiler does not understand is run as it is
                _failed[code] = _explain(f, error)
                return None
            if len(_factories) >= _LIMIT:
                _factories.clear()
            _factories[code] = factory
    return factory(f)


def _explain(f: types.FunctionType, error: Exception) -> str:
    name = getattr(f, "__qualname__", "a function")
    if isinstance(error, OSError) or type(error).__name__ == "InaccessibleSourceCodeError":
        return f"the source of {name} is not available, so its control flow can not be converted"
    text = str(error).strip().split("\n")[0]
    return f"the control flow of {name} can not be converted ({type(error).__name__}: {text})"


@functools.cache
def _transpiler() -> Any:
    """malt is loaded when the first function is converted."""
    import importlib.util  # noqa: F401  malt takes it for granted

    from malt.core import converter
    from malt.impl import api

    from . import _autograph

    class Transpiler(api.PyToPy):
        def get_transformed_name(self, node: Any) -> str:
            return super(api.PyToPy, self).get_transformed_name(node)

        def get_extra_locals(self) -> dict[str, Any]:
            return {"ag__": _autograph}

    options = converter.ConversionOptions(
        recursive=True,
        user_requested=True,
        optional_features=(converter.Feature.ASSERT_STATEMENTS, converter.Feature.BUILTIN_FUNCTIONS),
    )
    return Transpiler(), converter.ProgramContext(options=options)


def _make_factory(f: types.FunctionType) -> Any:
    import ast

    from malt.pyct import transpiler as malt

    transpiler, program = _transpiler()
    inspect.getsourcelines(f)  # raises OSError where there is none
    nodes, context = malt.GenericTranspiler.transform_function(transpiler, f, program)
    name = context.info.name
    if isinstance(nodes, ast.Lambda):
        nodes = ast.Assign(targets=[ast.Name(name, ctx=ast.Store())], value=nodes)
    else:
        nodes.name = name
        nodes.decorator_list = []
    inner = context.namer.new_symbol("inner_factory", ())
    outer = context.namer.new_symbol("outer_factory", ())
    free = f.__code__.co_freevars
    tree = malt._wrap_into_factory(nodes, name, inner, outer, free, ["ag__"], context.info.future_features)
    module = ast.Module(body=list(tree), type_ignores=[])
    _place(module, f.__code__.co_firstlineno)
    compiled = compile(module, f.__code__.co_filename, "exec", dont_inherit=True)
    namespace: dict[str, Any] = {}
    exec(compiled, namespace)
    factory_code = _named(namespace[outer]().__code__, name, f)
    _remember(factory_code)
    from . import _autograph

    def instantiate(function: types.FunctionType) -> types.FunctionType:
        cells = dict(zip(free, function.__closure__ or (), strict=True))
        closure = tuple(cells[n] for n in factory_code.co_freevars)
        made = types.FunctionType(factory_code, function.__globals__, name, (), closure)(ag__=_autograph)
        made.__defaults__ = function.__defaults__
        made.__kwdefaults__ = function.__kwdefaults__
        made.__name__, made.__qualname__ = function.__name__, function.__qualname__
        return made

    return instantiate


def _named(code: types.CodeType, name: str, f: types.FunctionType) -> types.CodeType:
    """The code with the function's own name, for tracebacks."""
    constants = tuple(_named(c, name, f) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    if code.co_name == name:
        return code.replace(co_consts=constants, co_name=f.__name__, co_qualname=f.__qualname__)
    return code.replace(co_consts=constants)


def _remember(code: types.CodeType) -> None:
    _converted.add(code)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            _remember(constant)


def _place(root: Any, first_line: int) -> None:
    """Gives each node the line that it comes from; nodes that were made up, that of what they are in or came after."""
    import ast

    from malt.pyct import anno

    def visit(node: Any, line: int) -> int:
        own = anno.getanno(node, anno.Basic.ORIGIN, default=None)
        if own is not None:
            line = own.loc.lineno
        if "lineno" in node._attributes:
            node.lineno = node.end_lineno = line
            node.col_offset = node.end_col_offset = 0
        last = line
        for child in ast.iter_child_nodes(node):
            statement = isinstance(child, ast.stmt)
            reached = visit(child, last if statement else line)
            if statement:
                last = reached
        return last

    visit(root, first_line)
