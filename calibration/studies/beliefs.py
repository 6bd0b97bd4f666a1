"""Beliefs: posteriors under their prior, shrinkage under its model, what significance does to estimates."""

from collections.abc import Callable

import numpy as np

from calibration.one_by_one import COVERAGE, study
from calibration.study import FEW_RUNS, Section, Study, at_least, exactly
from twyman.stats.bayes.best import race
from twyman.stats.bayes.counts import Beta, beta_posterior
from twyman.stats.bayes.posterior import Posterior, updated
from twyman.stats.bayes.prior import NormalPrior
from twyman.stats.history.exaggeration import exaggeration, false_positive_risk
from twyman.stats.history.launches import launch_impact
from twyman.stats.history.shrinkage import RandomEffects, random_effects

WON, LOSS = "truly better, of those given 80 to 90 %", "loss over loss expected"
WIDE = (
    "the prior is the one that effects come from: a prior ten times too wide is no prior, and hides the winner's curse"
)
KNOWN = (
    "experiments are some thousand: the spread of true effects is estimated too, and its error isn't in the interval"
)


def _posterior(truth: NormalPrior, believed: NormalPrior) -> Callable[[np.random.Generator], dict[str, float]]:
    def once(rng: np.random.Generator) -> dict[str, float]:
        effect = rng.normal(truth.mean, truth.sd)
        belief = updated(rng.normal(effect, 1.0), 1.0, believed)
        assert isinstance(belief, Posterior)  # noqa: S101 - the error is above zero
        low, high = belief.interval()
        likely = 0.8 <= belief.chance_to_win <= 0.9
        return {
            COVERAGE: float(low <= effect <= high),
            WON: float(effect > 0) - belief.chance_to_win + 0.85 if likely else np.nan,
        }

    return once


def _counts(rng: np.random.Generator) -> dict[str, float]:
    p, q = rng.beta(3, 27, 2)
    belief = beta_posterior((int(rng.binomial(200, p)), 200), (int(rng.binomial(300, q)), 300), prior=Beta(3, 27))
    low, high = belief.interval()
    return {COVERAGE: float(low <= p - q <= high)}


def _best(rng: np.random.Generator) -> dict[str, float]:
    """The arm that is given the best chance is the best that often."""
    truth = rng.normal(0, 1, 4)
    seen = rng.normal(truth, 1)
    chances = race((seen / 2).tolist(), [np.sqrt(0.5)] * 4).chance_best
    chosen = int(np.argmax(chances))
    return {"best, less the chance given": 0.5 + float(truth[chosen] == truth.max()) - chances[chosen]}


def shrunken(experiments: int, note: str = "") -> Study:
    """Return the study of shrunken effects' intervals, over many archives."""

    def once(rng: np.random.Generator) -> dict[str, float]:
        ses = rng.uniform(0.5, 1.5, experiments)
        truth = rng.normal(0.3, 1.0, experiments)
        answer = random_effects(rng.normal(truth, ses).tolist(), ses.tolist())
        assert isinstance(answer, RandomEffects)  # noqa: S101 - there are enough experiments
        return {COVERAGE: float((np.abs(truth - answer.means) <= 1.959964 * np.array(answer.ses)).mean())}

    promise = exactly(COVERAGE, 0.95, note)
    return study(
        "shrinkage, REML",
        "normal effects, τ = 1",
        f"{experiments} experiments",
        promise,
        once=once,
        runs=FEW_RUNS if experiments < 1_000 else 500,
        quick=200 if experiments < 1_000 else 20,
    )


def _significant(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
    expected = exaggeration(1.0, 1.0)
    z = rng.normal(1.0, 1.0, runs * 20)[:, None]
    found = np.abs(z[:, 0]) > 1.959964
    kept = np.full(runs, np.nan)
    sizes = np.abs(z[found, 0])[:runs]
    kept[: len(sizes)] = sizes / expected.type_m
    wrong = np.full(runs, np.nan)
    wrong[: len(sizes)] = z[found, 0][:runs] < 0
    return {"size over expected size": kept, "wrong sign": wrong}


def _risk(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
    real = rng.random(runs) < 0.1
    won = rng.normal(np.where(real, 2.8015852, 0.0)) > 1.959964
    return {"no effect behind a win": np.where(won, ~real, np.nan)}


def _launched(rng: np.random.Generator) -> dict[str, float]:
    ses = np.ones(30)
    truth = rng.normal(1.5, 1.0, 30)
    answer = launch_impact(rng.normal(truth, ses).tolist(), ses.tolist())
    total = truth[np.array(answer.launched)].sum()
    low, high = answer.corrected.lower, answer.corrected.upper
    return {COVERAGE: float(low <= total <= high)}  # type: ignore[operator]


OWN, BROAD = NormalPrior(0.0, 1.0, "absolute"), NormalPrior(0.0, 10.0, "absolute")
DOUBLED = exactly("wrong sign", round(exaggeration(1.0, 1.0).type_s, 4)), exactly("size over expected size", 1.0)

SECTION = Section(
    "Beliefs and history",
    "Here effects are drawn too, from the prior that the method believes, or from the spread that it estimates: a "
    "credible interval promises to hold 95 of 100 effects *drawn from its prior*. With another prior it doesn't, and "
    "the second row shows by how much.",
    (
        study(
            "posterior",
            "effects from the prior",
            "se = prior’s sd",
            exactly(COVERAGE, 0.95),
            exactly(WON, 0.85),
            once=_posterior(OWN, OWN),
        ),
        study(
            "posterior",
            "prior 10 × too wide",
            "se = effects’ sd",
            exactly(COVERAGE, 0.95, WIDE),
            exactly(WON, 0.85, WIDE),
            once=_posterior(OWN, BROAD),
        ),
        study(
            "beta posterior",
            "rates from Beta(3, 27)",
            "200 + 300",
            exactly(COVERAGE, 0.95),
            once=_counts,
            runs=500,
            quick=0,
        ),
        study(
            "best of four",
            "means from the prior",
            "se = prior’s sd",
            exactly("best, less the chance given", 0.5),
            once=_best,
            runs=5_000,
            quick=200,
        ),
        shrunken(1_000),
        shrunken(200, KNOWN),
        shrunken(40, KNOWN),
        shrunken(10, KNOWN),
        Study("exaggeration", "effect of one se", "power 0.17", DOUBLED, _significant),
        Study(
            "false positive risk",
            "1 in 10 ideas works, power 0.8",
            "—",
            (exactly("no effect behind a win", round(false_positive_risk(0.1, power=0.8), 4)),),
            _risk,
        ),
        study(
            "launch impact",
            "30 experiments, launched above 1.96 se",
            "—",
            at_least(COVERAGE, 0.95, "effects are large beside their errors: the bias is estimated from estimates"),
            once=_launched,
            runs=5_000,
            quick=500,
        ),
    ),
)
