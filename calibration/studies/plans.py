"""Plans: do as many units as `power.Design` asks for find the effect as often as it says?"""

import numpy as np

from calibration.one_by_one import POWER
from calibration.peeking import Path, spent_by
from calibration.populations import Bernoulli, Normal, Population, cumulated
from calibration.studies.ratios import CLICKS, CLICKS_PAST, PAST
from calibration.study import Section, Study, at_least, exactly
from twyman.stats.anytime.boundary import Asymptotic
from twyman.stats.anytime.mixture import critical_values
from twyman.stats.comparison import compare_all
from twyman.stats.power.design import Design, Sizes
from twyman.stats.power.looks import AlwaysValid, looks_at
from twyman.stats.sequential.spending import PowerSpending
from twyman.stats.settings import Settings

NORMAL, RARE = Normal(), Bernoulli()
SPREAD = (
    "the effect adds the same to everybody: one that multiplies also spreads the treated, which "
    "`Design(treatment=…)` can be told"
)
MEAN, SHARE, RATIO = Settings(), Settings(kind="proportion"), Settings(kind="ratio")


def sized(plan: Design, effect: float) -> Sizes:
    """Return the plan's units."""
    sizes = plan.units(effect)
    assert isinstance(sizes, Sizes)  # noqa: S101 - these plans are possible
    return sizes


def planned(
    name: str,
    case: tuple[Population, Settings],
    effect: float,
    *,
    power: float = 0.8,
    share: float = 0.5,
    note: str = "",
) -> Study:
    """Return the study of a plan with one look; it knows how the treated will vary, but where there is a note."""
    population, settings = case
    treated = None if note else population.truth(10_000, effect).at(0)
    plan = Design(population.truth(10_000).at(0), settings.kind, (share, 1 - share), power=power, treatment=treated)
    sizes = sized(plan, effect)

    def trial(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
        treatment = population.draw(rng, (runs,), sizes.arms[0], effect)
        control = population.draw(rng, (runs,), sizes.arms[1])
        return {POWER: compare_all(treatment, control, settings).absolute.p_value < 0.05}

    called = f"plan for {effect:+.0%}, {name}".replace("%", " %")
    return Study(called, population.name, _units(sizes), (exactly(POWER, round(sizes.power, 4), note),), trial)


def watched(population: Population, effect: float, settings: Settings, *, looks: int, always: bool) -> Study:
    """Return the study of a plan with many looks."""
    tuned = Asymptotic.tuned_for(20_000)
    design = AlwaysValid(tuned) if always else looks_at(looks, PowerSpending(2))
    plan = Design(population.truth(10_000).at(0), settings.kind, looks=design)
    sizes = sized(plan, effect)
    each = -(-sizes.arms[0] // looks)

    def trial(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
        treatment = cumulated(population.draw(rng, (runs, looks), each, effect))
        control = cumulated(population.draw(rng, (runs, looks), each))
        found = compare_all(treatment, control, settings).absolute
        path = Path(found.estimate, found.se, found.df)
        limit = (
            critical_values(2 * each * tuned.rate * np.arange(1, looks + 1))
            if always
            else spent_by(PowerSpending(2))(path)
        )
        return {POWER: (np.abs(path.scores()) >= limit).any(axis=1)}

    promise = (at_least if always else exactly)(POWER, 0.8 if always else round(sizes.power, 4))
    name = "always valid" if always else "group sequential"
    called = f"plan for {effect:+.0%}, {name}".replace("%", " %")
    return Study(called, population.name, f"{each:,} an arm and look", (promise,), trial, looks)


def _units(sizes: Sizes) -> str:
    return " + ".join(f"{n:,}" for n in sizes.arms)


SECTION = Section(
    "Plans",
    "`power.Design` says how many units find an effect with a power; here so many are drawn, and the effect is "
    "there. A plan that finds it more often than it says would have been too expensive, so the band has two sides.",
    (
        planned("mean", (NORMAL, MEAN), 0.1),
        planned("mean, power 0.9, one in four treated", (NORMAL, MEAN), 0.1, power=0.9, share=0.25),
        planned("few units", (NORMAL, MEAN), 0.4),
        planned("proportion", (RARE, SHARE), 0.3),
        planned("proportion", (Bernoulli(0.2), SHARE), 0.15),
        planned("ratio", (CLICKS, RATIO), 0.1),
        planned("ratio, spread taken as it is now", (CLICKS, RATIO), 0.1, note=SPREAD),
        planned("CUPED", (PAST, MEAN), 0.1),
        planned("CUPED on a ratio", (CLICKS_PAST, RATIO), 0.1),
        watched(NORMAL, 0.1, MEAN, looks=14, always=False),
        watched(RARE, 0.3, SHARE, looks=14, always=False),
        watched(NORMAL, 0.1, MEAN, looks=14, always=True),
    ),
)
