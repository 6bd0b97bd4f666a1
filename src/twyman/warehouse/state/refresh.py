"""A refresh: what is kept of facts is brought up to a cut-off, and stands in for what it was made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.errors import NotFound, TwymanError, Unavailable
from twyman.metrics.source import FactSource
from twyman.warehouse.connector import Keeping
from twyman.warehouse.engine import Engine
from twyman.warehouse.model import Part
from twyman.warehouse.sources.relation import Bounds
from twyman.warehouse.state.accumulators import Sums, foldable
from twyman.warehouse.state.history import History, history, wanted
from twyman.warehouse.state.ordered import ordered
from twyman.warehouse.state.region import Region
from twyman.warehouse.values.fact_rows import opened_rows
from twyman.warehouse.values.facts import FactTable


@dataclass(slots=True)
class Refresh:
    """Keeps what has been read, and reads what is new.

    Attributes:
        keeping: Where it is kept.
        scratch: Whether it is kept for this session only.
        read: Rows that were read and kept, by source.
    """

    engine: Engine
    keeping: Keeping
    scratch: bool = False
    read: dict[str, int] = field(default_factory=dict[str, int])
    _histories: dict[str, History] = field(default_factory=dict[str, History])
    _copies: dict[str, str] = field(default_factory=dict[str, str])

    def together(self, questions: Sequence[Question]) -> None:
        """Read what all of some questions need, each source once, and let it stand in for the sources.

        Args:
            questions: With cut-offs; those without see what stands in already. Of several, a source that can't be
                read is left to the question that needs it.

        Raises:
            NotFound: If a source of a single question or its table isn't there.
            Invalid: If a definition doesn't fit the data of a single question.
            Unavailable: If the engine or a disk gave out.
        """
        if self.scratch:
            self._copy(questions)
        asking: dict[str, list[Question]] = {}
        for question in questions:
            for name in _facts(question):
                asking.setdefault(name, []).append(question)
        for name, those in asking.items():
            if len(those) > 1 or not self.scratch:  # what one question reads, it reads once by itself
                self._stand_in_if_readable(name, those, alone=len(questions) == 1)

    def _stand_in_if_readable(self, name: str, those: Sequence[Question], *, alone: bool) -> None:
        try:
            self._stand_in(name, those)
        except Unavailable:
            raise
        except TwymanError:
            if alone:
                raise
            self.engine.standing_in.pop(name, None)  # whoever asks for it alone says what is wrong with it

    def _copy(self, questions: Sequence[Question]) -> None:
        """Let exposures that many questions read stand in order, each experiment's together."""
        try:
            for source, title in ordered(self.engine, self.keeping, questions):
                self._copies[source] = title
                if (item := self.keeping.own(title)) is not None:
                    self.engine.standing_in[source] = item
        except Unavailable:
            raise
        except TwymanError:
            return  # whoever reads them by itself says what is wrong with them

    def _stand_in(self, name: str, questions: Sequence[Question]) -> None:
        self.engine.standing_in.pop(name, None)
        kept = self._history(name, questions[0])
        if kept is None:
            return
        regions = [region for one in questions if (region := wanted(one, kept.facts.source)) is not None]
        if regions:
            kept.refresh(reduce(Region.grown, regions))
            kept.compact()
        self.read[name] = kept.read
        if (item := kept.item()) is not None:
            self.engine.standing_in[name] = item

    def _history(self, name: str, question: Question) -> History | None:
        if name in self._histories and self.scratch:
            return self._histories[name]
        opened = opened_rows(self.engine, question, name, None, bounds=Bounds())
        found = history(self.engine, self.keeping, opened, question.catalogue, scratch=self.scratch)
        if found is not None:
            self._histories[name] = found
        return found

    def close(self) -> None:
        """Drop what was kept for this session only."""
        if not self.scratch:
            return
        for one in self._histories.values():
            self.engine.standing_in.pop(one.facts.source.name, None)
            for name in one.kept.tables if one.kept else ():
                self.keeping.drop(name)
        self._histories.clear()
        for source, title in self._copies.items():
            self.engine.standing_in.pop(source, None)
            self.keeping.drop(title)
        self._copies.clear()

    def sums(
        self, question: Question, entry: Sequence[Part], tables: Mapping[str, FactTable]
    ) -> Mapping[str, exp.Query]:
        """Bring the experiment's sums up to the cut-off; return what parts of its statement become.

        Args:
            question: What is asked.
            entry: The parts up to the units that count: rows of exposures, what each unit met, first exposures.
            tables: Sources of facts, with all that is wanted of them.
        """
        if self.scratch:
            return {}
        kept = {name: one for name, one in tables.items() if name in self.engine.standing_in and foldable(one)}
        if not kept:
            return {}
        return Sums(self.engine, self.keeping, question, entry, kept).parts() or {}


def _facts(question: Question) -> list[str]:
    metrics = [question.catalogue.metrics.get(tracked.metric) for tracked in question.experiment.tracked]
    names = {name: None for metric in metrics if metric is not None for name in metric.facts}
    found: list[str] = []
    for name in names:
        try:
            question.catalogue.source(name, FactSource)
        except NotFound:
            continue  # whoever compiles the question says so, and where
        found.append(name)
    return found
