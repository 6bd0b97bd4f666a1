"""Show the SQL that an analysis would run, what each statement is for and what it would read, and run none of it.

What an analysis asks follows from the definitions, but for a little that depends on what it finds: that is shown where
it can be written beforehand, with its condition, and else described.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from twyman.app.dosed import delivery_question
from twyman.app.doubting import narrower, undeclared_question
from twyman.app.neighbours import crossed, on_surface
from twyman.app.ports import Asked, Extent, Question, Warehouse
from twyman.app.sealing import Sealing, sealing
from twyman.app.timeline import Timeline, last_look, timeline
from twyman.app.within import may_be_within
from twyman.doubt.interactions import LEAST
from twyman.experiments.experiment import Entry, Experiment
from twyman.kernel.errors import Invalid, NotFound
from twyman.kernel.time import Clock, instant_text
from twyman.metrics.catalogue import Catalogue

EXTENT = "from when to when the data run"
UNDECLARED = "metrics that the experiment doesn't declare: has any of them moved?"
PAST = "what past experiments found: is the result too good to be true?"
OTHERS = "variants of other experiments that the same units met, by arm"
ROWS = "rows around each unit's exposure, by arm: late, doubled, missing, by one unit alone?"
FILTERED = "whom the filter of exposures leaves out: were they chosen by what came after?"
ASSIGNED = "units assigned, by arm: were some lost on the way to their exposure?"
CENTRED = "the effects once more, each column less a number in its midst, so that no digit of its spread is lost"
LATEST = "when a source's latest fact was"
WITHIN = "the success metrics within another flag's variants: what is left of the effect?"
DELIVERED = "units that met the change, by arm and segment: is there an effect where hardly any did?"
CROSSED = "the metrics by the variants of experiments on the same surface: does one change what the other does?"


@dataclass(frozen=True, slots=True)
class Explained:
    """One statement.

    Attributes:
        sql: What would run; empty where that depends on what is found.
        reads: Bytes it would read, at most; `None` where the engine can't tell.
        purpose: What it is for.
        only_if: What must be found for it to be asked; empty where it is asked in any case.
        sealed: Whether it isn't shown since it would name a sealed experiment.
    """

    sql: str
    reads: int | None = None
    purpose: str = ""
    only_if: str = ""
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class ExplainSql:
    """Show the statements of the reading that `analyze` would take.

    Attributes:
        past: Returns the statements that read what past experiments found.
        neighbours: All experiments of the project: those on the same surface may be asked for.
    """

    warehouse: Warehouse
    clock: Clock
    past: Callable[[], Sequence[str]] = tuple
    neighbours: Sequence[Experiment] = ()

    def __call__(
        self, experiment: Experiment, catalogue: Catalogue, *, zone: str = "UTC", as_of: datetime | None = None
    ) -> tuple[Explained, ...]:
        """Return the statements, in the order in which they would run; each is there once.

        From when to when the data run is asked of the engine where neither the definition nor the day asked for tells
        the cut-off; nothing else runs.

        Args:
            experiment: The experiment.
            catalogue: The sources and metrics it refers to.
            zone: Zone of zoneless times and of days.
            as_of: The day of reading; left out, the latest look that is due.

        Raises:
            NotFound: If a source or its table isn't there.
            Invalid: If a definition doesn't fit the data.
            Conflict: If the day is still to come.
        """
        question = Question(experiment=experiment, catalogue=catalogue, zone=zone)
        said, extents = "the effects", list[Explained]()
        if experiment.entry is Entry.EXPOSURES:
            asked = _asks_the_data(experiment, as_of)
            extent = self.warehouse.extent(question) if asked else Extent()
            line = timeline(experiment, catalogue, extent, as_of=as_of, clock=self.clock, zone=zone)
            purpose = f"{EXTENT} (it has run: the cut-off follows from it)" if asked else EXTENT
            extents = list(self._of(question, purpose, about=Asked.EXTENT))
            question, said = replace(question, cutoff=line.reading), _effects(line, extent)
        return tuple(_each_once([*extents, *self._reading(question, said)]))

    def costs(
        self, experiment: Experiment, catalogue: Catalogue, *, zone: str = "UTC", as_of: datetime | None = None
    ) -> tuple[Explained, ...]:
        """Return the statements as a call does, each with the bytes it would read."""
        return tuple(
            replace(one, reads=self.warehouse.cost(one.sql)) if one.sql else one
            for one in self(experiment, catalogue, zone=zone, as_of=as_of)
        )

    def _reading(self, question: Question, said: str) -> Iterator[Explained]:
        yield from self._of(question, said)
        if question.experiment.entry is Entry.AGGREGATES:
            return
        yield Explained("", purpose=CENTRED, only_if="a column's mean lies over a thousand spreads from zero")
        yield from self._of(
            question, LATEST, about=Asked.LATEST, only_if="it has none in the time that the metrics read"
        )
        yield from (Explained(sql, purpose=PAST) for sql in self.past())
        yield from self._undeclared(question)
        if question.experiment.entry is Entry.EXPOSURES:
            yield from self._doubts(question)

    def _doubts(self, question: Question) -> Iterator[Explained]:
        sealed = sealing(question, self.neighbours)
        yield from _sealed_out(self._of(question, OTHERS, about=Asked.OTHERS), sealed)
        yield from self._of(question, ROWS, about=Asked.ROWS)
        yield from self._of(question, ASSIGNED, about=Asked.ASSIGNED)
        yield from self._of(question, FILTERED, about=Asked.FILTERED)
        if may_be_within(question):
            yield Explained(
                "", purpose=WITHIN, only_if="another flag depends on our arms, and can still be told apart from them"
            )
        if delivery := delivery_question(question):
            yield from self._of(delivery, DELIVERED)
        others = on_surface(question, self.neighbours)
        if asked := crossed(question, others):
            named = sealed.named(others)
            only_if = f"{LEAST} units are in every pair of arms, dealt independently: those of {named} that are so"
            yield from _sealed_out(self._of(asked, CROSSED, only_if=only_if), sealed)

    def _undeclared(self, question: Question) -> Iterator[Explained]:
        asked = undeclared_question(question)
        if asked is not None:
            yield from self._watched(asked, unless="all of them can be read, and one can't")

    def _watched(self, asked: Question, unless: str) -> Iterator[Explained]:
        """Show the statement of all metrics; where it can't be written, those of the parts for which it can be."""
        try:
            yield from self._of(asked, UNDECLARED)
        except (Invalid, NotFound) as error:
            parts = narrower(asked, error)
            if not parts:
                why = " ".join(str(error).split())
                yield Explained("", purpose=UNDECLARED, only_if=f"{unless}: {why}")
            for part in parts:
                named = ", ".join(f"'{one.metric}'" for one in part.experiment.tracked)
                yield from self._watched(part, unless=f"{named} can be read, which isn't so")

    def _of(
        self, question: Question, purpose: str, *, about: Asked = Asked.EFFECTS, only_if: str = ""
    ) -> Iterator[Explained]:
        for sql in self.warehouse.sql(question, about):
            yield Explained(sql, purpose=purpose, only_if=only_if)


