"""Figures as the page shows them: SVG with a sentence for those who can't see it."""

from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from twyman.app.views import Answer, Result, Series
from twyman.charts.effect_over_time import effect_over_time
from twyman.charts.svg import svg
from twyman.charts.units_over_time import units_over_time
from twyman.report import numbers
from twyman.report.interval import marks_of
from twyman.report.words import arms_of


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn picture with its title, and whether it is shown at once or folded away."""

    title: str
    note: str
    svg: Markup
    first: bool = True


def accessible(drawn: str, label: str) -> Markup:
    """Return SVG as one picture with a label: readers are told the sentence, not the strokes."""
    named = drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(label, quote=True)}" ', 1)
    return Markup(named)  # noqa: S704 - drawn by us; letters in it were escaped by the drawer


def units(answer: Answer) -> Figure | None:
    """Return the picture of units over time; `None` where the source has no dates."""
    rows, arms = answer.health.exposed, arms_of(answer)
    if len(rows) < 2:
        return None
    ordered = [{"day": row["day"], "units": {arm: row["units"].get(arm, 0) for arm in arms}} for row in rows]
    counts = ", ".join(f"{arm} {numbers.count(answer.health.units.get(arm))}" for arm in arms)
    label = f"Units over time: {counts} by {numbers.instant(str(rows[-1]['day']))}"
    note = "summed over days of first exposure"
    return Figure("Units over time", note, accessible(svg(units_over_time(ordered)), label))


def effects(answer: Answer) -> tuple[Figure, ...]:
    """Return the pictures of effects over time: those that belong to a verdict first."""
    results = {(row.metric, row.arm): row for row in answer.results if row.segment is None}
    drawn = [
        effect(line, results[line.metric, line.arm])
        for line in answer.series
        if len(line.points) > 1 and (line.metric, line.arm) in results
    ]
    return tuple(sorted(drawn, key=lambda figure: not figure.first))


def effect(line: Series, result: Result) -> Figure:
    """Draw one effect over time."""
    marks = marks_of(result)
    relative = line.scale == "relative"
    margin = marks.margins[0] if relative and len(marks.margins) == 1 else None
    spec = effect_over_time(line, margin=margin, ceiling=marks.ceiling if relative else None)
    note = "by look" if line.by == "look" else "by last day of exposure included"
    title = result.title or result.metric
    first = line.by == "look" and (result.role == "success" or _moved(result))
    return Figure(title, f"{line.arm}, {note}", accessible(svg(spec), _label(line, title)), first)


def _moved(result: Result) -> bool:
    return result.decision is not None and result.decision.state in {"changed", "deteriorated"}


def _label(line: Series, title: str) -> str:
    def at(index: int) -> str:
        point = line.points[index]
        low, high = (100 * (end if end is not None else point.estimate) for end in (point.lower, point.upper))
        digits = numbers.decimals((high - low) / 2)
        ends = numbers.span(point.lower, point.upper, digits, relative=line.scale == "relative").strip("[]")
        estimate = (numbers.percent if line.scale == "relative" else numbers.signed)(point.estimate, digits)
        return f"{estimate} ({ends.replace(', ', ' to ')}) at {numbers.instant(point.at)}"

    return f"Effect on {title} over time, {line.arm}: {at(0)}; {at(-1)}"
