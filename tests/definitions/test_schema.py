"""The JSON Schema for editors says of every definition what the reader says."""

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from twyman.definitions import check, load, schema
from twyman.definitions.documents import DOCUMENTS
from twyman.definitions.reading import builtins
from twyman.definitions.yaml_text import yaml_documents
from twyman.kernel.errors import NotFound

VALIDATOR = jsonschema.Draft202012Validator(schema())

METRIC = {"kind": "metric", "name": "m", "type": "mean", "value": {"sum": "x"}}
ARMS = {"control": {}, "b": None}
EXPECT = {"low": "1%", "likely": 0.02, "high": "3%"}
EXPERIMENT = {"kind": "experiment", "name": "e", "units": "u", "arms": ARMS, "metrics": {"m": {"role": "success"}}}


def blocks(text: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def test_the_schema_itself_is_sound() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    for kind in DOCUMENTS:
        jsonschema.Draft202012Validator.check_schema(schema(kind))


@pytest.mark.parametrize("kind", list(DOCUMENTS))
def test_every_kind_has_a_schema_with_a_title_and_a_description(kind: str) -> None:
    of_kind = schema(kind)

    assert of_kind["title"] == kind
    assert of_kind["description"]
    assert of_kind["properties"]["kind"] == {"enum": [kind]}


def test_a_kind_that_is_none_is_not_found() -> None:
    with pytest.raises(NotFound, match="kind 'metrics' isn't known: did you mean 'metric'"):
        schema("metrics")


@pytest.mark.parametrize(
    "definition",
    [
        METRIC,
        METRIC | {"window": {"after": "1d", "for": "7d"}, "cuped": {"window": "7d"}, "where": True},
        EXPERIMENT,
        EXPERIMENT | {"metrics": {"m": {"role": "success", "expect": EXPECT}}},
        EXPERIMENT | {"metrics": {"m": {"role": "success", "expect": {"b": EXPECT}}}},
        EXPERIMENT
        | {"decide": {"any": ["m", {"all": ["m"]}]}, "analysis": {"sequential": {"spending": "x", "looks": 4}}},
        EXPERIMENT | {"analysis": {"sequential": {"always-valid": {"tuned_for": 9}, "looks": "daily"}}},
        EXPERIMENT | {"analysis": {"units": 9, "sequential": "always-valid"}},
        {"kind": "flag", "name": "f", "schema": "bool", "variants": {"a": True}},
    ],
)
def test_sound_definitions_are_valid(definition: dict[str, Any]) -> None:
    VALIDATOR.validate(definition)


@pytest.mark.parametrize(
    "definition",
    [
        METRIC | {"windw": "7d"},
        METRIC | {"name": "Not A Name"},
        METRIC | {"window": 7},
        METRIC | {"window": None},
        METRIC | {"title": 5.2},
        METRIC | {"type": "average"},
        {"kind": "metric", "name": "m"},
        {"kind": "metrics", "name": "m"},
        EXPERIMENT | {"arms": {"Mens E-Mail": {}}},
        EXPERIMENT | {"metrics": {"m": {"role": "success", "expect": {"low": 1}}}},
        EXPERIMENT | {"decide": {"some": ["m"]}},
    ],
)
def test_what_the_reader_refuses_for_its_shape_is_invalid(definition: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(definition)


@pytest.fixture(scope="session")
def published(shared: Path) -> list[str]:
    """The YAML examples of the page that fixes the shape of definitions."""
    return blocks((shared / "DEFINITIONS.md").read_text(encoding="utf-8"))


def test_every_published_example_is_valid(published: list[str]) -> None:
    documents = [builtins(node) for block in published for node in yaml_documents(block.encode(), "page.yaml")]

    assert len(documents) == 12
    for document in documents:
        VALIDATOR.validate(document)


def write(folder: Path, published: list[str]) -> None:
    for number, block in enumerate(published):
        (folder / ("twyman.yaml" if "kind: project" in block else f"{number}.yaml")).write_text(block)


def test_the_published_folder_says_what_this_version_lacks_and_what_the_page_leaves_out(
    here: Path, published: list[str]
) -> None:
    write(here, published)

    label = r"^3.yaml:\d+: experiment 'moment-page'(, [^:]*)?: "
    found = [re.sub(label, "", str(error)) for error in check(here).errors]
    lacking = found.pop()

    assert "its 20 % of group 'start-page' have no slices in allocations.lock" in lacking
    assert [error.split(",")[0].split(":")[0] for error in found] == [
        "nothing says which household each user is of",
        "facts 'page_opened' isn't defined",
        "segment 'employees' isn't defined",
        "metric 'ads_per_hour' isn't defined",
        "metric 'searches_per_user' isn't defined",
    ]


def test_without_those_the_published_folder_loads(here: Path, published: list[str]) -> None:
    lacking = r"^(randomised_by|trigger|exclude|  ads_per_hour|  searches_per_user):.*\n"
    write(here, [re.sub(lacking, "", block, flags=re.MULTILINE) for block in published])

    project = load(here)
    page = project.experiments["moment-page"]

    assert [arm.share for arm in page.arms] == [0.5, 0.5]
    assert page.tracked[0].expectations["moments"].ceiling is not None
    assert page.plan.units == 160000
    assert set(project.catalogue.sources) == {"listening", "profile", "exposures", "hillstrom", "free_trial"}


def test_every_key_says_what_it_means() -> None:
    silent = [
        f"{part['title']}.{key}"
        for part in schema()["$defs"].values()
        for key, each in part["properties"].items()
        if key != "kind" and not each.get("description")
    ]

    assert silent == []
