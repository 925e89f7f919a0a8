"""Every example of the documentation runs and prints what it says, as NumPy does; every public function has one."""

from __future__ import annotations

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import SimpleNamespace

import pytest
import tnp

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

import doc_examples  # noqa: E402
import doc_names  # noqa: E402

SECTIONS = doc_examples.all_sections()
STRICT = [s for s in SECTIONS if s.path.stem == "array_api"]

# Public names without an example, and why.
EXCEPTIONS: dict[str, str] = {
    "Function.set_donated": "for tnp.function itself, which takes donate_argnums=",
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


def test_strict_examples_give_what_array_api_strict_gives() -> None:
    reference = SimpleNamespace(array_api=pytest.importorskip("array_api_strict"))
    ours = [(s.names, o.printed) for s in STRICT for b in s.blocks for o in doc_examples.run(b, tnp)]
    theirs = [(s.names, o.printed) for s in STRICT for b in s.blocks for o in doc_examples.run(b, reference)]
    assert [(n, o.replace("tnp.array_api.", "array_api_strict.")) for n, o in ours] == theirs


@pytest.mark.parametrize("path", sorted(doc_examples.GUIDE.glob("*.md")), ids=lambda p: p.stem)
def test_guide_prints_what_it_says(path: Path) -> None:
    report = doc_examples.guide_failures(path)
    assert not report, report


def test_every_name_has_a_page(tmp_path: Path) -> None:
    loader = SourceFileLoader("gen_docs", str(ROOT / "tools" / "gen_docs"))
    gen_docs = module_from_spec(spec_from_loader("gen_docs", loader))
    sys.modules["gen_docs"] = gen_docs  # its dataclasses look there
    loader.exec_module(gen_docs)
    gen_docs.write_pages(tmp_path)
    pages = list(tmp_path.glob("*/*.md"))
    names = {n.full for n in doc_names.public_names() + doc_names.strict_names()}
    assert {p.read_text().split("\n# ")[1].split("\n")[0] for p in pages if p.stem != "index"} == names
    # What is said of differences is said of something.
    assert not set(gen_docs.texts()) - {n.removeprefix("tnp.") for n in names}


def described() -> set[str]:
    return {name for section in SECTIONS for name in section.names}


def public() -> set[str]:
    return {n.key for n in doc_names.public_names() + doc_names.strict_names()}


def test_every_function_has_an_example() -> None:
    missing = sorted(public() - described() - EXCEPTIONS.keys())
    assert not missing, f"write an example in docs/examples for {missing}, or an exception here with its reason"


def test_exceptions_are_names_without_example() -> None:
    assert not described() & EXCEPTIONS.keys()
    assert EXCEPTIONS.keys() <= public()


def test_examples_are_of_public_names() -> None:
    assert not described() - public()


def test_no_name_has_two_sections() -> None:
    names = [name for section in SECTIONS for name in section.names]
    assert len(names) == len(set(names))
