"""What stands beside a verdict when a reading lies between looks."""

import pytest
from tests.app.test_analyze_experiment import STORY

from twyman.app.judgement import Judgement
from twyman.app.verdicts import Grounds, verdicts_of
from twyman.app.views import LookView
from twyman.decisions.verdict import Finding, Reason, State
from twyman.experiments.experiment import Role

WAITING = Reason("between_looks", "This reading lies between planned looks.")
DOUBTFUL = Reason("doubtful", "Something may be wrong (31 %).")
VIEW = LookView(number=1, planned=4, cutoff=None, information=None, reconstructed=False, final=False, between=True)


@pytest.mark.parametrize(
    ("deteriorated", "codes"),
    [(False, ["between_looks", "doubtful"]), (True, ["last_look", "between_looks", "doubtful"])],
)
def test_what_may_be_wrong_is_said_between_looks_as_well(codes: list[str], *, deteriorated: bool) -> None:
    finding = Finding(metric="retention", role=Role.SUCCESS, state=State.INCONCLUSIVE, deteriorated=deteriorated)
    arm = next(arm.name for arm in STORY.treatments)
    judged = Judgement(rows=(), findings={arm: (finding,)}, series=())

    (found,) = verdicts_of(STORY, judged, Grounds((), None, DOUBTFUL, WAITING), VIEW)

    assert [reason.code for reason in found.reasons] == codes
