"""How much two experiments have in common, by hand and by law."""

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from scipy.stats import beta, betabinom
from tests.app.launches import experiment

from twyman.doubt.gate.score import PRIOR_PAIRS, Conflict, conflict, in_common, interaction_rate
from twyman.experiments.experiment import Role, Tracked
from twyman.experiments.history import PastPairs

Share = st.floats(0, 1)


def test_the_terms_are_those_of_the_definitions() -> None:
    home = experiment("page", on="page", surface="home")
    twin = experiment("cards", on="page", surface="home", moves="clicks")
    both = (Tracked(metric="minutes", role=Role.SUCCESS), Tracked(metric="clicks", role=Role.GUARDRAIL, margin=0.01))
    other = replace(experiment("ads", on="ads", surface="player", moves="clicks"), tracked=both)
    still = experiment("mail", on="mail", still="minutes", moves="opens")

    assert conflict(home, twin, overlap=0.5) == Conflict(other="cards", overlap=0.5, parameter=1, surface=1, metrics=0)
    assert conflict(home, other, overlap=0.5) == Conflict(other="ads", overlap=0.5, parameter=0, surface=0, metrics=0.5)
    assert conflict(home, still, overlap=1).metrics == 0  # what must not move decides nothing of the change


def test_the_score_is_as_by_hand() -> None:
    one = Conflict(other="b", overlap=0.5, parameter=0, surface=0.25, metrics=0.5, history=0.1)

    assert one.score == pytest.approx(0.5 * (1 - 1 * 0.75 * (1 - 0.2 * 0.5) * (1 - 0.1)))
    assert replace(one, parameter=1).score == pytest.approx(0.5)
    assert replace(one, history=None).score == pytest.approx(0.5 * (1 - 0.75 * 0.9))


def test_one_surface_is_none_of_another_and_no_surface_is_none_of_no_surface() -> None:
    assert (in_common({"a", "b"}, {"b", "c", "d"}), in_common(set(), set()), in_common({"a"}, {"a"})) == (0.25, 0, 1)


def test_the_rate_is_the_mean_of_a_beta_that_has_seen_both() -> None:
    past = [PastPairs(frozenset({"home", "ads"}), 40, 9), PastPairs(frozenset({"home"}), 60, 1)]
    rate = 10.5 / 101
    prior = PRIOR_PAIRS * rate, PRIOR_PAIRS * (1 - rate)

    assert interaction_rate(past, "ads", "home") == pytest.approx(beta.mean(prior[0] + 9, prior[1] + 31))
    assert interaction_rate(past, "home", "home") == pytest.approx(betabinom.mean(1, prior[0] + 1, prior[1] + 59))
    assert interaction_rate(past, "ads", "player") == pytest.approx(rate)


def test_where_nothing_is_known_there_is_no_rate() -> None:
    past = [PastPairs(frozenset({"home"}), 60, 1)]

    assert interaction_rate([], "home", "home") is None
    assert interaction_rate([PastPairs(frozenset({"home"}), 0, 0)], "home", "home") is None
    assert interaction_rate(past, "", "home") is interaction_rate(past, "home", "") is None


@given(terms=st.tuples(Share, Share, Share, Share, Share), more=st.integers(0, 4), to=Share)
def test_it_lies_between_0_and_the_overlap_and_more_in_common_is_never_less(
    terms: tuple[float, float, float, float, float], more: int, to: float
) -> None:
    names = ("overlap", "parameter", "surface", "metrics", "history")
    one = Conflict(other="b", **dict(zip(names, terms, strict=True)))

    raised = replace(one, **{names[more]: max(terms[more], to)})

    assert 0 <= one.score <= one.overlap
    assert raised.score >= one.score - 1e-12


@given(counts=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=5))
def test_a_rate_is_one_and_the_same_either_way_round(counts: list[tuple[int, int]]) -> None:
    areas = ("a", "b", "c")
    past = [
        PastPairs(frozenset((areas[at % 3], areas[at // 2 % 3])), tested=max(pair), interacting=min(pair))
        for at, pair in enumerate(counts)
    ]

    rates = [interaction_rate(past, one, other) for one in areas for other in areas]

    assert interaction_rate(past, "a", "b") == interaction_rate(past, "b", "a")
    assert all(rate is None or 0 < rate < 1 for rate in rates)
