"""All doubts together: the weightiest first, kinds of fault named, and a probability that keeps its laws."""

from math import inf

import pytest
from hypothesis import given, strategies as st

from twyman.doubt.causes import CAUSES
from twyman.doubt.check import Check, Status, tier
from twyman.doubt.dossier import BEYOND, HEALTHY, SUGGESTS, dossier, evidence, plain_ratio
from twyman.doubt.signatures import MEANS, PRIORS, SIGNATURES

BINS = 1 + len(Status) + len(BEYOND)


def seen(code: str, p_value: float | None = None, status: Status | None = None, **more: str) -> Check:
    loud = status or (tier(p_value) if p_value is not None else Status.OK)
    return Check(code=code, status=loud, text=code, p_value=p_value, **more)


codes = st.sampled_from(sorted(SIGNATURES[HEALTHY]))
checks = st.lists(st.builds(seen, codes, st.floats(0, 1)), max_size=8)


def test_what_was_seen_is_binned_by_status_and_beyond_a_block_by_p_value() -> None:
    checks = [seen("a", 0.2), seen("b", 1e-20), seen("c", status=Status.WARN), seen("d", 0.5, Status.BLOCK)]

    assert evidence(checks) == {"a": 1, "b": 6, "c": 3, "d": 4}


def test_a_check_that_may_not_be_loud_isnt_made_so_by_its_p_value() -> None:
    assert evidence([seen("a", 1e-30, Status.NOTE)]) == {"a": 2}


def test_of_several_checks_of_a_kind_the_loudest_counts() -> None:
    assert evidence([seen("a", 0.04), seen("a", 0.5), seen("a", 1e-7)]) == {"a": 5}


def test_what_is_as_it_should_be_is_no_doubt() -> None:
    assert dossier([seen("srm", 0.7)]).doubts == ()


def test_doubts_are_ranked_by_loudness_and_then_by_what_they_are_worth() -> None:
    found = dossier([seen("unheard", status=Status.NOTE), seen("unheard_of", 2e-4), seen("also_unheard", 1e-9)])

    assert [one.check.code for one in found.doubts] == ["also_unheard", "unheard_of", "unheard"]


QUIET = [seen(code) for code, row in SIGNATURES[HEALTHY].items() if row[1] > row[0]]
"""What stands in an answer also where all is well."""


def test_what_is_told_only_where_it_was_found_was_looked_for_with_its_like() -> None:
    both, one = dossier([*QUIET, seen("leak", 0.6)]), dossier(QUIET)

    assert both.probability == one.probability < one.prior / 4


def test_what_was_not_looked_for_says_nothing_though_nothing_was_found() -> None:
    blind = [check for check in QUIET if check.code not in {"coexposure", "delivery", "srm_stage"}]

    assert dossier(QUIET).probability < dossier(blind).probability < dossier([]).probability
    assert dossier(QUIET).probability < dossier([check for check in QUIET if check.code != "delivery"]).probability


@pytest.mark.parametrize(("code", "cause"), MEANS.items())
def test_whatever_blocks_alone_makes_a_fault_likelier_and_its_own_kind_first(code: str, cause: str) -> None:
    """No simulation has every form of a fault in it: what was never seen alone isn't health for that."""
    found = dossier([*(check for check in QUIET if check.code != code), seen(code, 1e-9)])

    assert found.probability > found.prior
    assert cause in [one.cause for one in found.suspects[:3]]


def test_a_treatment_that_nobody_met_is_not_delivered_and_nothing_else() -> None:
    found = dossier([*QUIET, seen("not_delivered", 0.4, Status.BLOCK)])

    assert found.suspects[0].cause == "non_delivery"
    assert found.probability > 0.5
    assert found.doubts[0].cause == "non_delivery"


def test_what_the_lab_does_not_know_weighs_what_its_p_value_can_speak() -> None:
    plain, told = dossier(QUIET).probability, dossier([*QUIET, seen("population", 1e-10)])
    twice = dossier([*QUIET, seen("population", 1e-10), seen("population", 1e-10)])

    assert told.probability > 0.9 > plain
    assert told.probability == twice.probability
    assert dossier([*QUIET, seen("zone", status=Status.NOTE)]).probability == plain
    assert told.doubts[0].precision is None


def test_of_such_doubts_alone_as_many_come_of_a_fault_as_the_prior_and_the_counts_say() -> None:
    (srm,) = dossier([*QUIET, seen("srm", 1e-4)]).doubts

    odds = srm.ratio * 0.05 / 0.95
    assert srm.precision == pytest.approx(odds / (1 + odds))
    assert 0.5 < (srm.precision or 0) < 1


def test_what_a_filter_left_out_is_said_once() -> None:
    rows = seen("rows", status=Status.NOTE)

    assert [one.check.code for one in dossier([rows, seen("filter", 0.01)]).doubts] == ["filter"]
    assert [one.check.code for one in dossier([rows, seen("filter", 0.9)]).doubts] == ["rows"]


