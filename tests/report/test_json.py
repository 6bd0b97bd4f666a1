"""The answer as JSON: the same answer again when read, and never NaN."""

from math import inf, nan

import msgspec
import pytest
import samples
from msgspec.structs import replace

from twyman.app.views import Answer
from twyman.kernel.errors import Invalid
from twyman.report.json import json_text


@pytest.mark.parametrize("name", list(samples.ALL))
def test_reading_it_back_gives_the_same_answer(name: str) -> None:
    answer = samples.ALL[name]()

    assert msgspec.json.decode(json_text(answer), type=Answer) == answer


def test_it_is_indented_and_ends_in_a_newline() -> None:
    text = json_text(samples.ships())

    assert text.startswith('{\n  "experiment": "moment-page"')
    assert text.endswith("}\n")


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_a_number_that_json_cannot_carry_is_refused_with_its_place(value: float) -> None:
    broken = replace(samples.ships(), settings={"looks": [0.5, {"alpha": value}]})

    with pytest.raises(Invalid, match=r"answer\.settings\.looks\[1\]\.alpha"):
        json_text(broken)
