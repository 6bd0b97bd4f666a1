"""What a usual platform says: significance, an even split, an A/A test that passes. It doubts no good news."""

from collections.abc import Iterator, Mapping
from typing import cast

from twyman.app.views import Answer, Check, Result
from twyman.app.wording import percent

RETENTION = "retention_week_4"
PERIOD_BEFORE = f"{RETENTION}: active_days"
"""How the check begins that compares listening before exposure: an A/A test of the same users."""


def usual_reading(answer: Answer) -> Iterator[tuple[str, str]]:
    """Yield what is looked at, and what is said of it."""
    result = retention(answer)
    yield result.title, _significance(result)
    yield from _split(answer)
    yield from _before(answer)
    yield from _interaction(answer)


def retention(answer: Answer) -> Result:
    """Return the row of the metric that decides."""
    return next(row for row in answer.results if row.metric == RETENTION and row.segment is None)


def _significance(result: Result) -> str:
    """Say how a lift and its interval, as if this were the only look, would be read."""
    interval = result.relative.fixed if result.relative else None
    if result.relative is None or result.relative.estimate is None or interval is None:
        return "can't be told"
    lower, upper = interval.lower, interval.upper
    if lower is None or upper is None:
        return "can't be told"
    reading = "significant: ship it" if lower > 0 else "significant: stop it" if upper < 0 else "not significant"
    return f"{percent(result.relative.estimate)} [{percent(lower)}, {percent(upper)}], {reading}"


def _split(answer: Answer) -> Iterator[tuple[str, str]]:
    found = _check(answer, "srm")
    if found is not None:
        even = "even" if found.status in {"ok", "note"} else "uneven"
        arms = " and ".join(f"{count:,}" for count in answer.health.units.values())
        yield "The split", f"{arms}, {even} (p = {found.p_value:.2f})"


def _before(answer: Answer) -> Iterator[tuple[str, str]]:
    found = _check(answer, "pre_period", PERIOD_BEFORE)
    if found is not None and found.p_value is not None:
        passes = "passes" if found.p_value > 0.05 else "fails"
        yield "A/A test, two weeks before", f"{passes} (p = {found.p_value:.2f})"


def _interaction(answer: Answer) -> Iterator[tuple[str, str]]:
    """Say why the test that could have told two experiments apart can't run; no usual platform knows whom to test."""
    found = _check(answer, "aliased")
    if found is not None:
        cells = [count for row in _rows(found).values() for count in row.values()]
        said = f"can't be computed: {cells.count(0)} of its {len(cells)} cells are empty"
        yield f"Interaction with {found.detail['flag']}", said


def _rows(found: Check) -> Mapping[str, Mapping[str, int]]:
    return cast("Mapping[str, Mapping[str, int]]", found.detail["units"])


def _check(answer: Answer, code: str, about: str = "") -> Check | None:
    return next((each for each in answer.health.checks if each.code == code and about in each.text), None)
