"""Rules of the house that a linter doesn't hold: each opens with the mistake it prevents."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "twyman"
FILES = sorted(SOURCE.rglob("*.py"))
PURE = ("kernel", "flags", "metrics", "stats", "experiments", "doubt", "decisions", "app")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_file_opens_with_a_sentence(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text()))

    assert said
    assert len(said.splitlines()[0]) > 10


def test_the_core_reads_no_clock_and_draws_no_chance() -> None:
    """A verdict that depends on the time of day can't be reproduced: clocks are handed in, and so is every seed."""
    pattern = re.compile(
        r"datetime\.now|time\.time\(|(?<!np\.)\brandom\.\w+\(|uuid4\(|np\.random\.(?!default_rng\(\w|Generator\b)"
    )
    core = [path for room in PURE for path in (SOURCE / room).rglob("*.py") if path.name != "time.py"]
    guilty = [str(path) for path in core if pattern.search(_without_docstrings(path))]

    assert guilty == []


def test_no_file_is_named_for_having_no_name() -> None:
    nameless = {"utils", "helpers", "common", "misc", "service", "manager", "types", "base"}

    assert [path for path in FILES if path.stem in nameless] == []


def test_words_in_bold_in_the_docs_are_in_the_glossary() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    known = set(re.findall(r"^\| \*\*(.+?)\*\* ", glossary, flags=re.MULTILINE))
    known = {word.strip() for names in known for word in names.split(",")}
    used = set[str]()
    for path in (ROOT / "docs" / "explanation").glob("*.md"):
        used |= {word.lower() for word in re.findall(r"\*\*([a-z][a-z -]+)\*\*", path.read_text())}

    assert used <= known


def _without_docstrings(path: Path) -> str:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = ""
    return ast.unparse(tree)
