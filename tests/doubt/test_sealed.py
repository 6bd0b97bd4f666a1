"""What others are told of a sealed experiment that a check names by the way."""

from twyman.doubt.check import Check, Status
from twyman.doubt.sealed import veiled_beside

OWNERS = {"no-ads": "ada", "hush": "ada"}


def test_a_check_that_lists_many_keeps_its_text_and_figures_without_the_sealed_ones() -> None:
    listed = Check(
        code="coexposure",
        status=Status.OK,
        text="'no-ads' reached all of these units alike. Only one arm has units: 'shelf' and 'hush' wait.",
        p_value=0.2,
        detail={"alike": ["no-ads", "shelf"], "flags": 3, "by": {"hush": 7, "shelf": {"name": "no-ads", "units": 2}}},
    )

    shown = veiled_beside(listed, OWNERS)

    assert shown.text == (
        "A sealed experiment reached all of these units alike. Only one arm has units: 'shelf' and a sealed experiment "
        "wait."
    )
    assert shown.detail == {"alike": ["shelf"], "flags": 3, "by": {"shelf": {"name": None, "units": 2}}}
    assert (shown.code, shown.status, shown.p_value) == ("coexposure", Status.OK, 0.2)


def test_a_check_that_names_nothing_sealed_is_the_very_same() -> None:
    leaking = Check(code="leak", status=Status.WARN, text="'shelf' leaks", detail={"flag": "shelf", "units": [1, 2]})
    listing = Check(code="coexposure", status=Status.OK, text="None depends.", p_value=0.2, detail={"closest": "shelf"})

    for known in (leaking, listing):
        assert veiled_beside(known, OWNERS) is known


def test_an_arm_or_a_metric_that_is_called_as_something_sealed_keeps_its_name() -> None:
    own = Check(code="srm", status=Status.BLOCK, text="'hush' is short", arm="hush", detail={"units": {"hush": 3}})

    assert veiled_beside(own, OWNERS) is own
