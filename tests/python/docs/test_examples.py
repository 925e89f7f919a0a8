"""Every example of the documentation runs and prints what it says, as NumPy does; every public function has one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

import doc_examples  # noqa: E402
import doc_names  # noqa: E402

SECTIONS = doc_examples.all_sections()

# Public names without an example, and why.
EXCEPTIONS: dict[str, str] = {
    "ndarray.ctypes": "the attribute is taken from an array that is already freed: reading it corrupts memory",
    "Function.set_input_signature": "for tnp.function itself, which takes input_signature=",
    "Function.set_statics": "for tnp.function itself",
}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: f"{s.path.stem}:{','.join(s.names)}")
def test_prints_what_it_says(section: doc_examples.Section) -> None:
    assert section.blocks, "a heading without code"
    for block in section.blocks:
        report = doc_examples.failures(block, ", ".join(section.names))
        assert not report, report


@pytest.mark.parametrize("path", sorted(doc_examples.EXAMPLES.glob("*.md")), ids=lambda p: p.stem)
def test_gives_what_numpy_gives(path: Path) -> None:
    found = [
        f"{section.names}: {difference}"
        for section in doc_examples.sections(path)
        for block in section.blocks
        for difference in doc_examples.differences_from_numpy(block)
    ]
    assert not found, "\n".join(found)


def described() -> set[str]:
    return {name for section in SECTIONS for name in section.names}


def test_every_function_has_an_example() -> None:
    missing = [n.key for n in doc_names.public_names() if n.key not in described() | EXCEPTIONS.keys()]
    assert not missing, f"write an example in docs/examples for {missing}, or an exception here with its reason"


def test_exceptions_have_no_example() -> None:
    assert not described() & EXCEPTIONS.keys()


def test_examples_are_of_public_names() -> None:
    known = {n.key for n in doc_names.public_names()} | {"array_api"}
    unknown = {n for n in described() if n not in known and not n.startswith("array_api.")}
    assert not unknown, f"no public names: {sorted(unknown)}"


def test_no_name_has_two_sections() -> None:
    names = [name for section in SECTIONS for name in section.names]
    assert len(names) == len(set(names))
