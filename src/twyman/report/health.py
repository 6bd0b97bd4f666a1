"""Whether the data can carry a conclusion, as it is shown: what fails first, what passed folded away."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from twyman.app.views import Answer, Check, Health
from twyman.report import numbers
from twyman.report.reading import flat
from twyman.report.words import CHECKS, Word, arms_of, word

COLUMNS = {
    "source": "Source",
    "rows": "Rows",
    "units": "Units",
    "first": "From",
    "last": "To",
    "after_cutoff": "After the cut-off",
    "late": "Arrived late",
    "ahead": "Of the last day, arrived before they happened",
}
"""What is told of a source of facts, in this order."""

ENTRANTS = {
    "rows": "rows in the source",
    "units": "units among them",
    "in_two_arms": "units in two arms",
    "left_out": "rows left out by the filter",
    "kept": "rows kept",
    "repeated": "repeated rows",
    "without_unit": "rows without an id",
    "unknown_arms": "rows of unknown arms",
    "outside": "rows outside enrolment",
}
"""What is told of the source of arms."""


@dataclass(frozen=True, slots=True)
class ArmUnits:
    """An arm's units against plan."""

    arm: str
    units: int
    share: str
    planned: float | None
    crossovers: int
    clusters: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A check, with the word for its tier."""

    word: Word
    text: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthView:
    """The data's health.

    Attributes:
        summary: All checks in a line.
        tone: Colour of the gravest.
        grave: Blocks, warnings and notes, gravest first; `passed` the rest.
        headers, sources: Table of the sources of facts.
        entrants: Name and number.
        drawn: What was drawn, where that wasn't the unit ("household"): each arm says how many.
        steps: Who of the exposed is analysed: what leaves units out, and how many it keeps of each arm.
    """

    summary: str
    tone: str
    grave: tuple[Found, ...]
    passed: tuple[Found, ...]
    arms: tuple[ArmUnits, ...]
    headers: tuple[str, ...]
    sources: tuple[tuple[str, ...], ...]
    entrants: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, str], ...] = ()
    drawn: str = ""


def health(answer: Answer) -> HealthView:
    """Return the answer's health, ready to show."""
    checks, data = answer.health.checks, answer.health
    ranked = sorted(checks, key=lambda check: list(CHECKS).index(check.status) if check.status in CHECKS else 0)
    total, clusters = sum(data.units.values()), data.clusters
    headers = tuple(
        dict.fromkeys([*(name for name in COLUMNS if _anywhere(name, data.sources)), *_extra(data.sources)])
    )
    return HealthView(
        summary=summary(checks),
        tone=word(CHECKS, ranked[0].status).tone if ranked else "quiet",
        grave=tuple(_found(check) for check in ranked if check.status != "ok"),
        passed=tuple(_found(check) for check in ranked if check.status == "ok"),
        arms=tuple(
            ArmUnits(
                arm,
                data.units[arm],
                _share(data.units[arm], total),
                data.shares.get(arm),
                data.crossovers.get(arm, 0),
                clusters["analysed"].get(arm) if clusters else None,
            )
            for arm in arms_of(answer)
            if arm in data.units
        ),
        headers=tuple(COLUMNS.get(name, name.replace("_", " ")) for name in headers),
        sources=tuple(tuple(_cell(source.get(name)) for name in headers) for source in data.sources),
        entrants=(*_entrants(data.entrants), *steps(data)),
        steps=tuple(steps(data)),
        drawn=str(clusters["by"]) if clusters else "",
    )


STEPS = {"population": "in the population", "exclude": "not in segment", "trigger": "reached the trigger"}
"""What each step keeps, in words."""


def steps(data: Health) -> Iterable[tuple[str, str]]:
    """Return who of the exposed is analysed, in words.

    Example:
        >>> kept = {"kind": "exclude", "name": "staff", "of": {"a": 10}, "kept": {"a": 9}}
        >>> list(steps(Health(units={}, crossovers={}, shares={}, checks=[], kept=[kept])))
        [('not in segment staff', 'a 9 of 10')]
    """
    for step in data.kept:
        counts = [f"{arm} {step['kept'].get(arm, 0):,} of {of:,}" for arm, of in step["of"].items()]
        yield f"{STEPS[step['kind']]} {step['name']}".strip(), ", ".join(counts)
    if data.clusters:
        counts = [f"{arm} {count:,}" for arm, count in data.clusters["analysed"].items()]
        yield f"drawn by {data.clusters['by']}", ", ".join(counts)


def summary(checks: list[Check]) -> str:
    """Count checks by tier, gravest first.

    Example:
        >>> summary([Check(code="srm", status="ok", text=""), Check(code="rows", status="note", text="")])
        '1 note, 1 check passed'
    """
    counts = {tier: sum(check.status == tier for check in checks) for tier in CHECKS}
    parts = [
        numbers.counted(counts[tier], noun)
        for tier, noun in (("block", "block"), ("warn", "warning"), ("note", "note"))
        if counts[tier]
    ]
    if counts["ok"]:
        parts.append(numbers.counted(counts["ok"], "check") + " passed")
    return ", ".join(parts) or "nothing was checked"


def _share(units: int, total: int) -> str:
    return f"{100 * units / total:.2f}{numbers.SIGN}" if total else numbers.DASH


def _found(check: Check) -> Found:
    return Found(word(CHECKS, check.status), check.text, ", ".join(part for part in (check.metric, check.arm) if part))


def _anywhere(name: str, rows: list[dict[str, Any]]) -> bool:
    return any(row.get(name) is not None for row in rows)


def _extra(rows: list[dict[str, Any]]) -> list[str]:
    return [name for row in rows for name in row if name not in COLUMNS and _anywhere(name, rows)]


def _cell(value: object) -> str:
    if isinstance(value, str):
        return numbers.instant(value)
    return next(iter(text for _, text in flat(value)), "") if value is not None else numbers.DASH


def _entrants(entrants: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in entrants.items():
        if value in (None, {}, [], "") or (value == 0 and name != "rows"):
            continue
        parts = [f"{text} {part}".strip() for part, text in flat(value)]
        yield ENTRANTS.get(name, name.replace("_", " ")), ", ".join(parts)
