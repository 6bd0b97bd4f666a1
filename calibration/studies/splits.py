"""The split of units over arms, tested once and at every look; two assignments' dependence."""

from collections.abc import Sequence

import numpy as np

from calibration.one_by_one import ERROR, POWER, looped, study
from calibration.study import Section, Study, at_most, exactly
from twyman.stats.anytime.dependence import dependence as watched_dependence
from twyman.stats.anytime.split import sequential_split
from twyman.stats.balance import Period, exact_binomial, srm, stratified_srm
from twyman.stats.interactions.dependence import dependence

ALARM = "false alarm at any look"
SMALL = 0.001


def once_split(shares: Sequence[float], units: int, alpha: float) -> Study:
    """Return the study of the chi-square test of a split."""
    chances = np.array(shares) / sum(shares)

    def trial(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
        return {
            ERROR: np.array(
                [srm(row.tolist(), shares).p_value < alpha for row in rng.multinomial(units, chances, runs)]
            )
        }

    split = " : ".join(f"{share:g}" for share in shares)
    return Study(f"sample ratio, χ², α = {alpha:g}", f"split {split}", f"{units:,}", (exactly(ERROR, alpha),), trial)


def at_each_look(looks: int, each: int, alpha: float) -> Study:
    """Return the study of the sequential test of a split."""

    def once(rng: np.random.Generator) -> dict[str, float]:
        seen = rng.multinomial(each, (0.5, 0.5), looks).cumsum(axis=0)
        answers = sequential_split([[Period(row, (1, 1))] for row in seen.tolist()])
        return {ALARM: float(answers[-1].p_value < alpha)}

    return Study(
        f"sequential sample ratio, α = {alpha:g}",
        "split 1 : 1",
        f"{each:,} a look",
        (at_most(ALARM, alpha),),
        looped(once),
        looks,
        20_000 if looks < 100 else 2_000,
        500 if looks < 100 else 50,
    )


def _exact(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
    return {ERROR: np.array([exact_binomial(int(x), 60, 0.3) < 0.05 for x in rng.binomial(60, 0.3, runs)])}


def _periods(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
    first, second = rng.multinomial(2_000, (0.9, 0.1), runs), rng.multinomial(3_000, (0.5, 0.5), runs)
    tests = [
        stratified_srm([Period(a.tolist(), (9, 1)), Period(b.tolist(), (1, 1))]).p_value < 0.05
        for a, b in zip(first, second, strict=True)
    ]
    return {ERROR: np.array(tests)}


def _missing(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
    """Two in a hundred of the treated are lost: 0.495 : 0.505; at these units χ² sees it with power 0.8."""
    n = 171_003  # (3.2905 + 0.8416)² / (2 × 0.005)²
    return {POWER: np.array([srm([int(x), n - int(x)], [1, 1]).p_value < SMALL for x in rng.binomial(n, 0.495, runs)])}


def _tables(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
    drawn = rng.multinomial(2_000, np.outer((0.5, 0.3, 0.2), (0.5, 0.5)).ravel(), runs).reshape(runs, 3, 2)
    return {ERROR: np.array([dependence(table).p_value < 0.05 for table in drawn])}


def _watched(rng: np.random.Generator) -> dict[str, float]:
    tables = rng.multinomial(100, (0.25,) * 4, 14).cumsum(axis=0).reshape(14, 2, 2)
    return {ALARM: float(min(watched_dependence(table).p_value for table in tables) < 0.05)}


SECTION = Section(
    "Who is in which arm",
    "The split of units over arms, without anything wrong with it. Tested at every look by χ² it would alarm at more "
    "and more looks, as any fixed test; the sequential test may be read whenever one likes. α is 0.001 where alarms "
    "stop an experiment.",
    (
        once_split((1, 1), 10_000, 0.05),
        once_split((8, 1, 1), 3_000, 0.05),
        once_split((1, 1), 10_000, SMALL),
        Study("sample ratio, exact", "split 3 : 7", "60", (at_most(ERROR, 0.05),), _exact),
        Study(
            "sample ratio, shares changed midway",
            "9 : 1, then 1 : 1",
            "2,000 + 3,000",
            (exactly(ERROR, 0.05),),
            _periods,
        ),
        Study("sample ratio, χ², α = 0.001", "2 % of the treated lost", "171,003", (exactly(POWER, 0.8),), _missing),
        at_each_look(14, 1_000, 0.05),
        at_each_look(181, 1_000, 0.05),
        at_each_look(14, 1_000, SMALL),
        Study("two assignments’ dependence, χ²", "independent, 3 × 2 arms", "2,000", (exactly(ERROR, 0.05),), _tables),
        study(
            "two assignments’ dependence, at every look",
            "independent, 14 looks",
            "100 a look",
            at_most(ALARM, 0.05),
            once=_watched,
            runs=10_000,
            quick=500,
        ),
    ),
)
