"""The reference of definition files: its examples load, and it names every key."""

import re
from pathlib import Path

import pytest
from msgspec import Struct, structs

from twyman.definitions import load
from twyman.definitions.documents import DOCUMENTS
from twyman.definitions.schema import meanings

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/definitions.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def structures() -> list[type[Struct]]:
    found, waiting = list[type[Struct]](), [Struct]
    while waiting:
        waiting += (below := waiting.pop().__subclasses__())
        found += [each for each in below if each.__module__.startswith("twyman.definitions.")]
    return found


def test_the_pages_examples_make_a_sound_project(here: Path) -> None:
    for number, block in enumerate(blocks("yaml")):
        (here / ("twyman.yaml" if "kind: project" in block else f"{number}.yaml")).write_text(block)

    project = load(here)

    assert set(project.counts) == set(DOCUMENTS) - {"import", "surface"}
    assert set(project.experiments) == {"moment-page", "mail", "another-page", "triggered-page"}


def test_the_pages_python_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    (code,), (printed,) = blocks("python"), blocks("text")

    exec(code, {})  # noqa: S102 - our own page

    assert capsys.readouterr().out == printed


def test_the_page_explains_every_key_in_the_words_of_the_schema() -> None:
    lines = {
        f"| `{key}`{' (required)' if key in required(each) else ''} | {text} |"
        for each in structures()
        if each.__name__ not in {"Document", "NamedDocument", "SurfaceDocument"}
        for key, text in meanings(each).items()
        if key not in {"title", "owner", "description"}
    }

    assert sorted(lines - set(PAGE.splitlines())) == []


def required(document: type[Struct]) -> set[str]:
    return {each.encode_name for each in structs.fields(document) if each.required}
