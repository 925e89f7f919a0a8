#!/usr/bin/env python3
"""The examples in docs/examples and the code in docs/guide: read, run, compared with NumPy, written anew.

    tools/doc_examples.py            runs all examples; names those that print something else, or not what NumPy prints
    tools/doc_examples.py --write    writes what tnp prints into the files, except where NumPy prints something else

A file in docs/examples has a heading `## name[, name]` for each function, followed by text and blocks of code. A block
```` ```pycon ```` is run with NumPy in the place of tnp, too, and must give the same there; a block ```` ```pycon tnp ````
shows what NumPy has not or does otherwise (docs/differences.toml says why). Text before the code goes to the page.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import linecache
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs" / "examples"
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<code>.*?)^```$", re.M | re.S)


@dataclass
class Block:
    """A fenced block of a section; `start` and `end` are where its code lies in the file."""

    code: str
    own: bool  # tnp's own: not compared with NumPy
    start: int
    end: int


@dataclass
class Section:
    """What stands under one heading."""

    path: Path
    names: list[str]
    text: str
    line: int
    blocks: list[Block] = field(default_factory=list)


def sections(path: Path) -> Iterator[Section]:
    """The sections of a file, in order."""
    text = path.read_text()
    heads = list(re.finditer(r"^## (.+)$", text, re.M))
    ends = [h.start() for h in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        names = [n.strip() for n in head[1].split(",")]
        section = Section(path, names, text[head.end() : end].strip(), text.count("\n", 0, head.start()) + 1)
        for fence in FENCE.finditer(text, head.end(), end):
            info = fence["info"].split()
            if info[:1] == ["pycon"]:
                section.blocks.append(Block(fence["code"], "tnp" in info[1:], fence.start("code"), fence.end("code")))
        yield section


def all_sections() -> list[Section]:
    """The sections of all files."""
    return [s for path in sorted(EXAMPLES.glob("*.md")) for s in sections(path)]


def plain(value: Any) -> str:
    """What a value prints as, with 0-d arrays, NumPy's scalars and Python's alike."""
    import tnp

    import numpy as np

    if isinstance(value, np.generic) or (isinstance(value, np.ndarray | tnp.ndarray) and value.ndim == 0):
        return repr(value.item())
    if isinstance(value, list | tuple):
        inside = ", ".join(map(plain, value))
        return f"[{inside}]" if isinstance(value, list) else f"{type(value).__name__}({inside})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {plain(v)}" for k, v in value.items()) + "}"
    return repr(value)


@dataclass
class Output:
    printed: str  # what a doctest compares
    compared: str  # what is compared with NumPy


def run(block: Block, module: Any) -> list[Output]:
    """What the statements of a block print, with `module` under the name tnp."""
    import numpy as np

    names: dict[str, Any] = {"tnp": module, "np": np, "__name__": "example"}
    outputs = []
    for example in doctest.DocTestParser().get_examples(block.code):
        printed = io.StringIO()
        values: list[str] = []

        def show(value: Any, printed: io.StringIO = printed, values: list[str] = values) -> None:
            if value is not None:
                print(repr(value), file=printed)
                values.append(plain(value))

        hook, sys.displayhook = sys.displayhook, show
        try:
            with contextlib.redirect_stdout(printed), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(compile(example.source, "example", "single"), names)
            outputs.append(Output(printed.getvalue(), "\n".join(values) or printed.getvalue()))
        except Exception as error:
            kind = type(error).__name__
            text = f"Traceback (most recent call last):\n    ...\n{kind}: {error}\n"
            outputs.append(Output(text, f"raises {kind}"))
        finally:
            sys.displayhook = hook
    return outputs


def differences_from_numpy(block: Block) -> list[str]:
    """Statements that give something else with NumPy."""
    import tnp

    import numpy as np

    if block.own:
        return []
    examples = doctest.DocTestParser().get_examples(block.code)
    both = zip(examples, run(block, tnp), run(block, np), strict=True)
    return [
        f"{e.source.strip()}\n  tnp:   {ours.compared.strip()}\n  NumPy: {theirs.compared.strip()}"
        for e, ours, theirs in both
        if ours.compared != theirs.compared
    ]


def raises_the_same(example: doctest.Example, printed: str) -> bool:
    """Whether both are errors of one class: then the text that stands there stays, which may be shorter."""
    kind = re.compile(r"^Traceback \(most.*?^(\w+)", re.M | re.S)
    ours, theirs = kind.match(printed), kind.match(example.want)
    return bool(ours and theirs and ours[1] == theirs[1])


def with_outputs(block: Block) -> str:
    """The block's code with what tnp prints."""
    import tnp

    lines = []
    for example, output in zip(doctest.DocTestParser().get_examples(block.code), run(block, tnp), strict=True):
        if example.options.get(doctest.SKIP) or example.options.get(doctest.ELLIPSIS):
            return block.code  # written by hand
        first, *rest = example.source.rstrip("\n").split("\n")
        lines += [f">>> {first}", *(f"... {line}".rstrip() for line in rest)]
        printed = example.want if raises_the_same(example, output.printed) else output.printed
        lines += ["<BLANKLINE>" if not line.strip() else line for line in printed.splitlines()]
    return "\n".join(lines) + "\n"


