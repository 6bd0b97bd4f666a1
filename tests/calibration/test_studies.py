"""The machinery of the calibration: bands that notice a broken promise, studies that don't depend on one another.

The studies themselves run outside of the tests: `make calibration` in a minute, `make calibrate` in full.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from calibration.page import page
from calibration.populations import Bernoulli, Normal, Population, Revenue, clicks_by_visit, cumulated, with_past
from calibration.registry import SECTIONS, STUDIES
from calibration.run import findings
from calibration.study import Promise, Section, Study, Trial, at_least, at_most, exactly
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]


def happening(rate: float) -> Trial:
    def trial(rng: np.random.Generator, runs: int) -> Mapping[str, NDArray[np.generic]]:
        return {"it": rng.random(runs) < rate}

    return trial


def verdict(rate: float, promise: Promise) -> str:
    (finding,) = Study("a method", "somebody", "some", (promise,), happening(rate)).run()
    return finding.verdict


@pytest.mark.parametrize(
    ("rate", "promise", "expected"),
    [
        (0.05, exactly("it", 0.05), "holds"),
        (0.06, exactly("it", 0.05), "OUT OF BAND"),
        (0.04, exactly("it", 0.05), "OUT OF BAND"),
        (0.01, at_most("it", 0.05), "holds"),
        (0.06, at_most("it", 0.05), "OUT OF BAND"),
        (0.99, at_least("it", 0.95), "holds"),
        (0.94, at_least("it", 0.95), "OUT OF BAND"),
        (0.06, exactly("it", 0.05, "units are many"), "warned"),
    ],
)
def test_a_promise_is_kept_or_broken(rate: float, promise: Promise, expected: str) -> None:
    assert verdict(rate, promise) == expected


def test_the_band_of_five_percent_is_what_the_methods_ask() -> None:
    low, high = exactly("it", 0.05).band(20_000)

    assert (round(low, 3), round(high, 3)) == (0.045, 0.055)


def test_the_average_of_shares_has_a_band_of_its_own_spread() -> None:
    def trial(rng: np.random.Generator, runs: int) -> Mapping[str, NDArray[np.generic]]:
        return {"it": rng.uniform(0, 0.1, runs)}

    (finding,) = Study("a method", "somebody", "some", (exactly("it", 0.05),), trial).run(1_000)

    assert finding.high - finding.low == pytest.approx(2 * 3.2905 * 0.1 / 12**0.5 / 1_000**0.5, rel=0.1)


def test_an_experiment_without_an_answer_is_left_out_and_counted() -> None:
    def trial(rng: np.random.Generator, runs: int) -> Mapping[str, NDArray[np.generic]]:
        return {"it": np.where(np.arange(runs) % 2, np.nan, rng.random(runs) < 0.05)}

    (finding,) = Study("a method", "somebody", "some", (exactly("it", 0.05),), trial).run(2_000)

    assert finding.runs == 1_000


def test_every_study_has_a_name_of_its_own() -> None:
    names = [study.name for study in STUDIES]

    assert len(set(names)) == len(names)


def read(workers: int, studies: list[Study]) -> dict[str, float]:
    found = findings(studies, workers=workers, quick=True)
    return {f"{one.study.name} {one.promise.key}": one.measured for one in found}


def test_findings_depend_not_on_the_order() -> None:
    chosen = [study for study in STUDIES if study.method == "means, wald"]

    assert read(1, chosen) == read(1, chosen[::-1])


@pytest.mark.slow
def test_findings_depend_not_on_the_number_of_processes() -> None:
    chosen = [study for study in STUDIES if study.method == "means, wald"]

    assert read(1, chosen) == read(2, chosen)


@pytest.mark.parametrize(
    "population", [Normal(), Bernoulli(0.2), Revenue(), clicks_by_visit(), with_past()], ids=lambda who: who.name
)
def test_a_lift_moves_a_population_by_what_it_says(population: Population) -> None:
    rng = np.random.default_rng(5)
    still = population.draw(rng, (400,), 500)
    moved = {lift: population.moved(rng, still, lift).means[:, 0].mean() for lift in (-0.2, 0.5)}
    drawn = population.draw(rng, (400,), 500, 0.5).means[:, 0].mean()

    truth = population.truth(500).means[0, 0]
    spread = 5 * (population.truth(500).variance()[0] / 500 / 400) ** 0.5 * 1.5
    assert still.means[:, 0].mean() == pytest.approx(truth, abs=spread)
    assert moved[0.5] == pytest.approx(1.5 * truth, abs=spread)
    assert moved[-0.2] == pytest.approx(0.8 * truth, abs=spread)
    assert drawn == pytest.approx(1.5 * truth, abs=spread)


def test_what_is_known_at_a_look_is_all_that_came_before() -> None:
    parts = clicks_by_visit().draw(np.random.default_rng(6), (3, 5), 20)
    known, whole = cumulated(parts), parts.merged(-1)

    assert known[:, -1].means == pytest.approx(whole.means)
    assert known[:, -1].products == pytest.approx(whole.products)
    assert known.counts[0].tolist() == [20, 40, 60, 80, 100]


def test_the_page_says_what_is_warned_of_and_why() -> None:
    study = Study("a method", "somebody", "some", (exactly("it", 0.05, "units are many"),), happening(0.2))
    section = Section("A family", "About it.", (study,))

    text = page([section], study.run(2_000), "", "")

    assert re.search(
        r"\| a method \| somebody \| some \| 1 \| 2,000 \| it \| 0.05 \| 0\.\d+ \| .* \| warned \(1\) \|", text
    )
    assert "1. units are many." in text
    assert page([section], study.run(2_000), "", "") == text


def test_the_page_has_every_study() -> None:
    written = (ROOT / "docs" / "explanation" / "calibration.md").read_text()

    for section in SECTIONS:
        assert f"## {section.title}" in written
        for study in section.studies:
            assert f"| {study.population} | {study.units} | {study.looks} |" in written, (
                f"{study.name}: `make calibrate`"
            )


def test_no_promise_on_the_page_is_broken() -> None:
    written = (ROOT / "docs" / "explanation" / "calibration.md").read_text()

    assert "| OUT OF BAND |" not in written
    assert written.count("| holds |") > 300


def test_pictures_are_small() -> None:
    drawn = list((ROOT / "docs" / "images" / "calibration").glob("*.svg"))

    assert len(drawn) == 3
    assert sum(path.stat().st_size for path in drawn) < 400_000
