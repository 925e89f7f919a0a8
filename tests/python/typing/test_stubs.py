"""The type stubs: made from the built package, the same as it at run time, right about typed programs and about every example."""

from __future__ import annotations

import ast
import doctest
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tnp

import numpy as np

pytest.importorskip("mypy")
ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
PACKAGE = Path(tnp.__file__).parent
sys.path.insert(0, str(ROOT / "tools"))

import doc_examples  # noqa: E402

CONFIG = """
[mypy]
strict = True
follow_imports = silent
show_error_codes = True
pretty = False
[mypy-ml_dtypes.*,tnp._core,tnp._core.*]
ignore_missing_imports = True
[mypy-examples]
allow_untyped_defs = True
allow_untyped_calls = True
disable_error_code = name-defined,no-redef,var-annotated
"""


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    loader = SourceFileLoader("gen_stubs", str(ROOT / "tools" / "gen_stubs"))
    spec = importlib.util.spec_from_loader("gen_stubs", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gen_stubs"] = module
    loader.exec_module(module)
    return module


def test_the_stubs_in_the_package_are_of_today(generator: ModuleType) -> None:
    made = generator.stubs()
    assert not generator.missing, "tools/stub_types.py lacks types"
    assert not generator.unused(), "tools/stub_types.py has types of nothing"
    old = [name for name, text in made.items() if (ROOT / "python/tnp" / name).read_text() != text]
    assert not old, f"{old}: run tools/gen_stubs python/tnp/__init__.pyi"


# --- what mypy says of three files, in one run


class Example:
    """A statement of docs/examples; `line` is its first one in the file that mypy reads."""

    def __init__(self, where: str, source: str, raises: bool) -> None:
        self.where, self.source, self.raises = where, source.rstrip(), raises
        self.line = 0
        body = ast.parse(source).body[0]
        self.is_expression = isinstance(body, ast.Expr)
        # What is looked at: the value, or what was assigned.
        targets = (
            [n.id for t in body.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
            if isinstance(body, ast.Assign)
            else []
        )
        self.shown = self.source if self.is_expression else f"{', '.join(targets)}," if targets else ""

    @property
    def lines(self) -> list[str]:
        if self.raises:  # what it says is that this does not work
            return ["pass"]
        statement = [] if self.is_expression else self.source.split("\n")
        return statement + (f"reveal_type(({self.shown}))".split("\n") if self.shown else [])


def blocks() -> list[list[Example]]:
    out = []
    for section in doc_examples.all_sections():
        for block in section.blocks:
            found = doctest.DocTestParser().get_examples(block.code)
            where = f"{section.path.stem}: {','.join(section.names)}"
            out.append([Example(where, e.source, e.exc_msg is not None) for e in found])
    return out


def file_of(all_blocks: list[list[Example]]) -> str:
    """Each block as a function; the types of its expressions are revealed."""
    lines = [
        "from __future__ import annotations",
        "from typing import Any",
        "import tnp",
        "import tnp.array_api",
        "import numpy as np",
    ]
    for i, examples in enumerate(all_blocks):
        lines.append(f"def block_{i}() -> None:")
        for e in examples:
            e.line = len(lines) + 1
            lines += [f"    {line}" for line in e.lines]
    return "\n".join(lines) + "\n"


class Found:
    def __init__(self, examples: list[list[Example]], messages: list[dict[str, Any]]) -> None:
        self.examples = examples
        self.messages = messages

    def of(self, name: str, severity: str = "error") -> list[dict[str, Any]]:
        return [m for m in self.messages if Path(m["file"]).name == name and m["severity"] == severity]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("typing")
    examples = blocks()
    (folder / "mypy.ini").write_text(CONFIG)
    (folder / "examples.py").write_text(file_of(examples))
    for name in ("program.py", "wrong.py"):
        (folder / name).write_text((HERE / name).read_text())
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file=mypy.ini",
        "--output=json",
        "program.py",
        "wrong.py",
        "examples.py",
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return Found(examples, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")])


def test_a_typed_program(found: Found) -> None:
    assert not found.of("program.py")


def test_a_typed_program_runs() -> None:
    done = subprocess.run([sys.executable, HERE / "program.py"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("True")


def test_mistakes_are_found(found: Found) -> None:
    marked = {
        i + 1: line.split("  # ")[1]
        for i, line in enumerate((HERE / "wrong.py").read_text().split("\n"))
        if "  # " in line
    }
    assert {m["line"]: m["code"] for m in found.of("wrong.py")} == marked


# Documented calls that mypy refuses, and why.
REFUSED: dict[str, str] = {}


def test_examples_are_accepted(found: Found) -> None:
    starts = {e.line: e for block in found.examples for e in block}
    wrong = []
    for m in found.of("examples.py"):
        example = starts[max(line for line in starts if line <= m["line"])]
        if not any(example.where.endswith(f" {name}") for name in REFUSED):
            wrong.append(f"{example.where}: {example.source}\n    {m['message']} [{m['code']}]")
    assert not wrong, "\n".join(wrong)


def parts(text: str, separator: str) -> list[str]:
    """At the separators outside of brackets and quotes."""
    out, depth, start, quoted = [], 0, 0, ""
    for i, c in enumerate(text):
        if quoted:
            quoted = "" if c == quoted else quoted
        elif c in "'\"":
            quoted = c
        elif c in "[(":
            depth += 1
        elif c in "])":
            depth -= 1
        elif depth == 0 and text.startswith(separator, i):
            out.append(text[start:i])
            start = i + len(separator)
    return [*out, text[start:]]


CLASSES = {
    "tnp._classes.": tnp,
    "tnp.random.": tnp.random,
    "builtins.": __import__("builtins"),
    "numpy.": np,
    "tnp.array_api.": tnp.array_api,
}


def is_of(value: Any, kind: str) -> bool:
    """Whether a value has a type, as mypy writes it. Types that are not known here have all values."""
    kind = kind.strip().rstrip("?")
    if kind in ("Any", "builtins.object"):
        return True
    choices = parts(kind, " | ")
    if len(choices) > 1:
        return any(is_of(value, k) for k in choices)
    if kind == "None":
        return value is None
    if kind.startswith("Literal"):
        return repr(value) in parts(kind[kind.index("[") + 1 : -1], ", ")
    if kind.startswith("tuple["):
        inside = [k for k in parts(kind[6:-1], ", ") if not k.startswith("fallback=")]
        if inside[-1:] == ["..."]:
            inside = [inside[0]] * len(value)
        return isinstance(value, tuple) and len(value) == len(inside) and all(map(is_of, value, inside))
    if kind.startswith("builtins.list["):
        return isinstance(value, list) and all(is_of(v, kind[14:-1]) for v in value)
    if kind.startswith("builtins.dict["):
        return isinstance(value, dict)
    name = kind.split("[")[0]
    if name in ("tnp.array_api._Array", "tnp.array_api.DType"):
        return type(value).__name__ == name.rsplit(".", 1)[1].lstrip("_")
    if name.startswith("tnp._classes._Ufunc"):
        return isinstance(value, tnp.ufunc)
    if name == "builtins.float":
        return isinstance(value, (int, float))
    for prefix, module in CLASSES.items():
        cls = getattr(module, name.removeprefix(prefix), None) if name.startswith(prefix) else None
        if isinstance(cls, type):
            return isinstance(value, cls)
    return True


def test_examples_give_what_the_stubs_say(found: Found) -> None:
    revealed = {m["line"]: m["message"] for m in found.of("examples.py", "note") if "Revealed type" in m["message"]}
    wrong, compared = [], 0
    for block in found.examples:
        names: dict[str, Any] = {"tnp": tnp, "np": np, "__name__": "example"}
        for e in block:
            try:
                with redirect_stdout(io.StringIO()), np.errstate(all="ignore"), tnp.errstate(all="ignore"):
                    if not e.is_expression:
                        exec(compile(e.source, "example", "exec"), names)
                    value = eval(compile(f"({e.shown})", "example", "eval"), names) if e.shown else None
            except Exception:
                if e.raises:
                    continue
                raise
            kind = next((revealed[n] for n in range(e.line, e.line + len(e.lines)) if n in revealed), None)
            if kind is None or e.raises or not e.shown:
                continue
            kind = kind.split('"', 1)[1].rsplit('"', 1)[0]
            compared += kind != "Any"
            if not is_of(value, kind):
                wrong.append(f"{e.where}: {e.source}\n    is {type(value)}, not {kind}")
    assert not wrong, "\n".join(wrong)
    assert compared > 900


# --- names and signatures at run time

# Differences that mypy.stubtest tells, and why they are none.
TOLERATED = [
    r"variable differs from runtime type tnp\._classes\.ufunc",  # classes that only the stubs have: numbers of arguments
    r"(disjoint_base|metaclass differs|@final)",  # of nanobind
    r"__all__ is not present in stub",
    r"^tnp\.array_api\.Device\.",  # its signature is told by hand
    r"(Result|DType|finfo_object|iinfo_object) is not present at runtime",  # classes of values, which are not named
    r" is not a function$",  # nanobind's, or a method of the generator that the module keeps
    r"^tnp\.where is inconsistent, runtime parameter \"[xy]\" has a default value",  # both or none
    r"^tnp\.typing\.\w+ is not a Union",
    r"^tnp\._",  # not public
]


def test_names_and_signatures_are_those_at_run_time(tmp_path: Path) -> None:
    config = tmp_path / "mypy.ini"
    config.write_text(CONFIG.replace("strict = True\n", ""))
    command = [sys.executable, "-m", "mypy.stubtest", "tnp", "--concise", f"--mypy-config-file={config}"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    lines = [x for x in done.stdout.splitlines() if x.startswith("tnp") and not any(re.search(t, x) for t in TOLERATED)]
    assert not lines, "\n".join(lines)
    assert "tnp.add variable differs" in done.stdout, done.stdout + done.stderr  # it ran
