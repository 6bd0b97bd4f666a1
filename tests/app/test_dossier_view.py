"""The dossier in the answer's shape: what a doubt may point at."""

import pytest

from twyman.app.dossier import dossier_view
from twyman.doubt.check import Check, Status


@pytest.mark.parametrize(("code", "status", "points"), [("immature", Status.NOTE, False), ("srm", Status.BLOCK, True)])
def test_a_doubt_that_is_as_likely_in_a_healthy_experiment_points_at_no_fault(
    code: str, status: Status, *, points: bool
) -> None:
    check = Check(code=code, status=status, text="seen", p_value=1e-12 if points else None)

    (doubt,) = dossier_view([check], (), whole=True).doubts

    assert (doubt.likelihood_ratio > 1.05) is points
    assert (bool(doubt.cause), bool(doubt.explains), bool(doubt.next)) == (points,) * 3
