"""What branches and loops of the graph change besides variables: lists, dicts, sets and objects that they reach.

`l.append(x)` and `o.step()` assign no variable, so the conversion does not see what they change. Such objects are looked
at before and after a branch is traced, and put back; what has changed is then carried like a variable.
"""

from __future__ import annotations

import collections
import functools
import itertools
import os
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

from . import _autograph as _ag
from . import _core

_MAX_OBJECTS, _MAX_ITEMS, _MAX_DEPTH = 400, 4096, 4
_LIBRARIES = frozenset(sys.stdlib_module_names) - {"types", "__main__"} | {"tnp", "numpy"}
_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_missing = object()


class _Watched:
    """A mutable object, what it is called, and what was in it."""

    __slots__ = ("name", "object", "root", "saved")

    def __init__(self, o: Any, name: str, root: str) -> None:
        self.object, self.name, self.root = o, name, root
        self.save()

    def save(self) -> None:
        self.saved = self.items()

    def items(self) -> dict[Any, Any]:
        o = self.object
        if isinstance(o, (list, collections.deque)):
            return dict(enumerate(o))
        if isinstance(o, set):
            return dict.fromkeys(o, True)
        return dict(o) if isinstance(o, dict) else _attributes(o)

    def restore(self) -> None:
        o = self.object
        if isinstance(o, (list, collections.deque)):
            o.clear()
            o.extend(self.saved.values())
        elif isinstance(o, (set, dict)):
            o.clear()
            o.update(self.saved)
        else:
            self.remove([k for k in _attributes(o) if k not in self.saved])
            for k, v in self.saved.items():
                self.put(k, v)

    def changes(self) -> dict[Any, Any]:
        """What is there now under each key that has changed; `_missing` for what is gone."""
        now = self.items()
        changed = {k: v for k, v in now.items() if self.saved.get(k, _missing) is not v}
        for k in self.saved:
            if k not in now:
                changed[k] = _missing
        return changed

    def put(self, key: Any, value: Any) -> None:
        o = self.object
        if isinstance(o, (list, collections.deque)):
            if key < len(o):
                o[key] = value
            else:
                o.append(value)
        elif isinstance(o, set):
            o.add(key)
        elif isinstance(o, dict):
            o[key] = value
        elif key in _slots(type(o)):
            object.__setattr__(o, key, value)
        else:
            o.__dict__[key] = value

    def remove(self, keys: list[Any]) -> None:
        o = self.object
        if isinstance(o, (list, collections.deque)):
            for key in sorted(keys, reverse=True):
                del o[key]
            return
        for key in keys:
            if isinstance(o, set):
                o.discard(key)
            elif isinstance(o, dict):
                o.pop(key, None)
            elif key in _slots(type(o)):
                object.__delattr__(o, key)
            else:
                o.__dict__.pop(key, None)

    def path(self, key: Any) -> str:
        if isinstance(self.object, (list, collections.deque, dict)):
            return f"{self.name}[{key!r}]"
        return f"{key!r} in {self.name}" if isinstance(self.object, set) else f"{self.name}.{key}"


