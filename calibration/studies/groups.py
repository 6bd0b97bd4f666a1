"""Few clusters, strata, switchbacks: where units aren't what was randomised, or aren't alike."""

import numpy as np

from calibration.one_by_one import COVERAGE, ERROR, NOTHING, Once, error_and_coverage, read, study
from calibration.study import FEW_RUNS, Section, Study, exactly
from twyman.stats.clusters.randomisation import Randomised, permuted
from twyman.stats.clusters.sums import Clusters, cluster_means
from twyman.stats.estimate import Contrast, NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.strata import Stratified, post_stratified
from twyman.stats.switchbacks import Panel, Switchback, carry_over, switchback

CAUTIOUS = "arms have some ten clusters each: of four against twelve its degrees of freedom are cautious"
FEW = "there are some 40 clusters: with few, plain sandwich errors are short; use `CR2`"
BOTH = exactly(ERROR, 0.05), exactly(COVERAGE, 0.95)


def schools(rng: np.random.Generator, count: int, effect: float = 0.0) -> Clusters:
    """Draw schools of 10 to 60 pupils, whose marks go together (intraclass correlation 0.2)."""
    sizes = rng.integers(10, 61, count)
    means = rng.normal(10 + effect, np.sqrt(0.2) * 3, count)
    return Clusters((means * sizes + rng.normal(0, 3 * np.sqrt(0.8 * sizes))).tolist(), sizes.tolist())


def clustered(kind: str, df: str, counts: tuple[int, int], note: str = "") -> Study:
    """Return the study of one kind of cluster-robust error."""

    def answer(rng: np.random.Generator, effect: float) -> Pair | NotEstimable:
        return cluster_means(schools(rng, counts[0], effect), schools(rng, counts[1]), kind=kind, df=df)

    name = f"clusters, {kind}, {'t of Satterthwaite' if df == 'satterthwaite' else 'normal'}"
    promises = exactly(ERROR, 0.05, note), exactly(COVERAGE, 0.95, note)
    units = f"{counts[0]} + {counts[1]} clusters"
    return study(
        name, "clusters of 10 to 60", units, *promises, once=error_and_coverage(answer, 1.0), runs=10_000, quick=500
    )


def _permuted(rng: np.random.Generator) -> dict[str, float]:
    test = permuted(schools(rng, 5), schools(rng, 5))
    return {ERROR: float(test.p_value <= 0.05) if isinstance(test, Randomised) else np.nan}


def _stratified() -> Once:
    """Return an experiment over three strata of different means, with equal effects or not."""
    shares, levels, effects = np.array((0.5, 0.3, 0.2)), (0.0, 2.0, 5.0), (0.2, 0.5, 1.0)

    def arm(rng: np.random.Generator, n: int, times: float) -> dict[str, Moments]:
        drawn = zip("abc", rng.multinomial(n, shares), levels, effects, strict=True)
        return {name: Moments.of(rng.normal(level + times * effect, 1, count)) for name, count, level, effect in drawn}

    def answer(rng: np.random.Generator, effect: float) -> Pair | NotEstimable:
        found = post_stratified(arm(rng, 150, effect), arm(rng, 150, 0.0))
        return found.pair if isinstance(found, Stratified) else found

    truth = float(shares @ effects)

    def once(rng: np.random.Generator) -> dict[str, float]:
        return {ERROR: read(answer(rng, 0.0))[ERROR], COVERAGE: read(answer(rng, 1.0), truth)[COVERAGE]}

    return once


def panel(rng: np.random.Generator, regions: int, *, effect: float, carried: float = 0.0) -> Panel:
    """Draw regions of 28 days in blocks of two, whose days go together."""
    days = 28
    treated = np.repeat(rng.integers(0, 2, (regions, days // 2)), 2, axis=1)
    noise = rng.normal(0, 1, (regions, days))
    for day in range(1, days):
        noise[:, day] += 0.5 * noise[:, day - 1]
    before = np.column_stack([np.zeros(regions), treated[:, :-1]])
    outcome = (
        10 + rng.normal(0, 2, (regions, 1)) + rng.normal(0, 1, (1, days)) + effect * treated + carried * before + noise
    )
    region, period = np.indices((regions, days))
    return Panel.of(outcome.ravel(), treated.ravel(), region=region.ravel(), period=period.ravel())


def _switched(regions: int) -> Once:
    def answer(rng: np.random.Generator, effect: float) -> Contrast | NotEstimable:
        found = switchback(panel(rng, regions, effect=effect))
        return found.effect if isinstance(found, Switchback) else found

    return error_and_coverage(answer, 0.5)


def _carried(rng: np.random.Generator) -> dict[str, float]:
    found = carry_over(panel(rng, 12, effect=0.5))
    return {ERROR: read(found)[ERROR] if not isinstance(found, NotEstimable) else NOTHING[ERROR]}


SECTION = Section(
    "Few clusters, strata, switchbacks",
    "Schools of 10 to 60 pupils are randomised whole (intraclass correlation 0.2). CR2 with its own degrees of "
    "freedom was made for few of them. Strata have different means and different effects. Switchbacks are regions "
    "over 28 days, two days a block, whose days' noise goes together.",
    (
        clustered("CR2", "satterthwaite", (3, 3)),
        clustered("CR2", "satterthwaite", (5, 5)),
        clustered("CR2", "satterthwaite", (4, 12), CAUTIOUS),
        clustered("CR2", "satterthwaite", (20, 20)),
        clustered("CR1", "normal", (3, 3), FEW),
        clustered("CR1", "normal", (5, 5), FEW),
        clustered("CR1", "normal", (20, 20), FEW),
        study(
            "clusters, permutation",
            "clusters of 10 to 60",
            "5 + 5 clusters",
            exactly(ERROR, round(12 / 252, 4)),
            once=_permuted,
            runs=FEW_RUNS,
            quick=100,
        ),
        study("post-stratified", "three strata, unequal effects", "150 + 150", *BOTH, once=_stratified(), quick=300),
        study("switchback, CR2", "8 regions × 28 days", "8 regions", *BOTH, once=_switched(8), runs=1_000, quick=30),
        study("switchback, CR2", "24 regions × 28 days", "24 regions", *BOTH, once=_switched(24), runs=300, quick=0),
        study(
            "carry-over",
            "12 regions × 28 days, none",
            "12 regions",
            exactly(ERROR, 0.05),
            once=_carried,
            runs=1_000,
            quick=0,
        ),
    ),
)