def write(path: Path) -> list[str]:
    """Writes outputs into a file; what differs from NumPy keeps its old text and is returned."""
    text, problems = path.read_text(), []
    for section in reversed(list(sections(path))):
        for block in reversed(section.blocks):
            if found := differences_from_numpy(block):
                problems += [f"{path.name}: {', '.join(section.names)}: {d}" for d in found]
            else:
                text = text[: block.start] + with_outputs(block) + text[block.end :]
    path.write_text(text)
    return problems[::-1]


# --- the guide: the blocks of a page go on where the one before ended

GUIDE = ROOT / "docs" / "guide"
CALL = re.compile(r"^print\((?P<what>.*)\)  # (?P<says>.*)$", re.M)


def guide_blocks(path: Path, language: str) -> list[re.Match[str]]:
    """The fenced blocks of a language."""
    return [f for f in FENCE.finditer(path.read_text()) if f["info"].split()[:1] == [language]]


def guide_failures(path: Path) -> str:
    """What is wrong in a page: `pycon` blocks are one doctest; a comment after print(…) in a `python` block says what is printed."""
    session = "\n".join(f["code"] for f in guide_blocks(path, "pycon"))
    return failures(Block(session, True, 0, 0), path.stem) + "\n".join(script_failures(path))


def script_failures(path: Path) -> list[str]:
    """Lines of `python` blocks that print something else than they say."""
    wrong: list[str] = []

    def check(says: str, *values: Any) -> None:
        printed = io.StringIO()
        print(*values, file=printed)
        if not says.startswith(printed.getvalue().rstrip("\n")):
            wrong.append(f"{path.name}: prints {printed.getvalue()!r} where it says {says!r}")

    code = "\n".join(f["code"] for f in guide_blocks(path, "python"))
    code = CALL.sub(lambda m: f"_check({m['says']!r}, {m['what']})", code)
    with contextlib.redirect_stdout(io.StringIO()):
        linecache.cache[str(path)] = (len(code), None, code.splitlines(keepends=True), str(path))
        exec(compile(code, str(path), "exec"), {"_check": check, "__name__": "guide"})
    return wrong


def write_guide(path: Path) -> None:
    """Writes what tnp prints into the `pycon` blocks of a page."""
    text = path.read_text()
    blocks = guide_blocks(path, "pycon")
    parser = doctest.DocTestParser()
    examples = [parser.get_examples(f["code"]) for f in blocks]
    outputs = iter(recorded("\n".join(f["code"] for f in blocks)))
    codes = [
        "".join(">>> " + e.source.rstrip("\n").replace("\n", "\n... ") + "\n" + next(outputs) for e in block)
        for block in examples
    ]
    for fence, code in reversed(list(zip(blocks, codes, strict=True))):
        text = text[: fence.start("code")] + code + text[fence.end("code") :]
    path.write_text(text)


def recorded(session: str) -> list[str]:
    """What a doctest's statements print."""
    import tnp

    import numpy as np

    class Recorder(doctest.DocTestRunner):
        outputs: list[str] = []  # noqa: RUF012

        def report_start(self, out: Any, test: Any, example: Any) -> None:
            pass

        def report_success(self, out: Any, test: Any, example: Any, got: str) -> None:
            self.outputs.append(got)

        def report_failure(self, out: Any, test: Any, example: Any, got: str) -> None:
            self.outputs.append(got)

        def report_unexpected_exception(self, out: Any, test: Any, example: Any, exc_info: Any) -> None:
            kind = exc_info[0].__name__
            self.outputs.append(f"Traceback (most recent call last):\n    ...\n{kind}: {exc_info[1]}\n")

    runner = Recorder(verbose=False)
    test = doctest.DocTestParser().get_doctest(
        session, {"tnp": tnp, "np": np, "__name__": "__main__"}, "guide", None, 0
    )
    wanted = [e.want for e in test.examples]
    for example in test.examples:
        example.exc_msg, example.want = None, ""
    runner.outputs.clear()
    runner.run(test, out=lambda text: None)
    for i, (example, want) in enumerate(zip(test.examples, wanted, strict=True)):
        example.want = want
        if raises_the_same(example, runner.outputs[i]):
            runner.outputs[i] = want
    return [re.sub(r"(?m)^$(?=\n)", "<BLANKLINE>", o) for o in runner.outputs]


FLAGS = doctest.IGNORE_EXCEPTION_DETAIL | doctest.NORMALIZE_WHITESPACE


def failures(block: Block, name: str) -> str:
    """What a doctest of the block reports; empty when all is well."""
    import tnp

    import numpy as np

    test = doctest.DocTestParser().get_doctest(
        block.code, {"tnp": tnp, "np": np, "__name__": "__main__"}, name, None, 0
    )
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runner.run(test, out=report.write)
    return report.getvalue()


def main() -> int:
    problems = []
    for path in sorted(EXAMPLES.glob("*.md")):
        if "--write" in sys.argv[1:]:
            problems += write(path)
        for section in sections(path):
            for block in section.blocks:
                problems += [f"{path.name}: {', '.join(section.names)}: {d}" for d in differences_from_numpy(block)]
                problems += filter(None, [failures(block, ", ".join(section.names))])
    for path in sorted(GUIDE.glob("*.md")):
        if "--write" in sys.argv[1:]:
            write_guide(path)
        problems += filter(None, [guide_failures(path)])
    print("\n".join(dict.fromkeys(problems)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
