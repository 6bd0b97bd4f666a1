"""Did units come through: assigned, exposed, met by the change, with facts?"""

import numpy as np

from twyman.doubt.check import Status
from twyman.doubt.delivered import WITH_FACTS, delivery, stage

HALF = {"control": 0.5, "page": 0.5}


def test_the_first_stage_that_leaves_the_plan_is_named() -> None:
    fair, short = {"control": 5_000, "page": 5_020}, {"control": 4_990, "page": 4_500}

    lost_on_the_way = stage({"assigned": fair, "exposed": short, WITH_FACTS: short}, HALF)
    lost_later = stage({"exposed": fair, WITH_FACTS: short}, HALF)
    dealt_so = stage({"assigned": short, "exposed": short}, HALF)

    assert lost_on_the_way is not None
    assert lost_later is not None
    assert dealt_so is not None
    assert [one.detail["stage"] for one in (lost_on_the_way, lost_later, dealt_so)] == [
        "exposed",
        WITH_FACTS,
        "assigned",
    ]
    assert [one.status for one in (lost_on_the_way, lost_later)] == [Status.BLOCK, Status.WARN]


def test_healthy_stages_are_as_planned_but_once_in_hundreds() -> None:
    rng, loud = np.random.default_rng(1), 0
    for _ in range(2_000):
        page = int(rng.binomial(10_000, 0.5))
        exposed = {"control": 10_000 - page, "page": page}
        with_facts = {arm: int(rng.binomial(n, 0.9)) for arm, n in exposed.items()}
        found = stage({"exposed": exposed, WITH_FACTS: with_facts}, HALF)
        loud += found is not None and found.status is not Status.OK

    assert loud <= 8


def test_one_stage_says_nothing() -> None:
    assert stage({"exposed": {"control": 1, "page": 1}}, HALF) is None


def test_a_split_that_is_off_at_the_first_stage_that_is_known_is_left_to_the_split_itself() -> None:
    short = {"control": 3_332, "page": 2_996}

    assert stage({"exposed": short, WITH_FACTS: short}, HALF) is None


def test_what_is_not_delivered_blocks_and_what_is_partly_so_warns() -> None:
    codes = {
        "not_delivered": delivery(("page", 3, 900), ("control", 2, 900), what="page_opened"),
        "partly_delivered": delivery(("page", 500, 900), ("control", 0, 900), what="page_opened"),
        "contaminated": delivery(("page", 880, 900), ("control", 90, 900), what="page_opened"),
        "delivery": delivery(("page", 880, 900), ("control", 0, 900), what="page_opened"),
    }

    assert {code: check.code for code, check in codes.items()} == {code: code for code in codes}
    assert [check.status for check in codes.values()] == [Status.BLOCK, Status.WARN, Status.WARN, Status.OK]
    assert "thinned out to 55.6 %" in codes["partly_delivered"].text


def test_arms_that_are_swapped_are_not_delivered() -> None:
    assert delivery(("page", 0, 900), ("control", 880, 900), what="x").code == "not_delivered"


def test_few_units_are_not_said_to_have_missed_it() -> None:
    assert delivery(("page", 0, 9), ("control", 0, 9), what="x").status is not Status.BLOCK