def test_one_split_tested_twice_is_said_and_weighed_once() -> None:
    """A mismatch by chance, p = .0005, isn't a million to one for being tested at its stages, too."""
    stage, split = seen("srm_stage", 5e-4), seen("srm", 5e-4)
    rest = [check for check in QUIET if check.code not in {"srm", "srm_stage"}]

    once, twice = dossier([*rest, split]), dossier([*rest, split, stage])
    assert [one.check.code for one in twice.doubts] == ["srm"]
    assert twice.probability == once.probability < 0.95
    assert [one.check.code for one in dossier([*rest, seen("srm", 0.3), stage]).doubts] == ["srm_stage"]


def test_two_warnings_of_one_accident_weigh_as_one_and_are_both_shown() -> None:
    """A split that differs between days by chance bends the mix of days with it; a ramp bends both beyond chance."""
    rest = [check for check in QUIET if check.code not in {"srm_by_day", "mix_shift"}]
    days, mix = seen("srm_by_day", 2e-3), seen("mix_shift", 2e-3)

    one, both = dossier([*rest, days]), dossier([*rest, days, mix])
    assert both.probability == one.probability
    assert {doubt.check.code for doubt in both.doubts} == {"srm_by_day", "mix_shift"}
    ramp = seen("srm_by_day", 1e-9)
    assert dossier([*rest, ramp, mix]).suspects != dossier([*rest, ramp]).suspects


def test_another_test_on_the_same_units_is_told_from_a_broken_split() -> None:
    twin = dossier([seen("aliased", 1e-30), seen("srm", 0.6)])
    split = dossier([seen("srm", 1e-30), seen("coexposure", 0.6)])

    assert twin.suspects[0].cause == "aliased_twin"
    assert split.suspects[0].cause != "aliased_twin"
    assert min(twin.probability, split.probability) > 0.9


def test_a_kind_of_check_that_could_not_be_made_says_nothing() -> None:
    part, whole = dossier(QUIET[:1], whole=False), dossier(QUIET[:1])

    assert whole.probability < part.probability


@given(checks, st.floats(0.01, 1e6))
def test_probabilities_are_of_one_fault_or_none(found: list[Check], surprise: float) -> None:
    made = dossier(found, surprise=surprise)

    assert 0 <= made.probability <= 1
    assert made.probability == pytest.approx(sum(one.probability for one in made.suspects), abs=1e-9)
    assert [one.probability for one in made.suspects] == sorted((o.probability for o in made.suspects), reverse=True)


@given(checks, st.floats(1, 1e3))
def test_the_more_surprising_the_likelier_a_fault_and_order_plays_no_part(found: list[Check], more: float) -> None:
    assert dossier(found, surprise=more).probability >= dossier(found).probability - 1e-12
    assert dossier(found[::-1]).probability == dossier(found).probability


def test_without_any_evidence_the_prior_stands() -> None:
    made = dossier([], whole=False)

    assert made.probability == pytest.approx(made.prior) == pytest.approx(1 - PRIORS[HEALTHY])


@pytest.mark.parametrize("cause", [HEALTHY, *CAUSES])
def test_signatures_are_distributions_over_the_bins_of_every_check(cause: str) -> None:
    assert SIGNATURES[cause].keys() <= SIGNATURES[HEALTHY].keys()
    for row in SIGNATURES[cause].values():
        assert len(row) == BINS
        assert min(row) > 0
        assert sum(row) == pytest.approx(1, abs=1e-3)


def test_every_kind_of_fault_has_its_prior_and_its_words() -> None:
    assert set(PRIORS) == {HEALTHY, *CAUSES}
    assert sum(PRIORS.values()) == pytest.approx(1, abs=1e-3)
    assert set(SUGGESTS.values()) <= set(CAUSES)
    assert all(cause.title and cause.explains and cause.look for cause in CAUSES.values())


@given(st.floats(0, 1))
def test_a_plain_ratio_never_speaks_for_health(p_value: float) -> None:
    assert 1 <= plain_ratio(seen("x", p_value)) < inf


def test_a_doubt_points_at_what_all_make_likely_and_else_at_what_it_means() -> None:
    """Clocks of one arm move undeclared metrics, too: but beside a twin they speak of another change."""
    moved = Check(code="undeclared_moved", status=Status.WARN, text="", p_value=0.002)
    twin = Check(code="aliased", status=Status.BLOCK, text="", p_value=1e-15)
    clock = Check(code="late_by_arm", status=Status.BLOCK, text="", p_value=1e-15)

    causes = [
        next(one.cause for one in dossier([moved, other]).doubts if one.check is moved) for other in (twin, clock)
    ]

    assert causes == ["leak", "clock_skew"]