def _asks_the_data(experiment: Experiment, as_of: datetime | None) -> bool:
    """Whether cut-offs follow from the data, and not from the definition and the day asked for alone."""
    return experiment.enrol_from is None or (as_of is None and last_look(experiment) is None)


def _effects(line: Timeline, extent: Extent) -> str:
    """Say what the main statement is for, and how often it is asked."""
    first, end = extent.first_exposure, line.reading.events
    earlier = sum(1 for look in line.schedule.cutoffs if look < end and (first is None or look > first))
    said = f"the effects, as of {instant_text(end)}"
    if not earlier:
        return said
    looks = f"each of {earlier} earlier looks" if earlier > 1 else "the look before it"
    return f"{said}; and for {looks}, as of its own day, unless it is kept"


def _sealed_out(statements: Iterable[Explained], sealed: Sealing) -> Iterator[Explained]:
    """Leave out the text of statements that would name a sealed experiment."""
    for one in statements:
        yield replace(one, sql="", sealed=True) if sealed.told_by(one.sql) else one


def _each_once(statements: Iterable[Explained]) -> Iterator[Explained]:
    """Leave out what stands there already: what is kept is kept once."""
    seen = set[str]()
    for one in statements:
        if not one.sql or one.sql not in seen:
            yield one
        seen.add(one.sql)
