"""A refresh: what is kept of facts is brought up to a cut-off, and stands in for what it was made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.errors import NotFound
from twyman.metrics.source import FactSource
from twyman.warehouse.connector import Keeping
from twyman.warehouse.engine import Engine
from twyman.warehouse.fact_rows import opened_rows
from twyman.warehouse.facts import FactTable
from twyman.warehouse.relation import Bounds
from twyman.warehouse.state.accumulators import Part, Sums, foldable
from twyman.warehouse.state.history import history


@dataclass(frozen=True, slots=True)
class Refresh:
    """Keeps what has been read, and reads what is new.

    Attributes:
        keeping: Where it is kept.
    """

    engine: Engine
    keeping: Keeping

    def histories(self, question: Question) -> dict[str, int]:
        """Bring the histories of the sources that metrics name up to the question's cut-off; they stand in for them.

        Returns:
            Rows of each source that were read for it.

        Raises:
            NotFound: If a source or its table isn't there.
            Invalid: If a definition doesn't fit the data.
            Unavailable: If the engine or a disk gave out.
        """
        read: dict[str, int] = {}
        for name in _facts(question):
            self.engine.standing_in.pop(name, None)
            opened = opened_rows(self.engine, question, name, None, bounds=Bounds())
            kept = history(self.engine, self.keeping, opened, question.catalogue)
            if kept is None:
                continue
            kept.refresh(question)
            kept.compact()
            read[name] = kept.read
            if (item := kept.item()) is not None:
                self.engine.standing_in[name] = item
        return read

    def sums(
        self, question: Question, entry: Sequence[Part], tables: Mapping[str, FactTable]
    ) -> Mapping[str, exp.Query]:
        """Bring the experiment's sums up to the cut-off; return what parts of its statement become.

        Args:
            question: What is asked.
            entry: The parts up to the units that count: rows of exposures, what each unit met, first exposures.
            tables: Sources of facts, with all that is wanted of them.
        """
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
