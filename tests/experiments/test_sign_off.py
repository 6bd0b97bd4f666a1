"""Who may sign a surprise off, and what a signature covers."""

from datetime import date

import pytest
from hypothesis import given, strategies as st

from twyman.experiments.sign_off import SignOff, refuse_insider
from twyman.kernel.errors import Invalid


def signed(estimate: float) -> SignOff:
    return SignOff(metric="m", arm="t", by="Dana", on=date(2015, 5, 1), estimate=estimate, because="seen twice")


@given(estimate=st.floats(-0.5, 0.5), half=st.floats(0.001, 0.2))
def test_a_signature_covers_what_was_signed_and_nothing_larger_by_more_than_the_interval(
    estimate: float, half: float
) -> None:
    away = 1 if estimate >= 0.02 else -1

    assert signed(estimate).covers(estimate, likely=0.02, half_width=half)
    assert not signed(estimate).covers(estimate + away * 1.01 * half, likely=0.02, half_width=half)


def test_a_surprise_on_the_other_side_is_another_one() -> None:
    assert not signed(0.06).covers(-0.03, likely=0.02, half_width=0.2)


@pytest.mark.parametrize("by", ["discovery", " Discovery ", "Ana (discovery)", "ana", "Ana, on leave"])
def test_nobody_of_the_team_signs(by: str) -> None:
    with pytest.raises(Invalid, match="nobody signs their own good news off"):
        refuse_insider(by, owner="discovery", members=["Ana", "Ben"])


@pytest.mark.parametrize("by", ["Dana", "Anastasia", "discovery-research", "search"])
def test_anybody_else_may(by: str) -> None:
    refuse_insider(by.replace("discovery-research", "research"), owner="discovery", members=["Ana", "Ben"])


def test_where_nobody_owns_an_experiment_nobody_is_outside() -> None:
    with pytest.raises(Invalid, match="add owner"):
        refuse_insider("Dana", owner="", members=[])