class Watch:
    """The mutable objects that some functions can reach through the variables around them."""

    def __init__(self, functions: Iterable[Any]) -> None:
        self.functions = tuple(functions)
        self.grown: list[_Watched] | None = None  # in a `for`: lists of its variables that were seen to grow
        self.objects: list[_Watched] = []
        self.found: dict[tuple[int, Any], _Watched] = {}  # what has to be carried, by object and key
        self._seen: set[int] = set()
        waiting = collections.deque((value, name, name, 0) for f in self.functions for value, name in _cells(f))
        while waiting and len(self.objects) < _MAX_OBJECTS:
            value, name, root, depth = waiting.popleft()
            if id(value) in self._seen:
                continue
            self._seen.add(id(value))
            for inner, inside in self._look(value, name, root):
                if depth < _MAX_DEPTH:
                    waiting.append((inner, inside, root, depth + 1))

    def __enter__(self) -> Watch:
        _ag._local.__dict__.setdefault("watches", []).append(self)
        return self

    def __exit__(self, *_: Any) -> None:
        _ag._local.watches.pop()

    def _look(self, o: Any, name: str, root: str) -> Iterable[tuple[Any, str]]:
        """Watches an object, if it is one to watch; what it holds."""
        if isinstance(o, types.FunctionType):
            return _cells(o) if not _ag._is_ours(o) else ()
        if isinstance(o, (types.MethodType, types.BuiltinMethodType)):
            return () if isinstance(o.__self__, types.ModuleType) else ((o.__self__, name),)
        if isinstance(o, functools.partial):
            return [(o.func, name), *((a, name) for a in o.args)]
        if isinstance(o, tuple):
            return [(v, f"{name}[{i}]") for i, v in enumerate(o[:_MAX_ITEMS])]
        if not _is_mutable(o):
            return ()
        watched = _Watched(o, name, root)
        if len(watched.saved) > _MAX_ITEMS:
            return ()
        self.objects.append(watched)
        return [(v, watched.path(k)) for k, v in watched.saved.items()]

    def note(self, set_state: Callable[[Any], None], state: Any) -> bool:
        """After a part was traced, with `state` in the variables: puts objects back; whether more has to be carried."""
        changed = [(w, c) for w in self.objects if (c := w.changes())]
        if not changed:
            return False
        self.restore()
        set_state(state)
        more = False
        for w, now in changed:
            known = w.changes()  # what the state itself has put there
            hidden = {k: v for k, v in now.items() if known.get(k, self) is not v}
            w.restore()
            if not hidden:
                continue
            if not _counts(w, hidden.values()):
                for k, v in hidden.items():  # an effect of tracing: a log, a cache
                    if v is not _missing:
                        w.put(k, v)
                w.save()
                continue
            if self.grown is not None and self._may_grow(w, hidden):
                self.grown.append(w)
                continue
            for k in hidden:
                more = more or (id(w.object), k) not in self.found
                self.found[id(w.object), k] = w
        return more

    def restore(self) -> None:
        """Puts back what has changed."""
        for w in self.objects:
            if w.changes():
                w.restore()

    def _may_grow(self, w: _Watched, changed: dict[Any, Any]) -> bool:
        """Whether only a local variable holds a list that has grown: what it becomes can be put there."""
        if type(w.object) is not list or w.name != w.root or any(k < len(w.saved) for k in changed):
            return False
        others = [o.object for watch in _ag._local.watches if watch is not self for o in watch.objects]
        if any(o is w.object for o in others):
            return False  # it was there before the statement around this one
        # It is held by the variable, by `w`, and as the argument here.
        return cell_of(self.functions, w.object) is not None and sys.getrefcount(w.object) <= 3

    # --- what was found, as part of a statement's state

    def with_state(self, get_state: Any, set_state: Any) -> tuple[Any, Any]:
        """The functions that read and write a statement's state, in front of which stands what was found."""
        n = len(self.found)

        def put(state: tuple[Any, ...]) -> None:
            self.put(state[:n])
            set_state(state[n:])

        return (lambda: (*self.get(), *get_state())), put

    def names(self) -> tuple[str, ...]:
        return tuple(w.path(k) for (_, k), w in self.found.items())

    def get(self) -> tuple[Any, ...]:
        values = []
        for (_, key), w in self.found.items():
            value = w.items().get(key, _missing)
            values.append(_ag.Undefined(w.path(key)) if value is _missing else value)
        return tuple(values)

    def put(self, values: tuple[Any, ...]) -> None:
        gone: dict[int, tuple[_Watched, list[Any]]] = {}
        for ((_, key), w), value in zip(self.found.items(), values, strict=True):
            if isinstance(value, _ag.Undefined):
                if key in w.items():
                    gone.setdefault(id(w), (w, []))[1].append(key)
                continue
            if isinstance(value, _ag.PossiblyUndefined) and isinstance(w.object, (list, set, collections.deque)):
                self.refuse(w)
            w.put(key, value)
        for w, keys in gone.values():
            w.remove(keys)

    def refuse(self, w: _Watched, what: str = "if") -> None:
        """Explains that a container's length can not depend on a traced array."""
        kind = type(w.object).__name__
        if what != "if":
            raise _core.TracerError(
                f"{what}: the {kind} '{w.name}' grows or shrinks in a loop of the graph: write a comprehension, use "
                "tnp.scan or tnp.map, or set elements of an array of the final size (x = x.at[i].set(value))"
            )
        raise TypeError(
            f"if: the {kind} '{w.name}' has other elements after one branch than after the other, and which is taken "
            "depends on a traced array: let both branches add to it, or use tnp.where and masks"
        )

    def check_loop(self, what: str) -> None:
        """Whether a loop can carry what was found: it has to be there before."""
        for (_, key), w in self.found.items():
            if key not in w.saved:
                if not isinstance(w.object, (list, dict, set, collections.deque)):
                    raise TypeError(f"{what}: {w.path(key)} has no value before the loop: set it there")
                self.refuse(w, what)


