"""What shows that a unit met the change, and where assignments stand, in a definition."""

from pathlib import Path

import pytest
from tests.definitions.test_populations import read

from twyman.experiments.delivery import Delivery
from twyman.kernel.errors import Invalid


def test_delivery_names_facts_and_what_they_show(music: Path) -> None:
    assert read(music, "delivery: {facts: listening, where: skipped}").delivery == Delivery("listening", "skipped")


def test_assignments_are_a_source_of_exposures(music: Path) -> None:
    assert read(music, "assignments: exposures").assignments == "exposures"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("delivery: {facts: listning}", "facts 'listning' isn't defined"),
        ("assignments: listening", "source 'listening' of kind exposures isn't defined"),
    ],
)
def test_names_that_are_no_such_source_are_refused(music: Path, line: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read(music, line)
