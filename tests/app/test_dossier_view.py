"""The dossier in the answer's shape: what a doubt may point at."""

import pytest

from twyman.app.dossier import dossier_view, doubtful
from twyman.doubt.check import Check, Status


@pytest.mark.parametrize(("code", "status", "points"), [("immature", Status.NOTE, False), ("srm", Status.BLOCK, True)])
def test_a_doubt_that_is_as_likely_in_a_healthy_experiment_points_at_no_fault(
    code: str, status: Status, *, points: bool
) -> None:
    check = Check(code=code, status=status, text="seen", p_value=1e-12 if points else None)

    (doubt,) = dossier_view([check], (), units=1_000, whole=True).doubts

    assert (doubt.likelihood_ratio > 1.05) is points
    assert (bool(doubt.cause), bool(doubt.explains), bool(doubt.next)) == (points,) * 3


def check(code: str, status: Status, p_value: float | None = None) -> Check:
    return Check(code=code, status=status, text=code, p_value=p_value)


def test_on_a_few_units_a_quiet_check_says_nothing_and_a_loud_one_speaks() -> None:
    quiet = [check("srm", Status.OK, 0.4), check("coexposure", Status.OK), check("srm_by_day", Status.OK, 0.5)]
    loud = [*quiet[1:], check("srm", Status.BLOCK, 1e-7)]

    few, many = (dossier_view(quiet, (), units=units, whole=True) for units in (40, 4_000))

    assert few.probability == pytest.approx(few.prior)
    assert many.probability < many.prior
    assert dossier_view(loud, (), units=40, whole=True).probability > 0.9


@pytest.mark.parametrize(
    ("checks", "told"),
    [
        ([check("srm", Status.BLOCK, 1e-9)], True),
        ([check("pre_period", Status.NOTE, 0.03)], False),
        ([check("expectation", Status.BLOCK, 1e-9)], False),
        ([], False),
    ],
)
def test_what_may_be_wrong_is_said_where_a_doubt_speaks_of_it(checks: list[Check], *, told: bool) -> None:
    known = [check(code, Status.OK) for code in ("coexposure", "srm_by_day", "srm_by_segment", "mix_shift", "delivery")]

    said = doubtful(dossier_view([*known, *checks], (), units=4_000, whole=True))

    assert (said is not None) is told
    if said is not None:
        assert said.code == "doubtful"
        assert said.text.startswith("Something may be wrong (")
        assert "5 % before anything was seen" in said.text
