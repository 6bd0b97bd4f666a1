"""In which segment did the split leave its plan, and does one carry the effect?"""

from collections.abc import Mapping

import numpy as np
import pytest

from twyman.doubt.check import BLOCK, NOTE, Status
from twyman.doubt.places import Part, concentration, split_by_segment
from twyman.stats.estimate import Contrast

HALF = {"control": 0.5, "page": 0.5}
SIZES = {"SE": 8_000, "NO": 4_000, "NZ": 1_000, "DE": 6_000, "MT": 3}


def countries(
    rng: np.random.Generator, lost: Mapping[str, float] | None = None, sizes: Mapping[str, int] = SIZES
) -> dict[str, dict[str, int]]:
    found = dict[str, dict[str, int]]()
    for name, size in sizes.items():
        treated = int(rng.binomial(size, 0.5))
        kept = int(rng.binomial(treated, 1 - (lost or {}).get(name, 0.0)))
        found[name] = {"control": size - treated, "page": kept}
    return found


def test_healthy_segments_are_noted_once_in_twenty_at_most() -> None:
    rng, p_values = np.random.default_rng(1), list[float]()
    for _ in range(2_000):
        split = split_by_segment({"country": countries(rng), "app": countries(rng, sizes={"a": 900, "b": 400})}, HALF)
        assert split is not None
        assert split.p_value is not None
        p_values.append(split.p_value)

    assert 0.03 < np.mean(np.array(p_values) < NOTE) < 0.06
    assert np.mean(np.array(p_values) < BLOCK) < 0.003


def test_the_country_that_loses_units_is_named_and_the_others_are_as_planned() -> None:
    split = split_by_segment({"country": countries(np.random.default_rng(2), {"NZ": 0.4})}, HALF)

    assert split is not None
    assert (split.status, split.arm, split.detail["values"]) == (Status.BLOCK, "page", ["NZ"])
    assert split.detail["alone"] is True
    assert "units are lost there" in split.text


def test_two_countries_that_lose_units_are_found_one_after_the_other() -> None:
    split = split_by_segment({"country": countries(np.random.default_rng(3), {"NZ": 0.4, "NO": 0.3})}, HALF)

    assert split is not None
    assert set(split.detail["values"]) == {"NZ", "NO"}  # type: ignore[call-overload]


def test_a_loss_that_is_everywhere_is_of_no_segment() -> None:
    rng, loud = np.random.default_rng(4), 0
    for _ in range(200):
        split = split_by_segment({"country": countries(rng, dict.fromkeys(SIZES, 0.1))}, HALF)
        loud += split is not None and split.status is not Status.OK

    assert loud <= 20


def test_a_segment_that_loses_while_all_lose_is_not_said_to_be_alone() -> None:
    lost = dict.fromkeys(SIZES, 0.1) | {"NZ": 0.6}

    split = split_by_segment({"country": countries(np.random.default_rng(5), lost)}, HALF)

    assert split is not None
    assert split.detail["values"] == ["NZ"]
    assert split.detail["alone"] is False


def test_power_to_name_the_segment_that_lost_a_fifth_of_an_arm() -> None:
    rng, named = np.random.default_rng(6), 0
    for _ in range(100):
        split = split_by_segment({"country": countries(rng, {"NO": 0.2})}, HALF)
        named += split is not None and split.status is Status.BLOCK and split.detail.get("values") == ["NO"]

    assert named >= 90


def test_of_the_dimensions_the_one_that_tells_is_named() -> None:
    rng = np.random.default_rng(7)

    split = split_by_segment({"country": countries(rng), "app": countries(rng, {"NZ": 0.5})}, HALF)

    assert split is not None
    assert split.detail["dimension"] == "app"


def test_nothing_broken_down_or_few_units_tell_nothing() -> None:
    assert split_by_segment({}, HALF) is None
    assert split_by_segment({"app": {"a": {"control": 2, "page": 1}, "b": {"control": 1}}}, HALF) is None


def effects(rng: np.random.Generator, spread: float = 0.0, odd: float = 0.0) -> list[Part]:
    units = [8_000, 4_000, 6_000, 1_000, 500]
    errors = [2 / np.sqrt(size) for size in units]
    true = [0.05 + spread * rng.normal() for _ in units]
    true[-1] += odd
    return [
        Part(f"country {place}", Contrast(float(rng.normal(effect, error)), float(error), None), size)
        for place, (size, error, effect) in enumerate(zip(units, errors, true, strict=True))
    ]


def test_effects_that_agree_raise_nothing_and_those_of_large_segments_neither() -> None:
    rng, loud = np.random.default_rng(8), 0
    for _ in range(1_000):
        found = concentration("m", "page", "country", effects(rng))
        loud += found is not None and found.status is not Status.OK
    large = concentration(
        "m", "page", "c", [Part("a", Contrast(9, 0.1, None), 900), Part("b", Contrast(0, 1, None), 1)]
    )

    assert loud < 20
    assert large is not None
    assert large.status is Status.OK


@pytest.mark.parametrize(("odd", "checks"), [(2.0, 1), (-2.0, 10)])
def test_a_small_segment_that_carries_an_effect_is_named(odd: float, checks: int) -> None:
    rng, named = np.random.default_rng(9), 0
    for _ in range(50):
        parts = effects(rng, odd=odd)
        parts = [Part(one.value, Contrast(one.effect.estimate - 0.05, one.effect.se, None), one.units) for one in parts]
        found = concentration("m", "page", "country", parts, checks=checks)
        named += found is not None and found.status is Status.WARN and found.detail["value"] == "country 4"

    assert named >= 45
