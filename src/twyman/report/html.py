"""The one-page report: verdict and reasons first, then whether the data can carry it, then the numbers.

One file without network or script; everything that came from a user is escaped by the template engine.
"""

from functools import cache
from typing import Any, cast

from jinja2 import Environment, PackageLoader, StrictUndefined

from twyman.app.views import Answer, Result, Verdict
from twyman.report import figures, numbers
from twyman.report.doubts import shown
from twyman.report.health import health
from twyman.report.reading import cutoffs, flat, reading
from twyman.report.rows import by_dimension, by_role
from twyman.report.scale import WIDTH
from twyman.report.words import ACTIONS, what_now, word

KEYS = 3
"""Success metrics named beside a verdict; the rest are in the tables."""


@cache
def environment() -> Environment:
    """Return the templates, which escape everything and know no undefined name."""
    made: Any = Environment(  # its tables of filters and names have no types
        loader=PackageLoader("twyman.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(count=numbers.count, share=numbers.brief, instant=numbers.instant, sentence=numbers.unparted)
    made.globals.update(width=WIDTH)
    return cast("Environment", made)


def html(answer: Answer) -> str:
    """Return the report as one self-contained page.

    Example:
        >>> environment().list_templates(extensions=["html"])
        ['macros.html', 'notebook.html', 'report.html']
    """
    return (
        environment()
        .get_template("report.html")
        .render(
            **common(answer),
            units=figures.units(answer),
            effects=figures.effects(answer),
            settings=list(flat(answer.settings)),
            cutoffs=cutoffs(answer.look),
        )
    )


def common(answer: Answer) -> dict[str, Any]:
    """Return what the page and the notebook's fragment both show."""
    control = answer.control
    groups = by_role(answer.results, control)
    return {
        "answer": answer,
        "control": control,
        "reading": reading(answer),
        "verdicts": [verdict(one, answer.results, control) for one in answer.verdicts],
        "health": health(answer),
        "dossier": shown(answer.dossier) if answer.dossier else None,
        "groups": groups,
        "legend": frozenset[str]().union(*(group.legend for group in groups)),
        "dimensions": by_dimension(answer.results, control),
    }


def verdict(one: Verdict, results: list[Result], control: str) -> dict[str, Any]:
    """Return a verdict with its reasons, its next steps, and the lifts of the success metrics beside it."""
    mine = [row for row in results if row.arm == one.arm and row.role == "success"]
    rows = [(row, group) for group in by_role(mine, control) for row in group.rows if not row.reason]
    return {
        "arm": one.arm,
        "word": word(ACTIONS, one.action),
        "reasons": [reason.text for reason in one.reasons],
        "what_now": what_now(one.action, one.reasons),
        "keys": rows[:KEYS],
    }
