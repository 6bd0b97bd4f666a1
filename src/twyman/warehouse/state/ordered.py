"""Exposures that many questions read: copied once, of the experiments they name, one experiment after another.

A question that is broken down by what was met of others reads its own exposures and theirs. Files have no index: each
such question reads a whole source, for its few experiments. In a copy in the order of experiments it reads theirs only.
"""

from collections.abc import Iterator, Sequence

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.errors import NotFound
from twyman.metrics.source import ExposureSource
from twyman.warehouse.connector import InProcess, Keeping
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import text
from twyman.warehouse.sources.rows import as_text
from twyman.warehouse.state.names import fresh_name
from twyman.warehouse.units.others import opened_source

MANY = 8
"""Questions from which on a copy is made: sorting takes as long as six of them, measured on five million rows."""


def ordered(engine: Engine, keeping: Keeping, questions: Sequence[Question]) -> Iterator[tuple[str, str]]:
    """Copy exposures that many questions read, and yield each source with the name of its copy.

    Args:
        engine: Where the data are.
        keeping: Where copies are kept; whoever asks for them drops them.
        questions: Of one zone, and with the latest cut-off that any reading of theirs may have.

    Raises:
        NotFound: If a source's table isn't there.
        Invalid: If a definition doesn't fit the data.
        Unavailable: If the engine or the disk gave out.
    """
    if not isinstance(engine.connector, InProcess):
        return
    asking: dict[str, list[Question]] = {}
    for question in questions:
        if question.beside:
            asking.setdefault(question.experiment.source, []).append(question)
    for name, those in asking.items():
        source = _source(those[0], name)
        if len(those) < MANY or source is None or not source.experiment:
            continue
        title = fresh_name("exposures", name)
        if keeping.keep(title, engine.printed(_copy(engine, source, those))):
            yield name, title


def _source(question: Question, name: str) -> ExposureSource | None:
    try:
        return question.catalogue.source(name, ExposureSource)
    except NotFound:
        return None  # whoever compiles the question says so, and where


def _copy(engine: Engine, source: ExposureSource, questions: Sequence[Question]) -> exp.Query:
    """Return the rows of the experiments that any of the questions reads."""
    last = max(questions, key=lambda one: one.cutoff.events if one.cutoff else 0)
    rows = opened_source(engine, last, source)
    key = rows.column(source.experiment or "", "experiment")
    key = as_text(key, rows.kind(key, source.origin.at("experiment")))
    names = {one.experiment.key or one.experiment.name for one in questions} | {
        n for one in questions for n in one.beside
    }
    asked = exp.In(this=key, expressions=[text(name) for name in sorted(names)])
    return rows.from_(exp.Select(expressions=[exp.Star()])).where(asked).order_by(key.copy())
