"""Which changes of definitions lie near the days whose split is odd."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tests.app.test_localised import CATALOGUE, EXPERIMENT

from twyman.app.changes import Change, changed_around
from twyman.app.ports import Question
from twyman.app.root_cause import with_cause
from twyman.doubt.check import Check, Status
from twyman.kernel.place import Origin

OWN = replace(EXPERIMENT, flag="start-page", surface="home", origin=Origin("page.yaml", {"": 1}))
TWIN = replace(OWN, name="twin", flag="cards")
FAR = replace(OWN, name="far", flag="search", surface="search")
QUESTION = Question(experiment=OWN, catalogue=CATALOGUE, zone="Europe/Stockholm")


def odd(first: str = "2024-03-04", last: str = "2024-03-06", status: Status = Status.BLOCK) -> Check:
    return Check(
        code="srm_by_day", status=status, text="", detail={"kind": "shift", "from": first, "until": last, "arm": "page"}
    )


def change(flag: str, day: int, hour: int = 9, **more: object) -> Change:
    told = {"edits": ("share 10 → 50",), "by": "Ada", "commit": "c0ffee1", "defines": (("flag", flag),)} | more
    return Change(at=datetime(2024, 3, day, hour, 12, tzinfo=UTC), file=f"{flag}.yaml", **told)  # type: ignore[arg-type]


class History:
    """What was changed, and what was asked."""

    def __init__(self, *changes: Change) -> None:
        self.changes, self.asked = changes, list[tuple[str, str]]()

    def __call__(self, first: datetime, until: datetime) -> Sequence[Change]:
        self.asked.append((first.isoformat(), until.isoformat()))
        return [one for one in self.changes if first <= one.at < until]


def around(history: History, check: Check) -> list[str]:
    return [event.text for event in changed_around(QUESTION, [check], history, [OWN, TWIN, FAR])]


def test_a_day_before_and_after_the_begin_and_the_end_is_asked_about_in_the_projects_zone() -> None:
    history = History(*(change("start-page", day) for day in range(1, 12)))

    assert len(around(history, odd("2024-03-03", "2024-03-08"))) == 6
    assert history.asked == [
        ("2024-03-02T00:00:00+01:00", "2024-03-05T00:00:00+01:00"),
        ("2024-03-07T00:00:00+01:00", "2024-03-10T00:00:00+01:00"),
    ]


def test_a_change_near_begin_and_end_is_told_once_with_its_hour_there() -> None:
    assert around(History(change("start-page", 4)), odd("2024-03-04", "2024-03-05")) == [
        "start-page.yaml: share 10 → 50, by Ada at 10:12 (commit c0ffee1)"
    ]


def test_its_own_changes_come_first_then_those_of_its_surface() -> None:
    told = around(History(change("search", 4, 1), change("cards", 4, 2), change("start-page", 4, 3)), odd())

    assert [text.partition(".")[0] for text in told] == ["start-page", "cards", "search"]


def test_nobody_is_asked_where_no_day_is_odd_or_nothing_stands_in_files() -> None:
    history = History(change("start-page", 4))
    in_code = replace(QUESTION, experiment=replace(OWN, origin=Origin()))

    assert around(history, odd(status=Status.OK)) == []
    assert changed_around(in_code, [odd()], history, [OWN]) == []
    assert history.asked == []


def test_of_what_is_sealed_not_even_the_file_is_told_but_to_its_own() -> None:
    sealed, neighbours = change("cards", 4, sealed=True), [OWN, TWIN, replace(FAR, sealed=True)]
    history = History(sealed, change("search", 4), change("start-page", 4, sealed=True))

    told = [event.text for event in changed_around(QUESTION, [odd()], history, neighbours)]

    assert ["share" in text for text in told] == [True, False, False]
    assert told[1] == "a sealed definition: ask its owner, by Ada at 10:12 (commit c0ffee1)"
    assert not [text for text in told if "cards" in text or "search" in text]


def test_many_edits_and_many_changes_are_counted() -> None:
    long = change("start-page", 4, edits=("a 1 → 2", "b 1 → 2", "c 1 → 2", "d 1 → 2", "e 1 → 2"))
    history = History(long, *(change("start-page", 4, hour) for hour in range(10, 14)))

    *_, cause = with_cause(QUESTION, [odd()], history, [OWN])

    assert "On 2024-03-04: start-page.yaml: a 1 → 2, b 1 → 2, c 1 → 2, and 2 more, by Ada at 10:12" in cause.text
    assert "And 2 more changes of these days." in cause.text
    assert len(cause.detail["events"]) == 5  # type: ignore[arg-type]
