"""OFREP's own description, against a server that runs: schemathesis asks whatever the description allows, and more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings, strategies as st
from ruamel.yaml import YAML
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tests.api.running import running, write
from tests.api.states import credential, flags

from twyman.flags.state import Client, State

OWN_STATUSES = {"405": "method", "413": "size", "415": "encoding"}
"""What any HTTP server may say, and OFREP's file leaves out."""

PATHS = ["/ofrep/v1/evaluate/flags/{key}", "/ofrep/v1/evaluate/flags"]
CREDENTIAL = "tv"
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]

short = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
long = settings(short, max_examples=300)


def relaxed(description: dict[str, Any]) -> dict[str, Any]:
    """Return OFREP's description with the relaxations that its examples, and our dialect, ask for."""
    schemas = description["components"]["schemas"]
    # a code default matches every value, and a whole number is a float: of `oneOf` the file's own examples match two
    values = schemas["evaluationSuccess"]["allOf"][1]
    values["anyOf"] = values.pop("oneOf")
    # reasons of OpenFeature that the file leaves out
    schemas["evaluationSuccess"]["allOf"][0]["properties"]["reason"]["enum"] += ["DEFAULT", "CACHED", "STALE", "ERROR"]
    # the file's own bulk example holds a flag that isn't there
    schemas["evaluationFailure"]["properties"]["errorCode"]["enum"].append("FLAG_NOT_FOUND")
    # our dialect: a context without a unit resolves every rule that needs none, and an id may be a whole number
    del schemas["context"]["required"]
    schemas["context"]["properties"] = {}
    # what a client was told by an event may come back as it likes: whatever is served is the newest there is
    bulk = description["paths"]["/ofrep/v1/evaluate/flags"]["post"]
    bulk["parameters"] = [each for each in bulk["parameters"] if "$ref" not in each]
    for operations in description["paths"].values():
        operations["post"]["responses"] |= {status: {"description": why} for status, why in OWN_STATUSES.items()}
    return description


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("openapi") / "state.json"
    write(path, State(flags(), clients={"tv": Client("tv", (), (credential(CREDENTIAL),))}))
    with running(path) as (url, _):
        yield url


@pytest.fixture(scope="module")
def ofrep(shared: Path) -> Any:
    text = (shared / "oracles/ofrep/service/openapi.yaml").read_text()
    return schemathesis.openapi.from_dict(relaxed(YAML(typ="safe").load(text)))


def ask(schema: Any, path: str, mode: GenerationMode, data: Any, address: str) -> None:
    """Ask once; a valid request may still fail (400) for what its flag or its unit is."""
    case = data.draw(schema[path]["POST"].as_strategy(generation_mode=mode))
    case.call_and_validate(
        base_url=address, headers={"X-API-Key": CREDENTIAL}, excluded_checks=[positive_data_acceptance]
    )


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
@short
@given(data=st.data())
def test_every_answer_is_as_ofrep_describes_it(
    ofrep: Any, path: str, mode: GenerationMode, data: Any, address: str
) -> None:
    ask(ofrep, path, mode, data, address)


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
@long
@given(data=st.data())
def test_every_answer_is_as_ofrep_describes_it_however_often(
    ofrep: Any, path: str, mode: GenerationMode, data: Any, address: str
) -> None:
    ask(ofrep, path, mode, data, address)