def _cells(f: Any) -> list[tuple[Any, str]]:
    if not isinstance(f, types.FunctionType):
        f = getattr(f, "func", None)
        if not isinstance(f, types.FunctionType):
            return []
    out = []
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        if name == "ag__" or name.endswith("__"):
            continue
        try:
            out.append((cell.cell_contents, name))
        except ValueError:
            continue  # it has no value yet
    return out


def cell_of(functions: Iterable[Any], o: Any) -> Any:
    """The variable that holds an object, of those around some functions and around local functions that they call."""
    waiting, seen = list(functions), set()
    while waiting:
        f = waiting.pop()
        if id(f) in seen:
            continue
        seen.add(id(f))
        for cell in getattr(f, "__closure__", None) or ():
            try:
                value = cell.cell_contents
            except ValueError:
                continue
            if value is o:
                return cell
            if isinstance(value, types.FunctionType) and not _ag._is_ours(value):
                waiting.append(value)
    return None


def _is_mutable(o: Any) -> bool:
    if isinstance(o, (list, dict, set, collections.deque)):
        return not type(o).__module__.startswith("tnp")
    if isinstance(o, (type, types.ModuleType)):
        return False
    if type(o).__module__.partition(".")[0] in _LIBRARIES:
        return False
    return isinstance(_held(o), dict) or bool(_slots(type(o)))


def _held(o: Any) -> Any:
    """The object's `__dict__`, without code of its class; None if there is none."""
    try:
        return object.__getattribute__(o, "__dict__")
    except AttributeError:
        return None


def _attributes(o: Any) -> dict[str, Any]:
    found = dict(_held(o) or {})
    for name in _slots(type(o)):
        try:
            found[name] = object.__getattribute__(o, name)
        except AttributeError:
            continue
    return found


def _slots(kind: type) -> frozenset[str]:
    """The names of a class's slots."""
    names = set()
    for c in kind.__mro__:
        slots = c.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            private = name.startswith("__") and not name.endswith("__")
            names.add(f"_{c.__name__.lstrip('_')}{name}" if private else name)
    return frozenset(names - {"__dict__", "__weakref__"})


def _counts(w: _Watched, values: Iterable[Any]) -> bool:
    """Whether a change is one of the computation: not what tracing leaves in a log, a counter or a cache from outside."""
    leaves = list(itertools.chain.from_iterable(_core.tree_flatten(v)[0] for v in values if v is not _missing))
    if any(isinstance(x, (_core.ndarray, _core.Dim)) and _core.is_traced(x) for x in leaves):
        return _is_local(w.root, parameters=True)
    if leaves and all(isinstance(x, _core.Variable) or callable(x) for x in leaves):
        return False
    return _is_local(w.root, parameters=False)


def _is_local(name: str, parameters: bool) -> bool:
    """Whether a name is a local variable of a function that is being traced, or its parameter."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not _ag._run.__code__:
        code = frame.f_code
        if name in code.co_cellvars or name in code.co_varnames:
            count = code.co_argcount + code.co_kwonlyargcount
            count += bool(code.co_flags & 4) + bool(code.co_flags & 8)
            if not code.co_filename.startswith(_PACKAGE):
                return parameters or name not in code.co_varnames[:count]
        frame = frame.f_back
    return False
