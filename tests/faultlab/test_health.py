"""Healthy worlds are healthy: what should be even is even, and true effects are what they are said to be.

Seeds are fixed, so each test passed once and for all: it can't flake, only break with the code.
"""

from functools import cache

import numpy as np
import pytest
from faultlab.reader import read
from faultlab.tables import OWN, assignments, exposures, facts, users
from faultlab.trial import BELIEF, CEILING, EFFECTS, HISTORY, TENTH, WINDOW, Trial, trial
from faultlab.world import NEVER, ON, OUT, World, world
from scipy.stats import binomtest, chi2, kstest, norm

SEEDS = range(200)
FALSE_ALARM = 1e-3
"""Chance that a healthy lab fails a test here."""


@cache
def summaries() -> dict[str, np.ndarray]:
    """Of each seed: the split, its dependence on what should be independent, and z of the plain reader."""
    found = [_summary(world(seed)) for seed in SEEDS]
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def _summary(made: World) -> dict[str, np.ndarray]:
    met = made.exposed != NEVER
    treated, size = made.treated[met], met.sum()
    z = (treated.sum() - size / 2) / np.sqrt(size / 4)
    plain = read(made)
    past = made.visits[met, :HISTORY].sum(axis=1)
    return {
        "srm": np.array([2 * norm.sf(abs(z))]),
        "country": np.array([_independent(treated, made.users.country[met])]),
        "platform": np.array([_independent(treated, made.users.platform[met])]),
        "day": np.array([_independent(treated, np.minimum(made.exposed[met], HISTORY + 4))]),
        "others": np.array([_independent(treated, made.others[met, flag]) for flag in range(made.trial.flags)]),
        "past": np.array([_even(past[treated], past[~treated])]),
        "effect": np.array([2 * norm.sf(abs(plain.lift - made.trial.effect) / plain.se)]),
    }


def _independent(treated: np.ndarray, value: np.ndarray) -> float:
    table = np.array(
        [[(treated & (value == one)).sum(), (~treated & (value == one)).sum()] for one in np.unique(value)]
    )
    due = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(chi2.sf(((table - due) ** 2 / due).sum(), len(table) - 1))


def _even(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * norm.sf(abs(one.mean() - other.mean()) / np.sqrt(one.var() / len(one) + other.var() / len(other))))


@pytest.mark.parametrize("what", ["srm", "country", "platform", "day", "others", "past"])
def test_p_values_of_what_should_be_even_are_uniform(what: str) -> None:
    assert kstest(summaries()[what], "uniform").pvalue > FALSE_ALARM


def test_the_plain_reader_finds_the_true_effect() -> None:
    assert kstest(summaries()["effect"], "uniform").pvalue > FALSE_ALARM


def test_effects_are_as_spread_as_those_of_the_world() -> None:
    drawn = np.array([trial(seed).effect for seed in range(4_000)])

    assert (drawn == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert drawn[drawn != 0].std() == pytest.approx(EFFECTS, rel=0.06)


@pytest.mark.parametrize(("calibrated", "coverage"), [(True, 0.8), (False, 0.5)])
def test_owners_intervals_cover_as_said(calibrated: bool, coverage: float) -> None:  # noqa: FBT001
    asked = [one for one in map(trial, range(4_000)) if one.calibrated is calibrated]
    covered = sum(one.low <= one.effect <= one.high for one in asked)

    assert binomtest(covered, len(asked), coverage).pvalue > FALSE_ALARM


def test_no_true_effect_passes_what_owners_call_impossible() -> None:
    assert max(trial(seed).effect for seed in range(4_000)) < CEILING
    assert TENTH * BELIEF < CEILING


@cache
def small() -> World:
    return world(min(range(40), key=lambda seed: trial(seed).users))


def test_tables_hold_what_happened() -> None:
    made = small()
    met = exposures(made).to_pandas()
    own = met[met.experiment == OWN]

    assert len(own) == (made.exposed != NEVER).sum()
    assert own.user_id.is_unique
    assert set(own.arm) == {"control", "moments"}
    assert len(met) - len(own) == ((made.others != OUT) & (made.exposed != NEVER)[:, None]).sum()
    flag = met[met.experiment == "flag-1"]
    assert (flag.arm == "on").sum() == ((made.others[:, 0] == ON) & (made.exposed != NEVER)).sum()


def test_whoever_is_assigned_is_exposed_in_the_same_arm() -> None:
    given = assignments(small()).to_pandas().set_index("user_id")
    met = exposures(small()).to_pandas().query("experiment == @OWN").set_index("user_id")

    assert (given.arm.loc[met.index] == met.arm).all()
    assert len(given) == len(met)
    assert (given.assigned_at.loc[met.index] < met.exposed_at).all()


def test_listening_on_the_day_of_exposure_comes_after_it() -> None:
    made = small()
    exposed = exposures(made).to_pandas().query("experiment == @OWN").set_index("user_id").exposed_at
    played = facts(made, "listening").to_pandas()
    played = played[played.user_id.isin(exposed.index)]
    since = (played["at"] - played.user_id.map(exposed)).dt.total_seconds()
    nearest = since.loc[since.abs().groupby(played.user_id).idxmin()]

    assert len(nearest) == len(exposed)
    assert set(nearest.round(3)) == {1.0}


def test_nobody_listens_before_having_signed_up() -> None:
    made = small()
    known = users(made).to_pandas().set_index("user_id")
    first = facts(made, "listening").to_pandas().groupby("user_id")["at"].min()

    lead = (known.signed_up_at.loc[first.index] - first).dt.total_seconds()
    assert known.is_new.any()
    assert lead.max() < 2 * 86_400


def test_a_trial_is_read_until_its_last_window_is_over() -> None:
    asked: list[Trial] = [trial(seed) for seed in range(40)]

    assert {one.readings[-1] - one.enrols for one in asked} == {WINDOW}
    assert {len(one.readings) for one in asked if not one.sequential} == {2}
