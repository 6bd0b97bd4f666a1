"""README and guides do what they say: every command and every Python example in them runs.

In a `console` block a line after `$ ` is a command, and the lines below it are what it prints; `…`
alone on a line stands for any lines. `pycon` blocks of a page run one after the other, as doctests.
A `yaml` block with a title is written to that file. All of them run in a folder where `twyman demo`
has been, as the page's reader has done.
"""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
BLOCK = re.compile(r"^```(console|pycon|yaml)(?: title=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPTIONS = (
    "--as-of --format --output --experiment --fail-on --flags --context --client --environment --sample --flag"
    " --by --runs --seed --folder"
    " --all --explain --rename --dry-run --host --port --exposures --events --sticky --origin --access-log --look"
    " --contexts --notes"
)
SKIPPED = ("make ", "git ", "pip ")
"""Commands that set up the reader's machine: CI runs them by themselves."""
STORY = "story.txt"
"""What the demo printed."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo has run."""
    place = tmp_path_factory.mktemp("reader")
    (place / STORY).write_text(run("twyman demo", place))
    assert "reports/moment-page-nz.html" in (place / STORY).read_text()
    return place


def run(command: str, place: Path) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "COLUMNS": "80", "NO_COLOR": "1"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    return done.stdout


def scenes(console: str) -> list[tuple[str, str]]:
    """Return commands and what they print."""
    found = list[tuple[str, str]]()
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        found.append((command, printed))
    return found


def matches(printed: str, expected: str) -> bool:
    """Whether a text is what a page shows, where `…` stands for any lines."""
    parts = [re.escape(part.strip("\n")) for part in re.split(r"^…$", expected, flags=re.MULTILINE)]
    shown = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    return re.fullmatch(r"\s*" + r"(?:.*\n)*?\s*".join(parts) + r"\s*", shown) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_does_what_it_says(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, object] = {}
    for kind, title, body in BLOCK.findall(page.read_text()):
        if kind == "yaml" and title:
            (folder / title).parent.mkdir(parents=True, exist_ok=True)
            (folder / title).write_text(body)
        elif kind == "pycon":
            example = doctest.DocTestParser().get_doctest(body, names, page.name, str(page), 0)
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
            assert runner.run(example, clear_globs=False).failed == 0
            names = example.globs
        elif kind == "console":
            for command, expected in scenes(body):
                if command == "make demo":
                    assert matches((folder / STORY).read_text(), expected)
                elif not command.startswith(SKIPPED):
                    printed = run(command, folder)
                    assert matches(printed, expected), f"$ {command}\n{printed}"


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("a\nx\ny\nb\n", "a\n…\nb\n", True),
        ("a\nb\nc\n", "a\nb\n", False),
    ],
)
def test_a_page_that_says_something_else_is_noticed(
    printed: str,
    expected: str,
    same: bool,  # noqa: FBT001
) -> None:
    assert matches(printed, expected) is same


def test_every_command_and_its_options_are_documented() -> None:
    pages = "\n".join(page.read_text() for page in PAGES)
    for command in (
        "aa",
        "analyze",
        "check",
        "sql",
        "schema",
        "demo",
        "serve",
        "verify",
        "gate",
        "warehouse tables",
        "warehouse gc",
    ):
        assert f"twyman {command}" in pages
    for command in ("check", "eval", "explain", "diff", "allocate", "build"):
        assert f"twyman flags {command}" in pages
    for option in re.findall(r"--[a-z-]+", OPTIONS):
        assert option in pages
